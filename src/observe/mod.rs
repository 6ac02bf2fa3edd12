//! What bench, monitor and report need of a server that is seen from outside.
//!
//! - scrape: a server's metrics over HTTP, of either dialect, as one [`Observation`];
//! - [`MetricEntry`]: where each metric of the catalogue is in an observation, a recording and the [history](Field);
//! - [`Metric`]: what alert rules and the targets of a report can be about;
//! - [`threshold`]: a metric, a sign and a value, like `p95 < 500ms`;
//! - [`record`]: recordings of observations, as NDJSON or CSV.

mod metric;
mod observation;
pub mod record;
mod scrape;
pub mod threshold;
mod upstream;
mod values;

pub use metric::{CountSource, Metric, MetricSource};
pub use observation::{
    ALL_BREAKERS, Breaker, Cache, Field, FileSync, Growth, Health, MetricEntry, MetricUnit, Observation, Pool, Process,
    Traffic,
};
pub use scrape::*;
pub use threshold::{Threshold, Unit};
pub use upstream::Upstream;
pub use values::{EndpointMetrics, Histogram, PercentilesMs, PoolClient, StateTransition};
