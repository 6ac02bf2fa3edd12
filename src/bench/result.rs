//! The result file: what a run has shown, for people and programs of today and later.
//!
//! A superset of the predecessor's file, whose keys keep their names and meanings; its files can be read, too
//! ([`ResultFile::schema_version`] is 0 then). Times are milliseconds, to the microsecond.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hdrhistogram::{
    Histogram,
    serialization::{Deserializer, Serializer, V2DeflateSerializer},
};
use serde::{Deserialize, Serialize};

/// Version of the file's form that is written.
pub const SCHEMA_VERSION: u32 = 1;

/// Why a result file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The disk.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something else is in it.
    #[error("{} is no result of `ragctl bench` or of the script that it replaces: {reason}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It is newer than this program.
    #[error("{} has schema version {version}; this ragctl reads up to {SCHEMA_VERSION}: update it", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
}

/// What a run has shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResultFile {
    /// 0: written by the predecessor.
    #[serde(default)]
    pub schema_version: u32,
    /// What was done.
    pub test_info: TestInfo,
    /// What it showed.
    pub metrics: Metrics,
    /// What the machine of the load generator had to do.
    #[serde(default)]
    pub resource_usage: ResourceUsage,
    /// How the run ended: `completed`, `interrupted` or `server_gone`.
    #[serde(default = "completed")]
    pub ended: String,
    /// Whether the numbers are those of the server.
    #[serde(default)]
    pub soundness: Soundness,
    /// What a reader should know first.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Gates and whether they were met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateBody>,
    /// Parts of the run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageBody>,
    /// What the server counted meanwhile.
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

/// What was done.
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
    /// What else each question said (`k`, method, DB, …), or the body.
    pub request: String,
    /// Name of the queries.
    pub queries: String,
    /// What tells them from others.
    pub queries_fingerprint: String,
    /// How many there are.
    pub queries_count: u64,
    /// Their order.
    pub mix: String,
    /// What chance depended on.
    pub seed: u64,
    /// Requests before the measurement.
    pub warmup: u64,
    /// Seconds that a request could take.
    pub timeout_seconds: f64,
    /// Name of the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// What the user noted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// What it showed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// When the measurement began.
    pub timestamp: String,
    /// Requests that came to an end.
    pub total_requests: u64,
    /// Of these, such as got what was asked for.
    pub successful_requests: u64,
    /// The others.
    pub error_count: u64,
    /// Their share.
    pub error_rate_percent: f64,
    /// Requests that came to an end, per second; failures count, as they did in the predecessor's files.
    pub throughput_rps: f64,
    /// Latencies of successes; from when they were due.
    pub response_times_ms: ResponseTimes,
    /// From the start to the last answer.
    pub duration_seconds: f64,
    /// What the predecessor did not measure.
    #[serde(flatten)]
    pub more: Option<MoreMetrics>,
}

impl Metrics {
    /// Whether latencies and rates say something about the server.
    ///
    /// # Errors
    /// Half of the requests or more failed.
    pub fn mostly_answered(&self) -> Result<(), String> {
        let (failed, all) = (self.error_count, self.total_requests);
        if 2 * failed >= all {
            return Err(format!("{failed} of {all} requests failed: the rest says nothing"));
        }
        Ok(())
    }

    /// Answers per second.
    pub fn success_rate(&self) -> f64 {
        let whole = self.successful_requests as f64 / self.duration_seconds.max(1e-6);
        self.more.as_ref().map_or(whole, |more| more.success_rps)
    }
}

/// Latencies of successes, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResponseTimes {
    /// Median.
    pub p50: f64,
    /// 95th percentile of the sample; see [`MoreMetrics::withheld`].
    pub p95: f64,
    /// 99th percentile of the sample; see [`MoreMetrics::withheld`].
    pub p99: f64,
    /// Mean.
    pub mean: f64,
    /// Least.
    pub min: f64,
    /// Most.
    pub max: f64,
    /// 75th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p75: Option<f64>,
    /// 90th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<f64>,
    /// 99.9th percentile; only where the data can hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p999: Option<f64>,
    /// 99.99th percentile; only where the data can hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p9999: Option<f64>,
    /// Standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stddev: Option<f64>,
}

impl ResponseTimes {
    /// A figure by its name, `p50` to `p9999`, `mean`, `min` or `max`; `None` where the result does not have it.
    pub fn get(&self, name: &str) -> Option<f64> {
        match name {
            "p50" => Some(self.p50),
            "p75" => self.p75,
            "p90" => self.p90,
            "p95" => Some(self.p95),
            "p99" => Some(self.p99),
            "p999" => self.p999,
            "p9999" => self.p9999,
            "mean" => Some(self.mean),
            "min" => Some(self.min),
            "max" => Some(self.max),
            _ => None,
        }
    }
}

