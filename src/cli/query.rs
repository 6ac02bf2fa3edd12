//! Flags of `ragctl query`.

use clap::{Args, ValueHint};

use super::{
    generation::GenerationArgs,
    groups::{ProviderArgs, ResilienceArgs, RetrievalArgs, StoreArgs},
    narrow::NarrowArgs,
    settings::Flags,
};

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
    /// URL of a server to ask instead of the local data
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, value_parser = super::server_url)]
    pub url: Option<crate::telemetry::ServiceUrl>,
    /// Print the whole answer as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Print below each source what the answer quotes of it
    #[arg(long, conflicts_with = "json")]
    pub quotes: bool,
    /// Print what each stage of the search did, and what each method says of the sources
    #[arg(long, conflicts_with = "json")]
    pub explain: bool,
    /// The part of the DB that is searched.
    #[command(flatten)]
    pub narrow: NarrowArgs,
    /// Where documents are kept.
    #[command(flatten)]
    pub store: StoreArgs,
    /// The embedder and the LLM.
    #[command(flatten)]
    pub provider: ProviderArgs,
    /// What is asked of the LLM.
    #[command(flatten)]
    pub generation: GenerationArgs,
    /// Limits and fallback when a model is away.
    #[command(flatten)]
    pub resilience: ResilienceArgs,
    /// The search.
    #[command(flatten)]
    pub retrieval: RetrievalArgs,
}

impl QueryArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        self.store.flags(&mut flags);
        self.provider.flags(&mut flags);
        self.generation.flags(&mut flags);
        self.resilience.flags(&mut flags);
        self.retrieval.flags(&mut flags);
        flags
    }
}
