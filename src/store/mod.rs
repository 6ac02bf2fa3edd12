//! Where documents live: the only truth of a DB. Everything else (search indexes, caches) can be thrown away and
//! rebuilt from here.
//!
//! [`Store`] is one DB: its [`Documents`], the [`ChangeLog`] that indexes follow, and the [`FileLedger`] of mirrored folders. [`StoreCatalog`] makes, lists and
//! deletes DBs. The embedded engine is [`sqlite`]. All calls block and belong on a blocking thread; all methods take `&self`
//! and may be called from several threads at once.
//!
//! An engine implements the traits and names itself in one line to the tests that hold every engine to them (`contract`).

pub mod archive;
#[cfg(test)]
mod contract;
mod documents;
mod error;
mod files;
mod generations;
pub mod sqlite;

use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

pub use documents::{
    Chunk, ChunkText, ChunkVector, Counts, DocumentList, DocumentOrder, DocumentQuery, DocumentRecord, DocumentState,
    DocumentSummary, DocumentText, Documents, EmbedderRecord, Filters, Mutation, NewChunk, NewDocument, NewName,
    WriteReport,
};
pub use error::StoreError;
pub use files::{FileLedger, FileRecord, FileStage, FileVersion, MirrorRecord};
pub use generations::{
    BuildPermit, Generation, GenerationId, GenerationState, Generations, NewChunks, Outdated, PendingDocument, Recipe,
};

use crate::domain::{ChangeSet, DbName, Stamp, Want};

/// The history of a DB.
pub trait ChangeLog: Send + Sync {
    /// The current state's name.
    fn stamp(&self) -> Result<Stamp, StoreError>;

    /// What leads from the state `from` (`None`: the empty DB) to a newer one, about `limit` chunks of it (always whole
    /// transactions). Read at one moment, so that `from` is never compared with an older state than its own.
    fn changes(&self, from: Option<&Stamp>, want: Want, limit: usize) -> Result<ChangeSet, StoreError>;
}

/// One DB, seen as one of its generations has it.
pub trait Store: Documents + ChangeLog + Generations + FileLedger {
    /// Whether what is open is still what stands at the DB's place.
    ///
    /// # Errors
    /// [`StoreError::Detached`].
    fn attached(&self) -> Result<(), StoreError>;

    /// Why the DB can only be read, when it can.
    fn read_only(&self) -> Option<String>;

    /// Reads all of it and looks for damage, slowly, until `cancelled`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    fn verify(&self, cancelled: Arc<AtomicBool>) -> Result<(), StoreError>;
}

/// The DBs that an engine keeps together.
pub trait StoreCatalog: Send + Sync {
    /// Whether the place of the DBs is the one that was opened.
    ///
    /// # Errors
    /// [`StoreError::DataDirChanged`].
    fn attached(&self) -> Result<(), StoreError>;

    /// Names of the DBs, sorted.
    fn list(&self) -> Result<Vec<DbName>, StoreError>;

    /// Whether there is such a DB.
    fn exists(&self, name: &DbName) -> bool;

    /// Makes an empty DB.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`].
    fn create(&self, name: &DbName) -> Result<(), StoreError>;

    /// Opens a DB, as the generation has it that serves.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn open(&self, name: &DbName) -> Result<Arc<dyn Store>, StoreError>;

    /// Deletes a DB and all that was derived from it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    fn delete(&self, name: &DbName) -> Result<(), StoreError>;

    /// Writes a DB as it is at this moment into a file that is not there yet, in the engine's own form, and says how much that
    /// is and by which embedder. Only the generation that serves is in it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; a file that cannot be written.
    fn snapshot(&self, name: &DbName, to: &Path) -> Result<(Counts, Option<EmbedderRecord>), StoreError>;

    /// Makes a DB of a [snapshot](Self::snapshot), whole or not at all; it may `replace` one that is there. To indexes and caches
    /// it is another DB than the one that was copied.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`]; a snapshot that cannot be read to its end, or is none.
    fn restore(&self, name: &DbName, snapshot: &mut dyn Read, replace: bool) -> Result<(), StoreError>;

    /// Where this DB is, for people (shown by `/health`).
    fn location(&self, name: &DbName) -> String;

    /// The folder for files that are kept with this DB. It need not be there yet, and goes with the DB.
    fn files(&self, name: &DbName) -> PathBuf;
}
