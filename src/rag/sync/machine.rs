//! What is known of a mirrored folder, and what follows from it. Nothing here touches a disk or a clock.
//!
//! A file is there or gone, and its document is as it is or not. What is seen of the folder, and what became of the work, are
//! events; the work that is to be done now is taken out. A file is worked on once at a time; what happens to it meanwhile is
//! looked at afterwards. A file that is gone and another of the same content that is new are one file with another name.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::Duration,
};

use super::guard::{FEW, MassDeletionGuard, PATIENCE, QUIET};
use crate::{
    rag::{
        extract::Format,
        ingest::{FileError, Look, Renamed, RootSight, Scope, SourceFile, is_settled},
    },
    store::{FileRecord, FileStage, FileVersion},
    util::time::UnixMillis,
};

/// How long a file has to be gone: editors remove one and write another in its place.
const GRACE: Duration = Duration::from_millis(150);

/// Attempts to read what its content speaks against.
const ATTEMPTS: u32 = 4;

/// Attempts to read what something else than its content keeps from being stored: some two hours.
const PATIENT_ATTEMPTS: u32 = 18;

/// The first wait before another attempt.
const FIRST_RETRY: Duration = Duration::from_secs(2);

/// The longest.
const LAST_RETRY: Duration = Duration::from_secs(600);

/// Most problems of a comparison that are kept.
const MOST_PROBLEMS: usize = 100;

/// Whether a file is in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// Not looked at since the start.
    Unseen,
    Here,
    /// Since then.
    Gone(UnixMillis),
}

/// What is being done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Busy {
    Idle,
    Reading {
        /// As it was seen before.
        seen: Option<FileVersion>,
        /// It changed meanwhile.
        changed: bool,
    },
    Hashing,
    Renaming,
    Removing,
}

#[derive(Debug)]
struct Tracked {
    record: FileRecord,
    file: Option<SourceFile>,
    seen: Option<FileVersion>,
    /// When the look began that saw it last.
    seen_at: UnixMillis,
    presence: Presence,
    busy: Busy,
    /// It has no other's content.
    is_no_rename: bool,
    /// Its document is of a state that is gone, and what is there now cannot be read.
    is_stale: bool,
}

impl Tracked {
    fn new(record: FileRecord) -> Self {
        let (presence, busy) = (Presence::Unseen, Busy::Idle);
        Self { record, file: None, seen: None, seen_at: UnixMillis(i64::MIN), presence, busy, is_no_rename: false, is_stale: false }
    }

    fn queue(&mut self, now: UnixMillis) {
        self.record.stage = FileStage::Queued;
        self.record.attempts = 0;
        self.record.next_try = None;
        self.record.error = None;
        self.record.since = now;
    }

    fn has_document(&self) -> bool {
        self.record.content.is_some()
    }

    fn is_gone(&self) -> bool {
        matches!(self.presence, Presence::Gone(_))
    }

    /// Size of the state that its document was made from, or that was seen last.
    fn size(&self) -> Option<u64> {
        self.record.version.or(self.seen).map(|version| version.size)
    }

    /// Whether it may be another file with a new name.
    fn may_be_a_rename(&self) -> bool {
        let fresh = self.record.stage == FileStage::Queued && !self.has_document() && !self.is_no_rename;
        fresh && self.presence == Presence::Here && matches!(self.busy, Busy::Idle | Busy::Hashing)
    }

    /// Whether nobody knows if it has changed.
    fn is_unchecked(&self) -> bool {
        let is_queued = self.record.stage == FileStage::Queued && self.has_document();
        is_queued && self.presence == Presence::Here && !self.is_no_rename
    }

    fn is_due(&self, now: UnixMillis) -> bool {
        let due = match self.record.stage {
            FileStage::Queued => true,
            FileStage::Failed => self.record.next_try.is_some_and(|at| at <= now),
            FileStage::Done => false,
        };
        due && self.presence == Presence::Here && self.busy == Busy::Idle && self.file.is_some()
    }
}

/// What stands in the folder's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RootState {
    /// It was not looked at yet.
    Unknown,
    /// The folder.
    Here,
    /// Another folder.
    Replaced(String),
    /// No folder.
    Gone(String),
    /// Nobody knows.
    Unreachable(String),
}

/// Deletions that wait for a confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) documents: usize,
    pub(super) since: UnixMillis,
}

