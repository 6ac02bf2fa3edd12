//! Flags of `ragctl eval`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{
    groups::{FusionArgs, ProviderArgs},
    multihop::MultihopArgs,
    rerank::RerankArgs,
    settings::Flags,
};
use crate::domain::SearchMode;

/// Measure the quality of retrieval and of answers on a collection in BEIR layout.
///
/// The folder holds corpus.jsonl, queries.jsonl and qrels.tsv. Each document is one chunk, indexed in a temporary DB.
///
/// With --documents, files are ingested into that DB instead, as `ragctl ingest` does; the documents of qrels.tsv are then
/// patterns of their names, such as */ring-[0-9]*.
///
/// With --answers, answers are measured: the folder holds also answers.json (a list of answers for each id of a question) and may hold
/// unanswerable.jsonl ({text, near_passage}). Shares are in %; "left out" are questions about the half of the documents that is
/// not in the DB.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  ragctl eval collections/scifact --methods bm25,hybrid --format csv --output scores.csv\n  ragctl eval collections/squad --answers --half check --foreign collections/scifact"
)]
pub struct EvalArgs {
    /// Folders of collections in BEIR layout
    #[arg(required = true, value_name = "DATASET_DIR", value_hint = ValueHint::DirPath)]
    pub datasets: Vec<PathBuf>,
    /// Files, folders or globs to search instead of corpus.jsonl
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub documents: Vec<String>,
    /// Search methods to measure
    #[arg(long, value_delimiter = ',', default_values_t = SearchMode::ALL, value_name = "METHOD,…")]
    pub methods: Vec<SearchMode>,
    /// Rank down to which results are judged
    #[arg(short = 'k', long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100), value_name = "N")]
    pub depth: u16,
    /// Measure answers instead of retrieval
    #[arg(long)]
    pub answers: bool,
    /// Fit the embedded answerer to the first halves of collections with answers, and show how often it abstains
    #[arg(long, conflicts_with = "answers")]
    pub abstain: bool,
    /// Write the weights that --abstain fits as Rust source
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub weights: Option<PathBuf>,
    /// Questions of which documents are asked with --answers
    #[arg(long, value_enum, default_value_t = EvalHalf::All, value_name = "HALF")]
    pub half: EvalHalf,
    /// Folders with a queries.jsonl whose questions the documents do not answer, for --answers and --abstain
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub foreign: Vec<PathBuf>,
    /// Form of the report
    #[arg(long, value_enum, default_value_t = EvalFormat::Table, value_name = "FORMAT")]
    pub format: EvalFormat,
    /// Write the report to a file instead of stdout
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Search in several hops, by rules; an LLM is not asked
    #[arg(long)]
    pub multihop: bool,
    /// The embedder.
    #[command(flatten)]
    pub provider: ProviderArgs,
    /// The fusion of `hybrid`.
    #[command(flatten)]
    pub fusion: FusionArgs,
    /// The order of the passages.
    #[command(flatten)]
    pub rerank: RerankArgs,
    /// Bounds of several hops.
    #[command(flatten)]
    pub hops: MultihopArgs,
}

/// Part of a collection's documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvalHalf {
    /// All
    All,
    /// The first half, which the answerer was fitted to where it is one of the collections that it was fitted to
    Fit,
    /// The second half, which nothing was fitted to
    Check,
}

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvalFormat {
    /// For people
    Table,
    /// One JSON array
    Json,
    /// One line a measurement
    Csv,
}

impl EvalArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.provider.flags(&mut flags);
        self.fusion.flags(&mut flags);
        self.rerank.flags(&mut flags);
        self.hops.flags(&mut flags);
        flags
    }
}
