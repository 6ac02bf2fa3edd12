//! The facts that an answer tells about itself.

use std::time::{Duration, Instant};

/// Whether an answer comes from the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheClass {
    /// The same words were asked before.
    Exact,
    /// Other words of the same meaning.
    Semantic,
    /// It was not in the cache.
    Miss,
}

/// When the pieces of a stream came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamTimes {
    /// The first text.
    pub first: Instant,
    /// The last text.
    pub last: Instant,
    /// Pieces of text.
    pub pieces: u64,
    /// Tokens, when the server told.
    pub tokens: Option<u64>,
}

impl StreamTimes {
    /// The mean distance between tokens, or pieces where no tokens are told; `None` with fewer than two.
    pub fn distance(&self) -> Option<Duration> {
        let gaps = self.tokens.unwrap_or(self.pieces).checked_sub(1).filter(|gaps| *gaps > 0)?;
        Some((self.last - self.first).div_f64(gaps as f64))
    }
}

/// Sentences of an answer that claim something, and those of them that its documents say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProofCounts {
    /// That claim something.
    pub sentences: u64,
    /// That the documents say.
    pub supported: u64,
}

/// The facts that an answer tells about itself.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Observed {
    /// From the cache or not; `None`: it does not say.
    pub cache: Option<CacheClass>,
    /// Not what a healthy system would have given.
    pub degraded: bool,
    /// Share of the expected sources that it was made from.
    pub recall: Option<f32>,
    /// What the server says of its sentences.
    pub proof: Option<ProofCounts>,
    /// For a stream.
    pub stream: Option<StreamTimes>,
}
