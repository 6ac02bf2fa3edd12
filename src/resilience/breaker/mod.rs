//! The circuit breaker: when an upstream keeps failing, questions stop waiting for it.
//!
//! Two signals trip it, because each misses what the other sees. *Consecutive failures* notice an upstream that died, at any
//! rate of calls, within a handful of them. The *failure rate* over the last minute notices one that fails every other
//! call, which never fails often enough in a row.
//!
//! A result counts for the state only while the state is the one that let the call through: a stream that began a minute
//! before the trip says nothing about the upstream now. So each lease carries the breaker's generation, which every change of
//! state raises.

mod shared;
#[cfg(test)]
mod tests;
mod window;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

pub use shared::{BreakerSnapshot, CircuitBreaker, Permit, Transition};
use window::Window;

/// Longest time that an upstream is left alone, however often its probes failed.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(300);

/// Share of failures in the window that trips.
const FAILURE_RATE: f64 = 0.5;

/// How much longer than asked the breaker may stay open, so that several servers do not probe in step.
const JITTER: f64 = 0.1;

/// When a breaker trips and how it recovers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that trip it, at least 1.
    pub failure_threshold: u32,
    /// Calls within the last minute from which on the failure rate counts, at least 1.
    pub window_size: u32,
    /// How long it stays open at first; doubles with each failed probe, up to 5 minutes.
    pub timeout: Duration,
    /// Successful probes that close it, at least 1.
    pub success_threshold: u32,
    /// Most probes at once, at least 1.
    pub half_open_max_calls: u32,
    /// After so long without a result a probe counts as lost and frees its place.
    pub probe_deadline: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            window_size: 10,
            timeout: Duration::from_secs(30),
            success_threshold: 2,
            half_open_max_calls: 3,
            probe_deadline: Duration::from_secs(600),
        }
    }
}

/// What a breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Everything.
    Closed,
    /// Nothing.
    Open,
    /// A few probes.
    HalfOpen,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    /// The name in JSON and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }

    /// How bad it is for those who ask, from 0.
    pub const fn severity(self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }

    /// The value of the state gauge.
    pub const fn code(self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Open => 1,
            Self::HalfOpen => 2,
        }
    }
}

/// What a call said about the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    /// It works.
    Success,
    /// It does not.
    Failure,
    /// It asked for fewer calls. That is no reason to give up on it, unless it goes on.
    Overload,
    /// Nothing: the client went away, the request was wrong, the refusal was ours.
    Ignored,
}

/// Permission for one call. Must come back through [`Breaker::settle`], with [`CallOutcome::Ignored`] if nothing was learnt.
#[derive(Debug, PartialEq, Eq)]
pub struct Ticket {
    generation: u64,
    number: u64,
}

/// The breaker does not let the call through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// When it is worth asking again.
    pub retry_after: Duration,
}

/// A change of state and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) from: State,
    pub(super) to: State,
    pub(super) reason: String,
}

