//! Which changes of breakers were told already.

use std::collections::{BTreeMap, VecDeque};

use super::format::Poll;
use crate::{observe::StateTransition, resilience::State};

/// KnownTransitions that are remembered of a breaker, at least: more than a server keeps, and enough for a few servers that answer
/// in transition behind one URL.
const REMEMBERED: usize = 512;

/// Most breakers of a target: a server that makes up names must not fill the memory.
const BREAKERS: usize = 256;

/// What tells one transition from another: a breaker does not transition the same way twice at one time.
type TransitionKey = (u64, State, State);

/// Which changes of breakers were told already. A server tells its last hundred at every poll; one telling is enough.
#[derive(Debug, Default)]
pub(super) struct KnownTransitions {
    known: BTreeMap<String, BTreeMap<String, VecDeque<TransitionKey>>>,
}

impl KnownTransitions {
    /// Leaves the transitions in a poll that were not told before.
    pub(super) fn leave_news(&self, poll: &mut Poll) {
        let (Ok(observation), Some(target)) = (&mut poll.result, self.known.get(&poll.target)) else { return };
        for (name, breaker) in &mut observation.breakers {
            if let Some(known) = target.get(name) {
                breaker.history.retain(|transition| !known.contains(&key(transition)));
            }
        }
    }

    /// From now on these were told.
    pub(super) fn remember(&mut self, poll: &Poll) {
        let Ok(observation) = &poll.result else { return };
        for (name, breaker) in &observation.breakers {
            if breaker.history.is_empty() {
                continue;
            }
            let target = self.known.entry(poll.target.clone()).or_default();
            if target.len() >= BREAKERS && !target.contains_key(name) {
                target.clear();
            }
            let known = target.entry(name.clone()).or_default();
            for key in breaker.history.iter().map(key) {
                if !known.contains(&key) {
                    known.push_back(key);
                }
            }
            let excess = known.len().saturating_sub(REMEMBERED.max(2 * breaker.history.len()));
            known.drain(..excess);
        }
    }
}

fn key(transition: &StateTransition) -> TransitionKey {
    (transition.at.to_bits(), transition.from, transition.to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Breaker, Observation};
    use crate::util::time::UnixMillis;

    fn poll(target: &str, name: &str, times: std::ops::Range<u32>) -> Poll {
        let transition = |at| StateTransition { at, from: State::Closed, to: State::Open, reason: String::new() };
        let breaker = Breaker { history: times.map(|at| transition(at.into())).collect(), ..Breaker::default() };
        let breakers = BTreeMap::from([(name.to_owned(), breaker)]);
        let result = Ok(Observation { breakers, ..Observation::default() });
        Poll { at: UnixMillis(0), target: target.to_owned(), result }
    }

    fn news(transitions: &mut KnownTransitions, mut poll: Poll) -> usize {
        transitions.leave_news(&mut poll);
        transitions.remember(&poll);
        poll.result.unwrap().breakers.values().map(|breaker| breaker.history.len()).sum()
    }

    #[test]
    fn a_turn_is_news_once_for_its_breaker_and_target() {
        let mut transitions = KnownTransitions::default();
        assert_eq!(news(&mut transitions, poll("a", "llm", 0..3)), 3);
        assert_eq!(news(&mut transitions, poll("a", "llm", 1..5)), 2);
        assert_eq!(news(&mut transitions, poll("a", "llm", 1..5)), 0);
        assert_eq!(news(&mut transitions, poll("a", "embed", 1..5)), 4);
        assert_eq!(news(&mut transitions, poll("b", "llm", 1..5)), 4);
    }

    #[test]
    fn two_servers_behind_one_url_do_not_repeat_themselves() {
        let mut transitions = KnownTransitions::default();
        assert_eq!(news(&mut transitions, poll("a", "llm", 0..100)), 100);
        assert_eq!(news(&mut transitions, poll("a", "llm", 1000..1100)), 100);
        assert_eq!(news(&mut transitions, poll("a", "llm", 0..100)), 0);
        assert_eq!(news(&mut transitions, poll("a", "llm", 1001..1101)), 1);
    }

    #[test]
    fn a_server_whose_clock_went_back_is_still_heard() {
        let mut transitions = KnownTransitions::default();
        assert_eq!(news(&mut transitions, poll("a", "llm", 500..503)), 3);
        assert_eq!(news(&mut transitions, poll("a", "llm", 2..4)), 2);
    }

    #[test]
    fn memory_has_a_bound() {
        let mut transitions = KnownTransitions::default();
        for at in 0..5000 {
            news(&mut transitions, poll("a", "llm", at..at + 2));
            news(&mut transitions, poll("a", &format!("made up {at}"), 0..1));
        }
        let target = &transitions.known["a"];
        assert!(target.len() <= BREAKERS && target.values().all(|known| known.len() <= REMEMBERED));
    }
}
