//! Which models embed and answer, and where they are.

use std::time::Duration;

use secrecy::SecretString;

use super::{GenerationOptions, ProviderKind, chain::UpstreamOrder, guarded::AttemptTimeouts};
use crate::{
    resilience::{PoolSettings, RetrySettings},
    telemetry::{KnownSecrets, ServiceUrl},
};

/// Who embeds and answers.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// The choice; `None` is `auto`.
    pub choice: Option<ProviderKind>,
    /// Where Ollama is.
    pub ollama_url: ServiceUrl,
    /// Its model that answers.
    pub llm_model: String,
    /// Its model that embeds, or the folder of a static one.
    pub embed_model: String,
    /// Key of the OpenAI-compatible server.
    pub openai_api_key: Option<SecretString>,
    /// Where it is.
    pub openai_base_url: ServiceUrl,
    /// Whether somebody said where it is, or gave a key: only then it is used.
    pub openai_configured: bool,
    /// Its model that answers.
    pub openai_model: String,
    /// Its model that embeds.
    pub openai_embed_model: String,
    /// Who embeds; `None` is `auto`.
    pub embedder: Option<ProviderKind>,
    /// Where the server is that embeds, when it is another than the LLM's.
    pub embed_url: Option<ServiceUrl>,
    /// Its key.
    pub embed_api_key: Option<SecretString>,
    /// Whether somebody named the embedding model, so that it is meant for every server.
    pub embed_model_said: bool,
    /// Of Ollama.
    pub timeouts: HttpTimeouts,
    /// Of the OpenAI-compatible server.
    pub openai_timeouts: HttpTimeouts,
    /// What is asked of the LLM besides its messages.
    pub generation: GenerationOptions,
    /// LLM servers with names of their own; where there are any, they answer instead of the ones above.
    pub upstreams: Vec<UpstreamSettings>,
    /// Which of them is asked first.
    pub order: UpstreamOrder,
    /// The server that reranks, when there is one.
    pub rerank: Option<RerankSettings>,
}

/// A server that reranks.
#[derive(Debug, Clone)]
pub struct RerankSettings {
    /// Where it is.
    pub url: ServiceUrl,
    /// Its model; empty when none is named.
    pub model: String,
    /// Its key.
    pub api_key: Option<SecretString>,
    /// Longest time that a question waits for it.
    pub timeout: Duration,
    /// Of its connections.
    pub http: HttpTimeouts,
    /// Further attempts.
    pub retry: RetrySettings,
    /// Its connections.
    pub pool: PoolSettings,
}

/// An LLM server.
#[derive(Debug, Clone)]
pub struct UpstreamSettings {
    /// Its name in requests, metrics and answers.
    pub name: String,
    /// How it is spoken to.
    pub dialect: ProviderKind,
    /// Where it is.
    pub url: ServiceUrl,
    /// Its key.
    pub api_key: Option<SecretString>,
    /// Its model that answers.
    pub model: String,
    /// Its model that embeds.
    pub embed_model: Option<String>,
    /// Its share of questions where the order goes by weight.
    pub weight: u32,
    /// Of its connections.
    pub http: HttpTimeouts,
    /// Of one attempt.
    pub timeouts: AttemptTimeouts,
    /// Further attempts.
    pub retry: RetrySettings,
    /// Its connections.
    pub pool: PoolSettings,
    /// What is asked of its model besides the messages.
    pub generation: GenerationOptions,
}

/// Longest waits of a connection.
#[derive(Debug, Clone, Copy)]
pub struct HttpTimeouts {
    /// Until it stands.
    pub connect: Duration,
    /// Silence.
    pub read: Duration,
}

impl ProviderSettings {
    /// What the services may repeat and nobody may see.
    pub fn secrets(&self) -> KnownSecrets {
        let openai = KnownSecrets::of(&self.openai_base_url, self.openai_api_key.as_ref());
        let known = KnownSecrets::of(&self.ollama_url, None).and(openai);
        let known = self
            .upstreams
            .iter()
            .fold(known, |known, upstream| known.and(KnownSecrets::of(&upstream.url, upstream.api_key.as_ref())));
        let known = match &self.rerank {
            Some(rerank) => known.and(KnownSecrets::of(&rerank.url, rerank.api_key.as_ref())),
            None => known,
        };
        match &self.embed_url {
            Some(url) => known.and(KnownSecrets::of(url, self.embed_api_key.as_ref())),
            None => known,
        }
    }
}
