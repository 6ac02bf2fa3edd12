use std::time::{Duration, Instant};

use super::*;
use crate::domain::{ChunkContext, DocumentId, IndexedChunk};

const DIMENSION: usize = 32;

/// A small linear congruential generator: the same vectors in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f32 / (1u64 << 24) as f32) * 2.0 - 1.0
    }

    fn vector(&mut self) -> Vec<f32> {
        (0..DIMENSION).map(|_| self.next()).collect()
    }

    /// Near one of 40 centres, as texts are near their topics.
    fn clustered(&mut self, number: usize) -> Vec<Vec<f32>> {
        let centres: Vec<Vec<f32>> = (0..40).map(|_| self.vector()).collect();
        (0..number).map(|n| centres[n % centres.len()].iter().map(|x| x + 0.6 * self.next()).collect()).collect()
    }
}

fn stamp(revision: u64) -> Stamp {
    Stamp { db: "db".into(), revision }
}

fn changes(to: u64, added: &[(i64, Vec<f32>)], removed: &[i64]) -> Changes {
    let added = added
        .iter()
        .map(|(id, vector)| IndexedChunk {
            id: ChunkId(*id),
            language: if id % 100 == 0 { "vi" } else { ["en", "de"][(id % 2) as usize] }.into(),
            text: String::new(),
            vector: vector.clone(),
            document: DocumentId(*id as u32),
            context: ChunkContext::default(),
        })
        .collect();
    Changes { to: stamp(to), added, removed: removed.iter().map(|id| ChunkId(*id)).collect(), ..Changes::default() }
}

fn index(exact_limit: usize) -> VectorIndex {
    VectorIndex::new(VectorOptions { exact_limit })
}

fn wait_for_inverted_file(index: &VectorIndex) {
    let started = Instant::now();
    while !index.is_approximate() {
        assert!(started.elapsed() < Duration::from_secs(120), "the inverted file was never built");
        std::thread::yield_now();
    }
}

fn recall(approximate: &VectorIndex, exact: &VectorIndex, queries: &[Vec<f32>], scope: &Scope) -> f64 {
    let mut found = 0;
    for query in queries {
        let expected: Vec<_> = exact.search(query, 10, scope).unwrap().iter().map(|hit| hit.chunk).collect();
        assert_eq!(expected.len(), 10);
        found +=
            approximate.search(query, 10, scope).unwrap().iter().filter(|hit| expected.contains(&hit.chunk)).count();
    }
    found as f64 / (10 * queries.len()) as f64
}

#[test]
fn changes_apply_only_to_the_state_they_start_from() {
    let index = index(100);
    index.apply(None, changes(1, &[(1, vec![1.0; DIMENSION])], &[])).unwrap();
    assert!(matches!(index.apply(None, changes(2, &[], &[])), Err(IndexError::Conflict)));
    index.apply(Some(&stamp(1)), changes(2, &[], &[1])).unwrap();
    assert_eq!((index.len(), index.stamp()), (0, Some(stamp(2))));
    index.start_anew().unwrap();
    assert_eq!(index.stamp(), None);
}

#[test]
fn many_vectors_are_found_through_the_inverted_file_as_through_the_scan() {
    let mut random = Random(1);
    let vectors: Vec<(i64, Vec<f32>)> =
        random.clustered(6_000).into_iter().enumerate().map(|(n, v)| (n as i64, v)).collect();
    let (exact, approximate) = (index(usize::MAX), index(1_000));
    for index in [&exact, &approximate] {
        index.apply(None, changes(1, &vectors[..5_000], &[])).unwrap();
    }
    wait_for_inverted_file(&approximate);
    let queries: Vec<Vec<f32>> =
        (0..50).map(|n| vectors[n * 97].1.iter().map(|x| x + 0.1 * random.next()).collect()).collect();
    let everything = Scope::everything();
    assert!(recall(&approximate, &exact, &queries, &everything) >= 0.98);

    // What comes and goes later, half of it being removed again.
    let gone: Vec<i64> = (0..1_000).collect();
    for index in [&exact, &approximate] {
        index.apply(Some(&stamp(1)), changes(2, &vectors[5_000..], &gone)).unwrap();
    }
    assert!(approximate.is_approximate());
    assert!(recall(&approximate, &exact, &queries, &everything) >= 0.98);
    let german = Scope::new(vec!["de".into()], None);
    assert!(recall(&approximate, &exact, &queries, &german) >= 0.98, "a broad scope");
    let rare = Scope::new(vec!["vi".into()], None);
    assert!(recall(&approximate, &exact, &queries, &rare) >= 0.98, "a scope of one in a hundred");
}

#[test]
fn a_collection_that_shrinks_is_scanned_again() {
    let mut random = Random(2);
    let vectors: Vec<(i64, Vec<f32>)> =
        random.clustered(400).into_iter().enumerate().map(|(n, v)| (n as i64, v)).collect();
    let index = index(200);
    index.apply(None, changes(1, &vectors, &[])).unwrap();
    wait_for_inverted_file(&index);
    index.apply(Some(&stamp(1)), changes(2, &[], &(0..300).collect::<Vec<_>>())).unwrap();
    assert!(!index.is_approximate());
    assert_eq!(index.search(&vectors[350].1, 1, &Scope::everything()).unwrap()[0].chunk, ChunkId(350));
}