/// A file to be read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) file: SourceFile,
    pub(super) label: Option<String>,
    pub(super) metadata: Option<String>,
}

/// What became of reading a file.
#[derive(Debug, Clone)]
pub(super) enum ReadOutcome {
    /// Its document is stored.
    Stored {
        content: String,
        version: Option<FileVersion>,
    },
    /// It could not be.
    Failed {
        error: String,
        /// The same content may be stored another time.
        worth_a_retry: bool,
    },
    /// It was not tried.
    Interrupted,
}

/// How far a file is, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileState {
    /// It could not be read.
    Failed,
    /// It is being worked on.
    Reading,
    /// It waits to be read.
    Queued,
    /// It is gone, and its document is not yet.
    Gone,
    /// Its document is as it is.
    Done,
}

/// How many files are how far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileCounts {
    /// Wait to be read.
    pub queued: usize,
    /// Are being worked on.
    pub reading: usize,
    /// Could not be read.
    pub failed: usize,
    /// Are gone, and their documents not yet.
    pub gone: usize,
    /// Are done.
    pub done: usize,
}

/// The state of a mirrored folder.
#[derive(Debug)]
pub(super) struct Machine {
    files: BTreeMap<String, Tracked>,
    root: RootState,
    /// The folder whose deletions count.
    identity: Option<String>,
    compared: Option<UnixMillis>,
    problems: Vec<FileError>,
    guard: MassDeletionGuard,
    allow_mass_delete: bool,
    /// Deletions that were confirmed.
    confirmed: HashSet<String>,
    held: Option<Held>,
    last_gone: UnixMillis,
    renames: Vec<(String, String, Option<FileVersion>)>,
    unsaved: BTreeSet<String>,
    forgotten: BTreeSet<String>,
}

impl Machine {
    /// What the store knows. With `anew` all files are read again.
    pub(super) fn new(
        records: Vec<FileRecord>,
        identity: Option<String>,
        allow_mass_delete: bool,
        anew: bool,
        now: UnixMillis,
    ) -> Self {
        let files = records.into_iter().map(|mut record| {
            if anew {
                record.version = None;
            }
            if record.stage == FileStage::Failed && record.next_try.is_none() {
                // Another process may be able to.
                record.next_try = Some(now);
            }
            (record.source.clone(), Tracked::new(record))
        });
        Self {
            files: files.collect(),
            root: RootState::Unknown,
            identity,
            compared: None,
            problems: Vec::new(),
            guard: MassDeletionGuard::default(),
            allow_mass_delete,
            confirmed: HashSet::new(),
            held: None,
            last_gone: now,
            renames: Vec::new(),
            unsaved: BTreeSet::new(),
            forgotten: BTreeSet::new(),
        }
    }

    /// What stands in the folder's place. Returns whether all of it has to be looked at again.
    pub(super) fn on_root(&mut self, sight: RootSight, now: UnixMillis) -> bool {
        let state = match sight {
            RootSight::Here(None) => RootState::Here,
            RootSight::Here(Some(id)) => match &self.identity {
                Some(known) if *known != id => RootState::Replaced(id),
                _ => {
                    self.identity = Some(id);
                    RootState::Here
                }
            },
            RootSight::Gone(why) => {
                for tracked in self.files.values_mut().filter(|tracked| !tracked.is_gone()) {
                    tracked.presence = Presence::Gone(now);
                }
                RootState::Gone(why)
            }
            RootSight::Unreachable(why) => RootState::Unreachable(why),
        };
        let is_other = self.root != state;
        self.root = state;
        is_other && matches!(self.root, RootState::Here | RootState::Replaced(_))
    }

