//! A filtered search finds what a search of everything finds, without what the filter leaves out.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::{Changes, DocumentAttributes, DocumentId, Filter, IndexedChunk, IndexedDocument, Metadata};

/// A document, and the words, directions and language of its chunks.
#[derive(Debug, Clone)]
struct Document {
    n: u32,
    chunks: Vec<(String, [f32; 3], bool)>,
}

/// A store that was filled in one change, and then changed once.
struct Feed {
    before: Vec<Document>,
    after: Vec<Document>,
    now: std::cell::Cell<u64>,
}

fn chunk_id(document: usize, chunk: usize) -> ChunkId {
    ChunkId((document * 100 + chunk) as i64)
}

impl Feed {
    fn state(&self) -> &[Document] {
        if self.now.get() == 1 { &self.before } else { &self.after }
    }

    fn chunks(documents: &[Document], want: Want) -> HashMap<ChunkId, IndexedChunk> {
        let of = |(at, document): (usize, &Document)| -> Vec<_> {
            let chunks = document.chunks.iter().enumerate().map(|(n, (text, vector, german))| {
                let id = chunk_id(at, n);
                let chunk = IndexedChunk {
                    id,
                    language: if *german { "de" } else { "en" }.into(),
                    text: if want == Want::Text { text.clone() } else { String::new() },
                    vector: if want == Want::Vector { vector.to_vec() } else { Vec::new() },
                    document: DocumentId(at as u32),
                    context: crate::domain::ChunkContext::default(),
                };
                (id, chunk)
            });
            chunks.collect()
        };
        documents.iter().enumerate().flat_map(of).collect()
    }
}

impl ChangeFeed for Feed {
    fn newest(&self) -> Result<Stamp, IndexError> {
        Ok(Stamp { db: "db".into(), revision: self.now.get() })
    }

    fn changes(&self, from: Option<&Stamp>, want: Want, _: usize) -> Result<ChangeSet, IndexError> {
        let now = self.now.get();
        let old: &[Document] = match from {
            None => &[],
            Some(from) if from.revision == now => return Ok(ChangeSet::Current),
            Some(_) => &self.before,
        };
        let (old_chunks, new_chunks) = (Self::chunks(old, want), Self::chunks(self.state(), want));
        let mut added: Vec<_> =
            new_chunks.values().filter(|chunk| !old_chunks.contains_key(&chunk.id)).cloned().collect();
        added.sort_by_key(|chunk| chunk.id);
        let removed = old_chunks.keys().filter(|id| !new_chunks.contains_key(id)).copied().collect();
        let documents = self.state().iter().enumerate().map(|(at, document)| {
            let metadata = Metadata::from_json(json!({"n": document.n}).as_object().unwrap()).unwrap();
            let attributes = DocumentAttributes { metadata, ..DocumentAttributes::default() };
            IndexedDocument { id: DocumentId(at as u32), attributes }
        });
        let documents = if want == Want::Attributes { documents.collect() } else { Vec::new() };
        Ok(ChangeSet::Next(Changes { to: self.newest()?, added, removed, documents, ..Changes::default() }))
    }
}

fn documents() -> impl Strategy<Value = Vec<Document>> {
    let text = prop::collection::vec("alpha|beta|gamma|delta|common", 1..6).prop_map(|words| words.join(" "));
    let vector = [-1.0f32..1.0, -1.0f32..1.0, 0.1f32..1.0];
    let chunks = prop::collection::vec((text, vector, any::<bool>()), 1..5);
    let document = (0..20_u32, chunks).prop_map(|(n, chunks)| Document { n, chunks });
    prop::collection::vec(document, 20..60)
}

/// Scores, best first.
fn scores(hits: &[Hit], k: usize) -> Vec<f32> {
    let mut scores: Vec<f32> = hits.iter().map(|hit| hit.score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    scores.truncate(k);
    scores
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_filter_only_leaves_out(
        before in documents(),
        gone in prop::collection::vec(any::<bool>(), 60),
        renumbered in prop::collection::vec(0..20_u32, 60),
        bound in 1..20_u32,
        german in any::<bool>(),
    ) {
        // Some chunks go, and all numbers are others, while the other chunks stay.
        let after = before.iter().zip(gone.iter().zip(renumbered)).map(|(document, (gone, n))| {
            let chunks = if *gone { document.chunks[..document.chunks.len() - 1].to_vec() } else { document.chunks.clone() };
            Document { n, chunks }
        }).collect();
        let feed = Feed { before, after, now: 1.into() };
        let folder = tempfile::tempdir().unwrap();
        let search = EmbeddedSearch::open(folder.path());
        for now in [1, 2] {
            feed.now.set(now);
            search.follow(&feed).unwrap();
            let languages = if german { vec!["de".to_owned()] } else { Vec::new() };
            let labels = SearchFilter { languages, ..SearchFilter::default() };
            for (kind, inside) in [("lt", true), ("gte", false)] {
                let filter = Filter::from_json(&json!({"type": kind, "key": "n", "value": bound})).unwrap();
                let narrowed = SearchFilter { documents: Some(filter), ..labels.clone() };
                let meant = |id: ChunkId| (feed.state()[id.0 as usize / 100].n < bound) == inside;
                let only = |hits: Vec<Hit>| hits.into_iter().filter(|hit| meant(hit.chunk)).collect::<Vec<_>>();
                for question in ["alpha", "common alpha", "gamma delta beta", "nothing"] {
                    let all = only(search.lexical(question, 1_000, &labels).unwrap());
                    let found = search.lexical(question, 7, &narrowed).unwrap();
                    prop_assert!(found.iter().all(|hit| meant(hit.chunk)));
                    let (expected, got) = (scores(&all, 7), scores(&found, 7));
                    prop_assert_eq!(expected.len(), got.len());
                    prop_assert!(expected.iter().zip(&got).all(|(a, b)| (a - b).abs() < 1e-4), "{:?} {:?}", expected, got);
                }
                let all = only(search.nearest(&[0.3, -0.5, 0.8], 1_000, &labels).unwrap());
                let found = search.nearest(&[0.3, -0.5, 0.8], 7, &narrowed).unwrap();
                prop_assert!(found.iter().all(|hit| meant(hit.chunk)));
                let (expected, got) = (scores(&all, 7), scores(&found, 7));
                prop_assert_eq!(expected.len(), got.len());
                prop_assert!(expected.iter().zip(&got).all(|(a, b)| (a - b).abs() < 1e-5));
            }
        }
    }
}
