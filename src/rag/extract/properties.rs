//! What documents say of themselves beside their text: authors, subjects, keywords, dates. All formats use the same names.

use jiff::{
    civil::DateTime,
    tz::{Offset, TimeZone},
};
use lopdf::{Document, Object, decode_text_string};

use super::{
    Warning,
    xml::{self, Node},
};
use crate::domain::{MAX_METADATA_TEXT_CHARS, Metadata, MetadataValue, Scalar};

/// The properties of a document, as they are found.
#[derive(Debug, Default)]
pub(super) struct Properties {
    found: Vec<(String, Vec<Scalar>)>,
    /// Names of those that were not taken.
    left_out: Vec<String>,
}

/// Most names in a warning.
const MOST_NAMED: usize = 8;

impl Properties {
    /// Adds a value to a field, unless it has that already.
    pub fn add(&mut self, name: &str, value: Scalar) {
        if value.text().is_some_and(|text| text.trim().is_empty()) {
            return;
        }
        match self.found.iter_mut().find(|(own, _)| own == name) {
            Some((_, values)) if values.contains(&value) => {}
            Some((_, values)) => values.push(value),
            None => self.found.push((name.to_owned(), vec![value])),
        }
    }

    /// Adds a text on one line. A long one, as some descriptions are, is cut off.
    pub fn add_text(&mut self, name: &str, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        let line: String = words.join(" ").chars().take(MAX_METADATA_TEXT_CHARS).collect();
        // What programs write where nobody said anything.
        if matches!(line.as_str(), "(unspecified)" | "(anonymous)") {
            return;
        }
        self.add(name, Scalar::Text(line.into()));
    }

    /// Adds keywords that stand in one text.
    pub fn add_keywords(&mut self, text: &str) {
        let sign = if text.contains(';') { ';' } else { ',' };
        text.split(sign).for_each(|keyword| self.add_text("keywords", keyword));
    }

    /// Adds a list as it is.
    pub fn add_list(&mut self, name: &str, values: Vec<Scalar>) {
        values.into_iter().for_each(|value| self.add(name, value));
    }

    /// Notes that a field cannot be taken.
    pub fn leave_out(&mut self, name: &str) {
        self.left_out.push(name.chars().take(40).collect());
    }

    /// As metadata. What is beyond its bounds is left out, which a warning tells.
    pub fn finish(mut self, warnings: &mut Vec<Warning>) -> Metadata {
        let mut metadata = Metadata::default();
        for (name, mut values) in std::mem::take(&mut self.found) {
            let value = match values.len() {
                // Keywords are a list however many there are.
                1 if name != "keywords" && name != "tags" => MetadataValue::One(values.swap_remove(0)),
                _ => MetadataValue::Many(values),
            };
            if metadata.insert(&name, value).is_err() {
                self.leave_out(&name);
            }
        }
        if !self.left_out.is_empty() {
            let count = self.left_out.len();
            self.left_out.truncate(MOST_NAMED);
            warnings.push(Warning::MetadataLeftOut { count, names: self.left_out });
        }
        metadata
    }

    /// Takes the properties in a part of an office document or a book: elements by their names without prefix, and the fields
    /// that they become. Broken properties say nothing, and cost nothing but themselves.
    pub fn read_xml(&mut self, format: &'static str, xml: &str, fields: &[(&str, &str)]) {
        let (mut inside, mut text): (Option<&str>, String) = (None, String::new());
        let mut found: Vec<(String, String)> = Vec::new();
        let walked = xml::walk(format, xml, |node| {
            match node {
                Node::Open(open, _) => {
                    inside = fields.iter().find(|(element, _)| *element == open).map(|(_, field)| *field);
                    text.clear();
                }
                Node::Close(_) => {
                    if let Some(field) = inside.take() {
                        found.push((field.to_owned(), std::mem::take(&mut text)));
                    }
                }
                Node::Text(part) if inside.is_some() => text.push_str(part),
                Node::Text(_) => {}
            }
            Ok(())
        });
        if walked.is_ok() {
            for (field, text) in found {
                if field == "keywords" { self.add_keywords(&text) } else { self.add_text(&field, &text) }
            }
        }
    }

    /// Takes the entries of a PDF's information dictionary.
    pub fn read_pdf(&mut self, document: &Document) {
        let info = document.trailer.get(b"Info").and_then(|info| document.dereference(info));
        let Some(info) = info.ok().and_then(|(_, info)| info.as_dict().ok()) else { return };
        let entry = |name: &[u8]| -> Option<String> {
            let (_, value) = document.dereference(info.get(name).ok()?).ok()?;
            matches!(value, Object::String(..)).then(|| decode_text_string(value).ok())?
        };
        for (name, field) in [(&b"Author"[..], "author"), (b"Subject", "subject")] {
            if let Some(text) = entry(name) {
                self.add_text(field, &text);
            }
        }
        if let Some(text) = entry(b"Keywords") {
            self.add_keywords(&text);
        }
        if let Some(time) = entry(b"CreationDate").and_then(|text| pdf_date(&text)) {
            self.add_text("created", &time);
        }
    }
}

