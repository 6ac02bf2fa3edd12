//! Recordings: what was polled, as lines in a file that can be played back, searched and opened in a spreadsheet.
//!
//! NDJSON keeps all of a poll; CSV keeps what fits into a row, with one breaker (`all`) and no histogram. Every poll is
//! one line, written at once: a crash costs the line that was being written and nothing else. A recording is a FILE and,
//! once that got large, the FILE.1 beside it with what was before; together they stay within a bound. Who begins to record
//! to a FILE that is not large goes on with it: a header stands wherever that happened.

mod columns;
mod format;
mod lines;
mod lock;
mod reader;
mod transitions;
mod writer;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

pub use format::{Header, MIN_BYTES, Poll, RecordError, SCHEMA};
pub use reader::{Recording, is_recording};
pub use writer::Recorder;
