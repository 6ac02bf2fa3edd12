//! What can go wrong between this process and a model.

use std::time::Duration;

use super::{ProviderKind, Unembeddable};
use crate::resilience::{CallOutcome, Failure, PoolRefusal, Refused};

/// Part of a call that can take too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Until the connection stands.
    Connect,
    /// From the request to the response, or between two pieces of it.
    Read,
    /// Until the first token.
    FirstToken,
    /// Between two tokens.
    Idle,
    /// From the first token to the last.
    Stream,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Read => "waiting for data",
            Self::FirstToken => "waiting for the first token",
            Self::Idle => "waiting for the next token",
            Self::Stream => "the whole answer",
        })
    }
}

/// Errors of a provider. Messages name the upstream and what to do; they never hold keys or the upstream's internals
/// beyond one short line of its own message.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// No connection.
    #[error("{provider} at {url} cannot be reached ({reason}); is it running?")]
    Connect {
        /// Who.
        provider: ProviderKind,
        /// Where, without credentials.
        url: String,
        /// Why not.
        reason: String,
    },
    /// Too slow.
    #[error("{provider} at {url} took too long ({phase}); it may be loading a model or overloaded")]
    Timeout {
        /// Who.
        provider: ProviderKind,
        /// Where.
        url: String,
        /// Doing what.
        phase: Phase,
    },
    /// It asked for fewer requests.
    #[error("{provider} is overloaded (HTTP {status}); try again later")]
    Overloaded {
        /// Who.
        provider: ProviderKind,
        /// 429 or 503.
        status: u16,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
    },
    /// It refused the key.
    #[error("{provider} refused the API key (HTTP {status}); check the key in the settings")]
    Auth {
        /// Who.
        provider: ProviderKind,
        /// 401 or 403.
        status: u16,
    },
    /// It does not have the model.
    #[error("{provider} has no model {model:?}; {hint}")]
    UnknownModel {
        /// Who.
        provider: ProviderKind,
        /// Which.
        model: String,
        /// What to do.
        hint: String,
    },
    /// It answered with an error.
    #[error("{provider} answered HTTP {status}: {message}")]
    Status {
        /// Who.
        provider: ProviderKind,
        /// The status.
        status: u16,
        /// Its message, one line, shortened.
        message: String,
    },
    /// It reported an error inside a successful response.
    #[error("{provider} reported an error: {message}")]
    Reported {
        /// Who.
        provider: ProviderKind,
        /// Its message, one line, shortened.
        message: String,
    },
    /// It sent something that is not its protocol.
    #[error("{provider} sent something that cannot be understood: {detail}")]
    Malformed {
        /// Who.
        provider: ProviderKind,
        /// What was wrong.
        detail: String,
    },
    /// The connection broke while it answered.
    #[error("the connection to {provider} broke: {reason}")]
    Broken {
        /// Who.
        provider: ProviderKind,
        /// How.
        reason: String,
    },
    /// The stream ended before the answer did.
    #[error("{provider} ended its answer before it was complete")]
    Truncated {
        /// Who.
        provider: ProviderKind,
    },
    /// It ended its answer without a word.
    #[error("{provider} gave an answer without text: {reason}")]
    Empty {
        /// Who.
        provider: ProviderKind,
        /// Why, as far as it can be told.
        reason: &'static str,
    },
    /// A vector that must not be used.
    #[error("{provider} made a vector that cannot be used: {detail}")]
    BadVector {
        /// Who.
        provider: ProviderKind,
        /// What is wrong with it.
        detail: String,
    },
    /// It works, but cannot embed this question.
    #[error("{embedder} cannot embed the question: {error}")]
    Unembeddable {
        /// Which.
        embedder: String,
        /// Why not.
        error: Unembeddable,
    },
    /// The circuit breaker does not let calls through: too many failed of late.
    #[error("{upstream} failed too often ({endpoint}) and is left alone for {} s; is it running?", retry_after.as_secs().max(1))]
    CircuitOpen {
        /// Which upstream.
        upstream: String,
        /// Which of its operations: generation and embedding each have a breaker.
        endpoint: &'static str,
        /// When it is worth asking again.
        retry_after: Duration,
    },
    /// Too many calls are under way already.
    #[error("too many questions are being answered by {provider} already; try again in {} s", refusal.wait().as_secs_f64().ceil().max(1.0))]
    Busy {
        /// Who is not asked.
        provider: ProviderKind,
        /// Why not.
        refusal: PoolRefusal,
    },
    /// The time that the question was given is over.
    #[error("the model did not answer within the time that the question has (--request-timeout)")]
    Deadline,
    /// Settings or files of a provider are unusable.
    #[error("{0}")]
    Configuration(String),
}

