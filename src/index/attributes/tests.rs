//! The index finds what looking at each document finds, after any history.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::{
    ChunkContext, DocumentAttributes, IndexedChunk, IndexedDocument,
    filter::{FacetKind, testing},
};

fn chunk(id: i64, document: u32) -> IndexedChunk {
    let language = "en".into();
    IndexedChunk {
        id: ChunkId(id),
        language,
        text: String::new(),
        vector: Vec::new(),
        document: DocumentId(document),
        context: ChunkContext::default(),
    }
}

fn stamp(revision: u64) -> Stamp {
    Stamp { db: "db".into(), revision }
}

fn filter(value: serde_json::Value) -> Filter {
    Filter::from_json(&value).unwrap()
}

fn document(id: u32, metadata: serde_json::Value) -> IndexedDocument {
    let metadata = crate::domain::Metadata::from_json(metadata.as_object().unwrap()).unwrap();
    let attributes = DocumentAttributes { source: format!("{id}.md"), metadata, ..DocumentAttributes::default() };
    IndexedDocument { id: DocumentId(id), attributes }
}

fn index(documents: Vec<IndexedDocument>) -> AttributeIndex {
    let index = AttributeIndex::default();
    let added = documents.iter().map(|document| chunk(document.id.0.into(), document.id.0)).collect();
    index.follow_one(Changes { to: stamp(1), added, documents, ..Changes::default() }).unwrap();
    index
}

#[test]
fn few_chunks_are_listed_and_many_are_not() {
    let documents = 8 * FEW as u32;
    let index = index((0..documents).map(|n| document(n, json!({"rare": n == 7, "n": n}))).collect());
    let rare = index.select(&filter(json!({"type": "eq", "key": "rare", "value": true})));
    assert_eq!((rare.len(), rare.few()), (1, Some(&[ChunkId(7)][..])));
    let many = index.select(&filter(json!({"type": "lt", "key": "n", "value": 9})));
    assert_eq!((many.len(), many.few()), (9, None));
    assert!(many.contains(DocumentId(8)) && !many.contains(DocumentId(9)) && !many.contains(DocumentId(1_000)));
}

#[test]
fn a_selection_is_remembered_until_something_changes() {
    let index = index(vec![document(1, json!({"a": 1})), document(2, json!({"a": 2}))]);
    let one = filter(json!({"type": "eq", "key": "a", "value": 1}));
    let before = index.select(&one);
    assert!(Arc::ptr_eq(&before, &index.select(&one)));
    for n in 0..2 * REMEMBERED {
        index.select(&filter(json!({"type": "eq", "key": "a", "value": n + 10})));
    }
    assert!(index.remembered.lock().len() <= REMEMBERED);
    // Metadata alone.
    let documents = vec![document(2, json!({"a": 1}))];
    index.follow_one(Changes { to: stamp(2), documents, ..Changes::default() }).unwrap();
    assert_eq!((before.len(), index.select(&one).len()), (1, 2));
}

#[test]
fn facets_tell_types_counts_and_ends() {
    let index = index(vec![
        document(1, json!({"team": "a", "year": 2024, "due": "2026-01-02", "any": 1, "tags": ["x", "y"]})),
        document(2, json!({"team": "b", "year": 2026, "due": "2026-01-01", "any": "1", "tags": ["y"]})),
        document(3, json!({"team": "b", "draft": true, "title": "t"})),
    ]);
    let facets = index.facets(1);
    let of = |name: &str| facets.iter().find(|facet| facet.key.to_string() == name).unwrap();
    let text = |text: &str| crate::domain::Scalar::Text(text.into());
    let number = |n: f64| crate::domain::Scalar::Number(crate::domain::Number::new(n).unwrap());
    assert_eq!((of("team").kind, of("team").documents, of("team").distinct), (FacetKind::Text, 3, 2));
    assert_eq!(of("team").values, [(text("b"), 2)]);
    assert_eq!(
        (of("year").kind, of("year").min.clone(), of("year").max.clone()),
        (FacetKind::Number, Some(number(2024.0)), Some(number(2026.0)))
    );
    assert_eq!((of("due").kind, of("due").min.clone()), (FacetKind::Date, Some(text("2026-01-01T00:00:00Z"))));
    assert_eq!((of("due").distinct, of("due").max.clone()), (2, Some(text("2026-01-02T00:00:00Z"))));
    assert_eq!((of("any").kind, of("any").min.clone()), (FacetKind::Mixed, None));
    assert_eq!((of("tags").documents, of("tags").distinct, &of("tags").values[..]), (2, 2, &[(text("y"), 2)][..]));
    assert_eq!(of("draft").kind, FacetKind::Truth);
    assert_eq!(of("metadata.title").documents, 1, "the built-in key is another one");
    assert!(!facets.iter().any(|facet| facet.key == FilterKey::Source));
    assert_eq!(facets[0].documents, 3, "those of most documents come first");
}

