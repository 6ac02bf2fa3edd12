//! Ollama's dialect.

use std::sync::Arc;

use axum::{
    Json,
    extract::{ConnectInfo, State},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    MockState, Operation,
    fake_llm::{answer, embedding, reply, tokens},
    listener::ConnectionHandle,
    respond::respond,
};

/// Models that the fake server has; the names are the defaults of `ragctl serve`.
const MODELS: [&str; 2] = ["llama3.1:8b", "nomic-embed-text:latest"];

const NDJSON: &str = "application/x-ndjson";
const JSON: &str = "application/json";

pub(super) async fn version() -> Json<Value> {
    Json(json!({ "version": "0.0.0-mock" }))
}

pub(super) async fn tags(
    State(state): State<Arc<MockState>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
) -> Response {
    let fault = state.received("/api/tags", Operation::List, &Value::Null);
    let models: Vec<Value> = MODELS.iter().map(|name| json!({ "name": name, "model": name })).collect();
    respond(state, connection, fault, JSON, vec![json!({ "models": models }).to_string()]).await
}

pub(super) async fn chat(
    State(state): State<Arc<MockState>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    Json(body): Json<Value>,
) -> Response {
    let fault = state.received("/api/chat", Operation::Generate, &body);
    if let Some(refusal) = unknown_model(&body) {
        return refusal;
    }
    let answer = reply(&body["messages"]);
    let answer = fault.iter().fold(answer, |answer, fault| fault.rewritten(answer));
    let message = |text: &str| json!({ "message": { "role": "assistant", "content": text } });
    respond(Arc::clone(&state), connection, fault, NDJSON, lines(&body, &answer, message)).await
}

pub(super) async fn generate(
    State(state): State<Arc<MockState>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    Json(body): Json<Value>,
) -> Response {
    let fault = state.received("/api/generate", Operation::Generate, &body);
    if let Some(refusal) = unknown_model(&body) {
        return refusal;
    }
    let answer = answer(body["prompt"].as_str().unwrap_or_default());
    respond(Arc::clone(&state), connection, fault, NDJSON, lines(&body, &answer, |text| json!({ "response": text })))
        .await
}

pub(super) async fn embed(
    State(state): State<Arc<MockState>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    Json(body): Json<Value>,
) -> Response {
    let fault = state.received("/api/embed", Operation::Embed, &body);
    if let Some(refusal) = unknown_model(&body) {
        return refusal;
    }
    let texts: Vec<&str> = match &body["input"] {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        item => item.as_str().into_iter().collect(),
    };
    let vectors: Vec<Vec<f32>> = texts.into_iter().map(embedding).collect();
    respond(state, connection, fault, JSON, vec![json!({ "model": body["model"], "embeddings": vectors }).to_string()])
        .await
}

pub(super) async fn embeddings(
    State(state): State<Arc<MockState>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    Json(body): Json<Value>,
) -> Response {
    let fault = state.received("/api/embeddings", Operation::Embed, &body);
    let vector = embedding(body["prompt"].as_str().unwrap_or_default());
    respond(state, connection, fault, JSON, vec![json!({ "embedding": vector }).to_string()]).await
}

/// A line a token and one at the end; everything in one line for those who do not stream.
fn lines(body: &Value, answer: &str, piece: impl Fn(&str) -> Value) -> Vec<String> {
    let tokens = tokens(answer);
    let counts = json!({ "prompt_eval_count": 1, "eval_count": tokens.len() });
    let line = |text: &str, done: bool| {
        let mut line = json!({ "model": body["model"], "done": done });
        let parts = [Some(piece(text)), done.then(|| counts.clone())];
        for (name, value) in parts.into_iter().flatten().filter_map(|part| part.as_object().cloned()).flatten() {
            line[name] = value;
        }
        format!("{line}\n")
    };
    if body["stream"] == Value::Bool(false) {
        return vec![line(answer, true)];
    }
    tokens.iter().map(|token| line(token, false)).chain([line("", true)]).collect()
}

/// Models whose name says so are not there.
fn unknown_model(body: &Value) -> Option<Response> {
    use axum::{http::StatusCode, response::IntoResponse};
    let model = body["model"].as_str().unwrap_or_default();
    let refusal = json!({ "error": format!("model '{model}' not found") });
    model.starts_with("missing").then(|| (StatusCode::NOT_FOUND, Json(refusal)).into_response())
}
