//! The extractive answerer: quotes the parts of sentences that answer a question best, with their citations.
//!
//! No language model runs. Passages are taken apart into sentences and clauses (`clauses`). Of each clause is told what can be
//! told for little (`features`): the rare terms that it and its surroundings share with the question (`rarity`), whether it
//! has the kind of thing that is asked for (`expectation`), what it means. A small [network](network::Network) makes a share
//! of the probability of that; the clauses with most of it are quoted, with their neighbours where they could not be read alone
//! (`windows`). A second network says by the same findings (`evidence`) whether the passages answer at all; what it must say
//! at least depends on the language (`phrases`). The weights of both are fitted (`fit`) by `ragctl eval --abstain` to the first
//! halves of SQuAD 2.0 and XQuAD (en, de, vi, zh).

mod clauses;
mod evidence;
mod expectation;
mod features;
pub(super) mod fit;
mod network;
mod phrases;
mod rarity;
// What was fitted may come near a constant of mathematics by chance.
#[allow(clippy::approx_constant)]
mod weights;
mod windows;

use async_trait::async_trait;
use futures::{StreamExt, stream};

use self::{
    evidence::EVIDENCE,
    features::{FEATURES, Material},
    fit::{CLAUSE_UNITS, EVIDENCE_UNITS},
    network::{Network, shares},
    phrases::Language,
    windows::{Window, windows},
};
use super::sentences::plain;
use super::static_model::StaticEmbedder;
use crate::providers::{
    Ending, GenerationEvent, GenerationRequest, GenerationStats, GenerationStream, Generator, ProviderError,
    ProviderKind,
};

/// What decides: the weights, and the least evidence for an answer in each language.
#[derive(Debug, Clone, Copy)]
pub struct Decider<'w> {
    clauses: Network<'w>,
    answered: Network<'w>,
    thresholds: [f32; 4],
}

impl Decider<'static> {
    /// The one that is compiled in.
    pub const BUNDLED: Self = Self::new(weights::CLAUSES, weights::EVIDENCE, weights::THRESHOLDS);
}

impl<'w> Decider<'w> {
    const fn new(clauses: &'w [f32], evidence: &'w [f32], thresholds: [f32; 4]) -> Self {
        let clauses = Network::new(FEATURES, CLAUSE_UNITS, clauses);
        Self { clauses, answered: Network::new(EVIDENCE, EVIDENCE_UNITS, evidence), thresholds }
    }
}

/// Words of a question that no passage has which are told at most.
const MISSING: usize = 4;

/// What was found in the contexts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extraction {
    /// One to four sentences, or parts of them, without Markdown in reading order, each with the number of its context, from 1.
    /// Where a sentence goes on, `…` stands. Empty only when no context holds a sentence.
    pub sentences: Vec<(String, usize)>,
    /// Whether they probably answer the question. When not, there is one sentence: the closest.
    pub confident: bool,
    /// When they do not: words of the question that no context has, at most four.
    pub missing: Vec<String>,
}

/// Picks the sentences of `contexts` (best context first) that answer `question`.
///
/// Without `embedder`, and for the same input with it, the result is deterministic. At most 64 contexts and 16 KiB of each
/// are read.
pub fn extract(question: &str, contexts: &[String], embedder: Option<&StaticEmbedder>) -> Extraction {
    extract_by(Decider::BUNDLED, question, contexts, embedder)
}

/// The same by other weights.
pub fn extract_by(
    decider: Decider<'_>,
    question: &str,
    contexts: &[String],
    embedder: Option<&StaticEmbedder>,
) -> Extraction {
    let mut material = Material::of(question, contexts);
    if let Some(embedder) = embedder {
        material.embed(question, embedder);
    }
    if material.clauses.is_empty() {
        return Extraction::default();
    }
    let scores: Vec<f32> = material.features().iter().map(|row| decider.clauses.score(row)).collect();
    let shares = shares(&scores);
    let evidence = decider.answered.score(&material.evidence(question, &scores, &shares));
    let anywhere = material.anywhere();
    let confident = anywhere != 0 && evidence >= decider.thresholds[Language::of(question) as usize];
    if confident {
        return Extraction {
            sentences: quoted(&material, windows(&material, &shares)),
            confident,
            missing: Vec::new(),
        };
    }
    let closest = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let closest = closest.map(|at| {
        let sentence = material.clauses[at].sentence;
        Window { sentence, range: 0..material.sentences[sentence].text.len() }
    });
    let mut missing = material.terms.missing(question, anywhere);
    missing.truncate(MISSING);
    Extraction { sentences: quoted(&material, closest.into_iter().collect()), confident, missing }
}

