//! BERT's tokenizer: cleaning, splitting into words, and WordPiece, from a text to token ids.
//!
//! Every Model2Vec model that is made from a BERT has it. It gives the ids that the `tokenizers` crate gives for the same
//! `tokenizer.json` (a test compares them), without the offsets, masks and alignments that take most of that crate's time.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use serde::Deserialize;
use unicode_categories::UnicodeCategories;
use unicode_normalization::UnicodeNormalization;

use super::tokenizer_file::TokenizerFile;

/// Ids of tokens by their characters.
type Tokens = HashMap<Box<str>, u32, BuildHasherDefault<Fnv>>;

/// The tokenizer. Immutable, and shared by threads.
#[derive(Debug)]
pub(super) struct WordPiece {
    /// Tokens that begin a word.
    beginnings: Tokens,
    /// Tokens that continue one, without their prefix (`##`).
    continuations: Tokens,
    /// Bytes of the longest token.
    longest: usize,
    unknown: u32,
    /// A word of more characters is unknown as a whole.
    longest_word: usize,
    normalizer: Normalizer,
    /// Tokens that are recognised in the raw text, before it is normalised; the longest first.
    verbatim: Vec<(String, u32)>,
    /// For each byte whether a verbatim token begins with it.
    verbatim_starts: [bool; 256],
}

/// The settings of a `BertNormalizer`.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Normalizer {
    clean_text: bool,
    handle_chinese_chars: bool,
    /// Follows `lowercase` when it is not told.
    strip_accents: Option<bool>,
    lowercase: bool,
}

impl WordPiece {
    /// The tokenizer that a file describes, when it is one of BERT's. `None` when another normalizer, splitter or model is
    /// asked for, or tokens that are recognised in other ways than letter by letter in the raw text.
    pub(super) fn of(file: &TokenizerFile) -> Option<Self> {
        let model = &file.model;
        let kind =
            |part: &Option<serde_json::Value>, kind: &str| part.as_ref().is_some_and(|part| part["type"] == kind);
        if model.kind.as_deref() != Some("WordPiece")
            || !kind(&file.normalizer, "BertNormalizer")
            || !kind(&file.pre_tokenizer, "BertPreTokenizer")
        {
            return None;
        }
        let vocabulary = &model.vocab.ids;
        let mut verbatim: Vec<(String, u32)> = Vec::with_capacity(file.added_tokens.len());
        for token in &file.added_tokens {
            let plain = token.normalized == Some(false) && !token.single_word && !token.lstrip && !token.rstrip;
            let repeated = verbatim.iter().any(|(content, _)| *content == token.content);
            if token.content.is_empty() || !plain || repeated {
                return None;
            }
            verbatim.push((token.content.clone(), *vocabulary.get(token.content.as_str())?));
        }
        verbatim.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        let mut verbatim_starts = [false; 256];
        verbatim.iter().for_each(|(content, _)| verbatim_starts[usize::from(content.as_bytes()[0])] = true);
        let prefix = model.continuing_subword_prefix.as_deref()?;
        let continuing = |(token, id): (&str, u32)| Some((token.strip_prefix(prefix)?.into(), id));
        Some(Self {
            beginnings: vocabulary.iter().map(|(token, id)| (token.clone(), *id)).collect(),
            continuations: vocabulary.iter().map(|(token, id)| (token.as_ref(), *id)).filter_map(continuing).collect(),
            longest: vocabulary.keys().map(|token| token.len()).max()?,
            unknown: *vocabulary.get(model.unk_token.as_deref()?)?,
            longest_word: model.max_input_chars_per_word?,
            normalizer: Normalizer::deserialize(file.normalizer.as_ref()?).ok()?,
            verbatim,
            verbatim_starts,
        })
    }

    /// The id that stands for every word that the vocabulary cannot express.
    pub(super) fn unknown(&self) -> u32 {
        self.unknown
    }

    /// The ids of a text's tokens, unknown words included.
    pub(super) fn ids(&self, text: &str) -> Vec<u32> {
        let (mut ids, mut normalized) = (Vec::with_capacity(text.len() / 4 + 1), String::new());
        let (bytes, mut start, mut at) = (text.as_bytes(), 0, 0);
        while at < bytes.len() {
            // A token is whole UTF-8, so that it begins and ends between characters.
            let token = if self.verbatim_starts[usize::from(bytes[at])] {
                self.verbatim.iter().find(|(content, _)| bytes[at..].starts_with(content.as_bytes()))
            } else {
                None
            };
            let Some((content, id)) = token else {
                at += 1;
                continue;
            };
            self.span(&text[start..at], &mut normalized, &mut ids);
            ids.push(*id);
            at += content.len();
            start = at;
        }
        self.span(&text[start..], &mut normalized, &mut ids);
        ids
    }

