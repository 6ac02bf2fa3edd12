//! How sure is it that a stored answer answers a question at this similarity, and how often must the LLM be asked to stay
//! within an error bound?
//!
//! After "verified semantic caching" (vCache, Schroeder et al. 2025, arXiv 2502.03771): each entry learns its own threshold
//! from observations (similarity, was the stored answer right), and a stored answer is given with probability 1 − τ such
//! that P(right answer) = τ + (1 − τ)·p ≥ 1 − δ, where p is the probability that the stored answer is right; otherwise the
//! LLM is asked, whose answer is right by definition and is one more observation.
//!
//! Two things are done otherwise. The fit is a Bayesian one: p is a logistic curve over the similarity whose threshold is
//! averaged over everything that the observations leave possible, weighted by how likely it is. That is what the bound asks
//! for, P(right) given all that is known; the paper bounds the same probability from below by taking the worst ε-quantile,
//! for the best ε. And an entry that has not been observed yet starts from what others taught ([`Experience`]) instead of
//! from nothing: most questions have near neighbours only a few times.

use serde::{Deserialize, Serialize};

/// Thresholds that are considered: from [`LOWEST`] to 1 in steps of 1/100, and one that no similarity reaches.
const THRESHOLDS: usize = 52;

/// The lowest of them; below nothing is learned.
const LOWEST: f64 = 0.5;

/// Slope of the logistic curve: from 12 % to 88 % within 0.05.
const SLOPE: f64 = 80.0;

/// How often an observation is wrong, because answers can only be compared roughly.
const NOISE: f64 = 0.004;

/// Standard deviations that the experience of others is believed less than it says (one-sided 90 %).
const DOUBT: f64 = 1.281_6;

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
pub struct Experience {
    right: Vec<f64>,
    wrong: Vec<f64>,
    /// How likely each threshold is for an entry without observations; follows from the counts.
    #[serde(skip)]
    thresholds: Vec<f64>,
}

