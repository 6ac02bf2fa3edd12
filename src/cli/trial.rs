//! Flags of `ragctl try`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{
    groups::{FusionArgs, ProviderArgs, StoreArgs},
    settings::Flags,
};
use crate::domain::SearchMode;

/// Compare the generation of a DB that was built with the one that answers.
///
/// Asks both the same questions. Where judgments say which documents are right, it tells whether retrieval becomes better, not
/// worse or worse, with the 95 % interval of the mean difference; else how much of what is found changes. Without
/// --questions, the questions are those that the semantic cache has kept on disk. The exit status is 3 when it becomes worse.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  ragctl reindex --embedder ollama --embed-model bge-m3 --no-swap\n  ragctl try --questions judged/"
)]
pub struct TryArgs {
    /// Questions: a file with one a line, CSV or JSON lines; or a folder with queries.jsonl and qrels.tsv, whose documents are sources of the DB
    #[arg(long, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub questions: Option<PathBuf>,
    /// Generation that is compared with the one that answers; without it, the one that was built, or else the one kept last
    #[arg(long, value_name = "N")]
    pub generation: Option<u32>,
    /// Rank down to which documents count
    #[arg(short = 'k', long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100), value_name = "N")]
    pub depth: u16,
    /// Search method
    #[arg(long, default_value_t = SearchMode::Hybrid, value_name = "METHOD")]
    pub method: SearchMode,
    /// Form of the report
    #[arg(long, value_enum, default_value_t = TryFormat::Table, value_name = "FORMAT")]
    pub format: TryFormat,
    /// Where documents are kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// The embedders' servers.
    #[command(flatten)]
    pub provider: ProviderArgs,
    /// The fusion of `hybrid`.
    #[command(flatten)]
    pub fusion: FusionArgs,
}

/// Form of a trial's report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TryFormat {
    /// For people
    Table,
    /// One JSON object
    Json,
}

impl TryArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.store.flags(&mut flags);
        self.provider.flags(&mut flags);
        self.fusion.flags(&mut flags);
        flags
    }
}
