//! The generations of a DB in its file: rows of `generations`, whose numbers stand at the chunks.

mod life;

use std::{collections::HashSet, sync::Arc};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    SqliteStore, metadata, read,
    write::{self, Target, Unmade},
};
use crate::{
    domain::{ChunkId, ChunkSizes},
    store::{
        BuildPermit, Chunk, DocumentState, EmbedderRecord, Generation, GenerationId, GenerationState, Generations,
        NewChunks, Outdated, PendingDocument, Recipe, Store, StoreError, WriteReport,
    },
};

/// What [`Outdated`] means, of a document `d` and what is known of it in a generation, `g`; its parameters are ?2 to ?5.
const NEEDS_MAKING: &str =
    "(g.document_id IS NULL OR g.changed <> d.changed OR (?2 IS NOT NULL AND g.pipeline IS NOT ?2)
    OR (?3 IS NOT NULL AND (g.chunk_size IS NOT ?3 OR g.chunk_overlap IS NOT ?4))
    OR (?5 IS NOT NULL AND d.read_by IS NOT ?5))";

/// Documents beside what is known of them in the generation ?1.
const DOCUMENTS_OF: &str = "documents d LEFT JOIN generation_documents g ON g.generation = ?1 AND g.document_id = d.id";

/// The generation that serves, and its identity.
pub(super) fn serving(c: &Connection) -> Result<Option<(GenerationId, String)>, rusqlite::Error> {
    c.prepare_cached("SELECT id, identity FROM generations WHERE state = 'serving'")?
        .query_row([], |row| Ok((GenerationId(row.get(0)?), row.get(1)?)))
        .optional()
}

/// Number of chunks of a generation.
pub(super) fn chunk_count(c: &Connection, generation: GenerationId) -> Result<u64, rusqlite::Error> {
    let sql = "SELECT chunks FROM generations WHERE id = ?1";
    Ok(c.prepare_cached(sql)?.query_row([generation.0], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// Documents are written into the generation that serves, and into no other.
pub(super) fn must_serve(tx: &Connection, opened: GenerationId) -> Result<(), Unmade> {
    match serving(tx)? {
        Some((serving, _)) if serving != opened => Err(StoreError::Superseded { opened, serving }.into()),
        _ => Ok(()),
    }
}

fn state(c: &Connection, generation: GenerationId) -> Result<Option<String>, rusqlite::Error> {
    c.prepare_cached("SELECT state FROM generations WHERE id = ?1 AND state <> 'dropped'")?
        .query_row([generation.0], |row| row.get(0))
        .optional()
}

fn must_exist(c: &Connection, generation: GenerationId) -> Result<String, Unmade> {
    state(c, generation)?.ok_or_else(|| StoreError::NoGeneration(generation).into())
}

/// What the generation has of a document.
pub(super) fn document_state(
    c: &Connection,
    generation: GenerationId,
    source: &str,
) -> Result<Option<DocumentState>, rusqlite::Error> {
    let found = c
        .prepare_cached(
            "SELECT d.id, d.fingerprint, g.pipeline, g.chunk_size, g.chunk_overlap, g.embedder, d.metadata_layers
             FROM documents d LEFT JOIN generation_documents g
                 ON g.generation = ?2 AND g.document_id = d.id AND g.changed = d.changed
             WHERE d.source = ?1",
        )?
        .query_row(params![source, generation.0], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?, recipe(row, 2)?, row.get(5)?, metadata::layers_of_column(row, 6)?))
        })
        .optional()?;
    let Some((id, fingerprint, recipe, embedder, metadata)) = found else { return Ok(None) };
    let chunk_keys = c
        .prepare_cached("SELECT key FROM chunks WHERE document_id = ?1 AND generation = ?2")?
        .query_map(params![id, generation.0], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(Some(DocumentState { fingerprint, chunk_keys, metadata, recipe, embedder }))
}

/// Two columns that say how large chunks are.
fn sizes(row: &Row<'_>, column: usize) -> Result<Option<ChunkSizes>, rusqlite::Error> {
    let sizes = row.get::<_, Option<usize>>(column)?.zip(row.get::<_, Option<usize>>(column + 1)?);
    Ok(sizes.map(|(size, overlap)| ChunkSizes { size, overlap }))
}

/// Three columns that say how chunks were made.
fn recipe(row: &Row<'_>, column: usize) -> Result<Option<Recipe>, rusqlite::Error> {
    let recipe = row.get::<_, Option<u32>>(column)?.zip(sizes(row, column + 1)?);
    Ok(recipe.map(|(pipeline, sizes)| Recipe { pipeline, sizes }))
}

/// Notes that a document's chunks are of its present state.
pub(super) fn note_made(tx: &Connection, target: &Target<'_>, recipe: &Recipe) -> Result<(), rusqlite::Error> {
    let ChunkSizes { size, overlap } = recipe.sizes;
    tx.prepare_cached(
        "INSERT OR REPLACE INTO generation_documents
             (generation, document_id, changed, pipeline, chunk_size, chunk_overlap, embedder)
         SELECT ?1, id, changed, ?3, ?4, ?5, ?6 FROM documents WHERE id = ?2",
    )?
    .execute(params![target.generation.0, target.document, recipe.pipeline, size, overlap, target.embedder.id])?;
    Ok(())
}

/// Chunks of these sizes were written: where nobody has said yet how large they are to be, that says it.
pub(super) fn propose_sizes(
    tx: &Connection,
    generation: GenerationId,
    ChunkSizes { size, overlap }: ChunkSizes,
) -> Result<(), rusqlite::Error> {
    tx.prepare_cached(
        "UPDATE generations SET chunk_size = ?2, chunk_overlap = ?3 WHERE id = ?1 AND chunk_size IS NULL AND ?2 > 0",
    )?
    .execute(params![generation.0, size, overlap])?;
    Ok(())
}

/// The vector that another generation of the same embedder has of a chunk.
pub(super) fn vector_elsewhere(
    tx: &Connection,
    target: &Target<'_>,
    key: &str,
) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    tx.prepare_cached(
        "SELECT c.vector FROM chunks c JOIN generations g ON g.id = c.generation
         WHERE c.document_id = ?1 AND c.key = ?2 AND g.embedder = ?3 AND g.dimension = ?4 AND length(c.vector) > 0 LIMIT 1",
    )?
    .query_row(params![target.document, key, target.embedder.id, target.embedder.dimension], |row| row.get(0))
    .optional()
}

