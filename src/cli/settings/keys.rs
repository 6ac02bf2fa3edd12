//! Every setting once: its key in the file, its flag, its environment names, its default, what it takes.
//!
//! What only one command knows is added from its options (see `options`). This table drives resolution, checking, `--help`, `config show`, `config example` and the texts of errors. A new
//! setting is a line here, a field in [`Settings`](super::Settings), and a flag in the group of arguments it belongs to.

use super::{
    kind::SettingKind::{self, *},
    upstreams,
};
use crate::telemetry::mask_url;

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct SettingKey {
    /// `section.name` in the file.
    pub name: &'static str,
    /// Flag with its dashes, as a user would write it.
    pub flag: &'static str,
    /// Environment names, the first that is set wins. The ones that deployments already use come first.
    pub env: &'static [&'static str],
    /// Its value when nothing is set.
    pub default: Fallback,
    /// The values that it takes.
    pub kind: SettingKind,
    /// Its purpose in one line.
    pub help: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
}

/// The value of a setting when nothing is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// This value, written as a user would write it.
    Is(&'static str),
    /// No value; the text says what that means.
    Open(&'static str),
}

use Fallback::{Is, Open};

impl SettingKey {
    /// One line for `-h`: what comes before the first semicolon, and the default.
    pub fn short_help(&self) -> String {
        let gist = self.help.split("; ").next().unwrap_or(self.help);
        match self.default {
            Open("none") => gist.to_owned(),
            Is(default) | Open(default) => format!("{gist} [default: {default}]"),
        }
    }

    /// All there is to know, for `--help`.
    pub fn long_help(&self) -> String {
        // What a choice takes is left to the parser of its flag, which lists it anyway.
        let remark = self.remark().filter(|_| !matches!(self.kind, Choice(_)));
        let remark = remark.map(|remark| format!("{remark}\n\n")).unwrap_or_default();
        let (help, default, env, name) = (self.help, self.default_text(), self.env.join(", "), self.name);
        format!("{help}.\n\n{remark}[default: {default}] [env: {env}] [config: {name}]")
    }

    /// A sentence on what it takes, unless its help says so.
    pub(super) fn remark(&self) -> Option<String> {
        let plain = matches!(self.kind, Folder | Model | Secret | OfCommand { .. });
        (!plain).then(|| format!("Takes {}.", self.kind.takes()))
    }

    /// The default as help shows it.
    pub fn default_text(&self) -> &'static str {
        match self.default {
            Is(text) | Open(text) => text,
        }
    }

    /// A value as it may be shown: secrets, and what may be one within a URL, are masked.
    pub fn shown(&self, value: &str) -> String {
        if value.is_empty() {
            return String::new();
        }
        if self.secret {
            return "***".to_owned();
        }
        match self.kind {
            Url | Targets | Origins | OfCommand { .. } => mask_url(value),
            Upstreams => upstreams::shown(value),
            _ => value.to_owned(),
        }
    }
}

const fn key(
    name: &'static str,
    flag: &'static str,
    env: &'static [&'static str],
    default: Fallback,
    kind: SettingKind,
    help: &'static str,
) -> SettingKey {
    SettingKey { name, flag, env, default, kind, help, secret: false }
}

