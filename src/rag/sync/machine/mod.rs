//! What is known of a mirrored folder, and what follows from it. Nothing here touches a disk or a clock.
//!
//! A file is there or gone, and its document is as it is or not. What is seen of the folder, and what became of the work, are
//! events; the work that is to be done now is taken out. A file is worked on once at a time; what happens to it meanwhile is
//! looked at afterwards. A file that is gone and another of the same content that is new are one file with another name.

mod events;
mod file;
mod work;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use file::{Busy, Presence, Tracked, state};
pub use file::{FileCounts, FileState};

use super::guard::MassDeletionGuard;
use crate::{
    rag::ingest::{FileError, Look, RootSight, Scope, SourceFile, is_settled},
    store::{FileRecord, FileStage, FileVersion},
    util::time::UnixMillis,
};

/// Most problems of a comparison that are kept.
const MOST_PROBLEMS: usize = 100;

/// What stands in the folder's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rag::sync) enum RootState {
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
pub(in crate::rag::sync) struct Held {
    pub(in crate::rag::sync) documents: usize,
    pub(in crate::rag::sync) since: UnixMillis,
}

/// A file to be read.
#[derive(Debug, Clone)]
pub(in crate::rag::sync) struct Reading {
    pub(in crate::rag::sync) file: SourceFile,
    pub(in crate::rag::sync) label: Option<String>,
    pub(in crate::rag::sync) metadata: Option<String>,
}

/// What became of reading a file.
#[derive(Debug, Clone)]
pub(in crate::rag::sync) enum ReadOutcome {
    /// Its document is stored.
    Stored { content: String, version: Option<FileVersion> },
    /// It could not be.
    Failed {
        error: String,
        /// The same content may be stored another time.
        worth_a_retry: bool,
    },
    /// It was not tried.
    Interrupted,
}

/// The state of a mirrored folder.
#[derive(Debug)]
pub(in crate::rag::sync) struct Machine {
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
    pub(in crate::rag::sync) fn new(
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
    pub(in crate::rag::sync) fn on_root(&mut self, sight: RootSight, now: UnixMillis) -> bool {
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
    pub(in crate::rag::sync) fn on_look(&mut self, look: Look, began: UnixMillis, now: UnixMillis) {
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

    /// What stands in the folder's place.
    pub(in crate::rag::sync) fn root(&self) -> &RootState {
        &self.root
    }

    /// The folder whose deletions count.
    pub(in crate::rag::sync) fn identity(&self) -> Option<&String> {
        self.identity.as_ref()
    }

    /// The last whole comparison.
    pub(in crate::rag::sync) fn compared(&self) -> Option<UnixMillis> {
        self.compared
    }

    /// What it could not use.
    pub(in crate::rag::sync) fn problems(&self) -> &[FileError] {
        &self.problems
    }

    /// Deletions that wait for a confirmation.
    pub(in crate::rag::sync) fn held(&self) -> Option<Held> {
        self.held
    }

    /// The files with how far they are.
    pub(in crate::rag::sync) fn states(&self) -> impl Iterator<Item = (FileState, &FileRecord)> {
        self.files.values().map(|tracked| (state(tracked), &tracked.record))
    }

    /// How far a file is.
    pub(in crate::rag::sync) fn state(&self, source: &str) -> Option<(FileState, &FileRecord)> {
        self.files.get(source).map(|tracked| (state(tracked), &tracked.record))
    }

    /// How many files are how far.
    pub(in crate::rag::sync) fn counts(&self) -> FileCounts {
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
    pub(in crate::rag::sync) fn oldest(&self) -> Option<UnixMillis> {
        let waiting = self.states().filter(|(state, _)| matches!(state, FileState::Queued | FileState::Reading));
        waiting.map(|(_, record)| record.since).min()
    }

    /// Whether the folder was looked at, and nothing of it is being hashed or renamed.
    pub(in crate::rag::sync) fn is_compared(&self, check: bool) -> bool {
        let is_known = match self.root {
            RootState::Unknown => false,
            RootState::Here | RootState::Replaced(_) => self.compared.is_some(),
            RootState::Gone(_) | RootState::Unreachable(_) => true,
        };
        let gone = self.sizes_of_gone();
        is_known
            && !self.files.values().any(|tracked| {
                let may_be =
                    tracked.may_be_a_rename() && tracked.seen.is_some_and(|seen| gone.contains_key(&seen.size));
                may_be || check && tracked.is_unchecked() || matches!(tracked.busy, Busy::Hashing | Busy::Renaming)
            })
    }

    /// Whether everything that can be done has been done once.
    pub(in crate::rag::sync) fn is_settled(&self) -> bool {
        let is_idle = |tracked: &Tracked| match state(tracked) {
            FileState::Done | FileState::Failed => !tracked.is_stale || self.held.is_some(),
            FileState::Gone => self.held.is_some(),
            FileState::Queued | FileState::Reading => false,
        };
        match &self.root {
            RootState::Unknown => false,
            RootState::Here | RootState::Replaced(_) => self.compared.is_some() && self.files.values().all(is_idle),
            RootState::Gone(_) => {
                self.files.values().all(|t| t.busy == Busy::Idle && (self.held.is_some() || !t.has_document()))
            }
            RootState::Unreachable(_) => self.files.values().all(|t| t.busy == Busy::Idle),
        }
    }
}
