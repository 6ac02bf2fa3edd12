//! Tools around the semantic cache: what a running cache does, questions that fill it, replays that find its settings.

pub mod log;
pub mod replay;
pub mod report;
pub mod stats;
pub mod warm;
