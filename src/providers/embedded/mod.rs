//! The embedded provider: embeddings and answers without any other process, network or download.
//!
//! - [`StaticEmbedder`] makes vectors by table look-up; `vocabulary` knows which words a model's tokenizer would lose, so
//!   that foreign scripts do not collapse into one vector.
//! - [`ExtractiveGenerator`] answers by quoting: `sentences` splits passages, `terms` finds the question's words in them,
//!   `extractive` weighs and chooses.

mod extractive;
mod sentences;
mod static_model;
mod terms;
mod vocabulary;

pub use extractive::{Extraction, ExtractiveGenerator, extract};
pub use static_model::{StaticEmbedder, StaticModelError};
