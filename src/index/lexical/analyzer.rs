//! Text to terms, for documents and questions alike.
//!
//! NFKC and small letters; what a word is, [`words`](crate::util::words) says. Scripts that are written without spaces become
//! single characters and overlapping pairs of them. Words are stemmed by the language of the text they stand in, where a
//! stemmer helps; Vietnamese, which writes each syllable as a word, gets the pairs of neighbouring syllables beside them,
//! for most of its words have two.
//!
//! A word may have plainer spellings: without accents, or without the signs of a name. Documents hold them as terms of their
//! own, apart from words that are spelt so, so that a question can find either, and tell them apart.

use super::stems::{self, STEMMERS};
use crate::util::{
    spelling::{nfkc, without_accents},
    words::{Token, name_key, tokens, without_signs},
};

/// Longest word that is indexed, in bytes: longer ones are base64 and the like.
const MAX_WORD: usize = 64;

/// Stands before a plainer spelling of a term: no word begins with it.
const PLAINER: char = '~';

/// Stands before a stem whose word has accents that stemming takes away, as it does in German (`Häuser`, `Haus`).
const ACCENTED: char = '^';

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

/// A word before its language is known: small letters, NFKC.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Word {
    text: String,
    /// How it is written without accents or signs, where that is otherwise.
    plainer: Vec<String>,
    kind: WordKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum WordKind {
    /// Letters and digits.
    Word,
    /// A name with its sign; without it, it is a word.
    Signed,
    /// A name that stands behind its words.
    Compound,
    /// One or two characters of a script without spaces.
    Characters,
}

impl Word {
    /// How a word of letters and digits is spelt; `None` for compounds, whose words stand before them, and for characters.
    pub(super) fn spelt(&self) -> Option<&str> {
        match self.kind {
            WordKind::Word => Some(&self.text),
            WordKind::Signed => self.plainer.first().map(String::as_str),
            WordKind::Compound | WordKind::Characters => None,
        }
    }
}

/// A term, and what it is when it is spelt more plainly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TermForms {
    pub(super) term: String,
    pub(super) plainer: Vec<String>,
}

impl TermForms {
    /// The term under which texts are found that spell `plain` with accents or signs, written to `room`.
    pub(super) fn marked<'r>(plain: &str, room: &'r mut String) -> &'r str {
        prefixed(PLAINER, plain, room)
    }

    /// The term of words whose accents this stem has lost, written to `room`.
    pub(super) fn accented<'r>(stem: &str, room: &'r mut String) -> &'r str {
        prefixed(ACCENTED, stem, room)
    }

    /// The stem, of a term of words whose accents it has lost.
    pub(super) fn without_accented(term: &str) -> Option<&str> {
        term.strip_prefix(ACCENTED)
    }
}

fn prefixed<'r>(mark: char, term: &str, room: &'r mut String) -> &'r str {
    room.clear();
    room.push(mark);
    room.push_str(term);
    room
}

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

    /// The terms that stand for these words, one each and then the pairs.
    pub(super) fn terms(self, words: Vec<Word>) -> Vec<TermForms> {
        let pairs = if self == Self::Syllables { pairs(&words) } else { Vec::new() };
        words.into_iter().map(|word| self.forms(word)).chain(pairs).collect()
    }

    /// The term of one word.
    fn forms(self, word: Word) -> TermForms {
        let Word { text, plainer, kind } = word;
        let term = if kind == WordKind::Word { self.stem(text) } else { text };
        // Without their signs, names are words.
        let mut plainer: Vec<String> = plainer.into_iter().map(|plain| self.stem(plain)).collect();
        plainer.dedup();
        let spellings = plainer.len();
        plainer.retain(|plain| *plain != term);
        let told_apart = plainer.len() == spellings;
        let term = if told_apart { term } else { format!("{ACCENTED}{term}") };
        TermForms { term, plainer }
    }

    /// The stem of a word in small letters.
    pub(super) fn stem(self, word: String) -> String {
        match self {
            // Numbers have no stem.
            Self::Stemmed(language) if word.starts_with(char::is_alphabetic) => stems::stem(language, word),
            _ => word,
        }
    }

    /// All terms of a text, plainer spellings among them.
    pub(super) fn document_terms(self, text: &str) -> impl Iterator<Item = String> {
        self.terms(words(text)).into_iter().flat_map(|TermForms { term, mut plainer }| {
            plainer.iter_mut().for_each(|plain| plain.insert(0, PLAINER));
            std::iter::once(term).chain(plainer)
        })
    }
}

