//! How sure is it that a stored answer answers a question at this similarity, and when must the LLM be asked to stay within
//! an error bound?
//!
//! After "verified semantic caching" (vCache, Schroeder et al. 2025, arXiv 2502.03771): each entry learns its own threshold
//! from observations (similarity, was the stored answer right). A stored answer is given only as far as the share of
//! questions that get another question's answer stays within δ; otherwise the LLM is asked, whose answer is right by
//! definition and is one more observation.
//!
//! Three things are done otherwise than in the paper.
//!
//! - The fit is Bayesian: the probability that the stored answer is right is a logistic curve over the similarity, averaged
//!   over all thresholds that the observations leave possible. The paper takes the worst ε-quantile for the best ε, which
//!   bounds the same probability from below.
//! - An entry that has not been observed yet starts from what others taught ([`SimilarityPrior`]) instead of from nothing: most
//!   questions have near neighbours only a few times.
//! - The bound is on the share of all questions ([`ErrorBudget`]), not on each question by itself. Questions that have no neighbour
//!   cannot be answered wrongly by a cache, and their part of the budget is spent where most answers can be had for it.

use serde::{Deserialize, Serialize};

use crate::util::statistics::{ONE_SIDED_95, wilson};

/// Thresholds that are considered: from [`LOWEST`] to 1 in steps of 1/100, and one that no similarity reaches.
const THRESHOLDS: usize = 52;

/// The lowest of them; below nothing is learned.
const LOWEST: f64 = 0.5;

/// Slope of the logistic curve: from 5 % to 95 % within two steps.
const SLOPE: f64 = 300.0;

/// How often an observation is wrong, because answers can only be compared roughly.
const NOISE: f64 = 0.002;

/// Weight of what is assumed before anything was observed, in observations a step of similarity.
const PRIOR: f64 = 0.1;

/// Observations that an entry remembers; newer ones replace the oldest.
const REMEMBERED: usize = 64;

/// What an entry has learned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Learned(Vec<(f32, bool)>);

impl Learned {
    /// Adds an observation: a question at this similarity, and whether the stored answer was right for it.
    pub fn observe(&mut self, similarity: f32, right: bool) {
        if self.0.len() == REMEMBERED {
            self.0.remove(0);
        }
        self.0.push((similarity, right));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was observed yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What all entries have taught: how many stored answers were right and wrong, by similarity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimilarityPrior {
    right: Vec<f64>,
    wrong: Vec<f64>,
    /// How likely each threshold is for an entry without observations; follows from the counts.
    #[serde(skip)]
    thresholds: Vec<f64>,
}

impl Default for SimilarityPrior {
    /// Before anything is known: of two questions at a cosine of 0.9 every third pair asks for different things, which is
    /// what labelled pairs of forum questions show, and at 1 still every ninth. Counts as a tenth of an observation a step.
    fn default() -> Self {
        let share = |at| ((similarity(at) - 0.6) / 0.45).clamp(0.0, 1.0);
        let right: Vec<f64> = (0..THRESHOLDS - 1).map(|at| PRIOR * share(at)).collect();
        let wrong = right.iter().map(|right| PRIOR - right).collect();
        let mut experience = Self { right, wrong, thresholds: Vec::new() };
        experience.conclude();
        experience
    }
}

/// The similarity in the middle of a step.
fn similarity(at: usize) -> f64 {
    LOWEST + at as f64 / 100.0
}

/// The step of a similarity, rounded down: what was seen there holds from there.
fn step(similarity: f32) -> usize {
    (((f64::from(similarity) - LOWEST) * 100.0 + 1e-4).floor().max(0.0) as usize).min(THRESHOLDS - 2)
}

impl SimilarityPrior {
    /// Nothing at all: what observations are added to that are kept apart from what was known before them.
    pub(super) fn nothing() -> Self {
        let counts = vec![0.0; THRESHOLDS - 1];
        let mut experience = Self { right: counts.clone(), wrong: counts, thresholds: Vec::new() };
        experience.conclude();
        experience
    }

    /// Adds what was observed elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        for (counts, more) in [(&mut self.right, &other.right), (&mut self.wrong, &other.wrong)] {
            counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        }
        self.conclude();
    }

    /// Adds an observation of any entry.
    pub fn observe(&mut self, similarity: f32, right: bool) {
        if f64::from(similarity) < LOWEST {
            return;
        }
        let counts = if right { &mut self.right } else { &mut self.wrong };
        if let Some(count) = counts.get_mut(step(similarity)) {
            *count += 1.0;
        }
        self.conclude();
    }

