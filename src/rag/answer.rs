//! What comes back: an answer as it is written, and whole.

use std::{fmt, ops::Range, sync::Arc, time::Duration};

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};

use super::{
    RagError,
    condense::Condensed,
    multihop::HopSummary,
    pipeline::{MethodScore, StageReport},
    prove::SentenceProof,
};
use crate::{
    cache::{CacheNote, Entry, MissReason, Served},
    domain::Passage,
    providers::{Author, ProviderKind},
};

/// Why an answer is not what a healthy system would have given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DegradedReason {
    /// The LLM could not be asked; the answer was extracted from the passages.
    LlmUnavailable,
    /// The question could not be embedded; the passages come from lexical search alone.
    EmbeddingUnavailable,
    /// The model repeated itself or began to play another part, and was stopped.
    ModelRanAway,
    /// The passages were to be put into another order, and the reranker could not be asked; their order is that of the search.
    RerankUnavailable,
    /// Nothing that the model wrote stands in the passages, or it wrote in another language than it was asked in.
    Unsupported,
}

impl DegradedReason {
    /// Every reason, for metrics that must exist before they happen.
    pub const ALL: [Self; 5] = [
        Self::LlmUnavailable,
        Self::EmbeddingUnavailable,
        Self::ModelRanAway,
        Self::RerankUnavailable,
        Self::Unsupported,
    ];

    /// The machine-readable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LlmUnavailable => "llm_unavailable",
            Self::EmbeddingUnavailable => "embedding_unavailable",
            Self::ModelRanAway => "model_ran_away",
            Self::RerankUnavailable => "rerank_unavailable",
            Self::Unsupported => "unsupported",
        }
    }
}

impl fmt::Display for DegradedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How long the parts of an answer took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Embedding the question.
    pub embed: Duration,
    /// Searching, fusing, reading the chunks.
    pub retrieve: Duration,
    /// Putting the passages into another order.
    pub rerank: Duration,
    /// From asking the LLM to its last token.
    pub generate: Duration,
    /// From asking the LLM to its first token; `None` before there is one.
    pub first_token: Option<Duration>,
    /// Looking into the cache.
    pub cache: Duration,
    /// Everything.
    pub total: Duration,
}

/// What a search found.
#[derive(Debug, Clone)]
pub struct Retrieval {
    /// Best first.
    pub passages: Arc<[Passage]>,
    /// Share of the lexical score that was (or would be) used in weighted fusion.
    pub bm25_weight: f32,
    /// Set when the search was not the one that was asked for.
    pub degraded: Option<DegradedReason>,
    /// Only `embed`, `retrieve` and `rerank` are set.
    pub timings: Timings,
    /// What a follow-up became by its conversation; `None` when it was searched for as it was asked.
    pub condensed: Option<Arc<Condensed>>,
    /// What it led to, when it was searched for in several hops.
    pub hops: Option<Arc<HopSummary>>,
    /// Whether a reranker has said which order the passages have.
    pub reranked: bool,
    /// What each stage did, when the question asks for it.
    pub explanation: Vec<StageReport>,
    /// What each method says of each passage, in their order, when the question asks for it.
    pub inspection: Vec<Vec<MethodScore>>,
}

/// A question under way: its passages are known, its answer is being written, or known as well.
pub struct AnswerStream {
    /// What the answer is made from.
    pub retrieval: Retrieval,
    /// What the cache had to do with it.
    pub cached: Cached,
    writing: Writing,
}

/// The answer as it is written; dropping it stops the writing, upstream, too.
pub type AnswerEvents = BoxStream<'static, Result<AnswerEvent, RagError>>;

/// How far an answer is.
enum Writing {
    /// It was stored; its text is copied only for those who want it.
    Stored(Arc<Entry>, Outcome),
    /// It comes in pieces.
    Underway(AnswerEvents),
}

/// What the cache had to do with an answer.
#[derive(Debug, Clone, Default)]
pub enum Cached {
    /// Nothing: it was not asked.
    #[default]
    Bypass,
    /// It had no answer. The note is about an entry that was near, or that was dropped.
    Miss(Option<(MissReason, CacheNote)>),
    /// The answer is from there.
    Hit(Box<Served>),
}

impl Cached {
    /// The label in metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Miss(_) => "miss",
            Self::Hit(served) => served.kind.as_str(),
        }
    }
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerEvent {
    /// How the model gets there; only for those who asked for it.
    Reasoning(String),
    /// All text so far was reasoning: the answer begins now.
    Restart,
    /// More text.
    Text(String),
    /// The text breaks off here, and another upstream goes on with it.
    Segment(AnswerSegment),
    /// What the passages say about the sentence that is complete now.
    Proof(ProvenSentence),
    /// The end. Always the last event of an answer that is complete.
    Done(Outcome),
}

