//! Does `--rerank features` help, and what does it cost? Makes its weights, too; run with `cargo bench --bench rerank`.
//!
//! Collections in BEIR layout are read from `RAGCTL_EVAL_DATA` (else `../shared/data/retrieval`), at most
//! `RAGCTL_BENCH_QUESTIONS` questions of each (else 300). The table tells nDCG@10 of hybrid search as it is, and of weights
//! that were made from the *other families* of collections: those that share texts are one family. `±` is the standard error
//! of the mean difference. The same weights are measured with fusion by rank, which they have not seen at all. Below it are
//! the weights that all collections make together: those belong into `src/rag/pipeline/rerank/features.rs`.
//!
//! The model is fitted by the likelihood of the right passage among the candidates of its question (a softmax over them),
//! each family with the same weight, with a little L2. It has no chance in it: the same collections make the same weights.

mod support;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use ragctl::{
    domain::{DbName, Passage, RerankMethod, SearchMode},
    index::EmbeddedSearch,
    providers::{
        Generator,
        embedded::{ExtractiveGenerator, StaticEmbedder},
    },
    rag::{
        Db, Dbs, FusionChoice, Models, Pipeline, RetrievalOptions,
        eval::{Dataset, EvalOptions, Judgements, evaluate, ndcg},
        pipeline::{
            Plan, Query, QueryVector, RetrievalSpec,
            rerank::{FEATURES, WEIGHTS, features, score},
        },
    },
    resilience::CallContext,
    store::sqlite::SqliteCatalog,
};

const N: usize = FEATURES.len();
/// Depth of the figures.
const K: usize = 10;
/// Questions of a collection, evenly spread, where nobody says how many.
const ASKED: usize = 300;
const L2: f64 = 0.02;
const STEPS: i32 = 300;
const PACE: f64 = 0.1;

type Weights = [f32; N];

/// A passage that was found: its features, and the documents that say it.
type Candidate = (Weights, Vec<String>);

struct Asked {
    judgements: Judgements,
    candidates: Vec<Candidate>,
}

struct Collection {
    name: String,
    by_score: Vec<Asked>,
    by_rank: Vec<Asked>,
    costs: Costs,
}

/// Median times of a question, its vector apart.
struct Costs {
    model: Duration,
    without: Duration,
    with: Duration,
}

impl Collection {
    /// Those whose texts are, in part or translated, those of another.
    fn family(&self) -> &str {
        if self.name.starts_with("squad") || self.name.starts_with("xquad") { "squad" } else { &self.name }
    }
}

#[tokio::main]
async fn main() {
    let given = std::env::var_os("RAGCTL_EVAL_DATA").map(PathBuf::from);
    let root = given.unwrap_or_else(|| PathBuf::from("../shared/data/retrieval"));
    let Ok(folders) = std::fs::read_dir(&root) else {
        println!("{} is not there: set RAGCTL_EVAL_DATA to a folder of collections", root.display());
        return;
    };
    let mut folders: Vec<PathBuf> = folders.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.retain(|folder| folder.join("qrels.tsv").is_file());
    folders.sort();
    let mut collections = Vec::new();
    for folder in folders {
        let dataset = Dataset::load(&folder).expect("a collection in BEIR layout");
        eprintln!("{}: {} questions", dataset.name, dataset.queries.len());
        collections.push(measure(dataset).await);
    }
    report(&collections);
}

/// Indexes a collection and asks its questions.
async fn measure(mut dataset: Dataset) -> Collection {
    let step = dataset.queries.len().div_ceil(support::setting("RAGCTL_BENCH_QUESTIONS", ASKED)).max(1);
    dataset.queries = std::mem::take(&mut dataset.queries).into_iter().step_by(step).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = Arc::new(SqliteCatalog::open(folder.path()).expect("a catalogue"));
    let folders = Arc::clone(&catalog);
    let open = move |db: &_, generation: &_| -> Arc<dyn ragctl::index::Search> {
        Arc::new(EmbeddedSearch::open(&folders.index_folder(db, *generation), None))
    };
    let dbs = Dbs::new(catalog, Box::new(move |db, generation| open(db, &generation)));
    let generator: Arc<dyn Generator> = Arc::new(ExtractiveGenerator::new(None));
    let models = Models::new([generator], "embedded", Arc::new(StaticEmbedder::bundled().expect("the bundled table")));
    let db = dbs.get_or_create(&"default".parse::<DbName>().expect("a name")).expect("a DB");
    let options = EvalOptions {
        modes: Vec::new(),
        k: K,
        fusion: FusionChoice::default(),
        rerank: RerankMethod::None,
        rerank_top_n: None,
        hops: None,
    };
    evaluate(&dataset, &db, &models, &options, &|_, _| {}).await.expect("an index");
    let mut asker = Asker { db, models, pipeline: Pipeline::default() };
    let by_score = asker.ask(&dataset, FusionChoice::default()).await;
    let by_rank = asker.ask(&dataset, FusionChoice { rrf: Some(true), ..FusionChoice::default() }).await;
    let costs = asker.costs(&dataset).await;
    Collection { name: dataset.name, by_score, by_rank, costs }
}

