//! Flags of the commands. Those that set a setting are kept as text: [`settings`](super::settings) checks them with the
//! same words, whoever said them.

use std::{collections::HashMap, path::PathBuf};

use clap::{Args, ValueEnum};

use crate::model::Method;

/// Flags by setting.
type Flags = HashMap<&'static str, Vec<String>>;

fn put(flags: &mut Flags, key: &'static str, value: Option<&String>) {
    if let Some(value) = value {
        flags.insert(key, vec![value.clone()]);
    }
}

fn put_list(flags: &mut Flags, key: &'static str, values: &[String]) {
    if !values.is_empty() {
        flags.insert(key, values.to_vec());
    }
}

/// Where documents are kept.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Documents")]
pub struct StoreArgs {
    /// Folder of the DBs [default: data/kb] [env: PERSIST_ROOT]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// DB [default: default] [env: DB_NAME]
    #[arg(long, value_name = "NAME")]
    pub db: Option<String>,
}

impl StoreArgs {
    fn flags(&self, flags: &mut Flags) {
        put(flags, "data_dir", self.data_dir.as_ref());
        put(flags, "db", self.db.as_ref());
    }
}

/// How documents are cut.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Documents")]
pub struct ChunkArgs {
    /// Largest chunk, in characters [default: 800] [env: CHUNK_SIZE]
    #[arg(long, value_name = "N")]
    pub chunk_size: Option<String>,
    /// Characters that neighbouring chunks may share [default: 120] [env: CHUNK_OVERLAP]
    #[arg(long, value_name = "N")]
    pub chunk_overlap: Option<String>,
}

impl ChunkArgs {
    fn flags(&self, flags: &mut Flags) {
        put(flags, "chunking.size", self.chunk_size.as_ref());
        put(flags, "chunking.overlap", self.chunk_overlap.as_ref());
    }
}

/// Who embeds and answers.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Models")]
pub struct ProviderArgs {
    /// auto, ollama, openai or embedded [default: auto] [env: PROVIDER]
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,
    /// Where Ollama is [default: http://localhost:11434] [env: OLLAMA_BASE_URL]
    #[arg(long, value_name = "URL")]
    pub ollama_url: Option<String>,
    /// Model of Ollama that answers [default: llama3.1:8b] [env: LLM_MODEL]
    #[arg(long, value_name = "NAME")]
    pub llm_model: Option<String>,
    /// Model of Ollama that embeds, or the folder of a model2vec model [default: nomic-embed-text] [env: EMBED_MODEL]
    #[arg(long, value_name = "NAME|DIR")]
    pub embed_model: Option<String>,
    /// Where the OpenAI-compatible server is [default: https://api.openai.com/v1] [env: OPENAI_BASE_URL]
    #[arg(long, value_name = "URL")]
    pub openai_base_url: Option<String>,
    /// Its model that answers [default: gpt-4o-mini] [env: OPENAI_MODEL]
    #[arg(long, value_name = "NAME")]
    pub openai_model: Option<String>,
    /// Its model that embeds [default: text-embedding-3-small] [env: OPENAI_EMBED_MODEL]
    #[arg(long, value_name = "NAME")]
    pub openai_embed_model: Option<String>,
    /// Its key; other users of this machine can see flags, so prefer the environment [env: OPENAI_API_KEY]
    #[arg(long, value_name = "KEY")]
    pub openai_api_key: Option<String>,
    /// Longest wait for a connection to an LLM server, in seconds [default: 5] [env: OLLAMA_CONNECT_TIMEOUT]
    #[arg(long, value_name = "SECONDS")]
    pub connect_timeout: Option<String>,
    /// Longest silence of an LLM server, in seconds [default: 180] [env: OLLAMA_READ_TIMEOUT]
    #[arg(long, value_name = "SECONDS")]
    pub read_timeout: Option<String>,
}

