//! What can go wrong with a derived index. None of it loses data: the store has everything.

use std::{io, path::PathBuf};

/// Errors of an index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Somebody else moved the index on meanwhile (another thread or process): read its stamp again.
    #[error("the index was changed by somebody else meanwhile")]
    Conflict,
    /// A vector of the wrong length.
    #[error("the index holds vectors of {expected} dimensions, not {got}")]
    Dimension {
        /// Length of the index's vectors.
        expected: usize,
        /// Length of the given one.
        got: usize,
    },
    /// A file could not be used.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried, with which file.
        what: String,
        /// Why not.
        source: io::Error,
    },
    /// Files are there but unusable.
    #[error("{} is damaged: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The lexical engine failed.
    #[error("lexical index: {0}")]
    Lexical(#[from] tantivy::TantivyError),
    /// The store could not tell what changed.
    #[error("{0}")]
    Feed(Box<dyn std::error::Error + Send + Sync>),
}
