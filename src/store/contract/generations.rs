//! What every engine must do with generations.

use std::sync::Arc;

use super::{Engine, db, document, embedder, listed, replay};
use crate::{
    domain::ChunkSizes,
    store::{
        ChunkVector, DocumentQuery, EmbedderRecord, GenerationId, GenerationState, Mutation, NewChunk, NewChunks,
        Outdated, PendingDocument, Recipe, Store, StoreError,
    },
};

const SIZES: ChunkSizes = ChunkSizes { size: 400, overlap: 40 };
const RECIPE: Recipe = Recipe { pipeline: 7, sizes: SIZES };
const ANY: Outdated = Outdated { pipeline: None, sizes: None, read_by: None };

fn other() -> EmbedderRecord {
    EmbedderRecord { id: "test:two".into(), dimension: 2 }
}

/// The next generation, by the other embedder.
fn begun(store: &dyn Store) -> Arc<dyn Store> {
    store.at(store.begin_generation(&other().id, SIZES).unwrap()).unwrap()
}

/// Its chunks are those that the document has where it serves, in capitals.
fn remade(store: &dyn Store, pending: &PendingDocument) -> NewChunks {
    let serving = store.at(store.serving().unwrap()).unwrap();
    let chunks = serving.chunks_of(&pending.id).unwrap().into_iter().map(|chunk| NewChunk {
        key: chunk.key.to_uppercase(),
        text: chunk.text.to_uppercase(),
        language: chunk.language,
        place: chunk.place.unwrap_or_default(),
        vector: ChunkVector::Made(vec![1.0, 2.0]),
    });
    NewChunks { document: pending.id.clone(), changed: pending.changed, recipe: RECIPE, chunks: chunks.collect() }
}

fn write(store: &dyn Store, documents: Vec<NewChunks>) {
    let rechunk = Mutation::Rechunk { documents: documents.into(), embedder: other() };
    store.commit(&[rechunk]).remove(0).unwrap();
}

/// Makes everything that the generation lacks, a document at a time.
fn build(store: &dyn Store) {
    while let [pending] = &store.pending(&ANY, i64::MIN, 1).unwrap()[..] {
        write(store, vec![remade(store, pending)]);
    }
}

fn states(store: &dyn Store) -> Vec<(i64, GenerationState)> {
    store.generations().unwrap().iter().map(|generation| (generation.id.0, generation.state)).collect()
}

pub(in crate::store) fn a_generation_is_built_beside_the_one_that_serves(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one two"), document("b.md", "three")], &embedder()).unwrap();
    let before = store.stamp().unwrap();
    let next = begun(&*store);
    assert_eq!(states(&*store), [(1, GenerationState::Serving), (2, GenerationState::Building)]);
    assert_eq!((next.pending_count(&ANY).unwrap(), next.counts().unwrap().chunks), (2, 0));
    assert_eq!((store.unbuilt().unwrap(), next.unbuilt().unwrap()), (2, 2));
    let pending = next.pending(&ANY, i64::MIN, 10).unwrap();
    assert_eq!(pending.iter().map(|p| p.source.as_str()).collect::<Vec<_>>(), ["a.md", "b.md"]);
    assert_eq!(next.pending(&ANY, pending[0].cursor, 10).unwrap(), pending[1..]);
    assert!(matches!(next.serve(&ANY), Err(StoreError::NotCaughtUp { pending: 2 })));

    build(&*next);
    assert_eq!(store.unbuilt().unwrap(), 0);
    // Whoever looks at the old one sees nothing of it: neither state, nor chunks, nor counts.
    assert_eq!(store.stamp().unwrap(), before);
    assert_eq!(replay(&*store, 100), ["one", "two", "three"]);
    assert_eq!(replay(&*next, 100), ["ONE", "TWO", "THREE"]);
    assert_ne!(next.stamp().unwrap().db, before.db, "an index of one must not be taken for one of the other");
    assert_eq!((store.counts().unwrap().chunks, next.counts().unwrap().chunks), (3, 3));
    assert_eq!((store.embedder().unwrap(), next.embedder().unwrap()), (Some(embedder()), Some(other())));

    next.serve(&ANY).unwrap();
    assert_eq!(store.serving().unwrap(), next.generation());
    assert_eq!(states(&*store), [(1, GenerationState::Kept), (2, GenerationState::Serving)]);
    let opened = engine.catalog().open(&"test".parse().unwrap()).unwrap();
    assert_eq!((opened.generation(), replay(&*opened, 100).concat()), (GenerationId(2), "ONETWOTHREE".into()));
    assert_eq!(opened.documents(&DocumentQuery::default()).unwrap().documents[0].chunks, 2);
    assert_eq!(opened.document_state("a.md").unwrap().unwrap().recipe, Some(RECIPE));
    assert_eq!(store.text(&pending[0].id).unwrap().as_deref(), Some("one two"), "texts are kept once");
}

