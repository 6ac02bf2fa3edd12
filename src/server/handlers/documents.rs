//! Documents of a DB.

use std::sync::Arc;

use axum::{Json as Reply, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api,
    domain::DbName,
    rag::{
        Dbs, RagError,
        ingest::{self, FileError, FileThreadError, IngestOptions, MAX_LISTED_ERRORS},
        sync::{Mirrors, UploadFolder},
    },
    server::{
        error::ApiError,
        json::Json,
        params::{Path, Query},
        state::AppState,
    },
    wire::{
        DbNameText, DeleteDocumentsRequest, DeleteDocumentsResponse, DocumentResponse, DocumentTextResponse,
        DocumentsRequest, DocumentsResponse, ErrorBody, FiltersResponse, IngestRequest, IngestResponse,
    },
};

/// Seconds after which a drive that did not answer may be asked again.
const DRIVE_RETRY_SECONDS: u64 = 30;

/// Which DB.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DbParam {
    /// DB; the current one by default.
    #[param(value_type = DbNameText, required = false)]
    db: Option<String>,
}

/// Reads files, folders and globs from the server's document roots into a DB.
///
/// A file that fails is listed and does not stop the others. A document is stored whole or not at all.
#[utoipa::path(
    post, path = "/api/ingest", tag = "documents", request_body = IngestRequest,
    responses(
        (status = 200, description = "What was ingested, and what failed", body = IngestResponse),
        (status = 409, description = "The DB was embedded by another model", body = ErrorBody),
        (status = 422, description = "Nothing could be ingested; `errors` says why, file by file", body = ErrorBody),
        (status = 502, description = "The embedder is misconfigured or misbehaves", body = ErrorBody),
        (status = 503, description = "A drive, the DB or the embedder cannot be used now; try again later", body = ErrorBody),
        (status = 504, description = "The embedder did not answer in time", body = ErrorBody),
    )
)]
pub async fn ingest(
    State(state): State<Arc<AppState>>,
    Json(request): Json<IngestRequest>,
) -> Result<Reply<IngestResponse>, ApiError> {
    let db = state.db(request.db.as_deref())?;
    api::check_ingestion(&request)?;
    let metadata = api::metadata(request.metadata.as_ref())?;
    let selection = ingest::select_files(state.settings.roots.clone(), request.paths).await.map_err(no_selection)?;
    if selection.files.is_empty() && !selection.errors.is_empty() {
        // Before a DB is made for nothing.
        return Err(nothing_ingested(&selection.errors, selection.errors.len() + selection.unlisted_errors));
    }
    let options = IngestOptions {
        chunking: state.settings.chunking,
        limits: state.settings.limits.clone(),
        version: request.version,
        parallelism: std::thread::available_parallelism().map_or(2, usize::from),
        stop: state.stopping.clone(),
        ocr: state.settings.ocr.clone(),
        metadata,
        rules: state.settings.metadata.clone(),
        chunking_said: state.settings.chunking_said,
    };
    // A task of its own: a client that goes away does not leave half of its folder unread.
    let (engine, name) = (Arc::clone(&state.engine), db.clone());
    let task = tokio::spawn(async move { engine.ingest(&name, selection, options, &ingest::unobserved()).await });
    let report = task.await.map_err(RagError::from)??;
    if report.stopped {
        let message = format!(
            "the server stops: {} documents were stored, the others were not read; ingest again",
            report.added + report.updated
        );
        return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "Stopping", message));
    }
    if report.succeeded() == 0 && !report.errors.is_empty() {
        return Err(nothing_ingested(&report.errors, report.failed()));
    }
    state.engine.count_documents(&db).await;
    Ok(Reply(api::ingested(&db, &report)))
}

fn no_selection(error: FileThreadError) -> ApiError {
    match error {
        FileThreadError::Panicked => ApiError::internal(&error),
        error => ApiError {
            retry_after: Some(DRIVE_RETRY_SECONDS),
            ..ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Unavailable",
                format!("\"paths\" cannot be looked up: {error}"),
            )
        },
    }
}

/// `failed` counts the errors that are not in the list, too.
fn nothing_ingested(errors: &[FileError], failed: usize) -> ApiError {
    let first = errors.first().map(ToString::to_string).unwrap_or_default();
    let more = match failed {
        0 | 1 => String::new(),
        n if n > MAX_LISTED_ERRORS => {
            format!(" (and {} more, \"errors\" lists the first {MAX_LISTED_ERRORS})", n - 1)
        }
        n => format!(" (and {} more, see \"errors\")", n - 1),
    };
    let error = ApiError::from(RagError::NothingIngested(format!("nothing could be ingested: {first}{more}")));
    ApiError { errors: Some(api::file_errors(errors)), ..error }
}

/// The documents of a DB.
#[utoipa::path(
    get, path = "/api/docs", tag = "documents", params(DocumentsRequest),
    responses(
        (status = 200, description = "Sorted by source, unless another order is asked for", body = DocumentsResponse),
        (status = 404, description = "No such DB", body = ErrorBody),
        (status = 507, description = "The disk is full, and the DB cannot be read without room", body = ErrorBody),
    )
)]
pub async fn list(
    State(state): State<Arc<AppState>>,
    Query(request): Query<DocumentsRequest>,
) -> Result<Reply<DocumentsResponse>, ApiError> {
    let db = state.db(request.db.as_deref())?;
    let documents = state.engine.documents(&db, api::document_query(request)?).await?;
    Ok(Reply(api::document_list(&db, documents)))
}

