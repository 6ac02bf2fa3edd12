//! Documents of a DB.

use std::sync::Arc;

use axum::{
    Json as Reply,
    extract::{Query, State},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    model::DbName,
    rag::{
        RagError,
        ingest::{self, FileError, IngestOptions, IngestReport},
    },
    server::{error::ApiError, json::Json, state::AppState},
    wire::{
        DeleteDocumentsRequest, DeleteDocumentsResponse, DocumentCounts, DocumentEntry, DocumentsResponse, ErrorBody,
        FileErrorBody, FiltersResponse, IngestRequest, IngestResponse,
    },
};

/// Longest version label.
const MAX_VERSION: usize = 64;

/// Which DB.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DbParam {
    /// DB; the current one by default.
    db: Option<String>,
}

/// Reads files, folders and globs from the server's document roots into a DB.
///
/// A file that fails is listed and does not stop the others. A document is stored whole or not at all.
#[utoipa::path(
    post, path = "/api/ingest", tag = "documents", request_body = IngestRequest,
    responses(
        (status = 200, description = "What was ingested, and what failed", body = IngestResponse),
        (status = 400, description = "A value that cannot be used; the message names it", body = ErrorBody),
        (status = 409, description = "The DB was embedded by another model", body = ErrorBody),
        (status = 422, description = "Nothing could be ingested; `errors` says why, file by file", body = ErrorBody),
    )
)]
pub async fn ingest(
    State(state): State<Arc<AppState>>,
    Json(request): Json<IngestRequest>,
) -> Result<Reply<IngestResponse>, ApiError> {
    let db = state.db(request.db.as_deref())?;
    if request.paths.is_empty() {
        return Err(ApiError::invalid("field \"paths\" is empty: name files, folders or globs"));
    }
    if request.version.as_ref().is_some_and(|label| label.is_empty() || label.chars().count() > MAX_VERSION) {
        return Err(ApiError::invalid(format!("field \"version\" must have 1 to {MAX_VERSION} characters")));
    }
    let roots = state.settings.roots.clone();
    let selection = tokio::task::spawn_blocking(move || roots.select(&request.paths)).await.map_err(RagError::from)?;
    if selection.files.is_empty() && !selection.errors.is_empty() {
        // Before a DB is made for nothing.
        return Err(nothing_ingested(&selection.errors));
    }
    let options = IngestOptions {
        chunking: state.settings.chunking,
        limits: state.settings.limits.clone(),
        version: request.version,
        parallelism: std::thread::available_parallelism().map_or(2, usize::from),
    };
    // A task of its own: a client that goes away does not leave half of its folder unread.
    let (engine, name) = (Arc::clone(&state.engine), db.clone());
    let task = tokio::spawn(async move { engine.ingest(&name, selection, options, &ingest::unobserved()).await });
    let report = task.await.map_err(RagError::from)??;
    if report.succeeded() == 0 && !report.errors.is_empty() {
        return Err(nothing_ingested(&report.errors));
    }
    if let Ok(counts) = state.engine.counts(&db).await {
        state.engine.metrics().database(db.as_str(), counts.documents, counts.bytes);
    }
    Ok(Reply(response(&db, report)))
}

fn response(db: &DbName, report: IngestReport) -> IngestResponse {
    IngestResponse {
        status: "ok".into(),
        chunks_indexed: report.chunks_indexed,
        documents: DocumentCounts {
            added: report.added,
            updated: report.updated,
            unchanged: report.unchanged,
            failed: report.errors.len(),
            skipped: report.skipped,
        },
        errors: bodies(&report.errors),
        warnings: bodies(&report.warnings),
        db: db.to_string(),
    }
}

fn bodies(errors: &[FileError]) -> Vec<FileErrorBody> {
    errors.iter().map(|e| FileErrorBody { file: e.file.clone(), error: e.error.clone() }).collect()
}

fn nothing_ingested(errors: &[FileError]) -> ApiError {
    let first = errors.first().map(ToString::to_string).unwrap_or_default();
    let more = match errors.len() {
        0 | 1 => String::new(),
        n => format!(" (and {} more, see \"errors\")", n - 1),
    };
    let error = ApiError::from(RagError::NothingIngested(format!("nothing could be ingested: {first}{more}")));
    ApiError { errors: Some(bodies(errors)), ..error }
}

/// The documents of a DB.
#[utoipa::path(
    get, path = "/api/docs", tag = "documents", params(DbParam),
    responses(
        (status = 200, description = "Sorted by source", body = DocumentsResponse),
        (status = 404, description = "No such DB", body = ErrorBody),
    )
)]
pub async fn list(
    State(state): State<Arc<AppState>>,
    Query(DbParam { db }): Query<DbParam>,
) -> Result<Reply<DocumentsResponse>, ApiError> {
    let db = state.db(db.as_deref())?;
    let documents = state.engine.documents(&db).await?;
    let docs = documents.into_iter().map(|d| DocumentEntry { source: d.source, chunks: d.chunks }).collect();
    Ok(Reply(DocumentsResponse { db: db.to_string(), docs }))
}

/// Removes documents from a DB.
#[utoipa::path(
    delete, path = "/api/docs", tag = "documents", request_body = DeleteDocumentsRequest,
    responses(
        (status = 200, description = "How many of them there were", body = DeleteDocumentsResponse),
        (status = 404, description = "No such DB", body = ErrorBody),
    )
)]
pub async fn delete(
    State(state): State<Arc<AppState>>,
    Json(request): Json<DeleteDocumentsRequest>,
) -> Result<Reply<DeleteDocumentsResponse>, ApiError> {
    let db = state.db(request.db.as_deref())?;
    let deleted_sources = state.engine.remove(&db, request.sources).await?;
    if let Ok(counts) = state.engine.counts(&db).await {
        state.engine.metrics().database(db.as_str(), counts.documents, counts.bytes);
    }
    Ok(Reply(DeleteDocumentsResponse { status: "ok".into(), deleted_sources, db: db.to_string() }))
}

/// What questions to a DB can be limited to.
#[utoipa::path(
    get, path = "/api/filters", tag = "documents", params(DbParam),
    responses(
        (status = 200, description = "Languages and version labels", body = FiltersResponse),
        (status = 404, description = "No such DB", body = ErrorBody),
    )
)]
pub async fn filters(
    State(state): State<Arc<AppState>>,
    Query(DbParam { db }): Query<DbParam>,
) -> Result<Reply<FiltersResponse>, ApiError> {
    let db = state.db(db.as_deref())?;
    let filters = state.engine.filters(&db).await?;
    Ok(Reply(FiltersResponse { languages: filters.languages, versions: filters.versions }))
}
