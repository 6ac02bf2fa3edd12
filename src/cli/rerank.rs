//! Flags of reranking.

use clap::{Args, ValueHint, builder::PossibleValuesParser};

use super::{
    groups::{SecretText, put},
    settings::{
        Flags,
        keys::{choices, long_help, short_help},
    },
};

/// What puts passages into another order.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Retrieval")]
pub struct RerankArgs {
    /// The method.
    #[arg(long, value_name = "METHOD", value_parser = PossibleValuesParser::new(choices("retrieval.rerank")))]
    #[arg(help = short_help("retrieval.rerank"), long_help = long_help("retrieval.rerank"))]
    pub rerank: Option<String>,
    /// How many passages.
    #[arg(long, value_name = "N")]
    #[arg(help = short_help("retrieval.rerank_top_n"), long_help = long_help("retrieval.rerank_top_n"))]
    pub rerank_top_n: Option<String>,
    /// Where the server is.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    #[arg(help = short_help("provider.rerank_url"), long_help = long_help("provider.rerank_url"))]
    pub rerank_url: Option<String>,
    /// Its model.
    #[arg(long, value_name = "NAME")]
    #[arg(help = short_help("provider.rerank_model"), long_help = long_help("provider.rerank_model"))]
    pub rerank_model: Option<String>,
    /// Its key.
    #[arg(long, value_name = "KEY")]
    #[arg(help = short_help("provider.rerank_api_key"), long_help = long_help("provider.rerank_api_key"))]
    pub rerank_api_key: Option<SecretText>,
    /// Longest wait for it.
    #[arg(long, value_name = "SECONDS")]
    #[arg(help = short_help("provider.rerank_timeout"), long_help = long_help("provider.rerank_timeout"))]
    pub rerank_timeout: Option<String>,
}

impl RerankArgs {
    pub(super) fn flags(&self, flags: &mut Flags) {
        put(flags, "retrieval.rerank", self.rerank.as_ref());
        put(flags, "retrieval.rerank_top_n", self.rerank_top_n.as_ref());
        put(flags, "provider.rerank_url", self.rerank_url.as_ref());
        put(flags, "provider.rerank_model", self.rerank_model.as_ref());
        put(flags, "provider.rerank_api_key", self.rerank_api_key.as_ref().map(SecretText::text));
        put(flags, "provider.rerank_timeout", self.rerank_timeout.as_ref());
    }
}
