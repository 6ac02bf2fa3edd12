//! The whole route table.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, StatusCode},
    middleware::from_fn_with_state,
    routing::{get, post},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, Any, CorsLayer},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::SwaggerUi;

use super::{
    error::ApiError,
    handlers::{ask, cache, dbs, documents, feedback, health, metrics, provider, reindex, stream, sync, upload},
    hosts::{self, HostPolicy},
    middleware, openapi,
    state::AppState,
};

/// Routes that are documented: each is a handler with its description.
pub(super) fn documented() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(ask::query))
        .routes(routes!(ask::multihop_query))
        .routes(routes!(ask::search))
        .routes(routes!(stream::stream_query))
        .routes(routes!(stream::stream_multihop_query))
        .routes(routes!(documents::ingest))
        .routes(routes!(documents::list, documents::delete))
        .routes(routes!(documents::show))
        .routes(routes!(documents::text))
        .routes(routes!(documents::filters))
        .routes(routes!(upload::upload))
        .routes(routes!(sync::state, sync::start))
        .routes(routes!(dbs::list))
        .routes(routes!(dbs::create))
        .routes(routes!(dbs::use_db))
        .routes(routes!(dbs::delete))
        .routes(routes!(reindex::show, reindex::start))
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::providers))
        .routes(routes!(provider::current, provider::choose))
        .routes(routes!(metrics::prometheus))
        .routes(routes!(metrics::circuit_breaker))
        .routes(routes!(metrics::connection_pool))
        .routes(routes!(cache::metrics))
        .routes(routes!(cache::stats))
        .routes(routes!(cache::config, cache::configure))
        .routes(routes!(cache::clear))
        .routes(routes!(feedback::feedback))
}

/// Short routes of the other dialect: the same handler, the same description.
pub(super) const ALIASES: [(&str, &str); 4] = [
    ("/query", "/api/query"),
    ("/metrics/circuit-breaker", "/api/circuit-breaker/metrics"),
    ("/metrics/connection-pool", "/api/connection-pool/metrics"),
    ("/metrics/semantic-cache", "/api/semantic-cache/metrics"),
];

pub(super) fn router(state: Arc<AppState>, hosts: HostPolicy) -> Router {
    let (routes, _) = documented().split_for_parts();
    let limit = DefaultBodyLimit::max(state.settings.max_body_bytes);
    routes
        .route("/query", post(ask::query))
        .route("/metrics/circuit-breaker", get(metrics::circuit_breaker))
        .route("/metrics/connection-pool", get(metrics::connection_pool))
        .route("/metrics/semantic-cache", get(cache::metrics))
        .route("/openapi.json", get(openapi::serve))
        .merge(SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/openapi.json")))
        .fallback(async || ApiError::new(StatusCode::NOT_FOUND, "NotFound", "no such route; GET /docs lists them all"))
        .method_not_allowed_fallback(async || {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                "this route does not take this method; the Allow header lists those it takes",
            )
        })
        .layer(limit)
        .layer(CatchPanicLayer::custom(middleware::panicked))
        .layer(tower::util::option_layer(cors(&state.settings.cors_origins)))
        // Before CORS, so that no preflight of a foreign host is answered.
        .layer(from_fn_with_state(Arc::new(hosts), hosts::check))
        .layer(from_fn_with_state(Arc::clone(&state), middleware::observe))
        .with_state(state)
}

/// Browsers of these origins may call; `*` stands for all, no origin for none.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new().allow_methods(Any).allow_headers(Any);
    if origins.iter().any(|origin| origin == "*") {
        return Some(layer.allow_origin(Any));
    }
    let known: Vec<HeaderValue> = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    Some(layer.allow_origin(AllowOrigin::list(known)))
}
