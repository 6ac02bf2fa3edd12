//! The command line: what may be said, and what it comes to.
//!
//! One file a command holds its flags, [`groups`](StoreArgs) those that several share; [`settings`] turns flags,
//! environment and files into checked values. Nothing here does any work.

mod archive;
mod bench;
mod cache;
mod config;
mod docs;
mod eval;
mod exit;
mod generation;
mod global;
mod groups;
mod ingest;
mod mock;
mod monitor;
mod multihop;
mod narrow;
mod query;
mod reindex;
mod report;
mod rerank;
mod search;
mod serve;
pub mod settings;
mod sync;
mod trial;
mod verify;

#[cfg(test)]
mod tests;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{
    FromArgMatches, Parser, Subcommand,
    error::{ContextKind, ContextValue},
    parser::ValueSource,
};
use clap_complete::Shell;

pub use archive::{ExportArgs, ImportArgs};
pub use bench::{AbArgs, BenchAction, BenchArgs, CompareArgs, MergeArgs, RequestArgs, ResultFormat, RunArgs};
pub use cache::{
    CacheAction, CacheCandidate, CacheClearArgs, CacheStatsArgs, CacheTuneArgs, CacheWarmArgs, TuneFormat,
};
pub use config::{ConfigAction, ConfigShowArgs};
pub use docs::{DocsAction, DocsDeleteArgs, DocsListArgs, DocsPlaceArgs, DocsShowArgs};
pub use eval::{EvalArgs, EvalFormat, EvalHalf};
pub use exit::ExitStatus;
pub use generation::GenerationArgs;
pub use global::{ColorChoice, GlobalArgs, LogFormat};
pub use groups::{
    CacheArgs, ChunkArgs, FusionArgs, ProviderArgs, ReadingArgs, ResilienceArgs, RetrievalArgs, SecretText, StoreArgs,
};
pub use ingest::{IngestArgs, MetadataText};
pub use mock::MockArgs;
pub use monitor::MonitorArgs;
pub use narrow::NarrowArgs;
pub use query::QueryArgs;
pub use reindex::ReindexArgs;
pub use report::ReportArgs;
pub use rerank::RerankArgs;
pub use search::SearchArgs;
pub use serve::ServeArgs;
pub use sync::SyncArgs;
pub use trial::{TryArgs, TryFormat};
pub use verify::VerifyArgs;

use crate::{
    telemetry::{NotWeb, ServiceUrl, mask_url},
    util::terminal::tell,
};
use settings::{Flags, Layers, SettingsError, options};

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
    /// List, show and remove documents
    Docs {
        /// The command.
        #[command(subcommand)]
        action: DocsAction,
    },
    /// Bring a DB to the state of a folder, once
    Sync(Box<SyncArgs>),
    /// Ask a question
    Query(Box<QueryArgs>),
    /// Show which passages a question finds, and why
    Search(Box<SearchArgs>),
    /// Embed a DB with another model, or cut it into other chunks, while it answers
    Reindex(Box<ReindexArgs>),
    /// Compare the generation of a DB that was built with the one that answers
    Try(Box<TryArgs>),
    /// Write a DB into one file
    Export(ExportArgs),
    /// Make a DB of a file that `ragctl export` wrote
    Import(ImportArgs),
    /// Check a stored answer against the documents as they are now
    Verify(Box<VerifyArgs>),
    /// Measure the quality of retrieval and of answers on a collection in BEIR layout
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

/// The definition of the command line.
pub fn command() -> clap::Command {
    options::command()
}

/// The URL of a server.
fn server_url(text: &str) -> Result<ServiceUrl, NotWeb> {
    text.parse()
}

/// Why there is no command to run.
#[derive(Debug)]
enum ParseError {
    /// The command line is wrong, or asks for help.
    Usage(Box<clap::Error>),
    /// What the environment or a file says of an option is.
    Settings(SettingsError),
}

/// Parses the command line of this process, to which environment and files add what it leaves open; what is wrong with it is
/// told, and ends the process. A wrong value is quoted as it may be shown: it may be a URL with a password.
pub fn parse() -> Cli {
    let words: Vec<OsString> = std::env::args_os().collect();
    match parse_words(&words, |config| settings::load(config, Flags::new())) {
        Ok(cli) => cli,
        Err(ParseError::Usage(error)) => masked(*error).exit(),
        Err(ParseError::Settings(error)) => {
            tell(format_args!("ragctl: {error}"));
            std::process::exit(i32::from(ExitStatus::Usage.code()))
        }
    }
}

fn parse_words(
    words: &[OsString],
    load: impl FnOnce(Option<&Path>) -> Result<Layers, SettingsError>,
) -> Result<Cli, ParseError> {
    let usage = |error| ParseError::Usage(Box::new(error));
    let mut parser = command();
    // Once as far as it goes: an option that is required may be set elsewhere.
    let first = parser.clone().ignore_errors(true).try_get_matches_from(words).map_err(usage)?;
    let (mut path, mut matches) = (Vec::new(), &first);
    while let Some((name, below)) = matches.subcommand() {
        path.push(name);
        matches = below;
    }
    if options::has_any(&path) {
        let on_command_line = |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
        let given: Vec<String> = matches.ids().filter(on_command_line).map(ToString::to_string).collect();
        let config = first.get_one::<PathBuf>("config").or_else(|| matches.get_one("config"));
        let resolved = load(config.map(PathBuf::as_path)).and_then(|layers| layers.resolve());
        let defaults = resolved.and_then(|resolved| options::defaults(&parser, &path, &given, &resolved));
        parser = options::with_defaults(parser, &path, defaults.map_err(ParseError::Settings)?);
    }
    let mut matches = parser.try_get_matches_from_mut(words).map_err(usage)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| usage(error.format(&mut parser)))
}

/// The error without what may be secret in the value that it quotes.
fn masked(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) {
        let value = mask_url(value);
        error.insert(ContextKind::InvalidValue, ContextValue::String(value));
    }
    error
}
