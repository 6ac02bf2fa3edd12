//! Filters on documents, in the dialect of OpenAI's vector stores.
//!
//! A filter compares named values of a document, `{"type": "gte", "key": "year", "value": 2024}`, or joins filters,
//! `{"type": "and", "filters": […]}`. The types `eq`, `ne`, `in` and `nin` ask for equal values, `gt`, `gte`, `lt` and `lte`
//! compare numbers and dates, `like` compares the source with a [pattern](super::Glob).
//!
//! What holds for all of them:
//! - A key is one of the [built-in](FilterKey) ones, or else a field of the metadata. `metadata.NAME` is always the field, also
//!   where a built-in key has its name.
//! - A field with a list has all its values: a comparison holds when it holds for one of them, and `ne` and `nin` hold when
//!   `eq` and `in` do not. So a document without the field is met by `ne` and `nin`, and by nothing else.
//! - Values of different types are never equal: `5` is not `"5"`.
//! - Dates are texts: a date (`2026-01-31`) means that whole day in UTC, a time of RFC 3339 that point. They compare as
//!   times, so that `lte` a date takes in the day itself. `modified` and `ingested` take seconds since 1970, too.
//!
//! A [`Filter`] that was read is in its normal form: filters that differ only in order, repetitions or needless joints are
//! equal, and have one key in caches.

mod attributes;
mod condition;
mod facet;
mod normal;
mod parse;
mod short;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use serde_json::{Map, Value, json};

pub use attributes::{AttributeValue, DocumentAttributes};
pub use condition::{Condition, Matcher, Span};
pub use facet::{Facet, FacetKind};
pub use parse::{
    InvalidFilter, MAX_FILTER_DEPTH, MAX_FILTER_KEY_CHARS, MAX_FILTER_NODES, MAX_FILTER_PATTERNS,
    MAX_FILTER_TEXT_CHARS, MAX_FILTER_VALUES,
};
pub use short::InvalidShortFilter;

use super::Scalar;

/// What makes a key a field of the metadata, whatever its name is.
const FIELD_PREFIX: &str = "metadata.";

/// What a filter compares.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FilterKey {
    /// Name of the document.
    Source,
    /// Format that it was read as.
    Format,
    /// ISO 639-1 code of most of its text.
    Language,
    /// Version label.
    Version,
    /// Title.
    Title,
    /// Last change of its file.
    Modified,
    /// Its ingestion.
    Ingested,
    /// A field of its metadata.
    Field(Arc<str>),
}

impl FilterKey {
    /// The keys that every document has by itself.
    pub const BUILT_IN: [(&'static str, Self); 7] = [
        ("source", Self::Source),
        ("format", Self::Format),
        ("language", Self::Language),
        ("version", Self::Version),
        ("title", Self::Title),
        ("modified", Self::Modified),
        ("ingested", Self::Ingested),
    ];

    /// The key of this name.
    pub fn named(name: &str) -> Self {
        if let Some((_, key)) = Self::BUILT_IN.into_iter().find(|(own, _)| *own == name) {
            return key;
        }
        Self::Field(name.strip_prefix(FIELD_PREFIX).filter(|rest| !rest.is_empty()).unwrap_or(name).into())
    }

    /// Whether its values are points of time.
    pub fn is_time(&self) -> bool {
        matches!(self, Self::Modified | Self::Ingested)
    }

    /// Whether it is a field of the metadata.
    pub fn is_field(&self) -> bool {
        matches!(self, Self::Field(_))
    }
}

impl fmt::Display for FilterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Field(name) = self {
            // Without the prefix it would be another key.
            let taken = name.starts_with(FIELD_PREFIX) || Self::BUILT_IN.iter().any(|(own, _)| **own == **name);
            return write!(f, "{}{name}", if taken { FIELD_PREFIX } else { "" });
        }
        let own = Self::BUILT_IN.iter().find(|(_, key)| key == self);
        f.write_str(own.map_or("", |(name, _)| name))
    }
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Greater, later.
    Gt,
    /// Greater, later or equal.
    Gte,
    /// Less, earlier.
    Lt,
    /// Less, earlier or equal.
    Lte,
    /// Equal to one of a list.
    In,
    /// Equal to none of a list.
    Nin,
    /// As a pattern says.
    Like,
}

