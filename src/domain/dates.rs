//! Dates and times as texts and as points on one line.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// A stretch of time in microseconds since 1970, both ends included: a day, a second, or a single point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSpan {
    /// Its first microsecond.
    pub first: i64,
    /// Its last.
    pub last: i64,
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

impl TimeSpan {
    /// What a text means: a date (`2026-01-31`) is the whole day in UTC; a time of RFC 3339 (`2026-01-31T10:00:00Z`) is a
    /// point. A time without an offset is in UTC.
    pub fn of_text(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        // Most texts are none, and are told apart by a look.
        let looks_like = (10..=40).contains(&bytes.len())
            && bytes[4] == b'-'
            && bytes[7] == b'-'
            && bytes[..4].iter().all(u8::is_ascii_digit);
        if !looks_like {
            return None;
        }
        if bytes.len() == 10 {
            let date: Date = text.parse().ok()?;
            let first = date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond();
            return Some(Self { first, last: first + DAY - 1 });
        }
        if !matches!(bytes[10], b'T' | b't' | b' ') || text.contains('[') {
            return None;
        }
        let point = text.parse::<Timestamp>().ok().or_else(|| {
            let local: DateTime = text.parse().ok()?;
            Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
        })?;
        Some(Self { first: point.as_microsecond(), last: point.as_microsecond() })
    }

    /// What a number of seconds since 1970 means: a whole one is that second.
    pub fn of_seconds(seconds: f64) -> Option<Self> {
        let point = (seconds * SECOND as f64).round();
        // Ten thousand years are enough, and far from the ends of the type.
        if point.is_nan() || point.abs() > 4e17 {
            return None;
        }
        let first = point as i64;
        Some(Self { first, last: if seconds.fract() == 0.0 { first + SECOND - 1 } else { first } })
    }

    /// The text in its one form: points of time in UTC; a date stays as it is. `None` when it is no date.
    pub fn canonical(text: &str) -> Option<String> {
        let span = Self::of_text(text)?;
        Some(if span.first == span.last { time_text(span.first)? } else { text.to_owned() })
    }
}

/// A point of time in RFC 3339.
pub fn time_text(microseconds: i64) -> Option<String> {
    Timestamp::from_microsecond(microseconds).ok().map(|time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_and_times_are_points() {
        let day = TimeSpan::of_text("1970-01-02").unwrap();
        assert_eq!((day.first, day.last), (DAY, 2 * DAY - 1));
        let point = |text: &str| TimeSpan::of_text(text).map(|span| (span.first, span.last));
        assert_eq!(point("1970-01-01T00:00:01Z"), Some((SECOND, SECOND)));
        assert_eq!(point("1970-01-01T01:00:01+01:00"), Some((SECOND, SECOND)));
        assert_eq!(point("1970-01-01 00:00:01"), Some((SECOND, SECOND)));
        assert_eq!(point("1970-01-01T00:00:01.5Z"), Some((1_500_000, 1_500_000)));
        for text in
            ["", "2026", "2026-13-01", "2026-02-30", "20260101", "tomorrow", "2026-01-01Z", "2026-01-01T", "Übers-x-yz"]
        {
            assert_eq!(TimeSpan::of_text(text), None, "{text}");
        }
        assert_eq!(TimeSpan::canonical("2026-01-01T01:00:00+01:00").as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(TimeSpan::canonical("2026-01-01").as_deref(), Some("2026-01-01"));
    }

    #[test]
    fn seconds_are_whole_or_points() {
        assert_eq!(TimeSpan::of_seconds(1.0), Some(TimeSpan { first: SECOND, last: 2 * SECOND - 1 }));
        assert_eq!(TimeSpan::of_seconds(1.5), Some(TimeSpan { first: 1_500_000, last: 1_500_000 }));
        assert_eq!(TimeSpan::of_seconds(1e300), None);
    }
}
