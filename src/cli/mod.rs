//! The command line: what may be said, and what it comes to.
//!
//! One file a command holds its flags, [`groups`](StoreArgs) those that several share; [`settings`] turns flags,
//! environment and files into checked values. Nothing here does any work.

mod bench;
mod cache;
mod config;
mod eval;
mod exit;
mod generation;
mod global;
mod groups;
mod ingest;
mod mock;
mod monitor;
mod query;
mod report;
mod serve;
pub mod settings;

#[cfg(test)]
mod tests;

use clap::{
    Parser, Subcommand,
    error::{ContextKind, ContextValue},
};
use clap_complete::Shell;

pub use bench::{AbArgs, BenchAction, BenchArgs, CompareArgs, MergeArgs, RequestArgs, ResultFormat, RunArgs};
pub use cache::{
    CacheAction, CacheCandidate, CacheClearArgs, CacheStatsArgs, CacheTuneArgs, CacheWarmArgs, TuneFormat,
};
pub use config::{ConfigAction, ConfigShowArgs};
pub use eval::{EvalArgs, EvalFormat};
pub use exit::ExitStatus;
pub use generation::GenerationArgs;
pub use global::{ColorChoice, GlobalArgs, LogFormat};
pub use groups::{
    CacheArgs, ChunkArgs, FusionArgs, ProviderArgs, ResilienceArgs, RetrievalArgs, SecretText, StoreArgs,
};
pub use ingest::IngestArgs;
pub use mock::MockArgs;
pub use monitor::MonitorArgs;
pub use query::QueryArgs;
pub use report::ReportArgs;
pub use serve::ServeArgs;

use crate::telemetry::{NotWeb, ServiceUrl, mask_url};

/// Answers questions from your documents, with your own LLM.
#[derive(Debug, Parser)]
#[command(
    name = "ragctl",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Every setting is also an environment variable and a line of ragctl.toml: see `ragctl config example`.\n\
                  Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 a measurement misses its gate, 4 an alert fires, 130 interrupted."
)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the API over your documents
    Serve(Box<ServeArgs>),
    /// Read documents into a DB
    Ingest(Box<IngestArgs>),
    /// Ask a question
    Query(Box<QueryArgs>),
    /// Measure retrieval quality on a collection in BEIR layout
    Eval(Box<EvalArgs>),
    /// Put load on an API and measure it; compare measurements
    Bench(Box<BenchArgs>),
    /// Watch servers in the terminal
    Monitor(Box<MonitorArgs>),
    /// Summarize recordings and load tests in a deployment report
    Report(Box<ReportArgs>),
    /// Run a fake Ollama and OpenAI upstream, with latencies and faults of your choice
    Mock(MockArgs),
    /// Show, clear, fill and tune the semantic cache
    Cache {
        /// The command.
        #[command(subcommand)]
        action: CacheAction,
    },
    /// Show, check or write settings
    Config {
        /// The command.
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  ragctl completions bash > ~/.local/share/bash-completion/completions/ragctl")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// The definition of the command line, for the manual and completions.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// The URL of a server.
fn server_url(text: &str) -> Result<ServiceUrl, NotWeb> {
    text.parse()
}

/// Parses the command line of this process; what is wrong with it is told, and ends the process. A wrong value is quoted
/// as it may be shown: it may be a URL with a password.
pub fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| masked(error).exit())
}

/// The error without what may be secret in the value that it quotes.
fn masked(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) {
        let value = mask_url(value);
        error.insert(ContextKind::InvalidValue, ContextValue::String(value));
    }
    error
}
