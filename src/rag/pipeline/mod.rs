//! The way of a question, as data: `plan → embed → retrieve → fuse → read → merge → rerank → generate → prove`.
//!
//! A [`Question`] becomes a [`Plan`]: its DB is open, its [`RetrievalSpec`] names everything that shapes the answer. The plan
//! and the question's vector become a [`Query`], which goes through the [`stages`] and comes back as passages. A
//! generator makes the answer of them. The cache stands around all that (see [`Engine::ask`](super::Engine::ask)); nothing here knows it.
//!
//! A new stage is a file of its own and a line in [`stages`].

mod copies;
mod embed;
mod fusion;
mod generate;
mod inspect;
mod merge;
mod options;
mod plan;
pub mod prompt;
mod proof;
mod question;
mod read;
pub mod rerank;
mod retrieve;
mod segments;
mod spec;
mod stage;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Instant};

use tokio::sync::Semaphore;

pub use embed::QueryVector;
pub(super) use generate::{AnswerClock, AnswerWriter, GeneratedAnswer, StandIn, WhenWhole, nothing_found};
pub use inspect::{MethodScore, why};
pub use options::{FusionChoice, RetrievalOptions};
pub use plan::Plan;
pub(super) use proof::{AnswerProof, Unsupported};
pub use question::Question;
pub use retrieve::{CANDIDATES, RRF_K};
pub use spec::RetrievalSpec;
pub use stage::{BlockingStage, Findings, ModelStage, Query, Stage, StageReport};

use self::{
    fusion::Fuse,
    merge::Merge,
    read::Read,
    rerank::{AskReranker, WeighFeatures},
    retrieve::Retrieve,
};
use super::RagError;
use crate::{domain::RerankMethod, providers::Reranker, resilience::CallContext};

/// The stages from words to passages, in their order: a new one is registered here.
pub fn stages() -> Vec<Stage> {
    let stages: [Arc<dyn BlockingStage>; 5] =
        [Arc::new(Retrieve), Arc::new(Fuse), Arc::new(Read), Arc::new(Merge), Arc::new(WeighFeatures)];
    stages.map(Stage::Blocking).into()
}

/// Runs stages. As many questions search at once as there are cores: more would only take turns, and each would end later.
#[derive(Debug, Clone)]
pub struct Pipeline {
    stages: Arc<[Stage]>,
    named: Arc<str>,
    turns: Arc<Semaphore>,
    /// The model of the rerank server, when there is one.
    reranker: Option<Arc<str>>,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::new(stages())
    }
}

impl Pipeline {
    /// A pipeline of these stages.
    pub fn new(stages: Vec<Stage>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let named: Vec<_> = stages.iter().map(|stage| format!("{}@{}", stage.name(), stage.version())).collect();
        Self {
            stages: stages.into(),
            named: named.join(" ").into(),
            turns: Arc::new(Semaphore::new(cores + 1)),
            reranker: None,
        }
    }

    /// The stages of questions, with a rerank server if there is one.
    pub fn with_reranker(reranker: Option<&Arc<dyn Reranker>>) -> Self {
        let mut stages = stages();
        stages.extend(reranker.map(|reranker| Stage::Model(Arc::new(AskReranker(Arc::clone(reranker))))));
        Self { reranker: reranker.map(|reranker| reranker.id().into()), ..Self::new(stages) }
    }

    /// The model that reranks in this way.
    ///
    /// # Errors
    /// [`RagError::NoReranker`].
    pub fn reranker(&self, method: RerankMethod) -> Result<Option<Arc<str>>, RagError> {
        match method {
            RerankMethod::None => Ok(None),
            RerankMethod::Features => Ok(Some("features".into())),
            RerankMethod::Http => self.reranker.clone().map(Some).ok_or(RagError::NoReranker),
        }
    }

    /// Its stages in their order, with their versions, e.g. `retrieve@1 fuse@1 read@1`: part of what shapes an answer.
    pub fn stages(&self) -> &Arc<str> {
        &self.named
    }

    /// Takes a query from its words to its passages.
    ///
    /// # Errors
    /// [`RagError::Deadline`], and what a stage returns.
    pub async fn run(&self, query: Query, call: &CallContext) -> Result<Findings, RagError> {
        let query = Arc::new(query);
        let mut findings = Findings::default();
        let mut at = 0;
        while let Some(stage) = self.stages.get(at) {
            match stage {
                Stage::Blocking(_) => (findings, at) = self.run_blocking(&query, findings, at, call).await?,
                Stage::Model(stage) if !stage.applies(&query) => at += 1,
                Stage::Model(stage) => {
                    let begun = begin(&query, &findings);
                    stage.run(&query, &mut findings, call).await?;
                    report(begun, stage.name(), &mut findings);
                    at += 1;
                }
            }
        }
        if query.explain {
            findings.inspection = inspect::inspect(&findings);
        }
        Ok(findings)
    }

    /// Runs the blocking stages from `at` on, all in one turn on one thread; returns where they end.
    async fn run_blocking(
        &self,
        query: &Arc<Query>,
        mut findings: Findings,
        at: usize,
        call: &CallContext,
    ) -> Result<(Findings, usize), RagError> {
        let turn = call.wait(Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| RagError::Deadline { doing: "waiting for a turn to search" })?;
        let (query, stages) = (Arc::clone(query), Arc::clone(&self.stages));
        let work = tokio::task::spawn_blocking(move || {
            // A search that nobody waits for any more still has its turn until it ends: the core is still busy.
            let _turn = turn;
            let mut next = at;
            while let Some(Stage::Blocking(stage)) = stages.get(next) {
                next += 1;
                if !stage.applies(&query) {
                    continue;
                }
                let begun = begin(&query, &findings);
                stage.run(&query, &mut findings)?;
                report(begun, stage.name(), &mut findings);
            }
            Ok((findings, next))
        });
        call.wait(work).await.map_err(|_| RagError::Deadline { doing: "searching" })??
    }

    /// Turns to search; tests take them all.
    #[cfg(test)]
    pub(super) fn turns(&self) -> &Arc<Semaphore> {
        &self.turns
    }
}

/// The time, and what there is, if somebody wants to know it.
fn begin(query: &Query, findings: &Findings) -> Option<(Instant, usize)> {
    query.explain.then(|| (Instant::now(), findings.count()))
}

fn report(begun: Option<(Instant, usize)>, stage: &'static str, findings: &mut Findings) {
    if let Some((begun, got)) = begun {
        let changed = findings.change.take();
        let report = StageReport { stage, took: begun.elapsed(), got, found: findings.count(), changed };
        findings.explanation.push(report);
    }
}
