//! The embedded store: SQLite, one file a DB, in write-ahead mode so that readers never wait for a writer.
//!
//! Layout under the data directory: `NAME/store.db` (the truth) and `NAME/index/` (derived, may be deleted).

mod catalog;
mod changes;
mod connections;
mod files;
mod ledger;
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
    EmbedderRecord, FileLedger, FileRecord, Filters, MirrorRecord, Mutation, Store, StoreError, WriteReport,
};
use crate::domain::{ChangeSet, ChunkId, Stamp, Want};

/// One DB in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    connections: Connections,
    /// Random identity, made with the file; constant while it exists.
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
        let identity = connections.read(|c| setting(c, "identity"))?.ok_or_else(|| StoreError::Damaged {
            location: files::location(path),
            detail: "it has no identity".into(),
        })?;
        Ok(Self { path: path.to_owned(), connections, identity })
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

/// Number of committed changes.
fn revision(c: &rusqlite::Connection) -> Result<u64, rusqlite::Error> {
    Ok(setting(c, "revision")?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// One of the counts that a DB keeps of itself.
fn count(c: &rusqlite::Connection, what: &str) -> Result<u64, rusqlite::Error> {
    Ok(setting(c, what)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

fn embedder(c: &rusqlite::Connection) -> Result<Option<EmbedderRecord>, rusqlite::Error> {
    let id = setting(c, "embedder")?;
    let dimension = setting(c, "dimension")?.and_then(|text| text.parse().ok());
    Ok(id.zip(dimension).map(|(id, dimension)| EmbedderRecord { id, dimension }))
}

impl ChangeLog for SqliteStore {
    fn stamp(&self) -> Result<Stamp, StoreError> {
        let revision = self.read("read the DB's state", revision)?;
        Ok(Stamp { db: self.identity.clone(), revision })
    }

    fn changes(&self, from: Option<&Stamp>, want: Want, limit: usize) -> Result<ChangeSet, StoreError> {
        // One read transaction, so that the revision and the rows belong together.
        self.read("read changes", |c| {
            let tx = c.unchecked_transaction()?;
            changes::after(&tx, &self.identity, from, want, limit)
        })
    }
}

impl Documents for SqliteStore {
    fn embedder(&self) -> Result<Option<EmbedderRecord>, StoreError> {
        self.read("read the DB's settings", embedder)
    }

    fn document_state(&self, source: &str) -> Result<Option<DocumentState>, StoreError> {
        self.read("look up a document", |c| {
            let found: Option<(i64, String)> = c
                .prepare_cached("SELECT id, fingerprint FROM documents WHERE source = ?1")?
                .query_row([source], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((id, fingerprint)) = found else { return Ok(None) };
            let chunk_keys = c
                .prepare_cached("SELECT key FROM chunks WHERE document_id = ?1")?
                .query_map([id], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok(Some(DocumentState { fingerprint, chunk_keys }))
        })
    }

    fn commit(&self, mutations: &[Mutation]) -> Vec<Result<WriteReport, StoreError>> {
        self.connections.write_all(mutations, write::mutate)
    }

    fn chunk_texts(&self, source: &str) -> Result<Vec<ChunkText>, StoreError> {
        self.read("read chunks", |c| read::chunk_texts(c, source))
    }

    fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<Chunk>, StoreError> {
        self.read("read chunks", |c| read::chunks(c, ids))
    }

    fn documents(&self, query: &DocumentQuery) -> Result<DocumentList, StoreError> {
        self.read("list the documents", |c| read::documents(c, query))
    }

    fn document(&self, id: &str) -> Result<Option<DocumentRecord>, StoreError> {
        self.read("look up a document", |c| read::document(c, id))
    }

    fn text(&self, id: &str) -> Result<Option<String>, StoreError> {
        self.read("read a document's text", |c| read::text(c, id))
    }

    fn filters(&self) -> Result<Filters, StoreError> {
        self.read("list languages and versions", |c| {
            let column = |sql: &str| -> Result<Vec<String>, rusqlite::Error> {
                c.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect()
            };
            Ok(Filters {
                languages: column("SELECT DISTINCT language FROM chunks ORDER BY language")?,
                versions: column("SELECT DISTINCT version FROM documents ORDER BY version")?,
            })
        })
    }

    fn counts(&self) -> Result<Counts, StoreError> {
        let (documents, chunks) = self.read("count", |c| Ok((count(c, "documents")?, count(c, "chunks")?)))?;
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
