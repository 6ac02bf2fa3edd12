//! The load generator: measures an HTTP API so that its numbers can be trusted.
//!
//! [`schedule`] says when, [`workload`] says what; a worker sends it over a [`connection`], [`recorder`] keeps counts and
//! HDR histograms, [`run`](mod@run) holds it together.
//!
//! What makes the numbers honest:
//! - In an open loop a latency counts from when the request was **due**, whatever held it up; what could not be sent, or
//!   was not answered when the time was over, is told apart and not dropped (no coordinated omission).
//! - Latencies are those of successes; failures are counted beside them, by class, and told first when they are many.
//! - A quantile comes with its interval, or not at all where the data cannot hold it ([`quantile`]).
//! - The name of the server is resolved once, before; what that took, and over which address, is in the report.
//! - The generator watches itself: when it was the bottleneck, the run says so and is not compared with others.

pub mod ab;
pub mod answer;
pub mod compare;
pub mod connection;
pub mod failure;
pub mod faults;
pub mod gate;
pub mod live;
pub mod measures;
pub mod merge;
mod pacer;
pub mod plan;
pub mod progress;
pub mod quantile;
pub mod recorder;
pub mod report;
pub mod request;
pub mod result;
pub mod run;
pub mod scenario;
pub mod schedule;
pub mod screen;
pub mod session;
pub mod slices;
pub mod stored;
pub mod summary;
pub mod target;
pub mod usage;
pub mod watch;
pub mod windows;
mod worker;
pub mod workload;
