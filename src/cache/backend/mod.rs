//! Where entries are: candidates out, mutations in. What they mean is for [`SemanticCache`](super::SemanticCache) to say.
//!
//! Another engine implements [`CacheBackend`] in a file of its own and passes the contract's tests (`contract`).

#[cfg(test)]
pub(super) mod contract;
mod journal;
mod memory;
mod space;
mod table;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

pub use journal::{Journal, JournalError, JournalReport, KEY_BYTES, SealingKey, recorded_questions};
pub use memory::MemoryBackend;

use super::{Entry, Namespace, SimilarityPrior, entry::NewEntry, key::ExactKey};
use crate::{
    domain::{DbName, Stamp},
    util::time::UnixMillis,
};

/// An engine could not be asked. The cache then works as if it held nothing: slower, never wrong.
#[derive(Debug, thiserror::Error)]
#[error("the cache's store cannot be used: {0}")]
pub struct BackendError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// How much may be held, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most entries.
    pub entries: usize,
    /// Most bytes.
    pub bytes: usize,
    /// Longest age.
    pub ttl: Duration,
}

/// How much is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheSize {
    /// Entries.
    pub entries: usize,
    /// Their bytes, about.
    pub bytes: usize,
}

/// What to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clear {
    /// Everything.
    All,
    /// The answers from one DB.
    Db(DbName),
    /// One namespace, by its [name](Namespace::name).
    Namespace(String),
}

impl Clear {
    /// Whether entries of this namespace are meant.
    pub fn covers(&self, namespace: &Namespace) -> bool {
        match self {
            Self::All => true,
            Self::Db(db) => namespace.db() == db,
            Self::Namespace(name) => namespace.name() == *name,
        }
    }
}

/// A change of what is held. Made for one call and taken apart there: its size is on the stack only.
#[derive(Debug)]
#[expect(clippy::large_enum_variant)]
pub enum CacheMutation<'a> {
    /// Holds a new entry, unless a living one of the same words is held already: of a stampede, the first answer stays; the
    /// others say the same. What is too old goes, and then what was used least recently, until the bounds hold.
    Admit {
        /// The entry.
        entry: NewEntry,
        /// Its words.
        key: ExactKey,
        /// Unit vector of its question.
        vector: Option<&'a [f32]>,
        /// What may be held.
        bounds: Bounds,
        /// The time.
        now: UnixMillis,
    },
    /// An entry is right for this state of its DB.
    Confirm(&'a Entry, Stamp),
    /// An entry was tested at this similarity, and was right or wrong.
    Observe(&'a Entry, f32, bool),
    /// Further words lead to an entry, unless they lead to one already.
    Alias(&'a Entry, ExactKey),
    /// Removes an entry.
    Remove(&'a Entry),
    /// Removes entries by where they may be found.
    Clear(&'a Clear),
    /// Removes what is older than a time to live.
    Expire(UnixMillis, Duration),
    /// Removes what was used least recently, until the bounds hold.
    Shrink(Bounds),
}

/// What a mutation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheEffect {
    /// Entries that were removed because that was asked for.
    pub removed: usize,
    /// Entries that became too old.
    pub expired: usize,
    /// Entries that made room.
    pub evicted: usize,
}

/// Holds entries, and finds them by words and by vectors.
#[async_trait]
pub trait CacheBackend: Send + Sync {
    /// The entry that these words lead to; it may be too old.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn exact(&self, key: ExactKey) -> Result<Option<Arc<Entry>>, BackendError>;

    /// The nearest entries of a namespace, at most `n`, with at least the cosine `least`, nearest first. They may be too old.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn nearest(
        &self,
        namespace: &Namespace,
        vector: &[f32],
        least: f32,
        n: usize,
    ) -> Result<Vec<(f32, Arc<Entry>)>, BackendError>;

    /// The vector of an entry's question, if it is held with one.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn vector(&self, entry: &Entry) -> Result<Option<Vec<f32>>, BackendError>;

    /// Makes a change.
    ///
    /// # Errors
    /// When the engine cannot be asked; nothing is changed then.
    async fn apply(&self, mutation: CacheMutation<'_>) -> Result<CacheEffect, BackendError>;

    /// Notes that an entry's answer was given; does not wait. An engine elsewhere writes it down when it comes to it.
    fn touch(&self, entry: &Entry);

    /// How much is held; does not wait.
    fn size(&self) -> CacheSize;

    /// What all tested entries have taught so far, without what was known before.
    fn learned(&self) -> SimilarityPrior {
        SimilarityPrior::nothing()
    }

    /// Housekeeping, called every few seconds.
    async fn tidy(&self) {}
}
