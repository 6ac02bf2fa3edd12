//! Retrieval: candidates by words, by vectors, or by both.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::{
    options::FusionChoice,
    stage::{BlockingStage, Findings, Query},
};
use crate::{
    domain::{ChunkId, FusionParams, Hit, SearchMode, UNKNOWN_LANGUAGE},
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

    fn run(&self, query: &Query, findings: &mut Findings) -> Result<(), RagError> {
        let depth = match (query.options.mode, &query.vector) {
            (SearchMode::Hybrid, Some(_)) => query.options.candidates().max(CANDIDATES),
            _ => query.options.candidates() + SPARE,
        };
        search(query, findings, depth)?;
        findings.tell(query, |findings| {
            let lists = [(findings.lexical.len(), "words"), (findings.nearest_ranked, "vectors")];
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
    if let (SearchMode::Hybrid, FusionParams::Weighted { .. }, Some(vector)) =
        (query.options.mode, query.fusion, query.vector.as_deref())
    {
        complete(&mut findings.nearest, &findings.lexical, index, vector);
    }
    Ok(())
}

/// Appends the lexical hits that are not among the nearest, with their true similarity. Weighted fusion would otherwise
/// have to guess it, and the guess costs up to 0.01 nDCG@10.
fn complete(nearest: &mut Vec<Hit>, lexical: &[Hit], index: &dyn Search, vector: &[f32]) {
    let known: HashSet<ChunkId, RandomState> = nearest.iter().map(|hit| hit.chunk).collect();
    let missing: Vec<ChunkId> = lexical.iter().map(|hit| hit.chunk).filter(|chunk| !known.contains(chunk)).collect();
    let similarities = index.similarities(vector, &missing);
    let found = missing.into_iter().zip(similarities).filter_map(|(chunk, score)| Some(Hit { chunk, score: score? }));
    nearest.extend(found);
}
