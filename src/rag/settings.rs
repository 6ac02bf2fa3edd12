//! What is done about models that are slow, failing or away.

use std::time::Duration;

use crate::{
    providers::{ProviderKind, guarded::AttemptTimeouts},
    resilience::{BreakerSettings, PoolSettings, RetrySettings},
};

/// What becomes of an answer that claims something and that nothing in its passages supports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UnsupportedPolicy {
    /// It is given, and marked.
    #[default]
    Mark,
    /// The passages are quoted in its place, and that is marked.
    Quote,
    /// A sentence says that it is withheld.
    Refuse,
}

impl UnsupportedPolicy {
    /// Every policy, for metrics that must exist before they happen.
    pub const ALL: [Self; 3] = [Self::Mark, Self::Quote, Self::Refuse];

    /// Its name in settings and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mark => "mark",
            Self::Quote => "quote",
            Self::Refuse => "refuse",
        }
    }
}

/// What is done about models that are slow, failing or away.
#[derive(Debug, Clone, Copy)]
pub struct ResilienceSettings {
    /// Whether quotation and lexical search take over.
    pub fallback: bool,
    /// What becomes of answers that nothing supports.
    pub unsupported: UnsupportedPolicy,
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
