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

/// The place among the lexicons of the language that a text is most likely in.
pub(crate) fn language_of(tokens: &[Token]) -> Option<usize> {
    language(&evidence(tokens))
}

/// ISO 639-1 code of the language that a text is most likely in, of those with a lexicon.
pub fn language_code(text: &str) -> Option<&'static str> {
    language_of(&tokens(text)).map(|language| lexicon::of(Some(language)).language)
}

/// Closed words of a language from which on a text is certainly in it.
const CERTAIN: u32 = 4;

/// Whether a text is certainly in another language than a question: each has several words of one language and none, or hardly
/// any, of the other's. A question that names a language asks for it.
pub fn is_in_another_language(question: &str, text: &str) -> bool {
    const NAMES: &[&str] = &[
        "english",
        "german",
        "french",
        "spanish",
        "vietnamese",
        "chinese",
        "englisch",
        "deutsch",
        "französisch",
        "spanisch",
        "vietnamesisch",
        "chinesisch",
        "tiếng",
        "英",
        "德",
        "法",
        "越南",
        "中文",
        "anglais",
        "allemand",
        "français",
        "inglés",
        "alemán",
        "translat",
        "übersetz",
        "dịch",
        "翻译",
    ];
    let lower = question.to_lowercase();
    if NAMES.iter().any(|name| lower.contains(name)) {
        return false;
    }
    let (asked, said) = (evidence(&tokens(question)), evidence(&tokens(text)));
    let Some((own, other)) = language(&asked).zip(language(&said)).filter(|(own, other)| own != other) else {
        return false;
    };
    asked[own] >= CERTAIN && asked[own] > 3 * asked[other] && said[other] >= CERTAIN && said[other] > 3 * said[own]
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
