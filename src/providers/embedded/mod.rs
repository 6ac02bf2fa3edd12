//! The embedded provider: embeddings and answers without any other process, network or download.
//!
//! - [`StaticEmbedder`] makes vectors by table look-up: `tokenizer` cuts texts into tokens (`word_piece` as BERT does it),
//!   `table` has their rows; `vocabulary` knows which words a tokenizer would lose, so that foreign scripts do not collapse
//!   into one vector.
//! - [`SparseModel`] weighs the terms of a text, and those that it implies, by a small transformer.
//! - [`ExtractiveGenerator`] answers by quoting: `sentences` splits passages, `terms` finds the question's words in them,
//!   `extractive` weighs and chooses.

mod extractive;
mod sentences;
mod sparse;
mod static_model;
mod table;
mod terms;
mod tokenizer;
mod tokenizer_file;
mod vocabulary;
mod word_piece;
#[cfg(test)]
mod word_piece_tests;

pub use extractive::{
    Decider, Extraction, ExtractiveGenerator, extract, extract_by,
    fit::{Example, Fitted, fit},
};
pub use sentences::sentence_end;
pub use sparse::{BundledSparseEncoder, SparseModel, SparseModelError};
pub use static_model::{StaticEmbedder, StaticModelError};
pub(crate) use terms::{Found, Terms};
