//! Vectors: kept as they are, of one embedder, and never such as would rank for everything.

use super::*;

pub(in crate::store) fn one_bad_vector_leaves_nothing_of_the_batch(engine: &impl Engine) {
    let bad_vectors = [
        ChunkVector::Stored,
        ChunkVector::Made(vec![0.0, 0.0, 0.0]),
        ChunkVector::Made(vec![1.0, f32::NAN, 0.0]),
        ChunkVector::Made(vec![1.0, 2.0]),
        ChunkVector::Made(vec![f32::INFINITY; 3]),
    ];
    let store = db(engine);
    for vector in bad_vectors {
        let mut bad = document("b.md", "x y");
        bad.chunks[1].vector.clone_from(&vector);
        let error = store.write(&[document("a.md", "one"), bad], &embedder()).unwrap_err();

        assert!(matches!(error, StoreError::BadVector { ref document, chunk: 1, .. } if document == "b.md"), "{error}");
        assert_eq!(store.counts().unwrap().documents, 0, "{vector:?}");
        assert_eq!(store.stamp().unwrap().revision, 0);
        assert_eq!(store.embedder().unwrap(), None);
    }
}

pub(in crate::store) fn a_chunk_without_a_vector_is_found_by_its_words(engine: &impl Engine) {
    let store = db(engine);
    let mut words = document("a.md", "one two");
    words.chunks[0].vector = ChunkVector::None;
    store.write(&[words], &embedder()).unwrap();
    assert_eq!(replay(&*store, 100), ["one", "two"]);
    let vectors = store.changes(None, Want::Vector, 100).unwrap();
    let ChangeSet::Next(vectors) = vectors else { panic!("{vectors:?}") };
    assert_eq!(vectors.added.into_iter().map(|chunk| chunk.vector).collect::<Vec<_>>(), [[1.0, 1.0, 3.0]]);
}

pub(in crate::store) fn vectors_of_another_embedder_are_refused_until_the_db_is_empty(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one")], &embedder()).unwrap();
    let other = EmbedderRecord { id: "test:other".into(), dimension: 3 };

    let error = store.write(&[document("b.md", "two")], &other).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("test:three") && message.contains("test:other"), "{message}");

    assert_eq!(store.remove(&["a.md".into()]).unwrap(), 1);
    store.write(&[document("b.md", "two")], &other).unwrap();
    assert_eq!(store.embedder().unwrap(), Some(other));
}

pub(in crate::store) fn vectors_are_read_as_they_were_written(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one three")], &embedder()).unwrap();
    let changes = next(&*store, None, Want::Vector);
    let vectors: Vec<_> = changes.added.into_iter().map(|chunk| chunk.vector).collect();
    assert_eq!(vectors, [[1.0, 0.0, 3.0], [1.0, 1.0, 5.0]]);
}
