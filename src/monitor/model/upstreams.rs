//! The upstreams of a target that stand in for each other, over time.

use std::time::Duration;

use super::{
    event::{Event, EventKind},
    timeline::Timeline,
};
use crate::{
    observe::{Observation, Upstream},
    resilience::State,
    util::{humanize::age, time::UnixMillis},
};

/// Why an upstream is away that answers probes, as far as is known.
const NOT_ASKED: &str = "its breaker lets no questions through";
/// Upstreams whose past is kept, and those that are told of now.
const MOST: usize = 64;

/// An upstream over time.
#[derive(Debug, Clone)]
pub struct UpstreamLine {
    /// Its name.
    pub name: String,
    /// Its model, as it was told last.
    pub model: Option<String>,
    /// When it was there, as [`State::Closed`], and when it was away, as [`State::Open`].
    pub line: Timeline,
}

/// The upstreams of a target that stand in for each other; none of a target with one.
#[derive(Debug, Clone, Default)]
pub struct Upstreams(Vec<UpstreamLine>);

impl Upstreams {
    /// All that were told of, in the order in which they are asked.
    pub fn iter(&self) -> impl Iterator<Item = &UpstreamLine> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<&UpstreamLine> {
        self.0.iter().find(|upstream| upstream.name == name)
    }

    /// How long none was there between two moments, of those that are known.
    pub fn all_away(&self, from: UnixMillis, to: UnixMillis) -> Duration {
        let mut moments: Vec<UnixMillis> = vec![from, to];
        let lines = || self.0.iter().map(|upstream| &upstream.line);
        let changes = lines().flat_map(|line| line.changes().map(|change| change.at).chain(line.until()));
        moments.extend(changes.filter(|at| *at > from && *at < to));
        moments.sort_unstable();
        // Between two moments nothing changes, but at the first something may.
        let away = |at: UnixMillis| self.state_at(at + Duration::from_millis(1)) == Some(State::Open);
        let spans = moments.iter().zip(moments.iter().skip(1)).filter(|(begin, end)| begin < end && away(**begin));
        spans.map(|(begin, end)| end.since(*begin)).sum()
    }

    /// The state of all at a moment: closed while all are there, half-open while some are, open while none is.
    pub fn state_at(&self, moment: UnixMillis) -> Option<State> {
        joint(self.0.iter().map(|upstream| upstream.line.at(moment)))
    }

    /// The same within each of equal columns of the time from `from` to `to`.
    pub fn columns(&self, from: UnixMillis, to: UnixMillis, count: usize) -> Vec<Option<State>> {
        let lines: Vec<_> = self.0.iter().map(|upstream| upstream.line.columns(from, to, count)).collect();
        (0..count).map(|column| joint(lines.iter().map(|line| line.get(column).copied().flatten()))).collect()
    }

    /// Takes in what a target told at a moment. `before`: what it told last, and when; `lost`: it was heard last then, and
    /// what happened since may have been missed.
    pub(super) fn follow(
        &mut self,
        index: usize,
        at: UnixMillis,
        before: Option<(&Observation, UnixMillis)>,
        seen: &Observation,
        lost: Option<UnixMillis>,
    ) -> Vec<Event> {
        let chain = seen.chain();
        let mut events = Vec::new();
        for upstream in chain {
            let place = self.place_of(upstream);
            let Some(known) = self.0.get_mut(place) else { continue };
            known.model = upstream.model.clone().or(known.model.take());
            // What was not told of for a while may have been anything.
            let untold = before.filter(|(before, _)| before.chain().iter().all(|other| other.name != upstream.name));
            if let Some(lost) = lost.or(untold.map(|(_, told)| told)) {
                known.line.lose(lost);
            }
            let Some(there) = upstream.is_there() else { continue };
            let since = known.line.outage(at);
            let why = match (there, &upstream.error) {
                (true, _) => "",
                (false, Some(error)) => error,
                (false, None) => NOT_ASKED,
            };
            // A breaker knows earlier than a probe, but a probe knows more.
            if !there && known.line.change(at).is_some_and(|change| change.reason == NOT_ASKED) {
                known.line.explain(why);
            }
            if known.line.see_why(at, if there { State::Closed } else { State::Open }, why)
                && known.line.changes().rev().nth(1).is_some_and(|before| before.to.is_some())
            {
                let name = &upstream.name;
                let text = match (there, since) {
                    (true, Some(since)) => format!("upstream {name} is back after {}", age(at.since(since))),
                    (true, None) => format!("upstream {name} is back"),
                    (false, _) => format!("upstream {name} is away: {why}"),
                };
                let left = chain.iter().any(|upstream| !upstream.is_away());
                events.push(Event::new(at, index, EventKind::Upstream { there, left }, text));
            }
        }
        if self.0.len() > MOST {
            self.0.retain(|known| chain.iter().any(|upstream| upstream.name == known.name));
        }
        // In the order in which they are asked; those that are gone come last.
        let place = |known: &UpstreamLine| chain.iter().position(|upstream| upstream.name == known.name);
        if !chain.is_empty() {
            self.0.sort_by_key(|known| place(known).unwrap_or(usize::MAX));
        }
        events
    }

    fn place_of(&mut self, upstream: &Upstream) -> usize {
        self.0.iter().position(|known| known.name == upstream.name).unwrap_or_else(|| {
            let name = upstream.name.clone();
            self.0.push(UpstreamLine { name, model: None, line: Timeline::default() });
            self.0.len() - 1
        })
    }
}

