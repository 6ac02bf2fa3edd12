//! What bench, monitor and report need of a server that is seen from outside.
//!
//! - scrape: a server's metrics over HTTP, of either dialect, as one [`Observation`];
//! - [`Metric`]: what alert rules and the targets of a report can be about;
//! - [`threshold`]: a metric, a sign and a value, like `p95 < 500ms`;
//! - [`record`]: recordings of observations, as NDJSON or CSV.

mod metric;
pub mod record;
mod scrape;
pub mod threshold;

pub use metric::Metric;
pub use scrape::*;
pub use threshold::{Threshold, Unit};
