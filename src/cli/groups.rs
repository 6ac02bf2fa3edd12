//! Flags that several commands share, by what they are about.
//!
//! They are kept as text: [`settings`](super::settings) checks them with the same words, whoever said them. Their help
//! comes from the table of settings, too.

use std::{convert::Infallible, fmt, str::FromStr};

use clap::{Args, ValueHint, builder::PossibleValuesParser};

use super::{
    rerank::RerankArgs,
    settings::{
        Flags,
        keys::{choices, long_help, short_help},
    },
};

/// Notes a value that was said.
pub(super) fn put(flags: &mut Flags, key: &'static str, value: Option<&String>) {
    if let Some(value) = value {
        flags.insert(key, vec![value.clone()]);
    }
}

/// Notes values that were said.
pub(super) fn put_list(flags: &mut Flags, key: &'static str, values: &[String]) {
    if !values.is_empty() {
        flags.insert(key, values.to_vec());
    }
}

/// A text that does not show when it is printed for debugging.
#[derive(Clone)]
pub struct SecretText(String);

impl SecretText {
    pub(super) fn text(&self) -> &String {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl FromStr for SecretText {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// Where documents are kept.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Documents")]
pub struct StoreArgs {
    /// Folder of the DBs.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    #[arg(help = short_help("data_dir"), long_help = long_help("data_dir"))]
    pub data_dir: Option<String>,
    /// DB.
    #[arg(long, value_name = "NAME")]
    #[arg(help = short_help("db"), long_help = long_help("db"))]
    pub db: Option<String>,
}

impl StoreArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "data_dir", self.data_dir.as_ref());
        put(flags, "db", self.db.as_ref());
    }
}

/// Sizes of chunks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Documents")]
pub struct ChunkArgs {
    /// Largest chunk.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("chunking.size"), long_help = long_help("chunking.size"))]
    pub chunk_size: Option<String>,
    /// Characters that neighbouring chunks share.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("chunking.overlap"), long_help = long_help("chunking.overlap"))]
    pub chunk_overlap: Option<String>,
    /// Metadata of documents by their names.
    #[arg(long, value_name = "RULE", action = clap::ArgAction::Append)]
    #[arg(help = short_help("metadata"), long_help = long_help("metadata"))]
    pub metadata_rule: Vec<String>,
}

impl ChunkArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "chunking.size", self.chunk_size.as_ref());
        put(flags, "chunking.overlap", self.chunk_overlap.as_ref());
        put_list(flags, "metadata", &self.metadata_rule);
    }
}

/// How documents are read.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Documents")]
pub struct ReadingArgs {
    /// Program that recognises text in scans.
    #[arg(long, value_name = "COMMAND", value_hint = ValueHint::CommandString)]
    #[arg(help = short_help("reading.ocr_command"), long_help = long_help("reading.ocr_command"))]
    pub ocr_command: Option<String>,
    /// Longest time for one scan.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("reading.ocr_timeout"), long_help = long_help("reading.ocr_timeout"))]
    pub ocr_timeout: Option<String>,
}

impl ReadingArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "reading.ocr_command", self.ocr_command.as_ref());
        put(flags, "reading.ocr_timeout", self.ocr_timeout.as_ref());
    }
}

