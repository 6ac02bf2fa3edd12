//! What can be told of each clause of the passages: the features by which it is scored.

use std::collections::HashSet;
use std::ops::Range;

use foldhash::fast::RandomState;

use super::super::sentences::sentences;
use super::super::static_model::StaticEmbedder;
use super::super::terms::{Found, Terms};
use super::clauses::clauses;
use super::expectation::{Asked, Kinds};
use super::network::dot;
use super::rarity::Rarity;

/// Contexts and bytes of one context that are read; more cannot come from a sensible retrieval.
pub(super) const CONTEXTS: usize = 64;
const CONTEXT_BYTES: usize = 16 * 1024;

/// A sentence of a passage.
pub(crate) struct Sentence {
    pub(crate) text: String,
    pub(crate) context: usize,
    pub(crate) found: Found,
    pub(crate) clauses: Range<usize>,
    pub(crate) cosine: f32,
}

/// A clause of a sentence.
pub(crate) struct Clause {
    pub(crate) sentence: usize,
    pub(crate) range: Range<usize>,
    pub(crate) found: Found,
    pub(crate) kinds: Kinds,
}

/// The passages of a question, taken apart.
pub(crate) struct Material {
    pub(crate) sentences: Vec<Sentence>,
    pub(crate) clauses: Vec<Clause>,
    pub(crate) terms: Terms,
    pub(crate) rarity: Rarity,
    pub(crate) asked: Asked,
    pub(crate) focus: Option<u32>,
    /// Terms in each context.
    pub(crate) in_context: Vec<u64>,
}

impl Material {
    /// Takes passages apart; a sentence that repeats an earlier one (overlapping passages) is left out.
    pub(crate) fn of(question: &str, contexts: &[String]) -> Self {
        let terms = Terms::of(question);
        let (asked, at) = Asked::of(question);
        let focus = terms.first_behind(question, at);
        let mut seen = HashSet::with_hasher(RandomState::default());
        let (mut all, mut parts) = (Vec::new(), Vec::new());
        let mut in_context = vec![0; contexts.len().min(CONTEXTS)];
        for (context, passage) in contexts.iter().take(CONTEXTS).enumerate() {
            let passage = &passage[..passage.floor_char_boundary(CONTEXT_BYTES)];
            // Headings and the header rows of tables say what is spoken of, too.
            if passage.lines().any(|line| line.starts_with(['#', '|'])) {
                in_context[context] = terms.find(passage).terms;
            }
            for text in sentences(passage) {
                if !seen.insert(text.clone()) {
                    continue;
                }
                let first = parts.len();
                for range in clauses(&text) {
                    let clause = &text[range.clone()];
                    let (found, kinds) = (terms.find(clause), Kinds::of(clause, &terms, range.start == 0));
                    parts.push(Clause { sentence: all.len(), range, found, kinds });
                }
                let found = parts[first..].iter().fold(Found::default(), |found, part: &Clause| found.and(part.found));
                in_context[context] |= found.terms;
                all.push(Sentence { text, context, found, clauses: first..parts.len(), cosine: UNKNOWN_COSINE });
            }
        }
        let rarity = Rarity::of(&terms, all.iter().map(|sentence| sentence.found.terms));
        Self { sentences: all, clauses: parts, terms, rarity, asked, focus, in_context }
    }
}

impl Material {
    /// The terms that any passage has.
    pub(crate) fn anywhere(&self) -> u64 {
        self.in_context.iter().fold(0, |bits, own| bits | own)
    }
}

/// What a sentence's cosine counts as that is not known.
const UNKNOWN_COSINE: f32 = 0.3;

/// Sentences that are embedded at most: those with most of the question's words.
const EMBEDDED: usize = 24;

