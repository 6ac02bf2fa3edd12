//! Flags of `ragctl cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::{
    groups::{ProviderArgs, StoreArgs},
    server_url,
    settings::Flags,
};
use crate::telemetry::ServiceUrl;

/// The commands of `ragctl cache`.
#[derive(Debug, Clone, Subcommand)]
pub enum CacheAction {
    /// Show the counters of a running server's cache
    Stats(CacheStatsArgs),
    /// Remove cached answers from a running server
    Clear(CacheClearArgs),
    /// Ask a running server the questions of a file, so that their answers are cached
    Warm(CacheWarmArgs),
    /// Find the best settings: replay questions whose answers are known
    Tune(Box<CacheTuneArgs>),
}

/// Show the counters of a running server's cache.
#[derive(Debug, Clone, Args)]
pub struct CacheStatsArgs {
    /// URL of the server
    #[arg(long, value_name = "URL", default_value = "http://localhost:8001", value_parser = server_url, value_hint = ValueHint::Url)]
    pub url: ServiceUrl,
    /// Print the counters as the server's JSON
    #[arg(long)]
    pub json: bool,
}

/// Remove cached answers from a running server.
///
/// Without an option: those from the server's current DB.
#[derive(Debug, Clone, Args)]
pub struct CacheClearArgs {
    /// URL of the server
    #[arg(long, value_name = "URL", default_value = "http://localhost:8001", value_parser = server_url, value_hint = ValueHint::Url)]
    pub url: ServiceUrl,
    /// Remove all answers
    #[arg(long, conflicts_with_all = ["namespace", "db"])]
    pub all: bool,
    /// Remove those of one namespace, as `cache_metadata` names it
    #[arg(long, value_name = "NAME", conflicts_with = "db")]
    pub namespace: Option<String>,
    /// Remove those from one DB
    #[arg(long, value_name = "NAME")]
    pub db: Option<String>,
}

/// Ask a running server the questions of a file, so that their answers are cached.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "The file is a text with a question a line, a CSV with a column query, question or text, or JSON lines with such a field."
)]
pub struct CacheWarmArgs {
    /// File of questions
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// URL of the server
    #[arg(long, value_name = "URL", default_value = "http://localhost:8001", value_parser = server_url, value_hint = ValueHint::Url)]
    pub url: ServiceUrl,
    /// Questions at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// DB to ask
    #[arg(long, value_name = "NAME")]
    pub db: Option<String>,
}

/// Find the best settings: replay questions whose answers are known.
///
/// FILE is a CSV of labelled pairs `q1,q2,label` (1: an answer to one answers the other), or a query log: a question a
/// line, a CSV or JSON lines with a column `query`, `question` or `text`, and, to tell right hits from wrong ones, a column
/// `answer`, `intent` or `label` that is equal where the right answer is.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  ragctl cache tune pairs.csv --bound 0.01\n  ragctl cache tune queries.csv --a 0.90 --b 0.95\n  \
                  ragctl cache tune pairs.csv --provider ollama --save"
)]
pub struct CacheTuneArgs {
    /// Labelled pairs, or a query log
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Largest share of questions that may get another question's answer
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, value_parser = share)]
    pub bound: f64,
    /// First of two settings to compare: a threshold, or `verified`
    #[arg(long, value_name = "THRESHOLD", requires = "b", value_parser = candidate)]
    pub a: Option<CacheCandidate>,
    /// Second of the two settings
    #[arg(long, value_name = "THRESHOLD", requires = "a", value_parser = candidate)]
    pub b: Option<CacheCandidate>,
    /// Form of the report
    #[arg(long, value_enum, default_value_t = TuneFormat::Table, value_name = "FORMAT")]
    pub format: TuneFormat,
    /// Write the measurements to a file, .csv or .json; may be repeated
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Vec<PathBuf>,
    /// Store the best threshold for the embedder, so that `ragctl serve` starts from it
    #[arg(long)]
    pub save: bool,
    /// Where it is kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// The embedder.
    #[command(flatten)]
    pub provider: ProviderArgs,
}

/// A setting to compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CacheCandidate {
    /// A fixed threshold.
    Threshold(f32),
    /// Verified mode.
    Verified,
}

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TuneFormat {
    /// For people
    Table,
    /// One JSON object
    Json,
    /// One line a setting
    Csv,
}

fn share(text: &str) -> Result<f64, &'static str> {
    text.parse().ok().filter(|share: &f64| *share > 0.0 && *share < 1.0).ok_or("a number above 0 and below 1 is wanted")
}

fn candidate(text: &str) -> Result<CacheCandidate, &'static str> {
    if text == "verified" {
        return Ok(CacheCandidate::Verified);
    }
    let threshold: Option<f32> = text.parse().ok().filter(|threshold| *threshold > 0.0 && *threshold < 1.0);
    threshold.map(CacheCandidate::Threshold).ok_or("a threshold above 0 and below 1 is wanted, or the word verified")
}

impl CacheTuneArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.store.flags(&mut flags);
        self.provider.flags(&mut flags);
        flags
    }
}
