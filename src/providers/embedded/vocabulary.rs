//! What a tokenizer's vocabulary can express, read from `tokenizer.json` without building the tokenizer.
//!
//! A WordPiece tokenizer drops every word that holds a character it does not know. English vocabularies know few
//! Chinese characters and no Khmer at all, so that two different questions could leave the same few known tokens and
//! get the *same* vector. The embedder therefore asks here how much of a text is lost.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use crate::util::script::is_unspaced;

/// The letters of a vocabulary and its size.
#[derive(Debug)]
pub struct Vocabulary {
    /// The largest token id; a table needs more rows than that.
    pub largest_id: u32,
    /// Characters that a word may contain; `None` when the tokenizer's kind loses no characters or cannot be judged.
    alphabet: Option<Alphabet>,
}

impl Vocabulary {
    /// Reads the vocabulary.
    ///
    /// # Errors
    /// When `json` is no `tokenizer.json`.
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        let file: TokenizerFile = serde_json::from_slice(json)?;
        let added = file.added_tokens.iter().map(|token| token.id).max().unwrap_or(0);
        let is_word_piece = file.model.kind.as_deref() == Some("WordPiece");
        let entries = file.model.vocab;
        Ok(Self {
            largest_id: entries.largest_id.max(added),
            alphabet: is_word_piece.then(|| Alphabet::of(entries.alphabet())),
        })
    }

    /// The words of `text` that the tokenizer cannot express, and which share of all letters and digits they hold
    /// (0–1). A "word" of a script without spaces is one character. Plain ASCII never loses anything.
    pub fn lost<'t>(&self, text: &'t str) -> (Vec<&'t str>, f32) {
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

#[derive(Deserialize)]
struct TokenizerFile {
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
    model: TokenizerModel,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
}

#[derive(Deserialize)]
struct TokenizerModel {
    #[serde(rename = "type")]
    kind: Option<String>,
    vocab: Entries,
}

/// The vocabulary's single characters; longer tokens are only counted.
#[derive(Default)]
struct Entries {
    largest_id: u32,
    /// Character → seen at a word's beginning, seen inside a word (`##c`).
    single: HashMap<char, (bool, bool)>,
}

impl Entries {
    fn add(&mut self, token: &str, id: u32) {
        self.largest_id = self.largest_id.max(id);
        let (inside, piece) = token.strip_prefix("##").map_or((false, token), |piece| (true, piece));
        let mut characters = piece.chars();
        if let (Some(c), None) = (characters.next(), characters.next()) {
            let seen = self.single.entry(c).or_default();
            if inside { seen.1 = true } else { seen.0 = true }
        }
    }

    /// A letter counts when it can stand anywhere in a word. Where every character is a word, only the first matters.
    fn alphabet(self) -> HashSet<char> {
        self.single
            .into_iter()
            .filter(|(c, (begin, inside))| *begin && (*inside || is_unspaced(*c)))
            .map(|(c, _)| c)
            .collect()
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a vocabulary: an object of tokens and ids, or an array of tokens")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Entries::default();
        while let Some((token, id)) = map.next_entry::<String, u32>()? {
            entries.add(&token, id);
        }
        Ok(entries)
    }

    // Unigram models: the position is the id, and nothing but the count is of use.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entries, A::Error> {
        let mut count = 0_u32;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            count = count.saturating_add(1);
        }
        Ok(Entries { largest_id: count.saturating_sub(1), ..Entries::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(tokens: &[&str]) -> Vocabulary {
        let vocab: serde_json::Map<_, _> =
            tokens.iter().enumerate().map(|(id, token)| ((*token).to_owned(), id.into())).collect();
        let json =
            serde_json::json!({ "added_tokens": [{ "id": 40 }], "model": { "type": "WordPiece", "vocab": vocab } });
        Vocabulary::from_json(json.to_string().as_bytes()).expect("valid")
    }

    #[test]
    fn counts_the_letters_of_words_that_hold_an_unknown_character() {
        let vocabulary = vocabulary(&["a", "##a", "b", "e", "##e", "中"]);
        assert_eq!(vocabulary.largest_id, 40, "added tokens need rows too");
        assert_eq!(vocabulary.lost("aéa ÄÉ"), (vec![], 0.0), "accents and case are normalised away");
        assert_eq!(vocabulary.lost("aж aa"), (vec!["aж"], 0.5));
        assert_eq!(vocabulary.lost("éb"), (vec!["éb"], 1.0), "b is known at the beginning only");
        assert_eq!(vocabulary.lost("中国中中"), (vec!["国"], 0.25), "Chinese characters are words");
        assert_eq!(vocabulary.lost("———"), (vec![], 0.0));
    }

    #[test]
    fn other_kinds_of_tokenizer_lose_nothing_but_are_counted() {
        let json = r#"{"model":{"type":"Unigram","vocab":[["<unk>",0.0],["a",-1.0],["b",-2.0]]}}"#;
        let vocabulary = Vocabulary::from_json(json.as_bytes()).expect("valid");
        assert_eq!(vocabulary.largest_id, 2);
        assert_eq!(vocabulary.lost("жук").1, 0.0);
        assert!(Vocabulary::from_json(b"{}").is_err());
    }
}
