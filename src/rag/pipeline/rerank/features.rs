//! Reranking by a small model over what is known of the passages for free.
//!
//! Each feature compares the passages of one question with each other, so that it means the same in a DB of ten documents
//! and of a million, in any language, with any embedder. The model is a weighted mean of four of them. `cargo bench --bench
//! rerank` makes the weights, and measures them on collections that they were not made from.
//!
//! Tried besides, alone and together, and left out because collections that the weights did not see gained nothing by them
//! or lost: the scores of the single searches beside the fused one, rank, terms that are only inflected, terms within one
//! sentence or two, terms of title and headings alone, numbers, length.

use std::time::Instant;

use super::{context_of, reorder};
use crate::{
    domain::RerankMethod,
    providers::embedded::{Found, Terms},
    rag::{
        RagError,
        pipeline::stage::{BlockingStage, Findings, Query},
    },
};

/// Names of the features, in their order: the score by all searches together; the share of the question's terms that the
/// passage holds as they are; the share that stands next to each other as in the question; the cosine with the passages
/// that the search has first, which are often about what is asked in other words than the question's.
pub const FEATURES: [&str; COUNT] = ["fused", "coverage", "pairs", "feedback"];

/// What each feature counts for; together 1. Made by `cargo bench --bench rerank` from med, scifact-subset, squad2-dev and
/// xquad in German, English, Vietnamese and Chinese: 300 questions of each, or as many as there are.
pub const WEIGHTS: [f32; COUNT] = [0.373, 0.312, 0.211, 0.104];

const COUNT: usize = 4;

/// How many of the first passages the others are compared with.
const FEEDBACK: usize = 3;

/// Bytes of a passage that are read.
const MOST_BYTES: usize = 16 * 1024;

/// Puts the best passages of hybrid search into the order of the model's scores, which are in 0..=1.
pub(in crate::rag::pipeline) struct WeighFeatures;

impl BlockingStage for WeighFeatures {
    fn name(&self) -> &'static str {
        "rerank-features"
    }

    fn applies(&self, query: &Query) -> bool {
        query.options.reranking() == RerankMethod::Features
    }

    fn run(&self, query: &Query, findings: &mut Findings) -> Result<(), RagError> {
        let begun = Instant::now();
        // One passage has one order.
        if findings.passages.len() > 1 {
            let scores: Vec<f32> = features(query, findings).iter().map(|features| score(features, &WEIGHTS)).collect();
            reorder(query, findings, &scores);
        }
        findings.passages.truncate(query.options.k);
        findings.rerank_took = begun.elapsed();
        Ok(())
    }
}

/// The features of each passage, each in 0..=1. The passages are in the order of the search.
pub fn features(query: &Query, findings: &Findings) -> Vec<[f32; COUNT]> {
    let terms = Terms::of(&query.text);
    let words = findings.passages.iter().map(|passage| Words::of(&terms, &passage.text, &context_of(passage)));
    let words: Vec<Words> = words.collect();
    let rarity = Rarity::of(&terms, &words);
    let fused = scaled(findings.passages.iter().map(|passage| Some(passage.score)));
    let feedback = scaled(feedback(query, findings).into_iter());
    let each = words.iter().zip(fused).zip(feedback);
    each.map(|((words, fused), feedback)| [fused, rarity.share(words.terms), rarity.share(words.pairs), feedback])
        .collect()
}

/// The model: a weighted mean of the features.
pub fn score(features: &[f32; COUNT], weights: &[f32; COUNT]) -> f32 {
    features.iter().zip(weights).map(|(feature, weight)| feature * weight).sum()
}

/// The cosine of each passage with the middle of the first ones; `None` where there is no vector.
fn feedback(query: &Query, findings: &Findings) -> Vec<Option<f32>> {
    let ids: Vec<_> = findings.passages.iter().map(|passage| passage.id).collect();
    let index = query.db.search();
    let mut middle: Vec<f32> = Vec::new();
    for vector in ids.iter().take(FEEDBACK).filter_map(|id| index.vector((*id)?)) {
        middle.resize(vector.len(), 0.0);
        middle.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value);
    }
    let known: Vec<_> = ids.iter().flatten().copied().collect();
    let mut cosines = index.similarities(&middle, &known).into_iter();
    ids.iter().map(|id| id.and_then(|_| cosines.next().flatten())).collect()
}

/// What the words of a passage have of the question, as bits.
#[derive(Debug, Default)]
struct Words {
    /// Terms as they are, of the passage, its title and the headings above it.
    terms: u64,
    /// Terms of the passage that stand next to each other as in the question.
    pairs: u64,
}

