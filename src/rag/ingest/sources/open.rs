//! Opening what a selection found, whatever has become of its name since.
//!
//! A name that was checked may mean something else a moment later: a link, a pipe, a device. So a file is opened without
//! following links and without waiting, and what was *opened* is checked. Inside document roots no component of the path
//! may be a link: the selection has resolved them, so that a link here is one that appeared since.

use std::{ffi::OsString, fs::File, io, path::Path, sync::Arc};

use super::temporary;

/// Which paths may be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Access {
    /// Whatever the operating system lets this process read.
    Anywhere,
    /// Only what lies in this canonical folder, or is this file.
    Within(Arc<Path>),
}

/// Why a file or folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(in crate::rag::ingest) enum OpenError {
    /// A pipe, socket, device or folder.
    #[error("is not a regular file (a pipe, socket, device or folder); only files can be ingested")]
    NotRegular,
    /// A component of the path became a link, or no folder any more.
    #[error("was replaced by a link or another file after it was found; ingest it again")]
    Replaced,
    /// Whoever may write to a root can link any file of its disk into it.
    #[cfg(unix)]
    #[error(
        "has several hard links, so it may belong to a folder outside the document roots; copy it, or ingest it with \
         `ragctl ingest`"
    )]
    HardLinks,
    /// A folder with more entries than may be looked at.
    #[error("has more than {0} entries")]
    TooMany(usize),
    /// The file system refused.
    #[error("{}", super::reason(.0))]
    Io(#[from] io::Error),
}

/// What a folder holds under a name, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, to whatever.
    Link,
    /// A pipe, socket or device.
    Other,
}

/// One entry of a folder.
#[derive(Debug)]
pub(super) struct FolderEntry {
    /// Its name in the folder.
    pub(super) name: OsString,
    /// What it is.
    pub(super) kind: EntryKind,
}

impl FolderEntry {
    /// Whether it is hidden, or a file that some program made for itself.
    pub(super) fn is_passed_over(&self) -> bool {
        match self.kind {
            EntryKind::Folder => self.name.as_encoded_bytes().starts_with(b"."),
            _ => temporary::is_passed_over(&self.name),
        }
    }
}

impl Access {
    /// Opens a regular file for reading. Never waits for the other end of a pipe.
    ///
    /// # Errors
    /// [`OpenError::NotRegular`]; within roots also [`OpenError::Replaced`] and [`OpenError::HardLinks`].
    pub(super) fn open_file(&self, path: &Path) -> Result<File, OpenError> {
        let file = match self {
            Self::Anywhere => open_anywhere(path)?,
            Self::Within(root) => confined::open_file(root, path)?,
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(OpenError::NotRegular);
        }
        // Windows lets nobody link a file that they may not write, and tells no number of links through `std`.
        #[cfg(unix)]
        if matches!(self, Self::Within(_)) && std::os::unix::fs::MetadataExt::nlink(&metadata) > 1 {
            return Err(OpenError::HardLinks);
        }
        Ok(file)
    }

    /// The entries of a folder, sorted by name.
    ///
    /// # Errors
    /// [`OpenError::TooMany`] for a folder of more than `most` entries; within roots also [`OpenError::Replaced`].
    pub(super) fn list_folder(&self, path: &Path, most: usize) -> Result<Vec<FolderEntry>, OpenError> {
        let mut entries = match self {
            Self::Anywhere => collect(std::fs::read_dir(path)?.map(entry_of), most)?,
            Self::Within(root) => confined::list_folder(root, path, most)?,
        };
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }
}

/// Links are followed: a person at a terminal may read where they lead.
fn open_anywhere(path: &Path) -> Result<File, OpenError> {
    // Opening a device can have effects of its own, a tape is rewound; after the opening it is asked again.
    if !std::fs::metadata(path)?.is_file() {
        return Err(OpenError::NotRegular);
    }
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    Ok(options.open(path)?)
}

fn entry_of(entry: io::Result<std::fs::DirEntry>) -> io::Result<FolderEntry> {
    let entry = entry?;
    Ok(FolderEntry { name: entry.file_name(), kind: kind_of(entry.file_type()?) })
}

fn kind_of(kind: std::fs::FileType) -> EntryKind {
    if kind.is_symlink() {
        EntryKind::Link
    } else if kind.is_dir() {
        EntryKind::Folder
    } else if kind.is_file() {
        EntryKind::File
    } else {
        EntryKind::Other
    }
}

fn collect(entries: impl Iterator<Item = io::Result<FolderEntry>>, most: usize) -> Result<Vec<FolderEntry>, OpenError> {
    let mut collected = Vec::new();
    for entry in entries {
        if collected.len() == most {
            return Err(OpenError::TooMany(most));
        }
        collected.push(entry?);
    }
    Ok(collected)
}

/// One component after the other, each opened in the one before and none of them a link: whoever exchanges a folder
/// for a link at any moment gets an error. Nothing but `openat` is needed, so that every Unix has it.
#[cfg(unix)]
mod confined {
    use std::{
        ffi::{OsStr, OsString},
        fs::File,
        io,
        os::{
            fd::{AsFd, OwnedFd},
            unix::ffi::OsStrExt,
        },
        path::{Component, Path},
    };

