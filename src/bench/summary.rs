//! From what was measured to what is reported.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use sysinfo::System;

use super::{
    plan::{Load, Plan},
    quantile::{self, QUANTILES},
    recorder::{Measures, Timed},
    result::{
        CacheShares, Distribution, Environment, LoadInfo, Metrics, MoreMetrics, RefusedAddress, ResolutionBody,
        ResourceUsage, ResponseTimes, ResultFile, SCHEMA_VERSION, ServerBody, SliceBody, Soundness, StageBody,
        TestInfo, encode, ms, round,
    },
    run::{Ended, RunData},
    slices::Slice,
    target::Resolution,
};
use crate::util::statistics::TWO_SIDED_95;

/// Dispatch lag of the generator itself, in microseconds at the 99th percentile, beyond which it distorts what it measures.
const MOST_LAG: u64 = 1_000;

/// Share of the median latency below which a lag does not matter.
const MATTERS: f64 = 0.05;

/// Share of its threads' time that a generator may use before it is the bottleneck.
const MOST_CPU: f64 = 0.9;

/// Share of failures from which they are what a report is about.
const MOSTLY: f64 = 50.0;

/// Seconds lost on addresses that do not accept from which a warning is due.
const DETOUR: f64 = 0.02;

/// Standard normal quantile of 80 % power.
const Z_POWER: f64 = 0.841_621;

/// What else a report says, that a run does not know.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Name of the queries.
    pub queries: String,
    /// Name of the scenario.
    pub scenario: Option<String>,
    /// What the user noted.
    pub tags: BTreeMap<String, String>,
    /// What the server counted.
    pub server: Option<ServerBody>,
}

/// The result of a run.
pub fn summarize(plan: &Plan, data: &RunData, about: About) -> ResultFile {
    let total = data.total.finished();
    let info = TestInfo {
        test_name: plan.name.clone(),
        num_requests: plan.iterations.unwrap_or(total),
        concurrent_requests: plan.load.connections() as u64,
        base_url: plan.targets.first().map_or_else(String::new, |target| target.base.clone()),
        load: Some(load_info(plan, &about)),
    };
    let metrics = metrics(Measured {
        started: data.started.to_string(),
        seconds: data.took.as_secs_f64(),
        all: &data.total,
        slices: &data.slices,
        unsent: data.unsent,
        unfinished: data.unfinished,
        resolution: plan.targets.iter().map(|target| resolution(&target.resolution, target.address)).collect(),
    });
    let soundness = soundness(plan, data);
    let warnings = warnings(data.ended, &metrics);
    let usage = data.usage;
    ResultFile {
        schema_version: SCHEMA_VERSION,
        test_info: info,
        metrics,
        resource_usage: ResourceUsage {
            cpu_percent: round(usage.machine_percent),
            memory_percent: round(usage.memory_percent),
            memory_available_mb: round(usage.memory_available_mb),
            generator_cores: round(usage.own_cores),
            generator_memory_mb: round(usage.own_memory_mb),
        },
        ended: match data.ended {
            Ended::Completed => "completed",
            Ended::Interrupted => "interrupted",
            Ended::ServerGone => "server_gone",
        }
        .into(),
        soundness,
        warnings,
        gates: Vec::new(),
        stages: stages(plan, data),
        server: about.server,
        environment: environment(data.threads),
        timeline: data.slices.iter().map(slice).collect(),
        histograms: histograms(&data.total),
    }
}

fn load_info(plan: &Plan, about: &About) -> LoadInfo {
    let (loop_kind, arrivals, rate) = match &plan.load {
        Load::Users(_) => ("closed", None, None),
        Load::Rate { profile, arrivals, .. } => ("open", Some(arrivals.as_str().to_owned()), Some(profile.highest())),
    };
    let request = match &plan.request.body {
        Some(body) => body.clone(),
        None if plan.request.takes_queries() => serde_json::to_string(&plan.request.ask).unwrap_or_default(),
        None => String::new(),
    };
    LoadInfo {
        urls: plan.targets.iter().map(|target| target.base.clone()).collect(),
        loop_kind: loop_kind.into(),
        arrivals,
        rate,
        asked_seconds: plan.length().map(|length| round(length.as_secs_f64())),
        endpoint: format!("{} {}", plan.request.method, shown_path(&plan.request.path)),
        profile: plan.load.profile().to_string(),
        request,
        queries: about.queries.clone(),
        queries_fingerprint: plan.workload.fingerprint().to_owned(),
        queries_count: plan.workload.queries().len() as u64,
        mix: plan.workload.mix().to_string(),
        seed: plan.seed,
        warmup: plan.warmup,
        timeout_seconds: round(plan.timeout.as_secs_f64()),
        scenario: about.scenario.clone(),
        tags: about.tags.clone(),
    }
}