/// What the predecessor did not measure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MoreMetrics {
    /// Answers per second.
    pub success_rps: f64,
    /// Answers per second that were neither degraded nor made from none of the expected sources.
    pub goodput_rps: f64,
    /// Failures by class.
    pub errors: BTreeMap<String, u64>,
    /// What the first of each class said.
    pub error_samples: BTreeMap<String, String>,
    /// Failures by HTTP status.
    pub status_codes: BTreeMap<String, u64>,
    /// 95 % intervals of the quantiles, in milliseconds.
    pub intervals_ms: BTreeMap<String, [f64; 2]>,
    /// Quantiles that the sample cannot hold, with the successes that they need.
    pub withheld: BTreeMap<String, u64>,
    /// 95 % interval of the error rate, in percent.
    pub error_rate_interval: [f64; 2],
    /// Smallest change in percent that a comparison of two such runs tells from chance in four of five cases.
    pub detectable_change_percent: BTreeMap<String, f64>,
    /// Degraded answers.
    pub degraded_count: u64,
    /// Their share of the answers.
    pub degraded_percent: f64,
    /// Answers by what the cache had to do with them; absent where the server does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheShares>,
    /// Share of the expected sources that answers were made from, 0..=1; where sources are expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall: Option<f64>,
    /// Answers whose recall is known.
    pub recall_judged: u64,
    /// Answers that were neither degraded nor made from none of the expected sources.
    pub good: u64,
    /// Tokens of streams, where the server tells their number.
    pub stream_tokens: u64,
    /// Pieces of streams.
    pub stream_pieces: u64,
    /// Seconds between the first and the last piece, of all streams.
    pub stream_seconds: f64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// Connections that the load went over, those that the warm-up opened among them.
    pub connections_opened: u64,
    /// Idle connections that the server had closed.
    pub connections_stale: u64,
    /// Open loop: requests that were due and could not be sent before the end.
    pub unsent: u64,
    /// Requests whose answer had not come when the run ended.
    pub unfinished: u64,
    /// Latencies above one hour.
    pub saturated: u64,
    /// Open loop: requests that waited for a free connection.
    pub queued: u64,
    /// From when a request was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_ms: Option<Distribution>,
    /// Open loop: from when a request was due to when it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispatch_lag_ms: Option<Distribution>,
    /// Opening TCP connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<Distribution>,
    /// TLS on top of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_ms: Option<Distribution>,
    /// To the first byte of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttfb_ms: Option<Distribution>,
    /// To the first text of a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<Distribution>,
    /// Between tokens of a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inter_token_ms: Option<Distribution>,
    /// What `inter_token_ms` counts: `token` where the server tells their number, else `chunk`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inter_token_unit: Option<String>,
    /// Tokens (or chunks) per second while a stream writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<f64>,
    /// Answers from the cache, same words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact_hit_ms: Option<Distribution>,
    /// Answers from the cache, other words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semantic_hit_ms: Option<Distribution>,
    /// Answers that were not in the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miss_ms: Option<Distribution>,
    /// To a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_ms: Option<Distribution>,
    /// How the address was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resolution: Vec<ResolutionBody>,
}

/// A distribution in a few numbers; milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Observations.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// Least.
    pub min: f64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Most.
    pub max: f64,
}

impl Distribution {
    /// Of a histogram of microseconds; `None` when nothing was counted.
    pub fn of(histogram: Option<&Histogram<u64>>) -> Option<Self> {
        let histogram = histogram.filter(|histogram| !histogram.is_empty())?;
        let at = |quantile| ms(histogram.value_at_quantile(quantile));
        Some(Self {
            count: histogram.len(),
            mean: round(histogram.mean() / 1_000.0),
            min: ms(histogram.min()),
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: ms(histogram.max()),
        })
    }
}

/// Milliseconds of microseconds.
pub fn ms(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

/// To three digits behind the point.
pub fn round(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// Answers by what the cache had to do with them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CacheShares {
    /// Same words.
    pub exact: u64,
    /// Other words.
    pub semantic: u64,
    /// Not from the cache.
    pub misses: u64,
    /// Share of hits, in percent.
    pub hit_percent: f64,
}

/// How an address was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResolutionBody {
    /// The name.
    pub host: String,
    /// Time of the look-up.
    pub lookup_ms: f64,
    /// The address that was used.
    pub address: String,
    /// Addresses that were tried before, with what they took and why they did not do.
    pub refused: Vec<RefusedAddress>,
    /// Time lost on these: what a client that tries addresses in order pays with every connection.
    pub detour_ms: f64,
}

/// An address that did not do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RefusedAddress {
    /// The address.
    pub address: String,
    /// Time until that was clear.
    pub took_ms: f64,
    /// Why.
    pub reason: String,
}

/// What the machine of the load generator had to do.
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
    /// What was measured, in words.
    pub measured: String,
}

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

/// What the server counted meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerBody {
    /// In words.
    pub story: Vec<String>,
    /// What grew during the run, by series.
    pub counted: BTreeMap<String, f64>,
    /// What was seen on the way.
    pub samples: Vec<ServerSample>,
}

/// What the server said at a moment.
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
    /// Its latencies, as in [`ResultFile::histograms`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<String>,
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

/// A histogram as text, without loss.
pub fn encode(histogram: &Histogram<u64>) -> Option<String> {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(histogram, &mut bytes).ok()?;
    Some(BASE64_STANDARD.encode(bytes))
}

/// The histogram in a text.
pub fn decode(text: &str) -> Option<Histogram<u64>> {
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    Deserializer::new().deserialize(&mut bytes.as_slice()).ok()
}
