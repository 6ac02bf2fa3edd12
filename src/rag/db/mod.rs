//! An open DB: its store and the search that mirrors it.

mod combiner;
mod generations;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::{Mutex, RwLock};

use self::combiner::Combiner;
use super::RagError;
use crate::{
    domain::{ChangeSet, DbName, Stamp, Want},
    index::{ChangeFeed, FollowReport, IndexError, Search},
    store::{EmbedderRecord, GenerationId, Mutation, Store, StoreCatalog, StoreError, WriteReport},
};

/// Makes the search of a generation of a DB.
pub type OpenSearch = Box<dyn Fn(&DbName, GenerationId) -> Arc<dyn Search> + Send + Sync>;

/// How long a change may take until it is on disk: longer than another process may hold the store.
const COMMIT_WITHIN: Duration = Duration::from_secs(60);

/// How long the search may take to catch up before nobody waits for it any more. It goes on all the same.
const CATCH_UP_WITHIN: Duration = Duration::from_secs(120);

/// DBs that are open at a time, unless something else is said.
const MOST_OPEN: usize = 64;

/// A DB that is open. Methods block unless they are `async` or say otherwise.
pub struct Db {
    name: DbName,
    mirror: Arc<Mirror>,
    commits: Combiner<Mutation, Result<WriteReport, StoreError>>,
    follows: Combiner<(), Result<(), RagError>>,
}

/// How far the sparse vectors of a DB are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SparseWaiting {
    /// Chunks that have none yet, about: those that were removed since may hide some.
    pub chunks: u64,
    /// Whether they are those of the newest state.
    pub is_current: bool,
}

/// The store, and what is derived from it.
struct Mirror {
    store: Arc<dyn Store>,
    search: Arc<dyn Search>,
    /// What the store says about its vectors, as of the last [`follow`](Self::follow): asked at every question.
    embedder: RwLock<Option<EmbedderRecord>>,
    /// State that the search mirrors at least.
    stamp: RwLock<Option<Stamp>>,
    /// Held while the search catches up: twice at once would be work done twice.
    following: Mutex<()>,
    /// Why the search could not catch up the last time.
    behind: RwLock<Option<String>>,
    /// What a check of the store has found.
    damage: RwLock<Option<StoreError>>,
    verified: AtomicBool,
    /// Why another generation than this one serves, for people.
    superseded: RwLock<Option<String>>,
}

impl Mirror {
    fn follow(&self) -> Result<FollowReport, RagError> {
        let _only_one = self.following.lock();
        let followed = self.catch_up();
        let behind = followed.as_ref().err().map(ToString::to_string);
        let mut known = self.behind.write();
        match (&*known, &behind) {
            // Said once, not twice a second for as long as it lasts.
            (None, Some(error)) => tracing::warn!(%error, "the search cannot catch up with the store; trying again"),
            (Some(_), None) => tracing::info!("the search has caught up with the store"),
            _ => {}
        }
        *known = behind;
        followed
    }

    fn catch_up(&self) -> Result<FollowReport, RagError> {
        *self.embedder.write() = self.store.embedder()?;
        let stamp = self.store.stamp()?;
        if self.search.covers(&stamp) {
            *self.stamp.write() = Some(stamp);
            return Ok(FollowReport::default());
        }
        let report = self.search.follow(&StoreFeed(self.store.as_ref()))?;
        *self.stamp.write() = Some(stamp);
        Ok(report)
    }

    fn commit(&self, mutations: &[Mutation]) -> Vec<Result<WriteReport, StoreError>> {
        // What is written into a damaged file makes it worse.
        match &*self.damage.read() {
            Some(damage) => mutations.iter().map(|_| Err(damage.clone())).collect(),
            None => self.store.commit(mutations),
        }
    }
}

