//! What a server tells about itself, asked over HTTP and read into one shape, whichever dialect it speaks.
//!
//! Whatever a server does not offer stays [`None`]: nothing here makes a zero of what is not known. What cannot be read is
//! noted, and costs only itself.

mod exposition;
mod fetch;
mod json;
mod text;
mod trouble;

#[cfg(test)]
mod tests;

pub use exposition::{Exposition, Sample};
pub use fetch::Scraper;
pub use trouble::Trouble;

use crate::resilience::State;

/// A breaker's state as any dialect writes it.
fn state(text: &str) -> Option<State> {
    match text.to_ascii_lowercase().as_str() {
        "closed" => Some(State::Closed),
        "open" => Some(State::Open),
        "half_open" | "half-open" | "halfopen" => Some(State::HalfOpen),
        _ => None,
    }
}
