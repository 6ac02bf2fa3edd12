//! The comment on a pull request.

use std::fmt::Write;

use crate::{
    bench::{
        quantile::QUANTILES,
        result::{MoreMetrics, ResultFile},
    },
    util::{
        humanize::{count, percent, time},
        markdown::{code, plain, table},
    },
};

/// A short text with a table; the details are folded.
pub fn markdown(result: &ResultFile) -> String {
    let info = &result.test_info;
    let more = result.metrics.more.clone().unwrap_or_default();
    let mut out = format!("### ragctl bench: {}\n\n", plain(&info.test_name));
    for warning in result.warnings.iter().chain(&result.soundness.reasons) {
        let _ = writeln!(out, "> [!WARNING]\n> {}\n", plain(warning));
    }
    let gates = result.gates.iter().map(|gate| {
        let mark = if gate.verdict == "met" { "✅" } else { "❌" };
        [code(&gate.gate), format!("{mark} {}", gate.verdict), plain(&gate.measured)]
    });
    table(&mut out, ["gate", "verdict", "measured"], gates);
    table(&mut out, ["figure", "value", "95 % interval"], figures(result, &more));
    details(result, &mut out);
    out
}

/// Answers, failures and latencies, each with its interval where there is one.
fn figures(result: &ResultFile, more: &MoreMetrics) -> Vec<[String; 3]> {
    let metrics = &result.metrics;
    let row = |name: &str, value: String, interval: String| [name.to_owned(), value, interval];
    let none = String::new;
    let answers = format!("{} at {:.1}/s", count(metrics.successful_requests), more.success_rps);
    let failures = format!("{} ({})", count(metrics.error_count), percent(metrics.error_rate_percent));
    let [low, high] = more.error_rate_interval.map(percent);
    let mut rows = vec![row("answers", answers, none()), row("failures", failures, format!("{low} to {high}"))];
    let times = &metrics.response_times_ms;
    for (name, value) in
        [("p50", Some(times.p50)), ("p95", Some(times.p95)), ("p99", Some(times.p99)), ("p999", times.p999)]
    {
        match (more.withheld.get(name), more.intervals_ms.get(name), value) {
            (None, Some([low, high]), Some(value)) => {
                rows.push(row(name, time(value), format!("{} to {}", time(*low), time(*high))));
            }
            (Some(needed), ..) if QUANTILES.iter().take(5).any(|(known, _)| *known == name) => {
                rows.push(row(name, "–".to_owned(), format!("needs {} answers", count(*needed))));
            }
            _ => {}
        }
    }
    if let Some(cache) = more.cache {
        rows.push(row("from the cache", percent(cache.hit_percent), none()));
    }
    if more.degraded_count > 0 {
        rows.push(row("degraded", percent(more.degraded_percent), none()));
    }
    if let Some(supported) = more.supported_percent {
        rows.push(row("sentences in the documents", percent(supported), none()));
    }
    if let Some(recall) = more.recall {
        rows.push(row("recall", format!("{recall:.3}"), none()));
    }
    rows
}

fn details(result: &ResultFile, out: &mut String) {
    let more = result.metrics.more.clone().unwrap_or_default();
    out.push_str("<details><summary>Details</summary>\n\n");
    for (class, number) in &more.errors {
        let sample = more.error_samples.get(class).map_or("", String::as_str);
        let _ = writeln!(out, "- {class}: {}×, like: {}", count(*number), plain(sample));
    }
    for said in result.server.iter().flat_map(|server| &server.story) {
        let _ = writeln!(out, "- {}", plain(said));
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
