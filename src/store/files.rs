//! What is known of files: the folders that a DB mirrors, and the queue of what is to be read.

use std::{fmt, str::FromStr};

use super::StoreError;
use crate::util::time::UnixMillis;

/// A folder that a DB mirrors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MirrorRecord {
    /// Where it is; its name among the mirrors of the DB.
    pub root: String,
    /// Which folder stood there: whoever mounts another one there does not change the documents by it. `None` where the
    /// system has no such number.
    pub identity: Option<String>,
    /// How its documents were read and cut: with another shape all of them are read again.
    pub shape: String,
    /// When it was last compared as a whole.
    pub compared: Option<UnixMillis>,
}

/// A state of a file, as far as the file system tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileVersion {
    /// Bytes.
    pub size: u64,
    /// Last change, in nanoseconds since 1970.
    pub modified: i64,
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum FileStage {
    /// It is to be read.
    #[default]
    Queued,
    /// It could not be read; the record says when it is tried again, if it is.
    Failed,
    /// Its document is as the file is.
    Done,
}

impl FileStage {
    /// The name in the store and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }
}

impl fmt::Display for FileStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for FileStage {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Queued, Self::Failed, Self::Done].into_iter().find(|stage| stage.as_str() == name).ok_or(())
    }
}

/// What is known of a file of a mirrored folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileRecord {
    /// The name of its document.
    pub source: String,
    /// The state that was read last; `None`: it is to be read again, whatever the file system says.
    pub version: Option<FileVersion>,
    /// Hash of the bytes that its document was made from; `None` when it has no document.
    pub content: Option<String>,
    /// How far it is.
    pub stage: FileStage,
    /// Attempts that failed, one after another.
    pub attempts: u32,
    /// When it is tried again; `None`: not by itself.
    pub next_try: Option<UnixMillis>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// Since when it is so far.
    pub since: UnixMillis,
    /// The version label that it was given.
    pub label: Option<String>,
    /// The metadata that it was given: a JSON object.
    pub metadata: Option<String>,
}

/// What a DB knows of files. Changes of it are [mutations](super::Mutation); they do not change what questions see.
pub trait FileLedger: Send + Sync {
    /// The folders that are mirrored, sorted by their root.
    fn mirrors(&self) -> Result<Vec<MirrorRecord>, StoreError>;

    /// The files of a mirror, sorted by their source; none for an unknown one.
    fn files(&self, root: &str) -> Result<Vec<FileRecord>, StoreError>;
}
