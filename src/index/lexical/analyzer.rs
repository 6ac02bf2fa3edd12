//! Text to terms, for documents and questions alike.
//!
//! NFKC and lower case; a word is a run of letters, digits and combining marks, so `config.toml` and `snake_case` are two
//! words each. Scripts that are written without spaces become single characters and overlapping pairs of them. Words are
//! stemmed by the language of the text they stand in, where a stemmer helps; Vietnamese, which writes each syllable as a
//! word, gets the pairs of neighbouring syllables beside them, for most of its words have two.

use std::borrow::Cow;

use frostem::{Algorithm, Stemmer};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// Longest word that is indexed, in bytes: longer ones are base64 and the like.
const MAX_WORD: usize = 64;

/// What is done with the words of a text, by its language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Analysis {
    /// Nothing.
    Plain,
    /// Each is reduced to its stem by the Snowball algorithm of a language.
    Stemmed(u8),
    /// They are syllables: their pairs are terms too.
    Syllables,
}

/// Languages with a stemmer.
const STEMMERS: [(&str, Algorithm); 18] = [
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

impl Analysis {
    /// The analysis of a language, given as ISO 639-1 code. A text of unknown language is most often a scrap of English:
    /// a table, a command, a name.
    pub(super) fn of(language: &str) -> Self {
        let known = match language {
            "vi" => return Self::Syllables,
            crate::domain::UNKNOWN_LANGUAGE => "en",
            language => language,
        };
        STEMMERS.iter().position(|(code, _)| *code == known).map_or(Self::Plain, |n| Self::Stemmed(n as u8))
    }

    fn stemmer(self) -> Option<Stemmer> {
        match self {
            Self::Plain | Self::Syllables => None,
            Self::Stemmed(n) => STEMMERS.get(usize::from(n)).map(|(_, algorithm)| Stemmer::new(*algorithm)),
        }
    }

    /// The terms that stand for these words, one each and then the pairs.
    pub(super) fn terms(self, words: Vec<String>) -> Vec<String> {
        let pairs = if self == Self::Syllables { pairs(&words) } else { Vec::new() };
        let stemmer = self.stemmer();
        words.into_iter().map(|word| stem(word, stemmer.as_ref())).chain(pairs).collect()
    }
}

/// Pairs of neighbouring words of letters. The space between them keeps them apart from every single word.
fn pairs(words: &[String]) -> Vec<String> {
    let spelt = |word: &String| word.starts_with(|c: char| c.is_alphabetic() && !is_unspaced(c));
    words.windows(2).filter(|pair| pair.iter().all(spelt)).map(|pair| pair.join(" ")).collect()
}

/// The term of one word.
fn stem(word: String, stemmer: Option<&Stemmer>) -> String {
    // Numbers and pairs of ideographs have no stem.
    let Some(stemmer) = stemmer.filter(|_| word.starts_with(|c: char| c.is_alphabetic() && !is_unspaced(c))) else {
        return word;
    };
    match stemmer.stem(&word) {
        Cow::Owned(stem) => stem,
        Cow::Borrowed(stem) if stem.len() == word.len() => word,
        Cow::Borrowed(stem) => stem.to_owned(),
    }
}

/// The normalised words of a text, before stemming.
pub(super) fn words(text: &str) -> Vec<String> {
    let text: Cow<'_, str> = match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => text.into(),
        _ => text.nfkc().collect::<String>().into(),
    };
    let mut words = Vec::new();
    let mut word = String::new();
    let mut unspaced: Vec<char> = Vec::new();
    for c in text.chars() {
        if is_unspaced(c) {
            finish(&mut words, &mut word);
            unspaced.push(c);
            continue;
        }
        finish_unspaced(&mut words, &mut unspaced);
        if c.is_alphanumeric() || (!word.is_empty() && unicode_normalization::char::is_combining_mark(c)) {
            word.extend(c.to_lowercase());
        } else {
            finish(&mut words, &mut word);
        }
    }
    finish_unspaced(&mut words, &mut unspaced);
    finish(&mut words, &mut word);
    words
}

fn finish(words: &mut Vec<String>, word: &mut String) {
    if (1..=MAX_WORD).contains(&word.len()) {
        words.push(std::mem::take(word));
    }
    word.clear();
}

/// Overlapping pairs, and the characters themselves: many are words.
fn finish_unspaced(words: &mut Vec<String>, run: &mut Vec<char>) {
    words.extend(run.windows(2).map(|pair| pair.iter().collect::<String>()));
    words.extend(run.iter().map(char::to_string));
    run.clear();
}

/// Letters of scripts that do not put spaces between words: Han, Kana, Thai, Lao, Burmese, Khmer.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF
        | 0x3005..=0x3007 | 0x3040..=0x30FF | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str, language: &str) -> Vec<String> {
        Analysis::of(language).terms(words(text))
    }

    #[test]
    fn names_of_files_and_variables_are_several_words() {
        assert_eq!(words("config.toml snake_case v2.1"), ["config", "toml", "snake", "case", "v2", "1"]);
    }

    #[test]
    fn english_is_stemmed_and_unknown_text_like_it() {
        assert_eq!(terms("Deployments are running", "en"), ["deploy", "are", "run"]);
        assert_eq!(terms("deployments", "und"), ["deploy"]);
    }

    #[test]
    fn vietnamese_keeps_its_syllables_however_they_are_encoded() {
        let composed = terms("Tiếng Việt", "vi");
        let decomposed = terms(&"Tiếng Việt".nfd().collect::<String>(), "vi");
        assert_eq!(composed, ["tiếng", "việt", "tiếng việt"]);
        assert_eq!(composed, decomposed);
    }

    #[test]
    fn chinese_becomes_overlapping_pairs_and_characters() {
        assert_eq!(terms("部署失败 3 次", "zh"), ["部署", "署失", "失败", "部", "署", "失", "败", "3", "次"]);
        assert_eq!(terms("ＡＢＣ", "zh"), ["abc"]);
    }

    #[test]
    fn blobs_are_not_indexed() {
        assert!(words(&"a".repeat(MAX_WORD + 1)).is_empty());
    }
}
