//! A comparison as stretches of the values that meet it: the one meaning, for a single document and for an index alike.

use super::{AttributeValue, Comparison, DocumentAttributes, FilterKey, Operator};
use crate::domain::{Glob, Number, Scalar, dates::TimeSpan};

/// What a comparison asks of the values of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Values that meet it.
    pub spans: Vec<Span>,
    /// Whether it holds where no value is within the spans, instead of where one is.
    pub negated: bool,
}

/// A stretch of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// This value.
    Exactly(AttributeValue),
    /// From the first to the last of these, both included and of one type.
    Between(AttributeValue, AttributeValue),
    /// Texts that a pattern stands for.
    Like(Glob),
}

impl Span {
    /// Whether a value is within.
    pub fn contains(&self, value: &AttributeValue) -> bool {
        match self {
            Self::Exactly(own) => own == value,
            Self::Between(first, last) => (first..=last).contains(&value),
            Self::Like(glob) => matches!(value, AttributeValue::Text(text) if glob.matches(text)),
        }
    }
}

impl Condition {
    /// Whether these values of a key meet it.
    fn is_met<'v>(&self, mut values: impl Iterator<Item = &'v AttributeValue>) -> bool {
        values.any(|value| self.spans.iter().any(|span| span.contains(value))) != self.negated
    }
}

/// A filter whose patterns and dates have been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matcher {
    /// What is asked of the values of a key.
    Compare(FilterKey, Condition),
    /// All of these.
    And(Vec<Matcher>),
    /// Any of these.
    Or(Vec<Matcher>),
}

impl Matcher {
    /// Whether a document is meant.
    pub fn matches(&self, document: &DocumentAttributes) -> bool {
        self.matches_entries(&document.entries())
    }

    fn matches_entries(&self, entries: &[(FilterKey, AttributeValue)]) -> bool {
        match self {
            Self::Compare(key, condition) => {
                condition.is_met(entries.iter().filter(|(own, _)| own == key).map(|(_, value)| value))
            }
            Self::And(parts) => parts.iter().all(|part| part.matches_entries(entries)),
            Self::Or(parts) => parts.iter().any(|part| part.matches_entries(entries)),
        }
    }
}

impl Comparison {
    /// What it asks.
    pub fn condition(&self) -> Condition {
        let Self { key, operator, values } = self;
        let spans = values.iter().flat_map(|value| match operator {
            Operator::Eq | Operator::Ne | Operator::In | Operator::Nin => equal(key, value),
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => ordered(key, *operator, value),
            Operator::Like => value.text().map(|pattern| Span::Like(Glob::new(pattern))).into_iter().collect(),
        });
        Condition { spans: spans.collect(), negated: matches!(operator, Operator::Ne | Operator::Nin) }
    }
}

/// The stretch of time that a value means; `None` when it means none.
fn time(key: &FilterKey, value: &Scalar) -> Option<TimeSpan> {
    match value {
        Scalar::Text(text) => TimeSpan::of_text(text),
        Scalar::Number(number) if key.is_time() => TimeSpan::of_seconds(number.get()),
        Scalar::Number(_) | Scalar::Truth(_) => None,
    }
}

fn equal(key: &FilterKey, value: &Scalar) -> Vec<Span> {
    let is_dated = key.is_time() || key.is_field();
    let day = time(key, value).filter(|_| is_dated);
    let day = day.map(|day| Span::Between(AttributeValue::Time(day.first), AttributeValue::Time(day.last)));
    // Every time of a field is there as a text, too; texts that are no dates are only that.
    day.into_iter().chain((!key.is_time()).then(|| Span::Exactly(value.into()))).collect()
}

fn ordered(key: &FilterKey, operator: Operator, value: &Scalar) -> Vec<Span> {
    let between = match (time(key, value), value) {
        (Some(span), _) => {
            let (first, last) = match operator {
                Operator::Gt => (span.last.saturating_add(1), i64::MAX),
                Operator::Gte => (span.first, i64::MAX),
                Operator::Lt => (i64::MIN, span.first.saturating_sub(1)),
                _ => (i64::MIN, span.last),
            };
            Some((AttributeValue::Time(first), AttributeValue::Time(last)))
        }
        (None, Scalar::Number(bound)) => {
            let (least, most) = (-Number::MAX.get(), Number::MAX.get());
            let (first, last) = match operator {
                Operator::Gt => (bound.get().next_up(), most),
                Operator::Gte => (bound.get(), most),
                Operator::Lt => (least, bound.get().next_down()),
                _ => (least, bound.get()),
            };
            // Nothing is above the largest.
            let number = |n| Number::new(n).map(AttributeValue::Number);
            number(first).zip(number(last))
        }
        _ => None,
    };
    between.into_iter().map(|(first, last)| Span::Between(first, last)).collect()
}
