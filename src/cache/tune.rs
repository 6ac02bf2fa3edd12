//! What would the cache have done? Replays questions whose right answers are known under several settings.
//!
//! Two kinds of records can be replayed. Labelled pairs (`q1,q2,label`) are each a cache of one entry that is asked once.
//! A log (`query[,answer]`) is asked in its order of one cache, which keeps what it has to ask for; where the log says what
//! the answer was, a hit on another answer is a false hit.

use std::sync::Arc;

use futures::FutureExt;
use serde::Serialize;

use super::{
    CacheDecision, CacheMode, CacheQuery, CacheSettings, ErrorBudget, Namespace, SemanticCache, SimilarityPrior,
    StoredAnswer, Wording, mismatch, verified::Learned,
};
use crate::util::statistics::{ONE_SIDED_95, wilson};
use crate::util::time::UnixMillis;
use crate::{
    domain::{DbName, SpecKey},
    telemetry::Metrics,
    util::vectors::dot_f32,
};

/// A question with its unit vector.
#[derive(Debug, Clone)]
pub struct Embedded {
    /// Its words.
    pub text: String,
    /// The same, taken apart.
    pub wording: Wording,
    /// Its vector.
    pub vector: Arc<[f32]>,
}

impl Embedded {
    /// Takes the question apart.
    pub fn new(text: String, vector: Vec<f32>) -> Self {
        Self { wording: Wording::of(&text), text, vector: vector.into() }
    }
}

/// Two questions, and whether an answer to one answers the other.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The one that is stored.
    pub stored: Embedded,
    /// The one that is asked.
    pub asked: Embedded,
    /// Whether they ask for the same.
    pub same: bool,
}

/// A question of a log.
#[derive(Debug, Clone)]
pub struct Logged {
    /// The question.
    pub question: Embedded,
    /// What the right answer is, by any name.
    pub answer: Option<String>,
}

/// What was measured under one setting.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// `threshold` or `verified`.
    pub mode: &'static str,
    /// Least similarity; `None` in verified mode.
    pub threshold: Option<f32>,
    /// Whether guards looked.
    pub guards: bool,
    /// Questions that were asked; those in known words are not among them.
    pub questions: usize,
    /// Those that got a stored answer.
    pub hits: usize,
    /// Those of `hits` that got the right one; `None` when the log does not tell.
    pub right: Option<usize>,
    /// Those of `hits` that got another question's.
    pub wrong: Option<usize>,
    /// `hits` of `questions`.
    pub hit_rate: f64,
    /// `wrong` of `questions`.
    pub false_hit_rate: Option<f64>,
    /// Upper 95 % limit of that rate.
    pub false_hit_limit: Option<f64>,
    /// Near neighbours that a guard refused.
    pub refused: usize,
}

impl Measured {
    fn new(settings: &CacheSettings, questions: usize) -> Self {
        let fixed = settings.mode == CacheMode::Threshold;
        Self {
            mode: settings.mode.as_str(),
            threshold: fixed.then_some(settings.threshold),
            guards: settings.guards,
            questions,
            hits: 0,
            right: Some(0),
            wrong: Some(0),
            hit_rate: 0.0,
            false_hit_rate: None,
            false_hit_limit: None,
            refused: 0,
        }
    }

    fn hit(&mut self, right: Option<bool>) {
        self.hits += 1;
        match right {
            Some(true) => self.right = self.right.map(|n| n + 1),
            Some(false) => self.wrong = self.wrong.map(|n| n + 1),
            None => (self.right, self.wrong) = (None, None),
        }
    }

    fn concluded(mut self) -> Self {
        let all = self.questions.max(1) as f64;
        self.hit_rate = self.hits as f64 / all;
        self.false_hit_rate = self.wrong.map(|wrong| wrong as f64 / all);
        self.false_hit_limit = self.wrong.map(|wrong| upper_limit(wrong, self.questions));
        self
    }
}

/// Upper end of Wilson's interval for a share, one-sided 95 %.
pub fn upper_limit(count: usize, of: usize) -> f64 {
    wilson(count as f64, of as f64, ONE_SIDED_95).map_or(1.0, |(_, upper)| upper)
}