/// Several states as one; those that are not known say nothing.
fn joint(states: impl Iterator<Item = Option<State>>) -> Option<State> {
    states.flatten().reduce(|a, b| if a == b { a } else { State::HalfOpen })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use State::{Closed, HalfOpen, Open};

    fn told(upstreams: &[(&str, Option<bool>)]) -> Observation {
        let upstream = |(name, healthy): &(&str, Option<bool>)| Upstream {
            name: (*name).to_owned(),
            healthy: *healthy,
            error: (*healthy == Some(false)).then(|| "connection refused".to_owned()),
            ..Upstream::default()
        };
        Observation { upstreams: upstreams.iter().map(upstream).collect(), ..Observation::default() }
    }

    /// Tells one after another, a second apart; what happened.
    fn follow(upstreams: &mut Upstreams, polls: &[Observation]) -> Vec<String> {
        let mut before: Option<(&Observation, UnixMillis)> = None;
        let mut events = Vec::new();
        for (number, seen) in (1..).zip(polls) {
            let at = UnixMillis(number * 1_000);
            events.extend(upstreams.follow(0, at, before, seen, None).into_iter().map(|event| event.text));
            before = Some((seen, at));
        }
        events
    }

    const BOTH: [(&str, Option<bool>); 2] = [("small", Some(true)), ("big", Some(true))];
    const ONE: [(&str, Option<bool>); 2] = [("small", Some(true)), ("big", Some(false))];
    const NONE: [(&str, Option<bool>); 2] = [("small", Some(false)), ("big", Some(false))];

    #[test]
    fn who_goes_and_comes_is_told() {
        let mut upstreams = Upstreams::default();
        let polls = [&BOTH, &ONE, &ONE, &NONE, &BOTH].map(|poll| told(poll));
        assert_eq!(
            follow(&mut upstreams, &polls),
            [
                "upstream big is away: connection refused",
                "upstream small is away: connection refused",
                "upstream small is back after 1 s",
                "upstream big is back after 3 s",
            ]
        );
        let names: Vec<_> = upstreams.iter().map(|upstream| upstream.name.as_str()).collect();
        assert_eq!(names, ["small", "big"], "in the order in which they are asked");
        let at = |second: i64| UnixMillis(second * 1_000);
        let states = [1, 2, 3, 4, 5].map(|second| upstreams.state_at(at(second)));
        assert_eq!(states, [Some(Closed), Some(HalfOpen), Some(HalfOpen), Some(Open), Some(Closed)]);
        assert_eq!(upstreams.all_away(at(0), at(9)), Duration::from_secs(1));
        assert_eq!(upstreams.columns(at(1), at(5), 4), [Some(Closed), Some(HalfOpen), Some(HalfOpen), Some(Open)]);
    }

    #[test]
    fn a_probe_explains_what_a_breaker_noticed() {
        let mut upstreams = Upstreams::default();
        let mut rejected = told(&BOTH);
        rejected.upstreams[1].asked = Some(false);
        let why = |upstreams: &Upstreams| {
            upstreams.get("big").unwrap().line.change(UnixMillis(9_000)).unwrap().reason.clone()
        };
        assert_eq!(follow(&mut upstreams, &[told(&BOTH), rejected]), [format!("upstream big is away: {NOT_ASKED}")]);
        assert_eq!(why(&upstreams), NOT_ASKED);
        assert!(upstreams.follow(0, UnixMillis(3_000), None, &told(&ONE), None).is_empty());
        assert_eq!(why(&upstreams), "connection refused");
    }

    #[test]
    fn one_alone_is_not_followed_and_what_nobody_tells_is_not_known() {
        let mut upstreams = Upstreams::default();
        assert_eq!(follow(&mut upstreams, &[told(&ONE[1..]), told(&[])]), [""; 0]);
        assert!(upstreams.is_empty());
        // Before the first probe; then it is away from the first look on, which is no change.
        let unknown = [("small", Some(true)), ("big", None)];
        assert_eq!(follow(&mut upstreams, &[told(&unknown), told(&ONE)]), [""; 0]);
        let mut upstreams = Upstreams::default();
        let polls = [told(&BOTH), told(&[]), told(&ONE)];
        assert_eq!(follow(&mut upstreams, &polls), [""; 0], "it may have gone at any time");
        assert_eq!(upstreams.get("big").unwrap().line.at(UnixMillis(2_500)), None);
    }

    proptest! {
        #[test]
        fn none_is_there_as_long_as_every_second_says(
            polls in prop::collection::vec((prop::option::of(any::<bool>()), prop::option::of(any::<bool>())), 1..20),
            from in 0i64..9, to in 9i64..25,
        ) {
            let mut upstreams = Upstreams::default();
            let polls: Vec<_> = polls.into_iter().map(|(a, b)| told(&[("a", a), ("b", b)])).collect();
            follow(&mut upstreams, &polls);
            let without = (from..to).filter(|second| upstreams.state_at(UnixMillis(second * 1_000 + 1)) == Some(Open));
            let without = Duration::from_secs(without.count() as u64);
            let (from, to) = (UnixMillis(from * 1_000), UnixMillis(to * 1_000));
            prop_assert_eq!(upstreams.all_away(from, to), without);
            prop_assert_eq!(upstreams.columns(from, to, 7).len(), 7);
        }
    }
}
