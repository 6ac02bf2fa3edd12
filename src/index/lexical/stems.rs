//! Stems of words, worked out once for the words that come again and again.
//!
//! A stemmer takes some thousand instructions for a word, and half of any text is made of a few hundred words.

use std::{borrow::Cow, cell::RefCell, collections::HashMap};

use foldhash::fast::RandomState;
use frostem::{Algorithm, Stemmer};

/// Languages with a stemmer, by their ISO 639-1 codes.
pub(super) const STEMMERS: [(&str, Algorithm); 18] = [
    ("en", Algorithm::English),
    ("ar", Algorithm::Arabic),
    ("da", Algorithm::Danish),
    ("nl", Algorithm::Dutch),
    ("fi", Algorithm::Finnish),
    ("fr", Algorithm::French),
    ("de", Algorithm::German),
    ("el", Algorithm::Greek),
    ("hu", Algorithm::Hungarian),
    ("it", Algorithm::Italian),
    ("nb", Algorithm::Norwegian),
    ("pt", Algorithm::Portuguese),
    ("ro", Algorithm::Romanian),
    ("ru", Algorithm::Russian),
    ("es", Algorithm::Spanish),
    ("sv", Algorithm::Swedish),
    ("ta", Algorithm::Tamil),
    ("tr", Algorithm::Turkish),
];

/// Words whose stems are kept, of each language and by each thread; then all are forgotten, and the frequent ones are back
/// soon.
const MOST_WORDS: usize = 2_048;

/// Longest word whose stem is kept, in bytes: longer ones are rare.
const LONGEST_WORD: usize = 24;

/// Stems by their words; `None` where the word is its own stem.
type Stems = HashMap<Box<str>, Option<Box<str>>, RandomState>;

thread_local! {
    static KNOWN: RefCell<[Stems; STEMMERS.len()]> = RefCell::default();
}

/// The stem of a word, by one of [`STEMMERS`].
pub(super) fn stem(language: u8, word: String) -> String {
    let language = usize::from(language);
    let Some((_, algorithm)) = STEMMERS.get(language) else { return word };
    let other_stem = |word: &str| match Stemmer::new(*algorithm).stem(word) {
        Cow::Owned(stem) => Some(stem).filter(|stem| stem != word),
        Cow::Borrowed(stem) => (stem.len() != word.len()).then(|| stem.to_owned()),
    };
    if word.len() > LONGEST_WORD {
        return other_stem(&word).unwrap_or(word);
    }
    KNOWN.with_borrow_mut(|known| {
        let known = &mut known[language];
        if let Some(stem) = known.get(word.as_str()) {
            return stem.as_deref().map(str::to_owned).unwrap_or(word);
        }
        if known.len() >= MOST_WORDS {
            known.clear();
        }
        let stem = other_stem(&word);
        known.insert(word.as_str().into(), stem.as_deref().map(Into::into));
        stem.unwrap_or(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_that_is_known_is_that_of_the_stemmer() {
        for (language, (_, algorithm)) in (0..).zip(STEMMERS) {
            let words = ["running", "Häuser", "chats", "voitures", "войной", "şehirler", "a", "", "deployments"];
            for word in words.iter().chain(&words) {
                assert_eq!(stem(language, (*word).to_owned()), Stemmer::new(algorithm).stem(word), "{word}");
            }
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        for n in 0..3 * MOST_WORDS {
            assert_eq!(stem(0, format!("stones{n}x")), Stemmer::new(Algorithm::English).stem(&format!("stones{n}x")));
        }
        assert!(KNOWN.with_borrow(|known| (1..=MOST_WORDS).contains(&known[0].len())));
    }
}
