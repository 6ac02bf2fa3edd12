//! Files that are uploaded: kept in a folder of their DB, under names that are safe anywhere, and mirrored from there.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::NamedTempFile;
use unicode_normalization::UnicodeNormalization;

use super::{Mirror, MirrorSettings, Mirrors};
use crate::{
    domain::DbName,
    rag::{
        RagError,
        extract::Format,
        ingest::{DocumentRoots, is_passed_over},
    },
};

/// What the names of uploaded documents begin with.
const PREFIX: &str = "uploads/";

/// Longest name of a file in bytes: file systems take 255, and some programs add to it.
const MAX_NAME_BYTES: usize = 200;

/// What temporary files begin with, so that nobody takes them for documents.
const TEMPORARY: &str = ".upload-";

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Its name cannot be kept.
    #[error("{0}")]
    Name(String),
    /// It is larger than a document may be.
    #[error("is larger than {0} bytes, the most of a document")]
    TooLarge(u64),
    /// It cannot be written.
    #[error("could not be kept: {0}")]
    Io(#[from] io::Error),
}

/// Checks the name of a file that is to be kept, and gives it the form in which it is.
///
/// # Errors
/// [`UploadError::Name`], in words for the person who sent it.
pub fn check_upload_name(name: &str) -> Result<String, UploadError> {
    let name: String = name.nfc().collect();
    let refuse = |why: String| Err(UploadError::Name(why));
    if name.is_empty() {
        return refuse("has no name: send each file with a filename".into());
    }
    if name.contains(['/', '\\']) {
        return refuse("has a name with a path in it: send the name of the file alone".into());
    }
    if name.chars().any(char::is_control) || name.contains([':', '*', '?', '"', '<', '>', '|']) {
        return refuse("has a name with a character that not every file system takes (one of : * ? \" < > | or a control character)".into());
    }
    if name.len() > MAX_NAME_BYTES {
        return refuse(format!("has a name of {} bytes; at most {MAX_NAME_BYTES} are allowed", name.len()));
    }
    if name.ends_with(['.', ' ']) || name.starts_with(' ') || is_device(&name) {
        return refuse("has a name that not every file system takes: rename it".into());
    }
    if is_passed_over(name.as_ref()) {
        return refuse("has the name of a hidden or temporary file".into());
    }
    if Format::of_path(name.as_ref()).is_none() {
        return refuse(format!("is of no supported format ({})", Format::supported()));
    }
    Ok(name)
}

/// Whether Windows takes the name for a device.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |kind: &str| {
        stem.strip_prefix(kind)
            .is_some_and(|n| n.chars().count() == 1 && n.chars().all(|c| c.is_ascii_digit() || "¹²³".contains(c)))
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$") || numbered("com") || numbered("lpt")
}

/// A file that is being received.
pub struct UploadedFile {
    file: NamedTempFile,
    written: u64,
    most: u64,
}

impl UploadedFile {
    /// Begins to receive a file into the data directory: where it belongs may be known later only.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn begin(data_dir: &Path, most: u64) -> Result<Self, UploadError> {
        Ok(Self { file: tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(data_dir)?, written: 0, most })
    }

    /// Takes in a piece.
    ///
    /// # Errors
    /// [`UploadError::TooLarge`], [`UploadError::Io`].
    pub fn write(&mut self, piece: &[u8]) -> Result<(), UploadError> {
        self.written += piece.len() as u64;
        if self.written > self.most {
            return Err(UploadError::TooLarge(self.most));
        }
        Ok(self.file.write_all(piece)?)
    }
}

/// The folder of a DB's uploaded files.
pub struct UploadFolder {
    folder: PathBuf,
    mirror: Arc<Mirror>,
}

impl UploadFolder {
    /// The one of this DB, mirrored from now on.
    ///
    /// # Errors
    /// Unknown DB; a folder that cannot be made.
    pub async fn of(mirrors: &Mirrors, db: &DbName) -> Result<Self, RagError> {
        let name = db.clone();
        let made = mirrors.engine.with_dbs(move |dbs| {
            dbs.get(&name)?.store().attached()?;
            let folder = dbs.catalog().files(&name);
            std::fs::create_dir_all(&folder)
                .map(|()| dunce::canonicalize(&folder).unwrap_or(folder))
                .map_err(|error| RagError::Invalid(format!("the folder for uploaded files cannot be made: {error}")))
        });
        let folder = made.await?;
        let settings = MirrorSettings {
            db: db.clone(),
            root: folder.clone(),
            roots: DocumentRoots::kept(&folder, PREFIX),
            watch: false,
            rescan: None,
            allow_mass_delete: false,
            dry_run: false,
            journal: false,
            options: mirrors.options.clone(),
        };
        Ok(Self { folder, mirror: mirrors.start(settings).await? })
    }