pub(in crate::store) fn what_changes_while_a_generation_is_built_is_pending_again(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one"), document("b.md", "two"), document("c.md", "three")], &embedder()).unwrap();
    let next = begun(&*store);
    build(&*next);
    store.write(&[document("b.md", "four"), document("d.md", "five")], &embedder()).unwrap();
    store.remove(&["c.md".into()]).unwrap();
    assert_eq!(replay(&*next, 1), ["ONE", "TWO"], "what is removed is removed everywhere");
    assert_eq!(next.counts().unwrap().chunks, 2);
    assert_eq!(store.generations().unwrap()[1].missing, 2);
    assert!(matches!(next.serve(&ANY), Err(StoreError::NotCaughtUp { pending: 2 })));
    build(&*next);
    next.serve(&ANY).unwrap();
    assert_eq!(replay(&*next, 1), ["ONE", "FOUR", "FIVE"]);
    assert_eq!(listed(&*next, &DocumentQuery::default()), ["a.md", "b.md", "d.md"]);
}

pub(in crate::store) fn chunks_of_an_earlier_state_are_passed_over(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one"), document("b.md", "two")], &embedder()).unwrap();
    let next = begun(&*store);
    let made: Vec<_> =
        next.pending(&ANY, i64::MIN, 10).unwrap().iter().map(|pending| remade(&*next, pending)).collect();
    store.write(&[document("a.md", "three")], &embedder()).unwrap();
    store.remove(&["b.md".into()]).unwrap();
    write(&*next, made);
    assert!(replay(&*next, 10).is_empty());
    assert_eq!(next.pending_count(&ANY).unwrap(), 1);
}

pub(in crate::store) fn only_the_generation_that_serves_takes_documents(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one")], &embedder()).unwrap();
    let next = begun(&*store);
    let early = next.write(&[document("b.md", "two")], &embedder());
    assert!(matches!(early, Err(StoreError::Superseded { .. })), "{early:?}");
    build(&*next);
    next.serve(&ANY).unwrap();
    let late = store.write(&[document("b.md", "two")], &embedder());
    assert!(
        matches!(late, Err(StoreError::Superseded { opened: GenerationId(1), serving: GenerationId(2) })),
        "{late:?}"
    );
    // Removing is the same for all.
    assert_eq!(store.remove(&["a.md".into()]).unwrap(), 1);
    assert_eq!(next.counts().unwrap().chunks, 0);
}

pub(in crate::store) fn going_back_is_the_same_step(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one")], &embedder()).unwrap();
    let next = begun(&*store);
    build(&*next);
    next.serve(&ANY).unwrap();
    let mut changed = document("a.md", "six");
    changed.chunks[0].vector = ChunkVector::Made(vec![1.0, 0.0]);
    next.write(&[changed], &other()).unwrap();
    assert!(matches!(store.serve(&ANY), Err(StoreError::NotCaughtUp { pending: 1 })));
    let pending = store.pending(&ANY, i64::MIN, 10).unwrap().remove(0);
    let chunks = document("a.md", "six").chunks;
    let chunks = NewChunks { document: pending.id, changed: pending.changed, recipe: RECIPE, chunks };
    let rechunk = Mutation::Rechunk { documents: [chunks].into(), embedder: embedder() };
    store.commit(&[rechunk]).remove(0).unwrap();
    store.serve(&ANY).unwrap();
    assert_eq!(states(&*store), [(1, GenerationState::Serving), (2, GenerationState::Kept)]);
    assert_eq!(replay(&*store, 10), ["six"]);
    // It serves already: nothing to do.
    store.serve(&ANY).unwrap();
}

pub(in crate::store) fn a_dropped_generation_leaves_nothing(engine: &impl Engine) {
    let store = db(engine);
    let documents: Vec<_> =
        (0..30).map(|n| document(&format!("{n}.md"), "a b c d e f g h i j k l m n o p q r s t")).collect();
    store.write(&documents, &embedder()).unwrap();
    let next = begun(&*store);
    build(&*next);
    next.serve(&ANY).unwrap();
    assert!(matches!(store.drop_generation(GenerationId(2)), Err(StoreError::GenerationServes(_))));
    assert!(matches!(store.drop_generation(GenerationId(9)), Err(StoreError::NoGeneration(_))));
    store.drop_generation(GenerationId(1)).unwrap();
    assert_eq!(states(&*next), [(2, GenerationState::Serving)]);
    assert!(matches!(next.at(GenerationId(1)), Err(StoreError::NoGeneration(_))));
    assert_eq!((store.counts().unwrap().chunks, next.counts().unwrap().chunks), (0, 600));
    assert_eq!(replay(&*next, 7).len(), 600);
    assert!(next.sweep().unwrap().is_empty());
    let again = begun(&*next);
    assert_eq!(again.generation(), GenerationId(3), "numbers are never used again");
}

