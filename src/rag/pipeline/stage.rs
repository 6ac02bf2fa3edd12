//! The stages between a question's words and the passages of its answer, and what carries them from one to the next.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{inspect::MethodScore, options::RetrievalOptions};
use crate::{
    domain::{FusionParams, Hit, Passage},
    rag::{Db, DegradedReason, RagError},
    resilience::CallContext,
};

/// What is searched for: the same for every stage.
#[derive(Clone)]
pub struct Query {
    /// The question's words.
    pub text: Arc<str>,
    /// The question's embedding, unit length; `None` where words alone are searched for.
    pub vector: Option<Arc<[f32]>>,
    /// What the question chooses; its mode is that which is left when the question cannot be embedded.
    pub options: RetrievalOptions,
    /// How results are fused.
    pub fusion: FusionParams,
    /// The DB.
    pub db: Arc<Db>,
    /// Whether somebody wants to know what each stage did.
    pub explain: bool,
}

/// What the stages have found so far; each takes it and makes it richer.
#[derive(Debug, Default)]
pub struct Findings {
    /// Hits of the lexical search, best first; scores are BM25.
    pub lexical: Vec<Hit>,
    /// Hits of the vector search, best first; scores are cosines.
    pub nearest: Vec<Hit>,
    /// How many of `nearest` the search has ranked; those behind them were only measured.
    pub nearest_ranked: usize,
    /// The ranking that is made of them, best first.
    pub ranked: Vec<Hit>,
    /// Candidates that were asked of each index.
    pub depth: usize,
    /// Whether no index has more.
    pub exhausted: bool,
    /// How many of `ranked` have been read.
    pub read: usize,
    /// The passages, best first; at most `k` at the end.
    pub passages: Vec<Passage>,
    /// What a reranker says of the passages, best first; empty where none ran.
    pub reranked: Vec<Hit>,
    /// How long it took.
    pub rerank_took: Duration,
    /// Set when the passages are not those that a healthy system would have found.
    pub degraded: Option<DegradedReason>,
    /// What each stage did, when the query asks for it.
    pub explanation: Vec<StageReport>,
    /// What the stage that runs has changed, in words, when the query asks for it.
    pub change: Option<String>,
    /// What each method says of each passage, when the query asks for it.
    pub inspection: Vec<Vec<MethodScore>>,
}

/// What one stage did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageReport {
    /// The stage.
    pub stage: &'static str,
    /// How long it ran.
    pub took: Duration,
    /// Hits or passages that there were when it began.
    pub got: usize,
    /// Hits or passages that there were when it ended.
    pub found: usize,
    /// What it changed, in words.
    pub changed: Option<String>,
}

impl Findings {
    /// How many there are in their latest form.
    pub fn count(&self) -> usize {
        match (self.passages.len(), self.ranked.len()) {
            (0, 0) => self.lexical.len() + self.nearest.len(),
            (0, ranked) => ranked,
            (passages, _) => passages,
        }
    }

    /// Notes what a stage has changed, if somebody wants to know.
    pub fn tell(&mut self, query: &Query, change: impl FnOnce(&Self) -> String) {
        if query.explain {
            self.change = Some(change(self));
        }
    }
}

/// A stage that computes or reads files. It runs on a blocking thread, when it is the question's turn to search.
pub trait BlockingStage: Send + Sync {
    /// Its name, for explanations and keys.
    fn name(&self) -> &'static str;

    /// Goes up when a change makes other passages of the same findings: answers that were kept before are then not given.
    fn version(&self) -> u32 {
        1
    }

    /// Whether the query asks for it; else it does not run, and no explanation tells of it.
    fn applies(&self, _query: &Query) -> bool {
        true
    }

    /// Makes the findings richer.
    ///
    /// # Errors
    /// When index or store cannot be read.
    fn run(&self, query: &Query, findings: &mut Findings) -> Result<(), RagError>;
}

/// A stage that asks a model, for example a reranker. When the model is away it leaves the findings as they are.
#[async_trait]
pub trait ModelStage: Send + Sync {
    /// Its name, for explanations and keys.
    fn name(&self) -> &'static str;

    /// Goes up when a change, also of the model, makes other passages of the same findings: answers that were kept before
    /// are then not given.
    fn version(&self) -> u32 {
        1
    }

    /// Whether the query asks for it; else it does not run, and no explanation tells of it.
    fn applies(&self, _query: &Query) -> bool {
        true
    }

    /// Makes the findings richer.
    ///
    /// # Errors
    /// [`RagError::Deadline`], and settings that cannot be used.
    async fn run(&self, query: &Query, findings: &mut Findings, call: &CallContext) -> Result<(), RagError>;
}

/// One step from words to passages.
#[derive(Clone)]
pub enum Stage {
    /// Computes or reads.
    Blocking(Arc<dyn BlockingStage>),
    /// Asks a model.
    Model(Arc<dyn ModelStage>),
}

impl Stage {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Blocking(stage) => stage.name(),
            Self::Model(stage) => stage.name(),
        }
    }

    /// Its version.
    pub fn version(&self) -> u32 {
        match self {
            Self::Blocking(stage) => stage.version(),
            Self::Model(stage) => stage.version(),
        }
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
