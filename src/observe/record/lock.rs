//! One program at a time writes a recording.

use std::{
    fs::{self, File, OpenOptions},
    path::Path,
};

use super::format::RecordError;

/// How often a file is opened that somebody moves away meanwhile.
const TRIES: usize = 8;

/// Opens a file to append to, an empty one where there is none, and keeps others from doing so until it is closed.
///
/// # Errors
///
/// When somebody else records there, or when it cannot be opened.
pub(super) fn open(path: &Path) -> Result<File, RecordError> {
    for _ in 0..TRIES {
        let file = open_alone(path)?;
        // Who held it may have moved it, and let go of it, after it was opened here.
        if is_at(&file, path) {
            return Ok(file);
        }
    }
    Err(RecordError::Taken(path.to_owned()))
}

#[cfg(not(windows))]
fn open_alone(path: &Path) -> Result<File, RecordError> {
    let opened = OpenOptions::new().read(true).append(true).create(true).open(path);
    let file = opened.map_err(|source| RecordError::Write { path: path.to_owned(), source })?;
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => Err(RecordError::Taken(path.to_owned())),
        // Some network drives have no locks: recording there is worth more than knowing who else does.
        Ok(()) | Err(fs::TryLockError::Error(_)) => Ok(file),
    }
}

/// A lock of Windows would keep readers away, too; how a file is shared does not.
#[cfg(windows)]
fn open_alone(path: &Path) -> Result<File, RecordError> {
    use std::os::windows::fs::OpenOptionsExt;
    const SHARE_READ: u32 = 1;
    const SHARE_DELETE: u32 = 4;
    const SHARING_VIOLATION: i32 = 32;
    let mut options = OpenOptions::new();
    let options = options.read(true).append(true).create(true).share_mode(SHARE_READ | SHARE_DELETE);
    options.open(path).map_err(|source| match source.raw_os_error() {
        Some(SHARING_VIOLATION) => RecordError::Taken(path.to_owned()),
        _ => RecordError::Write { path: path.to_owned(), source },
    })
}

/// Whether an open file is what the path leads to; it is not when it was moved or removed.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(there)) = (file.metadata(), fs::metadata(path)) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (held.dev(), held.ino()) == (there.dev(), there.ino())
    }
    #[cfg(not(unix))]
    {
        held.len() == there.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_opened_by_one_at_a_time_and_read_by_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.ndjson");
        let first = open(&path).unwrap();
        assert!(matches!(open(&path), Err(RecordError::Taken(taken)) if taken == path));
        assert_eq!(fs::read(&path).unwrap(), b"");
        drop(first);
        open(&path).unwrap();
    }

    #[test]
    fn a_file_is_not_where_it_was_moved_from() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("out.ndjson"), folder.path().join("other"));
        let file = open(&path).unwrap();
        assert!(is_at(&file, &path));
        fs::rename(&path, &other).unwrap();
        assert!(is_at(&file, &other) && !is_at(&file, &path));
        // The lock went with the file.
        let next = open(&path).unwrap();
        assert!(open(&other).is_err());
        drop((file, next));
    }
}
