//! How good is retrieval? Dbs in BEIR layout (`corpus.jsonl`, `queries.jsonl`, `qrels.tsv`) tell.
//!
//! Each document is one chunk, or files are searched as they were ingested; every method goes through the same store, indexes and fusion as a question to the
//! server. Figures are means over the queries that have judgements: nDCG@k (Järvelin & Kekäläinen 2002, gain = grade,
//! discount log2(rank + 1)), recall@k, and the reciprocal rank of the first relevant document within k.

pub mod answers;
mod dataset;
pub mod report;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;

pub use dataset::{Corpus, Dataset, DatasetError, EvalDocument, Judgements, NamePattern};

use super::{
    Db, FusionChoice, Models, Pipeline, RagError,
    context::{self, TextInContext},
    language::LanguageDetector,
    multihop::{HopSearch, Hops},
    pipeline::{Plan, QueryVector, RetrievalOptions, RetrievalSpec},
};
use crate::{
    domain::{Passage, Place, RerankMethod, SearchFilter, SearchMode},
    providers::{Embedder, ProviderKind, TextVector},
    resilience::CallContext,
    store::{ChunkVector, DocumentText, EmbedderRecord, NewChunk, NewDocument},
};

/// Documents embedded and written at a time.
const BATCH: usize = 512;

/// How good one method is on one dataset.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The dataset.
    pub dataset: String,
    /// The method.
    pub method: SearchMode,
    /// Depth of the figures.
    pub k: usize,
    /// Queries measured.
    pub queries: usize,
    /// Mean nDCG@k, 0..=1.
    pub ndcg: f64,
    /// Mean recall@k, 0..=1.
    pub recall: f64,
    /// Mean reciprocal rank within k, 0..=1.
    pub mrr: f64,
    /// Median time of one query, embedding included, in milliseconds.
    pub median_ms: f64,
    /// Share of the queries for which a relevant document is the first, 0..=1.
    pub first: f64,
    /// The same among the first five.
    pub five: f64,
}

/// What to measure.
#[derive(Debug, Clone)]
pub struct EvalOptions {
    /// Modes, in the order of the report.
    pub modes: Vec<SearchMode>,
    /// Depth.
    pub k: usize,
    /// Fusion of the hybrid method.
    pub fusion: FusionChoice,
    /// What puts the passages into another order.
    pub rerank: RerankMethod,
    /// How many of them; see [`RetrievalOptions::rerank_top_n`].
    pub rerank_top_n: Option<usize>,
    /// Search in several hops by rules; `None`: in one.
    pub hops: Option<Hops>,
}

/// Progress of an evaluation: steps done and steps in all (documents, then queries of each method).
pub type EvalObserver<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Indexes a dataset into an empty db, or takes the files that were ingested into it, and measures each method.
///
/// # Errors
/// When documents cannot be embedded or stored, or an index fails.
pub async fn evaluate(
    dataset: &Dataset,
    db: &Arc<Db>,
    models: &Models,
    options: &EvalOptions,
    observer: EvalObserver<'_>,
) -> Result<Vec<Score>, RagError> {
    let documents = match &dataset.corpus {
        Corpus::Documents(documents) => documents.as_slice(),
        Corpus::Files(_) => &[],
    };
    let total = documents.len() + options.modes.len() * dataset.queries.len();
    index(documents, db, models.embedder(), &|done| observer(done, total)).await?;
    let call = CallContext::without_deadline();
    let mut scores = Vec::new();
    let pipeline = Pipeline::with_reranker(models.reranker());
    let mut done = documents.len();
    for &mode in &options.modes {
        let mut sums = Sums::default();
        for (text, judgements) in &dataset.queries {
            let started = Instant::now();
            let wanted = RetrievalOptions {
                mode,
                k: options.k,
                fusion: options.fusion,
                filter: SearchFilter::default(),
                rerank: options.rerank,
                rerank_top_n: options.rerank_top_n,
            };
            let mut passages = search(text, db, models, &pipeline, wanted.clone(), &call).await?;
            if let Some(bounds) = options.hops {
                let mut hops = HopSearch::new(text, bounds, passages);
                for hop in 0..bounds.depth {
                    for subquestion in hops.by_rules(hop) {
                        let found = search(&subquestion, db, models, &pipeline, wanted.clone(), &call).await?;
                        hops.add(hop, subquestion, found);
                    }
                }
                passages = hops.union(options.k);
            }
            let took = started.elapsed();
            // Documents with the same text are one answer; here, each counts in its place.
            let ranked: Vec<&str> = passages.iter().flat_map(Passage::sources).take(options.k).collect();
            sums.add(&dataset.corpus.judged(&ranked, judgements), judgements, options.k, took);
            done += 1;
            observer(done, total);
        }
        scores.push(sums.score(&dataset.name, mode, options.k));
    }
    Ok(scores)
}