/// The settings that several commands share, or the server has, in the order of the example file.
// Three lines a setting read like a table; one argument a line would not.
#[rustfmt::skip]
pub const KEYS: &[SettingKey] = &[
    key("data_dir", "--data-dir", &["PERSIST_ROOT", "PERSIST_DIR", "RAGCTL_DATA_DIR"], Is("data/kb"), Folder,
        "Folder of the DBs; made when it does not exist"),
    key("db", "--db", &["DB_NAME", "RAGCTL_DB"], Is("default"), Db,
        "DB of requests that name none"),

    key("server.host", "--host", &["RAGCTL_HOST"], Is("127.0.0.1"), Host,
        "Address to listen on; 0.0.0.0 for all interfaces"),
    key("server.port", "--port", &["RAGCTL_PORT"], Is("8001"), Integer { min: 0, max: 65_535, of: "port" },
        "Port to listen on; 0 picks a free one"),
    key("server.docs", "--docs", &["RAGCTL_DOCS"], Open("none"), Paths,
        "Files and folders to ingest at start; also document roots"),
    key("server.watch", "--watch", &["RAGCTL_WATCH"], Is("false"), Truth,
        "Whether the folders among --docs are mirrored; what is new, changed, renamed or deleted in them is so in the DB"),
    key("server.rescan", "--rescan", &["RAGCTL_RESCAN"], Is("60s"), Duration,
        "Time between comparisons of mirrored folders as a whole; network drives tell of no changes"),
    key("server.allow_mass_delete", "--allow-mass-delete", &["RAGCTL_ALLOW_MASS_DELETE"], Is("false"), Truth,
        "Whether documents are deleted without a confirmation when most files of a mirrored folder, or the folder itself, are gone"),
    key("server.max_upload_bytes", "--max-upload-bytes", &["RAGCTL_MAX_UPLOAD_BYTES"], Is("268435456"),
        Integer { min: 1_024, max: 1 << 36, of: "number of bytes" },
        "Largest form of uploaded files, all together"),
    key("server.docs_root", "--docs-root", &["RAGCTL_DOCS_ROOT"], Open("the working directory"), Paths,
        "Folders that ingestion may read"),
    key("server.shutdown_grace", "--shutdown-grace", &["RAGCTL_SHUTDOWN_GRACE"], Is("30s"), Duration,
        "Longest that requests go on after a signal to stop"),
    key("server.max_body_bytes", "--max-body-bytes", &["RAGCTL_MAX_BODY_BYTES"], Is("2097152"),
        Integer { min: 1_024, max: 1 << 30, of: "number of bytes" },
        "Largest request body"),
    key("server.cors_origins", "--cors-origins", &["CORS_ORIGINS", "RAGCTL_CORS_ORIGINS"], Open("none"), Origins,
        "Origins that browsers may call from, or *"),
    key("server.allowed_hosts", "--allowed-hosts", &["RAGCTL_ALLOWED_HOSTS"],
        Open("names of loopback when listening there, else all"), Hosts,
        "Hosts that requests may name, or *; names of loopback always may"),
    key("server.max_connections", "--max-connections", &["RAGCTL_MAX_CONNECTIONS"],
        Open("what the limit of open files allows, at most 10000"),
        Integer { min: 1, max: 1_000_000, of: "number" },
        "Most connections at once; beyond it the one that has been idle for longest is closed"),

    key("provider.name", "--provider", &["PROVIDER", "RAGCTL_PROVIDER"], Is("auto"),
        Choice(&["auto", "ollama", "openai", "embedded"]),
        "Who answers, and embeds if it can; auto: Ollama if it answers at start and has the model, else the embedded ones"),
    key("provider.ollama_url", "--ollama-url", &["OLLAMA_BASE_URL", "RAGCTL_OLLAMA_URL"], Is("http://localhost:11434"), Url,
        "URL of the Ollama server"),
    key("provider.llm_model", "--llm-model", &["LLM_MODEL", "RAGCTL_LLM_MODEL"], Is("llama3.1:8b"), Model,
        "Name of the LLM at Ollama"),
    key("provider.embed_model", "--embed-model", &["EMBED_MODEL", "RAGCTL_EMBED_MODEL"], Is("nomic-embed-text"), Model,
        "Name of the embedding model at Ollama, or the folder of a model2vec model"),
    SettingKey { secret: true, ..key("provider.openai_api_key", "--openai-api-key",
        &["OPENAI_API_KEY", "RAGCTL_OPENAI_API_KEY"], Open("none"), Secret,
        "API key of the OpenAI-compatible server; others on this machine can see flags, so prefer the environment") },
    key("provider.openai_base_url", "--openai-base-url", &["OPENAI_BASE_URL", "RAGCTL_OPENAI_BASE_URL"],
        Is("https://api.openai.com/v1"), Url,
        "URL of the OpenAI-compatible server, usually ending in /v1"),
    key("provider.openai_model", "--openai-model", &["OPENAI_MODEL", "RAGCTL_OPENAI_MODEL"], Is("gpt-4o-mini"), Model,
        "Name of the LLM at the OpenAI-compatible server"),
    key("provider.openai_embed_model", "--openai-embed-model", &["OPENAI_EMBED_MODEL", "RAGCTL_OPENAI_EMBED_MODEL"],
        Is("text-embedding-3-small"), Model,
        "Name of the embedding model at the OpenAI-compatible server"),
    key("upstream", "--upstream", &["RAGCTL_UPSTREAM"], Open("the server of the settings above"), Upstreams,
        "LLM servers that are asked one after another until one answers, instead of that of the settings above"),
    key("provider.upstream_order", "--upstream-order", &["RAGCTL_UPSTREAM_ORDER"], Is("listed"),
        Choice(&["listed", "weight"]),
        "Which of several upstreams is asked first; weight: by chance, as often as its weight says"),
    key("provider.embedder", "--embedder", &["RAGCTL_EMBEDDER"], Is("auto"),
        Choice(&["auto", "embedded", "ollama", "openai"]),
        "Who embeds; auto: the LLM server if it can, else the embedded model"),
    key("provider.embed_url", "--embed-url", &["EMBED_BASE_URL", "RAGCTL_EMBED_URL"], Open("that of the LLM server"), Url,
        "URL of the server that embeds, when it is another than the LLM's"),
    SettingKey { secret: true, ..key("provider.embed_api_key", "--embed-api-key",
        &["EMBED_API_KEY", "RAGCTL_EMBED_API_KEY"], Open("that of the LLM server"), Secret,
        "API key of the server that embeds; others on this machine can see flags, so prefer the environment") },
    key("provider.rerank_url", "--rerank-url", &["RERANK_BASE_URL", "RAGCTL_RERANK_URL"], Open("none"), Url,
        "URL of a server that reranks (vLLM, llama.cpp, LiteLLM, Text Embeddings Inference, Cohere, Jina); it usually ends in /v1"),
    key("provider.rerank_model", "--rerank-model", &["RERANK_MODEL", "RAGCTL_RERANK_MODEL"], Open("none is named"), Model,
        "Model that reranks, as the server names it"),
    SettingKey { secret: true, ..key("provider.rerank_api_key", "--rerank-api-key",
        &["RERANK_API_KEY", "RAGCTL_RERANK_API_KEY"], Open("none"), Secret,
        "API key of the server that reranks; others on this machine can see flags, so prefer the environment") },
    key("provider.rerank_timeout", "--rerank-timeout", &["RERANK_TIMEOUT", "RAGCTL_RERANK_TIMEOUT"], Is("2"),
        Seconds { min: 0.05, max: 300.0 },
        "Longest time that a question waits for the reranker, in seconds; then the order of the passages stays as it was"),
    key("provider.connect_timeout", "--connect-timeout", &["OLLAMA_CONNECT_TIMEOUT", "RAGCTL_CONNECT_TIMEOUT"], Is("5"),
        Seconds { min: 0.1, max: 300.0 },
        "Longest wait for a connection to an LLM server, in seconds"),
    key("provider.read_timeout", "--read-timeout", &["OLLAMA_READ_TIMEOUT", "RAGCTL_READ_TIMEOUT"], Is("180"),
        Seconds { min: 0.1, max: 3_600.0 },
        "Longest silence of an LLM server, in seconds; a whole answer may take longer"),

    key("provider.openai_connect_timeout", "--openai-connect-timeout",
        &["OPENAI_CONNECT_TIMEOUT", "RAGCTL_OPENAI_CONNECT_TIMEOUT"], Open("that of --connect-timeout"),
        Seconds { min: 0.1, max: 300.0 },
        "Longest wait for a connection to the OpenAI-compatible server, in seconds"),
    key("provider.openai_read_timeout", "--openai-read-timeout",
        &["OPENAI_READ_TIMEOUT", "RAGCTL_OPENAI_READ_TIMEOUT"], Open("that of --read-timeout"),
        Seconds { min: 0.1, max: 3_600.0 },
        "Longest silence of the OpenAI-compatible server, in seconds"),

    key("generation.max_tokens", "--max-tokens", &["RAGCTL_MAX_TOKENS"], Is("1024"),
        Integer { min: 1, max: 1_000_000, of: "number" },
        "Most tokens of an answer; a model that reasons first may use four times as many"),
    key("generation.temperature", "--temperature", &["RAGCTL_TEMPERATURE"], Open("the server's"),
        Number { min: 0.0, max: 2.0 }, "Randomness of answers"),
    key("generation.top_p", "--top-p", &["RAGCTL_TOP_P"], Open("the server's"), Share,
        "Share of the likeliest tokens that the model chooses from"),
    key("generation.seed", "--seed", &["RAGCTL_SEED"], Open("none"), Integer { min: 0, max: 1 << 53, of: "number" },
        "Seed with which a server gives the same answer again, as far as it can"),
    key("generation.stop", "--stop", &["RAGCTL_STOP"], Open("none"), Texts,
        "Texts at which an answer ends"),
    key("generation.num_ctx", "--num-ctx", &["OLLAMA_NUM_CTX", "RAGCTL_NUM_CTX"],
        Open("Ollama: as large as the prompt needs; others: not known"),
        Integer { min: 512, max: 10_000_000, of: "number" },
        "Tokens of prompt and answer together; Ollama is asked for them, of other servers they are only known"),
    key("generation.num_thread", "--num-thread", &["OLLAMA_NUM_THREAD", "RAGCTL_NUM_THREAD"], Open("Ollama's"),
        Integer { min: 1, max: 1_024, of: "number" }, "Threads of Ollama"),
    key("generation.num_gpu", "--num-gpu", &["OLLAMA_NUM_GPU", "RAGCTL_NUM_GPU"], Open("Ollama's"),
        Integer { min: 0, max: 1_024, of: "number" }, "Layers that Ollama puts on the GPU"),
    key("generation.keep_alive", "--keep-alive", &["RAGCTL_KEEP_ALIVE"], Open("Ollama's"), Model,
        "How long Ollama keeps the model loaded, like 10m; -1 for ever"),
    key("generation.reasoning", "--reasoning", &["RAGCTL_REASONING"], Open("the model's"),
        Choice(&["off", "low", "medium", "high"]),
        "How much a model that can reason does so before it answers"),
    key("generation.extra", "--extra", &["RAGCTL_EXTRA"], Open("none"), JsonObject,
        "Further fields of requests to the LLM server, passed on as they are"),
    key("generation.prompts", "--prompts", &["RAGCTL_PROMPTS"], Open("the built-in ones"), Folder,
        "Folder of prompts that replace built-in ones of the same file name, like answer.en.txt"),
    key("generation.condense", "--condense", &["RAGCTL_CONDENSE"], Is("auto"), Choice(&["auto", "rules", "llm", "off"]),
        "Who makes a follow-up question stand alone; auto: the LLM where the question may need its conversation, and rules without one; llm: for every question of a conversation"),

    key("resilience.fallback", "--fallback", &["RAGCTL_FALLBACK"], Is("true"), Truth,
        "Quote passages without the LLM, and search words without vectors, while a model is unavailable; false: answer 503"),
    key("resilience.unsupported", "--unsupported", &["RAGCTL_UNSUPPORTED"], Is("mark"),
        Choice(&["mark", "quote", "refuse"]),
        "What becomes of an LLM's answer that nothing in the documents supports; quote: the passages in its place, refuse: nothing of it"),
    key("resilience.request_timeout", "--request-timeout", &["RAGCTL_REQUEST_TIMEOUT"], Is("600"),
        Seconds { min: 0.1, max: 3_600.0 }, "Longest time that a question may take, in seconds"),
    key("resilience.first_token_timeout", "--first-token-timeout", &["RAGCTL_FIRST_TOKEN_TIMEOUT"], Is("30"),
        Seconds { min: 0.1, max: 3_600.0 }, "Longest wait for the first token of a model that is loaded, in seconds"),
    key("resilience.load_timeout", "--load-timeout", &["RAGCTL_LOAD_TIMEOUT"], Is("300"),
        Seconds { min: 0.1, max: 3_600.0 }, "Longest wait for the first token of a model that is being loaded, in seconds"),
    key("resilience.idle_timeout", "--idle-timeout", &["RAGCTL_IDLE_TIMEOUT"], Is("30"),
        Seconds { min: 0.1, max: 3_600.0 }, "Longest pause between two tokens, in seconds"),
    key("resilience.max_retries", "--max-retries", &["OLLAMA_MAX_RETRIES", "RAGCTL_MAX_RETRIES"], Is("3"),
        Integer { min: 0, max: 10, of: "number" }, "Attempts after the first, as far as the retry budget allows"),
    key("resilience.retry_backoff", "--retry-backoff", &["OLLAMA_RETRY_BACKOFF", "RAGCTL_RETRY_BACKOFF"], Is("0.6"),
        Seconds { min: 0.0, max: 60.0 }, "Longest wait before the first retry, in seconds; doubles with each, up to 10"),

    key("resilience.openai_max_retries", "--openai-max-retries", &["OPENAI_MAX_RETRIES", "RAGCTL_OPENAI_MAX_RETRIES"],
        Open("that of --max-retries"), Integer { min: 0, max: 10, of: "number" },
        "Attempts after the first at the OpenAI-compatible server"),
    key("resilience.openai_retry_backoff", "--openai-retry-backoff",
        &["OPENAI_RETRY_BACKOFF", "RAGCTL_OPENAI_RETRY_BACKOFF"], Open("that of --retry-backoff"),
        Seconds { min: 0.0, max: 60.0 }, "Longest wait before the first retry at the OpenAI-compatible server, in seconds"),

    key("breaker.enabled", "--breaker", &["CIRCUIT_BREAKER_ENABLED", "RAGCTL_BREAKER"], Is("true"), Truth,
        "Stop calling an upstream for a while when it fails too often"),
    key("breaker.failure_threshold", "--breaker-failures",
        &["CIRCUIT_BREAKER_FAILURE_THRESHOLD", "RAGCTL_BREAKER_FAILURES"], Is("5"),
        Integer { min: 1, max: 10_000, of: "number" }, "Failures in a row that open the circuit breaker"),
    key("breaker.window_size", "--breaker-window", &["CIRCUIT_BREAKER_WINDOW_SIZE", "RAGCTL_BREAKER_WINDOW"], Is("10"),
        Integer { min: 1, max: 100_000, of: "number" },
        "Calls within a minute from which a failure rate of 50 % opens the breaker"),
    key("breaker.timeout", "--breaker-timeout", &["CIRCUIT_BREAKER_TIMEOUT", "RAGCTL_BREAKER_TIMEOUT"], Is("30"),
        Seconds { min: 0.1, max: 3_600.0 },
        "How long the breaker stays open at first, in seconds; doubles with each failed trial call, up to 300"),
    key("breaker.success_threshold", "--breaker-successes",
        &["CIRCUIT_BREAKER_SUCCESS_THRESHOLD", "RAGCTL_BREAKER_SUCCESSES"], Is("2"),
        Integer { min: 1, max: 1_000, of: "number" }, "Successful trial calls that close the breaker"),
    key("breaker.half_open_max_calls", "--breaker-probes",
        &["CIRCUIT_BREAKER_HALF_OPEN_MAX_CALLS", "RAGCTL_BREAKER_PROBES"], Is("3"),
        Integer { min: 1, max: 1_000, of: "number" }, "Most trial calls at once while the breaker is half open"),

    key("pool.connections", "--pool-connections",
        &["OLLAMA_POOL_CONNECTIONS", "CONNECTION_POOL_MIN_SIZE", "RAGCTL_POOL_CONNECTIONS"], Is("15"),
        Integer { min: 0, max: 10_000, of: "number" },
        "No effect, only shown in the metrics: connections are opened when they are needed"),
    key("pool.maxsize", "--pool-maxsize", &["OLLAMA_POOL_MAXSIZE", "CONNECTION_POOL_MAX_SIZE", "RAGCTL_POOL_MAXSIZE"],
        Is("30"), Integer { min: 1, max: 10_000, of: "number" }, "Most calls to an upstream at once"),
    key("pool.block", "--pool-block", &["OLLAMA_POOL_BLOCK", "RAGCTL_POOL_BLOCK"], Is("true"), Truth,
        "Let calls beyond --pool-maxsize wait; false refuses them"),
    key("pool.queue", "--pool-queue", &["RAGCTL_POOL_QUEUE"], Is("1000"),
        Integer { min: 0, max: 1_000_000, of: "number" }, "Most calls that wait for a connection"),
    key("pool.max_keepalive", "--pool-max-keepalive",
        &["CONNECTION_POOL_MAX_KEEPALIVE", "RAGCTL_POOL_MAX_KEEPALIVE"], Is("30"),
        Integer { min: 0, max: 10_000, of: "number" }, "Most idle connections that are kept"),
    key("pool.keepalive_expiry", "--pool-keepalive-expiry", &["RAGCTL_POOL_KEEPALIVE_EXPIRY"], Is("30"),
        Seconds { min: 0.1, max: 3_600.0 }, "How long an idle connection is kept, in seconds"),

    key("cache.enabled", "--cache", &["USE_SEMANTIC_CACHE", "SEMANTIC_CACHE_ENABLED", "RAGCTL_CACHE"], Is("true"), Truth,
        "Answer from the cache when the question was asked before, in the same or other words"),
    key("cache.threshold", "--cache-threshold",
        &["SEMANTIC_CACHE_THRESHOLD", "SEMANTIC_CACHE_SIMILARITY_THRESHOLD", "RAGCTL_CACHE_THRESHOLD"],
        Open("0.80, or what `ragctl cache tune --save` found for the embedder"), Inner,
        "Least cosine similarity at which a question gets another question's answer"),
    key("cache.size", "--cache-size", &["SEMANTIC_CACHE_SIZE", "SEMANTIC_CACHE_MAX_SIZE", "RAGCTL_CACHE_SIZE"], Is("1000"),
        Integer { min: 1, max: 10_000_000, of: "number" }, "Most cached answers"),
    key("cache.ttl", "--cache-ttl", &["SEMANTIC_CACHE_TTL", "RAGCTL_CACHE_TTL"], Is("3600"),
        Seconds { min: 0.001, max: 315_360_000.0 }, "Longest age of a cached answer, in seconds"),
    key("cache.max_bytes", "--cache-max-bytes", &["RAGCTL_CACHE_MAX_BYTES"], Is("67108864"),
        Integer { min: 1_024, max: 1 << 40, of: "number of bytes" }, "Most bytes of all cached answers"),
    key("cache.mode", "--cache-mode", &["SEMANTIC_CACHE_MODE", "RAGCTL_CACHE_MODE"], Is("threshold"),
        Choice(&["threshold", "verified"]),
        "How similar questions are accepted: by one threshold for all; verified: each entry learns its own, within an error bound"),
    key("cache.delta", "--cache-delta", &["SEMANTIC_CACHE_DELTA", "RAGCTL_CACHE_DELTA"], Is("0.01"), Inner,
        "Largest share of questions that may get another question's answer in verified mode"),
    key("cache.guards", "--cache-guards", &["SEMANTIC_CACHE_GUARDS", "RAGCTL_CACHE_GUARDS"], Is("true"), Truth,
        "Refuse a similar question's answer when numbers, names, negation, opposites, direction or question words differ"),
    key("cache.persist", "--cache-persist", &["SEMANTIC_CACHE_PERSIST", "RAGCTL_CACHE_PERSIST"], Is("false"), Truth,
        "Keep cached answers on disk, so that they survive a restart and a crash"),
    SettingKey { secret: true, ..key("cache.key", "--cache-key", &["SEMANTIC_CACHE_KEY", "RAGCTL_CACHE_KEY"], Open("none"),
        HexKey, "Key that encrypts cached answers on disk; others on this machine can see flags, so prefer the environment") },

    key("chunking.size", "--chunk-size", &["CHUNK_SIZE", "RAGCTL_CHUNK_SIZE"], Is("800"),
        Integer { min: 100, max: 8_000, of: "number of characters" },
        "Largest chunk, in characters"),
    key("chunking.overlap", "--chunk-overlap", &["CHUNK_OVERLAP", "RAGCTL_CHUNK_OVERLAP"], Is("120"),
        Integer { min: 0, max: 4_000, of: "number of characters" },
        "Characters that neighbouring chunks may share, at most half of the chunk size"),

    key("reading.ocr_command", "--ocr-command", &["RAGCTL_OCR_COMMAND"], Open("none"), OcrCommand,
        "Program that recognises text in PDFs with pages of images; {input} stands for the scan, {output} for the PDF or text to be written, without which its standard output is the text"),
    key("reading.ocr_timeout", "--ocr-timeout", &["RAGCTL_OCR_TIMEOUT"], Is("300"), Seconds { min: 1.0, max: 86_400.0 },
        "Longest time for one scan, in seconds"),
    key("metadata", "--metadata-rule", &["RAGCTL_METADATA_RULES"], Open("none"), MetadataRules,
        "Metadata of documents by their names; where rules give the same field, the later wins, and over all of them what a request gives"),

    key("retrieval.method", "--method", &["RAGCTL_METHOD"], Is("hybrid"), Choice(&["vector", "bm25", "hybrid"]),
        "Search method of questions that name none"),
    key("retrieval.k", "--top-k", &["RAGCTL_TOP_K"], Is("5"), Integer { min: 1, max: 50, of: "number" },
        "Passages that an answer is made from"),
    key("retrieval.rrf_enable", "--rrf", &["RRF_ENABLE", "RAGCTL_RRF"],
        Open("true with an embedding model, false with the embedded one"), Truth,
        "Fuse by reciprocal rank instead of weighted scores"),
    key("retrieval.rrf_k", "--rrf-k", &["RRF_K", "RAGCTL_RRF_K"], Is("60"), Integer { min: 1, max: 1_000, of: "number" },
        "Damping of reciprocal rank fusion"),
    key("retrieval.bm25_weight", "--bm25-weight", &["RAGCTL_BM25_WEIGHT"], Open("0.5; with the embedded embedder 0.6, more where the question is not English"),
        Share,
        "Share of the lexical score in weighted fusion"),
    key("retrieval.sparse", "--sparse", &["RAGCTL_SPARSE"], Is("auto"), Choice(&["auto", "on", "off"]),
        "Learned sparse index in hybrid search: where it has been measured to help, for every question, or not at all"),

    key("retrieval.rerank", "--rerank", &["RAGCTL_RERANK"], Is("none"), Choice(&["none", "features", "http"]),
        "What puts the passages into another order; features: a small model of words and scores, in hybrid search; http: the server of --rerank-url"),
    key("retrieval.rerank_top_n", "--rerank-top-n", &["RAGCTL_RERANK_TOP_N"], Open("20"),
        Integer { min: 1, max: 100, of: "number" }, "Passages that the reranker chooses from, at least --top-k"),

    key("multihop.depth", "--multihop-depth", &["RAGCTL_MULTIHOP_DEPTH"], Is("2"),
        Integer { min: 1, max: 3, of: "number" }, "Rounds of a search in several hops"),
    key("multihop.fanout", "--multihop-fanout", &["RAGCTL_MULTIHOP_FANOUT"], Is("2"),
        Integer { min: 1, max: 3, of: "number" }, "Sub-questions of a round"),
    key("multihop.time", "--multihop-time", &["RAGCTL_MULTIHOP_TIME"], Is("20"), Seconds { min: 0.1, max: 3_600.0 },
        "Longest time of all rounds together, in seconds; at most a third of what the question has"),

    key("monitor.url", "--url", &["RAGCTL_MONITOR_URL"], Is("http://localhost:8001"), Targets,
        "Servers that `monitor` watches"),
    key("monitor.interval", "--interval", &["RAGCTL_MONITOR_INTERVAL"], Is("30s"), Interval,
        "Time between two polls of a server by `monitor`"),
    key("monitor.alerts", "--alerts", &["RAGCTL_MONITOR_ALERTS"], Open("the built-in rules"), File,
        "TOML file with rules of alerts; they replace built-in ones of the same name"),
    key("monitor.bell", "--bell", &["RAGCTL_MONITOR_BELL"], Is("false"), Truth,
        "Ring the terminal's bell when a critical alert fires"),
    key("monitor.theme", "--theme", &["RAGCTL_MONITOR_THEME"], Is("dark"), Choice(&["dark", "light", "plain"]),
        "Background that colours are for; plain, NO_COLOR and --color never: no colours"),
    key("monitor.ascii", "--ascii", &["RAGCTL_MONITOR_ASCII"], Is("false"), Truth,
        "Draw with ASCII letters only"),
    key("monitor.colors", "--colors", &["RAGCTL_MONITOR_COLORS"], Open("those of the theme"), Colors,
        "Colours that replace those of the theme"),
    key("monitor.keys", "--keys", &["RAGCTL_MONITOR_KEYS"], Open("see ? on the screen"), Keys,
        "Keys that replace the built-in ones"),
    key("monitor.utc", "--utc", &["RAGCTL_MONITOR_UTC"], Is("false"), Truth,
        "Show times in UTC instead of the local time zone"),
    key("monitor.record", "--record", &["RAGCTL_MONITOR_RECORD"], Open("none"), File,
        "File that every answer is written to, after what is in it; NDJSON, or CSV when it ends in .csv"),
    key("monitor.record_max_bytes", "--record-max-bytes", &["RAGCTL_MONITOR_RECORD_MAX_BYTES"], Is("104857600"),
        Integer { min: 65_536, max: 1 << 40, of: "number of bytes" },
        "Most bytes of the recording and its older half FILE.1 together"),

    key("log.level", "-v/-q", &["RAGCTL_LOG_LEVEL"], Is("info"), Choice(&["warn", "info", "debug", "trace"]),
        "Least important log lines to show; RUST_LOG overrides it"),
    key("log.format", "--log-format", &["RAGCTL_LOG_FORMAT"], Is("text"), Choice(&["text", "json"]),
        "Form of log lines: text for people, or one JSON object a line"),
    key("log.color", "--color", &["RAGCTL_COLOR"], Is("auto"), Choice(&["auto", "always", "never"]),
        "When to use colours; auto: in a terminal, unless NO_COLOR is set"),
];

