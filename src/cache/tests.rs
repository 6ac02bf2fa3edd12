use crate::util::time::UnixMillis;
use std::time::Duration;

use proptest::prelude::*;

use super::{tune::ready, *};
use crate::{
    domain::{Passage, SpecKey, Stamp},
    telemetry::Metrics,
};

const NOW: UnixMillis = UnixMillis(1_000_000);

fn cache(settings: CacheSettings) -> SemanticCache {
    SemanticCache::new(settings, Metrics::new().cache())
}

fn namespace(name: &str) -> Namespace {
    Namespace::new(&"docs".parse().unwrap(), SpecKey::new(["docs", name]))
}

fn context(key: &str) -> Passage {
    Passage {
        text: "text".into(),
        key: key.into(),
        source: "a.md".into(),
        chunk: 0,
        version: String::new(),
        language: "en".into(),
        score: 1.0,
        ..Passage::default()
    }
}

pub(super) fn answer(text: &str, keys: &[&str]) -> StoredAnswer {
    StoredAnswer {
        text: text.into(),
        passages: keys.iter().map(|key| context(key)).collect(),
        provider: "ollama".into(),
        bm25_weight: 0.5,
    }
}

/// A unit vector in the plane: cosines of such are cosines of the difference of their angles.
fn at(degrees: f32) -> Vec<f32> {
    vec![degrees.to_radians().cos(), degrees.to_radians().sin()]
}

async fn keep(cache: &SemanticCache, n: &Namespace, question: &str, degrees: f32) -> Result<(), NotKept> {
    let text = format!("Answer to {question} [1].");
    cache
        .keep(CacheQuery { namespace: n, text: question }, answer(&text, &[question]), Some(&at(degrees)), None, NOW)
        .await
}

async fn ask(cache: &SemanticCache, n: &Namespace, question: &str, degrees: f32, now: UnixMillis) -> CacheDecision {
    cache.nearest(CacheQuery { namespace: n, text: question }, &Wording::of(question), &at(degrees), now, 0.5).await
}

#[tokio::test]
async fn the_same_words_hit_and_only_in_their_namespace() {
    let cache = cache(CacheSettings::default());
    let (a, b) = (namespace("a"), namespace("b"));
    keep(&cache, &a, "How long?", 0.0).await.unwrap();
    let hit = cache.exact(CacheQuery { namespace: &a, text: "how long" }, NOW).await.unwrap();
    assert_eq!(hit.entry.question(), "How long?");
    assert!(cache.exact(CacheQuery { namespace: &b, text: "How long?" }, NOW).await.is_none());
    assert!(matches!(ask(&cache, &b, "How long?", 0.0, NOW).await, CacheDecision::Miss));
    cache.given(&hit);
    assert_eq!((hit.entry.accesses(), cache.stats(NOW).exact_hits), (1, 1));
}

#[tokio::test]
async fn a_near_question_hits_above_the_threshold_only() {
    let cache = cache(CacheSettings::default());
    let n = namespace("a");
    keep(&cache, &n, "How long are backups kept?", 0.0).await.unwrap();
    // cos 10° = 0.985, cos 40° = 0.766.
    assert!(matches!(ask(&cache, &n, "For how long do you keep backups?", 10.0, NOW).await, CacheDecision::Hit(hit)
        if (hit.similarity() - 0.985).abs() < 0.001));
    assert!(matches!(ask(&cache, &n, "For how long do you keep backups?", 40.0, NOW).await, CacheDecision::Miss));
}

#[tokio::test]
async fn a_guard_refuses_and_says_why_and_may_be_switched_off() {
    let n = namespace("a");
    for guards in [true, false] {
        let cache = cache(CacheSettings { guards, ..CacheSettings::default() });
        keep(&cache, &n, "How do I enable the cache?", 0.0).await.unwrap();
        match ask(&cache, &n, "How do I disable the cache?", 5.0, NOW).await {
            CacheDecision::Refused(refused) if guards => assert_eq!(refused.reason, Rejection::Antonyms),
            CacheDecision::Hit(_) if !guards => {}
            verdict => panic!("{verdict:?}"),
        }
    }
}

