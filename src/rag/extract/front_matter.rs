//! Front matter: the settings that stand before a text, in YAML or TOML.
//!
//! Lists and single values become fields. Groups become fields with a dot in their names, `author.name`, a few deep. The rest
//! (lists in lists, aliases, deeper groups) is left out, which the document's quality tells.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::{ExtractError, Warning, properties::Properties, sandbox};
use crate::domain::{Metadata, Scalar};

/// Longest front matter that is read.
const MAX_BYTES: usize = 64 << 10;

/// How deep groups may be within each other.
const MAX_DEPTH: usize = 4;

/// Most settings that are looked at.
const MAX_EVENTS: usize = 10_000;

/// Reads settings. The title is the document's own, and no field.
pub(super) fn read(matter: &str, is_toml: bool, warnings: &mut Vec<Warning>) -> Metadata {
    let mut properties = Properties::default();
    let read = if matter.len() > MAX_BYTES {
        Err(format!("it is longer than {MAX_BYTES} bytes"))
    } else {
        // What a parser fails at must not cost the text.
        let parse = || {
            let read = if is_toml { toml(matter, &mut properties) } else { yaml(matter, &mut properties) };
            Ok::<_, ExtractError>(read)
        };
        sandbox::catch("front matter", parse).unwrap_or_else(|error| Err(error.to_string()))
    };
    if let Err(why) = read {
        warnings.push(Warning::FrontMatterUnread { why });
    }
    properties.finish(warnings)
}

/// The name of a field in a group.
fn name(group: &str, key: &str) -> String {
    if group.is_empty() { key.to_owned() } else { format!("{group}.{key}") }
}

fn put(properties: &mut Properties, name: &str, values: Vec<Scalar>) {
    if name != "title" {
        properties.add_list(name, values);
    }
}

fn toml(matter: &str, properties: &mut Properties) -> Result<(), String> {
    let table: toml::Table = matter.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    toml_table("", &table, 1, properties);
    Ok(())
}

fn toml_table(group: &str, table: &toml::Table, depth: usize, properties: &mut Properties) {
    for (key, value) in table {
        let name = name(group, key);
        match value {
            toml::Value::Table(inner) if depth < MAX_DEPTH => toml_table(&name, inner, depth + 1, properties),
            toml::Value::Array(values) => match values.iter().map(toml_scalar).collect() {
                Some(values) => put(properties, &name, values),
                None => properties.leave_out(&name),
            },
            value => match toml_scalar(value) {
                Some(value) => put(properties, &name, vec![value]),
                None => properties.leave_out(&name),
            },
        }
    }
}

fn toml_scalar(value: &toml::Value) -> Option<Scalar> {
    match value {
        toml::Value::String(text) => Some(Scalar::Text(text.as_str().into())),
        toml::Value::Boolean(truth) => Some(Scalar::Truth(*truth)),
        // Too many digits for a number remain a text.
        toml::Value::Integer(number) => Some(Scalar::guessed(&number.to_string())),
        toml::Value::Float(number) => crate::domain::Number::new(*number).map(Scalar::Number),
        toml::Value::Datetime(time) => Some(Scalar::Text(time.to_string().into())),
        toml::Value::Array(_) | toml::Value::Table(_) => None,
    }
}

/// Where a YAML parser is.
enum Place {
    /// In a group, behind this key or before the next.
    Group { name: String, key: Option<String> },
    /// In the list of this field.
    List { name: String, values: Vec<Scalar>, whole: bool },
    /// In something that is left out.
    Skipped,
}