    /// Text between two verbatim tokens.
    fn span(&self, text: &str, normalized: &mut String, ids: &mut Vec<u32>) {
        normalized.clear();
        self.normalizer.normalize(text, normalized);
        words(normalized, |word| self.word(word, ids));
    }

    /// The longest token that fits, again and again. A word with a rest that no token fits is unknown as a whole.
    fn word(&self, word: &str, ids: &mut Vec<u32>) {
        let known = ids.len();
        let too_long = word.len() > self.longest_word && word.chars().count() > self.longest_word;
        let mut rest = if too_long { "" } else { word };
        let mut tokens = &self.beginnings;
        while !rest.is_empty() {
            let end = rest.floor_char_boundary(self.longest);
            let Some((id, length)) = longest_prefix(tokens, rest, end) else { break };
            ids.push(id);
            rest = &rest[length..];
            tokens = &self.continuations;
        }
        if too_long || !rest.is_empty() {
            ids.truncate(known);
            ids.push(self.unknown);
        }
    }
}

/// The longest token that `text` begins with, up to `end`: its id and its length in bytes.
fn longest_prefix(tokens: &Tokens, text: &str, mut end: usize) -> Option<(u32, usize)> {
    while end > 0 {
        if let Some(id) = tokens.get(&text[..end]) {
            return Some((*id, end));
        }
        end = text.floor_char_boundary(end - 1);
    }
    None
}

impl Normalizer {
    /// Appends the normalised text. White space at its ends stays: splitting drops it.
    fn normalize(self, text: &str, out: &mut String) {
        out.reserve(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let plain = is_plain(rest.as_bytes()[0]);
            let end = rest.bytes().position(|byte| is_plain(byte) != plain).unwrap_or(rest.len());
            let (run, tail) = rest.split_at(end);
            // Plain characters neither decompose nor are reordered, so that runs can be taken one by one.
            if plain {
                self.plain(run, out)
            } else {
                self.unicode(run, out)
            }
            rest = tail;
        }
    }

    fn plain(self, text: &str, out: &mut String) {
        let start = out.len();
        if self.clean_text && text.bytes().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r')) {
            out.extend(text.chars().map(|c| if matches!(c, '\t' | '\n' | '\r') { ' ' } else { c }));
        } else {
            out.push_str(text);
        }
        if self.lowercase {
            out[start..].make_ascii_lowercase();
        }
    }

    fn unicode(self, text: &str, out: &mut String) {
        let cleaned = text.chars().flat_map(|c| self.clean(c).into_iter().flatten());
        match (self.strip_accents.unwrap_or(self.lowercase), self.lowercase) {
            (true, true) => {
                out.extend(cleaned.nfd().filter(|c| !c.is_mark_nonspacing()).flat_map(char::to_lowercase));
            }
            (true, false) => out.extend(cleaned.nfd().filter(|c| !c.is_mark_nonspacing())),
            (false, true) => out.extend(cleaned.flat_map(char::to_lowercase)),
            (false, false) => out.extend(cleaned),
        }
    }

    /// Control characters go, every white space is a space, and each Chinese character stands between spaces.
    fn clean(self, c: char) -> [Option<char>; 3] {
        if self.clean_text {
            let is_control = !matches!(c, '\t' | '\n' | '\r') && c.is_other();
            if is_control || matches!(c, '\0' | '\u{FFFD}') {
                return [None; 3];
            }
            if c.is_whitespace() {
                return [None, Some(' '), None];
            }
        }
        let space = (self.handle_chinese_chars && is_chinese(c)).then_some(' ');
        [space, Some(c), space]
    }
}

/// Printable ASCII and its usual white space.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

/// Ideographs as BERT draws the line: no kana, no Hangul.
fn is_chinese(c: char) -> bool {
    matches!(c,
        '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2A6DF}'
        | '\u{2A700}'..='\u{2B73F}' | '\u{2B740}'..='\u{2B81F}' | '\u{2B920}'..='\u{2CEAF}' | '\u{2F800}'..='\u{2FA1F}')
}

/// Calls `each` with every run between white space and punctuation, and with every punctuation character.
fn words<'t>(text: &'t str, mut each: impl FnMut(&'t str)) {
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let is_space = c.is_whitespace();
        if !is_space && !is_punctuation(c) {
            continue;
        }
        if start < at {
            each(&text[start..at]);
        }
        let end = at + c.len_utf8();
        if !is_space {
            each(&text[at..end]);
        }
        start = end;
    }
    if start < text.len() {
        each(&text[start..]);
    }
}

fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || (!c.is_ascii() && c.is_punctuation())
}

/// FNV-1a: quick for keys of a few bytes, and nobody chooses a vocabulary to make its table slow.
#[derive(Debug)]
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