/// The embedder and the LLM.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Models")]
pub struct ProviderArgs {
    /// The choice.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(choices("provider.name")))]
    #[arg(help = short_help("provider.name"), long_help = long_help("provider.name"))]
    pub provider: Option<String>,
    /// Where Ollama is.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    #[arg(help = short_help("provider.ollama_url"), long_help = long_help("provider.ollama_url"))]
    pub ollama_url: Option<String>,
    /// Its model that answers.
    #[arg(long, value_name = "NAME")]
    #[arg(help = short_help("provider.llm_model"), long_help = long_help("provider.llm_model"))]
    pub llm_model: Option<String>,
    /// Its model that embeds, or a folder.
    #[arg(long, value_name = "NAME|DIR")]
    #[arg(help = short_help("provider.embed_model"), long_help = long_help("provider.embed_model"))]
    pub embed_model: Option<String>,
    /// Where the OpenAI-compatible server is.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    #[arg(help = short_help("provider.openai_base_url"), long_help = long_help("provider.openai_base_url"))]
    pub openai_base_url: Option<String>,
    /// Its key.
    #[arg(long, value_name = "KEY")]
    #[arg(help = short_help("provider.openai_api_key"), long_help = long_help("provider.openai_api_key"))]
    pub openai_api_key: Option<SecretText>,
    /// Its model that answers.
    #[arg(long, value_name = "NAME")]
    #[arg(help = short_help("provider.openai_model"), long_help = long_help("provider.openai_model"))]
    pub openai_model: Option<String>,
    /// Its model that embeds.
    #[arg(long, value_name = "NAME")]
    #[arg(help = short_help("provider.openai_embed_model"), long_help = long_help("provider.openai_embed_model"))]
    pub openai_embed_model: Option<String>,
    /// Longest wait for a connection.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("provider.connect_timeout"), long_help = long_help("provider.connect_timeout"))]
    pub connect_timeout: Option<String>,
    /// Longest silence.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("provider.read_timeout"), long_help = long_help("provider.read_timeout"))]
    pub read_timeout: Option<String>,
    /// Longest wait for a connection to the OpenAI-compatible server.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("provider.openai_connect_timeout"), long_help = long_help("provider.openai_connect_timeout"))]
    pub openai_connect_timeout: Option<String>,
    /// Its longest silence.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("provider.openai_read_timeout"), long_help = long_help("provider.openai_read_timeout"))]
    pub openai_read_timeout: Option<String>,
    /// LLM servers.
    #[arg(long, value_name = "FIELDS")]
    #[arg(help = short_help("upstream"), long_help = long_help("upstream"))]
    pub upstream: Vec<SecretText>,
    /// Which of them is asked first.
    #[arg(long, value_name = "ORDER", value_parser = PossibleValuesParser::new(choices("provider.upstream_order")))]
    #[arg(help = short_help("provider.upstream_order"), long_help = long_help("provider.upstream_order"))]
    pub upstream_order: Option<String>,
    /// Who embeds.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(choices("provider.embedder")))]
    #[arg(help = short_help("provider.embedder"), long_help = long_help("provider.embedder"))]
    pub embedder: Option<String>,
    /// Where that is.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    #[arg(help = short_help("provider.embed_url"), long_help = long_help("provider.embed_url"))]
    pub embed_url: Option<String>,
    /// Its key.
    #[arg(long, value_name = "KEY")]
    #[arg(help = short_help("provider.embed_api_key"), long_help = long_help("provider.embed_api_key"))]
    pub embed_api_key: Option<SecretText>,
}

impl ProviderArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "provider.name", self.provider.as_ref());
        put(flags, "provider.ollama_url", self.ollama_url.as_ref());
        put(flags, "provider.llm_model", self.llm_model.as_ref());
        put(flags, "provider.embed_model", self.embed_model.as_ref());
        put(flags, "provider.openai_base_url", self.openai_base_url.as_ref());
        put(flags, "provider.openai_api_key", self.openai_api_key.as_ref().map(|key| &key.0));
        put(flags, "provider.openai_model", self.openai_model.as_ref());
        put(flags, "provider.openai_embed_model", self.openai_embed_model.as_ref());
        put(flags, "provider.connect_timeout", self.connect_timeout.as_ref());
        put(flags, "provider.read_timeout", self.read_timeout.as_ref());
        put(flags, "provider.openai_connect_timeout", self.openai_connect_timeout.as_ref());
        put(flags, "provider.openai_read_timeout", self.openai_read_timeout.as_ref());
        let upstreams: Vec<String> = self.upstream.iter().map(|upstream| upstream.0.clone()).collect();
        put_list(flags, "upstream", &upstreams);
        put(flags, "provider.upstream_order", self.upstream_order.as_ref());
        put(flags, "provider.embedder", self.embedder.as_ref());
        put(flags, "provider.embed_url", self.embed_url.as_ref());
        put(flags, "provider.embed_api_key", self.embed_api_key.as_ref().map(|key| &key.0));
    }
}

