//! What every part of a recording shares: its version, its polls, its header, and what can go wrong.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use crate::observe::{Observation, Trouble};
use crate::util::time::UnixMillis;

/// The version of the format that is written, and the newest that is read.
pub const SCHEMA: u32 = 1;

/// The least that a recording is bounded to, bytes.
pub const MIN_BYTES: u64 = 64 * 1024;

/// The program that records.
pub(super) const PROGRAM: &str = "ragctl";

/// The longest line, bytes: whoever reads holds one in memory.
pub(super) const MAX_LINE: usize = 16 * 1024 * 1024;

/// What a server said, or did not say, when it was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Poll {
    /// The time of the request.
    pub at: UnixMillis,
    /// Its URL, without credentials.
    pub target: String,
    /// The answer, or the reason why there is none.
    pub result: Result<Observation, Trouble>,
}

/// The first line of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The version of its format; [`SCHEMA`] is written, whatever is asked for.
    pub schema: u32,
    /// The program that recorded it: always `ragctl`.
    pub program: String,
    /// The version of who recorded it; empty when that is not known.
    pub version: String,
    /// The time at which recording began.
    pub started: UnixMillis,
    /// Seconds from poll to poll; 0 when that is not known.
    pub interval_seconds: f64,
    /// The URLs that were polled, without credentials; none when that is not known.
    pub targets: Vec<String>,
}

/// An error that keeps a recording from being written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The folder that it is to be in is missing.
    #[error("the folder {} does not exist; create it, or record to another one", .0.display())]
    NoFolder(PathBuf),
    /// It would be a folder or a device.
    #[error("{} is not a regular file; give the path of a file", .0.display())]
    NotAFile(PathBuf),
    /// Something else would be moved away, and overwritten later.
    #[error("{} exists and is no recording; record to another file, or move that one away", .0.display())]
    Occupied(PathBuf),
    /// Two that record to one file would move each other's polls away.
    #[error("another process records to {}; record to another file, or end that process", .0.display())]
    Taken(PathBuf),
    /// A poll has more to tell than a line may hold.
    #[error("the poll of {target} is larger than {} MiB and was not recorded; look at what that server answers", MAX_LINE >> 20)]
    TooLarge {
        /// The URL that was polled.
        target: String,
    },
    /// The disk is full, or the like.
    #[error("the recording {} cannot be written: {source}; make room there, or record to another file", path.display())]
    Write {
        /// The recording.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// There is no room made for the next part.
    #[error("the recording {} cannot be moved to {}: {source}; close whatever uses these files", path.display(), to.display())]
    Move {
        /// The recording.
        path: PathBuf,
        /// The path of its older part.
        to: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// It is not there, or not for us.
    #[error("the recording {} cannot be read: {source}; check the path and its permissions", path.display())]
    Read {
        /// The recording.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("the recording {} is empty: nothing was recorded; give another file", .0.display())]
    Empty(PathBuf),
    /// It is something else.
    #[error("{} is no recording; give a file that `ragctl monitor` recorded", .0.display())]
    NotARecording(PathBuf),
    /// It is of a later version.
    #[error("{} was recorded by a newer ragctl (schema {schema}); update ragctl to read it", path.display())]
    Newer {
        /// The recording.
        path: PathBuf,
        /// The version of its format.
        schema: u32,
    },
}

/// Where the older part of a recording is: FILE.1.
pub(super) fn older(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".1");
    name.into()
}
