//! What is known of a document beside its text: named values that questions can be limited to.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

/// Most fields of a document's metadata.
pub const MAX_METADATA_FIELDS: usize = 64;

/// Most characters of the name of a field.
pub const MAX_METADATA_NAME_CHARS: usize = 128;

/// Most characters of a text.
pub const MAX_METADATA_TEXT_CHARS: usize = 1_024;

/// Most values of a list.
pub const MAX_METADATA_LIST: usize = 64;

/// Most bytes of names and values together.
pub const MAX_METADATA_BYTES: usize = 32 << 10;

/// The largest whole number that a 64-bit float keeps together with all below it.
const LARGEST_WHOLE: u64 = 1 << 53;

/// A finite number. Zero has one form, so that equal numbers have equal hashes.
#[derive(Debug, Clone, Copy)]
pub struct Number(f64);

impl Number {
    /// The largest and, with its sign changed, the smallest.
    pub const MAX: Self = Self(f64::MAX);

    /// `None` when it is infinite or no number.
    pub fn new(number: f64) -> Option<Self> {
        // Adding a positive zero turns a negative one into it.
        number.is_finite().then_some(Self(number + 0.0))
    }

    /// A number of a JSON text; `None` when a float cannot keep all its digits.
    fn of_json(number: &serde_json::Number) -> Option<Self> {
        let fits = |whole: u64| whole <= LARGEST_WHOLE;
        if number.as_u64().is_some_and(|n| !fits(n)) || number.as_i64().is_some_and(|n| !fits(n.unsigned_abs())) {
            return None;
        }
        Self::new(number.as_f64()?)
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// As JSON has it: without a point when it is whole.
    pub fn to_json(self) -> Value {
        if self.0.fract() == 0.0 && self.0.abs() <= LARGEST_WHOLE as f64 {
            Value::from(self.0 as i64)
        } else {
            serde_json::Number::from_f64(self.0).map_or(Value::Null, Value::Number)
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Number {}

impl std::hash::Hash for Number {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scalar {
    /// True or false.
    Truth(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Arc<str>),
}

impl Scalar {
    /// What a text of a command line or a file most likely means: `true`, `2025`, or the text itself.
    pub fn guessed(text: &str) -> Self {
        match text {
            "true" => return Self::Truth(true),
            "false" => return Self::Truth(false),
            _ => {}
        }
        // Only what JSON has as a number: `inf` and `1_000` are texts, and so is `007`, whose zeros mean something.
        let number = serde_json::from_str(text).ok().and_then(|number| Number::of_json(&number));
        number.map_or_else(|| Self::Text(text.into()), Self::Number)
    }

    /// `None` for what is no single value, and for numbers that would lose digits.
    pub fn of_json(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(truth) => Some(Self::Truth(*truth)),
            Value::Number(number) => Number::of_json(number).map(Self::Number),
            Value::String(text) => Some(Self::Text(text.as_str().into())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// As JSON has it.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Truth(truth) => Value::Bool(*truth),
            Self::Number(number) => number.to_json(),
            Self::Text(text) => Value::from(text.as_ref()),
        }
    }

    /// The text, when it is one.
    pub fn text(&self) -> Option<&Arc<str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Truth(_) | Self::Number(_) => None,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Truth(_) | Self::Number(_) => 8,
        }
    }
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataValue {
    /// One value.
    One(Scalar),
    /// A list of values.
    Many(Vec<Scalar>),
}

impl MetadataValue {
    /// Its values.
    pub fn values(&self) -> &[Scalar] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::One(value) => value.to_json(),
            Self::Many(values) => values.iter().map(Scalar::to_json).collect(),
        }
    }
}

/// Metadata that is not taken. The place is a path like `metadata.tags[1]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{place}\" {problem}")]
pub struct InvalidMetadata {
    place: String,
    problem: String,
}

impl InvalidMetadata {
    fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}

/// Fields by name, within bounds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    fields: BTreeMap<Arc<str>, MetadataValue>,
    bytes: usize,
}

impl Metadata {
    /// Checks an object.
    ///
    /// # Errors
    /// The first field that is not taken, and why.
    pub fn from_json(object: &Map<String, Value>) -> Result<Self, InvalidMetadata> {
        let mut metadata = Self::default();
        for (name, value) in object {
            let place = format!("metadata.{}", name.chars().take(MAX_METADATA_NAME_CHARS).collect::<String>());
            let value = value_of_json(value, &place)?;
            metadata.insert(name, value).map_err(|problem| InvalidMetadata::new(place, problem))?;
        }
        Ok(metadata)
    }

