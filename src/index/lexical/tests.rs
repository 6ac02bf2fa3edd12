//! What questions find, by how they and the texts are spelt.

use super::*;
use crate::domain::{ChunkContext, ChunkId, DocumentId, IndexedChunk};

fn stamp(revision: u64) -> Stamp {
    Stamp { db: "db".into(), revision }
}

/// An index of these texts, numbered from 0.
fn index(folder: &Path, texts: &[(&str, &str)]) -> LexicalIndex {
    let index = LexicalIndex::open(folder);
    let added = texts.iter().enumerate().map(|(n, (language, text))| IndexedChunk {
        id: ChunkId(n as i64),
        language: (*language).into(),
        text: (*text).into(),
        vector: Vec::new(),
        document: DocumentId(n as u32),
        context: ChunkContext::default(),
    });
    index.apply(None, Changes { to: stamp(1), added: added.collect(), ..Changes::default() }).unwrap();
    index.publish().unwrap();
    index
}

fn found(index: &LexicalIndex, question: &str) -> Vec<i64> {
    let hits = index.search(question, 10, &Scope::everything()).unwrap();
    hits.iter().map(|hit| hit.chunk.0).collect()
}

#[test]
fn names_that_differ_in_signs_are_told_apart_and_still_found_by_their_letters() {
    let folder = tempfile::tempdir().unwrap();
    let texts =
        ["C", "C++", "C#", "F#", ".NET", "net"].map(|name| format!("The guild of {name} meets on {name} days."));
    let texts: Vec<(&str, &str)> = texts.iter().map(|text| ("en", text.as_str())).collect();
    let index = index(&folder.path().join("lexical"), &texts);
    for (n, name) in ["c", "C++", "c#", "F#", ".net", "NET"].into_iter().enumerate() {
        assert_eq!(found(&index, &format!("{name}?"))[0], n as i64, "{name}");
    }
    assert_eq!(found(&index, "C").len(), 3, "C++ and C# are further down");
    assert_eq!(found(&index, "f"), [3], "nothing else has the letter");
}

#[test]
fn identifiers_find_their_text_with_and_without_signs() {
    let folder = tempfile::tempdir().unwrap();
    let texts = [
        ("en", "Part HB-1187 replaces part HB-1188."),
        ("en", "Part HB 9 was delivered 1187 times, to the HB depot."),
        ("en", "Node.js runs scripts."),
        ("en", "A node runs js scripts."),
        ("en", "Build 10.0.19045 came before v1.2.3 and after 1.20.3."),
        ("en", "Chapter 1, 2 and 3 of 10 and 0 with 19045 words."),
        ("en", "Error 0x80070057 is logged."),
    ];
    let index = index(&folder.path().join("lexical"), &texts);
    for (question, expected) in [
        ("HB-1187", 0),
        ("HB1187", 0),
        ("hb–1187", 0),
        ("Node.js scripts", 2),
        ("nodejs", 2),
        ("10.0.19045", 4),
        ("1.2.3", 4),
        ("V1.2.3", 4),
        ("0X80070057", 6),
    ] {
        assert_eq!(found(&index, question).first(), Some(&expected), "{question}");
    }
    assert_eq!(found(&index, "hb 1187").len(), 2, "the parts are words, too");
}

#[test]
fn words_find_other_spellings_below_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let texts = [
        ("vi", "Thủ đô của Việt Nam là Hà Nội."),
        ("vi", "Ha Noi la thu do cua Viet Nam."),
        ("vi", "Nói to là hạ sách."),
        ("de", "Herr Müller wohnt in der Bachstraße."),
        ("de", "Herr Mueller wohnt in der Bachstrasse."),
        ("fr", "Le café est près de la forêt."),
        ("en", "The cafe is near the wood."),
        ("da", "Smørrebrød spises på brød."),
        ("es", "El niño duerme mañana."),
    ];
    let index = index(&folder.path().join("lexical"), &texts);
    for (question, expected) in [
        ("Hà Nội thủ đô", vec![0, 1]),
        ("ha noi thu do", vec![1, 0]),
        ("Müller", vec![3, 4]),
        ("Mueller", vec![4, 3]),
        ("Bachstraße", vec![3, 4]),
        ("Bachstrasse", vec![4, 3]),
        ("café", vec![5, 6]),
        ("cafe", vec![6, 5]),
        ("smorrebrod", vec![7]),
        ("nino manana", vec![8]),
        ("nïno", vec![8]),
    ] {
        let found = found(&index, question);
        assert_eq!(found[..expected.len().min(found.len())], expected, "{question}");
    }
    assert!(!found(&index, "nội").contains(&2), "other tones are other words");
}

