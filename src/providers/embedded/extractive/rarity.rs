//! How telling the terms of a question are.

use super::super::terms::{Found, Terms};

/// How telling each term is among the sentences of the passages.
pub(crate) struct Rarity {
    weights: Vec<f32>,
    total: f32,
}

impl Rarity {
    /// Inverse document frequency as in BM25, with sentences for documents; `found` has the terms of each.
    pub(super) fn of(terms: &Terms, found: impl Iterator<Item = u64>) -> Self {
        let mut frequency = vec![0_u32; terms.count() as usize];
        let mut all = 0.0;
        for bits in found {
            all += 1.0;
            for (term, count) in frequency.iter_mut().enumerate() {
                *count += (bits >> term & 1) as u32;
            }
        }
        let weights: Vec<f32> =
            frequency.iter().map(|&f| (1.0 + (all - f as f32 + 0.5) / (f as f32 + 0.5)).ln()).collect();
        let total = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        Self { weights, total }
    }

    /// Share (0–1) of the question's weight that the terms in `bits` have.
    pub(super) fn share(&self, bits: u64) -> f32 {
        let own = self.weights.iter().enumerate().filter(|(term, _)| bits >> term & 1 == 1);
        own.map(|(_, weight)| weight).sum::<f32>() / self.total
    }

    /// The same, where another ending counts a little less.
    pub(super) fn overlap(&self, found: &Found) -> f32 {
        self.share(found.terms) - 0.15 * self.share(found.inflected)
    }

    /// The most telling term.
    pub(super) fn rarest(&self) -> Option<u32> {
        let best = self.weights.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map(|(term, _)| term as u32)
    }
}
