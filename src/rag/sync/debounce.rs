//! Events become paths to look at: a file that is being written is not read before its writer has paused.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use notify::{
    EventKind,
    event::{AccessKind, AccessMode, ModifyKind},
};

use crate::util::time::UnixMillis;

/// After a file was closed, renamed or removed.
const AFTER_END: Duration = Duration::from_millis(25);

/// After a change behind which more may follow.
const AFTER_CHANGE: Duration = Duration::from_millis(200);

/// A file that changes all the time is looked at all the same.
const AT_LAST: Duration = Duration::from_secs(1);

/// What an event says of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// It is complete: closed by its writer, renamed, removed.
    Ended,
    /// It changed, and may go on to.
    Changed,
}

impl Touch {
    /// What a kind of event says; `None` for one that changes nothing.
    pub(super) fn of(kind: &EventKind) -> Option<Self> {
        match kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Remove(_) => Some(Self::Ended),
            EventKind::Modify(ModifyKind::Name(_)) => Some(Self::Ended),
            EventKind::Access(_) => None,
            EventKind::Create(_) | EventKind::Modify(_) | EventKind::Any | EventKind::Other => Some(Self::Changed),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Pending {
    first: UnixMillis,
    due: UnixMillis,
}

/// Paths with events, until it is time to look at them.
#[derive(Debug, Default)]
pub(super) struct Debounce {
    pending: HashMap<PathBuf, Pending>,
}

impl Debounce {
    /// Takes in an event.
    pub(super) fn on(&mut self, path: PathBuf, touch: Touch, now: UnixMillis) {
        let pending = self.pending.entry(path).or_insert(Pending { first: now, due: now });
        let wait = match touch {
            Touch::Ended => AFTER_END,
            Touch::Changed => AFTER_CHANGE,
        };
        pending.due = (now + wait).min(pending.first + AT_LAST).max(now);
    }

    /// The paths whose time has come. All others that are complete by then come along: the two names of a renamed file have
    /// to be looked at together.
    pub(super) fn take(&mut self, now: UnixMillis) -> Vec<PathBuf> {
        if self.pending.values().all(|pending| pending.due > now) {
            return Vec::new();
        }
        let horizon = now + AFTER_END;
        let mut due: Vec<PathBuf> =
            self.pending.extract_if(|_, pending| pending.due <= horizon).map(|(path, _)| path).collect();
        due.sort_unstable();
        // What lies below another path is looked at with it.
        due.dedup_by(|later, earlier| later.starts_with(earlier));
        due
    }

    /// When to [take](Self::take) the next.
    pub(super) fn due(&self) -> Option<UnixMillis> {
        self.pending.values().map(|pending| pending.due).min()
    }

    /// Everything is going to be looked at.
    pub(super) fn clear(&mut self) {
        self.pending.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000);

    fn after(millis: u64) -> UnixMillis {
        NOW + Duration::from_millis(millis)
    }

    #[test]
    fn a_closed_file_is_looked_at_soon_and_a_growing_one_at_last() {
        let mut debounce = Debounce::default();
        debounce.on("a".into(), Touch::Changed, NOW);
        debounce.on("a".into(), Touch::Ended, after(10));
        assert_eq!((debounce.due(), debounce.take(after(30))), (Some(after(35)), vec![]));
        assert_eq!(debounce.take(after(35)), [Path::new("a")]);
        assert_eq!((debounce.take(after(900)), debounce.due()), (vec![], None));

        let mut looked_at = None;
        for millis in (0..3_000).step_by(100) {
            debounce.on("log".into(), Touch::Changed, after(millis));
            if !debounce.take(after(millis)).is_empty() {
                looked_at = looked_at.or(Some(millis));
            }
        }
        assert_eq!(looked_at, Some(1_000));
    }

    #[test]
    fn both_names_of_a_renamed_file_come_together_and_folders_once() {
        let mut debounce = Debounce::default();
        debounce.on("old".into(), Touch::Ended, NOW);
        debounce.on("new".into(), Touch::Ended, after(1));
        debounce.on("new/below".into(), Touch::Ended, after(2));
        debounce.on("growing".into(), Touch::Changed, NOW);
        assert_eq!(debounce.take(after(25)), [Path::new("new"), Path::new("old")]);
        assert_eq!(debounce.take(after(200)), [Path::new("growing")]);
    }
}
