//! Documents and DBs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema::{DbNameText, PathText, SourceText};

/// What to ingest.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct IngestRequest {
    /// Files, folders and globs inside the server's document roots.
    #[schema(value_type = Vec<PathText>, min_items = 1, max_items = 1000, example = json!(["fixtures/docs"]))]
    pub paths: Vec<String>,
    /// DB; made when it does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DbNameText>)]
    pub db: Option<String>,
    /// Label for these documents; each gets a hash of its content without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 64)]
    pub version: Option<String>,
}

/// What an ingestion did.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IngestResponse {
    /// `ok`.
    pub status: String,
    /// Chunks that were embedded and stored.
    pub chunks_indexed: usize,
    /// How many documents of each kind.
    pub documents: DocumentCounts,
    /// Files that failed.
    pub errors: Vec<FileErrorBody>,
    /// Files that were ingested, but not perfectly, and what was lost.
    #[serde(default)]
    pub warnings: Vec<FileErrorBody>,
    /// DB.
    pub db: String,
}

/// How many documents.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct DocumentCounts {
    /// New.
    pub added: usize,
    /// Changed since they were ingested.
    pub updated: usize,
    /// Known in this state.
    pub unchanged: usize,
    /// Not ingested, see `errors`.
    pub failed: usize,
    /// In a folder, but of no supported format.
    #[serde(default)]
    pub skipped: usize,
}

/// A file and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileErrorBody {
    /// The file.
    pub file: String,
    /// What happened, and what to do.
    pub error: String,
}

/// The documents of a DB.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DocumentsResponse {
    /// DB.
    pub db: String,
    /// Sorted by source.
    pub docs: Vec<DocumentEntry>,
}

/// A document.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DocumentEntry {
    /// Its name.
    pub source: String,
    /// Number of its chunks.
    pub chunks: u64,
}

/// Documents to remove.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeleteDocumentsRequest {
    /// Their names, at most 10,000 of at most 4,096 characters.
    #[schema(value_type = Vec<SourceText>, max_items = 10_000)]
    pub sources: Vec<String>,
    /// DB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DbNameText>)]
    pub db: Option<String>,
}

/// What was removed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeleteDocumentsResponse {
    /// `ok`.
    pub status: String,
    /// How many of the named documents there were.
    pub deleted_sources: usize,
    /// DB.
    pub db: String,
}

/// What questions can be limited to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FiltersResponse {
    /// ISO 639-1 codes.
    pub languages: Vec<String>,
    /// Version labels.
    pub versions: Vec<String>,
}

/// A DB.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DbName {
    /// 1 to 64 of `A-Z a-z 0-9 _ . -`.
    #[schema(value_type = DbNameText, example = "handbook")]
    pub name: String,
}

/// The DBs of a server.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DbsResponse {
    /// `ok` after a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// DB of requests that name none.
    pub current: String,
    /// All, sorted.
    pub dbs: Vec<String>,
}
