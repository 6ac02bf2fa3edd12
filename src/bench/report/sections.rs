//! The tables of a result's page, and the markup that they share.
//!
//! Texts of a result come from servers and may hold anything: `table`, `list` and `words` escape them.

use super::super::{
    quantile::needed,
    result::{Distribution, LoadInfo, MoreMetrics, ResultFile, StageBody},
};
use super::plot::escape;
use crate::util::humanize::{count, duration, significant, trimmed};

/// The text where there is no value.
const NONE: &str = "–";

/// What only files of this program hold. A file of its predecessor reads as if all of it were zero.
pub fn more(result: &ResultFile) -> Option<&MoreMetrics> {
    result.metrics.more.as_ref().filter(|_| result.schema_version > 0)
}

/// A share in percent.
pub fn percent(value: f64) -> String {
    if value.is_finite() { format!("{}\u{a0}%", trimmed(value)) } else { NONE.into() }
}

/// A quantile and its interval, or why it is not told.
pub fn quantile(result: &ResultFile, key: &str, value: f64) -> (String, String) {
    if result.metrics.successful_requests == 0 {
        return (NONE.into(), "no success".into());
    }
    let more = more(result);
    if let Some(needed) = more.and_then(|more| more.withheld.get(key)) {
        return ("withheld".into(), format!("needs {} successes", count(*needed)));
    }
    let interval = more.and_then(|more| more.intervals_ms.get(key));
    let below = interval.map(|[low, high]| format!("{} to {} (95\u{a0}%)", duration(*low), duration(*high)));
    (duration(value), below.unwrap_or_default())
}

/// A part of the page; `body` is markup. Nothing without it.
fn section(title: &str, body: &str) -> String {
    if body.is_empty() { String::new() } else { format!("<section><h2>{title}</h2>\n{body}</section>\n") }
}

/// A paragraph.
pub fn words(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}

/// A list; nothing without lines.
pub fn list<'a>(lines: impl IntoIterator<Item = &'a String>) -> String {
    let items: String = lines.into_iter().map(|line| format!("<li>{}</li>\n", escape(line))).collect();
    if items.is_empty() { items } else { format!("<ul>\n{items}</ul>\n") }
}

/// A table of texts; `kind` is `numbers` or `words`. A row that begins with a verdict looks like it. Nothing without rows.
fn table<const N: usize>(kind: &str, head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut body = String::new();
    for row in rows {
        let class = row.first().filter(|cell| matches!(cell.as_str(), "met" | "missed" | "unknown"));
        body.push_str(&class.map_or_else(|| "<tr>".into(), |class| format!("<tr class=\"{class}\">")));
        for (index, cell) in row.iter().enumerate() {
            let tag = if index == 0 { "th" } else { "td" };
            body.push_str(&format!("<{tag}>{}</{tag}>", escape(cell)));
        }
        body.push_str("</tr>\n");
    }
    if body.is_empty() {
        return body;
    }
    let titles: String = head.iter().map(|title| format!("<th>{}</th>", escape(title))).collect();
    let titles = if head.iter().all(|title| title.is_empty()) {
        String::new()
    } else {
        format!("<thead><tr>{titles}</tr></thead>")
    };
    format!("<div class=\"scroll\"><table class=\"{kind}\">{titles}\n<tbody>\n{body}</tbody></table></div>\n")
}

/// A table of names and values; what has no value is left out.
fn pairs(rows: impl IntoIterator<Item = (String, String)>) -> String {
    let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
    table("words", ["", ""], rows.map(|(name, value)| [name, value]))
}

/// A quantile of a distribution where its count can hold it.
fn held(times: &Distribution, share: f64, value: f64) -> String {
    if times.count >= needed(share) { duration(value) } else { NONE.into() }
}

/// The stages of the run.
pub fn stages(result: &ResultFile) -> String {
    let head = [
        "",
        "from",
        "for",
        "level",
        "requests",
        "errors",
        "answers/s",
        "good/s",
        "degraded",
        "p50",
        "p95",
        "p99",
        "recall",
    ];
    let row = |stage: &StageBody| {
        let times = stage.latency_ms.unwrap_or_default();
        [
            stage.name.clone(),
            duration(stage.start * 1_000.0),
            duration(stage.seconds * 1_000.0),
            trimmed(stage.level),
            count(stage.total),
            count(stage.errors),
            significant(stage.success_rps),
            significant(stage.goodput_rps),
            count(stage.degraded),
            held(&times, 0.5, times.p50),
            held(&times, 0.95, times.p95),
            held(&times, 0.99, times.p99),
            stage.recall.map_or_else(|| NONE.into(), |recall| percent(recall * 100.0)),
        ]
    };
    let body = table("numbers", head, result.stages.iter().map(row));
    let meaning = "Level: users, or requests a second, at the end of a stage.";
    if body.is_empty() { body } else { section("Stages", &(body + &words(meaning))) }
}

