//! Languages and versions of an index's entries, by number: a scope is judged once a pair, not once an entry.

use std::collections::HashMap;

use super::scope::Scope;

/// A language and a version, by number.
pub(super) type Label = u32;

/// The pairs of language and version that occur.
#[derive(Default)]
pub(super) struct Labels {
    known: Vec<(String, String)>,
    /// Number of each: there may be as many as documents, when each has a version of its own.
    numbers: HashMap<(String, String), Label>,
}

impl Labels {
    /// The number of a pair.
    pub(super) fn number(&mut self, language: &str, version: &str) -> Label {
        let label = (language.to_owned(), version.to_owned());
        let next = self.known.len() as Label;
        *self.numbers.entry(label).or_insert_with_key(|label| {
            self.known.push(label.clone());
            next
        })
    }

    /// For each number whether it is inside.
    pub(super) fn inside(&self, scope: &Scope) -> Vec<bool> {
        self.known.iter().map(|(language, version)| scope.admits(language, version)).collect()
    }

    /// Language and version of a number.
    pub(super) fn of(&self, label: Label) -> (&str, &str) {
        self.known.get(label as usize).map_or(("", ""), |(language, version)| (language, version))
    }
}
