//! The result file of a run, for people and programs of today and later.
//!
//! A superset of the predecessor's file, whose keys keep their names and meanings; its files can be read, too
//! ([`ResultFile::schema_version`] is 0 then). Times are milliseconds, to the microsecond.

mod distribution;
mod metrics;
mod timeline;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

pub use distribution::{Distribution, decode, encode, ms, round};
pub use metrics::{CacheShares, Metrics, MoreMetrics, RefusedAddress, ResolutionBody, ResponseTimes};
pub use timeline::{ServerBody, ServerSample, SliceBody, StageBody};

/// Version of the file's form that is written.
pub const SCHEMA_VERSION: u32 = 1;

/// Why a result file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is no result.
    #[error("{} is no result of `ragctl bench` or of the script that it replaces: {reason}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The file is newer than this program.
    #[error("{} has schema version {version}; this ragctl reads up to {SCHEMA_VERSION}: update it", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultFile {
    /// 0: written by the predecessor.
    #[serde(default)]
    pub schema_version: u32,
    /// The load.
    pub test_info: TestInfo,
    /// The measurements.
    pub metrics: Metrics,
    /// CPU and memory of the machine of the load generator.
    #[serde(default)]
    pub resource_usage: ResourceUsage,
    /// How the run ended: `completed`, `interrupted` or `server_gone`.
    #[serde(default = "completed")]
    pub ended: String,
    /// Whether the numbers are those of the server.
    #[serde(default)]
    pub soundness: Soundness,
    /// Sentences that a reader must know before the numbers.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// The gates and their verdicts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateBody>,
    /// Parts of the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageBody>,
    /// Counters of the server during the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerBody>,
    /// Where the load came from.
    #[serde(default)]
    pub environment: Environment,
    /// The run over time.
    #[serde(default)]
    pub timeline: Vec<SliceBody>,
    /// HDR histograms (V2, deflated, base64) by what they count, in microseconds.
    #[serde(default)]
    pub histograms: BTreeMap<String, String>,
}

fn completed() -> String {
    "completed".into()
}

/// The load, in the words of the predecessor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TestInfo {
    /// Name of the run.
    pub test_name: String,
    /// Requests that were asked for, or, for a run by time, that were sent.
    pub num_requests: u64,
    /// Most requests at once.
    pub concurrent_requests: u64,
    /// The server.
    pub base_url: String,
    /// Everything that shapes the load and that the predecessor did not write.
    #[serde(flatten)]
    pub load: Option<LoadInfo>,
}

/// What shapes the load. Runs that differ here are not compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadInfo {
    /// All servers.
    pub urls: Vec<String>,
    /// `closed` or `open`.
    pub loop_kind: String,
    /// Open loop: `constant` or `poisson`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<String>,
    /// Open loop: the highest rate, per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Seconds that were asked for, when the run was to end by time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_seconds: Option<f64>,
    /// How the load changes over time.
    #[serde(default)]
    pub profile: String,
    /// HTTP method and path; of query values only a fingerprint.
    pub endpoint: String,
    /// Other fields of each question (`k`, method, DB, …), or the body.
    pub request: String,
    /// Name of the queries.
    pub queries: String,
    /// Hash of the queries, their clusters and expected sources.
    pub queries_fingerprint: String,
    /// Number of queries.
    pub queries_count: u64,
    /// Their order.
    pub mix: String,
    /// Seed of the random choices.
    pub seed: u64,
    /// Requests before the measurement.
    pub warmup: u64,
    /// Seconds that a request could take.
    pub timeout_seconds: f64,
    /// Name of the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// Notes of the user, from `--tag`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// CPU and memory of the machine of the load generator during the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceUsage {
    /// All cores.
    pub cpu_percent: f64,
    /// Memory in use.
    pub memory_percent: f64,
    /// Memory free for use, in MiB.
    pub memory_available_mb: f64,
    /// Cores that the generator used, on average.
    pub generator_cores: f64,
    /// Memory of the generator, in MiB.
    pub generator_memory_mb: f64,
}

/// Whether the numbers are those of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Soundness {
    /// If not, a comparison is refused.
    pub sound: bool,
    /// Why not.
    pub reasons: Vec<String>,
}

impl Default for Soundness {
    fn default() -> Self {
        Self { sound: true, reasons: Vec::new() }
    }
}

/// A gate and whether it was met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateBody {
    /// As it was given.
    pub gate: String,
    /// `met`, `missed` or `unknown`: what cannot be told is not met.
    pub verdict: String,
    /// The measured value, or why there is none.
    pub measured: String,
}

/// Where the load came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// Version of ragctl.
    pub ragctl: String,
    /// Operating system and its version.
    pub os: String,
    /// Processor.
    pub cpu: String,
    /// Cores.
    pub cores: usize,
    /// Memory in MiB.
    pub memory_mb: u64,
    /// Name of the machine.
    pub host: String,
    /// Generator threads.
    pub threads: usize,
}

impl ResultFile {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, holds something else, or is too new.
    pub fn load(path: &Path) -> Result<Self, ResultError> {
        let foreign = |reason: String| ResultError::Foreign { path: path.to_owned(), reason };
        let text = fs::read_to_string(path).map_err(|source| match source.kind() {
            io::ErrorKind::InvalidData => foreign("it is no text".into()),
            _ => ResultError::Io { path: path.to_owned(), source },
        })?;
        let mut read: Self = serde_json::from_str(&text).map_err(|error| foreign(error.to_string()))?;
        if read.schema_version > SCHEMA_VERSION {
            return Err(ResultError::TooNew { path: path.to_owned(), version: read.schema_version });
        }
        if read.schema_version == 0 {
            // All its fields have defaults: what was never measured must not read as zero.
            read.metrics.more = None;
        }
        let m = &read.metrics;
        let times = &m.response_times_ms;
        let numbers = [times.p50, times.p95, times.p99, times.mean, times.min, times.max, m.duration_seconds];
        if m.successful_requests + m.error_count != m.total_requests
            || numbers.iter().any(|n| !n.is_finite() || *n < 0.0)
        {
            return Err(foreign("its counts contradict each other".into()));
        }
        Ok(read)
    }

    /// A histogram of it; `None` where it has none.
    pub fn histogram(&self, name: &str) -> Option<Histogram<u64>> {
        decode(self.histograms.get(name)?)
    }
}
