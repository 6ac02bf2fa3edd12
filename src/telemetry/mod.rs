//! What operators see: metrics and logs. Every metric's name stands in `metrics` and nowhere else.

pub mod logging;
mod metrics;

pub use metrics::{Generation, Metrics};