impl Default for Experience {
    /// Before anything is known: of two questions at a cosine of 0.9 every third pair asks for different things, which is
    /// what labelled pairs of forum questions show, and at 1 still every ninth. Counts as one observation a step.
    fn default() -> Self {
        let right: Vec<f64> = (0..THRESHOLDS - 1).map(|at| ((similarity(at) - 0.6) / 0.45).clamp(0.0, 1.0)).collect();
        let wrong = right.iter().map(|right| 1.0 - right).collect();
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

impl Experience {
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

    /// How sure it is by similarity, never falling: pools neighbouring steps that contradict that (Ayer et al. 1955), and
    /// takes the lower end of Wilson's interval of each pool. The rises are the probabilities of thresholds.
    fn conclude(&mut self) {
        let mut pools: Vec<(f64, f64, usize)> = Vec::new();
        for (right, wrong) in self.right.iter().zip(&self.wrong) {
            let mut pool = (*right, right + wrong, 1);
            while let Some(&(right, all, steps)) = pools.last() {
                if right * pool.1 < pool.0 * all {
                    break;
                }
                pool = (pool.0 + right, pool.1 + all, pool.2 + steps);
                pools.pop();
            }
            pools.push(pool);
        }
        self.thresholds = Vec::with_capacity(THRESHOLDS);
        let mut reached = 0.0f64;
        for (right, all, steps) in pools {
            let sure = wilson_lower(right, all).max(reached);
            self.thresholds.push(sure - reached);
            self.thresholds.extend(std::iter::repeat_n(0.0, steps - 1));
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
                    if at == THRESHOLDS - 1 { 0.0 } else { logistic(SLOPE * (f64::from(s) - similarity(at) + 0.02)) };
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

/// Lower end of Wilson's score interval for a share, one-sided.
fn wilson_lower(right: f64, all: f64) -> f64 {
    if all <= 0.0 {
        return 0.0;
    }
    let (p, z2) = (right / all, DOUBT * DOUBT);
    let middle = p + z2 / (2.0 * all);
    let spread = DOUBT * (p * (1.0 - p) / all + z2 / (4.0 * all * all)).sqrt();
    ((middle - spread) / (1.0 + z2 / all)).clamp(0.0, 1.0)
}

/// The smallest share of questions for which the LLM must be asked, so that at most `delta` of all get a wrong answer when
/// the stored one is right with this probability.
pub fn exploration(confidence: f64, delta: f64) -> f64 {
    let wrong = 1.0 - confidence;
    if wrong <= delta { 0.0 } else { 1.0 - delta / wrong }
}

/// Keeps account of the risk that was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Risk {
    questions: f64,
    expected: f64,
    variance: f64,
    heaviest: f64,
}

impl Risk {
    /// A question was looked up.
    pub fn question(&mut self) {
        self.questions += 1.0;
    }

    /// A stored answer was given that no exploration could have tested, with this confidence.
    pub fn untested(&mut self, confidence: f64) {
        self.expected += 1.0 - confidence;
    }

    /// The LLM was asked at this exploration rate, and has shown the stored answer to be right or wrong. Each such test
    /// stands for the (1 − τ)/τ questions like it that were not tested (Horvitz and Thompson 1952).
    pub fn tested(&mut self, exploration: f64, right: bool) {
        let weight = (1.0 - exploration) / exploration;
        self.heaviest = self.heaviest.max(weight);
        if !right {
            self.expected += weight;
            self.variance += weight * weight;
        }
    }

    /// Upper 95 % limit of the share of questions that got another question's answer; 1 while nothing is known.
    pub fn upper_limit(&self) -> f64 {
        if self.questions == 0.0 {
            return 1.0;
        }
        // "Nothing seen" still allows three (the rule of three).
        let limit = self.expected + 1.644_9 * self.variance.sqrt() + 3.0 * self.heaviest.max(1.0);
        (limit / self.questions).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_observations_hardly_anything_is_trusted() {
        let experience = Experience::default();
        let at = |s| exploration(experience.confidence(&Learned::default(), s), 0.01);
        assert!(at(0.99) > 0.9 && at(0.8) > 0.95, "{} {}", at(0.99), at(0.8));
    }

    #[test]
    fn experience_of_others_counts_and_own_experience_counts_more() {
        let mut experience = Experience::default();
        for n in 0..2_000 {
            experience.observe(0.9 + (n % 10) as f32 / 100.0, n % 100 != 0);
        }
        let fresh = experience.confidence(&Learned::default(), 0.95);
        assert!((0.97..0.995).contains(&fresh), "{fresh}");
        let (mut good, mut bad) = (Learned::default(), Learned::default());
        good.observe(0.94, true);
        bad.observe(0.96, false);
        assert!(experience.confidence(&good, 0.95) > 0.99);
        assert!(experience.confidence(&bad, 0.95) < 0.6);
        assert!(experience.confidence(&good, 0.60) < 0.7, "farther away it knows nothing");
    }

    #[test]
    fn the_exploration_rate_keeps_the_bound() {
        assert_eq!(exploration(0.995, 0.01), 0.0);
        for p in [0.0, 0.3, 0.9, 0.98] {
            let tau = exploration(p, 0.01);
            assert!((tau + (1.0 - tau) * p - 0.99).abs() < 1e-12);
        }
    }

    #[test]
    fn the_limit_starts_at_one_and_follows_what_was_tested() {
        let mut risk = Risk::default();
        assert_eq!(risk.upper_limit(), 1.0);
        for _ in 0..1_000 {
            risk.question();
            risk.tested(0.5, true);
        }
        assert!((risk.upper_limit() - 0.003).abs() < 1e-9, "{}", risk.upper_limit());
        for _ in 0..5 {
            risk.tested(0.5, false);
        }
        assert!((0.008..0.02).contains(&risk.upper_limit()));
    }

    proptest! {
        #[test]
        fn confidence_is_a_probability_and_grows_with_similarity(
            seen in prop::collection::vec((0.5f32..1.0, any::<bool>()), 0..200),
            own in prop::collection::vec((0.5f32..1.0, any::<bool>()), 0..80),
        ) {
            let mut experience = Experience::default();
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
