//! Search structures that are derived from the store: they can be thrown away and are rebuilt from it.
//!
//! An index carries the [`Stamp`] of the state that it mirrors and follows the store through [`ChangeFeed`]: missing,
//! damaged, stale or of another format all mean the same, namely that there is more to follow. An engine that brings its
//! own indexes implements [`Search`] itself.

pub mod attributes;
mod best;
mod error;
#[cfg(test)]
mod filtered_tests;
mod folder;
mod follow;
mod languages;
pub mod lexical;
mod scope;
pub mod sparse;
pub mod vector;

use std::{path::Path, sync::Arc, time::Duration};

use attributes::AttributeIndex;
pub use error::IndexError;
use follow::follow;
use lexical::LexicalIndex;
pub use scope::Scope;
use sparse::SparseIndex;
use vector::{VectorIndex, VectorOptions};

use crate::domain::{ChangeSet, ChunkId, Facet, Hit, SearchFilter, SparseEncoder, SparseVector, Stamp, Want};

/// What an index needs to know of the store.
pub trait ChangeFeed {
    /// The newest state.
    fn newest(&self) -> Result<Stamp, IndexError>;

    /// What happened after `from` (`None`: since the DB was empty), about `limit` chunks of it. Comparing `from` with the
    /// store and reading belong together: a commit in between must not make `from` look foreign.
    fn changes(&self, from: Option<&Stamp>, want: Want, limit: usize) -> Result<ChangeSet, IndexError>;
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
    fn lexical(&self, text: &str, k: usize, scope: &SearchFilter) -> Result<Vec<Hit>, IndexError>;

    /// The `k` chunks whose vectors are nearest, by cosine.
    fn nearest(&self, vector: &[f32], k: usize, scope: &SearchFilter) -> Result<Vec<Hit>, IndexError>;

    /// Cosine of these chunks; `None` for those that are not indexed.
    fn similarities(&self, vector: &[f32], ids: &[ChunkId]) -> Vec<Option<f32>>;

    /// The learned sparse vector of a question; `None` where there is no such index, or nothing in it yet.
    fn sparse_question(&self, text: &str) -> Option<SparseVector>;

    /// The `k` chunks whose sparse vectors fit best, by their product, of those that have one yet.
    fn sparse(&self, question: &SparseVector, k: usize, scope: &SearchFilter) -> Vec<Hit>;

    /// Products of the sparse vectors of these chunks; `None` for those that have none yet.
    fn sparse_scores(&self, question: &SparseVector, ids: &[ChunkId]) -> Vec<Option<f32>>;

    /// Makes sparse vectors of what came since, until `stop` says so; returns whether there is no more to do. It takes a hundred
    /// times as long as [`follow`](Self::follow), which waits for none of it.
    fn follow_sparse(&self, feed: &dyn ChangeFeed, stop: &dyn Fn() -> bool) -> Result<bool, IndexError>;

    /// Whether the sparse vectors are those of this state of the store; `None` where there is no such index.
    fn sparse_covers(&self, stamp: &Stamp) -> Option<bool>;

    /// Chunks that the sparse index has dealt with; `None` where there is none.
    fn sparse_chunks(&self) -> Option<usize>;

    /// The vector of a chunk, unit length; `None` when it is not indexed.
    fn vector(&self, id: ChunkId) -> Option<Vec<f32>>;

    /// Catches up with the store.
    fn follow(&self, feed: &dyn ChangeFeed) -> Result<FollowReport, IndexError>;

    /// Whether searches see this state of the store, or a newer one.
    fn covers(&self, stamp: &Stamp) -> bool;

    /// Lets go of what is only needed while changes come one after the other, unless some came within the last moment.
    /// Blocks until merges that are under way are done.
    fn rest(&self);

    /// Like [`rest`](Self::rest), at once: nothing more is going to come.
    fn finish(&self);

    /// Why the indexes are not kept on disk, when they are not.
    fn trouble(&self) -> Option<String>;

    /// The keys that filters can ask for, those of most documents first, with at most so many values each.
    fn facets(&self, most_values: usize) -> Vec<Facet>;
}

