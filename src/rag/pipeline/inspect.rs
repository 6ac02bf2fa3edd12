//! What each method says of a passage, and why the passage is where it is.

use super::stage::Findings;
use crate::domain::{ChunkId, Hit};

/// The lexical search.
const WORDS: &str = "bm25";
/// The vector search.
const VECTORS: &str = "vector";
/// What is made of all searches.
const FUSION: &str = "fusion";
/// A reranker.
const RERANK: &str = "rerank";

/// What one method says of a passage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MethodScore {
    /// The method: `bm25`, `vector`, `fusion`, `rerank`.
    pub method: &'static str,
    /// Its score, on its own scale.
    pub score: f32,
    /// Its place in the method's own ranking, from 1; `None` where it was only measured, not found.
    pub rank: Option<usize>,
}

/// The scores of each passage, in the order of the passages.
pub(super) fn inspect(findings: &Findings) -> Vec<Vec<MethodScore>> {
    let Findings { lexical, nearest, nearest_ranked, ranked, reranked, passages, .. } = findings;
    let lists = [
        (WORDS, lexical, lexical.len()),
        (VECTORS, nearest, *nearest_ranked),
        (FUSION, ranked, ranked.len()),
        (RERANK, reranked, reranked.len()),
    ];
    let of = |chunk: Option<ChunkId>| -> Vec<MethodScore> {
        let scores = lists.iter().filter_map(|(method, hits, ordered)| score(method, hits, *ordered, chunk?));
        scores.collect()
    };
    passages.iter().map(|passage| of(passage.id)).collect()
}

fn score(method: &'static str, hits: &[Hit], ordered: usize, chunk: ChunkId) -> Option<MethodScore> {
    let at = hits.iter().position(|hit| hit.chunk == chunk)?;
    Some(MethodScore { method, score: hits[at].score, rank: (at < ordered).then_some(at + 1) })
}

/// Why a passage is at its place, counted from 1, as a sentence.
pub fn why(scores: &[MethodScore], place: usize) -> String {
    let searches = || scores.iter().filter(|score| ![FUSION, RERANK].contains(&score.method));
    let named = |score: &MethodScore| match score.method {
        WORDS => "words",
        VECTORS => "vectors",
        other => other,
    };
    let found = searches().filter_map(|score| Some(format!("{} (#{})", named(score), score.rank?)));
    let found: Vec<String> = found.collect();
    let mut parts = vec![match found.as_slice() {
        [] => "found by no search of its own".to_owned(),
        found => format!("found by {}", found.join(" and ")),
    }];
    let missed: Vec<&str> = searches().filter(|score| score.rank.is_none()).map(named).collect();
    if !missed.is_empty() {
        parts.push(format!("not among the best by {}", missed.join(" and ")));
    }
    let rank = |method| scores.iter().find(|score| score.method == method).and_then(|score| score.rank);
    let reranked = rank(RERANK);
    if let Some(fused) = rank(FUSION) {
        parts.push(format!("#{fused} of all candidates"));
        if fused > place && reranked.is_none() {
            parts.push("those between are copies of better ones, or gone".to_owned());
        }
    }
    parts.extend(reranked.map(|rank| format!("#{rank} by the reranker")));
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Passage;

    fn hits(ids: &[i64]) -> Vec<Hit> {
        ids.iter().enumerate().map(|(n, id)| Hit { chunk: ChunkId(*id), score: 1.0 / (n as f32 + 1.0) }).collect()
    }

    #[test]
    fn each_method_tells_score_and_rank_and_what_was_only_measured_has_no_rank() {
        let passage = |id| Passage { id: Some(ChunkId(id)), ..Passage::default() };
        let findings = Findings {
            lexical: hits(&[1, 2]),
            nearest: hits(&[3, 2, 1]),
            nearest_ranked: 2,
            ranked: hits(&[2, 1, 3]),
            reranked: hits(&[3]),
            passages: vec![passage(2), passage(1), passage(3), Passage::default()],
            ..Findings::default()
        };
        let scores = inspect(&findings);
        let ranks = |n: usize| scores[n].iter().map(|score| (score.method, score.rank)).collect::<Vec<_>>();
        assert_eq!(ranks(0), [("bm25", Some(2)), ("vector", Some(2)), ("fusion", Some(1))]);
        assert_eq!(ranks(1), [("bm25", Some(1)), ("vector", None), ("fusion", Some(2))]);
        assert_eq!(ranks(2), [("vector", Some(1)), ("fusion", Some(3)), ("rerank", Some(1))]);
        assert!(ranks(3).is_empty(), "a passage whose chunk is not known");
        assert_eq!(why(&scores[0], 1), "found by words (#2) and vectors (#2); #1 of all candidates");
        assert_eq!(why(&scores[1], 2), "found by words (#1); not among the best by vectors; #2 of all candidates");
        assert_eq!(why(&scores[2], 1), "found by vectors (#1); #3 of all candidates; #1 by the reranker");
        assert!(why(&scores[2][..2], 2).ends_with("those between are copies of better ones, or gone"));
    }
}
