//! Intervals for shares that were counted, and for means.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Standard deviations of a normal distribution beyond which, on both sides together, 5 % lie.
pub const TWO_SIDED_95: f64 = 1.959_964;

/// Standard deviations of a normal distribution beyond which, on one side, 5 % lie.
pub const ONE_SIDED_95: f64 = 1.644_9;

/// Wilson's score interval for a share: its lower and upper end, each `z` standard deviations away. `None` when nothing was
/// counted.
pub fn wilson(count: f64, of: f64, z: f64) -> Option<(f64, f64)> {
    if of <= 0.0 {
        return None;
    }
    let (p, z2) = (count / of, z * z);
    let middle = p + z2 / (2.0 * of);
    let spread = z * (p * (1.0 - p) / of + z2 / (4.0 * of * of)).sqrt();
    let end = |at: f64| (at / (1.0 + z2 / of)).clamp(0.0, 1.0);
    Some((end(middle - spread), end(middle + spread)))
}

/// Student's 95 % interval of the mean of these values; `None` for fewer than two.
pub fn mean_interval(values: &[f64]) -> Option<[f64; 2]> {
    if values.len() < 2 {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let half = StudentsT::new(0.0, 1.0, n - 1.0).ok()?.inverse_cdf(0.975) * (variance / n).sqrt();
    Some([mean - half, mean + half])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_that_of_the_textbook() {
        // t(0.975; 4) = 2.776, variance 2.5: half is 2.776 · √0.5.
        let [low, high] = mean_interval(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert!((low - 1.0368).abs() < 1e-3 && (high - 4.9632).abs() < 1e-3, "{low} {high}");
        assert_eq!((mean_interval(&[1.0]), mean_interval(&[2.0, 2.0])), (None, Some([2.0, 2.0])));
    }

    #[test]
    fn an_interval_is_that_of_the_textbook() {
        let (low, high) = wilson(10.0, 100.0, TWO_SIDED_95).unwrap();
        assert!((low - 0.0552).abs() < 1e-4 && (high - 0.1744).abs() < 1e-4, "{low} {high}");
        let (low, high) = wilson(0.0, 20.0, ONE_SIDED_95).unwrap();
        assert!(low == 0.0 && (high - 0.1192).abs() < 1e-4, "{low} {high}");
        assert_eq!(wilson(0.0, 0.0, TWO_SIDED_95), None);
    }
}
