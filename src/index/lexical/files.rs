//! The folder of a lexical index, without a sync for each of its files.
//!
//! The index is derived: after a power cut it may be built again, and its checksums tell whether it must be. So nothing waits
//! for the disk, where tantivy's own folder syncs some twenty files a commit.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, TerminatingWrite, WatchCallback,
    WatchHandle, WritePtr,
    error::{DeleteError, LockError, OpenDirectoryError, OpenReadError, OpenWriteError},
};

/// A folder of files that are mapped into memory for reading, and written without syncs.
#[derive(Clone, Debug)]
pub(super) struct UnsyncedFolder {
    folder: PathBuf,
    inner: MmapDirectory,
    /// Why a file could last not be written: the engine's own errors say no more than that a thread failed.
    failure: Arc<Mutex<Option<io::ErrorKind>>>,
}

impl UnsyncedFolder {
    pub(super) fn open(folder: &Path) -> Result<Self, OpenDirectoryError> {
        let inner = MmapDirectory::open(folder)?;
        Ok(Self { folder: folder.to_owned(), inner, failure: Arc::default() })
    }

    /// The last failure to write since this was asked.
    pub(super) fn take_failure(&self) -> Option<io::ErrorKind> {
        self.failure.lock().take()
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        let full = self.folder.join(path);
        let fresh = || OpenOptions::new().write(true).create_new(true).open(&full);
        match fresh() {
            // Of a commit that a kill interrupted: no file that belongs to the index is ever written twice.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(&full)?;
                fresh()
            }
            created => created,
        }
    }
}

/// Notes why it failed.
struct Noting {
    file: File,
    failure: Arc<Mutex<Option<io::ErrorKind>>>,
}

fn noted<T>(failure: &Mutex<Option<io::ErrorKind>>, result: io::Result<T>) -> io::Result<T> {
    result.inspect_err(|error| *failure.lock() = Some(error.kind()))
}

impl Write for Noting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        noted(&self.failure, self.file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminatingWrite for Noting {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        noted(&self.failure, self.file.flush())
    }
}

impl Directory for UnsyncedFolder {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.inner.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.inner.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.inner.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let file = noted(&self.failure, self.create(path))
            .map_err(|error| OpenWriteError::wrap_io_error(error, path.to_owned()))?;
        Ok(BufWriter::new(Box::new(Noting { file, failure: Arc::clone(&self.failure) })))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.inner.atomic_read(path)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        // One name a file: only the holder of the lock writes, and a leftover is overwritten.
        let (full, fresh) = (self.folder.join(path), self.folder.join(format!("{}.new", path.display())));
        let written = fs::write(&fresh, data).and_then(|()| fs::rename(&fresh, &full));
        noted(&self.failure, written)
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.inner.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.inner.watch(callback)
    }
}
