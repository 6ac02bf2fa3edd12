//! From a text to the tokens of a static model.

use super::tokenizer_file::TokenizerFile;
use super::word_piece::WordPiece;

/// Tokens of a text that count; the rest of it is not read.
const MOST_TOKENS: usize = 512;

/// A model's tokenizer.
#[derive(Debug)]
pub(super) struct Tokenizer {
    kind: Kind,
    /// Stands for what cannot be expressed. A text's vector does not contain it.
    unknown: Option<u32>,
    /// Characters of a text that are read; more would hardly fit into the tokens that count.
    longest_text: usize,
}

#[derive(Debug)]
enum Kind {
    /// BERT's: the compiled-in model's, and that of most others.
    WordPiece(Box<WordPiece>),
    /// Everything else: Unigram, BPE, and WordPiece behind other normalizers.
    Other(Box<tokenizers::Tokenizer>),
}

impl Tokenizer {
    /// The tokenizer that a `tokenizer.json` describes; `file` is what was read of it.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn new(json: &[u8], file: &TokenizerFile) -> Result<Self, String> {
        if let Some(word_piece) = WordPiece::of(file) {
            let longest_text = longest_text(file.model.vocab.ids.keys().map(|token| token.len()));
            let unknown = Some(word_piece.unknown());
            return Ok(Self { kind: Kind::WordPiece(Box::new(word_piece)), unknown, longest_text });
        }
        let mut tokenizer = tokenizers::Tokenizer::from_bytes(json).map_err(|error| error.to_string())?;
        tokenizer.with_truncation(None).map_err(|error| error.to_string())?;
        tokenizer.with_padding(None);
        let id = |token: &String| {
            tokenizer.token_to_id(token).ok_or_else(|| format!("its unknown token {token:?} is not in its vocabulary"))
        };
        let unknown = match file.model.unk_id {
            Some(id) => u32::try_from(id).ok(),
            None => file.model.unk_token.as_ref().map(id).transpose()?,
        };
        let longest_text = longest_text(tokenizer.get_vocab(false).keys().map(String::len));
        Ok(Self { kind: Kind::Other(Box::new(tokenizer)), unknown, longest_text })
    }

    /// The ids of the first tokens of a text, without those of unknown words.
    pub(super) fn known_ids(&self, text: &str) -> impl Iterator<Item = u32> {
        let unknown = self.unknown;
        self.ids(text).filter(move |id| Some(*id) != unknown)
    }

    /// The ids of the first tokens of a text.
    pub(super) fn ids(&self, text: &str) -> impl Iterator<Item = u32> + use<> {
        let text = if text.len() <= self.longest_text {
            text
        } else {
            text.char_indices().nth(self.longest_text).map_or(text, |(end, _)| &text[..end])
        };
        let ids = match &self.kind {
            Kind::WordPiece(word_piece) => word_piece.ids(text),
            Kind::Other(tokenizer) => match tokenizer.encode_fast(text, false) {
                Ok(encoding) => encoding.get_ids().to_vec(),
                Err(error) => {
                    // Its words count by their characters then, as those do that no token expresses.
                    tracing::warn!(%error, "the tokenizer of the static model failed on a text");
                    Vec::new()
                }
            },
        };
        ids.into_iter().take(MOST_TOKENS)
    }
}

/// Characters that hold as many tokens as count, if they are of the vocabulary's median length.
fn longest_text(lengths: impl Iterator<Item = usize>) -> usize {
    let mut lengths: Vec<usize> = lengths.collect();
    lengths.sort_unstable();
    MOST_TOKENS * lengths.get(lengths.len() / 2).copied().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids that `tokenizer.json` gives for a text when it holds this model and nothing else.
    fn ids(model: serde_json::Value, text: &str) -> Result<Vec<u32>, String> {
        let json = serde_json::json!({
            "version": "1.0", "truncation": { "max_length": 1, "strategy": "LongestFirst", "stride": 0, "direction": "Right" },
            "padding": null, "added_tokens": [], "normalizer": { "type": "Lowercase" },
            "pre_tokenizer": { "type": "Whitespace" }, "post_processor": null, "decoder": null, "model": model
        });
        let json = json.to_string();
        let file = TokenizerFile::read(json.as_bytes()).expect("a tokenizer.json");
        Ok(Tokenizer::new(json.as_bytes(), &file)?.known_ids(text).collect())
    }

    #[test]
    fn models_with_other_tokenizers_than_berts_work() {
        let unigram = serde_json::json!({
            "type": "Unigram", "unk_id": 0, "byte_fallback": false, "vocab": [["<unk>", 0.0], ["no", -1.0], ["rth", -1.0]]
        });
        assert_eq!(ids(unigram, "North x NO"), Ok(vec![1, 2, 1]), "without the unknown one, and not cut to one token");
        let bpe = serde_json::json!({
            "type": "BPE", "unk_token": "?", "vocab": { "?": 0, "n": 1, "o": 2, "no": 3 }, "merges": ["n o"]
        });
        assert_eq!(ids(bpe, "no on x"), Ok(vec![3, 2, 1]));
        let words = serde_json::json!({ "type": "WordLevel", "unk_token": "?", "vocab": { "?": 0, "north": 1 } });
        assert_eq!(ids(words, "north south"), Ok(vec![1]));
    }

    #[test]
    fn a_text_that_the_tokenizer_cannot_express_has_no_tokens() {
        let unigram =
            serde_json::json!({ "type": "Unigram", "unk_id": null, "byte_fallback": false, "vocab": [["a", -1.0]] });
        assert_eq!(ids(unigram, "x"), Ok(vec![]));
    }

    #[test]
    fn a_tokenizer_that_cannot_be_built_says_why() {
        let model = serde_json::json!({ "type": "WordLevel", "unk_token": "?", "vocab": { "north": 1 } });
        assert!(ids(model, "x").is_err_and(|why| why.contains("\"?\"")));
        assert!(ids(serde_json::json!({ "type": "Other", "vocab": {} }), "x").is_err());
    }

    #[test]
    fn a_long_text_is_read_as_far_as_its_tokens_count() {
        let model = serde_json::json!({ "type": "WordLevel", "unk_token": "?", "vocab": { "?": 0, "a": 1 } });
        assert_eq!(ids(model, &"a ".repeat(2_000)).map(|ids| ids.len()), Ok(MOST_TOKENS / 2));
    }
}
