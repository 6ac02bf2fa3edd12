//! The states of a breaker, or of an upstream, over time: from what polls see, and from what the server remembers of the time between.

use std::{collections::VecDeque, time::Duration};

use super::history::worse;
use crate::resilience::State;
use crate::util::time::UnixMillis;

/// Most changes that are kept.
const MOST: usize = 10_000;

/// From when on which state holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// From when on.
    pub at: UnixMillis,
    /// The state; `None`: not known.
    pub to: Option<State>,
    /// The reason, as the server says; empty when it does not.
    pub reason: String,
}

/// The states of a breaker over time.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    changes: VecDeque<StateChange>,
    /// Until when the state is known.
    until: Option<UnixMillis>,
}

impl Timeline {
    /// Takes in a change that the server remembers. `true` when it was new.
    pub fn remember(&mut self, at: UnixMillis, from: State, to: State, reason: &str) -> bool {
        let next = self.changes.partition_point(|change| change.at <= at);
        // Several may have happened within one millisecond.
        let mut same = self.changes.range(..next).rev().take_while(|change| change.at == at);
        if same.any(|change| change.to == Some(to) && change.reason == reason) {
            return false;
        }
        // What a poll saw soon after is this change, seen late.
        if let Some(seen) = self.changes.get_mut(next)
            && seen.to == Some(to)
            && seen.reason.is_empty()
        {
            *seen = StateChange { at, to: Some(to), reason: reason.to_owned() };
            return true;
        }
        if self.changes.is_empty() || next == 0 {
            // Before the first change that is remembered the breaker was in the state that it came from, but since when?
            self.changes.push_front(StateChange { at, to: Some(from), reason: String::new() });
            self.insert(1, StateChange { at, to: Some(to), reason: reason.to_owned() });
        } else {
            self.insert(next, StateChange { at, to: Some(to), reason: reason.to_owned() });
        }
        self.until = self.until.max(Some(at));
        true
    }

    /// What a poll saw. `true` when the state is another one than was known.
    pub fn see(&mut self, at: UnixMillis, state: State) -> bool {
        self.see_why(at, state, "")
    }

    /// The same, with the reason that the server gives.
    pub fn see_why(&mut self, at: UnixMillis, state: State, reason: &str) -> bool {
        self.until = self.until.max(Some(at));
        let last = self.changes.back();
        if last.is_some_and(|last| last.to == Some(state) || last.at > at) {
            return false;
        }
        let new = last.is_some();
        let next = self.changes.len();
        self.insert(next, StateChange { at, to: Some(state), reason: reason.to_owned() });
        new
    }

    /// Another reason for the last change is known.
    pub fn explain(&mut self, reason: &str) {
        if let Some(last) = self.changes.back_mut() {
            reason.clone_into(&mut last.reason);
        }
    }

    /// From when on nothing is known any more.
    pub fn lose(&mut self, at: UnixMillis) {
        if self.changes.back().is_some_and(|last| last.to.is_some() && last.at <= at) {
            let next = self.changes.len();
            self.insert(next, StateChange { at, to: None, reason: String::new() });
        }
    }

    fn insert(&mut self, at: usize, change: StateChange) {
        self.changes.insert(at, change);
        if self.changes.len() > MOST {
            self.changes.pop_front();
        }
    }

    /// All changes, oldest first.
    pub fn changes(&self) -> impl DoubleEndedIterator<Item = &StateChange> {
        self.changes.iter()
    }

    /// Until when it is known.
    pub fn until(&self) -> Option<UnixMillis> {
        self.until
    }

    /// The state at a moment.
    pub fn at(&self, moment: UnixMillis) -> Option<State> {
        if self.until.is_none_or(|until| moment > until) {
            return None;
        }
        let next = self.changes.partition_point(|change| change.at <= moment);
        self.changes.get(next.checked_sub(1)?)?.to
    }

    /// Since when the state of a moment has held, as far as is known.
    pub fn since(&self, moment: UnixMillis) -> Option<UnixMillis> {
        Some(self.change(moment)?.at)
    }

    /// The change that brought about the state of a moment.
    pub fn change(&self, moment: UnixMillis) -> Option<&StateChange> {
        let next = self.changes.partition_point(|change| change.at <= moment);
        self.changes.get(next.checked_sub(1)?)
    }