/// All settings: those of the table, and the options of commands.
pub fn all() -> impl Iterator<Item = &'static SettingKey> {
    KEYS.iter().chain(super::options::keys())
}

/// The setting of this name.
pub fn find(name: &str) -> Option<&'static SettingKey> {
    all().find(|key| key.name == name)
}

/// The setting of this name in the table alone: the definition of the command line, which the options come from, asks.
fn in_table(name: &str) -> Option<&'static SettingKey> {
    KEYS.iter().find(|key| key.name == name)
}

/// Whether an environment variable is one of ours.
pub(super) fn is_variable(name: &str) -> bool {
    name == super::CONFIG_VARIABLE || all().any(|key| key.env.contains(&name))
}

/// The known key that is most like an unknown one, and all keys of its section.
pub fn hint(name: &str) -> String {
    let section = name.rsplit_once('.').map_or("", |(section, _)| section);
    let siblings: Vec<&str> = all()
        .filter_map(|key| key.name.rsplit_once('.').filter(|(of, _)| *of == section).map(|(_, rest)| rest))
        .collect();
    let mut hints = Vec::new();
    if let Some(section) = nearest_section(name) {
        hints.push(format!("did you mean [{section}]?"));
    } else if let Some(nearest) = nearest(name) {
        hints.push(format!("did you mean \"{nearest}\"?"));
    }
    if siblings.is_empty() {
        hints.push("`ragctl config example` shows all keys".to_owned());
    } else {
        hints.push(format!("[{section}] has {}", siblings.join(", ")));
    }
    hints.join(" ")
}

