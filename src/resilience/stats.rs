//! What really happened between this process and an upstream, counted once.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::PoolSettings;
use crate::telemetry::ClientMetrics;

/// Longest time that is told apart, in microseconds: an hour.
const LONGEST_US: u64 = 3_600_000_000;

/// Counters and times of the client of one upstream.
pub struct ClientStats {
    name: String,
    settings: PoolSettings,
    metrics: ClientMetrics,
    waiting: AtomicUsize,
    waits: Mutex<Histogram<u64>>,
    endpoints: Mutex<BTreeMap<&'static str, Endpoint>>,
}

struct Endpoint {
    requests: u64,
    retries: u64,
    latency: Histogram<u64>,
    connect: Histogram<u64>,
    first_byte: Histogram<u64>,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self { requests: 0, retries: 0, latency: times(), connect: times(), first_byte: times() }
    }
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Percentiles {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// What one endpoint of an upstream shows.
#[derive(Debug, Clone)]
pub struct EndpointSnapshot {
    /// Requests that were sent, retries included.
    pub requests: u64,
    /// Those that failed.
    pub errors: u64,
    /// Those that were retries.
    pub retries: u64,
    /// From sending to the end of the response.
    pub latency: Percentiles,
    /// Opening a connection, for the requests that needed one.
    pub connect: Percentiles,
    /// From sending to the head of the response.
    pub first_byte: Percentiles,
}

/// What a client shows.
#[derive(Debug, Clone)]
pub struct ClientSnapshot {
    /// Its name.
    pub name: String,
    /// Its pool.
    pub settings: PoolSettings,
    /// Requests that were sent, retries included.
    pub requests: u64,
    /// Connections since the start.
    pub opened: u64,
    /// Connections now.
    pub open: u64,
    /// Those with a request on them.
    pub in_use: u64,
    /// Those without.
    pub idle: u64,
    /// Requests that found a connection ready.
    pub reused: u64,
    /// Calls that wait for their turn now.
    pub waiting: u64,
    /// How long calls waited for their turn.
    pub wait: Percentiles,
    /// By path.
    pub endpoints: BTreeMap<&'static str, EndpointSnapshot>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestOutcome {
    /// Its response was read to the end.
    Success,
    /// It failed.
    Error,
    /// Nobody wanted its response any more.
    Cancelled,
}

impl RequestOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Success, Self::Error, Self::Cancelled];

    /// The name in metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
        }
    }
}

