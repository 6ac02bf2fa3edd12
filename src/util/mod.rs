//! Tools without a domain: numbers into words, vectors, scripts, time, TLS, the process.

pub mod humanize;
pub mod process;
pub mod script;
pub mod time;
pub mod tls;
pub mod vectors;
