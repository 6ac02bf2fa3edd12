//! How often targets are asked, and how long they may take.

use std::time::Duration;

/// Longest that a target may take to answer, and shortest that it is given.
pub const PATIENCE: Duration = Duration::from_secs(10);
const LEAST_PATIENCE: Duration = Duration::from_millis(500);

/// How far apart from each other targets are asked: a fraction of the interval.
const JITTER: f64 = 0.1;

/// A target that does not answer is asked less and less often, but at least so often.
const SELDOM: Duration = Duration::from_secs(15);

/// The longest that a target that does not answer goes without a poll, the wait for its answer included.
pub fn longest_pause(interval: Duration) -> Duration {
    interval.max(SELDOM).mul_f64(1.0 + JITTER / 2.0) + PATIENCE
}

/// The pace of polling; it is sent to all tasks at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The interval.
    pub interval: Duration,
    /// Grows when everybody is to be asked at once.
    pub refresh: u64,
}

impl Pace {
    /// How long to wait after an answer, or after so many polls without one; `chance` is 0..1.
    pub fn wait(&self, failures: u32, chance: f64) -> Duration {
        let patience = self.interval.max(SELDOM);
        let interval = self.interval.saturating_mul(1 << failures.min(16)).min(patience).max(self.interval);
        interval.mul_f64(1.0 + JITTER * (chance - 0.5))
    }

    /// How long a target may take: an answer after the interval would be one of the past.
    pub fn patience(&self) -> Duration {
        self.interval.clamp(LEAST_PATIENCE, PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(seconds: u64) -> Pace {
        Pace { interval: Duration::from_secs(seconds), refresh: 0 }
    }

    #[test]
    fn who_does_not_answer_is_asked_less_often_up_to_a_point() {
        let waits = |seconds| [0, 1, 2, 3, 9, 99].map(|failures| pace(seconds).wait(failures, 0.5).as_secs());
        assert_eq!(waits(1), [1, 2, 4, 8, 15, 15]);
        assert_eq!(waits(30), [30; 6], "never more seldom than asked for");
    }

    #[test]
    fn targets_do_not_march_in_step() {
        assert_eq!([0.0, 1.0].map(|chance| pace(30).wait(0, chance).as_millis()), [28_500, 31_500]);
    }

    #[test]
    fn an_answer_has_to_come_within_the_interval() {
        assert_eq!([1, 5, 60].map(|seconds| pace(seconds).patience().as_secs()), [1, 5, 10]);
    }
}