/// Brings documents' chunks of one generation to their new state; those of documents that have changed since, or are gone, are
/// passed over.
pub(super) fn rechunk(
    tx: &Connection,
    generation: GenerationId,
    documents: &[NewChunks],
    embedder: &EmbedderRecord,
) -> Result<WriteReport, Unmade> {
    must_exist(tx, generation)?;
    write::settle_embedder(tx, generation, embedder)?;
    let revision = write::next_revision(tx, generation)?;
    let mut report = WriteReport::default();
    for NewChunks { document, changed, recipe, chunks } in documents {
        let found: Option<(i64, String)> = tx
            .prepare_cached("SELECT id, source FROM documents WHERE key = ?1 AND changed = ?2")?
            .query_row(params![document, changed], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((document, source)) = found else { continue };
        // Which title the chunks were stored under is not known.
        let same_title = false;
        let target = Target { generation, document, source: &source, embedder, revision, same_title };
        report += write::replace_chunks(tx, &target, chunks)?;
        report.updated += 1;
        note_made(tx, &target, recipe)?;
    }
    Ok(report)
}

fn generations(c: &Connection) -> Result<Vec<Generation>, rusqlite::Error> {
    let missing = format!("SELECT count(*) FROM {DOCUMENTS_OF} WHERE {NEEDS_MAKING}");
    let mut missing = c.prepare_cached(&missing)?;
    c.prepare_cached(
        "SELECT id, state, embedder, chunk_size, chunk_overlap, chunks, created_at, served_at, dimension FROM generations
         WHERE state <> 'dropped' ORDER BY id",
    )?
    .query_map([], |row| {
        let id = GenerationId(row.get(0)?);
        let state = match row.get_ref(1)?.as_str()? {
            "serving" => GenerationState::Serving,
            "building" => GenerationState::Building,
            _ => GenerationState::Kept,
        };
        let nothing = None::<u32>;
        Ok(Generation {
            id,
            state,
            embedder: row.get(2)?,
            dimension: row.get(8)?,
            sizes: sizes(row, 3)?,
            chunks: row.get(5)?,
            missing: missing.query_row(params![id.0, nothing, nothing, nothing, nothing], |row| row.get(0))?,
            created: row.get(6)?,
            served: row.get(7)?,
        })
    })?
    .collect()
}

/// The values of the parameters ?2 to ?5.
fn outdated(which: &Outdated) -> [Option<i64>; 4] {
    let size = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
    let sizes = which.sizes.map(|sizes| (size(sizes.size), size(sizes.overlap)));
    [
        which.pipeline.map(i64::from),
        sizes.map(|sizes| sizes.0),
        sizes.map(|sizes| sizes.1),
        which.read_by.map(i64::from),
    ]
}

fn pending(
    c: &Connection,
    generation: GenerationId,
    which: &Outdated,
    after: i64,
    limit: usize,
) -> Result<Vec<PendingDocument>, rusqlite::Error> {
    let [pipeline, size, overlap, read_by] = outdated(which);
    let sql = format!(
        "SELECT d.id, d.key, d.source, d.changed, d.version, g.pipeline, g.chunk_size, g.chunk_overlap, d.read_by
         FROM {DOCUMENTS_OF} WHERE d.id > ?6 AND {NEEDS_MAKING} ORDER BY d.id LIMIT ?7"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    c.prepare_cached(&sql)?
        .query_map(params![generation.0, pipeline, size, overlap, read_by, after, limit], |row| {
            Ok(PendingDocument {
                cursor: row.get(0)?,
                id: row.get(1)?,
                source: row.get(2)?,
                changed: row.get(3)?,
                version: row.get(4)?,
                recipe: recipe(row, 5)?,
                read_by: row.get(8)?,
            })
        })?
        .collect()
}

fn pending_count(c: &Connection, generation: GenerationId, which: &Outdated) -> Result<u64, rusqlite::Error> {
    let [pipeline, size, overlap, read_by] = outdated(which);
    let sql = format!("SELECT count(*) FROM {DOCUMENTS_OF} WHERE {NEEDS_MAKING}");
    c.prepare_cached(&sql)?.query_row(params![generation.0, pipeline, size, overlap, read_by], |row| row.get(0))
}

impl Generations for SqliteStore {
    fn generations(&self) -> Result<Vec<Generation>, StoreError> {
        self.read("list the generations", |c| {
            let tx = c.unchecked_transaction()?;
            generations(&tx)
        })
    }

    fn unbuilt(&self) -> Result<u64, StoreError> {
        self.read("count what is to be made", |c| {
            let tx = c.unchecked_transaction()?;
            let building: Vec<GenerationId> = tx
                .prepare_cached("SELECT id FROM generations WHERE state = 'building'")?
                .query_map([], |row| row.get(0).map(GenerationId))?
                .collect::<Result<_, _>>()?;
            building.into_iter().map(|generation| pending_count(&tx, generation, &Outdated::default())).sum()
        })
    }

    fn generation(&self) -> GenerationId {
        self.generation
    }

    fn serving(&self) -> Result<GenerationId, StoreError> {
        let serving = self.read("read the DB's state", serving)?;
        Ok(serving.map_or(self.generation, |(generation, _)| generation))
    }

    fn at(&self, generation: GenerationId) -> Result<Arc<dyn Store>, StoreError> {
        let sql = "SELECT identity FROM generations WHERE id = ?1 AND state <> 'dropped'";
        let identity: Option<String> = self.read("read the DB's state", |c| {
            c.prepare_cached(sql)?.query_row([generation.0], |row| row.get(0)).optional()
        })?;
        let identity = identity.ok_or(StoreError::NoGeneration(generation))?;
        let (path, connections) = (self.path.clone(), Arc::clone(&self.connections));
        Ok(Arc::new(Self { path, connections, generation, identity }))
    }

    fn build_permit(&self) -> Result<Option<BuildPermit>, StoreError> {
        self.lock_for_building()
    }

    fn begin_generation(&self, embedder: &str, sizes: ChunkSizes) -> Result<GenerationId, StoreError> {
        self.connections.write_as("begin a generation", |tx| Ok(life::begin(tx, embedder, sizes)?))
    }

    fn sizes(&self) -> Result<Option<ChunkSizes>, StoreError> {
        let sql = "SELECT chunk_size, chunk_overlap FROM generations WHERE id = ?1";
        self.read("read the DB's settings", |c| {
            Ok(c.prepare_cached(sql)?.query_row([self.generation.0], |row| sizes(row, 0)).optional()?.flatten())
        })
    }

    fn set_sizes(&self, ChunkSizes { size, overlap }: ChunkSizes) -> Result<(), StoreError> {
        let sql = "UPDATE generations SET chunk_size = ?2, chunk_overlap = ?3 WHERE id = ?1";
        self.connections.write_as("change a generation", |tx| {
            tx.execute(sql, params![self.generation.0, size, overlap])?;
            Ok(())
        })
    }

    fn pending(&self, which: &Outdated, after: i64, limit: usize) -> Result<Vec<PendingDocument>, StoreError> {
        self.read("list what is to be made", |c| pending(c, self.generation, which, after, limit))
    }

    fn pending_count(&self, which: &Outdated) -> Result<u64, StoreError> {
        self.read("count what is to be made", |c| pending_count(c, self.generation, which))
    }

    fn chunks_of(&self, document: &str) -> Result<Vec<Chunk>, StoreError> {
        self.read("read a document's chunks", |c| {
            let ids: Vec<ChunkId> = c
                .prepare_cached(
                    "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id JOIN places p ON p.chunk_id = c.id
                     WHERE d.key = ?1 AND c.generation = ?2 ORDER BY p.ordinal",
                )?
                .query_map(params![document, self.generation.0], |row| row.get(0).map(ChunkId))?
                .collect::<Result<_, _>>()?;
            read::chunks(c, &ids)
        })
    }

    fn embedded_keys(&self, document: &str) -> Result<HashSet<String>, StoreError> {
        self.read("read a document's chunks", |c| {
            c.prepare_cached(
                "SELECT c.key FROM chunks c JOIN documents d ON d.id = c.document_id JOIN generations g ON g.id = c.generation
                 WHERE d.key = ?1 AND length(c.vector) > 0
                     AND g.embedder = (SELECT embedder FROM generations WHERE id = ?2)",
            )?
            .query_map(params![document, self.generation.0], |row| row.get(0))?
            .collect()
        })
    }

    fn serve(&self, which: &Outdated) -> Result<(), StoreError> {
        self.connections.write_as("let a generation serve", |tx| life::serve(tx, self.generation, which))
    }

    fn drop_generation(&self, generation: GenerationId) -> Result<(), StoreError> {
        self.doom(generation)?;
        self.sweep().map(drop)
    }

    fn sweep(&self) -> Result<Vec<GenerationId>, StoreError> {
        self.sweep_doomed()
    }
}
