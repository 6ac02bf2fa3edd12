//! One question's way through the cache: the same words first, then the nearest questions, then the evidence.
//!
//! The cache asks nobody. Whoever drives the lookup embeds the question, and finds its passages and those of a stored
//! question whose documents have changed; the lookup says what is needed next, and decides.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Agreement, CacheDecision, CacheQuery, Entry, Exploration, Hit, HitKind, Namespace, Rejection, SemanticCache,
    StoredAnswer, Wording,
    mismatch::{self, Documents},
};
use crate::{
    domain::{Passage, Stamp},
    util::time::UnixMillis,
};

/// Why an entry's answer was not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissReason {
    /// It answers another question, or may do so.
    Rejected(Rejection),
    /// The documents have changed since.
    Invalidated,
}

impl MissReason {
    /// The machine-readable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejected(reason) => reason.as_str(),
            Self::Invalidated => "invalidated",
        }
    }
}

/// About a cache entry.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheNote {
    /// Cosine of the questions.
    pub similarity: f32,
    /// The entry's question.
    pub question: String,
    /// Times that it was given.
    pub accesses: u64,
    /// Where it may be found.
    pub namespace: String,
    /// Since it was answered.
    pub age: Duration,
}

/// Whether an entry is right for the DB as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Currency {
    /// It is.
    Current,
    /// The DB has changed since: search for the entry's question again, and [confirm](Lookup::confirm) it.
    MustConfirm,
    /// The DB's state is not known.
    Unknown,
}

/// A near neighbour that may answer the question, if the passages say so, too.
#[derive(Debug)]
pub struct Candidate {
    hit: Hit,
    /// Set when the LLM is to be asked all the same, to learn whether the entry is right.
    exploration: Option<Exploration>,
}

impl Candidate {
    /// The entry.
    pub fn entry(&self) -> &Arc<Entry> {
        &self.hit.entry
    }
}

/// A lookup under way.
pub struct Lookup {
    cache: Arc<SemanticCache>,
    namespace: Namespace,
    question: Arc<str>,
    stamp: Option<Stamp>,
    now: UnixMillis,
    took: Duration,
    note: Option<(MissReason, CacheNote)>,
    exploration: Option<Exploration>,
}

/// What is said about an answer that was given from the cache.
#[derive(Debug, Clone)]
pub struct Served {
    /// The entry.
    pub entry: Arc<Entry>,
    /// How it was found.
    pub kind: HitKind,
    /// About the entry.
    pub note: CacheNote,
    /// Time that the cache itself took.
    pub took: Duration,
}

impl Lookup {
    /// Begins to look for an answer to a question; `stamp` is the DB's state that its search sees at least.
    pub fn new(cache: Arc<SemanticCache>, namespace: Namespace, question: Arc<str>, stamp: Option<Stamp>) -> Self {
        let now = UnixMillis::steady();
        Self { cache, namespace, question, stamp, now, took: Duration::ZERO, note: None, exploration: None }
    }

