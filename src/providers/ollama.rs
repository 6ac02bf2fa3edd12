//! Ollama: `/api/chat` (always streamed), `/api/embed`, `/api/tags`.

use async_stream::try_stream;
use async_trait::async_trait;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Embedder, EmbedderId, GenerationEvent, GenerationRequest, GenerationStats, GenerationStream, Generator,
    HealthProbe, ProviderError, ProviderKind, Purpose, UpstreamClient, UpstreamStatus,
    http::{to_the_end, unit_vectors},
};
use crate::resilience::CallContext;

/// Answers with a model of an Ollama server.
pub struct OllamaGenerator {
    upstream: UpstreamClient,
    model: String,
}

impl OllamaGenerator {
    /// `model` as `ollama list` names it.
    pub fn new(upstream: UpstreamClient, model: impl Into<String>) -> Self {
        Self { upstream, model: model.into() }
    }
}

/// One line of a streamed chat.
#[derive(Deserialize)]
struct ChatLine {
    #[serde(default)]
    message: Option<ChatMessage>,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    done_reason: Option<String>,
    #[serde(default)]
    prompt_eval_count: Option<u64>,
    #[serde(default)]
    eval_count: Option<u64>,
}

/// `thinking`, which some models send beside it, is not part of the answer.
#[derive(Deserialize)]
struct ChatMessage {
    #[serde(default)]
    content: String,
}

#[async_trait]
impl Generator for OllamaGenerator {
    fn provider(&self) -> ProviderKind {
        ProviderKind::Ollama
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream, ProviderError> {
        let body = json!({ "model": self.model, "messages": request.messages, "stream": true });
        let response = self.upstream.post("/api/chat", &self.model, &body, &request.call).await?;
        let upstream = self.upstream.clone();
        let mut lines = self.upstream.lines(response);
        let events = try_stream! {
            while let Some(line) = lines.next().await {
                let line = line?;
                if line.trim().is_empty() {
                    continue;
                }
                let json: Value = serde_json::from_str(&line).map_err(|error| upstream.malformed(error.to_string()))?;
                if let Some(message) = upstream.reported(&json) {
                    Err(ProviderError::Reported { provider: ProviderKind::Ollama, message })?;
                }
                let line: ChatLine = serde_json::from_value(json).map_err(|error| upstream.malformed(error.to_string()))?;
                if let Some(message) = line.message.filter(|message| !message.content.is_empty()) {
                    yield GenerationEvent::Text(message.content);
                }
                if line.done {
                    to_the_end(&mut lines).await;
                    yield GenerationEvent::Done(GenerationStats {
                        prompt_tokens: line.prompt_eval_count,
                        completion_tokens: line.eval_count,
                        cut_short: line.done_reason.as_deref() == Some("length"),
                    });
                    return;
                }
            }
            Err(ProviderError::Truncated { provider: ProviderKind::Ollama })?;
        };
        Ok(events.boxed())
    }

    async fn is_loading(&self) -> bool {
        let loaded: Result<Tags, _> = self.upstream.probe("/api/ps").await;
        loaded.is_ok_and(|loaded| !loaded.models.iter().any(|model| same_model(&model.name, &self.model)))
    }
}

/// Embeds with a model of an Ollama server.
pub struct OllamaEmbedder {
    upstream: UpstreamClient,
    model: String,
    id: EmbedderId,
}

impl OllamaEmbedder {
    /// `model` as `ollama list` names it.
    pub fn new(upstream: UpstreamClient, model: impl Into<String>) -> Self {
        let model = model.into();
        // `x` and `x:latest` are one model: a DB must not be refused for the difference.
        let id = EmbedderId::new(format!("ollama:{}", model.strip_suffix(":latest").unwrap_or(&model)));
        Self { upstream, model, id }
    }

    /// Some models were trained with a task in front of each text.
    fn with_prefix(&self, text: &str, purpose: Purpose) -> String {
        if !self.model.contains("nomic-embed") {
            return text.to_owned();
        }
        match purpose {
            Purpose::Query => format!("search_query: {text}"),
            Purpose::Passage => format!("search_document: {text}"),
        }
    }
}

#[derive(Deserialize)]
struct Embeddings {
    embeddings: Vec<Vec<f32>>,
}

#[async_trait]
impl Embedder for OllamaEmbedder {
    fn id(&self) -> &EmbedderId {
        &self.id
    }

    fn batch_size(&self) -> usize {
        32
    }

    async fn embed(
        &self,
        texts: &[String],
        purpose: Purpose,
        call: &CallContext,
    ) -> Result<Vec<Vec<f32>>, ProviderError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let input: Vec<String> = texts.iter().map(|text| self.with_prefix(text, purpose)).collect();
        let body = json!({ "model": self.model, "input": input, "truncate": true });
        let response = self.upstream.post("/api/embed", &self.model, &body, call).await?;
        let json: Value = self.upstream.json(response).await?;
        if let Some(message) = self.upstream.reported(&json) {
            return Err(ProviderError::Reported { provider: ProviderKind::Ollama, message });
        }
        let Embeddings { embeddings } =
            serde_json::from_value(json).map_err(|error| self.upstream.malformed(error.to_string()))?;
        unit_vectors(ProviderKind::Ollama, texts.len(), embeddings)
    }
}

/// Asks an Ollama server which models it has.
pub struct OllamaProbe {
    upstream: UpstreamClient,
}

impl OllamaProbe {
    /// Asks this server.
    pub fn new(upstream: UpstreamClient) -> Self {
        Self { upstream }
    }
}

#[derive(Deserialize)]
struct Tags {
    models: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
}

#[async_trait]
impl HealthProbe for OllamaProbe {
    async fn check(&self, required: &[String]) -> UpstreamStatus {
        let tags: Result<Tags, _> = self.upstream.probe("/api/tags").await;
        let names = tags.map(|tags| self.upstream.names(tags.models.into_iter().map(|tag| tag.name)));
        UpstreamClient::status(names, required, same_model)
    }
}

/// Whether two names mean one model: without a tag, `:latest` is meant.
fn same_model(a: &str, b: &str) -> bool {
    fn full(name: &str) -> (&str, &str) {
        name.split_once(':').unwrap_or((name, "latest"))
    }
    full(a) == full(b)
}