/// The section that a wrong name of a section is most like, if that is more than its likeness with any key.
fn nearest_section(name: &str) -> Option<&'static str> {
    let likeness = |of: &str| strsim::normalized_damerau_levenshtein(of, name);
    let sections = all().filter_map(|key| key.name.rsplit_once('.').map(|(section, _)| section));
    let nearest = sections.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    let of_keys = all().map(|key| likeness(last(key.name))).fold(0.6, f64::max);
    (!name.contains('.') && likeness(nearest) >= of_keys).then_some(nearest)
}

/// The name that is most like a wrong one.
fn nearest(name: &str) -> Option<&'static str> {
    let likeness = strsim::normalized_damerau_levenshtein;
    all()
        // A right name in the wrong section is meant as often as a typing error, so the section only breaks ties.
        .map(|key| (likeness(last(key.name), last(name)), likeness(key.name, name), key.name))
        .filter(|(of_last, _, _)| *of_last > 0.6)
        // Without a section, the one that most commands share is meant.
        .map(|(of_last, of_all, key)| (of_last, !name.contains('.') && in_table(key).is_some(), of_all, key))
        .max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.total_cmp(&b.2)))
        .map(|(_, _, _, name)| name)
}

/// A key without its section.
fn last(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, last)| last)
}

/// Text for `-h` of the flag that sets `name`.
pub(in crate::cli) fn short_help(name: &str) -> String {
    in_table(name).map(SettingKey::short_help).unwrap_or_default()
}

/// Text for `--help` of the flag that sets `name`.
pub(in crate::cli) fn long_help(name: &str) -> String {
    in_table(name).map(SettingKey::long_help).unwrap_or_default()
}

/// The words that the flag of a choice takes.
pub(in crate::cli) fn choices(name: &str) -> &'static [&'static str] {
    match in_table(name).map(|key| key.kind) {
        Some(Choice(choices)) => choices,
        _ => &[],
    }
}
