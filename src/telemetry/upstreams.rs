//! Series of circuit breakers and upstream clients: handles with their labels already set, so that counting costs no
//! lookup.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use super::{
    catalogue::{BREAKER_STATE, Breaker, Exposed, POOL_REUSED, Pool, Traffic, UPSTREAM_HEALTHY},
    registry::{SECONDS, counter, gauge, histogram, registered},
};

/// Why a call was made again: the kinds of errors that can be, and an idle connection that the upstream had closed.
pub const RETRY_REASONS: [&str; 9] = [
    "broken",
    "connect",
    "malformed",
    "overloaded",
    "reported",
    "stale_connection",
    "status",
    "timeout",
    "truncated_stream",
];

/// The families; [`breaker`](Self::breaker) and [`client`](Self::client) hand out their members.
pub(super) struct UpstreamMetrics {
    breaker_state: IntGaugeVec,
    breaker_calls: IntCounterVec,
    breaker_transitions: IntCounterVec,
    breaker_failures: IntGaugeVec,
    breaker_changed: GaugeVec,
    pool_requests: IntCounterVec,
    pool_size: IntGaugeVec,
    pool_connections: IntGaugeVec,
    pool_opened: IntCounterVec,
    pool_reused: IntCounterVec,
    pool_wait: HistogramVec,
    request_seconds: HistogramVec,
    retries: IntCounterVec,
    failovers: IntCounterVec,
    healthy: IntGaugeVec,
}

impl UpstreamMetrics {
    pub(super) fn new(r: &Registry) -> Self {
        let breaker = &["breaker_name"];
        let client = &["client_name"];
        let counted = |metric: Exposed, labels: &[&str]| counter(r, metric.name, metric.help, labels);
        let gauged = |metric: Exposed, labels: &[&str]| gauge(r, metric.name, metric.help, labels);
        Self {
            breaker_state: gauge(
                r,
                BREAKER_STATE,
                "State of the circuit breaker: 0 closed, 1 open, 2 half-open.",
                breaker,
            ),
            breaker_calls: counter(
                r,
                Breaker::calls().name,
                "Calls by how they ended; rejected ones were not made.",
                &["breaker_name", "status"],
            ),
            breaker_transitions: counted(Breaker::transitions(), &["breaker_name", "from_state", "to_state"]),
            breaker_failures: gauged(Breaker::consecutive_failures(), breaker),
            breaker_changed: registered(
                r,
                GaugeVec::new(Opts::new(Breaker::since().name, Breaker::since().help), breaker),
            ),
            pool_requests: counted(Pool::requests(), client),
            pool_size: gauge(r, Pool::maxsize().name, "Configured size of the pool.", &["client_name", "pool_type"]),
            pool_connections: gauged(Pool::open(), &["client_name", "state"]),
            pool_opened: counted(Pool::opened(), client),
            pool_reused: counter(r, POOL_REUSED, "Requests that found a connection ready.", client),
            pool_wait: histogram(
                r,
                "ollama_rag_connection_pool_wait_seconds",
                "How long calls waited for their turn.",
                client,
                SECONDS,
            ),
            request_seconds: histogram(
                r,
                "ollama_rag_upstream_request_seconds",
                "From sending a request to the end of its response.",
                &["client_name", "endpoint", "outcome"],
                SECONDS,
            ),
            retries: counted(Pool::retries(), &["client_name", "reason"]),
            failovers: counted(Traffic::failovers(), &["upstream", "at"]),
            healthy: gauge(
                r,
                UPSTREAM_HEALTHY,
                "1 when the upstream answered the last probe and has its models, else 0.",
                &["upstream"],
            ),
        }
    }

    pub(super) fn breaker(&self, name: &str) -> BreakerMetrics {
        let calls = |status: &str| self.breaker_calls.with_label_values(&[name, status]);
        for (from, to) in [("closed", "open"), ("open", "half_open"), ("half_open", "open"), ("half_open", "closed")] {
            self.breaker_transitions.with_label_values(&[name, from, to]);
        }
        let metrics = BreakerMetrics {
            success: calls("success"),
            failure: calls("failure"),
            rejected: calls("rejected"),
            consecutive_failures: self.breaker_failures.with_label_values(&[name]),
            state: self.breaker_state.with_label_values(&[name]),
            changed: self.breaker_changed.with_label_values(&[name]),
            transitions: self.breaker_transitions.clone(),
            name: name.to_owned(),
        };
        metrics.changed.set(seconds(SystemTime::now()));
        metrics
    }