    /// Repairs what came from a file.
    pub(super) fn checked(mut self) -> Option<Self> {
        let sound = |counts: &[f64]| {
            counts.len() == THRESHOLDS - 1 && counts.iter().all(|count| count.is_finite() && *count >= 0.0)
        };
        if !sound(&self.right) || !sound(&self.wrong) {
            return None;
        }
        self.conclude();
        Some(self)
    }

    /// How sure it is by similarity. A stored answer is not less likely right at a higher similarity, so that what was seen
    /// in any range below bounds it from below: the lower end of Wilson's interval, of the range that bounds it best. The
    /// rises from step to step are the probabilities of thresholds.
    fn conclude(&mut self) {
        self.thresholds = Vec::with_capacity(THRESHOLDS);
        let mut reached = 0.0f64;
        for end in 0..self.right.len() {
            let (mut right, mut all, mut sure) = (0.0, 0.0, reached);
            for start in (0..=end).rev() {
                right += self.right[start];
                all += self.right[start] + self.wrong[start];
                sure = wilson(right, all, ONE_SIDED_95).map_or(sure, |(lower, _)| lower.max(sure));
            }
            self.thresholds.push(sure - reached);
            reached = sure;
        }
        self.thresholds.push(1.0 - reached);
    }

    /// How likely the stored answer is right for a question at this similarity, given what its entry has learned.
    pub fn confidence(&self, learned: &Learned, similarity_now: f32) -> f64 {
        let (mut all, mut right) = (0.0, 0.0);
        for (at, prior) in self.thresholds.iter().enumerate().filter(|(_, prior)| **prior > 0.0) {
            let chance = |s: f32| {
                let sure =
                    if at == THRESHOLDS - 1 { 0.0 } else { logistic(SLOPE * (f64::from(s) - similarity(at) + 0.01)) };
                NOISE + (1.0 - 2.0 * NOISE) * sure
            };
            let likelihood: f64 =
                learned.0.iter().map(|&(s, was_right)| if was_right { chance(s) } else { 1.0 - chance(s) }).product();
            all += prior * likelihood;
            right += prior * likelihood * chance(similarity_now);
        }
        if all > 0.0 { right / all } else { 0.0 }
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Share of the questions whose stored answer is trusted for which the LLM is asked all the same: trust that is never tested
/// cannot be measured.
const TESTED: f64 = 0.05;

/// How fast the bar follows what was spent: about 200 questions at a bound of 1 %.
const PACE: f64 = 0.05;

/// Questions whose budget may be spent ahead.
const ADVANCE: f64 = 100.0;

/// The highest bar: worse than even is never trusted.
const HIGHEST_BAR: f64 = 0.5;

/// The budget of wrong answers, and the account of what was spent.
///
/// Each question earns δ; a stored answer that is wrong with probability q costs q when it is given. Given are those with
/// the lowest q: up to a bar, which rises while less is spent than earned, and falls while more is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ErrorBudget {
    questions: f64,
    bar: f64,
    earned: f64,
    spent: f64,
    /// Wrong answers that the tests stand for, and their variance.
    shown: f64,
    variance: f64,
    tests: f64,
}

impl ErrorBudget {
    /// A question was looked up.
    pub fn question(&mut self, delta: f64) {
        self.questions += 1.0;
        let before = self.allowed(delta);
        self.earned += delta;
        let earned = self.allowed(delta) - before;
        self.bar = (self.bar.max(delta) + PACE * earned).min(HIGHEST_BAR);
    }

    /// What may be spent. That is an expectation: so that what comes of it stays within the bound in 19 of 20 cases, some of
    /// what was earned is left.
    fn allowed(&self, delta: f64) -> f64 {
        (self.earned - ONE_SIDED_95 * self.earned.sqrt()).max(ADVANCE * delta)
    }

    /// How often the LLM is to be asked for a question whose stored answer is right with this probability: `1` always,
    /// else now and then. `draw` is a random number in 0..1; with the rate comes whether it is to be asked now.
    pub fn decide(&mut self, confidence: f64, delta: f64, draw: f64) -> (f64, bool) {
        let wrong = 1.0 - confidence;
        let affordable = self.spent + wrong <= self.allowed(delta);
        if wrong > self.bar.max(delta) || !affordable {
            return (1.0, true);
        }
        if draw < TESTED {
            return (TESTED, true);
        }
        self.spent += wrong;
        self.bar = (self.bar - PACE * wrong).max(delta);
        (TESTED, false)
    }

    /// The LLM was asked at this rate, and has shown the stored answer to be right or wrong. A test stands for the
    /// (1 − rate)/rate questions like it whose answer was given untested (Horvitz and Thompson 1952).
    pub fn tested(&mut self, rate: f64, right: bool) {
        let weight = (1.0 - rate) / rate;
        if weight > 0.0 {
            self.tests += 1.0;
        }
        if !right {
            self.shown += weight;
            self.variance += weight * weight;
        }
    }

