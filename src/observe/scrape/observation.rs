//! What a server told at a moment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::resilience::State;

/// What a server told at a moment. Counters count since its start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Observation {
    /// How it is.
    pub health: Option<Health>,
    /// Its circuit breakers by name.
    pub breakers: BTreeMap<String, Breaker>,
    /// Its connections to the LLM.
    pub pool: Option<Pool>,
    /// Its cache.
    pub cache: Option<Cache>,
    /// The questions that it was asked.
    pub traffic: Option<Traffic>,
    /// Its process.
    pub process: Option<Process>,
    /// Its clock, Unix seconds: tells by how much it is off from ours.
    pub clock: Option<f64>,
    /// How long it took to tell, milliseconds.
    pub took_ms: Option<f64>,
    /// What could not be read, and why.
    pub notes: Vec<String>,
}

impl Observation {
    /// Whether it told anything.
    pub fn is_empty(&self) -> bool {
        self.health.is_none()
            && self.breakers.is_empty()
            && self.pool.is_none()
            && self.cache.is_none()
            && self.traffic.is_none()
            && self.process.is_none()
    }

    /// Forgets what no server has so much of: names of breakers and paths that grow without end.
    pub(super) fn bound(&mut self) {
        const BREAKERS: usize = 64;
        const ENDPOINTS: usize = 256;
        let endpoints = self.pool.as_mut().map(|pool| &mut pool.endpoints);
        for (what, most, many) in [
            ("breakers", BREAKERS, keep(&mut self.breakers, BREAKERS)),
            ("endpoints", ENDPOINTS, endpoints.map_or(0, |endpoints| keep(endpoints, ENDPOINTS))),
        ] {
            if many > most {
                self.notes.push(format!("it has {many} {what}; the first {most} are looked at"));
            }
        }
    }

    /// The sum over all breakers that tell.
    pub fn over(&self, count: impl Fn(&Breaker) -> Option<f64>) -> Option<f64> {
        self.breakers.values().filter_map(count).reduce(|a, b| a + b)
    }

    /// The state of the breaker that is worst off.
    pub fn worst(&self) -> Option<State> {
        self.breakers.values().filter_map(|breaker| breaker.state).max_by_key(|state| state.severity())
    }
}

/// Keeps the first entries of a map; how many there were.
fn keep<T>(map: &mut BTreeMap<String, T>, most: usize) -> usize {
    let many = map.len();
    while map.len() > most {
        map.pop_last();
    }
    many
}

/// How a server is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// `healthy`, `degraded`, `unhealthy`, or what else it says.
    pub status: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Seconds since its start.
    pub uptime_seconds: Option<f64>,
    /// Whether its LLM answers.
    pub upstream: Option<bool>,
    /// Whether its DB can be read.
    pub database: Option<bool>,
    /// Documents in it.
    pub documents: Option<f64>,
    /// All cores of its machine, 0 to 100.
    pub cpu_percent: Option<f64>,
    /// Memory of its machine in use, 0 to 100.
    pub memory_percent: Option<f64>,
    /// Its disk, 0 to 100.
    pub disk_percent: Option<f64>,
}

/// A circuit breaker.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    /// What it lets through.
    pub state: Option<State>,
    /// Calls that were judged.
    pub calls: Option<f64>,
    /// Those that failed.
    pub failures: Option<f64>,
    /// Calls that were not let through.
    pub rejected: Option<f64>,
    /// Failures since the last success.
    pub consecutive_failures: Option<f64>,
    /// Failures in a row that open it.
    pub failure_threshold: Option<f64>,
    /// Changes of state.
    pub transitions: Option<f64>,
    /// Times that it opened.
    pub opened: Option<f64>,
    /// Times that it closed.
    pub closed: Option<f64>,
    /// Seconds until the next probe.
    pub retry_after_seconds: Option<f64>,
    /// Since when it has been in its state, Unix seconds of the server's clock.
    pub since: Option<f64>,
    /// Its last changes of state, oldest first.
    pub history: Vec<Turn>,
}

/// A change of a breaker's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Unix seconds of the server's clock.
    pub at: f64,
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// Why.
    pub reason: String,
}