struct Asker {
    db: Arc<Db>,
    models: Models,
    pipeline: Pipeline,
}

impl Asker {
    /// A query for the best `k` passages, ready to run.
    async fn query(&self, text: &str, k: usize, rerank: RerankMethod, fusion: FusionChoice) -> Query {
        let options = RetrievalOptions { mode: SearchMode::Hybrid, k, fusion, rerank, ..RetrievalOptions::default() };
        let spec = RetrievalSpec {
            db: self.db.name().clone(),
            embedder: None,
            options,
            stages: "".into(),
            provider: String::new(),
            model: String::new(),
            prompt: "".into(),
            reranker: None,
        };
        let plan =
            Plan { text: text.into(), condensed: None, spec, db: Arc::clone(&self.db), stamp: None, explain: false };
        let vector = QueryVector::embed(&plan, &self.models, &CallContext::without_deadline()).await;
        plan.query(vector, &self.models).expect("a query").query
    }

    /// The candidates of each question, in the order of the search.
    async fn ask(&mut self, dataset: &Dataset, fusion: FusionChoice) -> Vec<Asked> {
        let mut all = Vec::new();
        for (text, judgements) in &dataset.queries {
            let depth = RerankMethod::Features.usual_depth();
            let query = self.query(text, depth, RerankMethod::None, fusion).await;
            let call = CallContext::without_deadline();
            let findings = self.pipeline.run(query.clone(), &call).await.expect("passages");
            let known = |passage: &Passage| -> Vec<String> {
                let sources: Vec<&str> = passage.sources().collect();
                dataset.corpus.judged(&sources, judgements).into_iter().map(str::to_owned).collect()
            };
            let features = features(&query, &findings);
            let candidates = features.into_iter().zip(findings.passages.iter().map(known)).collect();
            all.push(Asked { judgements: judgements.clone(), candidates });
        }
        all
    }

    async fn costs(&self, dataset: &Dataset) -> Costs {
        let mut times: [Vec<Duration>; 3] = Default::default();
        for (text, _) in dataset.queries.iter().take(500) {
            let call = CallContext::without_deadline();
            for (rerank, at) in [(RerankMethod::None, 0), (RerankMethod::Features, 1)] {
                let query = self.query(text, 5, rerank, FusionChoice::default()).await;
                let begun = Instant::now();
                let findings = self.pipeline.run(query, &call).await.expect("passages");
                times[at].push(begun.elapsed());
                if rerank == RerankMethod::Features {
                    times[2].push(findings.rerank_took);
                }
            }
        }
        let [without, with, model] = times.map(|mut times| {
            times.sort_unstable();
            times.get(times.len() / 2).copied().unwrap_or_default()
        });
        Costs { model, without, with }
    }
}

fn report(collections: &[Collection]) {
    println!(
        "{:<16} {:>6} {:>7} {:>9} {:>8} {:>7} {:>9} {:>9} {:>9} {:>9}",
        "nDCG@10", "asked", "none", "features", "gain", "±", "by rank", "model µs", "none µs", "with µs"
    );
    let mut gains = Vec::new();
    for collection in collections {
        let others = collections.iter().filter(|other| other.family() != collection.family()).collect::<Vec<_>>();
        let weights = if others.is_empty() { WEIGHTS } else { train(&others) };
        let (before, gain, error) = gain(&collection.by_score, &weights);
        let (_, by_rank, _) = self::gain(&collection.by_rank, &weights);
        let Costs { model, without, with } = collection.costs;
        println!(
            "{:<16} {:>6} {:>7.4} {:>9.4} {:>+8.4} {:>7.4} {:>+9.4} {:>9} {:>9} {:>9}",
            collection.name,
            collection.by_score.len(),
            before,
            before + gain,
            gain,
            error,
            by_rank,
            model.as_micros(),
            without.as_micros(),
            with.as_micros()
        );
        gains.push((before, gain, by_rank));
    }
    let mean = |of: &dyn Fn(&(f64, f64, f64)) -> f64| gains.iter().map(of).sum::<f64>() / gains.len().max(1) as f64;
    let (before, gain, by_rank) = (mean(&|g| g.0), mean(&|g| g.1), mean(&|g| g.2));
    println!("{:<16} {:>6} {before:>7.4} {:>9.4} {gain:>+8.4} {:>7} {by_rank:>+9.4}", "mean", "", before + gain, "");
    let all: Vec<&Collection> = collections.iter().collect();
    println!("\nweights of all: {:?} = {:.3?}; in use: {WEIGHTS:?}", FEATURES, train(&all));
}