/// A document in detail: its headings, its pages, and how well it could be read.
#[utoipa::path(
    get, path = "/api/docs/{id}", tag = "documents", params(DbParam, ("id" = String, Path, description = "Id of the document")),
    responses(
        (status = 200, description = "The document", body = DocumentResponse),
        (status = 404, description = "No such DB, or no such document in it", body = ErrorBody),
        (status = 507, description = "The disk is full, and the DB cannot be read without room", body = ErrorBody),
    )
)]
pub async fn show(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(DbParam { db }): Query<DbParam>,
) -> Result<Reply<DocumentResponse>, ApiError> {
    let db = state.db(db.as_deref())?;
    let record = state.engine.document(&db, id.clone()).await?;
    let record = record.ok_or_else(|| unknown_document(&db, &id))?;
    Ok(Reply(api::document(&db, record)))
}

/// Which part of a text.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TextParams {
    /// DB; the current one by default.
    #[param(value_type = DbNameText, required = false)]
    db: Option<String>,
    /// Offset of the first character; 0 by default.
    #[param(required = false)]
    start: Option<u32>,
    /// Offset behind the last character; the end of the text by default.
    #[param(required = false)]
    end: Option<u32>,
}

/// The text of a document, or a part of it.
#[utoipa::path(
    get, path = "/api/docs/{id}/text", tag = "documents",
    params(TextParams, ("id" = String, Path, description = "Id of the document")),
    responses(
        (status = 200, description = "The text", body = DocumentTextResponse),
        (status = 404, description = "No such DB, no such document in it, or its text was not kept", body = ErrorBody),
        (status = 507, description = "The disk is full, and the DB cannot be read without room", body = ErrorBody),
    )
)]
pub async fn text(
    State(state): State<Arc<AppState>>,
    Path(id): Path<String>,
    Query(TextParams { db, start, end }): Query<TextParams>,
) -> Result<Reply<DocumentTextResponse>, ApiError> {
    let db = state.db(db.as_deref())?;
    let text = match state.engine.text(&db, id.clone()).await? {
        Some(text) => text,
        None if state.engine.document(&db, id.clone()).await?.is_some() => {
            let message =
                format!("the text of the document \"{id}\" was not kept by the version that read it: ingest it again");
            return Err(ApiError::new(StatusCode::NOT_FOUND, "NotFound", message));
        }
        None => return Err(unknown_document(&db, &id)),
    };
    Ok(Reply(api::document_text(&db, id, &text, start, end)?))
}

fn unknown_document(db: &DbName, id: &str) -> ApiError {
    let id: String = id.chars().take(64).collect();
    let message = format!("no document \"{id}\" in the DB \"{db}\"; GET /api/docs lists the ids");
    ApiError::new(StatusCode::NOT_FOUND, "NotFound", message)
}

/// Removes documents from a DB, and the kept files of those that were uploaded.
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
    api::check_removal(&request)?;
    drop_uploads(&state, &db, &request.sources).await?;
    let deleted_sources = state.engine.remove(&db, request.sources).await?;
    state.engine.count_documents(&db).await;
    Ok(Reply(DeleteDocumentsResponse { status: "ok".into(), deleted_sources, db: db.to_string() }))
}

/// Removes the kept files of documents that were uploaded: before the documents, so that none is made of them again.
async fn drop_uploads(state: &AppState, db: &DbName, sources: &[String]) -> Result<(), ApiError> {
    let uploads: Vec<String> = sources.iter().filter(|source| Mirrors::is_upload(source)).cloned().collect();
    let name = db.clone();
    let has_folder = move |dbs: &Dbs| Ok(dbs.catalog().exists(&name) && dbs.catalog().files(&name).is_dir());
    if uploads.is_empty() || !state.engine.with_dbs(has_folder).await? {
        return Ok(());
    }
    let folder = UploadFolder::of(&state.mirrors, db).await?;
    let removed = tokio::task::spawn_blocking(move || folder.remove(&uploads)).await.map_err(RagError::from)?;
    removed.map_err(|error| {
        let message = format!("an uploaded file could not be removed, and nothing was deleted: {error}");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", message)
    })
}

/// What questions to a DB can be limited to.
#[utoipa::path(
    get, path = "/api/filters", tag = "documents", params(DbParam),
    responses(
        (status = 200, description = "Languages, version labels, and the keys that a `filter` can compare", body = FiltersResponse),
        (status = 404, description = "No such DB", body = ErrorBody),
        (status = 507, description = "The disk is full, and the DB cannot be read without room", body = ErrorBody),
    )
)]
pub async fn filters(
    State(state): State<Arc<AppState>>,
    Query(DbParam { db }): Query<DbParam>,
) -> Result<Reply<FiltersResponse>, ApiError> {
    let db = state.db(db.as_deref())?;
    let (filters, facets) = state.engine.filters(&db).await?;
    Ok(Reply(api::filters(filters, facets)))
}