impl ProviderArgs {
    fn flags(&self, flags: &mut Flags) {
        put(flags, "provider.name", self.provider.as_ref());
        put(flags, "provider.ollama_url", self.ollama_url.as_ref());
        put(flags, "provider.llm_model", self.llm_model.as_ref());
        put(flags, "provider.embed_model", self.embed_model.as_ref());
        put(flags, "provider.openai_base_url", self.openai_base_url.as_ref());
        put(flags, "provider.openai_model", self.openai_model.as_ref());
        put(flags, "provider.openai_embed_model", self.openai_embed_model.as_ref());
        put(flags, "provider.openai_api_key", self.openai_api_key.as_ref());
        put(flags, "provider.connect_timeout", self.connect_timeout.as_ref());
        put(flags, "provider.read_timeout", self.read_timeout.as_ref());
    }
}

/// How questions are searched.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Retrieval")]
pub struct RetrievalArgs {
    /// vector, bm25 or hybrid [default: hybrid]
    #[arg(long, value_name = "METHOD")]
    pub method: Option<String>,
    /// Contexts of an answer [default: 5]
    #[arg(short = 'k', long = "top-k", value_name = "N")]
    pub top_k: Option<String>,
    /// Fuse by reciprocal rank [default: true with an embedding model, false with the embedded one] [env: RRF_ENABLE]
    #[arg(long, value_name = "true|false")]
    pub rrf: Option<String>,
    /// Damping of reciprocal rank fusion [default: 60] [env: RRF_K]
    #[arg(long, value_name = "N")]
    pub rrf_k: Option<String>,
    /// Share of the lexical score in weighted fusion, 0 to 1 [default: 0.75 with the embedded embedder, else 0.5]
    #[arg(long, value_name = "SHARE")]
    pub bm25_weight: Option<String>,
}

impl RetrievalArgs {
    fn flags(&self, flags: &mut Flags) {
        put(flags, "retrieval.method", self.method.as_ref());
        put(flags, "retrieval.k", self.top_k.as_ref());
        put(flags, "retrieval.rrf_enable", self.rrf.as_ref());
        put(flags, "retrieval.rrf_k", self.rrf_k.as_ref());
        put(flags, "retrieval.bm25_weight", self.bm25_weight.as_ref());
    }
}

/// Run the API over your documents.
///
/// Without an LLM it answers by quoting the sentences of your documents that fit best, with citations. The line
/// `listening on http://…` appears on stderr once requests are accepted; SIGINT or SIGTERM stops it gracefully.
#[derive(Debug, Clone, Default, Args)]
#[command(
    after_help = "Examples:\n  ragctl serve --docs handbook/\n  ragctl serve --provider ollama --llm-model qwen3:8b --port 0"
)]
pub struct ServeArgs {
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS", help_heading = "Server")]
    pub host: Option<String>,
    /// Port to listen on; 0 picks a free one [default: 8001]
    #[arg(long, value_name = "PORT", help_heading = "Server")]
    pub port: Option<String>,
    /// How long requests may go on after a signal to stop [default: 30s]
    #[arg(long, value_name = "DURATION", help_heading = "Server")]
    pub shutdown_grace: Option<String>,
    /// Largest request body [default: 2097152]
    #[arg(long, value_name = "BYTES", help_heading = "Server")]
    pub max_body_bytes: Option<String>,
    /// Origins that browsers may call from, or * [env: CORS_ORIGINS]
    #[arg(long, value_name = "ORIGIN", num_args = 1.., value_delimiter = ',', help_heading = "Server")]
    pub cors_origins: Vec<String>,
    /// Files and folders to ingest at start; also document roots
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = "Documents")]
    pub docs: Vec<String>,
    /// Folders that ingestion may read [default: the working directory]
    #[arg(long, value_name = "DIR", num_args = 1.., help_heading = "Documents")]
    pub docs_root: Vec<String>,
    /// Where documents are kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// How they are cut.
    #[command(flatten)]
    pub chunks: ChunkArgs,
    /// Who embeds and answers.
    #[command(flatten)]
    pub provider: ProviderArgs,
    /// How questions are searched.
    #[command(flatten)]
    pub retrieval: RetrievalArgs,
}

