use std::sync::Arc;

use super::*;
use crate::{
    domain::ChunkContext,
    store::{
        StoreCatalog,
        contract::{self, Engine, document, embedder},
    },
};

/// A data directory of its own.
struct Folder(tempfile::TempDir);

impl Default for Folder {
    fn default() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Engine for Folder {
    fn catalog(&self) -> Arc<dyn StoreCatalog> {
        Arc::new(SqliteCatalog::open(self.0.path()).unwrap())
    }
}

contract::suite!(Folder);

struct Db {
    folder: tempfile::TempDir,
    store: SqliteStore,
}

fn db() -> Db {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::create(&folder.path().join("store.db")).unwrap();
    Db { folder, store }
}

#[test]
fn readers_do_not_wait_for_a_writer() {
    let db = db();
    db.store.write(&[document("a.md", "one")], &embedder()).unwrap();
    let write = Mutation::Write { documents: [document("b.md", "two")].into(), embedder: embedder() };
    let seen = std::cell::Cell::new(0);
    let written = db.store.connections.write_all(&[write], |tx, mutation| {
        let report = super::write::mutate(tx, db.store.generation, mutation)?;
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
fn a_db_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(include_str!("migrations/001_init.sql")).unwrap();
    connection
        .execute_batch(
            "INSERT INTO settings VALUES ('identity', 'x'), ('revision', '1'), ('embedder', 'test:three'), ('dimension', '3');
             INSERT INTO documents (source, fingerprint, version, format, bytes, ingested_at)
                 VALUES ('a.md', 'old', 'v1', 'markdown', 7, '2026-01-02T03:04:05Z'), ('b.md', 'old', 'v1', 'text', 5, '');
             INSERT INTO chunks (document_id, key, ordinal, language, version, text, vector, revision) VALUES
                 (1, 'a.md:one', 0, 'en', 'v1', 'one', x'0000803f0000803f0000803f', 1),
                 (1, 'a.md:two', 1, 'en', 'v1', 'two', x'0000803f0000803f0000803f', 1),
                 (2, 'b.md:six', 0, 'en', 'v1', 'six', x'0000803f0000803f0000803f', 1);
             PRAGMA user_version = 1",
        )
        .unwrap();
    drop(connection);

    let store = SqliteStore::open(&path).unwrap();
    let counts = store.counts().unwrap();
    assert_eq!((counts.documents, counts.chunks), (2, 3));
    let listed = store.documents(&DocumentQuery::default()).unwrap().documents;
    assert!(listed[0].id.len() == 20 && listed[0].id != listed[1].id, "{listed:?}");
    // What was not kept is not made up.
    let record = store.document(&listed[0].id).unwrap().unwrap();
    assert_eq!((record.summary.chunks, record.quality, store.text(&listed[0].id).unwrap()), (2, None, None));
    let chunks = store.chunks(&[ChunkId(2)]).unwrap();
    assert_eq!((chunks[0].ordinal, &chunks[0].place, chunks[0].text.as_str()), (1, &None, "two"));

    // An index of documents learns of them, too.
    let ChangeSet::Next(changes) = store.changes(None, Want::Attributes, 100).unwrap() else { panic!("no changes") };
    assert_eq!((changes.documents.len(), changes.added.len()), (2, 3));
    assert!(listed[0].metadata.is_empty());
    // Until it is read again, its chunks are found by what is known of their document.
    let ChangeSet::Next(changes) = store.changes(None, Want::Text, 100).unwrap() else { panic!("no changes") };
    let context = |source: &str| ChunkContext { source: source.into(), ..ChunkContext::default() };
    let contexts: Vec<_> = changes.added.into_iter().map(|chunk| chunk.context).collect();
    assert_eq!(contexts, [context("a.md"), context("a.md"), context("b.md")]);

    // Read again, it has all of it, and its chunks are the same rows.
    let report = store.write(&[document("a.md", "one two")], &embedder()).unwrap();
    assert_eq!((report.chunks_kept, report.chunks_inserted), (2, 0));
    let record = store.document(&listed[0].id).unwrap().unwrap();
    assert!(record.quality.is_some() && store.chunks(&[ChunkId(2)]).unwrap()[0].place.is_some());
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
