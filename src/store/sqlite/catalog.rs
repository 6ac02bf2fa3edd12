//! DBs as folders of a data directory.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::SqliteStore;
use crate::{
    model::DbName,
    store::{Catalog, Store, StoreError},
};

const FILE: &str = "store.db";

/// The DBs under one data directory, each a folder with a `store.db`.
pub struct SqliteCatalog {
    root: PathBuf,
}

impl SqliteCatalog {
    /// Uses this data directory; makes it when it is not there.
    ///
    /// # Errors
    /// [`StoreError::Io`] when it cannot be made.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(root).map_err(io_error("create the data directory", root))?;
        Ok(Self { root: root.to_owned() })
    }

    fn file(&self, name: &DbName) -> PathBuf {
        self.location(name).join(FILE)
    }
}

impl Catalog for SqliteCatalog {
    fn list(&self) -> Result<Vec<DbName>, StoreError> {
        let entries = fs::read_dir(&self.root).map_err(io_error("list", &self.root))?;
        let mut names: Vec<DbName> = entries
            .flatten()
            .filter(|entry| entry.path().join(FILE).is_file())
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        names.sort();
        Ok(names)
    }

    fn exists(&self, name: &DbName) -> bool {
        self.file(name).is_file()
    }

    fn create(&self, name: &DbName) -> Result<(), StoreError> {
        if self.exists(name) {
            return Err(StoreError::AlreadyExists(name.to_string()));
        }
        let folder = self.location(name);
        fs::create_dir_all(&folder).map_err(io_error("create", &folder))?;
        SqliteStore::open(&self.file(name)).map(drop)
    }

    fn open(&self, name: &DbName) -> Result<Arc<dyn Store>, StoreError> {
        if !self.exists(name) {
            return Err(StoreError::not_found(name));
        }
        Ok(Arc::new(SqliteStore::open(&self.file(name))?))
    }

    fn delete(&self, name: &DbName) -> Result<(), StoreError> {
        if !self.exists(name) {
            return Err(StoreError::not_found(name));
        }
        // Renamed first: from then on the DB is gone for everybody, whatever interrupts the deletion. Names of
        // DBs cannot contain '~', so a leftover is never taken for one.
        let folder = self.location(name);
        let doomed = self.root.join(format!("{name}~deleted-{}", uuid::Uuid::new_v4().simple()));
        fs::rename(&folder, &doomed).map_err(io_error("delete", &folder))?;
        fs::remove_dir_all(&doomed).map_err(io_error("delete", &doomed))
    }

    fn index_dir(&self, name: &DbName) -> PathBuf {
        self.location(name).join("index")
    }

    fn location(&self, name: &DbName) -> PathBuf {
        self.root.join(name.as_str())
    }
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { action, path, source }
}
