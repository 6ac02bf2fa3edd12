//! OpenAI's dialect, which many local servers speak: `/chat/completions` (always streamed), `/embeddings`, `/models`,
//! below a base that usually ends in `/v1`.

use async_stream::try_stream;
use async_trait::async_trait;
use eventsource_stream::{EventStreamError, Eventsource};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    EmbedderId, Ending, GenerationEvent, GenerationOptions, GenerationRequest, GenerationStats, GenerationStream,
    Generator, HealthProbe, Message, ProviderError, ProviderKind, UpstreamClient, UpstreamStatus,
    answer::{self, Habits},
    embedding::{EmbeddingServer, ServerEmbedder},
    http::{Reply, to_the_end},
    json::{count, numbers, reasoning_parts, text},
    left_out::LeftOut,
    window,
};
use crate::resilience::CallContext;

const PROVIDER: ProviderKind = ProviderKind::OpenAi;

/// Fields of a chat that some servers refuse.
const OPTIONAL_IN_CHAT: [&str; 7] =
    ["stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "reasoning_effort"];

/// The same of an embedding.
const OPTIONAL_IN_EMBEDDINGS: [&str; 1] = ["encoding_format"];

/// Largest answer that comes as one object although a stream was asked for.
const MOST_OF_AN_ANSWER: usize = 8 << 20;

/// Answers with a model of an OpenAI-compatible server.
pub struct OpenAiGenerator {
    upstream: UpstreamClient,
    model: String,
    options: GenerationOptions,
    habits: Habits,
    left_out: LeftOut,
}

impl OpenAiGenerator {
    /// `model` as the server's `/models` names it.
    pub fn new(upstream: UpstreamClient, model: impl Into<String>, options: GenerationOptions) -> Self {
        let model = model.into();
        let habits = Habits::of(&model);
        Self { upstream, model, options, habits, left_out: LeftOut::default() }
    }
}

/// What one object of an answer says, streamed (`delta`) or whole (`message`). Fields may be absent, null, or of another
/// kind.
fn chat_events(json: &Value, stats: &mut GenerationStats) -> (Vec<GenerationEvent>, bool) {
    let (mut events, mut finished) = (Vec::new(), false);
    let usage = &json["usage"];
    stats.prompt_tokens = count(&usage["prompt_tokens"]).or(stats.prompt_tokens);
    stats.completion_tokens = count(&usage["completion_tokens"]).or(stats.completion_tokens);
    // One answer is asked for.
    let Some(choice) = json["choices"].as_array().and_then(|choices| choices.first()) else { return (events, false) };
    let said = if choice["delta"].is_object() { &choice["delta"] } else { &choice["message"] };
    let reasoning = ["reasoning_content", "reasoning", "thinking"].iter().find_map(|field| text(&said[*field]));
    if let Some(reasoning) = reasoning.or_else(|| reasoning_parts(&said["content"])) {
        events.push(GenerationEvent::Reasoning(reasoning));
    }
    if let Some(text) = text(&said["content"]).or_else(|| text(&choice["text"])) {
        events.push(GenerationEvent::Text(text));
    }
    if let Some(reason) = choice["finish_reason"].as_str().filter(|reason| !reason.is_empty()) {
        finished = true;
        if matches!(reason, "length" | "max_tokens") {
            stats.ending = Ending::TokenLimit;
        }
    }
    (events, finished)
}

/// The objects of an answer: of a stream of events, or the one of a server that does not stream.
fn objects(
    upstream: UpstreamClient,
    reply: Reply,
) -> impl Stream<Item = Result<Option<Value>, ProviderError>> + Send + Unpin {
    let is_stream = reply.is_of_kind("event-stream");
    let mut pieces = upstream.pieces(reply);
    Box::pin(try_stream! {
        let mut begun = Vec::new();
        if !is_stream {
            // The type is often wrong; the first character tells.
            while begun.trim_ascii_start().is_empty() {
                let Some(piece) = pieces.next().await else { break };
                begun.extend_from_slice(&piece?);
            }
        }
        if begun.trim_ascii_start().first().is_some_and(|first| matches!(first, b'{' | b'[')) {
            while let Some(piece) = pieces.next().await {
                begun.extend_from_slice(&piece?);
                if begun.len() > MOST_OF_AN_ANSWER {
                    Err(upstream.malformed("its answer is too long".into()))?;
                }
            }
            let mut json: Value =
                serde_json::from_slice(&begun).map_err(|error| upstream.malformed(error.to_string()))?;
            // An error in a list, as Google's gateway sends it.
            if let Some(first) = json.as_array_mut().filter(|list| list.len() == 1).and_then(Vec::pop) {
                json = first;
            }
            yield Some(json);
            yield None;
            return;
        }
        let begun = stream::iter((!begun.is_empty()).then(|| Ok(begun.into())));
        let mut events = begun.chain(pieces).eventsource();
        while let Some(event) = events.next().await {
            let event = event.map_err(|error| match error {
                EventStreamError::Transport(error) => error,
                other => upstream.malformed(other.to_string()),
            })?;
            let data = event.data.trim();
            if data == "[DONE]" {
                to_the_end(&mut events).await;
                yield None;
                return;
            }
            if !data.is_empty() {
                yield Some(serde_json::from_str(data).map_err(|error| upstream.malformed(error.to_string()))?);
            }
        }
    })
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
        let mut body = self.options.of_request(&request).openai(self.habits.reasons());
        body.insert("model".into(), json!(self.model));
        body.insert("messages".into(), json!(&*request.messages));
        body.insert("stream".into(), json!(true));
        body.insert("stream_options".into(), json!({ "include_usage": true }));
        let optional = (&OPTIONAL_IN_CHAT[..], &self.left_out);
        let reply = self.upstream.post("/chat/completions", &self.model, &body, optional, &request.call).await?;
        let upstream = self.upstream.clone();
        let mut objects = objects(upstream.clone(), reply);
        let events = try_stream! {
            let (mut finished, mut stats) = (false, GenerationStats::default());
            while let Some(object) = objects.next().await {
                let Some(json) = object? else {
                    finished = true;
                    break;
                };
                if let Some(message) = upstream.reported(&json) {
                    Err(ProviderError::Reported { provider: PROVIDER, message })?;
                }
                let (events, ended) = chat_events(&json, &mut stats);
                // Servers that send no [DONE] still name the reason; usage may follow, so the end is awaited.
                finished |= ended;
                for event in events {
                    yield event;
                }
            }
            if !finished {
                Err(ProviderError::Truncated { provider: PROVIDER })?;
            }
            yield GenerationEvent::Done(stats);
        };
        Ok(answer::answer(events.boxed(), &request, PROVIDER, &self.habits))
    }

    async fn prompt_tokens(&self, _: &[Message], _: &CallContext) -> Option<usize> {
        let tokens = self.options.tokens(self.habits.reasons());
        self.options.num_ctx.map(|window| window::room(window, tokens))
    }
}

