//! Generations of a DB.

use std::sync::Arc;

use axum::{Json as Reply, extract::State, http::StatusCode};

use crate::{
    api,
    domain::DbName,
    server::{error::ApiError, json::Json, params::Query, reindex, state::AppState},
    wire::{ErrorBody, ReindexQuery, ReindexRequest, ReindexResponse},
};

/// The generations of a DB, and how far the one is that is being built, whoever builds it.
#[utoipa::path(
    get, path = "/api/reindex", tag = "dbs", params(ReindexQuery),
    responses((status = 200, description = "`missing` says what is to be made yet", body = ReindexResponse))
)]
pub async fn show(
    State(state): State<Arc<AppState>>,
    Query(query): Query<ReindexQuery>,
) -> Result<Reply<ReindexResponse>, ApiError> {
    let db = state.db(query.db.as_deref())?;
    Ok(Reply(response(&state, db).await?))
}

/// Begins to make the next generation of a DB, by the server's embedder, in the background; or goes on with it.
#[utoipa::path(
    post, path = "/api/reindex", tag = "dbs", request_body = ReindexRequest,
    responses(
        (status = 200, description = "The DB is made in just that way already", body = ReindexResponse),
        (status = 202, description = "It has begun; GET tells how far it is", body = ReindexResponse),
        (status = 409, description = "It is being reindexed already", body = ErrorBody),
    )
)]
pub async fn start(
    State(state): State<Arc<AppState>>,
    Json(request): Json<ReindexRequest>,
) -> Result<(StatusCode, Reply<ReindexResponse>), ApiError> {
    let db = state.db(request.db.as_deref())?;
    let sizes = api::chunk_sizes(&request)?;
    let begun = reindex::start(&state, db.clone(), sizes, request.swap).await?;
    let status = if begun { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Reply(response(&state, db).await?)))
}

async fn response(state: &AppState, db: DbName) -> Result<ReindexResponse, ApiError> {
    let counts = state.engine.counts(&db).await?;
    let generations = state.engine.generations(&db).await?;
    Ok(ReindexResponse {
        running: state.reindexing.is_running(&db),
        error: state.reindexing.failure(&db),
        db: db.into(),
        documents: counts.documents,
        generations: generations.into_iter().map(api::generation).collect(),
    })
}
