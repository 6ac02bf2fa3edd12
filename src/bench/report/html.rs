//! A self-contained HTML page of a result: no script, nothing from elsewhere, for screen, phone and paper.
//!
//! Texts of a result come from servers and may hold anything. They become markup in few places, each of which escapes
//! them: `note`, `tile`, `head`, the plots and what the sections are made of.

use super::super::result::ResultFile;
use super::charts::{by_percentile, over_time};
use super::plot::escape;
use super::sections::{
    configuration, counts, environment, errors, gates, latencies, list, more, percent, phases, quantile, resolution,
    server, stages, words,
};
use crate::util::humanize::{count, duration, significant, trimmed};

const STYLE: &str = include_str!("html.css");

/// The page of a result.
pub fn html(result: &ResultFile) -> String {
    let body = [
        head(result),
        notes(result),
        tiles(result),
        over_time(result),
        by_percentile(result),
        stages(result),
        latencies(result),
        errors(result),
        phases(result),
        counts(result),
        server(result),
        gates(result),
        resolution(result),
        configuration(result),
        environment(result),
    ]
    .concat();
    // The policy is a second lock: should markup ever slip through, it can load and run nothing.
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{} – ragctl bench</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(&result.test_info.test_name),
    )
}

fn mostly_failed(result: &ResultFile) -> bool {
    result.metrics.error_count > result.metrics.successful_requests
}

fn note(class: &str, title: &str, lines: &[String]) -> String {
    format!("<aside class=\"{class}\"><h2>{}</h2>\n{}</aside>\n", escape(title), list(lines))
}

fn head(result: &ResultFile) -> String {
    let (info, metrics) = (&result.test_info, &result.metrics);
    let seconds = duration(metrics.duration_seconds * 1_000.0);
    let load = info.load.as_ref();
    let how = match load.and_then(|load| load.rate).filter(|_| load.is_some_and(|load| load.loop_kind == "open")) {
        Some(rate) => format!("open loop, up to {} requests a second", trimmed(rate)),
        None => format!("{} at once", count(info.concurrent_requests)),
    };
    let requests = count(metrics.total_requests);
    let title = format!("<header><h1>{}</h1>\n", escape(&info.test_name));
    let lines = [
        words(&format!("{} · {}", info.base_url, metrics.timestamp)),
        words(&format!("{requests} requests in {seconds}, {how}")),
    ];
    title + &lines.concat() + "</header>\n"
}

/// Warnings that stand before any number.
fn notes(result: &ResultFile) -> String {
    let mut page = failure_note(result);
    match result.ended.as_str() {
        "completed" => {}
        "interrupted" => page.push_str(&note("odd", "The run was interrupted: it is shorter than was asked for", &[])),
        "server_gone" => page.push_str(&note("bad", "The server was gone before the run was over", &[])),
        other => page.push_str(&note("odd", &format!("The run ended otherwise: {other}"), &[])),
    }
    if !result.soundness.sound || !result.soundness.reasons.is_empty() {
        page.push_str(&note("bad", "These numbers may not be those of the server", &result.soundness.reasons));
    }
    if !result.warnings.is_empty() {
        page.push_str(&note("odd", "Know first", &result.warnings));
    }
    let open: Vec<_> = result.gates.iter().filter(|gate| gate.verdict != "met").collect();
    if !open.is_empty() {
        let lines: Vec<_> =
            open.iter().map(|gate| format!("{} – {}, {}", gate.gate, gate.verdict, gate.measured)).collect();
        page.push_str(&note("bad", &format!("{} of {} gates not met", open.len(), result.gates.len()), &lines));
    }
    page
}

