//! What every engine must do. An engine's own tests implement [`Engine`] and say `contract::suite!(Made);` to be held to it.

mod metadata;

use std::sync::Arc;

use super::{
    ChunkVector, DocumentOrder, DocumentQuery, DocumentText, EmbedderRecord, Filters, Mutation, NewChunk, NewDocument,
    Store, StoreCatalog, StoreError, WriteReport,
};
use crate::domain::{ChangeSet, Changes, ChunkContext, ChunkId, Heading, PageStart, Place, Quality, Stamp, Want};

mod files;
mod generations;
mod history;
mod vectors;

pub(super) use files::*;
pub(super) use generations::*;
pub(super) use history::*;
pub(super) use metadata::{
    a_filter_narrows_lists_and_pages_of_documents, documents_are_told_to_indexes_when_they_change_and_go,
    metadata_changes_without_its_chunks, metadata_is_kept_with_where_it_comes_from,
};
pub(super) use vectors::*;

/// An engine without any DB. What it keeps goes with it.
pub(super) trait Engine: Default {
    /// The engine's DBs. Each call opens the same ones, as another process would.
    fn catalog(&self) -> Arc<dyn StoreCatalog>;
}

/// Makes a test of every rule for an engine.
macro_rules! suite {
    ($engine:ty) => {
        $crate::store::contract::suite! { $engine:
            what_was_written_is_read_again,
            a_document_is_kept_as_it_was_read,
            documents_are_found_sorted_and_paged,
            a_changed_document_replaces_its_chunks_and_keeps_the_unchanged_ones,
            a_kept_chunk_that_moved_has_its_new_position,
            a_new_version_label_changes_no_chunk,
            a_chunk_is_told_with_its_context_and_again_under_a_new_title,
            one_bad_vector_leaves_nothing_of_the_batch,
            a_chunk_without_a_vector_is_found_by_its_words,
            vectors_of_another_embedder_are_refused_until_the_db_is_empty,
            removing_is_atomic_and_ignores_the_unknown,
            history_can_be_replayed_in_pages_of_any_size,
            vectors_are_read_as_they_were_written,
            another_connection_sees_the_change,
            dbs_are_made_listed_and_deleted,
            changes_of_one_transaction_fail_by_themselves,
            a_state_of_another_history_is_told_from_the_newest,
            ids_grow_and_are_never_used_again,
            filters_are_told_once_and_sorted,
            counts_follow_every_change,
            metadata_is_kept_with_where_it_comes_from,
            metadata_changes_without_its_chunks,
            documents_are_told_to_indexes_when_they_change_and_go,
            a_filter_narrows_lists_and_pages_of_documents,
            a_generation_is_built_beside_the_one_that_serves,
            what_changes_while_a_generation_is_built_is_pending_again,
            chunks_of_an_earlier_state_are_passed_over,
            only_the_generation_that_serves_takes_documents,
            going_back_is_the_same_step,
            a_dropped_generation_leaves_nothing,
            a_generation_that_is_built_goes_on_when_it_is_begun_again,
            vectors_of_the_same_embedder_are_taken_over,
            outdated_documents_are_told_by_what_they_were_made,
            one_builds_at_a_time,
            a_renamed_document_is_the_same_with_another_name,
            what_is_in_a_file_goes_with_it,
            what_is_known_of_files_is_kept_and_changes_nothing_else,
        }
    };
    ($engine:ty: $($rule:ident,)*) => {
        $(#[test]
        fn $rule() {
            $crate::store::contract::$rule(&<$engine>::default());
        })*
    };
}
pub(super) use suite;

pub(super) fn embedder() -> EmbedderRecord {
    EmbedderRecord { id: "test:three".into(), dimension: 3 }
}

/// A document whose chunks are the words of `text`, each with a vector of its own.
pub(super) fn document(source: &str, text: &str) -> NewDocument {
    let chunks = text
        .split_whitespace()
        .enumerate()
        .map(|(n, word)| NewChunk {
            key: format!("{source}:{word}"),
            text: word.to_owned(),
            language: "en".into(),
            place: Place { start: n as u32, ..Place::default() },
            vector: ChunkVector::Made(vec![1.0, n as f32, word.len() as f32]),
        })
        .collect();
    NewDocument {
        source: source.into(),
        fingerprint: format!("print of {text}"),
        version: "v1".into(),
        title: None,
        format: "text".into(),
        bytes: text.len() as u64,
        language: "en".into(),
        text: DocumentText { text: text.to_owned(), ..DocumentText::default() },
        chunks,
        ..NewDocument::default()
    }
}

/// A new DB.
fn db(engine: &impl Engine) -> Arc<dyn Store> {
    let (catalog, name) = (engine.catalog(), "test".parse().unwrap());
    catalog.create(&name).unwrap();
    catalog.open(&name).unwrap()
}

