//! Flags of `ragctl search`.

use clap::{Args, ValueHint};

use super::{
    groups::{ProviderArgs, ResilienceArgs, RetrievalArgs, StoreArgs},
    narrow::NarrowArgs,
    settings::Flags,
};

/// Show which passages a question finds, and why.
///
/// For each passage the score and the rank of each method, then what each stage of the search did. No model answers.
#[derive(Debug, Clone, Default, Args)]
#[command(
    after_help = "Examples:\n  ragctl search \"How long are releases kept?\" -k 10\n  ragctl search --url http://localhost:8001 --json \"Who is on call?\""
)]
pub struct SearchArgs {
    /// The question
    #[arg(value_name = "QUESTION")]
    pub question: String,
    /// URL of a server to ask instead of the local data
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, value_parser = super::server_url)]
    pub url: Option<crate::telemetry::ServiceUrl>,
    /// Print everything as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Print whole passages instead of their beginnings
    #[arg(long, conflicts_with = "json")]
    pub text: bool,
    /// The part of the DB that is searched.
    #[command(flatten)]
    pub narrow: NarrowArgs,
    /// Where documents are kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// The embedder.
    #[command(flatten)]
    pub provider: ProviderArgs,
    /// Limits and fallback when a model is away.
    #[command(flatten)]
    pub resilience: ResilienceArgs,
    /// The search.
    #[command(flatten)]
    pub retrieval: RetrievalArgs,
}

impl SearchArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.store.flags(&mut flags);
        self.provider.flags(&mut flags);
        self.resilience.flags(&mut flags);
        self.retrieval.flags(&mut flags);
        flags
    }
}
