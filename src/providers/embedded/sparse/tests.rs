//! The compiled-in model against the one that it was made of.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

/// What `tests/tools/make_sparse_model.py` computed in double precision from the weights as they were published.
#[derive(Deserialize)]
struct Reference {
    text: String,
    tokens: usize,
    terms: BTreeMap<u16, f32>,
}

fn cosine(a: &SparseVector, b: &SparseVector) -> f32 {
    let of_b: BTreeMap<u16, f32> = b.terms.iter().copied().collect();
    let product: f32 = a.terms.iter().filter_map(|(term, weight)| Some(weight * of_b.get(term)?)).sum();
    let length = |v: &SparseVector| v.terms.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
    product / (length(a) * length(b))
}

#[test]
fn vectors_are_those_of_the_reference_but_for_rounding() {
    let references: Vec<Reference> = serde_json::from_slice(include_bytes!("reference.json")).expect("JSON");
    let model = SparseModel::bundled().expect("the compiled-in model loads");
    assert!(references.len() >= 9);
    for Reference { text, tokens, terms } in references {
        assert_eq!(model.tokenizer.tokens(&text).take(MOST_TOKENS - 2).count() + 2, tokens, "{text:?}");
        let expected = SparseVector { terms: terms.into_iter().collect() };
        let got = model.encode(&text);
        let cosine = cosine(&got, &expected);
        assert!(cosine >= 0.99, "{cosine} for {text:?}");
        assert!(got.terms.is_sorted_by(|a, b| a.0 < b.0) && got.terms.iter().all(|(_, weight)| *weight > 0.0));
    }
}

#[test]
fn every_text_has_a_vector() {
    let model = SparseModel::bundled().expect("the compiled-in model loads");
    for text in ["", "———", "\u{0}\u{1}", "ភាសាខ្មែរ", "贾里德 🦀", "[UNK]", "[PAD]", "\u{FFFD}", &"word ".repeat(5_000)]
    {
        let vector = model.encode(text);
        assert!(vector.terms.iter().all(|(_, weight)| weight.is_finite()), "{text:?}");
    }
}

#[test]
fn a_text_names_what_belongs_to_its_words() {
    let model = SparseModel::bundled().expect("the compiled-in model loads");
    let [question, passage, stranger] =
        ["what is a ship", "The vessel left the harbor.", "Invoices are due in 30 days."]
            .map(|text| model.encode(text));
    assert!(cosine(&question, &passage) > cosine(&question, &stranger) + 0.1);
}

#[test]
fn the_tokenizer_has_the_models_terms() {
    let model = SparseModel::bundled().expect("the compiled-in model loads");
    assert_eq!(model.head.rows(), 30_522);
    assert_eq!(model.tokenizer.tokens("[CLS][SEP]").collect::<Vec<_>>(), [START, END]);
}