impl Db {
    fn new(name: DbName, store: Arc<dyn Store>, search: Arc<dyn Search>) -> Self {
        let mirror = Arc::new(Mirror {
            store,
            search,
            embedder: RwLock::default(),
            stamp: RwLock::default(),
            following: Mutex::default(),
            behind: RwLock::default(),
            damage: RwLock::default(),
            verified: AtomicBool::new(false),
            superseded: RwLock::default(),
        });
        let (committing, following) = (Arc::clone(&mirror), Arc::clone(&mirror));
        Self {
            name,
            mirror,
            commits: Combiner::new(move |mutations: Vec<Mutation>| committing.commit(&mutations)),
            follows: Combiner::new(move |waiting: Vec<()>| {
                let followed = following.follow().map(drop);
                waiting.iter().map(|()| followed.clone()).collect()
            }),
        }
    }

    /// The DB's name.
    pub fn name(&self) -> &DbName {
        &self.name
    }

    /// The truth.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.mirror.store
    }

    /// What is derived from it.
    pub fn search(&self) -> &Arc<dyn Search> {
        &self.mirror.search
    }

    /// The embedder of the DB's vectors; does not block.
    pub fn embedder(&self) -> Option<EmbedderRecord> {
        self.mirror.embedder.read().clone()
    }

    /// State of the DB that questions see at least; does not block. Changes when documents do.
    pub fn stamp(&self) -> Option<Stamp> {
        self.mirror.stamp.read().clone()
    }

    /// Makes a change, in one transaction with those of everybody who asks at the same time.
    ///
    /// # Errors
    /// See [`Documents::commit`](crate::store::Documents::commit); [`RagError::Slow`] when it took too long: whether it was made is then not known.
    pub async fn commit(&self, mutation: Mutation) -> Result<WriteReport, RagError> {
        let slow = |_| RagError::Slow { doing: "storing the change", seconds: COMMIT_WITHIN.as_secs() };
        let committed = tokio::time::timeout(COMMIT_WITHIN, self.commits.submit(mutation)).await.map_err(slow)?;
        Ok(committed.ok_or(RagError::Interrupted)??)
    }

    /// Waits until searches see everything that was stored before, together with everybody who waits for the same.
    ///
    /// # Errors
    /// [`RagError::NotSearchable`]: what is stored stays stored, and the search goes on trying.
    pub async fn caught_up(&self) -> Result<(), RagError> {
        let slow = RagError::Slow { doing: "bringing the search up to date", seconds: CATCH_UP_WITHIN.as_secs() };
        let followed = match tokio::time::timeout(CATCH_UP_WITHIN, self.follows.submit(())).await {
            Ok(followed) => followed.unwrap_or(Err(RagError::Interrupted)),
            Err(_) => Err(slow),
        };
        followed.map_err(|error| RagError::NotSearchable(Arc::new(error)))
    }

    /// Brings the search up to the store's state; cheap when it is there already.
    ///
    /// # Errors
    /// When store or index cannot be read; the search then stays at its older state.
    pub fn follow(&self) -> Result<FollowReport, RagError> {
        self.mirror.follow()
    }

    /// Makes the sparse vectors of what came since, until `stop` says so; returns whether there is nothing more to do. Takes long.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn follow_sparse(&self, stop: &dyn Fn() -> bool) -> Result<bool, RagError> {
        Ok(self.mirror.search.follow_sparse(&StoreFeed(self.mirror.store.as_ref()), stop)?)
    }

    /// How far the sparse vectors are; `None` where none are made, or the store cannot be read.
    pub fn sparse_waiting(&self) -> Option<SparseWaiting> {
        let (store, search) = (&self.mirror.store, &self.mirror.search);
        let is_current = search.sparse_covers(&store.stamp().ok()?)?;
        if is_current {
            return Some(SparseWaiting { chunks: 0, is_current });
        }
        let known = u64::try_from(search.sparse_chunks()?).unwrap_or(u64::MAX);
        Some(SparseWaiting { chunks: store.counts().ok()?.chunks.saturating_sub(known), is_current })
    }

    /// Whether the search mirrors the store's newest state, or another process has ingested.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn is_current(&self) -> Result<bool, RagError> {
        Ok(self.mirror.search.covers(&self.mirror.store.stamp()?))
    }

    /// Looks for damage in the whole store, once, until `cancelled`. What is found is told by [`trouble`](Self::trouble), and
    /// nothing is written any more.
    pub fn verify(&self, cancelled: Arc<AtomicBool>) {
        if self.mirror.verified.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Err(error @ StoreError::Damaged { .. }) = self.mirror.store.verify(cancelled) {
            tracing::error!(db = %self.name, %error, "a DB is damaged; nothing is written to it any more");
            *self.mirror.damage.write() = Some(error);
        }
    }

    /// Whether [`verify`](Self::verify) has begun.
    pub fn is_verified(&self) -> bool {
        self.mirror.verified.load(Ordering::Relaxed)
    }

    /// What is wrong with the DB, for people: it is damaged, or its files are gone.
    pub fn trouble(&self) -> Option<String> {
        let damage = self.mirror.damage.read().as_ref().map(ToString::to_string);
        damage.or_else(|| self.store().attached().err().map(|error| error.to_string()))
    }

    /// What does not work as it should although questions are answered: a search that is behind, a DB that can only be read, an
    /// index that is not kept on disk.
    pub fn limitation(&self) -> Option<String> {
        let behind = self.mirror.behind.read().as_ref().map(|error| format!("the search is behind: {error}"));
        behind
            .or_else(|| self.mirror.superseded.read().clone())
            .or_else(|| self.store().read_only().map(|why| format!("the DB can only be read: {why}")))
            .or_else(|| self.search().trouble().map(|why| format!("the search index is kept in memory: {why}")))
    }

    /// Whether the last attempt to bring the search up to date failed.
    pub fn is_behind(&self) -> bool {
        self.mirror.behind.read().is_some()
    }
}

