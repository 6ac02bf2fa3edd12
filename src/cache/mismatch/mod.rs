//! Cheap checks on two questions whose vectors are near: near is not the same.
//!
//! "How do I enable the cache?" and "How do I disable the cache?" have a cosine of 0.97 with a good embedding model. Each
//! guard looks for one way in which questions that share almost all their words ask for different things; the first that
//! finds one refuses the stored answer, and its name is what is counted. They read the words only, a microsecond each, and
//! know English best, German, Vietnamese and Chinese as far as numbers, negation and question words go.
//!
//! How much they are worth is printed by `cargo bench --bench semantic_cache`.

mod lexicon;
mod wording;

use std::fmt;

pub use wording::{Numbers, Quantity, QuestionKind, Word, Wording};

/// Why a near neighbour's answer is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rejection {
    /// Numbers, units or dates differ.
    Numbers,
    /// Names differ.
    Entities,
    /// One is negated, the other is not.
    Negation,
    /// Opposites: enable and disable.
    Antonyms,
    /// A to B, B to A.
    Direction,
    /// One asks when, the other why.
    QuestionWord,
    /// Words that carry the meaning differ.
    Wording,
    /// Two stored answers that differ are about equally near.
    Ambiguous,
    /// The passages that the stored answer is made from are not among those of this question.
    Evidence,
    /// Verified mode asked the LLM to learn whether the stored answer is right.
    Exploration,
}

impl Rejection {
    /// Every reason, for metrics that must exist before they happen.
    pub const ALL: [Self; 10] = [
        Self::Numbers,
        Self::Entities,
        Self::Negation,
        Self::Antonyms,
        Self::Direction,
        Self::QuestionWord,
        Self::Wording,
        Self::Ambiguous,
        Self::Evidence,
        Self::Exploration,
    ];

    /// The machine-readable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Numbers => "numbers",
            Self::Entities => "entities",
            Self::Negation => "negation",
            Self::Antonyms => "antonyms",
            Self::Direction => "direction",
            Self::QuestionWord => "question_word",
            Self::Wording => "wording",
            Self::Ambiguous => "ambiguous",
            Self::Evidence => "evidence",
            Self::Exploration => "exploration",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Content words from which on one that was exchanged for another decides: of two long questions that differ in one word
/// that word is what they are about.
const LONG: usize = 7;

/// Words that differ up to which single words decide; with more, a text was reworded altogether.
const REWORDED: usize = 6;

/// The first guard that tells the two questions apart; `None` when all agree. Symmetric.
pub fn refuse(a: &Wording, b: &Wording) -> Option<Rejection> {
    if a.numbers().differ_from(b.numbers()) {
        return Some(Rejection::Numbers);
    }
    let (only_a, only_b) = (a.without(b), b.without(a));
    // A text that was reworded altogether may negate in other ways ("avoid", "in the absence of").
    let reworded = only_a.len() + only_b.len() > REWORDED;
    if a.negated() != b.negated() && !reworded {
        return Some(Rejection::Negation);
    }
    if opposed(&only_a, &only_b) {
        return Some(Rejection::Antonyms);
    }
    if !reworded && names_differ(&only_a, &only_b) {
        return Some(Rejection::Entities);
    }
    if turned_around(a, b) {
        return Some(Rejection::Direction);
    }
    if !a.kind().agrees(b.kind()) {
        return Some(Rejection::QuestionWord);
    }
    // One word for another. With more of them it is a paraphrase as often as another question.
    let questions = a.kind() != QuestionKind::Open && b.kind() != QuestionKind::Open;
    let long = a.words().len().max(b.words().len()) >= LONG;
    (questions && long && only_a.len() == 1 && only_b.len() == 1 && !alike(only_a[0], only_b[0]))
        .then_some(Rejection::Wording)
}

/// Whether a word of one side is the opposite of a word of the other, or the same with a negating prefix.
fn opposed(only_a: &[&Word], only_b: &[&Word]) -> bool {
    only_a.iter().any(|a| only_b.iter().any(|b| lexicon::are_antonyms(&a.text, &b.text)))
}

/// Whether each side has a name that the other has not. A name on one side only is as often an addition as a difference.
fn names_differ(only_a: &[&Word], only_b: &[&Word]) -> bool {
    let name = |words: &[&Word]| words.iter().any(|word| word.name);
    name(only_a) && name(only_b)
}

/// Whether two words stand around a direction ("to", "than", a verb between names) one way here and the other way there.
fn turned_around(a: &Wording, b: &Wording) -> bool {
    let turned = |x: &wording::Relation<'_>| {
        b.relations()
            .any(|y| y.by == x.by && y.from.same(x.to) && y.to.same(x.from) && (x.directed || x.from.name && x.to.name))
    };
    a.relations().any(|relation| turned(&relation))
}

/// Whether two words may be one: a compound and its part, an abbreviation and what it begins.
fn alike(a: &Word, b: &Word) -> bool {
    let (short, long) = if a.text.len() <= b.text.len() { (&a.text, &b.text) } else { (&b.text, &a.text) };
    short.len() >= 4 && long.contains(short.as_str())
}

#[cfg(test)]
mod tests;
