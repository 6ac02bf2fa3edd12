//! The fields of an answer that are of interest here; the others are passed over.

use serde::Deserialize;

use super::observed::{CacheClass, Observed, ProofCounts};
use crate::bench::workload::WorkloadQuery;

/// What an answer says, as far as it is of interest here; the rest is passed over.
#[derive(Deserialize)]
pub(super) struct AnswerFields {
    /// An answer has one, even if it is empty; the head of a stream has none.
    #[serde(default)]
    pub(super) answer: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    cache_hit: Option<bool>,
    #[serde(default)]
    cache_metadata: Option<CacheField>,
    #[serde(default)]
    degraded: Option<bool>,
    #[serde(default)]
    metadatas: Option<Vec<SourceField>>,
    #[serde(default)]
    proof: Option<ProofField>,
}

#[derive(Deserialize)]
struct ProofField {
    #[serde(default)]
    sentences: u64,
    #[serde(default)]
    supported: u64,
}

#[derive(Deserialize)]
struct CacheField {
    #[serde(default)]
    cache_type: Option<String>,
}

#[derive(Deserialize)]
struct SourceField {
    #[serde(default)]
    source: Option<String>,
    /// Where the same text is, too.
    #[serde(default)]
    also_in: Option<Vec<SourceField>>,
}

impl SourceField {
    fn sources(&self) -> impl Iterator<Item = &str> {
        let copies = self.also_in.iter().flatten().filter_map(|copy| copy.source.as_deref());
        self.source.as_deref().into_iter().chain(copies)
    }
}

impl AnswerFields {
    pub(super) fn observed(&self, query: &WorkloadQuery) -> Observed {
        let semantic = self.cache_metadata.as_ref().and_then(|cache| cache.cache_type.as_deref()) == Some("semantic");
        let cache = self.cache_hit.map(|hit| match (hit, semantic) {
            (true, true) => CacheClass::Semantic,
            (true, false) => CacheClass::Exact,
            (false, _) => CacheClass::Miss,
        });
        let recall = (!query.expected.is_empty()).then(|| {
            let sources: Vec<&str> = self.metadatas.iter().flatten().flat_map(SourceField::sources).collect();
            let found =
                query.expected.iter().filter(|expected| sources.iter().any(|source| is_source(source, expected)));
            found.count() as f32 / query.expected.len() as f32
        });
        let counts = |proof: &ProofField| ProofCounts { sentences: proof.sentences, supported: proof.supported };
        let (degraded, proof) = (self.degraded.unwrap_or(false), self.proof.as_ref().map(counts));
        Observed { cache, degraded, recall, proof, stream: None }
    }
}

/// Whether a source is the expected one, which may leave out leading folders.
fn is_source(source: &str, expected: &str) -> bool {
    let rest = source.strip_suffix(expected);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with(['/', '\\']))
}
