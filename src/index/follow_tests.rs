use std::{cell::RefCell, collections::VecDeque, io};

use super::*;

fn stamp(revision: u64) -> Stamp {
    Stamp { db: "db".into(), revision }
}

/// A store that grows by one each time somebody reads it, up to `most`, as one does into which others write.
struct Growing {
    revision: RefCell<u64>,
    most: u64,
}

impl Growing {
    fn read(&self) -> u64 {
        let mut revision = self.revision.borrow_mut();
        let now = *revision;
        *revision = (now + 1).min(self.most);
        now
    }
}

impl ChangeFeed for Growing {
    fn newest(&self) -> Result<Stamp, IndexError> {
        Ok(stamp(self.read()))
    }

    fn changes(&self, from: Option<&Stamp>, _: Want, _: usize) -> Result<ChangeSet, IndexError> {
        let newest = self.read();
        Ok(match from {
            Some(from) if from.db != "db" || from.revision > newest => ChangeSet::Foreign,
            Some(from) if from.revision == newest => ChangeSet::Current,
            _ => ChangeSet::Next(Changes { to: stamp(newest), ..Changes::default() }),
        })
    }
}

#[derive(Default)]
struct Index {
    at: RefCell<Option<Stamp>>,
    shown: RefCell<Option<Stamp>>,
    begun: RefCell<u32>,
    /// What applying answers before it works.
    failures: RefCell<VecDeque<IndexError>>,
    /// Whether another process keeps the index from being thrown away.
    held: bool,
    /// Where another process brings the index when this one meets a conflict.
    other: RefCell<Option<Stamp>>,
}

impl Follower for Index {
    fn name(&self) -> &'static str {
        "test"
    }

    fn position(&self) -> Result<Option<Stamp>, IndexError> {
        Ok(self.at.borrow().clone())
    }

    fn apply(&self, from: Option<&Stamp>, changes: Changes) -> Result<(), IndexError> {
        if let Some(error) = self.failures.borrow_mut().pop_front() {
            if let Some(other) = self.other.borrow_mut().take() {
                *self.at.borrow_mut() = Some(other);
            }
            return Err(error);
        }
        assert_eq!(self.at.borrow().as_ref(), from);
        *self.at.borrow_mut() = Some(changes.to);
        Ok(())
    }

    fn start_anew(&self) -> Result<(), IndexError> {
        if self.held {
            return Err(IndexError::Conflict);
        }
        *self.begun.borrow_mut() += 1;
        *self.at.borrow_mut() = None;
        Ok(())
    }

    fn publish(&self) -> Result<(), IndexError> {
        *self.shown.borrow_mut() = self.at.borrow().clone();
        Ok(())
    }
}

fn store(revision: u64, most: u64) -> Growing {
    Growing { revision: RefCell::new(revision), most }
}

fn damaged() -> IndexError {
    IndexError::Damaged { path: "x".into(), detail: "as asked".into() }
}

#[test]
fn commits_while_it_follows_do_not_make_an_index_look_foreign() {
    let (index, feed) = (Index::default(), store(3, 40));
    for _ in 0..10 {
        let report = follow(&index, &feed, Want::Text).unwrap();
        assert!(!report.rebuilt);
    }
    assert_eq!(*index.begun.borrow(), 0, "it was never thrown away");
    assert!(index.shown.borrow().as_ref().unwrap().revision > 3);
}

#[test]
fn following_ends_however_fast_the_store_grows() {
    let index = Index::default();
    follow(&index, &store(1, u64::MAX), Want::Text).unwrap();
}

#[test]
fn an_index_that_fails_is_built_again_once() {
    let index = Index::default();
    index.failures.borrow_mut().push_back(damaged());
    assert!(follow(&index, &store(5, 5), Want::Text).unwrap().rebuilt);
    assert_eq!(*index.shown.borrow(), Some(stamp(5)));

    index.failures.borrow_mut().extend([damaged(), damaged()]);
    *index.at.borrow_mut() = Some(stamp(4));
    assert!(matches!(follow(&index, &store(5, 5), Want::Text), Err(IndexError::Damaged { .. })));
    assert_eq!(*index.begun.borrow(), 2);
}

#[test]
fn a_disk_that_is_full_throws_nothing_away() {
    let index = Index::default();
    *index.at.borrow_mut() = Some(stamp(4));
    index.failures.borrow_mut().push_back(IndexError::io("write", io::ErrorKind::StorageFull.into()));
    let error = follow(&index, &store(5, 5), Want::Text).unwrap_err();
    assert!(error.is_disk_full(), "{error}");
    assert_eq!((*index.begun.borrow(), index.at.borrow().clone()), (0, Some(stamp(4))));
}

#[test]
fn a_state_that_the_store_never_had_is_thrown_away() {
    let index = Index::default();
    for foreign in [stamp(9), Stamp { db: "another".into(), revision: 2 }] {
        *index.at.borrow_mut() = Some(foreign);
        assert!(follow(&index, &store(5, 5), Want::Text).unwrap().rebuilt);
        assert_eq!(*index.shown.borrow(), Some(stamp(5)));
    }
}

#[test]
fn what_another_process_did_meanwhile_is_taken_over() {
    let index = Index::default();
    index.failures.borrow_mut().extend([IndexError::Conflict, IndexError::Conflict]);
    *index.other.borrow_mut() = Some(stamp(5));
    let report = follow(&index, &store(5, 5), Want::Text).unwrap();
    assert_eq!((report.rebuilt, index.shown.borrow().clone()), (false, Some(stamp(5))));
}

#[test]
fn waiting_for_another_process_has_an_end_whatever_it_is_for() {
    // To write, to throw away what is damaged, to throw away what is foreign.
    let failures = [Some(IndexError::Conflict), Some(damaged()), None];
    for failure in failures {
        let index = Index { held: true, ..Index::default() };
        match failure {
            Some(error) => index.failures.borrow_mut().extend(std::iter::repeat_n(error, 9)),
            None => *index.at.borrow_mut() = Some(stamp(9)),
        }
        let error = follow_within(&index, &store(5, 5), Want::Text, Duration::ZERO).unwrap_err();
        assert!(matches!(error, IndexError::InUse { .. }), "{error}");
    }
}