    use rustix::{
        fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat},
        io::Errno,
    };

    use super::{EntryKind, FolderEntry, OpenError, collect};

    /// A folder that is only passed through: on Linux even one that may not be read.
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    const PASS: OFlags = OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    const PASS: OFlags = OFlags::RDONLY;

    pub(super) fn open_file(_root: &Path, path: &Path) -> Result<File, OpenError> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(OpenError::NotRegular);
        };
        let folder = open_folder(folder, PASS)?;
        // Opening a device can have effects of its own, so that it is not even tried.
        let found = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(error)?;
        match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => {}
            FileType::Symlink => return Err(OpenError::Replaced),
            _ => return Err(OpenError::NotRegular),
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(openat(&folder, name, flags, Mode::empty()).map_err(error)?.into())
    }

    pub(super) fn list_folder(_root: &Path, path: &Path, most: usize) -> Result<Vec<FolderEntry>, OpenError> {
        let folder = open_folder(path, OFlags::RDONLY)?;
        let entries = Dir::read_from(&folder).map_err(error)?.filter_map(|entry| match entry {
            Ok(entry) => {
                let name = OsStr::from_bytes(entry.file_name().to_bytes());
                let real = name != "." && name != "..";
                real.then(|| entry_of(&folder, name, entry.file_type()))
            }
            Err(error) => Some(Err(error.into())),
        });
        collect(entries, most)
    }

    fn entry_of(folder: &OwnedFd, name: &OsStr, told: FileType) -> io::Result<FolderEntry> {
        let kind = match told {
            // Some file systems do not tell.
            FileType::Unknown => FileType::from_raw_mode(statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode),
            told => told,
        };
        let kind = match kind {
            FileType::RegularFile => EntryKind::File,
            FileType::Directory => EntryKind::Folder,
            FileType::Symlink => EntryKind::Link,
            _ => EntryKind::Other,
        };
        Ok(FolderEntry { name: OsString::from(name), kind })
    }

    /// Opens a canonical folder. The last component is opened with `access`, the ones before only to pass.
    fn open_folder(path: &Path, access: OFlags) -> Result<OwnedFd, OpenError> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut components = path.components();
        if components.next() != Some(Component::RootDir) {
            return Err(OpenError::Replaced);
        }
        let mut names = components.peekable();
        let how = |last: bool| flags | if last { access } else { PASS };
        let mut folder = openat(CWD, "/", how(names.peek().is_none()), Mode::empty()).map_err(error)?;
        while let Some(name) = names.next() {
            let Component::Normal(name) = name else {
                return Err(OpenError::Replaced);
            };
            folder = openat(folder.as_fd(), name, how(names.peek().is_none()), Mode::empty()).map_err(error)?;
        }
        Ok(folder)
    }

    /// A component that is a link answers with one of these, depending on the system.
    fn error(errno: Errno) -> OpenError {
        match errno {
            Errno::LOOP | Errno::NOTDIR | Errno::MLINK => OpenError::Replaced,
            errno => OpenError::Io(errno.into()),
        }
    }
}

/// Elsewhere `cap-std` resolves the path inside its root.
#[cfg(not(unix))]
mod confined {
    use std::{fs::File, io, path::Path};

    use cap_std::{ambient_authority, fs::Dir};

    use super::{EntryKind, FolderEntry, OpenError, collect};

    pub(super) fn open_file(root: &Path, path: &Path) -> Result<File, OpenError> {
        let (folder, inside) = enter(root, path)?;
        // Nothing but files and folders can lie in a folder here.
        if !folder.symlink_metadata(inside)?.is_file() {
            return Err(OpenError::NotRegular);
        }
        Ok(folder.open(inside)?.into_std())
    }

    pub(super) fn list_folder(root: &Path, path: &Path, most: usize) -> Result<Vec<FolderEntry>, OpenError> {
        let (folder, inside) = enter(root, path)?;
        let entries = if inside.as_os_str().is_empty() { folder.entries()? } else { folder.read_dir(inside)? };
        collect(entries.map(entry_of), most)
    }

    /// The folder that a path is resolved in, and the rest of the path. A root that is a file lies in its folder.
    fn enter<'a>(root: &Path, path: &'a Path) -> Result<(Dir, &'a Path), OpenError> {
        let folder = if root == path && path.is_file() { root.parent().unwrap_or(root) } else { root };
        let inside = path.strip_prefix(folder).map_err(|_| OpenError::Replaced)?;
        Ok((Dir::open_ambient_dir(folder, ambient_authority())?, inside))
    }

    fn entry_of(entry: io::Result<cap_std::fs::DirEntry>) -> io::Result<FolderEntry> {
        let entry = entry?;
        let kind = entry.file_type()?;
        let kind = if kind.is_symlink() {
            EntryKind::Link
        } else if kind.is_dir() {
            EntryKind::Folder
        } else if kind.is_file() {
            EntryKind::File
        } else {
            EntryKind::Other
        };
        Ok(FolderEntry { name: entry.file_name(), kind })
    }
}