#[tokio::test]
async fn behind_a_refused_neighbour_the_next_one_is_asked() {
    let cache = cache(CacheSettings::default());
    let n = namespace("a");
    keep(&cache, &n, "How do I enable the cache?", 0.0).await.unwrap();
    keep(&cache, &n, "How do I disable the cache?", 9.0).await.unwrap();
    assert!(matches!(ask(&cache, &n, "How can I disable the cache?", 1.0, NOW).await, CacheDecision::Hit(hit)
        if hit.entry.question() == "How do I disable the cache?"));
}

#[tokio::test]
async fn two_answers_that_are_equally_near_and_differ_are_ambiguous() {
    let cache = cache(CacheSettings::default());
    let n = namespace("a");
    keep(&cache, &n, "backup retention policy", 2.0).await.unwrap();
    keep(&cache, &n, "backup retention rules overview", -2.5).await.unwrap();
    assert!(
        matches!(ask(&cache, &n, "what is the retention of backups", 0.0, NOW).await, CacheDecision::Refused(refused)
        if refused.reason == Rejection::Ambiguous)
    );
}

#[tokio::test]
async fn entries_grow_old_and_are_counted() {
    let cache = cache(CacheSettings { ttl: Duration::from_secs(60), ..CacheSettings::default() });
    let n = namespace("a");
    keep(&cache, &n, "one", 0.0).await.unwrap();
    let (young, old) = (UnixMillis(NOW.0 + 59_999), UnixMillis(NOW.0 + 60_000));
    assert!(cache.exact(CacheQuery { namespace: &n, text: "one" }, young).await.is_some());
    assert!(matches!(ask(&cache, &n, "un", 1.0, old).await, CacheDecision::Miss));
    assert!(cache.exact(CacheQuery { namespace: &n, text: "one" }, old).await.is_none());
    let stats = cache.stats(NOW);
    assert_eq!((stats.expirations, stats.size, stats.bytes), (1, 0, 0));
}

#[tokio::test]
async fn an_answer_larger_than_the_cache_is_not_kept_and_counted() {
    let cache = cache(CacheSettings { max_bytes: 4_000, ..CacheSettings::default() });
    let n = namespace("a");
    let long = answer(&"x".repeat(5_000), &[]);
    assert_eq!(
        cache.keep(CacheQuery { namespace: &n, text: "q" }, long, None, None, NOW).await,
        Err(NotKept::TooLarge)
    );
    for question in ["one", "two", "three", "four", "five"] {
        keep(&cache, &n, question, 0.0).await.unwrap();
    }
    let stats = cache.stats(NOW);
    assert_eq!(stats.too_large, 1);
    assert!(stats.bytes <= 4_000 && stats.size >= 3 && stats.evictions as usize == 5 - stats.size, "{stats:?}");
}

#[tokio::test]
async fn shrinking_evicts_the_least_recently_used() {
    let cache = cache(CacheSettings::default());
    let n = namespace("a");
    for question in ["one", "two", "three"] {
        keep(&cache, &n, question, 0.0).await.unwrap();
    }
    cache.given(&cache.exact(CacheQuery { namespace: &n, text: "one" }, NOW).await.unwrap());
    cache.change(&CacheChange { max_size: Some(2), ..CacheChange::default() }).await.unwrap();
    let known = async |text| cache.exact(CacheQuery { namespace: &n, text }, NOW).await.is_some();
    assert!(known("one").await && !known("two").await && known("three").await);
    assert_eq!(cache.stats(NOW).evictions, 1);
}

#[tokio::test]
async fn clearing_takes_what_was_meant() {
    let cache = cache(CacheSettings::default());
    let (a, b) = (namespace("a"), namespace("b"));
    let other = Namespace::new(&"other".parse().unwrap(), SpecKey::new(["other", "a"]));
    for n in [&a, &b, &other] {
        keep(&cache, n, "one", 0.0).await.unwrap();
    }
    assert_eq!(cache.clear(&Clear::Namespace(a.name())).await, 1);
    assert_eq!(cache.clear(&Clear::Db("docs".parse().unwrap())).await, 1);
    assert_eq!(cache.clear(&Clear::All).await, 1);
    assert_eq!((cache.stats(NOW).size, cache.stats(NOW).bytes), (0, 0));
}