    /// Adds a field, or replaces it.
    ///
    /// # Errors
    /// Why it is not taken; then nothing changes.
    pub fn insert(&mut self, name: &str, value: MetadataValue) -> Result<(), String> {
        let chars = name.chars().count();
        if !(1..=MAX_METADATA_NAME_CHARS).contains(&chars) || name.chars().any(char::is_control) {
            return Err(format!(
                "must have a name of 1 to {MAX_METADATA_NAME_CHARS} characters without control characters"
            ));
        }
        if value.values().len() > MAX_METADATA_LIST {
            return Err(format!("must have at most {MAX_METADATA_LIST} values, it has {}", value.values().len()));
        }
        let texts = value.values().iter().filter_map(Scalar::text);
        if let Some(long) = texts.map(|text| text.chars().count()).find(|chars| *chars > MAX_METADATA_TEXT_CHARS) {
            return Err(format!("must have at most {MAX_METADATA_TEXT_CHARS} characters, it has {long}"));
        }
        let known = self.fields.get(name);
        if known.is_none() && self.fields.len() == MAX_METADATA_FIELDS {
            return Err(format!("is one too many: metadata has at most {MAX_METADATA_FIELDS} fields"));
        }
        let bytes = self.bytes - known.map_or(0, |known| bytes(name, known)) + bytes(name, &value);
        if bytes > MAX_METADATA_BYTES {
            return Err(format!("is too much: all metadata together must have at most {MAX_METADATA_BYTES} bytes"));
        }
        self.bytes = bytes;
        self.fields.insert(name.into(), value);
        Ok(())
    }

    /// The fields, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &MetadataValue)> {
        self.fields.iter()
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&MetadataValue> {
        self.fields.get(name)
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// As JSON has it.
    pub fn to_json(&self) -> Map<String, Value> {
        self.fields.iter().map(|(name, value)| (name.to_string(), value.to_json())).collect()
    }

    /// The same with the fields of another, which win. Both were within bounds, so the whole is within as many times those.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.fields.extend(other.fields.iter().map(|(name, value)| (Arc::clone(name), value.clone())));
        self.bytes = self.fields.iter().map(|(name, value)| bytes(name, value)).sum();
        self
    }

    /// What a store kept, which was within bounds when it was.
    ///
    /// # Errors
    /// A value that is neither a single value nor a list of these.
    pub fn of_stored(object: &Map<String, Value>) -> Result<Self, InvalidMetadata> {
        let mut metadata = Self::default();
        for (name, value) in object {
            let value = value_of_json(value, name)?;
            metadata.bytes += bytes(name, &value);
            metadata.fields.insert(name.as_str().into(), value);
        }
        Ok(metadata)
    }
}

fn bytes(name: &str, value: &MetadataValue) -> usize {
    name.len() + value.values().iter().map(Scalar::bytes).sum::<usize>()
}

fn value_of_json(value: &Value, place: &str) -> Result<MetadataValue, InvalidMetadata> {
    let Value::Array(values) = value else { return scalar_of_json(value, place, true).map(MetadataValue::One) };
    let values = values.iter().enumerate();
    values
        .map(|(n, value)| scalar_of_json(value, &format!("{place}[{n}]"), false))
        .collect::<Result<_, _>>()
        .map(MetadataValue::Many)
}

fn scalar_of_json(value: &Value, place: &str, or_list: bool) -> Result<Scalar, InvalidMetadata> {
    Scalar::of_json(value).ok_or_else(|| {
        let problem = match value {
            Value::Number(_) => "has more digits than a number keeps: give it as a text",
            _ if or_list => "must be a text, a number, true, false or a list of these",
            _ => "must be a text, a number, true or false",
        };
        InvalidMetadata::new(place, problem)
    })
}

/// Metadata and where it comes from. What a request gave wins over what the rules of the configuration say, and that over
/// what the file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentMetadata {
    /// What the file says of itself.
    pub file: Metadata,
    /// What the rules of the configuration say of its name.
    pub rules: Metadata,
    /// What the request gave that ingested it.
    pub given: Metadata,
}

