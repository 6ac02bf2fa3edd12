//! Vectors in int8, to be scanned quickly: a quarter of the memory, several times the speed.

use crate::util::vectors::dots_i8;

/// Largest magnitude of an int8 component.
const STEPS: f32 = 127.0;

/// Rows whose sums are looked at together.
const SCANNED_AT_ONCE: usize = 256;

/// Int8 copies of vectors of equal length, one after the other.
#[derive(Default)]
pub(super) struct RoughRows {
    /// Each component divided by its row's scale.
    numbers: Vec<i8>,
    scales: Vec<f32>,
}

/// A vector to compare rows with.
pub(super) struct RoughQuery {
    numbers: Vec<i8>,
    scale: f32,
}

impl RoughQuery {
    pub(super) fn new(vector: &[f32]) -> Self {
        let largest = vector.iter().fold(f32::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
        let scale = largest / STEPS;
        // Within ±127 by construction.
        Self { numbers: vector.iter().map(|x| (x / scale).round() as i8).collect(), scale }
    }
}

impl RoughRows {
    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.scales.len()
    }

    pub(super) fn push(&mut self, vector: &[f32]) {
        let row = RoughQuery::new(vector);
        self.numbers.extend(row.numbers);
        self.scales.push(row.scale);
    }

    /// Removes a row; the last one takes its place.
    pub(super) fn swap_remove(&mut self, row: usize) {
        let last = self.len() - 1;
        let dimension = self.numbers.len() / self.len();
        self.numbers.copy_within(last * dimension..(last + 1) * dimension, row * dimension);
        self.numbers.truncate(last * dimension);
        self.scales.swap_remove(row);
    }

    /// Calls `each` with every row's number and its dot product with the query, but for a factor that is the query's own:
    /// the products can be compared with each other.
    #[inline]
    pub(super) fn scan(&self, query: &RoughQuery, mut each: impl FnMut(usize, f32)) {
        let mut sums = [0; SCANNED_AT_ONCE];
        let page = SCANNED_AT_ONCE * query.numbers.len().max(1);
        for (rows, (first, scales)) in
            self.numbers.chunks(page).zip((0..).step_by(SCANNED_AT_ONCE).zip(self.scales.chunks(SCANNED_AT_ONCE)))
        {
            dots_i8(&query.numbers, rows, &mut sums);
            for (row, (sum, scale)) in (first..).zip(sums.iter().zip(scales)) {
                each(row, *sum as f32 * scale);
            }
        }
    }

    /// The row with the largest product; 0 when there is none.
    pub(super) fn nearest(&self, query: &RoughQuery) -> usize {
        let mut nearest = (0, f32::NEG_INFINITY);
        self.scan(query, |row, score| {
            if score > nearest.1 {
                nearest = (row, score);
            }
        });
        nearest.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(rows: &RoughRows, query: &[f32]) -> Vec<f32> {
        let (query, mut scores) = (RoughQuery::new(query), Vec::new());
        rows.scan(&query, |row, score| {
            assert_eq!(row, scores.len(), "rows come in their order");
            scores.push(score * query.scale);
        });
        scores
    }

    #[test]
    fn products_are_those_of_the_vectors_but_for_rounding() {
        let mut rows = RoughRows::default();
        let vector = |n: usize| [(n as f32).sin(), (n as f32).cos(), 0.25];
        for n in 0..700 {
            rows.push(&vector(n));
        }
        rows.swap_remove(3);
        let expected = |n: usize| 0.6 * vector(n)[0] - 0.8 * vector(n)[1];
        let scores = scores(&rows, &[0.6, -0.8, 0.0]);
        assert_eq!((scores.len(), rows.len()), (699, 699));
        for (row, score) in scores.iter().enumerate() {
            assert!((score - expected(if row == 3 { 699 } else { row })).abs() < 0.02, "{row}: {score}");
        }
        let best = rows.nearest(&RoughQuery::new(&[0.6, -0.8, 0.0]));
        assert!(scores.iter().all(|score| *score <= scores[best]));
        assert_eq!(RoughRows::default().nearest(&RoughQuery::new(&[1.0])), 0);
    }
}
