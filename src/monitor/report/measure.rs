//! Targets of a report: what a server should have reached over the whole time.
//!
//! Every figure of an alert can be a target. Over a whole recording a rate is that of all its counts, a gauge is its
//! highest value (of the upstreams that are there the fewest), and what is only so or not (`unreachable`, `breaker_open`, `breaker_not_closed`) is its share: of the
//! time that was watched, or of the time that is known.

use super::{
    goals::{GoalResult, GoalStatus, Weight},
    server::{BreakerHistory, Server},
};
use crate::monitor::alerts::Condition;
use crate::observe::{Field, Metric, MetricSource, Unit};
use crate::util::humanize::{UNKNOWN, interval, number, share, time};

/// Look-ups from which on the usual target for the hit rate is looked at.
const LOOKUPS: f64 = 50.0;

/// The usual targets, how they are said, and what it means to miss them.
const USUAL: [(&str, &str, Weight); 7] = [
    ("unreachable <= 0.005", "≥ 99.5 %", Weight::Grave),
    ("breaker_not_closed <= 0.01", "≥ 99 % of the time", Weight::Grave),
    ("error_rate <= 1%", "≤ 1 %", Weight::Grave),
    ("degraded_rate <= 5%", "≤ 5 %", Weight::Light),
    ("hit_rate >= 20%", "≥ 20 %, from 50 look-ups on", Weight::Light),
    ("p95 <= 30s", "≤ 30 s", Weight::Light),
    ("pool_waiting <= 0", "nobody", Weight::Light),
];

/// Holds a server against the targets given, and the usual ones for figures that none of these is about.
pub(super) fn judge(server: &Server, given: &[Condition]) -> Vec<GoalResult> {
    let usual = USUAL.iter().filter_map(|(text, words, weight)| {
        let condition: Condition = text.parse().ok()?;
        let replaced = given.iter().any(|given| given.metric() == condition.metric());
        (!replaced).then(|| usual(server, &condition, words, *weight))
    });
    let given = given.iter().map(|condition| {
        let value = measure(server, condition.metric());
        GoalResult {
            metric: condition.metric().title(),
            target: condition.to_string(),
            measured: words(server, condition.metric(), value),
            value,
            status: status(condition, value),
            given: true,
            weight: Weight::Grave,
        }
    });
    usual.chain(given).collect()
}

fn usual(server: &Server, condition: &Condition, target: &str, weight: Weight) -> GoalResult {
    let metric = condition.metric();
    let mut value = measure(server, metric);
    let mut measured = words(server, metric, value);
    let few =
        Metric::Lookups.of_counts(&server.counts).filter(|lookups| metric == Metric::HitRate && *lookups < LOOKUPS);
    if few.is_some() {
        measured = format!("{measured}: too few");
        value = None;
    }
    GoalResult {
        metric: metric.title(),
        target: target.to_owned(),
        measured,
        value,
        status: status(condition, value),
        given: false,
        weight,
    }
}

fn status(condition: &Condition, value: Option<f64>) -> GoalStatus {
    match value {
        Some(value) if condition.holds(value) => GoalStatus::Met,
        Some(_) => GoalStatus::Missed,
        None => GoalStatus::Unknown,
    }
}

/// A figure over the whole time: see the top of this file.
pub fn measure(server: &Server, metric: Metric) -> Option<f64> {
    let (counts, peaks) = (&server.counts, &server.peaks);
    let worst = |not: fn(&BreakerHistory) -> std::time::Duration| {
        // Where others stand in, only the time counts in which none was there.
        let alone = server.breakers.iter().filter(|breaker| !breaker.one_of_several);
        let shares = alone.filter_map(|breaker| breaker.share_of_known(not(breaker)));
        shares.chain(server.without_upstream).reduce(f64::max)
    };
    match metric {
        Metric::Unreachable => (!server.watched.is_zero())
            .then(|| (server.unreachable.as_secs_f64() / server.watched.as_secs_f64()).min(1.0)),
        Metric::FailedPolls => Some(f64::from(peaks.failed_polls)),
        Metric::BreakerOpen => worst(|breaker| breaker.held[1]),
        Metric::BreakerNotClosed => worst(|breaker| breaker.held[1] + breaker.held[2]),
        Metric::BreakerTrips => server.breakers.iter().map(|breaker| breaker.trips as f64).reduce(f64::max),
        Metric::PoolUse => peaks.pool_use,
        Metric::UpstreamsAway => peaks.upstreams_away,
        Metric::UpstreamsThere => peaks.upstreams_there,
        Metric::P50 => server.latency[0],
        Metric::P95 => server.latency[1],
        Metric::P99 => server.latency[2],
        _ => match metric.source() {
            MetricSource::Gauge(field) => peaks.get(field),
            _ => metric.of_counts(counts),
        },
    }
}

/// A measured figure in words, with what it is a share of.
fn words(server: &Server, metric: Metric, value: Option<f64>) -> String {
    let Some(value) = value else {
        let none = |count: Option<f64>, of: &str| match count {
            Some(0.0) => format!("no {of}"),
            _ => UNKNOWN.to_owned(),
        };
        return match metric {
            Metric::HitRate => none(Metric::Lookups.of_counts(&server.counts), "look-ups"),
            Metric::FailureRate => none(server.counts.get(Field::Calls), "calls"),
            Metric::ErrorRate | Metric::DegradedRate => none(server.counts.get(Field::Questions), "questions"),
            Metric::P50 | Metric::P95 | Metric::P99 => none(server.counts.get(Field::Questions), "answers"),
            _ => UNKNOWN.to_owned(),
        };
    };
    let of = |count: Option<f64>, what: &str| match count {
        Some(count) => format!("{} of {} {what}", share(value), number(count)),
        None => share(value),
    };
    match metric {
        Metric::Unreachable => format!("{} of {}", share(1.0 - value), interval(server.watched)),
        Metric::BreakerNotClosed if server.without_upstream.is_some() => {
            format!("{} of the known time, or another answered", share(1.0 - value))
        }
        Metric::BreakerNotClosed => format!("{} of the known time", share(1.0 - value)),
        Metric::BreakerOpen => format!("{} of the known time", share(value)),
        Metric::HitRate => of(Metric::Lookups.of_counts(&server.counts), "look-ups"),
        Metric::FailureRate => of(server.counts.get(Field::Calls), "calls"),
        Metric::ErrorRate if server.counts.get(Field::Questions).is_none() => {
            format!("{}, questions are not counted", of(server.counts.get(Field::Calls), "calls"))
        }
        Metric::ErrorRate | Metric::DegradedRate => of(server.counts.get(Field::Questions), "questions"),
        Metric::Resident => format!("{} MiB", number(value)),
        _ => match metric.unit() {
            Unit::Share => share(value),
            Unit::Time => time(value),
            _ => number(value),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_targets_are_conditions() {
        for (text, ..) in USUAL {
            assert!(text.parse::<Condition>().is_ok(), "{text}");
        }
    }
}
