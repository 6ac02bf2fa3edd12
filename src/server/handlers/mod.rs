//! One file a group of routes. A handler validates, calls the engine, and shapes the answer; nothing else.

pub mod ask;
pub mod cache;
pub mod dbs;
pub mod documents;
pub mod health;
pub mod metrics;
pub mod provider;
pub mod stream;

use crate::server::error::ApiError;

/// Refuses a list with more than `most` entries, or with an entry of more than `most_chars` characters.
fn check_list(field: &str, list: &[String], most: usize, most_chars: usize) -> Result<(), ApiError> {
    let number = list.len();
    if number > most {
        let message =
            format!("field \"{field}\" must have at most {most} entries, it has {number}: send fewer at once");
        return Err(ApiError::invalid(message));
    }
    for (n, entry) in list.iter().enumerate() {
        let chars = entry.chars().count();
        if chars > most_chars {
            let message = format!("field \"{field}[{n}]\" must have at most {most_chars} characters, it has {chars}");
            return Err(ApiError::invalid(message));
        }
    }
    Ok(())
}

/// The time as RFC 3339, UTC.
fn now_rfc3339() -> String {
    jiff::Timestamp::now().to_string()
}
