//! What recordings tell, summed up, and what should be done about it.

use std::time::Duration;

use super::{
    goals::{GoalResult, GoalStatus, Weight},
    server::Server,
};
use crate::monitor::alerts::Severity;
use crate::util::{
    humanize::{age, many, share},
    time::UnixMillis,
};

/// Polls of a server from which on something can be recommended.
const FEW_POLLS: u64 = 10;
/// Share of the time that answers must cover for that.
const LITTLE: f64 = 0.5;

/// An error that keeps a report from being made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// Nothing was polled.
    #[error(
        "there is nothing to report: {0} without a single poll; record with `ragctl monitor --record FILE` for a while \
         first"
    )]
    Empty(String),
}

/// A recording that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportSource {
    /// Its name.
    pub name: String,
    /// Polls in it.
    pub polls: u64,
    /// Whether it ended within a line, as after a crash.
    pub truncated: bool,
    /// Lines that could not be read.
    pub damaged: u64,
    /// Polls that were passed over: not later than what was known already, as in files that were given twice.
    pub passed_over: u64,
}

/// What a load test has shown, as far as the report tells of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadTest {
    /// Its name.
    pub name: String,
    /// The URL that was tested.
    pub url: String,
    /// The time at which it began.
    pub when: String,
    /// Requests that came to an end.
    pub requests: u64,
    /// Requests that failed, percent.
    pub errors_percent: f64,
    /// Answers a second.
    pub rps: f64,
    /// Median, milliseconds; `None`: too few answers to tell, as with the others.
    pub p50: Option<f64>,
    /// 95th percentile, milliseconds.
    pub p95: Option<f64>,
    /// 99th percentile, milliseconds.
    pub p99: Option<f64>,
    /// Gates with their verdicts: `met`, `missed` or `unknown`.
    pub verdicts: Vec<(String, String)>,
    /// Warnings about it.
    pub notes: Vec<String>,
}

/// What should be done; the later counts more when servers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recommendation {
    /// All is well.
    Keep,
    /// Not all is well, nothing is broken.
    ServerWatch,
    /// Too little is known.
    CannotBeTold,
    /// It is worse than may be.
    RollBack,
}

impl Recommendation {
    /// Its name in a report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::ServerWatch => "watch",
            Self::CannotBeTold => "cannot be told",
            Self::RollBack => "roll back",
        }
    }
}

/// A recommendation and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The recommendation.
    pub what: Recommendation,
    /// The reasons, a sentence each.
    pub reasons: Vec<String>,
}

/// A target that was given and that was not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// By which server.
    pub server: String,
    /// The target as it was given.
    pub target: String,
    /// The measured value, formatted.
    pub measured: String,
    /// Whether it was missed or is not known: both are not met.
    pub status: GoalStatus,
}

/// Everything that recordings tell, summed up.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentReport {
    /// The recordings that were read.
    pub sources: Vec<ReportSource>,
    /// The first poll and the last.
    pub span: (UnixMillis, UnixMillis),
    /// The servers in the order in which they were polled first; never empty.
    pub servers: Vec<Server>,
}

impl DeploymentReport {
    /// The targets that were given and were not met, or are not known.
    pub fn missed(&self) -> Vec<Missed> {
        let not_met = |server: &Server| -> Vec<Missed> {
            let goals = server.goals.iter().filter(|goal| goal.given && goal.status != GoalStatus::Met);
            goals
                .map(|goal| Missed {
                    server: server.name.clone(),
                    target: goal.target.clone(),
                    measured: goal.measured.clone(),
                    status: goal.status,
                })
                .collect()
        };
        self.servers.iter().flat_map(not_met).collect()
    }

