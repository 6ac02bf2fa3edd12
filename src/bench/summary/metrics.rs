//! The metrics of a result: counts, rates and quantiles with their intervals.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::bench::{
    measures::{Measures, Timed, histogram},
    quantile::{self, QUANTILES},
    result::{
        CacheShares, Distribution, Metrics, MoreMetrics, RefusedAddress, ResolutionBody, ResponseTimes, encode, ms,
        round,
    },
    slices::{Slice, log_error},
    target::Resolution,
};
use crate::util::statistics::TWO_SIDED_95;

/// Standard normal quantile of 80 % power.
const Z_POWER: f64 = 0.841_621;

/// The measurements that the metrics of a result are computed from.
pub(in crate::bench) struct Measured<'a> {
    pub(in crate::bench) started: String,
    pub(in crate::bench) seconds: f64,
    pub(in crate::bench) all: &'a Measures,
    pub(in crate::bench) slices: &'a [Slice],
    pub(in crate::bench) unsent: u64,
    pub(in crate::bench) unfinished: u64,
    pub(in crate::bench) resolution: Vec<ResolutionBody>,
}

pub(in crate::bench) fn metrics(it: Measured<'_>) -> Metrics {
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
    let empty = histogram();
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
        sentences: counts.sentences,
        supported_sentences: counts.supported,
        supported_percent: (counts.sentences > 0).then(|| percent(counts.supported, counts.sentences)),
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

pub(super) fn resolution(of: &Resolution, address: std::net::SocketAddr) -> ResolutionBody {
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

pub(in crate::bench) fn histograms(all: &Measures) -> BTreeMap<String, String> {
    let encoded = |of: &Timed| Some((of.as_str().to_owned(), encode(all.times(*of)?)?));
    Timed::ALL.iter().filter_map(encoded).collect()
}