    fn query(&self) -> CacheQuery<'_> {
        CacheQuery { namespace: &self.namespace, text: &self.question }
    }

    /// The entry of these very words.
    pub async fn exact(&mut self) -> Option<Hit> {
        let started = Instant::now();
        let hit = self.cache.exact(self.query(), self.now).await;
        self.took += started.elapsed();
        hit
    }

    /// The vector of an entry's question, if it is known.
    pub async fn vector(&self, entry: &Entry) -> Option<Vec<f32>> {
        self.cache.vector(entry).await
    }

    /// Whether an entry is right for the DB as it is now.
    pub fn currency(&self, entry: &Entry) -> Currency {
        match &self.stamp {
            None => Currency::Unknown,
            Some(stamp) if entry.is_of(stamp) => Currency::Current,
            Some(_) => Currency::MustConfirm,
        }
    }

    /// Takes the passages that the entry's question finds now. The same ones confirm the entry for this state of the DB;
    /// others remove it. Returns whether it is confirmed.
    pub async fn confirm(&self, entry: &Entry, passages: &[Passage]) -> bool {
        let Some(stamp) = &self.stamp else { return false };
        let same = entry.made_from(passages);
        if same {
            self.cache.confirm(entry, stamp).await;
        } else {
            self.cache.invalidate(entry).await;
        }
        same
    }

    /// Notes that the documents of the entry of these very words have changed. No other entry's answer would be better, so
    /// that the nearest are not looked at.
    pub fn outdated(&mut self, hit: &Hit) {
        self.note = Some((MissReason::Invalidated, self.about(hit)));
    }

    /// The nearest entry that no mismatch speaks against.
    pub async fn nearest(&mut self, vector: &[f32]) -> Option<Candidate> {
        if self.note.is_some() {
            return None;
        }
        let started = Instant::now();
        let wording = Wording::of(&self.question);
        let decision = self.cache.nearest(self.query(), &wording, vector, self.now, fastrand::f64()).await;
        self.took += started.elapsed();
        match decision {
            CacheDecision::Hit(hit) => Some(Candidate { hit, exploration: None }),
            CacheDecision::Explore(tested) => {
                let hit = Hit { entry: Arc::clone(&tested.entry), kind: HitKind::Semantic(tested.similarity) };
                Some(Candidate { hit, exploration: Some(tested) })
            }
            CacheDecision::Refused(refused) => {
                let hit = Hit { entry: refused.entry, kind: HitKind::Semantic(refused.similarity) };
                self.reject(&hit, refused.reason);
                None
            }
            CacheDecision::Miss => None,
        }
    }

    /// Decides about a candidate, now that the question's own passages are known and whether the entry is current: the
    /// entry whose answer is to be given, if any.
    pub fn decide(&mut self, candidate: Candidate, current: bool, passages: &[Passage]) -> Option<Hit> {
        let Candidate { hit, exploration } = candidate;
        if !current {
            self.outdated(&hit);
            return None;
        }
        if !hit.entry.is_evidenced_by(passages) {
            self.reject(&hit, Rejection::Evidence);
            return None;
        }
        if let Some(reason) = self.told_apart(&hit.entry, passages) {
            self.reject(&hit, reason);
            return None;
        }
        if exploration.is_some() {
            self.exploration = exploration;
            self.reject(&hit, Rejection::Exploration);
            return None;
        }
        Some(hit)
    }

    /// What the documents have to say against an entry: words of the two questions that they tell apart, or that the
    /// answer's own passages do not have.
    fn told_apart(&self, entry: &Entry, passages: &[Passage]) -> Option<Rejection> {
        if !self.cache.settings().guards {
            return None;
        }
        let asked = Wording::of(&self.question);
        let documents = Documents::of(passages.iter().chain(entry.answer.passages.iter()));
        mismatch::refuse_beside(&documents, &asked, &entry.wording).or_else(|| {
            let unproven = mismatch::is_unproven(&documents, &Documents::of(entry.evidence()), &asked, &entry.wording);
            unproven.then_some(Rejection::Evidence)
        })
    }

    fn reject(&mut self, hit: &Hit, reason: Rejection) {
        self.cache.refused(reason);
        self.note = Some((MissReason::Rejected(reason), self.about(hit)));
    }

    fn about(&self, hit: &Hit) -> CacheNote {
        let entry = &hit.entry;
        CacheNote {
            similarity: hit.similarity(),
            question: entry.question().to_owned(),
            accesses: entry.accesses(),
            namespace: entry.namespace().name(),
            age: self.now.since(entry.created()),
        }
    }

    /// Ends with an answer from the cache.
    pub fn serve(self, hit: Hit) -> Served {
        self.cache.given(&hit);
        let note = self.about(&hit);
        Served { note, kind: hit.kind, entry: hit.entry, took: self.took }
    }

    /// Ends without an answer: what is to be said about the entry that was near, and where the new answer goes.
    pub fn miss(self, vector: Option<Arc<[f32]>>) -> Miss {
        self.cache.missed();
        let Self { cache, namespace, question, stamp, exploration, note, took, .. } = self;
        Miss { note, slot: CacheSlot { cache, namespace, question, vector, stamp, exploration }, took }
    }
}

/// A question that the cache does not answer.
pub struct Miss {
    /// About an entry that was near, or whose documents have changed.
    pub note: Option<(MissReason, CacheNote)>,
    /// Where the answer goes when it is whole.
    pub slot: CacheSlot,
    /// Time that the cache itself took.
    pub took: Duration,
}

/// Where an answer goes when it is whole.
pub struct CacheSlot {
    cache: Arc<SemanticCache>,
    namespace: Namespace,
    question: Arc<str>,
    vector: Option<Arc<[f32]>>,
    stamp: Option<Stamp>,
    /// An entry that this answer puts to the test.
    exploration: Option<Exploration>,
}

/// Two answers of which somebody who understands them has to say whether they state the same.
pub struct Undecided {
    slot: CacheSlot,
    exploration: Exploration,
    answer: StoredAnswer,
}

impl CacheSlot {
    /// Keeps a whole, undegraded answer, and learns from it about the entry that it puts to the test. Returns the two
    /// answers when it cannot tell whether they agree.
    pub async fn admit(self, answer: StoredAnswer) -> Option<Undecided> {
        let Some(exploration) = self.exploration.clone() else {
            self.store(answer).await;
            return None;
        };
        match answer.facts().agree(exploration.entry.facts()) {
            Agreement::Yes => self.learn(&exploration, answer, true).await,
            Agreement::No => self.learn(&exploration, answer, false).await,
            Agreement::Unclear => return Some(Undecided { slot: self, exploration, answer }),
        }
        None
    }

    async fn learn(self, exploration: &Exploration, answer: StoredAnswer, right: bool) {
        let query = CacheQuery { namespace: &self.namespace, text: &self.question };
        self.cache.learn(exploration, query, right).await;
        if !right {
            self.store(answer).await;
        }
    }

    async fn store(self, answer: StoredAnswer) {
        let query = CacheQuery { namespace: &self.namespace, text: &self.question };
        let kept = self.cache.keep(query, answer, self.vector.as_deref(), self.stamp, UnixMillis::steady()).await;
        if let Err(reason) = kept {
            tracing::debug!(?reason, "the answer is not kept");
        }
    }
}

impl Undecided {
    /// The question.
    pub fn question(&self) -> &str {
        &self.slot.question
    }

    /// The stored answer and the new one.
    pub fn answers(&self) -> (&StoredAnswer, &StoredAnswer) {
        (self.exploration.entry.answer(), &self.answer)
    }

    /// Ends with what was found out: whether both answers state the same.
    pub async fn conclude(self, same: bool) {
        self.slot.learn(&self.exploration, self.answer, same).await;
    }
}
