//! Axes of plots: where they end and what their ticks are, in numbers of few digits.

/// Least and greatest limit that is told from nothing and from nonsense.
pub const MEANT: std::ops::Range<f64> = 1e-9..1e15;

/// Ticks from 0 on, in at most `most` steps of 1, 2 or 5 times a power of ten; the last one is the limit or beyond it.
pub fn ticks(limit: f64, most: usize) -> Vec<f64> {
    if !MEANT.contains(&limit) {
        return vec![0.0, 1.0];
    }
    let rough = limit / most.max(1) as f64;
    let decade = 10_f64.powi(rough.log10().floor() as i32);
    // What rounding makes of 0.2 must not call for a step of 0.5.
    let fits = |step: &f64| *step >= rough * (1.0 - 1e-9);
    let step = [1.0, 2.0, 5.0].map(|factor| factor * decade).into_iter().find(fits).unwrap_or(10.0 * decade);
    let steps = (limit / step - 1e-9).ceil().clamp(1.0, most.max(1) as f64) as usize;
    (0..=steps).map(|tick| tick as f64 * step).collect()
}

/// The next number of few digits that is not below a value: where bars without ticks end.
pub fn top(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let size = 10f64.powf(value.log10().floor());
    [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|step| step * size)
        .find(|step| *step >= value * 0.999)
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_the_limit() {
        assert_eq!(ticks(10.0, 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(93.0, 5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(1_300.0, 5), [0.0, 500.0, 1_000.0, 1_500.0]);
        for limit in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-320, f64::MAX] {
            assert_eq!(ticks(limit, 5), [0.0, 1.0]);
        }
        for limit in (1..2_000).map(|n| f64::from(n) * 0.007) {
            for most in 1..=5 {
                let steps = ticks(limit, most);
                let reached = steps.last().is_some_and(|last| *last >= limit * 0.999_999);
                assert!(steps.len() <= most + 1 && reached, "{limit} {most}");
            }
        }
    }

    #[test]
    fn tops_are_numbers_that_can_be_told() {
        let tops = [0.0, 0.3, 1.0, 1.2, 42.0, 7_000.0].map(|value| format!("{:.3}", top(value)));
        assert_eq!(tops, ["1.000", "0.300", "1.000", "1.500", "50.000", "8000.000"]);
    }
}
