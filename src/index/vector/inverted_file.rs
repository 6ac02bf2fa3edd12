//! An inverted file (IVF; Jégou, Douze and Schmid 2011) that proposes candidates among many vectors: every vector stands in
//! the list of its nearest centroid, and a search scans the lists whose centroids are nearest to the query.
//!
//! It only proposes: scores come from the [`Matrix`](super::matrix::Matrix), which also knows what has been removed since.
//! It is built anew at every start: in seconds, where a graph (HNSW) takes minutes.

use std::collections::HashSet;

use parking_lot::RwLock;

use super::matrix::unit;
use super::rough::{RoughQuery, RoughRows};
use crate::{domain::ChunkId, index::best::Best};

/// Lists for the square root of the number of vectors. `cargo bench --bench vector_index` prints what recall this and the
/// next figure give.
const LISTS: f64 = 2.0;

/// Vectors that a search scans for the square root of their number: the nearest 160 lists. Among 104,000 sentences in the
/// compiled-in model's vectors that finds 99 % of the ten nearest; half as many find 97 %.
const SCANNED: f64 = 80.0;

/// Candidates above those that are wanted: enough that rounding to int8 loses none of them.
const OVERSAMPLING: usize = 128;

/// Vectors a list from which the centroids are found.
const SAMPLED: usize = 32;

/// Rounds of k-means; more move the centroids little.
const ROUNDS: usize = 8;

/// The lists. Vectors can be added while they are searched; they are never removed, the matrix filters them out.
pub(super) struct InvertedFile {
    dimension: usize,
    /// Vectors for which there are enough lists.
    expected: usize,
    centroids: RoughRows,
    content: RwLock<Content>,
}

#[derive(Default)]
struct Content {
    known: HashSet<ChunkId>,
    lists: Vec<List>,
}

#[derive(Default)]
struct List {
    ids: Vec<ChunkId>,
    rows: RoughRows,
}

impl InvertedFile {
    /// How many vectors should be sampled where there are so many.
    pub(super) fn sample_size(vectors: usize) -> usize {
        SAMPLED * lists(vectors)
    }

    /// Empty lists for about so many vectors; `sample` holds some of them at length 1, one after the other.
    pub(super) fn new(sample: &[f32], dimension: usize, expected: usize) -> Self {
        let centroids = centroids(sample, dimension, lists(expected));
        let lists = (0..centroids.len()).map(|_| List::default()).collect();
        Self { dimension, expected, centroids, content: RwLock::new(Content { known: HashSet::new(), lists }) }
    }

    /// Length of the vectors.
    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Vectors for which it was made.
    pub(super) fn expected(&self) -> usize {
        self.expected
    }

    /// Vectors in it, removed ones included.
    pub(super) fn len(&self) -> usize {
        self.content.read().known.len()
    }

    pub(super) fn knows(&self, id: ChunkId) -> bool {
        self.content.read().known.contains(&id)
    }

    /// Adds a unit vector; one that is known already is left as it is, because a chunk's vector never changes.
    pub(super) fn insert(&self, id: ChunkId, unit: &[f32]) {
        let list = self.centroids.nearest(&RoughQuery::new(unit));
        let mut content = self.content.write();
        if content.known.insert(id)
            && let Some(list) = content.lists.get_mut(list)
        {
            list.ids.push(id);
            list.rows.push(unit);
        }
    }

    /// Candidates near a unit vector, in no particular order; `admits` tells which chunks count, `share` how many of all
    /// do so. Where few count, more lists are scanned.
    pub(super) fn near(
        &self,
        unit: &[f32],
        wanted: usize,
        share: f64,
        admits: &dyn Fn(ChunkId) -> bool,
    ) -> Vec<ChunkId> {
        let query = RoughQuery::new(unit);
        let mut nearest = Vec::with_capacity(self.centroids.len());
        self.centroids.scan(&query, |list, score| nearest.push((score, list)));
        nearest.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let content = self.content.read();
        let enough = SCANNED * (content.known.len() as f64 / share.max(1e-6)).sqrt();
        let enough = (enough as usize).max(wanted.saturating_mul(8));
        let (mut best, mut scanned) = (Best::new(wanted.saturating_add(OVERSAMPLING)), 0);
        for list in nearest.iter().map(|(_, list)| &content.lists[*list]) {
            list.rows.scan(&query, |row, score| best.offer(score, list.ids[row], admits));
            scanned += list.rows.len();
            if scanned >= enough {
                break;
            }
        }
        best.items().collect()
    }
}

fn lists(vectors: usize) -> usize {
    (LISTS * (vectors as f64).sqrt()).ceil().max(1.0) as usize
}

/// Spherical k-means over the sample.
fn centroids(sample: &[f32], dimension: usize, number: usize) -> RoughRows {
    let rows = || sample.chunks_exact(dimension.max(1));
    let number = number.min(rows().len());
    let mut centroids: Vec<f32> =
        (0..number).filter_map(|n| rows().nth(n * rows().len() / number)).flatten().copied().collect();
    for _ in 0..ROUNDS {
        let rough = rough(&centroids, dimension);
        let mut sums = vec![0.0; centroids.len()];
        for row in rows() {
            let nearest = rough.nearest(&RoughQuery::new(row));
            let sum = &mut sums[nearest * dimension..(nearest + 1) * dimension];
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        for (centroid, sum) in centroids.chunks_exact_mut(dimension).zip(sums.chunks_exact(dimension)) {
            // One without vectors stays where it is.
            if let Some(mean) = unit(sum) {
                centroid.copy_from_slice(&mean);
            }
        }
    }
    rough(&centroids, dimension)
}

fn rough(vectors: &[f32], dimension: usize) -> RoughRows {
    let mut rough = RoughRows::default();
    vectors.chunks_exact(dimension.max(1)).for_each(|vector| rough.push(vector));
    rough
}
