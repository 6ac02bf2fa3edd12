//! The guard against mass deletion: an unmounted drive looks like a folder from which everything was deleted.

use std::{collections::VecDeque, time::Duration};

use crate::util::time::UnixMillis;

/// So many documents may go at once, whatever their share is.
pub(super) const FEW: usize = 5;

/// Deletions within this time belong together.
const WINDOW: Duration = Duration::from_secs(60);

/// With more than a few files gone, it is waited for the end of it: so long without a further one.
pub(super) const QUIET: Duration = Duration::from_millis(300);

/// The longest wait for that.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Remembers what was deleted lately.
#[derive(Debug, Default)]
pub(super) struct MassDeletionGuard {
    deleted: VecDeque<(UnixMillis, usize)>,
}

impl MassDeletionGuard {
    /// Whether so many of these documents may be deleted now: not when they are, with those of the last minute, most of what
    /// there was, and more than a few.
    pub(super) fn admits(&mut self, gone: usize, documents: usize, now: UnixMillis) -> bool {
        self.deleted.retain(|(at, _)| now.since(*at) < WINDOW);
        let lately: usize = self.deleted.iter().map(|(_, number)| number).sum();
        let (gone, before) = (gone + lately, documents + lately);
        gone <= FEW || gone * 2 < before
    }

    /// Notes that documents were deleted.
    pub(super) fn note(&mut self, deleted: usize, now: UnixMillis) {
        if deleted > 0 {
            self.deleted.push_back((now, deleted));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    #[test]
    fn a_few_may_go_and_a_minority_may_go() {
        let mut guard = MassDeletionGuard::default();
        assert!(guard.admits(5, 5, NOW) && guard.admits(49, 100, NOW));
        assert!(!guard.admits(6, 6, NOW) && !guard.admits(50, 100, NOW));
    }

    #[test]
    fn slices_of_a_mass_deletion_are_one() {
        let mut guard = MassDeletionGuard::default();
        guard.note(40, NOW);
        assert!(!guard.admits(10, 60, NOW + Duration::from_secs(30)));
        assert!(guard.admits(10, 60, NOW + Duration::from_secs(61)));
    }

    proptest! {
        #[test]
        fn however_they_come_never_most_go_within_a_minute(documents in 12usize..500, slices in prop::collection::vec(1usize..50, 1..60)) {
            let (mut guard, mut left) = (MassDeletionGuard::default(), documents);
            for (n, slice) in slices.into_iter().enumerate() {
                let now = NOW + Duration::from_millis(900 * n as u64);
                if slice <= left && guard.admits(slice, left, now) {
                    guard.note(slice, now);
                    left -= slice;
                }
            }
            prop_assert!(left * 2 > documents);
        }
    }
}
