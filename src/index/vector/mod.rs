//! Nearest neighbours by cosine.
//!
//! Up to [`VectorOptions::exact_limit`] vectors are scanned: a first pass over int8 copies finds candidates, a second one
//! over the vectors themselves ranks them. That needs no file, follows every change at once, and is exact: the first pass
//! proposes several times as many as are wanted. Above the limit an inverted file proposes the candidates. It is built by a
//! thread of its own while the scan goes on answering, and again when a quarter of it is stale. Where a filter leaves few
//! chunks, these alone are compared, by their vectors themselves.

mod inverted_file;
mod matrix;
mod rough;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Weak};

use parking_lot::RwLock;

use super::{IndexError, follow::Follower, scope::Scope};
use crate::domain::{Changes, ChunkId, Hit, Stamp};
use inverted_file::InvertedFile;
use matrix::Matrix;

/// Vectors that the building thread copies at a time; searches wait for no more than that.
const BUILD_PAGE: usize = 1_024;

/// How the index trades exactness for speed.
#[derive(Debug, Clone, Copy)]
pub struct VectorOptions {
    /// Up to so many vectors are scanned; more are searched through an inverted file.
    pub exact_limit: usize,
}

impl Default for VectorOptions {
    fn default() -> Self {
        // From here on the inverted file is faster than the scan (`cargo bench --bench vector_index`).
        Self { exact_limit: 100_000 }
    }
}

/// The vectors of a DB, in memory.
pub struct VectorIndex {
    inner: Arc<Inner>,
}

struct Inner {
    options: VectorOptions,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    stamp: Option<Stamp>,
    matrix: Matrix,
    /// There when it is complete; the scan answers until then.
    inverted: Option<Arc<InvertedFile>>,
    building: bool,
}

impl VectorIndex {
    /// Starts empty; following the store fills it as fast as a file of its own would.
    pub fn new(options: VectorOptions) -> Self {
        Self { inner: Arc::new(Inner { options, state: RwLock::default() }) }
    }

    /// The state that is mirrored.
    pub fn stamp(&self) -> Option<Stamp> {
        self.inner.state.read().stamp.clone()
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.inner.state.read().matrix.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether searches go through the inverted file now.
    pub fn is_approximate(&self) -> bool {
        self.inner.state.read().inverted.is_some()
    }

    /// The `k` nearest chunks, best first, equal ones by id.
    ///
    /// # Errors
    /// [`IndexError::Dimension`] when the query is not as long as the vectors.
    pub fn search(&self, query: &[f32], k: usize, scope: &Scope) -> Result<Vec<Hit>, IndexError> {
        let state = self.inner.state.read();
        if let Some(few) = scope.documents.as_ref().and_then(|documents| documents.few()) {
            return state.matrix.search_few(query, k, few, scope);
        }
        let admitted = state.matrix.admitted(scope);
        match &state.inverted {
            // A narrow scope is scanned: most vectors of any list would not count.
            Some(inverted) if admitted > self.inner.options.exact_limit => {
                let share = admitted as f64 / state.matrix.len() as f64;
                state
                    .matrix
                    .search_among(query, k, scope, |unit, wanted, admits| inverted.near(unit, wanted, share, admits))
            }
            _ => state.matrix.search(query, k, scope),
        }
    }

    /// Cosine of these chunks; `None` for those that are not there, or when the dimensions differ.
    pub fn similarities(&self, query: &[f32], ids: &[ChunkId]) -> Vec<Option<f32>> {
        self.inner.state.read().matrix.similarities(query, ids)
    }

    /// The vector of a chunk, unit length; `None` when it is not there.
    pub fn vector(&self, id: ChunkId) -> Option<Vec<f32>> {
        self.inner.state.read().matrix.vector(id)
    }

    /// Applies the next changes, wherever they lead from: for those who feed an index by hand.
    ///
    /// # Errors
    /// [`IndexError::Dimension`] when vectors differ in length.
    pub fn follow_one(&self, changes: Changes) -> Result<(), IndexError> {
        self.apply(self.stamp().as_ref(), changes)
    }
}

impl Inner {
    /// Starts, drops or leaves alone the inverted file, by the number of vectors.
    fn keep_inverted(self: &Arc<Self>) {
        let mut state = self.state.write();
        if state.matrix.len() <= self.options.exact_limit {
            state.inverted = None;
            return;
        }
        let stale = |file: &Arc<InvertedFile>| {
            let (stored, alive) = (file.len(), state.matrix.len());
            // Removed vectors take time to scan, and many new ones make the lists long.
            stored.saturating_sub(alive) * 4 > stored || stored > file.expected().saturating_mul(4)
        };
        if state.building || state.inverted.as_ref().is_some_and(|file| !stale(file)) {
            return;
        }
        let inner = Arc::downgrade(self);
        let builder = std::thread::Builder::new().name("vector-lists".into()).spawn(move || build(&inner));
        match builder {
            Ok(_) => state.building = true,
            Err(error) => tracing::warn!(%error, "no thread for the inverted file; vectors are scanned"),
        }
    }

