//! Settings: flags over environment over `.env` over config file over defaults, checked once, then plain values.
//!
//! Below this module nothing knows where a value came from. [`keys`] is the table of all settings, `kind` says what each
//! takes, `layers` lets the right one win, `values` makes it typed; only `load` touches the process and the disk.

mod error;
pub mod keys;
mod kind;
mod layers;
mod load;
mod report;
mod values;

#[cfg(test)]
mod tests;

use std::{fmt, path::PathBuf, time::Duration};

use clap::ValueEnum;
pub use error::{Origin, SettingsError};
pub use kind::Kind;
pub use layers::{Flags, Layers, Resolved};
pub use load::{CONFIG_VARIABLE, FILE_NAME, Surroundings, load};
pub use report::{SettingReport, example, report, report_table};
use secrecy::SecretString;

use super::global::{ColorChoice, LogFormat};
use crate::{
    cache::CacheMode,
    domain::{DbName, SearchMode},
    monitor::{
        keys::Keymap,
        source::WatchTarget,
        view::theme::{Palette, Theme},
    },
    providers::{ProviderKind, guarded::AttemptTimeouts},
    rag::{FusionChoice, chunk::ChunkParams},
    resilience::{Backoff, BreakerSettings, PoolSettings, RetrySettings},
    telemetry::{KnownSecrets, ServiceUrl},
};
use values::Values;

/// Checked settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of the DBs.
    pub data_dir: PathBuf,
    /// DB of requests that name none.
    pub db: DbName,
    /// How to serve.
    pub server: ServerSettings,
    /// Who embeds and answers.
    pub provider: ProviderSettings,
    /// What is done about models that are away.
    pub resilience: ResilienceSettings,
    /// Answers that were given before.
    pub cache: CacheSettings,
    /// How documents are cut.
    pub chunking: ChunkParams,
    /// How questions are searched.
    pub retrieval: RetrievalSettings,
    /// What `monitor` watches, and how it shows it.
    pub monitor: MonitorSettings,
    /// What is told on stderr.
    pub log: LogSettings,
}

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Address.
    pub host: String,
    /// Port; 0 picks a free one.
    pub port: u16,
    /// Documents to ingest at start.
    pub docs: Vec<PathBuf>,
    /// Folders that ingestion may read; empty: the working directory.
    pub docs_roots: Vec<PathBuf>,
    /// How long requests may go on after a signal to stop.
    pub shutdown_grace: Duration,
    /// Largest request body.
    pub max_body_bytes: usize,
    /// Origins that browsers may call from, as browsers send them; or `*`.
    pub cors_origins: Vec<String>,
    /// Hosts that requests may name beside those of loopback, or `*`.
    pub allowed_hosts: Vec<String>,
    /// Most connections at once; `None`: what the limit of open files allows.
    pub max_connections: Option<usize>,
}

/// Who embeds and answers.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// The choice; `None` is `auto`.
    pub choice: Option<ProviderKind>,
    /// Where Ollama is.
    pub ollama_url: ServiceUrl,
    /// Its model that answers.
    pub llm_model: String,
    /// Its model that embeds, or the folder of a static one.
    pub embed_model: String,
    /// Key of the OpenAI-compatible server.
    pub openai_api_key: Option<SecretString>,
    /// Where it is.
    pub openai_base_url: ServiceUrl,
    /// Whether somebody said where it is, or gave a key: only then it is used.
    pub openai_configured: bool,
    /// Its model that answers.
    pub openai_model: String,
    /// Its model that embeds.
    pub openai_embed_model: String,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence.
    pub read_timeout: Duration,
}

/// What is done about models that are slow, failing or away.
#[derive(Debug, Clone, Copy)]
pub struct ResilienceSettings {
    /// Whether quotation and lexical search take over.
    pub fallback: bool,
    /// Longest time of a question.
    pub request_timeout: Duration,
    /// Of one attempt.
    pub timeouts: AttemptTimeouts,
    /// Further attempts.
    pub retry: RetrySettings,
    /// The circuit breakers; `None` when they are off.
    pub breaker: Option<BreakerSettings>,
    /// Connections to an upstream.
    pub pool: PoolSettings,
}

/// Answers that were given before.
#[derive(Clone)]
pub struct CacheSettings {
    /// The cache itself; its threshold is the default when `threshold` is `None`.
    pub cache: crate::cache::CacheSettings,
    /// Least cosine of a semantic hit; `None`: the embedder's own, or the default.
    pub threshold: Option<f32>,
    /// Whether it survives the process.
    pub persist: bool,
    /// Encrypts it on disk.
    pub key: Option<[u8; crate::cache::KEY_BYTES]>,
}

impl fmt::Debug for CacheSettings {
    /// Leaves out the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheSettings")
            .field("cache", &self.cache)
            .field("threshold", &self.threshold)
            .field("persist", &self.persist)
            .finish_non_exhaustive()
    }
}

