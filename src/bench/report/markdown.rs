//! The comment on a pull request.

use std::fmt::Write;

use super::{count, percent, time};
use crate::bench::{quantile::QUANTILES, result::ResultFile};

/// A short text with a table; the details are folded.
pub fn markdown(result: &ResultFile) -> String {
    let (info, metrics) = (&result.test_info, &result.metrics);
    let more = metrics.more.clone().unwrap_or_default();
    let mut out = format!("### ragctl bench: {}\n\n", cell(&info.test_name));
    for warning in result.warnings.iter().chain(&result.soundness.reasons) {
        let _ = writeln!(out, "> [!WARNING]\n> {}\n", cell(warning));
    }
    if !result.gates.is_empty() {
        out.push_str("| gate | verdict | measured |\n|---|---|---|\n");
        for gate in &result.gates {
            let mark = if gate.verdict == "met" { "✅" } else { "❌" };
            let _ = writeln!(
                out,
                "| `{}` | {mark} {} | {} |",
                gate.gate.replace('|', ""),
                gate.verdict,
                cell(&gate.measured)
            );
        }
        out.push('\n');
    }
    out.push_str("| figure | value | 95 % interval |\n|---|---|---|\n");
    let _ = writeln!(out, "| answers | {} at {:.1}/s | |", count(metrics.successful_requests), more.success_rps);
    let [low, high] = more.error_rate_interval;
    let _ = writeln!(
        out,
        "| failures | {} ({}) | {} to {} |",
        count(metrics.error_count),
        percent(metrics.error_rate_percent),
        percent(low),
        percent(high)
    );
    let times = &metrics.response_times_ms;
    for (name, value) in
        [("p50", Some(times.p50)), ("p95", Some(times.p95)), ("p99", Some(times.p99)), ("p999", times.p999)]
    {
        match (more.withheld.get(name), more.intervals_ms.get(name), value) {
            (None, Some([low, high]), Some(value)) => {
                let _ = writeln!(out, "| {name} | {} | {} to {} |", time(value), time(*low), time(*high));
            }
            (Some(needed), ..) if QUANTILES.iter().take(5).any(|(known, _)| *known == name) => {
                let _ = writeln!(out, "| {name} | – | needs {} answers |", count(*needed));
            }
            _ => {}
        }
    }
    if let Some(cache) = more.cache {
        let _ = writeln!(out, "| from the cache | {} | |", percent(cache.hit_percent));
    }
    if more.degraded_count > 0 {
        let _ = writeln!(out, "| degraded | {} | |", percent(more.degraded_percent));
    }
    if let Some(recall) = more.recall {
        let _ = writeln!(out, "| recall | {recall:.3} | |");
    }
    details(result, &mut out);
    out
}

fn details(result: &ResultFile, out: &mut String) {
    let more = result.metrics.more.clone().unwrap_or_default();
    out.push_str("\n<details><summary>Details</summary>\n\n");
    for (class, number) in &more.errors {
        let sample = more.error_samples.get(class).map_or("", String::as_str);
        let _ = writeln!(out, "- {class}: {}×, like: {}", count(*number), cell(sample));
    }
    for said in result.server.iter().flat_map(|server| &server.story) {
        let _ = writeln!(out, "- {}", cell(said));
    }
    if let Some(load) = &result.test_info.load {
        let how = load.rate.map_or_else(
            || format!("closed loop, {} at a time", result.test_info.concurrent_requests),
            |rate| format!("open loop, {rate}/s {}", load.arrivals.as_deref().unwrap_or_default()),
        );
        let _ = writeln!(
            out,
            "- `{}`, {how}, {} queries ({}), seed {}",
            load.endpoint, load.queries_count, load.mix, load.seed
        );
    }
    let at = &result.environment;
    let _ = writeln!(out, "- ragctl {} on {}, {} cores, {}", at.ragctl, at.os, at.cores, result.metrics.timestamp);
    out.push_str("\n</details>\n");
}

/// Text that breaks neither a table nor the page.
fn cell(text: &str) -> String {
    text.chars()
        .take(400)
        .map(|c| match c {
            '|' => "\\|".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '`' => "'".to_owned(),
            c if c.is_control() => " ".to_owned(),
            c => c.to_string(),
        })
        .collect()
}
