//! Resilience around any [`Generator`](super::Generator), [`Embedder`](super::Embedder) or [`Reranker`](super::Reranker): the one place that knows retries,
//! breakers, coalescing and the clocks that fit streams.
//!
//! From outside in: [`CoalescingGenerator`] lets equal calls share one; [`GuardedGenerator`], [`GuardedEmbedder`] and [`GuardedReranker`] call
//! through a [`CallPolicy`](crate::resilience::CallPolicy) (retry within a budget, then the breaker, which sees each
//! attempt) and put clocks on each attempt.
//!
//! How long an answer takes says nothing about an LLM's health; what counts is connecting, the first token, and the pauses
//! between tokens.

mod coalescing;
mod embedder;
mod generator;
mod reranker;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use coalescing::CoalescingGenerator;
pub use embedder::GuardedEmbedder;
pub use generator::GuardedGenerator;
pub use reranker::GuardedReranker;

/// Timeouts of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptTimeouts {
    /// Until the first token, or the vectors.
    pub first_token: Duration,
    /// The same while the provider loads the model.
    pub loading: Duration,
    /// Between two tokens.
    pub idle: Duration,
    /// From the first token to the last.
    pub stream: Duration,
}

impl Default for AttemptTimeouts {
    fn default() -> Self {
        Self {
            first_token: Duration::from_secs(30),
            loading: Duration::from_secs(300),
            idle: Duration::from_secs(30),
            stream: Duration::from_secs(600),
        }
    }
}