/// A path whose query values are not to be read: there may be a key among them. The same values show the same.
fn shown_path(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) => format!("{name}={}", &blake3::hash(value.as_bytes()).to_hex()[..6]),
        None => pair.to_owned(),
    });
    format!("{path}?{}", shown.collect::<Vec<_>>().join("&"))
}

/// What the metrics of a result follow from.
pub(super) struct Measured<'a> {
    pub(super) started: String,
    pub(super) seconds: f64,
    pub(super) all: &'a Measures,
    pub(super) slices: &'a [Slice],
    pub(super) unsent: u64,
    pub(super) unfinished: u64,
    pub(super) resolution: Vec<ResolutionBody>,
}

pub(super) fn metrics(it: Measured<'_>) -> Metrics {
    let (all, seconds) = (it.all, it.seconds.max(1e-6));
    let (total, errors) = (all.finished(), all.failures.total());
    let share = quantile::share(errors, total);
    let times = response_times(all.times(Timed::Latency));
    Metrics {
        timestamp: it.started.clone(),
        total_requests: total,
        successful_requests: all.counts.ok,
        error_count: errors,
        error_rate_percent: round(100.0 * share.value),
        throughput_rps: round((all.counts.in_time + all.counts.failed_in_time) as f64 / seconds),
        response_times_ms: times,
        duration_seconds: round(seconds),
        more: Some(more(it, [round(100.0 * share.low), round(100.0 * share.high)])),
    }
}

fn response_times(latency: Option<&Histogram<u64>>) -> ResponseTimes {
    let Some(latency) = latency.filter(|latency| !latency.is_empty()) else { return ResponseTimes::default() };
    let at = |quantile| ms(latency.value_at_quantile(quantile));
    let held = |quantile| (latency.len() >= quantile::needed(quantile)).then(|| at(quantile));
    ResponseTimes {
        p50: at(0.5),
        p95: at(0.95),
        p99: at(0.99),
        mean: round(latency.mean() / 1_000.0),
        min: ms(latency.min()),
        max: ms(latency.max()),
        p75: held(0.75),
        p90: held(0.9),
        p999: held(0.999),
        p9999: held(0.9999),
        stddev: Some(round(latency.stdev() / 1_000.0)),
    }
}

fn more(it: Measured<'_>, error_rate_interval: [f64; 2]) -> MoreMetrics {
    let (all, seconds) = (it.all, it.seconds.max(1e-6));
    let counts = &all.counts;
    let (mut intervals, mut withheld) = (BTreeMap::new(), BTreeMap::new());
    let empty = super::recorder::histogram();
    let latency = all.times(Timed::Latency).unwrap_or(&empty);
    for (name, q) in QUANTILES {
        match quantile::estimate(latency, q) {
            Some(estimate) => {
                intervals.insert(name.to_owned(), [round(estimate.low / 1_000.0), round(estimate.high / 1_000.0)]);
            }
            None => {
                withheld.insert(name.to_owned(), quantile::needed(q));
            }
        }
    }
    let failures = &all.failures;
    let said = counts.exact + counts.semantic + counts.misses;
    let (written, unit) = if counts.tokens > 0 { (counts.tokens, "token") } else { (counts.pieces, "chunk") };
    let distribution = |of| Distribution::of(all.times(of));
    MoreMetrics {
        success_rps: round(counts.in_time as f64 / seconds),
        goodput_rps: round(counts.in_time as f64 / seconds * counts.good as f64 / counts.ok.max(1) as f64),
        errors: failures.classes.iter().map(|(class, tally)| (class.to_string(), tally.count)).collect(),
        error_samples: failures
            .classes
            .iter()
            .map(|(class, tally)| (class.to_string(), tally.sample.clone()))
            .collect(),
        status_codes: failures.statuses.iter().map(|(status, count)| (status.to_string(), *count)).collect(),
        intervals_ms: intervals,
        withheld,
        error_rate_interval,
        detectable_change_percent: detectable(latency, it.slices),
        degraded_count: counts.degraded,
        degraded_percent: percent(counts.degraded, counts.ok),
        cache: (said > 0).then(|| CacheShares {
            exact: counts.exact,
            semantic: counts.semantic,
            misses: counts.misses,
            hit_percent: percent(counts.exact + counts.semantic, said),
        }),
        recall: (counts.judged > 0).then(|| round(counts.recall / counts.judged as f64)),
        recall_judged: counts.judged,
        good: counts.good,
        stream_tokens: counts.tokens,
        stream_pieces: counts.pieces,
        stream_seconds: round(counts.writing),
        bytes: counts.bytes,
        connections_opened: counts.opened,
        connections_stale: counts.stale,
        unsent: it.unsent,
        unfinished: it.unfinished,
        saturated: counts.saturated,
        queued: counts.queued,
        service_ms: distribution(Timed::Service),
        dispatch_lag_ms: distribution(Timed::Lag),
        connect_ms: distribution(Timed::Connect),
        tls_ms: distribution(Timed::Tls),
        ttfb_ms: distribution(Timed::FirstByte),
        ttft_ms: distribution(Timed::FirstToken),
        inter_token_ms: distribution(Timed::TokenGap),
        inter_token_unit: distribution(Timed::TokenGap).map(|_| unit.to_owned()),
        tokens_per_second: (counts.writing > 0.0).then(|| round(written as f64 / counts.writing)),
        exact_hit_ms: distribution(Timed::ExactHit),
        semantic_hit_ms: distribution(Timed::SemanticHit),
        miss_ms: distribution(Timed::Miss),
        failed_ms: distribution(Timed::Failed),
        resolution: it.resolution,
    }
}

