//! An open DB: its store and the search that mirrors it.

use std::{collections::HashMap, sync::Arc};

use parking_lot::{Mutex, RwLock};

use super::RagError;
use crate::{
    index::{ChangeFeed, FollowReport, IndexError, Search},
    model::{Changes, DbName, Stamp, Want},
    store::{Catalog, EmbedderRecord, Store, StoreError},
};

/// Makes the search of a DB, given the folder in which it may keep files.
pub type OpenSearch = Box<dyn Fn(&std::path::Path) -> Result<Arc<dyn Search>, IndexError> + Send + Sync>;

/// A DB that is open. Methods block unless they say otherwise.
pub struct Collection {
    name: DbName,
    store: Arc<dyn Store>,
    search: Arc<dyn Search>,
    /// What the store says about its vectors, as of the last [`follow`](Self::follow): asked at every question.
    embedder: RwLock<Option<EmbedderRecord>>,
    /// State that the search mirrors at least.
    stamp: RwLock<Option<Stamp>>,
    /// Held while the search catches up: twice at once would be work done twice.
    following: Mutex<()>,
}

impl Collection {
    /// The DB's name.
    pub fn name(&self) -> &DbName {
        &self.name
    }

    /// The truth.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What is derived from it.
    pub fn search(&self) -> &Arc<dyn Search> {
        &self.search
    }

    /// The embedder of the DB's vectors; does not block.
    pub fn embedder(&self) -> Option<EmbedderRecord> {
        self.embedder.read().clone()
    }

    /// State of the DB that questions see at least; does not block. Changes when documents do.
    pub fn stamp(&self) -> Option<Stamp> {
        self.stamp.read().clone()
    }

    /// Brings the search up to the store's state; cheap when it is there already.
    ///
    /// # Errors
    /// When store or index cannot be read; the search then stays at its older state.
    pub fn follow(&self) -> Result<FollowReport, RagError> {
        let _only_one = self.following.lock();
        *self.embedder.write() = self.store.embedder()?;
        let stamp = self.store.stamp()?;
        let report = self.search.follow(&StoreFeed(self.store.as_ref()))?;
        *self.stamp.write() = Some(stamp);
        Ok(report)
    }

    /// Whether the search mirrors the store's newest state, e.g. because another process ingested.
    pub fn is_current(&self) -> Result<bool, RagError> {
        Ok(self.search.is_current(&self.store.stamp()?))
    }

    /// Writes to disk what the search wants to find again at the next start.
    pub fn save(&self) -> Result<(), RagError> {
        Ok(self.search.save()?)
    }
}

/// Lets an index follow a store without knowing it.
struct StoreFeed<'a>(&'a dyn Store);

impl ChangeFeed for StoreFeed<'_> {
    fn stamp(&self) -> Result<Stamp, IndexError> {
        self.0.stamp().map_err(feed_error)
    }

    fn changes(&self, from: Option<&Stamp>, want: Want, limit: usize) -> Result<Option<Changes>, IndexError> {
        self.0.changes(from.map_or(0, |stamp| stamp.revision), want, limit).map_err(feed_error)
    }
}

fn feed_error(error: StoreError) -> IndexError {
    IndexError::Feed(Box::new(error))
}

/// The DBs of a data directory, opened when they are first used and then kept open.
pub struct Collections {
    catalog: Arc<dyn Catalog>,
    open_search: OpenSearch,
    open: RwLock<HashMap<DbName, Arc<Collection>>>,
    opening: Mutex<()>,
}

impl Collections {
    /// Nothing is opened yet.
    pub fn new(catalog: Arc<dyn Catalog>, open_search: OpenSearch) -> Self {
        Self { catalog, open_search, open: RwLock::default(), opening: Mutex::default() }
    }

    /// Names and files of the DBs.
    pub fn catalog(&self) -> &Arc<dyn Catalog> {
        &self.catalog
    }

    /// The DB if it is open already: does not block.
    pub fn opened(&self, name: &DbName) -> Option<Arc<Collection>> {
        self.open.read().get(name).cloned()
    }

    /// All that are open.
    pub fn all_opened(&self) -> Vec<Arc<Collection>> {
        self.open.read().values().cloned().collect()
    }

    /// Opens a DB and brings its search up to date. Blocks.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of that name.
    pub fn get(&self, name: &DbName) -> Result<Arc<Collection>, RagError> {
        if let Some(collection) = self.opened(name) {
            return Ok(collection);
        }
        let _only_one = self.opening.lock();
        if let Some(collection) = self.opened(name) {
            return Ok(collection);
        }
        let store = self.catalog.open(name)?;
        let search = (self.open_search)(&self.catalog.index_dir(name))?;
        let collection = Arc::new(Collection {
            name: name.clone(),
            store,
            search,
            embedder: RwLock::default(),
            stamp: RwLock::default(),
            following: Mutex::default(),
        });
        collection.follow()?;
        self.open.write().insert(name.clone(), Arc::clone(&collection));
        Ok(collection)
    }

    /// Like [`get`](Self::get), but makes the DB when it is not there. Blocks.
    ///
    /// # Errors
    /// When it cannot be made or opened.
    pub fn get_or_create(&self, name: &DbName) -> Result<Arc<Collection>, RagError> {
        if !self.catalog.exists(name) {
            match self.catalog.create(name) {
                Ok(()) | Err(StoreError::AlreadyExists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.get(name)
    }

    /// Deletes a DB. Questions that already have it in hand still get their answer. Blocks.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of that name.
    pub fn delete(&self, name: &DbName) -> Result<(), RagError> {
        let _only_one = self.opening.lock();
        self.open.write().remove(name);
        Ok(self.catalog.delete(name)?)
    }
}
