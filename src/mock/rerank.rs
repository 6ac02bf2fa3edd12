//! Reranking: the dialect of Cohere and Jina, and with `texts` that of Text Embeddings Inference.

use std::sync::Arc;

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::Uri,
    response::Response,
};
use serde_json::{Value, json};

use super::{Fault, MockState, Operation, fake_llm::embedding, listener::ConnectionHandle, respond::respond};

const JSON: &str = "application/json";

/// The more a text is like the question, the higher is its score; the best comes first.
pub(super) async fn rerank(
    State(state): State<Arc<MockState>>,
    ConnectInfo(connection): ConnectInfo<ConnectionHandle>,
    uri: Uri,
    Json(body): Json<Value>,
) -> Response {
    let fault = state.received(uri.path(), Operation::Rerank, &body);
    let is_list = body["texts"].is_array();
    let (texts, name) = if is_list { (&body["texts"], "score") } else { (&body["documents"], "relevance_score") };
    let question = embedding(body["query"].as_str().unwrap_or_default());
    let texts = texts.as_array().into_iter().flatten().map(|text| text.as_str().or(text["text"].as_str()));
    let score = |text: Option<&str>| -> f32 {
        question.iter().zip(embedding(text.unwrap_or_default())).map(|(a, b)| a * b).sum()
    };
    let mut scores: Vec<(usize, f32)> = texts.map(score).enumerate().collect();
    scores.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    match fault {
        Some(Fault::Empty) => scores.clear(),
        Some(Fault::Repeat) => scores.extend_from_within(..),
        _ => {}
    }
    let results: Vec<Value> = scores.into_iter().map(|(index, score)| json!({ "index": index, name: score })).collect();
    let answer = if is_list { json!(results) } else { json!({ "model": body["model"], "results": results }) };
    respond(state, connection, fault, JSON, vec![answer.to_string()]).await
}
