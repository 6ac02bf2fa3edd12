//! From JSON to a filter, within bounds.

use serde_json::{Map, Value};

use super::{Comparison, Filter, FilterKey, Operator};
use crate::domain::{MAX_METADATA_NAME_CHARS, Scalar, dates::TimeSpan};

/// How deep filters may be joined within each other.
pub const MAX_FILTER_DEPTH: usize = 16;

/// Most comparisons and joints of a filter.
pub const MAX_FILTER_NODES: usize = 256;

/// Most values of all comparisons together.
pub const MAX_FILTER_VALUES: usize = 1_000;

/// Most characters of a text that is compared: a source is a path.
pub const MAX_FILTER_TEXT_CHARS: usize = 4_096;

/// Most characters of a key.
pub const MAX_FILTER_KEY_CHARS: usize = MAX_METADATA_NAME_CHARS + super::FIELD_PREFIX.len();

/// Most patterns: each is compared with the names of all documents that begin as it does.
pub const MAX_FILTER_PATTERNS: usize = 16;

/// Most characters of a text in a message.
const SHOWN: usize = 40;

/// A filter that cannot be used. The place is a path like `filter.filters[1].value`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{place}\" {problem}")]
pub struct InvalidFilter {
    place: String,
    problem: String,
}

/// A filter as it is written.
pub(super) fn filter(value: &Value) -> Result<Filter, InvalidFilter> {
    Parser::default().filter(value, "filter", 1)
}

/// What was read so far.
#[derive(Default)]
struct Parser {
    nodes: usize,
    values: usize,
    patterns: usize,
}

fn invalid<T>(place: impl Into<String>, problem: impl Into<String>) -> Result<T, InvalidFilter> {
    Err(InvalidFilter { place: place.into(), problem: problem.into() })
}

impl Parser {
    fn filter(&mut self, value: &Value, place: &str, depth: usize) -> Result<Filter, InvalidFilter> {
        if depth > MAX_FILTER_DEPTH {
            return invalid(
                place,
                format!("is nested too deeply: at most {MAX_FILTER_DEPTH} filters within each other"),
            );
        }
        self.nodes += 1;
        if self.nodes > MAX_FILTER_NODES {
            return invalid(place, format!("is one too many: at most {MAX_FILTER_NODES} filters altogether"));
        }
        let Value::Object(object) = value else {
            return invalid(place, format!("must be an object, it is {}", kind(value)));
        };
        let names = "eq, ne, gt, gte, lt, lte, in, nin, like, and, or";
        let named = match object.get("type") {
            None => return invalid(format!("{place}.type"), format!("is missing: give one of {names}")),
            Some(Value::String(named)) => named.as_str(),
            Some(other) => return invalid(format!("{place}.type"), format!("must be a text, it is {}", kind(other))),
        };
        let join: fn(Vec<Filter>) -> Filter = match named {
            "and" => Filter::And,
            "or" => Filter::Or,
            _ => {
                let Some(operator) = Operator::ALL.into_iter().find(|operator| operator.as_str() == named) else {
                    let shown: String = named.chars().take(SHOWN).collect();
                    return invalid(format!("{place}.type"), format!("must be one of {names}, it is {shown:?}"));
                };
                return self.comparison(object, operator, place).map(Filter::Compare);
            }
        };
        only(object, &["type", "filters"], place)?;
        match object.get("filters") {
            Some(Value::Array(filters)) if !filters.is_empty() => {
                let parts = filters.iter().enumerate();
                let parts = parts.map(|(n, part)| self.filter(part, &format!("{place}.filters[{n}]"), depth + 1));
                parts.collect::<Result<_, _>>().map(join)
            }
            Some(Value::Array(_)) => invalid(format!("{place}.filters"), "is empty: give at least one filter"),
            Some(other) => invalid(format!("{place}.filters"), format!("must be a list, it is {}", kind(other))),
            None => invalid(format!("{place}.filters"), "is missing: give a list of filters"),
        }
    }

    fn comparison(
        &mut self,
        object: &Map<String, Value>,
        operator: Operator,
        place: &str,
    ) -> Result<Comparison, InvalidFilter> {
        only(object, &["type", "key", "value"], place)?;
        let key = key(object, place)?;
        self.patterns += usize::from(operator == Operator::Like);
        if self.patterns > MAX_FILTER_PATTERNS {
            return invalid(place, format!("is one pattern too many: at most {MAX_FILTER_PATTERNS} altogether"));
        }
        let place = format!("{place}.value");
        let named = operator.as_str();
        let values = match object.get("value") {
            None => return invalid(place, "is missing: give the value to compare with"),
            Some(Value::Array(values)) if operator.takes_list() => {
                let values = values.iter().enumerate();
                values
                    .map(|(n, value)| self.value(value, &key, operator, &format!("{place}[{n}]")))
                    .collect::<Result<_, _>>()?
            }
            Some(other) if operator.takes_list() => {
                return invalid(place, format!("must be a list for {named:?}, it is {}", kind(other)));
            }
            Some(Value::Array(_)) => {
                return invalid(place, format!("must be one value for {named:?}; \"in\" and \"nin\" take lists"));
            }
            Some(value) => vec![self.value(value, &key, operator, &place)?],
        };
        Ok(Comparison { key, operator, values })
    }

