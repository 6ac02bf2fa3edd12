//! Search structures that are derived from the store: they can be thrown away and are rebuilt from it.
//!
//! An index carries the [`Stamp`] of the state that it mirrors and follows the store through [`ChangeFeed`]: missing,
//! damaged, stale or of another format all mean the same, namely that there is more to follow. An engine that brings its
//! own indexes implements [`Search`] itself.

mod error;
pub mod lexical;
pub mod vector;

use std::path::Path;

pub use error::IndexError;
use lexical::LexicalIndex;
use vector::{VectorIndex, VectorOptions};

use crate::model::{Changes, ChunkId, Hit, Scope, Stamp, Want};

/// Chunks that are followed in one step: bounds the memory of a rebuild.
const PAGE: usize = 8_192;

/// Attempts to apply a page while another process does the same.
const ATTEMPTS: usize = 100;

/// What an index needs to know of the store.
pub trait ChangeFeed {
    /// The newest state.
    fn stamp(&self) -> Result<Stamp, IndexError>;

    /// What happened after `from` (`None`: since the DB was empty), about `limit` chunks of it; `None` when nothing did.
    fn changes(&self, from: Option<&Stamp>, want: Want, limit: usize) -> Result<Option<Changes>, IndexError>;
}

/// What following did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FollowReport {
    /// Chunks added to the indexes.
    pub added: usize,
    /// Chunks removed from them.
    pub removed: usize,
    /// Whether an index was started anew.
    pub rebuilt: bool,
}

/// Searches one DB. All methods block; all may be called from several threads at once.
pub trait Search: Send + Sync {
    /// The `k` chunks that fit the words best, by BM25.
    fn lexical(&self, text: &str, k: usize, scope: &Scope) -> Result<Vec<Hit>, IndexError>;

    /// The `k` chunks whose vectors are nearest, by cosine.
    fn nearest(&self, vector: &[f32], k: usize, scope: &Scope) -> Result<Vec<Hit>, IndexError>;

    /// Cosine of these chunks; `None` for those that are not indexed.
    fn similarities(&self, vector: &[f32], ids: &[ChunkId]) -> Vec<Option<f32>>;

    /// Catches up with the store.
    fn follow(&self, feed: &dyn ChangeFeed) -> Result<FollowReport, IndexError>;

    /// Whether this state of the store is mirrored.
    fn is_current(&self, stamp: &Stamp) -> bool;

    /// Writes to disk what is worth finding there at the next start.
    fn save(&self) -> Result<(), IndexError>;
}

/// The embedded search: a lexical and a vector index side by side.
pub struct EmbeddedSearch {
    lexical: LexicalIndex,
    vector: VectorIndex,
}

impl EmbeddedSearch {
    /// Opens the indexes in this folder; what is missing or unusable starts empty.
    ///
    /// # Errors
    /// When the folder cannot be used at all.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        Ok(Self {
            lexical: LexicalIndex::open(&folder.join("lexical"))?,
            vector: VectorIndex::open(&folder.join("vector"), VectorOptions::default())?,
        })
    }
}

impl Search for EmbeddedSearch {
    fn lexical(&self, text: &str, k: usize, scope: &Scope) -> Result<Vec<Hit>, IndexError> {
        self.lexical.search(text, k, scope)
    }

    fn nearest(&self, vector: &[f32], k: usize, scope: &Scope) -> Result<Vec<Hit>, IndexError> {
        self.vector.search(vector, k, scope)
    }

    fn similarities(&self, vector: &[f32], ids: &[ChunkId]) -> Vec<Option<f32>> {
        self.vector.similarities(vector, ids)
    }

    fn follow(&self, feed: &dyn ChangeFeed) -> Result<FollowReport, IndexError> {
        let mut report = FollowReport::default();
        follow(&self.lexical, feed, Want::Text, &mut report)?;
        let mut of_vectors = FollowReport::default();
        follow(&self.vector, feed, Want::Vector, &mut of_vectors)?;
        report.rebuilt |= of_vectors.rebuilt;
        Ok(report)
    }

    fn is_current(&self, stamp: &Stamp) -> bool {
        self.lexical.stamp().as_ref() == Some(stamp) && self.vector.stamp().as_ref() == Some(stamp)
    }

    fn save(&self) -> Result<(), IndexError> {
        self.vector.save()
    }
}

/// An index that can be brought from one state to the next.
trait Follower {
    /// The state that it mirrors, after a look at what other processes did.
    fn stamp(&self) -> Result<Option<Stamp>, IndexError>;

    /// Applies what leads from `from` to `changes.to`.
    ///
    /// # Errors
    /// [`IndexError::Conflict`] when the index is not at `from` (any more).
    fn apply(&self, from: Option<&Stamp>, changes: Changes) -> Result<(), IndexError>;

    /// Forgets everything.
    ///
    /// # Errors
    /// When files cannot be removed.
    fn clear(&self) -> Result<(), IndexError>;
}

fn follow(
    index: &dyn Follower,
    feed: &dyn ChangeFeed,
    want: Want,
    report: &mut FollowReport,
) -> Result<(), IndexError> {
    let newest = feed.stamp()?;
    let mut attempts = ATTEMPTS;
    loop {
        let stamp = index.stamp()?;
        if stamp.as_ref() == Some(&newest) {
            return Ok(());
        }
        // Of another DB, or of a state that the store never had (it was restored from a backup).
        if stamp.as_ref().is_some_and(|stamp| stamp.db != newest.db || stamp.revision > newest.revision) {
            index.clear()?;
            report.rebuilt = true;
            continue;
        }
        let Some(changes) = feed.changes(stamp.as_ref(), want, PAGE)? else {
            // An empty DB at revision 0 has no changes; mirror that, too.
            let nothing = Changes { to: newest.clone(), added: Vec::new(), removed: Vec::new() };
            return index.apply(stamp.as_ref(), nothing);
        };
        let (added, removed) = (changes.added.len(), changes.removed.len());
        match index.apply(stamp.as_ref(), changes) {
            Ok(()) => {
                report.added += added;
                report.removed += removed;
            }
            Err(IndexError::Conflict) if attempts > 0 => {
                // Another process is at it, and brings the index to where we want it.
                attempts -= 1;
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            Err(error) => return Err(error),
        }
    }
}