/// Connections to the LLM.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pool {
    /// Most calls at once.
    pub maxsize: Option<f64>,
    /// Requests, retries included.
    pub requests: Option<f64>,
    /// Connections that were opened.
    pub opened: Option<f64>,
    /// Connections now.
    pub open: Option<f64>,
    /// Those with a request on them.
    pub in_use: Option<f64>,
    /// Those without.
    pub idle: Option<f64>,
    /// Calls that wait for their turn.
    pub waiting: Option<f64>,
    /// Share of requests that found a connection ready, 0..=1.
    pub reuse_rate: Option<f64>,
    /// How long calls waited for their turn.
    pub wait_ms: Percentiles,
    /// Calls that were made again.
    pub retries: Option<f64>,
    /// By path.
    pub endpoints: BTreeMap<String, Endpoint>,
}

/// One path of the LLM.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Endpoint {
    /// Requests, retries included.
    pub requests: Option<f64>,
    /// Those that failed.
    pub errors: Option<f64>,
    /// From sending to the end of the response.
    pub latency_ms: Percentiles,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Percentiles {
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
}

/// The semantic cache.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cache {
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// Questions that it answered.
    pub hits: Option<f64>,
    /// Of these, in words that were known.
    pub exact: Option<f64>,
    /// Of these, in other words.
    pub semantic: Option<f64>,
    /// Questions that it did not answer.
    pub misses: Option<f64>,
    /// Near neighbours whose answers were not given.
    pub refused: Option<f64>,
    /// Entries that made room.
    pub evictions: Option<f64>,
    /// Those of the last minute.
    pub evictions_per_minute: Option<f64>,
    /// Entries now.
    pub size: Option<f64>,
    /// Most entries.
    pub max_size: Option<f64>,
    /// `size` of `max_size`, 0..=1.
    pub fill: Option<f64>,
}

/// Questions to a server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Traffic {
    /// Questions, those that got an error included.
    pub questions: Option<f64>,
    /// Those that got an error.
    pub errors: Option<f64>,
    /// Answers that were not what a healthy system would have given.
    pub degraded: Option<f64>,
    /// From a question to the end of its answer.
    pub latency: Option<Histogram>,
}

/// A histogram as Prometheus has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Histogram {
    /// Upper bounds in seconds, rising, with the count of everything up to each.
    pub buckets: Vec<(f64, f64)>,
    /// Everything.
    pub count: f64,
}

impl Histogram {
    /// What was added since `earlier`; everything when that has other bounds, or is not earlier.
    pub fn since(&self, earlier: &Self) -> Self {
        let same = self.buckets.len() == earlier.buckets.len()
            && self.buckets.iter().zip(&earlier.buckets).all(|(new, old)| new.0 == old.0 && new.1 >= old.1);
        if !same || self.count < earlier.count {
            return self.clone();
        }
        let buckets = self.buckets.iter().zip(&earlier.buckets).map(|(new, old)| (new.0, new.1 - old.1)).collect();
        Self { buckets, count: self.count - earlier.count }
    }

    /// Adds what another counted; of one with other bounds only the newest is kept.
    pub fn add(&mut self, other: &Self) {
        let same = self.buckets.len() == other.buckets.len()
            && self.buckets.iter().zip(&other.buckets).all(|(mine, theirs)| mine.0 == theirs.0);
        if !same {
            self.clone_from(other);
            return;
        }
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            mine.1 += theirs.1;
        }
        self.count += other.count;
    }

    /// A quantile in seconds, linear within its bucket as `histogram_quantile` of Prometheus; the highest bound when it
    /// is above all. `None` when nothing was counted.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if self.count <= 0.0 {
            return None;
        }
        let rank = q * self.count;
        let (mut low, mut below) = (0.0, 0.0);
        for &(bound, upto) in &self.buckets {
            if upto >= rank {
                let inside = upto - below;
                let share = if inside > 0.0 { ((rank - below) / inside).clamp(0.0, 1.0) } else { 1.0 };
                return Some(low + (bound - low) * share);
            }
            (low, below) = (bound, upto);
        }
        (low > 0.0).then_some(low)
    }
}

/// The server's process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Process {
    /// Bytes in memory.
    pub resident_bytes: Option<f64>,
    /// Seconds of a core since its start.
    pub cpu_seconds: Option<f64>,
    /// Open files.
    pub open_fds: Option<f64>,
    /// When it started, Unix seconds.
    pub started: Option<f64>,
}
