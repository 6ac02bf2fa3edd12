//! `/query`: one answer.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::check_list;
use crate::{
    cache::HitKind,
    domain::{SearchFilter, SearchMode},
    providers::ProviderKind,
    rag::{Answer, Cached, FusionChoice, Outcome, Passage, Question, Retrieval, Timings},
    resilience::CallContext,
    server::{error::ApiError, json::Json, middleware::RequestId, state::AppState},
    wire::{
        AskBody, AskRequest, AskResponse, CacheMetadata, ContextMetadata, ErrorBody, MAX_FILTER_CHARS, MAX_FILTERS,
        MAX_QUESTION_CHARS, TimingsMs,
    },
};

/// Most contexts of an answer.
const MAX_K: i64 = 50;

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
    let question = validate(&state, request)?;
    let answer = state.engine.ask(&question, &call).await?.answer().await?;
    let body = body(&question, answer, id).map_err(|error| ApiError::internal(&error))?;
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// What follows in a response after the part that a cached answer always has, in the order of [`AskResponse`].
#[derive(Serialize)]
struct Tail<'a> {
    cache_hit: bool,
    cache_metadata: &'a Option<CacheMetadata>,
    degraded: bool,
    degraded_reason: &'a Option<String>,
    request_id: &'a str,
    timings_ms: TimingsMs,
}

/// Where the tail begins. Within a JSON text the quotation marks would be escaped.
const TAIL: &str = ",\"cache_hit\":";

/// The body of a complete answer. The passages of a cached one are rendered once.
fn body(question: &Question, answer: Answer, request_id: String) -> serde_json::Result<String> {
    let Cached::Hit(_, _, rendered) = &answer.cached else {
        return serde_json::to_string(&response(question, answer, request_id));
    };
    let rendered = rendered.clone();
    let Some(head) = rendered.get() else {
        let body = serde_json::to_string(&response(question, answer, request_id))?;
        if let Some((head, _)) = body.split_once(TAIL) {
            rendered.set(head);
        }
        return Ok(body);
    };
    let tail = serde_json::to_string(&Tail {
        cache_hit: true,
        cache_metadata: &cache_metadata(&answer.cached),
        degraded: false,
        degraded_reason: &None,
        request_id: &request_id,
        timings_ms: timings(&answer.outcome.timings),
    })?;
    let mut body = String::with_capacity(head.len() + tail.len());
    body.push_str(head);
    body.push(',');
    body.push_str(tail.trim_start_matches('{'));
    Ok(body)
}

/// Checks a request and fills in the server's defaults.
pub(super) fn validate(state: &AppState, request: AskRequest) -> Result<Question, ApiError> {
    let settings = &state.settings;
    let text = request.query.or(request.question).ok_or_else(|| {
        ApiError::invalid(format!(
            "field \"query\" is missing: give the question, 1 to {MAX_QUESTION_CHARS} characters"
        ))
    })?;
    let text = text.trim();
    let length = text.chars().count();
    if !(1..=MAX_QUESTION_CHARS).contains(&length) {
        return Err(ApiError::invalid(format!(
            "field \"query\" must have 1 to {MAX_QUESTION_CHARS} characters after trimming, it has {length}"
        )));
    }
    let k = match request.k {
        None => settings.k,
        Some(k) => in_range("k", k, 1..=MAX_K)? as usize,
    };
    let method = match request.method {
        None => settings.method,
        Some(name) => {
            name.parse::<SearchMode>().map_err(|error| ApiError::invalid(format!("field \"method\": {error}")))?
        }
    };
    let provider = request
        .provider
        .map(|name| name.parse::<ProviderKind>())
        .transpose()
        .map_err(|error| ApiError::invalid(format!("field \"provider\": {error}")))?;
    if let Some(weight) = request.bm25_weight.filter(|weight| !(0.0..=1.0).contains(weight)) {
        return Err(ApiError::invalid(format!("field \"bm25_weight\" must be from 0 to 1, it is {weight}")));
    }
    for (field, list) in [("languages", &request.languages), ("versions", &request.versions)] {
        check_list(field, list.as_deref().unwrap_or_default(), MAX_FILTERS, MAX_FILTER_CHARS)?;
    }
    let rrf_k = request.rrf_k.map(|k| in_range("rrf_k", k, 1..=1_000)).transpose()?;
    Ok(Question {
        text: text.to_owned(),
        history: Vec::new(),
        db: state.db(request.db.as_deref())?,
        k,
        method,
        fusion: FusionChoice {
            rrf: request.rrf_enable.or(settings.fusion.rrf.filter(|_| request.bm25_weight.is_none())),
            rrf_k: rrf_k.map(|k| k as u32).or(settings.fusion.rrf_k),
            bm25_weight: request.bm25_weight.map(|weight| weight as f32).or(settings.fusion.bm25_weight),
        },
        scope: SearchFilter {
            languages: request.languages.unwrap_or_default(),
            versions: request.versions.unwrap_or_default(),
        },
        provider,
        cache: request.cache.unwrap_or(true),
    })
}

