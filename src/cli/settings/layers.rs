//! Where values come from, and which one wins.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
};

use super::{
    SettingsError,
    keys::{self, KEYS, Key, Kind},
};

/// Who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag(&'static str),
    /// An environment variable.
    Environment(&'static str),
    /// A line of `.env` in the working directory.
    DotEnv(&'static str),
    /// A config file.
    File(PathBuf),
    /// Nobody.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag --{flag}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::DotEnv(name) => write!(f, ".env {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The setting.
    pub key: &'static str,
    /// One item; several for lists; none when nobody said anything and there is no default.
    pub values: Vec<String>,
    /// Who said it.
    pub origin: Origin,
}

/// Everything that can say something, read already: nothing here touches the process or the disk.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// Flags by setting.
    pub flags: HashMap<&'static str, Vec<String>>,
    /// Environment variables.
    pub environment: HashMap<String, String>,
    /// Variables of `.env`.
    pub dotenv: HashMap<String, String>,
    /// The config file and its text.
    pub file: Option<(PathBuf, String)>,
}

impl Layers {
    /// The winning value of every setting, in the order of [`KEYS`].
    ///
    /// # Errors
    /// When the file is not TOML, has an unknown key or a value of the wrong type.
    pub fn resolve(&self) -> Result<Vec<Resolved>, SettingsError> {
        let file = match &self.file {
            Some((path, text)) => read_file(path, text)?,
            None => HashMap::new(),
        };
        Ok(KEYS.iter().map(|key| self.winner(key, &file)).collect())
    }

    fn winner(&self, key: &'static Key, file: &HashMap<&'static str, Vec<String>>) -> Resolved {
        let resolved = |values: Vec<String>, origin| Resolved { key: key.name, values, origin };
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
        resolved(split(key, key.default), Origin::Default)
    }
}

fn split(key: &Key, value: &str) -> Vec<String> {
    let items: Vec<String> = match key.kind {
        Kind::List => value.split(',').map(|item| item.trim().to_owned()).collect(),
        _ => vec![value.trim().to_owned()],
    };
    items.into_iter().filter(|item| !item.is_empty()).collect()
}

/// Settings of a file by key. `[section] name = value` and `section.name = value` are the same.
fn read_file(path: &Path, text: &str) -> Result<HashMap<&'static str, Vec<String>>, SettingsError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| SettingsError::Syntax {
        path: path.to_owned(),
        detail: error.to_string().trim_end().to_owned(),
    })?;
    let mut found = HashMap::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(section) => {
                for (rest, value) in section {
                    take(path, &format!("{name}.{rest}"), &value, &mut found)?;
                }
            }
            value => take(path, &name, &value, &mut found)?,
        }
    }
    Ok(found)
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
        hint: keys::nearest(name).map_or_else(
            || "`ragctl config example` shows them all".to_owned(),
            |nearest| format!("did you mean \"{nearest}\"?"),
        ),
    })?;
    let values = match value {
        toml::Value::Array(items) if key.kind == Kind::List => items.iter().map(scalar).collect(),
        value => scalar(value).map(|text| vec![text]),
    };
    let values = values.ok_or_else(|| SettingsError::Value {
        origin: Origin::File(path.to_owned()),
        key: key.name,
        value: value.type_str().to_owned(),
        takes: key.takes,
    })?;
    found.insert(key.name, values.into_iter().filter(|value| !value.is_empty()).collect());
    Ok(())
}

fn scalar(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}
