//! A run over time: seconds, or longer slices when there would be too many.

use std::{
    collections::{BTreeMap, VecDeque, btree_map::Entry},
    time::Duration,
};

use hdrhistogram::{
    Histogram,
    serialization::{Deserializer, Serializer, V2Serializer},
};

use super::{
    live::{LIVE_SECONDS, LiveSecond},
    measures::{Measures, Timed, histogram},
    quantile,
    result::{SliceBody, decode},
    windows::Windows,
};
use crate::util::statistics::TWO_SIDED_95;

/// Most slices that are kept; beyond that each becomes twice as long.
const MOST: usize = 600;

/// Windows that may still get something from a slow thread.
const OPEN: u64 = 3;

/// A part of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// From the start of the run.
    pub start: Duration,
    /// How long it is.
    pub length: Duration,
    /// The stage.
    pub stage: usize,
    /// Requests that were sent and ended in it.
    pub sent: u64,
    /// Answers.
    pub ok: u64,
    /// Failures.
    pub errors: u64,
    /// Degraded answers.
    pub degraded: u64,
    /// Answers from the cache.
    pub hits: u64,
    /// Latencies in microseconds, as HDR histograms are written (V2): a hundredth of the memory of one that counts.
    pub(super) latency: Vec<u8>,
}

impl Slice {
    /// Adds what another one counted.
    pub(super) fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.ok += other.ok;
        self.errors += other.errors;
        self.degraded += other.degraded;
        self.hits += other.hits;
        let mut sum = self.histogram();
        if sum.add(other.histogram()).is_ok() {
            self.latency = pack(&sum);
        }
    }

    /// A slice of a result file.
    pub fn from_body(body: &SliceBody) -> Self {
        let latency = body.histogram.as_deref().and_then(decode);
        Self {
            start: Duration::from_secs_f64(body.start.max(0.0)),
            length: Duration::from_secs_f64(body.seconds.max(0.0)),
            stage: 0,
            sent: body.sent,
            ok: body.ok,
            errors: body.errors,
            degraded: body.degraded,
            hits: body.cache_hits,
            latency: latency.as_ref().map(pack).unwrap_or_default(),
        }
    }

    /// Its latencies.
    pub fn histogram(&self) -> Histogram<u64> {
        Deserializer::new().deserialize(&mut self.latency.as_slice()).unwrap_or_else(|_| histogram())
    }

    /// A quantile of its latencies in microseconds; 0 without an answer.
    pub fn quantile(&self, quantile: f64) -> u64 {
        self.histogram().value_at_quantile(quantile)
    }
}

/// Writing to memory does not fail; an empty one reads back as none.
fn pack(histogram: &Histogram<u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = V2Serializer::new().serialize(histogram, &mut bytes);
    bytes.shrink_to_fit();
    bytes
}

/// Collects slices, in bounded memory.
pub(super) struct Slices {
    windows: Windows,
    /// Windows in a slice.
    width: u64,
    open: BTreeMap<u64, (usize, Measures)>,
    closed: BTreeMap<(usize, u64), Slice>,
    live: VecDeque<LiveSecond>,
}

impl Slices {
    pub(super) fn new(windows: Windows) -> Self {
        Self { windows, width: 1, open: BTreeMap::new(), closed: BTreeMap::new(), live: VecDeque::new() }
    }

    pub(super) const fn windows(&self) -> &Windows {
        &self.windows
    }

    /// The last seconds.
    pub(super) fn live(&self) -> VecDeque<LiveSecond> {
        self.live.clone()
    }

    pub(super) fn add(&mut self, stage: usize, window: u64, measures: &Measures) {
        self.open.entry(window).or_insert_with(|| (stage, Measures::default())).1.merge(measures);
        while let Some((&oldest, _)) = self.open.first_key_value()
            && oldest + OPEN <= window.max(self.open.last_key_value().map_or(0, |(newest, _)| *newest))
        {
            self.close_first();
        }
    }

