//! The folder of an index, and who may write there.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::Path,
};

use super::IndexError;

/// Makes the folder of an index.
///
/// # Errors
/// When it cannot be made.
pub(super) fn make_folder(folder: &Path) -> Result<(), IndexError> {
    // A file in the place of a folder that is ours alone.
    for part in folder.parent().into_iter().chain([folder]) {
        if part.is_file() {
            fs::remove_file(part).map_err(|error| {
                IndexError::io(format!("remove {}, a file in the index's place", part.display()), error)
            })?;
        }
    }
    fs::create_dir_all(folder)
        .map_err(|error| IndexError::io(format!("make the index folder {}", folder.display()), error))
}

/// Takes the right to write an index, by a file beside its folder; `None` when another process has it. It is let go when the
/// file is dropped.
///
/// # Errors
/// When there can be no such file.
pub(super) fn lock(folder: &Path) -> Result<Option<File>, IndexError> {
    let path = folder.with_extension("lock");
    let failed = |error: io::Error| IndexError::io(format!("lock {}", path.display()), error);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
