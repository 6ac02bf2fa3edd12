//! A run from its warm-up to its last answer.
//!
//! Load is made by threads with an event loop each, which share nothing but the number of the next request; every second
//! each hands its measures on. The thread that started them adds these up, watches for the end, and reports what is measured
//! so far.

mod conductor;
mod data;
mod generator;

use std::io;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{live::Live, plan::RunPlan, usage::raise_fd_limit_for};

pub use data::{Ended, RunData, RunError};

use conductor::conduct;

/// Runs a plan. `begin` is called between the warm-up and the measurement and may block, `interrupt` ends it early, `live`
/// gets what is measured so far, ten times a second.
///
/// # Errors
/// When it cannot begin; whatever happens later is in the data.
pub async fn run(
    plan: RunPlan,
    start_at: Option<Timestamp>,
    begin: impl FnOnce() + Send + 'static,
    interrupt: CancellationToken,
    live: impl Fn(Live) + Send + 'static,
) -> Result<RunData, RunError> {
    raise_fd_limit_for(plan.load.connections())?;
    // Everything here waits by blocking, on a thread of its own: the runtime of the caller stays free.
    match tokio::task::spawn_blocking(move || conduct(plan, start_at, begin, &interrupt, &live)).await {
        Ok(done) => done,
        Err(error) => Err(RunError::Start(io::Error::other(error))),
    }
}
