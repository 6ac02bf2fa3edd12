//! The output of `config show` and `config example`.

use std::fmt::Write;

use serde::Serialize;

use super::{
    keys::{Fallback, KEYS, SettingKey},
    kind::SettingKind,
    layers::Resolved,
};

/// One setting as `config show` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingReport {
    /// The setting.
    pub key: &'static str,
    /// Its value; secrets are masked.
    pub value: String,
    /// Where it comes from.
    pub origin: String,
}

/// Every setting, its value and where it comes from.
pub fn report(resolved: &[Resolved]) -> Vec<SettingReport> {
    resolved
        .iter()
        .map(|value| SettingReport { key: value.key, value: value.shown(), origin: value.origin.to_string() })
        .collect()
}

/// The settings as a table: key, value, origin.
pub fn report_table(rows: &[SettingReport]) -> String {
    let width = |column: fn(&SettingReport) -> usize| rows.iter().map(column).max().unwrap_or(0);
    let (keys, values) = (width(|row| row.key.len()), width(|row| row.value.chars().count()));
    rows.iter().map(|row| format!("{:keys$}  {:values$}  {}\n", row.key, row.value, row.origin)).collect()
}

/// A config file with every setting, its meaning and its default, all commented out.
pub fn example() -> String {
    let mut text = String::from(
        "# Settings of ragctl. Every line is optional. A line like `# name = value` shows the default, or, where there\n\
         # is none, what a value looks like. Flags, environment variables and .env win over this file.\n",
    );
    let mut section = "";
    for key in KEYS {
        let (in_section, name) = key.name.split_once('.').unwrap_or(("", key.name));
        if in_section != section {
            section = in_section;
            // Writing to a String cannot fail.
            let _ = write!(text, "\n[{section}]\n");
        }
        let default = match key.default {
            Fallback::Is(_) => String::new(),
            Fallback::Open(meaning) => format!("# When not set: {meaning}.\n"),
        };
        let takes = key.remark().map(|remark| format!("# {remark}\n")).unwrap_or_default();
        let (help, flag, env, literal) = (key.help, key.flag, key.env.join(", "), literal(key));
        let _ = write!(text, "\n# {help}.\n{takes}{default}# Flag {flag}; environment {env}\n# {name} = {literal}\n");
    }
    text
}

/// The default as TOML; where there is none, what a value looks like.
fn literal(key: &SettingKey) -> String {
    match (key.default, key.kind) {
        (Fallback::Is(value), kind) if kind.is_bare() => value.to_owned(),
        (Fallback::Is(value), _) => format!("{value:?}"),
        (Fallback::Open(_), SettingKind::Paths) => "[\"handbook\", \"notes/2024.md\"]".to_owned(),
        (Fallback::Open(_), SettingKind::Origins) => "[\"https://wiki.example.com\"]".to_owned(),
        (Fallback::Open(_), SettingKind::Hosts) => "[\"rag.example.com\"]".to_owned(),
        (Fallback::Open(_), SettingKind::Integer { .. }) => "1000".to_owned(),
        (Fallback::Open(_), SettingKind::Truth) => "true".to_owned(),
        (Fallback::Open(_), SettingKind::Share) => "0.75".to_owned(),
        (Fallback::Open(_), SettingKind::Inner) => "0.80".to_owned(),
        (Fallback::Open(_), SettingKind::HexKey) => format!("\"{}\"", "0123456789abcdef".repeat(4)),
        (Fallback::Open(_), SettingKind::Keys) => "\"quit=x,ctrl-q freeze=f\"".to_owned(),
        (Fallback::Open(_), SettingKind::Colors) => "\"bad=magenta accent=#5fafff\"".to_owned(),
        (Fallback::Open(_), _) => "\"…\"".to_owned(),
    }
}
