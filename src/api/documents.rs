//! Documents in, and out again.

use serde_json::{Map, Value};

use super::{InvalidRequest, ask, check_list, json_problem};
use crate::{
    domain::{DbName, Facet, Heading, Metadata, PageStart, Quality, Scalar},
    rag::ingest::{FileError, IngestReport, MAX_LISTED_ERRORS, MAX_PATH_CHARS},
    store::{DocumentList, DocumentOrder, DocumentQuery, DocumentRecord, DocumentSummary, Filters},
    wire::{
        DeleteDocumentsRequest, DocumentCounts, DocumentEntry, DocumentResponse, DocumentTextResponse,
        DocumentsRequest, DocumentsResponse, FacetBody, FacetValueBody, FileErrorBody, FiltersResponse, HeadingBody,
        IngestRequest, IngestResponse, MAX_PATHS, MAX_SOURCE_CHARS, MAX_SOURCES, MAX_VERSION_CHARS, PageBody,
        QualityBody,
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
    request.version.as_deref().map_or(Ok(()), check_label)
}

/// Checks a version label.
///
/// # Errors
/// When it has no or too many characters.
pub fn check_label(label: &str) -> Result<(), InvalidRequest> {
    if label.is_empty() || label.chars().count() > MAX_VERSION_CHARS {
        return Err(InvalidRequest::new(format!("field \"version\" must have 1 to {MAX_VERSION_CHARS} characters")));
    }
    Ok(())
}

/// Checks the metadata of an ingestion.
///
/// # Errors
/// The first field of it that is not taken.
pub fn metadata(metadata: Option<&Map<String, Value>>) -> Result<Option<Metadata>, InvalidRequest> {
    let metadata = metadata.map(Metadata::from_json).transpose();
    metadata.map_err(|error| InvalidRequest::new(format!("field {error}")))
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
    let DocumentsRequest { db: _, source, format, language, version, sort, order, offset, limit, filter } = request;
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
    let given: Option<Value> = filter.as_deref().map(serde_json::from_str).transpose().map_err(|error| {
        InvalidRequest::new(format!("parameter \"filter\" is not the JSON of a filter: {}", json_problem(&error)))
    })?;
    let (offset, filter) = (offset.unwrap_or(0), ask::filter(given.as_ref())?);
    Ok(DocumentQuery { source, format, language, version, sort, descending, offset, limit, filter })
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
    let DocumentSummary {
        id,
        source,
        title,
        format,
        bytes,
        version,
        language,
        chunks,
        modified,
        ingested,
        metadata,
        part_of,
    } = summary;
    let metadata = metadata.to_json();
    DocumentEntry { source, chunks, id, title, format, bytes, version, language, modified, ingested, metadata, part_of }
}

/// What questions can be limited to.
pub fn filters(filters: Filters, facets: Vec<Facet>) -> FiltersResponse {
    let Filters { languages, versions } = filters;
    FiltersResponse { languages, versions, keys: facets.into_iter().map(facet).collect() }
}

fn facet(facet: Facet) -> FacetBody {
    let Facet { key, kind, documents, distinct, values, min, max } = facet;
    let value = |(value, documents): (Scalar, u64)| FacetValueBody { value: value.to_json(), documents };
    FacetBody {
        key: key.to_string(),
        kind: kind.as_str().to_owned(),
        documents,
        distinct,
        values: values.into_iter().map(value).collect(),
        min: min.as_ref().map(Scalar::to_json),
        max: max.as_ref().map(Scalar::to_json),
    }
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
