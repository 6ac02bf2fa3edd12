//! What filters see of a document.

use std::sync::Arc;

use super::FilterKey;
use crate::domain::{Metadata, Number, Scalar, dates::TimeSpan};

/// What filters see of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentAttributes {
    /// Name of the document.
    pub source: String,
    /// Format that it was read as.
    pub format: String,
    /// ISO 639-1 code of most of its text, `und` when unknown.
    pub language: String,
    /// Version label.
    pub version: String,
    /// Its title, when it has one.
    pub title: Option<String>,
    /// When its file changed last, RFC 3339 in UTC.
    pub modified: Option<String>,
    /// When it was ingested, RFC 3339 in UTC.
    pub ingested: String,
    /// Its metadata.
    pub metadata: Metadata,
}

/// A value that can be compared. Values of one type stand together in their order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttributeValue {
    /// True or false.
    Truth(bool),
    /// A number.
    Number(Number),
    /// A point of time, in microseconds since 1970.
    Time(i64),
    /// A text.
    Text(Arc<str>),
}

impl From<&Scalar> for AttributeValue {
    fn from(value: &Scalar) -> Self {
        match value {
            Scalar::Truth(truth) => Self::Truth(*truth),
            Scalar::Number(number) => Self::Number(*number),
            Scalar::Text(text) => Self::Text(Arc::clone(text)),
        }
    }
}

impl DocumentAttributes {
    /// Every value that the document has, with its key, each once. A text of the metadata that is a date is also a time.
    pub fn entries(&self) -> Vec<(FilterKey, AttributeValue)> {
        let Self { source, format, language, version, title, modified, ingested, metadata } = self;
        let text = |text: &str| AttributeValue::Text(text.into());
        let time = |text: &str| TimeSpan::of_text(text).map(|span| AttributeValue::Time(span.first));
        let mut entries = vec![
            (FilterKey::Source, text(source)),
            (FilterKey::Format, text(format)),
            (FilterKey::Language, text(language)),
            (FilterKey::Version, text(version)),
        ];
        entries.extend(title.as_deref().map(|title| (FilterKey::Title, text(title))));
        entries.extend(modified.as_deref().and_then(time).map(|time| (FilterKey::Modified, time)));
        entries.extend(time(ingested).map(|time| (FilterKey::Ingested, time)));
        for (name, value) in metadata.iter() {
            let key = FilterKey::Field(Arc::clone(name));
            for value in value.values() {
                entries.extend(value.text().and_then(|text| time(text)).map(|time| (key.clone(), time)));
                entries.push((key.clone(), value.into()));
            }
        }
        entries.sort_unstable();
        entries.dedup();
        entries
    }
}
