//! What operators see: metrics and logs. Every metric's name stands in `metrics` or `upstreams`, and nowhere
//! else.

pub mod logging;
mod metrics;
mod upstreams;

pub use metrics::{Generation, Metrics};
pub use upstreams::{BreakerMetrics, ClientMetrics};
