//! A DB in one file, to be kept or carried elsewhere.
//!
//! A line that says what it is, a line of JSON that says what is in it, the engine's own copy of the DB, and a checksum (BLAKE3)
//! over all of that. The copy is that of one moment, whoever writes meanwhile. It holds documents, texts, metadata, chunks and
//! vectors of the generation that serves; what can be derived is not in it.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{StoreCatalog, StoreError};
use crate::domain::DbName;

/// First line of an export.
const MAGIC: &[u8] = b"ragctl export 1\n";

/// Longest line of JSON that is read.
const LONGEST_HEAD: u64 = 64 << 10;

/// Bytes of the checksum: hexadecimal digits and a line break.
const CHECKSUM: u64 = 65;

/// What is in an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveInfo {
    /// Name that the DB had.
    pub db: String,
    /// When it was written, RFC 3339 in UTC.
    pub written: String,
    /// Version of the program that wrote it.
    pub program: String,
    /// Documents in it.
    pub documents: u64,
    /// Chunks in it.
    pub chunks: u64,
    /// Embedder of its vectors, if it has any.
    pub embedder: Option<String>,
    /// Length of the engine's copy, in bytes.
    pub bytes: u64,
}

/// Why there is no export, or no import.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file cannot be used.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is a file already.
    #[error("{} is there already; say --replace to replace it", .0.display())]
    Exists(PathBuf),
    /// It is something else.
    #[error("{} is no export of a DB by this or an earlier version of ragctl", .0.display())]
    NoArchive(PathBuf),
    /// Some of it is missing, or there is more.
    #[error("{} has {found} bytes instead of {expected}: it was not written or copied to its end; nothing was imported", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length by its head.
        expected: u64,
        /// Its length.
        found: u64,
    },
    /// It is not what was written.
    #[error("{} was changed since it was written: its checksum is another one; nothing was imported", .0.display())]
    Checksum(PathBuf),
    /// The DB is there already.
    #[error("there is already a DB \"{0}\"; say --replace to replace it, or give another name with --db")]
    DbExists(DbName),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ArchiveError {
    let path = path.to_owned();
    move |source| ArchiveError::Io { action, path, source }
}

/// Writes a DB into one file, which is there whole or not at all. Blocks.
///
/// # Errors
/// [`ArchiveError::Exists`] unless it may `replace` the file; what the store or the disk says.
pub fn export(catalog: &dyn StoreCatalog, db: &DbName, to: &Path, replace: bool) -> Result<ArchiveInfo, ArchiveError> {
    if !replace && to.exists() {
        return Err(ArchiveError::Exists(to.to_owned()));
    }
    let fail = |source| io_error("write", to)(source);
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Beside the file, where its room is needed anyway, and for its owner alone.
    let scratch = tempfile::Builder::new().prefix(".ragctl-export-").tempdir_in(folder).map_err(fail)?;
    let copy = scratch.path().join("copy");
    let (counts, embedder) = catalog.snapshot(db, &copy)?;
    let info = ArchiveInfo {
        db: db.to_string(),
        written: jiff::Timestamp::now().to_string(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        documents: counts.documents,
        chunks: counts.chunks,
        embedder: embedder.map(|embedder| embedder.id),
        bytes: fs::metadata(&copy).map_err(fail)?.len(),
    };
    let mut file = tempfile::NamedTempFile::new_in(scratch.path()).map_err(fail)?;
    write(&mut BufWriter::new(&mut file), &info, File::open(&copy).map_err(fail)?).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    let persisted = if replace { file.persist(to) } else { file.persist_noclobber(to) };
    persisted.map_err(|error| fail(error.error))?;
    Ok(info)
}

/// Hashes what is written.
struct Hashing<W> {
    inner: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn write(out: &mut impl Write, info: &ArchiveInfo, mut copy: File) -> io::Result<()> {
    let mut hashing = Hashing { inner: out, hasher: blake3::Hasher::new() };
    hashing.write_all(MAGIC)?;
    serde_json::to_writer(&mut hashing, info)?;
    hashing.write_all(b"\n")?;
    io::copy(&mut copy, &mut hashing)?;
    let Hashing { inner, hasher } = hashing;
    writeln!(inner, "{}", hasher.finalize().to_hex())?;
    inner.flush()
}

/// Makes a DB of an export. Blocks.
///
/// # Errors
/// [`ArchiveError::DbExists`] unless it may `replace` the DB; a file that is none, not whole, or changed. Nothing is made then.
pub fn import(
    catalog: &dyn StoreCatalog,
    db: &DbName,
    from: &Path,
    replace: bool,
) -> Result<ArchiveInfo, ArchiveError> {
    if !replace && catalog.exists(db) {
        return Err(ArchiveError::DbExists(db.clone()));
    }
    let fail = |source| io_error("read", from)(source);
    let file = File::open(from).map_err(fail)?;
    let found = file.metadata().map_err(fail)?.len();
    let mut reader = BufReader::new(file);
    let mut hasher = blake3::Hasher::new();
    let mut magic = [0; MAGIC.len()];
    let is_magic = reader.read_exact(&mut magic).is_ok() && magic == MAGIC;
    let mut head = Vec::new();
    if is_magic {
        reader.by_ref().take(LONGEST_HEAD).read_until(b'\n', &mut head).map_err(fail)?;
    }
    let info: Option<ArchiveInfo> = serde_json::from_slice(&head).ok().filter(|_| is_magic);
    let Some(info) = info else { return Err(ArchiveError::NoArchive(from.to_owned())) };
    let expected = (MAGIC.len() + head.len()) as u64 + info.bytes.saturating_add(CHECKSUM);
    if found != expected {
        return Err(ArchiveError::Length { path: from.to_owned(), expected, found });
    }
    hasher.update(MAGIC).update(&head);
    let mut content = Verified { left: info.bytes, inner: reader, hasher, wrong: false };
    match catalog.restore(db, &mut content, replace) {
        Ok(()) => Ok(info),
        Err(_) if content.wrong => Err(ArchiveError::Checksum(from.to_owned())),
        Err(StoreError::AlreadyExists(_)) => Err(ArchiveError::DbExists(db.clone())),
        Err(error) => Err(error.into()),
    }
}

/// The content of an export. Its end is reached only when the checksum is right; else there is an error in its place.
struct Verified<R> {
    left: u64,
    inner: R,
    hasher: blake3::Hasher,
    wrong: bool,
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let mut checksum = String::new();
            self.inner.by_ref().take(CHECKSUM).read_to_string(&mut checksum)?;
            self.wrong = checksum.trim_end() != self.hasher.finalize().to_hex().as_str();
            return if self.wrong { Err(io::Error::new(io::ErrorKind::InvalidData, "wrong checksum")) } else { Ok(0) };
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.hasher.update(&buffer[..read]);
        self.left -= read as u64;
        Ok(read)
    }
}
