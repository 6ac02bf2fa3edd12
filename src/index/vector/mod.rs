//! Nearest neighbours by cosine.
//!
//! Up to [`VectorOptions::exact_limit`] vectors are scanned: a first pass over int8 copies finds candidates, a second one
//! over the vectors themselves ranks them. That needs no file, follows every change at once, and is exact: the first pass
//! proposes several times as many as are wanted. Above the limit a graph proposes the candidates. It is built by a thread of
//! its own while the scan goes on answering, and again when a quarter of it is stale.

mod graph;
mod matrix;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Weak};

use parking_lot::RwLock;

use super::{IndexError, follow::Follower};
use crate::domain::{Changes, ChunkId, Hit, SearchFilter, Stamp};
use graph::Graph;
use matrix::Matrix;

/// Vectors that the building thread copies at a time; searches wait for no more than that.
const BUILD_PAGE: usize = 1_024;

/// How the index trades exactness for speed.
#[derive(Debug, Clone, Copy)]
pub struct VectorOptions {
    /// Up to so many vectors are scanned; more are searched through a graph.
    pub exact_limit: usize,
}

impl Default for VectorOptions {
    fn default() -> Self {
        // From here on the graph is faster than the scan (`cargo bench --bench vector_index`).
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
    graph: Option<Arc<Graph>>,
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

    /// Whether searches go through the graph now.
    pub fn is_approximate(&self) -> bool {
        self.inner.state.read().graph.is_some()
    }

    /// The `k` nearest chunks, best first, equal ones by id.
    ///
    /// # Errors
    /// [`IndexError::Dimension`] when the query is not as long as the vectors.
    pub fn search(&self, query: &[f32], k: usize, scope: &SearchFilter) -> Result<Vec<Hit>, IndexError> {
        let state = self.inner.state.read();
        match &state.graph {
            // A narrow scope is scanned: a graph would wander among vectors that do not count.
            Some(graph) if state.matrix.admitted(scope) > self.inner.options.exact_limit => {
                state.matrix.search_among(query, k, scope, |unit, wanted, admits| graph.near(unit, wanted, admits))
            }
            _ => state.matrix.search(query, k, scope),
        }
    }

    /// Cosine of these chunks; `None` for those that are not there, or when the dimensions differ.
    pub fn similarities(&self, query: &[f32], ids: &[ChunkId]) -> Vec<Option<f32>> {
        self.inner.state.read().matrix.similarities(query, ids)
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
    /// Starts, drops or leaves alone the graph, by the number of vectors.
    fn keep_graph(self: &Arc<Self>) {
        let mut state = self.state.write();
        if state.matrix.len() <= self.options.exact_limit {
            state.graph = None;
            return;
        }
        let stale = |graph: &Arc<Graph>| graph.len().saturating_sub(state.matrix.len()) * 4 > graph.len();
        if state.building || state.graph.as_ref().is_some_and(|graph| !stale(graph)) {
            return;
        }
        let inner = Arc::downgrade(self);
        let builder = std::thread::Builder::new().name("vector-graph".into()).spawn(move || build(&inner));
        match builder {
            Ok(_) => state.building = true,
            Err(error) => tracing::warn!(%error, "no thread for the vector graph; vectors are scanned"),
        }
    }
}

/// Builds a graph of all vectors and hands it over. Ends early when the index is gone or has become small.
fn build(index: &Weak<Inner>) {
    let Some(expected) = index.upgrade().map(|inner| inner.state.read().matrix.len()) else { return };
    let graph = Arc::new(Graph::new(expected));
    loop {
        let Some(inner) = index.upgrade() else { return };
        let page = inner.state.read().matrix.unknown(BUILD_PAGE, |id| graph.knows(id));
        if page.is_empty() {
            let mut state = inner.state.write();
            // What came while we looked goes in under the lock, so that nothing is ever missing.
            for (id, unit) in state.matrix.unknown(usize::MAX, |id| graph.knows(id)) {
                graph.insert(id, &unit);
            }
            state.building = false;
            if state.matrix.len() > inner.options.exact_limit {
                tracing::debug!(vectors = graph.len(), "vectors are searched through a graph now");
                state.graph = Some(graph);
            }
            return;
        }
        drop(inner);
        for (id, unit) in page {
            graph.insert(id, &unit);
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
        // Outside the lock that searches need: inserting into a graph takes much longer than into the matrix.
        let graph = state.graph.clone();
        state.stamp = Some(changes.to);
        drop(state);
        if let Some(graph) = graph {
            for chunk in &changes.added {
                if let Some(unit) = matrix::unit(&chunk.vector) {
                    graph.insert(chunk.id, &unit);
                }
            }
        }
        self.inner.keep_graph();
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
