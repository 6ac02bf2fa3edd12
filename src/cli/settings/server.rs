//! The settings of the server, and of commands that answer as it does.

use std::{path::PathBuf, sync::Arc, time::Duration};

use secrecy::SecretString;

use super::{
    error::SettingsError,
    kind,
    upstreams::{Common, upstreams},
    values::Values,
};
use crate::{
    cache::{CacheMode, CacheSettings, CacheSetup},
    domain::{ChunkSizes, SearchFilter},
    providers::{
        GenerationOptions, ReasoningEffort,
        chain::UpstreamOrder,
        guarded::AttemptTimeouts,
        settings::{HttpTimeouts, ProviderSettings, RerankSettings},
    },
    rag::{
        FusionChoice, RetrievalOptions, UnsupportedPolicy,
        ingest::{Ocr, OcrCommand},
        settings::ResilienceSettings,
    },
    resilience::{Backoff, BreakerSettings, PoolSettings, RetrySettings},
};

/// Address, documents and limits of the server.
#[derive(Debug, Clone)]
pub struct ServeSettings {
    /// Address.
    pub host: String,
    /// Port; 0 picks a free one.
    pub port: u16,
    /// Documents to ingest at start.
    pub docs: Vec<PathBuf>,
    /// Folders that ingestion may read; empty: the working directory.
    pub docs_roots: Vec<PathBuf>,
    /// Longest that requests go on after a signal to stop.
    pub shutdown_grace: Duration,
    /// Largest request body.
    pub max_body_bytes: usize,
    /// Origins that browsers may call from, as browsers send them; or `*`.
    pub cors_origins: Vec<String>,
    /// Hosts that requests may name beside those of loopback, or `*`.
    pub allowed_hosts: Vec<String>,
    /// Most connections at once; `None`: what the limit of open files allows.
    pub max_connections: Option<usize>,
    /// Whether folders among the documents are mirrored.
    pub watch: bool,
    /// Time between comparisons of a mirrored folder as a whole.
    pub rescan: Duration,
    /// Whether most of a mirrored folder may be deleted without a confirmation.
    pub allow_mass_delete: bool,
    /// Largest form of uploaded files.
    pub max_upload_bytes: usize,
}

pub(super) fn server(values: &Values<'_>) -> Result<ServeSettings, SettingsError> {
    Ok(ServeSettings {
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
        watch: values.truth("server.watch")?.unwrap_or_default(),
        rescan: values.duration("server.rescan")?,
        allow_mass_delete: values.truth("server.allow_mass_delete")?.unwrap_or_default(),
        max_upload_bytes: values.parsed("server.max_upload_bytes")?,
    })
}

pub(super) fn provider(
    values: &Values<'_>,
    resilience: &ResilienceSettings,
) -> Result<ProviderSettings, SettingsError> {
    let openai = ["provider.openai_api_key", "provider.openai_base_url"];
    let timeouts = HttpTimeouts {
        connect: values.seconds("provider.connect_timeout")?,
        read: values.seconds("provider.read_timeout")?,
    };
    let openai_timeouts = HttpTimeouts {
        connect: values.maybe_seconds("provider.openai_connect_timeout")?.unwrap_or(timeouts.connect),
        read: values.maybe_seconds("provider.openai_read_timeout")?.unwrap_or(timeouts.read),
    };
    let generation = generation(values)?;
    let common = Common { generation: &generation, ollama: timeouts, openai: openai_timeouts, resilience };
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
        embedder: match values.optional("provider.embedder") {
            None | Some("auto") => None,
            Some(_) => Some(values.parsed("provider.embedder")?),
        },
        embed_url: values.maybe("provider.embed_url")?,
        embed_api_key: values.optional("provider.embed_api_key").map(SecretString::from),
        embed_model_said: values.was_said("provider.embed_model"),
        timeouts,
        openai_timeouts,
        upstreams: upstreams(values, &common)?,
        order: values.with("provider.upstream_order", UpstreamOrder::named)?,
        rerank: rerank(values, timeouts, resilience)?,
        generation,
    })
}

/// The rerank server, when there is one.
fn rerank(
    values: &Values<'_>,
    HttpTimeouts { connect, .. }: HttpTimeouts,
    resilience: &ResilienceSettings,
) -> Result<Option<RerankSettings>, SettingsError> {
    let Some(url) = values.maybe("provider.rerank_url")? else { return Ok(None) };
    let timeout = values.seconds("provider.rerank_timeout")?;
    let mut retry = resilience.retry;
    retry.most = retry.most.min(1);
    Ok(Some(RerankSettings {
        url,
        model: values.optional("provider.rerank_model").unwrap_or_default().to_owned(),
        api_key: values.optional("provider.rerank_api_key").map(SecretString::from),
        timeout,
        http: HttpTimeouts { connect: connect.min(timeout), read: timeout },
        retry,
        pool: resilience.pool,
    }))
}

