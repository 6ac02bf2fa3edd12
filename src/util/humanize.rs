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
    grouped(&value.to_string())
}

/// Digits, perhaps with a sign before them, with marks between thousands.
pub fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let mut text = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// At most one decimal, with marks between thousands.
pub fn decimal(value: f64) -> String {
    let text = format!("{:.1}", value.abs());
    let sign = if value < 0.0 && text != "0.0" { "-" } else { "" };
    match text.split_once('.') {
        Some((whole, "0")) => format!("{sign}{}", grouped(whole)),
        Some((whole, tenths)) => format!("{sign}{}.{tenths}", grouped(whole)),
        None => text,
    }
}

/// At most one decimal, and none from ten on.
pub fn rounded_decimal(value: f64) -> String {
    decimal(if value.abs() < 9.95 { value } else { value.round() })
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

/// A share in words, without digits that say nothing.
pub fn brief_share(share: f64) -> String {
    let hundredths = share * 100.0;
    if hundredths == 0.0 || hundredths >= 9.95 { format!("{hundredths:.0} %") } else { percent(hundredths) }
}

/// A number with the digits that matter.
pub fn short(value: f64) -> String {
    match value.abs() {
        v if v < 99_999.5 && value.fract() == 0.0 => format!("{value:.0}"),
        v if v < 9.95 => format!("{value:.1}"),
        v if v < 99_999.5 => format!("{value:.0}"),
        v if v < 9_999_500.0 => format!("{:.0}k", value / 1e3),
        _ => format!("{:.0}M", value / 1e6),
    }
}

/// What is shown where nothing is known: never a zero.
pub const UNKNOWN: &str = "n/a";

/// A value, or that it is not known.
pub fn known(value: Option<String>) -> String {
    value.unwrap_or_else(|| UNKNOWN.to_owned())
}

/// A share, with the digits that tell it from all and from none.
pub fn share(value: f64) -> String {
    match value {
        v if v > 0.0 && v < 0.000_05 => "under 0.01 %".to_owned(),
        // Down, not to the nearest: what is missing is what matters here.
        v if (0.99..1.0).contains(&v) => format!("{:.2} %", (v * 1e4 + 1e-6).floor().min(9_999.0) / 100.0),
        v if v <= 0.0 || v >= 1.0 => brief_share(v),
        v => percent(v * 100.0),
    }
}

/// A number: whole ones with marks between thousands, others with three digits.
pub fn number(value: f64) -> String {
    match value {
        v if !v.is_finite() => UNKNOWN.to_owned(),
        v if (0.0..1e15).contains(&v) && v.fract() == 0.0 => count(v as u64),
        v => three(v),
    }
}

/// `1 thing`, `2 things`.
pub fn many(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A number with three significant digits; a dash for what is none.
pub fn significant(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    if value.abs() < 1e-9 {
        return "0".into();
    }
    let digits = 2 - rounded(value).abs().log10().floor() as i32;
    if digits > 0 { format!("{:.*}", digits as usize, value) } else { grouped(&format!("{:.0}", rounded(value))) }
}

/// The same, without zeros at its end.
pub fn trimmed(value: f64) -> String {
    let text = significant(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// A time of so many milliseconds for a page: three significant digits, µs, ms or s behind a space that does not break.
pub fn duration(milliseconds: f64) -> String {
    let (size, unit) = time_unit(rounded(milliseconds));
    let text = significant(milliseconds / size);
    if text == "–" { text } else { format!("{text}\u{a0}{unit}") }
}

/// The unit for a time on a page: its size in milliseconds and its name.
pub fn time_unit(milliseconds: f64) -> (f64, &'static str) {
    match milliseconds.abs() {
        size if size >= 1_000.0 => (1_000.0, "s"),
        size if size > 0.0 && size < 1.0 => (0.001, "µs"),
        _ => (1.0, "ms"),
    }
}

/// Three significant digits of a number: 999.9 must become 1000 before its unit is chosen.
fn rounded(value: f64) -> f64 {
    if !value.is_finite() || value == 0.0 {
        return value;
    }
    let scale = 10_f64.powi(value.abs().log10().floor() as i32 - 2);
    let close = (value / scale).round() * scale;
    if close.is_finite() { close } else { value }
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

    #[test]
    fn a_share_is_told_from_all_and_from_none() {
        let shares = [0.0, 0.000_01, 0.001_4, 0.296, 0.917_4, 0.995, 0.999_99, 1.0].map(share);
        assert_eq!(shares, ["0 %", "under 0.01 %", "0.14 %", "29.6 %", "91.7 %", "99.50 %", "99.99 %", "100 %"]);
    }

    #[test]
    fn numbers_are_whole_where_they_can_be() {
        assert_eq!([0.0, 1_200.0, 0.333_3, 12.25, f64::NAN].map(number), ["0", "1,200", "0.33", "12.2", "n/a"]);
        assert_eq!([0, 1, 1_000].map(|count| many(count, "trip")), ["0 trips", "1 trip", "1,000 trips"]);
    }

    #[test]
    fn numbers_of_a_page_have_three_digits_and_the_unit_that_fits() {
        let times = [0.0, 0.0123, 0.9999, 1.0, 12.345, 999.4, 999.9, 1_234.0, 7_261_000.0].map(duration);
        let expected = ["0 ms", "12.3 µs", "1.00 ms", "1.00 ms", "12.3 ms", "999 ms", "1.00 s", "1.23 s", "7,260 s"];
        assert_eq!(times, expected.map(|text| text.replace(' ', "\u{a0}")));
        assert_eq!([1_234.5, 0.001_234, 99.96, -12_345.0].map(significant), ["1,230", "0.00123", "100", "-12,300"]);
        assert_eq!([f64::NAN, f64::INFINITY].map(duration), ["–", "–"]);
        assert_eq!((trimmed(2.50), trimmed(100.0), count(1_234_567)), ("2.5".into(), "100".into(), "1,234,567".into()));
        assert_eq!(significant(f64::MAX).len(), 411);
    }
}
