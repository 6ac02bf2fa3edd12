//! What is to be done now.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::{
    Held, Machine, Reading, RootState,
    file::{Busy, Presence, Tracked},
};
use crate::{
    rag::{
        ingest::SourceFile,
        sync::guard::{FEW, PATIENCE, QUIET},
    },
    store::{FileRecord, FileStage, FileVersion},
    util::time::UnixMillis,
};

/// How long a file has to be gone: editors remove one and write another in its place.
const GRACE: Duration = Duration::from_millis(150);

impl Machine {
    /// Takes up to `most` files to read that share what holds for them, those that wait longest or shortest first.
    pub(in crate::rag::sync) fn take_reads(&mut self, most: usize, newest: bool, now: UnixMillis) -> Vec<Reading> {
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
    pub(super) fn sizes_of_gone(&self) -> HashMap<u64, usize> {
        let mut sizes = HashMap::new();
        let gone = self.files.values().filter(|tracked| tracked.is_gone() && tracked.has_document());
        for size in gone.filter_map(Tracked::size) {
            *sizes.entry(size).or_default() += 1;
        }
        sizes
    }

    /// Takes the files whose hashes may show that they are others with new names; with `check`, also those that may have
    /// changed, where nobody is going to read them.
    pub(in crate::rag::sync) fn take_hashes(&mut self, check: bool) -> Vec<SourceFile> {
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
    pub(in crate::rag::sync) fn take_renames(&mut self) -> Vec<(String, String, Option<FileVersion>)> {
        std::mem::take(&mut self.renames)
    }

    /// Takes the documents that are to be deleted, unless that needs a confirmation.
    pub(in crate::rag::sync) fn take_removals(&mut self, now: UnixMillis) -> Vec<String> {
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
                Presence::Gone(since)
                    if now.since(since) >= GRACE && !tracked.size().is_some_and(|size| new.contains(&size)) =>
                {
                    first_gone = first_gone.min(since);
                    ready.push(source.clone());
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
    pub(in crate::rag::sync) fn take_unsaved(&mut self) -> (Vec<FileRecord>, Vec<String>) {
        let unsaved = std::mem::take(&mut self.unsaved);
        let records = unsaved.iter().filter_map(|source| Some(self.files.get(source)?.record.clone()));
        (records.collect(), std::mem::take(&mut self.forgotten).into_iter().collect())
    }

    /// These could not be saved.
    pub(in crate::rag::sync) fn not_saved(&mut self, records: Vec<FileRecord>, forgotten: Vec<String>) {
        self.unsaved.extend(records.into_iter().map(|record| record.source));
        self.forgotten.extend(forgotten.into_iter().filter(|source| !self.files.contains_key(source)));
    }

    /// When there is something to be done without a further event.
    pub(in crate::rag::sync) fn wake_at(&self, now: UnixMillis) -> Option<UnixMillis> {
        const SOON: Duration = Duration::from_millis(50);
        let is_waiting = |tracked: &Tracked| (tracked.is_gone() || tracked.is_stale) && tracked.busy == Busy::Idle;
        let removals = self.held.is_none() && !matches!(self.root, RootState::Unknown | RootState::Unreachable(_));
        if removals && self.files.values().any(is_waiting) {
            return Some(now + SOON);
        }
        let failed = self.files.values().filter(|tracked| {
            tracked.record.stage == FileStage::Failed
                && tracked.presence == Presence::Here
                && tracked.busy == Busy::Idle
        });
        failed.filter_map(|tracked| tracked.record.next_try).min()
    }
}
