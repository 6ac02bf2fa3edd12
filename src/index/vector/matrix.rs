//! Vectors in rows, with an int8 copy of each to scan first.

use std::collections::HashMap;

use super::rough::{RoughQuery, RoughRows};
use crate::util::vectors::dot_f32;
use crate::{
    domain::{ChunkId, DocumentId, Hit, IndexedChunk},
    index::{
        IndexError,
        best::Best,
        languages::{Language, Languages},
        scope::Scope,
    },
};

/// Candidates of the first pass for each wanted hit, and how many more: enough that rounding to int8 loses none
/// (`cargo bench --bench vector_index` counts).
const OVERSAMPLING: (usize, usize) = (1, 128);

#[derive(Default)]
pub(super) struct Matrix {
    dimension: usize,
    ids: Vec<ChunkId>,
    languages: Vec<Language>,
    documents: Vec<DocumentId>,
    /// Rows of `dimension` components, unit length.
    exact: Vec<f32>,
    /// The same rows in int8.
    rough: RoughRows,
    rows: HashMap<ChunkId, usize>,
    known_languages: Languages,
}

impl Matrix {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Adds a row, or replaces the one of the same id. A row that points nowhere (zeros, NaN) is left out: it is near
    /// nothing, and must never rank.
    pub(super) fn insert(&mut self, chunk: &IndexedChunk) -> Result<(), IndexError> {
        self.remove(chunk.id);
        if self.ids.is_empty() {
            self.dimension = chunk.vector.len();
        }
        self.check(&chunk.vector)?;
        let Some(unit) = unit(&chunk.vector) else {
            tracing::warn!(chunk = %chunk.id, "a stored vector points nowhere and is not indexed");
            return Ok(());
        };
        let language = self.known_languages.number(&chunk.language);
        self.rows.insert(chunk.id, self.ids.len());
        self.ids.push(chunk.id);
        self.languages.push(language);
        self.documents.push(chunk.document);
        self.rough.push(&unit);
        self.exact.extend(unit);
        Ok(())
    }

    /// Removes a row; the last one takes its place.
    pub(super) fn remove(&mut self, id: ChunkId) {
        let Some(row) = self.rows.remove(&id) else { return };
        let last = self.ids.len() - 1;
        let d = self.dimension;
        self.exact.copy_within(last * d..(last + 1) * d, row * d);
        self.exact.truncate(last * d);
        self.rough.swap_remove(row);
        self.ids.swap_remove(row);
        self.languages.swap_remove(row);
        self.documents.swap_remove(row);
        if let Some(&moved) = self.ids.get(row) {
            self.rows.insert(moved, row);
        }
    }

    fn check(&self, vector: &[f32]) -> Result<(), IndexError> {
        if vector.len() == self.dimension {
            return Ok(());
        }
        Err(IndexError::Dimension { expected: self.dimension, got: vector.len() })
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.exact[row * self.dimension..(row + 1) * self.dimension]
    }

    /// Cosines of rows; `None` for those that are not there, or when the query cannot be compared with them.
    pub(super) fn similarities(&self, query: &[f32], ids: &[ChunkId]) -> Vec<Option<f32>> {
        let query = self.check(query).ok().and_then(|()| unit(query));
        let cosine = |id: &ChunkId| Some(dot_f32(query.as_ref()?, self.row(*self.rows.get(id)?)));
        ids.iter().map(cosine).collect()
    }

    /// The row of a chunk.
    pub(super) fn vector(&self, id: ChunkId) -> Option<Vec<f32>> {
        self.rows.get(&id).map(|row| self.row(*row).to_vec())
    }

    /// Whether vectors of this length can be added.
    pub(super) fn fits(&self, vector: &[f32]) -> bool {
        self.ids.is_empty() || vector.len() == self.dimension
    }

    /// The nearest rows, best first, equal ones by id.
    pub(super) fn search(&self, query: &[f32], k: usize, scope: &Scope) -> Result<Vec<Hit>, IndexError> {
        if self.ids.is_empty() || k == 0 {
            return Ok(Vec::new());
        }
        self.check(query)?;
        let Some(query) = unit(query) else { return Ok(Vec::new()) };
        let candidates =
            self.candidates(&query, k.saturating_mul(OVERSAMPLING.0).saturating_add(OVERSAMPLING.1), scope);
        Ok(self.ranked(&query, candidates.into_iter(), k))
    }