fn in_range(field: &str, value: i64, allowed: std::ops::RangeInclusive<i64>) -> Result<i64, ApiError> {
    if allowed.contains(&value) {
        return Ok(value);
    }
    let (low, high) = (allowed.start(), allowed.end());
    Err(ApiError::invalid(format!("field \"{field}\" must be from {low} to {high}, it is {value}")))
}

/// The body of a complete answer.
pub fn response(question: &Question, answer: Answer, request_id: String) -> AskResponse {
    let contexts = answer.retrieval.contexts.iter().map(|context| context.text.clone()).collect();
    AskResponse {
        answer: answer.text,
        contexts: Some(contexts),
        ..outcome(question, &answer.retrieval, &answer.outcome, &answer.cached, request_id)
    }
}

/// The 200 object without text and contexts: also the last event of a stream.
pub(super) fn outcome(
    question: &Question,
    retrieval: &Retrieval,
    outcome: &Outcome,
    cached: &Cached,
    request_id: String,
) -> AskResponse {
    let timings = outcome.timings;
    AskResponse {
        answer: String::new(),
        contexts: None,
        metadatas: retrieval.contexts.iter().map(metadata).collect(),
        method: question.method.to_string(),
        bm25_weight: retrieval.bm25_weight,
        rerank_enable: false,
        rerank_top_n: 10,
        db: question.db.to_string(),
        provider: outcome.provider.to_string(),
        cache_hit: matches!(cached, Cached::Hit(..)),
        cache_metadata: cache_metadata(cached),
        degraded: outcome.degraded.is_some(),
        degraded_reason: outcome.degraded.map(|reason| reason.to_string()),
        request_id,
        timings_ms: self::timings(&timings),
    }
}

fn timings(timings: &Timings) -> TimingsMs {
    TimingsMs {
        cache: ms(timings.cache),
        embed: ms(timings.embed),
        retrieve: ms(timings.retrieve),
        rerank: 0.0,
        generate: ms(timings.generate),
        total: ms(timings.total),
    }
}

/// About the entry that answered, or that nearly did.
fn cache_metadata(cached: &Cached) -> Option<CacheMetadata> {
    let (cache_type, reason, note) = match cached {
        Cached::Hit(HitKind::Exact, note, _) => (Some("exact"), None, note),
        Cached::Hit(HitKind::Semantic(_), note, _) => (Some("semantic"), None, note),
        Cached::Miss(Some((reason, note))) => (None, Some(reason.as_str()), note),
        Cached::Miss(None) | Cached::Bypass => return None,
    };
    Some(CacheMetadata {
        cache_type: cache_type.map(str::to_owned),
        reason: reason.map(str::to_owned),
        similarity: note.similarity,
        original_query: note.question.clone(),
        access_count: note.accesses,
        namespace: note.namespace.clone(),
        age_seconds: note.age.as_secs_f64(),
    })
}

pub(super) fn metadata(context: &Passage) -> ContextMetadata {
    ContextMetadata {
        source: context.source.clone(),
        chunk: context.chunk,
        version: context.version.clone(),
        language: context.language.clone(),
        score: context.score,
    }
}

/// Milliseconds, to the microsecond.
fn ms(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rag::CacheNote;

    #[test]
    fn a_rendered_answer_reads_like_one_that_is_not() {
        let context = Passage {
            text: "a \",\"cache_hit\":\" b".into(),
            key: "k".into(),
            source: "s.md".into(),
            chunk: 1,
            version: "v".into(),
            language: "en".into(),
            score: 0.5,
        };
        let timings = Timings { total: Duration::from_micros(1_500), ..Timings::default() };
        let note = CacheNote {
            similarity: 1.0,
            question: "q \"".into(),
            accesses: 3,
            namespace: "n".into(),
            age: Duration::from_secs(1),
        };
        let answer = Answer {
            text: "yes, \"cache_hit\": [1]".into(),
            retrieval: Retrieval { contexts: [context].into(), bm25_weight: 0.5, degraded: None, timings },
            outcome: Outcome { provider: ProviderKind::Embedded, degraded: None, timings },
            cached: Cached::Hit(HitKind::Exact, note, Default::default()),
        };
        let question = Question {
            text: "q".into(),
            history: Vec::new(),
            db: "docs".parse().unwrap(),
            k: 5,
            method: SearchMode::Hybrid,
            fusion: FusionChoice::default(),
            scope: SearchFilter::default(),
            provider: None,
            cache: true,
        };
        let first = body(&question, answer.clone(), "id".into()).unwrap();
        let again = body(&question, answer.clone(), "id".into()).unwrap();
        assert_eq!(first, again);
        assert_eq!(first, serde_json::to_string(&response(&question, answer, "id".into())).unwrap());
    }
}
