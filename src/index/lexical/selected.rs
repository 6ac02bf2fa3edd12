//! Search among the chunks that a filter leaves.

use tantivy::{
    DocId, DocSet, Searcher, SegmentReader, TERMINATED,
    columnar::Column,
    query::{EnableScoring, Query, Scorer, Weight},
};

use super::{
    Fields, KnownFrequencies, languages,
    question::{self, QuestionTerm},
    restrict,
};
use crate::{
    domain::{ChunkId, DocumentId, Hit},
    index::{IndexError, attributes::Selection, best::Best, scope::Scope},
};

/// What a search among selected chunks needs.
pub(super) struct Selected<'a> {
    pub(super) searcher: &'a Searcher,
    pub(super) fields: Fields,
    pub(super) frequencies: &'a KnownFrequencies<'a>,
    pub(super) selection: &'a Selection,
    /// The document of each chunk of each segment.
    pub(super) documents: &'a [Vec<DocumentId>],
    /// Ids of the chunks of each segment.
    pub(super) ids: &'a [Column<u64>],
}

/// A chunk by its segment and its number there.
type Address = (usize, DocId);

impl Selected<'_> {
    /// The `k` chunks that fit the terms best, equal scores by id. Scores are those of a search without a filter.
    pub(super) fn search(&self, terms: &[QuestionTerm], k: usize, scope: &Scope) -> Result<Vec<Hit>, IndexError> {
        if terms.is_empty() || self.selection.is_empty() {
            return Ok(Vec::new());
        }
        let mut best = Best::new(k);
        if self.selection.few().is_some() {
            self.skip_through(terms, scope, &mut best)?;
        } else {
            self.prune(terms, scope, &mut best)?;
        }
        let mut hits: Vec<Hit> = best.scored().filter_map(|(score, address)| self.hit(score, address)).collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
        Ok(hits)
    }

    fn hit(&self, score: f32, (segment, chunk): Address) -> Option<Hit> {
        let id = self.ids.get(segment)?.first(chunk)?;
        Some(Hit { chunk: ChunkId(id.cast_signed()), score })
    }

    fn weight(&self, query: &dyn Query) -> Result<Box<dyn Weight>, IndexError> {
        Ok(query.weight(EnableScoring::enabled_from_statistics_provider(self.frequencies, self.searcher))?)
    }

    /// The segments with the documents of their chunks.
    fn segments(&self) -> impl Iterator<Item = (usize, &SegmentReader, &[DocumentId])> {
        let segments = self.searcher.segment_readers().iter().zip(self.documents).enumerate();
        segments.map(|(n, (segment, documents))| (n, segment, &documents[..]))
    }

    /// Goes through the selected chunks and lets every term skip to each of them.
    fn skip_through(&self, terms: &[QuestionTerm], scope: &Scope, best: &mut Best<Address>) -> Result<(), IndexError> {
        let weights = terms.iter().flat_map(|term| term.queries(self.fields));
        let weights = weights.map(|query| self.weight(&*query)).collect::<Result<Vec<_>, _>>()?;
        let languages = languages(self.fields, scope);
        let languages = languages.iter().map(|query| self.weight(&**query)).collect::<Result<Vec<_>, _>>()?;
        let open = |weights: &[Box<dyn Weight>], segment: &SegmentReader| {
            weights.iter().map(|weight| weight.scorer(segment, 1.0)).collect::<Result<Vec<_>, _>>()
        };
        for (n, segment, documents) in self.segments() {
            let alive = segment.alive_bitset();
            let chunks = (0..).zip(documents).filter(|(chunk, document)| {
                self.selection.contains(**document) && alive.is_none_or(|alive| alive.is_alive(*chunk))
            });
            let mut chunks = chunks.map(|(chunk, _)| chunk).peekable();
            if chunks.peek().is_none() {
                continue;
            }
            let (mut scorers, mut required) = (open(&weights, segment)?, open(&languages, segment)?);
            // Terms that the rest of the segment does not have.
            scorers.retain(|scorer| scorer.doc() != TERMINATED);
            for chunk in chunks {
                if !required.iter_mut().all(|label| reaches(label.as_mut(), chunk)) {
                    continue;
                }
                let mut score = None;
                for scorer in &mut scorers {
                    if reaches(scorer.as_mut(), chunk) {
                        *score.get_or_insert(0.0) += scorer.score();
                    }
                }
                if let Some(score) = score {
                    best.offer(score, (n, chunk), |_| true);
                }
            }
        }
        Ok(())
    }

    /// Searches all chunks, leaving out blocks that cannot be among the best, and asks of each that could whether it is
    /// selected.
    fn prune(&self, terms: &[QuestionTerm], scope: &Scope, best: &mut Best<Address>) -> Result<(), IndexError> {
        let query = restrict(question::any_of(self.fields, terms), self.fields, scope);
        let weight = self.weight(&*query)?;
        for (n, segment, documents) in self.segments() {
            let alive = segment.alive_bitset();
            weight.for_each_pruning(best.bar(), segment, &mut |chunk, score| {
                best.offer(score, (n, chunk), |(_, chunk)| {
                    documents.get(chunk as usize).is_some_and(|document| self.selection.contains(*document))
                        && alive.is_none_or(|alive| alive.is_alive(chunk))
                });
                best.bar()
            })?;
        }
        Ok(())
    }
}

/// Moves to a chunk, or behind it where it has none of the term; returns whether it is there.
fn reaches(scorer: &mut dyn Scorer, chunk: DocId) -> bool {
    if scorer.doc() < chunk {
        scorer.seek(chunk);
    }
    scorer.doc() == chunk
}
