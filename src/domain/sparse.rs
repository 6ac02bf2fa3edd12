//! Learned sparse vectors: which terms of a vocabulary a text is about, its own words and others, and how much.

use super::ChunkContext;

/// A text as weights of terms of a fixed vocabulary; terms that do not occur have none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SparseVector {
    /// Terms in ascending order, each once, with weights above 0.
    pub terms: Vec<(u16, f32)>,
}

/// Makes sparse vectors of texts. Blocks for as long as a small model runs: under a millisecond for a question, some for a
/// chunk.
pub trait SparseEncoder: Send + Sync {
    /// Names the model and everything else that shapes the vectors: those of another id cannot be compared.
    fn id(&self) -> &str;

    /// Whether it knows the language of this ISO 639-1 code, or that of texts whose language is unknown.
    fn reads(&self, language: &str) -> bool;

    /// The vector of a question.
    fn question(&self, text: &str) -> SparseVector;

    /// The vector of a chunk in its context.
    fn passage(&self, context: &ChunkContext, text: &str) -> SparseVector;
}
