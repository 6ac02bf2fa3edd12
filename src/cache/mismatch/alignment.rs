//! Two questions laid side by side: which words they share, which stand in place of others, and which changed places.

use super::{
    lexicon::{Lexicon, Role, asked},
    question::{Quantity, QuestionKind},
    word::Word,
    wording::Wording,
};

/// Words of one question that the other has not, in one place: neighbours that stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Group {
    from: usize,
    to: usize,
}

/// The shared words of two questions, and the rest.
#[derive(Debug)]
pub(super) struct Alignment<'a> {
    a: &'a Wording,
    b: &'a Wording,
    /// Positions of the same word here and there, in the order of the first question.
    pairs: Vec<(usize, usize)>,
    only_a: Vec<usize>,
    only_b: Vec<usize>,
}

/// What stands in one place of the two questions: words on one side alone are an addition.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference<'a> {
    pub(super) a: Vec<&'a Word>,
    pub(super) b: Vec<&'a Word>,
}

impl<'a> Alignment<'a> {
    /// Finds each word's partner. A word that stands several times has as many partners, in their order.
    pub(super) fn of(a: &'a Wording, b: &'a Wording) -> Self {
        let lexicon = a.lexicon();
        let mut taken = vec![false; b.words.len()];
        let mut pairs = Vec::new();
        for (at, word) in a.words.iter().enumerate() {
            // The same form first: "the trainer" goes with "trainer" rather than with "trained".
            let free = |exact: bool| {
                b.words.iter().enumerate().position(|(there, theirs)| {
                    !taken[there] && if exact { word.text == theirs.text } else { word.same(theirs, lexicon) }
                })
            };
            if let Some(there) = free(true).or_else(|| free(false)) {
                taken[there] = true;
                pairs.push((at, there));
            }
        }
        let only_a = rest(&a.words, &b.words, |at| pairs.iter().any(|(here, _)| *here == at), lexicon);
        let only_b = rest(&b.words, &a.words, |at| taken[at], lexicon);
        Self { a, b, pairs, only_a, only_b }
    }

