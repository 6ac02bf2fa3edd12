//! What every engine must do. A new one is added to [`engines`]; all tests here then run on it.

use std::{sync::Arc, time::Duration};

use super::{Bounds, CacheBackend, CacheEffect, CacheMutation, Clear, Journal, JournalReport, MemoryBackend};
use crate::{
    cache::{Entry, Namespace, entry::NewEntry, key::ExactKey, tests::answer},
    domain::{SpecKey, Stamp},
    util::time::UnixMillis,
};

const TTL: Duration = Duration::from_secs(60);
const WIDE: Bounds = Bounds { entries: 100, bytes: 1 << 20, ttl: TTL };

/// An engine, and what must live as long.
struct Engine {
    name: &'static str,
    backend: Arc<dyn CacheBackend>,
    _folder: Option<tempfile::TempDir>,
}

/// All engines, empty.
fn engines() -> Vec<Engine> {
    let folder = tempfile::tempdir().unwrap();
    let (journal, report): (Journal, JournalReport) = Journal::open(&folder.path().join("journal"), None).unwrap();
    let journalled = MemoryBackend::with_journal(journal, report, WIDE, UnixMillis(0));
    vec![
        Engine { name: "memory", backend: Arc::new(MemoryBackend::default()), _folder: None },
        Engine { name: "memory and journal", backend: Arc::new(journalled), _folder: Some(folder) },
    ]
}

fn namespace(name: &str) -> Namespace {
    Namespace::new(&"docs".parse().unwrap(), SpecKey::new([name]))
}

fn at(degrees: f32) -> Vec<f32> {
    vec![degrees.to_radians().cos(), degrees.to_radians().sin()]
}

async fn admit(
    engine: &Engine,
    place: &Namespace,
    question: &str,
    degrees: f32,
    bounds: Bounds,
    now: i64,
) -> CacheEffect {
    let entry = NewEntry {
        namespace: place.clone(),
        question: question.to_owned(),
        answer: answer(&format!("Answer to {question}."), &[question]),
        stamp: None,
        dimension: 2,
        created: UnixMillis(now),
    };
    let (key, vector) = (ExactKey::new(place, question), at(degrees));
    let admission = CacheMutation::Admit { entry, key, vector: Some(&vector), bounds, now: UnixMillis(now) };
    engine.backend.apply(admission).await.unwrap()
}

async fn exact(engine: &Engine, place: &Namespace, question: &str) -> Option<Arc<Entry>> {
    engine.backend.exact(ExactKey::new(place, question)).await.unwrap()
}

#[tokio::test]
async fn what_is_admitted_is_found_by_words_and_by_vector_in_its_namespace_only() {
    for engine in engines() {
        let (a, b) = (namespace("a"), namespace("b"));
        admit(&engine, &a, "one", 0.0, WIDE, 0).await;
        admit(&engine, &a, "two", 30.0, WIDE, 0).await;
        let one = exact(&engine, &a, "one").await.unwrap();
        assert_eq!(one.question(), "one", "{}", engine.name);
        assert!(exact(&engine, &b, "one").await.is_none(), "{}", engine.name);
        let near = engine.backend.nearest(&a, &at(5.0), 0.5, 8).await.unwrap();
        let questions: Vec<_> = near.iter().map(|(_, entry)| entry.question()).collect();
        assert_eq!(questions, ["one", "two"], "{}", engine.name);
        assert!((near[0].0 - 5f32.to_radians().cos()).abs() < 1e-3, "{}", engine.name);
        assert_eq!(engine.backend.nearest(&a, &at(5.0), 0.95, 8).await.unwrap().len(), 1, "{}", engine.name);
        assert_eq!(engine.backend.nearest(&a, &at(5.0), 0.5, 1).await.unwrap().len(), 1, "{}", engine.name);
        assert!(engine.backend.nearest(&b, &at(5.0), 0.5, 8).await.unwrap().is_empty(), "{}", engine.name);
        assert_eq!(engine.backend.vector(&one).await.unwrap().unwrap(), at(0.0), "{}", engine.name);
    }
}

#[tokio::test]
async fn of_a_stampede_the_first_answer_stays_until_it_is_too_old() {
    for engine in engines() {
        let place = namespace("a");
        admit(&engine, &place, "one", 0.0, WIDE, 0).await;
        admit(&engine, &place, "one", 40.0, WIDE, 1).await;
        let first = exact(&engine, &place, "one").await.unwrap();
        assert_eq!((first.created(), engine.backend.size().entries), (UnixMillis(0), 1), "{}", engine.name);
        let late = admit(&engine, &place, "one", 40.0, WIDE, 60_000).await;
        assert_eq!((late.expired, engine.backend.size().entries), (1, 1), "{}", engine.name);
        assert_eq!(exact(&engine, &place, "one").await.unwrap().created(), UnixMillis(60_000), "{}", engine.name);
    }
}