/// Timeouts, retries, breakers and pools for models that are slow, failing or away.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Resilience")]
pub struct ResilienceArgs {
    /// Whether something takes over.
    #[arg(long, value_name = "true|false")]
    #[arg(help = short_help("resilience.fallback"), long_help = long_help("resilience.fallback"))]
    pub fallback: Option<String>,
    /// What becomes of an answer that nothing supports.
    #[arg(long, value_name = "ACTION", value_parser = PossibleValuesParser::new(choices("resilience.unsupported")))]
    #[arg(help = short_help("resilience.unsupported"), long_help = long_help("resilience.unsupported"))]
    pub unsupported: Option<String>,
    /// Longest time of a question.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("resilience.request_timeout"), long_help = long_help("resilience.request_timeout"))]
    pub request_timeout: Option<String>,
    /// Longest wait for the first token.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("resilience.first_token_timeout"), long_help = long_help("resilience.first_token_timeout"))]
    pub first_token_timeout: Option<String>,
    /// The same while the model is loaded.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("resilience.load_timeout"), long_help = long_help("resilience.load_timeout"))]
    pub load_timeout: Option<String>,
    /// Longest pause between tokens.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("resilience.idle_timeout"), long_help = long_help("resilience.idle_timeout"))]
    pub idle_timeout: Option<String>,
    /// Further attempts.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("resilience.max_retries"), long_help = long_help("resilience.max_retries"))]
    pub max_retries: Option<String>,
    /// Waits between them.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("resilience.retry_backoff"), long_help = long_help("resilience.retry_backoff"))]
    pub retry_backoff: Option<String>,
    /// Attempts after the first at the OpenAI-compatible server.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("resilience.openai_max_retries"), long_help = long_help("resilience.openai_max_retries"))]
    pub openai_max_retries: Option<String>,
    /// Wait before the first of them.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("resilience.openai_retry_backoff"), long_help = long_help("resilience.openai_retry_backoff"))]
    pub openai_retry_backoff: Option<String>,
    /// Whether there are breakers.
    #[arg(long, value_name = "true|false")]
    #[arg(help = short_help("breaker.enabled"), long_help = long_help("breaker.enabled"))]
    pub breaker: Option<String>,
    /// Failures in a row that open one.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("breaker.failure_threshold"), long_help = long_help("breaker.failure_threshold"))]
    pub breaker_failures: Option<String>,
    /// Calls from which on the rate counts.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("breaker.window_size"), long_help = long_help("breaker.window_size"))]
    pub breaker_window: Option<String>,
    /// Seconds that the breaker stays open.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("breaker.timeout"), long_help = long_help("breaker.timeout"))]
    pub breaker_timeout: Option<String>,
    /// Successes that close it.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("breaker.success_threshold"), long_help = long_help("breaker.success_threshold"))]
    pub breaker_successes: Option<String>,
    /// Most probes at once.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("breaker.half_open_max_calls"), long_help = long_help("breaker.half_open_max_calls"))]
    pub breaker_probes: Option<String>,
    /// For compatibility.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("pool.connections"), long_help = long_help("pool.connections"))]
    pub pool_connections: Option<String>,
    /// Most calls at once.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("pool.maxsize"), long_help = long_help("pool.maxsize"))]
    pub pool_maxsize: Option<String>,
    /// Whether the others wait.
    #[arg(long, value_name = "true|false")]
    #[arg(help = short_help("pool.block"), long_help = long_help("pool.block"))]
    pub pool_block: Option<String>,
    /// Most that wait.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("pool.queue"), long_help = long_help("pool.queue"))]
    pub pool_queue: Option<String>,
    /// Most idle connections.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("pool.max_keepalive"), long_help = long_help("pool.max_keepalive"))]
    pub pool_max_keepalive: Option<String>,
    /// Seconds that idle connections are kept.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("pool.keepalive_expiry"), long_help = long_help("pool.keepalive_expiry"))]
    pub pool_keepalive_expiry: Option<String>,
    /// The same as --fallback false.
    #[arg(long, conflicts_with = "fallback", help = "Answer 503 while the LLM is away, instead of quoting")]
    pub no_fallback: bool,
}

