//! Mirrored folders and uploaded files.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    documents::{DocumentCounts, FileErrorBody},
    schema::DbNameText,
};

/// Which files to list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SyncRequest {
    /// Only folders of this DB; all by default.
    #[param(value_type = DbNameText, required = false)]
    pub db: Option<String>,
    /// Only files that are so far: `queued`, `reading`, `failed`, `gone` or `done`; all by default.
    #[param(required = false, pattern = "^(queued|reading|failed|gone|done)$")]
    pub state: Option<String>,
    /// How many files are passed over.
    #[param(required = false)]
    pub offset: Option<u64>,
    /// How many files at most; 100 by default.
    #[param(required = false, minimum = 0, maximum = 10000)]
    pub limit: Option<u64>,
}

/// How mirrored folders and their files are.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SyncResponse {
    /// The folders.
    pub folders: Vec<SyncFolder>,
    /// Some of their files, folder by folder, by name.
    pub files: Vec<SyncFile>,
    /// How many files there are that were asked for.
    pub total: u64,
}

/// A mirrored folder.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SyncFolder {
    /// DB.
    pub db: String,
    /// The folder. Uploaded files are in one of the data directory.
    pub root: String,
    /// `starting`, `watching`, `comparing_only` (the system tells of no changes, or not of all), `held` (most of its files are
    /// gone at once), `replaced` (another folder stands in its place), `gone`, `unreachable`, or `ended` (its DB was deleted).
    #[schema(example = "watching")]
    pub state: String,
    /// What is wrong, and what to do.
    pub message: Option<String>,
    /// How many files are how far.
    pub files: SyncCounts,
    /// Documents that are deleted when that is confirmed.
    pub held_deletions: u64,
    /// The last comparison of the whole folder, RFC 3339.
    pub last_comparison: Option<String>,
    /// Seconds that the file waits which waits longest.
    pub oldest_seconds: f64,
    /// What was done since the server started.
    pub done: SyncDone,
    /// Files and folders that the last comparison could not use; at most 100.
    pub problems: Vec<FileErrorBody>,
}

/// How many files are how far.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct SyncCounts {
    /// Wait to be read.
    pub queued: u64,
    /// Are being read.
    pub reading: u64,
    /// Could not be read.
    pub failed: u64,
    /// Are gone, and their documents not yet.
    pub gone: u64,
    /// Are as their documents are.
    pub done: u64,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct SyncDone {
    /// Documents that were new.
    pub added: u64,
    /// Documents that had changed.
    pub updated: u64,
    /// Files whose documents were stored as they are already.
    pub unchanged: u64,
    /// Documents that got another name; they were not embedded again.
    pub renamed: u64,
    /// Documents that were deleted.
    pub deleted: u64,
    /// Attempts that failed.
    pub failures: u64,
}

/// A file of a mirrored folder.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SyncFile {
    /// DB.
    pub db: String,
    /// The name of its document.
    pub source: String,
    /// `queued`, `reading`, `failed`, `gone` or `done`.
    #[schema(example = "done")]
    pub state: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// Attempts that failed, one after another.
    pub attempts: u32,
    /// Why the last one failed.
    pub error: Option<String>,
    /// When it is tried again, RFC 3339; null: not before it changes, or `POST /api/sync`.
    pub next_try: Option<String>,
}

/// What is to be done about mirrored folders.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct SyncCommand {
    /// Only folders of this DB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DbNameText>)]
    pub db: Option<String>,
    /// Only this folder, as `GET /api/sync` names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Whether the deletions are made that wait for a confirmation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<bool>,
}

/// The folders that are compared now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SyncStarted {
    /// `ok`.
    pub status: String,
    /// The folders, as they were.
    pub folders: Vec<SyncFolder>,
}

/// Files to keep and to read, as a form.
#[derive(Debug, ToSchema)]
#[allow(dead_code, reason = "stands for a form in descriptions")]
pub struct UploadForm {
    /// The files, each with its name; `files[]` and `file` are the same.
    #[schema(value_type = Vec<String>, format = Binary)]
    pub files: Vec<u8>,
    /// DB; made when it does not exist. The current one by default.
    #[schema(value_type = Option<DbNameText>)]
    pub db: Option<String>,
    /// Label for these documents; each gets a hash of its content without one.
    #[schema(min_length = 1, max_length = 64)]
    pub version: Option<String>,
    /// Metadata of these documents: a JSON object.
    pub metadata: Option<String>,
}

/// What became of uploaded files.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UploadResponse {
    /// `ok`, or `queued` while some are still to be read.
    pub status: String,
    /// Chunks that were embedded and stored.
    pub chunks_indexed: u64,
    /// How many documents of each kind.
    pub documents: DocumentCounts,
    /// Files that failed.
    pub errors: Vec<FileErrorBody>,
    /// DB.
    pub db: String,
    /// The names of the documents whose files are kept.
    pub saved: Vec<String>,
    /// Each file.
    pub files: Vec<UploadedFileBody>,
}

/// What became of an uploaded file.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct UploadedFileBody {
    /// As it was sent.
    pub name: String,
    /// The name of its document; null when it was not kept.
    pub source: Option<String>,
    /// `done`, `queued` (see `GET /api/sync`) or `failed`.
    #[schema(example = "done")]
    pub state: String,
    /// Why it failed, and what to do.
    pub error: Option<String>,
}