    /// The nearest of these rows that are inside, by their vectors themselves.
    pub(super) fn search_few(
        &self,
        query: &[f32],
        k: usize,
        few: &[ChunkId],
        scope: &Scope,
    ) -> Result<Vec<Hit>, IndexError> {
        if self.ids.is_empty() || k == 0 {
            return Ok(Vec::new());
        }
        self.check(query)?;
        let Some(query) = unit(query) else { return Ok(Vec::new()) };
        let inside = (!scope.has_all_languages()).then(|| self.known_languages.inside(scope));
        let admits = |row: &usize| inside.as_ref().is_none_or(|inside| inside[self.languages[*row] as usize]);
        let rows = few.iter().filter_map(|id| self.rows.get(id).copied()).filter(admits);
        Ok(self.ranked(&query, rows, k))
    }

    /// Like [`search`](Self::search), among the candidates that `propose` finds: it gets the query at length 1, how many
    /// are wanted, and which chunks count.
    pub(super) fn search_among(
        &self,
        query: &[f32],
        k: usize,
        scope: &Scope,
        propose: impl FnOnce(&[f32], usize, &dyn Fn(ChunkId) -> bool) -> Vec<ChunkId>,
    ) -> Result<Vec<Hit>, IndexError> {
        if self.ids.is_empty() || k == 0 {
            return Ok(Vec::new());
        }
        self.check(query)?;
        let Some(query) = unit(query) else { return Ok(Vec::new()) };
        let inside = self.inside(scope);
        let admits = |id: ChunkId| self.rows.get(&id).is_some_and(|&row| inside(row));
        let proposed = propose(&query, k, &admits);
        Ok(self.ranked(&query, proposed.iter().filter_map(|id| self.rows.get(id).copied()), k))
    }

    /// The best of these rows by their exact vectors.
    fn ranked(&self, unit: &[f32], rows: impl Iterator<Item = usize>, k: usize) -> Vec<Hit> {
        let mut hits: Vec<Hit> =
            rows.map(|row| Hit { chunk: self.ids[row], score: dot_f32(unit, self.row(row)) }).collect();
        hits.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
        hits.truncate(k);
        hits
    }

    /// Rows that are near by their rough copies.
    fn candidates(&self, query: &[f32], wanted: usize, scope: &Scope) -> Vec<usize> {
        let admits = self.inside(scope);
        let mut best = Best::new(wanted);
        self.rough.scan(&RoughQuery::new(query), |row, score| best.offer(score, row, &admits));
        best.items().collect()
    }

    /// Tells whether a row is inside.
    fn inside(&self, scope: &Scope) -> impl Fn(usize) -> bool + use<'_> {
        let languages = (!scope.has_all_languages()).then(|| self.known_languages.inside(scope));
        let documents = scope.documents.clone();
        move |row| {
            languages.as_ref().is_none_or(|inside| inside[self.languages[row] as usize])
                && documents.as_ref().is_none_or(|selection| selection.contains(self.documents[row]))
        }
    }

    /// Number of rows inside a scope.
    pub(super) fn admitted(&self, scope: &Scope) -> usize {
        if scope.is_everything() {
            return self.len();
        }
        if let (true, Some(selection)) = (scope.has_all_languages(), &scope.documents) {
            // But for chunks without a vector.
            return selection.len().min(self.len());
        }
        let inside = self.inside(scope);
        (0..self.len()).filter(|row| inside(*row)).count()
    }

    /// Rows from the row `first` on, at most so many, with their vectors at length 1.
    pub(super) fn page(&self, first: usize, limit: usize) -> Vec<(ChunkId, Vec<f32>)> {
        self.ids.iter().enumerate().skip(first).take(limit).map(|(row, id)| (*id, self.row(row).to_vec())).collect()
    }

    /// Rows that are not known, with their vectors at length 1.
    pub(super) fn unknown(&self, known: impl Fn(ChunkId) -> bool) -> Vec<(ChunkId, Vec<f32>)> {
        let rows = self.ids.iter().enumerate().filter(|(_, id)| !known(**id));
        rows.map(|(row, id)| (*id, self.row(row).to_vec())).collect()
    }

    /// The vectors of so many rows, or of all, evenly spread: one after the other at length 1.
    pub(super) fn sample(&self, number: usize) -> Vec<f32> {
        let number = number.min(self.len());
        (0..number).flat_map(|n| self.row(n * self.len() / number)).copied().collect()
    }

    /// Length of the vectors.
    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }
}

