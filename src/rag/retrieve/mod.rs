//! From a question to contexts: embed, search, fuse, read.

pub mod fusion;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Db, Engine, RagError, language,
    question::{DegradedReason, FusionChoice, Question, Retrieval, Timings},
};
use crate::{
    domain::{ChunkId, FusionParams, Hit, Passage, SearchFilter, SearchMode, UNKNOWN_LANGUAGE},
    index::Search,
    providers::{EmbedderId, ProviderError, Purpose},
    resilience::CallContext,
    store::Chunk,
};

/// Hits taken from each index before fusion.
pub const CANDIDATES: usize = 100;

/// Share of the lexical score in weighted fusion, with an embedder that is a language model.
const WEIGHT_WITH_MODEL: f32 = 0.5;

/// Damping of reciprocal rank fusion (Cormack, Clarke, Büttcher 2009).
pub const RRF_K: u32 = 60;

/// The same with a static embedder, whose vectors know less than the words do: least where its table has no words for the
/// question's language. Found by `ragctl eval` over seven dbs in four languages.
fn weight_with_static(question: &str) -> f32 {
    match language::of_question(question) {
        "en" | UNKNOWN_LANGUAGE => 0.6,
        // Single ideographs and syllables, as far as the table has them, say next to nothing.
        "zh" | "ja" | "th" | "km" | "my" => 0.99,
        _ => 0.75,
    }
}

impl FusionChoice {
    /// The weight that is used for a question, or would be.
    pub fn weight(self, embedder: Option<&EmbedderId>, question: &str) -> f32 {
        let static_vectors = embedder.is_some_and(EmbedderId::is_static);
        self.bm25_weight
            .unwrap_or_else(|| if static_vectors { weight_with_static(question) } else { WEIGHT_WITH_MODEL })
    }

    /// Fills in what was left open. Ranks are fused when an embedding model made the vectors; scores when they come
    /// from a static table, whose ranking is too weak to count as much as BM25's, or when a weight was given.
    /// `weight` is that of [`weight`](Self::weight).
    pub fn resolve(self, embedder: Option<&EmbedderId>, weight: f32) -> FusionParams {
        let static_vectors = embedder.is_some_and(EmbedderId::is_static);
        if self.rrf.unwrap_or(!static_vectors && self.bm25_weight.is_none()) {
            FusionParams::Rrf { k: self.rrf_k.unwrap_or(RRF_K) }
        } else {
            FusionParams::Weighted { bm25_weight: weight }
        }
    }
}

/// A question's vector, or why there is none.
#[derive(Debug)]
pub(super) struct Embedded {
    /// `None` when nobody asked for one.
    pub(super) vector: Result<Option<Arc<[f32]>>, RagError>,
    /// How long it took.
    pub(super) took: Duration,
}

impl Default for Embedded {
    fn default() -> Self {
        Self { vector: Ok(None), took: Duration::ZERO }
    }
}

/// A search, ready to run on a blocking thread.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// The question's words.
    pub text: &'a str,
    /// The question's embedding, for the methods that need one.
    pub vector: Option<&'a [f32]>,
    /// Which search.
    pub method: SearchMode,
    /// How hybrid search fuses.
    pub fusion: FusionParams,
    /// Hits wanted.
    pub k: usize,
    /// Part of the DB.
    pub scope: &'a SearchFilter,
}

/// Runs a search. Blocks for as long as the indexes compute.
///
/// # Errors
/// When an index fails.
pub fn search(index: &dyn Search, plan: &Plan<'_>) -> Result<Vec<Hit>, RagError> {
    let depth = plan.k.max(CANDIDATES);
    let hits = match (plan.method, plan.vector) {
        (SearchMode::Bm25, _) | (_, None) => index.lexical(plan.text, plan.k, plan.scope)?,
        (SearchMode::Vector, Some(vector)) => index.nearest(vector, plan.k, plan.scope)?,
        (SearchMode::Hybrid, Some(vector)) => {
            let lexical = index.lexical(plan.text, depth, plan.scope)?;
            let mut nearest = index.nearest(vector, depth, plan.scope)?;
            if matches!(plan.fusion, FusionParams::Weighted { .. }) {
                complete(&mut nearest, &lexical, index, vector);
            }
            fusion::fuse(&lexical, &nearest, &plan.fusion)
        }
    };
    Ok(hits)
}

/// Appends the lexical hits that are not among the nearest, with their true similarity. Weighted fusion would otherwise
/// have to guess it, and the guess costs up to 0.01 nDCG@10.
fn complete(nearest: &mut Vec<Hit>, lexical: &[Hit], index: &dyn Search, vector: &[f32]) {
    let known: HashSet<ChunkId> = nearest.iter().map(|hit| hit.chunk).collect();
    let missing: Vec<ChunkId> = lexical.iter().map(|hit| hit.chunk).filter(|chunk| !known.contains(chunk)).collect();
    let similarities = index.similarities(vector, &missing);
    let found = missing.into_iter().zip(similarities).filter_map(|(chunk, score)| Some(Hit { chunk, score: score? }));
    nearest.extend(found);
}