/// The texts of windows in the order in which they should be read: the best context first, and within a context as they stand
/// there. What only repeats another one is left out.
fn quoted(material: &Material, windows: Vec<Window>) -> Vec<(String, usize)> {
    let Some(best) = windows.first().map(|window| material.sentences[window.sentence].context) else {
        return Vec::new();
    };
    let mut said: Vec<(String, Window)> = Vec::new();
    for window in windows {
        // Overlapping passages begin in the middle of a sentence, and differ in markup.
        let text = &material.sentences[window.sentence].text[window.range.clone()];
        let letters: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        if !said.iter().any(|(other, _)| other.contains(&letters) || letters.contains(other)) {
            said.push((letters, window));
        }
    }
    let mut windows: Vec<Window> = said.into_iter().map(|(_, window)| window).collect();
    windows.sort_by_key(|window| {
        (material.sentences[window.sentence].context != best, window.sentence, window.range.start)
    });
    windows
        .into_iter()
        .map(|window| (text(material, &window), material.sentences[window.sentence].context + 1))
        .collect()
}

/// A window as a reader should see it.
fn text(material: &Material, window: &Window) -> String {
    let sentence = &material.sentences[window.sentence].text;
    let own = plain(&sentence[window.range.clone()]);
    let begins = if window.range.start > 0 { "… " } else { "" };
    if window.range.end >= sentence.len() {
        return format!("{begins}{own}");
    }
    let pause =
        |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '–' | '—' | '(' | '，' | '；' | '：' | '（');
    format!("{begins}{}…", own.trim_end_matches(pause))
}

/// Answers by quoting. Needs nothing but the contexts.
#[derive(Debug, Clone, Default)]
pub struct ExtractiveGenerator {
    embedder: Option<StaticEmbedder>,
}

impl ExtractiveGenerator {
    /// Name of the "model" in requests, metrics and logs.
    pub const MODEL: &'static str = "extractive";

    /// The version of what it quotes, so that answers of an older one are not given again.
    pub const VERSION: &'static str = "extractive@2";

    /// An answerer that compares meanings with `embedder`, or words only when there is none.
    pub fn new(embedder: Option<StaticEmbedder>) -> Self {
        Self { embedder }
    }
}

#[async_trait]
impl Generator for ExtractiveGenerator {
    fn provider(&self) -> ProviderKind {
        ProviderKind::Embedded
    }

    fn model(&self) -> &str {
        Self::MODEL
    }

    /// One text event a sentence, each ending with its citation: `Releases are kept for 30 days [1].` Never fails.
    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream, ProviderError> {
        let extraction = extract(&request.question, &request.passages, self.embedder.as_ref());
        let texts = answer(&request.question, &extraction).into_iter().map(GenerationEvent::Text);
        let ending = if extraction.confident { Ending::Complete } else { Ending::Unanswered };
        let done = GenerationEvent::Done(GenerationStats { ending, ..GenerationStats::default() });
        Ok(stream::iter(texts.chain([done]).map(Ok).collect::<Vec<_>>()).boxed())
    }
}

/// The pieces of the answer as they are streamed.
fn answer(question: &str, extraction: &Extraction) -> Vec<String> {
    let phrases = || Language::of(question).phrases();
    let Some(first) = extraction.sentences.first() else { return vec![phrases().nothing.to_owned()] };
    if !extraction.confident {
        let phrases = phrases();
        let mut said = phrases.unsure.to_owned();
        if !extraction.missing.is_empty() {
            said.push_str(&format!("{}{}. ", phrases.missing, extraction.missing.join(", ")));
        }
        said.push_str(phrases.closest);
        return vec![said, cited(first)];
    }
    let pieces = extraction.sentences.iter().enumerate();
    pieces.map(|(at, sentence)| if at == 0 { cited(sentence) } else { format!(" {}", cited(sentence)) }).collect()
}

/// The sentence with its citation before the final punctuation.
fn cited((sentence, context): &(String, usize)) -> String {
    let end = sentence.trim_end_matches(['.', '!', '?', '…', '。', '！', '？']);
    let stop = &sentence[end.len()..];
    format!("{end} [{context}]{}", if stop.is_empty() { "." } else { stop })
}

#[cfg(test)]
mod tests;