    /// What should be done, from what the servers did and from what load tests say.
    pub fn advice(&self, bench: &[LoadTest]) -> Advice {
        let all: Vec<(&Server, Advice)> = self.servers.iter().map(|server| (server, server.advice())).collect();
        let mut what = all.iter().map(|(_, advice)| advice.what).max().unwrap_or(Recommendation::CannotBeTold);
        let mut reasons = Vec::new();
        match all.as_slice() {
            [(_, only)] => reasons.clone_from(&only.reasons),
            _ => {
                let worth = |(_, advice): &&(&Server, Advice)| advice.what == what;
                let (good, telling) = (what == Recommendation::Keep, all.iter().filter(worth));
                for (server, advice) in telling.clone().take(if good { 0 } else { 3 }) {
                    reasons.push(format!("{}: {}", server.name, advice.reasons.join(" ")));
                }
                match telling.count() {
                    servers if good => {
                        reasons.push(format!("All {servers} servers met what is known of their targets."))
                    }
                    servers if servers > 3 => {
                        reasons.push(format!("{} like these.", many(servers as u64 - 3, "more server")))
                    }
                    _ => {}
                }
            }
        }
        let failed: Vec<String> = bench.iter().filter_map(missed_gates).collect();
        if !failed.is_empty() {
            what = what.max(Recommendation::ServerWatch);
            reasons.push(failed.join(" "));
        }
        Advice { what, reasons }
    }
}

fn missed_gates(bench: &LoadTest) -> Option<String> {
    let missed: Vec<&str> =
        bench.verdicts.iter().filter(|(_, verdict)| verdict != "met").map(|(gate, _)| gate.as_str()).collect();
    (!missed.is_empty()).then(|| format!("The load test {} did not meet {}.", bench.name, missed.join(", ")))
}

impl Server {
    /// The recommendation for this server.
    pub fn advice(&self) -> Advice {
        let not_met = |weight: Weight, status: GoalStatus| -> Vec<&GoalResult> {
            self.goals.iter().filter(|goal| goal.weight == weight && goal.status == status).collect()
        };
        let (grave, light) = (not_met(Weight::Grave, GoalStatus::Missed), not_met(Weight::Light, GoalStatus::Missed));
        let unknown: Vec<&GoalResult> =
            self.goals.iter().filter(|goal| goal.given && goal.status == GoalStatus::Unknown).collect();
        let bad = self.incidents.iter().filter(|incident| incident.severity >= Severity::Warning);
        let mut reasons = Vec::new();
        if let Some(little) = self.little() {
            reasons.push(little);
        }
        let all: Vec<String> = grave.iter().chain(&light).map(|goal| goal.in_short()).collect();
        if !all.is_empty() {
            reasons.push(format!("Missed: {}.", all.join(", ")));
        }
        if !unknown.is_empty() {
            let unknown: Vec<String> = unknown.iter().map(|goal| goal.target.clone()).collect();
            reasons.push(format!("Not known, so not met: {}.", unknown.join(", ")));
        }
        let bad: Vec<_> = bad.collect();
        let longest = bad.iter().map(|incident| incident.lasted()).max().map(age);
        if let Some(longest) = longest {
            let longest = if bad.len() > 1 { format!(", the longest {longest}") } else { format!(" of {longest}") };
            reasons.push(format!("{}{longest}.", many(bad.len() as u64, "incident")));
        }
        let what = if self.little().is_some() {
            Recommendation::CannotBeTold
        } else if !grave.is_empty() {
            Recommendation::RollBack
        } else if !unknown.is_empty() {
            Recommendation::CannotBeTold
        } else if !light.is_empty() || !bad.is_empty() {
            Recommendation::ServerWatch
        } else {
            reasons.push(format!(
                "All targets that can be judged were met, and nothing went wrong in {}.",
                age(self.lasted())
            ));
            Recommendation::Keep
        };
        Advice { what, reasons }
    }

    /// The reason why too little is known about it; `None` when enough is.
    fn little(&self) -> Option<String> {
        let [polls, _] = self.polls;
        if polls < FEW_POLLS {
            return Some(format!("{} are too few, {FEW_POLLS} are needed.", many(polls, "poll")));
        }
        let covered = self.coverage();
        (covered < LITTLE).then(|| {
            format!("Answers cover {} of the time only: what happened in the rest is not known.", share(covered))
        })
    }

    /// From the first poll to the last.
    pub fn lasted(&self) -> Duration {
        self.last.since(self.first)
    }

    /// Share of the time that answers cover.
    pub fn coverage(&self) -> f64 {
        let lasted = self.lasted().as_secs_f64();
        if lasted > 0.0 { (self.covered.as_secs_f64() / lasted).min(1.0) } else { 0.0 }
    }
}