#[tokio::test]
async fn the_least_recently_used_makes_room() {
    for engine in engines() {
        let place = namespace("a");
        let bounds = Bounds { entries: 2, ..WIDE };
        for question in ["one", "two"] {
            admit(&engine, &place, question, 0.0, bounds, 0).await;
        }
        let one = exact(&engine, &place, "one").await.unwrap();
        engine.backend.touch(&one);
        assert_eq!(one.accesses(), 1, "{}", engine.name);
        assert_eq!(admit(&engine, &place, "three", 0.0, bounds, 0).await.evicted, 1, "{}", engine.name);
        assert!(exact(&engine, &place, "one").await.is_some(), "{}", engine.name);
        assert!(exact(&engine, &place, "two").await.is_none(), "{}", engine.name);
        let shrunk = engine.backend.apply(CacheMutation::Shrink(Bounds { entries: 1, ..WIDE })).await.unwrap();
        assert_eq!((shrunk.evicted, engine.backend.size().entries), (1, 1), "{}", engine.name);
        let bytes = engine.backend.size().bytes;
        let shrunk = engine.backend.apply(CacheMutation::Shrink(Bounds { bytes: bytes - 1, ..WIDE })).await.unwrap();
        assert_eq!((shrunk.evicted, engine.backend.size().bytes), (1, 0), "{}", engine.name);
    }
}

#[tokio::test]
async fn removing_takes_what_is_meant_and_counts_it() {
    for engine in engines() {
        let (a, b) = (namespace("a"), namespace("b"));
        for (place, question) in [(&a, "one"), (&a, "two"), (&b, "one")] {
            admit(&engine, place, question, 0.0, WIDE, 0).await;
        }
        let one = exact(&engine, &a, "one").await.unwrap();
        for expected in [1, 0] {
            assert_eq!(engine.backend.apply(CacheMutation::Remove(&one)).await.unwrap().removed, expected);
        }
        let clear = Clear::Namespace(a.name());
        assert_eq!(engine.backend.apply(CacheMutation::Clear(&clear)).await.unwrap().removed, 1, "{}", engine.name);
        let old = CacheMutation::Expire(UnixMillis(60_000), TTL);
        assert_eq!(engine.backend.apply(old).await.unwrap().expired, 1, "{}", engine.name);
        assert_eq!(engine.backend.size(), Default::default(), "{}", engine.name);
    }
}

#[tokio::test]
async fn further_words_lead_to_an_entry_and_go_with_it() {
    for engine in engines() {
        let place = namespace("a");
        admit(&engine, &place, "one", 0.0, WIDE, 0).await;
        admit(&engine, &place, "two", 0.0, WIDE, 0).await;
        let one = exact(&engine, &place, "one").await.unwrap();
        for words in ["uno", "two"] {
            engine.backend.apply(CacheMutation::Alias(&one, ExactKey::new(&place, words))).await.unwrap();
        }
        assert_eq!(exact(&engine, &place, "uno").await.unwrap().question(), "one", "{}", engine.name);
        assert_eq!(exact(&engine, &place, "two").await.unwrap().question(), "two", "{}", engine.name);
        engine.backend.apply(CacheMutation::Remove(&one)).await.unwrap();
        assert!(exact(&engine, &place, "uno").await.is_none(), "{}", engine.name);
    }
}

#[tokio::test]
async fn entries_remember_their_state_and_what_was_observed() {
    for engine in engines() {
        let place = namespace("a");
        admit(&engine, &place, "one", 0.0, WIDE, 0).await;
        let (one, stamp) = (exact(&engine, &place, "one").await.unwrap(), Stamp { db: "x".into(), revision: 3 });
        engine.backend.apply(CacheMutation::Confirm(&one, stamp.clone())).await.unwrap();
        assert!(exact(&engine, &place, "one").await.unwrap().is_of(&stamp), "{}", engine.name);
        let before = engine.backend.learned();
        engine.backend.apply(CacheMutation::Observe(&one, 0.9, true)).await.unwrap();
        assert_ne!(engine.backend.learned(), before, "{}", engine.name);
        assert_eq!(one.learned.lock().len(), 1, "{}", engine.name);
        engine.backend.tidy().await;
        assert!(exact(&engine, &place, "one").await.is_some(), "{}", engine.name);
    }
}
