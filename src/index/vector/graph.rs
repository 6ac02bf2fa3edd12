//! A navigable small-world graph (HNSW, Malkov & Yashunin 2016) that proposes candidates among many vectors.
//!
//! It only proposes: scores come from the [`Matrix`](super::matrix::Matrix), which also knows what has been removed since.

use std::collections::HashSet;

use hnsw_rs::prelude::{Distance, Hnsw};
use parking_lot::Mutex;

use crate::domain::ChunkId;
use crate::util::vectors::dot_f32;

/// Links of a vector on each layer. `cargo bench --bench vector_index` prints what recall these three figures give.
const LINKS: usize = 16;

/// Candidates that are looked at to find a new vector's links.
const BUILD_WIDTH: usize = 100;

/// Candidates that a search keeps at least.
const SEARCH_WIDTH: usize = 96;

/// Most layers; enough for any number of vectors that fits into memory.
const LAYERS: usize = 16;

/// 1 − cosine of unit vectors.
#[derive(Debug, Clone, Copy, Default)]
struct OneMinusDot;

impl Distance<f32> for OneMinusDot {
    fn eval(&self, a: &[f32], b: &[f32]) -> f32 {
        // Rounding may take a vector a little beyond itself; the library expects distances ≥ 0.
        (1.0 - dot_f32(a, b)).max(0.0)
    }
}

/// The graph. Vectors can be added while it is searched; they are never removed, the matrix filters them out.
pub(super) struct Graph {
    links: Hnsw<'static, f32, OneMinusDot>,
    known: Mutex<HashSet<ChunkId>>,
}

impl Graph {
    /// An empty graph for about so many vectors.
    pub(super) fn new(expected: usize) -> Self {
        let links = Hnsw::new(LINKS, expected.max(1), LAYERS, BUILD_WIDTH, OneMinusDot);
        Self { links, known: Mutex::default() }
    }

    /// Vectors in it, removed ones included.
    pub(super) fn len(&self) -> usize {
        self.known.lock().len()
    }

    pub(super) fn knows(&self, id: ChunkId) -> bool {
        self.known.lock().contains(&id)
    }

    /// Adds a unit vector; one that is known already is left as it is, because a chunk's vector never changes.
    pub(super) fn insert(&self, id: ChunkId, unit: &[f32]) {
        let Ok(name) = usize::try_from(id.0) else { return };
        if self.known.lock().insert(id) {
            self.links.insert((unit, name));
        }
    }

    /// Candidates near a unit vector, in no particular order; `admits` tells which chunks count.
    pub(super) fn near(&self, unit: &[f32], wanted: usize, admits: &dyn Fn(ChunkId) -> bool) -> Vec<ChunkId> {
        let id = |name: usize| ChunkId(name as i64);
        let filter = |name: &usize| admits(id(*name));
        let width = SEARCH_WIDTH.max(wanted + wanted / 4);
        let found = self.links.search_filter(unit, wanted, width, Some(&filter));
        found.into_iter().map(|neighbour| id(neighbour.get_origin_id())).collect()
    }
}
