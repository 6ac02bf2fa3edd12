//! `/query`: one answer; `/api/search`: the passages that it would be made from.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};

use crate::{
    api,
    rag::Question,
    resilience::CallContext,
    server::{error::ApiError, json::Json, middleware::RequestId, state::AppState},
    wire::{AskBody, AskRequest, AskResponse, ErrorBody, SearchResponse},
};

/// Answers a question from the documents, with citations.
#[utoipa::path(
    post, path = "/api/query", tag = "ask", request_body = AskBody,
    responses(
        (status = 200, description = "The answer", body = AskResponse),
        (status = 404, description = "No such DB", body = ErrorBody),
        (status = 409, description = "The DB was embedded by a model that this server does not run", body = ErrorBody),
        (status = 502, description = "The LLM is misconfigured or misbehaves", body = ErrorBody),
        (status = 503, description = "The LLM is unavailable and nothing can stand in", body = ErrorBody),
        (status = 504, description = "The LLM did not answer in time", body = ErrorBody),
    )
)]
pub async fn query(
    State(state): State<Arc<AppState>>,
    Extension(RequestId(id)): Extension<RequestId>,
    Json(request): Json<AskRequest>,
) -> Result<Response, ApiError> {
    let call = CallContext::within(state.settings.request_timeout);
    let question = Question { whole: true, ..api::question(request, &state.ask_defaults())? };
    answer(&state, question, &call, id).await
}

/// Answers a question that needs several documents: what is found says what to look for next. An LLM writes the
/// sub-questions, and rules do without one; `multihop` says who did. Such answers are not cached.
#[utoipa::path(
    post, path = "/api/multihop_query", tag = "ask", request_body = AskBody,
    responses(
        (status = 200, description = "The answer, with `subquestions`", body = AskResponse),
        (status = 404, description = "No such DB", body = ErrorBody),
        (status = 409, description = "The DB was embedded by a model that this server does not run", body = ErrorBody),
        (status = 502, description = "The LLM is misconfigured or misbehaves", body = ErrorBody),
        (status = 503, description = "The LLM is unavailable and nothing can stand in", body = ErrorBody),
        (status = 504, description = "The LLM did not answer in time", body = ErrorBody),
    )
)]
pub async fn multihop_query(
    State(state): State<Arc<AppState>>,
    Extension(RequestId(id)): Extension<RequestId>,
    Json(request): Json<AskRequest>,
) -> Result<Response, ApiError> {
    let call = CallContext::within(state.settings.request_timeout);
    let question = Question { whole: true, ..api::multihop_question(request, &state.ask_defaults())? };
    answer(&state, question, &call, id).await
}

/// Asks, and writes the whole answer.
async fn answer(state: &AppState, question: Question, call: &CallContext, id: String) -> Result<Response, ApiError> {
    let asked = state.engine.ask(&question, call).await?;
    state.given.note(&id, &asked.cached, &question.text);
    let body = state.rendered.body(&question, asked, id).await?;
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// Finds the passages that an answer would be made from, with what each method says of them. No model answers, and the cache
/// is not asked. `explain` is true by default here.
#[utoipa::path(
    post, path = "/api/search", tag = "ask", request_body = AskBody,
    responses(
        (status = 200, description = "The passages", body = SearchResponse),
        (status = 404, description = "No such DB", body = ErrorBody),
        (status = 409, description = "The DB was embedded by a model that this server does not run", body = ErrorBody),
        (status = 502, description = "The embedder is misconfigured or misbehaves", body = ErrorBody),
        (status = 503, description = "The embedder is unavailable and nothing can stand in", body = ErrorBody),
        (status = 504, description = "The search was not done in time", body = ErrorBody),
    )
)]
pub async fn search(
    State(state): State<Arc<AppState>>,
    Extension(RequestId(id)): Extension<RequestId>,
    Json(request): Json<AskRequest>,
) -> Result<axum::Json<SearchResponse>, ApiError> {
    let call = CallContext::within(state.settings.request_timeout);
    let request = AskRequest { explain: request.explain.or(Some(true)), ..request };
    let question = api::question(request, &state.ask_defaults())?;
    let retrieval = state.engine.find(&question, &call).await?;
    Ok(axum::Json(api::found(&question, &retrieval, &call, id)))
}
