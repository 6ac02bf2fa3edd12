//! The summary that a person reads in ten seconds.

use std::fmt::Write;

use crate::{
    bench::{
        quantile::QUANTILES,
        result::{Distribution, MoreMetrics, ResultFile},
    },
    util::humanize::{count, percent, time},
};

/// The result for a terminal, with colours if wanted.
pub fn text(result: &ResultFile, colors: bool) -> String {
    let paint = Paint(colors);
    let mut out = String::new();
    head(result, &paint, &mut out);
    for warning in &result.warnings {
        line(&mut out, &paint.bad(&format!("! {warning}")));
    }
    for reason in &result.soundness.reasons {
        line(&mut out, &paint.bad(&format!("! UNSOUND: {reason}")));
    }
    let metrics = &result.metrics;
    let more = metrics.more.clone().unwrap_or_default();
    line(&mut out, "");
    let rate = metrics.error_rate_percent;
    let errors = format!("{} failed ({})", count(metrics.error_count), percent(rate));
    let errors = if metrics.error_count > 0 { paint.bad(&errors) } else { errors };
    line(&mut out, &format!("  requests    {} answered, {errors}", count(metrics.successful_requests)));
    let good = if (more.goodput_rps - more.success_rps).abs() > 0.005 * more.success_rps {
        format!(", {:.1}/s good", more.goodput_rps)
    } else {
        String::new()
    };
    line(&mut out, &format!("  throughput  {:.1}/s{good}, over {:.1} s", more.success_rps, metrics.duration_seconds));
    if metrics.successful_requests > 0 {
        latency(result, &more, &paint, &mut out);
    }
    phases(&more, &mut out);
    answers(&more, &mut out);
    failures(&more, &mut out);
    stages(result, &mut out);
    if let Some(server) = &result.server {
        for (at, said) in server.story.iter().enumerate() {
            line(&mut out, &format!("  {:11} {said}", if at == 0 { "server" } else { "" }));
        }
    }
    for gate in &result.gates {
        let text = format!("  gate        {}: {} ({})", gate.gate, gate.verdict, gate.measured);
        line(&mut out, &if gate.verdict == "met" { text } else { paint.bad(&text) });
    }
    out
}

struct Paint(bool);

