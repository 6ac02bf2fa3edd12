//! The state of a run that goes on: what the progress bar and the live screen show.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use hdrhistogram::Histogram;

use super::{failure::Failures, measures::RequestCounts};

/// What is measured so far.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// Since the start of the measurement; `None` during the warm-up.
    pub elapsed: Option<Duration>,
    /// Requests that came to an end.
    pub finished: u64,
    /// Of these, such as failed.
    pub failed: u64,
    /// Requests that ended per second, of the last second.
    pub rate: f64,
    /// The stage.
    pub stage: usize,
    /// Whole seconds so far, the newest last; at most [`LIVE_SECONDS`].
    pub seconds: VecDeque<LiveSecond>,
    /// All latencies so far, in microseconds.
    pub latency: Option<Arc<Histogram<u64>>>,
    /// All counts so far.
    pub counts: RequestCounts,
    /// All failures so far.
    pub failures: Failures,
}

/// Seconds that [`Live`] remembers.
pub const LIVE_SECONDS: usize = 300;

/// One second as it went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveSecond {
    /// Answers.
    pub ok: u64,
    /// Failures.
    pub failed: u64,
    /// Milliseconds; 0 without an answer.
    pub p50: f64,
    /// Milliseconds; 0 without an answer.
    pub p99: f64,
}
