//! Filters as they are written at a command line.

use super::{Comparison, Filter, FilterKey, Operator, parse};
use crate::domain::Scalar;

/// A text that is no comparison.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no comparison: {1}")]
pub struct InvalidShortFilter(String, String);

/// The signs, longer ones first.
const SIGNS: [(&str, Operator); 7] = [
    ("!=", Operator::Ne),
    (">=", Operator::Gte),
    ("<=", Operator::Lte),
    ("=", Operator::Eq),
    (">", Operator::Gt),
    ("<", Operator::Lt),
    ("~", Operator::Like),
];

/// `key=value`, `key!=value`, `key>=value`, `key<=value`, `key>value`, `key<value`, `source~pattern`.
///
/// A command line has only texts. Where `2025` could be a number or a text in the metadata, both are meant.
pub(super) fn filter(text: &str) -> Result<Filter, InvalidShortFilter> {
    let invalid = |why: String| InvalidShortFilter(text.chars().take(80).collect(), why);
    let first = text.find(['!', '=', '<', '>', '~']);
    let found = first.and_then(|at| {
        let (key, rest) = text.split_at(at);
        SIGNS.iter().find_map(|(sign, operator)| Some((key, *operator, rest.strip_prefix(sign)?)))
    });
    let Some((key, operator, value)) = found.filter(|(key, ..)| !key.trim().is_empty()) else {
        return Err(invalid("write key=value, or one of != > >= < <=, or source~pattern".into()));
    };
    let key = FilterKey::named(key.trim());
    let as_text = Scalar::Text(value.into());
    let guessed = Scalar::guessed(value);
    let is_equality = matches!(operator, Operator::Eq | Operator::Ne);
    let mut values = match &key {
        FilterKey::Field(_) if is_equality => vec![guessed, as_text],
        FilterKey::Field(_) | FilterKey::Modified | FilterKey::Ingested => vec![guessed],
        _ => vec![as_text],
    };
    values.dedup();
    if operator == Operator::Like && key != FilterKey::Source {
        return Err(invalid("only source~pattern compares with a pattern".into()));
    }
    if operator.is_order() && !key.is_field() && !key.is_time() {
        return Err(invalid(format!("{key} is a text: use = or !=")));
    }
    for value in &values {
        parse::check(&key, operator, value).map_err(|takes| invalid(format!("the value must be {takes}")))?;
    }
    let operator = match (operator, values.len()) {
        (Operator::Eq, 2) => Operator::In,
        (Operator::Ne, 2) => Operator::Nin,
        (operator, _) => operator,
    };
    Ok(Filter::Compare(Comparison { key, operator, values }))
}
