//! The index as it follows a store, by an encoder whose terms are letters.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::domain::{ChunkContext, DocumentId};

/// A term for each letter, as often as it occurs.
#[derive(Default)]
struct Letters {
    texts: AtomicUsize,
}

impl SparseEncoder for Letters {
    fn id(&self) -> &str {
        "letters@1"
    }

    fn reads(&self, language: &str) -> bool {
        language == "en"
    }

    fn question(&self, text: &str) -> SparseVector {
        let of = |letter: u8| (u16::from(letter), text.bytes().filter(|byte| *byte == letter).count() as f32 / 4.0);
        SparseVector { terms: (b'a'..=b'z').map(of).filter(|(_, weight)| *weight > 0.0).collect() }
    }

    fn passage(&self, _: &ChunkContext, text: &str) -> SparseVector {
        self.texts.fetch_add(1, Ordering::Relaxed);
        self.question(text)
    }
}

/// A store whose changes are these; at most one is handed over at a time.
#[derive(Default)]
struct Store {
    db: &'static str,
    changes: Vec<(Vec<IndexedChunk>, Vec<ChunkId>)>,
}

impl Store {
    fn stamp(&self, revision: usize) -> Stamp {
        Stamp { db: self.db.into(), revision: revision as u64 }
    }

    fn add(&mut self, texts: &[(i64, &str)]) {
        let chunk = |(id, text): &(i64, &str)| IndexedChunk {
            id: ChunkId(*id),
            language: if text.starts_with("de:") { "de" } else { "en" }.into(),
            text: (*text).into(),
            vector: Vec::new(),
            document: DocumentId(*id as u32),
            context: ChunkContext::default(),
        };
        self.changes.push((texts.iter().map(chunk).collect(), Vec::new()));
    }
}

impl ChangeFeed for Store {
    fn newest(&self) -> Result<Stamp, IndexError> {
        Ok(self.stamp(self.changes.len()))
    }

    fn changes(&self, from: Option<&Stamp>, _: Want, _: usize) -> Result<ChangeSet, IndexError> {
        let at = from.map_or(0, |from| from.revision as usize);
        if from.is_some_and(|from| from.db != self.db) || at > self.changes.len() {
            return Ok(ChangeSet::Foreign);
        }
        Ok(self.changes.get(at).map_or(ChangeSet::Current, |(added, removed)| {
            let (added, removed) = (added.clone(), removed.clone());
            ChangeSet::Next(Changes { to: self.stamp(at + 1), added, removed, ..Changes::default() })
        }))
    }
}

fn found(index: &SparseIndex, question: &str) -> Vec<i64> {
    let Some(question) = index.question(question) else { return Vec::new() };
    index.search(&question, 10, &Scope::everything()).iter().map(|hit| hit.chunk.0).collect()
}

const ON: fn() -> bool = || false;

#[test]
fn it_follows_and_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse");
    let mut store = Store { db: "one", ..Store::default() };
    store.add(&[(1, "ab"), (2, "bc"), (3, "de:ab")]);
    let open = || SparseIndex::open(&path, Arc::new(Letters::default()));
    let index = open();
    assert_eq!(index.question("a"), None, "there is nothing to compare it with");
    assert!(!index.covers(&store.newest().unwrap()));
    assert!(index.follow(&store, &ON).unwrap() && index.covers(&store.newest().unwrap()));
    assert_eq!((found(&index, "a"), found(&index, "b"), index.len()), (vec![1], vec![1, 2], 3));
    let question = index.question("c").unwrap();
    assert_eq!(index.scores(&question, &[1, 2, 3, 4].map(ChunkId)), [Some(0.0), Some(0.0625), None, None]);
    store.changes.push((Vec::new(), vec![ChunkId(1)]));
    let letters = Arc::new(Letters::default());
    let again = SparseIndex::open(&path, Arc::clone(&letters) as _);
    assert_eq!(found(&again, "b"), [1, 2]);
    assert!(again.follow(&store, &ON).unwrap());
    assert_eq!((found(&again, "b"), letters.texts.load(Ordering::Relaxed)), (vec![2], 0), "nothing is made twice");
    // The first reads what the second wrote.
    assert!(index.follow(&store, &ON).unwrap());
    assert_eq!(found(&index, "b"), [2]);
}

