//! What speaks against a sentence although its words are those of a passage: another number, another name, a negation, the opposite.

use super::{
    align::{Alignment, Gap, is_number},
    evidence::{Evidence, EvidenceSentence},
    tokens::{Item, Key, Kind, Vocabulary},
};
use crate::util::wording::lexicon::{self, Lexicon};

/// Why a sentence is not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flaw {
    /// The passages do not say most of its words.
    Words,
    /// They have no such number, unit or date, or another one in its place.
    Number,
    /// They have no such name, or another one in its place.
    Name,
    /// It denies what they state, or states what they deny.
    Negation,
    /// It says the opposite, or has changed who does it to whom.
    Direction,
}

impl Flaw {
    /// Every flaw, for metrics that must exist before they happen.
    pub const ALL: [Self; 5] = [Self::Words, Self::Number, Self::Name, Self::Negation, Self::Direction];

    /// The machine-readable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Number => "number",
            Self::Name => "name",
            Self::Negation => "negation",
            Self::Direction => "direction",
        }
    }
}

/// Share of a sentence's items that must be those of the passage, in its order, before what stands in between says anything.
const COPIED: f32 = 0.5;

/// Items of a gap up to which what stands there stands in place of the other: with more, it was reworded.
const REPLACED: usize = 6;

/// Items of a gap up to which a single small word decides.
const SMALL: usize = 3;

/// Groups of small words that no preposition without a group can stand for.
const TURNING: &[&str] = &["before", "after", "over", "under", "inside", "outside", "against", "off", "down", "up"];

/// A sentence beside the part of the passages that it comes from.
pub(super) struct Comparison<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) lexicon: &'static Lexicon,
    pub(super) said: &'a [Item],
    /// The sentences that it comes from, the one that says most of it first.
    pub(super) window: &'a [&'a [Item]],
    /// The passages that are looked at.
    pub(super) passages: &'a [usize],
    /// What the question says: an answer repeats it, and claims nothing by that.
    pub(super) asked: &'a [Key],
}

/// A sentence of the window beside what is said.
struct Beside<'a> {
    there: &'a [Item],
    alignment: Alignment,
    /// What differs, where enough around it is common.
    gaps: Vec<Gap>,
}

