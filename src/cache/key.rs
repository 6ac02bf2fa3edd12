//! Which questions may share an answer at all.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::domain::{DbName, SpecKey};

/// Where an answer may be found: questions that differ in anything but their words never meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Namespace {
    db: DbName,
    key: SpecKey,
}

impl Namespace {
    /// The answers of a DB to questions of one spec.
    pub fn new(db: &DbName, key: SpecKey) -> Self {
        Self { db: db.clone(), key }
    }

    /// The DB whose documents answer.
    pub fn db(&self) -> &DbName {
        &self.db
    }

    /// Its name for people: the DB and a hash of all the rest.
    pub fn name(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut name = String::with_capacity(self.db.as_str().len() + 13);
        name.push_str(self.db.as_str());
        name.push(':');
        for byte in &self.key.as_bytes()[..6] {
            name.extend([byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)])));
        }
        name
    }

    /// The spec.
    pub fn key(&self) -> SpecKey {
        self.key
    }
}

/// A question of a namespace, hashed: equal keys are the same question in the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExactKey(SpecKey);

impl ExactKey {
    /// The key of these words.
    pub fn new(namespace: &Namespace, question: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(namespace.key.as_bytes());
        hasher.update(normalised(question).as_bytes());
        Self(SpecKey::half(&hasher.finalize()))
    }
}

/// The same words written the same way: composed characters, single spaces, no closing punctuation, and a first letter
/// that does not depend on who holds the shift key. Other letters keep their case: "IT" is not "it".
fn normalised(question: &str) -> String {
    let mut text = String::with_capacity(question.len());
    for (at, word) in question.split_whitespace().enumerate() {
        if at > 0 {
            text.push(' ');
        }
        match word.is_ascii() {
            true => text.push_str(word),
            false => text.extend(word.nfc()),
        }
    }
    text.truncate(text.trim_end_matches(['?', '!', '.', '。', '？', '！', ' ']).len());
    let mut letters = text.chars();
    if let (Some(first), Some(second)) = (letters.next(), letters.next())
        && first.is_uppercase()
        && (second.is_lowercase() || second.is_whitespace())
    {
        text.replace_range(..first.len_utf8(), &first.to_lowercase().to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn namespace(parts: &[&str]) -> Namespace {
        Namespace::new(&"docs".parse().unwrap(), SpecKey::new(parts.iter().copied()))
    }

    #[test]
    fn the_same_words_have_one_key() {
        let n = namespace(&["a"]);
        let key = |text: &str| ExactKey::new(&n, text);
        assert_eq!(key("How long?"), key("  how   long ?? "));
        assert_eq!(key("Cafe\u{301}"), key("café"));
        for (a, b) in [("IT staff", "it staff"), ("what is C?", "what is c?"), ("ab c", "a bc")] {
            assert_ne!(key(a), key(b));
        }
        assert_ne!(key("how"), ExactKey::new(&namespace(&["b"]), "how"));
    }

    #[test]
    fn values_cannot_run_into_each_other() {
        assert_ne!(namespace(&["ab", "c"]), namespace(&["a", "bc"]));
        assert_ne!(namespace(&["ab"]), namespace(&["ab", ""]));
        assert!(namespace(&["ab"]).name().starts_with("docs:"));
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = normalised(&text);
            prop_assert_eq!(normalised(&once), once);
        }
    }
}
