//! The documents of a DB, with their chunks and vectors.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{FileRecord, MirrorRecord, NewChunks, Recipe, StoreError};
use crate::domain::{ChunkId, DocumentMetadata, Filter, Heading, Metadata, PageStart, Place, Quality};

/// The embedder whose vectors a DB holds. Vectors of two embedders cannot be compared, so a generation has only one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbedderRecord {
    /// The embedder's identity, e.g. `ollama:nomic-embed-text`.
    pub id: String,
    /// Length of its vectors.
    pub dimension: usize,
}

/// A document to be written: replaces the one of the same source, whole or not at all.
#[derive(Debug, Clone, Default)]
pub struct NewDocument {
    /// Name of the document, unique in the DB; usually its path with `/`.
    pub source: String,
    /// Hash of what was read (bytes, label): equal, and made by the same recipe, means nothing to do.
    pub fingerprint: String,
    /// Label that questions can be limited to.
    pub version: String,
    /// Its title, when it has one.
    pub title: Option<String>,
    /// Format that it was read as, e.g. `pdf`.
    pub format: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// ISO 639-1 code of most of its text, `und` when unknown.
    pub language: String,
    /// When its file changed last, RFC 3339 in UTC.
    pub modified: Option<String>,
    /// What was read.
    pub text: DocumentText,
    /// Its chunks in reading order.
    pub chunks: Vec<NewChunk>,
    /// What is known of it besides.
    pub metadata: DocumentMetadata,
    /// How they were made.
    pub recipe: Recipe,
    /// Source of the document whose file it is in, as an attachment is in a mail. It goes with that document: when a file is
    /// written, what is in it is written with it, behind it in the same change.
    pub part_of: Option<String>,
}

/// What was read of a document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DocumentText {
    /// The text that its chunks are parts of.
    pub text: String,
    /// Its headings.
    pub outline: Vec<Heading>,
    /// Where its pages begin; empty when the format has none.
    pub pages: Vec<PageStart>,
    /// How well it could be read.
    pub quality: Quality,
}

/// A chunk to be written.
#[derive(Debug, Clone)]
pub struct NewChunk {
    /// Stable id: a hash of source, language, context, text and the number of earlier equal ones in the document.
    pub key: String,
    /// The text.
    pub text: String,
    /// ISO 639-1 code, `und` when unknown.
    pub language: String,
    /// Where it is in the document's text. A place without length says that it is not known.
    pub place: Place,
    /// Its vector.
    pub vector: ChunkVector,
}

/// The vector of a chunk to be written.
#[derive(Debug, Clone, PartialEq)]
pub enum ChunkVector {
    /// The store already holds the chunk under the same key, and its vector by the same embedder.
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
    /// Documents are removed, and those that are in their files; unknown sources are ignored.
    Remove {
        /// Their sources.
        sources: Vec<String>,
    },
    /// The metadata of documents changes, and nothing else; unknown sources are ignored.
    Describe {
        /// Their sources, and their metadata from now on.
        documents: Arc<[(String, DocumentMetadata)]>,
    },
    /// Chunks of documents are made anew in one generation; the documents stay as they are.
    Rechunk {
        /// The chunks.
        documents: Arc<[NewChunks]>,
        /// The embedder of their vectors.
        embedder: EmbedderRecord,
    },
    /// A document gets another name, and those that are in its file with it; each keeps its id, its text and its vectors.
    /// Nothing happens when there is no such document, or one of the other name.
    Rename {
        /// The document, and those that are in its file behind it.
        documents: Vec<NewName>,
    },
    /// A mirrored folder is noted, or what has become of it.
    Mirror(MirrorRecord),
    /// What is known of files of a mirrored folder is noted. Questions see nothing of it.
    Track {
        /// The folder.
        root: String,
        /// What is known now.
        files: Vec<FileRecord>,
        /// Sources of files that are forgotten, before the others are noted.
        forgotten: Vec<String>,
    },
}

/// Another name of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewName {
    /// Its source.
    pub from: String,
    /// The other one.
    pub to: String,
    /// The keys of its chunks, and those that they get.
    pub keys: Vec<(String, String)>,
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
    /// Id of its document.
    pub document: String,
    /// Source of its document.
    pub source: String,
    /// Title of its document.
    pub title: Option<String>,
    /// When the file of its document changed last, RFC 3339 in UTC.
    pub modified: Option<String>,
    /// Position within the document, from 0.
    pub ordinal: u32,
    /// Where it is in the document's text; unknown for documents of older versions until they are read again.
    pub place: Option<Place>,
    /// Version label of its document.
    pub version: String,
    /// ISO 639-1 code.
    pub language: String,
    /// The text.
    pub text: String,
}

