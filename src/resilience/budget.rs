//! How many retries an outage may cost.

use std::time::Duration;

use tokio::time::Instant;

/// Retries per request that is made.
const SHARE: f64 = 0.2;

/// Retries per second that are allowed anyway, so that a quiet server can retry at all.
const FLOOR: f64 = 1.0;

/// Most that can be saved up, in retries: ten seconds of the floor.
const MOST: f64 = 10.0;

/// A bucket of retries: each request puts a fifth of one in, and so does each fifth of a second. When an upstream fails
/// every call, it gets 1.2 times the calls of a healthy one, not four times as many.
#[derive(Debug, Clone)]
pub struct RetryBudget {
    saved: f64,
    seen: Instant,
}

impl RetryBudget {
    /// A full bucket.
    pub fn new(now: Instant) -> Self {
        Self { saved: MOST, seen: now }
    }

    /// A request is made.
    pub fn request(&mut self, now: Instant) {
        self.pass(now);
        self.saved = (self.saved + SHARE).min(MOST);
    }

    /// Takes out one retry, if there is one.
    pub fn retry(&mut self, now: Instant) -> bool {
        self.pass(now);
        let granted = self.saved >= 1.0;
        if granted {
            self.saved -= 1.0;
        }
        granted
    }

    fn pass(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.seen).min(Duration::from_secs(60));
        self.seen = self.seen.max(now);
        self.saved = (self.saved + passed.as_secs_f64() * FLOOR).min(MOST);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever comes when: retries ≤ 20 % of requests + 1/s + what was saved at first.
        #[test]
        fn an_outage_is_not_multiplied(steps in prop::collection::vec((0u64..500, prop::bool::ANY), 1..400)) {
            let start = Instant::now();
            let mut budget = RetryBudget::new(start);
            let (mut now, mut requests, mut retries) = (start, 0.0, 0.0);
            for (ms, request) in steps {
                now += Duration::from_millis(ms);
                if request {
                    budget.request(now);
                    requests += 1.0;
                }
                while budget.retry(now) {
                    retries += 1.0;
                }
            }
            let allowed = SHARE * requests + FLOOR * (now - start).as_secs_f64() + MOST;
            prop_assert!(retries <= allowed + 1e-6, "{retries} > {allowed}");
        }
    }

    #[test]
    fn a_quiet_server_may_retry_once_a_second() {
        let start = Instant::now();
        let mut budget = RetryBudget::new(start);
        while budget.retry(start) {}
        assert!(!budget.retry(start + Duration::from_millis(900)));
        assert!(budget.retry(start + Duration::from_millis(1_100)));
    }
}