/// A sentence of an answer, and what the passages say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProvenSentence {
    /// Where it is in the answer, in characters.
    pub range: Range<usize>,
    /// Its proof, whose own range counts bytes.
    pub proof: SentenceProof,
}

impl ProvenSentence {
    /// Whether it claims something that the passages do not say.
    pub fn is_unsupported(&self) -> bool {
        self.proof.claim.as_ref().is_some_and(|claim| claim.flaw.is_some())
    }
}

/// A part of an answer that one upstream wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerSegment {
    /// Who wrote it.
    pub author: Arc<Author>,
    /// Where it begins in the answer, in characters.
    pub start: usize,
    /// Where it ends; where it begins, while it is being written.
    pub end: usize,
}

/// What is known when an answer is complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The provider that wrote it, or its end.
    pub provider: ProviderKind,
    /// The upstream that did, when it was written now and not by this process.
    pub upstream: Option<Arc<Author>>,
    /// Its parts, when several upstreams wrote it; else empty.
    pub segments: Vec<AnswerSegment>,
    /// Set when it is not what a healthy system would have answered.
    pub degraded: Option<DegradedReason>,
    /// Passages that the model was not shown, because they did not fit into its window: the last ones.
    pub left_out: usize,
    /// All parts.
    pub timings: Timings,
    /// What the passages say about each part of the answer; `None` while that was not looked at, as in answers from the cache.
    pub proofs: Option<Arc<[SentenceProof]>>,
}

/// A complete answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The text, with `[n]` citations of the passages, numbered from 1.
    pub text: String,
    /// How the model got there, when that was asked for and told.
    pub reasoning: Option<String>,
    /// What it is made from.
    pub retrieval: Retrieval,
    /// Who wrote it, how long it took, and whether it is whole.
    pub outcome: Outcome,
    /// What the cache had to do with it.
    pub cached: Cached,
}

impl AnswerStream {
    /// An answer that is being written.
    pub fn underway(retrieval: Retrieval, events: AnswerEvents, cached: Cached) -> Self {
        Self { retrieval, cached, writing: Writing::Underway(events) }
    }

    /// An answer from the cache.
    pub fn stored(retrieval: Retrieval, served: Served, outcome: Outcome) -> Self {
        let writing = Writing::Stored(Arc::clone(&served.entry), outcome);
        Self { retrieval, cached: Cached::Hit(Box::new(served)), writing }
    }

    /// The entry that the answer comes from, and its outcome; `None` when it is being written.
    pub fn from_cache(&self) -> Option<(&Arc<Entry>, &Outcome)> {
        match &self.writing {
            Writing::Stored(entry, outcome) => Some((entry, outcome)),
            Writing::Underway(_) => None,
        }
    }

    /// The parts: what the answer is made from, the answer as it is written, and what the cache had to do with it.
    pub fn into_parts(self) -> (Retrieval, AnswerEvents, Cached) {
        let events = match self.writing {
            Writing::Underway(events) => events,
            Writing::Stored(entry, outcome) => {
                let text = AnswerEvent::Text(entry.answer().text.clone());
                stream::iter([Ok(text), Ok(AnswerEvent::Done(outcome))]).boxed()
            }
        };
        (self.retrieval, events, self.cached)
    }

    /// Waits for the whole answer.
    ///
    /// # Errors
    /// What ended it early; an answer that broke off is never passed on as if it were whole.
    pub async fn answer(self) -> Result<Answer, RagError> {
        let (retrieval, mut events, cached) = self.into_parts();
        let (mut text, mut reasoning) = (String::new(), String::new());
        while let Some(event) = events.next().await {
            match event? {
                AnswerEvent::Reasoning(piece) => reasoning.push_str(&piece),
                AnswerEvent::Restart => reasoning.push_str(&std::mem::take(&mut text)),
                AnswerEvent::Text(piece) => text.push_str(&piece),
                AnswerEvent::Segment(_) | AnswerEvent::Proof(_) => {}
                AnswerEvent::Done(outcome) => {
                    let reasoning = (!reasoning.is_empty()).then_some(reasoning);
                    return Ok(Answer { text, reasoning, retrieval, outcome, cached });
                }
            }
        }
        Err(RagError::Interrupted)
    }
}
