//! Folders that a DB mirrors: what is new, changed, renamed and deleted in them is so in the DB.
//!
//! | part | does |
//! |---|---|
//! | `machine` | knows the files, and decides what is to be done; a plain struct |
//! | `guard` | keeps most of a folder from being deleted at once |
//! | `debounce` | makes paths to look at of events; a plain struct |
//! | `watcher` | hears the system's events |
//! | `run`, `work` | look, read, rename and delete as the machine says |
//! | `mirror` | what others see of a mirror, and may ask of it |
//!
//! An event leads to a look at its path, a comparison of the whole folder comes now and then: network drives tell nothing.
//! The queue is in the store: what was not read when the process ended is read by the next one. Files that are uploaded are
//! kept in a folder of their DB's, which is mirrored like any other.
//!
//! Two processes may mirror the same folder into the same DB. Nothing keeps them apart: what one has stored is for the other
//! a document that is stored in this state already, by its content's hash; renaming and deleting are done once, and nothing
//! the second time.

mod debounce;
mod guard;
mod machine;
mod mirror;
mod run;
mod uploads;
mod watcher;
mod work;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use parking_lot::RwLock;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use machine::{FileCounts, FileState};
pub use mirror::{Mirror, MirrorStatus, SyncAction, SyncTotals, TrackedFile};
pub use uploads::{UploadError, UploadFolder, UploadedFile, check_upload_name};

use super::{
    Engine, RagError,
    ingest::{DocumentRoots, IngestOptions},
};
use crate::domain::DbName;

/// How a folder is mirrored.
#[derive(Debug, Clone)]
pub struct MirrorSettings {
    /// The DB.
    pub db: DbName,
    /// The folder, canonical where it is there.
    pub root: PathBuf,
    /// What may be read of it, and the names of its documents.
    pub roots: DocumentRoots,
    /// Whether events are listened to.
    pub watch: bool,
    /// Time between comparisons of the whole folder; `None`: only when asked for.
    pub rescan: Option<Duration>,
    /// Whether most of the folder may be deleted at once.
    pub allow_mass_delete: bool,
    /// Whether nothing is done to the DB, and only told what would be.
    pub dry_run: bool,
    /// Whether what is done is noted, file by file.
    pub journal: bool,
    /// How documents are read and cut.
    pub options: IngestOptions,
}

/// The mirrors of a process.
pub struct Mirrors {
    engine: Arc<Engine>,
    options: IngestOptions,
    mirrors: RwLock<Vec<Arc<Mirror>>>,
    tasks: parking_lot::Mutex<JoinSet<()>>,
    stop: CancellationToken,
}

impl Mirrors {
    /// None yet. They end when `options.stop` is cancelled.
    pub fn new(engine: Arc<Engine>, options: IngestOptions) -> Self {
        let stop = options.stop.clone();
        Self { engine, options, mirrors: RwLock::default(), tasks: parking_lot::Mutex::default(), stop }
    }

    /// How documents are read and cut.
    pub fn options(&self) -> &IngestOptions {
        &self.options
    }

    /// Starts to mirror a folder, unless it is mirrored already.
    ///
    /// # Errors
    /// Unknown DB, or a store that cannot be read.
    pub async fn start(&self, settings: MirrorSettings) -> Result<Arc<Mirror>, RagError> {
        if let Some(known) = self.find(&settings.db, &settings.root) {
            return Ok(known);
        }
        let (mirror, run) = run::prepare(Arc::clone(&self.engine), settings).await?;
        let mut mirrors = self.mirrors.write();
        // Somebody else was quicker.
        if let Some(known) = mirrors.iter().find(|known| known.is_of(mirror.db(), mirror.root())) {
            return Ok(Arc::clone(known));
        }
        mirrors.push(Arc::clone(&mirror));
        drop(mirrors);
        self.tasks.lock().spawn(run.run());
        Ok(mirror)
    }

    /// The mirror of a folder.
    pub fn find(&self, db: &DbName, root: &Path) -> Option<Arc<Mirror>> {
        self.mirrors.read().iter().find(|mirror| mirror.is_of(db, root)).cloned()
    }

    /// All of them, or those of a DB.
    pub fn of(&self, db: Option<&DbName>) -> Vec<Arc<Mirror>> {
        self.mirrors.read().iter().filter(|mirror| db.is_none_or(|db| mirror.db() == db)).cloned().collect()
    }

    /// Forgets the mirrors of a DB that is deleted; they end by themselves.
    pub fn forget(&self, db: &DbName) {
        self.mirrors.write().retain(|mirror| {
            let is_other = mirror.db() != db;
            if !is_other {
                mirror.end();
            }
            is_other
        });
    }

    /// Ends all of them and waits for what is being written.
    pub async fn finish(&self, patience: Duration) {
        self.stop.cancel();
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        let all = async { while tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(patience, all).await;
    }
}
