//! The states of alerts, per target and rule.
//!
//! ```text
//! quiet ──when──▶ pending ──held for `for`──▶ firing ──clears──▶ clearing ──held for `hold`──▶ quiet
//!   ▲                │                          ▲                    │
//!   └───when ends────┘                          └────clears ends─────┘
//! ```
//!
//! What is not known changes nothing, unless a target that tells does not tell of it again and again: then it is over. A clock that is set back makes timers longer, never shorter: how long something
//! held counts from when it was first seen, by the clock that is handed in.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use super::rules::{Rule, Rules, Severity};
use crate::observe::Metric;
use crate::util::time::UnixMillis;

/// The alerts of all targets.
#[derive(Debug, Clone)]
pub struct Alerts {
    rules: Rules,
    /// One state per rule for each target that was ever looked at. A map: what numbers targets have is not ours to say.
    states: BTreeMap<usize, Box<[AlertState]>>,
    worst_ever: Option<Severity>,
}

/// An alert has begun or ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlertChange {
    /// Of which target.
    pub target: usize,
    /// Index of the rule in [`Alerts::rules`].
    pub rule: usize,
    /// The time of the poll that showed it.
    pub at: UnixMillis,
    /// Whether it has begun or ended.
    pub kind: ChangeKind,
    /// The figure of `when` then, or as last known.
    pub value: f64,
    /// The time that it has fired; `None` when it begins.
    pub lasted: Option<Duration>,
}

/// The beginning or the end of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It has begun.
    Fired,
    /// It is over.
    Cleared,
}

/// An alert that fires.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Active<'a> {
    /// Of which target.
    pub target: usize,
    /// By which rule.
    pub rule: &'a Rule,
    /// Index of the rule in [`Alerts::rules`].
    pub rule_index: usize,
    /// The time at which it fired.
    pub since: UnixMillis,
    /// The figure of `when`, as last known.
    pub value: f64,
    /// Whether the user acknowledged it.
    pub acknowledged: bool,
    /// Whether it clears when its hold time is over.
    pub clearing: bool,
}

#[derive(Debug, Clone, Copy)]
enum AlertState {
    Quiet,
    Pending { since: UnixMillis },
    Firing(Firing),
}

#[derive(Debug, Clone, Copy)]
struct Firing {
    since: UnixMillis,
    value: f64,
    acknowledged: bool,
    /// Since when it could clear.
    clearing: Option<UnixMillis>,
    /// Looks in a row at a target that told, but not this.
    withheld: u8,
}

/// After so many looks at a target that tells, but not of this, it is taken for something that the target does not have.
const WITHHELD: u8 = 3;

/// A poll as a rule sees it.
#[derive(Debug, Clone, Copy)]
enum Seen {
    /// Nothing that could be relied on; whether the target told at all.
    Unknown { told: bool },
    /// `when` holds.
    Bad(f64),
    /// Neither `when` nor `clears` holds.
    Between(f64),
    /// `clears` holds, or `if` does not: then the figure may be unknown.
    Good(Option<f64>),
}

impl Seen {
    fn of(rule: &Rule, told: bool, metric: &dyn Fn(Metric, Duration) -> Option<f64>) -> Self {
        let known = |of| metric(of, rule.over).filter(|value| !value.is_nan());
        // Before the figure itself: without questions there is no share of them, and that must not keep it firing.
        if let Some(only_if) = &rule.only_if {
            match known(only_if.metric()) {
                None => return Self::Unknown { told },
                Some(value) if !only_if.holds(value) => return Self::Good(known(rule.when.metric())),
                Some(_) => {}
            }
        }
        match known(rule.when.metric()) {
            None => Self::Unknown { told },
            Some(value) if rule.when.holds(value) => Self::Bad(value),
            Some(value) if rule.clears.holds(value) => Self::Good(Some(value)),
            Some(value) => Self::Between(value),
        }
    }
}

/// What happened, the value then, and how long it has lasted.
type AlertStep = (ChangeKind, f64, Option<Duration>);

impl AlertState {
    /// Goes on to what follows; `hold_off` and `hold` are how long it takes to fire and to clear.
    fn step(&mut self, seen: Seen, now: UnixMillis, hold_off: Duration, hold: Duration) -> Option<AlertStep> {
        match (&mut *self, seen) {
            (Self::Firing(firing), Seen::Unknown { told: true }) => {
                firing.withheld += 1;
                if firing.withheld < WITHHELD {
                    return None;
                }
                let step = (ChangeKind::Cleared, firing.value, Some(now.since(firing.since)));
                *self = Self::Quiet;
                Some(step)
            }
            (_, Seen::Unknown { .. }) => None,
            (Self::Firing(firing), Seen::Bad(value) | Seen::Between(value)) => {
                firing.value = value;
                (firing.clearing, firing.withheld) = (None, 0);
                None
            }
            (Self::Firing(firing), Seen::Good(value)) => {
                firing.value = value.unwrap_or(firing.value);
                firing.withheld = 0;
                if now.since(*firing.clearing.get_or_insert(now)) < hold {
                    return None;
                }
                let step = (ChangeKind::Cleared, firing.value, Some(now.since(firing.since)));
                *self = Self::Quiet;
                Some(step)
            }
            (Self::Quiet | Self::Pending { .. }, Seen::Bad(value)) => {
                let since = if let Self::Pending { since } = *self { since } else { now };
                if now.since(since) < hold_off {
                    *self = Self::Pending { since };
                    return None;
                }
                *self = Self::Firing(Firing { since: now, value, acknowledged: false, clearing: None, withheld: 0 });
                Some((ChangeKind::Fired, value, None))
            }
            (Self::Quiet | Self::Pending { .. }, Seen::Between(_) | Seen::Good(_)) => {
                *self = Self::Quiet;
                None
            }
        }
    }