impl ClientStats {
    /// Zeros, for an upstream with these endpoints.
    pub fn new(
        name: impl Into<String>,
        settings: PoolSettings,
        metrics: ClientMetrics,
        endpoints: &[&'static str],
    ) -> Self {
        for endpoint in endpoints {
            metrics.announce(endpoint, &RequestOutcome::ALL.map(RequestOutcome::as_str));
        }
        metrics.sizes(settings.connections, settings.maxsize);
        Self {
            name: name.into(),
            settings,
            metrics,
            waiting: AtomicUsize::new(0),
            waits: Mutex::new(times()),
            endpoints: Mutex::new(endpoints.iter().map(|endpoint| (*endpoint, Endpoint::default())).collect()),
        }
    }

    /// The client's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A request is about to be sent.
    pub fn start(self: &Arc<Self>, endpoint: &'static str) -> CallTimer {
        self.metrics.requests.inc();
        self.endpoints.lock().entry(endpoint).or_default().requests += 1;
        CallTimer { stats: Arc::clone(self), endpoint, started: Instant::now(), outcome: RequestOutcome::Cancelled }
    }

    /// A call is made again; `reason` is one of a small fixed set.
    pub fn retried(&self, endpoint: &'static str, reason: &str) {
        self.metrics.retried(reason);
        self.endpoints.lock().entry(endpoint).or_default().retries += 1;
    }

    /// A connection stands.
    pub(super) fn opened(&self, took: Duration, endpoint: Option<&'static str>, replaced: bool) {
        self.metrics.opened.inc();
        if !replaced {
            self.metrics.open.inc();
            self.metrics.in_use.inc();
        }
        if let Some(endpoint) = endpoint {
            record(&mut self.endpoints.lock().entry(endpoint).or_default().connect, took);
        }
    }

    pub(super) fn reused(&self) {
        self.metrics.reused.inc();
    }

    pub(super) fn closed(&self, was_idle: bool) {
        self.metrics.open.dec();
        if was_idle { self.metrics.idle.dec() } else { self.metrics.in_use.dec() }
    }

    pub(super) fn rested(&self) {
        self.metrics.in_use.dec();
        self.metrics.idle.inc();
    }

    pub(super) fn taken(&self) {
        self.metrics.idle.dec();
        self.metrics.in_use.inc();
    }

    /// Counts a caller in the queue for as long as the guard lives.
    pub(super) fn queue(self: &Arc<Self>) -> (usize, Queued) {
        let ahead = self.waiting.fetch_add(1, Ordering::Relaxed);
        (ahead, Queued(Arc::clone(self)))
    }

    pub(super) fn waited(&self, time: Duration) {
        self.metrics.wait.observe(time.as_secs_f64());
        record(&mut self.waits.lock(), time);
    }

    /// What it shows.
    pub fn snapshot(&self) -> ClientSnapshot {
        let gauge = |gauge: &prometheus::IntGauge| u64::try_from(gauge.get()).unwrap_or(0);
        ClientSnapshot {
            name: self.name.clone(),
            settings: self.settings,
            requests: self.metrics.requests.get(),
            opened: self.metrics.opened.get(),
            open: gauge(&self.metrics.open),
            in_use: gauge(&self.metrics.in_use),
            idle: gauge(&self.metrics.idle),
            reused: self.metrics.reused.get(),
            waiting: self.waiting.load(Ordering::Relaxed) as u64,
            wait: percentiles(&self.waits.lock()),
            endpoints: self
                .endpoints
                .lock()
                .iter()
                .map(|(path, endpoint)| {
                    (*path, endpoint.snapshot(self.metrics.ended(path, RequestOutcome::Error.as_str())))
                })
                .collect(),
        }
    }
}

impl Endpoint {
    fn snapshot(&self, errors: u64) -> EndpointSnapshot {
        EndpointSnapshot {
            requests: self.requests,
            errors,
            retries: self.retries,
            latency: percentiles(&self.latency),
            connect: percentiles(&self.connect),
            first_byte: percentiles(&self.first_byte),
        }
    }
}

/// A caller in the queue.
pub(super) struct Queued(Arc<ClientStats>);

impl Drop for Queued {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One request under way. Dropped without an outcome it counts as cancelled.
pub struct CallTimer {
    stats: Arc<ClientStats>,
    endpoint: &'static str,
    started: Instant,
    outcome: RequestOutcome,
}

impl CallTimer {
    /// The path that is asked.
    pub fn endpoint(&self) -> &'static str {
        self.endpoint
    }

    /// The head of the response is here.
    pub fn first_byte(&self) {
        let took = self.started.elapsed();
        record(&mut self.stats.endpoints.lock().entry(self.endpoint).or_default().first_byte, took);
    }

    /// The request has ended.
    pub fn finish(mut self, outcome: RequestOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for CallTimer {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        record(&mut self.stats.endpoints.lock().entry(self.endpoint).or_default().latency, took);
        self.stats.metrics.finished(self.endpoint, self.outcome.as_str(), took);
    }
}

fn times() -> Histogram<u64> {
    // Two digits: a few kB each, and an error below 1 %.
    Histogram::new_with_bounds(1, LONGEST_US, 2).expect("the bounds are valid")
}

fn record(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record(u64::try_from(time.as_micros()).unwrap_or(LONGEST_US).clamp(1, LONGEST_US));
}

fn percentiles(histogram: &Histogram<u64>) -> Percentiles {
    if histogram.is_empty() {
        return Percentiles::default();
    }
    let at = |percentile: f64| histogram.value_at_percentile(percentile) as f64 / 1e3;
    Percentiles { p50: at(50.0), p95: at(95.0), p99: at(99.0) }
}
