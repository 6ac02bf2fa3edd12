//! Retrieval: candidates by words, by vectors, or by both.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::{
    options::FusionChoice,
    stage::{BlockingStage, Findings, Query},
};
use crate::{
    domain::{ChunkId, FusionParams, Hit, SearchMode, SparseMode, UNKNOWN_LANGUAGE},
    index::Search,
    providers::EmbedderId,
    rag::{RagError, language},
};

/// Hits taken from each index before fusion.
pub const CANDIDATES: usize = 100;

/// Hits taken besides the wanted ones from an index that is searched alone, in case that some are copies.
const SPARE: usize = 16;

/// How many times as many candidates are taken when copies leave too few, and how many at most.
const DEEPER: usize = 4;
const DEEPEST: usize = 2_000;

/// Share of the lexical score in weighted fusion, with an embedder that is a language model.
const WEIGHT_WITH_MODEL: f32 = 0.5;

/// Share of the learned sparse index. More of it would serve some collections better (0.4: med, squad2), and lower others below
/// what they have without it (cisi, whose questions are long): with 0.25 none of seven in English loses.
const SPARSE_SHARE: f32 = 0.25;

/// Damping of reciprocal rank fusion (Cormack, Clarke, Büttcher 2009).
pub const RRF_K: u32 = 60;

/// The same with a static embedder, whose vectors know less than the words do: least where its table has no words for the
/// question's language. Found by `ragctl eval` over seven dbs in four languages.
fn weight_with_static(question: &str) -> f32 {
    match language::of_question(question) {
        "en" | UNKNOWN_LANGUAGE => 0.6,
        // Single ideographs and syllables, as far as the table has them, say next to nothing.
        "zh" | "ja" | "th" | "km" | "my" => 0.99,
        _ => 0.75,
    }
}

impl FusionChoice {
    /// The weight that is used for a question, or would be.
    pub fn weight(self, embedder: Option<&EmbedderId>, question: &str) -> f32 {
        let static_vectors = embedder.is_some_and(EmbedderId::is_static);
        self.bm25_weight
            .unwrap_or_else(|| if static_vectors { weight_with_static(question) } else { WEIGHT_WITH_MODEL })
    }

    /// Share of the learned sparse index for a question.
    pub fn sparse_share(self, embedder: Option<&EmbedderId>, question: &str) -> f32 {
        let helps = || {
            embedder.is_some_and(EmbedderId::is_static)
                && matches!(language::of_question(question), "en" | UNKNOWN_LANGUAGE)
        };
        match self.sparse {
            SparseMode::Auto if helps() => SPARSE_SHARE,
            SparseMode::On => SPARSE_SHARE,
            SparseMode::Auto | SparseMode::Off => 0.0,
        }
    }

    /// Fills in what was left open. Ranks are fused when an embedding model made the vectors; scores when they come
    /// from a static table, whose ranking is too weak to count as much as BM25's, or when a weight was given.
    /// `weight` is that of [`weight`](Self::weight).
    pub fn resolve(self, embedder: Option<&EmbedderId>, weight: f32) -> FusionParams {
        let static_vectors = embedder.is_some_and(EmbedderId::is_static);
        if self.rrf.unwrap_or(!static_vectors && self.bm25_weight.is_none()) {
            FusionParams::Rrf { k: self.rrf_k.unwrap_or(RRF_K) }
        } else {
            FusionParams::Weighted { bm25_weight: weight }
        }
    }
}

/// Takes the best candidates from the lexical and the vector index, whichever the mode asks for.
pub(super) struct Retrieve;

impl BlockingStage for Retrieve {
    fn name(&self) -> &'static str {
        "retrieve"
    }

    fn version(&self) -> u32 {
        2
    }

    fn run(&self, query: &Query, findings: &mut Findings) -> Result<(), RagError> {
        let depth = match (query.options.mode, &query.vector) {
            (SearchMode::Hybrid, Some(_)) => query.options.candidates().max(CANDIDATES),
            _ => query.options.candidates() + SPARE,
        };
        search(query, findings, depth)?;
        findings.tell(query, |findings| {
            let lists = [
                (findings.lexical.len(), "words"),
                (findings.nearest_ranked, "vectors"),
                (findings.sparse_ranked, "learned terms"),
            ];
            let found = lists.iter().filter(|(number, _)| *number > 0);
            let found: Vec<String> = found.map(|(number, by)| format!("{number} found by {by}")).collect();
            if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") }
        });
        Ok(())
    }
}

