//! The rounds of a comparison: both servers get the same requests, one after the other, until the data decide.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::statistics::{AbEffect, AbVerdict, Arm, Round, alpha, judge, looks, overall};
use crate::bench::{
    plan::{Load, RunPlan, Stage},
    request::RequestPlan,
    run::{self, Ended, RunError},
    schedule::{Arrivals, ENDLESS, Profile},
    summary,
    target::BenchTarget,
    workload::Workload,
};

/// Share of runs in which the load generator was the bottleneck from which nothing can be said.
const UNSOUND: f64 = 0.2;

/// Share of failures in percent from which nothing can be said.
const MOSTLY: f64 = 50.0;

/// Time without any answer after which a server is taken for dead.
const GIVE_UP_AFTER: Duration = Duration::from_secs(5);

/// The plan of a comparison.
pub struct AbPlan {
    /// The server to compare with.
    pub a: BenchTarget,
    /// The server to judge.
    pub b: BenchTarget,
    /// The form of a request.
    pub request: RequestPlan,
    /// The queries.
    pub workload: Workload,
    /// Rounds before the data are judged for the first time.
    pub rounds: u32,
    /// Most rounds, while the data do not decide.
    pub max_rounds: u32,
    /// Requests to each server in a round.
    pub iterations: u64,
    /// Requests under way at once, or connections of an open loop.
    pub concurrency: usize,
    /// Open loop: requests per second.
    pub rate: Option<f64>,
    /// Requests before the first round; a tenth of them before each later one.
    pub warmup: u64,
    /// Share by which B may be worse.
    pub margin: f64,
    /// Longest that a request may take.
    pub timeout: Duration,
    /// Seed of the first round; each later one adds 1.
    pub seed: u64,
}

/// Why two servers cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum AbError {
    /// A run did not begin.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A server died.
    #[error("{base} stopped answering in round {round}")]
    ServerGone {
        /// The server.
        base: String,
        /// From 1.
        round: usize,
    },
    /// No round has a median for both.
    #[error("no round has enough answers to compare ({failed:.0} % of the requests failed at worst)")]
    TooFewAnswers {
        /// Highest share of failures of any round, in percent.
        failed: f64,
    },
    /// Latencies of a few survivors say nothing.
    #[error("most requests failed (A: {a:.1} %, B: {b:.1} %): the rest says nothing about either server")]
    MostlyFailed {
        /// Share of failures in percent.
        a: f64,
        /// The same of B.
        b: f64,
    },
}

/// The result of a comparison.
#[derive(Debug, Serialize)]
pub struct AbReport {
    /// URL of the server to compare with.
    pub a: String,
    /// URL of the server that is judged.
    pub b: String,
    /// Share by which B may be worse.
    pub margin: f64,
    /// Failures of A and B, in percent.
    pub failed_percent: [f64; 2],
    /// The verdict over all figures.
    pub verdict: AbVerdict,
    /// Figure by figure.
    pub effects: Vec<AbEffect>,
    /// Round by round.
    pub rounds: Vec<Round>,
    /// The load generator was the bottleneck too often.
    #[serde(skip)]
    pub generator_busy: bool,
}

/// Asks both servers in turns until the data decide, the rounds are used up, or `interrupt` is cancelled; `on_round` is called
/// after each round.
///
/// # Errors
/// A run that cannot begin, a server that dies, or answers that are too few to compare.
pub async fn run_rounds(plan: AbPlan, interrupt: &CancellationToken, on_round: impl Fn()) -> Result<AbReport, AbError> {
    let looks = looks(plan.rounds, plan.max_rounds);
    let (mut rounds, mut effects, mut unsound) = (Vec::new(), Vec::new(), 0);
    for look in &looks {
        while rounds.len() < *look as usize
            && let Some((round, bottlenecks)) = plan.round(rounds.len(), interrupt).await?
        {
            unsound += bottlenecks;
            rounds.push(round);
            on_round();
        }
        effects = judge(&rounds, plan.margin, alpha(looks.len()));
        if interrupt.is_cancelled() || overall(&effects) != AbVerdict::Inconclusive {
            break;
        }
    }
    if rounds.iter().all(|round| round.a.p50.is_none() || round.b.p50.is_none()) && !rounds.is_empty() {
        let errors = rounds.iter().map(|round| round.a.errors.max(round.b.errors)).fold(0.0, f64::max);
        return Err(AbError::TooFewAnswers { failed: 100.0 * errors });
    }
    let failed_percent = [|round: &Round| round.a.errors, |round: &Round| round.b.errors]
        .map(|of| 100.0 * rounds.iter().map(of).sum::<f64>() / rounds.len().max(1) as f64);
    if let [a, b] = failed_percent
        && a.max(b) >= MOSTLY
    {
        return Err(AbError::MostlyFailed { a, b });
    }
    let generator_busy = unsound as f64 > UNSOUND * 2.0 * rounds.len() as f64;
    let undecided = generator_busy || interrupt.is_cancelled();
    let verdict = if undecided { AbVerdict::Inconclusive } else { overall(&effects) };
    Ok(AbReport {
        a: plan.a.base,
        b: plan.b.base,
        margin: plan.margin,
        failed_percent,
        verdict,
        effects,
        rounds,
        generator_busy,
    })
}

impl AbPlan {
    /// One round, and in how many of its runs the load generator was the bottleneck; `None` when it is interrupted.
    async fn round(&self, number: usize, interrupt: &CancellationToken) -> Result<Option<(Round, usize)>, AbError> {
        if interrupt.is_cancelled() {
            return Ok(None);
        }
        let warmup = if number == 0 { self.warmup } else { self.warmup.div_ceil(10) };
        // A B, B A, A B, …: a drift hits both alike.
        let a_first = number.is_multiple_of(2);
        let order = if a_first { [&self.a, &self.b] } else { [&self.b, &self.a] };
        let (mut arms, mut unsound) = ([Arm::default(); 2], 0);
        for (arm, target) in arms.iter_mut().zip(order) {
            let plan = self.arm(target, number as u64, warmup);
            let data = run::run(plan.clone(), None, || {}, interrupt.clone(), |_| {}).await?;
            if data.ended == Ended::ServerGone {
                return Err(AbError::ServerGone { base: target.base.clone(), round: number + 1 });
            }
            unsound += usize::from(!summary::soundness(&plan, &data).sound);
            *arm = Arm::of(&data);
        }
        if interrupt.is_cancelled() {
            return Ok(None);
        }
        let [a, b] = if a_first { arms } else { [arms[1], arms[0]] };
        Ok(Some((Round { a, b }, unsound)))
    }

    /// The plan of one arm: both arms of a round ask the same.
    fn arm(&self, target: &BenchTarget, round: u64, warmup: u64) -> RunPlan {
        let seed = self.seed.wrapping_add(round);
        let connections = self.concurrency;
        let load = match self.rate {
            None => Load::Users(Profile::constant(connections as f64, ENDLESS)),
            Some(rate) => {
                Load::Rate { profile: Profile::constant(rate, ENDLESS), arrivals: Arrivals::Constant, connections }
            }
        };
        RunPlan {
            name: "ab".into(),
            targets: vec![target.clone()],
            request: self.request.clone(),
            workload: Arc::new(self.workload.clone().with_seed(seed)),
            threads: RunPlan::threads_for(connections),
            load,
            stages: vec![Stage { name: "round".into(), length: ENDLESS }],
            iterations: Some(self.iterations),
            warmup,
            timeout: self.timeout,
            drain: self.timeout,
            give_up_after: GIVE_UP_AFTER,
            seed,
        }
    }
}