impl Paint {
    fn bad(&self, text: &str) -> String {
        if self.0 { format!("\x1b[1;31m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn strong(&self, text: &str) -> String {
        if self.0 { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn head(result: &ResultFile, paint: &Paint, out: &mut String) {
    let info = &result.test_info;
    let load = info.load.as_ref().map_or_else(String::new, |load| {
        let arrivals = load.arrivals.as_deref().unwrap_or_default();
        let how = match load.rate {
            Some(rate) => format!("open loop, {rate}/s {arrivals}, {} connections", info.concurrent_requests),
            None => format!("closed loop, {} at a time", info.concurrent_requests),
        };
        format!(" · {} · {how}", load.endpoint)
    });
    line(out, &paint.strong(&format!("{} · {}{load}", info.test_name, info.base_url)));
}

fn latency(result: &ResultFile, more: &MoreMetrics, paint: &Paint, out: &mut String) {
    let times = &result.metrics.response_times_ms;
    line(out, &format!("  latency     mean {}, least {}, most {}", time(times.mean), time(times.min), time(times.max)));
    for (name, _) in QUANTILES {
        let label = match name {
            "p999" => "p99.9",
            "p9999" => "p99.99",
            other => other,
        };
        if let Some(needed) = more.withheld.get(name) {
            // Those beyond the third are what nobody expects of a short run.
            if !matches!(name, "p999" | "p9999") {
                line(out, &format!("    {label:7}   –  (needs {} answers)", count(*needed)));
            }
        } else if let (Some(value), Some([low, high])) = (times.get(name), more.intervals_ms.get(name)) {
            let wide = if *low > 0.0 && high / low > 2.0 { "  wide: measure longer" } else { "" };
            let range = format!("{} to {}", time(*low), time(*high));
            line(out, &format!("    {label:7} {}   95 %: {range}{wide}", paint.strong(&format!("{:>9}", time(value)))));
        } else if let Some(value) = times.get(name) {
            line(out, &format!("    {label:7} {:>9}", time(value)));
        }
    }
    if let Some(change) = more.detectable_change_percent.get("p50") {
        let p95 = more.detectable_change_percent.get("p95");
        let p95 = p95.map(|change| format!(", p95 {change:.1} %")).unwrap_or_default();
        line(out, &format!("    smallest change that a second such run could show: p50 {change:.1} %{p95}"));
    }
}

fn phases(more: &MoreMetrics, out: &mut String) {
    let mut row = |name: &str, of: Option<Distribution>| {
        if let Some(of) = of.filter(|of| of.count > 0) {
            let tail = if of.count >= 72 { format!(", p95 {}", time(of.p95)) } else { String::new() };
            line(
                out,
                &format!("  {name:11} median {}{tail}, most {} ({}×)", time(of.p50), time(of.max), count(of.count)),
            );
        }
    };
    row("first byte", more.ttfb_ms);
    row("first token", more.ttft_ms);
    let unit = more.inter_token_unit.as_deref().unwrap_or("token");
    row(&format!("per {unit}"), more.inter_token_ms);
    row("connect", more.connect_ms);
    row("TLS", more.tls_ms);
    row("sent late", more.dispatch_lag_ms);
    row("exact hit", more.exact_hit_ms);
    row("similar hit", more.semantic_hit_ms);
    row("cache miss", more.miss_ms);
    if let Some(rate) = more.tokens_per_second {
        line(out, &format!("  {:11} {rate:.1} {unit}s/s while writing", "speed"));
    }
    for at in &more.resolution {
        if at.host != at.address.rsplit_once(':').map_or("", |(host, _)| host.trim_matches(['[', ']'])) {
            let detour = match at.refused.first() {
                Some(first) => {
                    format!("; {} did not accept ({}, {})", first.address, first.reason, time(first.took_ms))
                }
                None => String::new(),
            };
            line(out, &format!("  address     {} is {} (look-up {}){detour}", at.host, at.address, time(at.lookup_ms)));
        }
    }
}

fn answers(more: &MoreMetrics, out: &mut String) {
    if let Some(cache) = more.cache {
        line(
            out,
            &format!(
                "  cache       {} of the answers ({} exact, {} similar, {} misses)",
                percent(cache.hit_percent),
                count(cache.exact),
                count(cache.semantic),
                count(cache.misses)
            ),
        );
    }
    if more.degraded_count > 0 {
        line(out, &format!("  degraded    {} ({})", count(more.degraded_count), percent(more.degraded_percent)));
    }
    if let Some(supported) = more.supported_percent {
        let sentences = count(more.sentences);
        line(out, &format!("  supported   {} of {sentences} sentences are in the documents", percent(supported)));
    }
    if let Some(recall) = more.recall {
        line(out, &format!("  recall      {recall:.3} of the expected sources"));
    }
    if more.unsent + more.unfinished > 0 {
        line(
            out,
            &format!(
                "  censored    {} due and not sent, {} sent and not answered",
                count(more.unsent),
                count(more.unfinished)
            ),
        );
    }
    if more.saturated > 0 {
        line(out, &format!("  saturated   {} latencies above one hour", count(more.saturated)));
    }
}

fn failures(more: &MoreMetrics, out: &mut String) {
    for (class, number) in &more.errors {
        let sample = more.error_samples.get(class).map_or("", String::as_str);
        let sample: String = sample.chars().take(150).collect();
        let _ = writeln!(out, "  {class:11} {}×, like: {sample}", count(*number));
    }
}

fn stages(result: &ResultFile, out: &mut String) {
    if result.stages.is_empty() {
        return;
    }
    line(
        out,
        &format!(
            "  {:20} {:>8} {:>9} {:>8} {:>9} {:>9} {:>8}",
            "stage", "level", "answers/s", "failed", "p50", "p95", "recall"
        ),
    );
    for stage in &result.stages {
        let failed = if stage.total == 0 { 0.0 } else { 100.0 * stage.errors as f64 / stage.total as f64 };
        let at = |value: Option<f64>| value.map_or("–".to_owned(), time);
        let held = stage.latency_ms.filter(|latency| latency.count >= 72).map(|latency| latency.p95);
        line(
            out,
            &format!(
                "  {:20} {:>8} {:>9.1} {:>8} {:>9} {:>9} {:>8}",
                stage.name,
                stage.level,
                stage.success_rps,
                percent(failed),
                at(stage.latency_ms.map(|latency| latency.p50)),
                at(held),
                stage.recall.map_or("–".to_owned(), |recall| format!("{recall:.3}")),
            ),
        );
    }
}
