//! JSON metrics: supersets of what dashboards of both dialects read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /api/circuit-breaker/metrics`. The fields at the top sum over all breakers.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct BreakerMetricsResponse {
    /// Unix seconds.
    pub timestamp: f64,
    /// The worst state, in upper case.
    pub state: String,
    /// Failed calls.
    pub failure_count: u64,
    /// Successful calls.
    pub success_count: u64,
    /// Both.
    pub total_calls: u64,
    /// RFC 3339, the newest of all.
    pub last_failure_time: Option<String>,
    /// By name.
    pub circuit_breakers: BTreeMap<String, BreakerBody>,
    /// How many there are.
    pub summary: BreakerSummary,
}

/// One breaker.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct BreakerBody {
    /// Its name.
    pub name: String,
    /// `closed`, `open` or `half_open`.
    pub state: String,
    /// Calls that were made and judged.
    pub total_calls: u64,
    /// Those that ended well.
    pub success_calls: u64,
    /// Those that failed.
    pub failure_calls: u64,
    /// Calls that were not let through.
    pub rejected_calls: u64,
    /// Failures since the last success.
    pub consecutive_failures: u32,
    /// Successes since the last failure.
    pub consecutive_successes: u32,
    /// Share of `total_calls` that failed, in percent.
    pub error_rate_percent: f64,
    /// Share that ended well.
    pub success_rate_percent: f64,
    /// Changes of state since the start.
    pub state_transitions: u64,
    /// RFC 3339.
    pub last_failure_time: Option<String>,
    /// RFC 3339.
    pub last_success_time: Option<String>,
    /// Since when it has not been closed; RFC 3339.
    pub opened_at: Option<String>,
    /// Seconds until it lets a probe through; null unless it is open.
    pub retry_after_seconds: Option<f64>,
    /// When it trips.
    pub config: BreakerConfig,
    /// The last 100 changes of state, oldest first.
    pub history: Vec<BreakerTransition>,
}

/// Settings of a breaker.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct BreakerConfig {
    /// Failures in a row that open it.
    pub failure_threshold: u32,
    /// Seconds that it stays open at first.
    pub timeout: f64,
    /// Successful probes that close it.
    pub success_threshold: u32,
    /// Calls from which on the failure rate counts.
    pub window_size: u32,
    /// Most probes at once.
    pub half_open_max_calls: u32,
}

/// A change of state.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct BreakerTransition {
    /// RFC 3339.
    pub at: String,
    /// Before.
    pub from: String,
    /// After.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// How many breakers are in which state.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct BreakerSummary {
    /// All.
    pub total_circuits: usize,
    /// Open ones.
    pub open_circuits: usize,
    /// Half-open ones.
    pub half_open_circuits: usize,
}

/// `GET /api/connection-pool/metrics`. Sums over the clients of all upstreams.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PoolMetricsResponse {
    /// Unix seconds.
    pub timestamp: f64,
    /// As configured.
    pub pool_connections: usize,
    /// Most calls at once, per upstream.
    pub pool_maxsize: usize,
    /// Most idle connections, per upstream.
    pub max_keepalive_connections: usize,
    /// Seconds that an idle connection is kept.
    pub keepalive_expiry: f64,
    /// What happened.
    pub connection_pool: PoolBody,
}

/// What happened in the pools.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PoolBody {
    /// Requests that were sent, retries included.
    pub total_requests: u64,
    /// As configured.
    pub pool_config: PoolConfig,
    /// Connections since the start.
    pub connections_opened: u64,
    /// Connections now.
    pub connections_open: u64,
    /// Those with a request on them.
    pub connections_in_use: u64,
    /// Those without.
    pub connections_idle: u64,
    /// Share of requests that found a connection ready, 0..=1.
    pub reuse_rate: f64,
    /// Calls that wait for their turn.
    pub waiting: u64,
    /// How long calls waited for their turn.
    pub wait_ms: PercentilesBody,
    /// By path; of several upstreams with the same path the busiest.
    pub by_endpoint: BTreeMap<String, EndpointBody>,
    /// By upstream.
    pub clients: BTreeMap<String, PoolClientBody>,
}

/// What happened in the pool of one upstream.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PoolClientBody {
    /// Requests that were sent, retries included.
    pub total_requests: u64,
    /// Most calls at once.
    pub pool_maxsize: usize,
    /// Connections since the start.
    pub connections_opened: u64,
    /// Connections now.
    pub connections_open: u64,
    /// Those with a request on them.
    pub connections_in_use: u64,
    /// Those without.
    pub connections_idle: u64,
    /// Calls that wait for their turn.
    pub waiting: u64,
    /// How long calls waited for their turn.
    pub wait_ms: PercentilesBody,
}

/// Size of a pool.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PoolConfig {
    /// As configured.
    pub pool_connections: usize,
    /// Most calls at once.
    pub pool_maxsize: usize,
    /// Whether the others wait.
    pub pool_block: bool,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PercentilesBody {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// One path of an upstream.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct EndpointBody {
    /// Requests that were sent, retries included.
    pub requests: u64,
    /// Those that failed.
    pub errors: u64,
    /// Those that were retries.
    pub retries: u64,
    /// From sending to the end of the response.
    pub latency_ms: PercentilesBody,
    /// Opening a connection.
    pub connect_ms: PercentilesBody,
    /// From sending to the head of the response.
    pub ttfb_ms: PercentilesBody,
}
