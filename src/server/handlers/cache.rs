//! The semantic cache: figures and controls.

use std::sync::Arc;

use axum::{Json as Reply, extract::State};

use super::metrics::now_seconds;
use crate::util::time::UnixMillis;
use crate::{
    api,
    cache::{CacheChange, InvalidCacheSetting, SemanticCache},
    server::{error::ApiError, json::Json, state::AppState},
    wire::{
        CacheBody, CacheClearRequest, CacheClearResponse, CacheConfigRequest, CacheConfigResponse, CacheDatabase,
        CacheMetricsResponse, CacheStatsResponse, ErrorBody, GenerationCacheBody,
    },
};

/// The semantic cache's figures. Also at `/metrics/semantic-cache`.
#[utoipa::path(
    get, path = "/api/semantic-cache/metrics", tag = "metrics",
    responses((status = 200, description = "Only `enabled` and a message while it is off", body = CacheMetricsResponse))
)]
pub async fn metrics(State(state): State<Arc<AppState>>) -> Reply<CacheMetricsResponse> {
    let body = body(&state);
    let figures = body.figures.as_ref();
    let message = "the semantic cache is off; POST /api/cache/config {\"enabled\": true} switches it on";
    Reply(CacheMetricsResponse {
        timestamp: now_seconds(),
        enabled: body.enabled,
        hits: figures.map(|figures| figures.hits),
        misses: figures.map(|figures| figures.misses),
        hit_rate: figures.map(|figures| figures.hit_rate),
        cache_size: figures.map(|figures| figures.size),
        max_cache_size: figures.map(|figures| figures.max_size),
        message: (!body.enabled).then(|| message.to_owned()),
        semantic_cache: body,
    })
}

/// The caches and the DBs at one glance.
#[utoipa::path(
    get, path = "/api/cache-stats", tag = "cache",
    responses((status = 200, description = "`semantic_cache` is null while it is off", body = CacheStatsResponse))
)]
pub async fn stats(State(state): State<Arc<AppState>>) -> Result<Reply<CacheStatsResponse>, ApiError> {
    let names = state.engine.with_dbs(|dbs| Ok(dbs.catalog().list()?)).await?;
    Ok(Reply(CacheStatsResponse {
        semantic_cache: Some(body(&state)).filter(|body| body.enabled),
        generation_cache: GenerationCacheBody::default(),
        database: CacheDatabase {
            current_db: state.current_db.read().to_string(),
            available_dbs: names.iter().map(ToString::to_string).collect(),
        },
        timestamp: now_seconds(),
    }))
}

/// How the semantic cache is set.
#[utoipa::path(
    get, path = "/api/cache/config", tag = "cache",
    responses((status = 200, description = "What holds now", body = CacheConfigResponse))
)]
pub async fn config(State(state): State<Arc<AppState>>) -> Result<Reply<CacheConfigResponse>, ApiError> {
    Ok(Reply(api::cache_configuration(cache(&state)?, CacheConfigRequest::default())))
}

/// Changes how the semantic cache is set, all of it or, when a value cannot be used, nothing.
#[utoipa::path(
    post, path = "/api/cache/config", tag = "cache", request_body = CacheConfigRequest,
    responses(
        (status = 200, description = "Changed", body = CacheConfigResponse),
        (status = 400, description = "A value that cannot be used; the message names the field", body = ErrorBody),
    )
)]
pub async fn configure(
    State(state): State<Arc<AppState>>,
    Json(request): Json<CacheConfigRequest>,
) -> Result<Reply<CacheConfigResponse>, ApiError> {
    let cache = cache(&state)?;
    let change = CacheChange {
        enabled: request.enabled,
        threshold: request.similarity_threshold,
        ttl: request.ttl,
        max_size: request.max_size,
    };
    cache.change(&change).await?;
    Ok(Reply(api::cache_configuration(cache, request)))
}

/// Removes cached answers.
#[utoipa::path(
    post, path = "/api/cache/clear", tag = "cache", request_body = CacheClearRequest,
    responses(
        (status = 200, description = "They are gone", body = CacheClearResponse),
        (status = 400, description = "More than one of the fields, or no DB name", body = ErrorBody),
    )
)]
pub async fn clear(
    State(state): State<Arc<AppState>>,
    Json(request): Json<CacheClearRequest>,
) -> Result<Reply<CacheClearResponse>, ApiError> {
    let which = api::clear_cache(request, &state.current_db.read())?;
    let cache = cache(&state)?;
    let removed = cache.clear(&which).await;
    Ok(Reply(CacheClearResponse { status: "ok".to_owned(), removed, size: cache.stats(UnixMillis::steady()).size }))
}

impl From<InvalidCacheSetting> for ApiError {
    fn from(error: InvalidCacheSetting) -> Self {
        Self::invalid(error.to_string())
    }
}

fn cache(state: &AppState) -> Result<&Arc<SemanticCache>, ApiError> {
    state.engine.cache().ok_or_else(|| ApiError::internal(&"a server without a cache"))
}

fn body(state: &AppState) -> CacheBody {
    let on = state.engine.cache().filter(|cache| cache.settings().enabled);
    CacheBody { enabled: on.is_some(), figures: on.map(|cache| api::cache_figures(cache)) }
}
