//! What may be asked, whatever the door: requests become checked questions and ingestions, results become responses.
//!
//! The server, the command line and every dialect go through here, so that a bound, a default and a field of an answer
//! exist once. Nothing here knows HTTP.

mod ask;
mod cache;
mod documents;
mod reindex;
mod sync;
mod verify;

pub use ask::{
    AskDefaults, answered, cache_metadata, filter, found, multihop_question, outcome, question, segment, stream_head,
    stream_proof, timings,
};
pub use cache::{cache_configuration, cache_figures, clear_cache};
pub use documents::{
    check_ingestion, check_label, check_removal, document, document_list, document_query, document_text, file_errors,
    filters, ingested, metadata,
};
pub use reindex::{chunk_sizes, generation};
pub use sync::{check_metadata, state_name, sync_folder, sync_state};
pub use verify::{DocumentNow, QuoteStatus, verified, verify_quote};

use crate::domain::InvalidDbName;

/// A request that cannot be served as it is. The message names the field and says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidRequest(pub String);

impl InvalidRequest {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl From<InvalidDbName> for InvalidRequest {
    fn from(error: InvalidDbName) -> Self {
        Self(error.to_string())
    }
}

/// What is wrong with a JSON text, in words for the person who wrote it.
pub fn json_problem(error: &serde_json::Error) -> String {
    // The parser has a bound of its own, which keeps deep values from the stack.
    if error.to_string().starts_with("recursion limit exceeded") {
        format!("it is nested too deeply at line {} column {}", error.line(), error.column())
    } else {
        error.to_string()
    }
}

/// Refuses a list with more than `most` entries, or with an entry of more than `most_chars` characters.
fn check_list(field: &str, list: &[String], most: usize, most_chars: usize) -> Result<(), InvalidRequest> {
    let number = list.len();
    if number > most {
        let message =
            format!("field \"{field}\" must have at most {most} entries, it has {number}: send fewer at once");
        return Err(InvalidRequest(message));
    }
    for (n, entry) in list.iter().enumerate() {
        let chars = entry.chars().count();
        if chars > most_chars {
            let message = format!("field \"{field}[{n}]\" must have at most {most_chars} characters, it has {chars}");
            return Err(InvalidRequest(message));
        }
    }
    Ok(())
}
