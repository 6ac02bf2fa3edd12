//! What is done about models that are slow, failing or away.

use std::time::Duration;

use crate::{
    providers::{ProviderKind, guarded::AttemptTimeouts},
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
    /// The same at the OpenAI-compatible server.
    pub openai_retry: RetrySettings,
    /// The circuit breakers; `None` when they are off.
    pub breaker: Option<BreakerSettings>,
    /// Connections to an upstream.
    pub pool: PoolSettings,
}

impl ResilienceSettings {
    /// Further attempts at a server of this dialect.
    pub fn retry_of(&self, dialect: ProviderKind) -> RetrySettings {
        match dialect {
            ProviderKind::OpenAi => self.openai_retry,
            ProviderKind::Ollama | ProviderKind::Embedded | ProviderKind::Rerank => self.retry,
        }
    }
}
