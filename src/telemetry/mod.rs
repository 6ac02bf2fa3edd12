//! What operators see: metrics and logs, without secrets. Metrics that others look at stand in `catalogue`, the others in
//! `metrics`, `cache`, `connections`, `process`, `sync` and `upstreams`, and nowhere else.

mod cache;
mod catalogue;
mod connections;
pub mod logging;
mod metrics;
#[cfg(target_os = "linux")]
mod process;
mod registry;
mod secrets;
mod sync;
mod upstreams;

pub use cache::{CacheMetrics, REJECTIONS};
pub use catalogue::{BREAKER_STATE, Exposed, POOL_REUSED, QUERY_SECONDS, Reading, UPSTREAM_HEALTHY};
pub(crate) use catalogue::{catalogue, reading};
pub use connections::{CloseReason, ConnectionMetrics};
pub use metrics::{Generation, Metrics};
pub use secrets::{KnownSecrets, NotWeb, ServiceUrl, mask_url};
pub use sync::SyncMetrics;
pub use upstreams::{BreakerMetrics, ClientMetrics, FailoverMetrics};