impl Material {
    /// Compares what the question and the sentences mean.
    pub(crate) fn embed(&mut self, question: &str, embedder: &StaticEmbedder) {
        let overlaps: Vec<f32> = self.sentences.iter().map(|s| self.rarity.overlap(&s.found)).collect();
        let mut order: Vec<usize> = (0..overlaps.len()).collect();
        order.sort_by(|&a, &b| overlaps[b].total_cmp(&overlaps[a]).then(a.cmp(&b)));
        order.truncate(EMBEDDED);
        let question = embedder.embed_sync(question);
        let mut least = 1.0_f32;
        for &at in &order {
            let cosine = dot(&question, &embedder.embed_sync(&self.sentences[at].text));
            self.sentences[at].cosine = cosine;
            least = least.min(cosine);
        }
        if overlaps.len() > order.len() {
            let embedded: HashSet<usize, RandomState> = order.into_iter().collect();
            let others = self.sentences.iter_mut().enumerate().filter(|(at, _)| !embedded.contains(at));
            others.for_each(|(_, sentence)| sentence.cosine = least);
        }
    }
}

/// How many features a clause has.
pub(crate) const FEATURES: usize = 57;

impl Material {
    /// The features of each clause.
    pub(crate) fn features(&self) -> Vec<[f32; FEATURES]> {
        let overlaps: Vec<f32> = self.sentences.iter().map(|s| self.rarity.overlap(&s.found)).collect();
        let most = overlaps.iter().copied().fold(1e-6, f32::max);
        let in_context: Vec<f32> = self.in_context.iter().map(|bits| self.rarity.share(*bits)).collect();
        let rarest = self.rarity.rarest();
        let most_in_context = in_context.iter().copied().fold(0.0, f32::max);
        let n = self.in_context.len();
        let (mut best_in_context, mut best_cosine, mut pairs) = (vec![0.0_f32; n], vec![-1.0_f32; n], vec![0_u64; n]);
        let (mut so_far, mut running, mut last) = (Vec::new(), 0, usize::MAX);
        let (mut pronoun, mut most_own) = (Vec::new(), Vec::new());
        for (at, sentence) in self.sentences.iter().enumerate() {
            let context = sentence.context;
            best_in_context[context] = best_in_context[context].max(overlaps[at]);
            best_cosine[context] = best_cosine[context].max(sentence.cosine);
            pairs[context] |= sentence.found.pairs;
            if context != last {
                (running, last) = (0, context);
            }
            so_far.push(running);
            running |= sentence.found.terms;
            pronoun.push(f32::from(u8::from(begins_with_pronoun(&sentence.text))));
            let own = sentence.clauses.clone().map(|c| self.rarity.overlap(&self.clauses[c].found));
            most_own.push(own.fold(0.0, f32::max));
        }
        let pairs_in_context: Vec<f32> = pairs.into_iter().map(|bits| self.rarity.share(bits)).collect();
        let most_cosine = best_cosine.iter().copied().fold(-1.0, f32::max);
        self.clauses
            .iter()
            .enumerate()
            .map(|(at, clause)| {
                let sentence = &self.sentences[clause.sentence];
                let near = |step: isize| -> Option<usize> {
                    let other = clause.sentence.checked_add_signed(step)?;
                    let other_sentence = self.sentences.get(other)?;
                    (other_sentence.context == sentence.context).then_some(other)
                };
                let beside = |step: isize| -> Option<&Clause> {
                    let other = at.checked_add_signed(step)?;
                    self.clauses.get(other).filter(|other| other.sentence == clause.sentence)
                };
                let overlap = overlaps[clause.sentence];
                let own = self.rarity.overlap(&clause.found);
                let k = clause.kinds;
                let some = |n: u8| f32::from(u8::from(n > 0));
                let in_sentence = |kind: &dyn Fn(&Kinds) -> u8| {
                    some(sentence.clauses.clone().map(|c| kind(&self.clauses[c].kinds)).fold(0, u8::saturating_add))
                };
                let is = |asked: Asked| f32::from(u8::from(self.asked == asked));
                let length = sentence.text[clause.range.clone()].chars().count() as f32;
                let before = near(-1).map_or(0, |s| self.sentences[s].found.terms);
                let after = near(1).map_or(0, |s| self.sentences[s].found.terms);
                let others = (beside(-1).map_or(0, |c| c.found.terms)) | (beside(1).map_or(0, |c| c.found.terms));
                let has = |bits: u64, term: Option<u32>| term.map_or(0.0, |term| (bits >> term & 1) as f32);
                let last = self.terms.count().checked_sub(1);
                let words = f32::from(clause.found.words.min(60) as u8);
                [
                    overlap,
                    overlap / most,
                    f32::from(u8::from(overlap >= most - 1e-4)),
                    self.rarity.share(sentence.found.pairs),
                    self.rarity.share(before),
                    self.rarity.share(after),
                    self.rarity.share(before | sentence.found.terms),
                    in_context[sentence.context],
                    1.0 / (1.0 + sentence.context as f32),
                    f32::from(u8::from(sentence.context == 0)),
                    sentence.cosine,
                    own,
                    self.rarity.share(others & !clause.found.terms),
                    self.rarity.share(clause.found.pairs),
                    f32::from(u8::from(near(-1).is_none())),
                    f32::from(u8::from(sentence.clauses.len() == 1)),
                    f32::from(u8::from(beside(-1).is_none())),
                    length.ln_1p() / 5.0,
                    f32::from(k.news.min(12)) / 12.0,
                    words.ln_1p() / 4.0,
                    has(clause.found.terms, self.focus),
                    has(sentence.found.terms, self.focus),
                    has(clause.found.terms, last),
                    has(clause.found.terms, rarest),
                    has(sentence.found.terms, rarest),
                    is(Asked::Person) * some(k.names),
                    is(Asked::Person) * some(k.full_names),
                    is(Asked::Person) * in_sentence(&|k| k.names),
                    is(Asked::Place) * some(k.names),
                    is(Asked::Place) * some(k.places),
                    is(Asked::Place) * in_sentence(&|k| k.places),
                    is(Asked::Time) * some(k.years),
                    is(Asked::Time) * some(k.dates),
                    is(Asked::Time) * some(k.numbers),
                    is(Asked::Time) * in_sentence(&|k| k.numbers),
                    is(Asked::Amount) * some(k.numbers),
                    is(Asked::Amount) * some(k.units),
                    is(Asked::Amount) * in_sentence(&|k| k.numbers),
                    is(Asked::Amount) * has(clause.found.terms, self.focus),
                    is(Asked::Reason) * some(k.reasons),
                    is(Asked::Thing) * some(k.names),
                    is(Asked::Thing) * some(k.quotes),
                    is(Asked::Thing) * some(k.numbers),
                    is(Asked::Thing) * has(clause.found.terms, self.focus),
                    best_in_context[sentence.context],
                    f32::from(u8::from(in_context[sentence.context] >= most_in_context - 1e-4)),
                    in_context[sentence.context] - most_in_context,
                    self.rarity.share(so_far[clause.sentence]),
                    pronoun[clause.sentence] * self.rarity.share(before),
                    pronoun[clause.sentence],
                    best_cosine[sentence.context] - most_cosine,
                    sentence.cosine - most_cosine,
                    self.rarity.share(near(-2).map_or(0, |s| self.sentences[s].found.terms)),
                    f32::from(u8::from(own >= most_own[clause.sentence] - 1e-4)),
                    pairs_in_context[sentence.context],
                    self.rarity.share(clause.found.terms | others),
                    1.0,
                ]
            })
            .collect()
    }
}

/// Words that stand for what an earlier sentence names, lower case.
const PRONOUNS: &[&str] = &[
    "he", "she", "it", "they", "this", "these", "his", "her", "their", "its", "the", "such", "er", "sie", "es", "dies",
    "diese", "dieser", "dieses", "ihre", "seine", "ông", "bà", "họ", "nó", "đây", "điều", "những",
];

fn begins_with_pronoun(sentence: &str) -> bool {
    let word = sentence.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    word.len() < 9 && PRONOUNS.contains(&word.to_lowercase().as_str())
        || sentence.starts_with(['他', '她', '它', '这', '其', '该'])
}
