//! What alerts, diagnosis and reports ask about a target.

use std::time::Duration;

use super::{
    history::{self, Field, Row},
    target::{Target, over},
};
use crate::{
    monitor::{figure::Figure, moment::Moment},
    resilience::State,
};

impl Target {
    /// A figure over the last `window`, as of `now`; `None` when it is not known. Until there are two polls in the window,
    /// counts are those since the server's start: one look has to do for `--once`.
    pub fn figure(&self, figure: Figure, window: Duration, now: Moment) -> Option<f64> {
        let silent = self.silent_since.is_some();
        match figure {
            Figure::Unreachable => return Some(f64::from(u8::from(silent))),
            Figure::FailedPolls => return Some(f64::from(self.failed_polls)),
            Figure::BreakerTrips => {
                let known = self.breakers.values().map(|line| line.trips(now - window, now)).max();
                return known.map(|trips| trips as f64);
            }
            // What was told before it fell silent says nothing about now.
            _ if silent => return None,
            _ => {}
        }
        let is = |wanted: fn(State) -> bool| Some(f64::from(u8::from(wanted(self.latest.as_ref()?.worst()?))));
        let last = |field| self.history.last().and_then(|row| row.get(field));
        match figure {
            Figure::BreakerOpen => is(|state| state == State::Open),
            Figure::BreakerNotClosed => is(|state| state != State::Closed),
            Figure::ConsecutiveFailures => last(Field::ConsecutiveFailures),
            Figure::CacheFill => last(Field::Fill),
            Figure::PoolWaiting => last(Field::Waiting),
            Figure::Cpu => last(Field::Cpu),
            Figure::Memory => last(Field::Memory),
            Figure::Disk => last(Field::Disk),
            Figure::Resident => last(Field::Resident),
            Figure::PoolUse => pool_use(self),
            Figure::P50 => self.latency(0.5, window, now),
            Figure::P95 => self.latency(0.95, window, now),
            Figure::P99 => self.latency(0.99, window, now),
            Figure::EvictionsPerMinute => self.evictions_per_minute(window, now),
            Figure::QuestionsPerSecond => self.counted(window, now)?.rate(Field::Questions),
            Figure::Questions
            | Figure::Lookups
            | Figure::HitRate
            | Figure::ErrorRate
            | Figure::FailureRate
            | Figure::DegradedRate => of_counts(figure, &self.counted(window, now).or_else(|| self.lifetime())?),
            Figure::Unreachable | Figure::FailedPolls | Figure::BreakerTrips => None,
        }
    }

    /// What was counted within the last `window`; `None` when there were not two polls.
    pub fn counted(&self, window: Duration, now: Moment) -> Option<Row> {
        history::sum(self.history.between(now - window, now)).filter(|row| row.covered > 0)
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
        row.set(Field::Calls, over(seen, |breaker| breaker.calls));
        row.set(Field::Failures, over(seen, |breaker| breaker.failures));
        Some(row)
    }

    fn evictions_per_minute(&self, window: Duration, now: Moment) -> Option<f64> {
        let counted = self.counted(window, now).and_then(|row| row.rate(Field::Evictions));
        counted.map(|rate| rate * 60.0).or_else(|| self.latest.as_ref()?.cache.as_ref()?.evictions_per_minute)
    }
}

/// Share of the pool that has requests on it.
pub fn pool_use(target: &Target) -> Option<f64> {
    let pool = target.latest.as_ref()?.pool.as_ref()?;
    let most = pool.maxsize.filter(|most| *most > 0.0)?;
    Some(pool.in_use? / most)
}

/// A figure that counts tell.
pub fn of_counts(figure: Figure, row: &Row) -> Option<f64> {
    let whole = |field| row.get(field);
    match figure {
        Figure::Questions => whole(Field::Questions),
        Figure::QuestionsPerSecond => row.rate(Field::Questions),
        Figure::Lookups => Some(whole(Field::Hits)? + whole(Field::Misses)?),
        Figure::HitRate => row.share(Field::Hits, &[Field::Hits, Field::Misses]),
        Figure::FailureRate => row.share(Field::Failures, &[Field::Calls]),
        Figure::DegradedRate => row.share(Field::Degraded, &[Field::Questions]),
        // Some errors are counted before their question is: never more than all of them.
        Figure::ErrorRate => match (whole(Field::Errors), whole(Field::Questions)) {
            (Some(errors), Some(questions)) if errors.max(questions) > 0.0 => Some(errors / errors.max(questions)),
            (Some(_), Some(_)) => None,
            _ => row.share(Field::Failures, &[Field::Calls]),
        },
        Figure::EvictionsPerMinute => row.rate(Field::Evictions).map(|rate| rate * 60.0),
        _ => None,
    }
}
