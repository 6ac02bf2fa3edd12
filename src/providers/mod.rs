//! Models that embed and answer: Ollama, OpenAI-compatible servers, and what is compiled in.
//!
//! One trait a task, so that callers never know who does it. A provider makes one attempt and reports precisely what
//! went wrong; retries and breakers are layers around it ([`guarded`]), and several upstreams answer as one ([`chain`]).
//! Dropping a stream ends the call upstream.

mod answer;
pub mod chain;
mod connector;
pub mod embedded;
mod embedding;
mod error;
pub mod guarded;
mod http;
mod json;
mod left_out;
pub mod ollama;
pub mod openai;
mod options;
pub mod rerank;
pub mod settings;
mod window;

use std::{fmt, str::FromStr, sync::Arc};

use async_trait::async_trait;
use futures::stream::BoxStream;
use tokio::time::Instant;

use crate::{domain::SpecKey, resilience::CallContext};
pub use error::{Phase, ProviderError};
pub use http::{HttpSettings, UpstreamClient, install_tls};
pub use options::{GenerationOptions, ReasoningEffort, tokens_of};

/// Who answers or embeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProviderKind {
    /// An Ollama server.
    Ollama,
    /// A server that speaks OpenAI's dialect.
    OpenAi,
    /// This process.
    Embedded,
    /// A server that only reranks: no question can name it.
    Rerank,
}

impl ProviderKind {
    /// Every provider that answers.
    pub const ALL: [Self; 3] = [Self::Ollama, Self::OpenAi, Self::Embedded];

    /// The name in requests, settings and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ollama => "ollama",
            Self::OpenAi => "openai",
            Self::Embedded => "embedded",
            Self::Rerank => "rerank",
        }
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown provider {0:?}: use ollama, openai or embedded")]
pub struct UnknownProvider(String);

impl FromStr for ProviderKind {
    type Err = UnknownProvider;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownProvider(text.chars().take(40).collect()))
    }
}

/// Which model made a vector; vectors of different ones cannot be compared. E.g. `ollama:nomic-embed-text`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmbedderId(String);

impl EmbedderId {
    /// An id as it was stored.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the vectors come from a table of token vectors rather than from a language model.
    pub fn is_static(&self) -> bool {
        self.0.starts_with("static:")
    }
}

impl fmt::Display for EmbedderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a text is embedded for; some models want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To search with.
    Query,
    /// To be found.
    Passage,
}

/// A text that a model cannot embed, and why; others can be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unembeddable(pub String);

/// What became of one text: its unit-length vector, or why there is none.
pub type TextVector = Result<Vec<f32>, Unembeddable>;

/// Makes vectors of texts.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Identity, remembered by DBs.
    fn id(&self) -> &EmbedderId;

    /// Texts that one call should have at most.
    fn batch_size(&self) -> usize;

    /// Unit-length vectors of one dimension, in the order of the texts. A text that cannot be embedded has none, never a
    /// made-up one; the others have theirs.
    ///
    /// # Errors
    /// When the provider cannot be asked or embeds nothing at all. [`ProviderError::Deadline`] when the call's time is over
    /// first.
    async fn embed(
        &self,
        texts: &[String],
        purpose: Purpose,
        call: &CallContext,
    ) -> Result<Vec<TextVector>, ProviderError>;
}

/// Says how well texts answer a question.
#[async_trait]
pub trait Reranker: Send + Sync {
    /// Which model it is: answers whose passages another one put into order are others.
    fn id(&self) -> &str;

    /// A finite score for each text, in the order of the texts; the higher, the better the text answers the question. Scores
    /// of one call can be compared.
    ///
    /// # Errors
    /// When the provider cannot be asked, or what it answers is not a score for each text. [`ProviderError::Deadline`] when
    /// the call's time is over first.
    async fn rerank(&self, question: &str, texts: &[String], call: &CallContext) -> Result<Vec<f32>, ProviderError>;
}

/// Who says something in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The instruction.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The name in both dialects.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Message {
    /// Who.
    pub role: Role,
    /// What.
    pub content: String,
}

/// Who writes an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The upstream's name; that of its provider where none was given.
    pub name: String,
    /// Its dialect.
    pub provider: ProviderKind,
    /// Its model.
    pub model: String,
}

