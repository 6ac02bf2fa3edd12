use std::sync::Arc;

use super::*;
use crate::store::{Catalog, NewChunk};

fn embedder() -> EmbedderRecord {
    EmbedderRecord { id: "test:three".into(), dimension: 3 }
}

/// A document whose chunks are the words of `text`, each with a vector of its own.
fn document(source: &str, text: &str) -> NewDocument {
    let chunks = text
        .split_whitespace()
        .enumerate()
        .map(|(n, word)| NewChunk {
            key: format!("{source}:{word}"),
            text: word.to_owned(),
            language: "en".into(),
            vector: Some(vec![1.0, n as f32, word.len() as f32]),
        })
        .collect();
    NewDocument {
        source: source.into(),
        fingerprint: format!("print of {text}"),
        version: "v1".into(),
        title: None,
        format: "text".into(),
        bytes: text.len() as u64,
        chunks,
    }
}

struct Db {
    folder: tempfile::TempDir,
    store: SqliteStore,
}

fn db() -> Db {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("store.db")).unwrap();
    Db { folder, store }
}

/// Replays the store's history from the beginning, as an index does, page by page.
fn replay(store: &SqliteStore, page: usize) -> Vec<String> {
    let mut rows = std::collections::BTreeMap::new();
    let mut after = 0;
    while let Some(changes) = store.changes(after, Want::Text, page).unwrap() {
        assert!(changes.to.revision > after, "a page must lead forward");
        after = changes.to.revision;
        rows.extend(changes.added.into_iter().map(|chunk| (chunk.id, chunk.text)));
        for id in changes.removed {
            rows.remove(&id);
        }
    }
    assert_eq!(after, store.stamp().unwrap().revision);
    rows.into_values().collect()
}

#[test]
fn what_was_written_is_read_again() {
    let db = db();
    let report = db.store.write(&[document("a.md", "one two"), document("b.md", "three")], &embedder()).unwrap();

    assert_eq!(report, WriteReport { added: 2, updated: 0, chunks_inserted: 3, chunks_kept: 0 });
    assert_eq!(
        db.store.documents().unwrap(),
        [DocumentSummary { source: "a.md".into(), chunks: 2 }, DocumentSummary { source: "b.md".into(), chunks: 1 }]
    );
    let chunks = db.store.chunks(&[ChunkId(3), ChunkId(99), ChunkId(1)]).unwrap();
    let seen: Vec<_> = chunks.iter().map(|c| (c.source.as_str(), c.ordinal, c.text.as_str())).collect();
    assert_eq!(seen, [("b.md", 0, "three"), ("a.md", 0, "one")]);
    assert_eq!(db.store.embedder().unwrap(), Some(embedder()));
    let state = db.store.document_state("a.md").unwrap().unwrap();
    assert_eq!((state.fingerprint.as_str(), state.chunk_keys.len()), ("print of one two", 2));
    assert_eq!(db.store.document_state("c.md").unwrap(), None);
}

#[test]
fn a_changed_document_replaces_its_chunks_and_keeps_the_unchanged_ones() {
    let db = db();
    db.store.write(&[document("a.md", "one two three")], &embedder()).unwrap();
    let mut changed = document("a.md", "zero two three");
    // The unchanged chunks need no vectors again.
    for chunk in changed.chunks.iter_mut().skip(1) {
        chunk.vector = None;
    }
    let report = db.store.write(&[changed], &embedder()).unwrap();

    assert_eq!(report, WriteReport { added: 0, updated: 1, chunks_inserted: 1, chunks_kept: 2 });
    let mut texts = replay(&db.store, 1_000);
    texts.sort();
    assert_eq!(texts, ["three", "two", "zero"]);
}

#[test]
fn a_kept_chunk_that_moved_has_its_new_position() {
    let db = db();
    db.store.write(&[document("a.md", "one two")], &embedder()).unwrap();
    db.store.write(&[document("a.md", "zero one two")], &embedder()).unwrap();
    let chunks = db.store.chunks(&[ChunkId(1), ChunkId(2), ChunkId(3)]).unwrap();
    let positions: Vec<_> = chunks.iter().map(|c| (c.text.as_str(), c.ordinal)).collect();
    assert_eq!(positions, [("one", 1), ("two", 2), ("zero", 0)]);
}

#[test]
fn a_new_version_label_takes_the_vectors_over() {
    let db = db();
    db.store.write(&[document("a.md", "one two")], &embedder()).unwrap();
    let vectors = |after| -> Vec<_> {
        let changes = db.store.changes(after, Want::Vector, 100).unwrap().unwrap();
        changes.added.into_iter().map(|chunk| (chunk.version, chunk.vector)).collect()
    };
    let before = vectors(0);

    let mut relabelled = document("a.md", "one two");
    relabelled.version = "v2".into();
    for chunk in &mut relabelled.chunks {
        chunk.vector = None;
    }
    db.store.write(&[relabelled], &embedder()).unwrap();
    let after = vectors(1);
    assert_eq!(after.len(), 2);
    for ((_, old), (version, new)) in before.iter().zip(&after) {
        assert_eq!(version, "v2");
        assert_eq!(old, new);
    }
    assert_eq!(replay(&db.store, 100), ["one", "two"]);
}