/// The vector at length 1; `None` when it has no direction.
pub(super) fn unit(vector: &[f32]) -> Option<Vec<f32>> {
    let length = dot_f32(vector, vector).sqrt();
    (length.is_finite() && length > 1e-12).then(|| vector.iter().map(|x| x / length).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ChunkContext;

    fn chunk(id: i64, vector: &[f32]) -> IndexedChunk {
        let language = if id % 2 == 0 { "en" } else { "de" }.to_owned();
        let document = DocumentId(id as u32);
        IndexedChunk {
            id: ChunkId(id),
            language,
            text: String::new(),
            vector: vector.to_vec(),
            document,
            context: ChunkContext::default(),
        }
    }

    fn matrix(vectors: &[Vec<f32>]) -> Matrix {
        let mut matrix = Matrix::default();
        for (id, vector) in vectors.iter().enumerate() {
            matrix.insert(&chunk(id as i64, vector)).unwrap();
        }
        matrix
    }

    fn naive(vectors: &HashMap<i64, Vec<f32>>, query: &[f32], k: usize) -> Vec<f32> {
        let cosine = |v: &Vec<f32>| dot_f32(&unit(v).unwrap(), &unit(query).unwrap());
        let mut scores: Vec<f32> = vectors.values().map(cosine).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        scores.truncate(k);
        scores
    }

    #[test]
    fn the_nearest_come_first_and_equal_ones_by_id() {
        let matrix = matrix(&[vec![0.0, 1.0], vec![1.0, 0.0], vec![2.0, 0.0], vec![1.0, 1.0]]);
        let hits = matrix.search(&[3.0, 0.0], 3, &Scope::everything()).unwrap();
        let ids: Vec<i64> = hits.iter().map(|hit| hit.chunk.0).collect();
        assert_eq!(ids, [1, 2, 3]);
        assert!((hits[0].score - 1.0).abs() < 1e-6);
    }

    #[test]
    fn vectors_without_direction_never_rank() {
        let matrix = matrix(&[vec![0.0, 0.0], vec![f32::NAN, 1.0], vec![-1.0, 0.0]]);
        let hits = matrix.search(&[1.0, 0.0], 10, &Scope::everything()).unwrap();
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].chunk, ChunkId(2));
        assert!(matrix.search(&[0.0, 0.0], 10, &Scope::everything()).unwrap().is_empty());
    }

    #[test]
    fn another_dimension_is_an_error_that_names_both() {
        let matrix = matrix(&[vec![1.0, 0.0]]);
        let error = matrix.search(&[1.0], 1, &Scope::everything()).unwrap_err();
        assert!(matches!(error, IndexError::Dimension { expected: 2, got: 1 }), "{error}");
    }

    #[test]
    fn a_scope_admits_only_its_rows() {
        let matrix = matrix(&[vec![1.0, 0.0], vec![1.0, 0.1], vec![0.0, 1.0]]);
        let scope = Scope::new(vec!["de".into()], None);
        let hits = matrix.search(&[1.0, 0.0], 10, &scope).unwrap();
        assert_eq!(hits.iter().map(|hit| hit.chunk.0).collect::<Vec<_>>(), [1]);
    }

    proptest! {
        #[test]
        fn any_history_gives_what_brute_force_gives(
            steps in prop::collection::vec((0i64..40, prop::option::of(prop::collection::vec(-1.0f32..1.0, 8))), 1..120),
            query in prop::collection::vec(-1.0f32..1.0, 8),
            k in 1usize..20,
        ) {
            prop_assume!(unit(&query).is_some());
            let (mut matrix, mut model) = (Matrix::default(), HashMap::new());
            for (id, vector) in steps {
                match vector.filter(|v| unit(v).is_some()) {
                    Some(vector) => {
                        matrix.insert(&chunk(id, &vector)).unwrap();
                        model.insert(id, vector);
                    }
                    None => {
                        matrix.remove(ChunkId(id));
                        model.remove(&id);
                    }
                }
            }
            prop_assert_eq!(matrix.len(), model.len());
            let hits = matrix.search(&query, k, &Scope::everything()).unwrap();
            let expected = naive(&model, &query, k);
            prop_assert_eq!(hits.len(), expected.len());
            for (hit, score) in hits.iter().zip(expected) {
                prop_assert!((hit.score - score).abs() < 1e-4);
                let similarity = matrix.similarities(&query, &[hit.chunk])[0].unwrap();
                prop_assert!((similarity - hit.score).abs() < 1e-5);
            }
        }
    }
}
