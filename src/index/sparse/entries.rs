//! The vectors of chunks, and what finds the best of them.
//!
//! Weights are quantised to 255 steps. For each term, the chunks that have it are listed by the upper half of their weight, 16
//! lists at most, and a question goes through its lists from the largest contribution down: impact-ordered, so that it can
//! stop when it has seen enough (Lin and Trotman 2015). What it adds up is right to a sixteenth of each weight; the best are
//! then ranked by the vectors themselves.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::{
    domain::{ChunkId, DocumentId, Hit, SparseVector},
    index::{
        best::Best,
        languages::{Language, Languages},
        scope::Scope,
    },
};

/// Steps of a weight of 1. The largest weight is then 3.98; the model's are seldom above 3.
const STEPS: f32 = 64.0;

/// Postings that a question looks at, at most: some two milliseconds.
const MOST_POSTINGS: usize = 2_000_000;

/// Candidates that are ranked by their vectors for each wanted hit, and how many more.
const OVERSAMPLING: (usize, usize) = (1, 64);

/// A share of dead entries from which on all are laid out anew: one in so many.
const STALE: usize = 4;

/// A chunk's vector as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Quantized {
    /// In ascending order.
    pub(super) terms: Vec<u16>,
    /// Weight of each, in steps; none is 0.
    pub(super) weights: Vec<u8>,
}

impl Quantized {
    /// Leaves out what is less than half a step.
    pub(super) fn of(vector: &SparseVector) -> Self {
        let step = |weight: f32| (weight * STEPS).round().clamp(0.0, 255.0) as u8;
        let kept = vector.terms.iter().map(|(term, weight)| (*term, step(*weight))).filter(|(_, weight)| *weight > 0);
        let (terms, weights) = kept.unzip();
        Self { terms, weights }
    }
}

/// A chunk as the index knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: ChunkId,
    pub(super) document: DocumentId,
    pub(super) language: String,
    /// Empty when the model does not read the chunk's language.
    pub(super) vector: Quantized,
}

/// What is known of a chunk besides its terms.
#[derive(Clone, Copy)]
struct Row {
    /// `None` when it was removed.
    id: Option<ChunkId>,
    document: DocumentId,
    language: Language,
    /// Where its terms begin; they end where the next row's begin.
    start: usize,
}

/// The entries of an index, in memory.
#[derive(Default)]
pub(super) struct Entries {
    rows: Vec<Row>,
    of_chunk: HashMap<ChunkId, u32, RandomState>,
    languages: Languages,
    terms: Vec<u16>,
    weights: Vec<u8>,
    /// Rows by term and upper half of the weight.
    lists: HashMap<u32, Vec<u32>, RandomState>,
}

fn list_key(term: u16, level: u8) -> u32 {
    u32::from(term) << 4 | u32::from(level)
}

impl Entries {
    /// Number of chunks.
    pub(super) fn len(&self) -> usize {
        self.of_chunk.len()
    }

    pub(super) fn contains(&self, id: ChunkId) -> bool {
        self.of_chunk.contains_key(&id)
    }

    /// Whether no chunk has terms.
    pub(super) fn has_no_terms(&self) -> bool {
        self.lists.is_empty()
    }

    /// Bytes that the entries take in a file, about.
    pub(super) fn bytes(&self) -> u64 {
        (self.terms.len() * 3) as u64 + self.of_chunk.len() as u64 * super::ENTRY_BYTES
    }

    /// Adds a chunk, or replaces the one of the same id.
    pub(super) fn insert(&mut self, entry: &Entry) {
        self.remove(entry.id);
        // As many rows as fit into four gigabytes of memory, at least.
        let Ok(row) = u32::try_from(self.rows.len()) else { return };
        let language = self.languages.number(&entry.language);
        self.rows.push(Row { id: Some(entry.id), document: entry.document, language, start: self.terms.len() });
        self.of_chunk.insert(entry.id, row);
        self.terms.extend(&entry.vector.terms);
        self.weights.extend(&entry.vector.weights);
        for (term, weight) in entry.vector.terms.iter().zip(&entry.vector.weights) {
            self.lists.entry(list_key(*term, weight >> 4)).or_default().push(row);
        }
    }

