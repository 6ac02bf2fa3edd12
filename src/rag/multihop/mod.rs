//! Questions that no single passage answers: what is found for the question, or for parts of it, says what to look for next.
//!
//! An LLM writes the sub-questions of each hop. Without one, rules do: a compound question is taken apart, and names that the
//! passages of a hop have and the question lacks are looked for in the next. [`HopSearch`] is the state of such a search, and
//! asks nobody; `run` asks the indexes and the LLM.

mod names;
mod rules;
mod run;

use std::{collections::HashMap, time::Duration};

use crate::domain::Passage;

/// What a list of a hop counts for beside the question's own: its best passage comes before all but the best few of those.
/// Measured on two collections of 100 questions each; from 0.7 to 0.9 there is little between them.
const SHARE: f32 = 0.8;

/// Passages of the hops before that say what to look for next.
const LOOKED_AT: usize = 5;

/// Bounds of a search in several hops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hops {
    /// Rounds of searching, 1..=3.
    pub depth: usize,
    /// Sub-questions of each round after the first, 1..=3.
    pub fanout: usize,
    /// Sub-questions of the first round beside the question itself; as `fanout` when open.
    pub first_fanout: Option<usize>,
    /// Longest time of all rounds together, a third of what the question has at most.
    pub budget: Duration,
}

impl Default for Hops {
    fn default() -> Self {
        Self { depth: 2, fanout: 2, first_fanout: None, budget: Duration::from_secs(20) }
    }
}

impl Hops {
    /// Most for each of `depth`, `fanout` and `first_fanout`.
    pub const MOST: usize = 3;

    /// Sub-questions of a hop, from 0.
    pub fn fanout_of(&self, hop: usize) -> usize {
        if hop == 0 { self.first_fanout.unwrap_or(self.fanout) } else { self.fanout }
    }
}

/// Who wrote the sub-questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HopsBy {
    /// An LLM.
    Llm,
    /// Rules, or an LLM first and then rules.
    Rules,
}

impl HopsBy {
    /// The name in responses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Rules => "rules",
        }
    }
}

/// Why rules went on where an LLM was to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HopFailure {
    /// No LLM answers this question.
    NoLlm,
    /// It could not be asked.
    Unavailable,
    /// It took too long.
    Slow,
    /// Its reply has no sub-question.
    Unusable,
}

impl HopFailure {
    /// The name in responses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoLlm => "no_llm",
            Self::Unavailable => "llm_unavailable",
            Self::Slow => "llm_slow",
            Self::Unusable => "llm_unusable",
        }
    }
}

/// What became of a search in several hops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopSummary {
    /// What was looked for beside the question itself, in its order.
    pub subquestions: Vec<String>,
    /// Who wrote that.
    pub by: HopsBy,
    /// Why no LLM did.
    pub failure: Option<HopFailure>,
    /// Rounds that were done.
    pub hops: usize,
    /// Whether the time for them was over before they were.
    pub out_of_time: bool,
}

/// A search in several hops: what was asked, and what was found.
pub struct HopSearch<'q> {
    question: &'q str,
    bounds: Hops,
    /// What was looked for beside the question.
    asked: Vec<String>,
    /// What was found, and what it counts for.
    lists: Vec<(f32, Vec<Passage>)>,
    /// Names that were looked for, in small letters.
    names: Vec<String>,
}

impl<'q> HopSearch<'q> {
    /// A search that has found this for the question itself.
    pub fn new(question: &'q str, bounds: Hops, found: Vec<Passage>) -> Self {
        Self { question, bounds, asked: Vec::new(), lists: vec![(1.0, found)], names: Vec::new() }
    }

    /// Adds what was found for a sub-question of a hop, from 0.
    pub fn add(&mut self, hop: usize, subquestion: String, found: Vec<Passage>) {
        let rounds = i32::try_from(hop.max(1)).unwrap_or(i32::MAX);
        self.asked.push(subquestion);
        self.lists.push((SHARE.powi(rounds), found));
    }

    /// What rules look for in a hop; empty when there is nothing.
    pub fn by_rules(&mut self, hop: usize) -> Vec<String> {
        let most = self.bounds.fanout_of(hop);
        let mut next = match hop {
            0 => rules::parts(self.question),
            _ => {
                let found = self.union(LOOKED_AT);
                let names = rules::bridges(self.question, &found, &self.names, most);
                self.names.extend(names.iter().map(|name| name.to_lowercase()));
                names.iter().map(|name| rules::about(name, self.question)).collect()
            }
        };
        next.truncate(most);
        self.fresh(next)
    }

    /// Those that were not asked yet, each once.
    pub fn fresh(&self, questions: Vec<String>) -> Vec<String> {
        let mut fresh: Vec<String> = Vec::new();
        for question in questions {
            let known = std::iter::once(self.question).chain(self.asked.iter().chain(&fresh).map(String::as_str));
            let is_known = known.into_iter().any(|known| known.to_lowercase() == question.to_lowercase());
            if !is_known {
                fresh.push(question);
            }
        }
        fresh
    }

    /// The best passages of all that was found. A passage has the best of its scores: those of a list from 0 to what the list
    /// counts for.
    pub fn union(&self, k: usize) -> Vec<Passage> {
        let mut best: HashMap<&str, (f32, usize, &Passage)> = HashMap::new();
        let mut order = 0;
        for (share, found) in &self.lists {
            let top = found.first().map_or(1.0, |passage| passage.score);
            let scale = if top > f32::EPSILON { share / top } else { *share };
            for passage in found {
                let score = passage.score * scale;
                order += 1;
                let held = best.entry(&passage.key).or_insert((score, order, passage));
                held.0 = held.0.max(score);
            }
        }
        let mut union: Vec<_> = best.into_values().collect();
        union.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let passages = union.into_iter().take(k).map(|(score, _, passage)| Passage { score, ..passage.clone() });
        passages.collect()
    }

    /// What was looked for beside the question.
    pub fn into_subquestions(self) -> Vec<String> {
        self.asked
    }
}

#[cfg(test)]
mod tests;