fn failure_note(result: &ResultFile) -> String {
    let metrics = &result.metrics;
    if metrics.total_requests == 0 {
        return note("bad first", "No request came to an end", &[]);
    }
    if !mostly_failed(result) {
        return String::new();
    }
    let (failed, all, left) = (metrics.error_count, metrics.total_requests, metrics.successful_requests);
    let mut lines = Vec::new();
    let most = more(result).and_then(|more| Some((more, more.errors.iter().max_by_key(|(_, failures)| **failures)?)));
    if let Some((more, (class, failures))) = most {
        let sample = more.error_samples.get(class).map_or("", String::as_str);
        lines.push(format!("{} of them: {class} {sample}", count(*failures)));
    }
    lines.push(match left {
        0 => "There is no latency to tell.".into(),
        left => format!("Latencies are those of the other {} and say little about the server.", count(left)),
    });
    let share = percent(failed as f64 / all as f64 * 100.0);
    note("bad first", &format!("{} of {} requests failed ({share})", count(failed), count(all)), &lines)
}

fn tile(class: &str, name: &str, value: &str, below: &str) -> String {
    format!(
        "<div class=\"tile {class}\"><dl><dt>{}</dt><dd class=\"value\">{}</dd><dd class=\"more\">{}</dd></dl></div>\n",
        escape(name),
        escape(value),
        escape(below)
    )
}

fn tiles(result: &ResultFile) -> String {
    let times = &result.metrics.response_times_ms;
    let latency: String =
        [("p50", "Median", times.p50), ("p95", "95th percentile", times.p95), ("p99", "99th percentile", times.p99)]
            .map(|(key, name, value)| {
                let (value, below) = quantile(result, key, value);
                tile(
                    if value.starts_with(|first: char| first.is_ascii_digit()) { "" } else { "none" },
                    name,
                    &value,
                    &below,
                )
            })
            .concat();
    // What failed most of the time has no speed to begin with.
    let order = if mostly_failed(result) { [shares(result), latency] } else { [latency, shares(result)] };
    format!("<div class=\"tiles\">\n{}</div>\n", order.concat())
}

