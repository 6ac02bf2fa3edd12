//! What words of closed classes do in a question: one table a language.
//!
//! Prepositions, modals, quantifiers, bounds, negations and question words are few, and a language makes no new ones. Their
//! class tells what a difference between two questions means; within a class, words of one group say the same ("must",
//! "have to"). Open classes (all nouns, all opposites) are not here: what tells those apart are the documents.

pub(crate) mod asked;
mod de;
mod en;
mod es;
mod fr;
mod opposites;
mod vi;
mod zh;

use std::{collections::HashMap, sync::LazyLock};

pub(crate) use opposites::{are_antonyms, are_opposites, unit};

use super::{question::QuestionKind, tokens::Token};

/// Tokens of the longest entries: "no more than", 什么时候.
const LONGEST: usize = 5;

/// Languages with a table.
pub(crate) const LANGUAGES: usize = 6;

/// Which of a question's small words differ is compared class by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SignClass {
    /// Place, time, amount: over, before, per, outside.
    Relation,
    /// Can, must, should.
    Modal,
    /// All, some, only.
    Quantifier,
    /// At least, at most.
    Bound,
    /// More, less.
    Comparison,
    /// First, next, last.
    Ordinal,
}

/// What a word of a closed class does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Class {
    /// Nothing that changes an answer: auxiliaries, pronouns, courtesy.
    Idle,
    /// Nothing, but a noun follows.
    Article,
    /// It joins equals, so that their order says nothing.
    Join,
    /// It marks the role of the noun that follows: to, from, by.
    Marker(Role),
    /// It belongs to a group of a class. A *firm* one changes the question even where the other question has none of its
    /// class in its place; another may be left out ("how can I", "how do I").
    Sign { class: SignClass, group: &'static str, firm: bool },
    /// It asks.
    Ask(QuestionKind),
    /// It asks, and a noun follows: which, how many.
    AskNoun(QuestionKind),
    /// It turns a statement into its opposite.
    Negation,
    /// A number.
    Number(&'static str),
    /// A month, a day of the week: as telling as a number.
    Date(&'static str),
    /// A form of another word that no stemmer finds, or a word that stands for it in questions.
    Form(&'static str),
}

/// What a light preposition makes of its noun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Of,
    At,
    For,
    To,
    From,
    /// French and Spanish "de": of and from.
    De,
    By,
    With,
    Than,
}

impl Role {
    /// Whether a noun with one cannot be in the same place as with the other: mail to the office, mail from the office.
    pub(crate) fn conflicts(self, other: Self) -> bool {
        use Role::{At, By, De, For, From, Of, Than, To, With};
        match (self, other) {
            (a, b) if a == b => false,
            (Of, _) | (_, Of) => false,
            (De, To | With | By) | (To | With | By, De) => true,
            (De, _) | (_, De) => false,
            (At, For) | (For, At) | (For, To) | (To, For) | (By, From) | (From, By) | (By, With) | (With, By) => false,
            (At | For | To | From | By | With | Than, _) => true,
        }
    }
}

const fn firm(class: SignClass, group: &'static str) -> Class {
    Class::Sign { class, group, firm: true }
}

const fn soft(class: SignClass, group: &'static str) -> Class {
    Class::Sign { class, group, firm: false }
}

/// Words of one class and group, separated by commas.
type Entry = (Class, &'static str);

/// The closed classes of a language.
pub(crate) struct Lexicon {
    /// ISO 639-1.
    pub(crate) language: &'static str,
    stemmer: Option<frostem::Algorithm>,
    /// Endings that make a person or thing of a verb: a tenant is no tenancy, whatever a stemmer says.
    agents: &'static [&'static str],
    entries: HashMap<&'static str, Class>,
    /// First words of entries of several words, with the length of the longest.
    longer: HashMap<&'static str, usize>,
}

impl Lexicon {
    fn new(
        language: &'static str,
        stemmer: Option<frostem::Algorithm>,
        agents: &'static [&'static str],
        tables: &[&[Entry]],
    ) -> Self {
        let mut lexicon = Self { language, stemmer, agents, entries: HashMap::new(), longer: HashMap::new() };
        for (class, words) in tables.iter().copied().flatten() {
            for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                lexicon.entries.insert(word, *class);
                let unspaced = word.chars().all(crate::util::script::is_unspaced);
                let length = if unspaced { word.chars().count() } else { word.split(' ').count() };
                let first = match word.chars().next() {
                    Some(first) if unspaced => &word[..first.len_utf8()],
                    _ => word.split(' ').next().unwrap_or(word),
                };
                let longest = lexicon.longer.entry(first).or_insert(1);
                *longest = (*longest).max(length);
            }
        }
        lexicon
    }

    /// The class of one word.
    pub(crate) fn class(&self, word: &str) -> Option<Class> {
        self.entries.get(word).copied()
    }

    /// The class of the words that stand here, and how many they are; the longest entry wins.
    pub(crate) fn at(&self, tokens: &[Token]) -> Option<(Class, usize)> {
        let first = tokens.first()?;
        let longest = (*self.longer.get(first.lower.as_str())?).min(LONGEST).min(tokens.len());
        for length in (2..=longest).rev() {
            let mut joined = String::new();
            for (at, token) in tokens[..length].iter().enumerate() {
                if at > 0 && !(token.unspaced && tokens[at - 1].unspaced) {
                    joined.push(' ');
                }
                joined.push_str(&token.lower);
            }
            if let Some(class) = self.class(&joined) {
                return Some((class, length));
            }
        }
        Some((self.class(&first.lower)?, 1))
    }

    /// The part of a verb that a question ends with.
    pub(crate) fn last_particle(&self, word: &str) -> Option<&'static str> {
        de::PARTICLES.iter().copied().find(|particle| self.language == "de" && *particle == word)
    }

    /// Whether it is written in Latin letters.
    pub(crate) fn is_latin(&self) -> bool {
        !matches!(self.language, "zh" | "und")
    }

    /// A word without its ending.
    pub(crate) fn stem(&self, word: &str) -> String {
        let Some(algorithm) = self.stemmer else { return word.to_owned() };
        let stem = frostem::Stemmer::new(algorithm).stem(word).into_owned();
        // A participle is a form of its verb: "geholt", "abgeholt".
        match stem.strip_prefix("ge") {
            Some(bare) if self.language == "de" && bare.len() >= 3 && word.ends_with(['t', 'n']) => bare.to_owned(),
            _ => stem,
        }
    }

    /// Whether exactly one of two words with one stem is who does it or to whom it is done.
    pub(crate) fn differ_as_agents(&self, a: &str, b: &str) -> bool {
        let agent = |word: &str| {
            self.agents.iter().copied().find(|ending| word.len() > ending.len() + 2 && word.ends_with(ending))
        };
        let (one, other) = (agent(a), agent(b));
        match (one, other) {
            (None, None) => false,
            (Some(x), Some(y)) => !(x.starts_with(y.trim_end_matches('s')) || y.starts_with(x.trim_end_matches('s'))),
            // "Register" and "registered", "Kind" and "Kinder" are forms of one word.
            (Some(_), None) => !(b.starts_with(a) || a.strip_suffix("er") == Some(b)),
            (None, Some(_)) => !(a.starts_with(b) || b.strip_suffix("er") == Some(a)),
        }
    }
}

