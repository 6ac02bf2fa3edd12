//! What `config show` and `config example` print.

use std::fmt::Write;

use serde::Serialize;

use super::{
    keys::{self, KEYS, Key, Kind},
    layers::Resolved,
};

/// One setting as `config show` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingReport {
    /// The setting.
    pub key: &'static str,
    /// Its value; secrets are masked.
    pub value: String,
    /// Who said it.
    pub origin: String,
}

/// Every setting, its value and who said it.
pub fn report(resolved: &[Resolved]) -> Vec<SettingReport> {
    resolved
        .iter()
        .map(|value| {
            let secret = keys::find(value.key).is_some_and(|key| key.secret);
            let text = value.values.join(", ");
            SettingReport {
                key: value.key,
                value: if secret && !text.is_empty() { "***".to_owned() } else { text },
                origin: value.origin.to_string(),
            }
        })
        .collect()
}

/// A config file with every setting, its meaning and its default, all commented out.
pub fn example() -> String {
    let mut text = String::from(
        "# Settings of ragctl. Every line is optional; what is commented out shows the default.\n\
         # Flags and environment variables win over this file.\n",
    );
    let mut section = "";
    for key in KEYS {
        let (in_section, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if in_section != section {
            section = in_section;
            // Writing to a String cannot fail.
            let _ = write!(text, "\n[{section}]\n");
        }
        let _ = write!(
            text,
            "\n# {}: {}.\n# --{}, {}\n# {name} = {}\n",
            key.help,
            key.takes,
            key.flag,
            key.env.join(", "),
            literal(key)
        );
    }
    text
}

/// The default as TOML; where there is none, what a value would look like.
fn literal(key: &Key) -> String {
    match (key.kind, key.default) {
        (Kind::List, _) => "[]".to_owned(),
        (Kind::Bare, "") => if key.takes.starts_with("true") { "true" } else { "0.5" }.to_owned(),
        (Kind::Bare, value) => value.to_owned(),
        (Kind::Text, value) => format!("{value:?}"),
    }
}
