//! Targets of a report: what a server should have reached over the whole time.
//!
//! Every figure of an alert can be a target. Over a whole recording a rate is that of all its counts, a gauge is its
//! highest value, and what is only so or not (`unreachable`, `breaker_open`, `breaker_not_closed`) is its share: of the
//! time that was watched, or of the time that is known.

use super::server::{BreakerFacts, Server};
use crate::{
    monitor::{
        alerts::Condition,
        figure::{Figure, Unit},
        markup::{UNKNOWN, number, share},
        model::history::Field,
    },
    util::humanize::{interval, time},
};

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

/// Whether a target was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was.
    Met,
    /// It was not.
    Missed,
    /// Nobody can say.
    Unknown,
}

impl Verdict {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::Unknown => "not known",
        }
    }
}

/// What it means to miss a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The deployment is not good enough.
    Grave,
    /// It is worth a look.
    Light,
}

/// A target and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What it is about, in words.
    pub figure: &'static str,
    /// The target: as it was given, or in words.
    pub target: String,
    /// What was measured, in words.
    pub measured: String,
    /// What was measured: a share 0..=1, milliseconds, or a number.
    pub value: Option<f64>,
    /// Whether it was met.
    pub verdict: Verdict,
    /// Whether it was given, and is not a usual one.
    pub given: bool,
    /// What it means to miss it.
    pub weight: Weight,
}

impl Judged {
    /// On part of a line: what, and what was measured.
    pub fn in_short(&self) -> String {
        format!("{} ({}, wanted {})", self.figure, self.measured, self.target)
    }
}

/// Holds a server against the targets given, and the usual ones for figures that none of these is about.
pub(super) fn judge(server: &Server, given: &[Condition]) -> Vec<Judged> {
    let usual = USUAL.iter().filter_map(|(text, words, weight)| {
        let condition: Condition = text.parse().ok()?;
        let replaced = given.iter().any(|given| given.figure() == condition.figure());
        (!replaced).then(|| usual(server, &condition, words, *weight))
    });
    let given = given.iter().map(|condition| {
        let value = measure(server, condition.figure());
        Judged {
            figure: name(condition.figure()),
            target: condition.to_string(),
            measured: words(server, condition.figure(), value),
            value,
            verdict: verdict(condition, value),
            given: true,
            weight: Weight::Grave,
        }
    });
    usual.chain(given).collect()
}

fn usual(server: &Server, condition: &Condition, target: &str, weight: Weight) -> Judged {
    let figure = condition.figure();
    let mut value = measure(server, figure);
    let mut measured = words(server, figure, value);
    let few = server.counts.lookups().filter(|lookups| figure == Figure::HitRate && *lookups < LOOKUPS);
    if few.is_some() {
        measured = format!("{measured}: too few");
        value = None;
    }
    Judged {
        figure: name(figure),
        target: target.to_owned(),
        measured,
        value,
        verdict: verdict(condition, value),
        given: false,
        weight,
    }
}

fn verdict(condition: &Condition, value: Option<f64>) -> Verdict {
    match value {
        Some(value) if condition.holds(value) => Verdict::Met,
        Some(_) => Verdict::Missed,
        None => Verdict::Unknown,
    }
}

