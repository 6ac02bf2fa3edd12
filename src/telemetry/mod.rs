//! What operators see: metrics and logs, without secrets. Every metric's name stands in `metrics`, `cache`, `connections`,
//! `process` or `upstreams`, and nowhere else.

mod cache;
mod connections;
pub mod logging;
mod metrics;
#[cfg(target_os = "linux")]
mod process;
mod secrets;
mod upstreams;

pub use cache::{CacheMetrics, REJECTIONS};
pub use connections::{CloseReason, ConnectionMetrics};
pub use metrics::{Generation, Metrics};
pub use secrets::{KnownSecrets, NotWeb, ServiceUrl, mask_url};
pub use upstreams::{BreakerMetrics, ClientMetrics};