/// Embeds with a model of an OpenAI-compatible server.
pub type OpenAiEmbedder = ServerEmbedder<OpenAiEmbeddings>;

/// Calls of `/embeddings`.
pub struct OpenAiEmbeddings {
    upstream: UpstreamClient,
    model: String,
    left_out: LeftOut,
}

impl OpenAiEmbedder {
    /// `model` as the server's `/models` names it.
    pub fn new(upstream: UpstreamClient, model: impl Into<String>) -> Self {
        let model = model.into();
        let id = EmbedderId::new(format!("openai:{model}"));
        Self::of(OpenAiEmbeddings { upstream, model, left_out: LeftOut::default() }, id, 64)
    }
}

#[async_trait]
impl EmbeddingServer for OpenAiEmbeddings {
    fn provider(&self) -> ProviderKind {
        PROVIDER
    }

    async fn vectors(&self, texts: &[String], call: &CallContext) -> Result<Vec<Vec<f32>>, ProviderError> {
        let body = Map::from_iter([
            ("model".to_owned(), json!(self.model)),
            ("input".to_owned(), json!(texts)),
            ("encoding_format".to_owned(), json!("float")),
        ]);
        let optional = (&OPTIONAL_IN_EMBEDDINGS[..], &self.left_out);
        let response = self.upstream.post("/embeddings", &self.model, &body, optional, call).await?;
        let json: Value = self.upstream.json(response).await?;
        if let Some(message) = self.upstream.reported(&json) {
            return Err(ProviderError::Reported { provider: PROVIDER, message });
        }
        let absent = || self.upstream.malformed("no field `data` with a list of vectors".into());
        let items = json["data"].as_array().ok_or_else(absent)?;
        let vector = |item: &Value| numbers(&item["embedding"]);
        let mut vectors: Vec<(u64, Vec<f32>)> = items
            .iter()
            .enumerate()
            .map(|(n, item)| Some((count(&item["index"]).unwrap_or(n as u64), vector(item)?)))
            .collect::<Option<_>>()
            .ok_or_else(absent)?;
        // The dialect promises an index, not an order.
        vectors.sort_by_key(|(index, _)| *index);
        Ok(vectors.into_iter().map(|(_, vector)| vector).collect())
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
