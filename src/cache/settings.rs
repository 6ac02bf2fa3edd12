//! What the cache may do.

use std::{ops::RangeInclusive, time::Duration};

use super::Bounds;

/// Least cosines that can be asked for: any closer to 0 or 1, and rounding could make it one of them.
const THRESHOLDS: RangeInclusive<f64> = 0.000_001..=0.999_999;

/// How long an entry may be allowed to answer, in seconds: what the setting at the start takes, too.
const TTL_SECONDS: RangeInclusive<f64> = 0.001..=315_360_000.0;

/// How many entries there may be allowed to be: what the setting at the start takes, too.
const SIZES: RangeInclusive<usize> = 1..=10_000_000;

/// How it is decided whether a near neighbour's answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CacheMode {
    /// One threshold for all.
    #[default]
    Threshold,
    /// Each entry learns its own, within an error bound (see [`verified`](super::verified)).
    Verified,
}

impl CacheMode {
    /// The name in settings and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Threshold => "threshold",
            Self::Verified => "verified",
        }
    }
}

/// Settings of the cache. The first four can be changed while it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CacheSettings {
    /// Whether it answers and learns at all.
    pub enabled: bool,
    /// Least cosine of a semantic hit, above 0 and below 1.
    pub threshold: f32,
    /// How long an entry may answer.
    pub ttl: Duration,
    /// Most entries.
    pub max_size: usize,
    /// Most bytes of all entries.
    pub max_bytes: usize,
    /// How hits are decided.
    pub mode: CacheMode,
    /// Largest share of questions that may get another question's answer in verified mode, above 0 and below 1.
    pub delta: f64,
    /// Whether the [mismatch checks](super::mismatch) look at near neighbours.
    pub guards: bool,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            threshold: 0.80,
            ttl: Duration::from_secs(3_600),
            max_size: 1_000,
            max_bytes: 64 << 20,
            mode: CacheMode::Threshold,
            delta: 0.01,
            guards: true,
        }
    }
}

/// A change of settings that cannot be made; the message names the field.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidCacheSetting {
    /// Of the threshold.
    #[error("field \"similarity_threshold\" must be from 0.000001 to 0.999999, it is {0}")]
    Threshold(f64),
    /// Of the time to live.
    #[error("field \"ttl\" must be from 0.001 to 315360000 seconds, it is {0}")]
    Ttl(f64),
    /// Of the size.
    #[error("field \"max_size\" must be from 1 to 10000000, it is {0}")]
    MaxSize(i64),
}

/// Settings that are to be changed; `None` leaves one as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CacheChange {
    /// See [`CacheSettings::enabled`].
    pub enabled: Option<bool>,
    /// See [`CacheSettings::threshold`].
    pub threshold: Option<f64>,
    /// In seconds.
    pub ttl: Option<f64>,
    /// See [`CacheSettings::max_size`].
    pub max_size: Option<i64>,
}

impl CacheSettings {
    /// What may be held.
    pub fn bounds(&self) -> Bounds {
        Bounds { entries: self.max_size, bytes: self.max_bytes, ttl: self.ttl }
    }

    /// These settings with a change, or what is wrong with it; then nothing is changed.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub fn with(mut self, change: &CacheChange) -> Result<Self, InvalidCacheSetting> {
        if let Some(threshold) = change.threshold {
            if !THRESHOLDS.contains(&threshold) {
                return Err(InvalidCacheSetting::Threshold(threshold));
            }
            self.threshold = threshold as f32;
        }
        if let Some(ttl) = change.ttl {
            if !TTL_SECONDS.contains(&ttl) {
                return Err(InvalidCacheSetting::Ttl(ttl));
            }
            self.ttl = Duration::from_secs_f64(ttl);
        }
        if let Some(size) = change.max_size {
            let size_or_none = usize::try_from(size).ok().filter(|size| SIZES.contains(size));
            self.max_size = size_or_none.ok_or(InvalidCacheSetting::MaxSize(size))?;
        }
        self.enabled = change.enabled.unwrap_or(self.enabled);
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_made_whole_or_not_at_all() {
        let change = CacheChange { threshold: Some(0.9), ttl: Some(0.5), max_size: Some(7), enabled: Some(false) };
        let changed = CacheSettings::default().with(&change).unwrap();
        assert_eq!(
            (changed.threshold, changed.ttl, changed.max_size, changed.enabled),
            (0.9, Duration::from_millis(500), 7, false)
        );
        for (change, field) in [
            (CacheChange { threshold: Some(1.0), ..CacheChange::default() }, "similarity_threshold"),
            (CacheChange { threshold: Some(0.0), ..CacheChange::default() }, "similarity_threshold"),
            (CacheChange { threshold: Some(f64::NAN), ..CacheChange::default() }, "similarity_threshold"),
            (CacheChange { threshold: Some(0.999_999_999), ..CacheChange::default() }, "similarity_threshold"),
            (CacheChange { ttl: Some(0.0), ..CacheChange::default() }, "ttl"),
            (CacheChange { ttl: Some(1e-9), ..CacheChange::default() }, "ttl"),
            (CacheChange { ttl: Some(1e12), ..CacheChange::default() }, "ttl"),
            (CacheChange { ttl: Some(-1.0), ..CacheChange::default() }, "ttl"),
            (CacheChange { ttl: Some(f64::INFINITY), ..CacheChange::default() }, "ttl"),
            (CacheChange { max_size: Some(0), ..CacheChange::default() }, "max_size"),
            (CacheChange { max_size: Some(-3), ..CacheChange::default() }, "max_size"),
            (CacheChange { max_size: Some(10_000_001), ..CacheChange::default() }, "max_size"),
        ] {
            let error = CacheSettings::default().with(&change).unwrap_err().to_string();
            assert!(error.contains(&format!("\"{field}\"")), "{error}");
        }
    }
}
