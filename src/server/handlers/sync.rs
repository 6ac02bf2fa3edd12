//! Mirrored folders: how they are, and what is to be done about them.

use std::sync::Arc;

use axum::{Json as Reply, extract::State, http::StatusCode};

use crate::{
    api,
    rag::sync::Mirror,
    server::{error::ApiError, json::Json, params::Query, state::AppState},
    util::time::UnixMillis,
    wire::{ErrorBody, SyncCommand, SyncRequest, SyncResponse, SyncStarted},
};

/// The folders that are mirrored, those of uploaded files among them, and how far their files are.
#[utoipa::path(
    get, path = "/api/sync", tag = "documents", params(SyncRequest),
    responses((status = 200, description = "The folders, and a page of their files", body = SyncResponse))
)]
pub async fn state(
    State(state): State<Arc<AppState>>,
    Query(request): Query<SyncRequest>,
) -> Result<Reply<SyncResponse>, ApiError> {
    let mirrors = mirrors(&state, request.db.as_deref())?;
    Ok(Reply(api::sync_state(&mirrors, &request, UnixMillis::now())?))
}

/// Compares mirrored folders now, and tries again what failed; with `confirm`, deletions are made that wait for it.
#[utoipa::path(
    post, path = "/api/sync", tag = "documents", request_body = SyncCommand,
    responses(
        (status = 200, description = "It has begun; GET /api/sync tells how far it is", body = SyncStarted),
        (status = 404, description = "No such folder is mirrored", body = ErrorBody),
    )
)]
pub async fn start(
    State(state): State<Arc<AppState>>,
    Json(command): Json<SyncCommand>,
) -> Result<Reply<SyncStarted>, ApiError> {
    let SyncCommand { db, root, confirm } = command;
    let mut mirrors = mirrors(&state, db.as_deref())?;
    if let Some(root) = &root {
        mirrors.retain(|mirror| mirror.root().to_string_lossy() == root.as_str());
    }
    if mirrors.is_empty() {
        let message = "no such folder is mirrored; GET /api/sync lists them, `serve --docs DIR --watch` mirrors one";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "NotFound", message));
    }
    let now = UnixMillis::now();
    let folders = mirrors.iter().map(|mirror| api::sync_folder(mirror.status(), now)).collect();
    for mirror in mirrors {
        if confirm == Some(true) {
            mirror.confirm();
        }
        mirror.compare();
    }
    Ok(Reply(SyncStarted { status: "ok".into(), folders }))
}

fn mirrors(state: &AppState, db: Option<&str>) -> Result<Vec<Arc<Mirror>>, ApiError> {
    let db = db.map(str::parse).transpose()?;
    Ok(state.mirrors.of(db.as_ref()))
}
