//! Numbers as a person reads them.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_unit_that_fits() {
        let times = [0.0, 0.0421, 0.9996, 1.0, 12.34, 999.7, 2_106.93, 180_000.0].map(time);
        assert_eq!(times, ["0.00 µs", "42.1 µs", "1.00 ms", "1.00 ms", "12.3 ms", "1.00 s", "2.11 s", "3.00 min"]);
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.0, 0.123, 75.0, 100.0].map(percent), ["0 %", "0.12 %", "75.0 %", "100 %"]);
    }
}
