//! Fusion: two ranked lists become one.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::stage::{BlockingStage, Findings, Query};
use crate::{
    domain::{ChunkId, FusionParams, Hit, SearchMode},
    rag::RagError,
};

/// Ranks the candidates.
pub(super) struct Fuse;

impl BlockingStage for Fuse {
    fn name(&self) -> &'static str {
        "fuse"
    }

    fn run(&self, query: &Query, findings: &mut Findings) -> Result<(), RagError> {
        // The lists themselves stay: who explains the answer looks into them.
        findings.ranked = match (query.options.mode, &query.vector) {
            (SearchMode::Bm25, _) | (_, None) => findings.lexical.clone(),
            (SearchMode::Vector, Some(_)) => findings.nearest.clone(),
            (SearchMode::Hybrid, Some(_)) => fuse(&findings.lexical, &findings.nearest, &query.fusion),
        };
        findings.tell(query, |findings| match (query.options.mode, &query.vector) {
            (SearchMode::Hybrid, Some(_)) => {
                let (all, both) = (findings.lexical.len() + findings.nearest_ranked, findings.ranked.len());
                format!("{} of the candidates are in both lists; {}", all.saturating_sub(both), named(&query.fusion))
            }
            _ => "nothing: there is one list".to_owned(),
        });
        Ok(())
    }
}

/// How lists are fused, for people.
fn named(params: &FusionParams) -> String {
    match params {
        FusionParams::Rrf { k } => format!("fused by rank, damping {k}"),
        FusionParams::Weighted { bm25_weight } => format!("fused by score, words count {bm25_weight:.2}"),
    }
}

/// Fuses lexical and vector hits, each best first; weighted fusion takes similarities in any order, best of all with those
/// of the lexical hits among them. Best first, equal scores by id; every chunk of either list once.
fn fuse(lexical: &[Hit], vector: &[Hit], params: &FusionParams) -> Vec<Hit> {
    let fused = match *params {
        FusionParams::Rrf { k } => {
            let by_rank = |hits: &[Hit]| -> Vec<Hit> {
                let score = |n: usize| 1.0 / (f64::from(k) + n as f64 + 1.0);
                hits.iter().enumerate().map(|(n, hit)| Hit { chunk: hit.chunk, score: score(n) as f32 }).collect()
            };
            sum(&by_rank(lexical), &by_rank(vector))
        }
        FusionParams::Weighted { bm25_weight } => {
            let weight = bm25_weight.clamp(0.0, 1.0);
            // No word in common is worth nothing, so BM25 is measured from 0; a cosine of 0 has no such meaning.
            sum(&scaled(lexical, weight, Some(0.0)), &scaled(vector, 1.0 - weight, None))
        }
    };
    let mut hits: Vec<Hit> = fused.into_iter().map(|(chunk, score)| Hit { chunk, score }).collect();
    hits.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
    hits
}

/// Normalised to 0..=1 between `worst` (else the lowest score) and the highest score, times the weight. A chunk that is
/// missing from a list counts as its worst. When all scores are equal they count as best: a single hit is still a hit.
/// The choice among such scalings matters little (Bruch, Gai, Ingber 2023), that scores be kept matters much.
fn scaled(hits: &[Hit], weight: f32, worst: Option<f32>) -> Vec<Hit> {
    let finite = hits.iter().map(|hit| hit.score).filter(|score| score.is_finite());
    let (low, high) = finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), s| (low.min(s), high.max(s)));
    let low = worst.unwrap_or(low);
    let span = high - low;
    hits.iter()
        .map(|hit| {
            let share = if span > 0.0 { ((hit.score - low) / span).clamp(0.0, 1.0) } else { 1.0 };
            Hit { chunk: hit.chunk, score: if share.is_nan() { 0.0 } else { weight * share } }
        })
        .collect()
}