impl ResilienceArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "resilience.fallback", self.fallback.as_ref());
        put(flags, "resilience.unsupported", self.unsupported.as_ref());
        put(flags, "resilience.request_timeout", self.request_timeout.as_ref());
        put(flags, "resilience.first_token_timeout", self.first_token_timeout.as_ref());
        put(flags, "resilience.load_timeout", self.load_timeout.as_ref());
        put(flags, "resilience.idle_timeout", self.idle_timeout.as_ref());
        put(flags, "resilience.max_retries", self.max_retries.as_ref());
        put(flags, "resilience.retry_backoff", self.retry_backoff.as_ref());
        put(flags, "resilience.openai_max_retries", self.openai_max_retries.as_ref());
        put(flags, "resilience.openai_retry_backoff", self.openai_retry_backoff.as_ref());
        put(flags, "breaker.enabled", self.breaker.as_ref());
        put(flags, "breaker.failure_threshold", self.breaker_failures.as_ref());
        put(flags, "breaker.window_size", self.breaker_window.as_ref());
        put(flags, "breaker.timeout", self.breaker_timeout.as_ref());
        put(flags, "breaker.success_threshold", self.breaker_successes.as_ref());
        put(flags, "breaker.half_open_max_calls", self.breaker_probes.as_ref());
        put(flags, "pool.connections", self.pool_connections.as_ref());
        put(flags, "pool.maxsize", self.pool_maxsize.as_ref());
        put(flags, "pool.block", self.pool_block.as_ref());
        put(flags, "pool.queue", self.pool_queue.as_ref());
        put(flags, "pool.max_keepalive", self.pool_max_keepalive.as_ref());
        put(flags, "pool.keepalive_expiry", self.pool_keepalive_expiry.as_ref());
        put(flags, "resilience.fallback", self.no_fallback.then(|| "false".to_owned()).as_ref());
    }
}

/// Answers that were given before.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Cache")]
pub struct CacheArgs {
    /// Whether there is one.
    #[arg(long, value_name = "true|false")]
    #[arg(help = short_help("cache.enabled"), long_help = long_help("cache.enabled"))]
    pub cache: Option<String>,
    /// Least cosine.
    #[arg(long, value_name = "COSINE")]
    #[arg(help = short_help("cache.threshold"), long_help = long_help("cache.threshold"))]
    pub cache_threshold: Option<String>,
    /// Most entries.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("cache.size"), long_help = long_help("cache.size"))]
    pub cache_size: Option<String>,
    /// Time to live.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("cache.ttl"), long_help = long_help("cache.ttl"))]
    pub cache_ttl: Option<String>,
    /// Most bytes.
    #[arg(long, value_name = "BYTES")]
    #[arg(help = short_help("cache.max_bytes"), long_help = long_help("cache.max_bytes"))]
    pub cache_max_bytes: Option<String>,
    /// How similar questions are accepted.
    #[arg(long, value_name = "MODE", value_parser = PossibleValuesParser::new(choices("cache.mode")))]
    #[arg(help = short_help("cache.mode"), long_help = long_help("cache.mode"))]
    pub cache_mode: Option<String>,
    /// Error bound.
    #[arg(long, value_name = "SHARE")]
    #[arg(help = short_help("cache.delta"), long_help = long_help("cache.delta"))]
    pub cache_delta: Option<String>,
    /// Whether guards look.
    #[arg(long, value_name = "true|false")]
    #[arg(help = short_help("cache.guards"), long_help = long_help("cache.guards"))]
    pub cache_guards: Option<String>,
    /// Whether it survives the process.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    #[arg(help = short_help("cache.persist"), long_help = long_help("cache.persist"))]
    pub cache_persist: Option<String>,
    /// Encrypts it on disk.
    #[arg(long, value_name = "KEY")]
    #[arg(help = short_help("cache.key"), long_help = long_help("cache.key"))]
    pub cache_key: Option<SecretText>,
}

