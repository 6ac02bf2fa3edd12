//! Intervals for shares that were counted.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_that_of_the_textbook() {
        let (low, high) = wilson(10.0, 100.0, TWO_SIDED_95).unwrap();
        assert!((low - 0.0552).abs() < 1e-4 && (high - 0.1744).abs() < 1e-4, "{low} {high}");
        let (low, high) = wilson(0.0, 20.0, ONE_SIDED_95).unwrap();
        assert!(low == 0.0 && (high - 0.1192).abs() < 1e-4, "{low} {high}");
        assert_eq!(wilson(0.0, 0.0, TWO_SIDED_95), None);
    }
}
