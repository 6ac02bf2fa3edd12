//! Progress bars on stderr, hidden where that is no terminal.

use std::{sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    live::{Live, LiveSecond},
    plan::RunPlan,
};

/// A bar with live figures, and what updates it.
pub fn of_run(plan: &RunPlan) -> (ProgressBar, impl Fn(Live) + Send + 'static + use<>) {
    let (length, unit) = match (plan.iterations, plan.length()) {
        (Some(requests), _) => (requests, "{human_pos}/{human_len}"),
        (None, length) => (length.unwrap_or_default().as_millis() as u64, "{percent} %"),
    };
    let by_time = plan.iterations.is_none();
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    let template = format!("[{{elapsed_precise}}] [{{bar:30}}] {unit}  {{msg}}");
    // The template is ours; if it were wrong, the plain bar still does.
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("=> "));
    bar.enable_steady_tick(Duration::from_millis(200));
    let stages: Arc<[String]> = plan.stages.iter().map(|stage| stage.name.clone()).collect();
    let shown = bar.clone();
    let tell = move |live: Live| {
        let Some(elapsed) = live.elapsed else {
            shown.set_message("warming up");
            return;
        };
        shown.set_position(if by_time { elapsed.as_millis() as u64 } else { live.finished });
        let stage = if stages.len() > 1 { stages.get(live.stage).map(|name| format!("{name}  ")) } else { None };
        let latency = match live.seconds.back() {
            Some(LiveSecond { p50, p99, .. }) => format!("  p50 {p50:.1} ms  p99 {p99:.1} ms"),
            None => String::new(),
        };
        let failed = if live.failed > 0 { format!("  {} FAILED", live.failed) } else { String::new() };
        shown.set_message(format!("{}{:.0}/s{latency}{failed}", stage.unwrap_or_default(), live.rate));
    };
    (bar, tell)
}

/// A bar that counts the rounds of a comparison.
pub fn of_rounds(most: u32) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(u64::from(most)), ProgressDrawTarget::stderr());
    bar.set_message("rounds");
    bar
}