    /// Since when the breaker has not been closed, as of a moment: failed probes do not begin it anew.
    pub fn outage(&self, moment: UnixMillis) -> Option<UnixMillis> {
        let next = self.changes.partition_point(|change| change.at <= moment);
        let not_closed = |change: &&StateChange| change.to.is_some_and(|state| state != State::Closed);
        self.changes.range(..next).rev().take_while(not_closed).last().map(|change| change.at)
    }

    /// How often it tripped, that is left its closed state, after `from` and not after `to`. A probe that fails is no trip:
    /// the breaker was not closed before.
    pub fn trips(&self, from: UnixMillis, to: UnixMillis) -> usize {
        let tripped = |(before, after): &(&StateChange, &StateChange)| {
            let left = before.to == Some(State::Closed) && after.to.is_some_and(|state| state != State::Closed);
            left && after.at > from && after.at <= to
        };
        self.changes.iter().zip(self.changes.iter().skip(1)).filter(tripped).count()
    }

    /// How long each state held between two moments: closed, open, half-open; what is missing is not known.
    pub fn shares(&self, from: UnixMillis, to: UnixMillis) -> [Duration; 3] {
        let mut shares = [Duration::ZERO; 3];
        let to = self.until.map_or(from, |until| until.min(to));
        let ends = self.changes.iter().skip(1).map(|change| change.at).chain([to]);
        for (change, end) in self.changes.iter().zip(ends) {
            if let Some(state) = change.to {
                shares[usize::from(state.code())] += end.min(to).since(change.at.max(from));
            }
        }
        shares
    }

