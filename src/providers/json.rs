//! Values of answers as servers send them: absent, null, in parts, or numbers of another kind.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

/// A text that is not empty; of content in parts, those that are text.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(part).collect(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn part(part: &Value) -> Option<&str> {
    part.as_str().or_else(|| part.get("text")?.as_str())
}

/// The reasoning within content in parts, as Mistral's models send it.
pub(super) fn reasoning_parts(value: &Value) -> Option<String> {
    let parts = value.as_array()?.iter().filter_map(|part| part.get("thinking"));
    let text: String = parts.filter_map(text).collect();
    (!text.is_empty()).then_some(text)
}

/// A count, also when it comes as a float.
pub(super) fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64))
}

/// A vector: numbers, or little-endian floats in base64. What is no number becomes NaN, and the vector is not used.
pub(super) fn numbers(value: &Value) -> Option<Vec<f32>> {
    match value {
        Value::Array(numbers) => {
            Some(numbers.iter().map(|number| number.as_f64().map_or(f32::NAN, |number| number as f32)).collect())
        }
        Value::String(text) => {
            let bytes = BASE64_STANDARD.decode(text).ok()?;
            let (floats, rest) = bytes.as_chunks::<4>();
            rest.is_empty().then(|| floats.iter().map(|float| f32::from_le_bytes(*float)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_and_numbers_come_in_many_forms() {
        assert_eq!(text(&json!("a")).as_deref(), Some("a"));
        assert_eq!(text(&json!([{ "type": "text", "text": "a" }, { "type": "image" }, "b"])).as_deref(), Some("ab"));
        assert!([json!(null), json!(""), json!(3), json!([])].iter().all(|value| text(value).is_none()));
        let parts = json!([{ "type": "thinking", "thinking": [{ "type": "text", "text": "hm" }] }, { "text": "a" }]);
        assert_eq!((reasoning_parts(&parts).as_deref(), text(&parts).as_deref()), (Some("hm"), Some("a")));
        assert_eq!(
            [json!(3), json!(3.0), json!(null), json!(-1)].map(|value| count(&value)),
            [Some(3), Some(3), None, None]
        );
        assert_eq!(numbers(&json!([1, 0.5])), Some(vec![1.0, 0.5]));
        assert!(numbers(&json!([1, null])).is_some_and(|numbers| numbers[1].is_nan()));
        assert_eq!(numbers(&json!("AACAPwAAAD8=")), Some(vec![1.0, 0.5]));
        assert_eq!(numbers(&json!("AACAPw8=")), None);
    }
}