    pub(super) fn remove(&mut self, id: ChunkId) {
        let Some(row) = self.of_chunk.remove(&id) else { return };
        self.rows[row as usize].id = None;
        if self.rows.len() > 1_000 && (self.rows.len() - self.of_chunk.len()) * STALE > self.rows.len() {
            self.lay_out_anew();
        }
    }

    /// Drops what was removed.
    fn lay_out_anew(&mut self) {
        let mut anew = Self::default();
        self.each(|entry| anew.insert(&entry));
        *self = anew;
    }

    /// Calls `each` with every entry.
    pub(super) fn each(&self, mut each: impl FnMut(Entry)) {
        for (row, known) in self.rows.iter().enumerate() {
            let Some(id) = known.id else { continue };
            let language = self.languages.code(known.language);
            let (terms, weights) = self.vector(row);
            each(Entry {
                id,
                document: known.document,
                language: language.to_owned(),
                vector: Quantized { terms: terms.to_vec(), weights: weights.to_vec() },
            });
        }
    }

    fn vector(&self, row: usize) -> (&[u16], &[u8]) {
        let end = self.rows.get(row + 1).map_or(self.terms.len(), |next| next.start);
        let range = self.rows[row].start..end;
        (&self.terms[range.clone()], &self.weights[range])
    }

    /// The product of a question with a row.
    fn score(&self, question: &SparseVector, row: usize) -> f32 {
        let (terms, weights) = self.vector(row);
        let (mut at, mut sum) = (0, 0.0);
        for (term, weight) in &question.terms {
            at += terms[at..].partition_point(|other| other < term);
            if terms.get(at) == Some(term) {
                sum += weight * f32::from(weights[at]);
            }
        }
        sum / STEPS
    }

    /// Products of a question with chunks; `None` for those that are not there, or have no terms.
    pub(super) fn scores(&self, question: &SparseVector, ids: &[ChunkId]) -> Vec<Option<f32>> {
        let score = |id: &ChunkId| {
            let row = *self.of_chunk.get(id)? as usize;
            (!self.vector(row).0.is_empty()).then(|| self.score(question, row))
        };
        ids.iter().map(score).collect()
    }

    /// The `k` best chunks of a scope, best first, equal ones by id.
    pub(super) fn search(&self, question: &SparseVector, k: usize, scope: &Scope) -> Vec<Hit> {
        if k == 0 || question.terms.is_empty() {
            return Vec::new();
        }
        let rows: Vec<u32> = match scope.documents.as_ref().and_then(|documents| documents.few()) {
            Some(few) => {
                let inside = self.inside(scope);
                few.iter().filter_map(|id| self.of_chunk.get(id).copied()).filter(|row| inside(*row)).collect()
            }
            None => self.candidates(question, k * OVERSAMPLING.0 + OVERSAMPLING.1, scope),
        };
        let hit =
            |row: u32| Some(Hit { chunk: self.rows[row as usize].id?, score: self.score(question, row as usize) });
        let mut hits: Vec<Hit> = rows.into_iter().filter_map(hit).filter(|hit| hit.score > 0.0).collect();
        hits.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
        hits.truncate(k);
        hits
    }

    /// The rows that are best by the upper halves of their weights.
    fn candidates(&self, question: &SparseVector, wanted: usize, scope: &Scope) -> Vec<u32> {
        // The middle of a list's weights stands for each of them.
        let middle = |level: u8| f32::from(level) * 16.0 + 8.0;
        let mut lists: Vec<(f32, &Vec<u32>)> = Vec::with_capacity(question.terms.len() * 8);
        for (term, weight) in &question.terms {
            for level in 0..16 {
                if let Some(list) = self.lists.get(&list_key(*term, level)) {
                    lists.push((weight * middle(level), list));
                }
            }
        }
        lists.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        // No sum exceeds 16 bits: sums of a question's largest contributions are scaled to that.
        let most: f32 = question.terms.iter().map(|(_, weight)| weight * middle(15)).sum();
        let factor = f32::from(u16::MAX - 1_024) / most;
        let mut sums = vec![0u16; self.rows.len()];
        let mut seen = 0;
        for (contribution, list) in lists {
            let contribution = (contribution * factor) as u16;
            list.iter().for_each(|row| {
                let sum = &mut sums[*row as usize];
                *sum = sum.saturating_add(contribution);
            });
            seen += list.len();
            if seen > MOST_POSTINGS {
                break;
            }
        }
        let inside = self.inside(scope);
        let mut best = Best::new(wanted);
        for (row, sum) in (0..).zip(&sums) {
            if *sum > 0 {
                best.offer(f32::from(*sum), row, &inside);
            }
        }
        best.items().collect()
    }

