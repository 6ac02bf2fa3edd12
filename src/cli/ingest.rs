//! Flags of `ragctl ingest`.

use clap::{Args, ValueHint};
use serde_json::{Map, Value};

use super::{
    groups::{ChunkArgs, ProviderArgs, ReadingArgs, StoreArgs},
    settings::Flags,
};
use crate::{
    domain::{Metadata, Scalar},
    wire::MAX_VERSION_CHARS,
};

/// Read documents into a DB.
///
/// Files, folders and globs. A document that did not change costs one hash; a changed one replaces its chunks, whole or
/// not at all. The exit status is 1 when any file failed.
#[derive(Debug, Clone, Default, Args)]
#[command(
    after_help = "Examples:\n  ragctl ingest handbook/ 'notes/**/*.md'\n  ragctl ingest handbook/ --url http://localhost:8001"
)]
pub struct IngestArgs {
    /// Files, folders and globs
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<String>,
    /// URL of a server that ingests instead; it resolves the paths on its machine
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, value_parser = super::server_url)]
    pub url: Option<crate::telemetry::ServiceUrl>,
    /// Label of these documents; questions can be limited to it
    #[arg(long, value_name = "LABEL", value_parser = label)]
    pub label: Option<String>,
    /// Metadata of these documents, like team=legal or '{"year": 2026}'; may be repeated
    ///
    /// Questions can be limited to documents with it. It wins over what the files and the configuration say. Without this
    /// option, what an earlier ingestion gave stays; '{}' takes it away.
    #[arg(long, value_name = "KEY=VALUE", value_parser = metadata)]
    pub metadata: Vec<MetadataText>,
    /// Print the report as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Where documents are kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Sizes of chunks.
    #[command(flatten)]
    pub chunks: ChunkArgs,
    /// How documents are read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The embedder.
    #[command(flatten)]
    pub provider: ProviderArgs,
}

impl IngestArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.store.flags(&mut flags);
        self.chunks.flags(&mut flags);
        self.reading.flags(&mut flags);
        self.provider.flags(&mut flags);
        flags
    }
}

/// Fields of metadata, as they were given.
#[derive(Debug, Clone)]
pub struct MetadataText(pub Map<String, Value>);

/// `KEY=VALUE`, or an object in JSON.
fn metadata(text: &str) -> Result<MetadataText, String> {
    let fields: Map<String, Value> = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| format!("this is no object in JSON: {error}"))?
    } else {
        let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, or an object in JSON")?;
        Map::from_iter([(key.trim().to_owned(), Scalar::guessed(value).to_json())])
    };
    Metadata::from_json(&fields).map_err(|error| error.to_string())?;
    Ok(MetadataText(fields))
}

/// A version label has the bounds that the API gives it: questions could not name a longer one.
fn label(text: &str) -> Result<String, String> {
    let chars = text.chars().count();
    if (1..=MAX_VERSION_CHARS).contains(&chars) {
        return Ok(text.to_owned());
    }
    Err(format!("a label has 1 to {MAX_VERSION_CHARS} characters, this one has {chars}"))
}
