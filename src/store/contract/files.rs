//! Files: what is known of them, another name of a document, documents that are in the file of another one.

use super::{Engine, db, document, embedder, ids, next, replay};
use crate::{
    domain::Want,
    store::{
        DocumentQuery, DocumentSummary, FileRecord, FileStage, FileVersion, MirrorRecord, Mutation, NewDocument,
        NewName, Store,
    },
    util::time::UnixMillis,
};

fn attached(mail: &str, name: &str, text: &str) -> NewDocument {
    NewDocument { part_of: Some(mail.into()), ..document(&format!("{mail}/{name}"), text) }
}

/// Names of all documents, each with the one that it is in.
fn listed(store: &dyn Store) -> Vec<(String, Option<String>)> {
    let list = store.documents(&DocumentQuery::default()).unwrap();
    assert_eq!(store.counts().unwrap().documents, list.total);
    list.documents.into_iter().map(|document| (document.source, document.part_of)).collect()
}

fn names(pairs: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    pairs.iter().map(|(source, part_of)| ((*source).to_owned(), part_of.map(str::to_owned))).collect()
}

pub(in crate::store) fn what_is_in_a_file_goes_with_it(engine: &impl Engine) {
    let store = db(engine);
    let mail = || document("a.eml", "mail");
    let first =
        [mail(), attached("a.eml", "x.pdf", "one two"), attached("a.eml", "y.csv", "three"), document("b.md", "b")];
    store.write(&first, &embedder()).unwrap();
    let both = [("a.eml", None), ("a.eml/x.pdf", Some("a.eml")), ("a.eml/y.csv", Some("a.eml")), ("b.md", None)];
    assert_eq!(listed(&*store), names(&both));
    assert_eq!(store.parts("a.eml").unwrap(), ["a.eml/x.pdf", "a.eml/y.csv"]);
    assert_eq!(store.parts("b.md").unwrap(), Vec::<String>::new());

    // What is not in its next state is gone; the rest is replaced as any document.
    let report = store.write(&[mail(), attached("a.eml", "y.csv", "three four")], &embedder()).unwrap();
    assert_eq!((report.added, report.updated, report.removed), (0, 2, 1));
    assert_eq!(listed(&*store), names(&[("a.eml", None), ("a.eml/y.csv", Some("a.eml")), ("b.md", None)]));

    let rename = |from: &str, to: &str| {
        let name = |from: &str, to: &str| NewName { from: from.into(), to: to.into(), keys: Vec::new() };
        let documents = vec![name(from, to), name(&format!("{from}/y.csv"), &format!("{to}/y.csv"))];
        store.commit(&[Mutation::Rename { documents }]).remove(0).unwrap().updated
    };
    // Whole or not at all.
    assert_eq!((rename("a.eml", "b.md"), rename("a.eml", "c.eml")), (0, 2));
    assert_eq!(listed(&*store), names(&[("b.md", None), ("c.eml", None), ("c.eml/y.csv", Some("c.eml"))]));

    // One that is in a file can be removed by itself.
    assert_eq!(store.remove(&["c.eml/y.csv".into()]).unwrap(), 1);
    store.write(&[document("c.eml", "mail"), attached("c.eml", "z.pdf", "five")], &embedder()).unwrap();
    assert_eq!(store.remove(&["c.eml".into()]).unwrap(), 2);
    assert_eq!(listed(&*store), names(&[("b.md", None)]));
    assert_eq!(store.counts().unwrap().chunks, 1);
}

