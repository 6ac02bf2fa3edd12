//! The values of one key, sorted, with the documents that have each.

use std::{collections::BTreeMap, ops::Bound};

use super::bits::Bits;
use crate::domain::{
    DocumentId, Scalar,
    filter::{AttributeValue, Condition, Facet, FacetKind, FilterKey, Span},
};

/// Documents that have a value, in order. Most values of names and times are those of a single document.
#[derive(Debug)]
enum Postings {
    One(DocumentId),
    Many(Vec<DocumentId>),
}

impl Postings {
    fn as_slice(&self) -> &[DocumentId] {
        match self {
            Self::One(document) => std::slice::from_ref(document),
            Self::Many(documents) => documents,
        }
    }

    fn insert(&mut self, document: DocumentId) {
        match self {
            Self::One(own) if *own == document => {}
            Self::One(own) => {
                let mut both = vec![*own, document];
                both.sort_unstable();
                *self = Self::Many(both);
            }
            Self::Many(documents) => {
                if let Err(at) = documents.binary_search(&document) {
                    documents.insert(at, document);
                }
            }
        }
    }

    /// Takes a document out; returns whether none is left.
    fn remove(&mut self, document: DocumentId) -> bool {
        match self {
            Self::One(own) => *own == document,
            Self::Many(documents) => {
                if let Ok(at) = documents.binary_search(&document) {
                    documents.remove(at);
                }
                documents.is_empty()
            }
        }
    }
}

/// How many values of each type there are, counted once a document.
#[derive(Debug, Default, Clone, Copy)]
struct Totals {
    truths: u64,
    numbers: u64,
    times: u64,
    texts: u64,
}

impl Totals {
    fn of(&mut self, value: &AttributeValue) -> &mut u64 {
        match value {
            AttributeValue::Truth(_) => &mut self.truths,
            AttributeValue::Number(_) => &mut self.numbers,
            AttributeValue::Time(_) => &mut self.times,
            AttributeValue::Text(_) => &mut self.texts,
        }
    }
}

/// The values of a key.
#[derive(Debug, Default)]
pub(super) struct KeyValues {
    values: BTreeMap<AttributeValue, Postings>,
    totals: Totals,
    /// Documents that have any.
    pub(super) documents: u64,
}

impl KeyValues {
    pub(super) fn insert(&mut self, value: &AttributeValue, document: DocumentId) {
        *self.totals.of(value) += 1;
        match self.values.get_mut(value) {
            Some(postings) => postings.insert(document),
            None => drop(self.values.insert(value.clone(), Postings::One(document))),
        }
    }

    pub(super) fn remove(&mut self, value: &AttributeValue, document: DocumentId) {
        let Some(postings) = self.values.get_mut(value) else { return };
        let total = self.totals.of(value);
        *total = total.saturating_sub(1);
        if postings.remove(document) {
            self.values.remove(value);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Documents with a value in the spans of a condition, whether it is negated or not.
    pub(super) fn within(&self, condition: &Condition) -> Bits {
        let mut found = Bits::default();
        let mut take = |postings: &Postings| postings.as_slice().iter().for_each(|document| found.insert(*document));
        for span in &condition.spans {
            match span {
                Span::Exactly(value) => self.values.get(value).into_iter().for_each(&mut take),
                // A range that ends before it begins is none, which the map would not take.
                Span::Between(first, last) if first > last => {}
                Span::Between(first, last) => {
                    self.values.range(first..=last).for_each(|(_, postings)| take(postings));
                }
                Span::Like(glob) => {
                    let prefix = glob.prefix();
                    let from = AttributeValue::Text(prefix.as_str().into());
                    for (value, postings) in self.values.range((Bound::Included(from), Bound::Unbounded)) {
                        let AttributeValue::Text(text) = value else { break };
                        if !text.starts_with(&prefix) {
                            break;
                        }
                        if glob.matches(text) {
                            take(postings);
                        }
                    }
                }
            }
        }
        found
    }

    /// What is to be told of the key, with at most so many values.
    pub(super) fn facet(&self, key: &FilterKey, most_values: usize) -> Facet {
        let Totals { truths, numbers, times, texts } = self.totals;
        // The times of a field are there as texts, too.
        let own_texts = if key.is_time() { times } else { texts };
        let kind = match (truths > 0, numbers > 0, own_texts > 0) {
            (false, false, true) if times == own_texts => FacetKind::Date,
            (false, false, true) => FacetKind::Text,
            (false, true, false) => FacetKind::Number,
            (true, false, false) => FacetKind::Truth,
            _ => FacetKind::Mixed,
        };
        let mut values: Vec<(&AttributeValue, u64)> = Vec::new();
        let mut distinct = 0;
        for (value, postings) in &self.values {
            if matches!(value, AttributeValue::Time(_)) && !key.is_time() {
                continue;
            }
            distinct += 1;
            values.push((value, postings.as_slice().len() as u64));
            // Sorted now and then, so that the list stays short however many values there are.
            if values.len() > 4 * most_values.max(64) {
                keep_most_frequent(&mut values, most_values);
            }
        }
        keep_most_frequent(&mut values, most_values);
        let end = |of: Option<&AttributeValue>| of.and_then(scalar);
        let ends = match kind {
            FacetKind::Number => (end(self.values.keys().next()), end(self.values.keys().next_back())),
            FacetKind::Date => {
                let is_time = |value: &&AttributeValue| matches!(value, AttributeValue::Time(_));
                // Times stand before texts.
                let mut all = self.values.keys().take_while(is_time);
                (end(all.next()), end(self.values.keys().rev().find(is_time)))
            }
            _ => (None, None),
        };
        let values = values.into_iter().filter_map(|(value, documents)| Some((scalar(value)?, documents))).collect();
        Facet { key: key.clone(), kind, documents: self.documents, distinct, values, min: ends.0, max: ends.1 }
    }
}

/// Values come in their order, which a stable sort leaves to equally frequent ones.
fn keep_most_frequent(values: &mut Vec<(&AttributeValue, u64)>, most: usize) {
    values.sort_by_key(|(_, documents)| std::cmp::Reverse(*documents));
    values.truncate(most);
}

fn scalar(value: &AttributeValue) -> Option<Scalar> {
    Some(match value {
        AttributeValue::Truth(truth) => Scalar::Truth(*truth),
        AttributeValue::Number(number) => Scalar::Number(*number),
        AttributeValue::Text(text) => Scalar::Text(text.clone()),
        AttributeValue::Time(time) => Scalar::Text(crate::domain::time_text(*time)?.into()),
    })
}