static LEXICONS: LazyLock<[Lexicon; LANGUAGES]> = LazyLock::new(|| {
    use frostem::Algorithm::{English, French, German, Spanish};
    [
        Lexicon::new("en", Some(English), &["er", "ers", "or", "ors", "ee", "ees"], &[en::TABLE]),
        Lexicon::new("de", Some(German), &["er", "ers", "ern", "erin"], &[de::TABLE]),
        Lexicon::new("fr", Some(French), &["eur", "eurs", "euse", "trice"], &[fr::TABLE]),
        Lexicon::new("es", Some(Spanish), &["dor", "dora", "dores", "doras"], &[es::TABLE]),
        Lexicon::new("vi", None, &[], &[vi::TABLE]),
        Lexicon::new("zh", None, &[], &[zh::TABLE]),
    ]
});

/// A language with closed classes that are not known: every word tells what the question is about.
static UNKNOWN: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new("und", None, &[], &[]));

/// The tables.
pub(crate) fn all() -> &'static [Lexicon; LANGUAGES] {
    &LEXICONS
}

/// The table of a language; `None`: of one that is not known.
pub(crate) fn of(language: Option<usize>) -> &'static Lexicon {
    language.and_then(|at| LEXICONS.get(at)).unwrap_or(&UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_in_two_classes_of_a_language() {
        for (language, table) in [
            ("en", en::TABLE),
            ("de", de::TABLE),
            ("fr", fr::TABLE),
            ("es", es::TABLE),
            ("vi", vi::TABLE),
            ("zh", zh::TABLE),
        ] {
            let mut seen: HashMap<&str, Class> = HashMap::new();
            for (class, words) in table {
                for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                    assert_eq!(word, word.to_lowercase(), "{language}");
                    assert!(!word.contains('\'') && !word.contains('-'), "{language}: {word} never is one token");
                    let before = seen.insert(word, *class);
                    assert!(before.is_none(), "{language}: {word} is {before:?} and {class:?}");
                }
            }
        }
    }

    #[test]
    fn roles_conflict_both_ways_or_not_at_all() {
        use Role::{At, By, De, For, From, Of, Than, To, With};
        let all = [Of, At, For, To, From, De, By, With, Than];
        for (a, b) in all.iter().flat_map(|a| all.iter().map(move |b| (*a, *b))) {
            assert_eq!(a.conflicts(b), b.conflicts(a), "{a:?} {b:?}");
        }
        assert!(To.conflicts(From) && De.conflicts(To) && !At.conflicts(At) && !For.conflicts(To));
    }
}
