//! What operators see: metrics and logs. Every metric's name stands in `metrics` or `upstreams`, and nowhere
//! else.

mod cache;
pub mod logging;
mod metrics;
mod upstreams;

pub use cache::{CacheMetrics, REJECTIONS};
pub use metrics::{Generation, Metrics};
pub use upstreams::{BreakerMetrics, ClientMetrics};
