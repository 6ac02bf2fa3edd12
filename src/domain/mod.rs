//! The domain's nouns: plain data that every layer above may use and that knows nothing of HTTP, SQL or search engines.

use std::fmt;

use serde::{Deserialize, Serialize};

mod context;
mod dates;
mod document;
pub mod filter;
mod glob;
mod metadata;
mod names;
mod search;
mod spec_key;

pub use context::ChunkContext;
pub use dates::time_text;
pub use document::{Heading, PageStart, Place, Quality, headings_at};
pub use filter::{DocumentAttributes, Facet, Filter};
pub use glob::Glob;
pub use metadata::{
    DocumentMetadata, InvalidMetadata, MAX_METADATA_BYTES, MAX_METADATA_FIELDS, MAX_METADATA_LIST,
    MAX_METADATA_NAME_CHARS, MAX_METADATA_TEXT_CHARS, Metadata, MetadataValue, Number, Scalar,
};
pub use names::{DbName, InvalidDbName};
pub use search::{
    FusionParams, ParseRerankMethodError, ParseSearchModeError, Passage, PassageCopy, RerankMethod, SearchFilter,
    SearchMode,
};
pub use spec_key::SpecKey;

/// Row id of a chunk in its DB's store. Assigned by the store, growing, never reused: a changed chunk is a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChunkId(pub i64);

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How large chunks are, in characters (Unicode scalar values).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkSizes {
    /// Upper bound of a chunk.
    pub size: usize,
    /// How much of a chunk may be repeated at the start of the next; less than `size`.
    pub overlap: usize,
}

impl Default for ChunkSizes {
    fn default() -> Self {
        Self { size: 800, overlap: 120 }
    }
}

/// Row id of a document in its DB's store. The ids of a store are about as dense as its documents are many: sets of documents
/// are kept as bits. A removed document's id may be given again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct DocumentId(pub u32);

/// One search result: a chunk and how well it fits. The scale of `score` belongs to the index that gave it
/// (BM25: unbounded, ≥ 0; vectors: cosine, −1..=1); higher is better everywhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The chunk that was found.
    pub chunk: ChunkId,
    /// Its score; only comparable within one list.
    pub score: f32,
}

/// Names one committed state of one DB: derived indexes carry the stamp of the state that they mirror.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stamp {
    /// Identity of the DB (random, made when it was created): a DB that was deleted and made anew is another one.
    pub db: String,
    /// Number of committed changes; 0 is the empty DB.
    pub revision: u64,
}

/// A chunk as an index needs it: its text for the lexical one, its vector for the vector one.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedChunk {
    /// Id to return in hits.
    pub id: ChunkId,
    /// ISO 639-1 code of the text's language, `und` when unknown.
    pub language: String,
    /// The text, present when [`Want::Text`] was asked for, else empty.
    pub text: String,
    /// The embedding, present when [`Want::Vector`] was asked for, else empty. Normalised to length 1.
    pub vector: Vec<f32>,
    /// Its document.
    pub document: DocumentId,
    /// What it stands in, present when [`Want::Text`] was asked for, else empty.
    pub context: ChunkContext,
}

/// A document as an index needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedDocument {
    /// Its id.
    pub id: DocumentId,
    /// What filters see of it.
    pub attributes: DocumentAttributes,
}

/// What an index wants from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Only the text.
    Text,
    /// Only the vector.
    Vector,
    /// Neither: which document each chunk is of, and the documents themselves.
    Attributes,
}

/// What happened in a DB between two states: the one way in which derived indexes learn of anything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    /// The state after these changes.
    pub to: Stamp,
    /// Chunks that exist at `to` and did not at the start.
    pub added: Vec<IndexedChunk>,
    /// Chunks that existed at the start (or came and went since) and do not at `to`.
    pub removed: Vec<ChunkId>,
    /// Documents that are new or different at `to`, when [`Want::Attributes`] was asked for, else none.
    pub documents: Vec<IndexedDocument>,
    /// Documents that were removed; those of `documents` with the same id came after them.
    pub removed_documents: Vec<DocumentId>,
}

/// What leads from a state that an index mirrors to a newer one.
#[derive(Debug, Clone, PartialEq)]
pub enum ChangeSet {
    /// Nothing: the state is the newest.
    Current,
    /// The next changes; more may follow them.
    Next(Changes),
    /// The store's history does not have that state: it is another DB's, or the store was replaced by an older copy.
    Foreign,
}

/// The language code of a text whose language could not be told (ISO 639-3 "undetermined").
pub const UNKNOWN_LANGUAGE: &str = "und";
