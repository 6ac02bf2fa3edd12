//! Quantiles with their uncertainty, and when a quantile may be told at all.

use hdrhistogram::Histogram;
use statrs::{
    distribution::{Binomial, DiscreteCDF},
    function::beta::beta_reg,
};

use crate::util::statistics::{TWO_SIDED_95, wilson};

/// The quantiles that are told.
pub const QUANTILES: [(&str, f64); 7] =
    [("p50", 0.5), ("p75", 0.75), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999), ("p9999", 0.9999)];

/// Observations on both sides from which the normal distribution does: the exact functions lose their precision with millions.
const MANY: f64 = 1_000.0;

/// Half of what a 95 % interval leaves out.
const TAIL: f64 = 0.025;

/// A quantile and the interval that holds the true one with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The quantile of the sample.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Observations below which a quantile of a sample says nothing about that of the system: the whole sample would lie below
/// the true quantile with more than 2.5 % probability, so that no interval has an upper end.
pub fn needed(quantile: f64) -> u64 {
    let above = (TAIL.ln() / quantile.ln()).ceil();
    let below = (TAIL.ln() / (1.0 - quantile).ln()).ceil();
    above.max(below) as u64
}

/// The quantile of independent observations, with the interval of order statistics whose ranks enclose it by the binomial
/// distribution. `None` where the data cannot hold it.
pub fn estimate(histogram: &Histogram<u64>, quantile: f64) -> Option<Estimate> {
    let count = histogram.len();
    if count < needed(quantile) {
        return None;
    }
    let (below, above) = (count as f64 * quantile, count as f64 * (1.0 - quantile));
    // P(B < low) and P(B >= high) are each at most the tail.
    let (low, high) = if below.min(above) > MANY {
        let reach = TWO_SIDED_95 * (below * (1.0 - quantile)).sqrt();
        ((below - reach) as u64, (below + reach) as u64 + 1)
    } else {
        let ranks = Binomial::new(quantile, count).ok()?;
        (ranks.inverse_cdf(TAIL), ranks.inverse_cdf(1.0 - TAIL) + 1)
    };
    let (low, high) = (low.max(1), high.min(count));
    let at = |rank: u64| histogram.value_at_quantile(rank as f64 / count as f64) as f64;
    Some(Estimate { value: histogram.value_at_quantile(quantile) as f64, low: at(low), high: at(high) })
}

/// Mean and standard deviation of a sample of at least two.
pub(super) fn spread(sample: &[f64]) -> (f64, f64) {
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    let squares: f64 = sample.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

/// The interval of Clopper and Pearson for a share, with 95 % confidence; of many on both sides, Wilson's.
pub fn share(count: u64, of: u64) -> Estimate {
    let (k, n) = (count as f64, of as f64);
    if k.min(n - k) > MANY {
        let (low, high) = wilson(k, n, TWO_SIDED_95).unwrap_or((0.0, 1.0));
        return Estimate { value: k / n, low, high };
    }
    let low = match count {
        0 => 0.0,
        all if all >= of => TAIL.powf(1.0 / n),
        _ => beta_quantile(k, n - k + 1.0, TAIL),
    };
    let high = match count {
        _ if count >= of => 1.0,
        0 => 1.0 - TAIL.powf(1.0 / n),
        _ => beta_quantile(k + 1.0, n - k, 1.0 - TAIL),
    };
    Estimate { value: if of == 0 { 0.0 } else { k / n }, low, high }
}

/// Where the distribution function of a beta distribution reaches a probability. By bisection, which ends for any count; the
/// library's own inverse does not for some shares of many millions.
fn beta_quantile(a: f64, b: f64, probability: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if beta_reg(a, b, middle) < probability { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_needed_counts_are_those_of_the_order_statistics() {
        assert_eq!([0.5, 0.95, 0.99, 0.999].map(needed), [6, 72, 368, 3_688]);
    }

    #[test]
    fn an_interval_encloses_the_true_quantile_as_often_as_it_says() {
        let mut random = fastrand::Rng::with_seed(5);
        for quantile in [0.5, 0.95] {
            let mut held = 0;
            for _ in 0..1_000 {
                let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000, 3).unwrap();
                for _ in 0..400 {
                    histogram.record((random.f64() * 1_000_000.0) as u64).unwrap();
                }
                let Estimate { low, high, value } = estimate(&histogram, quantile).unwrap();
                assert!(low <= value && value <= high);
                held += u32::from((low..=high).contains(&(quantile * 1_000_000.0)));
            }
            assert!((940..=990).contains(&held), "{held} of 1000 for {quantile}");
        }
    }

    #[test]
    fn a_share_of_nothing_is_not_zero_for_sure() {
        let none = share(0, 100);
        assert_eq!((none.value, none.low), (0.0, 0.0));
        // The rule of three, with 2.5 % instead of 5 %.
        assert!((none.high - 0.0362).abs() < 0.0002, "{}", none.high);
        assert_eq!(share(100, 100).high, 1.0);
        assert_eq!(share(0, 0).high, 1.0);
        let some = share(5, 50);
        assert!((some.low - 0.0333).abs() < 0.0002 && (some.high - 0.2181).abs() < 0.0002, "{some:?}");
        // Many millions, too.
        for count in [0, 1, 10, 900, 1_100, 20_000_000, 39_999_999, 40_000_000] {
            let Estimate { value, low, high } = share(count, 40_000_000);
            assert!(low <= value && value <= high && high - low < 0.001, "{count}");
        }
    }
}