impl ServeArgs {
    /// What was said, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        put(&mut flags, "server.host", self.host.as_ref());
        put(&mut flags, "server.port", self.port.as_ref());
        put(&mut flags, "server.shutdown_grace", self.shutdown_grace.as_ref());
        put(&mut flags, "server.max_body_bytes", self.max_body_bytes.as_ref());
        put_list(&mut flags, "server.cors_origins", &self.cors_origins);
        put_list(&mut flags, "server.docs", &self.docs);
        put_list(&mut flags, "server.docs_root", &self.docs_root);
        self.store.flags(&mut flags);
        self.chunks.flags(&mut flags);
        self.provider.flags(&mut flags);
        self.retrieval.flags(&mut flags);
        flags
    }
}

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
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<String>,
    /// Let a server ingest, which resolves the paths on its side
    #[arg(long, value_name = "URL")]
    pub url: Option<url::Url>,
    /// Label for these documents, to limit questions to [default: a hash of each document]
    #[arg(long, value_name = "LABEL")]
    pub label: Option<String>,
    /// The report as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Where documents are kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// How they are cut.
    #[command(flatten)]
    pub chunks: ChunkArgs,
    /// Who embeds and answers.
    #[command(flatten)]
    pub provider: ProviderArgs,
}

impl IngestArgs {
    /// What was said, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.store.flags(&mut flags);
        self.chunks.flags(&mut flags);
        self.provider.flags(&mut flags);
        flags
    }
}

/// Ask a question.
///
/// The answer is printed as it is written, then its sources.
#[derive(Debug, Clone, Default, Args)]
#[command(
    after_help = "Examples:\n  ragctl query \"How long are releases kept?\"\n  ragctl query --url http://localhost:8001 --json \"Who is on call?\""
)]
pub struct QueryArgs {
    /// The question
    #[arg(value_name = "QUESTION")]
    pub question: String,
    /// Ask a server instead of the local data
    #[arg(long, value_name = "URL")]
    pub url: Option<url::Url>,
    /// The whole answer as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Only passages in these languages (en, de, …)
    #[arg(long, value_name = "CODE", num_args = 1.., help_heading = "Retrieval")]
    pub language: Vec<String>,
    /// Only documents with these labels
    #[arg(long, value_name = "LABEL", num_args = 1.., help_heading = "Retrieval")]
    pub label: Vec<String>,
    /// Where documents are kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Who embeds and answers.
    #[command(flatten)]
    pub provider: ProviderArgs,
    /// How questions are searched.
    #[command(flatten)]
    pub retrieval: RetrievalArgs,
}

impl QueryArgs {
    /// What was said, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.store.flags(&mut flags);
        self.provider.flags(&mut flags);
        self.retrieval.flags(&mut flags);
        flags
    }
}

/// Measure retrieval quality on a collection in BEIR layout.
///
/// The folder holds corpus.jsonl, queries.jsonl and qrels.tsv. Each document is one chunk, indexed in a temporary DB.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example:\n  ragctl eval collections/scifact --methods bm25,hybrid --format csv --output scores.csv"
)]
pub struct EvalArgs {
    /// Folders of collections
    #[arg(required = true, value_name = "DATASET_DIR")]
    pub datasets: Vec<PathBuf>,
    /// Methods to measure
    #[arg(long, value_delimiter = ',', default_values_t = Method::ALL, value_name = "METHOD,…")]
    pub methods: Vec<Method>,
    /// Depth of the figures
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100), value_name = "N")]
    pub depth: u16,
    /// Form of the report
    #[arg(long, value_enum, default_value_t = EvalFormat::Table, value_name = "FORMAT")]
    pub format: EvalFormat,
    /// Write the report to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Who embeds and answers.
    #[command(flatten)]
    pub provider: ProviderArgs,
    /// How questions are searched.
    #[command(flatten)]
    pub retrieval: RetrievalArgs,
}

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvalFormat {
    /// For people
    Table,
    /// One JSON array
    Json,
    /// One line a measurement
    Csv,
}

impl EvalArgs {
    /// What was said, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.provider.flags(&mut flags);
        self.retrieval.flags(&mut flags);
        flags
    }
}
