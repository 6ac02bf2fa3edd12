//! The languages of an index's entries, by number: a scope is judged once a language, not once an entry.

use super::scope::Scope;

/// A language, by number.
pub(super) type Language = u32;

/// The languages that occur.
#[derive(Default)]
pub(super) struct Languages {
    known: Vec<String>,
}

impl Languages {
    /// The number of a language.
    pub(super) fn number(&mut self, code: &str) -> Language {
        // A DB has few: to look through them costs less than to hash.
        let known = self.known.iter().position(|known| known == code);
        let number = known.unwrap_or_else(|| {
            self.known.push(code.to_owned());
            self.known.len() - 1
        });
        number as Language
    }

    /// For each number whether it is inside.
    pub(super) fn inside(&self, scope: &Scope) -> Vec<bool> {
        self.known.iter().map(|language| scope.admits(language)).collect()
    }

    /// The code of a number.
    pub(super) fn code(&self, language: Language) -> &str {
        self.known.get(language as usize).map_or("", String::as_str)
    }
}
