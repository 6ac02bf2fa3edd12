//! What a run measured, as a result file writes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::distribution::Distribution;

/// The measurements of a run.
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
    /// Measurements that the predecessor did not make.
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

/// Measurements that the predecessor did not make.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MoreMetrics {
    /// Answers per second.
    pub success_rps: f64,
    /// Answers per second that were neither degraded, nor made from none of the expected sources, nor said what no document says.
    pub goodput_rps: f64,
    /// Failures by class.
    pub errors: BTreeMap<String, u64>,
    /// The message of the first failure of each class.
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
    /// Sentences of answers that claim something, of servers that prove them.
    pub sentences: u64,
    /// Those of them that the documents say.
    pub supported_sentences: u64,
    /// Their share; absent where the server does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supported_percent: Option<f64>,
    /// Answers that were neither degraded, nor made from none of the expected sources, nor said what no document says.
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
    /// Name look-up and connection attempts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resolution: Vec<ResolutionBody>,
}

/// Answers by exact hit, semantic hit and miss.
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

/// The name look-up and connection attempts that led to an address.
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

/// An address that did not accept a connection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RefusedAddress {
    /// The address.
    pub address: String,
    /// Time until the attempt failed.
    pub took_ms: f64,
    /// The error.
    pub reason: String,
}
