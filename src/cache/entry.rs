//! An answer that is kept, and what it claims.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::{
    key::Namespace,
    mismatch::{Numbers, Wording},
    verified::Learned,
};
use crate::domain::{Passage, PassageCopy, Stamp};
use crate::util::{citation_marks::citation_marks, time::UnixMillis};

/// What an entry costs besides its texts and its vector: keys, rows, counters.
const OVERHEAD: usize = 512;

/// A complete answer with all that a response tells about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// The text, with `[n]` citations of the contexts, numbered from 1.
    pub text: String,
    /// What it is made from, best first.
    #[serde(rename = "contexts")]
    pub passages: Arc<[Passage]>,
    /// Who wrote it.
    pub provider: String,
    /// Share of the lexical score in weighted fusion.
    pub bm25_weight: f32,
}

impl StoredAnswer {
    /// Keys of the contexts that it cites; of all when it cites none.
    pub fn cited(&self) -> BTreeSet<&str> {
        let cited: BTreeSet<&str> = citation_marks(&self.text)
            .into_iter()
            .flat_map(|mark| mark.numbers)
            .filter_map(|n| Some(self.passages.get(n.checked_sub(1)?)?.key.as_str()))
            .collect();
        if cited.is_empty() { self.passages.iter().map(|passage| passage.key.as_str()).collect() } else { cited }
    }

    /// What it says, as far as it can be compared without understanding it.
    pub fn facts(&self) -> Facts {
        let mut words = String::with_capacity(self.text.len());
        let mut rest = self.text.as_str();
        while let Some((before, after)) = rest.split_once('[') {
            words.push_str(before);
            rest = after.split_once(']').filter(|(n, _)| n.parse::<usize>().is_ok()).map_or(after, |(_, rest)| rest);
        }
        words.push_str(rest);
        let wording = Wording::of(&words);
        Facts {
            text: words.split_whitespace().collect::<Vec<_>>().join(" "),
            cited: self.cited().into_iter().map(str::to_owned).collect(),
            numbers: wording.numbers().clone(),
            names: wording.words().iter().filter(|word| word.name).map(|word| word.stem.clone()).collect(),
            negated: wording.negated(),
        }
    }

    /// Bytes that it takes, about.
    pub fn bytes(&self) -> usize {
        let passages = self.passages.iter().map(|p| {
            let copies =
                p.copies.iter().map(|c| size_of::<PassageCopy>() + c.key.len() + c.source.len() + c.version.len());
            let own = p.text.len() + p.key.len() + p.source.len() + p.version.len() + p.language.len();
            size_of::<Passage>() + own + copies.sum::<usize>()
        });
        self.text.len() + self.provider.len() + passages.sum::<usize>()
    }
}

/// What an answer claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    text: String,
    cited: BTreeSet<String>,
    numbers: Numbers,
    names: BTreeSet<String>,
    negated: bool,
}

/// Whether two answers say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// They do.
    Yes,
    /// They do not.
    No,
    /// Somebody who understands them has to say.
    Unclear,
}

impl Facts {
    /// Compares two answers to similar questions: by the passages that they cite, and by the numbers and names in them.
    pub fn agree(&self, other: &Self) -> Agreement {
        if self.text == other.text {
            return Agreement::Yes;
        }
        let disjoint = self.cited.is_disjoint(&other.cited) && !self.cited.is_empty() && !other.cited.is_empty();
        if disjoint || self.numbers.differ_from(&other.numbers) {
            return Agreement::No;
        }
        let same_names = self.names.is_subset(&other.names) || other.names.is_subset(&self.names);
        if self.cited == other.cited && same_names && self.negated == other.negated {
            return Agreement::Yes;
        }
        Agreement::Unclear
    }
}

/// An answer that is to be kept.
#[derive(Debug)]
pub struct NewEntry {
    /// Where it may be found.
    pub namespace: Namespace,
    /// The question as it was asked.
    pub question: String,
    /// What was answered.
    pub answer: StoredAnswer,
    /// State of the DB for which it is known to be right.
    pub stamp: Option<Stamp>,
    /// Dimension of the question's vector; 0 without one.
    pub dimension: usize,
    /// When it was answered.
    pub created: UnixMillis,
}

/// An answer in the cache.
#[derive(Debug)]
pub struct Entry {
    /// Its number; grows.
    pub(super) id: u64,
    /// Where it may be found.
    pub(super) namespace: Namespace,
    /// The question as it was asked.
    pub(super) question: String,
    /// The same, taken apart.
    pub(super) wording: Wording,
    /// What was answered.
    pub(super) answer: Arc<StoredAnswer>,
    /// What that claims, once somebody wants to know.
    pub(super) facts: OnceLock<Facts>,
    /// When.
    pub(super) created: UnixMillis,
    /// Tick of the last use.
    pub(super) used: AtomicU64,
    /// Times that it was given.
    pub(super) accesses: AtomicU64,
    /// State of the DB for which it is known to be right.
    pub(super) stamp: Mutex<Option<Stamp>>,
    /// What verified mode knows about it.
    pub(super) learned: Mutex<Learned>,
    /// What it costs.
    pub(super) bytes: usize,
}

