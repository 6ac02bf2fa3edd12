//! What others see of a mirror, and may ask of it.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{
    MirrorSettings,
    machine::{FileCounts, FileState, Held, Machine, RootState},
};
use crate::{
    domain::DbName,
    rag::ingest::{FileError, IngestReport, SourceFile},
    store::FileRecord,
    util::time::UnixMillis,
};

/// A folder that is being mirrored.
pub struct Mirror {
    pub(super) settings: MirrorSettings,
    pub(super) machine: Mutex<Machine>,
    pub(super) commands: mpsc::UnboundedSender<Command>,
    /// Counts up whenever something has happened.
    pub(super) changed: watch::Sender<u64>,
    /// Why events do not come.
    pub(super) deaf: RwLock<Option<String>>,
    /// Why the last work on the DB failed.
    pub(super) trouble: RwLock<Option<String>>,
    pub(super) beat: Mutex<Instant>,
    pub(super) totals: Totals,
    pub(super) journal: Mutex<Vec<SyncAction>>,
    pub(super) ended: AtomicBool,
    /// Ends this mirror alone.
    pub(super) stop: CancellationToken,
}

/// What may be asked of a mirror.
#[derive(Debug)]
pub(super) enum Command {
    /// Look at the whole folder, and try again what failed.
    Compare,
    /// What is gone may be deleted.
    Confirm,
    /// There is something to be done.
    Wake,
    /// Files were removed from the folder, and their documents from the DB.
    Dropped(Vec<String>),
}

/// What a mirror has done since it was started.
#[derive(Debug, Default)]
pub(super) struct Totals {
    added: AtomicUsize,
    updated: AtomicUsize,
    unchanged: AtomicUsize,
    pub(super) renamed: AtomicUsize,
    pub(super) removed: AtomicUsize,
    chunks: AtomicUsize,
    pub(super) failures: AtomicUsize,
}

impl Totals {
    pub(super) fn note(&self, report: &IngestReport) {
        let add = |total: &AtomicUsize, more| total.fetch_add(more, Ordering::Relaxed);
        add(&self.added, report.added);
        add(&self.updated, report.updated);
        add(&self.unchanged, report.unchanged);
        add(&self.chunks, report.chunks_indexed);
        add(&self.failures, report.failed());
    }
}

/// What a mirror has done since it was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncTotals {
    /// Documents that were new.
    pub added: usize,
    /// Documents that had changed.
    pub updated: usize,
    /// Files whose documents were stored as they are already.
    pub unchanged: usize,
    /// Documents that got another name.
    pub renamed: usize,
    /// Documents that were deleted.
    pub removed: usize,
    /// Chunks that were stored.
    pub chunks: usize,
    /// Attempts that failed.
    pub failures: usize,
}

/// Something that was done, or would be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyncAction {
    /// A document is new.
    Added(String),
    /// A document has changed.
    Updated(String),
    /// A document has another name.
    Renamed {
        /// It had this one.
        from: String,
        /// It has this one.
        to: String,
    },
    /// A document is deleted.
    Deleted(String),
}

/// A file of a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedFile {
    /// How far it is.
    pub state: FileState,
    /// What is known of it.
    pub record: FileRecord,
}

/// How a mirror is.
#[derive(Debug, Clone)]
pub struct MirrorStatus {
    /// The DB.
    pub db: DbName,
    /// The folder.
    pub root: PathBuf,
    /// `starting`, `watching`, `comparing_only` (no events come), `held`, `replaced`, `gone`, `unreachable` or `ended`.
    pub state: &'static str,
    /// What is wrong, and what to do.
    pub message: Option<String>,
    /// How many files are how far.
    pub files: FileCounts,
    /// Documents that are to be deleted when that is confirmed.
    pub held: usize,
    /// The last comparison of the whole folder.
    pub compared: Option<UnixMillis>,
    /// Since when the file waits that waits longest.
    pub oldest: Option<UnixMillis>,
    /// What the last comparison could not use.
    pub problems: Vec<FileError>,
    /// What was done.
    pub totals: SyncTotals,
    /// Whether something is not as it should be.
    pub is_limited: bool,
}

impl Mirror {
    /// The DB.
    pub fn db(&self) -> &DbName {
        &self.settings.db
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.settings.root
    }

    /// Whether this folder is mirrored into this DB by it.
    pub fn is_of(&self, db: &DbName, root: &Path) -> bool {
        self.db() == db && self.root() == root && !self.ended.load(Ordering::Relaxed)
    }

    /// Looks at the whole folder now, and tries again what failed.
    pub fn compare(&self) {
        let _ = self.commands.send(Command::Compare);
    }

    /// Deletes the documents whose deletion waits for a confirmation.
    pub fn confirm(&self) {
        let _ = self.commands.send(Command::Confirm);
    }

    /// Reads a file that was put into the folder, whatever is known of it.
    pub fn give(&self, file: SourceFile, label: Option<String>, metadata: Option<String>) {
        self.machine.lock().on_given(file, label, metadata, UnixMillis::now());
        let _ = self.commands.send(Command::Wake);
    }

