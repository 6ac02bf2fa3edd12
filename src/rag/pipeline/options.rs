//! What a question may choose about its passages: one place on every way from a request, a flag or a setting to the stages.

use std::hash::{Hash, Hasher};

use crate::domain::{RerankMethod, SearchFilter, SearchMode, SparseMode};

/// What a question may choose about its passages.
///
/// Requests, settings, specs and queries hold it whole, so that an option that is added here reaches the stages and the
/// keys of the cache by itself. The key takes it apart exhaustively.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RetrievalOptions {
    /// Which searches run.
    pub mode: SearchMode,
    /// How many passages the answer is made from.
    pub k: usize,
    /// How hybrid search fuses.
    pub fusion: FusionChoice,
    /// Part of the DB that is searched.
    pub filter: SearchFilter,
    /// What puts the passages into another order.
    pub rerank: RerankMethod,
    /// How many passages get a score then; the method's usual number when open. Never fewer than `k`.
    pub rerank_top_n: Option<usize>,
}

impl Default for RetrievalOptions {
    fn default() -> Self {
        Self {
            mode: SearchMode::Hybrid,
            k: 5,
            fusion: FusionChoice::default(),
            filter: SearchFilter::default(),
            rerank: RerankMethod::None,
            rerank_top_n: None,
        }
    }
}

impl RetrievalOptions {
    /// Passages that are read: those that are wanted, or more of which a reranker chooses them.
    pub fn candidates(&self) -> usize {
        match self.reranking() {
            RerankMethod::None => self.k,
            method => self.k.max(self.rerank_top_n.unwrap_or(method.usual_depth())),
        }
    }

    /// What does put them into another order: features are weighed where both searches say something; the order of one
    /// search alone is what is asked for there.
    pub fn reranking(&self) -> RerankMethod {
        match (self.rerank, self.mode) {
            (RerankMethod::Features, SearchMode::Bm25 | SearchMode::Vector) => RerankMethod::None,
            (method, _) => method,
        }
    }

    /// All options by name, for keys.
    pub(super) fn key(&self) -> String {
        let Self { mode, k, fusion, filter, rerank: _, rerank_top_n: _ } = self;
        let FusionChoice { rrf, rrf_k, bm25_weight, sparse } = fusion;
        let SearchFilter { languages, versions, documents } = filter;
        let mut key =
            format!("mode={mode} k={k} rrf={rrf:?} rrf_k={rrf_k:?} bm25_weight={bm25_weight:?} sparse={sparse}");
        let rerank = self.reranking();
        if rerank != RerankMethod::None {
            key.push_str(&format!(" rerank={rerank} rerank_top_n={}", self.candidates()));
        }
        for (name, values) in [("languages", languages), ("versions", versions)] {
            if !values.is_empty() {
                key.push_str(&format!(" {name}={:?}", as_set(values)));
            }
        }
        if let Some(documents) = documents {
            // In its normal form, so that equal filters have equal keys.
            key.push_str(&format!(" documents={documents}"));
        }
        key
    }
}

/// A list whose order and repetitions mean nothing.
fn as_set(values: &[String]) -> Vec<&String> {
    let mut values: Vec<_> = values.iter().collect();
    values.sort_unstable();
    values.dedup();
    values
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
    /// Whether the learned sparse index has a say.
    pub sparse: SparseMode,
}

impl Eq for FusionChoice {}

impl Hash for FusionChoice {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { rrf, rrf_k, bm25_weight, sparse } = self;
        (rrf, rrf_k, bm25_weight.map(f32::to_bits), sparse).hash(state);
    }
}