    /// Words of the first question that the other has not.
    pub(super) fn only_a(&self) -> Vec<&'a Word> {
        self.only_a.iter().map(|at| &self.a.words[*at]).collect()
    }

    /// Words of the second question that the other has not.
    pub(super) fn only_b(&self) -> Vec<&'a Word> {
        self.only_b.iter().map(|at| &self.b.words[*at]).collect()
    }

    /// Whether both have the same words, in any form and order.
    pub(super) fn same_words(&self) -> bool {
        self.only_a.is_empty() && self.only_b.is_empty()
    }

    /// What differs, place by place.
    pub(super) fn differences(&self) -> Vec<Difference<'a>> {
        let (a, b) = (groups(&self.only_a), groups(&self.only_b));
        let words =
            |wording: &'a Wording, group: &Group| wording.words[group.from..=group.to].iter().collect::<Vec<_>>();
        // One on each side: they stand for each other, wherever they stand.
        if let ([a], [b]) = (a.as_slice(), b.as_slice()) {
            return vec![Difference { a: words(self.a, a), b: words(self.b, b) }];
        }
        let mut paired = vec![false; b.len()];
        let mut differences = Vec::new();
        for group in &a {
            let partner = (0..b.len()).find(|at| !paired[*at] && self.in_one_place(group, &b[*at]));
            let other = partner.map_or(Vec::new(), |at| {
                paired[at] = true;
                words(self.b, &b[at])
            });
            differences.push(Difference { a: words(self.a, group), b: other });
        }
        let alone = b.iter().zip(&paired).filter(|(_, paired)| !**paired);
        differences.extend(alone.map(|(group, _)| Difference { a: Vec::new(), b: words(self.b, group) }));
        differences
    }

    /// Whether the same word stands before two groups, or behind them.
    fn in_one_place(&self, a: &Group, b: &Group) -> bool {
        let there = |at: usize| self.pairs.iter().find(|(here, _)| *here == at).map(|(_, there)| *there);
        let before = match (a.from.checked_sub(1), b.from.checked_sub(1)) {
            (Some(here), Some(before)) => there(here) == Some(before),
            (None, None) => true,
            _ => false,
        };
        let behind = match (a.to + 1 < self.a.words.len(), b.to + 1 < self.b.words.len()) {
            (true, true) => there(a.to + 1) == Some(b.to + 1),
            (false, false) => true,
            _ => false,
        };
        before || behind
    }

    /// Whether a noun has one role here and another there: mail to the office, mail from the office.
    pub(super) fn roles_differ(&self) -> bool {
        self.pairs.iter().any(|(here, there)| {
            let (here, there) = (self.a.words[*here].role, self.b.words[*there].role);
            matches!((here, there), (Some(here), Some(there)) if here.conflicts(there))
        })
    }

    /// Whether a noun is who does it in one question only, and stays behind its verb: "who pays the agency", "who is paid
    /// by the agency".
    pub(super) fn voice_differs(&self) -> bool {
        // "Who hired Anna", "whom did Anna hire".
        if matches!((self.a.asks_for, self.b.asks_for), (Some(here), Some(there)) if here != there) {
            return true;
        }
        let by = |word: &Word| word.role == Some(Role::By);
        self.pairs.iter().any(|(here, there)| {
            let (a, b) = (&self.a.words[*here], &self.b.words[*there]);
            let one_sided = by(a) && b.role.is_none() || by(b) && a.role.is_none();
            let verb_before = || {
                let before = (here.checked_sub(1)?, there.checked_sub(1)?);
                let verb = !self.a.words[before.0].nominal && !self.b.words[before.1].nominal;
                (verb && self.pairs.contains(&before)).then_some(())
            };
            one_sided && verb_before().is_some()
        })
    }

    /// Whether words changed places around another: who pays whom, from where to where. Bringing a part of a question to
    /// its front ("at the hotel, which fees …") or a verb before its noun ("are backups kept", "keep backups") changes
    /// nothing. Where it cannot be told, they did.
    pub(super) fn turned_around(&self) -> bool {
        self.pairs.iter().enumerate().any(|(at, first)| {
            self.pairs[at + 1..].iter().any(|second| first.1 > second.1 && self.exchanged(*first, *second))
        })
    }

    /// Whether two names changed places around the same word, or what stands around a direction.
    pub(super) fn names_turned_around(&self) -> bool {
        let (a, b) = (&self.a.words, &self.b.words);
        let directed = |word: &Word| matches!(word.role, Some(Role::To | Role::From | Role::Than | Role::By));
        self.pairs.iter().enumerate().any(|(at, x)| {
            self.pairs[at + 1..].iter().filter(|y| x.1 > y.1).any(|y| {
                let apart = (y.0 - x.0, x.1 - y.1);
                let names = a[x.0].name && a[y.0].name && apart == (2, 2) && self.around_one_word(*x, *y);
                let around = apart == (1, 1) && directed(&a[y.0]) && a[y.0].role == b[x.1].role;
                (names || around) && self.exchanged(*x, *y)
            })
        })
    }

    /// Whether two words changed places around another.
    pub(super) fn turned_around_a_word(&self) -> bool {
        self.pairs.iter().enumerate().any(|(at, x)| {
            let turned = |y: &&(usize, usize)| x.1 > y.1 && self.around_one_word(*x, **y) && self.exchanged(*x, **y);
            self.pairs[at + 1..].iter().any(|y| turned(&y))
        })
    }

    /// Whether both have a unit of their own: per page, per document.
    pub(super) fn units_differ(&self) -> bool {
        self.only_a().iter().any(|word| word.unit) && self.only_b().iter().any(|word| word.unit)
    }

    /// Whether the same word stands between two words both times.
    fn around_one_word(&self, x: (usize, usize), y: (usize, usize)) -> bool {
        self.pairs.iter().any(|(here, there)| (x.0 < *here && *here < y.0) && (y.1 < *there && *there < x.1))
    }

    /// Whether it matters that two words, in this order in the first question, stand in the other in the second.
    fn exchanged(&self, x: (usize, usize), y: (usize, usize)) -> bool {
        let (a, b) = (&self.a.words, &self.b.words);
        // A preposition that goes with its noun keeps the noun's role, wherever it stands; unless both have the same one,
        // or what is compared with what depends on the order.
        let carried = |(here, there): (usize, usize)| {
            a[here].phrase.is_some()
                && a[here].phrase == b[there].phrase
                && self.pairs.contains(&(a[here].head, b[there].head))
        };
        let parallel = a[x.0].phrase == a[y.0].phrase || a.iter().any(|word| word.role == Some(Role::Than));
        if (carried(x) || carried(y)) && !parallel {
            return false;
        }
        let joined = |words: &[Word], from: usize, to: usize| words[from + 1..=to].iter().any(|word| word.joined);
        if joined(a, x.0, y.0) && joined(b, y.1, x.1) {
            return false;
        }
        // The same word between them both times: a verb between two who do it.
        let around = |(here, there): &(usize, usize)| (x.0 < *here && *here < y.0) && (y.1 < *there && *there < x.1);
        let mut between = self.pairs.iter().filter(|pair| around(pair)).peekable();
        if between.peek().is_some() {
            // "Does the pass include the sauna", "is the sauna included in the pass": what was before the verb is marked
            // now, and the verb has another form.
            let passive = |unmarked: &Word, marked: &Word| {
                unmarked.phrase.is_none() && matches!(marked.phrase, Some(Role::By | Role::At | Role::From))
            };
            let turned = passive(&a[x.0], &b[x.1]) || passive(&b[y.1], &a[y.0]);
            return !turned || between.all(|(here, there)| a[*here].text == b[*there].text);
        }
        // "Backup retention" is the retention of backups.
        let compound = |first: &Word, second: &Word, turned: &Word| {
            !second.apart
                && first.role.is_none()
                && matches!(turned.role, Some(Role::Of | Role::De | Role::For | Role::At))
        };
        if y.0 == x.0 + 1
            && x.1 == y.1 + 1
            && (compound(&a[x.0], &a[y.0], &b[x.1]) || compound(&b[y.1], &b[x.1], &a[y.0]))
        {
            return false;
        }
        let noun = |(here, there): (usize, usize)| a[here].nominal || b[there].nominal;
        if noun(x) && noun(y) {
            return true;
        }
        // Side by side, with nothing between them, in the same form: a boat house is no house boat.
        let side_by_side = y.0 == x.0 + 1 && x.1 == y.1 + 1 && !a[y.0].apart && !b[x.1].apart;
        // German, French and Spanish put no nouns side by side like that, and verbs before and behind.
        let compounds = !matches!(self.a.lexicon().language, "de" | "fr" | "es");
        compounds && side_by_side && a[x.0].text == b[x.1].text && a[y.0].text == b[y.1].text
    }
}