impl Words {
    fn of(terms: &Terms, text: &str, context: &str) -> Self {
        let text = &text[..text.floor_char_boundary(MOST_BYTES)];
        let as_they_are = |found: &Found| found.terms & !found.inflected;
        let (of_text, of_context) = (terms.find(text), terms.find(context));
        Self { terms: as_they_are(&of_text) | as_they_are(&of_context), pairs: of_text.pairs }
    }
}

/// How much each term tells: the rarer it is among the passages, the more.
struct Rarity {
    weights: Vec<f32>,
    total: f32,
}

impl Rarity {
    fn of(terms: &Terms, passages: &[Words]) -> Self {
        let weight = |term: u32| {
            let has = passages.iter().filter(|words| words.terms >> term & 1 == 1).count() as f32;
            (1.0 + (passages.len() as f32 - has + 0.5) / (has + 0.5)).ln()
        };
        let weights: Vec<f32> = (0..terms.count()).map(weight).collect();
        Self { total: weights.iter().sum::<f32>().max(f32::MIN_POSITIVE), weights }
    }

    /// The share of the question that these terms are, 0..=1.
    fn share(&self, bits: u64) -> f32 {
        let of = |(term, weight): (usize, &f32)| (bits >> term & 1 == 1).then_some(*weight);
        (self.weights.iter().enumerate().filter_map(of).sum::<f32>() / self.total).min(1.0)
    }
}

/// Scores between the worst (0) and the best (1); one that is missing is like the worst. Where all are equal, all are 0.
fn scaled(scores: impl Iterator<Item = Option<f32>>) -> Vec<f32> {
    let scores: Vec<Option<f32>> = scores.map(|score| score.filter(|score| score.is_finite())).collect();
    let bounds = scores.iter().flatten().fold((f32::MAX, f32::MIN), |(low, high), s| (low.min(*s), high.max(*s)));
    let (low, span) = (bounds.0, bounds.1 - bounds.0);
    let share = |score: f32| if span > 0.0 { ((score - low) / span).clamp(0.0, 1.0) } else { 0.0 };
    scores.into_iter().map(|score| score.map_or(0.0, share)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(question: &str, passages: &[(&str, &str)]) -> (Vec<Words>, Rarity) {
        let terms = Terms::of(question);
        let words: Vec<Words> = passages.iter().map(|(text, context)| Words::of(&terms, text, context)).collect();
        let rarity = Rarity::of(&terms, &words);
        (words, rarity)
    }

    #[test]
    fn a_passage_with_all_words_together_is_worth_more_than_one_with_some() {
        let (words, rarity) = words(
            "How long is the warranty of the blue pump?",
            &[
                ("The blue pump has a warranty that is two years long.", ""),
                ("The pump, unlike what was blue before, has a warranty for long.", ""),
                ("The pump is loud.", ""),
                ("Loud it is.", "The blue pump"),
            ],
        );
        let (covered, together): (Vec<f32>, Vec<f32>) =
            words.iter().map(|words| (rarity.share(words.terms), rarity.share(words.pairs))).unzip();
        assert!(covered[0] == covered[1] && covered[1] > covered[3] && covered[3] > covered[2], "{covered:?}");
        assert!(together[0] > together[1], "{together:?}");
        assert!(covered.iter().chain(&together).all(|share| (0.0..=1.0).contains(share)));
    }

    #[test]
    fn a_rare_word_tells_more_than_one_that_all_have() {
        let (words, rarity) =
            words("pump E117", &[("A pump.", ""), ("The pump of E117.", ""), ("E117", ""), ("A pump", "")]);
        assert!(rarity.share(words[2].terms) > rarity.share(words[0].terms));
        assert!((rarity.share(words[1].terms) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn questions_and_passages_without_words_are_worth_nothing() {
        for question in ["", "?!", "the of and", "🙂"] {
            let (words, rarity) = words(question, &[("", ""), ("🙂 …", "the"), (&"é".repeat(MOST_BYTES), "")]);
            assert!(words.iter().all(|words| rarity.share(words.terms) == 0.0), "{question:?}");
        }
    }

    #[test]
    fn scores_are_scaled_between_the_worst_and_the_best_and_nonsense_counts_as_the_worst() {
        assert_eq!(
            scaled([Some(3.0), None, Some(1.0), Some(f32::NAN), Some(2.0)].into_iter()),
            [1.0, 0.0, 0.0, 0.0, 0.5]
        );
        assert_eq!(scaled([Some(7.0), Some(7.0)].into_iter()), [0.0, 0.0]);
        assert_eq!(scaled([None, Some(f32::INFINITY)].into_iter()), [0.0, 0.0]);
    }

    #[test]
    fn the_weights_make_a_mean() {
        assert!(WEIGHTS.iter().all(|weight| *weight > 0.0));
        assert!((score(&[1.0; COUNT], &WEIGHTS) - 1.0).abs() < 1e-6);
        assert_eq!(score(&[0.0; COUNT], &WEIGHTS), 0.0);
    }
}