    /// What a look has found that began at some time: what another one has found of a file since then is newer.
    pub(super) fn on_look(&mut self, look: Look, began: UnixMillis, now: UnixMillis) {
        let is_all = look.scope == Scope::All;
        let seen: HashSet<&str> = look.files.iter().map(|(file, _)| file.source.as_str()).collect();
        let gone = |source: &str| !seen.contains(source) && look.shows_absence_of(source);
        let vanished: Vec<String> = match &look.scope {
            Scope::All => self.files.keys().filter(|source| gone(source)).cloned().collect(),
            Scope::At(name) => {
                let below = self.files.range(name.clone()..).map(|(source, _)| source);
                below.take_while(|source| source.starts_with(name)).filter(|source| gone(source)).cloned().collect()
            }
        };
        drop(seen);
        for source in vanished {
            let is_news = |tracked: &&mut Tracked| !tracked.is_gone() && tracked.seen_at < began;
            if let Some(tracked) = self.files.get_mut(&source).filter(is_news) {
                tracked.presence = Presence::Gone(now);
                self.last_gone = now;
            }
        }
        if is_all {
            self.compared = Some(now);
            self.problems = look.errors;
            self.problems.truncate(MOST_PROBLEMS);
        }
        for (file, version) in look.files {
            let is_older = |tracked: &Tracked| matches!(tracked.presence, Presence::Gone(since) if since >= began);
            if !self.files.get(&file.source).is_some_and(is_older) {
                self.appear(file, version, began, now);
            }
        }
        if is_all {
            self.settle_identity();
        }
    }

    /// Another folder that has all that is known is as good as the one before.
    fn settle_identity(&mut self) {
        let is_whole = !self.files.values().any(|tracked| tracked.is_gone() && tracked.has_document());
        if let RootState::Replaced(id) = &self.root
            && is_whole
        {
            self.identity = Some(id.clone());
            self.root = RootState::Here;
        }
    }

    fn appear(&mut self, file: SourceFile, version: FileVersion, began: UnixMillis, now: UnixMillis) {
        let source = file.source.clone();
        let tracked = self.files.entry(source.clone()).or_insert_with(|| {
            let record = FileRecord { source: source.clone(), since: now, ..FileRecord::default() };
            self.forgotten.remove(&source);
            self.unsaved.insert(source.clone());
            Tracked::new(record)
        });
        tracked.presence = Presence::Here;
        tracked.file = Some(file);
        (tracked.seen, tracked.seen_at) = (Some(version), began);
        match &mut tracked.busy {
            Busy::Reading { seen, changed } => *changed |= *seen != Some(version) || !is_settled(version, now),
            _ if tracked.record.stage == FileStage::Queued || tracked.record.version == Some(version) => {}
            _ => {
                tracked.queue(now);
                tracked.is_stale = false;
                self.unsaved.insert(source);
            }
        }
    }

    /// A file was given from outside, with what holds for it, and is to be read whatever is known of it.
    pub(super) fn on_given(
        &mut self,
        file: SourceFile,
        label: Option<String>,
        metadata: Option<String>,
        now: UnixMillis,
    ) {
        let source = file.source.clone();
        let tracked = self.files.entry(source.clone()).or_insert_with(|| {
            Tracked::new(FileRecord { source: source.clone(), since: now, ..FileRecord::default() })
        });
        (tracked.presence, tracked.file, tracked.seen_at) = (Presence::Here, Some(file), now);
        (tracked.record.label, tracked.record.metadata) = (label, metadata);
        tracked.record.version = None;
        // The one who gave it waits for this name, not for another.
        tracked.is_no_rename = true;
        if let Busy::Reading { changed, .. } = &mut tracked.busy {
            *changed = true;
        } else {
            tracked.queue(now);
        }
        self.forgotten.remove(&source);
        self.unsaved.insert(source);
    }

    /// These files and their documents were deleted by whoever gave them.
    pub(super) fn on_dropped(&mut self, sources: &[String], now: UnixMillis) {
        for source in sources {
            self.forgotten.insert(source.clone());
            let Some(tracked) = self.files.get_mut(source) else { continue };
            if tracked.busy == Busy::Idle {
                self.files.remove(source);
                self.unsaved.remove(source);
            } else {
                // What is being read of it goes afterwards.
                tracked.presence = Presence::Gone(now);
                self.confirmed.insert(source.clone());
            }
        }
    }

    /// All that failed is tried again now.
    pub(super) fn on_retry(&mut self, now: UnixMillis) {
        for tracked in self.files.values_mut().filter(|tracked| tracked.record.stage == FileStage::Failed) {
            tracked.record.next_try = Some(now);
        }
    }

    /// What is gone now may be deleted. Returns how many documents that are.
    pub(super) fn on_confirmed(&mut self) -> usize {
        let gone = self.files.values().filter(|tracked| tracked.is_gone() || tracked.is_stale);
        self.confirmed = gone.map(|tracked| tracked.record.source.clone()).collect();
        if let RootState::Replaced(id) = &self.root {
            self.identity = Some(id.clone());
            self.root = RootState::Here;
        }
        self.files.values().filter(|tracked| tracked.is_gone() && tracked.has_document()).count()
    }