fn generation(values: &Values<'_>) -> Result<GenerationOptions, SettingsError> {
    Ok(GenerationOptions {
        max_tokens: values.maybe("generation.max_tokens")?,
        temperature: values.maybe("generation.temperature")?,
        top_p: values.maybe("generation.top_p")?,
        seed: values.maybe("generation.seed")?,
        stop: values.texts("generation.stop"),
        num_ctx: values.maybe("generation.num_ctx")?,
        num_thread: values.maybe("generation.num_thread")?,
        num_gpu: values.maybe("generation.num_gpu")?,
        keep_alive: values.optional("generation.keep_alive").map(str::to_owned),
        reasoning: values.optional("generation.reasoning").and_then(ReasoningEffort::named),
        extra: match values.optional("generation.extra") {
            Some(_) => values.with("generation.extra", kind::json_object)?,
            None => Default::default(),
        },
    })
}

pub(super) fn resilience(values: &Values<'_>) -> Result<ResilienceSettings, SettingsError> {
    let truth = |key| Ok::<_, SettingsError>(values.truth(key)?.unwrap_or(true));
    let breaker = BreakerSettings {
        failure_threshold: values.parsed("breaker.failure_threshold")?,
        window_size: values.parsed("breaker.window_size")?,
        timeout: values.seconds("breaker.timeout")?,
        success_threshold: values.parsed("breaker.success_threshold")?,
        half_open_max_calls: values.parsed("breaker.half_open_max_calls")?,
        ..BreakerSettings::default()
    };
    let retry = RetrySettings {
        most: values.parsed("resilience.max_retries")?,
        backoff: Backoff { base: values.seconds("resilience.retry_backoff")?, cap: Duration::from_secs(10) },
    };
    let openai_backoff = values.maybe_seconds("resilience.openai_retry_backoff")?;
    Ok(ResilienceSettings {
        fallback: truth("resilience.fallback")?,
        unsupported: match values.text("resilience.unsupported")?.as_str() {
            "quote" => UnsupportedPolicy::Quote,
            "refuse" => UnsupportedPolicy::Refuse,
            _ => UnsupportedPolicy::Mark,
        },
        request_timeout: values.seconds("resilience.request_timeout")?,
        timeouts: AttemptTimeouts {
            first_token: values.seconds("resilience.first_token_timeout")?,
            loading: values.seconds("resilience.load_timeout")?,
            idle: values.seconds("resilience.idle_timeout")?,
            ..AttemptTimeouts::default()
        },
        retry,
        openai_retry: RetrySettings {
            most: values.maybe("resilience.openai_max_retries")?.unwrap_or(retry.most),
            backoff: Backoff { base: openai_backoff.unwrap_or(retry.backoff.base), ..retry.backoff },
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

pub(super) fn cache(values: &Values<'_>) -> Result<CacheSetup, SettingsError> {
    let truth = |key| Ok::<_, SettingsError>(values.truth(key)?.unwrap_or_default());
    let threshold = values.share("cache.threshold")?;
    let defaults = CacheSettings::default();
    Ok(CacheSetup {
        cache: CacheSettings {
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

pub(super) fn chunking(values: &Values<'_>) -> Result<ChunkSizes, SettingsError> {
    let (size, overlap) = (values.parsed("chunking.size")?, values.parsed("chunking.overlap")?);
    if overlap > size / 2 {
        return Err(SettingsError::Overlap {
            overlap,
            overlap_origin: values.origin("chunking.overlap"),
            size,
            size_origin: values.origin("chunking.size"),
        });
    }
    Ok(ChunkSizes { size, overlap })
}

pub(super) fn ocr(values: &Values<'_>) -> Result<Ocr, SettingsError> {
    let timeout = values.seconds("reading.ocr_timeout")?;
    match values.optional("reading.ocr_command") {
        None => Ok(None),
        Some(_) => {
            let command = |text: &str| OcrCommand::new(text, timeout).ok();
            Ok(Some(Arc::new(values.with("reading.ocr_command", command)?)))
        }
    }
}

pub(super) fn retrieval(values: &Values<'_>) -> Result<RetrievalOptions, SettingsError> {
    Ok(RetrievalOptions {
        mode: values.parsed("retrieval.method")?,
        k: values.parsed("retrieval.k")?,
        fusion: FusionChoice {
            rrf: values.truth("retrieval.rrf_enable")?,
            rrf_k: Some(values.parsed("retrieval.rrf_k")?),
            bm25_weight: values.share("retrieval.bm25_weight")?,
            sparse: values.parsed("retrieval.sparse")?,
        },
        filter: SearchFilter::default(),
        rerank: values.parsed("retrieval.rerank")?,
        rerank_top_n: values.maybe("retrieval.rerank_top_n")?,
    })
}
