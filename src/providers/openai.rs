//! OpenAI's dialect, which many local servers speak: `/chat/completions` (always streamed), `/embeddings`, `/models`,
//! below a base that usually ends in `/v1`.

use async_stream::try_stream;
use async_trait::async_trait;
use eventsource_stream::{EventStreamError, Eventsource};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Embedder, EmbedderId, GenerationEvent, GenerationRequest, GenerationStats, GenerationStream, Generator,
    HealthProbe, ProviderError, ProviderKind, Purpose, UpstreamClient, UpstreamStatus,
    http::{to_the_end, unit_vectors},
};
use crate::resilience::CallContext;

const PROVIDER: ProviderKind = ProviderKind::OpenAi;

/// Answers with a model of an OpenAI-compatible server.
pub struct OpenAiGenerator {
    upstream: UpstreamClient,
    model: String,
}

impl OpenAiGenerator {
    /// `model` as the server's `/models` names it.
    pub fn new(upstream: UpstreamClient, model: impl Into<String>) -> Self {
        Self { upstream, model: model.into() }
    }
}

/// One event of a streamed chat.
#[derive(Deserialize)]
struct ChatChunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
}

#[async_trait]
impl Generator for OpenAiGenerator {
    fn provider(&self) -> ProviderKind {
        PROVIDER
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream, ProviderError> {
        let body = json!({
            "model": self.model,
            "messages": request.messages,
            "stream": true,
            "stream_options": { "include_usage": true },
        });
        let response = self.upstream.post("/chat/completions", &self.model, &body, &request.call).await?;
        let upstream = self.upstream.clone();
        let mut events = self.upstream.pieces(response).eventsource();
        let events = try_stream! {
            let (mut finished, mut stats) = (false, GenerationStats::default());
            while let Some(event) = events.next().await {
                let event = event.map_err(|error| match error {
                    EventStreamError::Transport(error) => error,
                    other => upstream.malformed(other.to_string()),
                })?;
                if event.data.trim() == "[DONE]" {
                    finished = true;
                    to_the_end(&mut events).await;
                    break;
                }
                let json: Value = serde_json::from_str(&event.data).map_err(|error| upstream.malformed(error.to_string()))?;
                if let Some(message) = upstream.reported(&json) {
                    Err(ProviderError::Reported { provider: PROVIDER, message })?;
                }
                let chunk: ChatChunk = serde_json::from_value(json).map_err(|error| upstream.malformed(error.to_string()))?;
                if let Some(usage) = chunk.usage {
                    stats.prompt_tokens = usage.prompt_tokens;
                    stats.completion_tokens = usage.completion_tokens;
                }
                for choice in chunk.choices {
                    // Servers that send no [DONE] still name the reason; usage may follow, so the end is awaited.
                    finished |= choice.finish_reason.is_some();
                    stats.cut_short |= choice.finish_reason.as_deref() == Some("length");
                    if let Some(text) = choice.delta.content.filter(|text| !text.is_empty()) {
                        yield GenerationEvent::Text(text);
                    }
                }
            }
            if !finished {
                Err(ProviderError::Truncated { provider: PROVIDER })?;
            }
            yield GenerationEvent::Done(stats);
        };
        Ok(events.boxed())
    }
}

/// Embeds with a model of an OpenAI-compatible server.
pub struct OpenAiEmbedder {
    upstream: UpstreamClient,
    model: String,
    id: EmbedderId,
}

impl OpenAiEmbedder {
    /// `model` as the server's `/models` names it.
    pub fn new(upstream: UpstreamClient, model: impl Into<String>) -> Self {
        let model = model.into();
        Self { id: EmbedderId::new(format!("openai:{model}")), upstream, model }
    }
}

#[derive(Deserialize)]
struct EmbeddingList {
    data: Vec<EmbeddingItem>,
}

#[derive(Deserialize)]
struct EmbeddingItem {
    #[serde(default)]
    index: usize,
    embedding: Vec<f32>,
}

#[async_trait]
impl Embedder for OpenAiEmbedder {
    fn id(&self) -> &EmbedderId {
        &self.id
    }

    fn batch_size(&self) -> usize {
        64
    }

    async fn embed(
        &self,
        texts: &[String],
        _purpose: Purpose,
        call: &CallContext,
    ) -> Result<Vec<Vec<f32>>, ProviderError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let body = json!({ "model": self.model, "input": texts, "encoding_format": "float" });
        let response = self.upstream.post("/embeddings", &self.model, &body, call).await?;
        let json: Value = self.upstream.json(response).await?;
        if let Some(message) = self.upstream.reported(&json) {
            return Err(ProviderError::Reported { provider: PROVIDER, message });
        }
        let EmbeddingList { mut data } =
            serde_json::from_value(json).map_err(|error| self.upstream.malformed(error.to_string()))?;
        // The dialect promises an index, not an order.
        data.sort_by_key(|item| item.index);
        unit_vectors(PROVIDER, texts.len(), data.into_iter().map(|item| item.embedding).collect())
    }
}

/// Asks an OpenAI-compatible server which models it has.
pub struct OpenAiProbe {
    upstream: UpstreamClient,
}

impl OpenAiProbe {
    /// Asks this server.
    pub fn new(upstream: UpstreamClient) -> Self {
        Self { upstream }
    }
}

#[derive(Deserialize)]
struct ModelList {
    data: Vec<ModelItem>,
}

#[derive(Deserialize)]
struct ModelItem {
    id: String,
}

#[async_trait]
impl HealthProbe for OpenAiProbe {
    async fn check(&self, required: &[String]) -> UpstreamStatus {
        let list: Result<ModelList, _> = self.upstream.probe("/models").await;
        let names = list.map(|list| self.upstream.names(list.data.into_iter().map(|model| model.id)));
        UpstreamClient::status(names, required, |a, b| a == b)
    }
}
