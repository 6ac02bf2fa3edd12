//! Flags of `ragctl eval`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{
    groups::{FusionArgs, ProviderArgs},
    rerank::RerankArgs,
    settings::Flags,
};
use crate::domain::SearchMode;

/// Measure retrieval quality on a collection in BEIR layout.
///
/// The folder holds corpus.jsonl, queries.jsonl and qrels.tsv. Each document is one chunk, indexed in a temporary DB.
///
/// With --documents, files are ingested into that DB instead, as `ragctl ingest` does; the documents of qrels.tsv are then
/// patterns of their names, such as */ring-[0-9]*.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  ragctl eval collections/scifact --methods bm25,hybrid --format csv --output scores.csv"
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
    /// Form of the report
    #[arg(long, value_enum, default_value_t = EvalFormat::Table, value_name = "FORMAT")]
    pub format: EvalFormat,
    /// Write the report to a file instead of stdout
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// The embedder.
    #[command(flatten)]
    pub provider: ProviderArgs,
    /// The fusion of `hybrid`.
    #[command(flatten)]
    pub fusion: FusionArgs,
    /// The order of the passages.
    #[command(flatten)]
    pub rerank: RerankArgs,
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
        flags
    }
}
