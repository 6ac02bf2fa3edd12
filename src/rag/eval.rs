//! How good is retrieval? Dbs in BEIR layout (`corpus.jsonl`, `queries.jsonl`, `qrels.tsv`) tell.
//!
//! Each document is one chunk, and every method goes through the same store, indexes and fusion as a question to the
//! server. Figures are means over the queries that have judgements: nDCG@k (Järvelin & Kekäläinen 2002, gain = grade,
//! discount log2(rank + 1)), recall@k, and the reciprocal rank of the first relevant document within k.

pub mod report;

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{
    Db, FusionChoice, Models, Pipeline, RagError,
    language::LanguageDetector,
    pipeline::{Plan, QueryVector, RetrievalOptions, RetrievalSpec},
};
use crate::{
    domain::{Passage, Place, SearchFilter, SearchMode},
    providers::{Embedder, ProviderKind, Purpose, TextVector},
    resilience::CallContext,
    store::{ChunkVector, DocumentText, EmbedderRecord, NewChunk, NewDocument},
};

/// Documents embedded and written at a time.
const BATCH: usize = 512;

/// Graded documents of one query.
pub type Judgements = HashMap<String, u32>;

/// A db with judgements.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Name of its folder.
    pub name: String,
    /// Id and text (title, line break, text) of each document.
    pub documents: Vec<(String, String)>,
    /// Text and judgements of each query that has any.
    pub queries: Vec<(String, Judgements)>,
}

/// A dataset that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file is missing or unreadable.
    #[error(
        "cannot read {path}: {source}; a dataset folder holds corpus.jsonl, queries.jsonl and qrels.tsv (BEIR layout)"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("{path}, line {line}: {detail}")]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// There is nothing to measure.
    #[error("{path}: no query has a judgement of a document in the corpus")]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

#[derive(Deserialize)]
struct JsonDocument {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

impl Dataset {
    /// Reads the judged questions of a folder, whose documents are in a DB already: their ids are sources there.
    ///
    /// # Errors
    /// See [`DatasetError`].
    pub fn load_questions(folder: &Path) -> Result<Vec<(String, Judgements)>, DatasetError> {
        let mut judgements = read_judgements(folder)?;
        let lines = read_lines(&folder.join("queries.jsonl"))?;
        let queries: Vec<_> =
            lines.into_iter().filter_map(|query| Some((query.text, judgements.remove(&query.id)?))).collect();
        if queries.is_empty() { Err(DatasetError::Empty { path: folder.to_owned() }) } else { Ok(queries) }
    }

    /// Reads a folder. `qrels.tsv` may also be at `qrels/test.tsv`, as in the original collections.
    ///
    /// # Errors
    /// See [`DatasetError`].
    pub fn load(folder: &Path) -> Result<Self, DatasetError> {
        let documents = read_lines(&folder.join("corpus.jsonl"))?
            .into_iter()
            .map(|d| (d.id, format!("{}\n{}", d.title, d.text).trim().to_owned()))
            .filter(|(_, text)| !text.is_empty())
            .collect::<Vec<_>>();
        let mut judgements = read_judgements(folder)?;
        let queries: Vec<_> = read_lines(&folder.join("queries.jsonl"))?
            .into_iter()
            .filter_map(|query| Some((query.text, judgements.remove(&query.id)?)))
            .collect();
        if queries.is_empty() || documents.is_empty() {
            return Err(DatasetError::Empty { path: folder.to_owned() });
        }
        let name = folder.canonicalize().ok().and_then(|f| Some(f.file_name()?.to_string_lossy().into_owned()));
        Ok(Self { name: name.unwrap_or_else(|| folder.display().to_string()), documents, queries })
    }
}

fn read_lines(path: &Path) -> Result<Vec<JsonDocument>, DatasetError> {
    let fail = |source| DatasetError::Io { path: path.to_owned(), source };
    let mut items = Vec::new();
    for (n, line) in BufReader::new(File::open(path).map_err(fail)?).lines().enumerate() {
        let line = line.map_err(fail)?;
        if line.trim().is_empty() {
            continue;
        }
        items.push(serde_json::from_str(&line).map_err(|error| DatasetError::Line {
            path: path.to_owned(),
            line: n + 1,
            detail: error.to_string(),
        })?);
    }
    Ok(items)
}

fn read_judgements(folder: &Path) -> Result<HashMap<String, Judgements>, DatasetError> {
    let plain = folder.join("qrels.tsv");
    let path = if plain.exists() { plain } else { folder.join("qrels").join("test.tsv") };
    let file = File::open(&path).map_err(|source| DatasetError::Io { path: path.clone(), source })?;
    let mut judgements: HashMap<String, Judgements> = HashMap::new();
    let mut rows = csv::ReaderBuilder::new().delimiter(b'\t').has_headers(true).from_reader(file);
    for (n, row) in rows.deserialize().enumerate() {
        // By position: the header's names differ between collections.
        let (query, document, grade): (String, String, i64) =
            row.map_err(|error| DatasetError::Line { path: path.clone(), line: n + 2, detail: error.to_string() })?;
        if let Ok(grade @ 1..) = u32::try_from(grade) {
            judgements.entry(query).or_default().insert(document, grade);
        }
    }
    Ok(judgements)
}

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
}