#[test]
fn what_was_made_before_a_kill_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse");
    let texts: Vec<(i64, String)> = (0..300).map(|n| (n, "abc".repeat(1 + n as usize % 3))).collect();
    let mut store = Store { db: "one", ..Store::default() };
    store.add(&texts.iter().map(|(id, text)| (*id, text.as_str())).collect::<Vec<_>>());
    let asked = AtomicUsize::new(0);
    // In the midst of the one change.
    let stop = || asked.fetch_add(1, Ordering::Relaxed) == 3;
    let index = SparseIndex::open(&path, Arc::new(Letters::default()));
    assert!(!index.follow(&store, &stop).unwrap());
    assert_eq!((index.len(), found(&index, "a").len()), (2 * TOGETHER, 10), "what is made is found");
    drop(index);
    let letters = Arc::new(Letters::default());
    let index = SparseIndex::open(&path, Arc::clone(&letters) as _);
    assert!(index.follow(&store, &ON).unwrap());
    assert_eq!((index.len(), letters.texts.load(Ordering::Relaxed)), (300, 300 - 2 * TOGETHER));
}

#[test]
fn one_of_another_store_or_encoder_starts_anew() {
    struct Other(Letters);
    impl SparseEncoder for Other {
        fn id(&self) -> &str {
            "letters@2"
        }
        fn reads(&self, language: &str) -> bool {
            self.0.reads(language)
        }
        fn question(&self, text: &str) -> SparseVector {
            self.0.question(text)
        }
        fn passage(&self, context: &ChunkContext, text: &str) -> SparseVector {
            self.0.passage(context, text)
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse");
    let mut store = Store { db: "one", ..Store::default() };
    store.add(&[(1, "ab")]);
    assert!(SparseIndex::open(&path, Arc::new(Letters::default())).follow(&store, &ON).unwrap());
    let mut other = Store { db: "two", ..Store::default() };
    other.add(&[(5, "ac")]);
    let index = SparseIndex::open(&path, Arc::new(Letters::default()));
    assert!(index.follow(&other, &ON).unwrap());
    assert_eq!(found(&index, "abc"), [5]);
    let index = SparseIndex::open(&path, Arc::new(Other(Letters::default())));
    assert!(index.is_empty() && index.follow(&other, &ON).unwrap());
    assert_eq!(found(&index, "abc"), [5]);
}

#[test]
fn while_another_process_writes_one_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse");
    let mut store = Store { db: "one", ..Store::default() };
    store.add(&[(1, "ab")]);
    let index = SparseIndex::open(&path, Arc::new(Letters::default()));
    let lock = Journal::new(&path, "letters@1").lock().unwrap().expect("nobody else has it");
    assert!(!index.follow(&store, &ON).unwrap());
    assert!(index.is_empty());
    drop(lock);
    assert!(index.follow(&store, &ON).unwrap());
    assert_eq!(found(&index, "a"), [1]);
}

#[test]
fn a_folder_that_cannot_be_made_leaves_the_vectors_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sparse.lock")).unwrap();
    let mut store = Store { db: "one", ..Store::default() };
    store.add(&[(1, "ab")]);
    let index = SparseIndex::open(&folder.path().join("sparse"), Arc::new(Letters::default()));
    assert!(index.follow(&store, &ON).unwrap());
    assert_eq!(found(&index, "a"), [1]);
}

#[test]
fn a_file_that_is_mostly_of_chunks_that_are_gone_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse");
    let text: String = (b'a'..=b'z').map(char::from).collect();
    let mut store = Store { db: "one", ..Store::default() };
    let many: Vec<(i64, &str)> = (0..12_000).map(|n| (n, text.as_str())).collect();
    store.add(&many);
    let index = SparseIndex::open(&path, Arc::new(Letters::default()));
    assert!(index.follow(&store, &ON).unwrap());
    let before = std::fs::metadata(path.join("vectors")).unwrap().len();
    store.changes.push((Vec::new(), (10..12_000).map(ChunkId).collect()));
    assert!(index.follow(&store, &ON).unwrap());
    let after = std::fs::metadata(path.join("vectors")).unwrap().len();
    assert!(before > SMALL_FILE && after < 10_000, "{before} {after}");
    let again = SparseIndex::open(&path, Arc::new(Letters::default()));
    assert!(again.covers(&store.newest().unwrap()) && again.len() == 10);
}
