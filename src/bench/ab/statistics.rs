//! The statistics of rounds of two servers: effects, their significance, the verdict.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::bench::{
    measures::Timed,
    quantile::{needed, spread},
    result::{ms, round},
    run::RunData,
};

/// Chance of a false alarm over all figures and looks.
const ALPHA: f64 = 0.05;

/// Sign flips that are drawn when there are too many to try all.
const FLIPS: u32 = 20_000;

/// Rounds up to which all sign flips are tried.
const ALL_FLIPS: usize = 14;

/// The figures of one arm of a round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Median in milliseconds; `None` where the data cannot hold it, as below.
    pub p50: Option<f64>,
    /// 95th percentile in milliseconds.
    pub p95: Option<f64>,
    /// 99th percentile in milliseconds.
    pub p99: Option<f64>,
    /// Answers per second.
    pub rps: Option<f64>,
    /// Share of failures, 0..=1.
    pub errors: f64,
}

impl Arm {
    /// The figures of a run, as far as its data can hold them.
    pub fn of(data: &RunData) -> Self {
        let latency = data.total.times(Timed::Latency);
        let at = |quantile: f64| {
            let held = latency.filter(|latency| latency.len() >= needed(quantile))?;
            Some(ms(held.value_at_quantile(quantile)))
        };
        let finished = data.total.finished().max(1);
        let rps = data.total.counts.ok as f64 / data.took.as_secs_f64().max(1e-6);
        Self {
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            rps: (rps > 0.0).then_some(rps),
            errors: data.total.failures.total() as f64 / finished as f64,
        }
    }
}

/// Both arms of a round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// The server to compare with.
    pub a: Arm,
    /// The server to judge.
    pub b: Arm,
}

/// The verdict of the rounds over a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AbVerdict {
    /// B is worse than A by more than the margin.
    Worse,
    /// B is not worse than A by more than the margin.
    NotWorse,
    /// The rounds do not tell.
    Inconclusive,
}

impl AbVerdict {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worse => "WORSE",
            Self::NotWorse => "not worse",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// A figure over all rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AbEffect {
    /// Its name.
    pub figure: &'static str,
    /// Rounds in which both arms have it.
    pub rounds: usize,
    /// By how much B is worse than A, in percent (of failures in percentage points); negative: better.
    pub change: f64,
    /// One-sided lower and upper bound of that, each with 95 % confidence.
    pub bounds: [f64; 2],
    /// Chance to see this much if there were no difference: by t.
    pub p: f64,
    /// The same by sign flips.
    pub p_flips: f64,
    /// The verdict.
    pub verdict: AbVerdict,
}

/// How large the total chance of a false alarm may be in one of several looks.
pub fn alpha(looks: usize) -> f64 {
    ALPHA / looks.max(1) as f64
}

/// Numbers of rounds after which the data are looked at: at first, and each time when there are twice as many.
pub fn looks(first: u32, most: u32) -> Vec<u32> {
    let mut looks: Vec<u32> = std::iter::successors(Some(first), |rounds| rounds.checked_mul(2))
        .take_while(|rounds| *rounds < most)
        .collect();
    looks.push(most.max(first));
    looks
}

/// Judges rounds. `margin` is the share that is of no matter, `alpha` the chance of a false alarm of this look.
pub fn judge(rounds: &[Round], margin: f64, alpha: f64) -> Vec<AbEffect> {
    let mut effects: Vec<AbEffect> =
        FIGURES.iter().filter_map(|(name, of)| effect(name, *of, rounds, margin)).collect();
    // Holm: the smallest p against alpha over all, the next against alpha over the others, until one fails.
    let mut order: Vec<usize> = (0..effects.len()).collect();
    let p = |effect: &AbEffect| effect.p.max(effect.p_flips);
    order.sort_by(|a, b| p(&effects[*a]).total_cmp(&p(&effects[*b])));
    for (rank, at) in order.iter().enumerate() {
        let left = (effects.len() - rank) as f64;
        if p(&effects[*at]) > alpha / left {
            break;
        }
        if effects[*at].change > scale(effects[*at].figure, margin) {
            effects[*at].verdict = AbVerdict::Worse;
        }
    }
    effects
}

