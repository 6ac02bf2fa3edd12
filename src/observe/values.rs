//! Values of an observation that are no single numbers.

use serde::{Deserialize, Serialize};

use crate::resilience::State;

/// A change of a breaker's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateTransition {
    /// Unix seconds of the server's clock.
    pub at: f64,
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// The reason, as the server says.
    pub reason: String,
}

/// One path of the LLM.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointMetrics {
    /// Requests, retries included.
    pub requests: Option<f64>,
    /// Requests that failed.
    pub errors: Option<f64>,
    /// From sending to the end of the response.
    pub latency_ms: PercentilesMs,
}

/// The connections to one upstream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PoolClient {
    /// Requests, retries included.
    pub requests: Option<f64>,
    /// Most calls at once.
    pub maxsize: Option<f64>,
    /// Connections with a request on them.
    pub in_use: Option<f64>,
    /// Connections without one.
    pub idle: Option<f64>,
    /// Calls that wait for their turn.
    pub waiting: Option<f64>,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PercentilesMs {
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
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
