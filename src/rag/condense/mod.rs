//! Follow-up questions: "And how much is it?" becomes a question that stands alone.
//!
//! The [`Condenser`] asks an LLM, if there is one and a question may need its conversation. The rules here say whether it may,
//! and do without a model: a question that points back (it, that one, davon, nó, 它), goes on (and, what about, und, còn, 那) or
//! says next to nothing by itself is given what the conversation is about: the telling words of the last question, the names
//! of the last answer where a person or a thing in it is meant. Search and cache see the question with these words behind
//! it; its own words stay as they are, so that nothing is put into anybody's mouth.

mod condenser;
mod lexicon;
mod reply;

use std::borrow::Cow;

use crate::{
    providers::{Message, Role},
    util::{
        script::is_unspaced,
        words::{Token, tokens},
    },
};
pub use condenser::{CondenseFailure, CondenseMode, Condensed, CondensedBy, Condenser};
use lexicon::{CONTINUES, MEANS_A_PERSON, POINTS_BACK, POINTS_BACK_UNSPACED, SMALL, SMALL_UNSPACED};

/// Words of a conversation that a question is given at most.
const MOST_WORDS: usize = 10;

/// Names of the last answer among them at most.
const MOST_NAMES: usize = 3;

/// Turns that are looked back over at most.
const MOST_TURNS: usize = 12;

/// A question of fewer telling words than this means what was asked before.
const FEW_WORDS: usize = 2;

/// The question as it is to be searched for, on its own when it stands alone.
pub fn standalone<'q>(history: &[Message], question: &'q str) -> Cow<'q, str> {
    let mut about: Vec<String> = Vec::new();
    let mut answer = "";
    let recent = &history[history.len().saturating_sub(2 * MOST_TURNS)..];
    for turn in recent {
        match turn.role {
            Role::User => about = topic(&turn.content, &about, answer),
            Role::Assistant => answer = &turn.content,
            Role::System => {}
        }
    }
    if about.is_empty() {
        return Cow::Borrowed(question);
    }
    let asked = Words::of(question);
    if !asked.follows_up() {
        return Cow::Borrowed(question);
    }
    let missing = missing(&asked, &about, answer);
    if missing.is_empty() { Cow::Borrowed(question) } else { Cow::Owned(format!("{question} ({})", missing.join(" "))) }
}

/// Whether a question may mean what was said before it.
pub fn needs_history(history: &[Message], question: &str) -> bool {
    let has_said = |turn: &Message| turn.role != Role::System && !turn.content.trim().is_empty();
    history.iter().any(has_said) && Words::of(question).follows_up()
}

/// The question by which sentences of passages are chosen that were found for the [`standalone`] one: its own words say best
/// what is asked, as long as there are any.
pub fn to_quote<'q>(question: &'q str, standalone: &'q str) -> &'q str {
    if question == standalone || !Words::of(question).telling.is_empty() { question } else { standalone }
}

/// What the conversation is about after a question: its telling words, and, when it is a follow-up itself, those before it.
fn topic(question: &str, before: &[String], answer: &str) -> Vec<String> {
    let asked = Words::of(question);
    let mut about: Vec<String> = asked.telling.iter().map(|word| (*word).to_owned()).collect();
    if asked.follows_up() {
        about.extend(missing(&asked, before, answer));
    }
    about.truncate(MOST_WORDS);
    about
}

/// The words of a conversation that a follow-up does not say itself. What was asked last comes first.
fn missing(asked: &Words<'_>, about: &[String], answer: &str) -> Vec<String> {
    let mut missing: Vec<String> = Vec::new();
    let mut add = |word: &str| {
        let is_known = asked.telling.iter().any(|own| same(own, word)) || missing.iter().any(|known| same(known, word));
        if !is_known && missing.len() < MOST_WORDS {
            missing.push(word.to_owned());
        }
    };
    about.iter().for_each(|word| add(word));
    if asked.means_a_person {
        names(answer).into_iter().take(MOST_NAMES).for_each(add);
    }
    missing
}

fn same(a: &str, b: &str) -> bool {
    a == b || a.to_lowercase() == b.to_lowercase()
}

/// The names in an answer: capitalised words that do not begin a sentence.
fn names(answer: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for sentence in answer.split(['.', '!', '?', '\n', ':']) {
        let words = tokens(sentence).filter_map(|token| match token {
            Token::Word(word) => Some(word),
            _ => None,
        });
        let is_name = |word: &&str| word.chars().next().is_some_and(char::is_uppercase);
        names.extend(words.skip(1).filter(is_name).filter(|word| !is_small(word)));
    }
    names
}

pub(super) fn is_small(word: &str) -> bool {
    SMALL.binary_search(&word.to_lowercase().as_str()).is_ok()
}

/// A question's words, and what they say of what came before it.
#[derive(Debug, Default)]
struct Words<'q> {
    /// Words that say what it is about, in their order, each once.
    telling: Vec<&'q str>,
    points_back: bool,
    continues: bool,
    means_a_person: bool,
}

impl<'q> Words<'q> {
    fn of(question: &'q str) -> Self {
        let lower = question.to_lowercase();
        let padded = format!(" {} ", spaced(&lower));
        let has = |cue: &&str| padded.contains(&format!(" {cue} "));
        let begins = |cue: &&str| padded.starts_with(&format!(" {cue} "));
        let mut words = Self {
            points_back: POINTS_BACK.iter().any(has) || POINTS_BACK_UNSPACED.iter().any(|cue| lower.contains(cue)),
            continues: CONTINUES.iter().any(begins),
            means_a_person: MEANS_A_PERSON.iter().any(|cue| has(cue) || (!cue.is_ascii() && lower.contains(cue))),
            ..Self::default()
        };
        let mut is_unspaced = false;
        for token in tokens(question) {
            match token {
                Token::Word(word) | Token::Signed { name: word, .. } => words.add(word),
                // Its words stand before it.
                Token::Compound(_) => {}
                Token::Character(_) => is_unspaced = true,
            }
        }
        if is_unspaced {
            words.add_unspaced(question);
        }
        words
    }

    fn add(&mut self, word: &'q str) {
        if !is_small(word) && !self.telling.iter().any(|known| same(known, word)) {
            self.telling.push(word);
        }
    }

    /// Cuts a text without spaces at its small words.
    fn add_unspaced(&mut self, question: &'q str) {
        for part in question.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_ascii()) {
            let (mut start, mut at) = (0, 0);
            while at < part.len() {
                let small = SMALL_UNSPACED
                    .iter()
                    .filter(|small| part[at..].starts_with(**small))
                    .map(|small| small.len())
                    .max();
                let step = part[at..].chars().next().map_or(1, char::len_utf8);
                if let Some(length) = small {
                    self.add_part(&part[start..at]);
                    at += length;
                    start = at;
                } else {
                    at += step;
                }
            }
            self.add_part(&part[start..]);
        }
    }

    fn add_part(&mut self, part: &'q str) {
        // One character alone tells next to nothing.
        if part.chars().nth(1).is_some() && !part.is_ascii() {
            self.add(part);
        }
    }

    /// Whether it needs what was asked before.
    fn follows_up(&self) -> bool {
        // Without spaces, two characters say about as much as a word.
        let weight = |word: &&str| if word.chars().all(is_unspaced) { word.chars().count() / 2 } else { 1 };
        self.points_back || self.continues || self.telling.iter().map(weight).sum::<usize>() < FEW_WORDS
    }
}

/// A text with one space between its words, and none around signs.
fn spaced(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| !(c.is_alphanumeric() || c == '\'')).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests;