/// Positions of words without a partner. One that the other question has, too, only less often, adds nothing where words
/// are written apart.
fn rest(own: &[Word], theirs: &[Word], paired: impl Fn(usize) -> bool, lexicon: &Lexicon) -> Vec<usize> {
    let repeated = |word: &Word| !word.unspaced && theirs.iter().any(|other| word.same(other, lexicon));
    (0..own.len()).filter(|at| !paired(*at) && !repeated(&own[*at])).collect()
}

/// Positions that follow each other, together.
fn groups(positions: &[usize]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for at in positions.iter().copied() {
        match groups.last_mut() {
            Some(last) if last.to + 1 == at => last.to = at,
            _ => groups.push(Group { from: at, to: at }),
        }
    }
    groups
}

/// Whether a word that only one of the questions has says no more than the other's question word: "how much does it cost",
/// "how much is it"; "how many days", "how long".
pub(super) fn is_asked_for(word: &Word, own: &Wording, other: &Wording) -> bool {
    let (own, other) = (own.kind, other.kind);
    let amount = QuestionKind::Quantity(Quantity::Amount);
    own == amount && other == amount && asked::is_cost(&word.stem)
        || own == other && matches!(own, QuestionKind::Quantity(_)) && asked::is_duration(&word.stem)
        || other == QuestionKind::When && asked::is_moment(&word.stem)
        || other == QuestionKind::Where && asked::is_place(&word.stem)
        || own == amount && other == QuestionKind::Quantity(Quantity::Duration) && asked::is_time(&word.stem)
}

/// Whether the kinds of answers that two questions ask for agree. "How many days" is how long.
pub(super) fn kinds_agree(a: &Wording, b: &Wording) -> bool {
    let days = |one: &Wording, other: &Wording| {
        one.kind == QuestionKind::Quantity(Quantity::Amount)
            && other.kind == QuestionKind::Quantity(Quantity::Duration)
            && one.words.iter().any(|word| asked::is_time(&word.stem))
    };
    let time = |one: &Wording, other: &Wording| {
        one.kind == QuestionKind::What
            && other.kind == QuestionKind::When
            && one.words.iter().any(|word| asked::is_moment(&word.stem))
    };
    a.kind.agrees(b.kind) || days(a, b) || days(b, a) || time(a, b) || time(b, a)
}
