//! The command line: what may be said, and what it comes to.
//!
//! One file a command holds its flags; [`settings`] turns flags, environment and files into checked values. Nothing here
//! does any work.

mod args;
mod exit;
pub mod settings;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use args::{
    ChunkArgs, EvalArgs, EvalFormat, IngestArgs, ProviderArgs, QueryArgs, RetrievalArgs, ServeArgs, StoreArgs,
};
pub use exit::ExitStatus;

/// Answers questions from your documents, with your own LLM.
#[derive(Debug, Parser)]
#[command(
    name = "ragctl",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Every setting is also an environment variable and a line of ragctl.toml: see `ragctl config example`.\n\
                  Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command takes.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Config file [default: ./ragctl.toml, else ragctl/ragctl.toml in the user's config folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Colours in output
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub color: ColorChoice,
    /// More log lines (-vv: even more)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Only warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Form of log lines on stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// When to use colours; `NO_COLOR` switches `auto` off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// When it goes to a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// What to do.
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
    /// Show, check or write settings
    Config {
        /// What to do with them.
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Print every setting, its value and where it comes from
    Show(ConfigShowArgs),
    /// Check the settings and say what is wrong
    Check,
    /// Print a config file with every setting and its default
    Example,
}

/// `config show`.
#[derive(Debug, Clone, Args)]
pub struct ConfigShowArgs {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What has a manual and completions.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}