fn next(store: &dyn Store, from: Option<&Stamp>, want: Want) -> Changes {
    match store.changes(from, want, 100).unwrap() {
        ChangeSet::Next(changes) => changes,
        other => panic!("no changes: {other:?}"),
    }
}

/// The chunks' ids in the order in which the chunks were stored.
fn ids(store: &dyn Store) -> Vec<ChunkId> {
    let mut ids: Vec<_> = next(store, None, Want::Text).added.iter().map(|chunk| chunk.id).collect();
    ids.sort_unstable();
    ids
}

/// Replays the store's history from the beginning, as an index does, page by page.
fn replay(store: &dyn Store, page: usize) -> Vec<String> {
    let mut rows = std::collections::BTreeMap::new();
    let mut after = None;
    while let ChangeSet::Next(changes) = store.changes(after.as_ref(), Want::Text, page).unwrap() {
        assert!(after.is_none_or(|after: Stamp| changes.to.revision > after.revision), "a page must lead forward");
        after = Some(changes.to);
        rows.extend(changes.added.into_iter().map(|chunk| (chunk.id, chunk.text)));
        for id in changes.removed {
            rows.remove(&id);
        }
    }
    assert_eq!(after, Some(store.stamp().unwrap()));
    rows.into_values().collect()
}

/// Sources of the documents that a query means.
fn listed(store: &dyn Store, query: &DocumentQuery) -> Vec<String> {
    store.documents(query).unwrap().documents.into_iter().map(|document| document.source).collect()
}

pub(super) fn a_document_is_kept_as_it_was_read(engine: &impl Engine) {
    let store = db(engine);
    let text = DocumentText {
        text: "Größe\n\nzwei".into(),
        outline: vec![Heading { level: 1, title: "Größe".into(), start: 0 }],
        pages: vec![PageStart { page: 1, start: 0 }, PageStart { page: 3, start: 7 }],
        quality: Quality { characters: 11, pages_without_text: vec![2], ..Quality::default() },
    };
    let title = Some("T".to_owned());
    let given = NewDocument {
        text: text.clone(),
        title,
        modified: Some("2026-01-02T03:04:05Z".into()),
        ..document("a.pdf", "one two")
    };
    store.write(&[given.clone(), document("b.md", "x")], &embedder()).unwrap();

    let id = store.documents(&DocumentQuery::default()).unwrap().documents[0].id.clone();
    let record = store.document(&id).unwrap().unwrap();
    assert_eq!(
        (&record.outline, &record.pages, record.quality),
        (&text.outline, &text.pages, Some(text.quality.clone()))
    );
    assert_eq!(
        (record.summary.title.as_deref(), record.summary.modified.as_deref()),
        (Some("T"), Some("2026-01-02T03:04:05Z"))
    );
    assert_eq!(store.text(&id).unwrap(), Some(text.text));
    let chunk = store.chunks(&ids(&*store)[1..2]).unwrap().remove(0);
    assert_eq!(
        (chunk.document, chunk.title, chunk.place.map(|place| place.start)),
        (id.clone(), Some("T".into()), Some(1))
    );

    // Its id stays when it changes, and ends with it.
    store.write(&[document("a.pdf", "three")], &embedder()).unwrap();
    assert_eq!(store.document(&id).unwrap().unwrap().summary.chunks, 1);
    assert_eq!(store.text(&id).unwrap().as_deref(), Some("three"));
    store.remove(&["a.pdf".into()]).unwrap();
    assert_eq!((store.document(&id).unwrap(), store.text(&id).unwrap()), (None, None));
    store.write(&[given], &embedder()).unwrap();
    assert_ne!(store.documents(&DocumentQuery::default()).unwrap().documents[0].id, id);
}

