//! A sentence as items that can be laid beside those of another: words by their stems, numbers by their values, small words by what
//! they say.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::number;
use crate::util::wording::{
    lexicon::{Class, Lexicon, SignClass, unit},
    tokens::{Token, tokens},
};

/// Names an item among those that a [`Vocabulary`] knows.
pub(super) type Key = u32;

/// What an item does in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It says nothing by itself; `joins`: it joins equals, whose order says nothing either.
    Small { joins: bool },
    /// It is what the sentence is about.
    Word,
    /// The same, and it is written like a name.
    Name,
    /// A number, or a date; `exact` when it is written with digits.
    Number { exact: bool },
    /// It belongs to a group of a closed class: before, most, first.
    Sign(SignClass, &'static str),
    /// It turns the sentence around.
    Negation,
}

/// A word, number or sign of a sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Item {
    pub(super) key: Key,
    /// The word itself, in small letters.
    pub(super) written: Key,
    pub(super) kind: Kind,
    /// The unit behind a number.
    pub(super) unit: Option<&'static str>,
    /// One character of a script without spaces.
    pub(super) unspaced: bool,
    /// The first item of its sentence: its capital says nothing.
    pub(super) first: bool,
    /// It is joined to the item before by "and", "or" or a comma.
    pub(super) joined: bool,
    /// An article, a preposition or another small word stands before it.
    pub(super) led: bool,
}

impl Item {
    /// Whether the sentence is about it.
    pub(super) fn tells(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Name | Kind::Number { .. })
    }

    /// How much it counts when two sentences are laid side by side.
    pub(super) fn weight(&self) -> u32 {
        match self.kind {
            Kind::Small { .. } => 1,
            Kind::Sign(..) | Kind::Negation => 2,
            Kind::Word if self.unspaced => 2,
            Kind::Word | Kind::Name | Kind::Number { .. } => 4,
        }
    }
}

/// A sentence that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    /// Its items in their order.
    pub(super) items: Vec<Item>,
    /// What it is found by, each once, in the order of keys: words and numbers, and pairs of neighbours where a word has several
    /// characters or syllables.
    pub(super) features: Vec<Key>,
}

/// Chinese words with a character that negates in others.
const NO_NEGATIONS: &[&str] = &[
    "不同",
    "不仅",
    "不断",
    "不过",
    "不少",
    "不久",
    "不论",
    "不管",
    "不但",
    "不只",
    "不光",
    "不止",
    "不得不",
    "无论",
    "无线",
    "无数",
    "非常",
    "非洲",
    "是非",
    "除非",
    "南非",
    "北非",
    "东非",
    "西非",
    "中非",
    "未来",
    "特别",
    "区别",
    "分别",
    "级别",
    "性别",
    "类别",
    "个别",
    "别人",
    "别的",
    "识别",
    "差别",
    "鉴别",
    "没收",
    "淹没",
    "埋没",
    "沉没",
    "并非常",
];

/// Whether a character that negates is part of a word that does not.
fn is_part_of_a_word(token: &Token, next: Option<&Token>, before: Option<&Token>) -> bool {
    let with = |one: Option<&Token>, other: Option<&Token>| {
        let pair: String = [one, other].into_iter().flatten().map(|token| token.lower.as_str()).collect();
        NO_NEGATIONS.contains(&pair.as_str())
    };
    token.unspaced && (with(Some(token), next) || with(before, Some(token)))
}

/// Words that were read, with a key each.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    keys: HashMap<String, Key, RandomState>,
    words: Vec<KnownWord>,
}

/// What is kept of a word.
#[derive(Debug)]
pub(super) struct KnownWord {
    /// As it was first read, in small letters; of a stem, the word.
    pub(super) text: String,
    /// Whether it stands in the passages, and not in the answer alone.
    pub(super) of_passages: bool,
}

impl Vocabulary {
    /// What is known of a key.
    pub(super) fn word(&self, key: Key) -> &KnownWord {
        &self.words[key as usize]
    }

    fn key(&mut self, stem: String, text: &str, of_passages: bool) -> Key {
        if let Some(key) = self.keys.get(&stem) {
            return *key;
        }
        let key = self.words.len() as Key;
        self.keys.insert(stem, key);
        self.words.push(KnownWord { text: text.to_owned(), of_passages });
        key
    }

    /// A word of the passages that `text` is a form or a part of, although it has another stem.
    fn relative(&self, text: &str) -> Option<Key> {
        let letters = text.chars().count();
        if letters < 4 {
            return None;
        }
        let alike = |known: &KnownWord| {
            let common = known.text.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
            let (rest, other) = (text.len() - common, known.text.len() - common);
            let inflected =
                common >= 5 && rest <= 3 && other <= 3 || common >= 4 && rest.min(other) == 0 && rest.max(other) <= 2;
            inflected || letters >= 6 && known.text.len() > text.len() && known.text.contains(text)
        };
        let found = self.words.iter().position(|known| known.of_passages && known.text.len() >= 4 && alike(known));
        found.map(|at| at as Key)
    }

