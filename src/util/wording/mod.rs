//! A text taken apart once, so that it can be compared many times: its words, the small words that say something, numbers,
//! names, negation. What the cache compares questions by, and what answers are proven by.

pub(crate) mod lexicon;
pub(crate) mod question;
mod reader;
pub(crate) mod tokens;
pub(crate) mod word;

use std::collections::BTreeSet;

use lexicon::{Class, LANGUAGES, Lexicon};
use question::{Part, kind};
use reader::Reader;
use tokens::{Token, tokens};
use word::Sign;

pub use question::{Quantity, QuestionKind};
pub use word::{Numbers, Word};

/// A question taken apart.
#[derive(Debug, Clone)]
pub struct Wording {
    tokens: Vec<Token>,
    /// How much speaks for each language.
    evidence: [u32; LANGUAGES],
    language: Option<usize>,
    pub(crate) numbers: Numbers,
    pub(crate) negated: bool,
    pub(crate) kind: QuestionKind,
    pub(crate) words: Vec<Word>,
    pub(crate) signs: BTreeSet<Sign>,
    /// Whether a question for a person asks who does it, or to whom it is done.
    pub(crate) asks_for: Option<Part>,
    /// Words in brackets and quotation marks, in small letters: they name what is meant.
    pub(crate) set_apart: BTreeSet<String>,
}

impl Wording {
    /// Takes a question apart.
    pub fn of(question: &str) -> Self {
        let tokens = tokens(question);
        let evidence = evidence(&tokens);
        Self { set_apart: set_apart(question), ..Self::read(tokens, evidence, language(&evidence)) }
    }

    /// The same question read in the language that the two of them are most likely in.
    pub(crate) fn beside(&self, other: &Self) -> Option<Self> {
        let mut both = self.evidence;
        both.iter_mut().zip(&other.evidence).for_each(|(sum, more)| *sum += more);
        let joint = language(&both);
        (joint != self.language).then(|| {
            let set_apart = self.set_apart.clone();
            Self { set_apart, ..Self::read(self.tokens.clone(), self.evidence, joint) }
        })
    }

    pub(crate) fn lexicon(&self) -> &'static Lexicon {
        lexicon::of(self.language)
    }

    fn read(tokens: Vec<Token>, evidence: [u32; LANGUAGES], language: Option<usize>) -> Self {
        let lexicon = lexicon::of(language);
        let mut reader = Reader::default();
        reader.shouting = !tokens.iter().any(|token| token.lower.chars().any(char::is_alphabetic) && !token.capital);
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += reader.take(lexicon, token, &tokens[at..], at.checked_sub(1).and_then(|at| tokens.get(at)));
        }
        let Reader { numbers, negated, words, signs, kinds, asks_for, .. } = reader;
        let kind = kind(lexicon, &tokens, &kinds, &words);
        Self { tokens, evidence, language, numbers, negated, kind, words, signs, asks_for, set_apart: BTreeSet::new() }
    }

    /// Numbers with their units, and dates.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Whether it is negated an odd number of times.
    pub fn negated(&self) -> bool {
        self.negated
    }

    /// What kind of answer it asks for.
    pub fn kind(&self) -> QuestionKind {
        self.kind
    }

    /// The words that tell what it is about, in their order.
    pub fn words(&self) -> &[Word] {
        &self.words
    }
}

/// How much speaks for each language: its closed words, and letters that only it has.
fn evidence(tokens: &[Token]) -> [u32; LANGUAGES] {
    let mut evidence = [0; LANGUAGES];
    for (sum, lexicon) in evidence.iter_mut().zip(lexicon::all()) {
        for token in tokens {
            let own = match lexicon.language {
                "zh" => token.unspaced && token.lower.chars().all(|c| ('\u{3400}'..='\u{9FFF}').contains(&c)),
                "vi" => token.lower.chars().any(|c| matches!(c, '\u{1EA0}'..='\u{1EF9}' | 'đ' | 'ơ' | 'ư' | 'ă')),
                "de" => token.lower.contains('ß'),
                "es" => token.lower.contains('ñ'),
                _ => false,
            };
            let closed = lexicon.class(&token.lower).is_some_and(|class| !matches!(class, Class::Form(_)));
            *sum += 2 * u32::from(own) + u32::from(closed);
        }
    }
    evidence
}

/// The language for which most speaks, if anything does; the first of equals.
fn language(evidence: &[u32; LANGUAGES]) -> Option<usize> {
    let most = evidence.iter().copied().max().filter(|most| *most > 0)?;
    evidence.iter().position(|sum| *sum == most)
}

/// The words between brackets or quotation marks. An apostrophe is no quotation mark.
fn set_apart(question: &str) -> BTreeSet<String> {
    const PAIRS: [(char, &[char]); 8] = [
        ('(', &[')']),
        ('[', &[']']),
        ('{', &['}']),
        ('"', &['"']),
        ('“', &['”']),
        ('„', &['“', '”']),
        ('«', &['»']),
        ('「', &['」']),
    ];
    let mut words = BTreeSet::new();
    let mut rest = question;
    while let Some(start) = rest.find(|c| PAIRS.iter().any(|(open, _)| *open == c)) {
        let open = rest[start..].chars().next().unwrap_or_default();
        rest = &rest[start + open.len_utf8()..];
        let closing = PAIRS.iter().find(|(known, _)| *known == open).map_or(&[][..], |(_, closing)| closing);
        let Some(end) = rest.find(closing) else { continue };
        let inside = rest[..end].split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.extend(inside.map(str::to_lowercase));
        rest = &rest[end..];
    }
    words
}