pub(super) fn documents_are_found_sorted_and_paged(engine: &impl Engine) {
    let store = db(engine);
    let titled = |title: &str| Some(title.to_owned());
    let documents = [
        NewDocument { title: titled("Z"), ..document("docs/a.md", "one") },
        NewDocument { title: titled("B"), format: "pdf".into(), ..document("docs/b.pdf", "one two three") },
        NewDocument { language: "de".into(), version: "v2".into(), ..document("notes/a[1].md", "one two") },
    ];
    store.write(&documents, &embedder()).unwrap();
    let query = DocumentQuery::default;
    let all = ["docs/a.md", "docs/b.pdf", "notes/a[1].md"];
    let found = |query: DocumentQuery| listed(&*store, &query);
    assert_eq!(found(query()), all);
    assert_eq!(found(DocumentQuery { source: Some("docs/*".into()), ..query() }), all[..2]);
    assert_eq!(found(DocumentQuery { source: Some("*a[[]1]*".into()), ..query() }), all[2..]);
    assert_eq!(found(DocumentQuery { format: Some("pdf".into()), ..query() }), all[1..2]);
    assert_eq!(found(DocumentQuery { language: Some("de".into()), version: Some("v2".into()), ..query() }), all[2..]);
    assert!(found(DocumentQuery { language: Some("de".into()), version: Some("v1".into()), ..query() }).is_empty());
    assert_eq!(found(DocumentQuery { sort: DocumentOrder::Title, ..query() }), [all[1], all[0], all[2]]);
    assert_eq!(
        found(DocumentQuery { sort: DocumentOrder::Chunks, descending: true, ..query() }),
        [all[1], all[2], all[0]]
    );
    for order in DocumentOrder::ALL {
        assert_eq!(DocumentOrder::named(order.as_str()), Some(order));
        let mut sorted = found(DocumentQuery { sort: order, ..query() });
        sorted.sort_unstable();
        assert_eq!(sorted, all, "{order:?}");
    }
    let page = store.documents(&DocumentQuery { offset: 1, limit: Some(1), ..query() }).unwrap();
    assert_eq!((page.total, page.documents.len(), page.documents[0].source.as_str()), (3, 1, all[1]));
}

pub(super) fn what_was_written_is_read_again(engine: &impl Engine) {
    let store = db(engine);
    let report = store.write(&[document("a.md", "one two"), document("b.md", "three")], &embedder()).unwrap();

    assert_eq!(report, WriteReport { added: 2, updated: 0, chunks_inserted: 3, chunks_kept: 0, removed: 0 });
    assert_eq!(listed(&*store, &DocumentQuery::default()), ["a.md", "b.md"]);
    let listed = store.documents(&DocumentQuery::default()).unwrap();
    assert_eq!((listed.total, listed.documents[0].chunks, listed.documents[1].chunks), (2, 2, 1));
    let ids = ids(&*store);
    let chunks = store.chunks(&[ids[2], ChunkId(i64::MAX), ids[0]]).unwrap();
    let seen: Vec<_> = chunks.iter().map(|c| (c.source.as_str(), c.ordinal, c.text.as_str())).collect();
    assert_eq!(seen, [("b.md", 0, "three"), ("a.md", 0, "one")]);
    assert_eq!(store.embedder().unwrap(), Some(embedder()));
    let state = store.document_state("a.md").unwrap().unwrap();
    assert_eq!((state.fingerprint.as_str(), state.chunk_keys.len()), ("print of one two", 2));
    assert_eq!(store.document_state("c.md").unwrap(), None);
}

pub(super) fn a_changed_document_replaces_its_chunks_and_keeps_the_unchanged_ones(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one two three")], &embedder()).unwrap();
    let mut changed = document("a.md", "zero two three");
    // The unchanged chunks need no vectors again.
    for chunk in changed.chunks.iter_mut().skip(1) {
        chunk.vector = ChunkVector::Stored;
    }
    let report = store.write(&[changed], &embedder()).unwrap();

    assert_eq!(report, WriteReport { added: 0, updated: 1, chunks_inserted: 1, chunks_kept: 2, removed: 0 });
    let mut texts = replay(&*store, 1_000);
    texts.sort();
    assert_eq!(texts, ["three", "two", "zero"]);
}

pub(super) fn a_kept_chunk_that_moved_has_its_new_position(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one two")], &embedder()).unwrap();
    store.write(&[document("a.md", "zero one two")], &embedder()).unwrap();
    let chunks = store.chunks(&ids(&*store)).unwrap();
    let positions: Vec<_> = chunks.iter().map(|c| (c.text.as_str(), c.ordinal)).collect();
    assert_eq!(positions, [("one", 1), ("two", 2), ("zero", 0)]);
}

pub(super) fn a_new_version_label_changes_no_chunk(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one two")], &embedder()).unwrap();
    let (before, then) = (ids(&*store), store.stamp().unwrap());

    let mut relabelled = document("a.md", "one two");
    relabelled.version = "v2".into();
    for chunk in &mut relabelled.chunks {
        chunk.vector = ChunkVector::Stored;
    }
    let report = store.write(&[relabelled], &embedder()).unwrap();
    assert_eq!((report.chunks_kept, report.chunks_inserted), (2, 0));
    assert_eq!(ids(&*store), before);
    let labels = store.chunks(&before).unwrap().into_iter().map(|chunk| chunk.version);
    assert_eq!(labels.collect::<Vec<_>>(), ["v2", "v2"]);
    // Whoever filters by it learns of it.
    let changes = next(&*store, Some(&then), Want::Attributes);
    assert!(changes.added.is_empty() && changes.removed.is_empty());
    assert_eq!(
        changes.documents.iter().map(|document| document.attributes.version.as_str()).collect::<Vec<_>>(),
        ["v2"]
    );
}

