//! Where values come from, and which one wins.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
};

use super::{
    error::{Origin, SettingsError},
    keys::{self, Fallback, SettingKey},
    kind::SettingKind,
    upstreams,
};

/// The values of flags, by setting.
pub type Flags = HashMap<&'static str, Vec<String>>;

/// A value and who said it.
#[derive(Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The setting.
    pub key: &'static str,
    /// One item; several for lists; none when nobody said anything and there is no default.
    pub values: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
}

impl fmt::Debug for Resolved {
    /// Secrets are masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?} ({})", self.key, self.shown(), self.origin)
    }
}

impl Resolved {
    /// The value as it may be shown.
    pub fn shown(&self) -> String {
        let shown = |value: &String| keys::find(self.key).map_or_else(|| value.clone(), |key| key.shown(value));
        self.values.iter().map(shown).collect::<Vec<_>>().join(", ")
    }
}

/// Everything that can say something, read already: nothing here touches the process or the disk.
#[derive(Clone, Default)]
pub struct Layers {
    /// Flags by setting.
    pub flags: Flags,
    /// Environment variables.
    pub environment: HashMap<String, String>,
    /// Variables of `.env`.
    pub dotenv: HashMap<String, String>,
    /// The config file and its text.
    pub file: Option<(PathBuf, String)>,
    /// What of `.env` had to be passed over.
    pub warnings: Vec<String>,
}

impl fmt::Debug for Layers {
    /// Only where things come from: any of them may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layers").field("file", &self.file.as_ref().map(|(path, _)| path)).finish_non_exhaustive()
    }
}

impl Layers {
    /// The winning value of every setting, in the order of the table.
    ///
    /// # Errors
    /// When the file is not TOML, has an unknown key or a value of the wrong type.
    pub fn resolve(&self) -> Result<Vec<Resolved>, SettingsError> {
        let file = match &self.file {
            Some((path, text)) => read_file(path, text)?,
            None => HashMap::new(),
        };
        Ok(keys::all().map(|key| self.winner(key, &file)).collect())
    }

    /// An upstream with the key that a variable holds.
    fn with_key(&self, upstream: String) -> String {
        let said = |value: &&String| !value.trim().is_empty();
        let of = |variables: &HashMap<String, String>, name: &str| variables.get(name).filter(said).cloned();
        upstreams::with_key(upstream, |name| of(&self.environment, name).or_else(|| of(&self.dotenv, name)))
    }

    fn winner(&self, key: &'static SettingKey, file: &HashMap<&'static str, Vec<String>>) -> Resolved {
        let resolved = |values: Vec<String>, origin| {
            let values = match key.kind {
                SettingKind::Upstreams => values.into_iter().map(|text| self.with_key(text)).collect(),
                _ => values,
            };
            Resolved { key: key.name, values, origin }
        };
        if let Some(values) = self.flags.get(key.name) {
            return resolved(values.clone(), Origin::Flag(key.flag));
        }
        // An empty variable counts as not set: that is how scripts switch one off.
        let set = |variables: &HashMap<String, String>, name: &str| {
            variables.get(name).filter(|value| !value.trim().is_empty()).map(|value| split(key, value))
        };
        for name in key.env {
            if let Some(values) = set(&self.environment, name) {
                return resolved(values, Origin::Environment(name));
            }
        }
        for name in key.env {
            if let Some(values) = set(&self.dotenv, name) {
                return resolved(values, Origin::DotEnv(name));
            }
        }
        if let (Some(values), Some((path, _))) = (file.get(key.name), &self.file) {
            return resolved(values.clone(), Origin::File(path.clone()));
        }
        let default = match key.default {
            Fallback::Is(value) => split(key, value),
            Fallback::Open(_) => Vec::new(),
        };
        resolved(default, Origin::Default)
    }
}

/// The items of a value that is one text.
fn split(key: &SettingKey, value: &str) -> Vec<String> {
    if let Some(separator) = key.kind.separator() {
        value.split(separator).map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    } else {
        vec![value.trim().to_owned()]
    }
}

/// Settings of a file by key. `[section] name = value` and `section.name = value` are the same.
fn read_file(path: &Path, text: &str) -> Result<HashMap<&'static str, Vec<String>>, SettingsError> {
    // Editors of Windows put a byte order mark in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        // Only the message: the error's full text quotes the line.
        let detail = format!("this is not TOML: {}", error.message().lines().collect::<Vec<_>>().join("; "));
        SettingsError::Syntax { path: path.to_owned(), line: before.matches('\n').count() + 1, detail }
    })?;
    let mut found = HashMap::new();
    for (name, value) in table {
        take_all(path, &name, &value, &mut found)?;
    }
    Ok(found)
}

/// Takes a value, or all of a section and the sections in it.
fn take_all(
    path: &Path,
    name: &str,
    value: &toml::Value,
    found: &mut HashMap<&'static str, Vec<String>>,
) -> Result<(), SettingsError> {
    match value {
        toml::Value::Table(section) if is_section(name) => {
            section.iter().try_for_each(|(rest, value)| take_all(path, &format!("{name}.{rest}"), value, found))
        }
        value => take(path, name, value, found),
    }
}

fn is_section(name: &str) -> bool {
    keys::all().any(|key| key.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

fn take(
    path: &Path,
    name: &str,
    value: &toml::Value,
    found: &mut HashMap<&'static str, Vec<String>>,
) -> Result<(), SettingsError> {
    let key = keys::find(name).ok_or_else(|| SettingsError::UnknownKey {
        path: path.to_owned(),
        key: name.to_owned(),
        hint: keys::hint(name),
    })?;
    let values = match value {
        toml::Value::Array(items) if key.kind.is_tables() => items.iter().map(table).collect(),
        toml::Value::Table(_) if key.kind.is_tables() => table(value).map(|table| vec![table]),
        toml::Value::Array(items) if key.kind.is_list() => items.iter().map(scalar).collect(),
        value => scalar(value).map(|text| vec![text]),
    };
    let values: Vec<String> = values.ok_or_else(|| SettingsError::Value {
        origin: Origin::File(path.to_owned()),
        key: key.name,
        value: format!("({})", value.type_str()),
        takes: key.kind.takes(),
    })?;
    // `key = ""` is how a file says "none", where there is none.
    let says_none = matches!(key.default, Fallback::Open(_)) && values.iter().all(String::is_empty);
    if !says_none {
        found.insert(key.name, values);
    }
    Ok(())
}

/// A table as text.
fn table(value: &toml::Value) -> Option<String> {
    value.as_table().and_then(|table| serde_json::to_string(table).ok())
}

fn scalar(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.trim().to_owned()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}
