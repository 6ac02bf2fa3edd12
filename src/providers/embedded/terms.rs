//! The terms of a question and where sentences hold them.
//!
//! A term is a content word, or a pair of neighbouring characters in scripts without spaces. Words match when they are
//! equal or differ only in a short ending, which serves inflection in any alphabetic language without knowing which one
//! it is, and costs nothing for the many words that share no beginning with a term.

use crate::util::script::is_unspaced;

/// Terms that a question has at most: one bit each.
const MOST: usize = 64;

/// Words that say nothing about what is asked, of the languages that are tested.
const STOP_WORDS: &[&str] = &[
    // English
    "a", "an", "the", "of", "in", "on", "at", "to", "for", "from", "by", "with", "and", "or", "is", "are", "was",
    "were", "be", "been", "do", "does", "did", "has", "have", "had", "it", "its", "that", "this", "these", "those",
    "what", "which", "who", "whom", "whose", "when", "where", "why", "how", "many", "much", "long", "often", "can",
    "could", "will", "would", "should", "i", "you", "we", "they", "he", "she", "their", "his", "her", "my", "our",
    "your", "as", "there", "name", "s", // German
    "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer", "eines", "und", "oder", "ist",
    "sind", "war", "waren", "wird", "wurde", "wurden", "werden", "hat", "haben", "hatte", "im", "am", "von", "vom",
    "zu", "zum", "zur", "mit", "für", "auf", "aus", "bei", "nach", "was", "wer", "wen", "wem", "wie", "wo", "wann",
    "warum", "wieso", "welche", "welcher", "welches", "welchen", "welchem", "viele", "viel", "sich", "es", "er", "sie",
    "als", // Vietnamese
    "là", "của", "và", "có", "các", "những", "cho", "được", "đã", "ở", "trong", "với", "bao", "nhiêu", "gì", "nào",
    "ai", "khi", "đâu", "sao", "thế", "bị", "vào", "một", "tại", "từ",
];

/// Characters that make up question words and particles in Chinese and Japanese: pairs with them are no terms.
const STOP_CHARACTERS: &str = "什么多少谁哪吗呢的了是在有何为怎样几个被和与のはがをにでと";

/// Terms found in one sentence, as bits in the order of the question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Terms found as they are, or with another ending.
    pub terms: u64,
    /// Of these, the ones with another ending only.
    pub inflected: u64,
    /// Terms found right behind the term before them.
    pub pairs: u64,
    /// The sentence holds a number.
    pub number: bool,
    /// The sentence holds a capitalised word that does not begin it.
    pub name: bool,
    /// Words, or characters of scripts without spaces.
    pub words: u32,
}

/// The terms of one question.
#[derive(Debug, Default)]
pub struct Terms {
    words: Vec<(String, u32)>,
    pairs: Vec<((char, char), u32)>,
    count: u32,
    /// First bytes of `words`, so that most words of a passage are dismissed at once.
    begins: Begins,
    /// Terms that are numbers: a passage without them speaks of something else.
    pub numbers: u64,
}

#[derive(Debug)]
struct Begins([bool; 256]);

impl Default for Begins {
    fn default() -> Self {
        Self([false; 256])
    }
}

impl Terms {
    /// The terms of `question`; the first 64 when there are more.
    pub fn of(question: &str) -> Self {
        let mut terms = Self::default();
        let mut before = None;
        for token in tokens(question) {
            match token {
                Token::Word(word) => {
                    before = None;
                    let word = word.to_lowercase();
                    let stop = STOP_WORDS.contains(&word.as_str());
                    if !stop && !terms.words.iter().any(|(known, _)| *known == word) {
                        terms.add_word(word);
                    }
                }
                Token::Character(c) => {
                    let pair = before.replace(c).map(|first| (first, c)).filter(|pair| !is_stop(*pair));
                    if let Some(pair) = pair.filter(|pair| !terms.pairs.iter().any(|(known, _)| known == pair))
                        && (terms.count as usize) < MOST
                    {
                        terms.pairs.push((pair, terms.count));
                        terms.count += 1;
                    }
                }
            }
        }
        terms.pairs.sort_unstable();
        terms
    }

    fn add_word(&mut self, word: String) {
        if self.count as usize >= MOST {
            return;
        }
        if word.bytes().all(|b| b.is_ascii_digit()) {
            self.numbers |= 1 << self.count;
        }
        if let Some(&first) = word.as_bytes().first() {
            self.begins.0[usize::from(first)] = true;
        }
        self.words.push((word, self.count));
        self.count += 1;
    }

