//! How long a server was watched, and how long of that it gave no answer.
//!
//! Time is counted, not polls: a server that does not answer is asked less often, so that few polls may fail in a long
//! outage. A poll stands for the time up to the next one; the last poll, and one before a gap, for one interval.

use std::time::Duration;

use crate::monitor::{model::target::Target, pace::longest_pause};

/// The time that a server was watched, added up poll by poll.
#[derive(Debug, Default)]
pub(super) struct Presence {
    watched: Duration,
    unreachable: Duration,
    last: Option<LastPoll>,
}

/// The last poll.
#[derive(Debug, Clone, Copy)]
struct LastPoll {
    failed: bool,
    /// The time from poll to poll.
    interval: Duration,
    /// The next poll comes within this time, or polls are missing.
    allowed: Duration,
}

impl Presence {
    /// Takes in a poll that the target knows already, so long after the one before. `true` when polls are missing between
    /// them: nobody asked.
    pub fn see(&mut self, target: &Target, failed: bool, passed: Duration) -> bool {
        let gap = self.last.is_some_and(|last| passed > last.allowed);
        if let Some(last) = self.last {
            self.stand(last, if gap { last.interval.min(passed) } else { passed });
        }
        let interval = target.interval;
        let allowed = if failed { target.gap().max(longest_pause(interval)) } else { target.gap() };
        self.last = Some(LastPoll { failed, interval, allowed });
        gap
    }

    /// The time that the server was watched, and that in which it gave no answer.
    pub fn finish(mut self) -> (Duration, Duration) {
        if let Some(last) = self.last {
            self.stand(last, last.interval);
        }
        (self.watched, self.unreachable)
    }

    fn stand(&mut self, poll: LastPoll, time: Duration) {
        self.watched = self.watched.saturating_add(time);
        if poll.failed {
            self.unreachable = self.unreachable.saturating_add(time);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of polls: for each, the seconds since the one before and whether it failed. Also the gaps.
    fn seen(interval: u64, polls: &[(u64, bool)]) -> (u64, u64, usize) {
        let target = Target::new("http://a", Duration::from_secs(interval), 16);
        let mut presence = Presence::default();
        let gaps = polls.iter().filter(|(passed, failed)| presence.see(&target, *failed, Duration::from_secs(*passed)));
        let gaps = gaps.count();
        let (watched, unreachable) = presence.finish();
        (watched.as_secs(), unreachable.as_secs(), gaps)
    }

    #[test]
    fn a_poll_stands_for_the_time_up_to_the_next() {
        assert_eq!(seen(1, &[]), (0, 0, 0));
        assert_eq!(seen(30, &[(0, false)]), (30, 0, 0));
        assert_eq!(seen(30, &[(0, true)]), (30, 30, 0), "nobody says that one poll that failed is all well");
        // 2 + 4 s of silence, then an answer that stands for a second.
        assert_eq!(seen(1, &[(0, false), (1, true), (2, true), (4, false)]), (8, 6, 0));
    }

    #[test]
    fn who_does_not_answer_may_be_asked_late_and_who_does_may_not() {
        // 15 s × 1.05 + 10 s.
        assert_eq!(seen(1, &[(0, true), (25, true)]), (26, 26, 0));
        assert_eq!(seen(1, &[(0, true), (26, true)]), (2, 2, 1), "nobody asked for most of this time");
        assert_eq!(seen(1, &[(0, false), (25, true)]), (2, 1, 1));
        // 60 s × 2.5 + 1 s is longer than 60 s × 1.05 + 10 s.
        assert_eq!(seen(60, &[(0, true), (151, false)]), (211, 151, 0));
    }
}
