//! What happened after a revision, for the indexes that follow the store.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{metadata, read::json, revision, write::vector_from_bytes};
use crate::{
    domain::{ChangeSet, Changes, ChunkContext, ChunkId, DocumentId, IndexedChunk, Place, Stamp, Want},
    store::GenerationId,
};

/// See [`ChangeLog::changes`](crate::store::ChangeLog::changes). `c` must be inside a transaction.
pub(super) fn after(
    c: &Connection,
    generation: GenerationId,
    identity: &str,
    from: Option<&Stamp>,
    want: Want,
    limit: usize,
) -> Result<ChangeSet, rusqlite::Error> {
    let newest = revision(c, generation)?;
    let after = match from {
        Some(from) if from.db != identity || from.revision > newest => return Ok(ChangeSet::Foreign),
        Some(from) if from.revision == newest => return Ok(ChangeSet::Current),
        Some(from) => from.revision,
        // An empty DB at revision 0 is a state to be mirrored, too.
        None => 0,
    };
    let to = if newest == 0 { 0 } else { page_end(c, generation, after, newest, limit)? };
    let added = added(c, generation, after, to, want)?;
    let removed = c
        .prepare_cached(
            "SELECT chunk_id FROM removed_chunks WHERE generation = ?3 AND revision > ?1 AND revision <= ?2",
        )?
        .query_map(params![after, to, generation.0], |row| row.get(0).map(ChunkId))?
        .collect::<Result<_, _>>()?;
    let (documents, removed_documents) = match want {
        Want::Attributes => metadata::changed(c, after, to)?,
        Want::Text | Want::Vector => Default::default(),
    };
    let to = Stamp { db: identity.to_owned(), revision: to };
    Ok(ChangeSet::Next(Changes { to, added, removed, documents, removed_documents }))
}

/// The last revision of a page of about `limit` chunks. A transaction is never cut in two, so a page may be larger.
fn page_end(
    c: &Connection,
    generation: GenerationId,
    after: u64,
    newest: u64,
    limit: usize,
) -> Result<u64, rusqlite::Error> {
    let overflow: Option<u64> = c
        .prepare_cached(
            "SELECT revision FROM chunks WHERE generation = ?3 AND revision > ?1 ORDER BY revision LIMIT 1 OFFSET ?2",
        )?
        .query_row(params![after, i64::try_from(limit).unwrap_or(i64::MAX), generation.0], |row| row.get(0))
        .optional()?;
    Ok(match overflow {
        None => newest,
        // `overflow` is the revision of the first chunk too many: stop before it, unless it is the only one.
        Some(overflow) => (overflow - 1).max(after + 1),
    })
}

fn added(
    c: &Connection,
    generation: GenerationId,
    after: u64,
    to: u64,
    want: Want,
) -> Result<Vec<IndexedChunk>, rusqlite::Error> {
    // A chunk that cannot be embedded has an empty vector, and is found by its words alone.
    let (payload, beside, only) = match want {
        Want::Text => (
            "c.text, d.source, d.title, p.place",
            "JOIN documents d ON d.id = c.document_id LEFT JOIN places p ON p.chunk_id = c.id",
            "",
        ),
        Want::Vector => ("c.vector", "", "AND length(c.vector) > 0"),
        Want::Attributes => ("NULL", "", ""),
    };
    let sql = format!(
        "SELECT c.id, c.language, c.document_id, {payload} FROM chunks c {beside}
         WHERE c.generation = ?3 AND c.revision > ?1 AND c.revision <= ?2 {only} ORDER BY c.id"
    );
    c.prepare_cached(&sql)?
        .query_map(params![after, to, generation.0], |row| {
            let (mut text, mut vector, mut context) = (String::new(), Vec::new(), ChunkContext::default());
            match want {
                Want::Text => (text, context) = (row.get(3)?, self::context(row)?),
                Want::Vector => vector = vector_from_bytes(row.get_ref(3)?.as_blob().unwrap_or_default()),
                Want::Attributes => {}
            }
            let (id, language, document) = (ChunkId(row.get(0)?), row.get(1)?, DocumentId(row.get(2)?));
            Ok(IndexedChunk { id, language, text, vector, document, context })
        })?
        .collect()
}

/// What a chunk stands in: what is known of its document, and the headings of its place.
fn context(row: &Row<'_>) -> Result<ChunkContext, rusqlite::Error> {
    let place: Option<Place> = json(row, 6)?;
    let headings = place.map_or_else(Vec::new, |place| place.headings);
    let headings = headings.into_iter().map(|heading| heading.title).collect();
    Ok(ChunkContext { source: row.get(4)?, title: row.get(5)?, headings })
}
