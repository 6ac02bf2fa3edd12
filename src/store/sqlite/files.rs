//! Files and folders of DBs: which one it is, who may read it, whether it is on disk.

use std::{fs, io, path::Path, sync::Arc};

use crate::store::StoreError;

/// Which file it is, whatever its name is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    number: u64,
}

impl FileId {
    /// The file or folder at this path. `None` where the system has no such number, and where files that are open cannot be
    /// replaced anyway.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> io::Result<Option<Self>> {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(path)?;
        Ok(Some(Self { device: metadata.dev(), number: metadata.ino() }))
    }

    #[cfg(not(unix))]
    pub(super) fn of(path: &Path) -> io::Result<Option<Self>> {
        fs::metadata(path).map(|_| None)
    }

    /// Whether the file that had this id is still the one at this path.
    pub(super) fn is_at(this: Option<Self>, path: &Path) -> bool {
        Self::of(path).is_ok_and(|now| now == this)
    }
}

/// Makes a folder, and those above it, that only its owner may enter.
pub(super) fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes an empty file that only its owner may read. What SQLite puts beside it gets the same mode.
pub(super) fn make_private_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Lets two folders change places, for everybody at once where the system can do that.
pub(super) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
            // File systems without it: as elsewhere.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            done => return Ok(done?),
        }
    }
    let mut aside = other.as_os_str().to_owned();
    aside.push("~aside");
    let aside = Path::new(&aside);
    fs::rename(other, aside)?;
    match fs::rename(one, other) {
        Ok(()) => fs::rename(aside, one),
        Err(error) => {
            fs::rename(aside, other)?;
            Err(error)
        }
    }
}

/// Waits until a folder's list of names is on disk: a new name is not before.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(path)?.sync_all() } else { Ok(()) }
}

/// Whether the disk has no room for a few pages more.
pub(super) fn is_full(path: &Path) -> bool {
    #[cfg(unix)]
    {
        const PAGES: u64 = 16;
        rustix::fs::statvfs(path).is_ok_and(|disk| disk.f_bavail < PAGES)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// A path for people.
pub(super) fn location(path: &Path) -> String {
    path.display().to_string()
}

/// What the file system answered, as an error of the store: a full or read-only disk says so.
pub(super) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let location = location(path);
    move |source| match source.kind() {
        io::ErrorKind::StorageFull => StoreError::Full { location },
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            StoreError::ReadOnly { location, why: source.to_string() }
        }
        _ => StoreError::Io { action, location, source: Arc::new(source) },
    }
}
