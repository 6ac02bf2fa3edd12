//! Whole numbers in JSON: `5` and `5.0` are the same number, and some clients know no other way to write it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected, Visitor},
};

/// A whole number or null.
pub(super) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<Whole>::deserialize(deserializer)?.map(|whole| whole.0))
}

struct Whole(i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(WholeVisitor).map(Self)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        // Beyond 2^53 not every whole number can be written so; no range here goes that far.
        let exact = number.fract() == 0.0 && number.abs() < (1_u64 << 53) as f64;
        if exact { Ok(number as i64) } else { Err(E::invalid_type(Unexpected::Float(number), &self)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Option<i64>, String> {
        optional(&mut serde_json::Deserializer::from_str(json)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_number_may_have_a_point() {
        for (json, number) in [("5", Some(5)), ("5.0", Some(5)), ("-2e1", Some(-20)), ("-0.0", Some(0)), ("null", None)]
        {
            assert_eq!(read(json), Ok(number), "{json}");
        }
        for json in ["1.5", "1e300", "18446744073709551615", "\"5\"", "true", "[]"] {
            assert!(read(json).unwrap_err().contains("expected a whole number"), "{json}: {:?}", read(json));
        }
    }
}
