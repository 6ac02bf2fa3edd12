//! What answers are proven by: the passages, sentence by sentence.

use std::ops::Range;

use super::{
    sentences::sentences,
    tokens::{Key, Reading, Vocabulary},
};
use crate::util::wording::{
    self,
    lexicon::{self, Lexicon},
    tokens::tokens,
};

/// Sentences of all passages that are read: more cannot come from a sensible retrieval.
const MOST_SENTENCES: usize = 2_000;

/// A passage that an answer is proven by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Source<'t> {
    /// Its text.
    pub text: &'t str,
    /// The title of its document: what a passage is about is often said there only.
    pub title: Option<&'t str>,
}

/// A sentence of a passage.
#[derive(Debug)]
pub(super) struct EvidenceSentence {
    /// Its passage, from 0.
    pub(super) passage: usize,
    /// Its bytes in the passage.
    pub(super) range: Range<usize>,
    pub(super) reading: Reading,
}

/// A passage that was read.
#[derive(Debug)]
pub(super) struct EvidencePassage {
    /// Its sentences in [`Evidence::sentences`].
    pub(super) sentences: Range<usize>,
    pub(super) title: Reading,
    /// Its language's place among the lexicons; `None` when it is not known.
    pub(super) language: Option<usize>,
}

/// The passages of an answer, read once.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) vocabulary: Vocabulary,
    pub(super) sentences: Vec<EvidenceSentence>,
    pub(super) passages: Vec<EvidencePassage>,
    /// For each key, the sentences that have it among their features, in order.
    postings: Vec<Vec<u32>>,
}

impl Evidence {
    pub(super) fn of(sources: &[Source<'_>]) -> Self {
        let mut evidence = Self::default();
        for (passage, source) in sources.iter().enumerate() {
            let language = wording::language_of(&tokens(source.text));
            let lexicon = lexicon::of(language);
            let begins = evidence.sentences.len();
            for range in sentences(source.text) {
                if evidence.sentences.len() == MOST_SENTENCES {
                    break;
                }
                let words = &source.text[range.clone()];
                let reading = evidence.vocabulary.read(words, lexicon, true);
                // A quote ends with its last word.
                let range = range.start..range.start + words.trim_end_matches(['.', '!', '。', '！']).len();
                evidence.sentences.push(EvidenceSentence { passage, range, reading });
            }
            let title = evidence.vocabulary.read(source.title.unwrap_or_default(), lexicon, true);
            evidence.passages.push(EvidencePassage { sentences: begins..evidence.sentences.len(), title, language });
        }
        for (at, sentence) in evidence.sentences.iter().enumerate() {
            for key in &sentence.reading.features {
                let key = *key as usize;
                if evidence.postings.len() <= key {
                    evidence.postings.resize_with(key + 1, Vec::new);
                }
                evidence.postings[key].push(at as u32);
            }
        }
        evidence
    }

    /// The sentences that a feature is in.
    pub(super) fn with(&self, key: Key) -> &[u32] {
        self.postings.get(key as usize).map_or(&[], Vec::as_slice)
    }

    /// How telling a feature is: its inverse document frequency as in BM25, with sentences for documents.
    pub(super) fn rarity(&self, key: Key) -> f32 {
        let (all, with) = (self.sentences.len() as f32, self.with(key).len() as f32);
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
    }

    /// The language in which a passage is read.
    pub(super) fn lexicon(&self, passage: usize) -> &'static Lexicon {
        lexicon::of(self.passages.get(passage).and_then(|passage| passage.language))
    }
}