/// Pairs of neighbouring words of letters. The space between them keeps them apart from every single word.
fn pairs(words: &[Word]) -> Vec<TermForms> {
    let words: Vec<&Word> = words.iter().filter(|word| word.kind != WordKind::Compound).collect();
    let spelt = |word: &Word| word.kind == WordKind::Word && word.text.starts_with(char::is_alphabetic);
    let pair = |a: &Word, b: &Word| {
        let plain = |word: &'_ Word| word.plainer.first().unwrap_or(&word.text).clone();
        let term = format!("{} {}", a.text, b.text);
        let plainer = format!("{} {}", plain(a), plain(b));
        TermForms { plainer: if plainer == term { Vec::new() } else { vec![plainer] }, term }
    };
    words.windows(2).filter(|two| spelt(two[0]) && spelt(two[1])).map(|two| pair(two[0], two[1])).collect()
}

/// The normalised words of a text, before stemming.
pub(super) fn words(text: &str) -> Vec<Word> {
    let text = nfkc(text);
    let mut words = Vec::new();
    let mut unspaced: Vec<char> = Vec::new();
    let mut end_of_unspaced = 0;
    let mut found = tokens(&text);
    while let Some(token) = found.next() {
        if let Token::Character(c) = token {
            // Behind anything else than a character, another run begins.
            if found.position() - c.len_utf8() != end_of_unspaced {
                finish_unspaced(&mut words, &mut unspaced);
            }
            end_of_unspaced = found.position();
            unspaced.push(c);
            continue;
        }
        finish_unspaced(&mut words, &mut unspaced);
        words.extend(word(token));
    }
    finish_unspaced(&mut words, &mut unspaced);
    words
}

fn word(token: Token<'_>) -> Option<Word> {
    let word = match token {
        Token::Word(word) => {
            let text = small(word);
            Word { plainer: without_accents(&text), text, kind: WordKind::Word }
        }
        Token::Signed { name, bare } => {
            let bare = small(bare);
            let plainer = std::iter::once(bare.clone()).chain(without_accents(&bare)).collect();
            Word { text: name_key(name), plainer, kind: WordKind::Signed }
        }
        Token::Compound(name) => {
            let text = name_key(name);
            Word { plainer: without_signs(&text).into_iter().collect(), text, kind: WordKind::Compound }
        }
        Token::Character(_) => return None,
    };
    (word.text.len() <= MAX_WORD).then_some(word)
}

fn small(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.chars().flat_map(char::to_lowercase).collect()
}

/// Overlapping pairs, and the characters themselves: many are words.
fn finish_unspaced(words: &mut Vec<Word>, run: &mut Vec<char>) {
    let grams = run.windows(2).map(|pair| pair.iter().collect()).chain(run.iter().map(char::to_string));
    words.extend(grams.map(|text| Word { text, plainer: Vec::new(), kind: WordKind::Characters }));
    run.clear();
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    fn terms(text: &str, language: &str) -> Vec<String> {
        Analysis::of(language).document_terms(text).collect()
    }

    #[test]
    fn names_of_files_and_variables_are_several_words() {
        let found = terms("config.toml snake_case", "en");
        assert_eq!(found, ["config", "toml", "config.toml", "~configtoml", "snake", "case", "snake_case", "~snakecas"]);
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
        assert_eq!(composed, ["tiếng", "~tieng", "việt", "~viet", "tiếng việt", "~tieng viet"]);
        assert_eq!(composed, decomposed);
    }

    #[test]
    fn chinese_becomes_overlapping_pairs_and_characters() {
        assert_eq!(terms("部署失败 3 次", "zh"), ["部署", "署失", "失败", "部", "署", "失", "败", "3", "次"]);
        assert_eq!(terms("ＡＢＣ", "zh"), ["abc"]);
    }

    #[test]
    fn characters_of_different_runs_make_no_pair() {
        assert_eq!(terms("部，署", "zh"), ["部", "署"]);
    }

    #[test]
    fn plainer_spellings_are_marked_and_stemmed_like_the_words_they_stand_for() {
        assert_eq!(terms("Häuser Haus Haeuser", "de"), ["^haus", "haus", "haus"]);
        assert_eq!(terms("élèves", "fr"), ["élev", "~elev"]);
        assert_eq!(terms("naïvely C++", "en"), ["naïv", "~naiv", "c++", "~c"]);
        assert_eq!(terms("v1.2.3", "en"), ["v1", "2", "3", "v1.2.3", "~1.2.3"]);
    }

    #[test]
    fn blobs_are_not_indexed() {
        assert!(words(&"a".repeat(MAX_WORD + 1)).is_empty());
    }
}
