//! What every request gets: an id, the time it took, a line in the metrics, and errors in one form.

use std::{sync::Arc, time::Instant};

use axum::{
    Json,
    extract::{MatchedPath, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
            X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;

use super::{error::ApiError, state::AppState};
use crate::{telemetry::Metrics, wire::ErrorBody};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const PROCESS_TIME: HeaderName = HeaderName::from_static("x-process-time");

/// What every response tells browsers: take the type as it is said, name this page to nobody, show it in no frame.
pub const BROWSER_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("frame-ancestors 'none'")),
];

/// The id of a request, for handlers.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Outermost layer of every route.
pub async fn observe(State(state): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = sane_id(request.headers()).unwrap_or_else(random_id);
    request.extensions_mut().insert(RequestId(id.clone()));
    // The pattern, not the path: metric labels must stay few.
    let handler = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id = %id, method = %request.method(), route = %handler);
    let mut counted = Counted::start(Arc::clone(state.engine.metrics()), handler, known_method(&request), started);

    let response = next.run(request).instrument(span).await;
    let mut response = with_error_body(response, &id);
    counted.status = Some(response.status().as_u16());
    add_headers(response.headers_mut(), &id, started);
    response
}

/// The answer to a request that no route sees; the last of its connection.
pub fn refusal(error: ApiError, request: &HeaderMap) -> Response {
    let started = Instant::now();
    let id = sane_id(request).unwrap_or_else(random_id);
    let mut response = with_error_body(error.into_response(), &id);
    add_headers(response.headers_mut(), &id, started);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// What every response says besides its own.
fn add_headers(headers: &mut HeaderMap, id: &str, started: Instant) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
    if let Ok(value) = HeaderValue::from_str(&format!("{:.4}", started.elapsed().as_secs_f64())) {
        headers.insert(PROCESS_TIME, value);
    }
    headers.extend(BROWSER_HEADERS);
}

/// An id that nobody else has, as far as chance goes. Nobody is kept out by it, so that it need not cost a call to the
/// system.
fn random_id() -> String {
    uuid::Builder::from_random_bytes(fastrand::u128(..).to_le_bytes()).into_uuid().to_string()
}

/// The caller's id, if it is fit for a header and a log line.
fn sane_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let sane = (1..=128).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:/+=".contains(c));
    sane.then(|| id.to_owned())
}

/// The method as a metric label: an invented one must not make a series of its own.
fn known_method(request: &Request) -> &'static str {
    match request.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Gives an error its body.
fn with_error_body(mut response: Response, id: &str) -> Response {
    let error = response.extensions_mut().remove::<ApiError>();
    let Some(error) = error.or_else(|| foreign_error(&response)) else { return response };
    let body = ErrorBody {
        error: error.kind.to_owned(),
        detail: error.message.clone(),
        message: error.message,
        request_id: id.to_owned(),
        errors: error.errors,
    };
    let mut with_body = (error.status, Json(body)).into_response();
    for (name, value) in response.headers() {
        // The length and the kind are those of the body that is replaced.
        if *name != CONTENT_LENGTH && !with_body.headers().contains_key(name) {
            with_body.headers_mut().insert(name, value.clone());
        }
    }
    with_body
}

/// The error that a library answered with in a form of its own, as the page of the API does for files that it lacks.
fn foreign_error(response: &Response) -> Option<ApiError> {
    let status = response.status();
    let kind = match status {
        StatusCode::NOT_FOUND => "NotFound",
        status if status.is_client_error() => "InvalidRequest",
        status if status.is_server_error() => "InternalError",
        _ => return None,
    };
    let json =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let reason = status.canonical_reason().unwrap_or("the request failed");
    (!json).then(|| ApiError::new(status, kind, reason.to_lowercase()))
}

/// Counts a request when it ends, also when its client goes away before there is a response.
struct Counted {
    metrics: Arc<Metrics>,
    handler: String,
    method: &'static str,
    started: Instant,
    status: Option<u16>,
}

impl Counted {
    fn start(metrics: Arc<Metrics>, handler: String, method: &'static str, started: Instant) -> Self {
        metrics.http_started(&handler, method);
        Self { metrics, handler, method, started, status: None }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.metrics.http_finished(&self.handler, self.method, self.status, self.started.elapsed());
    }
}

/// What a panic in a handler becomes: the server lives on.
pub fn panicked(cause: Box<dyn std::any::Any + Send>) -> Response {
    let text = cause
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| cause.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic".into());
    ApiError::internal(&text).into_response()
}
