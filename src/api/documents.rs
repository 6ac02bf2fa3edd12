//! Documents in, and out again.

use super::{InvalidRequest, check_list};
use crate::{
    domain::{DbName, Heading, PageStart, Quality},
    rag::ingest::{FileError, IngestReport, MAX_LISTED_ERRORS, MAX_PATH_CHARS},
    store::{DocumentList, DocumentOrder, DocumentQuery, DocumentRecord, DocumentSummary},
    wire::{
        DeleteDocumentsRequest, DocumentCounts, DocumentEntry, DocumentResponse, DocumentTextResponse,
        DocumentsRequest, DocumentsResponse, FileErrorBody, HeadingBody, IngestRequest, IngestResponse, MAX_PATHS,
        MAX_SOURCE_CHARS, MAX_SOURCES, MAX_VERSION_CHARS, PageBody, QualityBody,
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

/// Most documents of a page.
const MAX_DOCUMENTS: u64 = 10_000;

/// Checks which documents are to be listed, and how.
///
/// # Errors
/// The first parameter that cannot be used.
pub fn document_query(request: DocumentsRequest) -> Result<DocumentQuery, InvalidRequest> {
    let DocumentsRequest { db: _, source, format, language, version, sort, order, offset, limit } = request;
    let sort = match sort.as_deref() {
        None => DocumentOrder::default(),
        Some(name) => DocumentOrder::named(name).ok_or_else(|| {
            let names = DocumentOrder::ALL.map(DocumentOrder::as_str).join(", ");
            InvalidRequest::new(format!("parameter \"sort\" must be one of {names}, it is {name:?}"))
        })?,
    };
    let descending = match order.as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(other) => {
            return Err(InvalidRequest::new(format!("parameter \"order\" must be asc or desc, it is {other:?}")));
        }
    };
    if let Some(limit) = limit.filter(|limit| !(1..=MAX_DOCUMENTS).contains(limit)) {
        let message = format!("parameter \"limit\" must be from 1 to {MAX_DOCUMENTS}, it is {limit}");
        return Err(InvalidRequest::new(message));
    }
    if source.as_ref().is_some_and(|pattern| pattern.chars().count() > MAX_PATH_CHARS) {
        let message = format!("parameter \"source\" must have at most {MAX_PATH_CHARS} characters");
        return Err(InvalidRequest::new(message));
    }
    let offset = offset.unwrap_or(0);
    Ok(DocumentQuery { source, format, language, version, sort, descending, offset, limit })
}

/// A list of documents.
pub fn document_list(db: &DbName, list: DocumentList) -> DocumentsResponse {
    let docs = list.documents.into_iter().map(entry).collect();
    DocumentsResponse { db: db.to_string(), docs, total: list.total }
}

/// A document in detail.
pub fn document(db: &DbName, record: DocumentRecord) -> DocumentResponse {
    let DocumentRecord { summary, outline, pages, quality } = record;
    let heading = |Heading { level, title, start }| HeadingBody { level, title, start };
    DocumentResponse {
        db: db.to_string(),
        document: entry(summary),
        outline: outline.into_iter().map(heading).collect(),
        pages: pages.into_iter().map(|PageStart { page, start }| PageBody { page, start }).collect(),
        quality: quality.map(quality_body),
    }
}

fn entry(summary: DocumentSummary) -> DocumentEntry {
    let DocumentSummary { id, source, title, format, bytes, version, language, chunks, modified, ingested } = summary;
    DocumentEntry { source, chunks, id, title, format, bytes, version, language, modified, ingested }
}

fn quality_body(quality: Quality) -> QualityBody {
    let Quality {
        characters,
        replaced,
        pages,
        pages_without_text,
        pages_unreadable,
        tables,
        warnings,
        pictures_without_text,
    } = quality;
    QualityBody {
        characters,
        replaced,
        pages,
        pages_without_text,
        pages_unreadable,
        tables,
        warnings,
        pictures_without_text,
    }
}

/// A part of a document's text: from `start` up to `end`, as far as there is text.
///
/// # Errors
/// When the end is before the start.
pub fn document_text(
    db: &DbName,
    id: String,
    text: &str,
    start: Option<u32>,
    end: Option<u32>,
) -> Result<DocumentTextResponse, InvalidRequest> {
    // The length of a text is bounded far below that of the type.
    let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let start = start.unwrap_or(0);
    let end = end.unwrap_or(characters.max(start));
    if end < start {
        return Err(InvalidRequest::new(format!("parameter \"end\" is {end}, which is before \"start\", {start}")));
    }
    let (start, end) = (start.min(characters), end.min(characters));
    let part = text.chars().skip(start as usize).take((end - start) as usize).collect();
    Ok(DocumentTextResponse { db: db.to_string(), id, start, end, characters, text: part })
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
