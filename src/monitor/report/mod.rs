//! The deployment report: recordings, whole and long, summed up on a page, with a recommendation first.
//!
//! [`ReportBuilder`] takes in one poll after the other and keeps none of them; what comes of it is a [`DeploymentReport`],
//! pure data, which [`markdown`] writes down. Whether a metric is good enough is for [goals](goals::GoalResult) to say.

mod builder;
pub mod goals;
pub mod incidents;
mod markdown;
mod measure;
mod openings;
mod presence;
mod sections;
mod server;
mod summary;
mod upstreams;

#[cfg(test)]
pub(super) mod tests;

pub use builder::ReportBuilder;
pub use markdown::markdown;
pub use server::{BreakerHistory, Peaks, Server, Setting, TotalCounts};
pub use summary::{Advice, DeploymentReport, LoadTest, Missed, Recommendation, ReportError, ReportSource};
pub use upstreams::UpstreamHistory;
