//! Checked texts to typed values; every error names where the value comes from and what is allowed.

use std::{collections::HashMap, path::PathBuf, str::FromStr, time::Duration};

use crate::telemetry::ServiceUrl;

use super::{
    error::{Origin, SettingsError},
    keys, kind,
    layers::Resolved,
    options,
};

/// Resolved values by key, each of which its setting takes.
pub(super) struct Values<'a>(HashMap<&'static str, &'a Resolved>);

impl<'a> Values<'a> {
    /// Checks each value on its own, in the order of the table.
    pub(super) fn check(resolved: &'a [Resolved]) -> Result<Self, SettingsError> {
        let values = Self(resolved.iter().map(|value| (value.key, value)).collect());
        for key in keys::all() {
            let items = values.items(key.name);
            let missing = items.is_empty() && matches!(key.default, keys::Fallback::Is(_));
            if missing || !items.iter().all(|item| key.kind.admits(item)) {
                return Err(values.refused(key.name));
            }
        }
        let said = resolved.iter().filter(|value| value.origin.layer().is_some());
        said.into_iter().try_for_each(options::check)?;
        Ok(values)
    }

    /// The error for a value.
    pub(super) fn refused(&self, key: &'static str) -> SettingsError {
        SettingsError::Value {
            origin: self.origin(key),
            key,
            value: self.0.get(key).map(|value| value.shown()).unwrap_or_default(),
            takes: keys::find(key).map(|key| key.kind.takes()).unwrap_or_default(),
        }
    }

    /// Where it comes from.
    pub(super) fn origin(&self, key: &str) -> Origin {
        self.0.get(key).map_or(Origin::Default, |value| value.origin.clone())
    }

    fn items(&self, key: &str) -> &[String] {
        self.0.get(key).map(|value| value.values.as_slice()).unwrap_or_default()
    }

    /// Whether anybody said anything, so that the value is not just the default.
    pub(super) fn was_said(&self, key: &str) -> bool {
        self.origin(key) != Origin::Default && !self.items(key).is_empty()
    }

    pub(super) fn paths(&self, key: &str) -> Vec<PathBuf> {
        self.items(key).iter().map(PathBuf::from).collect()
    }

    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        self.items(key).to_vec()
    }

    /// Origins as browsers send them: without the closing slash.
    pub(super) fn origins(&self, key: &str) -> Vec<String> {
        self.items(key).iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect()
    }

    pub(super) fn optional(&self, key: &str) -> Option<&str> {
        self.items(key).first().map(String::as_str)
    }

    pub(super) fn text(&self, key: &'static str) -> Result<String, SettingsError> {
        self.with(key, |text| Some(text.to_owned()))
    }

    pub(super) fn parsed<T: FromStr>(&self, key: &'static str) -> Result<T, SettingsError> {
        self.with(key, |text| text.parse().ok())
    }

    /// Seconds, with a fraction.
    pub(super) fn seconds(&self, key: &'static str) -> Result<Duration, SettingsError> {
        self.with(key, |text| Duration::try_from_secs_f64(text.parse().ok()?).ok())
    }

    pub(super) fn duration(&self, key: &'static str) -> Result<Duration, SettingsError> {
        self.with(key, kind::duration)
    }

    pub(super) fn url(&self, key: &'static str) -> Result<ServiceUrl, SettingsError> {
        self.parsed(key)
    }

    pub(super) fn truth(&self, key: &'static str) -> Result<Option<bool>, SettingsError> {
        self.optional(key).map(|text| kind::truth(text).ok_or_else(|| self.refused(key))).transpose()
    }

    pub(super) fn share(&self, key: &'static str) -> Result<Option<f32>, SettingsError> {
        self.optional(key).map(|text| text.parse().map_err(|_| self.refused(key))).transpose()
    }

    /// A value that may be absent.
    pub(super) fn maybe<T: FromStr>(&self, key: &'static str) -> Result<Option<T>, SettingsError> {
        self.optional(key).map(|text| text.parse().map_err(|_| self.refused(key))).transpose()
    }

    /// Seconds that may be absent.
    pub(super) fn maybe_seconds(&self, key: &'static str) -> Result<Option<Duration>, SettingsError> {
        self.optional(key).map(|_| self.seconds(key)).transpose()
    }

    /// A value by its own reading.
    pub(super) fn with<T>(&self, key: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, SettingsError> {
        self.optional(key).and_then(read).ok_or_else(|| self.refused(key))
    }
}