/// The verdict over all figures.
pub fn overall(effects: &[AbEffect]) -> AbVerdict {
    if effects.iter().any(|effect| effect.verdict == AbVerdict::Worse) {
        AbVerdict::Worse
    } else if !effects.is_empty() && effects.iter().all(|effect| effect.verdict == AbVerdict::NotWorse) {
        AbVerdict::NotWorse
    } else {
        AbVerdict::Inconclusive
    }
}

/// How much worse B is in a round: the logarithm of a ratio, or a difference of shares.
type Worse = fn(&Round) -> Option<f64>;

const FIGURES: [(&str, Worse); 5] = [
    ("p50", |round| ratio(round.a.p50, round.b.p50)),
    ("p95", |round| ratio(round.a.p95, round.b.p95)),
    ("p99", |round| ratio(round.a.p99, round.b.p99)),
    ("rps", |round| ratio(round.b.rps, round.a.rps)),
    ("errors", |round| Some(round.b.errors - round.a.errors)),
];

fn ratio(base: Option<f64>, other: Option<f64>) -> Option<f64> {
    let (base, other) = base.zip(other).filter(|(base, other)| *base > 0.0 && *other > 0.0)?;
    Some((other / base).ln())
}

/// An effect, or a margin, as it is shown: in percent or percentage points.
fn shown(figure: &str, effect: f64) -> f64 {
    if figure == "errors" { 100.0 * effect } else { 100.0 * effect.exp_m1() }
}

/// The margin as it is shown. Of failures a fifth of it counts in points: five percent slower is noise, five points more
/// failures are not.
fn scale(figure: &str, margin: f64) -> f64 {
    if figure == "errors" { 20.0 * margin } else { 100.0 * margin }
}

fn effect(figure: &'static str, of: Worse, rounds: &[Round], margin: f64) -> Option<AbEffect> {
    let seen: Vec<f64> = rounds.iter().filter_map(of).collect();
    let n = seen.len();
    // A figure that some rounds could not hold says nothing about all of them.
    if n < 5 || n < rounds.len() * 9 / 10 {
        return None;
    }
    let (mean, deviation) = spread(&seen);
    let error = deviation / (n as f64).sqrt();
    let t = StudentsT::new(0.0, 1.0, (n - 1) as f64).ok()?;
    let (p, reach) = if error > 0.0 {
        (1.0 - t.cdf(mean / error), t.inverse_cdf(1.0 - ALPHA) * error)
    } else {
        (if mean > 0.0 { 0.0 } else { 1.0 }, 0.0)
    };
    let bounds = [mean - reach, mean + reach].map(|bound| round(shown(figure, bound)));
    let verdict = if bounds[1] < scale(figure, margin) { AbVerdict::NotWorse } else { AbVerdict::Inconclusive };
    let change = round(shown(figure, mean));
    Some(AbEffect { figure, rounds: n, change, bounds, p, p_flips: sign_flips(&seen), verdict })
}

