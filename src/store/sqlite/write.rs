//! Changing a DB. Every function runs inside the caller's transaction, and counts what it adds and removes: a count of rows
//! would take longer the more there are.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::{count, embedder, put_setting, revision};
use crate::store::{
    ChunkVector, DocumentText, EmbedderRecord, Mutation, NewChunk, NewDocument, StoreError, WriteReport,
};

/// Why a change was not made.
pub(super) enum Unmade {
    /// The store does not take it.
    Refused(StoreError),
    /// The engine failed; what that means is known where the file is.
    Failed(rusqlite::Error),
}

impl From<StoreError> for Unmade {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Unmade {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

/// Makes one change.
pub(super) fn mutate(tx: &Connection, mutation: &Mutation) -> Result<WriteReport, Unmade> {
    match mutation {
        Mutation::Write { documents, embedder } => self::documents(tx, documents, embedder),
        Mutation::Remove { sources } => remove(tx, sources),
    }
}

/// Adds to one of the counts that a DB keeps of itself.
fn add_to(tx: &Connection, what: &str, more: i64) -> Result<(), rusqlite::Error> {
    let now = i64::try_from(count(tx, what)?).unwrap_or(i64::MAX);
    put_setting(tx, what, &now.saturating_add(more).max(0).to_string())
}

/// Replaces documents by their new states; chunks whose key stays are kept with their ids and vectors.
pub(super) fn documents(
    tx: &Connection,
    documents: &[NewDocument],
    embedder: &EmbedderRecord,
) -> Result<WriteReport, Unmade> {
    if documents.is_empty() {
        return Ok(WriteReport::default());
    }
    settle_embedder(tx, embedder)?;
    let revision = next_revision(tx)?;
    let (mut report, mut chunks) = (WriteReport::default(), 0);
    for document in documents {
        let Upserted { id, is_new, same_title } = upsert_document(tx, document)?;
        if is_new {
            report.added += 1;
        } else {
            report.updated += 1;
        }
        let dimension = embedder.dimension;
        let Replaced { inserted, kept, gone } = replace_chunks(tx, id, document, same_title, dimension, revision)?;
        report.chunks_inserted += inserted;
        report.chunks_kept += kept;
        chunks += inserted as i64 - gone as i64;
    }
    add_to(tx, "documents", report.added as i64)?;
    add_to(tx, "chunks", chunks)?;
    Ok(report)
}

/// Removes documents and their chunks.
fn remove(tx: &Connection, sources: &[String]) -> Result<WriteReport, Unmade> {
    let revision = next_revision(tx)?;
    let mut removed = 0;
    for source in sources {
        removed += remove_document(tx, source, revision)?;
    }
    add_to(tx, "documents", -(removed as i64))?;
    Ok(WriteReport { removed, ..WriteReport::default() })
}

fn remove_document(tx: &Connection, source: &str, revision: u64) -> Result<usize, rusqlite::Error> {
    let id: Option<i64> = tx
        .prepare_cached("SELECT id FROM documents WHERE source = ?1")?
        .query_row([source], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(0) };
    tx.prepare_cached(
        "INSERT INTO removed_chunks (chunk_id, revision) SELECT id, ?2 FROM chunks WHERE document_id = ?1",
    )?
    .execute(params![id, revision])?;
    tx.prepare_cached("DELETE FROM places WHERE chunk_id IN (SELECT id FROM chunks WHERE document_id = ?1)")?
        .execute([id])?;
    let chunks = tx.prepare_cached("DELETE FROM chunks WHERE document_id = ?1")?.execute([id])?;
    add_to(tx, "chunks", -(chunks as i64))?;
    tx.prepare_cached("DELETE FROM texts WHERE document_id = ?1")?.execute([id])?;
    tx.prepare_cached("DELETE FROM documents WHERE id = ?1")?.execute([id])
}

/// A DB keeps the embedder of its vectors; one without vectors takes any.
fn settle_embedder(tx: &Connection, given: &EmbedderRecord) -> Result<(), Unmade> {
    if let Some(stored) = embedder(tx)? {
        if stored == *given {
            return Ok(());
        }
        let has_vectors: bool =
            tx.query_row("SELECT EXISTS (SELECT 1 FROM chunks WHERE length(vector) > 0)", [], |row| row.get(0))?;
        if has_vectors {
            return Err(StoreError::EmbedderMismatch {
                stored: stored.id,
                stored_dimension: stored.dimension,
                given: given.id.clone(),
                given_dimension: given.dimension,
            }
            .into());
        }
    }
    put_setting(tx, "embedder", &given.id)?;
    put_setting(tx, "dimension", &given.dimension.to_string())?;
    Ok(())
}

fn next_revision(tx: &Connection) -> Result<u64, rusqlite::Error> {
    let next = revision(tx)? + 1;
    put_setting(tx, "revision", &next.to_string())?;
    Ok(next)
}

/// What became of a document's own row.
struct Upserted {
    id: i64,
    is_new: bool,
    /// Whether it had this title before.
    same_title: bool,
}

/// Inserts or updates the document's own row.
fn upsert_document(tx: &Connection, document: &NewDocument) -> Result<Upserted, rusqlite::Error> {
    let existing: Option<Option<String>> = tx
        .prepare_cached("SELECT title FROM documents WHERE source = ?1")?
        .query_row([&document.source], |row| row.get(0))
        .optional()?;
    let now = jiff::Timestamp::now().to_string();
    let id = tx
        .prepare_cached(
            "INSERT INTO documents
                 (source, fingerprint, version, title, format, bytes, ingested_at, language, modified_at, key)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, lower(hex(randomblob(10))))
             ON CONFLICT (source) DO UPDATE SET fingerprint = ?2, version = ?3, title = ?4, format = ?5, bytes = ?6,
                 ingested_at = ?7, language = ?8, modified_at = ?9
             RETURNING id",
        )?
        .query_row(
            params![
                document.source,
                document.fingerprint,
                document.version,
                document.title,
                document.format,
                i64::try_from(document.bytes).unwrap_or(i64::MAX),
                now,
                document.language,
                document.modified,
            ],
            |row| row.get(0),
        )?;
    put_text(tx, id, &document.text)?;
    let same_title = existing.as_ref().is_none_or(|title| *title == document.title);
    Ok(Upserted { id, is_new: existing.is_none(), same_title })
}

fn put_text(tx: &Connection, document_id: i64, text: &DocumentText) -> Result<(), rusqlite::Error> {
    let DocumentText { text, outline, pages, quality } = text;
    tx.prepare_cached(
        "INSERT INTO texts (document_id, text, outline, pages, quality) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (document_id) DO UPDATE SET text = ?2, outline = ?3, pages = ?4, quality = ?5",
    )?
    .execute(params![
        document_id,
        lz4_flex::compress_prepend_size(text.as_bytes()),
        json(outline)?,
        json(pages)?,
        json(quality)?
    ])?;
    Ok(())
}

fn json(value: &impl Serialize) -> Result<String, rusqlite::Error> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// What became of a document's chunks.
struct Replaced {
    inserted: usize,
    kept: usize,
    gone: usize,
}

/// Brings the chunks of a document to their new state.
///
/// A chunk with the same key under another version label is a new row (indexes filter by version), but its text is the
/// same, so its vector is taken over. So is one of a document that has another title than before, by which it is found.
fn replace_chunks(
    tx: &Connection,
    document_id: i64,
    document: &NewDocument,
    same_title: bool,
    dimension: usize,
    revision: u64,
) -> Result<Replaced, Unmade> {
    let stored = stored_chunks(tx, document_id)?;
    let wanted: HashSet<&str> = document.chunks.iter().map(|chunk| chunk.key.as_str()).collect();
    let (mut kept, before) = (HashMap::new(), stored.len());
    let mut inherited = HashMap::new();
    for StoredChunk { id, key, version } in stored {
        if wanted.contains(key.as_str()) {
            if same_title && version == document.version {
                kept.insert(key, id);
                continue;
            }
            let vector: Vec<u8> = tx
                .prepare_cached("SELECT vector FROM chunks WHERE id = ?1")
                .and_then(|mut s| s.query_row([id], |row| row.get(0)))?;
            inherited.insert(key, vector);
        }
        remove_chunk(tx, id, revision)?;
    }
    for (ordinal, chunk) in document.chunks.iter().enumerate() {
        if let Some(id) = kept.get(&chunk.key) {
            put_place(tx, *id, ordinal, chunk)?;
        } else {
            let vector = match (&chunk.vector, inherited.remove(&chunk.key)) {
                (ChunkVector::Stored, Some(vector)) => vector,
                (ChunkVector::None, _) => Vec::new(),
                _ => usable_vector(document, ordinal, chunk, dimension)?,
            };
            insert_chunk(tx, document_id, document, ordinal, chunk, &vector, revision)?;
        }
    }
    Ok(Replaced { inserted: document.chunks.len() - kept.len(), kept: kept.len(), gone: before - kept.len() })
}

struct StoredChunk {
    id: i64,
    key: String,
    version: String,
}

fn stored_chunks(tx: &Connection, document_id: i64) -> Result<Vec<StoredChunk>, rusqlite::Error> {
    tx.prepare_cached("SELECT id, key, version FROM chunks WHERE document_id = ?1")?
        .query_map([document_id], |row| Ok(StoredChunk { id: row.get(0)?, key: row.get(1)?, version: row.get(2)? }))?
        .collect()
}

fn remove_chunk(tx: &Connection, id: i64, revision: u64) -> Result<(), rusqlite::Error> {
    tx.prepare_cached("INSERT INTO removed_chunks (chunk_id, revision) VALUES (?1, ?2)")?
        .execute(params![id, revision])?;
    tx.prepare_cached("DELETE FROM places WHERE chunk_id = ?1")?.execute([id])?;
    tx.prepare_cached("DELETE FROM chunks WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Says where a chunk is, if that is not known already.
fn put_place(tx: &Connection, id: i64, ordinal: usize, chunk: &NewChunk) -> Result<(), rusqlite::Error> {
    tx.prepare_cached(
        "INSERT INTO places (chunk_id, ordinal, place) VALUES (?1, ?2, ?3)
         ON CONFLICT (chunk_id) DO UPDATE SET ordinal = ?2, place = ?3 WHERE ordinal <> ?2 OR place IS NOT ?3",
    )?
    .execute(params![id, ordinal as i64, json(&chunk.place)?])?;
    Ok(())
}

fn insert_chunk(
    tx: &Connection,
    document_id: i64,
    document: &NewDocument,
    ordinal: usize,
    chunk: &NewChunk,
    vector: &[u8],
    revision: u64,
) -> Result<(), rusqlite::Error> {
    tx.prepare_cached(
        "INSERT INTO chunks (document_id, key, language, version, text, vector, revision)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![document_id, chunk.key, chunk.language, document.version, chunk.text, vector, revision])?;
    put_place(tx, tx.last_insert_rowid(), ordinal, chunk)
}

/// The last gate before a vector is stored: it must have the DB's dimension and point somewhere. Vectors of zeros or
/// NaN are what a dead embedder leaves behind, and would rank for unrelated questions ever after.
fn usable_vector(
    document: &NewDocument,
    ordinal: usize,
    chunk: &NewChunk,
    dimension: usize,
) -> Result<Vec<u8>, StoreError> {
    let bad = |why: String| StoreError::BadVector { document: document.source.clone(), chunk: ordinal, why };
    let ChunkVector::Made(vector) = &chunk.vector else { return Err(bad("it is missing".into())) };
    if vector.len() != dimension {
        return Err(bad(format!("it has {} dimensions instead of {dimension}", vector.len())));
    }
    let norm: f32 = vector.iter().map(|x| x * x).sum();
    if !norm.is_finite() || norm <= 0.0 {
        return Err(bad(format!("its length is {}", norm.sqrt())));
    }
    Ok(vector.iter().flat_map(|x| x.to_le_bytes()).collect())
}

/// The inverse of how vectors are stored.
pub(super) fn vector_from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}
