//! One mirror at work: it hears, looks, and does what the machine says.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, task::JoinSet};

use super::{
    MirrorSettings,
    debounce::{Debounce, Touch},
    machine::{Machine, ReadOutcome, Reading, RootState},
    mirror::{Command, Mirror, SyncAction},
    watcher::FolderWatcher,
};
use crate::{
    rag::{
        Engine, RagError,
        ingest::{FileThreadError, IngestReport, Look, RootSight, StoredAs, file_shape, look_at_files},
    },
    store::{FileVersion, MirrorRecord, StoreError},
    util::time::UnixMillis,
};

/// With more paths than that, the whole folder is looked at instead.
const MOST_PATHS: usize = 2_000;

/// The longest sleep: the loop shows that it is alive.
const PULSE: Duration = Duration::from_secs(5);

/// The pause after work on the DB failed.
const AFTER_TROUBLE: Duration = Duration::from_secs(5);

/// The hash of a file's bytes, and the state that was read.
type FileHash = (String, Option<FileVersion>);

/// Something that was begun has ended.
pub(super) enum Done {
    Looked { whole: bool, began: UnixMillis, seen: Result<(RootSight, Vec<Look>), FileThreadError> },
    Read { newest: bool, files: Vec<Reading>, report: Result<IngestReport, RagError> },
    Hashed(Vec<(String, Option<FileHash>)>),
}

/// The work of a mirror.
pub(super) struct Run {
    pub(super) engine: Arc<Engine>,
    pub(super) mirror: Arc<Mirror>,
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    pub(super) shape: String,
    pub(super) watcher: Option<FolderWatcher>,
    pub(super) debounce: Debounce,
    pub(super) tasks: JoinSet<Done>,
    pub(super) looking: bool,
    pub(super) comparing: bool,
    pub(super) compare_next: bool,
    pub(super) compared_at: Option<Instant>,
    pub(super) reading: [bool; 2],
    pub(super) hashing: bool,
    /// Nothing is done to the DB before.
    pub(super) paused_until: Option<Instant>,
    /// The mirror as it was noted last.
    pub(super) noted: Option<MirrorRecord>,
}

/// Reads what the store knows of a folder.
pub(super) async fn prepare(engine: Arc<Engine>, settings: MirrorSettings) -> Result<(Arc<Mirror>, Run), RagError> {
    let embedder = match engine.embedder_of(&settings.db).await {
        Err(RagError::Store(StoreError::NotFound(_))) if settings.dry_run => Arc::clone(engine.models().embedder()),
        embedder => embedder?,
    };
    let shape = file_shape(&settings.options, embedder.id());
    let root = settings.root.to_string_lossy().into_owned();
    let known = engine
        .with_db(&settings.db, move |db| {
            let noted = db.store().mirrors()?.into_iter().find(|mirror| mirror.root == root);
            Ok((noted, db.store().files(&root)?))
        })
        .await;
    let (noted, records) = match known {
        Err(RagError::Store(StoreError::NotFound(_))) if settings.dry_run => (None, Vec::new()),
        known => known?,
    };
    let identity = noted.as_ref().and_then(|noted| noted.identity.clone());
    let anew = noted.as_ref().is_some_and(|noted| noted.shape != shape);
    let machine = Machine::new(records, identity, settings.allow_mass_delete, anew, UnixMillis::now());
    let (commands, received) = mpsc::unbounded_channel();
    let stop = settings.options.stop.child_token();
    let mirror = Arc::new(Mirror {
        settings,
        machine: machine.into(),
        commands,
        changed: Default::default(),
        deaf: Default::default(),
        trouble: Default::default(),
        beat: Instant::now().into(),
        totals: Default::default(),
        journal: Default::default(),
        ended: false.into(),
        stop,
    });
    let run = Run {
        engine,
        mirror: Arc::clone(&mirror),
        commands: received,
        shape,
        watcher: None,
        debounce: Debounce::default(),
        tasks: JoinSet::new(),
        looking: false,
        comparing: false,
        compare_next: true,
        compared_at: None,
        reading: [false; 2],
        hashing: false,
        paused_until: None,
        noted,
    };
    Ok((mirror, run))
}

