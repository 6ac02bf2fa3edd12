//! Documents that are in the file of another one.

use super::{db, document, embedder};
use crate::store::{DocumentQuery, Mutation, NewDocument, NewName, Store, contract::Engine};

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
