//! Metrics of a target, one number each, which alert rules and the targets of a report are about.

use std::fmt;

use super::{
    observation::Field,
    threshold::{NamedMetric, Unit},
};
use crate::util::humanize::{decimal, rounded_decimal};

/// The counts or gauges that a metric is computed from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MetricSource {
    /// A gauge as it was told last; over a recording its highest.
    Gauge(Field),
    /// The sum of counts.
    Count(&'static [Field]),
    /// A count within so many seconds.
    Rate(Field, f64),
    /// A count's share of the sum of counts.
    Share(Field, &'static [Field]),
    /// This quantile of the times to answers.
    Latency(f64),
    /// Something that each reader finds out in its own way.
    Own,
}

/// Counts of some time, of which metrics are made.
pub trait CountSource {
    /// A count; `None` when it is not known.
    fn get(&self, field: Field) -> Option<f64>;

    /// The time over which they were counted, milliseconds; 0 when it is not known.
    fn covered(&self) -> f64;

    /// A count a second.
    fn rate(&self, field: Field) -> Option<f64> {
        let count = self.get(field)?;
        (self.covered() > 0.0).then(|| count * 1e3 / self.covered())
    }

    /// Share of the requests to the LLM that found a connection ready.
    fn reuse(&self) -> Option<f64> {
        Some(1.0 - self.share(Field::Opened, &[Field::Requests])?)
    }

    /// A count's share of the sum of counts; `None` when nothing was counted.
    fn share(&self, part: Field, of: &[Field]) -> Option<f64> {
        let whole: f64 = of.iter().map(|field| self.get(*field)).sum::<Option<f64>>()?;
        (whole > 0.0).then_some(())?;
        Some((self.get(part)? / whole).min(1.0))
    }
}

/// Names, units and sources of all metrics, and what each is called in a report.
macro_rules! metrics {
    ($($(#[$doc:meta])* $metric:ident $name:literal $unit:ident $title:literal = $source:expr;)*) => {
        /// A number about a target. Shares are 0..=1.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Metric {
            $($(#[$doc])* $metric,)*
        }

        impl Metric {
            /// Every metric.
            pub const ALL: &'static [Self] = &[$(Self::$metric),*];

            /// Name in rules, unit, name in a report, where it covers the whole time, and source of each.
            const TABLE: &'static [(&'static str, Unit, &'static str, MetricSource)] =
                &[$(($name, Unit::$unit, $title, $source)),*];
        }
    };
}

metrics! {
    /// 1 while a breaker is open in whose place no other upstream answers, else 0.
    BreakerOpen "breaker_open" Number "breaker open" = MetricSource::Own;
    /// 1 while a breaker is not closed in whose place no other upstream answers, else 0.
    BreakerNotClosed "breaker_not_closed" Number "breaker closed" = MetricSource::Own;
    /// Upstreams of several that do not answer.
    UpstreamsAway "upstreams_away" Number "upstreams away, at most" = MetricSource::Own;
    /// Upstreams of several that may be asked.
    UpstreamsThere "upstreams_there" Number "upstreams there, at least" = MetricSource::Own;
    /// Answers that another upstream took over within the window.
    Failovers "failovers" Number "answers taken over" = MetricSource::Count(&[Field::Failovers]);
    /// Answers that another upstream took over, a minute.
    FailoversPerMinute "failovers_per_minute" Number "answers taken over a minute" = MetricSource::Rate(Field::Failovers, 60.0);
    /// How often a breaker left its closed state within the window.
    BreakerTrips "breaker_trips" Number "trips of a breaker" = MetricSource::Own;
    /// Failures since the last success, of the breaker that is worst off.
    ConsecutiveFailures "consecutive_failures" Number "failures in a row" = MetricSource::Gauge(Field::ConsecutiveFailures);
    /// Share of the calls to the LLM that failed within the window.
    FailureRate "failure_rate" Share "failing calls" = MetricSource::Share(Field::Failures, &[Field::Calls]);
    /// Share of the questions that got an error within the window; of a server that does not count them, of the calls.
    ErrorRate "error_rate" Share "errors" = MetricSource::Share(Field::Errors, &[Field::Questions]);
    /// Share of the answers that were degraded within the window.
    DegradedRate "degraded_rate" Share "degraded answers" = MetricSource::Share(Field::Degraded, &[Field::Questions]);
    /// Share of the sentences of new answers that the passages say, within the window.
    SupportedRate "supported_rate" Share "supported sentences" = MetricSource::Share(Field::Supported, &[Field::Sentences]);
    /// Answers of models that nothing supports, within the window.
    UnsupportedAnswers "unsupported_answers" Number "answers that nothing supports" = MetricSource::Count(&[Field::Unsupported]);
    /// Share of the look-ups that the cache answered within the window.
    HitRate "hit_rate" Share "cache hits" = MetricSource::Share(Field::Hits, &[Field::Hits, Field::Misses]);
    /// Look-ups in the cache within the window.
    Lookups "lookups" Number "cache look-ups" = MetricSource::Count(&[Field::Hits, Field::Misses]);
    /// How full the cache is, 0..=1.
    CacheFill "cache_fill" Share "cache fill, at most" = MetricSource::Gauge(Field::Fill);
    /// Entries that made room, a minute.
    EvictionsPerMinute "evictions_per_minute" Number "evictions a minute" = MetricSource::Rate(Field::Evictions, 60.0);
    /// Share of the pool in use, 0..=1.
    PoolUse "pool_use" Share "pool in use, at most" = MetricSource::Own;
    /// Calls that wait for their turn.
    PoolWaiting "pool_waiting" Number "waiting for the pool, at most" = MetricSource::Gauge(Field::Waiting);
    /// Questions within the window.
    Questions "questions" Number "questions" = MetricSource::Count(&[Field::Questions]);
    /// Questions a second.
    QuestionsPerSecond "questions_per_second" Number "questions a second" = MetricSource::Rate(Field::Questions, 1.0);
    /// Median time to an answer, milliseconds.
    P50 "p50" Time "p50" = MetricSource::Latency(0.5);
    /// 95th percentile, milliseconds.
    P95 "p95" Time "p95" = MetricSource::Latency(0.95);
    /// 99th percentile, milliseconds.
    P99 "p99" Time "p99" = MetricSource::Latency(0.99);
    /// All cores of the server's machine, 0..=1.
    Cpu "cpu" Share "cpu, at most" = MetricSource::Gauge(Field::Cpu);
    /// Memory of the server's machine, 0..=1.
    Memory "memory" Share "memory, at most" = MetricSource::Gauge(Field::Memory);
    /// Disk of the server, 0..=1.
    Disk "disk" Share "disk, at most" = MetricSource::Gauge(Field::Disk);
    /// Memory of the server's process, MiB.
    Resident "resident_mib" Number "memory of the process, at most" = MetricSource::Gauge(Field::Resident);
    /// 1 while the target does not tell its metrics, else 0.
    Unreachable "unreachable" Number "availability" = MetricSource::Own;
    /// Polls without metrics in a row.
    FailedPolls "failed_polls" Number "failed polls in a row" = MetricSource::Own;
}

impl Metric {
    /// Its name in rules.
    pub const fn as_str(self) -> &'static str {
        Self::TABLE[self as usize].0
    }

    /// The unit in which its values are written.
    pub const fn unit(self) -> Unit {
        Self::TABLE[self as usize].1
    }

    /// Its name in a report, where it covers the whole time.
    pub const fn title(self) -> &'static str {
        Self::TABLE[self as usize].2
    }

    /// The counts or gauges that it is computed from.
    pub const fn source(self) -> MetricSource {
        Self::TABLE[self as usize].3
    }

    /// The metric, if counts tell it.
    pub fn of_counts(self, counts: &impl CountSource) -> Option<f64> {
        match self.source() {
            // Some errors are counted before their question is: never more than all of them.
            MetricSource::Share(Field::Errors, _) => match (counts.get(Field::Errors), counts.get(Field::Questions)) {
                (Some(errors), Some(questions)) => {
                    Some(errors.max(questions)).filter(|all| *all > 0.0).map(|all| errors / all)
                }
                _ => counts.share(Field::Failures, &[Field::Calls]),
            },
            MetricSource::Share(part, of) => counts.share(part, of),
            MetricSource::Count(fields) => fields.iter().map(|field| counts.get(*field)).sum(),
            MetricSource::Rate(field, seconds) => counts.rate(field).map(|rate| rate * seconds),
            MetricSource::Gauge(_) | MetricSource::Latency(_) | MetricSource::Own => None,
        }
    }
}

impl Metric {
    /// A value in words: `12 %`, `1.2 s`, `1,234.5`. What is no number is a dash.
    pub fn show(self, value: f64) -> String {
        if !value.is_finite() {
            return "–".to_owned();
        }
        match self.unit() {
            // A small share is not none: the alert that is shown with it may be about any at all.
            Unit::Share if value > 0.0 && value < 0.000_5 => "<0.1 %".to_owned(),
            Unit::Share => format!("{} %", rounded_decimal(value * 100.0)),
            // Limits where rounding would give a thousand of the smaller unit, or sixty.
            Unit::Time if value < 999.5 => format!("{} ms", rounded_decimal(value)),
            Unit::Time if value < 59_950.0 => format!("{} s", decimal(value / 1e3)),
            Unit::Time => format!("{} min", decimal(value / 6e4)),
            _ => decimal(value),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl NamedMetric for Metric {
    const THRESHOLD: &'static str = "condition";
    const USAGE: &'static str = "FIGURE OP VALUE is wanted, with <, <=, >, >=, == or !=, like hit_rate < 20%, p95 > 2s or \
                                 failed_polls >= 2";

    fn named(name: &str) -> Result<Self, Option<String>> {
        Self::ALL.iter().copied().find(|metric| metric.as_str() == name).ok_or_else(|| {
            let likeness = |metric: &Self| strsim::normalized_damerau_levenshtein(metric.as_str(), name);
            let nearest = Self::ALL.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
            let meant = nearest.filter(|metric| likeness(metric) > 0.5);
            let meant = meant.map(|metric| format!("; did you mean {metric}?")).unwrap_or_default();
            let all: Vec<_> = Self::ALL.iter().map(|metric| metric.as_str()).collect();
            Some(format!("\"{name}\" is no figure{meant}. There are {}", all.join(", ")).replace("?.", "?"))
        })
    }

    fn unit(self) -> Unit {
        Self::unit(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_name_of_its_own() {
        for metric in Metric::ALL.iter().copied() {
            assert_eq!(Metric::named(metric.as_str()), Ok(metric));
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let error = Metric::named("hitrate").unwrap_err().unwrap();
        assert!(error.contains("did you mean hit_rate?"), "{error}");
        assert!(Metric::named("zzz").unwrap_err().unwrap().contains("There are breaker_open, "));
    }
}