impl<'a> Comparison<'a> {
    /// What speaks against the sentence.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        let all: Vec<Beside<'a>> = self.window.iter().map(|there| self.beside(there)).collect();
        if self.lacks_number() || self.any_gap(&all, |said, there, _| self.replaces_number(said, there)) {
            return Some(Flaw::Number);
        }
        if self.negates(&all) {
            return Some(Flaw::Negation);
        }
        if self.any_gap(&all, |said, there, beside| self.opposes(said, there, beside))
            || all.iter().any(|beside| self.swaps(beside))
        {
            return Some(Flaw::Direction);
        }
        if self.lacks_name() || self.any_gap(&all, |said, there, beside| self.replaces_name(said, there, beside)) {
            return Some(Flaw::Name);
        }
        None
    }

    fn beside(&self, there: &'a [Item]) -> Beside<'a> {
        let alignment = Alignment::of(self.said, there);
        let mut gaps = alignment.gaps(self.said.len(), there.len());
        if alignment.copied < COPIED {
            gaps.retain(|gap| alignment.surrounds(gap, self.said));
        }
        Beside { there, alignment, gaps }
    }

    /// Whether something holds of a gap that has items on both sides.
    fn any_gap(&self, all: &[Beside<'a>], holds: impl Fn(&[Item], &[Item], &Beside<'a>) -> bool) -> bool {
        all.iter().any(|beside| {
            let limits = 1..=REPLACED;
            let both =
                beside.gaps.iter().filter(|gap| limits.contains(&gap.said.len()) && limits.contains(&gap.there.len()));
            let mut both = both.map(|gap| (&self.said[gap.said.clone()], &beside.there[gap.there.clone()]));
            both.any(|(said, there)| holds(said, there, beside))
        })
    }

    fn vocabulary(&self) -> &Vocabulary {
        &self.evidence.vocabulary
    }

    fn is_asked(&self, item: &Item) -> bool {
        self.asked.contains(&item.key)
    }

    /// The sentences of the passages.
    fn sentences(&self) -> impl Iterator<Item = &'a EvidenceSentence> {
        let evidence = self.evidence;
        self.passages.iter().flat_map(move |passage| &evidence.sentences[evidence.passages[*passage].sentences.clone()])
    }

    /// Whether the passages say a key, in a sentence or in their titles.
    fn has(&self, key: Key) -> bool {
        let in_passage = |item: &Item| item.key == key;
        self.window.iter().copied().flatten().any(in_passage)
            || self.sentences().flat_map(|sentence| &sentence.reading.items).any(in_passage)
            || self.passages.iter().any(|passage| self.evidence.passages[*passage].title.items.iter().any(in_passage))
    }

    /// A number in digits that no passage has, or only with another unit, or only elsewhere, while the sentence that says the same
    /// has another.
    fn lacks_number(&self) -> bool {
        let exact = |item: &&Item| item.kind == Kind::Number { exact: true };
        let new = |item: &&Item| exact(item) && !self.is_asked(item);
        self.said.iter().filter(new).any(|item| {
            let mut here = self.window.iter().copied().flatten().filter(|there| there.key == item.key).peekable();
            if here.peek().is_none() && !self.has(item.key) {
                return true;
            }
            let differs = |there: &Item| there.unit.zip(item.unit).is_some_and(|(a, b)| a != b);
            if here.peek().is_some() && here.all(differs) {
                return true;
            }
            let Some(main) = self.window.first() else { return false };
            let is_other = |there: &&Item| {
                exact(there) && self.are_alike(there, item) && !self.said.iter().any(|said| said.key == there.key)
            };
            !main.iter().any(|there| there.key == item.key) && main.iter().any(|there| is_other(&there))
        })
    }

    /// Whether two numbers may stand for the same thing: both are years, or none is.
    fn are_alike(&self, a: &Item, b: &Item) -> bool {
        let is_year = |item: &Item| {
            let text = &self.vocabulary().word(item.key).text;
            text.len() == 4 && text.starts_with(['1', '2']) && text.bytes().all(|b| b.is_ascii_digit())
        };
        let is_date = |item: &Item| self.vocabulary().word(item.key).text.starts_with(char::is_alphabetic);
        is_year(a) == is_year(b) && is_date(a) == is_date(b)
    }

    /// A number in place of another.
    fn replaces_number(&self, said: &[Item], there: &[Item]) -> bool {
        let in_place =
            |number: &Item| there.iter().any(is_number) && !there.iter().any(|there| there.key == number.key);
        said.iter().filter(|item| is_number(item) && !self.is_asked(item)).any(in_place)
    }

    /// A name that no passage has. Languages that write every noun like a name are no help.
    fn lacks_name(&self) -> bool {
        let names_show = self.lexicon.language != "de";
        let has_digit = |item: &Item| self.vocabulary().word(item.key).text.chars().any(|c| c.is_ascii_digit());
        let name = |item: &&Item| item.kind == Kind::Name && !self.is_asked(item) && (names_show || has_digit(item));
        self.said.iter().filter(name).any(|item| !self.has(item.key))
    }

    /// A name in place of another.
    fn replaces_name(&self, said: &[Item], there: &[Item], beside: &Beside<'a>) -> bool {
        let new =
            |item: &&Item| item.tells() && !self.is_asked(item) && !there.iter().any(|other| other.key == item.key);
        let mut new = said.iter().filter(new).peekable();
        if new.peek().is_none() {
            return false;
        }
        let unspaced = |items: &[Item]| items.iter().filter(|item| item.unspaced && item.tells()).count() >= 2;
        if unspaced(said) && unspaced(there) {
            return beside.alignment.copied >= 0.6;
        }
        let named = there.iter().any(|item| item.kind == Kind::Name || item.first && item.tells());
        let first = |item: &Item| item.first && !self.has(item.key) && beside.alignment.copied >= 0.6;
        match self.lexicon.language {
            "de" => {
                let foreign = |item: &&Item| item.kind == Kind::Name && !self.has(item.key);
                // Nouns are written like names; two of them in a row that nobody else says are one.
                let several = new.clone().filter(foreign).count() >= 2;
                named && (several || new.any(|item| foreign(&item) && !item.led || first(item)))
            }
            _ => named && new.any(|item| item.kind == Kind::Name || first(item)),
        }
    }

    /// A negation that only one side has.
    fn negates(&self, all: &[Beside<'a>]) -> bool {
        let negations = |items: &[Item]| items.iter().filter(|item| item.kind == Kind::Negation).count();
        let asked =
            self.asked.iter().any(|key| self.said.iter().any(|item| item.kind == Kind::Negation && item.key == *key));
        let backed = |at: usize| all.iter().any(|beside| beside.alignment.pairs.iter().any(|(i, _)| *i == at));
        let mut said = self.said.iter().enumerate().filter(|(_, item)| item.kind == Kind::Negation);
        let unbacked = said.any(|(at, _)| !backed(at));
        if let Some(main) = all.first().filter(|main| unbacked && negations(main.there) == 0) {
            return main.alignment.copied >= if asked { 0.6 } else { 0.3 };
        }
        all.iter().any(|beside| {
            beside.gaps.iter().any(|gap| {
                let (said, there) = (&self.said[gap.said.clone()], &beside.there[gap.there.clone()]);
                let only_said = negations(said) > 0 && negations(there) == 0 && said.len() <= SMALL;
                let only_there = negations(there) > 0 && negations(said) == 0 && there.len() <= SMALL && gap.enclosed;
                only_said || only_there
            })
        })
    }

    /// Words in place of their opposites, or small words in place of others of their class.
    fn opposes(&self, said: &[Item], there: &[Item], beside: &Beside<'a>) -> bool {
        let small = said.len() <= SMALL && there.len() <= SMALL;
        let signs = |item: &Item, other: &Item| match (item.kind, other.kind) {
            (Kind::Sign(a, one), Kind::Sign(b, two)) => small && a == b && one != two,
            // "Before" in place of "to", and nothing else.
            (Kind::Sign(_, group), Kind::Small { joins: false })
            | (Kind::Small { joins: false }, Kind::Sign(_, group)) => {
                TURNING.contains(&group) && said.len() == 1 && there.len() == 1 && beside.alignment.copied >= 0.8
            }
            _ => false,
        };
        said.iter().any(|item| there.iter().any(|other| signs(item, other)))
            || self
                .written(said)
                .iter()
                .any(|a| self.written(there).iter().any(|b| a != b && lexicon::are_opposites(a, b)))
    }

    /// The words of a gap, and up to three neighbours as one: words of several characters or syllables are among them.
    fn written(&self, items: &[Item]) -> Vec<String> {
        let mut all = Vec::new();
        for at in 0..items.len() {
            let mut joined = String::new();
            for item in items[at..].iter().take(3) {
                if !joined.is_empty() && !item.unspaced {
                    joined.push(' ');
                }
                joined.push_str(&self.vocabulary().word(item.written).text);
                all.push(joined.clone());
            }
        }
        all
    }

    /// Two names that changed their places around the same word.
    fn swaps(&self, Beside { there, alignment, .. }: &Beside<'a>) -> bool {
        if alignment.copied < COPIED {
            return false;
        }
        let once = |items: &[Item], key: Key| {
            let mut places = items.iter().enumerate().filter(|(_, item)| item.key == key).map(|(at, _)| at);
            let first = places.next()?;
            places.next().is_none().then_some(first)
        };
        let can_change = |item: &Item| item.kind == Kind::Name || item.first && item.kind == Kind::Word;
        let placed = self.said.iter().enumerate().filter(|(_, item)| can_change(item));
        let placed: Vec<(usize, usize)> = placed
            .filter_map(|(at, item)| once(self.said, item.key).and(once(there, item.key)).map(|there| (at, there)))
            .collect();
        let near_copy = alignment.copied >= 0.75;
        placed.iter().enumerate().any(|(n, (x, there_x))| {
            placed[n + 1..].iter().any(|(y, there_y)| {
                let holds = |item: &Item| match item.kind {
                    Kind::Word => true,
                    Kind::Small { joins } => near_copy && !joins,
                    Kind::Sign(..) => near_copy,
                    _ => false,
                };
                // In the order of the copy one of the names is missing, and what stands between them may be, too.
                let between = || {
                    let mut said = self.said[x + 1..*y].iter().filter(|item| holds(item));
                    there_y < there_x
                        && said.any(|item| there[there_y + 1..*there_x].iter().any(|other| other.key == item.key))
                };
                between()
            })
        })
    }
}