    /// How many terms there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Which terms `sentence` holds.
    pub fn find(&self, sentence: &str) -> Found {
        let mut found = Found::default();
        let mut before = None;
        let mut last: Option<(u32, u32)> = None;
        let mut lower = String::new();
        for token in tokens(sentence) {
            found.words += 1;
            let hit = match token {
                Token::Word(word) => {
                    before = None;
                    let first = word.chars().next().unwrap_or_default();
                    found.number |= first.is_numeric();
                    found.name |= found.words > 1 && first.is_uppercase();
                    self.find_word(word, first, &mut lower)
                }
                Token::Character(c) => {
                    let pair = before.replace(c).map(|first| (first, c));
                    let at = pair.and_then(|pair| self.pairs.binary_search_by_key(&pair, |(known, _)| *known).ok());
                    at.map(|at| (self.pairs[at].1, true))
                }
            };
            let Some((term, exact)) = hit else { continue };
            let bit = 1 << term;
            if exact {
                found.inflected &= !bit;
            } else if found.terms & bit == 0 {
                found.inflected |= bit;
            }
            found.terms |= bit;
            if last.is_some_and(|(previous, at)| previous + 1 == term && found.words - at <= 3) {
                found.pairs |= bit;
            }
            last = Some((term, found.words));
        }
        found
    }

    /// The term that `word` stands for, and whether it is the same word.
    fn find_word(&self, word: &str, first: char, lower: &mut String) -> Option<(u32, bool)> {
        if first.is_ascii() && !self.begins.0[usize::from(first.to_ascii_lowercase() as u8)] {
            return None;
        }
        lower.clear();
        if word.is_ascii() {
            lower.extend(word.bytes().map(|b| b.to_ascii_lowercase() as char));
        } else {
            lower.extend(word.chars().flat_map(char::to_lowercase));
        }
        let mut inflected = None;
        for (known, term) in &self.words {
            if known == lower {
                return Some((*term, true));
            }
            if inflected.is_none() && same_stem(known, lower) {
                inflected = Some((*term, false));
            }
        }
        inflected
    }
}

/// Whether two words differ in short endings only: at least five common letters and at most three others in each, or
/// four when one word begins the other; for three-letter words a plural or past ending.
fn same_stem(a: &str, b: &str) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    if common < 3 || a.as_bytes()[0].is_ascii_digit() {
        return false;
    }
    let (rest_a, rest_b) = (a.len() - common, b.len() - common);
    if common >= 4 {
        return (common >= 5 || rest_a.min(rest_b) == 0)
            && rest_a <= 3
            && rest_b <= 3
            && a.is_char_boundary(common)
            && b.is_char_boundary(common);
    }
    rest_a.min(rest_b) == 0 && matches!(if rest_a == 0 { &b[common..] } else { &a[common..] }, "s" | "es" | "ed" | "'s")
}

fn is_stop(pair: (char, char)) -> bool {
    STOP_CHARACTERS.contains(pair.0) || STOP_CHARACTERS.contains(pair.1)
}

enum Token<'t> {
    Word(&'t str),
    Character(char),
}

/// Words, and single characters of scripts without spaces.
fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        let first = rest.chars().next()?;
        if is_unspaced(first) {
            rest = &rest[first.len_utf8()..];
            return Some(Token::Character(first));
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() || is_unspaced(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        rest = tail;
        Some(Token::Word(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_words_in_other_forms_but_not_other_words() {
        let terms = Terms::of("How often were releases started in 2019?");
        assert_eq!(terms.count(), 3, "releases started 2019");
        let found = terms.find("A release from 2019 is starting things; Harbor knows");
        assert_eq!((found.terms, found.inflected), (0b111, 0b011));
        assert!(found.number && found.name);
        assert_eq!(terms.find("A stapler about 2018 and relics").terms, 0);
        assert_eq!(terms.numbers, 0b100);
    }

    #[test]
    fn neighbours_in_the_question_are_neighbours_in_the_sentence() {
        let terms = Terms::of("Norman conquest England");
        assert_eq!(terms.find("The Norman conquest of England").pairs, 0b110);
        assert_eq!(terms.find("England saw the conquest").pairs, 0);
    }

    #[test]
    fn german_vietnamese_and_chinese_terms_are_found() {
        assert_eq!(Terms::of("Wie viele Häuser?").find("Das große HÄUSERMEER der Häusern").terms, 1);
        assert_eq!(Terms::of("Thủ đô của Việt Nam là gì?").find("Hà Nội là thủ đô Việt Nam").terms, 0b1111);
        let chinese = Terms::of("黑豹队的防守丢了多少分？");
        assert_eq!(chinese.count(), 4, "黑豹 豹队 防守 守丢; the rest are question words");
        assert_eq!(chinese.find("黑豹队的防守只丢了 308分").terms, 0b0111);
    }

    #[test]
    fn more_than_sixty_four_terms_do_no_harm() {
        let many: Vec<String> = (0..200).map(|i| format!("term{i}x")).collect();
        let terms = Terms::of(&many.join(" "));
        assert_eq!(terms.count(), 64);
        assert_eq!(terms.find(&many.join(" ")).terms, u64::MAX);
        assert_eq!(Terms::of("").find("anything").terms, 0);
    }
}