pub(super) fn a_chunk_is_told_with_its_context_and_again_under_a_new_title(engine: &impl Engine) {
    let store = db(engine);
    let titled = |title: Option<&str>, is_stored: bool| {
        let mut given = NewDocument { title: title.map(Into::into), ..document("x/a.md", "one two") };
        for chunk in &mut given.chunks {
            let heading = |title: &str, start| Heading { level: 1, title: title.into(), start };
            chunk.place.headings = vec![heading("Above", 0), heading("Within", 2)];
            if is_stored {
                chunk.vector = ChunkVector::Stored;
            }
        }
        given
    };
    let context = |title: Option<&str>| ChunkContext {
        source: "x/a.md".into(),
        title: title.map(Into::into),
        headings: vec!["Above".into(), "Within".into()],
    };
    store.write(&[titled(None, false)], &embedder()).unwrap();
    let first = next(&*store, None, Want::Text).added;
    assert!(first.iter().all(|chunk| chunk.context == context(None)), "{first:?}");
    let vectors = |from: Option<&Stamp>| -> Vec<Vec<f32>> {
        next(&*store, from, Want::Vector).added.into_iter().map(|chunk| chunk.vector).collect()
    };
    let (before, then) = (vectors(None), store.stamp().unwrap());
    assert!(next(&*store, None, Want::Vector).added.iter().all(|chunk| chunk.context == ChunkContext::default()));

    // The same title again is no change.
    store.write(&[titled(None, true)], &embedder()).unwrap();
    assert!(next(&*store, Some(&then), Want::Text).added.is_empty());

    store.write(&[titled(Some("New"), true)], &embedder()).unwrap();
    let changes = next(&*store, Some(&then), Want::Text);
    assert_eq!((changes.added.len(), changes.removed.len()), (2, 2));
    assert!(changes.added.iter().all(|chunk| chunk.context == context(Some("New"))), "{changes:?}");
    assert_eq!(vectors(Some(&then)), before);
}

pub(super) fn removing_is_atomic_and_ignores_the_unknown(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one two"), document("b.md", "three")], &embedder()).unwrap();
    assert_eq!(store.remove(&["a.md".into(), "nope".into()]).unwrap(), 1);
    assert_eq!(replay(&*store, 1_000), ["three"]);
    assert_eq!(store.counts().unwrap().chunks, 1);
}

pub(super) fn dbs_are_made_listed_and_deleted(engine: &impl Engine) {
    let catalog = engine.catalog();
    let (a, b) = ("a".parse().unwrap(), "b".parse().unwrap());
    assert!(catalog.list().unwrap().is_empty());

    catalog.create(&b).unwrap();
    catalog.create(&a).unwrap();
    assert_eq!(catalog.list().unwrap(), [a.clone(), b.clone()]);
    assert!(matches!(catalog.create(&a), Err(StoreError::AlreadyExists(_))));

    let store = catalog.open(&a).unwrap();
    store.write(&[document("x", "one")], &embedder()).unwrap();
    drop(store);
    catalog.delete(&a).unwrap();
    assert_eq!(catalog.list().unwrap(), [b]);
    assert!(matches!(catalog.open(&a), Err(StoreError::NotFound(_))));
    assert!(matches!(catalog.delete(&a), Err(StoreError::NotFound(_))));

    catalog.create(&a).unwrap();
    assert_eq!(catalog.open(&a).unwrap().counts().unwrap().documents, 0, "a new DB of the same name is empty");
}

pub(super) fn filters_are_told_once_and_sorted(engine: &impl Engine) {
    let store = db(engine);
    assert_eq!(store.filters().unwrap(), Filters::default());
    let labelled = |source: &str, language: &str, version: &str| {
        let mut document = document(source, "one two");
        document.version = version.into();
        document.chunks[1].language = language.into();
        document
    };
    let documents = [labelled("a.md", "vi", "v2"), labelled("b.md", "de", "v1"), labelled("c.md", "vi", "v1")];
    store.write(&documents, &embedder()).unwrap();
    let filters = store.filters().unwrap();
    assert_eq!((filters.languages.join(" "), filters.versions.join(" ")), ("de en vi".into(), "v1 v2".into()));
}

pub(super) fn counts_follow_every_change(engine: &impl Engine) {
    let store = db(engine);
    let counts = || store.counts().map(|counts| (counts.documents, counts.chunks)).unwrap();
    let write = |source: &str, text: &str| store.write(&[document(source, text)], &embedder()).unwrap();
    assert_eq!(counts(), (0, 0));
    write("a.md", "one two three");
    write("b.md", "four");
    assert_eq!(counts(), (2, 4));
    write("a.md", "one five");
    assert_eq!(counts(), (2, 3));
    store.remove(&["b.md".into(), "nope".into()]).unwrap();
    assert_eq!(counts(), (1, 2));
}
