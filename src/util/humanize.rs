//! Numbers as a person reads them.

use std::time::Duration;

/// A time with three significant digits and the unit that fits; `millis` are milliseconds.
pub fn time(millis: f64) -> String {
    let micros = millis * 1_000.0;
    if micros < 999.5 {
        format!("{} µs", three(micros))
    } else if millis < 999.5 {
        format!("{} ms", three(millis))
    } else if millis < 120_000.0 {
        format!("{} s", three(millis / 1_000.0))
    } else {
        format!("{} min", three(millis / 60_000.0))
    }
}

/// Three significant digits; none of a whole number is lost.
pub fn three(value: f64) -> String {
    match value.abs() {
        v if v >= 99.95 => format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A share of a hundred.
pub fn percent(value: f64) -> String {
    if value == 0.0 { "0 %".into() } else { format!("{} %", three(value)) }
}

/// A whole number with marks between thousands.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How long something has lasted, in the two units that matter: `0 s`, `41 s`, `2 min 5 s`, `3 h 20 min`, `2 d 4 h`.
pub fn age(time: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let seconds = time.as_secs();
    let Some(first) = UNITS.iter().position(|(size, _)| seconds >= *size) else { return "0 s".to_owned() };
    let (size, unit) = UNITS[first];
    let whole = format!("{} {unit}", seconds / size);
    match UNITS.get(first + 1).map(|(size, unit)| (seconds % UNITS[first].0 / size, unit)) {
        Some((rest, unit)) if rest > 0 => format!("{whole} {rest} {unit}"),
        _ => whole,
    }
}

/// A length of time as it was asked for: as [`age`], with its fraction when it is short.
pub fn interval(time: Duration) -> String {
    match (time.as_secs(), time.subsec_millis()) {
        (0, millis) => format!("{millis} ms"),
        (1..=9, 1..) => format!("{} s", time.as_secs_f64()),
        _ => age(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_the_two_units_that_matter() {
        let ages = [0, 41, 60, 125, 3_600, 12_061, 187_300].map(|seconds| age(Duration::from_secs(seconds)));
        assert_eq!(ages, ["0 s", "41 s", "1 min", "2 min 5 s", "1 h", "3 h 21 min", "2 d 4 h"]);
        let intervals = [500, 1_500, 2_000, 90_000].map(|millis| interval(Duration::from_millis(millis)));
        assert_eq!(intervals, ["500 ms", "1.5 s", "2 s", "1 min 30 s"]);
    }

    #[test]
    fn numbers_have_three_digits_and_a_unit_that_fits() {
        let times = [0.0, 0.0421, 0.9996, 1.0, 12.34, 999.7, 2_106.93, 180_000.0].map(time);
        assert_eq!(times, ["0.00 µs", "42.1 µs", "1.00 ms", "1.00 ms", "12.3 ms", "1.00 s", "2.11 s", "3.00 min"]);
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.0, 0.123, 75.0, 100.0].map(percent), ["0 %", "0.12 %", "75.0 %", "100 %"]);
    }
}