fn percent(count: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { round(100.0 * count as f64 / of as f64) }
}

fn resolution(of: &Resolution, address: std::net::SocketAddr) -> ResolutionBody {
    let millis = |duration: std::time::Duration| round(duration.as_secs_f64() * 1_000.0);
    let refused = of.tried.iter().filter_map(|(address, took, result)| {
        let reason = result.as_ref().err()?.clone();
        Some(RefusedAddress { address: address.to_string(), took_ms: millis(*took), reason })
    });
    ResolutionBody {
        host: of.host.clone(),
        lookup_ms: millis(of.lookup),
        address: address.to_string(),
        refused: refused.collect(),
        detour_ms: millis(of.detour()),
    }
}

/// Standard error of the logarithm of a quantile: of independent observations by its interval, or, where the run was
/// longer, by how much seconds differ, whichever is larger. Requests that wait for the same thing are not independent.
pub fn log_error(histogram: &Histogram<u64>, slices: &[Slice], quantile: f64) -> Option<f64> {
    let estimate = quantile::estimate(histogram, quantile)?;
    let own = ((estimate.high.max(1.0)).ln() - (estimate.low.max(1.0)).ln()) / (2.0 * TWO_SIDED_95);
    let logs: Vec<f64> = slices
        .iter()
        .filter(|slice| slice.ok >= quantile::needed(quantile))
        .map(|slice| (slice.quantile(quantile).max(1) as f64).ln())
        .collect();
    if logs.len() < 10 {
        return Some(own);
    }
    let (_, deviation) = quantile::spread(&logs);
    Some(own.max(deviation / (logs.len() as f64).sqrt()))
}

fn detectable(latency: &Histogram<u64>, slices: &[Slice]) -> BTreeMap<String, f64> {
    QUANTILES
        .iter()
        .filter_map(|(name, quantile)| {
            let error = log_error(latency, slices, *quantile)?;
            let change = ((TWO_SIDED_95 + Z_POWER) * std::f64::consts::SQRT_2 * error).exp() - 1.0;
            change.is_finite().then(|| ((*name).to_owned(), round(100.0 * change)))
        })
        .collect()
}

/// Whether the numbers of a run are those of the server.
pub fn soundness(plan: &Plan, data: &RunData) -> Soundness {
    let mut reasons = Vec::new();
    let threads = data.threads as f64;
    if data.usage.own_cores > MOST_CPU * threads {
        reasons.push(format!(
            "the load generator used {:.0} % of the {threads} core(s) it may use: it was the bottleneck; raise --threads, or run \
             it on a machine of its own",
            100.0 * data.usage.own_cores / threads
        ));
    }
    if let Some(lag) = data.total.times(Timed::OwnLag).filter(|lag| lag.len() >= 100) {
        let p99 = lag.value_at_quantile(0.99);
        let median = data.total.times(Timed::Latency).map_or(0, |latency| latency.value_at_quantile(0.5));
        if p99 > MOST_LAG && p99 as f64 > MATTERS * median as f64 {
            reasons.push(format!(
                "requests were sent late: 1 % of them {:.1} ms or more after they were due, although a connection was free; the \
                 machine has no room for this rate",
                ms(p99)
            ));
        }
    }
    if let Load::Rate { .. } = plan.load {
        let due = data.total.counts.sent + data.unsent + data.unfinished;
        if data.unsent as f64 > 0.01 * due as f64 {
            reasons.push(format!(
                "{} of {due} requests that were due could not be sent: all {} connections were busy; raise --concurrency, or \
                 lower --rate",
                data.unsent,
                plan.load.connections()
            ));
        }
    }
    Soundness { sound: reasons.is_empty(), reasons }
}

