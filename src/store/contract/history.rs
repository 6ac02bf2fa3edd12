//! The history that indexes follow.

use super::*;

pub(in crate::store) fn history_can_be_replayed_in_pages_of_any_size(engine: &impl Engine) {
    let store = db(engine);
    for n in 0..7 {
        store.write(&[document(&format!("{n}.md"), "a b c")], &embedder()).unwrap();
    }
    store.write(&[document("3.md", "a b d e")], &embedder()).unwrap();
    store.remove(&["5.md".into()]).unwrap();

    let whole = replay(&*store, usize::MAX);
    assert_eq!(whole.len(), 7 * 3 + 1 - 3);
    for page in [1, 2, 3, 4, 10] {
        assert_eq!(replay(&*store, page), whole, "page of {page}");
    }
}

pub(in crate::store) fn changes_of_one_transaction_fail_by_themselves(engine: &impl Engine) {
    let store = db(engine);
    let mut bad = document("bad.md", "x y");
    bad.chunks[1].vector = ChunkVector::Stored;
    let write = |document: NewDocument| Mutation::Write { documents: [document].into(), embedder: embedder() };
    let results = store.commit(&[
        write(document("a.md", "one two")),
        write(bad),
        Mutation::Remove { sources: vec!["a.md".into(), "nope".into()] },
        write(document("b.md", "three")),
    ]);
    assert!(matches!(results[1], Err(StoreError::BadVector { .. })), "{:?}", results[1]);
    let removed = results[2].as_ref().unwrap().removed;
    assert_eq!((removed, results[0].is_ok(), results[3].is_ok()), (1, true, true));
    assert_eq!(replay(&*store, 100), ["three"]);
}

pub(in crate::store) fn a_state_of_another_history_is_told_from_the_newest(engine: &impl Engine) {
    let store = db(engine);
    let empty = store.stamp().unwrap();
    assert!(matches!(store.changes(None, Want::Text, 10).unwrap(), ChangeSet::Next(c) if c.to == empty));
    assert_eq!(store.changes(Some(&empty), Want::Text, 10).unwrap(), ChangeSet::Current);
    for foreign in [Stamp { revision: 7, ..empty.clone() }, Stamp { db: "other".into(), ..empty }] {
        assert_eq!(store.changes(Some(&foreign), Want::Text, 10).unwrap(), ChangeSet::Foreign);
    }
}

pub(in crate::store) fn ids_grow_and_are_never_used_again(engine: &impl Engine) {
    let store = db(engine);
    let mut newest = ChunkId(i64::MIN);
    for text in ["one", "two", "three"] {
        store.write(&[document("a.md", text)], &embedder()).unwrap();
        let [id] = ids(&*store)[..] else { panic!("one chunk replaces the other") };
        assert!(id > newest);
        newest = id;
        store.remove(&["a.md".into()]).unwrap();
    }
}

pub(in crate::store) fn another_connection_sees_the_change(engine: &impl Engine) {
    let store = db(engine);
    let other = engine.catalog().open(&"test".parse().unwrap()).unwrap();
    let before = other.stamp().unwrap();
    store.write(&[document("a.md", "one")], &embedder()).unwrap();
    let after = other.stamp().unwrap();
    assert_eq!(before.db, after.db);
    assert!(after.revision > before.revision);
    assert_eq!(other.counts().unwrap().chunks, 1);
}
