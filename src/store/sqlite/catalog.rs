//! DBs as folders of a data directory.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    SqliteStore,
    files::{self, FileId, io_error, location},
};
use crate::{
    domain::DbName,
    store::{Counts, EmbedderRecord, GenerationId, Store, StoreCatalog, StoreError},
};

pub(super) const FILE: &str = "store.db";

/// Folders of DBs that are being made have this behind their name. DBs' names cannot contain `~`.
const FRESH: &str = "~new-";

/// The same of DBs that are being deleted.
const DOOMED: &str = "~deleted-";

/// After so long, nobody is making a DB any more that is not there yet.
const ABANDONED: Duration = Duration::from_secs(600);

/// The DBs under one data directory, each a folder with a `store.db`.
pub struct SqliteCatalog {
    root: PathBuf,
    /// The folder that was opened.
    folder: Option<FileId>,
}

impl SqliteCatalog {
    /// Uses this data directory; makes it when it is not there, for its owner alone.
    ///
    /// # Errors
    /// [`StoreError::Io`] when it cannot be made.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        if !root.is_dir() {
            files::make_private_folder(root).map_err(io_error("create the data directory", root))?;
        }
        let folder = FileId::of(root).map_err(io_error("open the data directory", root))?;
        let catalog = Self { root: root.to_owned(), folder };
        catalog.tidy_up();
        Ok(catalog)
    }

    fn folder_of(&self, name: &DbName) -> PathBuf {
        self.root.join(folder_name(name))
    }

    /// The folder in which indexes of a generation of this DB may keep files; they go with the DB.
    pub fn index_folder(&self, name: &DbName, generation: GenerationId) -> PathBuf {
        index_folder(&self.folder_of(name), generation)
    }

    pub(super) fn file(&self, name: &DbName) -> PathBuf {
        self.folder_of(name).join(FILE)
    }

    /// Removes what interrupted processes left half made or half deleted.
    fn tidy_up(&self) {
        let Ok(entries) = fs::read_dir(&self.root) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let age =
                || entry.metadata().ok()?.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            if name.contains(DOOMED) || (name.contains(FRESH) && age().is_some_and(|age| age > ABANDONED)) {
                // What cannot be removed now is tried again at the next start.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// A DB beside its place, and then in it: whoever sees it sees it whole, whatever interrupts this.
    fn make(&self, name: &DbName) -> Result<(), StoreError> {
        let folder = self.folder_of(name);
        if folder.read_dir().is_ok_and(|mut inside| inside.next().is_some()) {
            return Err(StoreError::Damaged {
                location: location(&folder.join(FILE)),
                detail: "the file is missing, although there are others of this DB".into(),
            });
        }
        self.in_place(name, false, |fresh| SqliteStore::create(&fresh.join(FILE)).map(drop))
    }

    /// Lets a new folder be filled, and puts it in the DB's place; in that of another DB only when it may `replace` it.
    pub(super) fn in_place(
        &self,
        name: &DbName,
        replace: bool,
        fill: impl FnOnce(&Path) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let folder = self.folder_of(name);
        let fresh = self.root.join(format!("{}{FRESH}{}", folder_name(name), uuid::Uuid::new_v4().simple()));
        let filled = files::make_private_folder(&fresh).map_err(io_error("create", &fresh)).and_then(|()| fill(&fresh));
        let made = filled.and_then(|()| {
            files::sync_folder(&fresh).map_err(io_error("create", &fresh))?;
            // An empty folder is as good as none.
            let _ = fs::remove_dir(&folder);
            if replace && folder.exists() {
                files::exchange(&fresh, &folder).map_err(io_error("replace", &folder))?;
            } else {
                fs::rename(&fresh, &folder).map_err(io_error("create", &folder))?;
            }
            files::sync_folder(&self.root).map_err(io_error("create", &folder))
        });
        // What could not be made, or what stood in its place before.
        let _ = fs::remove_dir_all(&fresh);
        match made {
            // Somebody else was quicker.
            Err(_) if !replace && self.exists(name) => Err(StoreError::AlreadyExists(name.to_string())),
            made => made,
        }
    }
}

/// The index folder of a generation in the folder of its DB. That of the first one is called as it was before there were others.
pub(super) fn index_folder(db: &Path, generation: GenerationId) -> PathBuf {
    match generation {
        GenerationId::FIRST => db.join("index"),
        GenerationId(number) => db.join(format!("index-{number}")),
    }
}

/// The folder of a DB. The server's own files are in the same directory, and some names are no files at all on some systems:
/// a DB that is called like one of those has a `~` behind its name.
fn folder_name(name: &DbName) -> String {
    let lower = name.as_str().to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or_default();
    let device = matches!(stem, "con" | "prn" | "aux" | "nul")
        || ["com", "lpt"]
            .iter()
            .any(|kind| stem.strip_prefix(kind).is_some_and(|n| n.len() == 1 && n.chars().all(|c| c.is_ascii_digit())));
    if lower.starts_with("semantic-cache") || device || lower.ends_with('.') {
        format!("{name}~")
    } else {
        name.to_string()
    }
}

impl StoreCatalog for SqliteCatalog {
    fn attached(&self) -> Result<(), StoreError> {
        if FileId::is_at(self.folder, &self.root) {
            return Ok(());
        }
        Err(StoreError::DataDirChanged { location: location(&self.root) })
    }

    fn list(&self) -> Result<Vec<DbName>, StoreError> {
        let entries = fs::read_dir(&self.root).map_err(io_error("list", &self.root))?;
        let mut names: Vec<DbName> = entries
            .flatten()
            .filter(|entry| entry.path().join(FILE).is_file())
            .filter_map(|entry| {
                let folder = entry.file_name().into_string().ok()?;
                let name: DbName = folder.strip_suffix('~').unwrap_or(&folder).parse().ok()?;
                (folder_name(&name) == folder).then_some(name)
            })
            .collect();
        names.sort();
        Ok(names)
    }

    fn exists(&self, name: &DbName) -> bool {
        self.file(name).is_file()
    }

    fn create(&self, name: &DbName) -> Result<(), StoreError> {
        self.attached()?;
        if self.exists(name) {
            return Err(StoreError::AlreadyExists(name.to_string()));
        }
        self.make(name)
    }

    fn open(&self, name: &DbName) -> Result<Arc<dyn Store>, StoreError> {
        let file = self.file(name);
        match fs::metadata(&file) {
            Ok(metadata) if metadata.is_file() => Ok(Arc::new(SqliteStore::open(&file)?)),
            Ok(_) => Err(StoreError::Damaged { location: location(&file), detail: "it is no file".into() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::not_found(name)),
            Err(error) => Err(io_error("open the DB", &file)(error)),
        }
    }

    fn delete(&self, name: &DbName) -> Result<(), StoreError> {
        self.attached()?;
        if !self.exists(name) {
            return Err(StoreError::not_found(name));
        }
        // Renamed first: from then on the DB is gone for everybody, whatever interrupts the deletion.
        let folder = self.folder_of(name);
        let doomed = self.root.join(format!("{}{DOOMED}{}", folder_name(name), uuid::Uuid::new_v4().simple()));
        fs::rename(&folder, &doomed).map_err(io_error("delete", &folder))?;
        files::sync_folder(&self.root).map_err(io_error("delete", &folder))?;
        // Gone it is; what cannot be removed now is removed at the next start.
        if let Err(error) = fs::remove_dir_all(&doomed) {
            tracing::warn!(folder = %doomed.display(), %error, "files of a deleted DB are still there");
        }
        Ok(())
    }

    fn snapshot(&self, name: &DbName, to: &Path) -> Result<(Counts, Option<EmbedderRecord>), StoreError> {
        self.copy_to(name, to)
    }

    fn restore(&self, name: &DbName, snapshot: &mut dyn Read, replace: bool) -> Result<(), StoreError> {
        self.make_of(name, snapshot, replace)
    }

    fn location(&self, name: &DbName) -> String {
        location(&self.folder_of(name))
    }

    fn files(&self, name: &DbName) -> PathBuf {
        self.folder_of(name).join("files")
    }
}
