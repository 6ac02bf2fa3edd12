//! What the cache decides about a question in new words, from its nearest neighbours alone.

use std::{sync::Arc, time::Duration};

use super::{
    Agreement, CacheMode, CacheSettings, Entry, Namespace, Wording,
    mismatch::{self, Rejection},
};
use crate::util::time::UnixMillis;

/// Cosine within which two neighbours are about equally near. Of 999 paraphrases, this keeps most of those apart that
/// another stored text fits as well as their own.
const AMBIGUITY: f32 = 0.015;

/// The same in verified mode, which has a budget of wrong answers to spend where it buys more.
const VERIFIED_AMBIGUITY: f32 = 0.05;

/// Least cosine that verified mode considers.
pub(super) const VERIFIED_FLOOR: f32 = 0.7;

/// A question as the cache sees it.
#[derive(Debug, Clone, Copy)]
pub struct CacheQuery<'a> {
    /// Where it may find an answer.
    pub namespace: &'a Namespace,
    /// Its words.
    pub text: &'a str,
}

/// How a stored answer was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HitKind {
    /// The same words.
    Exact,
    /// Other words with this cosine.
    Semantic(f32),
}

impl HitKind {
    /// The label in metrics and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Semantic(_) => "semantic",
        }
    }
}

/// A stored answer for a question.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The entry.
    pub entry: Arc<Entry>,
    /// How it was found.
    pub kind: HitKind,
}

impl Hit {
    /// Cosine of the questions; 1 when the words are the same.
    pub fn similarity(&self) -> f32 {
        match self.kind {
            HitKind::Exact => 1.0,
            HitKind::Semantic(similarity) => similarity,
        }
    }
}

/// A near neighbour whose answer was not given.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The entry.
    pub entry: Arc<Entry>,
    /// Its cosine.
    pub similarity: f32,
    /// Why.
    pub reason: Rejection,
}

/// A test of a stored answer: the LLM is asked although it is at hand, to learn whether it is right.
#[derive(Debug, Clone)]
pub struct Exploration {
    /// The entry that is tested.
    pub entry: Arc<Entry>,
    /// Its cosine.
    pub similarity: f32,
    /// How often such a question is tested.
    pub(super) rate: f64,
}

/// What the cache says to a question in new words.
#[derive(Debug, Clone)]
pub enum CacheDecision {
    /// This answer will do.
    Hit(Hit),
    /// This one is near, and must not be given.
    Refused(Refused),
    /// This one may do; ask the LLM and [compare](super::SemanticCache::learn).
    Explore(Exploration),
    /// Nothing is near.
    Miss,
}

/// Which neighbours are near enough, and which of them are rivals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// Least cosine.
    pub(super) least: f32,
    /// Cosine within which two neighbours are about equally near.
    pub(super) margin: f32,
}

impl Reach {
    /// Under these settings.
    pub(super) fn of(settings: &CacheSettings) -> Self {
        match settings.mode {
            CacheMode::Threshold => Self { least: settings.threshold, margin: AMBIGUITY },
            CacheMode::Verified => Self { least: VERIFIED_FLOOR, margin: VERIFIED_AMBIGUITY },
        }
    }
}

/// What the neighbours of a question allow.
pub(super) enum Neighbour {
    /// No mismatch speaks against this one.
    Fits(Hit),
    /// This one is near, and must not be given.
    Refused(Refused),
    /// None is near.
    None,
}

/// Judges the neighbours of a question, nearest first.
pub(super) fn judge(
    settings: &CacheSettings,
    wording: &Wording,
    neighbours: Vec<(f32, Arc<Entry>)>,
    now: UnixMillis,
) -> Neighbour {
    let Reach { least, margin } = Reach::of(settings);
    let young = |entry: &Entry, ttl: Duration| now.since(entry.created) < ttl;
    let alive: Vec<_> = neighbours.into_iter().filter(|(_, entry)| young(entry, settings.ttl)).collect();
    let mut refused = None;
    for (at, (similarity, entry)) in alive.iter().enumerate() {
        let similarity = *similarity;
        if similarity < least {
            break;
        }
        // Behind a refused neighbour only the very same words in another form will do.
        if refused.is_some() && !mismatch::same_words(wording, &entry.wording) {
            continue;
        }
        let refusal = settings.guards.then(|| refusal(wording, entry, similarity - margin, &alive[at + 1..])).flatten();
        let Some(reason) = refusal else {
            return Neighbour::Fits(Hit { entry: Arc::clone(entry), kind: HitKind::Semantic(similarity) });
        };
        refused.get_or_insert(Refused { entry: Arc::clone(entry), similarity, reason });
        // Ambiguity is between answers: the next one is no better.
        if reason == Rejection::Ambiguous {
            break;
        }
    }
    refused.map_or(Neighbour::None, Neighbour::Refused)
}

/// Why this neighbour must not answer; `farther` are those behind it, nearest first, of which those with more than
/// `beyond` are rivals.
fn refusal(asked: &Wording, entry: &Entry, beyond: f32, farther: &[(f32, Arc<Entry>)]) -> Option<Rejection> {
    if let Some(reason) = mismatch::refuse(asked, &entry.wording) {
        return Some(reason);
    }
    let rivals = farther.iter().take_while(|(rival, _)| *rival > beyond);
    let ambiguous = rivals.into_iter().any(|(_, rival)| {
        rival.facts().agree(entry.facts()) != Agreement::Yes && mismatch::refuse(asked, &rival.wording).is_none()
    });
    ambiguous.then_some(Rejection::Ambiguous)
}
