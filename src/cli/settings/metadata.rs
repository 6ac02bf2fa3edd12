//! Rules that give metadata to documents by their names: `[[metadata]]` of a config file, or an object in JSON.

use serde_json::{Map, Value};

use super::{error::SettingsError, kind::json_object, values::Values};
use crate::{
    domain::{Glob, Metadata},
    rag::ingest::{MetadataRule, MetadataRules},
};

/// The setting.
const KEY: &str = "metadata";

/// All rules, checked.
pub(super) fn rules(values: &Values<'_>) -> Result<MetadataRules, SettingsError> {
    let rule_of = |text: String| {
        rule(&text).map_err(|detail| SettingsError::Refused {
            origin: values.origin(KEY),
            key: KEY,
            value: text.chars().take(80).collect(),
            detail,
        })
    };
    Ok(MetadataRules::new(values.texts(KEY).into_iter().map(rule_of).collect::<Result<_, _>>()?))
}

fn rule(text: &str) -> Result<MetadataRule, String> {
    let mut table = json_object(text).ok_or("this is no table with path and fields")?;
    let path = match table.remove("path") {
        Some(Value::String(path)) if !path.is_empty() => Glob::new(&path),
        Some(_) => return Err("path must be a pattern of names, like contracts/*".into()),
        None => return Err("path is missing: give a pattern of names, like contracts/*".into()),
    };
    let fields = match table.remove("fields") {
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err("fields must be a table, like { team = \"legal\" }".into()),
        None => return Err("fields is missing: give a table, like { team = \"legal\" }".into()),
    };
    if let Some(unknown) = table.keys().next() {
        return Err(format!("unknown field {unknown:?}; the fields are path and fields"));
    }
    let fields: Map<String, Value> = fields.into_iter().map(|(name, value)| (name, without_dates(value))).collect();
    let fields = Metadata::from_json(&fields).map_err(|error| error.to_string())?;
    Ok(MetadataRule { path, fields })
}

/// A date of TOML is a text: that is what the parser writes in its place for others.
fn without_dates(value: Value) -> Value {
    const DATE: &str = "$__toml_private_datetime";
    match value {
        Value::Object(mut object) if object.len() == 1 && object.contains_key(DATE) => {
            object.remove(DATE).unwrap_or_default()
        }
        Value::Array(values) => values.into_iter().map(without_dates).collect(),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_has_a_pattern_and_fields() {
        let table: toml::Table =
            "path = 'a/*'\nfields = { team = 'x', since = 2026-01-31, tags = [1, 2] }".parse().unwrap();
        let rule = rule(&serde_json::to_string(&table).unwrap()).unwrap();
        assert!(rule.path.matches("a/b/c") && !rule.path.matches("b"));
        let fields = json!({"team": "x", "since": "2026-01-31", "tags": [1, 2]});
        assert_eq!(rule.fields, Metadata::from_json(fields.as_object().unwrap()).unwrap());
    }

    #[test]
    fn what_is_no_rule_says_why() {
        for (text, words) in [
            ("x", "no table"),
            ("{\"fields\": {}}", "path is missing"),
            ("{\"path\": 1, \"fields\": {}}", "path must be a pattern"),
            ("{\"path\": \"*\"}", "fields is missing"),
            ("{\"path\": \"*\", \"fields\": 1}", "fields must be a table"),
            ("{\"path\": \"*\", \"fields\": {}, \"x\": 1}", "unknown field \"x\""),
            ("{\"path\": \"*\", \"fields\": {\"a\": {\"b\": 1}}}", "\"metadata.a\" must be a text"),
        ] {
            let error = rule(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