impl ProviderError {
    /// Whether the provider is away or failing, as opposed to misconfigured: something else may stand in for it.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Overloaded { .. }
            | Self::Reported { .. }
            | Self::Malformed { .. }
            | Self::Broken { .. }
            | Self::Truncated { .. }
            | Self::Empty { .. }
            | Self::Unembeddable { .. }
            | Self::CircuitOpen { .. }
            | Self::Busy { .. }
            | Self::Deadline => true,
            Self::Status { status, .. } => *status >= 500,
            Self::Auth { .. } | Self::UnknownModel { .. } | Self::BadVector { .. } | Self::Configuration(_) => false,
        }
    }

    /// Whether the same call may succeed when it is made again.
    pub fn is_retryable(&self) -> bool {
        let ours =
            matches!(self, Self::CircuitOpen { .. } | Self::Busy { .. } | Self::Deadline | Self::Unembeddable { .. });
        // Who waited so long for a first token would wait as long again.
        let waited = matches!(self, Self::Timeout { phase: Phase::FirstToken, .. });
        self.is_unavailable() && !ours && !waited
    }

    /// Whether time ran out.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Deadline)
    }

    /// How long to wait before asking again: what the provider asked for, or what is known here.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overloaded { retry_after, .. } => *retry_after,
            Self::CircuitOpen { retry_after, .. } => Some(*retry_after),
            Self::Busy { refusal, .. } => Some(refusal.wait().max(Duration::from_secs(1))),
            _ => None,
        }
    }

    /// The kind of error as a metric label: one of a small fixed set.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "connect",
            Self::Timeout { .. } => "timeout",
            Self::Overloaded { .. } => "overloaded",
            Self::Auth { .. } => "auth",
            Self::UnknownModel { .. } => "unknown_model",
            Self::Status { .. } => "status",
            Self::Reported { .. } => "reported",
            Self::Malformed { .. } => "malformed",
            Self::Broken { .. } => "broken",
            Self::Truncated { .. } => "truncated_stream",
            Self::Empty { .. } => "empty_answer",
            Self::BadVector { .. } => "bad_vector",
            Self::Unembeddable { .. } => "unembeddable",
            Self::CircuitOpen { .. } => "circuit_open",
            Self::Busy { .. } => "busy",
            Self::Deadline => "deadline",
            Self::Configuration(_) => "configuration",
        }
    }
}

impl Failure for ProviderError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Overloaded { .. } => CallOutcome::Overload,
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Reported { .. }
            | Self::Malformed { .. }
            | Self::Broken { .. }
            | Self::Truncated { .. }
            | Self::Empty { .. }
            | Self::BadVector { .. } => CallOutcome::Failure,
            Self::Status { status, .. } if *status >= 500 => CallOutcome::Failure,
            // The request was wrong, the settings are, or the refusal was ours.
            Self::Status { .. }
            | Self::Auth { .. }
            | Self::UnknownModel { .. }
            | Self::CircuitOpen { .. }
            | Self::Busy { .. }
            | Self::Deadline
            | Self::Unembeddable { .. }
            | Self::Configuration(_) => CallOutcome::Ignored,
        }
    }

    fn is_retryable(&self) -> bool {
        Self::is_retryable(self)
    }

    fn retry_after(&self) -> Option<Duration> {
        Self::retry_after(self)
    }

    fn kind(&self) -> &'static str {
        Self::kind(self)
    }

    fn refused(upstream: &str, endpoint: &'static str, refused: Refused) -> Self {
        Self::CircuitOpen { upstream: upstream.to_owned(), endpoint, retry_after: refused.retry_after }
    }

    fn deadline() -> Self {
        Self::Deadline
    }
}