    /// Forgets files that were removed from the folder.
    pub fn drop_files(&self, sources: Vec<String>) {
        let _ = self.commands.send(Command::Dropped(sources));
    }

    /// Ends it; what is being written is written to its end.
    pub fn end(&self) {
        self.stop.cancel();
    }

    /// How long it has not been seen at work.
    pub fn silent(&self) -> Duration {
        self.beat.lock().elapsed()
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// What is known of a file.
    pub fn file(&self, source: &str) -> Option<TrackedFile> {
        let machine = self.machine.lock();
        machine.state(source).map(|(state, record)| TrackedFile { state, record: record.clone() })
    }

    /// Some of the files, in the order of their names, and how many there are of them: all, or those that are so far.
    pub fn files(&self, state: Option<FileState>, offset: usize, limit: usize) -> (Vec<TrackedFile>, usize) {
        let machine = self.machine.lock();
        let wanted = || machine.states().filter(|(is, _)| state.is_none_or(|state| state == *is));
        let page = wanted().skip(offset).take(limit);
        (page.map(|(state, record)| TrackedFile { state, record: record.clone() }).collect(), wanted().count())
    }

    /// Hears whenever something has happened.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Waits until everything that can be done has been done once: what failed may be tried again later.
    pub async fn settled(&self) {
        let mut changes = self.changes();
        while !self.machine.lock().is_settled() && !self.has_ended() && self.trouble.read().is_none() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Waits until the folder was compared, and it is known what was renamed in it.
    pub async fn compared(&self) {
        let mut changes = self.changes();
        let check = self.settings.dry_run;
        while !self.machine.lock().is_compared(check) && !self.has_ended() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// What would be done, if nothing is.
    pub fn plan(&self) -> Vec<SyncAction> {
        let mut actions = self.journal();
        let mut machine = self.machine.lock();
        // By then it is quiet.
        let later = UnixMillis::now() + Duration::from_secs(60);
        actions.extend(machine.take_removals(later).into_iter().map(SyncAction::Deleted));
        actions.extend(machine.states().filter(|(state, _)| *state == FileState::Queued).map(|(_, record)| {
            let source = record.source.clone();
            if record.content.is_some() { SyncAction::Updated(source) } else { SyncAction::Added(source) }
        }));
        actions
    }

    /// What was done, if that is noted.
    pub fn journal(&self) -> Vec<SyncAction> {
        std::mem::take(&mut *self.journal.lock())
    }

    pub(super) fn note(&self, actions: impl IntoIterator<Item = SyncAction>) {
        if self.settings.journal {
            self.journal.lock().extend(actions);
        }
    }

    /// How it is.
    pub fn status(&self) -> MirrorStatus {
        let machine = self.machine.lock();
        let (files, oldest, compared) = (machine.counts(), machine.oldest(), machine.compared());
        let (held, problems) = (machine.held(), machine.problems().to_vec());
        let (state, message) = match (machine.root(), held) {
            _ if self.has_ended() => ("ended", Some("its DB was deleted".to_owned())),
            (RootState::Unknown, _) => ("starting", None),
            (RootState::Gone(why), _) => {
                ("gone", Some(format!("{why}; its documents stay until it is back{}", how(held))))
            }
            (RootState::Unreachable(why), _) => ("unreachable", Some(format!("{why}; its documents stay as they are"))),
            (RootState::Replaced(_), _) => {
                let why = "another folder or file system stands in its place, so that nothing is deleted";
                ("replaced", Some(format!("{why}{}", how(held))))
            }
            (RootState::Here, Some(_)) => {
                ("held", Some(format!("most of its files are gone at once, so that nothing is deleted{}", how(held))))
            }
            (RootState::Here, None) => match self.deaf.read().clone() {
                Some(why) => ("comparing_only", Some(why)),
                None => ("watching", None),
            },
        };
        drop(machine);
        let message = message.or_else(|| self.trouble.read().clone());
        let is_limited = message.is_some() && !self.has_ended();
        let held = held.map_or(0, |held| held.documents);
        MirrorStatus {
            db: self.db().clone(),
            root: self.root().to_owned(),
            state,
            message,
            files,
            held,
            compared,
            oldest,
            problems,
            totals: self.totals(),
            is_limited,
        }
    }

    /// What it has done.
    pub fn totals(&self) -> SyncTotals {
        let get = |total: &AtomicUsize| total.load(Ordering::Relaxed);
        SyncTotals {
            added: get(&self.totals.added),
            updated: get(&self.totals.updated),
            unchanged: get(&self.totals.unchanged),
            renamed: get(&self.totals.renamed),
            removed: get(&self.totals.removed),
            chunks: get(&self.totals.chunks),
            failures: get(&self.totals.failures),
        }
    }
}

/// How deletions that are held are confirmed.
fn how(held: Option<Held>) -> String {
    let Some(Held { documents, .. }) = held else { return String::new() };
    format!(
        "; to delete {documents} documents, send {{\"confirm\": true}} to POST /api/sync, or allow it with --allow-mass-delete"
    )
}
