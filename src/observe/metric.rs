//! Metrics of a target, one number each, which alert rules and the targets of a report are about.

use std::fmt;

use super::threshold::{Named, Unit};
use crate::util::humanize::{decimal, rounded_decimal};

/// A number about a target. Shares are 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Metric {
    /// 1 while a breaker is open, else 0.
    BreakerOpen,
    /// 1 while a breaker is not closed, else 0.
    BreakerNotClosed,
    /// How often a breaker left its closed state within the window.
    BreakerTrips,
    /// Failures since the last success, of the breaker that is worst off.
    ConsecutiveFailures,
    /// Share of the calls to the LLM that failed within the window.
    FailureRate,
    /// Share of the questions that got an error within the window; of a server that does not count them, of the calls.
    ErrorRate,
    /// Share of the answers that were degraded within the window.
    DegradedRate,
    /// Share of the look-ups that the cache answered within the window.
    HitRate,
    /// Look-ups in the cache within the window.
    Lookups,
    /// How full the cache is, 0..=1.
    CacheFill,
    /// Entries that made room, a minute.
    EvictionsPerMinute,
    /// Share of the pool in use, 0..=1.
    PoolUse,
    /// Calls that wait for their turn.
    PoolWaiting,
    /// Questions within the window.
    Questions,
    /// Questions a second.
    QuestionsPerSecond,
    /// Median time to an answer, milliseconds.
    P50,
    /// 95th percentile, milliseconds.
    P95,
    /// 99th percentile, milliseconds.
    P99,
    /// All cores of the server's machine, 0..=1.
    Cpu,
    /// Memory of the server's machine, 0..=1.
    Memory,
    /// Disk of the server, 0..=1.
    Disk,
    /// Memory of the server's process, MiB.
    Resident,
    /// 1 while the target does not tell its metrics, else 0.
    Unreachable,
    /// Polls without metrics in a row.
    FailedPolls,
}

impl Metric {
    /// Every figure.
    pub const ALL: [Self; 24] = [
        Self::BreakerOpen,
        Self::BreakerNotClosed,
        Self::BreakerTrips,
        Self::ConsecutiveFailures,
        Self::FailureRate,
        Self::ErrorRate,
        Self::DegradedRate,
        Self::HitRate,
        Self::Lookups,
        Self::CacheFill,
        Self::EvictionsPerMinute,
        Self::PoolUse,
        Self::PoolWaiting,
        Self::Questions,
        Self::QuestionsPerSecond,
        Self::P50,
        Self::P95,
        Self::P99,
        Self::Cpu,
        Self::Memory,
        Self::Disk,
        Self::Resident,
        Self::Unreachable,
        Self::FailedPolls,
    ];

    /// Its name in rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BreakerOpen => "breaker_open",
            Self::BreakerNotClosed => "breaker_not_closed",
            Self::BreakerTrips => "breaker_trips",
            Self::ConsecutiveFailures => "consecutive_failures",
            Self::FailureRate => "failure_rate",
            Self::ErrorRate => "error_rate",
            Self::DegradedRate => "degraded_rate",
            Self::HitRate => "hit_rate",
            Self::Lookups => "lookups",
            Self::CacheFill => "cache_fill",
            Self::EvictionsPerMinute => "evictions_per_minute",
            Self::PoolUse => "pool_use",
            Self::PoolWaiting => "pool_waiting",
            Self::Questions => "questions",
            Self::QuestionsPerSecond => "questions_per_second",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Resident => "resident_mib",
            Self::Unreachable => "unreachable",
            Self::FailedPolls => "failed_polls",
        }
    }

    /// What it counts.
    pub const fn unit(self) -> Unit {
        match self {
            Self::FailureRate
            | Self::ErrorRate
            | Self::DegradedRate
            | Self::HitRate
            | Self::CacheFill
            | Self::PoolUse
            | Self::Cpu
            | Self::Memory
            | Self::Disk => Unit::Share,
            Self::P50 | Self::P95 | Self::P99 => Unit::Time,
            _ => Unit::Number,
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

impl Named for Metric {
    const THRESHOLD: &'static str = "condition";
    const USAGE: &'static str = "FIGURE OP VALUE is wanted, with <, <=, >, >=, == or !=, like hit_rate < 20%, p95 > 2s or \
                                 failed_polls >= 2";

    fn named(name: &str) -> Result<Self, Option<String>> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == name).ok_or_else(|| {
            let likeness = |metric: &Self| strsim::normalized_damerau_levenshtein(metric.as_str(), name);
            let nearest = Self::ALL.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
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
        for figure in Metric::ALL {
            assert_eq!(Metric::named(figure.as_str()), Ok(figure));
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let error = Metric::named("hitrate").unwrap_err().unwrap();
        assert!(error.contains("did you mean hit_rate?"), "{error}");
        assert!(Metric::named("zzz").unwrap_err().unwrap().contains("There are breaker_open, "));
    }
}
