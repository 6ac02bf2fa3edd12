//! Flags of `ragctl docs`.

use clap::{Args, Subcommand, ValueEnum, ValueHint, builder::PossibleValue};

use super::{groups::StoreArgs, settings::Flags};
use crate::{store::DocumentOrder, telemetry::ServiceUrl};

/// The commands of `ragctl docs`.
#[derive(Debug, Clone, Subcommand)]
pub enum DocsAction {
    /// List the documents of a DB
    List(DocsListArgs),
    /// Show a document: its headings, its pages, how well it could be read
    Show(DocsShowArgs),
    /// Remove documents from a DB
    Delete(DocsDeleteArgs),
}

impl DocsAction {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        match self {
            Self::List(DocsListArgs { place, .. })
            | Self::Show(DocsShowArgs { place, .. })
            | Self::Delete(DocsDeleteArgs { place, .. }) => place.store.flags(&mut flags),
        }
        flags
    }
}

/// Which documents these commands are about.
#[derive(Debug, Clone, Default, Args)]
pub struct DocsPlaceArgs {
    /// URL of a server to ask instead of the local data
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, value_parser = super::server_url)]
    pub url: Option<ServiceUrl>,
    /// Where documents are kept.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// List the documents of a DB.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  ragctl docs list\n  ragctl docs list 'handbook/*.pdf' --sort modified --descending --limit 10\n  ragctl docs list --url http://localhost:8001 --json"
)]
pub struct DocsListArgs {
    /// Pattern of their names with *, ? and […]
    #[arg(value_name = "PATTERN")]
    pub pattern: Option<String>,
    /// Only documents of this format, like pdf
    #[arg(long, value_name = "NAME")]
    pub format: Option<String>,
    /// Only documents in this language, like de
    #[arg(long, value_name = "CODE")]
    pub language: Option<String>,
    /// Only documents with this label
    #[arg(long, value_name = "LABEL")]
    pub label: Option<String>,
    /// What they are sorted by
    #[arg(long, value_enum, default_value_t, value_name = "ORDER")]
    pub sort: DocumentOrder,
    /// The largest, latest or last first
    #[arg(long)]
    pub descending: bool,
    /// Documents that are passed over
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub offset: u64,
    /// Documents at most; all by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub limit: Option<u64>,
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
    /// Where they are.
    #[command(flatten)]
    pub place: DocsPlaceArgs,
}

/// Show a document: its headings, its pages, how well it could be read.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  ragctl docs show handbook/travel.pdf\n  ragctl docs show handbook/travel.pdf --text | less"
)]
pub struct DocsShowArgs {
    /// Its name or its id
    #[arg(value_name = "DOCUMENT")]
    pub document: String,
    /// Print its text instead
    #[arg(long)]
    pub text: bool,
    /// First character of the text that is printed, from 0
    #[arg(long, requires = "text", value_name = "N")]
    pub start: Option<u32>,
    /// Character behind the last that is printed
    #[arg(long, requires = "text", value_name = "N")]
    pub end: Option<u32>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
    /// Where it is.
    #[command(flatten)]
    pub place: DocsPlaceArgs,
}

/// Remove documents from a DB.
///
/// Their files stay where they are. The exit status is 1 when a document is not there.
#[derive(Debug, Clone, Args)]
pub struct DocsDeleteArgs {
    /// Their names
    #[arg(required = true, value_name = "NAME")]
    pub sources: Vec<String>,
    /// Where they are.
    #[command(flatten)]
    pub place: DocsPlaceArgs,
}

impl ValueEnum for DocumentOrder {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Source => "Name",
            Self::Title => "Title; those without one by their name",
            Self::Bytes => "Size of the file",
            Self::Chunks => "Number of chunks",
            Self::Modified => "Last change of the file",
            Self::Ingested => "Ingestion",
        };
        Some(PossibleValue::new(self.as_str()).help(help))
    }
}