    /// Another process has deleted these, and forgotten them.
    pub(super) fn on_stored(&mut self, records: &[FileRecord]) {
        let stored: HashSet<&str> = records.iter().map(|record| record.source.as_str()).collect();
        let unsaved = &self.unsaved;
        self.files.retain(|source, tracked| {
            let is_theirs = tracked.is_gone() && tracked.busy == Busy::Idle && !unsaved.contains(source);
            !is_theirs || stored.contains(source.as_str())
        });
    }

    /// What became of reading a file.
    pub(super) fn on_read(&mut self, source: &str, outcome: ReadOutcome, now: UnixMillis) {
        let Some(tracked) = self.files.get_mut(source) else { return };
        let Busy::Reading { seen, changed } = tracked.busy else { return };
        tracked.busy = Busy::Idle;
        let is_gone = tracked.is_gone();
        let record = &mut tracked.record;
        match outcome {
            ReadOutcome::Interrupted => return,
            ReadOutcome::Stored { content, version } => {
                let version = version.or(seen.map(unsettled));
                (record.content, record.version, record.stage, record.since) = (Some(content), version, FileStage::Done, now);
                (record.attempts, record.next_try, record.error) = (0, None, None);
                tracked.is_stale = false;
            }
            // It could not be read because it is gone.
            ReadOutcome::Failed { .. } if is_gone => return,
            ReadOutcome::Failed { error, worth_a_retry } => {
                record.attempts += 1;
                let most = if worth_a_retry { PATIENT_ATTEMPTS } else { ATTEMPTS };
                let wait = FIRST_RETRY.saturating_mul(4u32.saturating_pow(record.attempts - 1)).min(LAST_RETRY);
                record.next_try = (record.attempts < most).then(|| now + wait);
                (record.version, record.stage, record.since, record.error) = (seen, FileStage::Failed, now, Some(error));
                tracked.is_stale = record.next_try.is_none() && !worth_a_retry && record.content.is_some();
            }
        }
        if changed {
            tracked.record.version = None;
            tracked.queue(now);
        }
        self.unsaved.insert(source.to_owned());
    }

    /// The hash of a file that may be another one with a new name; `None` when it cannot be read.
    pub(super) fn on_hashed(&mut self, source: &str, hashed: Option<(String, Option<FileVersion>)>) {
        if let Some(tracked) = self.files.get_mut(source).filter(|tracked| tracked.has_document()) {
            let is_same = hashed.as_ref().is_some_and(|(content, _)| tracked.record.content.as_ref() == Some(content));
            (tracked.busy, tracked.is_no_rename) = (Busy::Idle, true);
            if is_same {
                tracked.record.stage = FileStage::Done;
            }
            return;
        }
        let of_same_format = |other: &str| Format::of_path(source.as_ref()) == Format::of_path(other.as_ref());
        let from = hashed.as_ref().and_then(|(content, _)| {
            let same = |tracked: &&Tracked| {
                let is_free = tracked.is_gone() && tracked.busy == Busy::Idle && !self.confirmed.contains(&tracked.record.source);
                is_free && tracked.record.content.as_ref() == Some(content) && of_same_format(&tracked.record.source)
            };
            self.files.values().find(same).map(|tracked| tracked.record.source.clone())
        });
        let Some(tracked) = self.files.get_mut(source).filter(|tracked| tracked.busy == Busy::Hashing) else { return };
        let (Some(from), Some((_, version))) = (from, hashed) else {
            (tracked.busy, tracked.is_no_rename) = (Busy::Idle, true);
            return;
        };
        tracked.busy = Busy::Renaming;
        if let Some(old) = self.files.get_mut(&from) {
            old.busy = Busy::Renaming;
        }
        self.renames.push((from, source.to_owned(), version));
    }

