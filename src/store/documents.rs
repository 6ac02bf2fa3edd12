//! The documents of a DB, with their chunks and vectors.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::domain::ChunkId;

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
    /// Its vector.
    pub vector: ChunkVector,
}

/// The vector of a chunk to be written.
#[derive(Debug, Clone, PartialEq)]
pub enum ChunkVector {
    /// The store already holds the chunk under the same key, and its vector.
    Stored,
    /// Unit-length embedding.
    Made(Vec<f32>),
    /// The chunk cannot be embedded: it is found by its words alone.
    None,
}

/// A change to a DB, made whole or not at all.
#[derive(Debug, Clone)]
pub enum Mutation {
    /// Documents are written; each replaces the one of the same source.
    Write {
        /// The documents.
        documents: Arc<[NewDocument]>,
        /// The embedder of their vectors.
        embedder: EmbedderRecord,
    },
    /// Documents are removed; unknown sources are ignored.
    Remove {
        /// Their sources.
        sources: Vec<String>,
    },
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
    /// Documents that were removed.
    pub removed: usize,
}

impl std::ops::AddAssign for WriteReport {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.updated += other.updated;
        self.chunks_inserted += other.chunks_inserted;
        self.chunks_kept += other.chunks_kept;
        self.removed += other.removed;
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

/// What is stored of documents. Writes are atomic: a reader, or a process that starts after a crash, sees all of one or
/// nothing.
pub trait Documents: Send + Sync {
    /// The embedder of the stored vectors; `None` while nothing is stored.
    fn embedder(&self) -> Result<Option<EmbedderRecord>, StoreError>;

    /// Whether the document is there, and made from what.
    fn document_state(&self, source: &str) -> Result<Option<DocumentState>, StoreError>;

    /// Makes changes, all in one transaction that is on disk when this returns: one wait for the disk serves them all. Each
    /// change succeeds or fails by itself; a result for each, in their order.
    ///
    /// # Errors
    /// [`StoreError::EmbedderMismatch`] when the DB holds vectors of another embedder; nothing of that change is made then.
    /// When the transaction itself fails, every change has its error.
    fn commit(&self, mutations: &[Mutation]) -> Vec<Result<WriteReport, StoreError>>;

    /// Writes documents in one transaction: see [`commit`](Self::commit).
    ///
    /// # Errors
    /// As there.
    fn write(&self, documents: &[NewDocument], embedder: &EmbedderRecord) -> Result<WriteReport, StoreError> {
        let mutation = Mutation::Write { documents: documents.into(), embedder: embedder.clone() };
        self.commit(&[mutation]).pop().unwrap_or(Ok(WriteReport::default()))
    }

    /// Removes documents in one transaction; unknown sources are ignored. Returns how many there were.
    ///
    /// # Errors
    /// See [`commit`](Self::commit).
    fn remove(&self, sources: &[String]) -> Result<usize, StoreError> {
        let mutation = Mutation::Remove { sources: sources.to_vec() };
        Ok(self.commit(&[mutation]).pop().unwrap_or(Ok(WriteReport::default()))?.removed)
    }

    /// The chunks with these ids, in this order; ids that are gone are left out.
    fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<Chunk>, StoreError>;

    /// All documents, sorted by source.
    fn documents(&self) -> Result<Vec<DocumentSummary>, StoreError>;

    /// What questions can be limited to.
    fn filters(&self) -> Result<Filters, StoreError>;

    /// How much is stored.
    fn counts(&self) -> Result<Counts, StoreError>;
}