pub(in crate::store) fn a_renamed_document_is_the_same_with_another_name(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one two"), document("b.md", "x")], &embedder()).unwrap();
    let before = store.documents(&DocumentQuery::default()).unwrap().documents.remove(0);
    let (old, then) = (ids(&*store), store.stamp().unwrap());
    let texts = store.chunk_texts("a.md").unwrap();
    assert_eq!(texts.iter().map(|chunk| chunk.text.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    let rename = |from: &str, to: &str| {
        let keys = texts.iter().map(|chunk| (chunk.key.clone(), format!("new {}", chunk.key))).collect();
        let documents = vec![NewName { from: from.into(), to: to.into(), keys }];
        store.commit(&[Mutation::Rename { documents }]).remove(0).unwrap().updated
    };
    assert_eq!((rename("a.md", "b.md"), rename("nope", "c.md"), rename("a.md", "c.md")), (0, 0, 1));

    let after = store.documents(&DocumentQuery { source: Some("c.md".into()), ..DocumentQuery::default() }).unwrap();
    assert_eq!(after.documents[0], DocumentSummary { source: "c.md".into(), ..before });
    assert_eq!(store.document_state("a.md").unwrap(), None);
    assert_eq!(store.document_state("c.md").unwrap().unwrap().chunk_keys[0], format!("new {}", texts[0].key));
    // The indexes hear of it: the name may be part of what they search.
    let changes = next(&*store, Some(&then), Want::Vector);
    assert_eq!(
        changes.added.iter().map(|chunk| chunk.vector.clone()).collect::<Vec<_>>(),
        [[1.0, 0.0, 3.0], [1.0, 1.0, 3.0]]
    );
    assert_eq!(changes.removed, old[..2]);
    assert_eq!(replay(&*store, 1), ["x", "one", "two"]);
    let chunks = store.chunks(&ids(&*store)).unwrap();
    assert_eq!(
        chunks.iter().map(|chunk| (chunk.source.as_str(), chunk.ordinal)).collect::<Vec<_>>(),
        [("b.md", 0), ("c.md", 0), ("c.md", 1)]
    );
    // Ids are never used again.
    store.write(&[document("d.md", "y")], &embedder()).unwrap();
    assert!(ids(&*store).last() > changes.added.last().map(|chunk| &chunk.id));
    assert_eq!(store.counts().unwrap().chunks, 4);
}

pub(in crate::store) fn what_is_known_of_files_is_kept_and_changes_nothing_else(engine: &impl Engine) {
    let store = db(engine);
    let stamp = store.stamp().unwrap();
    let mirror = MirrorRecord { root: "/docs".into(), identity: Some("1:2".into()), shape: "s".into(), compared: None };
    let record = FileRecord {
        source: "b.md".into(),
        version: Some(FileVersion { size: 3, modified: -5 }),
        content: Some("hash".into()),
        stage: FileStage::Failed,
        attempts: 2,
        next_try: Some(UnixMillis(9)),
        error: Some("why".into()),
        since: UnixMillis(7),
        label: Some("v1".into()),
        metadata: Some("{}".into()),
    };
    let fresh = FileRecord { source: "a.md".into(), ..FileRecord::default() };
    let track = |root: &str, files: &[FileRecord], forgotten: &[&str]| Mutation::Track {
        root: root.into(),
        files: files.into(),
        forgotten: forgotten.iter().map(ToString::to_string).collect(),
    };
    store.commit(&[
        Mutation::Mirror(mirror.clone()),
        track("/docs", &[record.clone(), fresh.clone()], &[]),
        track("/x", std::slice::from_ref(&fresh), &[]),
    ]);
    assert_eq!(store.mirrors().unwrap(), std::slice::from_ref(&mirror));
    assert_eq!(store.files("/docs").unwrap(), [fresh, record.clone()]);
    let done = FileRecord { stage: FileStage::Done, ..record };
    let mirror = MirrorRecord { compared: Some(UnixMillis(8)), ..mirror };
    store.commit(&[Mutation::Mirror(mirror.clone()), track("/docs", std::slice::from_ref(&done), &["a.md", "nope"])]);
    assert_eq!((store.mirrors().unwrap(), store.files("/docs").unwrap()), (vec![mirror], vec![done]));
    assert_eq!((store.files("/x").unwrap(), store.stamp().unwrap()), (vec![], stamp));
}