    /// Whether a document has its other name now.
    pub(super) fn on_renamed(
        &mut self,
        (from, to): (&str, &str),
        version: Option<FileVersion>,
        renamed: Renamed,
        now: UnixMillis,
    ) {
        if let Some(tracked) = self.files.get_mut(to) {
            (tracked.busy, tracked.is_no_rename) = (Busy::Idle, true);
        }
        if renamed != Renamed::Done {
            if let Some(old) = self.files.get_mut(from) {
                old.busy = Busy::Idle;
                if renamed == Renamed::NoDocument {
                    // Another process was quicker.
                    old.record.content = None;
                }
            }
            return;
        }
        let Some(old) = self.files.remove(from) else { return };
        if old.presence == Presence::Here
            && let (Some(file), Some(seen)) = (old.file, old.seen)
        {
            // It is there again; its document is not.
            self.appear(file, seen, now, now);
        } else {
            self.unsaved.remove(from);
            self.forgotten.insert(from.to_owned());
        }
        if let Some(tracked) = self.files.get_mut(to) {
            let known = version.or(tracked.seen.map(unsettled));
            tracked.record = FileRecord { source: to.to_owned(), version: known, stage: FileStage::Done, since: now, ..old.record };
            (tracked.record.attempts, tracked.record.next_try, tracked.record.error) = (0, None, None);
            if version.is_some_and(|version| tracked.seen != Some(version)) {
                tracked.queue(now);
            }
            self.unsaved.insert(to.to_owned());
        }
    }

    /// These documents are deleted, or could not be.
    pub(super) fn on_removed(&mut self, sources: &[String], done: bool, now: UnixMillis) {
        for source in sources {
            let Some(tracked) = self.files.get_mut(source) else { continue };
            tracked.busy = Busy::Idle;
            if !done {
                continue;
            }
            self.confirmed.remove(source);
            tracked.record.content = None;
            tracked.is_stale = false;
            if tracked.is_gone() {
                self.files.remove(source);
                self.unsaved.remove(source);
                self.forgotten.insert(source.clone());
            } else {
                // It came back in time to be read again.
                if tracked.record.stage == FileStage::Done {
                    tracked.record.version = None;
                    tracked.queue(now);
                }
                self.unsaved.insert(source.clone());
            }
        }
        if done {
            self.guard.note(sources.len(), now);
            self.settle_identity();
        }
    }

    /// Takes up to `most` files to read that share what holds for them, those that wait longest or shortest first.
    pub(super) fn take_reads(&mut self, most: usize, newest: bool, now: UnixMillis) -> Vec<Reading> {
        if most == 0 || !matches!(self.root, RootState::Here | RootState::Replaced(_)) {
            return Vec::new();
        }
        let gone = self.sizes_of_gone();
        let waits = |tracked: &Tracked| {
            tracked.may_be_a_rename() && tracked.seen.is_some_and(|seen| gone.contains_key(&seen.size))
        };
        let due = self.files.values().filter(|tracked| tracked.is_due(now) && !waits(tracked));
        let mut due: Vec<(UnixMillis, &str)> = due.map(|t| (t.record.since, t.record.source.as_str())).collect();
        if newest {
            due.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        } else {
            due.sort_unstable();
        }
        let mut readings: Vec<Reading> = Vec::new();
        let due: Vec<String> = due.into_iter().map(|(_, source)| source.to_owned()).collect();
        for source in due {
            if readings.len() == most {
                break;
            }
            let Some(tracked) = self.files.get_mut(&source) else { continue };
            let Some(file) = tracked.file.clone() else { continue };
            let (label, metadata) = (tracked.record.label.clone(), tracked.record.metadata.clone());
            if readings.first().is_some_and(|first| (&first.label, &first.metadata) != (&label, &metadata)) {
                continue;
            }
            tracked.busy = Busy::Reading { seen: tracked.seen, changed: false };
            readings.push(Reading { file, label, metadata });
        }
        readings
    }

    /// How many gone documents there are of each size.
    fn sizes_of_gone(&self) -> HashMap<u64, usize> {
        let mut sizes = HashMap::new();
        let gone = self.files.values().filter(|tracked| tracked.is_gone() && tracked.has_document());
        for size in gone.filter_map(Tracked::size) {
            *sizes.entry(size).or_default() += 1;
        }
        sizes
    }

