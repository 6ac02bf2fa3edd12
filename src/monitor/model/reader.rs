//! What alerts, diagnosis and reports ask about a target.

use std::{cell::RefCell, time::Duration};

use super::{
    history::{self, Row},
    target::Target,
};
use crate::observe::{Field, Growth, Metric, MetricSource};
use crate::resilience::State;
use crate::util::time::UnixMillis;

/// Sums of a target's counts, as of a moment: what several rules ask of the same window is added up once.
pub struct MetricReader<'a> {
    target: &'a Target,
    now: UnixMillis,
    counted: RefCell<Vec<(Duration, Option<Row>)>>,
}

impl<'a> MetricReader<'a> {
    /// The figures of a target as of `now`.
    pub fn new(target: &'a Target, now: UnixMillis) -> Self {
        Self { target, now, counted: RefCell::default() }
    }

    fn counted(&self, window: Duration) -> Option<Row> {
        let mut known = self.counted.borrow_mut();
        if let Some((_, row)) = known.iter().find(|(known, _)| *known == window) {
            return *row;
        }
        let row = self.target.counted(window, self.now);
        known.push((window, row));
        row
    }

    /// A figure over the last `window`; `None` when it is not known. Until there are two polls in the window,
    /// counts are those since the server's start: one look has to do for `--once`.
    pub fn get(&self, metric: Metric, window: Duration) -> Option<f64> {
        let (target, now) = (self.target, self.now);
        let silent = target.silent_since.is_some();
        match metric {
            Metric::Unreachable => return Some(f64::from(u8::from(silent))),
            Metric::FailedPolls => return Some(f64::from(target.failed_polls)),
            Metric::BreakerTrips => {
                let known = target.breakers.values().map(|line| line.trips(now - window, now)).max();
                return known.map(|trips| trips as f64);
            }
            // What was told before it fell silent says nothing about now.
            _ if silent => return None,
            _ => {}
        }
        let is = |wanted: fn(State) -> bool| {
            Some(f64::from(u8::from(wanted(target.latest.as_ref()?.worst_without_stand_in()?))))
        };
        match metric {
            Metric::BreakerOpen => return is(|state| state == State::Open),
            Metric::BreakerNotClosed => return is(|state| state != State::Closed),
            Metric::UpstreamsAway | Metric::UpstreamsThere => {
                let chain = target.latest.as_ref()?.chain();
                let counted = chain.iter().filter(|one| one.is_away() == (metric == Metric::UpstreamsAway)).count();
                return (!chain.is_empty()).then_some(counted as f64);
            }
            Metric::PoolUse => return pool_use(target),
            _ => {}
        }
        let told = match metric.source() {
            // As it was told: a row rounds, and 0.8 would be above 80 %.
            MetricSource::Gauge(field) => target.latest.as_deref()?.value(field),
            MetricSource::Latency(quantile) => target.latency(quantile, window, now),
            _ => self.counted(window).or_else(|| target.lifetime()).and_then(|row| metric.of_counts(&row)),
        };
        match metric {
            Metric::EvictionsPerMinute => told.or_else(|| target.latest.as_ref()?.cache.as_ref()?.evictions_per_minute),
            _ => told,
        }
    }
}

impl Target {
    /// One [figure](MetricReader::get) over the last `window`, as of `now`.
    pub fn metric(&self, metric: Metric, window: Duration, now: UnixMillis) -> Option<f64> {
        MetricReader::new(self, now).get(metric, window)
    }

    /// What was counted within the last `window`; `None` when there were not two polls.
    pub fn counted(&self, window: Duration, now: UnixMillis) -> Option<Row> {
        history::counts(self.history.between(now - window, now)).filter(|row| row.covered > 0)
    }

    /// The counts since the start of the server.
    fn lifetime(&self) -> Option<Row> {
        let seen = self.latest.as_ref()?;
        let mut row = Row::new(self.last_success?, 0);
        for field in Field::ALL.into_iter().filter(|field| field.growth() == Growth::Counter) {
            row.set(field, seen.value(field));
        }
        Some(row)
    }
}

/// Share of the pool that has requests on it.
pub fn pool_use(target: &Target) -> Option<f64> {
    let pool = target.latest.as_ref()?.pool.as_ref()?;
    let most = pool.maxsize.filter(|most| *most > 0.0)?;
    Some(pool.in_use? / most)
}
