//! Settings: flags over environment over `.env` over config file over defaults, checked once, then plain values.
//!
//! Below this module nothing knows where a value came from. [`keys`] is the table of all settings, to which `options` adds those of single commands, `kind` says what each
//! takes, `layers` lets the right one win, `values` makes it typed; only `load` touches the process and the disk.
//! A room's settings are a struct of that room; `server`, `upstreams` and `tools` fill it.

mod dotenv;
mod error;

pub mod keys;
mod kind;
mod layers;
mod load;
mod metadata;
pub(in crate::cli) mod options;
mod report;
mod server;
mod tools;
mod upstreams;
mod values;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use error::{Origin, SettingsError};
pub use kind::SettingKind;
pub use layers::{Flags, Layers, Resolved};
pub use load::{CONFIG_VARIABLE, FILE_NAME, Surroundings, load};
pub use report::{SettingReport, example, report, report_table};
pub use server::ServeSettings;
pub use tools::{LogLevel, LogSettings};

pub use crate::{
    cache::CacheSetup,
    monitor::settings::MonitorSettings,
    providers::settings::ProviderSettings,
    rag::{RetrievalOptions, settings::ResilienceSettings},
};

use crate::{
    domain::{ChunkSizes, DbName},
    rag::{
        condense::CondenseMode,
        ingest::{MetadataRules, Ocr},
        multihop::Hops,
    },
};
use values::Values;

/// Checked settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of the DBs.
    pub data_dir: PathBuf,
    /// DB of requests that name none.
    pub db: DbName,
    /// The server.
    pub server: ServeSettings,
    /// The embedder and the LLM.
    pub provider: ProviderSettings,
    /// Timeouts, retries, breakers and pools.
    pub resilience: ResilienceSettings,
    /// The semantic cache.
    pub cache: CacheSetup,
    /// Sizes of chunks.
    pub chunking: ChunkSizes,
    /// Search when a question names none.
    pub retrieval: RetrievalOptions,
    /// Bounds of searches in several hops.
    pub hops: Hops,
    /// The dashboard.
    pub monitor: MonitorSettings,
    /// The log.
    pub log: LogSettings,
    /// What recognises text in scans.
    pub ocr: Ocr,
    /// Metadata by the names of documents.
    pub metadata: MetadataRules,
    /// Folder of prompts that replace built-in ones.
    pub prompts: Option<PathBuf>,
    /// Who makes follow-up questions stand alone.
    pub condense: CondenseMode,
    /// Whether somebody said the sizes of chunks; if not, a DB goes on with its own.
    pub chunking_said: bool,
}

impl Settings {
    /// Checks resolved values.
    ///
    /// # Errors
    /// The first value that cannot be used, in the order of the table; then those that do not go together.
    pub fn new(resolved: &[Resolved]) -> Result<Self, SettingsError> {
        let values = Values::check(resolved)?;
        let resilience = server::resilience(&values)?;
        Ok(Self {
            data_dir: values.text("data_dir")?.into(),
            db: values.parsed("db")?,
            server: server::server(&values)?,
            provider: server::provider(&values, &resilience)?,
            resilience,
            cache: server::cache(&values)?,
            chunking: server::chunking(&values)?,
            retrieval: server::retrieval(&values)?,
            hops: Hops {
                depth: values.parsed("multihop.depth")?,
                fanout: values.parsed("multihop.fanout")?,
                first_fanout: None,
                budget: values.seconds("multihop.time")?,
            },
            monitor: tools::monitor(&values)?,
            log: tools::log(&values)?,
            ocr: server::ocr(&values)?,
            metadata: metadata::rules(&values)?,
            prompts: values.optional("generation.prompts").map(PathBuf::from),
            condense: values.with("generation.condense", CondenseMode::named)?,
            chunking_said: ["chunking.size", "chunking.overlap"].iter().any(|key| values.was_said(key)),
        })
    }
}
