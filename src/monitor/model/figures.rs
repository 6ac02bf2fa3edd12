//! What alerts, diagnosis and reports ask about a target.

use std::{cell::RefCell, time::Duration};

use super::{
    history::{self, Field, Row},
    target::{Target, gauge},
};
use crate::observe::Metric;
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
    pub fn get(&self, figure: Metric, window: Duration) -> Option<f64> {
        let (target, now) = (self.target, self.now);
        let silent = target.silent_since.is_some();
        match figure {
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
        let is = |wanted: fn(State) -> bool| Some(f64::from(u8::from(wanted(target.latest.as_ref()?.worst()?))));
        // As it was told: a row rounds, and 0.8 would be above 80 %.
        let last = |field| gauge(target.latest.as_deref()?, field);
        match figure {
            Metric::BreakerOpen => is(|state| state == State::Open),
            Metric::BreakerNotClosed => is(|state| state != State::Closed),
            Metric::ConsecutiveFailures => last(Field::ConsecutiveFailures),
            Metric::CacheFill => last(Field::Fill),
            Metric::PoolWaiting => last(Field::Waiting),
            Metric::Cpu => last(Field::Cpu),
            Metric::Memory => last(Field::Memory),
            Metric::Disk => last(Field::Disk),
            Metric::Resident => last(Field::Resident),
            Metric::PoolUse => pool_use(target),
            Metric::P50 => target.latency(0.5, window, now),
            Metric::P95 => target.latency(0.95, window, now),
            Metric::P99 => target.latency(0.99, window, now),
            Metric::EvictionsPerMinute => self.evictions_per_minute(window),
            Metric::QuestionsPerSecond => self.counted(window)?.rate(Field::Questions),
            Metric::Questions
            | Metric::Lookups
            | Metric::HitRate
            | Metric::ErrorRate
            | Metric::FailureRate
            | Metric::DegradedRate => of_counts(figure, &self.counted(window).or_else(|| target.lifetime())?),
            Metric::Unreachable | Metric::FailedPolls | Metric::BreakerTrips => None,
        }
    }

    fn evictions_per_minute(&self, window: Duration) -> Option<f64> {
        let counted = self.counted(window).and_then(|row| row.rate(Field::Evictions));
        counted.map(|rate| rate * 60.0).or_else(|| self.target.latest.as_ref()?.cache.as_ref()?.evictions_per_minute)
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

    /// What the server has counted since its start.
    fn lifetime(&self) -> Option<Row> {
        let seen = self.latest.as_ref()?;
        let (traffic, cache) = (seen.traffic.as_ref(), seen.cache.as_ref());
        let mut row = Row::new(self.told?, 0);
        row.set(Field::Questions, traffic.and_then(|traffic| traffic.questions));
        row.set(Field::Errors, traffic.and_then(|traffic| traffic.errors));
        row.set(Field::Degraded, traffic.and_then(|traffic| traffic.degraded));
        row.set(Field::Hits, cache.and_then(|cache| cache.hits));
        row.set(Field::Misses, cache.and_then(|cache| cache.misses));
        row.set(Field::Calls, seen.over(|breaker| breaker.calls));
        row.set(Field::Failures, seen.over(|breaker| breaker.failures));
        Some(row)
    }
}

/// Share of the pool that has requests on it.
pub fn pool_use(target: &Target) -> Option<f64> {
    let pool = target.latest.as_ref()?.pool.as_ref()?;
    let most = pool.maxsize.filter(|most| *most > 0.0)?;
    Some(pool.in_use? / most)
}

/// A figure that counts tell.
pub fn of_counts(figure: Metric, row: &Row) -> Option<f64> {
    let whole = |field| row.get(field);
    match figure {
        Metric::Questions => whole(Field::Questions),
        Metric::QuestionsPerSecond => row.rate(Field::Questions),
        Metric::Lookups => Some(whole(Field::Hits)? + whole(Field::Misses)?),
        Metric::HitRate => row.share(Field::Hits, &[Field::Hits, Field::Misses]),
        Metric::FailureRate => row.share(Field::Failures, &[Field::Calls]),
        Metric::DegradedRate => row.share(Field::Degraded, &[Field::Questions]),
        // Some errors are counted before their question is: never more than all of them.
        Metric::ErrorRate => match (whole(Field::Errors), whole(Field::Questions)) {
            (Some(errors), Some(questions)) if errors.max(questions) > 0.0 => Some(errors / errors.max(questions)),
            (Some(_), Some(_)) => None,
            _ => row.share(Field::Failures, &[Field::Calls]),
        },
        Metric::EvictionsPerMinute => row.rate(Field::Evictions).map(|rate| rate * 60.0),
        _ => None,
    }
}
