//! Flags of `ragctl serve`.

use clap::{Args, ValueHint};

use super::{
    generation::GenerationArgs,
    groups::{
        CacheArgs, ChunkArgs, ProviderArgs, ReadingArgs, ResilienceArgs, RetrievalArgs, StoreArgs, put, put_list,
    },
    multihop::MultihopArgs,
    settings::{
        Flags,
        keys::{long_help, short_help},
    },
};

/// Run the API over your documents.
///
/// Without an LLM it answers by quoting the sentences of your documents that fit best, with citations. The line
/// `listening on http://…` appears on stderr once requests are accepted; SIGINT or SIGTERM stops it gracefully.
#[derive(Debug, Clone, Default, Args)]
#[command(
    next_help_heading = "Server",
    after_help = "Examples:\n  ragctl serve --docs handbook/ --watch\n  ragctl serve --provider ollama --llm-model qwen3:8b --port 0"
)]
pub struct ServeArgs {
    /// Address to listen on.
    #[arg(long, value_name = "ADDRESS", value_hint = ValueHint::Hostname)]
    #[arg(help = short_help("server.host"), long_help = long_help("server.host"))]
    pub host: Option<String>,
    /// Port to listen on.
    #[arg(long, value_name = "PORT")]
    #[arg(help = short_help("server.port"), long_help = long_help("server.port"))]
    pub port: Option<String>,
    /// Longest that requests go on after a signal to stop.
    #[arg(long, value_name = "DURATION")]
    #[arg(help = short_help("server.shutdown_grace"), long_help = long_help("server.shutdown_grace"))]
    pub shutdown_grace: Option<String>,
    /// Largest request body.
    #[arg(long, value_name = "BYTES")]
    #[arg(help = short_help("server.max_body_bytes"), long_help = long_help("server.max_body_bytes"))]
    pub max_body_bytes: Option<String>,
    /// Origins that browsers may call from.
    #[arg(long, value_name = "ORIGIN", num_args = 1.., value_delimiter = ',')]
    #[arg(help = short_help("server.cors_origins"), long_help = long_help("server.cors_origins"))]
    pub cors_origins: Vec<String>,
    /// Hosts that requests may name.
    #[arg(long, value_name = "HOST", num_args = 1.., value_delimiter = ',', value_hint = ValueHint::Hostname)]
    #[arg(help = short_help("server.allowed_hosts"), long_help = long_help("server.allowed_hosts"))]
    pub allowed_hosts: Vec<String>,
    /// Most connections at once.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("server.max_connections"), long_help = long_help("server.max_connections"))]
    pub max_connections: Option<String>,
    /// Files and folders to ingest at start.
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::AnyPath, help_heading = "Documents")]
    #[arg(help = short_help("server.docs"), long_help = long_help("server.docs"))]
    pub docs: Vec<String>,
    /// Whether they are mirrored.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    #[arg(help = short_help("server.watch"), long_help = long_help("server.watch"), help_heading = "Documents")]
    pub watch: Option<String>,
    /// Time between comparisons.
    #[arg(long, value_name = "DURATION", help_heading = "Documents")]
    #[arg(help = short_help("server.rescan"), long_help = long_help("server.rescan"))]
    pub rescan: Option<String>,
    /// Whether most of a folder may be deleted.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    #[arg(help = short_help("server.allow_mass_delete"), long_help = long_help("server.allow_mass_delete"), help_heading = "Documents")]
    pub allow_mass_delete: Option<String>,
    /// Largest form of uploaded files.
    #[arg(long, value_name = "BYTES", help_heading = "Documents")]
    #[arg(help = short_help("server.max_upload_bytes"), long_help = long_help("server.max_upload_bytes"))]
    pub max_upload_bytes: Option<String>,
    /// Folders that ingestion may read.
    #[arg(long, value_name = "DIR", num_args = 1.., value_hint = ValueHint::DirPath, help_heading = "Documents")]
    #[arg(help = short_help("server.docs_root"), long_help = long_help("server.docs_root"))]
    pub docs_root: Vec<String>,
    /// Where documents are kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Sizes of chunks.
    #[command(flatten)]
    pub chunks: ChunkArgs,
    /// How documents are read.
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// The embedder and the LLM.
    #[command(flatten)]
    pub provider: ProviderArgs,
    /// What is asked of the LLM.
    #[command(flatten)]
    pub generation: GenerationArgs,
    /// Limits and fallback when a model is away.
    #[command(flatten)]
    pub resilience: ResilienceArgs,
    /// The semantic cache.
    #[command(flatten)]
    pub cache: CacheArgs,
    /// The search.
    #[command(flatten)]
    pub retrieval: RetrievalArgs,
    /// Bounds of several hops.
    #[command(flatten)]
    pub hops: MultihopArgs,
}

impl ServeArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        put(&mut flags, "server.host", self.host.as_ref());
        put(&mut flags, "server.port", self.port.as_ref());
        put(&mut flags, "server.shutdown_grace", self.shutdown_grace.as_ref());
        put(&mut flags, "server.max_body_bytes", self.max_body_bytes.as_ref());
        put_list(&mut flags, "server.cors_origins", &self.cors_origins);
        put_list(&mut flags, "server.allowed_hosts", &self.allowed_hosts);
        put(&mut flags, "server.max_connections", self.max_connections.as_ref());
        put_list(&mut flags, "server.docs", &self.docs);
        put(&mut flags, "server.watch", self.watch.as_ref());
        put(&mut flags, "server.rescan", self.rescan.as_ref());
        put(&mut flags, "server.allow_mass_delete", self.allow_mass_delete.as_ref());
        put(&mut flags, "server.max_upload_bytes", self.max_upload_bytes.as_ref());
        put_list(&mut flags, "server.docs_root", &self.docs_root);
        self.store.flags(&mut flags);
        self.chunks.flags(&mut flags);
        self.reading.flags(&mut flags);
        self.provider.flags(&mut flags);
        self.generation.flags(&mut flags);
        self.resilience.flags(&mut flags);
        self.cache.flags(&mut flags);
        self.retrieval.flags(&mut flags);
        self.hops.flags(&mut flags);
        flags
    }
}
