//! What can go wrong with a derived index. None of it loses data: the store has everything.

use std::{error::Error, io, path::PathBuf, sync::Arc};

use tantivy::{TantivyError, directory::error::LockError};

/// Errors of an index. They are handed to everybody who waited for the same work, so they can be cloned.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IndexError {
    /// Somebody else moved the index on meanwhile (another thread or process), or has it just now: look again.
    #[error("the index was changed by somebody else meanwhile")]
    Conflict,
    /// Another process has had the index for too long.
    #[error("another process has held the {index} index for {seconds} s without moving it on; is it stopped?")]
    InUse {
        /// Which.
        index: &'static str,
        /// For how long.
        seconds: u64,
    },
    /// Built anew, the index is again at a state that the store does not know.
    #[error("the {index} index and the store do not belong together, even after the index was built again")]
    Diverged {
        /// Which.
        index: &'static str,
    },
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
        source: Arc<io::Error>,
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
    Lexical(TantivyError),
    /// The store could not tell what changed.
    #[error("{0}")]
    Feed(Arc<dyn Error + Send + Sync>),
}

impl IndexError {
    pub(super) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io { what: what.into(), source: Arc::new(source) }
    }

    /// Whether the index itself is at fault, so that building it again may help.
    pub(super) fn is_of_the_index(&self) -> bool {
        !matches!(self, Self::Conflict | Self::InUse { .. } | Self::Diverged { .. } | Self::Feed(_))
            && self.disk_failure().is_none()
    }

    /// The reason, when the disk could not be written: it is full, read-only, or not ours.
    pub fn disk_failure(&self) -> Option<io::ErrorKind> {
        let kind = match self {
            Self::Io { source, .. } => source.kind(),
            Self::Lexical(error) => io_kind(error)?,
            _ => return None,
        };
        use io::ErrorKind::{
            FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull, TooManyLinks,
        };
        matches!(
            kind,
            FileTooLarge | PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull | TooManyLinks
        )
        .then_some(kind)
    }

    /// Whether the disk has no room.
    pub fn is_disk_full(&self) -> bool {
        matches!(self.disk_failure(), Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}

impl From<TantivyError> for IndexError {
    fn from(error: TantivyError) -> Self {
        match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => Self::Conflict,
            error => Self::Lexical(error),
        }
    }
}

/// What the system said, where the engine tells.
fn io_kind(error: &TantivyError) -> Option<io::ErrorKind> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    if let TantivyError::IoError(source) | TantivyError::LockFailure(LockError::IoError(source), _) = error {
        return Some(source.kind());
    }
    while let Some(at) = cause {
        if let Some(source) = at.downcast_ref::<io::Error>() {
            return Some(source.kind());
        }
        cause = at.source();
    }
    None
}