    /// Upper 95 % limit of the share of questions that got another question's answer; 1 while nothing is known.
    pub fn upper_limit(&self) -> f64 {
        if self.tests == 0.0 {
            return if self.questions > 0.0 && self.spent == 0.0 { 0.0 } else { 1.0 };
        }
        // That nothing was seen still allows three (the rule of three), each of which stands for its weight.
        let weight = (1.0 - TESTED) / TESTED;
        ((self.shown + ONE_SIDED_95 * self.variance.sqrt() + 3.0 * weight) / self.questions).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_observations_hardly_anything_is_trusted() {
        let experience = SimilarityPrior::default();
        let at = |s| experience.confidence(&Learned::default(), s);
        assert!(at(0.99) < 0.9 && at(0.9) < 0.7, "{} {}", at(0.99), at(0.9));
    }

    #[test]
    fn experience_of_others_counts_and_own_experience_counts_more() {
        let mut experience = SimilarityPrior::default();
        for n in 0..2_000 {
            experience.observe(0.9 + (n % 10) as f32 / 100.0, n % 97 != 0);
        }
        let fresh = experience.confidence(&Learned::default(), 0.95);
        assert!((0.97..0.995).contains(&fresh), "{fresh}");
        let (mut good, mut bad) = (Learned::default(), Learned::default());
        good.observe(0.94, true);
        bad.observe(0.96, false);
        assert!(experience.confidence(&good, 0.95) > 0.99);
        assert!(experience.confidence(&bad, 0.95) < 0.7);
        assert!(experience.confidence(&good, 0.60) < 0.7, "farther away it knows nothing");
    }

    #[test]
    fn spending_stays_within_what_was_earned_and_is_used() {
        let (delta, mut risk, mut random) = (0.01, ErrorBudget::default(), fastrand::Rng::with_seed(5));
        let (mut given, mut wrong_answers) = (0, 0.0);
        for _ in 0..20_000 {
            risk.question(delta);
            // Half of the questions have a neighbour, whose answer is wrong with a probability of up to 20 %.
            if random.bool() {
                let wrong = 0.2 * random.f64();
                if !risk.decide(1.0 - wrong, delta, random.f64()).1 {
                    given += 1;
                    wrong_answers += wrong;
                }
            }
            assert!(risk.spent <= (risk.earned - ONE_SIDED_95 * risk.earned.sqrt()).max(1.0));
        }
        // Those below 9 % cost 1 % of all questions, and are 45 % of the neighbours.
        assert!((0.008..=0.01).contains(&(wrong_answers / 20_000.0)), "{wrong_answers}");
        assert!(given > 3_500, "{given}");
    }

    #[test]
    fn what_is_too_uncertain_is_always_tested() {
        let mut risk = ErrorBudget::default();
        risk.question(0.01);
        assert_eq!(risk.decide(0.7, 0.01, 0.999), (1.0, true));
        assert_eq!(risk.decide(0.995, 0.01, 0.999), (TESTED, false));
        assert_eq!(risk.decide(0.995, 0.01, 0.001), (TESTED, true));
    }

    #[test]
    fn the_limit_starts_at_one_and_follows_what_was_tested() {
        let mut risk = ErrorBudget::default();
        assert_eq!(risk.upper_limit(), 1.0);
        for _ in 0..20_000 {
            risk.question(0.01);
        }
        assert_eq!(risk.upper_limit(), 0.0, "nothing was given");
        risk.tested(1.0, false);
        for _ in 0..100 {
            risk.tested(0.05, true);
        }
        assert!((risk.upper_limit() - 57.0 / 20_000.0).abs() < 1e-9, "{}", risk.upper_limit());
        for _ in 0..5 {
            risk.tested(0.05, false);
        }
        assert!((0.009..0.02).contains(&risk.upper_limit()), "{}", risk.upper_limit());
    }

    proptest! {
        #[test]
        fn confidence_is_a_probability_and_grows_with_similarity(
            seen in prop::collection::vec((0.5f32..1.0, any::<bool>()), 0..200),
            own in prop::collection::vec((0.5f32..1.0, any::<bool>()), 0..80),
        ) {
            let mut experience = SimilarityPrior::default();
            for (s, right) in seen {
                experience.observe(s, right);
            }
            let mut learned = Learned::default();
            for (s, right) in own {
                learned.observe(s, right);
            }
            prop_assert!((experience.thresholds.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            let mut before = 0.0;
            for n in 50..=100 {
                let p = experience.confidence(&learned, n as f32 / 100.0);
                prop_assert!((0.0..=1.0).contains(&p) && p >= before - 1e-9);
                before = p;
            }
        }
    }
}
