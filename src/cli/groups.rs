//! Flags that several commands share, by what they are about.
//!
//! They are kept as text: [`settings`](super::settings) checks them with the same words, whoever said them. Their help
//! comes from the table of settings, too.

use std::{convert::Infallible, fmt, str::FromStr};

use clap::{Args, ValueHint, builder::PossibleValuesParser};

use super::settings::{
    Flags,
    keys::{choices, long_help, short_help},
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

/// How documents are cut.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Documents")]
pub struct ChunkArgs {
    /// Largest chunk.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("chunking.size"), long_help = long_help("chunking.size"))]
    pub chunk_size: Option<String>,
    /// What neighbouring chunks may share.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("chunking.overlap"), long_help = long_help("chunking.overlap"))]
    pub chunk_overlap: Option<String>,
}

impl ChunkArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "chunking.size", self.chunk_size.as_ref());
        put(flags, "chunking.overlap", self.chunk_overlap.as_ref());
    }
}

/// Who embeds and answers.
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
    }
}

/// How questions are searched.
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
    /// How the two searches of `hybrid` become one.
    #[command(flatten)]
    pub fusion: FusionArgs,
}

impl RetrievalArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "retrieval.method", self.method.as_ref());
        put(flags, "retrieval.k", self.top_k.as_ref());
        self.fusion.flags(flags);
    }
}

/// How two searches become one.
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
}

impl FusionArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "retrieval.rrf_enable", self.rrf.as_ref());
        put(flags, "retrieval.rrf_k", self.rrf_k.as_ref());
        put(flags, "retrieval.bm25_weight", self.bm25_weight.as_ref());
    }
}
