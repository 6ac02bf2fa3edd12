//! `/api/stream_query`: the answer as it is written, as plain text or as server-sent events.

use std::{convert::Infallible, sync::Arc};

use async_stream::stream;
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, StreamExt};

use crate::{
    api,
    rag::{AnswerEvent, AnswerStream, Question, RagError},
    resilience::CallContext,
    server::{error::ApiError, json::Json, middleware::RequestId, state::AppState},
    wire::{AskBody, AskRequest, ErrorBody, StreamHead, StreamToken},
};

/// Answers a question from the documents, as it is written.
///
/// By default plain text: one line `[[CTXJSON]]{"contexts","metadatas","db"}`, then the answer. With
/// `Accept: text/event-stream` events: `contexts`, `reasoning` (many, when asked for), `token` (many), then `done` or
/// `error`. `restart` says that all tokens so far were reasoning, too, and the answer begins now; `segment` that the answer
/// broke off and another upstream goes on with it; `proof`, behind each sentence, what the contexts say about it. In plain text
/// ` [unsupported]` stands behind a sentence that they do not say. An answer that nobody can end ends with `error`. A client that goes away
/// stops the answer, upstream, too.
#[utoipa::path(
    post, path = "/api/stream_query", tag = "ask", request_body = AskBody,
    responses(
        (
            status = 200, description = "The answer as it is written",
            content((String = "text/plain"), (String = "text/event-stream")),
        ),
        (status = 404, description = "No such DB", body = ErrorBody),
        (status = 409, description = "The DB was embedded by a model that this server does not run", body = ErrorBody),
        (status = 502, description = "The LLM is misconfigured or misbehaves", body = ErrorBody),
        (status = 503, description = "The LLM is unavailable and nothing can stand in", body = ErrorBody),
        (status = 504, description = "The LLM did not answer in time", body = ErrorBody),
    )
)]
pub async fn stream_query(
    State(state): State<Arc<AppState>>,
    Extension(RequestId(id)): Extension<RequestId>,
    headers: HeaderMap,
    Json(request): Json<AskRequest>,
) -> Result<Response, ApiError> {
    let call = CallContext::within(state.settings.request_timeout);
    let question = api::question(request, &state.ask_defaults())?;
    answer(&state, question, &call, &headers, id).await
}

/// Answers a question that needs several documents, as the answer is written; the forms are those of `/api/stream_query`.
#[utoipa::path(
    post, path = "/api/stream_multihop_query", tag = "ask", request_body = AskBody,
    responses(
        (
            status = 200, description = "The answer as it is written",
            content((String = "text/plain"), (String = "text/event-stream")),
        ),
        (status = 404, description = "No such DB", body = ErrorBody),
        (status = 409, description = "The DB was embedded by a model that this server does not run", body = ErrorBody),
        (status = 502, description = "The LLM is misconfigured or misbehaves", body = ErrorBody),
        (status = 503, description = "The LLM is unavailable and nothing can stand in", body = ErrorBody),
        (status = 504, description = "The LLM did not answer in time", body = ErrorBody),
    )
)]
pub async fn stream_multihop_query(
    State(state): State<Arc<AppState>>,
    Extension(RequestId(id)): Extension<RequestId>,
    headers: HeaderMap,
    Json(request): Json<AskRequest>,
) -> Result<Response, ApiError> {
    let call = CallContext::within(state.settings.request_timeout);
    let question = api::multihop_question(request, &state.ask_defaults())?;
    answer(&state, question, &call, &headers, id).await
}

async fn answer(
    state: &AppState,
    question: Question,
    call: &CallContext,
    headers: &HeaderMap,
    id: String,
) -> Result<Response, ApiError> {
    let asked = state.engine.ask(&question, call).await?;
    state.given.note(&id, &asked.cached, &question.text);
    let head = api::stream_head(&question, &asked.retrieval);
    Ok(if wants_events(headers) { events(question, asked, head, id) } else { plain(asked, &head) })
}

/// Stands behind a sentence that no context says, in plain text.
const UNSUPPORTED: &str = " [unsupported]";

fn wants_events(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/event-stream"))
}

/// A failure after the head breaks the body off, so that a client cannot take a part for the whole.
fn plain(asked: AnswerStream, head: &StreamHead) -> Response {
    let head = serde_json::to_string(head).unwrap_or_default();
    let first = futures::stream::iter([Ok(Bytes::from(format!("[[CTXJSON]]{head}\n")))]);
    let (_, events, _) = asked.into_parts();
    let text = events.filter_map(async |event| match event {
        Ok(AnswerEvent::Text(text)) => Some(Ok(Bytes::from(text))),
        // Behind the sentence: there is no other place.
        Ok(AnswerEvent::Proof(sentence)) if sentence.is_unsupported() => Some(Ok(Bytes::from(UNSUPPORTED))),
        // A plain text has no place for more than the answer, and takes nothing back.
        Ok(
            AnswerEvent::Reasoning(_)
            | AnswerEvent::Restart
            | AnswerEvent::Segment(_)
            | AnswerEvent::Proof(_)
            | AnswerEvent::Done(_),
        ) => None,
        Err(error) => Some(Err(error)),
    });
    let body: std::pin::Pin<Box<dyn Stream<Item = Result<Bytes, RagError>> + Send>> = Box::pin(first.chain(text));
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], Body::from_stream(body)).into_response()
}

fn events(question: Question, asked: AnswerStream, head: StreamHead, id: String) -> Response {
    let (retrieval, mut events, cached) = asked.into_parts();
    let events = stream! {
        yield event("contexts", &head);
        let mut text = String::new();
        while let Some(next) = events.next().await {
            match next {
                Ok(AnswerEvent::Text(piece)) => {
                    text.push_str(&piece);
                    yield event("token", &StreamToken { text: piece });
                }
                Ok(AnswerEvent::Reasoning(text)) => yield event("reasoning", &StreamToken { text }),
                Ok(AnswerEvent::Restart) => {
                    text.clear();
                    yield event("restart", &serde_json::json!({}));
                }
                Ok(AnswerEvent::Proof(sentence)) => yield event("proof", &api::stream_proof(&sentence, &retrieval)),
                Ok(AnswerEvent::Segment(segment)) => yield event("segment", &api::segment(&segment)),
                Ok(AnswerEvent::Done(outcome)) => {
                    yield event("done", &api::outcome(&question, &retrieval, &outcome, &cached, &text, id.clone()));
                }
                Err(error) => yield event("error", &error_body(error, id.clone())),
            }
        }
    };
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

fn event<T: serde::Serialize>(name: &str, data: &T) -> Result<Event, Infallible> {
    // The shapes of `wire` always serialise; a bug there must not end the stream without a word.
    Ok(Event::default().event(name).json_data(data).unwrap_or_else(|_| Event::default().event("error")))
}

fn error_body(error: RagError, request_id: String) -> ErrorBody {
    let error = ApiError::from(error);
    ErrorBody {
        error: error.kind.to_owned(),
        detail: error.message.clone(),
        message: error.message,
        request_id,
        errors: None,
    }
}