    /// Hands a complete inverted file over, if it is still of use.
    fn finish(&self, built: Option<InvertedFile>) {
        let mut state = self.state.write();
        state.building = false;
        let Some(built) = built.filter(|built| built.dimension() == state.matrix.dimension()) else { return };
        // What came or moved while we looked goes in under the lock, so that nothing is ever missing.
        for (id, unit) in state.matrix.unknown(|id| built.knows(id)) {
            built.insert(id, &unit);
        }
        if state.matrix.len() > self.options.exact_limit {
            tracing::debug!(vectors = built.len(), "vectors are searched through an inverted file now");
            state.inverted = Some(Arc::new(built));
        }
    }
}

/// Builds an inverted file of all vectors and hands it over. Ends early when the index is gone or was emptied.
fn build(index: &Weak<Inner>) {
    let Some(inner) = index.upgrade() else { return };
    let (sample, dimension, expected) = {
        let matrix = &inner.state.read().matrix;
        (matrix.sample(InvertedFile::sample_size(matrix.len())), matrix.dimension(), matrix.len())
    };
    drop(inner);
    let inverted = InvertedFile::new(&sample, dimension, expected);
    for first in (0..).step_by(BUILD_PAGE) {
        let Some(inner) = index.upgrade() else { return };
        let page = inner.state.read().matrix.page(first, BUILD_PAGE);
        if page.is_empty() {
            return inner.finish(Some(inverted));
        }
        if page.iter().any(|(_, unit)| unit.len() != dimension) {
            // The index was emptied and holds other vectors now; their number decides what becomes of them.
            return inner.finish(None);
        }
        drop(inner);
        for (id, unit) in page {
            inverted.insert(id, &unit);
        }
    }
}

impl Follower for VectorIndex {
    fn name(&self) -> &'static str {
        "vector"
    }

    fn position(&self) -> Result<Option<Stamp>, IndexError> {
        Ok(self.stamp())
    }

    fn apply(&self, from: Option<&Stamp>, changes: Changes) -> Result<(), IndexError> {
        let mut state = self.inner.state.write();
        if state.stamp.as_ref() != from {
            return Err(IndexError::Conflict);
        }
        for id in changes.removed {
            state.matrix.remove(id);
        }
        // A page goes in whole or not at all.
        let first = changes.added.first().map_or(0, |chunk| chunk.vector.len());
        if let Some(odd) = changes.added.iter().find(|c| c.vector.len() != first || !state.matrix.fits(&c.vector)) {
            return Err(IndexError::Dimension { expected: first, got: odd.vector.len() });
        }
        for chunk in &changes.added {
            state.matrix.insert(chunk)?;
        }
        // Outside the lock that searches need: finding a vector's list takes much longer than adding it to the matrix.
        let inverted = state.inverted.clone();
        state.stamp = Some(changes.to);
        drop(state);
        if let Some(inverted) = inverted {
            for chunk in &changes.added {
                if let Some(unit) = matrix::unit(&chunk.vector) {
                    inverted.insert(chunk.id, &unit);
                }
            }
        }
        self.inner.keep_inverted();
        Ok(())
    }

    /// Unlike the lexical index, this one is filled in place: it fails only when it is at fault itself.
    fn start_anew(&self) -> Result<(), IndexError> {
        let mut state = self.inner.state.write();
        let building = state.building;
        *state = State { building, ..State::default() };
        Ok(())
    }

    fn publish(&self) -> Result<(), IndexError> {
        Ok(())
    }
}