impl Entry {
    /// An entry that nobody has used yet.
    pub(super) fn new(id: u64, new: NewEntry) -> Self {
        let NewEntry { namespace, question, answer, stamp, dimension, created } = new;
        Self {
            id,
            namespace,
            wording: Wording::of(&question),
            bytes: Self::bytes_of(&question, &answer, dimension),
            question,
            answer: Arc::new(answer),
            facts: OnceLock::new(),
            created,
            used: 0.into(),
            accesses: 0.into(),
            stamp: Mutex::new(stamp),
            learned: Mutex::default(),
        }
    }

    /// What an entry costs, about: its texts, its vector, and [`OVERHEAD`].
    pub(super) fn bytes_of(question: &str, answer: &StoredAnswer, dimension: usize) -> usize {
        OVERHEAD + answer.bytes() + 2 * question.len() + size_of::<f32>() * dimension
    }

    /// Its number, unique in a process.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The question as it was asked first.
    pub fn question(&self) -> &str {
        &self.question
    }

    /// What was answered.
    pub fn answer(&self) -> &Arc<StoredAnswer> {
        &self.answer
    }

    /// What that claims.
    pub fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| self.answer.facts())
    }

    /// Where it may be found.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// When it was answered.
    pub fn created(&self) -> UnixMillis {
        self.created
    }

    /// Times that it was given.
    pub fn accesses(&self) -> u64 {
        self.accesses.load(Ordering::Relaxed)
    }

    /// Whether the answer is known to be right for this state of the DB.
    pub fn is_of(&self, stamp: &Stamp) -> bool {
        self.stamp.lock().as_ref() == Some(stamp)
    }

    /// Notes that the same passages are found at this state of the DB.
    pub fn confirm(&self, stamp: Stamp) {
        *self.stamp.lock() = Some(stamp);
    }

    /// Whether these passages are the ones that the answer is made from, with the same copies: it names them all.
    pub fn made_from(&self, passages: &[Passage]) -> bool {
        fn keys(passages: &[Passage]) -> BTreeSet<&str> {
            passages.iter().flat_map(Passage::keys).collect()
        }
        keys(passages) == keys(&self.answer.passages)
    }

    /// The passages that the answer cites.
    pub fn evidence(&self) -> impl Iterator<Item = &Passage> {
        let cited = self.answer.cited();
        self.answer.passages.iter().filter(move |passage| cited.contains(passage.key.as_str()))
    }

    /// Whether one of the passages that the answer cites is among these.
    pub fn is_evidenced_by(&self, passages: &[Passage]) -> bool {
        let cited = self.answer.cited();
        passages.iter().flat_map(Passage::keys).any(|key| cited.contains(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str, keys: &[&str]) -> StoredAnswer {
        let context = |key: &&str| Passage {
            text: "t".into(),
            key: (*key).to_owned(),
            source: "s".into(),
            chunk: 0,
            version: String::new(),
            language: "en".into(),
            score: 1.0,
            ..Passage::default()
        };
        StoredAnswer {
            text: text.into(),
            passages: keys.iter().map(context).collect(),
            provider: "ollama".into(),
            bm25_weight: 0.5,
        }
    }

    fn agreement(a: (&str, &[&str]), b: (&str, &[&str])) -> Agreement {
        answer(a.0, a.1).facts().agree(&answer(b.0, b.1).facts())
    }

    #[test]
    fn citations_name_the_evidence() {
        let cites = answer("Kept for 30 days [2][3], see [9] and [x].", &["a", "b", "c"]);
        assert_eq!(cites.cited().into_iter().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(answer("No citation.", &["a", "b"]).cited().len(), 2, "all that were read");
    }

    #[test]
    fn answers_agree_by_passages_numbers_and_names() {
        use Agreement::{No, Unclear, Yes};
        let ab: &[&str] = &["a", "b"];
        assert_eq!(agreement(("Kept for 30 days [1].", ab), ("They are kept 30 days [1].", ab)), Yes);
        assert_eq!(agreement(("Kept for 30 days [1].", ab), ("Kept for 60 days [1].", ab)), No);
        assert_eq!(agreement(("Kept for 30 days [1].", ab), ("They stay 30 days [2].", ab)), No);
        assert_eq!(agreement(("It is Ann [1].", ab), ("He asks Bob [1].", ab)), Unclear);
        assert_eq!(agreement(("It is allowed [1].", ab), ("It is not allowed [1].", ab)), Unclear);
        assert_eq!(agreement(("Kept [1][2].", ab), ("It stays [1].", ab)), Unclear);
        assert_eq!(agreement(("[1] Same.", &["a"]), ("[1] Same.", &["b"])), Yes, "to the letter");
    }
}
