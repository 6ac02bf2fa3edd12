//! Which files an ingestion reads: paths, folders and globs, but nothing outside the document roots.
//!
//! A path is checked three times: by its name alone, so that an answer never tells what exists outside; with its links
//! resolved; and by [what was opened](open), because names can change their meaning in between.

mod glob;
mod look;
mod open;
mod roots;
mod temporary;
mod walk;

#[cfg(test)]
mod tests;

use std::{fs::File, io, path::PathBuf, time::Duration};

pub(in crate::rag) use look::is_settled;
pub(super) use look::version_of;
pub use look::{Look, RootSight, Scope};
pub use roots::DocumentRoots;
pub(in crate::rag) use temporary::is_passed_over;

use super::FileError;
use open::{Access, OpenError};

/// Longest path or glob in characters.
pub const MAX_PATH_CHARS: usize = 4_096;

/// Most errors that a selection lists; the others are only counted.
pub const MAX_LISTED_ERRORS: usize = 1_000;

/// A file to read, and the name under which it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its name in the DB: the path relative to the working directory where it lies inside, else the absolute path;
    /// always with `/`, and in NFC, because a copy from macOS has the same name in another form. Bytes that are no UTF-8 are U+FFFD and two hexadecimal digits, so that names that differ only
    /// in them are different names.
    pub source: String,
    /// What may be opened to read it.
    access: Access,
}

impl SourceFile {
    /// Opens it for reading, unless it has become something else than a regular file inside the document roots.
    ///
    /// Blocks as long as the file system does.
    ///
    /// # Errors
    /// In words for the person who named the file.
    pub(super) fn open(&self) -> Result<File, OpenError> {
        self.access.open_file(&self.path)
    }
}

/// What a list of paths comes to.
#[derive(Debug, Default, Clone)]
pub struct Selection {
    /// Files to read, each once.
    pub files: Vec<SourceFile>,
    /// Paths that cannot be read, with the reason; at most [`MAX_LISTED_ERRORS`].
    pub errors: Vec<FileError>,
    /// Further paths that cannot be read.
    pub unlisted_errors: usize,
    /// Files in folders that are of no supported format.
    pub skipped: usize,
    /// Names of folders that could not be looked into: nothing is known of what they hold.
    pub(in crate::rag::ingest) unread: Vec<String>,
    /// Not everything was looked at.
    pub(in crate::rag::ingest) cut_short: bool,
}

impl Selection {
    /// These files.
    pub fn of(files: Vec<SourceFile>) -> Self {
        Self { files, ..Self::default() }
    }

    fn fail(&mut self, error: FileError) {
        if self.errors.len() < MAX_LISTED_ERRORS {
            self.errors.push(error);
        } else {
            self.unlisted_errors += 1;
        }
    }
}

/// How much a selection may look at. A folder of 100,000 documents is well inside.
#[derive(Debug, Clone, Copy)]
pub struct SelectLimits {
    /// Entries of folders, files and folders alike, hidden ones included.
    pub entries: usize,
    /// Files that are selected.
    pub files: usize,
    /// Folders within folders.
    pub depth: usize,
    /// Time for the whole selection.
    pub time: Duration,
}

impl SelectLimits {
    /// For a request, whose sender waits for the answer.
    pub const REQUEST: Self = Self { entries: 1_000_000, files: 250_000, depth: 64, time: Duration::from_secs(60) };
    /// For a person at a terminal, whose network drive may be slow.
    pub const TERMINAL: Self =
        Self { entries: 10_000_000, files: 2_500_000, depth: 256, time: Duration::from_secs(1_800) };
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        // Opened without waiting, a file that another program holds a lease on is not given at once.
        io::ErrorKind::WouldBlock => "is held by another program at the moment; ingest it again".into(),
        _ => error.to_string(),
    }
}
