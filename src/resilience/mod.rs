//! What stands between a question and an upstream that may hang, fail or flap. Knows no HTTP route and no RAG.
//!
//! A call goes through [`CallPolicy::call`]: *retry* (bounded by a [budget](RetryBudget)) around the *breaker* (one per upstream
//! and operation; it sees each attempt) around the attempt itself. The attempt takes a connection from a [`Pool`], which is
//! also the *concurrency limit*: a refusal there is local, and says nothing about the upstream.
//!
//! Every wait on the way has the deadline of the [`CallContext`] that comes with the call.
//!
//! The state machines ([`Breaker`], [`RetryBudget`], [`Backoff`]) are handed the time and the chance; the types around
//! them ([`CircuitBreaker`], [`Pool`]) add locks, counters and the clock of the runtime, which tests pause.

mod backoff;
mod breaker;
mod budget;
mod call;
mod policy;
mod pool;
mod stats;
mod turns;

pub use backoff::Backoff;
pub use breaker::{
    Breaker, BreakerSettings, BreakerSnapshot, CallOutcome, CircuitBreaker, Permit, Refused, State, Transition,
};
pub use budget::RetryBudget;
pub use call::{CallContext, Expired, SharedDeadline};
pub use policy::{CallPolicy, Failure, InFlightCall, RetrySettings};
pub use pool::{ConnectionWatch, Lease, Pool, PoolRefusal, PoolSettings};
pub use stats::{CallTimer, ClientSnapshot, ClientStats, EndpointSnapshot, Percentiles, RequestOutcome};

use std::sync::Arc;

/// All breakers and clients of a process, for those who show them.
#[derive(Default)]
pub struct Resilience {
    /// One per upstream and operation, in the order of their making; empty when breakers are off.
    pub breakers: Vec<Arc<CircuitBreaker>>,
    /// One per upstream.
    pub clients: Vec<Arc<ClientStats>>,
}
