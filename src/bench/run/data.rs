//! The data of a run, how it ended, or why it did not begin.

use std::{io, time::Duration};

use jiff::Timestamp;

use crate::bench::{
    measures::Measures,
    plan::Stage,
    slices::Slice,
    usage::{FdLimitError, GeneratorUsage},
};

/// Why a run did not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A generator thread or its event loop.
    #[error("the load generator cannot start: {0}")]
    Start(#[from] io::Error),
    /// More connections than files may be open.
    #[error(transparent)]
    Files(#[from] FdLimitError),
    /// Not one request of the warm-up got an answer.
    #[error("{base} accepts connections but answers nothing: {reason}; check the URL and the server's log")]
    Mute {
        /// The server.
        base: String,
        /// The last failure.
        reason: String,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It ended as planned.
    Completed,
    /// The user interrupted it.
    Interrupted,
    /// The server did not answer any more.
    ServerGone,
}

/// The measurements of a run.
pub struct RunData {
    /// When the measurement began.
    pub started: Timestamp,
    /// Time from the start to the last answer.
    pub took: Duration,
    /// How it ended.
    pub ended: Ended,
    /// Measures of the whole run.
    pub total: Measures,
    /// Measures by stage.
    pub stages: Vec<(Stage, Measures)>,
    /// Measures over time.
    pub slices: Vec<Slice>,
    /// Open loop: requests that were due and could not be sent.
    pub unsent: u64,
    /// Requests that were sent and whose answer was not waited for.
    pub unfinished: u64,
    /// CPU and memory of the generator.
    pub usage: GeneratorUsage,
    /// Generator threads.
    pub threads: usize,
}