/// `D:20260131100000+01'00'`, of which all but the year may be missing, as RFC 3339 in UTC.
fn pdf_date(text: &str) -> Option<String> {
    let text = text.trim().strip_prefix("D:").unwrap_or(text.trim());
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, zone) = text.split_at(end);
    let part = |from: usize, length: usize, or: i8| match digits.get(from..from + length) {
        Some(part) => part.parse::<i8>().ok(),
        None => Some(or),
    };
    let year: i16 = digits.get(..4)?.parse().ok()?;
    let time = DateTime::new(year, part(4, 2, 1)?, part(6, 2, 1)?, part(8, 2, 0)?, part(10, 2, 0)?, part(12, 2, 0)?, 0);
    let mut numbers = zone.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let mut number = || numbers.next().map_or(Some(0), |part| part.parse::<i32>().ok());
    let (hours, minutes) = (number()?, number()?);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let offset = Offset::from_seconds(sign * (hours.min(24) * 3_600 + minutes.min(60) * 60)).ok()?;
    Some(time.ok()?.to_zoned(TimeZone::fixed(offset)).ok()?.timestamp().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rag::extract::{Format, Limits, extract_bytes};

    #[test]
    fn dates_of_pdfs_are_read_as_far_as_they_go() {
        for (text, time) in [
            ("D:20260131100000+01'00'", Some("2026-01-31T09:00:00Z")),
            ("D:20260131100000Z", Some("2026-01-31T10:00:00Z")),
            ("D:20260131", Some("2026-01-31T00:00:00Z")),
            ("2026", Some("2026-01-01T00:00:00Z")),
            ("D:20261331", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(pdf_date(text).as_deref(), time, "{text}");
        }
    }

    /// What a file says of itself.
    fn of_file(name: &str) -> serde_json::Value {
        let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures")).join(name);
        let (format, bytes) = (Format::of_path(&path).unwrap(), std::fs::read(&path).unwrap());
        serde_json::Value::Object(extract_bytes(format, &bytes, &Limits::default()).unwrap().metadata.to_json())
    }

    #[test]
    fn each_format_says_what_it_knows_by_the_same_names() {
        let expected = [
            (
                "docs/on-call-runbook.docx",
                json!({"author": "Platform team", "description": "generated by python-docx", "created": "2013-12-23T23:15:00Z"}),
            ),
            (
                "formats/handbook.pptx",
                json!({"description": "generated using python-pptx", "created": "2013-01-27T09:14:16Z"}),
            ),
            ("formats/fleet.xlsx", json!({"created": "2026-11-27T12:49:06Z"})),
            ("formats/mooring.odt", json!({})),
            ("formats/lighthouse.epub", json!({})),
            ("docs/refund-policy.pdf", json!({"author": "Platform team", "created": "2000-01-01T00:00:00Z"})),
            (
                "formats/berths.eml",
                json!({"author": "mira@example.org", "to": ["jon@example.org", "crew@example.org"],
                "cc": "office@example.org", "created": "2025-03-01T14:30:00+01:00"}),
            ),
        ];
        for (name, metadata) in expected {
            assert_eq!(of_file(name), metadata, "{name}");
        }
    }

    #[test]
    fn pages_and_parts_of_documents_say_it_in_their_own_ways() {
        let page = "<html><head><meta name=Author content=' Ann  B. '><meta name=keywords content='a, b;c'>\
                    <meta property='article:published_time' content='2026-01-31T10:00:00Z'><meta name=x content=y></head>\
                    <body><p>Text.</p><meta name=author content=Bob></body></html>";
        let read =
            extract_bytes(Format::of_path("a.html".as_ref()).unwrap(), page.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(
            serde_json::Value::Object(read.metadata.to_json()),
            json!({"author": "Ann B.", "keywords": ["a, b", "c"], "created": "2026-01-31T10:00:00Z"})
        );
        let xml = "<o:meta xmlns:o='o' xmlns:dc='dc'><dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator>\
                   <o:keyword>x</o:keyword><other>no</other></o:meta>";
        let mut properties = Properties::default();
        properties.read_xml("X", xml, &[("creator", "author"), ("keyword", "keywords")]);
        properties.read_xml("X", "<broken", &[("broken", "author")]);
        assert_eq!(
            serde_json::Value::Object(properties.finish(&mut Vec::new()).to_json()),
            json!({"author": ["Ann", "Bob"], "keywords": ["x"]})
        );
    }

    #[test]
    fn values_are_taken_once_and_keywords_are_a_list() {
        let mut properties = Properties::default();
        properties.add_keywords("one, two words,  one,");
        properties.add_text("author", "A.\n B.");
        properties.add_text("author", " ");
        properties.add("long", Scalar::Text("x".repeat(2_000).into()));
        properties.add_text("about", &"x".repeat(2_000));
        let mut warnings = Vec::new();
        let metadata = properties.finish(&mut warnings);
        assert_eq!(
            serde_json::Value::Object(metadata.to_json()),
            serde_json::json!({"keywords": ["one", "two words"], "author": "A. B.", "about": "x".repeat(1_024)})
        );
        assert_eq!(warnings, [Warning::MetadataLeftOut { count: 1, names: vec!["long".into()] }]);
    }
}