fn shares(result: &ResultFile) -> String {
    let metrics = &result.metrics;
    let more = more(result);
    let seconds = metrics.duration_seconds;
    let rate = more.map_or(metrics.successful_requests as f64 / seconds, |more| more.success_rps);
    let good = more.map(|more| format!("{} of them good", significant(more.goodput_rps))).unwrap_or_default();
    let interval = more.map(|more| more.error_rate_interval);
    let sure = interval.map(|[low, high]| format!("{} to {} (95\u{a0}%)", percent(low), percent(high)));
    let bad = if metrics.error_count > 0 { "bad" } else { "" };
    let mut page = tile(bad, "Error rate", &percent(metrics.error_rate_percent), &sure.unwrap_or_default());
    page.push_str(&tile("", "Answers per second", &significant(rate), &good));
    let Some(more) = more else { return page };
    let of = format!("{} of {} answers", count(more.degraded_count), count(metrics.successful_requests));
    page.push_str(&tile(
        if more.degraded_count > 0 { "odd" } else { "" },
        "Degraded",
        &percent(more.degraded_percent),
        &of,
    ));
    if let Some(cache) = &more.cache {
        let kinds = format!("{} same words, {} other words", count(cache.exact), count(cache.semantic));
        page.push_str(&tile("", "From the cache", &percent(cache.hit_percent), &kinds));
    }
    if let Some(recall) = more.recall {
        page.push_str(&tile("", "Recall", &percent(recall * 100.0), "of the expected sources"));
    }
    page
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;

    use super::super::super::result::*;
    use super::*;

    const HOSTILE: &str = "<script>alert('x')</script>";

    fn distribution(count: u64) -> Option<Distribution> {
        Some(Distribution { count, mean: 13.2, min: 0.4, p50: 12.0, p95: 31.0, p99: 55.5, max: 1_240.0 })
    }

    fn more() -> MoreMetrics {
        MoreMetrics {
            success_rps: 98.76,
            goodput_rps: 97.2,
            errors: [("http_5xx".into(), 9), ("timeout".into(), 3)].into(),
            error_samples: [("http_5xx".into(), format!("HTTP 503: {HOSTILE}"))].into(),
            status_codes: [("503".into(), 9)].into(),
            intervals_ms: [("p50".into(), [11.8, 12.3]), ("p95".into(), [29.1, 33.4])].into(),
            withheld: [("p99".into(), 368)].into(),
            error_rate_interval: [0.4, 1.3],
            detectable_change_percent: [("p50".into(), 2.5)].into(),
            degraded_count: 5,
            degraded_percent: 0.51,
            cache: Some(CacheShares { exact: 300, semantic: 100, misses: 588, hit_percent: 40.5 }),
            recall: Some(0.87),
            connections_opened: 8,
            queued: 4,
            service_ms: distribution(988),
            connect_ms: distribution(8),
            ttft_ms: distribution(100),
            exact_hit_ms: distribution(300),
            resolution: vec![ResolutionBody {
                host: "localhost".into(),
                address: "127.0.0.1:8000".into(),
                lookup_ms: 0.3,
                refused: vec![RefusedAddress { address: "[::1]:8000".into(), took_ms: 0.1, reason: "refused".into() }],
                detour_ms: 0.1,
            }],
            ..MoreMetrics::default()
        }
    }

    fn load() -> LoadInfo {
        LoadInfo {
            loop_kind: "open".into(),
            rate: Some(100.0),
            endpoint: "POST /ask".into(),
            queries: "builtin".into(),
            tags: [("branch".into(), HOSTILE.into())].into(),
            ..LoadInfo::default()
        }
    }

    fn timeline() -> Vec<SliceBody> {
        let slice = |second: u32| {
            let wave = 12.0 + 4.0 * (f64::from(second) / 5.0).sin();
            SliceBody {
                start: second.into(),
                seconds: 1.0,
                ok: if (20..23).contains(&second) { 0 } else { 95 + u64::from(second * 7 % 11) },
                errors: if (20..24).contains(&second) { 12 } else { 0 },
                p50: (!(20..23).contains(&second)).then_some(wave),
                p99: (!(20..23).contains(&second)).then_some(wave * 3.0 + f64::from(second * 13 % 17)),
                ..SliceBody::default()
            }
        };
        (0..60).filter(|second| !(40..44).contains(second)).map(slice).collect()
    }

    fn legacy() -> ResultFile {
        let text = r#"{"test_info": {"test_name": "old", "num_requests": 100, "concurrent_requests": 10,
            "base_url": "http://localhost:8000"}, "metrics": {"timestamp": "2024-05-01T12:00:00", "total_requests": 100,
            "successful_requests": 98, "error_count": 2, "error_rate_percent": 2.0, "throughput_rps": 20.0,
            "response_times_ms": {"p50": 120.0, "p95": 300.0, "p99": 410.0, "mean": 140.0, "min": 80.0, "max": 500.0},
            "duration_seconds": 5.0}, "resource_usage": {"cpu_percent": 12.5, "memory_percent": 40.0}}"#;
        serde_json::from_str(text).unwrap()
    }

    fn sample() -> ResultFile {
        let mut times = Histogram::<u64>::new_with_bounds(1, 3_600_000_000, 3).unwrap();
        (1..=2_000_u64).for_each(|n| times.record(9_000 + n * 5 + 40_000_000 / (2_001 - n)).unwrap());
        let mut result = ResultFile { schema_version: 1, ..legacy() };
        result.test_info.test_name = format!("evening {HOSTILE}");
        result.test_info.load = Some(load());
        result.metrics.more = Some(more());
        result.metrics.error_rate_percent = 1.2;
        (result.metrics.total_requests, result.metrics.successful_requests, result.metrics.error_count) =
            (1_000, 988, 12);
        result.warnings = vec![format!("the server said {HOSTILE}")];
        result.soundness = Soundness { sound: false, reasons: vec!["the generator was the bottleneck".into()] };
        let gate =
            |verdict: &str| GateBody { gate: "p95 < 30ms".into(), verdict: verdict.into(), measured: "31.0 ms".into() };
        result.gates = vec![gate("met"), gate("missed")];
        result.stages = [("ramp", 0.0, 20.0), ("hold", 20.0, 40.0)]
            .map(|(name, start, seconds)| StageBody {
                name: name.into(),
                start,
                seconds,
                level: 100.0,
                total: 500,
                latency_ms: distribution(300),
                ..StageBody::default()
            })
            .into();
        let story = vec!["the breaker opened once".into()];
        result.server =
            Some(ServerBody { story, counted: [("requests_total".into(), 1_000.0)].into(), ..Default::default() });
        result.environment =
            Environment { cpu: "Example CPU".into(), cores: 8, memory_mb: 16_000, ..Default::default() };
        result.timeline = timeline();
        result.histograms = ["latency", "service"].map(|name| (name.to_owned(), encode(&times).unwrap())).into();
        result
    }

    fn is_sound(page: &str) -> bool {
        // Outside of words, as in "information".
        let odd = page.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| ["NaN", "inf", "nan"].contains(&word));
        !odd && !page.contains("<script") && page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n")
    }

    #[test]
    fn a_full_result_has_all_its_sections_and_no_markup_of_others() {
        let page = html(&sample());
        assert!(is_sound(&page));
        let parts = [
            "may not be those of the server",
            "Know first",
            "1 of 2 gates not met",
            "Median",
            "Latency over time",
            "Answers and errors over time",
            "Latency by percentile",
            "Stages",
            "Latency of successes",
            "Errors",
            "Phases",
            "Requests",
            "What the server did meanwhile",
            "Gates",
            "Address",
            "Configuration",
            "Where the load came from",
        ];
        let mut last = 0;
        for part in parts {
            let found = page[last..].find(part);
            assert!(found.is_some(), "{part} is missing, or not in its place");
            last += found.unwrap_or(0);
        }
        assert!(page.contains("needs 368 successes") && page.contains("11.8\u{a0}ms to 12.3\u{a0}ms (95\u{a0}%)"));
        assert_eq!(page.matches("&lt;script&gt;alert(&#39;x&#39;)").count(), 5);
    }

    #[test]
    fn a_file_of_the_predecessor_has_no_plots_and_no_made_up_zeros() {
        let page = html(&legacy());
        assert!(is_sound(&page) && !page.contains("<svg") && !page.contains("Degraded"), "{page}");
        assert!(page.contains("120\u{a0}ms") && page.contains("19.6"));
    }

    #[test]
    fn failures_come_before_any_latency() {
        let mut failed = sample();
        (failed.metrics.successful_requests, failed.metrics.error_count) = (80, 920);
        let page = html(&failed);
        let (headline, tiles) = (page.find("920 of 1,000 requests failed (92\u{a0}%)"), page.find("Median"));
        assert!(headline.is_some() && headline < tiles && page.find("Error rate") < tiles);
    }

    #[test]
    fn a_silent_time_parts_the_latencies_and_is_no_rate() {
        let page = html(&ResultFile { stages: Vec::new(), ..sample() });
        let paths: Vec<_> = page.split(" d=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or("")).collect();
        // Seconds 20 to 22 have no answer, 40 to 43 are not in the file at all.
        assert_eq!(paths.iter().take(4).map(|path| path.matches('M').count()).collect::<Vec<_>>(), [3, 3, 1, 1]);
        let two = ResultFile { timeline: timeline().drain(15..30).collect(), ..sample() };
        assert_eq!(
            html(&two).split(" d=\"").nth(1).map(|path| path.split('"').next().unwrap_or("").matches('M').count()),
            Some(2)
        );
    }

    #[test]
    fn nothing_and_nonsense_make_a_page() {
        let mut empty =
            ResultFile { timeline: Vec::new(), histograms: [("latency".into(), "?".into())].into(), ..sample() };
        empty.metrics = Metrics { more: Some(MoreMetrics::default()), ..Metrics::default() };
        assert!(is_sound(&html(&empty)) && html(&empty).contains("No request came to an end"));
        let mut odd = sample();
        odd.metrics.response_times_ms.p50 = f64::NAN;
        odd.metrics.duration_seconds = f64::INFINITY;
        odd.timeline =
            vec![SliceBody { start: f64::NAN, seconds: f64::INFINITY, p50: Some(f64::NAN), ..SliceBody::default() }];
        assert!(is_sound(&html(&odd)));
        assert!(is_sound(&html(&ResultFile { timeline: timeline().drain(..1).collect(), ..sample() })));
    }
}