/// What the key of a chunk is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkText {
    /// Its key.
    pub key: String,
    /// ISO 639-1 code.
    pub language: String,
    /// The text.
    pub text: String,
    /// Title of its document.
    pub title: Option<String>,
    /// Where it is in the document's text, where that is known.
    pub place: Option<Place>,
}

/// What a list says of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentSummary {
    /// Its id: stays as long as the document is stored, whatever becomes of its content.
    pub id: String,
    /// Name of the document.
    pub source: String,
    /// Its title, when it has one.
    pub title: Option<String>,
    /// Format that it was read as.
    pub format: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Version label.
    pub version: String,
    /// ISO 639-1 code of most of its text, `und` when unknown.
    pub language: String,
    /// Number of its chunks.
    pub chunks: u64,
    /// When its file changed last, RFC 3339 in UTC.
    pub modified: Option<String>,
    /// When it was ingested, RFC 3339 in UTC.
    pub ingested: String,
    /// What is known of it besides.
    pub metadata: Metadata,
    /// Source of the document whose file it is in, as an attachment is in a mail.
    pub part_of: Option<String>,
}

/// A document without its text.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentRecord {
    /// What a list says of it.
    pub summary: DocumentSummary,
    /// Its headings, in their order.
    pub outline: Vec<Heading>,
    /// Where its pages begin.
    pub pages: Vec<PageStart>,
    /// How well it could be read; `None`: an older version read it, whose text was not kept.
    pub quality: Option<Quality>,
}

/// Which documents, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentQuery {
    /// Pattern of the source with `*`, `?` and `[…]`.
    pub source: Option<String>,
    /// Format.
    pub format: Option<String>,
    /// ISO 639-1 code.
    pub language: Option<String>,
    /// Version label.
    pub version: Option<String>,
    /// By what they are sorted; equal ones by source.
    pub sort: DocumentOrder,
    /// Whether the largest, latest or last comes first.
    pub descending: bool,
    /// How many are passed over.
    pub offset: u64,
    /// How many at most; `None`: all.
    pub limit: Option<u64>,
    /// What else must hold of them.
    pub filter: Option<Filter>,
}

/// By what documents are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DocumentOrder {
    /// Name.
    #[default]
    Source,
    /// Title; those without one by their name.
    Title,
    /// Size of the file.
    Bytes,
    /// Number of chunks.
    Chunks,
    /// Last change of the file.
    Modified,
    /// Ingestion.
    Ingested,
}

impl DocumentOrder {
    /// All orders.
    pub const ALL: [Self; 6] = [Self::Source, Self::Title, Self::Bytes, Self::Chunks, Self::Modified, Self::Ingested];

    /// The name in requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Title => "title",
            Self::Bytes => "bytes",
            Self::Chunks => "chunks",
            Self::Modified => "modified",
            Self::Ingested => "ingested",
        }
    }

    /// The order of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.as_str() == name)
    }
}

/// Some of a DB's documents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentList {
    /// These.
    pub documents: Vec<DocumentSummary>,
    /// How many there are that the query means, its page aside.
    pub total: u64,
}

/// What a stored document was made from, to tell whether it must be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentState {
    /// See [`NewDocument::fingerprint`].
    pub fingerprint: String,
    /// Keys of its chunks.
    pub chunk_keys: Vec<String>,
    /// What is known of it besides.
    pub metadata: DocumentMetadata,
    /// How they were made; `None` when that is not known, or they are of an earlier state of the document.
    pub recipe: Option<Recipe>,
    /// The embedder of their vectors.
    pub embedder: Option<String>,
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
    /// [`StoreError::EmbedderMismatch`] when the DB holds vectors of another embedder, [`StoreError::Superseded`] when documents
    /// are written and another generation serves by now; nothing of that change is made then.
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

    /// Sources of the documents that are in the file of this one, sorted.
    fn parts(&self, source: &str) -> Result<Vec<String>, StoreError>;

    /// Key, language and text of a document's chunks in reading order; none when there is no such document.
    fn chunk_texts(&self, source: &str) -> Result<Vec<ChunkText>, StoreError>;

    /// The chunks with these ids, in this order; ids that are gone are left out.
    fn chunks(&self, ids: &[ChunkId]) -> Result<Vec<Chunk>, StoreError>;

    /// The documents that a query means.
    fn documents(&self, query: &DocumentQuery) -> Result<DocumentList, StoreError>;

    /// The document of this id, without its text.
    fn document(&self, id: &str) -> Result<Option<DocumentRecord>, StoreError>;

    /// The text of the document of this id; `None` when there is no such document, or its text was not kept.
    fn text(&self, id: &str) -> Result<Option<String>, StoreError>;

    /// What questions can be limited to.
    fn filters(&self) -> Result<Filters, StoreError>;

    /// How much is stored.
    fn counts(&self) -> Result<Counts, StoreError>;
}
