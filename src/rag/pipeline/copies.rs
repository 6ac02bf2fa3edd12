//! Which passages say the same.
//!
//! The same file in several folders, a "final" and a "final (1)", a page with another footer: their passages are equal but for
//! layout, or one holds all of the other and little more. Nothing less counts. Texts that differ within, in a number, a
//! name or a "not", are different passages, however alike they are; and where one holds the other, it is the longer that is
//! shown, so that merging hides no word.

use std::{
    cell::OnceCell,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::{
    domain::{Passage, PassageCopy},
    util::{script::is_unspaced, spelling::nfkc},
};

/// Words that the shorter of two passages has at least, if it only begins or ends otherwise than the longer.
const ENOUGH_WORDS: usize = 12;

/// How many of a hundred words the shorter has to have of the longer's.
const NEAR_PERCENT: usize = 90;

/// By how many of a hundred letters the counts of copies differ at most. Other passages of the same length and language
/// differ by about twenty.
const LETTERS_PERCENT: u32 = 12;

/// How often a passage has each letter, roughly: what tells most passages apart at a hundredth of the cost of comparing them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Letters {
    counts: [u32; PLACES],
    all: u32,
}

/// Letters that are counted apart.
const PLACES: usize = 96;

/// Where each byte of a text is counted: capitals as small letters, of other scripts the last byte of a letter, without the
/// bit in which capitals differ. What is no letter or digit is counted behind them all.
const PLACE: [u8; 256] = {
    let mut places = [PLACES as u8; 256];
    let mut byte = 0;
    while byte < 256 {
        places[byte] = match byte as u8 {
            digit @ b'0'..=b'9' => digit & 63,
            letter @ (b'a'..=b'z' | b'A'..=b'Z') => (letter | 32) & 63,
            last @ 0x80..=0xBF => 64 + (last & 31),
            _ => PLACES as u8,
        };
        byte += 1;
    }
    places
};

impl Letters {
    fn of(text: &str) -> Self {
        let mut places = [0_u32; 256];
        for byte in text.bytes() {
            places[usize::from(PLACE[usize::from(byte)])] += 1;
        }
        let mut counts = [0; PLACES];
        counts.copy_from_slice(&places[..PLACES]);
        Self { all: counts.iter().sum(), counts }
    }

    fn are_like(&self, other: &Self) -> bool {
        let differ: u32 = self.counts.iter().zip(&other.counts).map(|(a, b)| a.abs_diff(*b)).sum();
        // Numbers of lists, and the like, in short texts.
        differ <= 4 + self.all.max(other.all) * LETTERS_PERCENT / 100
    }
}

/// The words of a passage in their order, as hashes: without layout, marks of Markdown and capitals. Signs that mean something
/// stay with their word: `5 %` is not `5 €`, and `<5` is not `>5`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wording(Vec<u64>);

impl Wording {
    fn of(text: &str) -> Self {
        let mut words = Vec::with_capacity(text.len() / 6);
        let normal = text.to_lowercase();
        for piece in normal.split_whitespace() {
            let word = piece.trim_start_matches(opens).trim_end_matches(closes);
            if word.is_empty() || word.chars().all(is_rule) {
                continue;
            }
            // Where a line ends means nothing in scripts without spaces.
            let mut rest = word;
            while let Some(at) = rest.find(is_unspaced) {
                words.extend((at > 0).then(|| hash(&rest[..at])));
                let end = at + rest[at..].chars().next().map_or(1, char::len_utf8);
                words.push(hash(&rest[at..end]));
                rest = &rest[end..];
            }
            words.extend((!rest.is_empty()).then(|| hash(rest)));
        }
        Self(words)
    }

    /// Whether the two are equal, or the shorter is nearly all of the longer, in one piece.
    fn is_like(&self, other: &Self) -> bool {
        let (short, long) = if self.0.len() <= other.0.len() { (&self.0, &other.0) } else { (&other.0, &self.0) };
        if short.len() == long.len() {
            return short == long;
        }
        short.len() >= ENOUGH_WORDS
            && short.len() * 100 >= long.len() * NEAR_PERCENT
            && long.windows(short.len()).any(|part| part == short)
    }
}

fn hash(word: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    word.hash(&mut hasher);
    hasher.finish()
}

/// Quotes, brackets, and marks of Markdown before a word.
fn opens(c: char) -> bool {
    matches!(c, '"' | '\'' | '“' | '„' | '‘' | '«' | '(' | '[' | '*' | '_' | '`' | '|' | '#' | '•')
}

/// The same behind a word, and what ends a sentence.
fn closes(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '”' | '“' | '’' | '»' | ')' | ']' | '*' | '_' | '`' | '|' | '.' | ',' | ';' | ':' | '!' | '?'
    )
}

/// What lines and bullets are made of.
fn is_rule(c: char) -> bool {
    matches!(c, '-' | '–' | '—' | '=' | '~' | '·' | '▪' | '◦')
}