    /// Takes the files whose hashes may show that they are others with new names; with `check`, also those that may have
    /// changed, where nobody is going to read them.
    pub(super) fn take_hashes(&mut self, check: bool) -> Vec<SourceFile> {
        let gone = self.sizes_of_gone();
        if (gone.is_empty() && !check) || !matches!(self.root, RootState::Here | RootState::Replaced(_)) {
            return Vec::new();
        }
        let mut taken = Vec::new();
        for tracked in self.files.values_mut() {
            let may_be = tracked.may_be_a_rename() && tracked.seen.is_some_and(|seen| gone.contains_key(&seen.size));
            if (may_be || check && tracked.is_unchecked())
                && tracked.busy == Busy::Idle
                && let Some(file) = tracked.file.clone()
            {
                tracked.busy = Busy::Hashing;
                taken.push(file);
            }
        }
        taken
    }

    /// Takes the documents that get another name: the old one, the new one, and the state that was hashed.
    pub(super) fn take_renames(&mut self) -> Vec<(String, String, Option<FileVersion>)> {
        std::mem::take(&mut self.renames)
    }

    /// Takes the documents that are to be deleted, unless that needs a confirmation.
    pub(super) fn take_removals(&mut self, now: UnixMillis) -> Vec<String> {
        let is_here = self.root == RootState::Here;
        if matches!(self.root, RootState::Unknown | RootState::Unreachable(_)) {
            return Vec::new();
        }
        let new: HashSet<u64> = self
            .files
            .values()
            .filter(|tracked| tracked.may_be_a_rename())
            .filter_map(|tracked| Some(tracked.seen?.size))
            .collect();
        let (mut ready, mut without, mut documents, mut first_gone) = (Vec::new(), Vec::new(), 0, now);
        for (source, tracked) in &self.files {
            documents += usize::from(tracked.has_document());
            if tracked.busy != Busy::Idle {
                continue;
            }
            match tracked.presence {
                Presence::Gone(_) if !tracked.has_document() => without.push(source.clone()),
                Presence::Gone(since) if now.since(since) >= GRACE => {
                    if !tracked.size().is_some_and(|size| new.contains(&size)) {
                        first_gone = first_gone.min(since);
                        ready.push(source.clone());
                    }
                }
                Presence::Here if tracked.is_stale => ready.push(source.clone()),
                _ => {}
            }
        }
        let (mut take, rest): (Vec<_>, Vec<_>) = ready.into_iter().partition(|source| self.confirmed.contains(source));
        let is_quiet = now.since(self.last_gone) >= QUIET || now.since(first_gone) >= PATIENCE;
        let admitted = self.allow_mass_delete || is_here && self.guard.admits(rest.len(), documents, now);
        if is_here && rest.len() > FEW && !is_quiet && self.held.is_none() {
            // More may follow; then it is another question.
        } else if rest.is_empty() || admitted {
            self.held = None;
            take.extend(rest);
        } else {
            let since = self.held.map_or(now, |held| held.since);
            self.held = Some(Held { documents: rest.len(), since });
        }
        for source in without {
            if !(is_here || self.allow_mass_delete || self.confirmed.contains(&source)) {
                continue;
            }
            self.files.remove(&source);
            self.unsaved.remove(&source);
            self.confirmed.remove(&source);
            self.forgotten.insert(source);
        }
        for source in &take {
            if let Some(tracked) = self.files.get_mut(source) {
                tracked.busy = Busy::Removing;
            }
        }
        take
    }

    /// Takes what the store does not know yet: records, and sources that are forgotten.
    pub(super) fn take_unsaved(&mut self) -> (Vec<FileRecord>, Vec<String>) {
        let unsaved = std::mem::take(&mut self.unsaved);
        let records = unsaved.iter().filter_map(|source| Some(self.files.get(source)?.record.clone()));
        (records.collect(), std::mem::take(&mut self.forgotten).into_iter().collect())
    }

    /// These could not be saved.
    pub(super) fn not_saved(&mut self, records: Vec<FileRecord>, forgotten: Vec<String>) {
        self.unsaved.extend(records.into_iter().map(|record| record.source));
        self.forgotten.extend(forgotten.into_iter().filter(|source| !self.files.contains_key(source)));
    }

    /// When there is something to be done without a further event.
    pub(super) fn wake_at(&self, now: UnixMillis) -> Option<UnixMillis> {
        const SOON: Duration = Duration::from_millis(50);
        let is_waiting = |tracked: &Tracked| (tracked.is_gone() || tracked.is_stale) && tracked.busy == Busy::Idle;
        let removals = self.held.is_none() && !matches!(self.root, RootState::Unknown | RootState::Unreachable(_));
        if removals && self.files.values().any(is_waiting) {
            return Some(now + SOON);
        }
        let failed = self.files.values().filter(|tracked| {
            tracked.record.stage == FileStage::Failed && tracked.presence == Presence::Here && tracked.busy == Busy::Idle
        });
        failed.filter_map(|tracked| tracked.record.next_try).min()
    }