/// The passages for a question.
///
/// # Errors
/// When it cannot be embedded, or a search fails.
pub(super) async fn search(
    text: &str,
    db: &Arc<Db>,
    models: &Models,
    pipeline: &Pipeline,
    options: RetrievalOptions,
    call: &CallContext,
) -> Result<Vec<Passage>, RagError> {
    let plan = plan(text, db, options);
    let vector = match plan.needs_embedding() {
        true => QueryVector::embed(&plan, models, call).await,
        false => QueryVector::unwanted(),
    };
    // Words alone must not stand in for the vectors that are measured.
    vector.vector.as_ref().map_err(RagError::clone)?;
    let found = pipeline.run(plan.query(vector, models)?.query, call).await?;
    // Nor must the order of the search stand in for that of a reranker.
    match found.degraded {
        Some(reason) => {
            Err(RagError::Invalid(format!("what was to be measured could not be asked ({reason}); see the log")))
        }
        None => Ok(found.passages),
    }
}

/// Nobody answers here: only what shapes the passages is set.
fn plan(text: &str, db: &Arc<Db>, options: RetrievalOptions) -> Plan {
    let spec = RetrievalSpec {
        db: db.name().clone(),
        embedder: None,
        options,
        stages: "".into(),
        provider: ProviderKind::Embedded.to_string(),
        model: String::new(),
        prompt: "".into(),
        reranker: None,
    };
    Plan { text: text.into(), condensed: None, spec, db: Arc::clone(db), stamp: None, explain: false }
}

/// Stores every document as one chunk, and brings all searches up to date.
async fn index(
    corpus: &[EvalDocument],
    db: &Arc<Db>,
    embedder: &Arc<dyn Embedder>,
    observer: &(dyn Fn(usize) + Sync),
) -> Result<(), RagError> {
    for (n, batch) in corpus.chunks(BATCH).enumerate() {
        let mut documents = Vec::with_capacity(batch.len());
        let mut dimension = 0;
        for group in batch.chunks(embedder.batch_size().max(1)) {
            let texts = group.iter().map(|EvalDocument { title, text, .. }| TextInContext {
                context: context::of_place((!title.is_empty()).then_some(title), &Place::default()),
                text: text.clone(),
            });
            let vectors = context::embed(&**embedder, texts.collect(), &CallContext::without_deadline()).await?;
            dimension = vectors.iter().flatten().next().map_or(dimension, Vec::len);
            let first = n * BATCH + documents.len();
            let group = group.iter().zip(vectors).enumerate();
            documents.extend(group.map(|(n, (given, vector))| document(Corpus::source(first + n), given, vector)));
        }
        let record = EmbedderRecord { id: embedder.id().to_string(), dimension };
        let store = Arc::clone(db.store());
        tokio::task::spawn_blocking(move || store.write(&documents, &record)).await??;
        observer((n * BATCH + batch.len()).min(corpus.len()));
    }
    let searched = Arc::clone(db);
    tokio::task::spawn_blocking(move || {
        searched.follow()?;
        searched.follow_sparse(&|| false)
    })
    .await??;
    Ok(())
}

fn document(source: String, EvalDocument { title, text, .. }: &EvalDocument, vector: TextVector) -> NewDocument {
    let vector = vector.map_or(ChunkVector::None, ChunkVector::Made);
    let language = LanguageDetector::for_document(text).of_chunk(text).to_owned();
    NewDocument {
        chunks: vec![NewChunk {
            key: source.clone(),
            text: text.clone(),
            language: language.clone(),
            place: Place::default(),
            vector,
        }],
        source,
        title: (!title.is_empty()).then(|| title.clone()),
        format: "text".into(),
        bytes: text.len() as u64,
        language,
        text: DocumentText { text: text.clone(), ..DocumentText::default() },
        ..NewDocument::default()
    }
}