/// Replays labelled pairs under a setting. In verified mode `prior` is what is known before, and what is known
/// afterwards; `seed` is that of its draws.
pub fn replay_pairs(pairs: &[Pair], settings: &CacheSettings, prior: &mut SimilarityPrior, seed: u64) -> Measured {
    let mut measured = Measured::new(settings, pairs.len());
    let (mut risk, mut random) = (ErrorBudget::default(), fastrand::Rng::with_seed(seed));
    for pair in pairs {
        let similarity = dot_f32(&pair.stored.vector, &pair.asked.vector);
        let verified = settings.mode == CacheMode::Verified;
        let least = if verified { super::decision::VERIFIED_FLOOR } else { settings.threshold };
        risk.question(settings.delta);
        if similarity < least {
            continue;
        }
        if settings.guards && mismatch::refuse(&pair.asked.wording, &pair.stored.wording).is_some() {
            measured.refused += 1;
            continue;
        }
        if verified {
            let confidence = prior.confidence(&Learned::default(), similarity);
            if risk.decide(confidence, settings.delta, random.f64()).1 {
                prior.observe(similarity, pair.same);
                continue;
            }
        }
        measured.hit(Some(pair.same));
    }
    measured.concluded()
}

/// Replays a log under a setting: `stored` is known before, then `asked` comes in its order. With `keep`, what had to be
/// asked for is kept; `seed` is that of verified mode's draws.
pub fn replay_log(
    stored: &[Logged],
    asked: &[Logged],
    settings: &CacheSettings,
    prior: &SimilarityPrior,
    keep: bool,
    seed: u64,
) -> Measured {
    let mut random = fastrand::Rng::with_seed(seed);
    run_log(stored, asked, settings, prior, keep, || random.f64()).0
}

fn run_log(
    stored: &[Logged],
    asked: &[Logged],
    settings: &CacheSettings,
    prior: &SimilarityPrior,
    keep: bool,
    mut draw: impl FnMut() -> f64,
) -> (Measured, SimilarityPrior) {
    const NOW: UnixMillis = UnixMillis(0);
    let most = stored.len() + asked.len();
    let unbounded = CacheSettings { max_size: most.max(1), max_bytes: usize::MAX, ..*settings };
    let cache = SemanticCache::new(unbounded, Metrics::new().cache()).with_prior(prior.clone());
    let Ok(db) = "log".parse::<DbName>() else { unreachable!("a plain word is a name") };
    let namespace = Namespace::new(&db, SpecKey::new([]));
    let remember = |number: usize, logged: &Logged| {
        // Questions whose answers are not known are each their own.
        let text = logged.answer.clone().unwrap_or_else(|| format!("answer {number}"));
        let answer = StoredAnswer { text, passages: [].into(), provider: String::new(), bm25_weight: 0.0 };
        let question = CacheQuery { namespace: &namespace, text: &logged.question.text };
        let kept = ready(cache.keep(question, answer, Some(&logged.question.vector), None, NOW));
        debug_assert!(kept.is_ok(), "the cache has no bounds");
    };
    for (number, logged) in stored.iter().enumerate() {
        remember(number, logged);
    }
    let mut measured = Measured::new(settings, 0);
    for (number, logged) in asked.iter().enumerate() {
        let question = CacheQuery { namespace: &namespace, text: &logged.question.text };
        if ready(cache.exact(question, NOW)).is_some() {
            continue;
        }
        measured.questions += 1;
        let right = |text: &str| logged.answer.as_ref().map(|answer| answer == text);
        let verdict = ready(cache.nearest(question, &logged.question.wording, &logged.question.vector, NOW, draw()));
        match verdict {
            CacheDecision::Hit(hit) => {
                measured.hit(right(&hit.entry.answer().text));
                continue;
            }
            CacheDecision::Explore(trial) => {
                let agrees = right(&trial.entry.answer().text).unwrap_or(false);
                ready(cache.learn(&trial, question, agrees));
                if agrees {
                    continue;
                }
            }
            CacheDecision::Refused(_) => measured.refused += 1,
            CacheDecision::Miss => {}
        }
        if keep {
            remember(stored.len() + number, logged);
        }
    }
    (measured.concluded(), cache.prior())
}

/// The result of asking a cache in memory, which never waits.
pub fn ready<T>(asked: impl Future<Output = T>) -> T {
    asked.now_or_never().expect("a cache in memory answers at once")
}

/// What labelled pairs teach about similarities, after the guards.
pub fn teach_pairs(pairs: &[Pair]) -> SimilarityPrior {
    let mut prior = SimilarityPrior::default();
    for pair in pairs {
        if mismatch::refuse(&pair.asked.wording, &pair.stored.wording).is_none() {
            prior.observe(dot_f32(&pair.stored.vector, &pair.asked.vector), pair.same);
        }
    }
    prior
}

