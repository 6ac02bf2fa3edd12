//! What was given and asked for, and what became of the work.

use std::{collections::HashSet, time::Duration};

use super::{
    Machine, ReadOutcome, RootState,
    file::{Busy, Presence, Tracked, unsettled},
};
use crate::{
    rag::{
        extract::Format,
        ingest::{Renamed, SourceFile},
    },
    store::{FileRecord, FileStage, FileVersion},
    util::time::UnixMillis,
};

/// Attempts to read what its content speaks against.
const ATTEMPTS: u32 = 4;

/// Attempts to read what something else than its content keeps from being stored: some two hours.
const PATIENT_ATTEMPTS: u32 = 18;

/// The first wait before another attempt.
const FIRST_RETRY: Duration = Duration::from_secs(2);

/// The longest.
const LAST_RETRY: Duration = Duration::from_secs(600);

impl Machine {
    /// A file was given from outside, with what holds for it, and is to be read whatever is known of it.
    pub(in crate::rag::sync) fn on_given(
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
    pub(in crate::rag::sync) fn on_dropped(&mut self, sources: &[String], now: UnixMillis) {
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
    pub(in crate::rag::sync) fn on_retry(&mut self, now: UnixMillis) {
        for tracked in self.files.values_mut().filter(|tracked| tracked.record.stage == FileStage::Failed) {
            tracked.record.next_try = Some(now);
        }
    }

    /// What is gone now may be deleted. Returns how many documents that are.
    pub(in crate::rag::sync) fn on_confirmed(&mut self) -> usize {
        let gone = self.files.values().filter(|tracked| tracked.is_gone() || tracked.is_stale);
        self.confirmed = gone.map(|tracked| tracked.record.source.clone()).collect();
        if let RootState::Replaced(id) = &self.root {
            self.identity = Some(id.clone());
            self.root = RootState::Here;
        }
        self.files.values().filter(|tracked| tracked.is_gone() && tracked.has_document()).count()
    }

    /// Another process has deleted these, and forgotten them.
    pub(in crate::rag::sync) fn on_stored(&mut self, records: &[FileRecord]) {
        let stored: HashSet<&str> = records.iter().map(|record| record.source.as_str()).collect();
        let unsaved = &self.unsaved;
        self.files.retain(|source, tracked| {
            let is_theirs = tracked.is_gone() && tracked.busy == Busy::Idle && !unsaved.contains(source);
            !is_theirs || stored.contains(source.as_str())
        });
    }

    /// What became of reading a file.
    pub(in crate::rag::sync) fn on_read(&mut self, source: &str, outcome: ReadOutcome, now: UnixMillis) {
        let Some(tracked) = self.files.get_mut(source) else { return };
        let Busy::Reading { seen, changed } = tracked.busy else { return };
        tracked.busy = Busy::Idle;
        let is_gone = tracked.is_gone();
        let record = &mut tracked.record;
        match outcome {
            ReadOutcome::Interrupted => return,
            ReadOutcome::Stored { content, version } => {
                let version = version.or(seen.map(unsettled));
                (record.content, record.version, record.stage, record.since) =
                    (Some(content), version, FileStage::Done, now);
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
                (record.version, record.stage, record.since, record.error) =
                    (seen, FileStage::Failed, now, Some(error));
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
    pub(in crate::rag::sync) fn on_hashed(&mut self, source: &str, hashed: Option<(String, Option<FileVersion>)>) {
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
                let is_free =
                    tracked.is_gone() && tracked.busy == Busy::Idle && !self.confirmed.contains(&tracked.record.source);
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
    pub(in crate::rag::sync) fn on_renamed(
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
            tracked.record =
                FileRecord { source: to.to_owned(), version: known, stage: FileStage::Done, since: now, ..old.record };
            (tracked.record.attempts, tracked.record.next_try, tracked.record.error) = (0, None, None);
            if version.is_some_and(|version| tracked.seen != Some(version)) {
                tracked.queue(now);
            }
            self.unsaved.insert(to.to_owned());
        }
    }

    /// These documents are deleted, or could not be.
    pub(in crate::rag::sync) fn on_removed(&mut self, sources: &[String], done: bool, now: UnixMillis) {
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
}
