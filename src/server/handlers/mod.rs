//! One file a group of routes. A handler reads the request, goes through [`api`](crate::api) and the engine, and
//! answers; nothing else.

pub mod ask;
pub mod cache;
pub mod dbs;
pub mod documents;
pub mod feedback;
pub mod health;
pub mod metrics;
pub mod provider;
pub mod reindex;
pub mod stream;
pub mod sync;
pub mod upload;

/// The time as RFC 3339, UTC.
fn now_rfc3339() -> String {
    jiff::Timestamp::now().to_string()
}