    fn value(
        &mut self,
        value: &Value,
        key: &FilterKey,
        operator: Operator,
        place: &str,
    ) -> Result<Scalar, InvalidFilter> {
        self.values += 1;
        if self.values > MAX_FILTER_VALUES {
            return invalid(place, format!("is one too many: at most {MAX_FILTER_VALUES} values altogether"));
        }
        let scalar = match (Scalar::of_json(value), value) {
            (Some(scalar), _) => scalar,
            (None, Value::Number(_)) => return invalid(place, "has more digits than a number keeps"),
            (None, _) => {
                return invalid(place, format!("must be a text, a number, true or false, it is {}", kind(value)));
            }
        };
        if let Some(chars) = scalar.text().map(|text| text.chars().count()).filter(|n| *n > MAX_FILTER_TEXT_CHARS) {
            return invalid(place, format!("must have at most {MAX_FILTER_TEXT_CHARS} characters, it has {chars}"));
        }
        match check(key, operator, &scalar) {
            Ok(()) => Ok(scalar),
            Err(takes) => invalid(place, format!("must be {takes}, it is {}", kind(value))),
        }
    }
}

/// Whether a comparison takes a value; else what it takes.
pub(super) fn check(key: &FilterKey, operator: Operator, value: &Scalar) -> Result<(), String> {
    let is_text = matches!(value, Scalar::Text(_));
    let is_date = value.text().is_some_and(|text| TimeSpan::of_text(text).is_some());
    let named = operator.as_str();
    let dates = "a date like 2026-01-31 or a time like 2026-01-31T10:00:00Z";
    let is_seconds = matches!(value, Scalar::Number(number) if TimeSpan::of_seconds(number.get()).is_some());
    let (fits, takes) = match key {
        FilterKey::Modified | FilterKey::Ingested => {
            (is_date || is_seconds, format!("{dates}, or seconds since 1970, for {:?}", key.to_string()))
        }
        FilterKey::Field(_) if operator.is_order() => {
            (is_date || matches!(value, Scalar::Number(_)), format!("a number, {dates} for {named:?}"))
        }
        FilterKey::Field(_) => return Ok(()),
        _ => (is_text, format!("a text for {:?}", key.to_string())),
    };
    if fits { Ok(()) } else { Err(takes) }
}

/// The key of a comparison.
fn key(object: &Map<String, Value>, place: &str) -> Result<FilterKey, InvalidFilter> {
    let operator = object.get("type").and_then(Value::as_str).unwrap_or_default();
    let place = format!("{place}.key");
    let key = match object.get("key") {
        None => return invalid(place, "is missing: name what to compare"),
        Some(Value::String(name)) if name.is_empty() => return invalid(place, "is empty: name what to compare"),
        Some(Value::String(name)) if name.chars().count() > MAX_FILTER_KEY_CHARS => {
            return invalid(place, format!("must have at most {MAX_FILTER_KEY_CHARS} characters"));
        }
        Some(Value::String(name)) => FilterKey::named(name),
        Some(other) => return invalid(place, format!("must be a text, it is {}", kind(other))),
    };
    match operator {
        "like" if key != FilterKey::Source => {
            invalid(place, format!("must be \"source\" for \"like\", it is \"{key}\""))
        }
        "gt" | "gte" | "lt" | "lte" if !key.is_field() && !key.is_time() => invalid(
            place,
            format!("must have numbers or dates for {operator:?}, but \"{key}\" is a text; use eq, ne, in or nin"),
        ),
        _ => Ok(key),
    }
}

/// Refuses fields that mean nothing: a filter with a field that was misspelt would let through what was to be left out.
fn only(object: &Map<String, Value>, known: &[&str], place: &str) -> Result<(), InvalidFilter> {
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(other) => {
            let shown: String = other.chars().take(SHOWN).collect();
            invalid(format!("{place}.{shown}"), format!("is not a field of this filter; it has {}", known.join(", ")))
        }
    }
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {:?}", text.chars().take(SHOWN).collect::<String>()),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}