pub(super) fn warnings(ended: Ended, metrics: &Metrics) -> Vec<String> {
    let mut warnings = Vec::new();
    let more = metrics.more.as_ref();
    if metrics.total_requests == 0 {
        warnings.push("NOT ONE REQUEST CAME TO AN END: there is nothing to report.".to_owned());
    } else if metrics.error_rate_percent >= MOSTLY {
        let worst = more.and_then(|more| more.errors.iter().max_by_key(|(_, count)| **count));
        let worst = worst.map(|(class, count)| format!(", {count} of them {class}")).unwrap_or_default();
        warnings.push(format!(
            "MOST REQUESTS FAILED: {} of {} ({:.1} %){worst}. The latencies below are those of the few that did not, and say \
             nothing about the server under this load.",
            metrics.error_count, metrics.total_requests, metrics.error_rate_percent
        ));
    }
    match ended {
        Ended::Completed => {}
        Ended::Interrupted => warnings.push("The run was interrupted; this is what was measured until then.".into()),
        Ended::ServerGone => warnings.push(
            "THE SERVER STOPPED ANSWERING: connections were refused or broken until the run was given up. Look at its log."
                .into(),
        ),
    }
    if let Some(unfinished) = more.map(|more| more.unfinished).filter(|unfinished| *unfinished > 0) {
        warnings.push(format!(
            "{unfinished} requests had no answer yet when the run ended: their latencies are missing, and they are the long ones."
        ));
    }
    for lost in more.iter().flat_map(|more| &more.resolution).filter(|r| r.detour_ms >= DETOUR * 1_000.0) {
        warnings.push(format!(
            "\"{}\" leads to {} first, which does not accept: a client that tries addresses in order loses {:.0} ms with each \
             connection. This is not in the latencies below; give the server's address ({}) as --url.",
            lost.host, lost.refused[0].address, lost.detour_ms, lost.address
        ));
    }
    if more.is_some_and(|more| more.degraded_percent >= 10.0) {
        let share = more.map_or(0.0, |more| more.degraded_percent);
        warnings.push(format!("{share:.1} % of the answers were degraded: they came without the LLM."));
    }
    warnings
}

fn stages(plan: &Plan, data: &RunData) -> Vec<StageBody> {
    let mut start = 0.0;
    let mut bodies = Vec::new();
    for (stage, measures) in &data.stages {
        let asked = stage.length.as_secs_f64();
        let seconds = asked.min((data.took.as_secs_f64() - start).max(0.0));
        let counts = measures.counts;
        let per_second = |count: u64| if seconds > 0.0 { round(count as f64 / seconds) } else { 0.0 };
        let end = std::time::Duration::from_secs_f64((start + asked - 1e-3).max(0.0));
        bodies.push(StageBody {
            name: stage.name.clone(),
            start: round(start),
            seconds: round(seconds),
            level: round(plan.load.profile().level(end)),
            total: measures.finished(),
            errors: measures.failures.total(),
            success_rps: per_second(counts.in_time),
            goodput_rps: round(per_second(counts.in_time) * counts.good as f64 / counts.ok.max(1) as f64),
            degraded: counts.degraded,
            latency_ms: Distribution::of(measures.times(Timed::Latency)),
            recall: (counts.judged > 0).then(|| round(counts.recall / counts.judged as f64)),
        });
        start += asked;
    }
    if bodies.len() > 1 { bodies } else { Vec::new() }
}

pub(super) fn slice(slice: &Slice) -> SliceBody {
    let told = |quantile| (slice.ok > 0).then(|| ms(slice.quantile(quantile)));
    SliceBody {
        start: round(slice.start.as_secs_f64()),
        seconds: round(slice.length.as_secs_f64()),
        sent: slice.sent,
        ok: slice.ok,
        errors: slice.errors,
        degraded: slice.degraded,
        cache_hits: slice.hits,
        p50: told(0.5),
        p99: told(0.99),
        histogram: (slice.ok > 0).then(|| encode(&slice.histogram())).flatten(),
    }
}

pub(super) fn histograms(all: &Measures) -> BTreeMap<String, String> {
    let encoded = |of: &Timed| Some((of.as_str().to_owned(), encode(all.times(*of)?)?));
    Timed::ALL.iter().filter_map(encoded).collect()
}

/// This machine.
pub fn environment(threads: usize) -> Environment {
    let memory = System::new().ok().map_or(0, |mut system| {
        system.refresh_memory();
        system.total_memory() >> 20
    });
    let cpu = System::new().ok().and_then(|mut system| {
        system.refresh_cpu_usage();
        system.cpus().first().map(|cpu| cpu.brand().to_owned())
    });
    Environment {
        ragctl: env!("CARGO_PKG_VERSION").into(),
        os: System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.into()),
        cpu: cpu.unwrap_or_default(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_mb: memory,
        host: System::host_name().unwrap_or_default(),
        threads,
    }
}
