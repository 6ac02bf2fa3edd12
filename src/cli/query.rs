//! Flags of `ragctl query`.

use clap::{ArgAction, Args, ValueHint};

use super::{
    generation::GenerationArgs,
    groups::{ProviderArgs, ResilienceArgs, RetrievalArgs, StoreArgs},
    settings::Flags,
};
use crate::domain::Filter;

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
    /// Search only passages in these languages, like en,de
    // One value an occurrence: a second one would be the question.
    #[arg(long, value_name = "CODE", action = ArgAction::Append, value_delimiter = ',', help_heading = "Retrieval")]
    pub language: Vec<String>,
    /// Search only documents with this label; may be repeated
    #[arg(long, value_name = "LABEL", action = ArgAction::Append, help_heading = "Retrieval")]
    pub label: Vec<String>,
    /// Search only documents that a filter means, in JSON as the API takes it
    #[arg(long, value_name = "JSON", value_parser = filter, help_heading = "Retrieval")]
    pub filter: Option<Filter>,
    /// Search only documents with this, like team=legal or year>=2024; may be repeated
    ///
    /// The signs are = != > >= < <=, and source~docs/* compares the name with a pattern. All of them must hold, together
    /// with --filter.
    #[arg(id = "where", long = "where", value_name = "KEY=VALUE", action = ArgAction::Append, value_parser = comparison, help_heading = "Retrieval")]
    pub conditions: Vec<Filter>,
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

fn filter(text: &str) -> Result<Filter, String> {
    let given = serde_json::from_str(text)
        .map_err(|error| format!("this is not the JSON of a filter: {}", crate::api::json_problem(&error)))?;
    Filter::from_json(&given).map_err(|error| error.to_string())
}

fn comparison(text: &str) -> Result<Filter, String> {
    let filter = Filter::from_short(&[text.to_owned()]).map_err(|error| error.to_string())?;
    filter.ok_or_else(|| "write KEY=VALUE".to_owned())
}

impl QueryArgs {
    /// The documents that all filters together mean.
    pub fn filter(&self) -> Option<Filter> {
        self.filter.iter().chain(&self.conditions).cloned().reduce(Filter::and)
    }

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
