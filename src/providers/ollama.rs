//! Ollama: `/api/chat` (always streamed), `/api/embed`, `/api/show`, `/api/tags`.

use async_stream::try_stream;
use async_trait::async_trait;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    EmbedderId, Ending, GenerationEvent, GenerationOptions, GenerationRequest, GenerationStats, GenerationStream,
    Generator, HealthProbe, Message, ProviderError, ProviderKind, Purpose, UpstreamClient, UpstreamStatus,
    answer::{self, Habits},
    embedding::{EmbeddingServer, ServerEmbedder},
    http::to_the_end,
    json::{count, numbers, text},
    left_out::LeftOut,
    window::ContextWindow,
};
use crate::resilience::CallContext;

const PROVIDER: ProviderKind = ProviderKind::Ollama;

/// Fields of a chat that Ollama, or something like it, may refuse.
const OPTIONAL_IN_CHAT: [&str; 6] = ["think", "keep_alive", "num_ctx", "num_thread", "num_gpu", "seed"];

/// The same of an embedding.
const OPTIONAL_IN_EMBED: [&str; 1] = ["truncate"];

/// Longest line that is put together of several.
const MOST_OF_AN_OBJECT: usize = 8 << 20;

/// Answers with a model of an Ollama server.
pub struct OllamaGenerator {
    upstream: UpstreamClient,
    model: String,
    options: GenerationOptions,
    habits: Habits,
    left_out: LeftOut,
    window: ContextWindow,
}

impl OllamaGenerator {
    /// `model` as `ollama list` names it.
    pub fn new(upstream: UpstreamClient, model: impl Into<String>, options: GenerationOptions) -> Self {
        let model = model.into();
        let (habits, window) = (Habits::of(&model), ContextWindow::new(options.num_ctx));
        Self { upstream, model, options, habits, left_out: LeftOut::default(), window }
    }

    /// The longest window that the model has been made for.
    async fn longest_window(&self) -> Option<u32> {
        self.window
            .longest(|| async {
                let asked = json!({ "model": self.model });
                let shown: Value = self.upstream.ask("/api/show", &asked).await.ok()?;
                let info = shown.get("model_info")?.as_object()?;
                let length = info.iter().find(|(name, _)| name.ends_with(".context_length"))?.1;
                count(length).and_then(|length| u32::try_from(length).ok())
            })
            .await
    }
}

/// What one object of a streamed chat says. Fields may be absent, null, or numbers of another kind.
fn chat_events(json: &Value) -> (Vec<GenerationEvent>, Option<GenerationStats>) {
    let message = &json["message"];
    let mut events = Vec::new();
    if let Some(reasoning) = text(&message["thinking"]).or_else(|| text(&json["thinking"])) {
        events.push(GenerationEvent::Reasoning(reasoning));
    }
    if let Some(text) = text(&message["content"]).or_else(|| text(&json["response"])) {
        events.push(GenerationEvent::Text(text));
    }
    let done = json["done"].as_bool().unwrap_or(false);
    let stats = done.then(|| GenerationStats {
        prompt_tokens: count(&json["prompt_eval_count"]),
        completion_tokens: count(&json["eval_count"]),
        ending: match json["done_reason"].as_str() {
            Some("length") => Ending::TokenLimit,
            Some("load" | "unload") => Ending::Loaded,
            _ => Ending::Complete,
        },
    });
    (events, stats)
}