    fn close_first(&mut self) {
        let Some((window, (stage, measures))) = self.open.pop_first() else { return };
        let errors = measures.failures.total();
        let start = self.windows.start(stage, window);
        let counts = measures.counts;
        let slice = Slice {
            start,
            length: self.windows.end(start) - start,
            stage,
            sent: counts.sent,
            ok: counts.ok,
            errors,
            degraded: counts.degraded,
            hits: counts.exact + counts.semantic,
            latency: measures.times(Timed::Latency).map(pack).unwrap_or_default(),
        };
        let ms = |quantile| slice.quantile(quantile) as f64 / 1_000.0;
        self.live.push_back(LiveSecond { ok: slice.ok, failed: errors, p50: ms(0.5), p99: ms(0.99) });
        if self.live.len() > LIVE_SECONDS {
            self.live.pop_front();
        }
        self.put(window, slice);
        if self.closed.len() > MOST {
            self.widen();
        }
    }

    /// A window belongs to a slice of its stage; the first of a stage starts with it.
    fn put(&mut self, window: u64, slice: Slice) {
        let first = self.windows.first(slice.stage);
        let key = (slice.stage, window - (window - first) % self.width);
        match self.closed.entry(key) {
            Entry::Vacant(free) => {
                free.insert(slice);
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.length = (slice.start + slice.length).saturating_sub(known.start);
                known.add(&slice);
            }
        }
    }

    fn widen(&mut self) {
        self.width *= 2;
        for ((_, window), slice) in std::mem::take(&mut self.closed) {
            self.put(window, slice);
        }
    }

    /// All slices, in order, of a run that took this long: the last may be shorter than the others.
    pub(super) fn finish(mut self, took: Duration) -> Vec<Slice> {
        while !self.open.is_empty() {
            self.close_first();
        }
        let mut slices: Vec<Slice> = self.closed.into_values().collect();
        if let Some(last) = slices.last_mut() {
            last.length = last.length.min(took.saturating_sub(last.start)).max(Duration::from_millis(1));
        }
        slices
    }
}

/// Standard error of the logarithm of a quantile: of independent observations by its interval, or, where the run was
/// longer, by how much seconds differ, whichever is larger. Requests that wait for the same thing are not independent.
pub fn log_error(histogram: &Histogram<u64>, slices: &[Slice], quantile: f64) -> Option<f64> {
    let estimate = quantile::estimate(histogram, quantile)?;
    let own = ((estimate.high.max(1.0)).ln() - (estimate.low.max(1.0)).ln()) / (2.0 * TWO_SIDED_95);
    let logs: Vec<f64> = slices
        .iter()
        .filter(|slice| slice.ok >= quantile::needed(quantile))
        .map(|slice| (slice.quantile(quantile).max(1) as f64).ln())
        .collect();
    if logs.len() < 10 {
        return Some(own);
    }
    let (_, deviation) = quantile::spread(&logs);
    Some(own.max(deviation / (logs.len() as f64).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(latency_ms: u64) -> Measures {
        let mut measures = Measures::default();
        measures.counts.ok = 1;
        measures.record(Timed::Latency, Duration::from_millis(latency_ms));
        measures
    }

    #[test]
    fn slices_are_seconds_in_order_whatever_thread_is_late() {
        let mut slices = Slices::new(Windows::new([Duration::from_secs(100)]));
        for window in [0, 1, 0, 2, 1, 3, 2] {
            slices.add(0, window, &second(10 * (window + 1)));
        }
        let done = slices.finish(Duration::from_secs(3_000));
        assert_eq!(
            done.iter().map(|slice| (slice.start.as_secs(), slice.ok)).collect::<Vec<_>>(),
            [(0, 2), (1, 2), (2, 2), (3, 1)]
        );
        assert!(done[3].quantile(0.5).abs_diff(40_000) < 50);
    }

    #[test]
    fn a_long_run_has_longer_slices_and_loses_nothing() {
        let mut slices = Slices::new(Windows::new([Duration::from_secs(1_000), Duration::from_secs(1_001)]));
        for window in 0..2_001 {
            slices.add(usize::from(window >= 1_000), window, &second(1 + window % 7));
        }
        assert_eq!(slices.live().len(), LIVE_SECONDS);
        let done = slices.finish(Duration::from_secs(3_000));
        assert!(done.len() <= MOST, "{}", done.len());
        assert_eq!(done.iter().map(|slice| slice.ok).sum::<u64>(), 2_001);
        assert_eq!(done.iter().map(|slice| slice.histogram().len()).sum::<u64>(), 2_001);
        assert_eq!(done.iter().find(|slice| slice.stage == 1).unwrap().start, Duration::from_secs(1_000));
        assert!(done.windows(2).all(|two| two[0].start + two[0].length <= two[1].start));
    }
}
