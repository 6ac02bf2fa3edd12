//! What the documents know: whether they use a word, so that it tells questions about them apart.

use crate::domain::Passage;

use super::{lexicon::Lexicon, word::Word};

/// Passages from which on a word that all of them have tells nothing: it is what the documents are about.
const MANY: usize = 3;

/// The passages of two questions.
#[derive(Debug)]
pub struct Documents {
    texts: Vec<String>,
}

impl Documents {
    /// Those of the question that is asked, and those of the answer that is stored.
    pub fn of<'a>(passages: impl IntoIterator<Item = &'a Passage>) -> Self {
        let mut keys: Vec<&str> = Vec::new();
        let mut texts = Vec::new();
        for passage in passages {
            if !keys.contains(&passage.key.as_str()) {
                keys.push(&passage.key);
                texts.push(passage.text.to_lowercase());
            }
        }
        Self { texts }
    }

    /// Whether they use a word, in any form or in a compound.
    pub(super) fn use_word(&self, word: &Word, lexicon: &Lexicon) -> bool {
        self.texts.iter().any(|text| uses(text, word, lexicon))
    }

    /// Whether there are several passages and each uses it.
    pub(super) fn are_about(&self, word: &Word, lexicon: &Lexicon) -> bool {
        self.texts.len() >= MANY && self.texts.iter().all(|text| uses(text, word, lexicon))
    }
}

fn uses(text: &str, word: &Word, lexicon: &Lexicon) -> bool {
    if word.unspaced {
        return text.contains(&word.text);
    }
    // What most words begin with that are forms of it.
    let head: String = word.text.chars().take(3).collect();
    let letters = word.text.chars().count();
    let own_words = text.split(|c: char| !c.is_alphanumeric()).filter(|theirs| !theirs.is_empty());
    let mut seen: Option<&str> = None;
    for theirs in own_words {
        if theirs == word.text {
            return true;
        }
        // A German compound, or a stem that changes its vowel at the end only.
        if letters >= 5 && theirs.contains(word.text.as_str()) {
            return true;
        }
        if seen == Some(theirs) || !theirs.starts_with(&head) && lexicon.class(theirs).is_none() {
            continue;
        }
        seen = Some(theirs);
        if let Some(super::lexicon::Class::Form(form)) = lexicon.class(theirs) {
            if form == word.stem {
                return true;
            }
            continue;
        }
        let common = theirs.chars().zip(word.text.chars()).take_while(|(a, b)| a == b).count();
        if common >= 3 && (lexicon.stem(theirs) == word.stem || common >= 5 && common + 3 >= letters) {
            return true;
        }
    }
    false
}
