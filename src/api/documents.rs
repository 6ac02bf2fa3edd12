//! Documents in, and out again.

use super::{InvalidRequest, check_list};
use crate::{
    domain::DbName,
    rag::ingest::{FileError, IngestReport, MAX_LISTED_ERRORS, MAX_PATH_CHARS},
    wire::{
        DeleteDocumentsRequest, DocumentCounts, FileErrorBody, IngestRequest, IngestResponse, MAX_PATHS,
        MAX_SOURCE_CHARS, MAX_SOURCES, MAX_VERSION_CHARS,
    },
};

// The description of the API says what is enforced.
const _: () = assert!(crate::wire::MAX_PATH_CHARS == MAX_PATH_CHARS);

/// Checks an ingestion before anything is looked up.
///
/// # Errors
/// The first field that cannot be used.
pub fn check_ingestion(request: &IngestRequest) -> Result<(), InvalidRequest> {
    check_paths(&request.paths)?;
    if request.version.as_ref().is_some_and(|label| label.is_empty() || label.chars().count() > MAX_VERSION_CHARS) {
        return Err(InvalidRequest::new(format!("field \"version\" must have 1 to {MAX_VERSION_CHARS} characters")));
    }
    Ok(())
}

/// Checks which documents are to be removed.
///
/// # Errors
/// The first field that cannot be used.
pub fn check_removal(request: &DeleteDocumentsRequest) -> Result<(), InvalidRequest> {
    check_list("sources", &request.sources, MAX_SOURCES, MAX_SOURCE_CHARS)
}

/// Checks what a path may look like, before anything is done with one of them.
fn check_paths(paths: &[String]) -> Result<(), InvalidRequest> {
    if paths.is_empty() {
        return Err(InvalidRequest::new("field \"paths\" is empty: name files, folders or globs"));
    }
    if paths.len() > MAX_PATHS {
        let number = paths.len();
        let message = format!(
            "field \"paths\" must have 1 to {MAX_PATHS} entries, it has {number}: name a folder or a glob, or send several requests"
        );
        return Err(InvalidRequest::new(message));
    }
    for (n, path) in paths.iter().enumerate() {
        let chars = path.chars().count();
        if !(1..=MAX_PATH_CHARS).contains(&chars) {
            let message = format!("field \"paths[{n}]\" must have 1 to {MAX_PATH_CHARS} characters, it has {chars}");
            return Err(InvalidRequest::new(message));
        }
        if path.contains('\0') {
            let message = format!("field \"paths[{n}]\" has a NUL character, which no file name can have");
            return Err(InvalidRequest::new(message));
        }
    }
    Ok(())
}

/// What an ingestion did.
pub fn ingested(db: &DbName, report: &IngestReport) -> IngestResponse {
    IngestResponse {
        status: "ok".into(),
        chunks_indexed: report.chunks_indexed,
        documents: DocumentCounts {
            added: report.added,
            updated: report.updated,
            unchanged: report.unchanged,
            failed: report.failed(),
            skipped: report.skipped,
        },
        errors: file_errors(&report.errors),
        warnings: file_errors(&report.warnings),
        db: db.to_string(),
    }
}

/// The first of them: an answer stays readable, and `failed` has the number of all.
pub fn file_errors(errors: &[FileError]) -> Vec<FileErrorBody> {
    errors
        .iter()
        .take(MAX_LISTED_ERRORS)
        .map(|e| FileErrorBody { file: e.file.clone(), error: e.error.clone() })
        .collect()
}