/// What a log with answers teaches, when `stored` is known before: whether the nearest neighbour that no guard refuses is
/// right.
pub fn teach_log(stored: &[Logged], asked: &[Logged]) -> SimilarityPrior {
    let settings = CacheSettings { mode: CacheMode::Verified, ..CacheSettings::default() };
    // At a draw of zero every neighbour is tested.
    run_log(stored, asked, &settings, &SimilarityPrior::default(), false, || 0.0).1
}

/// Of these the one that hits most while its false-hit rate stays within `bound`, with 95 % confidence; among those that
/// hit as often, the one with fewer false hits.
pub fn recommended(measured: &[Measured], bound: f64) -> Option<&Measured> {
    let within = measured.iter().filter(|m| m.hits > 0 && m.false_hit_limit.is_some_and(|limit| limit <= bound));
    within.max_by(|a, b| a.hits.cmp(&b.hits).then(b.wrong.cmp(&a.wrong)))
}

/// Thresholds that are worth a line: from 0.70 to 0.99.
pub fn thresholds() -> impl Iterator<Item = f32> {
    (0..=5).map(|n| 0.70 + n as f32 * 0.02).chain((0..=18).map(|n| 0.81 + n as f32 * 0.01))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedded(text: &str, degrees: f32) -> Embedded {
        Embedded::new(text.into(), vec![degrees.to_radians().cos(), degrees.to_radians().sin()])
    }

    fn pair(a: &str, b: &str, degrees: f32, same: bool) -> Pair {
        Pair { stored: embedded(a, 0.0), asked: embedded(b, degrees), same }
    }

    #[test]
    fn pairs_are_hits_above_the_threshold_unless_a_guard_refuses() {
        let pairs = [
            pair("How long are backups kept?", "For how long are backups kept?", 5.0, true),
            pair("How do I enable it?", "How do I disable it?", 5.0, false),
            pair("What is a node?", "What is a pod?", 60.0, false),
        ];
        let settings = |guards| CacheSettings { threshold: 0.9, guards, ..CacheSettings::default() };
        let bare = replay_pairs(&pairs, &settings(false), &mut SimilarityPrior::default(), 1);
        assert_eq!((bare.hits, bare.right, bare.wrong, bare.refused), (2, Some(1), Some(1), 0));
        let guarded = replay_pairs(&pairs, &settings(true), &mut SimilarityPrior::default(), 1);
        assert_eq!((guarded.hits, guarded.right, guarded.wrong, guarded.refused), (1, Some(1), Some(0), 1));
    }

    #[test]
    fn a_log_is_replayed_in_its_order_and_tells_nothing_where_it_knows_nothing() {
        let logged = |text: &str, degrees, answer: Option<&str>| Logged {
            question: embedded(text, degrees),
            answer: answer.map(str::to_owned),
        };
        let log = [
            logged("How long are backups kept?", 0.0, Some("30 days")),
            logged("How long are backups kept", 0.0, Some("30 days")),
            logged("For how long are backups kept?", 5.0, Some("30 days")),
            logged("For how long do backups stay?", 8.0, Some("until deleted")),
        ];
        let settings = CacheSettings { threshold: 0.9, ..CacheSettings::default() };
        let measured = replay_log(&[], &log, &settings, &SimilarityPrior::default(), true, 1);
        assert_eq!((measured.questions, measured.hits, measured.wrong), (3, 2, Some(1)));
        let untold = log.map(|logged| Logged { answer: None, ..logged });
        let measured = replay_log(&[], &untold, &settings, &SimilarityPrior::default(), true, 1);
        assert_eq!((measured.hits, measured.right, measured.false_hit_rate), (2, None, None));
    }

    #[test]
    fn the_recommendation_keeps_the_bound_and_hits_most() {
        let line = |threshold, hits, wrong| {
            let settings = CacheSettings { threshold, ..CacheSettings::default() };
            let mut measured = Measured::new(&settings, 10_000);
            (measured.hits, measured.wrong) = (hits, Some(wrong));
            measured.concluded()
        };
        let lines = [line(0.95, 400, 10), line(0.9, 900, 60), line(0.85, 2_000, 300)];
        assert_eq!(recommended(&lines, 0.01).unwrap().threshold, Some(0.9));
        assert!(recommended(&lines, 0.0001).is_none());
    }
}