/// The state machine: no clock, no lock, no chance of its own. Time must not run backwards.
#[derive(Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
    generation: u64,
    next_ticket: u64,
    window: Window,
    consecutive_failures: u32,
    consecutive_successes: u32,
    consecutive_overloads: u32,
    /// While open: until when, and how long that was meant to be.
    open_until: Instant,
    open_for: Duration,
    /// While half-open: the probes in flight and when each counts as lost.
    probes: BTreeMap<u64, Instant>,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(settings: BreakerSettings, now: Instant) -> Self {
        Self {
            settings,
            state: State::Closed,
            generation: 0,
            next_ticket: 0,
            window: Window::new(now),
            consecutive_failures: 0,
            consecutive_successes: 0,
            consecutive_overloads: 0,
            open_until: now,
            open_for: settings.timeout,
            probes: BTreeMap::new(),
        }
    }

    /// The state now. An open breaker whose time is up becomes half-open with the next call, not before.
    pub fn state(&self) -> State {
        self.state
    }

    /// Failures since the last success.
    pub fn consecutive_failures(&self) -> u32 {
        self.consecutive_failures
    }

    /// Successes since the last failure.
    pub fn consecutive_successes(&self) -> u32 {
        self.consecutive_successes
    }

    /// How long it stays open from now on; `None` unless it is open.
    pub fn open_for(&self, now: Instant) -> Option<Duration> {
        (self.state == State::Open).then(|| self.open_until.saturating_duration_since(now))
    }

    /// Asks to make a call.
    pub(super) fn acquire(&mut self, now: Instant) -> (Result<Ticket, Refused>, Option<Change>) {
        let change = (self.state == State::Open && now >= self.open_until)
            .then(|| self.enter(State::HalfOpen, format!("{} passed", text(self.open_for))));
        let admitted = match self.state {
            State::Closed => Ok(()),
            State::Open => Err(Refused { retry_after: self.open_until.saturating_duration_since(now) }),
            State::HalfOpen => self.admit_probe(now),
        };
        let ticket = admitted.map(|()| {
            self.next_ticket += 1;
            if self.state == State::HalfOpen {
                self.probes.insert(self.next_ticket, now + self.settings.probe_deadline);
            }
            Ticket { generation: self.generation, number: self.next_ticket }
        });
        (ticket, change)
    }

    fn admit_probe(&mut self, now: Instant) -> Result<(), Refused> {
        self.probes.retain(|_, lost_at| *lost_at > now);
        if self.probes.len() < self.settings.half_open_max_calls as usize {
            return Ok(());
        }
        // The probes will have told by then, most likely.
        Err(Refused { retry_after: Duration::from_secs(1) })
    }

    /// Takes a call's result; `chance` is uniform in 0..1. A result of an older generation moves nothing.
    pub(super) fn settle(
        &mut self,
        ticket: &Ticket,
        verdict: CallOutcome,
        now: Instant,
        chance: f64,
    ) -> Option<Change> {
        if ticket.generation != self.generation {
            return None;
        }
        let probed = self.probes.remove(&ticket.number).is_some();
        match verdict {
            CallOutcome::Ignored => return None,
            CallOutcome::Success => {
                self.consecutive_failures = 0;
                self.consecutive_overloads = 0;
                self.consecutive_successes = self.consecutive_successes.saturating_add(1);
                self.window.add(now, false);
            }
            CallOutcome::Failure => {
                self.consecutive_failures = self.consecutive_failures.saturating_add(1);
                self.consecutive_successes = 0;
                self.window.add(now, true);
            }
            CallOutcome::Overload => {
                self.consecutive_overloads = self.consecutive_overloads.saturating_add(1);
                self.consecutive_successes = 0;
            }
        }
        match self.state {
            State::Closed => {
                self.reason_to_trip(now).map(|reason| self.open(self.settings.timeout, reason, now, chance))
            }
            // The tickets of an open breaker are of older generations.
            State::Open => None,
            State::HalfOpen if !probed => None,
            State::HalfOpen => match verdict {
                CallOutcome::Success if self.consecutive_successes >= self.settings.success_threshold => {
                    let successes = self.consecutive_successes;
                    Some(self.enter(State::Closed, format!("{successes} successful probes")))
                }
                CallOutcome::Failure => Some(self.reopen("a probe failed", now, chance)),
                CallOutcome::Overload => Some(self.reopen("a probe was refused as overload", now, chance)),
                CallOutcome::Success | CallOutcome::Ignored => None,
            },
        }
    }

    /// Something else saw the upstream answer (a health probe): an open breaker need not wait any longer to try.
    pub(super) fn hint_recovered(&mut self) -> Option<Change> {
        (self.state == State::Open).then(|| self.enter(State::HalfOpen, "the health probe got an answer".to_owned()))
    }

    fn reason_to_trip(&mut self, now: Instant) -> Option<String> {
        if self.consecutive_failures >= self.settings.failure_threshold {
            return Some(format!("{} consecutive failures", self.consecutive_failures));
        }
        // Sustained overload: as many refusals in a row as otherwise make a rate.
        if self.consecutive_overloads >= self.settings.window_size.max(self.settings.failure_threshold) {
            return Some(format!("{} calls in a row were refused as overload", self.consecutive_overloads));
        }
        let (calls, failures) = self.window.count(now);
        let rate = f64::from(failures) / f64::from(calls.max(1));
        (failures > 0 && calls >= self.settings.window_size && rate >= FAILURE_RATE)
            .then(|| format!("{failures} of the last {calls} calls failed"))
    }

    fn reopen(&mut self, reason: &str, now: Instant, chance: f64) -> Change {
        let longer = (self.open_for * 2).min(LONGEST_TIMEOUT.max(self.settings.timeout));
        self.open(longer, reason.to_owned(), now, chance)
    }

    fn open(&mut self, timeout: Duration, reason: String, now: Instant, chance: f64) -> Change {
        self.open_for = timeout;
        self.open_until = now + timeout.mul_f64(1.0 + JITTER * chance.clamp(0.0, 1.0));
        self.enter(State::Open, reason)
    }

    fn enter(&mut self, to: State, reason: String) -> Change {
        let from = std::mem::replace(&mut self.state, to);
        self.generation += 1;
        self.probes.clear();
        self.consecutive_successes = 0;
        self.consecutive_overloads = 0;
        if to == State::Closed {
            self.consecutive_failures = 0;
            self.open_for = self.settings.timeout;
            // What happened before says nothing about the upstream that has just recovered.
            self.window.clear();
        }
        Change { from, to, reason }
    }
}

fn text(time: Duration) -> String {
    format!("{} s", (time.as_secs_f64() * 10.0).round() / 10.0)
}
