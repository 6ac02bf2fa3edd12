//! Fences around parsers that were written by others: time, panics, and the number of threads lost to hostile input.
//!
//! A thread cannot be killed from outside. A parser that overruns its time is therefore *told* to stop (every parser asks
//! [`Deadline::check`] as often as its library lets it) and left behind meanwhile. Should it never listen, it costs a core and
//! its memory; [`MAX_STUCK`] keeps that from adding up.

use std::{
    any::Any,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use super::error::ExtractError;

/// How many overdue parsers may still be running before new documents are turned away.
const MAX_STUCK: usize = 4;

/// Stack of a parsing thread in bytes. Recursive parsers are bounded by their own depth limits (256 levels in the PDF parser);
/// this leaves room for those with a debug build's frames.
const STACK_BYTES: usize = 16 << 20;

/// How the detail of an error that was a panic begins.
pub(super) const PANICKED: &str = "the parser failed";

/// Overdue parsers that are still running.
static STUCK: AtomicUsize = AtomicUsize::new(0);

/// When a parser has to be done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    end: Option<Instant>,
    limit: Duration,
}

impl Deadline {
    /// A deadline this far from now.
    pub fn after(limit: Duration) -> Self {
        // A limit beyond what the clock can count is no limit.
        Self { end: Instant::now().checked_add(limit), limit }
    }

    /// Whether the time is over.
    pub fn passed(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    /// [`ExtractError::TimedOut`] once the time is over.
    pub fn check(&self) -> Result<(), ExtractError> {
        if self.passed() { Err(self.error()) } else { Ok(()) }
    }

    fn error(&self) -> ExtractError {
        ExtractError::TimedOut { limit: self.limit }
    }
}

/// Runs a parser on this thread and makes an error of a panic.
pub(super) fn catch<T>(
    format: &'static str,
    parse: impl FnOnce() -> Result<T, ExtractError>,
) -> Result<T, ExtractError> {
    // What the closure touched is dropped with it, so no broken invariant survives the unwinding.
    panic::catch_unwind(AssertUnwindSafe(parse)).unwrap_or_else(|payload| Err(damaged(format, &*payload)))
}

/// Runs a parser that may not come back on a thread of its own and waits until the deadline.
pub(super) fn run_bounded<T: Send + 'static>(
    format: &'static str,
    deadline: Deadline,
    parse: impl FnOnce() -> Result<T, ExtractError> + Send + 'static,
) -> Result<T, ExtractError> {
    let stuck = STUCK.load(Ordering::Relaxed);
    if stuck >= MAX_STUCK {
        return Err(ExtractError::Busy { stuck });
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    let given_up = Arc::new(AtomicBool::new(false));
    let thread_given_up = given_up.clone();
    thread::Builder::new().name("extract".to_owned()).stack_size(STACK_BYTES).spawn(move || {
        let result = catch(format, parse);
        // Either side may come first; whoever comes second does the accounting.
        if thread_given_up.swap(true, Ordering::AcqRel) {
            STUCK.fetch_sub(1, Ordering::Relaxed);
        }
        // An error means that nobody waits any more.
        let _ = sender.send(result);
    })?;
    let received = match deadline.end {
        Some(end) => receiver.recv_timeout(end.saturating_duration_since(Instant::now())).ok(),
        None => receiver.recv().ok(),
    };
    received.unwrap_or_else(|| {
        STUCK.fetch_add(1, Ordering::Relaxed);
        if given_up.swap(true, Ordering::AcqRel) {
            STUCK.fetch_sub(1, Ordering::Relaxed);
        }
        Err(deadline.error())
    })
}

/// The error for a parser that panicked.
fn damaged(format: &'static str, payload: &(dyn Any + Send)) -> ExtractError {
    ExtractError::Damaged { format, detail: format!("{PANICKED} ({})", panic_message(payload)) }
}

/// What a panic said, in one short line.
fn panic_message(payload: &(dyn Any + Send)) -> String {
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given");
    message.lines().next().unwrap_or_default().chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_says_why() {
        let error = catch::<()>("PDF", || panic!("index {} out of range", 7)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "damaged or not a PDF file: the parser failed (index 7 out of range); open it in its own application and save it anew"
        );
    }

    #[test]
    fn a_parser_that_does_not_come_back_is_left_behind() {
        let (release, hold) = mpsc::channel::<()>();
        let deadline = Deadline::after(Duration::from_millis(20));
        let error = run_bounded::<()>("PDF", deadline, move || {
            let _ = hold.recv();
            Ok(())
        })
        .unwrap_err();
        assert!(matches!(error, ExtractError::TimedOut { .. }), "{error}");
        drop(release);
    }

    #[test]
    fn a_parser_in_time_gives_its_result() {
        let result = run_bounded("PDF", Deadline::after(Duration::MAX), || Ok(42));
        assert_eq!(result.unwrap(), 42);
    }
}
