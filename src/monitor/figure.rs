//! What can be said about a target in one number, for alerts and for the targets of a report.

use std::{fmt, str::FromStr};

/// A number about a target. Shares are 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Figure {
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

/// What a number counts, and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Written as percent, or as a number from 0 to 1.
    Share,
    /// Milliseconds, written as a time like `500ms`.
    Time,
    /// A number.
    Number,
}

impl Figure {
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

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Figure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|figure| figure.as_str() == text).ok_or_else(|| {
            let likeness = |figure: &Self| strsim::normalized_damerau_levenshtein(figure.as_str(), text);
            let nearest = Self::ALL.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
            let meant = nearest.filter(|figure| likeness(figure) > 0.5);
            let meant = meant.map(|figure| format!("; did you mean {figure}?")).unwrap_or_default();
            let all: Vec<_> = Self::ALL.iter().map(|figure| figure.as_str()).collect();
            format!("\"{text}\" is no figure{meant}. There are {}", all.join(", ")).replace("?.", "?")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_name_of_its_own() {
        for figure in Figure::ALL {
            assert_eq!(figure.as_str().parse(), Ok(figure));
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let error = "hitrate".parse::<Figure>().unwrap_err();
        assert!(error.contains("did you mean hit_rate?"), "{error}");
        assert!("zzz".parse::<Figure>().unwrap_err().contains("There are breaker_open, "));
    }
}