/// Progress of an evaluation: steps done and steps in all (documents, then queries of each method).
pub type EvalObserver<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Indexes a dataset into an empty db and measures each method.
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
    let total = dataset.documents.len() + options.modes.len() * dataset.queries.len();
    index(dataset, db, models.embedder(), &|done| observer(done, total)).await?;
    let call = CallContext::without_deadline();
    let mut scores = Vec::new();
    let pipeline = Pipeline::default();
    let mut done = dataset.documents.len();
    for &mode in &options.modes {
        let mut sums = Sums::default();
        for (text, judgements) in &dataset.queries {
            let started = Instant::now();
            let wanted =
                RetrievalOptions { mode, k: options.k, fusion: options.fusion, filter: SearchFilter::default() };
            let passages = search(text, db, models, &pipeline, wanted, &call).await?;
            let took = started.elapsed();
            // Documents with the same text are one answer; here, each counts in its place.
            let ranked: Vec<&str> = passages.iter().flat_map(Passage::sources).take(options.k).collect();
            sums.add(&ranked, judgements, options.k, took);
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
    Ok(pipeline.run(plan.query(vector, models)?.query, call).await?.passages)
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
        prompt: "",
    };
    Plan { text: text.into(), spec, db: Arc::clone(db), stamp: None, explain: false }
}

/// Stores every document as one chunk, with its id as its source.
async fn index(
    dataset: &Dataset,
    db: &Arc<Db>,
    embedder: &Arc<dyn Embedder>,
    observer: &(dyn Fn(usize) + Sync),
) -> Result<(), RagError> {
    for (n, batch) in dataset.documents.chunks(BATCH).enumerate() {
        let mut documents = Vec::with_capacity(batch.len());
        let mut dimension = 0;
        for group in batch.chunks(embedder.batch_size().max(1)) {
            let texts: Vec<String> = group.iter().map(|(_, text)| text.clone()).collect();
            let vectors = embedder.embed(&texts, Purpose::Passage, &CallContext::without_deadline()).await?;
            dimension = vectors.iter().flatten().next().map_or(dimension, Vec::len);
            documents.extend(group.iter().zip(vectors).map(|((id, text), vector)| document(id, text, vector)));
        }
        let record = EmbedderRecord { id: embedder.id().to_string(), dimension };
        let store = Arc::clone(db.store());
        tokio::task::spawn_blocking(move || store.write(&documents, &record)).await??;
        observer((n * BATCH + batch.len()).min(dataset.documents.len()));
    }
    let db = Arc::clone(db);
    tokio::task::spawn_blocking(move || db.follow().map(drop)).await?
}

fn document(id: &str, text: &str, vector: TextVector) -> NewDocument {
    let vector = vector.map_or(ChunkVector::None, ChunkVector::Made);
    let language = LanguageDetector::for_document(text).of_chunk(text).to_owned();
    NewDocument {
        source: id.to_owned(),
        format: "text".into(),
        bytes: text.len() as u64,
        language: language.clone(),
        text: DocumentText { text: text.to_owned(), ..DocumentText::default() },
        chunks: vec![NewChunk { key: id.to_owned(), text: text.to_owned(), language, place: Place::default(), vector }],
        ..NewDocument::default()
    }
}

#[derive(Default)]
struct Sums {
    ndcg: f64,
    recall: f64,
    reciprocal_rank: f64,
    times: Vec<Duration>,
}

impl Sums {
    fn add(&mut self, ranked: &[&str], judgements: &Judgements, k: usize, took: Duration) {
        self.ndcg += ndcg(ranked, judgements, k);
        self.recall += recall(ranked, judgements);
        self.reciprocal_rank += reciprocal_rank(ranked, judgements);
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
        }
    }
}

pub(super) fn ndcg(ranked: &[&str], judgements: &Judgements, k: usize) -> f64 {
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

    #[test]
    fn a_folder_is_read_and_errors_name_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let missing = Dataset::load(folder.path()).unwrap_err().to_string();
        assert!(missing.contains("corpus.jsonl"), "{missing}");

        write(
            "corpus.jsonl",
            "{\"_id\":\"d1\",\"title\":\"T\",\"text\":\"one\"}\n\n{\"_id\":\"d2\",\"text\":\"two\"}\n",
        );
        write("queries.jsonl", "{\"_id\":\"q1\",\"text\":\"which?\"}\n{\"_id\":\"q2\",\"text\":\"unjudged\"}\n");
        write("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td2\t1\nq1\td1\t0\n");
        let dataset = Dataset::load(folder.path()).unwrap();
        assert_eq!(dataset.documents[0].1, "T\none");
        assert_eq!(dataset.queries, [("which?".to_owned(), judgements(&[("d2", 1)]))]);

        write("corpus.jsonl", "{\"_id\":\"d1\",\"text\":\"one\"}\nnot json\n");
        let broken = Dataset::load(folder.path()).unwrap_err().to_string();
        assert!(broken.contains("line 2"), "{broken}");
    }
}
