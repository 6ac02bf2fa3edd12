//! The generations of a DB: sets of chunks and vectors of the same documents, each made in a way of its own.
//!
//! One of them serves. The next one is built beside it from the stored texts; when it has everything, it takes over in one
//! transaction, and the one that served before is kept until it is dropped, so that going back is the same step again.

use std::{any::Any, collections::HashSet, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Chunk, NewChunk, Store, StoreError};
use crate::domain::ChunkSizes;

/// Number of a generation; growing, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GenerationId(pub i64);

impl GenerationId {
    /// The one that every DB begins with.
    pub const FIRST: Self = Self(1);
}

impl fmt::Display for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a generation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GenerationState {
    /// It is being built.
    Building,
    /// It answers questions.
    Serving,
    /// It answered questions, and can again.
    Kept,
}

impl GenerationState {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Serving => "serving",
            Self::Kept => "kept",
        }
    }
}

/// How the chunks of a document were made, the embedder aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recipe {
    /// Version of reading and cutting.
    pub pipeline: u32,
    /// Sizes of the chunks.
    pub sizes: ChunkSizes,
}

/// A generation of a DB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number.
    pub id: GenerationId,
    /// What it is for.
    pub state: GenerationState,
    /// Id of the embedder of its vectors; `None` while nothing is embedded.
    pub embedder: Option<String>,
    /// Length of its vectors; `None` while there are none.
    pub dimension: Option<usize>,
    /// Sizes of its chunks, where they are known.
    pub sizes: Option<ChunkSizes>,
    /// Number of its chunks.
    pub chunks: u64,
    /// Documents whose chunks it lacks, or has of an earlier state.
    pub missing: u64,
    /// When it was begun, RFC 3339 in UTC.
    pub created: String,
    /// When it began to serve, the last time.
    pub served: Option<String>,
}

/// Which documents of a generation must be made anew, besides those that it lacks or has of an earlier state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outdated {
    /// Those that were not cut by this version.
    pub pipeline: Option<u32>,
    /// Those whose chunks have other sizes.
    pub sizes: Option<ChunkSizes>,
    /// Those whose text was not read by this version.
    pub read_by: Option<u32>,
}

/// A document whose chunks must be made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDocument {
    /// Where a list goes on behind it.
    pub cursor: i64,
    /// Id of the document.
    pub id: String,
    /// Its source.
    pub source: String,
    /// Its state, to be given back with the chunks.
    pub changed: u64,
    /// Its version label.
    pub version: String,
    /// How the chunks that it has were made; `None` when there are none, or nobody knows.
    pub recipe: Option<Recipe>,
    /// Which version of reading made its text, where that is known.
    pub read_by: Option<u32>,
}

/// The chunks of a document, made anew from what is stored of it.
#[derive(Debug, Clone)]
pub struct NewChunks {
    /// Id of the document.
    pub document: String,
    /// State of the document that they were made from. When it has changed since, they are passed over.
    pub changed: u64,
    /// How they were made.
    pub recipe: Recipe,
    /// The chunks in reading order.
    pub chunks: Vec<NewChunk>,
}

/// The right to build a generation of a DB; nobody else has it while this exists.
pub struct BuildPermit {
    _held: Box<dyn Any + Send + Sync>,
}

impl BuildPermit {
    /// Ends when this is dropped, or its process.
    pub(super) fn new(held: impl Any + Send + Sync) -> Self {
        Self { _held: Box::new(held) }
    }
}

/// The generations of a DB. A store looks at one of them: its chunks, its embedder, its history.
pub trait Generations: Send + Sync {
    /// All of them, oldest first.
    fn generations(&self) -> Result<Vec<Generation>, StoreError>;

    /// Documents that the generations lack which are being built; cheap while there is none.
    fn unbuilt(&self) -> Result<u64, StoreError>;

    /// The one that this store looks at.
    fn generation(&self) -> GenerationId;

    /// The one that answers questions now; cheap.
    fn serving(&self) -> Result<GenerationId, StoreError>;

    /// The same DB, looking at another generation.
    ///
    /// # Errors
    /// [`StoreError::NoGeneration`].
    fn at(&self, generation: GenerationId) -> Result<Arc<dyn Store>, StoreError>;

    /// The right to build, or `None` while another process has it. Building without it does no harm, but the work twice.
    ///
    /// # Errors
    /// When it cannot be told.
    fn build_permit(&self) -> Result<Option<BuildPermit>, StoreError>;

    /// Begins the next generation. One that was being built goes on when it was meant to become the same; else it is dropped.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn begin_generation(&self, embedder: &str, sizes: ChunkSizes) -> Result<GenerationId, StoreError>;

    /// Which sizes the chunks of this generation are meant to have; `None` when nobody has said.
    fn sizes(&self) -> Result<Option<ChunkSizes>, StoreError>;

    /// Says which sizes the chunks of this generation are meant to have.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn set_sizes(&self, sizes: ChunkSizes) -> Result<(), StoreError>;

    /// Documents behind `after` whose chunks this generation needs to have made anew, in the order of their cursors, at most
    /// `limit`.
    fn pending(&self, which: &Outdated, after: i64, limit: usize) -> Result<Vec<PendingDocument>, StoreError>;

    /// How many there are.
    fn pending_count(&self, which: &Outdated) -> Result<u64, StoreError>;

    /// The chunks of a document in this generation, in their order.
    fn chunks_of(&self, document: &str) -> Result<Vec<Chunk>, StoreError>;

    /// Keys of those chunks of a document whose vectors of this generation's embedder are stored, in whichever generation.
    fn embedded_keys(&self, document: &str) -> Result<HashSet<String>, StoreError>;

    /// Makes this generation the one that serves; the one that did is kept.
    ///
    /// # Errors
    /// [`StoreError::NotCaughtUp`] while documents are [pending](Self::pending).
    fn serve(&self, which: &Outdated) -> Result<(), StoreError>;

    /// Drops a generation that does not serve. Its chunks go in steps, so that nobody waits long; what is interrupted goes on with
    /// the next call of [`sweep`](Self::sweep).
    ///
    /// # Errors
    /// [`StoreError::NoGeneration`]; [`StoreError::GenerationServes`].
    fn drop_generation(&self, generation: GenerationId) -> Result<(), StoreError>;

    /// Removes what is left of dropped generations. Returns whose.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn sweep(&self) -> Result<Vec<GenerationId>, StoreError>;
}
