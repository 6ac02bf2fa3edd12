//! Failures of requests, by class.

use std::{collections::BTreeMap, fmt};

/// A class of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorClass {
    /// HTTP 429: the server refuses because too much is asked.
    Http429,
    /// Any other HTTP status from 400 to 499.
    Http4xx,
    /// An HTTP status from 500 on.
    Http5xx,
    /// An HTTP status below 200 or from 300 to 399: no answer to the request.
    HttpOther,
    /// No complete answer within the time limit.
    Timeout,
    /// No connection.
    Connect,
    /// No TLS session.
    Tls,
    /// The connection broke before the answer began.
    Reset,
    /// It broke, or ended, within the answer.
    Truncated,
    /// A stream ended without its last event.
    TruncatedStream,
    /// A stream told of an error.
    StreamError,
    /// The answer is no HTTP.
    Protocol,
    /// The body is not what the API promises.
    Body,
}

impl ErrorClass {
    /// Every class.
    pub const ALL: [Self; 13] = [
        Self::Http429,
        Self::Http4xx,
        Self::Http5xx,
        Self::HttpOther,
        Self::Timeout,
        Self::Connect,
        Self::Tls,
        Self::Reset,
        Self::Truncated,
        Self::TruncatedStream,
        Self::StreamError,
        Self::Protocol,
        Self::Body,
    ];

    /// Its name in files and gates.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http429 => "http_429",
            Self::Http4xx => "http_4xx",
            Self::Http5xx => "http_5xx",
            Self::HttpOther => "http_other",
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::Truncated => "truncated",
            Self::TruncatedStream => "truncated_stream",
            Self::StreamError => "stream_error",
            Self::Protocol => "protocol",
            Self::Body => "body",
        }
    }

    /// The class of a status that is no success.
    pub const fn of_status(status: u16) -> Self {
        match status {
            429 => Self::Http429,
            400..=499 => Self::Http4xx,
            500.. => Self::Http5xx,
            _ => Self::HttpOther,
        }
    }

    /// Whether the server did not answer at all: it may be gone.
    pub const fn is_silence(self) -> bool {
        matches!(self, Self::Connect | Self::Tls | Self::Reset)
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFailure {
    /// Its class.
    pub class: ErrorClass,
    /// The HTTP status, when there was one.
    pub status: Option<u16>,
    /// A sentence about it, perhaps with words of the server.
    pub message: String,
}

impl RequestFailure {
    /// A failure without an HTTP status.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, status: None, message: message.into() }
    }
}

/// Failures of one class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Number of failures.
    pub count: u64,
    /// The message of the first one.
    pub sample: String,
}

/// Failures by class and by status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failures {
    /// By class.
    pub classes: BTreeMap<ErrorClass, Tally>,
    /// By HTTP status, where there was one.
    pub statuses: BTreeMap<u16, u64>,
}

impl Failures {
    /// Adds one.
    pub fn add(&mut self, failure: RequestFailure) {
        if let Some(status) = failure.status {
            *self.statuses.entry(status).or_default() += 1;
        }
        let tally = self.classes.entry(failure.class).or_default();
        tally.count += 1;
        if tally.sample.is_empty() {
            tally.sample = failure.message;
        }
    }

    /// Adds those of another part of the run.
    pub fn merge(&mut self, other: &Self) {
        for (class, tally) in &other.classes {
            let own = self.classes.entry(*class).or_default();
            own.count += tally.count;
            if own.sample.is_empty() {
                own.sample.clone_from(&tally.sample);
            }
        }
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
    }

    /// Number of all failures.
    pub fn total(&self) -> u64 {
        self.classes.values().map(|tally| tally.count).sum()
    }

    /// Number of failures of a class.
    pub fn of(&self, class: ErrorClass) -> u64 {
        self.classes.get(&class).map_or(0, |tally| tally.count)
    }
}
