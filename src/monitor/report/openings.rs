//! When a breaker was open, or an upstream away, over a time.

use std::time::Duration;

use crate::{monitor::model::timeline::Timeline, resilience::State, util::time::UnixMillis};

/// A time during which a breaker did not let all calls through, from its opening until it was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opening {
    pub begin: UnixMillis,
    pub end: UnixMillis,
    /// It was not closed at the end of what is known.
    pub ongoing: bool,
    /// The reason, as the server says.
    pub reason: String,
}

impl Opening {
    pub fn lasted(&self) -> Duration {
        self.end.since(self.begin)
    }
}

/// The openings of a breaker between two moments.
pub(super) fn openings(line: &Timeline, from: UnixMillis, to: UnixMillis) -> Vec<Opening> {
    let mut found = Vec::new();
    // The opening, and whether it was open at all, and not half-open only.
    let mut current: Option<(Opening, bool)> = None;
    for change in line.changes() {
        let began = || Opening { begin: change.at, end: to, ongoing: true, reason: change.reason.clone() };
        match change.to {
            Some(State::Open) => {
                let (opening, open) = current.get_or_insert_with(|| (began(), true));
                if !*open {
                    opening.reason.clone_from(&change.reason);
                }
                *open = true;
            }
            Some(State::HalfOpen) => {
                current.get_or_insert_with(|| (began(), false));
            }
            Some(State::Closed) | None => {
                if let Some((opening, true)) = current.take() {
                    found.push(Opening { end: change.at, ongoing: false, ..opening });
                }
            }
        }
    }
    found.extend(current.filter(|(_, open)| *open).map(|(opening, _)| opening));
    found.retain(|opening| opening.end > from && opening.begin <= to);
    for opening in &mut found {
        opening.begin = opening.begin.max(from);
        opening.end = opening.end.min(to).max(opening.begin);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::{Closed, HalfOpen, Open};

    fn times(line: &Timeline, from: i64, to: i64) -> Vec<(i64, i64, bool)> {
        let found = openings(line, UnixMillis(from), UnixMillis(to));
        found.into_iter().map(|opening| (opening.begin.0, opening.end.0, opening.ongoing)).collect()
    }

    #[test]
    fn a_breaker_that_is_probed_is_not_closed_yet() {
        let mut line = Timeline::default();
        for (at, state) in
            [(0, Closed), (10, Open), (20, HalfOpen), (21, Open), (30, HalfOpen), (31, Closed), (40, Open)]
        {
            line.see(UnixMillis(at), state);
        }
        assert_eq!(times(&line, 0, 50), [(10, 31, false), (40, 50, true)]);
        assert_eq!(times(&line, 15, 35), [(15, 31, false)], "only what is of the time that is asked for");
    }

    #[test]
    fn probes_alone_are_no_opening_and_what_is_not_known_ends_one() {
        let mut line = Timeline::default();
        for (at, state) in [(0, HalfOpen), (10, Closed), (20, Open)] {
            line.see(UnixMillis(at), state);
        }
        line.lose(UnixMillis(25));
        line.see(UnixMillis(60), Closed);
        assert_eq!(times(&line, 0, 100), [(20, 25, false)]);
    }
}