impl DocumentMetadata {
    /// What holds.
    pub fn effective(&self) -> Metadata {
        self.file.clone().with(&self.rules).with(&self.given)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn metadata(value: Value) -> Result<Metadata, String> {
        Metadata::from_json(value.as_object().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn values_and_lists_of_them_are_taken_and_given_back_as_they_came() {
        let object =
            json!({"team": "legal", "year": 2026, "share": 0.5, "draft": false, "tags": ["a", 1, true], "none": []});
        assert_eq!(Value::Object(metadata(object.clone()).unwrap().to_json()), object);
        assert_eq!(metadata(json!({"n": -0.0})).unwrap(), metadata(json!({"n": 0})).unwrap());
    }

    #[test]
    fn what_is_not_taken_is_named() {
        for (object, words) in [
            (json!({"a": {"b": 1}}), "\"metadata.a\" must be a text, a number, true, false or a list of these"),
            (json!({"a": null}), "\"metadata.a\" must be"),
            (json!({"a": ["x", ["y"]]}), "\"metadata.a[1]\" must be a text, a number, true or false"),
            (json!({"a": 9_007_199_254_740_993_i64}), "\"metadata.a\" has more digits"),
            (json!({"": 1}), "\"metadata.\" must have a name of 1 to 128"),
            (json!({"a\nb": 1}), "without control characters"),
            (json!({"a": "x".repeat(1_025)}), "at most 1024 characters, it has 1025"),
            (json!({"a": vec![1; 65]}), "at most 64 values, it has 65"),
        ] {
            let error = metadata(object).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        let many: Map<String, Value> = (0..65).map(|n| (n.to_string(), json!(n))).collect();
        assert!(Metadata::from_json(&many).unwrap_err().to_string().contains("at most 64 fields"));
        let large: Map<String, Value> = (0..40).map(|n| (n.to_string(), json!("x".repeat(1_000)))).collect();
        assert!(Metadata::from_json(&large).unwrap_err().to_string().contains("at most 32768 bytes"));
    }

    #[test]
    fn requests_win_over_rules_and_rules_over_the_file() {
        let of = |value| metadata(value).unwrap();
        let layers = DocumentMetadata {
            file: of(json!({"a": 1, "b": 1, "c": 1})),
            rules: of(json!({"b": 2, "c": 2})),
            given: of(json!({"c": 3})),
        };
        assert_eq!(layers.effective(), of(json!({"a": 1, "b": 2, "c": 3})));
    }

    #[test]
    fn a_text_of_the_command_line_is_a_number_only_when_it_is_written_as_one() {
        let number = |n| Scalar::Number(Number::new(n).unwrap());
        for (text, scalar) in [
            ("true", Scalar::Truth(true)),
            ("2025", number(2025.0)),
            ("-1.5e2", number(-150.0)),
            ("007", Scalar::Text("007".into())),
            ("inf", Scalar::Text("inf".into())),
            ("True", Scalar::Text("True".into())),
            ("9007199254740993", Scalar::Text("9007199254740993".into())),
            ("", Scalar::Text("".into())),
        ] {
            assert_eq!(Scalar::guessed(text), scalar, "{text}");
        }
    }

    proptest! {
        #[test]
        fn equal_numbers_are_one_key(n in any::<f64>()) {
            if let Some(number) = Number::new(n) {
                prop_assert_eq!(number.get(), n);
                prop_assert_eq!(number == Number::new(-n).unwrap(), n == 0.0);
                let json = number.to_json();
                let read: Value = serde_json::from_str(&json.to_string()).unwrap();
                prop_assert_eq!(Scalar::of_json(&read), Some(Scalar::Number(number)));
            } else {
                prop_assert!(!n.is_finite());
            }
        }
    }
}