impl Engine {
    /// Finds the contexts of a question.
    ///
    /// When the question cannot be embedded because the embedder is unavailable, lexical search alone answers, and the
    /// result is marked.
    ///
    /// # Errors
    /// Unknown DB, vectors of another embedder, a broken store, a misconfigured embedder; [`RagError::Deadline`].
    pub async fn retrieve(&self, question: &Question, call: &CallContext) -> Result<Retrieval, RagError> {
        let db = self.db(question, call).await?;
        let embedded = match question.method.needs_embedding() {
            true => self.embed(question, &db, call).await,
            false => Embedded::default(),
        };
        self.search(question, db, embedded, call).await
    }

    /// The vector of a question, by the embedder that made the DB's vectors. When lexical search can do without, it is
    /// waited for only as long as there is time for that.
    pub(super) async fn embed(&self, question: &Question, db: &Db, call: &CallContext) -> Embedded {
        let started = Instant::now();
        let call = if self.models.falls_back() { call.before_reserve() } else { call.clone() };
        let vector = async {
            let embedder = self.models.embedder_for(&question.db, db.embedder().as_ref())?;
            let mut vectors = embedder.embed(std::slice::from_ref(&question.text), Purpose::Query, &call).await?;
            Ok::<_, RagError>(vectors.pop().map(Arc::from))
        };
        Embedded { vector: vector.await, took: started.elapsed() }
    }

    /// Searches, with the vector if the method needs one.
    pub(super) async fn search(
        &self,
        question: &Question,
        db: Arc<Db>,
        embedded: Embedded,
        call: &CallContext,
    ) -> Result<Retrieval, RagError> {
        let stored = db.embedder();
        let mut method = question.method;
        let mut degraded = None;
        let mut vector = None;
        let mut embedder_id = stored.as_ref().map(|stored| EmbedderId::new(stored.id.clone()));
        if method.needs_embedding() {
            embedder_id = Some(self.models.embedder_for(&question.db, stored.as_ref())?.id().clone());
            match embedded.vector {
                Ok(of_question) => vector = of_question,
                Err(RagError::Provider(error)) if error.is_unavailable() && self.models.falls_back() => {
                    match &error {
                        ProviderError::CircuitOpen { .. } | ProviderError::Busy { .. } => {
                            tracing::debug!(%error, "lexical search alone");
                        }
                        _ => tracing::warn!(%error, "the embedder is unavailable: lexical search alone"),
                    }
                    method = SearchMode::Bm25;
                    degraded = Some(DegradedReason::EmbeddingUnavailable);
                }
                Err(error) => return Err(error),
            }
        }

        let searching = Instant::now();
        let bm25_weight = question.fusion.weight(embedder_id.as_ref(), &question.text);
        let fusion = question.fusion.resolve(embedder_id.as_ref(), bm25_weight);
        let (text, k, scope) = (question.text.clone(), question.k, question.scope.clone());
        // As many searches at once as there are cores: more would only take turns, and each would end later.
        let turn = call.wait(Arc::clone(&self.searches).acquire_owned()).await;
        let turn = turn.map_err(|_| RagError::Deadline { doing: "waiting for a turn to search" })?;
        let work = tokio::task::spawn_blocking(move || {
            // A search that nobody waits for any more still has its turn until it ends: the core is still busy.
            let _turn = turn;
            let plan = Plan { text: &text, vector: vector.as_deref(), method, fusion, k, scope: &scope };
            find(&db, &plan)
        });
        let contexts = call.wait(work).await.map_err(|_| RagError::Deadline { doing: "searching" })???;
        let retrieve = searching.elapsed();
        self.metrics.retrieved(question.method, &question.db, retrieve, contexts.len());
        Ok(Retrieval {
            contexts: contexts.into(),
            bm25_weight,
            degraded,
            timings: Timings { embed: embedded.took, retrieve, ..Timings::default() },
        })
    }

    /// The DB of a question, opened if it is not open. The opening goes on when the question's time is over: the next
    /// question needs it, too.
    pub(super) async fn db(&self, question: &Question, call: &CallContext) -> Result<Arc<Db>, RagError> {
        if let Some(open) = self.dbs().opened(&question.db) {
            return Ok(open);
        }
        let db = question.db.clone();
        let opening = self.with_dbs(move |dbs| dbs.get(&db));
        call.wait(opening).await.map_err(|_| RagError::Deadline { doing: "opening the DB" })?
    }
}

/// Searches and reads the best chunks. A hit whose chunk is gone (deleted since the index last caught up) is passed over
/// and the next one taken.
fn find(db: &Db, plan: &Plan<'_>) -> Result<Vec<Passage>, RagError> {
    let hits = search(db.search().as_ref(), plan)?;
    let mut contexts = Vec::with_capacity(plan.k);
    for page in hits.chunks(plan.k) {
        let ids: Vec<_> = page.iter().map(|hit| hit.chunk).collect();
        let chunks = db.store().chunks(&ids)?;
        contexts.extend(chunks.into_iter().map(|chunk| {
            let score = page.iter().find(|hit| hit.chunk == chunk.id).map_or(0.0, |hit| hit.score);
            context(chunk, score)
        }));
        if contexts.len() >= plan.k {
            break;
        }
    }
    contexts.truncate(plan.k);
    Ok(contexts)
}

fn context(chunk: Chunk, score: f32) -> Passage {
    let Chunk { key, source, ordinal, version, language, text, .. } = chunk;
    Passage { text, key, source, chunk: ordinal, version, language, score }
}
