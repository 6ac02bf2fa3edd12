//! One line of figures, and the errors by class behind them.

use crate::bench::result::ResultFile;

/// A CSV with a header and one line, so that the files of many runs can be put together.
pub(super) fn csv(result: &ResultFile) -> String {
    let (info, metrics) = (&result.test_info, &result.metrics);
    let (times, more) = (&metrics.response_times_ms, metrics.more.clone().unwrap_or_default());
    let text = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let errors: Vec<String> = more.errors.iter().map(|(class, count)| format!("{class}={count}")).collect();
    let fields: [(&str, String); 25] = [
        ("timestamp", metrics.timestamp.clone()),
        ("test_name", info.test_name.clone()),
        ("base_url", info.base_url.clone()),
        ("concurrent_requests", info.concurrent_requests.to_string()),
        ("total_requests", metrics.total_requests.to_string()),
        ("successful_requests", metrics.successful_requests.to_string()),
        ("error_rate_percent", metrics.error_rate_percent.to_string()),
        ("duration_seconds", metrics.duration_seconds.to_string()),
        ("success_rps", more.success_rps.to_string()),
        ("goodput_rps", more.goodput_rps.to_string()),
        ("p50_ms", times.p50.to_string()),
        ("p75_ms", text(times.p75)),
        ("p90_ms", text(times.p90)),
        ("p95_ms", if more.withheld.contains_key("p95") { String::new() } else { times.p95.to_string() }),
        ("p99_ms", if more.withheld.contains_key("p99") { String::new() } else { times.p99.to_string() }),
        ("p999_ms", text(times.p999)),
        ("mean_ms", times.mean.to_string()),
        ("max_ms", times.max.to_string()),
        ("degraded_percent", more.degraded_percent.to_string()),
        ("supported_percent", text(more.supported_percent)),
        ("cache_hit_percent", text(more.cache.map(|cache| cache.hit_percent))),
        ("recall", text(more.recall)),
        ("sound", result.soundness.sound.to_string()),
        ("ended", result.ended.clone()),
        ("errors", errors.join(" ")),
    ];
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(fields.iter().map(|(name, _)| name));
    let _ = writer.write_record(fields.iter().map(|(_, value)| value));
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}