/// Lets an index follow a store without knowing it.
struct StoreFeed<'a>(&'a dyn Store);

impl ChangeFeed for StoreFeed<'_> {
    fn newest(&self) -> Result<Stamp, IndexError> {
        self.0.stamp().map_err(feed_error)
    }

    fn changes(&self, from: Option<&Stamp>, want: Want, limit: usize) -> Result<ChangeSet, IndexError> {
        self.0.changes(from, want, limit).map_err(feed_error)
    }
}

fn feed_error(error: StoreError) -> IndexError {
    IndexError::Feed(Arc::new(error))
}

/// An open DB and when it was last asked for.
struct Opened {
    db: Arc<Db>,
    /// Milliseconds since the dbs were made.
    used: AtomicU64,
}

/// The DBs of a data directory, opened when they are first used, and closed again when they are not.
pub struct Dbs {
    catalog: Arc<dyn StoreCatalog>,
    open_search: OpenSearch,
    open: RwLock<HashMap<DbName, Opened>>,
    /// One a DB: opening one must not wait for another.
    opening: Mutex<HashMap<DbName, Arc<Mutex<()>>>>,
    most_open: usize,
    since: Instant,
    /// Ids of the embedders at hand; `None`: any.
    embedders: Option<Vec<String>>,
}

impl Dbs {
    /// Nothing is opened yet.
    pub fn new(catalog: Arc<dyn StoreCatalog>, open_search: OpenSearch) -> Self {
        let (open, opening) = (RwLock::default(), Mutex::default());
        Self { catalog, open_search, open, opening, most_open: MOST_OPEN, since: Instant::now(), embedders: None }
    }

    /// Keeps at most so many DBs open, each of which holds some files; more only while they are all in use.
    #[must_use]
    pub fn with_most_open(mut self, most: usize) -> Self {
        self.most_open = most.max(1);
        self
    }

    /// Names and files of the DBs.
    pub fn catalog(&self) -> &Arc<dyn StoreCatalog> {
        &self.catalog
    }

