//! How questions are searched and answered when they do not say.

use std::time::Duration;

use super::FusionChoice;
use crate::{
    domain::SearchMode,
    providers::guarded::AttemptTimeouts,
    resilience::{BreakerSettings, PoolSettings, RetrySettings},
};

/// What is done about models that are slow, failing or away.
#[derive(Debug, Clone, Copy)]
pub struct ResilienceSettings {
    /// Whether quotation and lexical search take over.
    pub fallback: bool,
    /// Longest time of a question.
    pub request_timeout: Duration,
    /// Of one attempt.
    pub timeouts: AttemptTimeouts,
    /// Further attempts.
    pub retry: RetrySettings,
    /// The circuit breakers; `None` when they are off.
    pub breaker: Option<BreakerSettings>,
    /// Connections to an upstream.
    pub pool: PoolSettings,
}

/// How questions are searched that do not say.
#[derive(Debug, Clone, Copy)]
pub struct RetrievalSettings {
    /// Search method.
    pub method: SearchMode,
    /// Contexts of an answer.
    pub k: usize,
    /// Fusion of hybrid search.
    pub fusion: FusionChoice,
}
