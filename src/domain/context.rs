//! What a chunk stands in: it is found by it, and never quoted with it.

/// The context of a chunk. It is searched with the chunk and shapes its vector; it is no part of its text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChunkContext {
    /// Name of its document, with `/` between folders.
    pub source: String,
    /// Title of its document, when it has one.
    pub title: Option<String>,
    /// The headings that it begins under, the highest first, and then those within it.
    pub headings: Vec<String>,
}
