//! The semantic cache: answers that were given before, for questions that mean the same.
//!
//! Every semantic cache trades wrong answers for hits. This one looks at a near neighbour from several sides before it gives
//! its answer ([`mismatch`]), and in verified mode it bounds how often that answer may be wrong, and measures it
//! ([`verified`]).
//!
//! - **Scope**: entries of two [`Namespace`]s never meet; a namespace is everything that shapes an answer but the words.
//! - **Lookup**: the same words first (a hash), then the nearest vectors. The question is embedded outside, once, and the
//!   vector serves the search, too.
//! - **Admission**: complete, undegraded answers; that is for who calls [`SemanticCache::keep`] to see to.
//! - **Invalidation**: an entry carries the stamp of the DB's state that it is right for. When the DB has changed since,
//!   the engine searches again for the entry's question at the next hit: the same passages confirm the entry for the new
//!   state, others drop it. So changing, deleting and adding documents removes the answers that they concern, and no other.
//! - **Bounds**: least recently used first, by count and by bytes; time to live; optionally on disk ([`Journal`]).
//!
//! Policy is apart from storage: a [`CacheBackend`] holds and finds, [`SemanticCache`] decides, and a [`Lookup`] is one question's
//! way through it.

mod backend;
mod calibration;
mod decision;
mod entry;
mod key;
mod lookup;
pub mod mismatch;
mod semantic;
mod settings;
mod setup;
pub mod tune;
pub mod verified;

#[cfg(test)]
mod tests;

pub use backend::{
    BackendError, Bounds, CacheBackend, CacheEffect, CacheMutation, CacheSize, Clear, Journal, JournalError,
    JournalReport, KEY_BYTES, MemoryBackend, SealingKey, recorded_questions,
};
pub use calibration::{Calibration, CalibrationError, Calibrations};
pub use decision::{CacheDecision, CacheQuery, Exploration, Hit, HitKind, Refused};
pub use entry::{Agreement, Entry, Facts, NewEntry, StoredAnswer};
pub use key::{ExactKey, Namespace};
pub use lookup::{CacheNote, CacheSlot, Candidate, Currency, Lookup, Miss, MissReason, Served, Undecided};
pub use mismatch::{Rejection, Wording};
pub use semantic::{CacheStats, NotKept, SemanticCache};
pub use settings::{CacheChange, CacheMode, CacheSettings, InvalidCacheSetting};
pub use setup::CacheSetup;
pub use verified::{ErrorBudget, SimilarityPrior};