/// The latencies of successes, with what is known of their precision.
pub fn latencies(result: &ResultFile) -> String {
    if result.metrics.successful_requests == 0 {
        return String::new();
    }
    let (times, more) = (&result.metrics.response_times_ms, more(result));
    let quantiles = [
        ("p50", "median", Some(times.p50)),
        ("p75", "75 %", times.p75),
        ("p90", "90 %", times.p90),
        ("p95", "95 %", Some(times.p95)),
        ("p99", "99 %", Some(times.p99)),
        ("p999", "99.9 %", times.p999),
        ("p9999", "99.99 %", times.p9999),
    ];
    let told = quantiles.into_iter().filter_map(|(key, name, value)| {
        let withheld = more.is_some_and(|more| more.withheld.contains_key(key));
        let (value, sure) = value.or(withheld.then_some(0.0)).map(|value| quantile(result, key, value))?;
        let change = more.and_then(|more| more.detectable_change_percent.get(key));
        Some([name.into(), value, sure, change.map(|change| percent(*change)).unwrap_or_default()])
    });
    let others = [
        ("mean", Some(times.mean)),
        ("least", Some(times.min)),
        ("most", Some(times.max)),
        ("standard deviation", times.stddev),
    ];
    let others = others
        .into_iter()
        .filter_map(|(name, value)| Some([name.into(), duration(value?), String::new(), String::new()]));
    let head = match more {
        Some(_) => ["", "latency", "interval", "change that a comparison can tell"],
        None => ["", "latency", "", ""],
    };
    section("Latency of successes", &table("numbers", head, told.chain(others)))
}

/// Failures by class.
pub fn errors(result: &ResultFile) -> String {
    let Some(more) = more(result) else { return String::new() };
    let failed = result.metrics.error_count as f64;
    let body = table(
        "words",
        ["class", "count", "share", "what the first one said"],
        more.errors.iter().map(|(class, failures)| {
            let sample = more.error_samples.get(class).cloned().unwrap_or_default();
            [class.clone(), count(*failures), percent(*failures as f64 / failed * 100.0), sample]
        }),
    );
    let codes: Vec<_> =
        more.status_codes.iter().map(|(code, failures)| format!("{code} × {}", count(*failures))).collect();
    let codes =
        if codes.is_empty() { String::new() } else { words(&format!("HTTP status codes: {}", codes.join(", "))) };
    section("Errors", &(body + &codes))
}

/// The phases of requests.
pub fn phases(result: &ResultFile) -> String {
    let Some(more) = more(result) else { return String::new() };
    let between = format!("between {}s", more.inter_token_unit.as_deref().unwrap_or("token"));
    let rows = [
        ("due to sent", more.dispatch_lag_ms),
        ("sent to answered", more.service_ms),
        ("TCP connect", more.connect_ms),
        ("TLS handshake", more.tls_ms),
        ("first byte", more.ttfb_ms),
        ("first text of a stream", more.ttft_ms),
        (&between, more.inter_token_ms),
        ("from the cache, same words", more.exact_hit_ms),
        ("from the cache, other words", more.semantic_hit_ms),
        ("not from the cache", more.miss_ms),
        ("due to failed", more.failed_ms),
    ];
    let rows = rows.into_iter().filter_map(|(name, times)| {
        let times = times?;
        let (p50, p95, p99) =
            (held(&times, 0.5, times.p50), held(&times, 0.95, times.p95), held(&times, 0.99, times.p99));
        Some([
            name.into(),
            count(times.count),
            duration(times.min),
            p50,
            p95,
            p99,
            duration(times.max),
            duration(times.mean),
        ])
    });
    let mut body = table("numbers", ["", "count", "least", "p50", "p95", "p99", "most", "mean"], rows);
    if let Some(speed) = more.tokens_per_second {
        let unit = more.inter_token_unit.as_deref().unwrap_or("token");
        body.push_str(&words(&format!("While a stream writes: {} {unit}s a second.", significant(speed))));
    }
    section("Phases", &body)
}

/// Counts of requests by outcome.
pub fn counts(result: &ResultFile) -> String {
    let (metrics, more) = (&result.metrics, more(result).cloned().unwrap_or_default());
    let always =
        [("ended", metrics.total_requests), ("answered", metrics.successful_requests), ("failed", metrics.error_count)];
    let rest = [
        ("due, but not sent before the end", more.unsent),
        ("unanswered at the end", more.unfinished),
        ("waited for a free connection", more.queued),
        ("took longer than an hour", more.saturated),
        ("connections opened", more.connections_opened),
        ("idle connections closed by the server", more.connections_stale),
        ("bytes of bodies", more.bytes),
    ];
    let rest = rest.into_iter().filter(|(_, value)| *value > 0);
    section("Requests", &pairs(always.into_iter().chain(rest).map(|(name, value)| (name.into(), count(value)))))
}