pub(in crate::store) fn a_generation_that_is_built_goes_on_when_it_is_begun_again(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one"), document("b.md", "two")], &embedder()).unwrap();
    let next = begun(&*store);
    let first = next.pending(&ANY, i64::MIN, 1).unwrap().remove(0);
    write(&*next, vec![remade(&*next, &first)]);
    let same = begun(&*store);
    assert_eq!((same.generation(), same.pending_count(&ANY).unwrap()), (next.generation(), 1));

    let changed = store.begin_generation(&other().id, ChunkSizes { size: 500, ..SIZES }).unwrap();
    assert_eq!(states(&*store), [(1, GenerationState::Serving), (changed.0, GenerationState::Building)]);
    let late = Mutation::Rechunk { documents: [remade(&*next, &first)].into(), embedder: other() };
    assert!(matches!(next.commit(&[late]).remove(0), Err(StoreError::NoGeneration(_))));
    assert_eq!(store.sweep().unwrap(), [next.generation()]);
}

pub(in crate::store) fn vectors_of_the_same_embedder_are_taken_over(engine: &impl Engine) {
    let store = db(engine);
    store.write(&[document("a.md", "one two")], &embedder()).unwrap();
    let next = store.at(store.begin_generation(&embedder().id, SIZES).unwrap()).unwrap();
    let pending = next.pending(&ANY, i64::MIN, 1).unwrap().remove(0);
    let mut known: Vec<_> = next.embedded_keys(&pending.id).unwrap().into_iter().collect();
    known.sort_unstable();
    assert_eq!(known, ["a.md:one", "a.md:two"]);
    let mut chunks = document("a.md", "two").chunks;
    chunks[0].vector = ChunkVector::Stored;
    let chunks = NewChunks { document: pending.id.clone(), changed: pending.changed, recipe: RECIPE, chunks };
    let rechunk = Mutation::Rechunk { documents: [chunks].into(), embedder: embedder() };
    next.commit(&[rechunk]).remove(0).unwrap();
    let vectors = super::next(&*next, None, crate::domain::Want::Vector).added;
    assert_eq!(vectors[0].vector, [1.0, 1.0, 3.0], "as the other generation has it");
    // Of another embedder, nothing is known.
    assert!(begun(&*store).embedded_keys(&pending.id).unwrap().is_empty());
}

pub(in crate::store) fn outdated_documents_are_told_by_what_they_were_made(engine: &impl Engine) {
    let store = db(engine);
    let made_by = |source: &str, pipeline, size| {
        let recipe = Recipe { pipeline, sizes: ChunkSizes { size, overlap: 0 } };
        crate::store::NewDocument { recipe, ..document(source, "one") }
    };
    store.write(&[made_by("a.md", 1, 800), made_by("b.md", 2, 800), made_by("c.md", 2, 400)], &embedder()).unwrap();
    let pending = |which: Outdated| {
        let pending = store.pending(&which, i64::MIN, 10).unwrap();
        assert_eq!(pending.len() as u64, store.pending_count(&which).unwrap());
        pending.into_iter().map(|pending| pending.source).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(pending(ANY), "");
    assert_eq!(pending(Outdated { pipeline: Some(2), ..ANY }), "a.md");
    assert_eq!(pending(Outdated { read_by: Some(2), ..ANY }), "a.md");
    assert_eq!(pending(Outdated { sizes: Some(ChunkSizes { size: 800, overlap: 0 }), ..ANY }), "c.md");
    assert_eq!(pending(Outdated { pipeline: Some(3), ..ANY }), "a.md b.md c.md");
    // The first says how large chunks are to be, until somebody says otherwise.
    assert_eq!(store.sizes().unwrap(), Some(ChunkSizes { size: 800, overlap: 0 }));
    store.set_sizes(SIZES).unwrap();
    assert_eq!(store.sizes().unwrap(), Some(SIZES));
    let state = store.document_state("c.md").unwrap().unwrap();
    assert_eq!(
        (state.recipe.map(|recipe| recipe.sizes.size), state.embedder.as_deref()),
        (Some(400), Some("test:three"))
    );
}

pub(in crate::store) fn one_builds_at_a_time(engine: &impl Engine) {
    let store = db(engine);
    let elsewhere = engine.catalog().open(&"test".parse().unwrap()).unwrap();
    let permit = store.build_permit().unwrap();
    assert!(permit.is_some() && elsewhere.build_permit().unwrap().is_none());
    drop(permit);
    assert!(elsewhere.build_permit().unwrap().is_some());
}
