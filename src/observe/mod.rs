//! What bench, monitor and report need of a server that is seen from outside.
//!
//! - [`scrape`](self::scrape): a server's metrics over HTTP, of either dialect, as one [`Observation`];
//! - [`record`]: recordings of observations, as NDJSON or CSV.

pub mod record;
mod scrape;

pub use scrape::*;