fn sum(a: &[Hit], b: &[Hit]) -> HashMap<ChunkId, f32, RandomState> {
    let mut sums = HashMap::with_capacity_and_hasher(a.len() + b.len(), RandomState::default());
    for hit in a.iter().chain(b) {
        *sums.entry(hit.chunk).or_insert(0.0) += hit.score;
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hits(pairs: &[(i64, f32)]) -> Vec<Hit> {
        pairs.iter().map(|&(id, score)| Hit { chunk: ChunkId(id), score }).collect()
    }

    fn ids(hits: &[Hit]) -> Vec<i64> {
        hits.iter().map(|hit| hit.chunk.0).collect()
    }

    #[test]
    fn agreement_of_both_lists_wins_by_rank() {
        let fused = fuse(&hits(&[(1, 9.0), (2, 8.0)]), &hits(&[(3, 0.9), (2, 0.8)]), &FusionParams::Rrf { k: 60 });
        assert_eq!(ids(&fused), [2, 1, 3]);
        assert!((fused[0].score - 2.0 / 62.0).abs() < 1e-6);
    }

    #[test]
    fn weights_decide_between_the_lists() {
        let (lexical, vector) = (hits(&[(1, 9.0), (2, 3.0)]), hits(&[(2, 0.9), (1, 0.1)]));
        assert_eq!(ids(&fuse(&lexical, &vector, &FusionParams::Weighted { bm25_weight: 0.7 })), [1, 2]);
        assert_eq!(ids(&fuse(&lexical, &vector, &FusionParams::Weighted { bm25_weight: 0.3 })), [2, 1]);
    }

    #[test]
    fn one_empty_list_leaves_the_other() {
        let list = hits(&[(4, 2.0), (1, 1.0)]);
        for params in [FusionParams::Rrf { k: 60 }, FusionParams::Weighted { bm25_weight: 0.5 }] {
            assert_eq!(ids(&fuse(&list, &[], &params)), [4, 1]);
            assert_eq!(ids(&fuse(&[], &list, &params)), [4, 1]);
            assert!(fuse(&[], &[], &params).is_empty());
        }
    }

    /// A ranked list of distinct chunks.
    fn ranked() -> impl Strategy<Value = Vec<Hit>> {
        prop::collection::btree_map(0i64..60, -1.0f32..30.0, 0..30).prop_map(|scores| {
            let mut hits: Vec<Hit> = scores.into_iter().map(|(id, score)| Hit { chunk: ChunkId(id), score }).collect();
            hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
            hits
        })
    }

    fn params() -> impl Strategy<Value = FusionParams> {
        prop_oneof![
            (1u32..200).prop_map(|k| FusionParams::Rrf { k }),
            (0.0f32..=1.0).prop_map(|bm25_weight| FusionParams::Weighted { bm25_weight }),
        ]
    }

    proptest! {
        #[test]
        fn every_chunk_comes_out_once_in_order(a in ranked(), b in ranked(), params in params()) {
            let fused = fuse(&a, &b, &params);
            let expected: std::collections::BTreeSet<i64> = ids(&a).into_iter().chain(ids(&b)).collect();
            let found: std::collections::BTreeSet<i64> = ids(&fused).into_iter().collect();
            prop_assert_eq!(fused.len(), found.len());
            prop_assert_eq!(found, expected);
            prop_assert!(fused.iter().all(|hit| hit.score.is_finite()));
            prop_assert!(fused.windows(2).all(|pair| pair[0].score >= pair[1].score));
        }

        #[test]
        fn the_whole_weight_on_one_list_keeps_its_order(a in ranked(), b in ranked()) {
            let lexical = fuse(&a, &b, &FusionParams::Weighted { bm25_weight: 1.0 });
            let of_a: Vec<i64> = ids(&lexical).into_iter().filter(|id| ids(&a).contains(id)).collect();
            let worst = a.last().map(|hit| hit.score);
            // What scores 0 or less is like what is missing from the list; all better ones keep their places.
            let better = a.iter().filter(|hit| hit.score > 0.0 && Some(hit.score) != worst).count();
            prop_assert_eq!(&of_a[..better], &ids(&a)[..better]);
        }

        #[test]
        fn a_chunk_that_both_lists_lead_with_stays_first(a in ranked(), b in ranked(), params in params()) {
            let lead = |list: &[Hit]| -> Vec<Hit> {
                let best = Hit { chunk: ChunkId(1_000), score: 100.0 };
                std::iter::once(best).chain(list.iter().copied()).collect()
            };
            prop_assert_eq!(fuse(&lead(&a), &lead(&b), &params)[0].chunk, ChunkId(1_000));
        }
    }
}