impl Run {
    /// Until it is stopped, or its DB is deleted.
    pub(super) async fn run(mut self) {
        let stop = self.mirror.stop.clone();
        // Before the first look: what happens in between is heard.
        self.listen().await;
        loop {
            *self.mirror.beat.lock() = Instant::now();
            if let Err(error) = self.work().await {
                if matches!(error, RagError::Store(StoreError::NotFound(_))) {
                    tracing::warn!(db = %self.mirror.db(), root = %self.mirror.root().display(), "the DB is gone, and nothing is mirrored into it any more");
                    break;
                }
                tracing::warn!(db = %self.mirror.db(), root = %self.mirror.root().display(), %error, "a mirrored folder cannot be brought into its DB; trying again");
                *self.mirror.trouble.write() = Some(format!("the DB cannot be brought up to date: {error}"));
                self.paused_until = Some(Instant::now() + AFTER_TROUBLE);
            } else if self.paused_until.is_none() {
                *self.mirror.trouble.write() = None;
            }
            self.mirror.changed.send_modify(|count| *count = count.wrapping_add(1));
            let sleep = self.sleep();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(command) = self.commands.recv() => self.on_command(command).await,
                Some(done) = self.tasks.join_next() => if let Ok(done) = done { self.on_done(done).await },
                event = next_event(&mut self.watcher) => self.on_event(event),
                () = tokio::time::sleep(sleep) => {}
            }
        }
        self.end().await;
    }

    /// Ends in order: what is being written is written, and what the store does not know yet is noted.
    async fn end(mut self) {
        self.mirror.stop.cancel();
        while let Some(done) = self.tasks.join_next().await {
            if let Ok(done @ (Done::Read { .. } | Done::Hashed(_))) = done {
                self.on_done(done).await;
            }
        }
        if let Err(error) = self.save().await {
            tracing::debug!(%error, "what is known of a mirrored folder could not be noted");
        }
        self.mirror.ended.store(true, Ordering::Relaxed);
        self.mirror.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Time between whole comparisons; a folder that is away is looked for more often.
    fn rescan(&self) -> Option<Duration> {
        let every = self.mirror.settings.rescan?;
        let is_here = matches!(self.mirror.machine.lock().root(), RootState::Here | RootState::Replaced(_));
        Some(if is_here { every } else { every.min(PULSE) })
    }

    fn sleep(&self) -> Duration {
        let now = UnixMillis::now();
        let due = [self.debounce.due().filter(|_| !self.looking), self.mirror.machine.lock().wake_at(now)];
        let due = due.into_iter().flatten().map(|at| at.since(now)).min().unwrap_or(PULSE);
        let rescan = self.rescan().zip(self.compared_at).map(|(every, at)| every.saturating_sub(at.elapsed()));
        let paused = self.paused_until.map(|until| until.saturating_duration_since(Instant::now()));
        let due = due.min(rescan.unwrap_or(PULSE)).min(PULSE);
        due.max(paused.unwrap_or_default()).max(Duration::from_millis(1)).min(PULSE)
    }

    async fn on_command(&mut self, command: Command) {
        let now = UnixMillis::now();
        match command {
            Command::Compare => {
                self.mirror.machine.lock().on_retry(now);
                self.compare_next = true;
            }
            Command::Confirm => {
                let documents = self.mirror.machine.lock().on_confirmed();
                tracing::info!(root = %self.mirror.root().display(), documents, "deletions are confirmed");
            }
            Command::Wake => {}
            Command::Dropped(sources) => self.mirror.machine.lock().on_dropped(&sources, now),
        }
    }

    fn on_event(&mut self, (path, touch): (PathBuf, Touch)) {
        let now = UnixMillis::now();
        self.debounce.on(path, touch, now);
        // Those that came with it: one look serves them all.
        while let Some((path, touch)) = self.watcher.as_mut().and_then(FolderWatcher::try_next) {
            self.debounce.on(path, touch, now);
        }
    }

    async fn on_done(&mut self, done: Done) {
        let now = UnixMillis::now();
        match done {
            Done::Looked { whole, began, seen } => {
                if whole {
                    (self.comparing, self.compared_at) = (false, Some(Instant::now()));
                } else {
                    self.looking = false;
                }
                self.on_looked(began, seen, now).await;
                if whole {
                    self.take_over().await;
                }
            }
            Done::Read { newest, files, report } => {
                self.reading[usize::from(newest)] = false;
                self.on_read(files, report, now);
            }
            Done::Hashed(hashed) => {
                self.hashing = false;
                let mut machine = self.mirror.machine.lock();
                for (source, hashed) in hashed {
                    machine.on_hashed(&source, hashed);
                }
            }
        }
    }

    /// While deletions wait for a confirmation, another process may have got it.
    async fn take_over(&mut self) {
        if self.mirror.machine.lock().held().is_none() {
            return;
        }
        let root = self.mirror.root().to_string_lossy().into_owned();
        let stored = self.engine.with_db(self.mirror.db(), move |db| Ok(db.store().files(&root)?)).await;
        if let Ok(records) = stored {
            self.mirror.machine.lock().on_stored(&records);
        }
    }

    async fn on_looked(
        &mut self,
        began: UnixMillis,
        seen: Result<(RootSight, Vec<Look>), FileThreadError>,
        now: UnixMillis,
    ) {
        let (sight, looks) = seen.unwrap_or_else(|error| (RootSight::Unreachable(error.to_string()), Vec::new()));
        let (was, is, again) = {
            let mut machine = self.mirror.machine.lock();
            let was = machine.root().clone();
            let again = machine.on_root(sight, now);
            for look in looks {
                for error in &look.errors {
                    tracing::debug!(%error, "a file of a mirrored folder cannot be used");
                }
                machine.on_look(look, began, now);
            }
            (was, machine.root().clone(), again)
        };
        if was != is {
            self.tell_root(&is);
        }
        if matches!(is, RootState::Here | RootState::Replaced(_)) {
            let is_deaf = self.watcher.is_none() && self.mirror.settings.watch;
            if is_deaf || (again && was != RootState::Unknown) {
                self.listen().await;
                // What happened before anybody listened.
                self.compare_next |= self.watcher.is_some() || again;
            }
        } else {
            self.watcher = None;
        }
    }

    fn tell_root(&self, root: &RootState) {
        let shown = self.mirror.root().display();
        match root {
            RootState::Here => tracing::debug!(root = %shown, "a mirrored folder is there"),
            RootState::Replaced(_) => {
                tracing::warn!(root = %shown, "another folder or file system stands in the place of a mirrored folder; nothing is deleted");
            }
            RootState::Gone(why) | RootState::Unreachable(why) => {
                tracing::warn!(root = %shown, %why, "a mirrored folder is not there; its documents stay");
            }
            RootState::Unknown => {}
        }
    }

    async fn listen(&mut self) {
        self.watcher = None;
        if self.mirror.settings.watch {
            let (watcher, deaf) = FolderWatcher::listen(self.mirror.root()).await;
            if let Some(why) = &deaf {
                tracing::warn!(root = %self.mirror.root().display(), %why, "changes of a mirrored folder are seen late");
            }
            self.watcher = watcher;
            *self.mirror.deaf.write() = deaf;
        }
    }

    fn on_read(&mut self, files: Vec<Reading>, report: Result<IngestReport, RagError>, now: UnixMillis) {
        let mut machine = self.mirror.machine.lock();
        let report = match report {
            Ok(report) => report,
            Err(error) => {
                self.mirror.totals.failures.fetch_add(files.len(), Ordering::Relaxed);
                self.engine.metrics().sync().failures.inc_by(files.len() as u64);
                for Reading { file, .. } in files {
                    let outcome = ReadOutcome::Failed { error: error.to_string(), worth_a_retry: true };
                    machine.on_read(&file.source, outcome, now);
                }
                return;
            }
        };
        self.mirror.totals.note(&report);
        let metrics = self.engine.metrics().sync();
        metrics.done.inc_by(report.stored.len() as u64);
        metrics.failures.inc_by(report.failed() as u64);
        for stored in report.stored {
            let source = || stored.source.clone();
            self.mirror.note(match stored.how {
                StoredAs::New => Some(SyncAction::Added(source())),
                StoredAs::Changed => Some(SyncAction::Updated(source())),
                StoredAs::Unchanged => None,
            });
            let outcome = ReadOutcome::Stored { content: stored.content, version: stored.version };
            machine.on_read(&stored.source, outcome, now);
        }
        for failed in report.errors {
            // Perhaps it is not there any more.
            let path = files
                .iter()
                .find(|reading| reading.file.source == failed.file)
                .map(|reading| reading.file.path.clone());
            if let Some(path) = path {
                self.debounce.on(path, Touch::Ended, now);
            }
            let worth_a_retry = report.worth_a_retry.contains(&failed.file);
            machine.on_read(&failed.file, ReadOutcome::Failed { error: failed.error, worth_a_retry }, now);
        }
        for Reading { file, .. } in files {
            // Known already, unless nothing was said of it.
            machine.on_read(&file.source, ReadOutcome::Interrupted, now);
        }
    }

    /// Does what is to be done now, as far as it does not take long, and begins the rest.
    async fn work(&mut self) -> Result<(), RagError> {
        self.look();
        if self.mirror.settings.dry_run {
            self.begin_hashes();
            self.tell_changes_only();
            return Ok(());
        }
        if self.paused_until.is_some_and(|until| until > Instant::now()) {
            return Ok(());
        }
        self.paused_until = None;
        self.begin_hashes();
        self.rename().await?;
        self.remove().await?;
        self.save().await?;
        self.begin_reads();
        Ok(())
    }

    /// Begins to look at what may have changed.
    fn look(&mut self) {
        let now = UnixMillis::now();
        let missed = self.watcher.as_ref().is_some_and(FolderWatcher::has_missed);
        let every = self.rescan();
        let is_due = every.is_some_and(|every| self.compared_at.is_none_or(|at| at.elapsed() >= every));
        self.compare_next |= missed || is_due;
        if self.compare_next && !self.comparing {
            (self.comparing, self.compare_next) = (true, false);
            self.debounce.clear();
            self.begin_look(None, now);
        }
        if !self.looking {
            let paths = self.debounce.take(now);
            if paths.len() > MOST_PATHS {
                self.compare_next = true;
            } else if !paths.is_empty() {
                self.looking = true;
                self.begin_look(Some(paths), now);
            }
        }
    }

    fn begin_look(&mut self, paths: Option<Vec<PathBuf>>, began: UnixMillis) {
        let (roots, root) = (self.mirror.settings.roots.clone(), self.mirror.root().to_owned());
        let whole = paths.is_none();
        self.tasks.spawn(async move { Done::Looked { whole, began, seen: look_at_files(roots, root, paths).await } });
    }
}

async fn next_event(watcher: &mut Option<FolderWatcher>) -> (PathBuf, Touch) {
    match watcher {
        Some(watcher) => watcher.next().await,
        None => std::future::pending().await,
    }
}
