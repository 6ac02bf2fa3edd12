//! How a question is to be searched.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{ChunkId, Filter, Place};

/// Which search answers a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SearchMode {
    /// Nearest neighbours of the question's embedding.
    Vector,
    /// Lexical search (Okapi BM25).
    Bm25,
    /// Both, fused.
    #[default]
    Hybrid,
}

impl SearchMode {
    /// Every method, in the order in which reports list them.
    pub const ALL: [Self; 3] = [Self::Vector, Self::Bm25, Self::Hybrid];

    /// The name used in requests, answers, settings and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vector => "vector",
            Self::Bm25 => "bm25",
            Self::Hybrid => "hybrid",
        }
    }

    /// Whether the question must be embedded.
    pub const fn needs_embedding(self) -> bool {
        !matches!(self, Self::Bm25)
    }
}

impl fmt::Display for SearchMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no method.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown method {0:?}: use vector, bm25 or hybrid")]
pub struct ParseSearchModeError(String);

impl FromStr for SearchMode {
    type Err = ParseSearchModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| ParseSearchModeError(text.chars().take(40).collect()))
    }
}

/// What puts the passages that a search found into another order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RerankMethod {
    /// Nothing.
    #[default]
    None,
    /// A small model over what is known of the passages of hybrid search for free; other searches keep their order.
    Features,
    /// A rerank server.
    Http,
}

impl RerankMethod {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::None, Self::Features, Self::Http];

    /// The name used in requests, answers and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Features => "features",
            Self::Http => "http",
        }
    }

    /// Passages that get a score when nobody says how many.
    pub const fn usual_depth(self) -> usize {
        match self {
            Self::None => 0,
            Self::Features | Self::Http => 20,
        }
    }
}

impl fmt::Display for RerankMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no way of reranking.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown reranker {0:?}: use none, features or http")]
pub struct ParseRerankMethodError(String);

impl FromStr for RerankMethod {
    type Err = ParseRerankMethodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| ParseRerankMethodError(text.chars().take(40).collect()))
    }
}

/// Whether the learned sparse index has a say in hybrid search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SparseMode {
    /// Where it has been measured to help.
    #[default]
    Auto,
    /// For every question, by the chunks that have vectors.
    On,
    /// Never; a server that is started so does not make the index.
    Off,
}

impl SparseMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Auto, Self::On, Self::Off];

    /// The name used in requests and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for SparseMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no mode of the sparse index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown mode {0:?} of the sparse index: use auto, on or off")]
pub struct ParseSparseModeError(String);

impl FromStr for SparseMode {
    type Err = ParseSparseModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| ParseSparseModeError(text.chars().take(40).collect()))
    }
}

/// Limits a search to part of a DB. An empty list does not limit. All limits hold together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SearchFilter {
    /// ISO 639-1 codes of the wanted languages.
    pub languages: Vec<String>,
    /// Wanted version labels.
    pub versions: Vec<String>,
    /// Wanted documents; all when there is none.
    pub documents: Option<Filter>,
}

/// How two ranked lists become one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FusionParams {
    /// Reciprocal rank fusion: Σ 1/(k + rank), ranks from 1 (Cormack, Clarke, Büttcher, SIGIR 2009).
    Rrf {
        /// Damping; 60 in the paper.
        k: u32,
    },
    /// Min–max normalised scores, `bm25_weight`·BM25 + (1 − `bm25_weight`)·cosine.
    Weighted {
        /// Share of the lexical score, 0..=1.
        bm25_weight: f32,
    },
}

/// A passage that an answer may cite.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Passage {
    /// The chunk by which it was found; not known of passages of a cached answer.
    #[serde(skip)]
    pub id: Option<ChunkId>,
    /// Its text.
    pub text: String,
    /// Stable id of the chunk.
    pub key: String,
    /// The document.
    pub source: String,
    /// Position in the document, from 0.
    pub chunk: u32,
    /// The document's version label.
    pub version: String,
    /// ISO 639-1 code.
    pub language: String,
    /// How well it fits; comparable within one answer.
    pub score: f32,
    /// Id of the document; empty in answers that an older version kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub document: String,
    /// Title of the document, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// When the file of the document changed last, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// Where it is in the document's text; unknown until a document of an older version is read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Where the same is said, too; these passages have no place of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<PassageCopy>,
}

/// A passage that says the same as another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassageCopy {
    /// Stable id of the chunk.
    pub key: String,
    /// The document.
    pub source: String,
    /// Position in the document, from 0.
    pub chunk: u32,
    /// The document's version label.
    pub version: String,
}

impl Passage {
    /// The keys of the passage and of its copies.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.key.as_str()).chain(self.copies.iter().map(|copy| copy.key.as_str()))
    }

    /// The documents that it is from, its own first.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.source.as_str()).chain(self.copies.iter().map(|copy| copy.source.as_str()))
    }
}
