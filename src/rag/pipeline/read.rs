//! Reading: the best chunks become passages.

use super::stage::{BlockingStage, Findings, Query};
use crate::{domain::Passage, rag::RagError, store::Chunk};

/// Reads the best `k` chunks from the store. A hit whose chunk is gone (deleted since the index last caught up) is passed
/// over and the next one taken.
pub(super) struct Read;

impl BlockingStage for Read {
    fn name(&self) -> &'static str {
        "read"
    }

    fn run(&self, query: &Query, findings: &mut Findings) -> Result<(), RagError> {
        let k = query.options.k.max(1);
        let mut passages = Vec::with_capacity(k);
        for page in findings.ranked.chunks(k) {
            let ids: Vec<_> = page.iter().map(|hit| hit.chunk).collect();
            let chunks = query.db.store().chunks(&ids)?;
            passages.extend(chunks.into_iter().map(|chunk| {
                let score = page.iter().find(|hit| hit.chunk == chunk.id).map_or(0.0, |hit| hit.score);
                passage(chunk, score)
            }));
            if passages.len() >= k {
                break;
            }
        }
        passages.truncate(query.options.k);
        findings.passages = passages;
        Ok(())
    }
}

fn passage(chunk: Chunk, score: f32) -> Passage {
    let Chunk { key, source, ordinal, version, language, text, .. } = chunk;
    Passage { text, key, source, chunk: ordinal, version, language, score }
}