/// The embedded search: a lexical and a vector index side by side, one of what filters ask for, and perhaps a learned sparse one.
pub struct EmbeddedSearch {
    attributes: AttributeIndex,
    lexical: LexicalIndex,
    vector: VectorIndex,
    sparse: Option<SparseIndex>,
}

impl EmbeddedSearch {
    /// Opens the indexes in this folder. What is missing or unusable starts empty; a folder that cannot be written is not
    /// used at all, and the indexes live in memory: a derived index is never a reason not to start. Sparse vectors are made by
    /// this encoder, if there is one.
    pub fn open(folder: &Path, encoder: Option<Arc<dyn SparseEncoder>>) -> Self {
        Self {
            attributes: AttributeIndex::default(),
            lexical: LexicalIndex::open(&folder.join("lexical")),
            vector: VectorIndex::new(VectorOptions::default()),
            sparse: encoder.map(|encoder| SparseIndex::open(&folder.join("sparse"), encoder)),
        }
    }
}

impl Search for EmbeddedSearch {
    fn lexical(&self, text: &str, k: usize, scope: &SearchFilter) -> Result<Vec<Hit>, IndexError> {
        self.lexical.search(text, k, &self.attributes.scope(scope))
    }

    fn nearest(&self, vector: &[f32], k: usize, scope: &SearchFilter) -> Result<Vec<Hit>, IndexError> {
        self.vector.search(vector, k, &self.attributes.scope(scope))
    }

    fn similarities(&self, vector: &[f32], ids: &[ChunkId]) -> Vec<Option<f32>> {
        self.vector.similarities(vector, ids)
    }

    fn sparse_question(&self, text: &str) -> Option<SparseVector> {
        self.sparse.as_ref()?.question(text)
    }

    fn sparse(&self, question: &SparseVector, k: usize, scope: &SearchFilter) -> Vec<Hit> {
        self.sparse.as_ref().map_or_else(Vec::new, |index| index.search(question, k, &self.attributes.scope(scope)))
    }

    fn sparse_scores(&self, question: &SparseVector, ids: &[ChunkId]) -> Vec<Option<f32>> {
        self.sparse.as_ref().map_or_else(|| vec![None; ids.len()], |index| index.scores(question, ids))
    }

    fn follow_sparse(&self, feed: &dyn ChangeFeed, stop: &dyn Fn() -> bool) -> Result<bool, IndexError> {
        self.sparse.as_ref().map_or(Ok(true), |index| index.follow(feed, stop))
    }

    fn sparse_covers(&self, stamp: &Stamp) -> Option<bool> {
        self.sparse.as_ref().map(|index| index.covers(stamp))
    }

    fn sparse_chunks(&self) -> Option<usize> {
        self.sparse.as_ref().map(SparseIndex::len)
    }

    fn vector(&self, id: ChunkId) -> Option<Vec<f32>> {
        self.vector.vector(id)
    }

    fn follow(&self, feed: &dyn ChangeFeed) -> Result<FollowReport, IndexError> {
        // First, so that what a search finds has its attributes.
        let attributes = follow(&self.attributes, feed, Want::Attributes)?;
        let lexical = follow(&self.lexical, feed, Want::Text)?;
        let vector = follow(&self.vector, feed, Want::Vector)?;
        Ok(FollowReport { rebuilt: attributes.rebuilt || lexical.rebuilt || vector.rebuilt, ..lexical })
    }

    fn covers(&self, stamp: &Stamp) -> bool {
        [self.attributes.stamp(), self.lexical.stamp(), self.vector.stamp()]
            .iter()
            .all(|shown| shown.as_ref().is_some_and(|shown| shown.db == stamp.db && shown.revision >= stamp.revision))
    }

    fn rest(&self) {
        self.lexical.rest(follow::REST_AFTER);
    }

    fn finish(&self) {
        self.lexical.rest(Duration::ZERO);
    }

    fn trouble(&self) -> Option<String> {
        self.lexical.trouble()
    }

    fn facets(&self, most_values: usize) -> Vec<Facet> {
        self.attributes.facets(most_values)
    }
}
