//! Points in time, as recordings and screens have them.

use std::{
    fmt,
    ops::{Add, Sub},
    str::FromStr,
    sync::LazyLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use jiff::{Timestamp, tz::TimeZone};
use parking_lot::Mutex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A point in time: Unix milliseconds. Handed in wherever it is needed; [`UnixMillis::now`] is for the shell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// What the system's clock says; when that is set back, time goes on as it did, for this process never went back.
    pub fn now() -> Self {
        static ANCHOR: Mutex<Option<(UnixMillis, Instant)>> = Mutex::new(None);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = Self(since.as_millis().try_into().unwrap_or(i64::MAX));
        let mut anchor = ANCHOR.lock();
        let (moment, at) = *anchor.get_or_insert_with(|| (wall, Instant::now()));
        let steady = moment + at.elapsed();
        // Ahead: the clock was set, or the machine slept, which not every steady clock counts.
        if wall.since(steady) > Duration::from_secs(1) {
            *anchor = Some((wall, Instant::now()));
            return wall;
        }
        steady
    }

    /// When the process began, by the system's clock, and what has passed since: nothing becomes younger or older because
    /// somebody sets the clock.
    pub fn steady() -> Self {
        static BEGIN: LazyLock<(Instant, UnixMillis)> = LazyLock::new(|| (Instant::now(), UnixMillis::now()));
        let (began, at) = *BEGIN;
        at + began.elapsed()
    }

    /// Unix seconds; what is no time of this aeon comes as near as can be.
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds * 1e3) as i64)
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }

    /// As a format of `strftime` says, in a time zone.
    pub fn format(self, format: &str, zone: &TimeZone) -> String {
        match Timestamp::from_millisecond(self.0) {
            Ok(time) => time.to_zoned(zone.clone()).strftime(format).to_string(),
            Err(_) => "?".to_owned(),
        }
    }
}

/// A moment with its date and zone.
pub fn stamp(at: UnixMillis, zone: &TimeZone) -> String {
    at.format("%Y-%m-%d %H:%M:%S %Z", zone)
}

impl Add<Duration> for UnixMillis {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time.as_millis().try_into().unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for UnixMillis {
    type Output = Self;

    fn sub(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(time.as_millis().try_into().unwrap_or(i64::MAX)))
    }
}

/// RFC 3339, UTC.
impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => f.write_str("?"),
        }
    }
}

impl FromStr for UnixMillis {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.parse::<Timestamp>()?.as_millisecond()))
    }
}

impl Serialize for UnixMillis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnixMillis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|error| D::Error::custom(format!("{text:?} is no time ({error})")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_being_written() {
        let moment = UnixMillis(1_795_273_467_123);
        assert_eq!(moment.to_string(), "2026-11-21T15:04:27.123Z");
        assert_eq!(moment.to_string().parse::<UnixMillis>().unwrap(), moment);
        assert_eq!(serde_json::from_str::<UnixMillis>(&serde_json::to_string(&moment).unwrap()).unwrap(), moment);
        assert!(serde_json::from_str::<UnixMillis>("\"yesterday\"").is_err());
    }

    #[test]
    fn nothing_is_before_its_beginning() {
        assert_eq!(UnixMillis(5).since(UnixMillis(7)), Duration::ZERO);
        assert_eq!(UnixMillis(i64::MAX) + Duration::MAX, UnixMillis(i64::MAX));
        assert_eq!(UnixMillis(i64::MIN).to_string(), "?");
    }
}