/// Everything that an answerer may need: LLMs read `messages`, the extractive one reads `question` and `passages`.
#[derive(Debug, Clone)]
pub struct GenerationRequest {
    /// What shapes the answer besides the messages: calls that differ in it are not shared.
    pub spec: SpecKey,
    /// The question, on its own.
    pub question: String,
    /// Passages to answer from; citation `[n]` means the n-th, from 1.
    pub passages: Arc<[String]>,
    /// The same as a prompt.
    pub messages: Arc<[Message]>,
    /// Until when the answer is wanted. Its first token is wanted [before the reserve](CallContext::before_reserve) of it
    /// when `stand_in` says that somebody else can answer in that time.
    pub call: CallContext,
    /// Whether another answerer takes over when there is no first token.
    pub stand_in: bool,
    /// Until when the first token is wanted at the latest, because another upstream is asked then.
    pub first_token_by: Option<Instant>,
    /// Whether somebody wants to see the reasoning: it is then the beginning of the answer.
    pub reasoning: bool,
}

impl GenerationRequest {
    /// Until when the first token is wanted.
    pub fn first_token_call(&self) -> CallContext {
        let call = if self.stand_in { self.call.before_reserve() } else { self.call.clone() };
        match self.first_token_by {
            Some(end) => call.until(end),
            None => call,
        }
    }
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GenerationEvent {
    /// Who writes what follows. Without it, it is the generator that was asked.
    Author(Arc<Author>),
    /// How the model gets there: a sign of life, and no part of the answer.
    Reasoning(String),
    /// All text so far was reasoning, too: the answer begins now.
    Restart,
    /// More text, never empty.
    Text(String),
    /// The end; the last event of every stream that is whole.
    Done(GenerationStats),
}

/// What the provider counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GenerationStats {
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer.
    pub completion_tokens: Option<u64>,
    /// Why it ended.
    pub ending: Ending,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// The model had said what it had to say.
    #[default]
    Complete,
    /// It was stopped at its limit of tokens, in the middle.
    TokenLimit,
    /// It only loaded the model.
    Loaded,
    /// It was stopped because it repeated itself, or began to play another part of the conversation.
    RanAway,
}

/// An answer as it is written. Dropping it cancels the call upstream.
pub type GenerationStream = BoxStream<'static, Result<GenerationEvent, ProviderError>>;

/// Writes answers.
#[async_trait]
pub trait Generator: Send + Sync {
    /// What questions ask for it by.
    fn name(&self) -> &str {
        self.provider().as_str()
    }

    /// Whose it is.
    fn provider(&self) -> ProviderKind;

    /// Name of the model, for metrics and logs.
    fn model(&self) -> &str;

    /// Starts an answer. A stream that ends without [`GenerationEvent::Done`] yields an error before it ends.
    ///
    /// # Errors
    /// When the provider refuses or cannot be reached.
    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream, ProviderError>;

    /// Tokens that a prompt may have, if this one may have too many; `None` when it fits, or nobody knows. Answers within the
    /// call's time.
    async fn prompt_tokens(&self, _messages: &[Message], _call: &CallContext) -> Option<usize> {
        None
    }

    /// Whether the provider is loading the model just now, so that its first token may take minutes.
    async fn is_loading(&self) -> bool {
        false
    }
}

/// Whether an upstream is there and has what is needed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpstreamStatus {
    /// It answered.
    pub ok: bool,
    /// Why it did not.
    pub error: Option<String>,
    /// Models that it has.
    pub models_available: Vec<String>,
    /// Models that it must have.
    pub models_required: Vec<String>,
    /// Models that it must have and has not.
    pub models_missing: Vec<String>,
}

impl UpstreamStatus {
    /// Whether questions can be sent there.
    pub fn is_usable(&self) -> bool {
        self.ok && self.models_missing.is_empty()
    }
}

/// Asks an upstream whether it is there; answers within seconds, whatever the upstream does.
#[async_trait]
pub trait HealthProbe: Send + Sync {
    /// The upstream's state; an unreachable one is a state, not an error.
    async fn check(&self, required: &[String]) -> UpstreamStatus;
}
