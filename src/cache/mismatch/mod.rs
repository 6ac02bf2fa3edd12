//! Cheap checks on two questions whose vectors are near: near is not the same.
//!
//! "How do I enable the cache?" and "How do I disable the cache?" have a cosine of 0.97 with a good embedding model. The checks
//! lay the two questions side by side (`alignment`) and look for whatever makes them ask for different things; the first
//! that finds something refuses the stored answer, and its name is what is counted. They read words only, microseconds a
//! pair, and nothing of this is done for a question in the very same words.
//!
//! - **Words alone** ([`refuse`]), before anything is searched: numbers, names, negation, the commonest opposites, small words
//!   that stand in place of others of their class (`lexicon`), names that changed places, question words.
//! - **Beside the documents** ([`refuse_beside`]), once the passages of both questions are known: a word that they use and that
//!   only one question has; a word in place of another when they use both, for then the two are no synonyms; every small word
//!   and every change of order that may matter. And the passages that the answer cites must have the words by which the new
//!   question differs ([`is_unproven`]).
//!
//! The tables of small words are for English, German, French, Spanish, Vietnamese and Chinese. In another language every
//! word counts. What the checks miss, the verified mode still bounds; how much they are worth is printed by
//! `cargo bench --bench semantic_cache`, and held by tests on the sets of questions in `fixtures/cache`.

mod alignment;
mod documents;
mod rejection;

use crate::util::wording::{self, lexicon, question, word};
use alignment::Alignment;
use lexicon::SignClass;
use word::Sign;

pub use documents::Documents;
pub use question::{Quantity, QuestionKind};
pub use rejection::Rejection;
pub use word::{Numbers, Word};
pub use wording::Wording;

/// Words that say something from which on one that was exchanged for another decides: of two long questions that differ in one word
/// that word is what they are about.
const LONG: usize = 7;

/// Words that differ up to which single words decide; with more, a text was reworded altogether.
const REWORDED: usize = 6;

/// Content words up to which their order is compared without the documents: sentences longer than that put their clauses
/// in any order.
const SENTENCE: usize = 10;

/// What speaks against an answer before any document is looked at: the words alone. `None` when nothing does. Symmetric.
///
/// What two texts mean that were reworded altogether, no list of words can tell; those are left to the similarity, and to
/// [`refuse_beside`].
pub fn refuse(a: &Wording, b: &Wording) -> Option<Rejection> {
    beside(a, b, |a, b| by_words(&Alignment::of(a, b), a, b))
}

/// What speaks against an answer once the passages of both questions are known: nothing is given the benefit of the doubt
/// any more. Symmetric.
pub fn refuse_beside(documents: &Documents, a: &Wording, b: &Wording) -> Option<Rejection> {
    beside(a, b, |a, b| {
        let alignment = Alignment::of(a, b);
        by_words(&alignment, a, b)
            .or_else(|| by_closed_classes(&alignment, a, b))
            .or_else(|| by_documents(documents, &alignment, a, b))
    })
}

/// Whether two questions have the same words, in any form and order.
pub(super) fn same_words(a: &Wording, b: &Wording) -> bool {
    beside(a, b, |a, b| Alignment::of(a, b).same_words())
}

/// Compares two questions in the language that both are most likely in.
fn beside<T>(a: &Wording, b: &Wording, compare: impl FnOnce(&Wording, &Wording) -> T) -> T {
    let (own_a, own_b) = (a.beside(b), b.beside(a));
    compare(own_a.as_ref().unwrap_or(a), own_b.as_ref().unwrap_or(b))
}

fn by_words(alignment: &Alignment<'_>, a: &Wording, b: &Wording) -> Option<Rejection> {
    if a.numbers.differ_from(&b.numbers) {
        return Some(Rejection::Numbers);
    }
    // What is set apart names what is meant; left out altogether, it may go without saying.
    if !a.set_apart.is_empty() && !b.set_apart.is_empty() && a.set_apart != b.set_apart {
        return Some(Rejection::Entities);
    }
    let (only_a, only_b) = (alignment.only_a(), alignment.only_b());
    // A text that was reworded altogether may negate in other ways ("avoid", "in the absence of").
    let reworded = only_a.len() + only_b.len() > REWORDED;
    if a.negated != b.negated && !reworded {
        return Some(Rejection::Negation);
    }
    if opposed(&only_a, &only_b) {
        return Some(Rejection::Antonyms);
    }
    if !reworded && names_differ(&only_a, &only_b) {
        return Some(Rejection::Entities);
    }
    // Sentences put their clauses in any order, and say with one small word or another what they state.
    let sentence = a.words.len().max(b.words.len()) > SENTENCE;
    // "How can I" and "how should I" are often one question, but not always: this check leaves it open, the one beside the
    // documents refuses.
    let tells = |class| class != SignClass::Modal || !(asks(a) && asks(b));
    if !reworded && !sentence && (signs_oppose(a, b, tells) || alignment.units_differ()) {
        return Some(Rejection::FunctionWord);
    }
    let questions = a.kind != QuestionKind::Open && b.kind != QuestionKind::Open;
    let turned = questions && !sentence && alignment.same_words() && alignment.turned_around_a_word();
    if turned || alignment.names_turned_around() {
        return Some(Rejection::Direction);
    }
    if !alignment::kinds_agree(a, b) {
        return Some(Rejection::QuestionWord);
    }
    // One word for another. With more of them it is a paraphrase as often as another question.
    let length = |wording: &Wording| wording.words.len() + wording.signs.len();
    let long = length(a).max(length(b)) >= LONG;
    (questions && long && only_a.len() == 1 && only_b.len() == 1 && !alike(only_a[0], only_b[0]))
        .then_some(Rejection::Wording)
}