    /// The name of the document of a kept file.
    pub fn source_of(name: &str) -> String {
        format!("{PREFIX}{name}")
    }

    /// The mirror of the folder.
    pub fn mirror(&self) -> &Arc<Mirror> {
        &self.mirror
    }

    /// Keeps a file that was received, instead of the one of the same name, and has it read. Blocks. Returns the name of its
    /// document.
    ///
    /// # Errors
    /// [`UploadError::Io`].
    pub fn keep(
        &self,
        name: &str,
        received: UploadedFile,
        label: Option<String>,
        metadata: Option<String>,
    ) -> Result<String, UploadError> {
        let path = self.folder.join(name);
        received.file.as_file().sync_all()?;
        received.file.persist(&path).map_err(|error| error.error)?;
        if cfg!(unix) {
            std::fs::File::open(&self.folder)?.sync_all()?;
        }
        let roots = DocumentRoots::kept(&self.folder, PREFIX);
        let look = roots.look_at(&self.folder, &path);
        let Some((file, _)) = look.and_then(|look| look.files.into_iter().next()) else {
            return Err(io::Error::other("it was removed again by somebody else").into());
        };
        let source = file.source.clone();
        self.mirror.give(file, label, metadata);
        Ok(source)
    }

    /// Removes the kept files of these documents; what was not uploaded is passed over. Blocks.
    ///
    /// # Errors
    /// When one of them cannot be removed.
    pub fn remove(&self, sources: &[String]) -> io::Result<()> {
        let kept: Vec<String> = sources.iter().filter(|source| uploaded_name(source).is_some()).cloned().collect();
        for name in kept.iter().filter_map(|source| uploaded_name(source)) {
            match std::fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.mirror.drop_files(kept);
        Ok(())
    }
}

/// The name of the kept file of a document, if it is one that was uploaded.
pub(super) fn uploaded_name(source: &str) -> Option<&str> {
    source.strip_prefix(PREFIX).filter(|name| check_upload_name(name).is_ok())
}

impl Mirrors {
    /// Goes on with the uploaded files of all DBs that have any, and clears what broken uploads have left.
    ///
    /// # Errors
    /// When the DBs cannot be listed.
    pub async fn start_uploads(&self, data_dir: PathBuf) -> Result<(), RagError> {
        let with_files = self.engine.with_dbs(move |dbs| {
            clear_broken(&data_dir);
            let catalog = dbs.catalog();
            Ok(catalog.list()?.into_iter().filter(|db| catalog.files(db).is_dir()).collect::<Vec<_>>())
        });
        for db in with_files.await? {
            if let Err(error) = UploadFolder::of(self, &db).await {
                tracing::warn!(%db, %error, "uploaded files are not gone on with");
            }
        }
        Ok(())
    }

    /// Whether a document was uploaded.
    pub fn is_upload(source: &str) -> bool {
        uploaded_name(source).is_some()
    }
}

/// Removes what uploads have left that broke off long ago.
fn clear_broken(data_dir: &Path) {
    const LONG_AGO: std::time::Duration = std::time::Duration::from_secs(86_400);
    for entry in std::fs::read_dir(data_dir).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) && age.is_some_and(|age| age > LONG_AGO) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_names_are_kept_and_dangerous_ones_refused() {
        assert_eq!(check_upload_name("Gro\u{308}\u{df}e (2).md").unwrap(), "Gr\u{f6}\u{df}e (2).md");
        for name in [
            "",
            "..",
            "../a.md",
            "a/b.md",
            "a\\b.md",
            "/etc/passwd.md",
            "a\0.md",
            "a\n.md",
            "con.md",
            "COM1.txt",
            "lpt\u{b9}.md",
            "a.md.",
            "a.md ",
            " a.md",
            ".hidden.md",
            "~$a.docx",
            "a.md~",
            "a.exe",
            "noextension",
            "a:b.md",
            "a?.md",
        ] {
            assert!(check_upload_name(name).is_err(), "{name:?}");
        }
        assert!(check_upload_name(&format!("{}.md", "x".repeat(197))).is_ok());
        assert!(check_upload_name(&format!("{}.md", "x".repeat(198))).is_err());
        assert_eq!(uploaded_name("uploads/a.md"), Some("a.md"));
        assert_eq!((uploaded_name("docs/a.md"), uploaded_name("uploads/../a.md")), (None, None));
    }

    proptest! {
        #[test]
        fn a_name_that_is_kept_stays_in_its_folder(name in "(\\PC|[./\\\\\\x00]){0,12}(\\.md)?") {
            if let Ok(name) = check_upload_name(&name) {
                let path = Path::new("/folder").join(&name);
                prop_assert_eq!(path.parent(), Some(Path::new("/folder")));
                prop_assert_eq!(path.file_name().and_then(|n| n.to_str()), Some(name.as_str()));
                prop_assert_eq!(path.components().count(), 3);
            }
        }
    }
}
