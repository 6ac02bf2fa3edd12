//! Figures as short texts, and texts cut to a width.

use std::time::Duration;

use ratatui::text::Span;

/// Stands for a figure that the data cannot hold.
pub(super) const UNKNOWN: &str = "–";

/// Microseconds with three significant digits.
pub(super) fn short(micros: u64) -> String {
    // Rounded before the unit is chosen, or 999.9 ms would become 1000 ms.
    let step = 10_u64.pow(micros.max(1).ilog10().saturating_sub(2));
    let rounded = micros.saturating_add(step / 2) / step * step;
    let (value, unit) = match rounded {
        0..1_000 => return format!("{rounded} µs"),
        1_000..1_000_000 => (rounded as f64 / 1e3, "ms"),
        _ => (rounded as f64 / 1e6, "s"),
    };
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {unit}")
}

/// A share in percent; only what is nothing or everything reads as such.
pub(super) fn share(count: u64, of: u64) -> String {
    let percent = 100.0 * count as f64 / of as f64;
    match percent {
        _ if of == 0 => UNKNOWN.to_owned(),
        _ if count > 0 && percent < 0.1 => "<0.1 %".to_owned(),
        _ if count < of && percent > 99.9 => ">99.9 %".to_owned(),
        _ => format!("{percent:.1} %"),
    }
}

/// A duration as a clock shows it, a short one with tenths.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        // Cut, not rounded: 59.96 s are not 60.0 s.
        0..60 => format!("{seconds}.{} s", time.subsec_millis() / 100),
        60..3_600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
    }
}

/// Columns that a text takes.
pub(super) fn width_of(text: &str) -> usize {
    Span::raw(text).width()
}

/// As much of a text as fits, on one line; a server's message may hold anything.
pub(super) fn fit(text: &str, width: usize) -> String {
    let printable = |c: char| if c.is_whitespace() || c.is_control() { ' ' } else { c };
    let mut cut: String = text.chars().take(width + 1).map(printable).collect();
    if cut.chars().count() <= width && width_of(&cut) <= width {
        return cut;
    }
    while width_of(&cut) >= width {
        if cut.pop().is_none() {
            return cut;
        }
    }
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_round() {
        let micros = [0, 999, 1_234, 9_996, 999_400, 999_600, 12_345_678, 3_600_000_000];
        let wanted = ["0 µs", "999 µs", "1.23 ms", "10.0 ms", "999 ms", "1.00 s", "12.3 s", "3600 s"];
        assert_eq!(micros.map(short), wanted);
        let shares = [(0, 0), (0, 9), (1, 9_999), (9_998, 9_999), (9, 9)].map(|(count, of)| share(count, of));
        assert_eq!(shares, ["–", "0.0 %", "<0.1 %", ">99.9 %", "100.0 %"]);
        let clocks = [59_960, 61_000, 3_661_000].map(|ms| clock(Duration::from_millis(ms)));
        assert_eq!(clocks, ["59.9 s", "1:01", "1:01:01"]);
        let cut = [("日本語", 6), ("日本語", 5), ("ab\ncd", 4), ("x", 0)].map(|(text, width)| fit(text, width));
        assert_eq!(cut, ["日本語", "日本…", "ab …", ""]);
    }
}