    /// Takes note of it; whether that is news.
    fn acknowledge(&mut self) -> bool {
        match self {
            Self::Firing(firing) => !std::mem::replace(&mut firing.acknowledged, true),
            _ => false,
        }
    }
}

impl Alerts {
    /// All quiet.
    pub fn new(rules: Rules) -> Self {
        Self { rules, states: BTreeMap::new(), worst_ever: None }
    }

    /// The rules, as [`AlertChange::rule`] counts them.
    pub fn rules(&self) -> &[Rule] {
        self.rules.as_slice()
    }

    /// Looks at one target. `figure` gives a figure, rates over a window; `None` (or NaN) when it is not known or not
    /// offered; `told` says whether the target told anything at all: what it does not tell of then, time and again, is over. A target is any number; it is remembered from its first look on.
    pub fn evaluate(
        &mut self,
        target: usize,
        now: UnixMillis,
        told: bool,
        metric: &dyn Fn(Metric, Duration) -> Option<f64>,
    ) -> Vec<AlertChange> {
        self.step(target, now, told, metric, |rule| rule.hold_off)
    }

    /// As [`Alerts::evaluate`] when there is no second look to wait for: `for` is ignored.
    pub fn evaluate_once(
        &mut self,
        target: usize,
        now: UnixMillis,
        told: bool,
        metric: &dyn Fn(Metric, Duration) -> Option<f64>,
    ) -> Vec<AlertChange> {
        self.step(target, now, told, metric, |_| Duration::ZERO)
    }

    fn step(
        &mut self,
        target: usize,
        now: UnixMillis,
        told: bool,
        metric: &dyn Fn(Metric, Duration) -> Option<f64>,
        hold_off: impl Fn(&Rule) -> Duration,
    ) -> Vec<AlertChange> {
        let rules = self.rules.as_slice();
        let states = self.states.entry(target).or_insert_with(|| vec![AlertState::Quiet; rules.len()].into());
        let mut changes = Vec::new();
        for (index, (rule, state)) in rules.iter().zip(states).enumerate() {
            let step = state.step(Seen::of(rule, told, metric), now, hold_off(rule), rule.hold);
            let Some((kind, value, lasted)) = step else { continue };
            if kind == ChangeKind::Fired {
                self.worst_ever = self.worst_ever.max(Some(rule.severity));
            }
            changes.push(AlertChange { target, rule: index, at: now, kind, value, lasted });
        }
        changes
    }

    /// Takes note of an alert until it clears; whether it fires and nobody had.
    pub fn acknowledge(&mut self, target: usize, rule: usize) -> bool {
        let states = self.states.get_mut(&target);
        states.and_then(|states| states.get_mut(rule)).is_some_and(AlertState::acknowledge)
    }

    /// Takes note of all that fire; of how many nobody had.
    pub fn acknowledge_all(&mut self) -> usize {
        let states = self.states.values_mut().flat_map(|states| states.iter_mut());
        states.map(|state| usize::from(state.acknowledge())).sum()
    }

    /// Those that fire: the most severe first, then those nobody took note of, then the newest.
    pub fn active(&self) -> Vec<Active<'_>> {
        let mut active: Vec<_> = self.firing().collect();
        active.sort_by_key(|alert| (Reverse(alert.rule.severity), alert.acknowledged, Reverse(alert.since)));
        active
    }

    /// How bad the worst is that fires, acknowledged or not.
    pub fn worst(&self) -> Option<Severity> {
        self.firing().map(|alert| alert.rule.severity).max()
    }

    /// The worst severity that ever fired.
    pub fn worst_ever(&self) -> Option<Severity> {
        self.worst_ever
    }

    fn firing(&self) -> impl Iterator<Item = Active<'_>> {
        self.states.iter().flat_map(|(&target, states)| {
            self.rules().iter().zip(states).enumerate().filter_map(move |(rule_index, (rule, state))| {
                let AlertState::Firing(Firing { since, value, acknowledged, clearing, .. }) = *state else {
                    return None;
                };
                let clearing = clearing.is_some();
                Some(Active { target, rule, rule_index, since, value, acknowledged, clearing })
            })
        })
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
