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
        (findings.read, findings.passages) = (0, Vec::with_capacity(query.options.candidates()));
        while findings.passages.len() < query.options.candidates() && findings.read < findings.ranked.len() {
            read_more(query, findings, query.options.candidates() - findings.passages.len())?;
        }
        findings.tell(query, |findings| match findings.read - findings.passages.len() {
            0 => format!("read the best {}", findings.passages.len()),
            gone => format!("read the best {}; {gone} were deleted since", findings.passages.len()),
        });
        Ok(())
    }
}

/// Reads the chunks of the next `most` hits, behind those that have been read.
pub(super) fn read_more(query: &Query, findings: &mut Findings, most: usize) -> Result<(), RagError> {
    let end = findings.ranked.len().min(findings.read + most.max(1));
    let page = &findings.ranked[findings.read..end];
    let ids: Vec<_> = page.iter().map(|hit| hit.chunk).collect();
    let chunks = query.db.store().chunks(&ids)?;
    findings.passages.extend(chunks.into_iter().map(|chunk| {
        let score = page.iter().find(|hit| hit.chunk == chunk.id).map_or(0.0, |hit| hit.score);
        passage(chunk, score)
    }));
    findings.read = end;
    Ok(())
}

fn passage(chunk: Chunk, score: f32) -> Passage {
    let Chunk { id, key, document, source, title, modified, ordinal, place, version, language, text, .. } = chunk;
    let (id, copies) = (Some(id), Vec::new());
    Passage {
        id,
        text,
        key,
        source,
        chunk: ordinal,
        version,
        language,
        score,
        document,
        title,
        modified,
        place,
        copies,
    }
}