/// A figure over the whole time: see the top of this file.
pub fn measure(server: &Server, figure: Figure) -> Option<f64> {
    let (counts, peaks) = (&server.counts, &server.peaks);
    let worst = |not: fn(&BreakerFacts) -> std::time::Duration| {
        server.breakers.iter().filter_map(|breaker| breaker.share_of_known(not(breaker))).reduce(f64::max)
    };
    let [p50, p95, p99] = server.latency;
    let calls = counts.get(Field::Calls);
    match figure {
        Figure::Unreachable => (!server.watched.is_zero())
            .then(|| (server.unreachable.as_secs_f64() / server.watched.as_secs_f64()).min(1.0)),
        Figure::FailedPolls => Some(f64::from(peaks.failed_polls)),
        Figure::BreakerOpen => worst(|breaker| breaker.held[1]),
        Figure::BreakerNotClosed => worst(|breaker| breaker.held[1] + breaker.held[2]),
        Figure::BreakerTrips => server.breakers.iter().map(|breaker| breaker.trips as f64).reduce(f64::max),
        Figure::ConsecutiveFailures => peaks.consecutive_failures,
        Figure::FailureRate => counts.share(Field::Failures, calls),
        Figure::ErrorRate => match (counts.get(Field::Errors), counts.get(Field::Questions)) {
            // Some errors are counted before their question is: never more than all of them.
            (Some(errors), Some(questions)) => counts.share(Field::Errors, Some(errors.max(questions))),
            _ => counts.share(Field::Failures, calls),
        },
        Figure::DegradedRate => counts.share(Field::Degraded, counts.get(Field::Questions)),
        Figure::HitRate => counts.share(Field::Hits, counts.lookups()),
        Figure::Lookups => counts.lookups(),
        Figure::CacheFill => peaks.fill,
        Figure::EvictionsPerMinute => counts.rate(Field::Evictions).map(|rate| rate * 60.0),
        Figure::PoolUse => peaks.pool_use,
        Figure::PoolWaiting => peaks.waiting,
        Figure::Questions => counts.get(Field::Questions),
        Figure::QuestionsPerSecond => counts.rate(Field::Questions),
        Figure::P50 => p50,
        Figure::P95 => p95,
        Figure::P99 => p99,
        Figure::Cpu => peaks.cpu,
        Figure::Memory => peaks.memory,
        Figure::Disk => peaks.disk,
        Figure::Resident => peaks.resident,
    }
}

/// What a figure is called over the whole time.
const fn name(figure: Figure) -> &'static str {
    match figure {
        Figure::Unreachable => "availability",
        Figure::FailedPolls => "failed polls in a row",
        Figure::BreakerOpen => "breaker open",
        Figure::BreakerNotClosed => "breaker closed",
        Figure::BreakerTrips => "trips of a breaker",
        Figure::ConsecutiveFailures => "failures in a row",
        Figure::FailureRate => "failing calls",
        Figure::ErrorRate => "errors",
        Figure::DegradedRate => "degraded answers",
        Figure::HitRate => "cache hits",
        Figure::Lookups => "cache look-ups",
        Figure::CacheFill => "cache fill, at most",
        Figure::EvictionsPerMinute => "evictions a minute",
        Figure::PoolUse => "pool in use, at most",
        Figure::PoolWaiting => "waiting for the pool, at most",
        Figure::Questions => "questions",
        Figure::QuestionsPerSecond => "questions a second",
        Figure::P50 => "p50",
        Figure::P95 => "p95",
        Figure::P99 => "p99",
        Figure::Cpu => "cpu, at most",
        Figure::Memory => "memory, at most",
        Figure::Disk => "disk, at most",
        Figure::Resident => "memory of the process, at most",
    }
}

/// A measured figure in words, with what it is a share of.
fn words(server: &Server, figure: Figure, value: Option<f64>) -> String {
    let Some(value) = value else {
        let none = |count: Option<f64>, of: &str| match count {
            Some(0.0) => format!("no {of}"),
            _ => UNKNOWN.to_owned(),
        };
        return match figure {
            Figure::HitRate => none(server.counts.lookups(), "look-ups"),
            Figure::FailureRate => none(server.counts.get(Field::Calls), "calls"),
            Figure::ErrorRate | Figure::DegradedRate => none(server.counts.get(Field::Questions), "questions"),
            Figure::P50 | Figure::P95 | Figure::P99 => none(server.counts.get(Field::Questions), "answers"),
            _ => UNKNOWN.to_owned(),
        };
    };
    let of = |count: Option<f64>, what: &str| match count {
        Some(count) => format!("{} of {} {what}", share(value), number(count)),
        None => share(value),
    };
    match figure {
        Figure::Unreachable => format!("{} of {}", share(1.0 - value), interval(server.watched)),
        Figure::BreakerNotClosed => format!("{} of the known time", share(1.0 - value)),
        Figure::BreakerOpen => format!("{} of the known time", share(value)),
        Figure::HitRate => of(server.counts.lookups(), "look-ups"),
        Figure::FailureRate => of(server.counts.get(Field::Calls), "calls"),
        Figure::ErrorRate if server.counts.get(Field::Questions).is_none() => {
            format!("{}, questions are not counted", of(server.counts.get(Field::Calls), "calls"))
        }
        Figure::ErrorRate | Figure::DegradedRate => of(server.counts.get(Field::Questions), "questions"),
        Figure::Resident => format!("{} MiB", number(value)),
        _ => match figure.unit() {
            Unit::Share => share(value),
            Unit::Time => time(value),
            Unit::Number => number(value),
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
