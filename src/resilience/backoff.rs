//! How long to wait before trying again.

use std::time::Duration;

/// Exponential backoff with full jitter: any time between nothing and a bound that doubles ("Exponential Backoff and
/// Jitter", Brooker 2015). Clients that failed together must not come back together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// Bound of the first wait.
    pub base: Duration,
    /// Bound of every wait.
    pub cap: Duration,
}

impl Backoff {
    /// The wait before retry `n` (from 0); `chance` is uniform in 0..1.
    pub fn wait(&self, n: u32, chance: f64) -> Duration {
        let bound = self.base.saturating_mul(2u32.saturating_pow(n.min(30))).min(self.cap);
        bound.mul_f64(chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn waits_stay_below_a_bound_that_doubles(n in 0u32..100, chance in 0.0f64..1.0) {
            let backoff = Backoff { base: Duration::from_millis(600), cap: Duration::from_secs(10) };
            let wait = backoff.wait(n, chance);
            let bound = 0.6 * 2f64.powi(n.min(30) as i32);
            prop_assert!(wait.as_secs_f64() <= bound.min(10.0) + 1e-9);
            prop_assert!(backoff.wait(n, 1.0) >= wait);
        }
    }
}
