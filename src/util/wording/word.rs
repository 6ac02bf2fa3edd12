//! What a question is made of: words, small words that say something, numbers.

use std::collections::BTreeSet;

use super::lexicon::{Lexicon, Role, SignClass};

/// A word that tells what a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Lower case.
    pub text: String,
    /// Without its ending.
    pub stem: String,
    /// Written as a name: capitalised within the sentence, or with capitals, digits or signs inside.
    pub name: bool,
    /// A name of one letter: plan S, drive H.
    pub(crate) short: bool,
    /// One character of a script without spaces.
    pub(crate) unspaced: bool,
    /// An article or a preposition stands before it, so that it is a noun.
    pub(crate) nominal: bool,
    /// The role that a preposition gives to it.
    pub(crate) role: Option<Role>,
    /// The same, or that of the words right before it: "of the season pass" is about the pass.
    pub(crate) phrase: Option<Role>,
    /// Position of the word that this role was given to.
    pub(crate) head: usize,
    /// A unit behind "per".
    pub(crate) unit: bool,
    /// Words of closed classes stand between it and the word before.
    pub(crate) apart: bool,
    /// "And", "or" or a comma stands between it and the word before.
    pub(crate) joined: bool,
}

impl Word {
    /// Whether the two are forms of one word, in this language.
    pub(crate) fn same(&self, other: &Self, lexicon: &Lexicon) -> bool {
        if self.text == other.text {
            return true;
        }
        (self.stem == other.stem || same_stem(&self.text, &other.text))
            && !lexicon.differ_as_agents(&self.text, &other.text)
    }
}

/// Whether two words differ in short endings only: at least five common letters and at most three others in each.
fn same_stem(a: &str, b: &str) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    common >= 5 && a.len() - common <= 3 && b.len() - common <= 3
}

/// A word of a closed class that says something by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sign {
    pub(crate) class: SignClass,
    pub(crate) group: &'static str,
    pub(crate) firm: bool,
}

/// The numbers of a text, with their units, and dates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Written with digits, and dates.
    pub(crate) exact: BTreeSet<String>,
    /// Written as words: "two steps" is as often a figure of speech as a number.
    pub(crate) spelled: BTreeSet<String>,
}

impl Numbers {
    /// Whether one has a number in digits that the other has not, or each has a number that the other has not.
    pub fn differ_from(&self, other: &Self) -> bool {
        let lacks = |own: &BTreeSet<String>, other: &Self| {
            own.iter().any(|number| !other.exact.contains(number) && !other.spelled.contains(number))
        };
        lacks(&self.exact, other)
            || lacks(&other.exact, self)
            || lacks(&self.spelled, other) && lacks(&other.spelled, self)
    }
}
