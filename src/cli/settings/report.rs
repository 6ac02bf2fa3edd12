//! The output of `config show` and `config example`.

use std::fmt::Write;

use serde::Serialize;

use super::{
    keys::{self, Fallback, SettingKey},
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
    let section_of = |key: &SettingKey| key.name.rsplit_once('.').map_or("", |(section, _)| section);
    // A section stands in one place, whoever has settings in it.
    let mut sections: Vec<&str> = Vec::new();
    for section in keys::all().map(section_of) {
        if !sections.contains(&section) {
            sections.push(section);
        }
    }
    let mut keys: Vec<&SettingKey> = keys::all().collect();
    keys.sort_by_key(|key| sections.iter().position(|section| *section == section_of(key)));
    let mut section = "";
    for key in keys {
        let (in_section, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
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

fn bare_or_quoted(value: &str) -> String {
    let bare = value.parse::<i64>().is_ok()
        || value.parse::<f64>().is_ok_and(|_| value.contains('.'))
        || value.parse::<bool>().is_ok();
    if bare { value.to_owned() } else { format!("{value:?}") }
}

/// The default as TOML; where there is none, what a value looks like.
fn literal(key: &SettingKey) -> String {
    match (key.default, key.kind) {
        (Fallback::Is(value), kind) if kind.is_bare() => value.to_owned(),
        (Fallback::Is(value), SettingKind::OfCommand { separator: Some(_), .. }) => {
            format!("{:?}", value.split(',').collect::<Vec<_>>())
        }
        (Fallback::Open(_), SettingKind::OfCommand { separator: Some(_), sample }) => format!("[{sample:?}]"),
        (Fallback::Is(value), SettingKind::OfCommand { .. }) => bare_or_quoted(value),
        (Fallback::Open(_), SettingKind::OfCommand { sample, .. }) => bare_or_quoted(sample),
        (Fallback::Is(value), _) => format!("{value:?}"),
        (Fallback::Open(_), SettingKind::Paths) => "[\"handbook\", \"notes/2024.md\"]".to_owned(),
        (Fallback::Open(_), SettingKind::Origins) => "[\"https://wiki.example.com\"]".to_owned(),
        (Fallback::Open(_), SettingKind::JsonObject) => "'{\"top_k\": 20}'".to_owned(),
        (Fallback::Open(_), SettingKind::Upstreams) => {
            "[{ name = \"gpu1\", dialect = \"ollama\", url = \"http://gpu1:11434\", model = \"llama3.1:8b\" }]"
                .to_owned()
        }
        (Fallback::Open(_), SettingKind::MetadataRules) => {
            "[{ path = \"contracts/*\", fields = { team = \"legal\" } }]".to_owned()
        }
        (Fallback::Open(_), SettingKind::Texts) => "[\"END\", \"Question:\"]".to_owned(),
        (Fallback::Open(_), SettingKind::Hosts) => "[\"rag.example.com\"]".to_owned(),
        (Fallback::Open(_), SettingKind::Url) => "\"http://localhost:8080/v1\"".to_owned(),
        (Fallback::Open(_), SettingKind::Seconds { .. } | SettingKind::Number { .. }) => "1.5".to_owned(),
        (Fallback::Open(_), SettingKind::Choice([first, ..])) => format!("{first:?}"),
        (Fallback::Open(_), SettingKind::Integer { max, .. }) => max.min(1_000).to_string(),
        (Fallback::Open(_), SettingKind::Truth) => "true".to_owned(),
        (Fallback::Open(_), SettingKind::Share) => "0.75".to_owned(),
        (Fallback::Open(_), SettingKind::Inner) => "0.80".to_owned(),
        (Fallback::Open(_), SettingKind::OcrCommand) => "\"ocrmypdf --skip-text {input} {output}\"".to_owned(),
        (Fallback::Open(_), SettingKind::HexKey) => format!("\"{}\"", "0123456789abcdef".repeat(4)),
        (Fallback::Open(_), SettingKind::Keys) => "\"quit=x,ctrl-q freeze=f\"".to_owned(),
        (Fallback::Open(_), SettingKind::Colors) => "\"bad=magenta accent=#5fafff\"".to_owned(),
        (Fallback::Open(_), _) => "\"…\"".to_owned(),
    }
}
