//! Flags that narrow a search to part of a DB.

use clap::{ArgAction, Args};

use crate::domain::Filter;

/// The part of a DB that is searched.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Retrieval")]
pub struct NarrowArgs {
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

impl NarrowArgs {
    /// The documents that all filters together mean.
    pub fn filter(&self) -> Option<Filter> {
        self.filter.iter().chain(&self.conditions).cloned().reduce(Filter::and)
    }
}