    pub(super) fn failovers(&self) -> FailoverMetrics {
        FailoverMetrics(self.failovers.clone())
    }

    pub(super) fn healthy(&self, upstream: &str, healthy: bool) {
        self.healthy.with_label_values(&[upstream]).set(healthy.into());
    }

    pub(super) fn client(&self, name: &str) -> ClientMetrics {
        let connections = |state: &str| self.pool_connections.with_label_values(&[name, state]);
        for reason in RETRY_REASONS {
            self.retries.with_label_values(&[name, reason]);
        }
        ClientMetrics {
            requests: self.pool_requests.with_label_values(&[name]),
            opened: self.pool_opened.with_label_values(&[name]),
            reused: self.pool_reused.with_label_values(&[name]),
            open: connections("open"),
            in_use: connections("in_use"),
            idle: connections("idle"),
            wait: self.pool_wait.with_label_values(&[name]),
            size: self.pool_size.clone(),
            request_seconds: self.request_seconds.clone(),
            retries: self.retries.clone(),
            name: name.to_owned(),
        }
    }
}

/// Series of one breaker.
#[derive(Clone)]
pub struct BreakerMetrics {
    /// Calls that ended well.
    pub success: IntCounter,
    /// Calls that failed.
    pub failure: IntCounter,
    /// Calls that were not made.
    pub rejected: IntCounter,
    /// Failures since the last success.
    pub consecutive_failures: IntGauge,
    state: IntGauge,
    changed: Gauge,
    transitions: IntCounterVec,
    name: String,
}

impl BreakerMetrics {
    /// The state is another one now.
    pub fn changed(&self, from: &str, to: &str, code: u8, at: SystemTime) {
        self.transitions.with_label_values(&[&self.name, from, to]).inc();
        self.state.set(i64::from(code));
        self.changed.set(seconds(at));
    }
}

/// Series of answers that another upstream took over.
#[derive(Clone)]
pub struct FailoverMetrics(IntCounterVec);

impl FailoverMetrics {
    /// Makes the series of an upstream exist, at zero.
    pub fn announce(&self, upstream: &str) {
        for at in ["start", "middle"] {
            self.0.with_label_values(&[upstream, at]);
        }
    }

    /// Another upstream is asked instead of this one: from the `start` of the answer, or in its `middle`.
    pub fn failed_over(&self, upstream: &str, at: &'static str) {
        self.0.with_label_values(&[upstream, at]).inc();
    }
}

/// Series of the client of one upstream.
#[derive(Clone)]
pub struct ClientMetrics {
    /// Requests, retries included.
    pub requests: IntCounter,
    /// Connections that were opened.
    pub opened: IntCounter,
    /// Requests that found a connection ready.
    pub reused: IntCounter,
    /// Connections now.
    pub open: IntGauge,
    /// Those with a request on them.
    pub in_use: IntGauge,
    /// Those without.
    pub idle: IntGauge,
    /// Waiting for a turn, in seconds.
    pub wait: Histogram,
    size: IntGaugeVec,
    request_seconds: HistogramVec,
    retries: IntCounterVec,
    name: String,
}

impl ClientMetrics {
    /// Makes the series of an endpoint exist, at zero.
    pub fn announce(&self, endpoint: &str, outcomes: &[&str]) {
        for outcome in outcomes {
            self.request_seconds.with_label_values(&[&self.name, endpoint, outcome]);
        }
    }

    /// How the pool is configured.
    pub fn sizes(&self, connections: usize, maxsize: usize) {
        for (kind, size) in [("connections", connections), ("maxsize", maxsize)] {
            self.size.with_label_values(&[&self.name, kind]).set(i64::try_from(size).unwrap_or(i64::MAX));
        }
    }

    /// A request has ended.
    pub fn finished(&self, endpoint: &str, outcome: &str, took: Duration) {
        self.request_seconds.with_label_values(&[&self.name, endpoint, outcome]).observe(took.as_secs_f64());
    }

    /// Requests to an endpoint that ended like this.
    pub fn ended(&self, endpoint: &str, outcome: &str) -> u64 {
        self.request_seconds.with_label_values(&[&self.name, endpoint, outcome]).get_sample_count()
    }

    /// A call is made again.
    pub fn retried(&self, reason: &str) {
        self.retries.with_label_values(&[&self.name, reason]).inc();
    }
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
