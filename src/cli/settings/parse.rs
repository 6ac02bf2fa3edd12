//! Texts to values; every error says who said it and what would be allowed.

use std::{collections::HashMap, ops::RangeInclusive, path::PathBuf, str::FromStr, time::Duration};

use url::Url;

use super::{
    SettingsError, keys,
    layers::{Origin, Resolved},
};

/// Resolved values by key.
pub(super) struct Values<'a>(HashMap<&'static str, &'a Resolved>);

impl<'a> Values<'a> {
    pub(super) fn new(resolved: &'a [Resolved]) -> Self {
        Self(resolved.iter().map(|value| (value.key, value)).collect())
    }

    /// The error for a value.
    pub(super) fn refused(&self, key: &'static str) -> SettingsError {
        let found = keys::find(key);
        let secret = found.is_some_and(|key| key.secret);
        let value = self.optional(key).unwrap_or_default();
        SettingsError::Value {
            origin: self.0.get(key).map_or(Origin::Default, |value| value.origin.clone()),
            key,
            value: if secret { "***".to_owned() } else { value },
            takes: found.map_or("", |key| key.takes),
        }
    }

    pub(super) fn list(&self, key: &'static str) -> Vec<String> {
        self.0.get(key).map(|value| value.values.clone()).unwrap_or_default()
    }

    pub(super) fn paths(&self, key: &'static str) -> Vec<PathBuf> {
        self.list(key).into_iter().map(PathBuf::from).collect()
    }

    pub(super) fn optional(&self, key: &'static str) -> Option<String> {
        self.list(key).into_iter().next()
    }

    /// Whether anybody said anything, so that the value is not just the default.
    pub(super) fn was_said(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| value.origin != Origin::Default)
    }

    pub(super) fn text(&self, key: &'static str) -> Result<String, SettingsError> {
        self.optional(key).filter(|text| !text.is_empty()).ok_or_else(|| self.refused(key))
    }

    pub(super) fn parsed<T: FromStr>(&self, key: &'static str) -> Result<T, SettingsError> {
        self.text(key)?.parse().map_err(|_| self.refused(key))
    }

    pub(super) fn number<T: TryFrom<u64>>(
        &self,
        key: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<T, SettingsError> {
        let number: u64 = self.parsed(key)?;
        T::try_from(number).ok().filter(|_| range.contains(&number)).ok_or_else(|| self.refused(key))
    }

    pub(super) fn seconds(&self, key: &'static str, range: RangeInclusive<f64>) -> Result<Duration, SettingsError> {
        let seconds: f64 = self.parsed(key)?;
        if range.contains(&seconds) { Ok(Duration::from_secs_f64(seconds)) } else { Err(self.refused(key)) }
    }

    pub(super) fn duration(&self, key: &'static str) -> Result<Duration, SettingsError> {
        humantime::parse_duration(&self.text(key)?).map_err(|_| self.refused(key))
    }

    pub(super) fn url(&self, key: &'static str) -> Result<Url, SettingsError> {
        let url: Url = self.parsed(key)?;
        if matches!(url.scheme(), "http" | "https") && url.has_host() { Ok(url) } else { Err(self.refused(key)) }
    }

    /// The spellings of true and false that the predecessor's deployments use.
    pub(super) fn truth(&self, key: &'static str) -> Result<Option<bool>, SettingsError> {
        self.optional(key)
            .map(|text| match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Ok(true),
                "false" | "0" | "no" | "off" => Ok(false),
                _ => Err(self.refused(key)),
            })
            .transpose()
    }

    pub(super) fn share(&self, key: &'static str) -> Result<Option<f32>, SettingsError> {
        self.optional(key)
            .map(|text| text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| self.refused(key)))
            .transpose()
    }
}
