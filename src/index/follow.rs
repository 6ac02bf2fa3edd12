//! How an index catches up with the store, whoever else writes to either meanwhile.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{ChangeFeed, FollowReport, IndexError};
use crate::domain::{ChangeSet, Changes, Stamp, Want};

/// Chunks that are followed in one step: bounds the memory of a rebuild.
const PAGE: usize = 8_192;

/// How long another process may hold an index without moving it on.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pauses between looks at an index that another process holds.
const PAUSE: Duration = Duration::from_millis(10);

/// How long an index keeps what it needs for the next change after the last one.
pub(super) const REST_AFTER: Duration = Duration::from_secs(1);

/// An index that can be brought from one state to the next.
pub(super) trait Follower {
    /// Its name, for messages.
    fn name(&self) -> &'static str;

    /// The state that it is at, after a look at what other processes did.
    fn position(&self) -> Result<Option<Stamp>, IndexError>;

    /// Applies what leads from `from` to `changes.to`.
    ///
    /// # Errors
    /// [`IndexError::Conflict`] when the index is not at `from` (any more), or another process has it.
    fn apply(&self, from: Option<&Stamp>, changes: Changes) -> Result<(), IndexError>;

    /// Throws everything away. What searches see stays until the new index has [caught up](Self::publish).
    ///
    /// # Errors
    /// [`IndexError::Conflict`] when another process has the index.
    fn start_anew(&self) -> Result<(), IndexError>;

    /// Shows to searches what has been applied, whichever process did.
    fn publish(&self) -> Result<(), IndexError>;
}

/// Brings an index to the state that the store has now, or a newer one.
///
/// An index that fails is thrown away and built again, once; so is one of a state that the store never had. A disk that
/// cannot be written, and a store that cannot be read, are reported instead: building again would not help.
pub(super) fn follow(index: &dyn Follower, feed: &dyn ChangeFeed, want: Want) -> Result<FollowReport, IndexError> {
    follow_within(index, feed, want, PATIENCE)
}

/// The same, with the time that another process may hold the index without moving it on.
fn follow_within(
    index: &dyn Follower,
    feed: &dyn ChangeFeed,
    want: Want,
    patience: Duration,
) -> Result<FollowReport, IndexError> {
    let target = feed.newest()?;
    let mut report = FollowReport::default();
    let mut moved = Instant::now();
    loop {
        let mut error = match step(index, feed, want, &target, &mut report) {
            Ok(true) => return Ok(report),
            Ok(false) => {
                moved = Instant::now();
                continue;
            }
            Err(error) => error,
        };
        if error.is_of_the_index() && !report.rebuilt {
            tracing::warn!(index = index.name(), %error, "the index is unusable and is built again");
            error = match index.start_anew() {
                Ok(()) => {
                    report.rebuilt = true;
                    continue;
                }
                Err(error) => error,
            };
        }
        if !matches!(error, IndexError::Conflict) {
            return Err(error);
        }
        // Whoever is at it brings the index to where we want it, or lets go of it.
        if moved.elapsed() > patience {
            return Err(IndexError::InUse { index: index.name(), seconds: patience.as_secs() });
        }
        thread::sleep(PAUSE);
    }
}

/// One page. Returns whether `target` is reached and shown.
fn step(
    index: &dyn Follower,
    feed: &dyn ChangeFeed,
    want: Want,
    target: &Stamp,
    report: &mut FollowReport,
) -> Result<bool, IndexError> {
    let position = index.position()?;
    match feed.changes(position.as_ref(), want, PAGE)? {
        ChangeSet::Current => {
            index.publish()?;
            Ok(true)
        }
        ChangeSet::Foreign if report.rebuilt => Err(IndexError::Diverged { index: index.name() }),
        ChangeSet::Foreign => {
            index.start_anew()?;
            report.rebuilt = true;
            Ok(false)
        }
        ChangeSet::Next(changes) => {
            let (added, removed, reached) =
                (changes.added.len(), changes.removed.len(), changes.to.revision >= target.revision);
            index.apply(position.as_ref(), changes)?;
            report.added += added;
            report.removed += removed;
            if reached {
                index.publish()?;
            }
            Ok(reached)
        }
    }
}

#[cfg(test)]
#[path = "follow_tests.rs"]
mod tests;
