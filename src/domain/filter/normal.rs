//! The normal form: filters that differ only in their writing become equal.

use super::{Comparison, Filter, FilterKey, Operator};
use crate::domain::{Scalar, dates::TimeSpan};

impl Filter {
    /// The normal form: joints within joints of their kind are one, sorted and without repetitions; a joint of one is that
    /// one; alternatives for the same key are one list; lists are sorted, a list of one is a single value; points of time are
    /// in UTC.
    #[must_use]
    pub(super) fn normal(self) -> Self {
        match self {
            Self::Compare(comparison) => Self::Compare(comparison.normal()),
            Self::And(filters) => {
                let inner = |filter| match filter {
                    Self::And(filters) => filters,
                    other => vec![other],
                };
                joined(flat(filters, inner), (Operator::Ne, Operator::Nin), Self::And)
            }
            Self::Or(filters) => {
                let inner = |filter| match filter {
                    Self::Or(filters) => filters,
                    other => vec![other],
                };
                joined(flat(filters, inner), (Operator::Eq, Operator::In), Self::Or)
            }
        }
    }
}

/// The normal forms of filters, those within joints of the same kind among them.
fn flat(filters: Vec<Filter>, inner: impl Fn(Filter) -> Vec<Filter>) -> Vec<Filter> {
    filters.into_iter().flat_map(|filter| inner(filter.normal())).collect()
}

/// A joint of normal forms. Comparisons by the first operator, or its form for lists, become one a key.
fn joined(filters: Vec<Filter>, (one, list): (Operator, Operator), join: impl Fn(Vec<Filter>) -> Filter) -> Filter {
    let mut lists: Vec<(FilterKey, Vec<Scalar>)> = Vec::new();
    let mut others = Vec::new();
    for filter in filters {
        match filter {
            Filter::Compare(Comparison { key, operator, values }) if operator == one || operator == list => {
                match lists.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, known)) => known.extend(values),
                    None => lists.push((key, values)),
                }
            }
            other => others.push(other),
        }
    }
    others.extend(
        lists.into_iter().map(|(key, values)| Filter::Compare(Comparison { key, operator: list, values }.normal())),
    );
    others.sort_unstable();
    others.dedup();
    match others.len() {
        1 => others.swap_remove(0),
        _ => join(others),
    }
}

impl Comparison {
    fn normal(self) -> Self {
        let Self { key, mut operator, mut values } = self;
        // Elsewhere a text that looks like a date is still compared as a text, too.
        if key.is_time() || operator.is_order() {
            for value in &mut values {
                if let Some(text) = value.text().and_then(|text| TimeSpan::canonical(text)) {
                    *value = Scalar::Text(text.into());
                }
            }
        }
        values.sort_unstable();
        values.dedup();
        operator = match (operator, values.len()) {
            (Operator::In, 1) => Operator::Eq,
            (Operator::Nin, 1) => Operator::Ne,
            (operator, _) => operator,
        };
        Self { key, operator, values }
    }
}
