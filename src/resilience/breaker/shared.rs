//! The breaker with a lock, a clock and counters around it.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{Breaker, BreakerSettings, CallOutcome, Change, Refused, State, Ticket};
use crate::telemetry::BreakerMetrics;

/// Changes of state that are remembered.
const HISTORY: usize = 100;

/// A change of state, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// When.
    pub at: SystemTime,
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// Why.
    pub reason: String,
}

/// What a breaker shows.
#[derive(Debug, Clone)]
pub struct BreakerSnapshot {
    /// Its name.
    pub name: String,
    /// The state.
    pub state: State,
    /// Calls that ended well.
    pub successes: u64,
    /// Calls that failed, overload included.
    pub failures: u64,
    /// Calls that were not let through.
    pub rejected: u64,
    /// Failures since the last success.
    pub consecutive_failures: u32,
    /// Successes since the last failure.
    pub consecutive_successes: u32,
    /// Changes of state since the start.
    pub transitions: u64,
    /// The last failed call.
    pub last_failure: Option<SystemTime>,
    /// The last successful call.
    pub last_success: Option<SystemTime>,
    /// Since when it has not been closed.
    pub opened_at: Option<SystemTime>,
    /// How long until the next call may go through; `None` unless it is open.
    pub retry_after: Option<Duration>,
    /// When it trips.
    pub settings: BreakerSettings,
    /// The last changes, oldest first.
    pub history: Vec<Transition>,
}

/// A breaker that tasks share.
pub struct CircuitBreaker {
    name: String,
    settings: BreakerSettings,
    inner: Mutex<Inner>,
    metrics: BreakerMetrics,
    chance: fn() -> f64,
}

struct Inner {
    breaker: Breaker,
    transitions: u64,
    last_failure: Option<SystemTime>,
    last_success: Option<SystemTime>,
    opened_at: Option<SystemTime>,
    history: VecDeque<Transition>,
}

impl CircuitBreaker {
    /// A closed breaker; `chance` gives numbers uniform in 0..1.
    pub fn new(
        name: impl Into<String>,
        settings: BreakerSettings,
        metrics: BreakerMetrics,
        chance: fn() -> f64,
    ) -> Self {
        let inner = Inner {
            breaker: Breaker::new(settings, Instant::now()),
            transitions: 0,
            last_failure: None,
            last_success: None,
            opened_at: None,
            history: VecDeque::new(),
        };
        Self { name: name.into(), settings, inner: Mutex::new(inner), metrics, chance }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks to make a call.
    ///
    /// # Errors
    /// When the breaker is open, or half-open with all its probes under way.
    pub fn acquire(self: &Arc<Self>) -> Result<Permit, Refused> {
        let mut inner = self.inner.lock();
        let (ticket, change) = inner.breaker.acquire(Instant::now());
        self.note(&mut inner, change);
        if ticket.is_err() {
            self.metrics.rejected.inc();
        }
        drop(inner);
        ticket.map(|ticket| Permit { breaker: Arc::clone(self), ticket: Some(ticket) })
    }

    /// Something else saw the upstream answer: an open breaker lets probes through at once.
    pub fn hint_recovered(&self) {
        let mut inner = self.inner.lock();
        let change = inner.breaker.hint_recovered();
        self.note(&mut inner, change);
    }

    /// The state now.
    pub fn state(&self) -> State {
        self.inner.lock().breaker.state()
    }

    /// What it shows.
    pub fn snapshot(&self) -> BreakerSnapshot {
        let inner = self.inner.lock();
        BreakerSnapshot {
            name: self.name.clone(),
            state: inner.breaker.state(),
            successes: self.metrics.success.get(),
            failures: self.metrics.failure.get(),
            rejected: self.metrics.rejected.get(),
            consecutive_failures: inner.breaker.consecutive_failures(),
            consecutive_successes: inner.breaker.consecutive_successes(),
            transitions: inner.transitions,
            last_failure: inner.last_failure,
            last_success: inner.last_success,
            opened_at: inner.opened_at,
            retry_after: inner.breaker.open_for(Instant::now()),
            settings: self.settings,
            history: inner.history.iter().cloned().collect(),
        }
    }

    fn settle(&self, ticket: &Ticket, verdict: CallOutcome) {
        let mut inner = self.inner.lock();
        match verdict {
            CallOutcome::Success => {
                inner.last_success = Some(SystemTime::now());
                self.metrics.success.inc();
            }
            CallOutcome::Failure | CallOutcome::Overload => {
                inner.last_failure = Some(SystemTime::now());
                self.metrics.failure.inc();
            }
            CallOutcome::Ignored => {}
        }
        let change = inner.breaker.settle(ticket, verdict, Instant::now(), (self.chance)());
        self.metrics.consecutive_failures.set(i64::from(inner.breaker.consecutive_failures()));
        self.note(&mut inner, change);
    }

    /// Counts, logs and remembers a change.
    fn note(&self, inner: &mut Inner, change: Option<Change>) {
        let Some(Change { from, to, reason }) = change else { return };
        let at = SystemTime::now();
        inner.transitions += 1;
        match (from, to) {
            (_, State::Closed) => inner.opened_at = None,
            (State::Closed, _) => inner.opened_at = Some(at),
            _ => {}
        }
        self.metrics.changed(from.as_str(), to.as_str(), to.code(), at);
        self.metrics.consecutive_failures.set(i64::from(inner.breaker.consecutive_failures()));
        match to {
            State::Open => {
                tracing::warn!(breaker = %self.name, from = from.as_str(), %reason, "circuit breaker opened")
            }
            _ => {
                tracing::info!(breaker = %self.name, from = from.as_str(), to = to.as_str(), %reason, "circuit breaker changed")
            }
        }
        if inner.history.len() == HISTORY {
            inner.history.pop_front();
        }
        inner.history.push_back(Transition { at, from, to, reason });
    }
}

/// Permission for one call. Dropped without a verdict it counts as [`CallOutcome::Ignored`], so a call that is cancelled never
/// occupies a probe's place.
pub struct Permit {
    breaker: Arc<CircuitBreaker>,
    ticket: Option<Ticket>,
}

impl Permit {
    /// Says how the call went.
    pub fn settle(mut self, verdict: CallOutcome) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.settle(&ticket, verdict);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.settle(&ticket, CallOutcome::Ignored);
        }
    }
}