/// Retrieves again, more candidates than before; returns whether there may be any.
pub(super) fn deeper(query: &Query, findings: &mut Findings) -> Result<bool, RagError> {
    let depth = findings.depth * DEEPER;
    if findings.exhausted || depth > DEEPEST {
        return Ok(false);
    }
    search(query, findings, depth)?;
    findings.read = 0;
    Ok(true)
}

/// Takes `depth` candidates from each index.
fn search(query: &Query, findings: &mut Findings, depth: usize) -> Result<(), RagError> {
    let (index, filter) = (query.db.search().as_ref(), &query.options.filter);
    (findings.lexical, findings.nearest) = match (query.options.mode, query.vector.as_deref()) {
        (SearchMode::Bm25, _) | (_, None) => (index.lexical(&query.text, depth, filter)?, Vec::new()),
        (SearchMode::Vector, Some(vector)) => (Vec::new(), index.nearest(vector, depth, filter)?),
        (SearchMode::Hybrid, Some(vector)) => {
            (index.lexical(&query.text, depth, filter)?, index.nearest(vector, depth, filter)?)
        }
    };
    (findings.depth, findings.nearest_ranked) = (depth, findings.nearest.len());
    findings.exhausted = findings.lexical.len() < depth && findings.nearest.len() < depth;
    if query.options.mode == SearchMode::Hybrid && query.vector.is_some() && query.sparse_share > 0.0 {
        search_sparse(query, findings, index, depth);
    }
    if let (SearchMode::Hybrid, FusionParams::Weighted { .. }, Some(vector)) =
        (query.options.mode, query.fusion, query.vector.as_deref())
    {
        complete(&mut findings.nearest, findings.lexical.iter().chain(&findings.sparse), index, vector);
    }
    Ok(())
}

/// Takes `depth` candidates from the learned sparse index, and the scores of all others that have such a vector.
fn search_sparse(query: &Query, findings: &mut Findings, index: &dyn Search, depth: usize) {
    let Some(question) = index.sparse_question(&query.text) else { return };
    let mut hits = index.sparse(&question, depth, &query.options.filter);
    (findings.sparse_ranked, findings.exhausted) = (hits.len(), findings.exhausted && hits.len() < depth);
    let missing = missing(&hits, findings.lexical.iter().chain(&findings.nearest));
    let scores = index.sparse_scores(&question, &missing);
    hits.extend(missing.into_iter().zip(scores).filter_map(|(chunk, score)| Some(Hit { chunk, score: score? })));
    hits.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
    findings.sparse = hits;
}

/// The chunks of `candidates` that are not among the hits, each once.
fn missing<'h>(hits: &[Hit], candidates: impl Iterator<Item = &'h Hit>) -> Vec<ChunkId> {
    let mut known: HashSet<ChunkId, RandomState> = hits.iter().map(|hit| hit.chunk).collect();
    candidates.map(|hit| hit.chunk).filter(|chunk| known.insert(*chunk)).collect()
}

/// Appends the candidates that are not among the nearest, with their true similarity. Weighted fusion would otherwise
/// have to guess it, and the guess costs up to 0.01 nDCG@10.
fn complete<'h>(nearest: &mut Vec<Hit>, candidates: impl Iterator<Item = &'h Hit>, index: &dyn Search, vector: &[f32]) {
    let missing = missing(nearest, candidates);
    let similarities = index.similarities(vector, &missing);
    let found = missing.into_iter().zip(similarities).filter_map(|(chunk, score)| Some(Hit { chunk, score: score? }));
    nearest.extend(found);
}
