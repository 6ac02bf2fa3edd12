//! What a tokenizer's vocabulary can express.
//!
//! A WordPiece tokenizer drops every word that holds a character it does not know. English vocabularies know few
//! Chinese characters and no Khmer at all, so that two different questions could leave the same few known tokens and
//! get the *same* vector. The embedder therefore asks here how much of a text is lost.

use std::collections::{HashMap, HashSet};

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::tokenizer_file::TokenizerFile;
use crate::util::script::is_unspaced;

/// The letters of a vocabulary.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// Characters that a word may contain; `None` when the tokenizer's kind loses no characters or cannot be judged.
    alphabet: Option<Alphabet>,
}

impl Vocabulary {
    /// The letters that a tokenizer knows.
    pub(super) fn of(file: &TokenizerFile) -> Self {
        let tokens = file.model.vocab.ids.keys();
        Self { alphabet: file.is_word_piece().then(|| Alphabet::of(letters(tokens.map(|token| &**token)))) }
    }

    /// The words of `text` that the tokenizer cannot express, and which share of all letters and digits they hold
    /// (0–1). A "word" of a script without spaces is one character. Plain ASCII never loses anything.
    pub(super) fn lost<'t>(&self, text: &'t str) -> (Vec<&'t str>, f32) {
        let Some(alphabet) = self.alphabet.as_ref().filter(|_| !text.is_ascii()) else { return (Vec::new(), 0.0) };
        let (mut lost, mut lost_letters, mut letters) = (Vec::new(), 0_u32, 0_u32);
        for word in words(text) {
            let length = word.chars().count() as u32;
            letters += length;
            if !word.is_ascii() && !word.chars().all(|c| alphabet.knows(c)) {
                lost.push(word);
                lost_letters += length;
            }
        }
        (lost, if letters == 0 { 0.0 } else { lost_letters as f32 / letters as f32 })
    }
}

/// Runs of letters, digits and combining marks; characters of scripts without spaces one by one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || is_combining_mark(c))).filter(|run| !run.is_empty()).flat_map(|run| {
        let mut rest = run;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let end = if is_unspaced(first) { first.len_utf8() } else { rest.find(is_unspaced).unwrap_or(rest.len()) };
            let (word, tail) = rest.split_at(end);
            rest = tail;
            Some(word)
        })
    })
}

/// The letters among the tokens that can stand anywhere in a word. Where every character is a word, only the first matters.
fn letters<'t>(tokens: impl Iterator<Item = &'t str>) -> HashSet<char> {
    // Character → seen at a word's beginning, seen inside a word (`##c`).
    let mut seen: HashMap<char, (bool, bool)> = HashMap::new();
    for token in tokens {
        let (inside, piece) = token.strip_prefix("##").map_or((false, token), |piece| (true, piece));
        let mut characters = piece.chars();
        if let (Some(c), None) = (characters.next(), characters.next()) {
            let seen = seen.entry(c).or_default();
            if inside { seen.1 = true } else { seen.0 = true }
        }
    }
    seen.into_iter().filter(|(c, (begin, inside))| *begin && (*inside || is_unspaced(*c))).map(|(c, _)| c).collect()
}

/// The characters that survive a tokenizer's normalisation and are known then.
#[derive(Debug)]
struct Alphabet {
    /// One bit a character of the basic plane, worked out beforehand: the question is asked for every letter.
    basic: Vec<u64>,
    known: HashSet<char>,
}

impl Alphabet {
    fn of(known: HashSet<char>) -> Self {
        let mut basic = vec![0_u64; 0x1_0000 / 64];
        for c in ('\0'..='\u{FFFF}').filter(|c| survives(&known, *c)) {
            basic[c as usize / 64] |= 1 << (c as usize % 64);
        }
        Self { basic, known }
    }

    fn knows(&self, c: char) -> bool {
        match self.basic.get(c as usize / 64) {
            Some(bits) => bits >> (c as usize % 64) & 1 == 1,
            None => survives(&self.known, c),
        }
    }
}

/// Whether the character is known in lower case and without accents.
fn survives(known: &HashSet<char>, c: char) -> bool {
    let mut survives = true;
    for lower in c.to_lowercase() {
        decompose_canonical(lower, |part| survives &= is_combining_mark(part) || known.contains(&part));
    }
    survives
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(tokens: &[&str]) -> Vocabulary {
        let vocab: serde_json::Map<_, _> =
            tokens.iter().enumerate().map(|(id, token)| ((*token).to_owned(), id.into())).collect();
        let json =
            serde_json::json!({ "added_tokens": [{ "id": 40 }], "model": { "type": "WordPiece", "vocab": vocab } });
        let file = TokenizerFile::read(json.to_string().as_bytes()).expect("valid");
        assert_eq!(file.largest_id(), 40, "added tokens need rows too");
        Vocabulary::of(&file)
    }

    #[test]
    fn counts_the_letters_of_words_that_hold_an_unknown_character() {
        let vocabulary = vocabulary(&["a", "##a", "b", "e", "##e", "中"]);
        assert_eq!(vocabulary.lost("aéa ÄÉ"), (vec![], 0.0), "accents and case are normalised away");
        assert_eq!(vocabulary.lost("aж aa"), (vec!["aж"], 0.5));
        assert_eq!(vocabulary.lost("éb"), (vec!["éb"], 1.0), "b is known at the beginning only");
        assert_eq!(vocabulary.lost("中国中中"), (vec!["国"], 0.25), "Chinese characters are words");
        assert_eq!(vocabulary.lost("———"), (vec![], 0.0));
    }

    #[test]
    fn other_kinds_of_tokenizer_lose_nothing_but_are_counted() {
        let json = r#"{"model":{"type":"Unigram","vocab":[["<unk>",0.0],["a",-1.0],["b",-2.0]]}}"#;
        let file = TokenizerFile::read(json.as_bytes()).expect("valid");
        assert_eq!(file.largest_id(), 2);
        assert_eq!(Vocabulary::of(&file).lost("жук").1, 0.0);
        assert!(TokenizerFile::read(b"{}").is_err());
    }
}
