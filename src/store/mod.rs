//! Where documents live: the only truth of a DB. Everything else (search indexes, caches) can be thrown away and
//! rebuilt from here.
//!
//! [`Store`] is one DB; [`Catalog`] makes, lists and deletes them. The embedded engine is [`sqlite`]. All calls block
//! and belong on a blocking thread; all methods take `&self` and may be called from several threads at once.

mod error;
pub mod sqlite;

use serde::{Deserialize, Serialize};

pub use error::StoreError;

use crate::model::{Changes, ChunkId, DbName, Stamp, Want};

/// The embedder whose vectors a DB holds. Vectors of two embedders cannot be compared, so a DB has only one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedderRecord {
    /// The embedder's identity, e.g. `ollama:nomic-embed-text`.
    pub id: String,
    /// Length of its vectors.
    pub dimension: usize,
}

/// A document to be written: replaces the one of the same source, whole or not at all.
#[derive(Debug, Clone)]
pub struct NewDocument {
    /// Name of the document, unique in the DB; usually its path with `/`.
    pub source: String,
    /// Hash of everything that shaped its chunks (bytes, chunking, extractor): equal means nothing to do.
    pub fingerprint: String,
    /// Label that questions can be limited to.
    pub version: String,
    /// Its title, when it has one.
    pub title: Option<String>,
    /// Format that it was read as, e.g. `pdf`.
    pub format: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Its chunks in reading order.
    pub chunks: Vec<NewChunk>,
}

/// A chunk to be written.
#[derive(Debug, Clone)]
pub struct NewChunk {
    /// Stable id: a hash of source, language, text and the number of earlier equal texts in the document.
    pub key: String,
    /// The text.
    pub text: String,
    /// ISO 639-1 code, `und` when unknown.
    pub language: String,
    /// Unit-length embedding, or `None` for a chunk that the store already holds under the same key.
    pub vector: Option<Vec<f32>>,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteReport {
    /// Documents that the DB did not have.
    pub added: usize,
    /// Documents that replaced another state of themselves.
    pub updated: usize,
    /// Chunks that were inserted.
    pub chunks_inserted: usize,
    /// Chunks that were kept because they did not change.
    pub chunks_kept: usize,
}

impl std::ops::AddAssign for WriteReport {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.updated += other.updated;
        self.chunks_inserted += other.chunks_inserted;
        self.chunks_kept += other.chunks_kept;
    }
}

/// A stored chunk with what an answer tells about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// Row id.
    pub id: ChunkId,
    /// Stable id across re-ingestion.
    pub key: String,
    /// Source of its document.
    pub source: String,
    /// Position within the document, from 0.
    pub ordinal: u32,
    /// Version label of its document.
    pub version: String,
    /// ISO 639-1 code.
    pub language: String,
    /// The text.
    pub text: String,
}

/// One line of a document list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentSummary {
    /// Name of the document.
    pub source: String,
    /// Number of its chunks.
    pub chunks: u64,
}

/// What a stored document was made from, to tell whether it must be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentState {
    /// See [`NewDocument::fingerprint`].
    pub fingerprint: String,
    /// Keys of its chunks.
    pub chunk_keys: Vec<String>,
}

/// Values that a question can be limited to, each list sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filters {
    /// Languages of the chunks.
    pub languages: Vec<String>,
    /// Version labels of the documents.
    pub versions: Vec<String>,
}

/// Sizes of a DB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Stored documents.
    pub documents: u64,
    /// Stored chunks.
    pub chunks: u64,
    /// Bytes on disk, indexes not counted.
    pub bytes: u64,
}

/// One DB. Writes are atomic: a reader, or a process that starts after a crash, sees all of one or nothing.
pub trait Store: Send + Sync {
    /// The current state's name.
    fn stamp(&self) -> Result<Stamp, StoreError>;

    /// The embedder of the stored vectors; `None` while nothing is stored.
    fn embedder(&self) -> Result<Option<EmbedderRecord>, StoreError>;

    /// Whether the document is there, and made from what.
    fn document_state(&self, source: &str) -> Result<Option<DocumentState>, StoreError>;

    /// Writes documents in one transaction.
    ///
    /// # Errors
    /// [`StoreError::EmbedderMismatch`] when the DB holds vectors of another embedder; nothing is written then.
    fn write(&self, documents: &[NewDocument], embedder: &EmbedderRecord) -> Result<WriteReport, StoreError>;

    /// Removes documents in one transaction; unknown sources are ignored. Returns how many there were.
    fn remove(&self, sources: &[String]) -> Result<usize, StoreError>;

    /// The chunks with these ids, in this order; ids that are gone are left out.
    fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<Chunk>, StoreError>;

    /// All documents, sorted by source.
    fn documents(&self) -> Result<Vec<DocumentSummary>, StoreError>;

    /// What questions can be limited to.
    fn filters(&self) -> Result<Filters, StoreError>;

    /// How much is stored.
    fn counts(&self) -> Result<Counts, StoreError>;

    /// What happened after revision `after`, at most about `limit` chunks of it (always whole transactions);
    /// `None` when nothing did.
    fn changes(&self, after: u64, want: Want, limit: usize) -> Result<Option<Changes>, StoreError>;
}

/// The DBs of one data directory.
pub trait Catalog: Send + Sync {
    /// Names of the DBs, sorted.
    fn list(&self) -> Result<Vec<DbName>, StoreError>;

    /// Whether there is such a DB.
    fn exists(&self, name: &DbName) -> bool;

    /// Makes an empty DB.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`].
    fn create(&self, name: &DbName) -> Result<(), StoreError>;

    /// Opens a DB.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn open(&self, name: &DbName) -> Result<std::sync::Arc<dyn Store>, StoreError>;

    /// Deletes a DB and all that was derived from it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn delete(&self, name: &DbName) -> Result<(), StoreError>;

    /// The folder in which indexes of this DB may keep files; they go with the DB.
    fn index_dir(&self, name: &DbName) -> std::path::PathBuf;

    /// The folder of this DB, for people (shown by `/health`).
    fn location(&self, name: &DbName) -> std::path::PathBuf;
}
