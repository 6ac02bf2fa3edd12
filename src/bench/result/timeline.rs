//! Parts of a run in a result file: stages, slices of time, and what the server counted meanwhile.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::distribution::Distribution;

/// A part of the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StageBody {
    /// Its name.
    pub name: String,
    /// Seconds from the start of the run.
    pub start: f64,
    /// Seconds.
    pub seconds: f64,
    /// Users or requests a second at its end.
    pub level: f64,
    /// Requests that came to an end.
    pub total: u64,
    /// Failures.
    pub errors: u64,
    /// Answers per second.
    pub success_rps: f64,
    /// Answers per second that are good.
    pub goodput_rps: f64,
    /// Degraded answers.
    pub degraded: u64,
    /// Latencies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Distribution>,
    /// Recall, where sources are expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<f64>,
}

/// Counters of the server during the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerBody {
    /// Sentences about it.
    pub story: Vec<String>,
    /// By how much each counter grew during the run.
    pub counted: BTreeMap<String, f64>,
    /// Samples taken during the run.
    pub samples: Vec<ServerSample>,
}

/// State of the server at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerSample {
    /// Seconds from the start of the run.
    pub at: f64,
    /// The worst state of any breaker: `closed`, `half_open` or `open`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<String>,
    /// Entries of the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_size: Option<f64>,
    /// Memory of the server in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<f64>,
    /// Connections to upstreams that are in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool_in_use: Option<f64>,
}

/// A part of the run over time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SliceBody {
    /// Seconds from the start of the run.
    pub start: f64,
    /// Seconds.
    pub seconds: f64,
    /// Requests that were sent and ended in it.
    pub sent: u64,
    /// Answers.
    pub ok: u64,
    /// Failures.
    pub errors: u64,
    /// Degraded answers.
    #[serde(default)]
    pub degraded: u64,
    /// Answers from the cache.
    #[serde(default)]
    pub cache_hits: u64,
    /// Median; absent without an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    /// 99th percentile; absent without an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
    /// Its latencies, as in [`ResultFile::histograms`](super::ResultFile::histograms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<String>,
}
