//! What can go wrong with a store.

use std::{error::Error, io, sync::Arc};

use super::GenerationId;
use crate::domain::DbName;

/// Errors of a store. Messages name what was touched; the engine's own text stays in [`source`](std::error::Error::source).
/// One commit serves several callers, and each of them gets the error: they can be cloned.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// No such DB.
    #[error("there is no DB {0:?}; create it with POST /api/dbs/create or by ingesting into it")]
    NotFound(String),
    /// The name is taken.
    #[error("there is already a DB {0:?}")]
    AlreadyExists(String),
    /// Vectors of two embedders cannot live in one DB.
    #[error(
        "DB holds vectors of embedder {stored} ({stored_dimension} dimensions), but {given} ({given_dimension} dimensions) is configured; \
         configure {stored} again, or let `ragctl reindex` embed the DB with {given}"
    )]
    EmbedderMismatch {
        /// Embedder of the stored vectors.
        stored: String,
        /// Length of the stored vectors.
        stored_dimension: usize,
        /// Embedder of the vectors to be written.
        given: String,
        /// Length of the vectors to be written.
        given_dimension: usize,
    },
    /// A new chunk came without a vector, or with one of the wrong length: nothing of the batch was stored.
    #[error("chunk {chunk} of {document:?} has no usable vector: {why}; nothing of it was stored")]
    BadVector {
        /// Document of the chunk.
        document: String,
        /// Position of the chunk.
        chunk: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The DB was written by a newer version of this program.
    #[error("DB at {location} has schema version {found}, this ragctl knows up to {known}; use a newer ragctl")]
    TooNew {
        /// Where the DB is.
        location: String,
        /// Version of its schema.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// Another process held the write lock for too long.
    #[error("DB is being written by another process; try again in a moment")]
    Busy,
    /// The file is no DB, or broken.
    #[error("DB at {location} is damaged: {detail}; restore a backup, or delete its folder and ingest again")]
    Damaged {
        /// Where the DB is.
        location: String,
        /// What the engine said.
        detail: String,
    },
    /// There is no room on the disk.
    #[error("the disk with the DB {location} is full: nothing of this was stored; make room and try again")]
    Full {
        /// Where the DB is.
        location: String,
    },
    /// It can be read and not written.
    #[error("the DB {location} can only be read ({why}): nothing of this was stored")]
    ReadOnly {
        /// Where the DB is.
        location: String,
        /// What keeps it from being written.
        why: String,
    },
    /// Somebody deleted or replaced the files of an open DB.
    #[error("the files of the DB {location} were deleted or replaced while they were open")]
    Detached {
        /// Where the DB is.
        location: String,
    },
    /// Somebody deleted or replaced the data directory of a running process.
    #[error(
        "the data directory {location} was deleted or replaced while it was in use: nothing is stored any more; put it back, or \
         restart the server to go on with what is there now"
    )]
    DataDirChanged {
        /// The data directory.
        location: String,
    },
    /// Another generation has taken over since the DB was opened.
    #[error(
        "generation {serving} of the DB has taken over since it was opened, and generation {opened} is not written any more; try again"
    )]
    Superseded {
        /// The generation that was opened.
        opened: GenerationId,
        /// The one that serves.
        serving: GenerationId,
    },
    /// A generation cannot serve before it has everything.
    #[error("the generation lacks {pending} documents, so it cannot serve yet")]
    NotCaughtUp {
        /// How many documents are to be made.
        pending: u64,
    },
    /// There is no such generation (any more).
    #[error("the DB has no generation {0}; `ragctl reindex --list` shows those that there are")]
    NoGeneration(GenerationId),
    /// The generation that serves cannot be dropped.
    #[error("generation {0} answers questions and cannot be dropped")]
    GenerationServes(GenerationId),
    /// A folder or file could not be used.
    #[error("cannot {action} {location}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        location: String,
        /// Why not.
        source: Arc<io::Error>,
    },
    /// Any other failure of the engine.
    #[error("the store failed to {action}")]
    Engine {
        /// What was tried.
        action: &'static str,
        /// What the engine said.
        source: Arc<dyn Error + Send + Sync>,
    },
}

impl StoreError {
    pub(crate) fn not_found(name: &DbName) -> Self {
        Self::NotFound(name.to_string())
    }

    /// Whether the disk does not take what is written; reading may go on.
    pub fn is_unwritable(&self) -> bool {
        match self {
            Self::Full { .. } | Self::ReadOnly { .. } => true,
            Self::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::StorageFull
            ),
            _ => false,
        }
    }
}
