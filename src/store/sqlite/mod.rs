//! The embedded store: SQLite, one file a DB, in write-ahead mode so that readers never wait for a writer.
//!
//! Layout under the data directory: `NAME/store.db` (the truth), `NAME/index/` and `NAME/index-N/` (derived, may be deleted; one a
//! generation), and `NAME/build.lock` (held by whoever builds a generation).

mod archive;
mod catalog;
mod changes;
mod connections;
mod files;
mod generations;
mod ledger;
mod metadata;
mod read;
mod write;

#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use rusqlite::OptionalExtension;

pub use catalog::SqliteCatalog;
use connections::Connections;

use super::{
    ChangeLog, Chunk, ChunkText, Counts, DocumentList, DocumentQuery, DocumentRecord, DocumentState, Documents,
    EmbedderRecord, FileLedger, FileRecord, Filters, GenerationId, MirrorRecord, Mutation, Store, StoreError,
    WriteReport,
};
use crate::domain::{ChangeSet, ChunkId, Stamp, Want};

/// One DB in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    connections: Arc<Connections>,
    /// The generation that this looks at.
    generation: GenerationId,
    /// Random identity of that generation; constant while it exists.
    identity: String,
}

impl SqliteStore {
    /// Makes a DB where there is no file yet.
    ///
    /// # Errors
    /// When it cannot be written there.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        Self::with(path, Connections::create(path)?)
    }

    /// Opens the file and brings its schema up to date. A DB that cannot be written is opened for [reading
    /// alone](Store::read_only).
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the file is no DB, or was one; [`StoreError::TooNew`] when a newer version wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::with(path, Connections::open(path)?)
    }

    fn with(path: &Path, connections: Connections) -> Result<Self, StoreError> {
        let serving = connections.read(|c| Ok(setting(c, "identity")?.and(generations::serving(c)?)))?;
        let (generation, identity) = serving.ok_or_else(|| StoreError::Damaged {
            location: files::location(path),
            detail: "it has no identity".into(),
        })?;
        Ok(Self { path: path.to_owned(), connections: Arc::new(connections), generation, identity })
    }

    fn read<T>(
        &self,
        action: &'static str,
        query: impl FnOnce(&rusqlite::Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        self.connections.read_as(action, query)
    }
}

/// Value of a row of `settings`.
fn setting(c: &rusqlite::Connection, key: &str) -> Result<Option<String>, rusqlite::Error> {
    c.prepare_cached("SELECT value FROM settings WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()
}

fn put_setting(c: &rusqlite::Connection, key: &str, value: &str) -> Result<(), rusqlite::Error> {
    c.prepare_cached("INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")?
        .execute([key, value])?;
    Ok(())
}

/// Number of committed changes of a generation.
fn revision(c: &rusqlite::Connection, generation: GenerationId) -> Result<u64, rusqlite::Error> {
    let sql = "SELECT revision FROM generations WHERE id = ?1";
    Ok(c.prepare_cached(sql)?.query_row([generation.0], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// One of the counts that a DB keeps of itself.
fn count(c: &rusqlite::Connection, what: &str) -> Result<u64, rusqlite::Error> {
    Ok(setting(c, what)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

fn embedder(c: &rusqlite::Connection, generation: GenerationId) -> Result<Option<EmbedderRecord>, rusqlite::Error> {
    let sql = "SELECT embedder, dimension FROM generations
               WHERE id = ?1 AND embedder IS NOT NULL AND dimension IS NOT NULL";
    let record = |row: &rusqlite::Row<'_>| Ok(EmbedderRecord { id: row.get(0)?, dimension: row.get(1)? });
    c.prepare_cached(sql)?.query_row([generation.0], record).optional()
}

impl ChangeLog for SqliteStore {
    fn stamp(&self) -> Result<Stamp, StoreError> {
        let revision = self.read("read the DB's state", |c| revision(c, self.generation))?;
        Ok(Stamp { db: self.identity.clone(), revision })
    }

    fn changes(&self, from: Option<&Stamp>, want: Want, limit: usize) -> Result<ChangeSet, StoreError> {
        // One read transaction, so that the revision and the rows belong together.
        self.read("read changes", |c| {
            let tx = c.unchecked_transaction()?;
            changes::after(&tx, self.generation, &self.identity, from, want, limit)
        })
    }
}

impl Documents for SqliteStore {
    fn embedder(&self) -> Result<Option<EmbedderRecord>, StoreError> {
        self.read("read the DB's settings", |c| embedder(c, self.generation))
    }

    fn document_state(&self, source: &str) -> Result<Option<DocumentState>, StoreError> {
        self.read("look up a document", |c| generations::document_state(c, self.generation, source))
    }

    fn commit(&self, mutations: &[Mutation]) -> Vec<Result<WriteReport, StoreError>> {
        self.connections.write_all(mutations, |tx, mutation| write::mutate(tx, self.generation, mutation))
    }

    fn parts(&self, source: &str) -> Result<Vec<String>, StoreError> {
        self.read("read documents", |c| write::parts(c, source))
    }

    fn chunk_texts(&self, source: &str) -> Result<Vec<ChunkText>, StoreError> {
        self.read("read chunks", |c| read::chunk_texts(c, self.generation, source))
    }

    fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<Chunk>, StoreError> {
        self.read("read chunks", |c| read::chunks(c, ids))
    }

    fn documents(&self, query: &DocumentQuery) -> Result<DocumentList, StoreError> {
        self.read("list the documents", |c| read::documents(c, self.generation, query))
    }

    fn document(&self, id: &str) -> Result<Option<DocumentRecord>, StoreError> {
        self.read("look up a document", |c| read::document(c, self.generation, id))
    }

    fn text(&self, id: &str) -> Result<Option<String>, StoreError> {
        self.read("read a document's text", |c| read::text(c, id))
    }

    fn filters(&self) -> Result<Filters, StoreError> {
        self.read("list languages and versions", |c| {
            let column = |sql: &str, values: &[i64]| -> Result<Vec<String>, rusqlite::Error> {
                let values = rusqlite::params_from_iter(values);
                c.prepare_cached(sql)?.query_map(values, |row| row.get(0))?.collect()
            };
            let languages = "SELECT DISTINCT language FROM chunks WHERE generation = ?1 ORDER BY language";
            Ok(Filters {
                languages: column(languages, &[self.generation.0])?,
                versions: column("SELECT DISTINCT version FROM documents ORDER BY version", &[])?,
            })
        })
    }

    fn counts(&self) -> Result<Counts, StoreError> {
        let (documents, chunks) =
            self.read("count", |c| Ok((count(c, "documents")?, generations::chunk_count(c, self.generation)?)))?;
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
        let wal = self.path.with_extension("db-wal");
        Ok(Counts { documents, chunks, bytes: size(&self.path) + size(&wal) })
    }
}

impl FileLedger for SqliteStore {
    fn mirrors(&self) -> Result<Vec<MirrorRecord>, StoreError> {
        self.read("list the mirrored folders", ledger::mirrors)
    }

    fn files(&self, root: &str) -> Result<Vec<FileRecord>, StoreError> {
        self.read("list the files of a mirrored folder", |c| ledger::files(c, root))
    }
}

impl Store for SqliteStore {
    fn attached(&self) -> Result<(), StoreError> {
        self.connections.attached()
    }

    fn read_only(&self) -> Option<String> {
        self.connections.read_only().map(ToOwned::to_owned)
    }

    fn verify(&self, cancelled: Arc<AtomicBool>) -> Result<(), StoreError> {
        self.connections.verify(cancelled)
    }
}