#[async_trait]
impl Generator for OllamaGenerator {
    fn provider(&self) -> ProviderKind {
        PROVIDER
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream, ProviderError> {
        let options = self.options.of_request(&request);
        let tokens = options.tokens(self.habits.reasons());
        let num_ctx = self.window.for_prompt(&request.messages, tokens);
        let mut body = options.ollama(self.habits.reasons(), num_ctx);
        body.insert("model".into(), json!(self.model));
        body.insert("messages".into(), json!(&*request.messages));
        body.insert("stream".into(), json!(true));
        let optional = (&OPTIONAL_IN_CHAT[..], &self.left_out);
        let response = self.upstream.post("/api/chat", &self.model, &body, optional, &request.call).await?;
        let upstream = self.upstream.clone();
        let mut lines = self.upstream.lines(response);
        let events = try_stream! {
            // Usually an object a line; a proxy may have laid it out anew.
            let mut object = String::new();
            while let Some(line) = lines.next().await {
                object.push_str(&line?);
                if object.trim().is_empty() {
                    object.clear();
                    continue;
                }
                let json: Value = match serde_json::from_str(&object) {
                    Ok(json) => json,
                    Err(error) if error.is_eof() && object.len() < MOST_OF_AN_OBJECT => {
                        object.push('\n');
                        continue;
                    }
                    Err(error) => Err(upstream.malformed(error.to_string()))?,
                };
                object.clear();
                if let Some(message) = upstream.reported(&json) {
                    Err(ProviderError::Reported { provider: PROVIDER, message })?;
                }
                let (events, done) = chat_events(&json);
                for event in events {
                    yield event;
                }
                if let Some(stats) = done {
                    to_the_end(&mut lines).await;
                    yield GenerationEvent::Done(stats);
                    return;
                }
            }
            Err(ProviderError::Truncated { provider: PROVIDER })?;
        };
        Ok(answer::answer(events.boxed(), &request, PROVIDER, &self.habits))
    }

    async fn is_loading(&self) -> bool {
        let loaded: Result<Tags, _> = self.upstream.probe("/api/ps").await;
        loaded.is_ok_and(|loaded| !loaded.models.iter().any(|model| same_model(&model.name, &self.model)))
    }

    async fn prompt_tokens(&self, messages: &[Message], call: &CallContext) -> Option<usize> {
        let answer = self.options.tokens(self.habits.reasons());
        // Nearly every prompt fits, and the server is not asked for the sake of those.
        if self.window.holds(messages, answer) {
            return None;
        }
        let longest = call.wait(self.longest_window()).await.ok().flatten();
        Some(self.window.prompt_tokens(longest, answer))
    }
}

/// Embeds with a model of an Ollama server.
pub type OllamaEmbedder = ServerEmbedder<OllamaEmbeddings>;

/// Calls of `/api/embed`.
pub struct OllamaEmbeddings {
    upstream: UpstreamClient,
    model: String,
    left_out: LeftOut,
}

impl OllamaEmbedder {
    /// `model` as `ollama list` names it.
    pub fn new(upstream: UpstreamClient, model: impl Into<String>) -> Self {
        let model = model.into();
        // `x` and `x:latest` are one model: a DB must not be refused for the difference.
        let id = EmbedderId::new(format!("ollama:{}", model.strip_suffix(":latest").unwrap_or(&model)));
        Self::of(OllamaEmbeddings { upstream, model, left_out: LeftOut::default() }, id, 32)
    }
}

#[async_trait]
impl EmbeddingServer for OllamaEmbeddings {
    fn provider(&self) -> ProviderKind {
        PROVIDER
    }

    fn prefix(&self, purpose: Purpose) -> &'static str {
        match purpose {
            _ if !self.model.contains("nomic-embed") => "",
            Purpose::Query => "search_query: ",
            Purpose::Passage => "search_document: ",
        }
    }

    async fn vectors(&self, texts: &[String], call: &CallContext) -> Result<Vec<Vec<f32>>, ProviderError> {
        let body = Map::from_iter([
            ("model".to_owned(), json!(self.model)),
            ("input".to_owned(), json!(texts)),
            ("truncate".to_owned(), json!(true)),
        ]);
        let optional = (&OPTIONAL_IN_EMBED[..], &self.left_out);
        let response = self.upstream.post("/api/embed", &self.model, &body, optional, call).await?;
        let json: Value = self.upstream.json(response).await?;
        if let Some(message) = self.upstream.reported(&json) {
            return Err(ProviderError::Reported { provider: PROVIDER, message });
        }
        let vectors = json["embeddings"].as_array().and_then(|vectors| vectors.iter().map(numbers).collect());
        vectors.ok_or_else(|| self.upstream.malformed("no field `embeddings` with a list of vectors".into()))
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
