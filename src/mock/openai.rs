//! OpenAI's dialect.

use std::sync::Arc;

use axum::{
    Json,
    extract::{ConnectInfo, State},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    MockState, Operation,
    fake_llm::{embedding, reply, tokens},
    listener::ConnectionHandle,
    respond::respond,
};

const SSE: &str = "text/event-stream";
const JSON: &str = "application/json";

pub(super) async fn models(
    State(state): State<Arc<MockState>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
) -> Response {
    let fault = state.received("/v1/models", Operation::List, &Value::Null);
    let models = json!({ "object": "list", "data": [{ "id": "gpt-4o-mini", "object": "model" }, { "id": "text-embedding-3-small", "object": "model" }] });
    respond(state, connection, fault, JSON, vec![models.to_string()]).await
}

pub(super) async fn chat(
    State(state): State<Arc<MockState>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    Json(body): Json<Value>,
) -> Response {
    let fault = state.received("/v1/chat/completions", Operation::Generate, &body);
    let answer = reply(&body["messages"]);
    let answer = fault.iter().fold(answer, |answer, fault| fault.rewritten(answer));
    let tokens = tokens(&answer);
    let usage = json!({ "prompt_tokens": 1, "completion_tokens": tokens.len(), "total_tokens": tokens.len() + 1 });
    if body["stream"] != Value::Bool(true) {
        let message = json!({ "role": "assistant", "content": answer });
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        let whole = json!({ "object": "chat.completion", "model": body["model"], "choices": [choice], "usage": usage });
        return respond(state, connection, fault, JSON, vec![whole.to_string()]).await;
    }
    let event = |choices: Value, usage: Value| {
        let chunk =
            json!({ "object": "chat.completion.chunk", "model": body["model"], "choices": choices, "usage": usage });
        format!("data: {chunk}\n\n")
    };
    let delta = |text: &str| json!([{ "index": 0, "delta": { "content": text }, "finish_reason": null }]);
    let end = json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]);
    let mut events: Vec<String> = tokens.iter().map(|token| event(delta(token), Value::Null)).collect();
    events.push(event(end, Value::Null));
    if body["stream_options"]["include_usage"] == Value::Bool(true) {
        events.push(event(json!([]), usage));
    }
    events.push("data: [DONE]\n\n".to_owned());
    respond(Arc::clone(&state), connection, fault, SSE, events).await
}

pub(super) async fn embeddings(
    State(state): State<Arc<MockState>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    Json(body): Json<Value>,
) -> Response {
    let fault = state.received("/v1/embeddings", Operation::Embed, &body);
    let texts: Vec<&str> = match &body["input"] {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        item => item.as_str().into_iter().collect(),
    };
    let data: Vec<Value> = texts
        .into_iter()
        .enumerate()
        .map(|(index, text)| json!({ "object": "embedding", "index": index, "embedding": embedding(text) }))
        // Out of order, as the dialect allows.
        .rev()
        .collect();
    respond(
        state,
        connection,
        fault,
        JSON,
        vec![json!({ "object": "list", "model": body["model"], "data": data }).to_string()],
    )
    .await
}
