//! The vectors of one namespace, and which of them are near.
//!
//! Few are compared one by one. Many are first compared by the signs of their components, an eighth of a bit a byte: the
//! nearest by that count are then compared for real. Vectors with a cosine above 0.85 differ in about a fifth of their signs,
//! others in about half, so that the true neighbours are among the first (`cargo bench --bench semantic_cache` counts).

use std::{cell::RefCell, collections::HashMap};

use crate::util::vectors::{dot_f32, hamming, signs};

/// Vectors up to which all are compared for real.
const FEW: usize = 512;

/// Nearest by signs that are compared for real.
const CANDIDATES: usize = 96;

/// Rows.
#[derive(Debug, Default)]
pub(super) struct Space {
    dimension: usize,
    ids: Vec<u64>,
    rows: HashMap<u64, usize>,
    vectors: Vec<f32>,
    signs: Vec<u64>,
}

/// A neighbour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Near {
    pub(super) id: u64,
    pub(super) similarity: f32,
}

impl Space {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether vectors of this length can be compared with those that are here.
    fn fits(&self, vector: &[f32]) -> bool {
        self.ids.is_empty() || vector.len() == self.dimension
    }

    /// Adds a unit vector; one of another length is left out, because it could not be compared.
    pub(super) fn add(&mut self, id: u64, vector: &[f32]) {
        if !self.fits(vector) || vector.is_empty() {
            return;
        }
        self.dimension = vector.len();
        self.rows.insert(id, self.ids.len());
        self.ids.push(id);
        self.vectors.extend_from_slice(vector);
        self.signs.extend(signs(vector));
    }

    pub(super) fn vector(&self, id: u64) -> Option<&[f32]> {
        self.rows.get(&id).map(|row| self.row(*row))
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.vectors[row * self.dimension..][..self.dimension]
    }

    /// Removes a row; the last one takes its place.
    pub(super) fn remove(&mut self, id: u64) {
        let Some(row) = self.rows.remove(&id) else { return };
        let last = self.ids.len() - 1;
        let words = self.dimension.div_ceil(64);
        self.ids.swap_remove(row);
        self.vectors.copy_within(last * self.dimension.., row * self.dimension);
        self.vectors.truncate(last * self.dimension);
        self.signs.copy_within(last * words.., row * words);
        self.signs.truncate(last * words);
        if row != last {
            self.rows.insert(self.ids[row], row);
        }
    }

    /// The `n` nearest with at least this cosine, nearest first.
    pub(super) fn nearest(&self, vector: &[f32], least: f32, n: usize) -> Vec<Near> {
        if self.ids.is_empty() || vector.len() != self.dimension {
            return Vec::new();
        }
        let near = |row: usize| {
            let similarity = dot_f32(vector, self.row(row)).min(1.0);
            (similarity >= least).then_some(Near { id: self.ids[row], similarity })
        };
        let mut found: Vec<Near> = if self.ids.len() <= FEW {
            (0..self.ids.len()).filter_map(near).collect()
        } else {
            self.candidates(vector).into_iter().filter_map(near).collect()
        };
        found.sort_unstable_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.id.cmp(&b.id)));
        found.truncate(n);
        found
    }

    /// The rows that are nearest by their signs: those below the distance that `CANDIDATES` rows reach, and of those at
    /// that distance the first.
    fn candidates(&self, vector: &[f32]) -> Vec<usize> {
        thread_local! {
            static DISTANCES: RefCell<Vec<u16>> = const { RefCell::new(Vec::new()) };
        }
        DISTANCES.with_borrow_mut(|distances| {
            distances.clear();
            distances.resize(self.ids.len(), 0);
            let words: Vec<u64> = signs(vector).collect();
            hamming(&words, &self.signs, distances);
            let mut at_distance = vec![0usize; self.dimension + 1];
            for distance in distances.iter() {
                at_distance[usize::from(*distance)] += 1;
            }
            let (mut below, mut bar) = (0, 0);
            while bar < self.dimension && below + at_distance[bar] < CANDIDATES {
                below += at_distance[bar];
                bar += 1;
            }
            let mut at_bar = CANDIDATES - below;
            let mut rows = Vec::with_capacity(CANDIDATES);
            for (row, distance) in distances.iter().enumerate() {
                let distance = usize::from(*distance);
                if distance < bar || distance == bar && at_bar > 0 {
                    at_bar -= usize::from(distance == bar);
                    rows.push(row);
                }
            }
            rows
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unit(seed: u64, dimension: usize) -> Vec<f32> {
        let mut random = fastrand::Rng::with_seed(seed);
        let vector: Vec<f32> = (0..dimension).map(|_| random.f32() - 0.5).collect();
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter().map(|x| x / length).collect()
    }

    fn mixed(a: &[f32], b: &[f32], share: f32) -> Vec<f32> {
        let sum: Vec<f32> = a.iter().zip(b).map(|(a, b)| a + share * b).collect();
        let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
        sum.iter().map(|x| x / length).collect()
    }

    #[test]
    fn neighbours_are_found_among_many() {
        let mut space = Space::default();
        for id in 0..5_000 {
            space.add(id, &unit(id, 256));
        }
        for id in (0..5_000).step_by(97) {
            let asked = mixed(&unit(id, 256), &unit(id + 1_000_000, 256), 0.45);
            let found = space.nearest(&asked, 0.8, 3);
            assert_eq!(found.first().map(|near| near.id), Some(id));
            assert!(found[0].similarity > 0.88);
        }
        assert_eq!(space.nearest(&unit(77_777_777, 256), 0.8, 3), []);
    }

    #[test]
    fn vectors_of_another_length_are_no_neighbours() {
        let mut space = Space::default();
        space.add(1, &unit(1, 256));
        space.add(2, &unit(1, 300));
        space.add(3, &[]);
        assert_eq!(space.len(), 1);
        assert_eq!(space.nearest(&unit(1, 300), 0.1, 3), []);
        assert_eq!(space.nearest(&[], 0.1, 3), []);
    }

    proptest! {
        #[test]
        fn what_is_removed_is_gone_and_the_rest_stays(
            dimension in 1usize..200,
            steps in prop::collection::vec((any::<bool>(), 0u64..40), 1..120),
        ) {
            let mut space = Space::default();
            let mut known = std::collections::BTreeSet::new();
            for (add, id) in steps {
                if add && known.insert(id) {
                    space.add(id, &unit(id, dimension));
                } else if !add && known.remove(&id) {
                    space.remove(id);
                }
            }
            prop_assert_eq!(space.len(), known.len());
            for id in 0..40 {
                let vector = unit(id, dimension);
                prop_assert_eq!(space.vector(id).is_some(), known.contains(&id));
                if known.contains(&id) {
                    prop_assert_eq!(space.vector(id).unwrap(), vector.as_slice());
                    prop_assert!(space.nearest(&vector, 0.999, 40).iter().any(|near| near.id == id));
                }
            }
        }
    }
}