/// How questions are searched that do not say.
#[derive(Debug, Clone, Copy)]
pub struct RetrievalSettings {
    /// Search method.
    pub method: SearchMode,
    /// Contexts of an answer.
    pub k: usize,
    /// Fusion of hybrid search.
    pub fusion: FusionChoice,
}

/// What `monitor` watches, and how it shows it.
#[derive(Clone)]
pub struct MonitorSettings {
    /// Servers, as they were named: one of them may be no URL.
    pub targets: Vec<WatchTarget>,
    /// How often each is asked.
    pub interval: Duration,
    /// Rules of alerts beside the built-in ones.
    pub alerts: Option<PathBuf>,
    /// Whether a critical alert rings.
    pub bell: bool,
    /// What things look like where colours are wanted.
    pub theme: Theme,
    /// Which key does what.
    pub keys: Keymap,
    /// Whether times are shown in UTC.
    pub utc: bool,
    /// Where answers are written to.
    pub record: Option<PathBuf>,
    /// Most bytes of that.
    pub record_max_bytes: u64,
}

impl fmt::Debug for MonitorSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitorSettings")
            .field("targets", &self.targets)
            .field("interval", &self.interval)
            .field("alerts", &self.alerts)
            .finish_non_exhaustive()
    }
}

/// What is told on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// Least important lines.
    pub level: LogLevel,
    /// Their form.
    pub format: LogFormat,
    /// When they are coloured.
    pub color: ColorChoice,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LogLevel {
    /// Warnings and errors.
    Warn,
    /// What happens.
    Info,
    /// Why it happens.
    Debug,
    /// Everything.
    Trace,
}

impl Settings {
    /// Checks resolved values.
    ///
    /// # Errors
    /// The first value that cannot be used, in the order of the table; then those that do not go together.
    pub fn new(resolved: &[Resolved]) -> Result<Self, SettingsError> {
        let values = Values::check(resolved)?;
        Ok(Self {
            data_dir: values.text("data_dir")?.into(),
            db: values.parsed("db")?,
            server: server(&values)?,
            provider: provider(&values)?,
            resilience: resilience(&values)?,
            cache: cache(&values)?,
            chunking: chunking(&values)?,
            retrieval: retrieval(&values)?,
            monitor: monitor(&values)?,
            log: LogSettings {
                level: choice(&values, "log.level")?,
                format: choice(&values, "log.format")?,
                color: choice(&values, "log.color")?,
            },
        })
    }
}

impl ProviderSettings {
    /// What the services may repeat and nobody may see.
    pub fn secrets(&self) -> KnownSecrets {
        let openai = KnownSecrets::of(&self.openai_base_url, self.openai_api_key.as_ref());
        KnownSecrets::of(&self.ollama_url, None).and(openai)
    }
}

fn server(values: &Values<'_>) -> Result<ServerSettings, SettingsError> {
    Ok(ServerSettings {
        host: values.text("server.host")?,
        port: values.parsed("server.port")?,
        docs: values.paths("server.docs"),
        docs_roots: values.paths("server.docs_root"),
        shutdown_grace: values.duration("server.shutdown_grace")?,
        max_body_bytes: values.parsed("server.max_body_bytes")?,
        cors_origins: values.origins("server.cors_origins"),
        allowed_hosts: values.texts("server.allowed_hosts"),
        max_connections: match values.optional("server.max_connections") {
            Some(_) => Some(values.parsed("server.max_connections")?),
            None => None,
        },
    })
}

fn provider(values: &Values<'_>) -> Result<ProviderSettings, SettingsError> {
    let openai = ["provider.openai_api_key", "provider.openai_base_url"];
    Ok(ProviderSettings {
        choice: match values.optional("provider.name") {
            None | Some("auto") => None,
            Some(_) => Some(values.parsed("provider.name")?),
        },
        ollama_url: values.url("provider.ollama_url")?,
        llm_model: values.text("provider.llm_model")?,
        embed_model: values.text("provider.embed_model")?,
        openai_api_key: values.optional("provider.openai_api_key").map(SecretString::from),
        openai_base_url: values.url("provider.openai_base_url")?,
        openai_configured: openai.iter().any(|key| values.was_said(key)),
        openai_model: values.text("provider.openai_model")?,
        openai_embed_model: values.text("provider.openai_embed_model")?,
        connect_timeout: values.seconds("provider.connect_timeout")?,
        read_timeout: values.seconds("provider.read_timeout")?,
    })
}