    /// Tells whether a row is there and inside.
    fn inside(&self, scope: &Scope) -> impl Fn(u32) -> bool + use<'_> {
        let languages = (!scope.has_all_languages()).then(|| self.languages.inside(scope));
        let documents = scope.documents.clone();
        move |row| {
            let row = &self.rows[row as usize];
            row.id.is_some()
                && languages.as_ref().is_none_or(|inside| inside[row.language as usize])
                && documents.as_ref().is_none_or(|selection| selection.contains(row.document))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn entry(id: i64, terms: &BTreeMap<u16, f32>) -> Entry {
        let vector = SparseVector { terms: terms.iter().map(|(term, weight)| (*term, *weight)).collect() };
        Entry {
            id: ChunkId(id),
            document: DocumentId(id as u32),
            language: if id % 2 == 0 { "en" } else { "de" }.into(),
            vector: Quantized::of(&vector),
        }
    }

    fn vectors() -> impl Strategy<Value = BTreeMap<u16, f32>> {
        prop::collection::btree_map(0u16..40, 0.01f32..3.9, 0..12)
    }

    proptest! {
        #[test]
        fn any_history_finds_what_brute_force_finds(
            steps in prop::collection::vec((0i64..60, prop::option::of(vectors())), 1..150),
            question in vectors(),
            k in 1usize..20,
            german: bool,
        ) {
            let (mut entries, mut model) = (Entries::default(), BTreeMap::new());
            for (id, vector) in &steps {
                match vector {
                    Some(vector) => {
                        entries.insert(&entry(*id, vector));
                        model.insert(*id, entry(*id, vector).vector);
                    }
                    None => {
                        entries.remove(ChunkId(*id));
                        model.remove(id);
                    }
                }
            }
            prop_assert_eq!(entries.len(), model.len());
            let question = SparseVector { terms: question.into_iter().collect() };
            let product = |vector: &Quantized| -> f32 {
                let of = |(term, weight): &(u16, f32)| {
                    let at = vector.terms.iter().position(|other| other == term)?;
                    Some(weight * f32::from(vector.weights[at]) / STEPS)
                };
                question.terms.iter().filter_map(of).sum()
            };
            let mut expected: Vec<(f32, i64)> =
                model.iter().filter(|(id, _)| !german || *id % 2 != 0).map(|(id, vector)| (product(vector), *id)).collect();
            expected.retain(|(score, _)| *score > 0.0);
            expected.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            expected.truncate(k);
            let languages = if german { vec!["de".to_owned()] } else { Vec::new() };
            let hits = entries.search(&question, k, &Scope::new(languages, None));
            prop_assert_eq!(hits.len(), expected.len());
            for (hit, (score, _)) in hits.iter().zip(&expected) {
                prop_assert!((hit.score - score).abs() < 1e-3, "{:?} {:?}", &hits, &expected);
                prop_assert!((entries.scores(&question, &[hit.chunk])[0].unwrap() - hit.score).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn removed_entries_are_dropped_when_they_are_many() {
        let terms = BTreeMap::from([(1, 1.0), (2, 0.5)]);
        let mut entries = Entries::default();
        (0..4_000).for_each(|id| entries.insert(&entry(id, &terms)));
        (0..3_000).for_each(|id| entries.remove(ChunkId(id)));
        assert!(entries.rows.len() < 1_400 && entries.len() == 1_000, "{}", entries.rows.len());
        let question = SparseVector { terms: vec![(2, 1.0)] };
        let hits = entries.search(&question, 10, &Scope::everything());
        assert!(hits.len() == 10 && hits.iter().all(|hit| hit.chunk.0 >= 3_000), "{hits:?}");
        assert_eq!(entries.scores(&question, &[ChunkId(0)]), [None]);
    }

    #[test]
    fn a_chunk_that_was_not_read_has_no_score() {
        let mut entries = Entries::default();
        entries.insert(&entry(7, &BTreeMap::new()));
        assert!(entries.has_no_terms() && entries.contains(ChunkId(7)));
        assert_eq!(entries.scores(&SparseVector { terms: vec![(1, 1.0)] }, &[ChunkId(7)]), [None]);
    }
}