/// A passage and what it is compared by.
#[derive(Debug)]
struct Compared {
    passage: Passage,
    letters: Letters,
    wording: OnceCell<Wording>,
}

impl Compared {
    fn new(passage: Passage) -> Self {
        let letters = Letters::of(&nfkc(&passage.text));
        Self { passage, letters, wording: OnceCell::new() }
    }

    fn wording(&self) -> &Wording {
        self.wording.get_or_init(|| Wording::of(&nfkc(&self.passage.text)))
    }

    /// A passage without words is like no other.
    fn is_like(&self, other: &Self) -> bool {
        self.letters.are_like(&other.letters) && !self.wording().0.is_empty() && self.wording().is_like(other.wording())
    }
}

/// Passages of which no two say the same, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Distinct(Vec<Compared>);

impl Distinct {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The best passages, each with its copies.
    pub(super) fn into_passages(self, most: usize) -> Vec<Passage> {
        self.0.into_iter().take(most).map(|compared| compared.passage).collect()
    }

    /// Takes in a passage that ranks below all before it.
    pub(super) fn push(&mut self, passage: Passage) {
        let mut copy = Compared::new(passage);
        let Some(known) = self.0.iter_mut().find(|known| known.is_like(&copy)) else {
            self.0.push(copy);
            return;
        };
        if copy.wording().0.len() > known.wording().0.len() {
            std::mem::swap(known, &mut copy);
            (known.passage.id, known.passage.score) = (copy.passage.id, copy.passage.score);
            known.passage.copies = std::mem::take(&mut copy.passage.copies);
        }
        let Passage { key, source, chunk, version, .. } = copy.passage;
        known.passage.copies.push(PassageCopy { key, source, chunk, version });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn passage(key: &str, text: &str) -> Passage {
        Passage {
            text: text.into(),
            key: key.into(),
            source: format!("{key}.md"),
            chunk: 0,
            version: String::new(),
            language: "en".into(),
            score: 1.0,
            ..Passage::default()
        }
    }

    /// Keys of passages, with those of their copies.
    fn distinct(texts: &[&str]) -> Vec<String> {
        let mut distinct = Distinct::default();
        for (n, text) in texts.iter().enumerate() {
            distinct.push(passage(&n.to_string(), text));
        }
        let keys = |p: Passage| std::iter::once(p.key).chain(p.copies.into_iter().map(|copy| copy.key));
        distinct.into_passages(usize::MAX).into_iter().map(|p| keys(p).collect::<Vec<_>>().join("+")).collect()
    }

    #[test]
    fn layout_makes_no_difference() {
        assert_eq!(
            distinct(&["# Travel\n\nBy rail.", "TRAVEL  by\trail", "**Travel** by “rail”!", "by rail"]),
            ["0+1+2", "3"]
        );
        assert_eq!(distinct(&["部署失败了", "部署\n失败了", "部署成功了"]), ["0+1", "2"]);
        assert_eq!(distinct(&["Việt Nam", "Vi\u{65}\u{323}\u{302}t Nam", "Viet Nam"]), ["0+1", "2"]);
    }

    #[test]
    fn what_differs_within_is_another_passage() {
        let page = |word: &str| {
            format!("Employees {word} take ten days of leave in a year when their manager has agreed to it.")
        };
        let others = ["may", "must", "may not", "5", "-5", "<5", ">5", "5%", "5€", "C", "C++", "C#"].map(page);
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        assert_eq!(distinct(&others).len(), others.len());
    }

    #[test]
    fn a_little_more_at_an_end_is_a_copy_and_the_longer_text_is_shown() {
        let page = "Business trips by rail are booked in second class through the travel desk of the company.";
        let longer = format!("Copy: {page}");
        assert_eq!(distinct(&[page, &longer, page]), ["1+0+2"]);
        let much_longer = format!("{page} Hotels cost at most 140 euros a night.");
        assert_eq!(distinct(&[page, &much_longer]), ["0", "1"]);
        assert_eq!(distinct(&["Not allowed.", "Allowed."]), ["0", "1"], "too short to be nearly equal");
    }

    #[test]
    fn texts_without_words_stay_apart() {
        assert_eq!(distinct(&["---", "***"]), ["0", "1"]);
    }

    proptest! {
        #[test]
        fn every_passage_is_there_once(texts in prop::collection::vec("[ab]( [ab]){0,2}", 0..12)) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let groups = distinct(&texts);
            let mut keys: Vec<usize> = groups.iter().flat_map(|group| group.split('+')).map(|key| key.parse().unwrap()).collect();
            keys.sort_unstable();
            prop_assert_eq!(keys, (0..texts.len()).collect::<Vec<_>>());
            let different: std::collections::BTreeSet<&str> = texts.iter().copied().collect();
            prop_assert_eq!(groups.len(), different.len());
        }
    }
}
