//! The compiled-in model's tokens: as they have always been, and as the `tokenizers` crate gives them.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde::Deserialize;

use super::{tokenizer_file::TokenizerFile, word_piece::WordPiece};

static JSON: &[u8] = include_bytes!("model/tokenizer.json");
static WORD_PIECE: LazyLock<WordPiece> =
    LazyLock::new(|| WordPiece::of(&TokenizerFile::read(JSON).expect("it is one")).expect("it is one of BERT's"));
static REFERENCE: LazyLock<tokenizers::Tokenizer> =
    LazyLock::new(|| tokenizers::Tokenizer::from_bytes(JSON).expect("it loads"));

fn reference(text: &str) -> Vec<u32> {
    REFERENCE.encode_fast(text, false).expect("it never fails").get_ids().to_vec()
}

/// A tokenizer of these tokens; `edit` changes its `tokenizer.json`.
fn made(edit: impl FnOnce(&mut serde_json::Value)) -> Option<WordPiece> {
    let mut json = serde_json::json!({
        "added_tokens": [{
            "id": 0, "content": "[UNK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false
        }],
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true
        },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 10,
            "vocab": { "[UNK]": 0, "play": 1, "##ing": 2, "##in": 3, "##s": 4, "É": 5, "é": 6, "e": 7, "中": 8, "!": 9 }
        }
    });
    edit(&mut json);
    WordPiece::of(&TokenizerFile::read(json.to_string().as_bytes()).expect("a tokenizer.json"))
}

#[derive(Deserialize)]
struct Golden {
    text: String,
    ids: Vec<u32>,
}

#[test]
fn hard_texts_have_the_tokens_that_they_have_always_had() {
    let golden: Vec<Golden> = serde_json::from_slice(include_bytes!("model/tokens.json")).expect("JSON");
    assert!(golden.len() >= 60, "{}", golden.len());
    for Golden { text, ids } in golden {
        assert_eq!(WORD_PIECE.ids(&text), ids, "{text:?}");
    }
}

#[test]
fn a_word_is_cut_into_the_longest_tokens_or_is_unknown() {
    let tokenizer = made(|_| {}).expect("one of BERT's");
    assert_eq!(tokenizer.ids("Playing plays!"), [1, 2, 1, 4, 9]);
    assert_eq!(tokenizer.ids("playin"), [1, 3]);
    assert_eq!(tokenizer.ids("playx ing"), [0, 0], "with a rest it is unknown as a whole; `##ing` begins no word");
    assert_eq!(tokenizer.ids("playssssss"), [1, 4, 4, 4, 4, 4, 4]);
    assert_eq!(tokenizer.ids("playsssssss"), [0], "eleven characters, where ten are allowed");
    assert_eq!(tokenizer.ids("play中play"), [1, 8, 1]);
    assert_eq!(tokenizer.ids("[UNK]play"), [0, 1]);
    assert_eq!(tokenizer.ids(""), [0_u32; 0]);
}

#[test]
fn the_normalizers_settings_are_followed() {
    let ids = |setting: &str, value: serde_json::Value, text: &str| {
        made(|json| json["normalizer"][setting] = value).expect("one of BERT's").ids(text)
    };
    assert_eq!(ids("lowercase", true.into(), "É é PLAY"), [7, 7, 1], "accents go with the case");
    assert_eq!(ids("lowercase", false.into(), "É é PLAY"), [5, 6, 0]);
    assert_eq!(ids("strip_accents", false.into(), "É é PLAY"), [6, 6, 1]);
    assert_eq!(ids("handle_chinese_chars", false.into(), "play中"), [0]);
    assert_eq!(ids("clean_text", true.into(), "pl\u{7}ay"), [1]);
    assert_eq!(ids("clean_text", false.into(), "pl\u{7}ay"), [0]);
}

#[test]
fn other_pipelines_are_left_to_others() {
    assert!(made(|json| json["normalizer"]["type"] = "NFC".into()).is_none());
    assert!(made(|json| json["normalizer"] = serde_json::Value::Null).is_none());
    assert!(made(|json| json["pre_tokenizer"]["type"] = "Whitespace".into()).is_none());
    assert!(made(|json| json["model"]["type"] = "WordLevel".into()).is_none());
    assert!(made(|json| json["model"]["unk_token"] = "[NONE]".into()).is_none());
    assert!(made(|json| json["added_tokens"][0]["normalized"] = true.into()).is_none());
    assert!(made(|json| json["added_tokens"][0]["lstrip"] = true.into()).is_none());
    assert!(made(|json| json["added_tokens"][0]["content"] = "[NONE]".into()).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_has_the_tokens_of_the_reference(text in "\\PC{0,40}") {
        prop_assert_eq!(WORD_PIECE.ids(&text), reference(&text));
    }

    #[test]
    fn texts_of_hard_parts_have_the_tokens_of_the_reference(
        text in "([a-zA-Z]{1,14}|[ \\t\\n.,;#!?'-]|[À-ʯ]|[\u{300}-\u{36f}]|[\u{0}-\u{1f}]|[一-龥]|[가-힣]|\\[MASK\\]|[😀-😿]){0,30}"
    ) {
        prop_assert_eq!(WORD_PIECE.ids(&text), reference(&text));
    }

    #[test]
    fn very_long_words_have_the_tokens_of_the_reference(text in "[a-zé]{80,130}( [a-z]{90,110})?") {
        prop_assert_eq!(WORD_PIECE.ids(&text), reference(&text));
    }
}
