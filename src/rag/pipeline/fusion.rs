//! Fusion: two ranked lists, or three, become one.

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

    fn version(&self) -> u32 {
        2
    }

    fn run(&self, query: &Query, findings: &mut Findings) -> Result<(), RagError> {
        // The lists themselves stay: who explains the answer looks into them.
        findings.ranked = match (query.options.mode, &query.vector) {
            (SearchMode::Bm25, _) | (_, None) => findings.lexical.clone(),
            (SearchMode::Vector, Some(_)) => findings.nearest.clone(),
            (SearchMode::Hybrid, Some(_)) => {
                let share = if findings.sparse.is_empty() { 0.0 } else { query.sparse_share };
                let fused = fuse(&findings.lexical, &findings.nearest, &beside_sparse(query.fusion, share));
                with_sparse(fused, &findings.sparse, share, &query.fusion)
            }
        };
        findings.tell(query, |findings| match (query.options.mode, &query.vector) {
            (SearchMode::Hybrid, Some(_)) => {
                let all = findings.lexical.len() + findings.nearest_ranked + findings.sparse_ranked;
                let repeated = all.saturating_sub(findings.ranked.len());
                let (lists, share) = match findings.sparse.is_empty() {
                    true => ("both lists", String::new()),
                    false => ("several lists", format!(", learned terms {:.2} of all", query.sparse_share)),
                };
                format!("{repeated} of the candidates are in {lists}; {}{share}", named(&query.fusion))
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
        FusionParams::Rrf { k } => sum(&by_rank(lexical, k, 1.0), &by_rank(vector, k, 1.0)),
        FusionParams::Weighted { bm25_weight } => {
            let weight = bm25_weight.clamp(0.0, 1.0);
            // No word in common is worth nothing, so BM25 is measured from 0; a cosine of 0 has no such meaning.
            sum(&scaled(lexical, weight, Some(0.0)), &scaled(vector, 1.0 - weight, None))
        }
    };
    best_first(fused.into_iter().map(|(chunk, score)| Hit { chunk, score }).collect())
}

fn best_first(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
    hits
}

/// How words and vectors are fused when the learned sparse index has this share: most of it is taken from the words, whose terms
/// are among its own. With three quarters of it none of seven collections loses, with all or half of it one does.
fn beside_sparse(params: FusionParams, share: f32) -> FusionParams {
    const OF_WORDS: f32 = 0.75;
    let rest = 1.0 - share;
    match params {
        FusionParams::Weighted { bm25_weight } if share > 0.0 && rest > 0.0 => {
            let words = (bm25_weight.clamp(0.0, 1.0) - OF_WORDS * share).clamp(0.0, rest);
            FusionParams::Weighted { bm25_weight: words / rest }
        }
        params => params,
    }
}

/// Gives the learned sparse scores, best first, their share of fused ones. A chunk that has no such vector, because it is too
/// new or in a language that the model does not read, keeps its score: as if it was as good there as by the others.
fn with_sparse(fused: Vec<Hit>, sparse: &[Hit], share: f32, params: &FusionParams) -> Vec<Hit> {
    if sparse.is_empty() || share <= 0.0 {
        return fused;
    }
    // On the scale of what the two lists have together.
    let scores = match *params {
        FusionParams::Rrf { k } => by_rank(sparse, k, 2.0),
        // As with BM25, no term in common is worth nothing.
        FusionParams::Weighted { .. } => scaled(sparse, 1.0, Some(0.0)),
    };
    let mut scores: HashMap<ChunkId, f32, RandomState> = scores.into_iter().map(|hit| (hit.chunk, hit.score)).collect();
    let mut hits: Vec<Hit> = fused
        .into_iter()
        .map(|hit| match scores.remove(&hit.chunk) {
            Some(score) => Hit { score: (1.0 - share) * hit.score + share * score, ..hit },
            None => hit,
        })
        .collect();
    hits.extend(scores.into_iter().map(|(chunk, score)| Hit { chunk, score: share * score }));
    best_first(hits)
}

/// Scores by rank alone, times the weight.
fn by_rank(hits: &[Hit], k: u32, weight: f64) -> Vec<Hit> {
    let score = |n: usize| weight / (f64::from(k) + n as f64 + 1.0);
    hits.iter().enumerate().map(|(n, hit)| Hit { chunk: hit.chunk, score: score(n) as f32 }).collect()
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

    #[test]
    fn the_share_of_learned_scores_comes_from_the_words_first() {
        let beside = |weight, share| match beside_sparse(FusionParams::Weighted { bm25_weight: weight }, share) {
            FusionParams::Weighted { bm25_weight } => bm25_weight,
            FusionParams::Rrf { .. } => unreachable!("weights stay weights"),
        };
        assert!((beside(0.6, 0.25) - 0.55).abs() < 1e-6);
        assert_eq!([beside(0.6, 0.0), beside(0.1, 0.25), beside(1.0, 1.0)], [0.6, 0.0, 1.0]);
        assert_eq!(beside_sparse(FusionParams::Rrf { k: 9 }, 0.25), FusionParams::Rrf { k: 9 });
    }

    #[test]
    fn learned_scores_move_what_has_them_and_leave_the_rest() {
        let (lexical, vector) = (hits(&[(1, 9.0), (2, 6.0), (3, 3.0)]), hits(&[(1, 0.9), (2, 0.6), (3, 0.3)]));
        let weighted = FusionParams::Weighted { bm25_weight: 0.5 };
        for params in [weighted, FusionParams::Rrf { k: 60 }] {
            let fused = fuse(&lexical, &vector, &params);
            assert_eq!(with_sparse(fused.clone(), &[], 0.5, &params), fused, "nothing has such a vector yet");
            assert_eq!(with_sparse(fused.clone(), &hits(&[(3, 2.0)]), 0.0, &params), fused);
            let moved = with_sparse(fused.clone(), &hits(&[(3, 2.0), (4, 1.9)]), 0.9, &params);
            assert_eq!(ids(&moved)[..1], [1], "no vector, no loss: {moved:?}");
            assert!(ids(&moved).contains(&4) && moved.len() == 4, "found by it alone: {moved:?}");
            let of = |all: &[Hit], id: i64| all.iter().find(|hit| hit.chunk.0 == id).unwrap().score;
            assert!(of(&moved, 3) > of(&fused, 3) && of(&moved, 2) == of(&fused, 2));
        }
        let best = with_sparse(fuse(&lexical, &vector, &weighted), &hits(&[(2, 2.0), (1, 0.2)]), 0.5, &weighted);
        assert_eq!(ids(&best)[..2], [2, 1], "{best:?}");
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
