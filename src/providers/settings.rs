//! Which models embed and answer, and where they are.

use std::time::Duration;

use secrecy::SecretString;

use super::ProviderKind;
use crate::telemetry::{KnownSecrets, ServiceUrl};

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
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence.
    pub read_timeout: Duration,
}

impl ProviderSettings {
    /// What the services may repeat and nobody may see.
    pub fn secrets(&self) -> KnownSecrets {
        let openai = KnownSecrets::of(&self.openai_base_url, self.openai_api_key.as_ref());
        KnownSecrets::of(&self.ollama_url, None).and(openai)
    }
}
