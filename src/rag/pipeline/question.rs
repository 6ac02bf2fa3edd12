//! What is asked.

use std::hash::{Hash, Hasher};

use crate::{
    domain::{DbName, SearchFilter, SearchMode},
    providers::{Message, ProviderKind},
};

/// A question with everything that shapes its answer, validated and with defaults filled in.
#[derive(Debug, Clone)]
pub struct Question {
    /// The question, trimmed, not empty.
    pub text: String,
    /// Earlier turns of the conversation, oldest first.
    pub history: Vec<Message>,
    /// The DB to search; belongs to this question alone.
    pub db: DbName,
    /// How many passages to answer from.
    pub k: usize,
    /// Which searches run.
    pub mode: SearchMode,
    /// How hybrid search fuses.
    pub fusion: FusionChoice,
    /// Part of the DB to search.
    pub filter: SearchFilter,
    /// Who answers; `None`: the server's default.
    pub provider: Option<ProviderKind>,
    /// Whether an earlier answer will do, and this one may be kept.
    pub cache: bool,
    /// Whether the answer is to say what each stage did.
    pub explain: bool,
}

/// What was asked for about fusion; what is left open depends on the embedder (see [`resolve`](Self::resolve)).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FusionChoice {
    /// Reciprocal rank fusion (`true`) or weighted scores (`false`).
    pub rrf: Option<bool>,
    /// Damping of reciprocal rank fusion; 60 when open.
    pub rrf_k: Option<u32>,
    /// Share of the lexical score in weighted fusion, 0..=1.
    pub bm25_weight: Option<f32>,
}

impl Eq for FusionChoice {}

impl Hash for FusionChoice {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { rrf, rrf_k, bm25_weight } = self;
        (rrf, rrf_k, bm25_weight.map(f32::to_bits)).hash(state);
    }
}