/// How often the mean would be as large if each round's sign were a coin's.
fn sign_flips(seen: &[f64]) -> f64 {
    let observed: f64 = seen.iter().sum();
    let enough = |sum: f64| sum >= observed - 1e-12 * observed.abs();
    if seen.len() <= ALL_FLIPS {
        let all = 1u32 << seen.len();
        let sum = |signs: u32| seen.iter().enumerate().map(|(at, x)| if signs >> at & 1 == 1 { -x } else { *x }).sum();
        return (0..all).filter(|signs| enough(sum(*signs))).count() as f64 / f64::from(all);
    }
    // The same draws for the same data: a verdict must not change when it is computed again.
    let mut random = fastrand::Rng::with_seed(seen.len() as u64);
    let as_large =
        (0..FLIPS).filter(|_| enough(seen.iter().map(|x| if random.bool() { -x } else { *x }).sum())).count();
    (as_large + 1) as f64 / f64::from(FLIPS + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds whose arms share a drift and have a noise of their own; B's median is `slower` times A's.
    fn rounds(random: &mut fastrand::Rng, n: usize, slower: f64) -> Vec<Round> {
        let mut normal = {
            let mut random = random.fork();
            move || (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
        };
        (0..n)
            .map(|_| {
                let drift = 10.0 * (0.2 * normal()).exp();
                let mut arm = |factor: f64| {
                    let p50 = drift * factor * (0.03 * normal()).exp();
                    Arm {
                        p50: Some(p50),
                        p95: Some(2.0 * p50 * (0.08 * normal()).exp()),
                        p99: None,
                        rps: Some(1_000.0 / p50),
                        errors: 0.0,
                    }
                };
                Round { a: arm(1.0), b: arm(slower) }
            })
            .collect()
    }

    fn shares(slower: f64, repetitions: usize) -> [usize; 3] {
        let mut random = fastrand::Rng::with_seed(11);
        let mut verdicts = [0; 3];
        for _ in 0..repetitions {
            let all = rounds(&mut random, 40, slower);
            let looks = looks(10, 40);
            let verdict = looks
                .iter()
                .map(|n| overall(&judge(&all[..*n as usize], 0.05, alpha(looks.len()))))
                .find(|verdict| *verdict != AbVerdict::Inconclusive)
                .unwrap_or(AbVerdict::Inconclusive);
            verdicts[verdict as usize] += 1;
        }
        verdicts
    }

    #[test]
    fn two_of_the_same_are_hardly_ever_told_apart() {
        let [worse, not_worse, _] = shares(1.0, 100);
        assert!(worse <= 5, "{worse} false alarms in 100");
        assert!(not_worse >= 75, "only {not_worse} of 100 found to be alike");
    }

    #[test]
    fn ten_percent_are_found() {
        let [worse, not_worse, _] = shares(1.1, 100);
        assert!(worse >= 85 && not_worse == 0, "{worse} of 100 found, {not_worse} passed");
    }

    #[test]
    fn a_figure_that_is_missing_is_left_out_and_too_few_rounds_say_nothing() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut all = rounds(&mut random, 10, 1.0);
        let names = |all: &[Round]| judge(all, 0.05, 0.05).iter().map(|effect| effect.figure).collect::<Vec<_>>();
        assert_eq!(names(&all), ["p50", "p95", "rps", "errors"]);
        all[0].a.p95 = None;
        all[1].a.p95 = None;
        assert_eq!(names(&all), ["p50", "rps", "errors"]);
        assert_eq!(overall(&judge(&all[..4], 0.05, 0.05)), AbVerdict::Inconclusive);
    }

    #[test]
    fn failures_are_judged_in_points() {
        let mut random = fastrand::Rng::with_seed(2);
        let mut all = rounds(&mut random, 20, 1.0);
        for (at, round) in all.iter_mut().enumerate() {
            round.b.errors = 0.03 + 0.01 * (at % 3) as f64;
        }
        let effects = judge(&all, 0.05, 0.05);
        let errors = effects.iter().find(|effect| effect.figure == "errors").unwrap();
        assert_eq!(errors.verdict, AbVerdict::Worse);
        assert!((3.0..5.0).contains(&errors.change));
    }

    #[test]
    fn the_looks_double_up_to_the_budget() {
        assert_eq!(looks(10, 40), [10, 20, 40]);
        assert_eq!(looks(10, 10), [10]);
        assert_eq!(looks(10, 50), [10, 20, 40, 50]);
    }

    #[test]
    fn all_sign_flips_of_few_rounds_are_tried() {
        assert_eq!(sign_flips(&[1.0, 1.0, 1.0]), 1.0 / 8.0);
        assert_eq!(sign_flips(&[-1.0, -1.0]), 1.0);
        assert!(sign_flips(&[1.0; 30]) < 0.000_1);
    }
}
