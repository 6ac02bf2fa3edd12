//! A small network that scores rows of features: what is linear, and a layer of rectified units beside it.

/// A network over borrowed weights: for each hidden unit its inputs' weights, then each unit's weight in the score, then the
/// linear weights of the inputs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Network<'w> {
    inputs: usize,
    hidden: usize,
    weights: &'w [f32],
}

impl<'w> Network<'w> {
    /// How many weights a network of this size has.
    pub(crate) const fn size(inputs: usize, hidden: usize) -> usize {
        hidden * inputs + hidden + inputs
    }

    /// A network with these weights, of which [`size`](Self::size) says how many there are; others are taken for zero.
    pub(crate) const fn new(inputs: usize, hidden: usize, weights: &'w [f32]) -> Self {
        Self { inputs, hidden, weights }
    }

    /// The score of a row.
    pub(crate) fn score(&self, row: &[f32]) -> f32 {
        let (units, rest) = self.weights.split_at((self.hidden * self.inputs).min(self.weights.len()));
        let (outer, linear) = rest.split_at(self.hidden.min(rest.len()));
        let own = dot(row, linear);
        let active = units.chunks_exact(self.inputs.max(1)).zip(outer);
        own + active.map(|(unit, outer)| dot(row, unit).max(0.0) * outer).sum::<f32>()
    }
}

/// Sum of products; what is longer counts only as far as the other goes.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Shares of the probability that scores stand for; they sum to 1.
pub(crate) fn shares(scores: &[f32]) -> Vec<f32> {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut shares: Vec<f32> = scores.iter().map(|score| (score - most).exp()).collect();
    let total = shares.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    shares.iter_mut().for_each(|share| *share /= total);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linear_part_and_the_units_add_up() {
        // Units 1·a − 1·b and −1·a + 1·b, of which one is active; score 2·unit + 3·unit + 10·a.
        let weights = [1.0, -1.0, -1.0, 1.0, 2.0, 3.0, 10.0, 0.0];
        assert_eq!(weights.len(), Network::size(2, 2));
        let network = Network::new(2, 2, &weights);
        assert_eq!([network.score(&[3.0, 1.0]), network.score(&[1.0, 3.0])], [34.0, 16.0]);
        assert_eq!(Network::new(2, 2, &[]).score(&[1.0, 1.0]), 0.0);
    }

    #[test]
    fn shares_sum_to_one_even_of_scores_that_are_far_apart() {
        let shares = shares(&[500.0, 500.0, -500.0]);
        assert_eq!(shares, [0.5, 0.5, 0.0]);
    }
}
