//! The LLM servers that stand in for each other, as a server tells of them.

use serde::{Deserialize, Serialize};

use super::observation::Observation;
use crate::resilience::State;

/// The end of the name of the breaker before an upstream's answers.
const ANSWERS: &str = "_client";
/// The end of the name of the breaker before its embedding.
const EMBEDS: &str = "_client_embed";

/// An LLM server, as a server tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Upstream {
    /// Its name.
    pub name: String,
    /// Its model that answers.
    pub model: Option<String>,
    /// Whether it answered the last probe and has its models; `None` before the first.
    pub healthy: Option<bool>,
    /// Whether its circuit breaker lets questions through.
    pub asked: Option<bool>,
    /// Why it is not healthy.
    pub error: Option<String>,
}

impl Upstream {
    /// Whether it answers questions, as far as is known.
    pub fn is_there(&self) -> Option<bool> {
        match (self.healthy, self.asked) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), _) => Some(true),
            (None, _) => None,
        }
    }

    /// Whether questions go to others.
    pub fn is_away(&self) -> bool {
        self.is_there() == Some(false)
    }

    /// The name of the upstream before whose answers a breaker of this name would stand.
    pub fn of_breaker(breaker: &str) -> Option<&str> {
        breaker.strip_suffix(ANSWERS)
    }

    /// Whether a breaker of this name is the one before its answers.
    pub fn answers_behind(&self, breaker: &str) -> bool {
        Self::of_breaker(breaker) == Some(&self.name)
    }

    /// Whether a breaker of this name is the one before its embedding.
    pub fn embeds_behind(&self, breaker: &str) -> bool {
        breaker.strip_suffix(EMBEDS) == Some(&self.name)
    }

    /// The name of its connections.
    pub fn client(&self) -> String {
        format!("{}{ANSWERS}", self.name)
    }
}

impl Observation {
    /// The upstreams that stand in for each other, in the order in which they are asked; none when there is only one.
    pub fn chain(&self) -> &[Upstream] {
        if self.upstreams.len() > 1 { &self.upstreams } else { &[] }
    }

    /// Whether a breaker of this name is the one before the answers of an upstream in whose place another one answers now.
    pub fn stands_in(&self, breaker: &str) -> bool {
        let chain = self.chain();
        chain.iter().any(|upstream| upstream.answers_behind(breaker))
            && chain.iter().any(|other| !other.is_away() && !other.answers_behind(breaker))
    }

    /// The state of the breaker that is worst off of those in whose place nothing else answers.
    pub fn worst_without_stand_in(&self) -> Option<State> {
        let alone = self.breakers.iter().filter(|(name, _)| !self.stands_in(name));
        let worst = alone.filter_map(|(_, breaker)| breaker.state).max_by_key(|state| state.severity());
        // Where all that is not closed has a stand-in, all is as good as closed.
        worst.or(self.worst().map(|_| State::Closed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Breaker;

    fn upstream(name: &str, there: bool) -> Upstream {
        Upstream { name: name.into(), healthy: Some(there), asked: Some(true), ..Upstream::default() }
    }

    fn seen(upstreams: &[(&str, bool)], breakers: &[(&str, State)]) -> Observation {
        let breaker = |state| Breaker { state: Some(state), ..Breaker::default() };
        Observation {
            upstreams: upstreams.iter().map(|(name, there)| upstream(name, *there)).collect(),
            breakers: breakers.iter().map(|(name, state)| ((*name).to_owned(), breaker(*state))).collect(),
            ..Observation::default()
        }
    }

    #[test]
    fn an_upstream_is_there_when_probe_and_breaker_say_so() {
        let is = |healthy, asked| Upstream { healthy, asked, ..Upstream::default() }.is_there();
        assert_eq!([is(Some(true), Some(true)), is(Some(true), None)], [Some(true); 2]);
        let away =
            [is(Some(false), Some(true)), is(Some(true), Some(false)), is(None, Some(false)), is(Some(false), None)];
        assert_eq!(away, [Some(false); 4]);
        assert_eq!([is(None, None), is(None, Some(true))], [None; 2], "before the first probe nobody knows");
    }

    #[test]
    fn one_upstream_has_nobody_to_stand_in_for_it() {
        let alone = seen(&[("big", false)], &[("big_client", State::Open)]);
        assert!(alone.chain().is_empty() && !alone.stands_in("big_client"));
        assert_eq!(alone.worst_without_stand_in(), Some(State::Open));
        assert_eq!(seen(&[], &[]).worst_without_stand_in(), None);
    }

    #[test]
    fn a_breaker_matters_when_nobody_else_answers_or_it_is_that_of_embedding() {
        let breakers =
            [("big_client", State::Open), ("big_client_embed", State::HalfOpen), ("small_client", State::Closed)];
        let one_away = seen(&[("big", false), ("small", true)], &breakers);
        assert!(one_away.stands_in("big_client") && !one_away.stands_in("big_client_embed"));
        assert!(!one_away.stands_in("small_client"), "big cannot answer in its place");
        assert_eq!(one_away.worst_without_stand_in(), Some(State::HalfOpen));
        let both_away = seen(&[("big", false), ("small", false)], &breakers);
        assert_eq!(both_away.worst_without_stand_in(), Some(State::Open));
        let only = seen(&[("big", false), ("small", true)], &breakers[..1]);
        assert_eq!(only.worst_without_stand_in(), Some(State::Closed));
    }
}
