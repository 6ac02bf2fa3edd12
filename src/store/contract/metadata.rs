//! Metadata: kept, changed by itself, told to indexes, and filtered by.

use serde_json::json;

use super::*;
use crate::domain::{DocumentMetadata, Filter, IndexedDocument, Metadata};

fn of(value: serde_json::Value) -> Metadata {
    Metadata::from_json(value.as_object().unwrap()).unwrap()
}

fn given(value: serde_json::Value) -> DocumentMetadata {
    DocumentMetadata { given: of(value), ..DocumentMetadata::default() }
}

fn described(source: &str, value: serde_json::Value) -> NewDocument {
    NewDocument { metadata: given(value), ..document(source, "one two") }
}

/// Sources of the documents of a change, in their order.
fn sources(documents: &[IndexedDocument]) -> Vec<&str> {
    documents.iter().map(|document| document.attributes.source.as_str()).collect()
}

pub(in crate::store) fn metadata_is_kept_with_where_it_comes_from(engine: &impl Engine) {
    let store = db(engine);
    let metadata = DocumentMetadata {
        file: of(json!({"author": "Ann", "tags": ["a", 1], "year": 2025})),
        rules: of(json!({"team": "legal"})),
        given: of(json!({"year": 2026, "share": 0.5})),
    };
    store.write(&[NewDocument { metadata: metadata.clone(), ..document("a.md", "one") }], &embedder()).unwrap();
    let listed = store.documents(&DocumentQuery::default()).unwrap().documents;
    assert_eq!(listed[0].metadata, metadata.effective());
    assert_eq!(listed[0].metadata.to_json()["year"], json!(2026));
    assert_eq!(store.document(&listed[0].id).unwrap().unwrap().summary.metadata, metadata.effective());
    assert_eq!(store.document_state("a.md").unwrap().unwrap().metadata, metadata);
}

pub(in crate::store) fn metadata_changes_without_its_chunks(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[described("a.md", json!({"n": 1})), described("b.md", json!({"n": 1}))], &embedder()).unwrap();
    let (before, stamp) = (ids(&*store), store.stamp().unwrap());
    let documents = [("b.md", 2), ("gone.md", 3)].map(|(source, n)| (source.to_owned(), given(json!({"n": n}))));
    let report = store.commit(&[Mutation::Describe { documents: documents.into() }]).pop().unwrap().unwrap();
    assert_eq!((report.updated, report.added, report.chunks_inserted), (1, 0, 0));
    assert_eq!(ids(&*store), before);
    let changes = next(&*store, Some(&stamp), Want::Attributes);
    assert_eq!((changes.added.len(), changes.removed.len(), sources(&changes.documents)), (0, 0, vec!["b.md"]));
    assert_eq!(changes.documents[0].attributes.metadata, of(json!({"n": 2})));
    // Others do not want to know.
    assert!(next(&*store, Some(&stamp), Want::Text).documents.is_empty());
}

pub(in crate::store) fn documents_are_told_to_indexes_when_they_change_and_go(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[described("a.md", json!({})), described("b.md", json!({}))], &embedder()).unwrap();
    let first = next(&*store, None, Want::Attributes);
    assert_eq!(sources(&first.documents), ["a.md", "b.md"]);
    let attributes = &first.documents[0].attributes;
    assert_eq!((&*attributes.format, &*attributes.language, &*attributes.version), ("text", "en", "v1"));
    assert!(attributes.ingested.starts_with("20"), "{attributes:?}");
    for chunk in &first.added {
        assert!(chunk.text.is_empty() && chunk.vector.is_empty());
        assert!(first.documents.iter().any(|document| document.id == chunk.document));
    }
    let with_text = next(&*store, None, Want::Text).added;
    assert_eq!(
        with_text.iter().map(|chunk| chunk.document).collect::<Vec<_>>(),
        first.added.iter().map(|chunk| chunk.document).collect::<Vec<_>>()
    );

    // The last id may be given again, at once and once more.
    let mut known: std::collections::BTreeMap<_, _> =
        first.documents.into_iter().map(|document| (document.id, document.attributes.source)).collect();
    let mut at = first.to;
    for round in 0..3 {
        store.remove(&["b.md".into()]).unwrap();
        store.write(&[described(&format!("c{round}.md"), json!({}))], &embedder()).unwrap();
        if round == 1 {
            store.remove(&["c1.md".into()]).unwrap();
            store.write(&[described("b.md", json!({}))], &embedder()).unwrap();
        }
        let changes = next(&*store, Some(&at), Want::Attributes);
        changes.removed_documents.iter().for_each(|id| drop(known.remove(id)));
        known.extend(changes.documents.into_iter().map(|document| (document.id, document.attributes.source)));
        at = changes.to;
        let mut sources: Vec<String> = known.values().cloned().collect();
        sources.sort_unstable();
        assert_eq!(sources, listed(&*store, &DocumentQuery::default()), "round {round}");
    }
}

pub(in crate::store) fn a_filter_narrows_lists_and_pages_of_documents(engine: &impl Engine) {
    let store = db(engine);
    let documents: Vec<_> =
        (0..20).map(|n| described(&format!("{n:02}.md"), json!({"n": n, "odd": n % 2 == 1}))).collect();
    store.write(&documents, &embedder()).unwrap();
    let filter = |value: serde_json::Value| Some(Filter::from_json(&value).unwrap());
    let odd = json!({"type": "and", "filters": [
        {"type": "eq", "key": "odd", "value": true}, {"type": "gte", "key": "n", "value": 5}]});
    let query =
        DocumentQuery { filter: filter(odd), descending: true, offset: 1, limit: Some(3), ..DocumentQuery::default() };
    let list = store.documents(&query).unwrap();
    assert_eq!((list.total, listed(&*store, &query).join(" ")), (8, "17.md 15.md 13.md".into()));
    assert_eq!(list.documents[0].chunks, 2);
    let query = DocumentQuery { source: Some("1*".into()), sort: DocumentOrder::Chunks, ..query };
    assert_eq!(store.documents(&query).unwrap().total, 5, "both narrow");
    let of_source = filter(json!({"type": "like", "key": "source", "value": "0[12].md"}));
    assert_eq!(listed(&*store, &DocumentQuery { filter: of_source, ..DocumentQuery::default() }), ["01.md", "02.md"]);
}