#[test]
fn one_bad_vector_leaves_nothing_of_the_batch() {
    let bad_vectors = [
        None,
        Some(vec![0.0, 0.0, 0.0]),
        Some(vec![1.0, f32::NAN, 0.0]),
        Some(vec![1.0, 2.0]),
        Some(vec![f32::INFINITY; 3]),
    ];
    for vector in bad_vectors {
        let db = db();
        let mut bad = document("b.md", "x y");
        bad.chunks[1].vector.clone_from(&vector);
        let error = db.store.write(&[document("a.md", "one"), bad], &embedder()).unwrap_err();

        assert!(matches!(error, StoreError::BadVector { ref document, chunk: 1, .. } if document == "b.md"), "{error}");
        assert_eq!(db.store.counts().unwrap().documents, 0, "{vector:?}");
        assert_eq!(db.store.stamp().unwrap().revision, 0);
        assert_eq!(db.store.embedder().unwrap(), None);
    }
}

#[test]
fn vectors_of_another_embedder_are_refused_until_the_db_is_empty() {
    let db = db();
    db.store.write(&[document("a.md", "one")], &embedder()).unwrap();
    let other = EmbedderRecord { id: "test:other".into(), dimension: 3 };

    let error = db.store.write(&[document("b.md", "two")], &other).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("test:three") && message.contains("test:other"), "{message}");

    assert_eq!(db.store.remove(&["a.md".into()]).unwrap(), 1);
    db.store.write(&[document("b.md", "two")], &other).unwrap();
    assert_eq!(db.store.embedder().unwrap(), Some(other));
}

#[test]
fn removing_is_atomic_and_ignores_the_unknown() {
    let db = db();
    db.store.write(&[document("a.md", "one two"), document("b.md", "three")], &embedder()).unwrap();
    assert_eq!(db.store.remove(&["a.md".into(), "nope".into()]).unwrap(), 1);
    assert_eq!(replay(&db.store, 1_000), ["three"]);
    assert_eq!(db.store.counts().unwrap().chunks, 1);
}

#[test]
fn history_can_be_replayed_in_pages_of_any_size() {
    let db = db();
    for n in 0..7 {
        db.store.write(&[document(&format!("{n}.md"), "a b c")], &embedder()).unwrap();
    }
    db.store.write(&[document("3.md", "a b d e")], &embedder()).unwrap();
    db.store.remove(&["5.md".into()]).unwrap();

    let whole = replay(&db.store, usize::MAX);
    assert_eq!(whole.len(), 7 * 3 + 1 - 3);
    for page in [1, 2, 3, 4, 10] {
        assert_eq!(replay(&db.store, page), whole, "page of {page}");
    }
}

#[test]
fn vectors_survive_the_way_through_the_file() {
    let db = db();
    db.store.write(&[document("a.md", "one three")], &embedder()).unwrap();
    let changes = db.store.changes(0, Want::Vector, 100).unwrap().unwrap();
    let vectors: Vec<_> = changes.added.into_iter().map(|chunk| chunk.vector).collect();
    assert_eq!(vectors, [[1.0, 0.0, 3.0], [1.0, 1.0, 5.0]]);
}

#[test]
fn another_connection_sees_the_change() {
    let db = db();
    let other = SqliteStore::open(&db.folder.path().join("store.db")).unwrap();
    let before = other.stamp().unwrap();
    db.store.write(&[document("a.md", "one")], &embedder()).unwrap();
    let after = other.stamp().unwrap();
    assert_eq!(before.db, after.db);
    assert!(after.revision > before.revision);
    assert_eq!(other.counts().unwrap().chunks, 1);
}

#[test]
fn readers_do_not_wait_for_a_writer() {
    let db = db();
    db.store.write(&[document("a.md", "one")], &embedder()).unwrap();
    let seen_during_write = db.store.connections.write(|tx| {
        super::write::documents(tx, &[document("b.md", "two")], &embedder())?;
        db.store.counts()
    });
    assert_eq!(seen_during_write.unwrap().documents, 1);
    assert_eq!(db.store.counts().unwrap().documents, 2);
}

#[test]
fn a_file_that_is_no_db_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::fs::write(&path, "this is not a database, however long it may be ".repeat(50)).unwrap();
    let Err(error) = SqliteStore::open(&path) else { panic!("opened") };
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[test]
fn a_db_of_the_future_is_left_alone() {
    let db = db();
    db.store
        .connections
        .write(|tx| {
            tx.pragma_update(None, "user_version", 99).unwrap();
            Ok(())
        })
        .unwrap();
    let Err(error) = SqliteStore::open(&db.folder.path().join("store.db")) else { panic!("opened") };
    assert!(matches!(error, StoreError::TooNew { found: 99, .. }), "{error}");
}

#[test]
fn dbs_are_made_listed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = SqliteCatalog::open(&folder.path().join("data")).unwrap();
    let (a, b) = ("a".parse().unwrap(), "b".parse().unwrap());
    assert!(catalog.list().unwrap().is_empty());

    catalog.create(&b).unwrap();
    catalog.create(&a).unwrap();
    assert_eq!(catalog.list().unwrap(), [a.clone(), b.clone()]);
    assert!(matches!(catalog.create(&a), Err(StoreError::AlreadyExists(_))));

    let store: Arc<dyn Store> = catalog.open(&a).unwrap();
    store.write(&[document("x", "one")], &embedder()).unwrap();
    drop(store);
    catalog.delete(&a).unwrap();
    assert_eq!(catalog.list().unwrap(), [b]);
    assert!(matches!(catalog.open(&a), Err(StoreError::NotFound(_))));
    assert!(matches!(catalog.delete(&a), Err(StoreError::NotFound(_))));

    catalog.create(&a).unwrap();
    assert_eq!(catalog.open(&a).unwrap().counts().unwrap().documents, 0, "a new DB of the same name is empty");
}