    /// What stands in the folder's place.
    pub(super) fn root(&self) -> &RootState {
        &self.root
    }

    /// The folder whose deletions count.
    pub(super) fn identity(&self) -> Option<&String> {
        self.identity.as_ref()
    }

    /// The last whole comparison.
    pub(super) fn compared(&self) -> Option<UnixMillis> {
        self.compared
    }

    /// What it could not use.
    pub(super) fn problems(&self) -> &[FileError] {
        &self.problems
    }

    /// Deletions that wait for a confirmation.
    pub(super) fn held(&self) -> Option<Held> {
        self.held
    }

    /// The files with how far they are.
    pub(super) fn states(&self) -> impl Iterator<Item = (FileState, &FileRecord)> {
        self.files.values().map(|tracked| (state(tracked), &tracked.record))
    }

    /// How far a file is.
    pub(super) fn state(&self, source: &str) -> Option<(FileState, &FileRecord)> {
        self.files.get(source).map(|tracked| (state(tracked), &tracked.record))
    }

    /// How many files are how far.
    pub(super) fn counts(&self) -> FileCounts {
        let mut counts = FileCounts::default();
        for (state, _) in self.states() {
            match state {
                FileState::Failed => counts.failed += 1,
                FileState::Reading => counts.reading += 1,
                FileState::Queued => counts.queued += 1,
                FileState::Gone => counts.gone += 1,
                FileState::Done => counts.done += 1,
            }
        }
        counts
    }

    /// Since when the file waits that waits longest.
    pub(super) fn oldest(&self) -> Option<UnixMillis> {
        let waiting = self.states().filter(|(state, _)| matches!(state, FileState::Queued | FileState::Reading));
        waiting.map(|(_, record)| record.since).min()
    }

    /// Whether the folder was looked at, and nothing of it is being hashed or renamed.
    pub(super) fn is_compared(&self, check: bool) -> bool {
        let is_known = match self.root {
            RootState::Unknown => false,
            RootState::Here | RootState::Replaced(_) => self.compared.is_some(),
            RootState::Gone(_) | RootState::Unreachable(_) => true,
        };
        let gone = self.sizes_of_gone();
        is_known
            && !self.files.values().any(|tracked| {
                let may_be = tracked.may_be_a_rename() && tracked.seen.is_some_and(|seen| gone.contains_key(&seen.size));
                may_be || check && tracked.is_unchecked() || matches!(tracked.busy, Busy::Hashing | Busy::Renaming)
            })
    }

    /// Whether everything that can be done has been done once.
    pub(super) fn is_settled(&self) -> bool {
        let is_idle = |tracked: &Tracked| match state(tracked) {
            FileState::Done | FileState::Failed => !tracked.is_stale || self.held.is_some(),
            FileState::Gone => self.held.is_some(),
            FileState::Queued | FileState::Reading => false,
        };
        match &self.root {
            RootState::Unknown => false,
            RootState::Here | RootState::Replaced(_) => self.compared.is_some() && self.files.values().all(is_idle),
            RootState::Gone(_) => self.files.values().all(|t| t.busy == Busy::Idle && (self.held.is_some() || !t.has_document())),
            RootState::Unreachable(_) => self.files.values().all(|t| t.busy == Busy::Idle),
        }
    }
}

/// A state that another one could look like: it is none that is ever seen, but its size is known.
fn unsettled(version: FileVersion) -> FileVersion {
    FileVersion { modified: i64::MIN, ..version }
}

fn state(tracked: &Tracked) -> FileState {
    match (tracked.busy, tracked.presence, tracked.record.stage) {
        (Busy::Idle, Presence::Gone(_), _) | (Busy::Removing, ..) => FileState::Gone,
        (Busy::Reading { .. } | Busy::Hashing | Busy::Renaming, ..) => FileState::Reading,
        (_, _, FileStage::Queued) => FileState::Queued,
        (_, _, FileStage::Failed) => FileState::Failed,
        (_, _, FileStage::Done) => FileState::Done,
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
