//! From a question to a plan, and from a plan to a query.

use std::sync::Arc;

use super::{
    Pipeline, embed::QueryVector, options::RetrievalOptions, question::Question, spec::RetrievalSpec, stage::Query,
};
use crate::{
    domain::{SearchMode, Stamp},
    providers::{EmbedderId, Generator, ProviderError, ProviderKind, embedded::ExtractiveGenerator},
    rag::{
        Db, DegradedReason, Models, RagError,
        condense::{Condensed, CondensedBy},
        prompts::Prompts,
    },
};

/// A question whose DB is open and for which everything that shapes the answer is settled.
#[derive(Clone)]
pub struct Plan {
    /// The question's words, those that a follow-up leaves out included.
    pub text: Arc<str>,
    /// How they were found; `None` when the question was asked so.
    pub condensed: Option<Arc<Condensed>>,
    /// What shapes the answer.
    pub spec: RetrievalSpec,
    /// The DB, open.
    pub db: Arc<Db>,
    /// The state of the DB that searches see at least.
    pub stamp: Option<Stamp>,
    /// Whether the stages are to say what they did.
    pub explain: bool,
}

/// A query, and what had to be left out of it.
pub struct SettledQuery {
    /// What goes through the stages.
    pub query: Query,
    /// Share of the lexical score that weighted fusion uses, or would use.
    pub bm25_weight: f32,
    /// Set when the search is not the one that was asked for.
    pub degraded: Option<DegradedReason>,
}

impl Plan {
    /// Plans the answer to a question from this DB, through these stages, by this generator, which is told these prompts.
    /// `condensed`: what the question became by its conversation.
    ///
    /// # Errors
    /// [`RagError::NoReranker`].
    pub fn new(
        question: &Question,
        db: Arc<Db>,
        pipeline: &Pipeline,
        generator: &dyn Generator,
        prompts: &Prompts,
        condensed: Option<Condensed>,
    ) -> Result<Self, RagError> {
        let spec = RetrievalSpec {
            db: question.db.clone(),
            embedder: db.embedder().map(|embedder| EmbedderId::new(embedder.id)),
            options: question.options.clone(),
            stages: Arc::clone(pipeline.stages()),
            provider: generator.name().to_owned(),
            model: generator.model().to_owned(),
            prompt: match generator.provider() {
                ProviderKind::Embedded => ExtractiveGenerator::VERSION.into(),
                _ => Arc::clone(prompts.version()),
            },
            reranker: pipeline.reranker(question.options.reranking())?,
        };
        let text = condensed.as_ref().map_or_else(|| question.text.as_str().into(), |made| Arc::clone(&made.text));
        let condensed = condensed.map(Arc::new);
        Ok(Self { text, condensed, spec, stamp: db.stamp(), db, explain: question.explain })
    }

    /// Whether the words need no conversation to be understood: rules only add what it is about.
    pub fn stands_alone(&self) -> bool {
        self.condensed.as_ref().is_none_or(|condensed| condensed.by == CondensedBy::Llm)
    }

    /// The same for another question.
    #[must_use]
    pub fn about(&self, text: &str) -> Self {
        Self { text: text.into(), condensed: None, explain: false, ..self.clone() }
    }

    /// Whether the question must be embedded.
    pub fn needs_embedding(&self) -> bool {
        self.spec.options.mode.needs_embedding()
    }

    /// The query, with the question's vector if its mode needs one. Words alone stand in for an embedder that is
    /// unavailable, where that is allowed.
    ///
    /// # Errors
    /// [`RagError::EmbedderMismatch`]; why there is no vector.
    pub fn query(&self, vector: QueryVector, models: &Models) -> Result<SettledQuery, RagError> {
        let stored = self.db.embedder();
        let mut mode = self.spec.options.mode;
        let mut degraded = None;
        let mut settled = None;
        let mut embedder = stored.as_ref().map(|stored| EmbedderId::new(stored.id.clone()));
        if mode.needs_embedding() {
            embedder = Some(models.embedder_for(self.db.name(), stored.as_ref())?.id().clone());
            match vector.vector {
                Ok(of_question) => settled = of_question,
                Err(RagError::Provider(error)) if error.is_unavailable() && models.falls_back() => {
                    tell_unavailable(&error);
                    mode = SearchMode::Bm25;
                    degraded = Some(DegradedReason::EmbeddingUnavailable);
                }
                Err(error) => return Err(error),
            }
        }
        let (query, bm25_weight) = self.of_parts(mode, settled, embedder.as_ref());
        Ok(SettledQuery { query, bm25_weight, degraded })
    }

    fn of_parts(&self, mode: SearchMode, vector: Option<Arc<[f32]>>, embedder: Option<&EmbedderId>) -> (Query, f32) {
        let options = RetrievalOptions { mode, ..self.spec.options.clone() };
        let bm25_weight = options.fusion.weight(embedder, &self.text);
        let query = Query {
            text: Arc::clone(&self.text),
            vector,
            fusion: options.fusion.resolve(embedder, bm25_weight),
            sparse_share: options.fusion.sparse_share(embedder, &self.text),
            options,
            db: Arc::clone(&self.db),
            explain: self.explain,
        };
        (query, bm25_weight)
    }
}

/// An open breaker has said so once, and a full pool is no news; hundreds of questions a second need not repeat it.
fn tell_unavailable(error: &ProviderError) {
    match error {
        ProviderError::CircuitOpen { .. } | ProviderError::Busy { .. } => {
            tracing::debug!(%error, "lexical search alone");
        }
        _ => tracing::warn!(%error, "the embedder is unavailable: lexical search alone"),
    }
}
