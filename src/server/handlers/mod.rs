//! One file a group of routes. A handler validates, calls the engine, and shapes the answer; nothing else.

pub mod ask;
pub mod cache;
pub mod dbs;
pub mod documents;
pub mod health;
pub mod metrics;
pub mod provider;
pub mod stream;

/// The time as RFC 3339, UTC.
fn now_rfc3339() -> String {
    jiff::Timestamp::now().to_string()
}
