//! DBs.

use std::sync::Arc;

use axum::{Json as Reply, extract::State};

use crate::{
    domain::DbName,
    server::{error::ApiError, json::Json, params::Path, state::AppState},
    store::StoreError,
    wire::{DbNameBody, DbNameText, DbsResponse, ErrorBody},
};

/// The DBs of this server.
#[utoipa::path(get, path = "/api/dbs", tag = "dbs", responses((status = 200, description = "All of them", body = DbsResponse)))]
pub async fn list(State(state): State<Arc<AppState>>) -> Result<Reply<DbsResponse>, ApiError> {
    Ok(Reply(dbs(&state, None).await?))
}

/// Makes an empty DB.
#[utoipa::path(
    post, path = "/api/dbs/create", tag = "dbs", request_body = DbNameBody,
    responses(
        (status = 200, description = "It exists now", body = DbsResponse),
        (status = 409, description = "It existed before", body = ErrorBody),
    )
)]
pub async fn create(
    State(state): State<Arc<AppState>>,
    Json(DbNameBody { name }): Json<DbNameBody>,
) -> Result<Reply<DbsResponse>, ApiError> {
    let name: DbName = name.parse()?;
    state.engine.with_dbs(move |dbs| Ok(dbs.catalog().create(&name)?)).await?;
    Ok(Reply(dbs(&state, Some("ok")).await?))
}

/// Makes a DB the one of requests that name none. Requests that name theirs do not notice.
#[utoipa::path(
    post, path = "/api/dbs/use", tag = "dbs", request_body = DbNameBody,
    responses(
        (status = 200, description = "It is the current one", body = DbsResponse),
        (status = 404, description = "No such DB", body = ErrorBody),
    )
)]
pub async fn use_db(
    State(state): State<Arc<AppState>>,
    Json(DbNameBody { name }): Json<DbNameBody>,
) -> Result<Reply<DbsResponse>, ApiError> {
    let name: DbName = name.parse()?;
    let looked_up = name.clone();
    let exists = state.engine.with_dbs(move |c| Ok(c.catalog().exists(&looked_up))).await?;
    if !exists {
        return Err(StoreError::NotFound(name.to_string()).into());
    }
    *state.current_db.write() = name;
    Ok(Reply(dbs(&state, Some("ok")).await?))
}

/// Deletes a DB with all its documents. If it was the current one, the server's configured DB is current again.
#[utoipa::path(
    delete, path = "/api/dbs/{name}", tag = "dbs", params(("name" = DbNameText, Path, description = "DB")),
    responses(
        (status = 200, description = "It is gone", body = DbsResponse),
        (status = 404, description = "No such DB", body = ErrorBody),
        (status = 507, description = "The server's disk is full", body = ErrorBody),
    )
)]
pub async fn delete(
    State(state): State<Arc<AppState>>,
    Path(name): Path<String>,
) -> Result<Reply<DbsResponse>, ApiError> {
    let name: DbName = name.parse()?;
    let doomed = name.clone();
    state.engine.with_dbs(move |dbs| dbs.delete(&doomed)).await?;
    state.mirrors.forget(&name);
    state.engine.metrics().database_deleted(&name);
    {
        let mut current = state.current_db.write();
        if *current == name {
            *current = state.settings.db.clone();
        }
    }
    Ok(Reply(dbs(&state, Some("ok")).await?))
}

async fn dbs(state: &AppState, status: Option<&str>) -> Result<DbsResponse, ApiError> {
    let names = state.engine.with_dbs(|dbs| Ok(dbs.catalog().list()?)).await?;
    Ok(DbsResponse {
        status: status.map(ToOwned::to_owned),
        current: state.current_db.read().to_string(),
        dbs: names.into_iter().map(String::from).collect(),
    })
}