fn resilience(values: &Values<'_>) -> Result<ResilienceSettings, SettingsError> {
    let truth = |key| Ok::<_, SettingsError>(values.truth(key)?.unwrap_or(true));
    let breaker = BreakerSettings {
        failure_threshold: values.parsed("breaker.failure_threshold")?,
        window_size: values.parsed("breaker.window_size")?,
        timeout: values.seconds("breaker.timeout")?,
        success_threshold: values.parsed("breaker.success_threshold")?,
        half_open_max_calls: values.parsed("breaker.half_open_max_calls")?,
        ..BreakerSettings::default()
    };
    Ok(ResilienceSettings {
        fallback: truth("resilience.fallback")?,
        request_timeout: values.seconds("resilience.request_timeout")?,
        timeouts: AttemptTimeouts {
            first_token: values.seconds("resilience.first_token_timeout")?,
            loading: values.seconds("resilience.load_timeout")?,
            idle: values.seconds("resilience.idle_timeout")?,
            ..AttemptTimeouts::default()
        },
        retry: RetrySettings {
            most: values.parsed("resilience.max_retries")?,
            backoff: Backoff { base: values.seconds("resilience.retry_backoff")?, cap: Duration::from_secs(10) },
        },
        breaker: truth("breaker.enabled")?.then_some(breaker),
        pool: PoolSettings {
            connections: values.parsed("pool.connections")?,
            maxsize: values.parsed("pool.maxsize")?,
            block: truth("pool.block")?,
            queue: values.parsed("pool.queue")?,
            max_keepalive: values.parsed("pool.max_keepalive")?,
            keepalive_expiry: values.seconds("pool.keepalive_expiry")?,
        },
    })
}

fn cache(values: &Values<'_>) -> Result<CacheSettings, SettingsError> {
    let truth = |key| Ok::<_, SettingsError>(values.truth(key)?.unwrap_or_default());
    let threshold = values.share("cache.threshold")?;
    let defaults = crate::cache::CacheSettings::default();
    Ok(CacheSettings {
        cache: crate::cache::CacheSettings {
            enabled: truth("cache.enabled")?,
            threshold: threshold.unwrap_or(defaults.threshold),
            ttl: values.seconds("cache.ttl")?,
            max_size: values.parsed("cache.size")?,
            max_bytes: values.parsed("cache.max_bytes")?,
            mode: match values.text("cache.mode")?.as_str() {
                "verified" => CacheMode::Verified,
                _ => CacheMode::Threshold,
            },
            delta: values.parsed("cache.delta")?,
            guards: truth("cache.guards")?,
        },
        threshold,
        persist: truth("cache.persist")?,
        key: match values.optional("cache.key") {
            Some(_) => Some(values.with("cache.key", kind::hex_key)?),
            None => None,
        },
    })
}

fn chunking(values: &Values<'_>) -> Result<ChunkParams, SettingsError> {
    let (size, overlap) = (values.parsed("chunking.size")?, values.parsed("chunking.overlap")?);
    if overlap > size / 2 {
        return Err(SettingsError::Overlap {
            overlap,
            overlap_origin: values.origin("chunking.overlap"),
            size,
            size_origin: values.origin("chunking.size"),
        });
    }
    Ok(ChunkParams { size, overlap })
}

fn retrieval(values: &Values<'_>) -> Result<RetrievalSettings, SettingsError> {
    Ok(RetrievalSettings {
        method: values.parsed("retrieval.method")?,
        k: values.parsed("retrieval.k")?,
        fusion: FusionChoice {
            rrf: values.truth("retrieval.rrf_enable")?,
            rrf_k: Some(values.parsed("retrieval.rrf_k")?),
            bm25_weight: values.share("retrieval.bm25_weight")?,
        },
    })
}

fn monitor(values: &Values<'_>) -> Result<MonitorSettings, SettingsError> {
    let truth = |key| Ok::<_, SettingsError>(values.truth(key)?.unwrap_or_default());
    let theme: Palette = values.parsed("monitor.theme")?;
    let mut theme = Theme::new(theme).ascii(truth("monitor.ascii")?);
    if values.optional("monitor.colors").is_some() {
        theme = values.with("monitor.colors", |text| theme.with_colors(text).ok())?;
    }
    Ok(MonitorSettings {
        targets: values.texts("monitor.url").iter().map(|name| WatchTarget::new(name)).collect(),
        interval: values.duration("monitor.interval")?,
        alerts: values.optional("monitor.alerts").map(PathBuf::from),
        bell: truth("monitor.bell")?,
        theme,
        keys: match values.optional("monitor.keys") {
            Some(_) => values.with("monitor.keys", |text| Keymap::default().with(text).ok())?,
            None => Keymap::default(),
        },
        utc: truth("monitor.utc")?,
        record: values.optional("monitor.record").map(PathBuf::from),
        record_max_bytes: values.parsed("monitor.record_max_bytes")?,
    })
}

fn choice<T: ValueEnum>(values: &Values<'_>, key: &'static str) -> Result<T, SettingsError> {
    values.with(key, |text| T::from_str(text, false).ok())
}
