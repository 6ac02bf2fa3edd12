//! One file of a mirrored folder.

use crate::{
    rag::ingest::SourceFile,
    store::{FileRecord, FileStage, FileVersion},
    util::time::UnixMillis,
};

/// Whether a file is in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Not looked at since the start.
    Unseen,
    Here,
    /// Since then.
    Gone(UnixMillis),
}

/// What is being done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Busy {
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
pub(super) struct Tracked {
    pub(super) record: FileRecord,
    pub(super) file: Option<SourceFile>,
    pub(super) seen: Option<FileVersion>,
    /// When the look began that saw it last.
    pub(super) seen_at: UnixMillis,
    pub(super) presence: Presence,
    pub(super) busy: Busy,
    /// It has no other's content.
    pub(super) is_no_rename: bool,
    /// Its document is of a state that is gone, and what is there now cannot be read.
    pub(super) is_stale: bool,
}

impl Tracked {
    pub(super) fn new(record: FileRecord) -> Self {
        let (presence, busy) = (Presence::Unseen, Busy::Idle);
        Self {
            record,
            file: None,
            seen: None,
            seen_at: UnixMillis(i64::MIN),
            presence,
            busy,
            is_no_rename: false,
            is_stale: false,
        }
    }

    pub(super) fn queue(&mut self, now: UnixMillis) {
        self.record.stage = FileStage::Queued;
        self.record.attempts = 0;
        self.record.next_try = None;
        self.record.error = None;
        self.record.since = now;
    }

    pub(super) fn has_document(&self) -> bool {
        self.record.content.is_some()
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self.presence, Presence::Gone(_))
    }

    /// Size of the state that its document was made from, or that was seen last.
    pub(super) fn size(&self) -> Option<u64> {
        self.record.version.or(self.seen).map(|version| version.size)
    }

    /// Whether it may be another file with a new name.
    pub(super) fn may_be_a_rename(&self) -> bool {
        let fresh = self.record.stage == FileStage::Queued && !self.has_document() && !self.is_no_rename;
        fresh && self.presence == Presence::Here && matches!(self.busy, Busy::Idle | Busy::Hashing)
    }

    /// Whether nobody knows if it has changed.
    pub(super) fn is_unchecked(&self) -> bool {
        let is_queued = self.record.stage == FileStage::Queued && self.has_document();
        is_queued && self.presence == Presence::Here && !self.is_no_rename
    }

    pub(super) fn is_due(&self, now: UnixMillis) -> bool {
        let due = match self.record.stage {
            FileStage::Queued => true,
            FileStage::Failed => self.record.next_try.is_some_and(|at| at <= now),
            FileStage::Done => false,
        };
        due && self.presence == Presence::Here && self.busy == Busy::Idle && self.file.is_some()
    }
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

/// A state that another one could look like: it is none that is ever seen, but its size is known.
pub(super) fn unsettled(version: FileVersion) -> FileVersion {
    FileVersion { modified: i64::MIN, ..version }
}

pub(super) fn state(tracked: &Tracked) -> FileState {
    match (tracked.busy, tracked.presence, tracked.record.stage) {
        (Busy::Idle, Presence::Gone(_), _) | (Busy::Removing, ..) => FileState::Gone,
        (Busy::Reading { .. } | Busy::Hashing | Busy::Renaming, ..) => FileState::Reading,
        (_, _, FileStage::Queued) => FileState::Queued,
        (_, _, FileStage::Failed) => FileState::Failed,
        (_, _, FileStage::Done) => FileState::Done,
    }
}