    /// Reads a sentence in the language of a lexicon. Of an answer, words that the passages have in another form are taken for
    /// those.
    pub(super) fn read(&mut self, text: &str, lexicon: &Lexicon, of_passages: bool) -> Reading {
        let all = tokens(text);
        let shouting = all.len() > 3
            && all.iter().filter(|token| token.lower.chars().any(char::is_alphabetic)).all(|token| token.capital);
        let mut items: Vec<Item> = Vec::with_capacity(all.len());
        let (mut at, mut joined, mut led) = (0, false, false);
        while let Some(token) = all.get(at) {
            let before = at.checked_sub(1).and_then(|at| all.get(at));
            joined |= before.is_some_and(|before| before.pause);
            let (item, taken) = self.item(&all[at..], before, lexicon, shouting, of_passages);
            at += taken;
            if let Some(unit) = unit(&token.lower)
                && let Some(number) =
                    items.last_mut().filter(|item| matches!(item.kind, Kind::Number { .. }) && item.unit.is_none())
            {
                number.unit = Some(unit);
            }
            if let Some(item) = item {
                let first = items.is_empty();
                let written = self.written(&all[at - taken..at]);
                items.push(Item { written, first, joined, led, ..item });
                led = !item.tells();
                joined = false;
            }
            let joins = all.get(at - taken).and_then(|token| lexicon.class(&token.lower)) == Some(Class::Join);
            joined |= joins;
        }
        let features = self.features(&items, lexicon, of_passages);
        Reading { items, features }
    }

    /// The key of words as they are written.
    fn written(&mut self, tokens: &[Token]) -> Key {
        let mut joined = String::with_capacity(16);
        for token in tokens {
            joined.push(if joined.is_empty() { '~' } else { ' ' });
            joined.push_str(&token.lower);
        }
        let text = joined.trim_start_matches('~').to_owned();
        self.key(joined, &text, false)
    }

    /// The item that begins here, and how many tokens it takes.
    fn item(
        &mut self,
        here: &[Token],
        before: Option<&Token>,
        lexicon: &Lexicon,
        shouting: bool,
        of_passages: bool,
    ) -> (Option<Item>, usize) {
        let Some(token) = here.first() else { return (None, 1) };
        let item = |key, kind| Item {
            key,
            written: key,
            kind,
            unit: None,
            unspaced: token.unspaced,
            first: false,
            joined: false,
            led: false,
        };
        if let Some((value, unit)) = number::value(token, here.get(1)) {
            let key = self.key(format!("#{value}"), &value, of_passages);
            return (Some(Item { unit, ..item(key, Kind::Number { exact: true }) }), 1);
        }
        if token.lower.ends_with("n't") {
            return (Some(item(self.key("!".into(), "not", of_passages), Kind::Negation)), 1);
        }
        match lexicon.at(here) {
            Some((Class::Number(number), length)) => {
                let key = self.key(format!("#{number}"), number, of_passages);
                (Some(item(key, Kind::Number { exact: false })), length)
            }
            Some((Class::Date(date), length)) => {
                (Some(item(self.key(format!("@{date}"), date, of_passages), Kind::Number { exact: true })), length)
            }
            Some((Class::Form(form), length)) => {
                (Some(item(self.key(form.to_owned(), form, of_passages), Kind::Word)), length)
            }
            Some((Class::Negation, 1)) if is_part_of_a_word(token, here.get(1), before) => {
                (Some(item(self.word_key(token, lexicon, of_passages), Kind::Word)), 1)
            }
            Some((Class::Negation, length)) => {
                (Some(item(self.key("!".into(), "not", of_passages), Kind::Negation)), length)
            }
            Some((Class::Sign { class, group, .. }, length)) => {
                let key = self.key(format!("={group}"), group, of_passages);
                (Some(item(key, Kind::Sign(class, group))), length)
            }
            Some((class, length)) => {
                let joined: String = here[..length].iter().map(|token| token.lower.as_str()).collect();
                (
                    Some(item(
                        self.key(format!("-{joined}"), &joined, of_passages),
                        Kind::Small { joins: class == Class::Join },
                    )),
                    length,
                )
            }
            None => {
                let capital = token.capital && !token.first && !shouting;
                let name = token.inside && !shouting || capital && token.lower.chars().nth(1).is_some();
                (Some(item(self.word_key(token, lexicon, of_passages), if name { Kind::Name } else { Kind::Word })), 1)
            }
        }
    }

    fn word_key(&mut self, token: &Token, lexicon: &Lexicon, of_passages: bool) -> Key {
        let stem = lexicon.stem(&token.lower);
        if !of_passages
            && !token.unspaced
            && !self.keys.contains_key(&stem)
            && let Some(key) = self.relative(&token.lower)
        {
            return key;
        }
        self.key(stem, &token.lower, of_passages)
    }

    /// What a sentence is found by.
    fn features(&mut self, items: &[Item], lexicon: &Lexicon, of_passages: bool) -> Vec<Key> {
        let syllables = lexicon.language == "vi";
        let mut features = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate().filter(|(_, item)| item.tells()) {
            let next = items
                .get(at + 1)
                .filter(|next| matches!(next.kind, Kind::Word | Kind::Name) && next.unspaced == item.unspaced);
            let paired = matches!(item.kind, Kind::Word | Kind::Name) && (item.unspaced || syllables);
            if let Some(next) = next.filter(|_| paired) {
                let pair = format!("{} {}", item.key, next.key);
                features.push(self.key(pair, "", of_passages));
            }
            let alone = !item.unspaced || matches!(item.kind, Kind::Number { .. });
            let before =
                at.checked_sub(1).and_then(|at| items.get(at)).is_some_and(|before| before.tells() && before.unspaced);
            if alone || !before && next.is_none() {
                features.push(item.key);
            }
        }
        features.sort_unstable();
        features.dedup();
        features
    }
}
