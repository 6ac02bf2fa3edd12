use std::sync::Arc;

use super::super::MemoryBackend;
use super::*;
use crate::cache::{CacheQuery, CacheSettings, Exploration, HitKind, SemanticCache};
use crate::domain::SpecKey;
use crate::telemetry::Metrics;

fn namespace() -> Namespace {
    Namespace::new(&"docs".parse().unwrap(), SpecKey::new(["x"]))
}

fn answer(text: &str) -> StoredAnswer {
    StoredAnswer { text: text.into(), passages: Vec::new().into(), provider: "ollama".into(), bm25_weight: 0.5 }
}

fn key(byte: u8) -> Option<SealingKey> {
    SealingKey::new(&[byte; KEY_BYTES])
}

fn open(path: &Path, key: Option<SealingKey>) -> (SemanticCache, usize, usize) {
    let (journal, report) = Journal::open(path, key).unwrap();
    let (restored, damaged) = (report.restored(), report.damaged);
    (cache_of(journal, report), restored, damaged)
}

fn cache_of(journal: Journal, report: JournalReport) -> SemanticCache {
    let settings = CacheSettings::default();
    let backend = MemoryBackend::with_journal(journal, report, settings.bounds(), UnixMillis(1_000));
    SemanticCache::with_backend(Arc::new(backend), settings, Metrics::new().cache())
}

async fn keep(cache: &SemanticCache, question: &str) {
    let namespace = namespace();
    let asked = CacheQuery { namespace: &namespace, text: question };
    cache.keep(asked, answer(question), Some(&[0.6, 0.8]), None, UnixMillis(1_000)).await.unwrap();
}

async fn knows(cache: &SemanticCache, question: &str) -> bool {
    let namespace = namespace();
    let hit = cache.exact(CacheQuery { namespace: &namespace, text: question }, UnixMillis(1_000)).await;
    hit.is_some_and(|hit| hit.kind == HitKind::Exact && hit.entry.answer().text == question)
}

#[tokio::test]
async fn what_was_kept_comes_back_with_its_vector() {
    let folder = tempfile::tempdir().unwrap();
    for sealed in [None, Some(7)] {
        let path = folder.path().join(format!("{sealed:?}"));
        let (cache, restored, _) = open(&path, sealed.and_then(key));
        assert_eq!(restored, 0);
        keep(&cache, "one").await;
        keep(&cache, "two").await;
        keep(&cache, "three").await;
        let two = cache.exact(CacheQuery { namespace: &namespace(), text: "two" }, UnixMillis(1_000)).await.unwrap();
        cache.invalidate(&two.entry).await;
        drop(cache);
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.windows(5).any(|at| at == b"three"), sealed.is_none(), "sealed text is not to be read");
        let (cache, restored, damaged) = open(&path, sealed.and_then(key));
        assert_eq!((restored, damaged), (2, 0));
        assert!(knows(&cache, "one").await && !knows(&cache, "two").await && knows(&cache, "three").await);
        let three =
            cache.exact(CacheQuery { namespace: &namespace(), text: "three" }, UnixMillis(1_000)).await.unwrap();
        assert_eq!(cache.vector(&three.entry).await.unwrap(), [0.6, 0.8]);
        keep(&cache, "four").await;
        assert!(knows(&cache, "four").await && knows(&cache, "one").await, "numbers are not used twice");
    }
}

#[tokio::test]
async fn a_wrong_key_is_an_error_and_the_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let (cache, ..) = open(&path, key(1));
    keep(&cache, "secret").await;
    drop(cache);
    let before = fs::read(&path).unwrap();
    assert!(matches!(Journal::open(&path, key(2)), Err(JournalError::WrongKey { .. })));
    assert!(matches!(Journal::open(&path, None), Err(JournalError::KeyMissing { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(knows(&open(&path, key(1)).0, "secret").await);
    fs::write(&path, b"something else altogether").unwrap();
    let (journal, report) = Journal::open(&path, None).unwrap();
    let moved = report.moved_to.expect("it is kept for who wants to look at it");
    assert_eq!(fs::read(moved).unwrap(), b"something else altogether");
    drop(journal);
    assert!(fs::read(&path).unwrap().starts_with(PLAIN), "a new one was begun");
}

#[test]
fn a_journal_has_one_writer_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let (first, _) = Journal::open(&path, None).unwrap();
    assert!(matches!(Journal::open(&path, None), Err(JournalError::InUse { .. })));
    drop(first);
    assert!(Journal::open(&path, None).is_ok());
}

#[tokio::test]
async fn what_was_learned_adds_to_a_calibration_made_before_or_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let start = |calibrated: &SimilarityPrior| {
        let (journal, report) = Journal::open(&path, None).unwrap();
        cache_of(journal, report).with_prior(calibrated.clone())
    };
    let mut expected = SimilarityPrior::default();
    let cache = start(&expected);
    let namespace = namespace();
    let asked = CacheQuery { namespace: &namespace, text: "one" };
    keep(&cache, "one").await;
    let entry = cache.exact(asked, UnixMillis(1_000)).await.unwrap().entry;
    for right in [true, true, false] {
        cache.learn(&Exploration { entry: Arc::clone(&entry), similarity: 0.91, rate: 1.0 }, asked, right).await;
        expected.observe(0.91, right);
    }
    drop(cache);
    assert_eq!(start(&SimilarityPrior::default()).prior(), expected, "read back from single records");
    assert_eq!(start(&SimilarityPrior::default()).prior(), expected, "read back from the sum");
    let mut calibrated = SimilarityPrior::default();
    for _ in 0..100 {
        calibrated.observe(0.85, true);
        expected.observe(0.85, true);
    }
    assert_eq!(start(&calibrated).prior(), expected, "the calibration is not lost behind the journal");
}

#[tokio::test]
async fn a_plain_journal_is_sealed_when_a_key_comes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    keep(&open(&path, None).0, "once open").await;
    let (cache, restored, _) = open(&path, key(3));
    assert_eq!(restored, 1);
    drop(cache);
    assert!(!fs::read(&path).unwrap().windows(9).any(|at| at == b"once open"));
}

#[tokio::test]
async fn damage_costs_what_it_hit_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let (cache, ..) = open(&path, None);
    for n in 0..20 {
        keep(&cache, &format!("question {n}")).await;
    }
    drop(cache);
    let whole = fs::read(&path).unwrap();
    let record = (whole.len() - 16) / 20;
    // A flipped byte in the middle, and the end torn off.
    let mut damaged = whole.clone();
    damaged[16 + 5 * record + record / 2] ^= 0x55;
    damaged.truncate(whole.len() - 7);
    fs::write(&path, &damaged).unwrap();
    let (cache, restored, lost) = open(&path, None);
    assert_eq!((restored, lost), (18, 2));
    assert!(
        knows(&cache, "question 4").await && !knows(&cache, "question 5").await && knows(&cache, "question 6").await
    );
    assert!(!knows(&cache, "question 19").await);
    drop(cache);
    assert_eq!(open(&path, None).2, 0, "written anew without the damage");
    for cut in [0, 3, 15, 17, 40] {
        fs::write(&path, &whole[..cut]).unwrap();
        let (_, report) = Journal::open(&path, None).unwrap();
        assert_eq!((report.restored(), report.moved_to.is_some()), (0, (1..16).contains(&cut)), "cut at {cut}");
    }
}