impl Operator {
    /// All of them.
    pub const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::Gt, Self::Gte, Self::Lt, Self::Lte, Self::In, Self::Nin, Self::Like];

    /// The name in requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::In => "in",
            Self::Nin => "nin",
            Self::Like => "like",
        }
    }

    /// Whether it takes a list.
    pub const fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::Nin)
    }

    /// Whether it asks what comes first.
    pub const fn is_order(self) -> bool {
        matches!(self, Self::Gt | Self::Gte | Self::Lt | Self::Lte)
    }
}

/// One comparison. It takes one value, or, for `in` and `nin`, any number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Comparison {
    key: FilterKey,
    operator: Operator,
    values: Vec<Scalar>,
}

impl Comparison {
    /// What is compared.
    pub fn key(&self) -> &FilterKey {
        &self.key
    }

    fn to_json(&self) -> Value {
        let Self { key, operator, values } = self;
        let value = match &values[..] {
            [value] if !operator.takes_list() => value.to_json(),
            values => values.iter().map(Scalar::to_json).collect(),
        };
        json!({"type": operator.as_str(), "key": key.to_string(), "value": value})
    }
}

/// Which documents are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Filter {
    /// Those of a comparison.
    Compare(Comparison),
    /// Those of all of these.
    And(Vec<Filter>),
    /// Those of any of these.
    Or(Vec<Filter>),
}

impl Filter {
    /// Reads a filter, and brings it into its normal form.
    ///
    /// # Errors
    /// The first place that cannot be used, and what is allowed there.
    pub fn from_json(value: &Value) -> Result<Self, InvalidFilter> {
        parse::filter(value).map(Self::normal)
    }

    /// Documents with one of these version labels.
    pub fn with_version(labels: &[String]) -> Self {
        let values = labels.iter().map(|label| Scalar::Text(label.as_str().into())).collect();
        Self::Compare(Comparison { key: FilterKey::Version, operator: Operator::In, values })
    }

    /// Reads comparisons as they are written at a command line, like `year>=2024`; all of them must hold.
    ///
    /// # Errors
    /// The first that is none. `None` when there are no texts.
    pub fn from_short(texts: &[String]) -> Result<Option<Self>, InvalidShortFilter> {
        let filters = texts.iter().map(|text| short::filter(text)).collect::<Result<Vec<_>, _>>()?;
        Ok((!filters.is_empty()).then(|| Self::And(filters).normal()))
    }

    /// Documents that both mean.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::And(vec![self, other]).normal()
    }

    /// As JSON has it.
    pub fn to_json(&self) -> Value {
        let joined = |kind: &str, filters: &[Self]| {
            let filters: Vec<Value> = filters.iter().map(Self::to_json).collect();
            Value::Object(Map::from_iter([("type".into(), kind.into()), ("filters".into(), filters.into())]))
        };
        match self {
            Self::Compare(comparison) => comparison.to_json(),
            Self::And(filters) => joined("and", filters),
            Self::Or(filters) => joined("or", filters),
        }
    }

    /// Whether a document is meant. For many documents see [`matcher`](Self::matcher).
    pub fn matches(&self, document: &DocumentAttributes) -> bool {
        self.matcher().matches(document)
    }

    /// The filter in a form that documents are looked at with, one after the other.
    pub fn matcher(&self) -> Matcher {
        match self {
            Self::Compare(comparison) => Matcher::Compare(comparison.key.clone(), comparison.condition()),
            Self::And(filters) => Matcher::And(filters.iter().map(Self::matcher).collect()),
            Self::Or(filters) => Matcher::Or(filters.iter().map(Self::matcher).collect()),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}
