//! What a `tokenizer.json` says, read once for everything that needs it.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A `tokenizer.json`, as far as this program reads it itself.
#[derive(Deserialize)]
pub(super) struct TokenizerFile {
    #[serde(default)]
    pub(super) added_tokens: Vec<AddedToken>,
    #[serde(default)]
    pub(super) normalizer: Option<serde_json::Value>,
    #[serde(default)]
    pub(super) pre_tokenizer: Option<serde_json::Value>,
    pub(super) model: TokenizerModel,
}

/// A token beside the model's own.
#[derive(Deserialize)]
pub(super) struct AddedToken {
    pub(super) id: u32,
    #[serde(default)]
    pub(super) content: String,
    #[serde(default)]
    pub(super) single_word: bool,
    #[serde(default)]
    pub(super) lstrip: bool,
    #[serde(default)]
    pub(super) rstrip: bool,
    pub(super) normalized: Option<bool>,
}

/// The tokenizer's model. Most fields belong to some kinds of model only.
#[derive(Deserialize)]
pub(super) struct TokenizerModel {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) unk_token: Option<String>,
    pub(super) unk_id: Option<usize>,
    pub(super) continuing_subword_prefix: Option<String>,
    pub(super) max_input_chars_per_word: Option<usize>,
    pub(super) vocab: Tokens,
}

/// The model's tokens.
#[derive(Default)]
pub(super) struct Tokens {
    /// Id of each token; empty for Unigram models, which list tokens in the order of their ids.
    pub(super) ids: HashMap<Box<str>, u32>,
    pub(super) largest_id: u32,
}

impl TokenizerFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When `json` is no `tokenizer.json`.
    pub(super) fn read(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// The largest token id; a table needs more rows than that.
    pub(super) fn largest_id(&self) -> u32 {
        let added = self.added_tokens.iter().map(|token| token.id).max().unwrap_or(0);
        self.model.vocab.largest_id.max(added)
    }

    /// Whether the model is a WordPiece model, whatever normalises and splits the text before it.
    pub(super) fn is_word_piece(&self) -> bool {
        self.model.kind.as_deref() == Some("WordPiece")
    }
}

impl<'de> Deserialize<'de> for Tokens {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TokensVisitor)
    }
}

struct TokensVisitor;

impl<'de> Visitor<'de> for TokensVisitor {
    type Value = Tokens;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a vocabulary: an object of tokens and ids, or an array of tokens")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tokens, A::Error> {
        let mut tokens = Tokens::default();
        while let Some((token, id)) = map.next_entry::<Box<str>, u32>()? {
            tokens.largest_id = tokens.largest_id.max(id);
            tokens.ids.insert(token, id);
        }
        Ok(tokens)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tokens, A::Error> {
        let mut count = 0_u32;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            count = count.saturating_add(1);
        }
        Ok(Tokens { largest_id: count.saturating_sub(1), ids: HashMap::new() })
    }
}
