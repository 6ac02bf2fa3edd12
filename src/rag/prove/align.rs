//! A sentence of an answer laid beside the words of a passage that it comes from: what was put in place of something else, what was
//! added and left out, what changed places.

use super::tokens::{Item, Kind};

/// Items of one side that are compared: comparing grows with the product of both.
const MOST_ITEMS: usize = 256;

/// The longest common part of two readings in the same order, by weight.
#[derive(Debug)]
pub(super) struct Alignment {
    /// Positions here and there, growing.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Weight of what is common among the items that tell something, as a share of their weight here, 0..=1.
    pub(super) copied: f32,
}

/// What stands between two common items, or before the first and behind the last: ranges of both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) said: std::ops::Range<usize>,
    pub(super) there: std::ops::Range<usize>,
    /// Whether common items stand on both sides of it.
    pub(super) enclosed: bool,
}

impl Alignment {
    pub(super) fn of(said: &[Item], there: &[Item]) -> Self {
        let (said, there) = (&said[..said.len().min(MOST_ITEMS)], &there[..there.len().min(MOST_ITEMS)]);
        let width = there.len() + 1;
        // Best weight of the rests that begin at two positions.
        let mut best = vec![0_u32; (said.len() + 1) * width];
        for i in (0..said.len()).rev() {
            for j in (0..there.len()).rev() {
                let skip = best[(i + 1) * width + j].max(best[i * width + j + 1]);
                let both =
                    if said[i].key == there[j].key { best[(i + 1) * width + j + 1] + said[i].weight() } else { 0 };
                best[i * width + j] = skip.max(both);
            }
        }
        let mut pairs = Vec::new();
        let (mut i, mut j) = (0, 0);
        while i < said.len() && j < there.len() {
            let here = best[i * width + j];
            if said[i].key == there[j].key && here == best[(i + 1) * width + j + 1] + said[i].weight() {
                pairs.push((i, j));
                (i, j) = (i + 1, j + 1);
            } else if here == best[i * width + j + 1] {
                j += 1;
            } else {
                i += 1;
            }
        }
        let weight =
            |items: &mut dyn Iterator<Item = &Item>| items.filter(|item| item.tells()).map(Item::weight).sum::<u32>();
        let all = weight(&mut said.iter()).max(1);
        let common = weight(&mut pairs.iter().map(|(i, _)| &said[*i]));
        Self { pairs, copied: common as f32 / all as f32 }
    }

    /// Whether what stands around a gap is common although most of the sentence is not: the items right before and behind it, and
    /// two of the four next to them that tell something.
    pub(super) fn surrounds(&self, gap: &Gap, said: &[Item]) -> bool {
        let place = |at: usize| self.pairs.binary_search_by_key(&at, |(i, _)| *i).ok();
        let near = |at: usize| place(at).is_some() && said[at].tells();
        let before = gap.said.start.saturating_sub(3)..gap.said.start;
        let behind = gap.said.end..(gap.said.end + 3).min(said.len());
        gap.enclosed
            && gap.there.len() <= 3
            && before.clone().any(near)
            && behind.clone().any(near)
            && before.chain(behind).filter(|at| near(*at)).count() >= 2
    }

    /// What is not common, in order.
    pub(super) fn gaps(&self, said: usize, there: usize) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let (mut i, mut j) = (0, 0);
        let ends = self.pairs.iter().copied().chain([(said.min(MOST_ITEMS), there.min(MOST_ITEMS))]);
        for (n, (next_i, next_j)) in ends.enumerate() {
            if next_i > i || next_j > j {
                let enclosed = n > 0 && n < self.pairs.len();
                gaps.push(Gap { said: i..next_i, there: j..next_j, enclosed });
            }
            (i, j) = (next_i + 1, next_j + 1);
        }
        gaps
    }
}

/// Whether an item is a number or a date.
pub(super) fn is_number(item: &Item) -> bool {
    matches!(item.kind, Kind::Number { .. })
}