#[tokio::test]
async fn entries_know_their_state_and_their_evidence() {
    let cache = cache(CacheSettings::default());
    let n = namespace("a");
    let stamp = |revision| Stamp { db: "x".into(), revision };
    let asked = CacheQuery { namespace: &n, text: "one" };
    cache.keep(asked, answer("Yes [2].", &["k1", "k2"]), None, Some(stamp(1)), NOW).await.unwrap();
    let entry = cache.exact(asked, NOW).await.unwrap().entry;
    assert!(entry.is_of(&stamp(1)) && !entry.is_of(&stamp(2)));
    entry.confirm(stamp(2));
    assert!(entry.is_of(&stamp(2)));
    assert!(entry.made_from(&[context("k2"), context("k1")]) && !entry.made_from(&[context("k1")]));
    assert!(entry.is_evidenced_by(&[context("k2")]) && !entry.is_evidenced_by(&[context("k1")]));
    cache.invalidate(&entry).await;
    cache.invalidate(&entry).await;
    assert!(cache.exact(asked, NOW).await.is_none());
    assert_eq!(cache.stats(NOW).invalidations, 1);
}

#[tokio::test]
async fn verified_mode_explores_then_trusts_and_aliases_what_it_verified() {
    let settings = CacheSettings { mode: CacheMode::Verified, ..CacheSettings::default() };
    let mut prior = SimilarityPrior::default();
    for _ in 0..500 {
        prior.observe(0.93, true);
        prior.observe(0.95, true);
    }
    let cache = cache(settings).with_prior(prior);
    let n = namespace("a");
    keep(&cache, &n, "How long are backups kept?", 0.0).await.unwrap();
    let question = "For how long do you keep backups?";
    let asked = CacheQuery { namespace: &n, text: question };
    let verdict = async |draw, degrees| cache.nearest(asked, &Wording::of(question), &at(degrees), NOW, draw).await;
    // cos 40° = 0.766: not enough is known there.
    let CacheDecision::Explore(trial) = verdict(0.5, 40.0).await else { panic!("nothing was tried") };
    // cos 15° = 0.966.
    let CacheDecision::Hit(_) = verdict(0.99, 15.0).await else { panic!("not trusted where it was always right") };
    cache.learn(&trial, asked, false).await;
    let CacheDecision::Explore(trial) = verdict(0.5, 39.0).await else { panic!("a failed entry was trusted") };
    assert!(cache.exact(asked, NOW).await.is_none());
    cache.learn(&trial, asked, true).await;
    assert_eq!(cache.exact(asked, NOW).await.unwrap().entry.question(), "How long are backups kept?");
    assert!(cache.stats(NOW).false_hit_limit.is_some());
}

#[tokio::test]
async fn nothing_is_kept_while_it_is_off() {
    let cache = cache(CacheSettings { enabled: false, ..CacheSettings::default() });
    assert_eq!(keep(&cache, &namespace("a"), "one", 0.0).await, Err(NotKept::Disabled));
}

#[test]
fn every_reason_is_a_series() {
    assert_eq!(Rejection::ALL.map(Rejection::as_str), crate::telemetry::REJECTIONS);
}

proptest! {
    #[test]
    fn bounds_hold_whatever_happens(steps in prop::collection::vec((0u8..4, 0u32..30, 1usize..12), 1..200)) {
        let cache = cache(CacheSettings { ttl: Duration::from_millis(50), max_size: 8, ..CacheSettings::default() });
        let n = namespace("a");
        let mut now = NOW.0;
        for (step, which, size) in steps {
            now += 3;
            let question = format!("question {which}");
            let asked = CacheQuery { namespace: &n, text: &question };
            match step {
                0 => drop(ready(cache.keep(asked, answer(&question, &[]), Some(&at(which as f32)), None, UnixMillis(now)))),
                1 => {
                    if let Some(hit) = ready(cache.exact(asked, UnixMillis(now))) {
                        prop_assert_eq!(&hit.entry.answer().text, &question);
                        prop_assert!(UnixMillis(now).since(hit.entry.created()) < Duration::from_millis(50));
                        cache.given(&hit);
                    }
                }
                2 => drop(ready(ask(&cache, &n, &question, which as f32, UnixMillis(now)))),
                _ => drop(ready(cache.change(&CacheChange { max_size: Some(size as i64), ..CacheChange::default() }))),
            }
            let (stats, settings) = (cache.stats(NOW), cache.settings());
            prop_assert!(stats.size <= settings.max_size && stats.bytes <= settings.max_bytes);
            prop_assert_eq!(stats.size == 0, stats.bytes == 0);
        }
    }
}