fn yaml(matter: &str, properties: &mut Properties) -> Result<(), String> {
    let mut places: Vec<Place> = Vec::new();
    for (n, event) in Parser::new_from_str(matter).enumerate() {
        if n > MAX_EVENTS {
            return Err(format!("it has more than {MAX_EVENTS} settings"));
        }
        let (event, _) = event.map_err(|error| error.to_string())?;
        match event {
            Event::Scalar(text, style, ..) => scalar(&mut places, &text, style, properties),
            Event::Alias(_) => {
                if let Some(Place::Group { name: group, key }) = places.last_mut() {
                    // An alias as a key would be a name that nobody wrote.
                    properties.leave_out(&name(group, &key.take().unwrap_or_default()));
                } else if let Some(Place::List { whole, .. }) = places.last_mut() {
                    *whole = false;
                }
            }
            Event::MappingStart(..) => {
                let place = inner(&mut places, properties, |name| Place::Group { name, key: None });
                places.push(place);
            }
            Event::SequenceStart(..) => {
                let place =
                    inner(&mut places, properties, |name| Place::List { name, values: Vec::new(), whole: true });
                places.push(place);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                if let Some(Place::List { name, values, whole }) = places.pop() {
                    if whole { put(properties, &name, values) } else { properties.leave_out(&name) }
                }
            }
            // What follows is another document.
            Event::DocumentEnd => return Ok(()),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
    }
    Ok(())
}

fn scalar(places: &mut [Place], text: &str, style: ScalarStyle, properties: &mut Properties) {
    let value = match (style, text) {
        (ScalarStyle::Plain, "" | "~" | "null" | "Null" | "NULL") => None,
        (ScalarStyle::Plain, "True" | "TRUE") => Some(Scalar::Truth(true)),
        (ScalarStyle::Plain, "False" | "FALSE") => Some(Scalar::Truth(false)),
        (ScalarStyle::Plain, text) => Some(Scalar::guessed(text)),
        (_, text) => Some(Scalar::Text(text.trim_end().into())),
    };
    match places.last_mut() {
        Some(Place::Group { name: group, key }) => match key.take() {
            None => *key = Some(text.to_owned()),
            Some(key) => put(properties, &name(group, &key), value.into_iter().collect()),
        },
        Some(Place::List { values, .. }) => values.extend(value),
        Some(Place::Skipped) | None => {}
    }
}

/// The place that begins here: of the group's next key, or nothing that is taken.
fn inner(places: &mut [Place], properties: &mut Properties, of: impl Fn(String) -> Place) -> Place {
    let depth = places.len();
    match places.last_mut() {
        None => of(String::new()),
        Some(Place::Group { name: group, key: key @ Some(_) }) => {
            let name = name(group, &key.take().unwrap_or_default());
            if depth < MAX_DEPTH {
                return of(name);
            }
            properties.leave_out(&name);
            Place::Skipped
        }
        // A list or a group as a key.
        Some(Place::Group { key, .. }) => {
            *key = Some(String::new());
            Place::Skipped
        }
        Some(Place::List { whole, .. }) => {
            *whole = false;
            Place::Skipped
        }
        Some(Place::Skipped) => Place::Skipped,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn metadata(matter: &str, is_toml: bool) -> (Value, Vec<Warning>) {
        let mut warnings = Vec::new();
        (Value::Object(read(matter, is_toml, &mut warnings).to_json()), warnings)
    }

    #[test]
    fn yaml_becomes_fields() {
        let matter = "title: T\ndate: 2026-01-31\nyear: 2026\ndraft: true\nversion: 1.10\nid: '007'\nzip: 00501\nanswer: no\n\
                      tags: [a, \"b c\"]\nauthors:\n  - Ann\n  - Bob\nempty:\nabout:\n  team: legal\n  more:\n    x: 1\n\
                      note: |\n  one\n  two\n";
        let (fields, warnings) = metadata(matter, false);
        let expected = json!({"date": "2026-01-31", "year": 2026, "draft": true, "version": 1.1, "id": "007", "zip": "00501",
            "answer": "no", "tags": ["a", "b c"], "authors": ["Ann", "Bob"], "about.team": "legal", "about.more.x": 1,
            "note": "one\ntwo"});
        assert_eq!((fields, warnings), (expected, Vec::new()));
    }

    #[test]
    fn toml_becomes_fields() {
        let matter = "title = 'T'\ndate = 2026-01-31\nat = 2026-01-31T10:00:00Z\nyear = 2026\ntags = ['a', 1]\n\
                      [extra]\nteam = 'legal'\nbig = 9007199254740993\n";
        let (fields, warnings) = metadata(matter, true);
        let expected = json!({"date": "2026-01-31", "at": "2026-01-31T10:00:00Z", "year": 2026, "tags": ["a", 1],
            "extra.team": "legal", "extra.big": "9007199254740993"});
        assert_eq!((fields, warnings), (expected, Vec::new()));
    }

    #[test]
    fn what_is_not_taken_is_told() {
        let deep = "a:\n  b:\n    c:\n      d:\n        e: 1\nlist: [[1], 2]\nbase: &x 1\ncopy: *x\ngood: 1\n";
        let (fields, warnings) = metadata(deep, false);
        assert_eq!(fields, json!({"base": 1, "good": 1}));
        let names = ["a.b.c.d", "list", "copy"].map(str::to_owned).to_vec();
        assert_eq!(warnings, [Warning::MetadataLeftOut { count: 3, names }]);
        for (matter, is_toml) in [("a: [1, 2\nb: 3", false), ("a = \n", true), (&*"a: 1\n".repeat(20_000), false)] {
            let (_, warnings) = metadata(matter, is_toml);
            assert!(matches!(warnings[..], [Warning::FrontMatterUnread { .. }]), "{warnings:?}");
        }
        // As deep as a bomb would be.
        for bomb in ["[".repeat(60_000), "{a: ".repeat(15_000), "- ".repeat(30_000)] {
            let _ = metadata(&format!("a: {bomb}"), false);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_told(matter in "[a-c:\\-\\[\\]{}&*!|>'\" \\n0-9=,.]{0,80}", is_toml in any::<bool>()) {
            let _ = metadata(&matter, is_toml);
        }
    }
}