/// Small words that differ, and nouns that changed their roles or their places.
fn by_closed_classes(alignment: &Alignment<'_>, a: &Wording, b: &Wording) -> Option<Rejection> {
    if signs_differ(a, b) {
        return Some(Rejection::FunctionWord);
    }
    (alignment.roles_differ() || alignment.voice_differs() || alignment.turned_around()).then_some(Rejection::Direction)
}

/// The signs of a question that the other has not.
fn lacks(own: &Wording, other: &Wording) -> Vec<Sign> {
    let has = |sign: &Sign| other.signs.iter().any(|theirs| (theirs.class, theirs.group) == (sign.class, sign.group));
    own.signs.iter().filter(|sign| !has(sign)).copied().collect()
}

/// Whether each has a word of a closed class in place of another of the same class: over and under, may and must.
fn signs_oppose(a: &Wording, b: &Wording, of: impl Fn(SignClass) -> bool) -> bool {
    let (more_a, more_b) = (lacks(a, b), lacks(b, a));
    more_a.iter().any(|one| of(one.class) && more_b.iter().any(|other| one.class == other.class))
}

/// Whether the two differ in a closed class: they oppose each other, or one has a firm word there that the other has not.
fn signs_differ(a: &Wording, b: &Wording) -> bool {
    // "Who pays" and "who has to pay" ask for the same, "is it paid" and "must it be paid" do not.
    let both_ask = asks(a) && asks(b);
    let firm = |sign: &Sign| sign.firm && !(both_ask && sign.class == SignClass::Modal);
    signs_oppose(a, b, |_| true) || lacks(a, b).iter().chain(&lacks(b, a)).any(firm)
}

/// Whether it begins with a question word, so that its answer is more than yes or no.
fn asks(wording: &Wording) -> bool {
    !matches!(wording.kind, QuestionKind::YesNo | QuestionKind::Open)
}

/// Words that the documents use and that only one question has, or that stand in place of another that they use, too. Of two
/// words of which they use one, the other may be the same by another name.
fn by_documents(documents: &Documents, alignment: &Alignment<'_>, a: &Wording, b: &Wording) -> Option<Rejection> {
    let lexicon = a.lexicon();
    for difference in alignment.differences() {
        let (known_a, known_b) = (known(documents, &difference.a, a, b), known(documents, &difference.b, b, a));
        // A name is no synonym, and what is asked about somebody is not asked in general.
        let names =
            difference.a.iter().chain(&difference.b).any(|word| word.name && !documents.are_about(word, lexicon));
        let addition = difference.a.is_empty() || difference.b.is_empty();
        let tells = |words: &[&Word]| words.iter().any(|word| !documents.are_about(word, lexicon));
        let apart = match addition {
            true => tells(&known_a) || tells(&known_b),
            false => !known_a.is_empty() && !known_b.is_empty(),
        };
        if apart || names {
            return Some(Rejection::Substitution);
        }
    }
    None
}

/// Whether the passages that an answer cites lack a word by which the new question differs from the one that it was given to,
/// although the documents have it: they speak about it elsewhere.
pub fn is_unproven(found: &Documents, evidence: &Documents, asked: &Wording, stored: &Wording) -> bool {
    beside(asked, stored, |asked, stored| {
        let lexicon = asked.lexicon();
        let known = known(found, &Alignment::of(asked, stored).only_a(), asked, stored);
        known.iter().any(|word| !evidence.use_word(word, lexicon))
    })
}

/// Those of a question's own words that the documents use.
fn known<'w>(documents: &Documents, words: &[&'w Word], own: &Wording, other: &Wording) -> Vec<&'w Word> {
    let tells = |word: &Word| !alignment::is_asked_for(word, own, other) && documents.use_word(word, own.lexicon());
    words.iter().copied().filter(|word| tells(word)).collect()
}

/// Whether a word of one side is the opposite of a word of the other, or the same with a negating prefix.
fn opposed(only_a: &[&Word], only_b: &[&Word]) -> bool {
    only_a.iter().any(|a| only_b.iter().any(|b| lexicon::are_antonyms(&a.text, &b.text)))
}

/// Whether each side has a name that the other has not, or one has a short one: plan S is not any plan. Another name on one
/// side only is as often an addition as a difference.
fn names_differ(only_a: &[&Word], only_b: &[&Word]) -> bool {
    let name = |words: &[&Word]| words.iter().any(|word| word.name);
    name(only_a) && name(only_b) || only_a.iter().chain(only_b).any(|word| word.short)
}

/// Whether two words may be one: a compound and its part, an abbreviation and what it begins.
fn alike(a: &Word, b: &Word) -> bool {
    let (short, long) = if a.text.len() <= b.text.len() { (&a.text, &b.text) } else { (&b.text, &a.text) };
    short.len() >= 4 && long.contains(short.as_str())
}

#[cfg(test)]
mod tests;