/// The mean nDCG@10 without and what weights add to it, with the standard error of that.
fn gain(asked: &[Asked], weights: &Weights) -> (f64, f64, f64) {
    let figure = |order: &[usize], Asked { judgements, candidates }: &Asked| {
        let ids = order.iter().flat_map(|at| &candidates[*at].1).map(String::as_str).take(K);
        ndcg(&ids.collect::<Vec<_>>(), judgements, K)
    };
    let (mut before, mut gains) = (0.0, Vec::new());
    for asked in asked {
        let mut order: Vec<usize> = (0..asked.candidates.len()).collect();
        let none = figure(&order, asked);
        let score = |at: usize| score(&asked.candidates[at].0, weights);
        order.sort_by(|a, b| score(*b).total_cmp(&score(*a)));
        before += none;
        gains.push(figure(&order, asked) - none);
    }
    let n = gains.len().max(1) as f64;
    let mean = gains.iter().sum::<f64>() / n;
    let variance = gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / n;
    (before / n, mean, (variance / n).sqrt())
}

/// Questions to learn from: what each counts for, the features of its candidates, and how much of what is right each is.
fn lessons(collections: &[&Collection]) -> Vec<(f64, Vec<[f64; N]>, Vec<f64>)> {
    let mut families: Vec<&str> = collections.iter().map(|collection| collection.family()).collect();
    families.sort_unstable();
    families.dedup();
    let mut lessons = Vec::new();
    for collection in collections {
        let kin = collections.iter().filter(|other| other.family() == collection.family()).count();
        let right = |Asked { judgements, candidates }: &Asked| {
            let grade = |(_, ids): &Candidate| {
                ids.iter().filter_map(|id| judgements.get(id)).copied().max().map_or(0.0, f64::from)
            };
            let grades: Vec<f64> = candidates.iter().map(grade).collect();
            let sum: f64 = grades.iter().sum();
            let features = candidates.iter().map(|(features, _)| features.map(f64::from)).collect();
            (sum > 0.0).then(|| (features, grades.into_iter().map(|grade| grade / sum).collect()))
        };
        let useful: Vec<(Vec<[f64; N]>, Vec<f64>)> = collection.by_score.iter().filter_map(right).collect();
        let weight = 1.0 / (families.len() * kin * useful.len().max(1)) as f64;
        lessons.extend(useful.into_iter().map(|(features, right)| (weight, features, right)));
    }
    lessons
}

/// Fits the weights (Adam over all questions at once); together they are 1.
fn train(collections: &[&Collection]) -> Weights {
    let lessons = lessons(collections);
    let (mut weights, mut mean, mut square) = ([0.0_f64; N], [0.0; N], [0.0; N]);
    for step in 1..=STEPS {
        let mut slope = weights.map(|weight| L2 * weight);
        for (counts, candidates, right) in &lessons {
            let scores = candidates.iter().map(|c| c.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>());
            let odds: Vec<f64> = scores.map(f64::exp).collect();
            let sum: f64 = odds.iter().sum();
            for ((candidate, odds), right) in candidates.iter().zip(odds).zip(right) {
                slope.iter_mut().zip(candidate).for_each(|(slope, x)| *slope += counts * (odds / sum - right) * x);
            }
        }
        for n in 0..N {
            mean[n] = 0.9 * mean[n] + 0.1 * slope[n];
            square[n] = 0.99 * square[n] + 0.01 * slope[n] * slope[n];
            let (mean, square) = (mean[n] / (1.0 - 0.9_f64.powi(step)), square[n] / (1.0 - 0.99_f64.powi(step)));
            weights[n] = (weights[n] - PACE * mean / (square.sqrt() + 1e-8)).max(0.0);
        }
    }
    let sum: f64 = weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    weights.map(|weight| (weight / sum) as f32)
}