/// The metrics of the server during the run.
pub fn server(result: &ResultFile) -> String {
    let Some(server) = &result.server else { return String::new() };
    let grew = pairs(server.counted.iter().map(|(series, value)| (series.clone(), trimmed(*value))));
    let grew = if grew.is_empty() {
        grew
    } else {
        format!("<details><summary>All that it counted</summary>\n{grew}</details>\n")
    };
    section("What the server did meanwhile", &(list(&server.story) + &grew))
}

/// The gates with their verdicts.
pub fn gates(result: &ResultFile) -> String {
    let rows = result.gates.iter().map(|gate| [gate.verdict.clone(), gate.gate.clone(), gate.measured.clone()]);
    section("Gates", &table("words", ["verdict", "gate", "measured"], rows))
}

/// The resolution of the name of the server.
pub fn resolution(result: &ResultFile) -> String {
    let Some(more) = more(result) else { return String::new() };
    let rows = more.resolution.iter().map(|found| {
        let tried = found
            .refused
            .iter()
            .map(|tried| format!("{} ({} after {})", tried.address, tried.reason, duration(tried.took_ms)));
        let tried: Vec<_> = tried.collect();
        [
            found.host.clone(),
            found.address.clone(),
            duration(found.lookup_ms),
            tried.join(", "),
            duration(found.detour_ms),
        ]
    });
    section("Address", &table("words", ["name", "address", "look-up", "tried before", "lost on these"], rows))
}

/// The settings of the load.
pub fn configuration(result: &ResultFile) -> String {
    let info = &result.test_info;
    let mut rows = vec![
        ("base URL".into(), info.base_url.clone()),
        ("requests".into(), count(info.num_requests)),
        ("at once, at most".into(), count(info.concurrent_requests)),
    ];
    rows.extend(info.load.iter().flat_map(load_rows));
    section("Configuration", &pairs(rows))
}

fn load_rows(load: &LoadInfo) -> Vec<(String, String)> {
    let seconds = |seconds: f64| duration(seconds * 1_000.0);
    let rows = [
        ("servers", if load.urls.len() > 1 { load.urls.join(", ") } else { String::new() }),
        ("loop", format!("{} {}", load.loop_kind, load.arrivals.as_deref().unwrap_or_default())),
        ("highest rate", load.rate.map(|rate| format!("{}/s", trimmed(rate))).unwrap_or_default()),
        ("time", load.asked_seconds.map(seconds).unwrap_or_default()),
        ("scenario", load.scenario.clone().unwrap_or_default()),
        ("endpoint", load.endpoint.clone()),
        ("request", load.request.clone()),
        ("queries", format!("{} ({}, {})", load.queries, count(load.queries_count), load.queries_fingerprint)),
        ("order", load.mix.clone()),
        ("seed", load.seed.to_string()),
        ("warm-up requests", count(load.warmup)),
        ("time limit", seconds(load.timeout_seconds)),
    ];
    let tags = load.tags.iter().map(|(tag, value)| (format!("tag {tag}"), value.clone()));
    rows.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(tags).collect()
}

/// The machine that made the load.
pub fn environment(result: &ResultFile) -> String {
    let (machine, usage) = (&result.environment, &result.resource_usage);
    let memory =
        |size: f64| if size > 0.0 { format!("{}\u{a0}GiB", significant(size / 1_024.0)) } else { String::new() };
    let some = |value: usize| if value > 0 { value.to_string() } else { String::new() };
    let rows = [
        ("ragctl", machine.ragctl.clone()),
        ("machine", machine.host.clone()),
        ("system", machine.os.clone()),
        ("processor", machine.cpu.clone()),
        ("cores", some(machine.cores)),
        ("memory", memory(machine.memory_mb as f64)),
        ("memory free for use", memory(usage.memory_available_mb)),
        ("memory in use", percent(usage.memory_percent)),
        ("processor in use", percent(usage.cpu_percent)),
        ("generator threads", some(machine.threads)),
        (
            "cores that the generator used",
            if result.schema_version > 0 { significant(usage.generator_cores) } else { String::new() },
        ),
        ("memory of the generator", memory(usage.generator_memory_mb)),
    ];
    section("Where the load came from", &pairs(rows.map(|(name, value)| (name.into(), value))))
}
