//! A call with everything around it: retry, budget, breaker, deadline.

use std::{future::Future, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{Backoff, CallContext, CallOutcome, CircuitBreaker, ClientStats, Expired, Permit, Refused, RetryBudget};

/// An attempt that had its turn for less than this before the deadline of its question says nothing about the upstream.
const FAIR_CHANCE: Duration = Duration::from_secs(1);

/// What a guard needs to know of an error.
pub trait Failure: Sized {
    /// What it says about the upstream.
    fn outcome(&self) -> CallOutcome;
    /// Whether the same call may succeed when it is made again.
    fn is_retryable(&self) -> bool;
    /// How long the upstream asked to wait.
    fn retry_after(&self) -> Option<Duration>;
    /// Its kind, one of a small fixed set.
    fn kind(&self) -> &'static str;
    /// The breaker does not let calls of this endpoint of this upstream through.
    fn refused(upstream: &str, endpoint: &'static str, refused: Refused) -> Self;
    /// The deadline has passed.
    fn deadline() -> Self;
}

/// How often a call is made again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrySettings {
    /// Attempts after the first.
    pub most: u32,
    /// Waits between them.
    pub backoff: Backoff,
}

impl Default for RetrySettings {
    fn default() -> Self {
        let backoff = Backoff { base: Duration::from_millis(600), cap: Duration::from_secs(10) };
        Self { most: 3, backoff }
    }
}

/// Guards the calls of one operation of one upstream. Clones share everything.
#[derive(Clone)]
pub struct CallPolicy {
    breaker: Option<Arc<CircuitBreaker>>,
    retry: RetrySettings,
    /// Shared by all operations of an upstream: it is the upstream that is to be spared.
    budget: Arc<Mutex<RetryBudget>>,
    stats: Arc<ClientStats>,
    endpoint: &'static str,
    chance: fn() -> f64,
}

impl CallPolicy {
    /// `breaker` is `None` when breakers are off; `chance` gives numbers uniform in 0..1.
    pub fn new(
        breaker: Option<Arc<CircuitBreaker>>,
        retry: RetrySettings,
        budget: Arc<Mutex<RetryBudget>>,
        stats: Arc<ClientStats>,
        endpoint: &'static str,
        chance: fn() -> f64,
    ) -> Self {
        Self { breaker, retry, budget, stats, endpoint, chance }
    }

    /// Makes a call, again if need be. An attempt's success is not settled here, because a stream's success is known at its
    /// end only: whoever called says it to the [`InFlightCall`] that comes with it.
    ///
    /// Each attempt gets a context of its own, which it must pass to the [`Pool`](super::Pool): the time in the queue is not
    /// the upstream's.
    ///
    /// # Errors
    /// The last attempt's error; [`Failure::refused`] when the breaker did not even let the first one through;
    /// [`Failure::deadline`] when the call's time was over.
    pub async fn call<T, E: Failure, A: Future<Output = Result<T, E>>>(
        &self,
        call: &CallContext,
        mut attempt: impl FnMut(CallContext) -> A,
    ) -> Result<(T, InFlightCall), E> {
        if call.is_expired() {
            return Err(E::deadline());
        }
        self.budget.lock().request(Instant::now());
        let mut last = None;
        for n in 0.. {
            let permit = match self.breaker.as_ref().map(CircuitBreaker::acquire).transpose() {
                Ok(permit) => permit,
                Err(refused) => return Err(last.unwrap_or_else(|| E::refused(self.upstream(), self.endpoint, refused))),
            };
            let context = call.attempt();
            let error = match self.once(&context, attempt(context.clone()), InFlightCall(permit)).await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let Some(wait) = self.wait_before(n, &error, call.deadline()) else { return Err(error) };
            self.stats.retried(self.endpoint, error.kind());
            last = Some(error);
            tokio::time::sleep(wait).await;
        }
        unreachable!("the loop ends by returning")
    }

    /// The upstream's name, as people know it.
    fn upstream(&self) -> &str {
        let name = self.stats.name();
        name.strip_suffix("_client").unwrap_or(name)
    }

    async fn once<T, E: Failure>(
        &self,
        call: &CallContext,
        attempt: impl Future<Output = Result<T, E>>,
        open: InFlightCall,
    ) -> Result<(T, InFlightCall), E> {
        let started = Instant::now();
        match call.wait(attempt).await {
            Ok(Ok(value)) => Ok((value, open)),
            Ok(Err(error)) => {
                open.settle(error.outcome());
                Err(error)
            }
            Err(Expired) => {
                let had = call.turn().unwrap_or(started).elapsed();
                open.settle(if had >= FAIR_CHANCE { CallOutcome::Failure } else { CallOutcome::Ignored });
                Err(E::deadline())
            }
        }
    }

    /// How long to wait before retry `n`; `None` when there is to be none.
    fn wait_before<E: Failure>(&self, n: u32, error: &E, deadline: Option<Instant>) -> Option<Duration> {
        if n >= self.retry.most || !error.is_retryable() {
            return None;
        }
        let wait = match error.retry_after() {
            // Who asks for more patience than we have gets no retry at all.
            Some(asked) if asked > self.retry.backoff.cap => return None,
            Some(asked) => asked.max(self.retry.backoff.wait(n, (self.chance)())),
            None => self.retry.backoff.wait(n, (self.chance)()),
        };
        let now = Instant::now();
        let in_time = deadline.is_none_or(|deadline| now + wait < deadline);
        (in_time && self.budget.lock().retry(now)).then_some(wait)
    }
}

/// A call that has begun well and may still end badly. Dropped, it says nothing about the upstream.
pub struct InFlightCall(Option<Permit>);

impl InFlightCall {
    /// Says how the call ended.
    pub fn settle(self, verdict: CallOutcome) {
        if let Some(permit) = self.0 {
            permit.settle(verdict);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        resilience::{BreakerSettings, PoolSettings, State},
        telemetry::Metrics,
    };

    #[derive(Debug, PartialEq)]
    enum Wrong {
        Refused,
        Deadline,
    }

    impl Failure for Wrong {
        fn outcome(&self) -> CallOutcome {
            CallOutcome::Ignored
        }

        fn is_retryable(&self) -> bool {
            false
        }

        fn retry_after(&self) -> Option<Duration> {
            None
        }

        fn kind(&self) -> &'static str {
            "wrong"
        }

        fn refused(_: &str, _: &'static str, _: Refused) -> Self {
            Self::Refused
        }

        fn deadline() -> Self {
            Self::Deadline
        }
    }

    /// Its breaker opens with the first failure.
    fn guard() -> (CallPolicy, Arc<CircuitBreaker>) {
        let metrics = Metrics::new();
        let settings = BreakerSettings { failure_threshold: 1, ..BreakerSettings::default() };
        let breaker = Arc::new(CircuitBreaker::new("test", settings, metrics.breaker("test"), || 0.0));
        let stats = Arc::new(ClientStats::new("test", PoolSettings::DEFAULT, metrics.client("test"), &["/x"]));
        let budget = Arc::new(Mutex::new(RetryBudget::new(Instant::now())));
        let breakers = Some(Arc::clone(&breaker));
        (CallPolicy::new(breakers, RetrySettings::default(), budget, stats, "/x", || 0.0), breaker)
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_whose_time_is_over_is_not_made() {
        let (guard, breaker) = guard();
        let call = CallContext::within(Duration::ZERO);
        let made = guard.call(&call, |_| async { panic!("it was made") });
        let made: Result<((), InFlightCall), Wrong> = made.await;
        assert_eq!(made.map(drop).unwrap_err(), Wrong::Deadline);
        assert_eq!(breaker.state(), State::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_time_after_the_turn_says_something_about_the_upstream() {
        let late = FAIR_CHANCE + Duration::from_millis(100);
        let run = async |queued: Duration| {
            let (guard, breaker) = guard();
            let call = CallContext::within(late);
            let attempt = |call: CallContext| async move {
                tokio::time::sleep(queued).await;
                call.takes_turn();
                std::future::pending::<Result<(), Wrong>>().await
            };
            assert_eq!(guard.call(&call, attempt).await.map(drop).unwrap_err(), Wrong::Deadline);
            breaker.state()
        };
        let (queued, hung) = tokio::join!(run(late / 2), run(Duration::ZERO));
        assert_eq!((queued, hung), (State::Closed, State::Open));
    }
}