#[derive(Default)]
struct Sums {
    ndcg: f64,
    recall: f64,
    reciprocal_rank: f64,
    first: usize,
    five: usize,
    times: Vec<Duration>,
}

impl Sums {
    fn add(&mut self, ranked: &[&str], judgements: &Judgements, k: usize, took: Duration) {
        self.ndcg += ndcg(ranked, judgements, k);
        self.recall += recall(ranked, judgements);
        self.reciprocal_rank += reciprocal_rank(ranked, judgements);
        let first = ranked.iter().position(|id| judgements.contains_key(*id));
        self.first += usize::from(first == Some(0));
        self.five += usize::from(first.is_some_and(|rank| rank < 5));
        self.times.push(took);
    }

    fn score(mut self, dataset: &str, method: SearchMode, k: usize) -> Score {
        let queries = self.times.len();
        let mean = |sum: f64| sum / queries.max(1) as f64;
        self.times.sort_unstable();
        let median = self.times.get(queries / 2).copied().unwrap_or_default();
        Score {
            dataset: dataset.to_owned(),
            method,
            k,
            queries,
            ndcg: mean(self.ndcg),
            recall: mean(self.recall),
            mrr: mean(self.reciprocal_rank),
            median_ms: median.as_secs_f64() * 1e3,
            first: mean(self.first as f64),
            five: mean(self.five as f64),
        }
    }
}

/// nDCG@k of a ranking, 0..=1; 0 where nothing is judged to be right.
pub fn ndcg(ranked: &[&str], judgements: &Judgements, k: usize) -> f64 {
    let discounted = |grades: &mut dyn Iterator<Item = u32>| -> f64 {
        grades.take(k).enumerate().map(|(n, grade)| f64::from(grade) / (n as f64 + 2.0).log2()).sum()
    };
    let mut ideal: Vec<u32> = judgements.values().copied().collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let best = discounted(&mut ideal.into_iter());
    if best == 0.0 {
        return 0.0;
    }
    discounted(&mut ranked.iter().map(|id| judgements.get(*id).copied().unwrap_or(0))) / best
}

pub(super) fn recall(ranked: &[&str], judgements: &Judgements) -> f64 {
    let found = ranked.iter().filter(|id| judgements.contains_key(**id)).count();
    found as f64 / judgements.len().max(1) as f64
}

fn reciprocal_rank(ranked: &[&str], judgements: &Judgements) -> f64 {
    ranked.iter().position(|id| judgements.contains_key(*id)).map_or(0.0, |n| 1.0 / (n as f64 + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judgements(pairs: &[(&str, u32)]) -> Judgements {
        pairs.iter().map(|(id, grade)| ((*id).to_owned(), *grade)).collect()
    }

    #[test]
    fn a_perfect_ranking_scores_one() {
        let judged = judgements(&[("a", 2), ("b", 1)]);
        assert!((ndcg(&["a", "b", "x"], &judged, 10) - 1.0).abs() < 1e-12);
        assert!((recall(&["a", "b", "x"], &judged) - 1.0).abs() < 1e-12);
        assert!((reciprocal_rank(&["a", "b"], &judged) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn grades_and_ranks_count_as_computed_by_hand() {
        let judged = judgements(&[("a", 2), ("b", 1)]);
        // DCG = 1/log2(3) + 2/log2(4); ideal = 2/log2(2) + 1/log2(3).
        let expected = (1.0 / 3f64.log2() + 1.0) / (2.0 + 1.0 / 3f64.log2());
        assert!((ndcg(&["x", "b", "a"], &judged, 10) - expected).abs() < 1e-12);
        assert!((reciprocal_rank(&["x", "b", "a"], &judged) - 0.5).abs() < 1e-12);
        assert!((recall(&["x", "b"], &judged) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn nothing_found_scores_zero() {
        let judged = judgements(&[("a", 1)]);
        assert_eq!((ndcg(&[], &judged, 10), recall(&[], &judged), reciprocal_rank(&[], &judged)), (0.0, 0.0, 0.0));
    }
}