    /// The worst state within each of equal columns of the time from `from` to `to`; `None`: not known.
    pub fn columns(&self, from: UnixMillis, to: UnixMillis, count: usize) -> Vec<Option<State>> {
        let mut columns = vec![None; count];
        let span = i128::from((to.0.saturating_sub(from.0)).max(1));
        let until = self.until.map_or(from, |until| until.min(to));
        let most = count as i128;
        let column = |at: UnixMillis| i128::from(at.0.saturating_sub(from.0)) * most / span;
        let ends = self.changes.iter().skip(1).map(|change| change.at).chain([until]);
        for (change, end) in self.changes.iter().zip(ends) {
            let (begin, end) = (change.at.max(from), end.min(until));
            if change.to.is_none() || end <= from || begin > end || begin >= to || count == 0 {
                continue;
            }
            let last = column(UnixMillis(end.0 - 1).max(begin)).clamp(0, most - 1) as usize;
            let first = (column(begin).clamp(0, most - 1) as usize).min(last);
            for column in &mut columns[first..=last] {
                *column = worse(*column, change.to);
            }
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use State::{Closed, HalfOpen, Open};

    /// Changes from one known state to another.
    fn turns(line: &Timeline, from: UnixMillis, to: UnixMillis) -> usize {
        let known = |(before, after): &(&StateChange, &StateChange)| {
            after.at > from && after.at <= to && before.to.is_some() && after.to.is_some() && before.to != after.to
        };
        line.changes.iter().zip(line.changes.iter().skip(1)).filter(known).count()
    }

    #[test]
    fn what_the_server_remembers_is_put_where_it_belongs() {
        let mut line = Timeline::default();
        assert!(!line.see(UnixMillis(0), Closed), "the first state is no change");
        assert!(!line.see(UnixMillis(10_000), Closed), "nor is the same again");
        // Between two polls it opened and closed again.
        assert!(line.remember(UnixMillis(12_000), Closed, Open, "5 consecutive failures"));
        assert!(line.remember(UnixMillis(15_000), Open, HalfOpen, "probing"));
        assert!(line.remember(UnixMillis(16_000), HalfOpen, Closed, "2 probes answered"));
        assert!(!line.see(UnixMillis(20_000), Closed));
        assert!(
            !line.remember(UnixMillis(12_000), Closed, Open, "5 consecutive failures"),
            "it is told again with every poll"
        );
        assert_eq!(line.at(UnixMillis(13_000)), Some(Open));
        assert_eq!(line.at(UnixMillis(20_001)), None, "nobody has looked yet");
        assert_eq!(
            (turns(&line, UnixMillis(0), UnixMillis(20_000)), line.trips(UnixMillis(0), UnixMillis(20_000))),
            (3, 1)
        );
        let shares = line.shares(UnixMillis(0), UnixMillis(20_000)).map(|share| share.as_secs());
        assert_eq!(shares, [16, 3, 1]);
        assert_eq!(
            line.columns(UnixMillis(0), UnixMillis(20_000), 10)[5..9],
            [Some(Closed), Some(Open), Some(Open), Some(Closed)],
            "the worst of each column"
        );
    }

    #[test]
    fn a_change_that_a_poll_saw_late_is_not_told_twice() {
        let mut line = Timeline::default();
        line.see(UnixMillis(0), Closed);
        assert!(line.see(UnixMillis(10_000), Open));
        assert!(line.remember(UnixMillis(7_000), Closed, Open, "why"));
        assert_eq!(turns(&line, UnixMillis(0), UnixMillis(10_000)), 1);
        assert_eq!(line.since(UnixMillis(10_000)), Some(UnixMillis(7_000)));
    }

    #[test]
    fn what_nobody_saw_is_not_known() {
        let mut line = Timeline::default();
        line.see(UnixMillis(0), Closed);
        line.lose(UnixMillis(4_000));
        line.see(UnixMillis(8_000), Open);
        assert_eq!([2_000, 6_000, 8_000].map(|at| line.at(UnixMillis(at))), [Some(Closed), None, Some(Open)]);
        assert_eq!(turns(&line, UnixMillis(0), UnixMillis(9_000)), 0, "whether it changed once or often is not known");
    }

    #[test]
    fn failed_probes_neither_end_an_outage_nor_begin_it_anew() {
        let mut line = Timeline::default();
        line.see(UnixMillis(0), Closed);
        for (at, from, to) in [(10, Closed, Open), (40, Open, HalfOpen), (41, HalfOpen, Open), (71, Open, HalfOpen)] {
            line.remember(UnixMillis(at), from, to, "why");
        }
        assert_eq!(
            (line.outage(UnixMillis(80)), line.since(UnixMillis(80))),
            (Some(UnixMillis(10)), Some(UnixMillis(71)))
        );
        assert_eq!((line.trips(UnixMillis(0), UnixMillis(80)), turns(&line, UnixMillis(0), UnixMillis(80))), (1, 4));
        line.remember(UnixMillis(81), HalfOpen, Closed, "why");
        assert_eq!((line.outage(UnixMillis(81)), line.trips(UnixMillis(0), UnixMillis(81))), (None, 1));
        assert_eq!(
            (line.outage(UnixMillis(40)), line.trips(UnixMillis(10), UnixMillis(80))),
            (Some(UnixMillis(10)), 0)
        );
    }

    #[test]
    fn changes_of_the_same_millisecond_are_told_once_each() {
        let mut line = Timeline::default();
        line.see(UnixMillis(0), Open);
        let tell = |line: &mut Timeline| {
            [line.remember(UnixMillis(9), Open, HalfOpen, "a"), line.remember(UnixMillis(9), HalfOpen, Closed, "b")]
        };
        assert_eq!((tell(&mut line), tell(&mut line)), ([true; 2], [false; 2]));
        // A state that was seen with the last poll before a gap does not reach into it.
        line.see(UnixMillis(20), Open);
        line.lose(UnixMillis(20));
        line.see(UnixMillis(90), Open);
        assert_eq!([21, 90].map(|at| line.at(UnixMillis(at))), [None, Some(Open)]);
    }

    fn state() -> impl Strategy<Value = State> {
        prop::sample::select(vec![Closed, Open, HalfOpen])
    }

    proptest! {
        #[test]
        fn any_order_of_news_can_be_taken_in(
            news in prop::collection::vec((0i64..1_000, state(), state(), 0u8..3), 0..40),
            from in -10i64..1_100, to in -10i64..1_100, count in 0usize..30,
        ) {
            let mut line = Timeline::default();
            for (at, a, b, kind) in news {
                match kind {
                    0 => drop(line.see(UnixMillis(at), a)),
                    1 => drop(line.remember(UnixMillis(at), a, b, "why")),
                    _ => line.lose(UnixMillis(at)),
                }
                prop_assert!(line.changes.iter().zip(line.changes.iter().skip(1)).all(|(a, b)| a.at <= b.at));
            }
            prop_assert_eq!(line.columns(UnixMillis(from), UnixMillis(to), count).len(), count);
            let whole: Duration = line.shares(UnixMillis(from), UnixMillis(to)).iter().sum();
            prop_assert!(whole <= UnixMillis(to).since(UnixMillis(from)));
        }
    }
}
