//! Changing a DB. Every function runs inside the caller's transaction, and counts what it adds and removes: a count of rows
//! would take longer the more there are.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::{count, embedder, generations, ledger, metadata, put_setting};
use crate::{
    domain::Place,
    store::{
        ChunkVector, DocumentText, EmbedderRecord, GenerationId, Mutation, NewChunk, NewDocument, StoreError,
        WriteReport,
    },
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

/// Makes one change, at the generation that the caller has open.
pub(super) fn mutate(tx: &Connection, generation: GenerationId, mutation: &Mutation) -> Result<WriteReport, Unmade> {
    match mutation {
        Mutation::Write { documents, embedder } => self::documents(tx, generation, documents, embedder),
        Mutation::Remove { sources } => remove(tx, sources),
        Mutation::Describe { documents } => {
            Ok(WriteReport { updated: metadata::describe(tx, documents)?, ..WriteReport::default() })
        }
        Mutation::Rechunk { documents, embedder } => generations::rechunk(tx, generation, documents, embedder),
        Mutation::Rename { documents } => {
            let updated = ledger::rename(tx, documents, next_revision_of_all(tx)?)?;
            Ok(WriteReport { updated, ..WriteReport::default() })
        }
        Mutation::Mirror(mirror) => Ok(ledger::put_mirror(tx, mirror).map(|()| WriteReport::default())?),
        Mutation::Track { root, files, forgotten } => {
            Ok(ledger::track(tx, root, files, forgotten).map(|()| WriteReport::default())?)
        }
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
    generation: GenerationId,
    documents: &[NewDocument],
    embedder: &EmbedderRecord,
) -> Result<WriteReport, Unmade> {
    if documents.is_empty() {
        return Ok(WriteReport::default());
    }
    generations::must_serve(tx, generation)?;
    settle_embedder(tx, generation, embedder)?;
    let revision = next_revision_of_all(tx)?;
    let mut report = WriteReport::default();
    let written: HashSet<&str> = documents.iter().map(|document| document.source.as_str()).collect();
    for document in documents {
        let Upserted { id, is_new, same_title } = upsert_document(tx, document)?;
        metadata::put(tx, id, &document.metadata, revision)?;
        if is_new {
            report.added += 1;
        } else {
            report.updated += 1;
            let gone = parts(tx, &document.source)?.into_iter().filter(|part| !written.contains(part.as_str()));
            for part in gone {
                report.removed += remove_document(tx, &part, revision)?;
            }
        }
        let target = Target { generation, document: id, source: &document.source, embedder, revision, same_title };
        report += replace_chunks(tx, &target, &document.chunks)?;
        generations::note_made(tx, &target, &document.recipe)?;
    }
    add_to(tx, "documents", report.added as i64 - report.removed as i64)?;
    generations::propose_sizes(tx, generation, documents[0].recipe.sizes)?;
    Ok(report)
}

/// Sources of the documents that are in the file of this one.
pub(super) fn parts(c: &Connection, source: &str) -> Result<Vec<String>, rusqlite::Error> {
    c.prepare_cached("SELECT source FROM documents WHERE part_of = ?1 ORDER BY source")?
        .query_map([source], |row| row.get(0))?
        .collect()
}

/// Removes documents and their chunks, in all generations, and what is in their files.
fn remove(tx: &Connection, sources: &[String]) -> Result<WriteReport, Unmade> {
    let revision = next_revision_of_all(tx)?;
    let mut removed = 0;
    for source in sources {
        removed += remove_document(tx, source, revision)?;
        for part in parts(tx, source)? {
            removed += remove_document(tx, &part, revision)?;
        }
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
    for sql in [
        "INSERT INTO removed_chunks (chunk_id, generation, revision)
         SELECT c.id, c.generation, g.revision FROM chunks c JOIN generations g ON g.id = c.generation WHERE c.document_id = ?1",
        "UPDATE generations SET chunks = chunks -
            (SELECT count(*) FROM chunks c WHERE c.document_id = ?1 AND c.generation = generations.id)",
        "DELETE FROM places WHERE chunk_id IN (SELECT id FROM chunks WHERE document_id = ?1)",
        "DELETE FROM chunks WHERE document_id = ?1",
        // Given by both columns of its key, so that it is looked up.
        "DELETE FROM generation_documents WHERE generation IN (SELECT id FROM generations) AND document_id = ?1",
        "DELETE FROM texts WHERE document_id = ?1",
    ] {
        tx.prepare_cached(sql)?.execute([id])?;
    }
    metadata::removed(tx, id, revision)?;
    tx.prepare_cached("DELETE FROM documents WHERE id = ?1")?.execute([id])
}

/// A generation keeps the embedder of its vectors; one without vectors takes any.
pub(super) fn settle_embedder(tx: &Connection, generation: GenerationId, given: &EmbedderRecord) -> Result<(), Unmade> {
    if let Some(stored) = embedder(tx, generation)? {
        if stored == *given {
            return Ok(());
        }
        let has_vectors: bool = tx.query_row(
            "SELECT EXISTS (SELECT 1 FROM chunks WHERE generation = ?1 AND length(vector) > 0)",
            [generation.0],
            |row| row.get(0),
        )?;
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
    tx.prepare_cached("UPDATE generations SET embedder = ?2, dimension = ?3 WHERE id = ?1")?.execute(params![
        generation.0,
        given.id,
        given.dimension
    ])?;
    Ok(())
}

/// Begins the next change of one generation. Changes have one row of numbers for all generations, so that what changes in all of
/// them has the same number in each.
pub(super) fn next_revision(tx: &Connection, generation: GenerationId) -> Result<u64, rusqlite::Error> {
    let sql = "UPDATE generations SET revision = (SELECT max(revision) FROM generations) + 1 WHERE id = ?1
               RETURNING revision";
    tx.prepare_cached(sql)?.query_row([generation.0], |row| row.get(0))
}

/// Begins the next change of documents, which all generations have.
pub(super) fn next_revision_of_all(tx: &Connection) -> Result<u64, rusqlite::Error> {
    let next = tx.prepare_cached("SELECT max(revision) + 1 FROM generations")?.query_row([], |row| row.get(0))?;
    tx.prepare_cached("UPDATE generations SET revision = ?1")?.execute(params![next])?;
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
                 (source, fingerprint, version, title, format, bytes, ingested_at, language, modified_at, key, changed,
                  read_by, part_of)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, lower(hex(randomblob(10))), 1, ?10, ?11)
             ON CONFLICT (source) DO UPDATE SET fingerprint = ?2, version = ?3, title = ?4, format = ?5, bytes = ?6,
                 ingested_at = ?7, language = ?8, modified_at = ?9, changed = changed + 1, read_by = ?10,
                 part_of = ?11
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
                document.recipe.pipeline,
                document.part_of,
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

/// Whose chunks are written, and where.
pub(super) struct Target<'a> {
    pub(super) generation: GenerationId,
    pub(super) document: i64,
    pub(super) source: &'a str,
    pub(super) embedder: &'a EmbedderRecord,
    pub(super) revision: u64,
    /// Whether its title, by which its chunks are found, is the one that it had.
    pub(super) same_title: bool,
}

/// Brings the chunks of a document to their new state.
///
/// A chunk of the same key stays as it is. Where its document has another title than before, by which it is found, it is a new
/// row, but its text is the same, so its vector is taken over; so is that of another generation of the same embedder.
pub(super) fn replace_chunks(tx: &Connection, target: &Target<'_>, chunks: &[NewChunk]) -> Result<WriteReport, Unmade> {
    let stored = stored_chunks(tx, target)?;
    let wanted: HashSet<&str> = chunks.iter().map(|chunk| chunk.key.as_str()).collect();
    let (mut kept, before) = (HashMap::new(), stored.len());
    let mut inherited = HashMap::new();
    for (id, key) in stored {
        if wanted.contains(key.as_str()) {
            if target.same_title {
                kept.insert(key, id);
                continue;
            }
            let vector: Vec<u8> = tx
                .prepare_cached("SELECT vector FROM chunks WHERE id = ?1")
                .and_then(|mut s| s.query_row([id], |row| row.get(0)))?;
            inherited.insert(key, vector);
        }
        remove_chunk(tx, id, target)?;
    }
    for (ordinal, chunk) in chunks.iter().enumerate() {
        if let Some(id) = kept.get(&chunk.key) {
            put_place(tx, *id, ordinal, chunk)?;
        } else {
            let vector = match (&chunk.vector, inherited.remove(&chunk.key)) {
                (ChunkVector::Stored, Some(vector)) => vector,
                (ChunkVector::Stored, None) => match generations::vector_elsewhere(tx, target, &chunk.key)? {
                    Some(vector) => vector,
                    None => usable_vector(target, ordinal, chunk)?,
                },
                (ChunkVector::None, _) => Vec::new(),
                (ChunkVector::Made(_), _) => usable_vector(target, ordinal, chunk)?,
            };
            insert_chunk(tx, target, ordinal, chunk, &vector)?;
        }
    }
    let (inserted, gone) = (chunks.len() - kept.len(), before - kept.len());
    tx.prepare_cached("UPDATE generations SET chunks = chunks + ?2 WHERE id = ?1")?
        .execute(params![target.generation.0, inserted as i64 - gone as i64])?;
    Ok(WriteReport { chunks_inserted: inserted, chunks_kept: kept.len(), ..WriteReport::default() })
}

/// Row ids and keys.
fn stored_chunks(tx: &Connection, target: &Target<'_>) -> Result<Vec<(i64, String)>, rusqlite::Error> {
    tx.prepare_cached("SELECT id, key FROM chunks WHERE document_id = ?1 AND generation = ?2")?
        .query_map(params![target.document, target.generation.0], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn remove_chunk(tx: &Connection, id: i64, target: &Target<'_>) -> Result<(), rusqlite::Error> {
    tx.prepare_cached("INSERT INTO removed_chunks (chunk_id, generation, revision) VALUES (?1, ?2, ?3)")?
        .execute(params![id, target.generation.0, target.revision])?;
    tx.prepare_cached("DELETE FROM places WHERE chunk_id = ?1")?.execute([id])?;
    tx.prepare_cached("DELETE FROM chunks WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Says where a chunk is, if that is not known already.
fn put_place(tx: &Connection, id: i64, ordinal: usize, chunk: &NewChunk) -> Result<(), rusqlite::Error> {
    let place = (chunk.place != Place::default()).then(|| json(&chunk.place)).transpose()?;
    tx.prepare_cached(
        "INSERT INTO places (chunk_id, ordinal, place) VALUES (?1, ?2, ?3)
         ON CONFLICT (chunk_id) DO UPDATE SET ordinal = ?2, place = ?3 WHERE ordinal <> ?2 OR place IS NOT ?3",
    )?
    .execute(params![id, ordinal as i64, place])?;
    Ok(())
}

fn insert_chunk(
    tx: &Connection,
    target: &Target<'_>,
    ordinal: usize,
    chunk: &NewChunk,
    vector: &[u8],
) -> Result<(), rusqlite::Error> {
    let Target { generation, document, revision, .. } = target;
    tx.prepare_cached(
        "INSERT INTO chunks (document_id, key, language, text, vector, revision, generation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![document, chunk.key, chunk.language, chunk.text, vector, revision, generation.0])?;
    put_place(tx, tx.last_insert_rowid(), ordinal, chunk)
}

/// The last gate before a vector is stored: it must have the DB's dimension and point somewhere. Vectors of zeros or
/// NaN are what a dead embedder leaves behind, and would rank for unrelated questions ever after.
fn usable_vector(target: &Target<'_>, ordinal: usize, chunk: &NewChunk) -> Result<Vec<u8>, StoreError> {
    let dimension = target.embedder.dimension;
    let bad = |why: String| StoreError::BadVector { document: target.source.to_owned(), chunk: ordinal, why };
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