    /// The DB if it is open already: does not block.
    pub fn opened(&self, name: &DbName) -> Option<Arc<Db>> {
        let open = self.open.read();
        let opened = open.get(name)?;
        opened.used.store(self.now(), Ordering::Relaxed);
        Some(Arc::clone(&opened.db))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// All that are open.
    pub fn all_opened(&self) -> Vec<Arc<Db>> {
        self.open.read().values().map(|opened| Arc::clone(&opened.db)).collect()
    }

    /// Opens a DB and brings its search up to date. Blocks.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of that name.
    pub fn get(&self, name: &DbName) -> Result<Arc<Db>, RagError> {
        if let Some(db) = self.opened(name) {
            return Ok(db);
        }
        let turn = self.turn(name);
        let _only_one = turn.lock();
        if let Some(db) = self.opened(name) {
            return Ok(db);
        }
        let store = self.catalog.open(name).or_else(|error| match error {
            // Perhaps there are too many open files.
            StoreError::Io { .. } if self.close_unused(Duration::ZERO, 0) > 0 => self.catalog.open(name),
            error => Err(error),
        })?;
        let db = self.open_usable(name, store)?;
        let opened = Opened { db: Arc::clone(&db), used: self.now().into() };
        self.open.write().insert(name.clone(), opened);
        self.close_unused(Duration::ZERO, self.most_open);
        Ok(db)
    }

    fn turn(&self, name: &DbName) -> Arc<Mutex<()>> {
        let mut opening = self.opening.lock();
        opening.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(opening.entry(name.clone()).or_default())
    }

    /// Like [`get`](Self::get), but makes the DB when it is not there. Blocks.
    ///
    /// # Errors
    /// When it cannot be made or opened.
    pub fn get_or_create(&self, name: &DbName) -> Result<Arc<Db>, RagError> {
        self.catalog.attached()?;
        if let Some(open) = self.opened(name) {
            if open.store().attached().is_ok() {
                return Ok(open);
            }
            self.forget(&open);
        }
        if !self.catalog.exists(name) {
            match self.catalog.create(name) {
                Ok(()) | Err(StoreError::AlreadyExists(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.get(name)
    }

    /// Closes a DB whose files are not its own any more, so that the next who asks for it opens what is there now.
    pub fn forget(&self, db: &Arc<Db>) {
        let mut open = self.open.write();
        if open.get(db.name()).is_some_and(|opened| Arc::ptr_eq(&opened.db, db)) {
            open.remove(db.name());
        }
    }

    /// Closes DBs that nobody has in hand and nobody has asked for lately, the longest unused first, while more than `most` are
    /// open. Returns how many.
    pub fn close_unused(&self, lately: Duration, most: usize) -> usize {
        let mut open = self.open.write();
        if open.len() <= most {
            return 0;
        }
        let (now, lately) = (self.now(), u64::try_from(lately.as_millis()).unwrap_or(u64::MAX));
        let mut unused: Vec<(u64, DbName)> = open
            .iter()
            .filter(|(_, opened)| Arc::strong_count(&opened.db) == 1)
            .map(|(name, opened)| (opened.used.load(Ordering::Relaxed), name.clone()))
            .filter(|(used, _)| now.saturating_sub(*used) >= lately)
            .collect();
        unused.sort_unstable();
        unused.truncate(open.len() - most);
        let closed: Vec<_> = unused.iter().filter_map(|(_, name)| open.remove(name)).collect();
        drop(open);
        // Closing files is not done under the lock.
        closed.len()
    }

    /// Deletes a DB. Questions that already have it in hand still get their answer. Blocks.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of that name.
    pub fn delete(&self, name: &DbName) -> Result<(), RagError> {
        let turn = self.turn(name);
        let _only_one = turn.lock();
        self.open.write().remove(name);
        Ok(self.catalog.delete(name)?)
    }
}