/// However often a chunk has another spelling, one of the same length with the question's own comes first.
#[test]
fn many_of_another_spelling_do_not_outweigh_one_of_the_questions() {
    let folder = tempfile::tempdir().unwrap();
    let texts = [("xx", "resume here are some more words"), ("xx", "résumé résumé résumé résumé résumé résumé")];
    let index = index(&folder.path().join("lexical"), &texts);
    assert_eq!(found(&index, "resume"), [0, 1]);
    assert_eq!(found(&index, "résumé"), [1, 0]);
}

/// An index that another version wrote holds other terms: it is empty when it is opened, and follows the store anew.
#[test]
fn an_index_of_another_format_starts_empty() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("lexical");
    drop(index(&folder, &[("en", "Ships rest.")]));
    assert_eq!(LexicalIndex::open(&folder).stamp(), Some(stamp(1)));
    let meta = folder.join("meta.json");
    let text = std::fs::read_to_string(&meta).unwrap();
    let (before, after) = text.split_once("format\\\":").unwrap();
    let (_, after) = after.split_once(',').unwrap();
    std::fs::write(&meta, format!("{before}format\\\":1,{after}")).unwrap();
    let opened = LexicalIndex::open(&folder);
    assert_eq!((opened.stamp(), opened.len()), (None, 0));
}

/// An index of texts in documents of these names and titles, numbered from 0.
fn index_of_documents(folder: &Path, chunks: &[(&str, &str, &[&str], &str)]) -> LexicalIndex {
    let index = LexicalIndex::open(folder);
    let added = chunks.iter().enumerate().map(|(n, (source, title, headings, text))| IndexedChunk {
        id: ChunkId(n as i64),
        language: "en".into(),
        text: (*text).into(),
        vector: Vec::new(),
        document: DocumentId(n as u32),
        context: ChunkContext {
            source: (*source).into(),
            title: (!title.is_empty()).then(|| (*title).into()),
            headings: headings.iter().map(|heading| (*heading).into()).collect(),
        },
    });
    index.apply(None, Changes { to: stamp(1), added: added.collect(), ..Changes::default() }).unwrap();
    index.publish().unwrap();
    index
}

#[test]
fn a_chunk_is_found_by_its_title_its_headings_and_the_name_of_its_document() {
    let folder = tempfile::tempdir().unwrap();
    let chunks: [(&str, &str, &[&str], &str); 3] = [
        ("quay/harbour.md", "Moorings", &["Moorings", "Winches and cranes"], "It turns slowly."),
        ("quay/lighthouse.md", "", &[], "It turns slowly."),
        ("other.md", "", &[], "It turns slowly, and slowly it turns."),
    ];
    let index = index_of_documents(&folder.path().join("lexical"), &chunks);
    for (question, expected) in [
        ("moorings", vec![0]),
        ("a crane that turns", vec![0, 1, 2]),
        ("lighthouse turns", vec![1, 2, 0]),
        ("quay", vec![0, 1]),
    ] {
        let mut found = found(&index, question);
        assert_eq!(found[0], expected[0], "{question}");
        found.sort_unstable();
        let mut all = expected.clone();
        all.sort_unstable();
        assert_eq!(found, all, "{question}");
    }
}

#[test]
fn what_is_called_so_comes_before_what_mentions_it() {
    let folder = tempfile::tempdir().unwrap();
    let mentions = "Ring ring ring: a ring is used here, with the ring of ring.";
    let license = "License of the license: this license is a license that licenses.";
    let chunks: [(&str, &str, &[&str], &str); 6] = [
        ("rustls-0.23.1/README.md", "", &[], mentions),
        ("ring-0.17.14/README.md", "", &[], "Cryptography, which is safe and fast for all."),
        ("epub-2.1.6/LICENSE.txt", "", &[], license),
        ("serde-1.0.2/README.md", "", &[], "Reads and writes serde data, json too: serde_json is another."),
        ("serde_json-1.0.3/README.md", "", &[], "Reads and writes, which is all. Its license is free."),
        ("which-7.0.1/README.md", "", &[], "Finds programs, which are installed. Its license is free."),
    ];
    let index = index_of_documents(&folder.path().join("lexical"), &chunks);
    for (question, expected) in [
        ("ring", 1),
        ("Which license does ring have?", 1),
        ("serde_json reads", 4),
        ("serde-json reads", 4),
        ("How does serde JSON read?", 4),
        ("What does serde read?", 3),
        ("0.23.1", 0),
        ("which", 5),
    ] {
        assert_eq!(found(&index, question)[0], expected, "{question}");
    }
}