impl CacheArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "cache.enabled", self.cache.as_ref());
        put(flags, "cache.threshold", self.cache_threshold.as_ref());
        put(flags, "cache.size", self.cache_size.as_ref());
        put(flags, "cache.ttl", self.cache_ttl.as_ref());
        put(flags, "cache.max_bytes", self.cache_max_bytes.as_ref());
        put(flags, "cache.mode", self.cache_mode.as_ref());
        put(flags, "cache.delta", self.cache_delta.as_ref());
        put(flags, "cache.guards", self.cache_guards.as_ref());
        put(flags, "cache.persist", self.cache_persist.as_ref());
        put(flags, "cache.key", self.cache_key.as_ref().map(|key| &key.0));
    }
}

/// The search.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Retrieval")]
pub struct RetrievalArgs {
    /// Search method.
    #[arg(long, value_name = "METHOD", value_parser = PossibleValuesParser::new(choices("retrieval.method")))]
    #[arg(help = short_help("retrieval.method"), long_help = long_help("retrieval.method"))]
    pub method: Option<String>,
    /// Contexts of an answer.
    #[arg(long, value_name = "N", short = 'k')]
    #[arg(help = short_help("retrieval.k"), long_help = long_help("retrieval.k"))]
    pub top_k: Option<String>,
    /// The fusion of `hybrid`.
    #[command(flatten)]
    pub fusion: FusionArgs,
    /// The order of the passages.
    #[command(flatten)]
    pub rerank: RerankArgs,
}

impl RetrievalArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "retrieval.method", self.method.as_ref());
        put(flags, "retrieval.k", self.top_k.as_ref());
        self.fusion.flags(flags);
        self.rerank.flags(flags);
    }
}

/// The fusion of searches.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Retrieval")]
pub struct FusionArgs {
    /// Whether to fuse by reciprocal rank.
    #[arg(long, value_name = "true|false")]
    #[arg(help = short_help("retrieval.rrf_enable"), long_help = long_help("retrieval.rrf_enable"))]
    pub rrf: Option<String>,
    /// Damping of reciprocal rank fusion.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("retrieval.rrf_k"), long_help = long_help("retrieval.rrf_k"))]
    pub rrf_k: Option<String>,
    /// Share of the lexical score.
    #[arg(long, value_name = "SHARE")]
    #[arg(help = short_help("retrieval.bm25_weight"), long_help = long_help("retrieval.bm25_weight"))]
    pub bm25_weight: Option<String>,
    /// The learned sparse index.
    #[arg(long, value_name = "WHEN", value_parser = PossibleValuesParser::new(choices("retrieval.sparse")))]
    #[arg(help = short_help("retrieval.sparse"), long_help = long_help("retrieval.sparse"))]
    pub sparse: Option<String>,
}

impl FusionArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "retrieval.rrf_enable", self.rrf.as_ref());
        put(flags, "retrieval.rrf_k", self.rrf_k.as_ref());
        put(flags, "retrieval.bm25_weight", self.bm25_weight.as_ref());
        put(flags, "retrieval.sparse", self.sparse.as_ref());
    }
}
