use std::sync::Arc;

use super::*;
use crate::{
    domain::Changes,
    store::{Catalog, NewChunk, NewDocument},
};

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
    let store = SqliteStore::create(&folder.path().join("store.db")).unwrap();
    Db { folder, store }
}

fn next(store: &SqliteStore, from: Option<&Stamp>, want: Want) -> Changes {
    match store.changes(from, want, 100).unwrap() {
        ChangeSet::Next(changes) => changes,
        other => panic!("no changes: {other:?}"),
    }
}

/// Replays the store's history from the beginning, as an index does, page by page.
fn replay(store: &SqliteStore, page: usize) -> Vec<String> {
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

#[test]
fn what_was_written_is_read_again() {
    let db = db();
    let report = db.store.write(&[document("a.md", "one two"), document("b.md", "three")], &embedder()).unwrap();

    assert_eq!(report, WriteReport { added: 2, updated: 0, chunks_inserted: 3, chunks_kept: 0, removed: 0 });
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

    assert_eq!(report, WriteReport { added: 0, updated: 1, chunks_inserted: 1, chunks_kept: 2, removed: 0 });
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
    let vectors = |after: Option<Stamp>| -> Vec<_> {
        next(&db.store, after.as_ref(), Want::Vector)
            .added
            .into_iter()
            .map(|chunk| (chunk.version, chunk.vector))
            .collect()
    };
    let (before, then) = (vectors(None), db.store.stamp().unwrap());

    let mut relabelled = document("a.md", "one two");
    relabelled.version = "v2".into();
    for chunk in &mut relabelled.chunks {
        chunk.vector = None;
    }
    db.store.write(&[relabelled], &embedder()).unwrap();
    let after = vectors(Some(then));
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
    let changes = next(&db.store, None, Want::Vector);
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
    let write = Mutation::Write { documents: [document("b.md", "two")].into(), embedder: embedder() };
    let seen = std::cell::Cell::new(0);
    let written = db.store.connections.write_all(&[write], |tx, mutation| {
        let report = super::write::mutate(tx, mutation)?;
        seen.set(db.store.counts()?.documents);
        Ok(report)
    });
    assert!(written.iter().all(Result::is_ok));
    assert_eq!(seen.get(), 1);
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
    drop(db.store);
    let connection = rusqlite::Connection::open(db.folder.path().join("store.db")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
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

#[test]
fn changes_of_one_transaction_fail_by_themselves() {
    let db = db();
    let mut bad = document("bad.md", "x y");
    bad.chunks[1].vector = None;
    let write = |document: NewDocument| Mutation::Write { documents: [document].into(), embedder: embedder() };
    let results = db.store.commit(&[
        write(document("a.md", "one two")),
        write(bad),
        Mutation::Remove { sources: vec!["a.md".into(), "nope".into()] },
        write(document("b.md", "three")),
    ]);
    assert!(matches!(results[1], Err(StoreError::BadVector { .. })), "{:?}", results[1]);
    let removed = results[2].as_ref().unwrap().removed;
    assert_eq!((removed, results[0].is_ok(), results[3].is_ok()), (1, true, true));
    assert_eq!(replay(&db.store, 100), ["three"]);
}

#[test]
fn a_db_knows_how_much_it_holds_without_counting() {
    let db = db();
    let write = |source: &str, text: &str| db.store.write(&[document(source, text)], &embedder()).unwrap();
    write("a.md", "one two three");
    write("b.md", "four");
    write("a.md", "one five");
    db.store.remove(&["b.md".into()]).unwrap();
    let counts = db.store.counts().unwrap();
    let rows = |table: &str| {
        db.store.read("count", |c| c.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)))
    };
    assert_eq!((counts.documents, counts.chunks), (1, 2));
    assert_eq!((rows("documents").unwrap(), rows("chunks").unwrap()), (1u64, 2u64));
}

#[test]
fn a_db_of_the_first_version_learns_to_count() {
    let db = db();
    db.store.write(&[document("a.md", "one two three")], &embedder()).unwrap();
    drop(db.store);
    let path = db.folder.path().join("store.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch("DELETE FROM settings WHERE key IN ('documents', 'chunks'); PRAGMA user_version = 1")
        .unwrap();
    drop(connection);
    let counts = SqliteStore::open(&path).unwrap().counts().unwrap();
    assert_eq!((counts.documents, counts.chunks), (1, 3));
}

#[test]
fn a_state_of_another_history_is_told_from_the_newest() {
    let db = db();
    let empty = db.store.stamp().unwrap();
    assert!(matches!(db.store.changes(None, Want::Text, 10).unwrap(), ChangeSet::Next(c) if c.to == empty));
    assert_eq!(db.store.changes(Some(&empty), Want::Text, 10).unwrap(), ChangeSet::Current);
    for foreign in [Stamp { revision: 7, ..empty.clone() }, Stamp { db: "other".into(), ..empty }] {
        assert_eq!(db.store.changes(Some(&foreign), Want::Text, 10).unwrap(), ChangeSet::Foreign);
    }
}

#[test]
fn an_emptied_file_and_one_with_junk_are_told_from_an_empty_db() {
    let db = db();
    for n in 0..200 {
        db.store.write(&[document(&format!("{n}.md"), &"word ".repeat(40))], &embedder()).ok();
        db.store.write(&[document(&format!("{n}.md"), "a b c d e f")], &embedder()).unwrap();
    }
    drop(db.store);
    let path = db.folder.path().join("store.db");
    let whole = std::fs::read(&path).unwrap();
    let mut junk = whole.clone();
    let middle = junk.len() / 2 / 4096 * 4096;
    junk[middle..middle + 4096].iter_mut().enumerate().for_each(|(n, byte)| *byte = (n * 31 % 251) as u8);
    for damaged in [Vec::new(), junk, whole[..whole.len() / 2].to_vec()] {
        std::fs::write(&path, &damaged).unwrap();
        let Err(error) = SqliteStore::open(&path) else { panic!("opened {} bytes", damaged.len()) };
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
    std::fs::write(&path, whole).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    store.verify(Default::default()).unwrap();
}

#[cfg(unix)]
#[test]
fn files_that_were_replaced_are_not_written_any_more() {
    let db = db();
    let path = db.folder.path().join("store.db");
    db.store.write(&[document("a.md", "one")], &embedder()).unwrap();
    let away = db.folder.path().join("away.db");
    std::fs::rename(&path, &away).unwrap();
    let write = || db.store.write(&[document("b.md", "two")], &embedder());
    assert!(matches!(write(), Err(StoreError::Detached { .. })));
    std::fs::copy(&away, &path).unwrap();
    assert!(matches!(write(), Err(StoreError::Detached { .. })), "a copy is another file");
    std::fs::rename(&away, &path).unwrap();
    write().unwrap();
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_what_is_stored() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("deep/data");
    let catalog = SqliteCatalog::open(&root).unwrap();
    let name = "a".parse().unwrap();
    catalog.create(&name).unwrap();
    let store = catalog.open(&name).unwrap();
    store.write(&[document("x", "one")], &embedder()).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&root), mode(&root.join("a"))), (0o700, 0o700));
    for file in ["store.db", "store.db-wal", "store.db-shm"] {
        assert_eq!(mode(&root.join("a").join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_db_may_be_called_like_a_file_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = SqliteCatalog::open(folder.path()).unwrap();
    for name in ["semantic-cache.json", "semantic-cache.journal", "con", "LPT1.x", "plain"] {
        let name: crate::domain::DbName = name.parse().unwrap();
        catalog.create(&name).unwrap();
        catalog.open(&name).unwrap();
    }
    assert!(!folder.path().join("semantic-cache.json").exists());
    let names: Vec<String> = catalog.list().unwrap().into_iter().map(String::from).collect();
    assert_eq!(names, ["LPT1.x", "con", "plain", "semantic-cache.journal", "semantic-cache.json"]);
}

#[test]
fn a_db_that_was_not_made_to_its_end_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let name = "a".parse().unwrap();
    std::fs::create_dir_all(folder.path().join("a~new-1234")).unwrap();
    std::fs::create_dir_all(folder.path().join("a~deleted-1234")).unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    let catalog = SqliteCatalog::open(folder.path()).unwrap();
    assert!(catalog.list().unwrap().is_empty());
    assert!(!folder.path().join("a~deleted-1234").exists(), "what was to be deleted is");
    catalog.create(&name).unwrap();
    assert_eq!(catalog.list().unwrap(), std::slice::from_ref(&name));

    // A store that is gone while its index is there held something.
    std::fs::create_dir(folder.path().join("a/index")).unwrap();
    std::fs::remove_file(folder.path().join("a/store.db")).unwrap();
    assert!(matches!(catalog.create(&name), Err(StoreError::Damaged { .. })));
}

#[cfg(unix)]
#[test]
fn a_data_directory_that_was_replaced_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("data");
    let catalog = SqliteCatalog::open(&root).unwrap();
    catalog.attached().unwrap();
    std::fs::rename(&root, folder.path().join("away")).unwrap();
    assert!(matches!(catalog.attached(), Err(StoreError::DataDirChanged { .. })));
    std::fs::create_dir(&root).unwrap();
    assert!(matches!(catalog.create(&"a".parse().unwrap()), Err(StoreError::DataDirChanged { .. })));
}

/// What was acknowledged is on disk: NORMAL would leave the last transactions to a power cut.
#[test]
fn every_commit_waits_for_the_disk() {
    let db = db();
    let level: i64 =
        db.store.connections.on_writer(|c| c.pragma_query_value(None, "synchronous", |row| row.get(0))).unwrap();
    const FULL: i64 = 2;
    assert_eq!(level, FULL);
}