/// What happens to a document.
#[derive(Debug, Clone)]
enum Step {
    Write(u32, Box<DocumentAttributes>, usize),
    Describe(u32, Box<DocumentAttributes>),
    Remove(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let document = || testing::documents().prop_map(Box::new);
    let step = prop_oneof![
        (0..70_u32, document(), 0..3_usize).prop_map(|(id, document, chunks)| Step::Write(id, document, chunks)),
        (0..70_u32, document()).prop_map(|(id, document)| Step::Describe(id, document)),
        (0..70_u32).prop_map(Step::Remove),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #[test]
    fn any_history_is_evaluated_as_each_document_is(
        steps in steps(),
        page in 1..6_usize,
        filters in prop::collection::vec(testing::filters(), 1..6),
    ) {
        let index = AttributeIndex::default();
        let mut model: BTreeMap<u32, (DocumentAttributes, Vec<i64>)> = BTreeMap::new();
        let mut next = 0;
        for (n, page) in (1..).zip(steps.chunks(page)) {
            let before = model.clone();
            for step in page {
                match step {
                    Step::Write(id, attributes, chunks) => {
                        let new = (0..*chunks).map(|_| { next += 1; next }).collect();
                        model.insert(*id, ((**attributes).clone(), new));
                    }
                    Step::Describe(id, attributes) => {
                        if let Some((own, _)) = model.get_mut(id) {
                            *own = (**attributes).clone();
                        }
                    }
                    Step::Remove(id) => drop(model.remove(id)),
                }
            }
            // As a store tells it: what is there now and was not, and the other way round.
            let chunks = |model: &BTreeMap<u32, (DocumentAttributes, Vec<i64>)>| -> BTreeMap<i64, u32> {
                model.iter().flat_map(|(id, (_, chunks))| chunks.iter().map(|chunk| (*chunk, *id))).collect()
            };
            let (old, new) = (chunks(&before), chunks(&model));
            let changes = Changes {
                to: stamp(n),
                added: new.iter().filter(|(id, _)| !old.contains_key(id)).map(|(id, of)| chunk(*id, *of)).collect(),
                removed: old.keys().filter(|id| !new.contains_key(id)).map(|id| ChunkId(*id)).collect(),
                documents: model
                    .iter()
                    .filter(|(id, document)| before.get(id).is_none_or(|old| old.0 != document.0))
                    .map(|(id, document)| IndexedDocument { id: DocumentId(*id), attributes: document.0.clone() })
                    .collect(),
                removed_documents: before.keys().filter(|id| !model.contains_key(id)).map(|id| DocumentId(*id)).collect(),
            };
            index.follow_one(changes).unwrap();
        }
        for value in filters {
            let filter = filter(value);
            let selection = index.select(&filter);
            let meant: Vec<_> = model.iter().filter(|(_, (document, _))| filter.matches(document)).collect();
            let expected: Vec<DocumentId> = meant.iter().map(|(id, _)| DocumentId(**id)).collect();
            prop_assert_eq!(selection.documents.iter().collect::<Vec<_>>(), expected, "{}", filter);
            let mut chunks: Vec<ChunkId> = meant.iter().flat_map(|(_, (_, chunks))| chunks.iter().map(|id| ChunkId(*id))).collect();
            chunks.sort_unstable();
            prop_assert_eq!(selection.len(), chunks.len());
            if let Some(few) = selection.few() {
                prop_assert_eq!(few, &chunks[..]);
            }
        }
        // Nothing is left of what is gone.
        let ids: Vec<String> = model.keys().map(u32::to_string).collect();
        index.follow_one(Changes {
            to: stamp(1_000),
            removed: (0..=next).map(ChunkId).collect(),
            removed_documents: model.keys().map(|id| DocumentId(*id)).collect(),
            ..Changes::default()
        }).unwrap();
        let state = index.state.read();
        prop_assert!(state.documents.is_empty() && state.owners.is_empty() && state.keys.is_empty(), "{:?}", ids);
    }
}
