//! What can be wrong with settings; every message says who said what, and what to do.

use std::{fmt, io, path::PathBuf};

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line, with its dashes.
    Flag(&'static str),
    /// An environment variable.
    Environment(&'static str),
    /// A line of `.env` in the working directory.
    DotEnv(&'static str),
    /// A config file.
    File(PathBuf),
    /// Nobody.
    Default,
}

impl Origin {
    /// Its rank among what may be said outside the command line, highest first; `None`: it is from the command line, or nobody
    /// said anything.
    pub(super) fn layer(&self) -> Option<u8> {
        match self {
            Self::Flag(_) | Self::Default => None,
            Self::Environment(_) => Some(0),
            Self::DotEnv(_) => Some(1),
            Self::File(_) => Some(2),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::DotEnv(name) => write!(f, ".env {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Settings that cannot be used. Never shows a secret.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value is out of range or of the wrong type.
    #[error("{origin}: {key} = {value:?}, but it must be {takes}")]
    Value {
        /// Where it comes from.
        origin: Origin,
        /// The setting.
        key: &'static str,
        /// The value, masked when it is secret.
        value: String,
        /// The values that it takes.
        takes: String,
    },
    /// An environment variable is not Unicode.
    #[error("environment {name}: {key} is not Unicode text, but it must be {takes}")]
    NotUnicode {
        /// The variable.
        name: &'static str,
        /// The setting.
        key: &'static str,
        /// The values that it takes.
        takes: String,
    },
    /// Neighbouring chunks would share more than half of themselves.
    #[error(
        "chunking.overlap = {overlap} ({overlap_origin}) is more than half of chunking.size = {size} ({size_origin}); \
         use an overlap of at most {} (--chunk-overlap, CHUNK_OVERLAP)", size / 2
    )]
    Overlap {
        /// The overlap, in characters.
        overlap: usize,
        /// Where it comes from.
        overlap_origin: Origin,
        /// The size, in characters.
        size: usize,
        /// Where it comes from.
        size_origin: Origin,
    },
    /// An option of a command does not take its value.
    #[error("{origin}: {key} = {value:?}: {detail}")]
    Refused {
        /// Where it comes from.
        origin: Origin,
        /// The setting.
        key: &'static str,
        /// The value.
        value: String,
        /// Why.
        detail: String,
    },
    /// Two options of which only one may be given.
    #[error("{key} ({origin}) and {other} ({other_origin}) exclude each other; set one of them")]
    Exclusive {
        /// One of them.
        key: &'static str,
        /// Where it comes from.
        origin: Origin,
        /// The other.
        other: &'static str,
        /// Where it comes from.
        other_origin: Origin,
    },
    /// The file has a key that means nothing.
    #[error("file {}: unknown key {key:?}; {hint}", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The known key that is most like it.
        hint: String,
    },
    /// The file is not TOML, or `.env` not `NAME=VALUE` lines.
    #[error("file {}, line {line}: {detail}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// Why. Not the line itself, which may hold a secret.
        detail: String,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
