//! Histograms as numbers of a result file: a summary in milliseconds, and the whole of it as text.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hdrhistogram::{
    Histogram,
    serialization::{Deserializer, Serializer, V2DeflateSerializer},
};
use serde::{Deserialize, Serialize};

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
