//! Scenarios: how load changes over time, what goes wrong meanwhile, and what is expected of it.

use std::{path::Path, time::Duration};

use serde::Deserialize;

use super::{
    gate::Gate,
    plan::{Load, Stage},
    result::{ResultFile, ServerBody, StageBody},
    schedule::{Arrivals, Profile},
};

/// The built-in scenarios by name.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("normal", include_str!("../../fixtures/scenarios/normal.toml")),
    ("spike", include_str!("../../fixtures/scenarios/spike.toml")),
    ("stress", include_str!("../../fixtures/scenarios/stress.toml")),
    ("soak", include_str!("../../fixtures/scenarios/soak.toml")),
    ("circuit-breaker", include_str!("../../fixtures/scenarios/circuit-breaker.toml")),
];

/// Failures in percent from which a stage is broken.
const BROKEN_ERRORS: f64 = 5.0;

/// Growth of the 95th percentile over the first stage from which a stage is broken.
const BROKEN_LATENCY: f64 = 10.0;

/// Growth of the server's memory in the second half of a run that is taken for a leak: share and MiB.
const LEAK: (f64, f64) = (0.10, 20.0);

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error(
        "cannot read the scenario {name}: {source}; built-in ones are normal, spike, stress, soak and circuit-breaker"
    )]
    Io {
        /// Its name or path.
        name: String,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The file is no scenario.
    #[error("the scenario {name}: {reason}")]
    Malformed {
        /// Its name or path.
        name: String,
        /// The reason.
        reason: String,
    },
}

/// Load that changes over time, with faults and expectations.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// One sentence about its purpose.
    pub description: String,
    /// The load.
    pub load: Load,
    /// Its parts.
    pub stages: Vec<Stage>,
    /// Faults for the fake upstream, as its API wants them.
    pub faults: Vec<serde_json::Value>,
    /// Expectations besides gates.
    pub expect: Expect,
    /// Gates of its own.
    pub gates: Vec<Gate>,
    /// Order of the queries, when it matters.
    pub mix: Option<super::workload::Mix>,
}

/// Expectations of a scenario besides gates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The breaker opens and closes again.
    pub breaker_recovers: bool,
    /// The stage is named from which the server is overloaded.
    pub breaking_point: bool,
    /// The server's memory does not grow.
    pub steady_memory: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioFile {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default, rename = "loop")]
    kind: LoopKind,
    #[serde(default)]
    connections: Option<usize>,
    #[serde(default)]
    arrivals: Option<String>,
    #[serde(default)]
    mix: Option<String>,
    #[serde(default)]
    thresholds: Vec<String>,
    #[serde(default)]
    expect: Expect,
    stage: Vec<FileStage>,
    #[serde(default)]
    fault: Vec<FileFault>,
}

#[derive(Default, Deserialize, PartialEq, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum LoopKind {
    #[default]
    Closed,
    Open,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileStage {
    name: String,
    #[serde(with = "humantime_text")]
    duration: Duration,
    /// Users, or requests a second.
    #[serde(default)]
    level: Option<f64>,
    #[serde(default)]
    from: Option<f64>,
    #[serde(default)]
    to: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileFault {
    #[serde(default)]
    operation: Option<String>,
    fault: toml::Value,
    #[serde(default)]
    rate: Option<f64>,
    #[serde(with = "humantime_text")]
    from: Duration,
    #[serde(with = "humantime_text")]
    until: Duration,
}

mod humantime_text {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        humantime::parse_duration(&text)
            .map_err(|_| D::Error::custom(format!("\"{text}\" is no time like 30s or 5min")))
    }
}

impl Scenario {
    /// A built-in scenario, or one from a file; `scale` shrinks or stretches its times. Blocks.
    ///
    /// # Errors
    /// A scenario that does not exist or cannot be.
    pub fn load(name: &str, scale: f64) -> Result<Self, ScenarioError> {
        let text = match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => (*text).to_owned(),
            None => std::fs::read_to_string(Path::new(name))
                .map_err(|source| ScenarioError::Io { name: name.to_owned(), source })?,
        };
        Self::parse(name, &text, scale)
    }

    fn parse(name: &str, text: &str, scale: f64) -> Result<Self, ScenarioError> {
        let malformed = |reason: String| ScenarioError::Malformed { name: name.to_owned(), reason };
        let file: ScenarioFile = toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
        let (mut profile, mut stages, mut before) = (Profile::new(), Vec::new(), 0.0);
        for stage in &file.stage {
            let sound = |level: f64| (level.is_finite() && (0.0..=1e6).contains(&level)).then_some(level);
            let (from, to) = match (stage.level, stage.from, stage.to) {
                (Some(level), None, None) => (level, level),
                (None, from, Some(to)) => (from.unwrap_or(before), to),
                _ => return Err(malformed(format!("stage {}: give level, or to (and from)", stage.name))),
            };
            let (Some(from), Some(to)) = (sound(from), sound(to)) else {
                return Err(malformed(format!("stage {}: levels are 0 to 1000000", stage.name)));
            };
            let length = stage.duration.mul_f64(scale);
            if length < Duration::from_millis(10) {
                return Err(malformed(format!("stage {} is shorter than 10 ms", stage.name)));
            }
            profile = profile.then(from, to, length);
            stages.push(Stage { name: stage.name.clone(), length });
            before = to;
        }
        if profile.highest() <= 0.0 {
            return Err(malformed("no stage has any load".into()));
        }
        let arrivals = match file.arrivals.as_deref() {
            None | Some("constant") => Arrivals::Constant,
            Some("poisson") => Arrivals::Poisson,
            Some(other) => return Err(malformed(format!("arrivals \"{other}\": constant or poisson is wanted"))),
        };
        let load = match file.kind {
            LoopKind::Closed => Load::Users(profile),
            LoopKind::Open => Load::Rate { profile, arrivals, connections: file.connections.unwrap_or(100).max(1) },
        };
        let faults = file.fault.iter().map(|fault| {
            let seconds = |time: Duration| (time.mul_f64(scale)).as_secs_f64();
            Ok(serde_json::json!({
                "operation": fault.operation,
                "fault": serde_json::to_value(&fault.fault).map_err(|error| malformed(error.to_string()))?,
                "rate": fault.rate.unwrap_or(1.0),
                "from": seconds(fault.from),
                "until": seconds(fault.until),
            }))
        });
        Ok(Self {
            name: file.name,
            description: file.description,
            load,
            stages,
            faults: faults.collect::<Result<_, _>>()?,
            expect: file.expect,
            gates: file.thresholds.iter().map(|gate| gate.parse()).collect::<Result<_, _>>().map_err(malformed)?,
            mix: file.mix.map(|mix| mix.parse()).transpose().map_err(|error: &str| malformed(error.to_owned()))?,
        })
    }
}

impl Expect {
    /// What a run has to say to it: for each expectation whether it was met (`None`: nothing to be met), and the finding.
    pub fn judge(self, result: &ResultFile) -> Vec<(&'static str, Option<bool>, String)> {
        let mut findings = Vec::new();
        if self.breaking_point {
            findings.push(("breaking point", None, breaking_point(&result.stages, result.ended == "completed")));
        }
        if self.breaker_recovers {
            let (met, finding) = breaker(result.server.as_ref());
            findings.push(("the breaker opens and recovers", Some(met), finding));
        }
        if self.steady_memory {
            let (met, finding) = memory(result.server.as_ref());
            findings.push(("the server's memory stays", Some(met), finding));
        }
        findings
    }
}

/// The first stage that is overloaded, and by what it shows.
fn breaking_point(stages: &[StageBody], completed: bool) -> String {
    let answered = |stage: &&StageBody| stage.latency_ms.is_some_and(|latency| latency.count >= 72);
    let Some(first) = stages.iter().find(answered) else {
        return "no stage has enough answers to tell where it breaks".into();
    };
    let base = first.latency_ms.map_or(0.0, |latency| latency.p95);
    let mut best: &StageBody = first;
    for stage in stages.iter().filter(|stage| stage.total > 0) {
        let failed = 100.0 * stage.errors as f64 / stage.total as f64;
        let p95 = stage.latency_ms.map_or(f64::INFINITY, |latency| latency.p95);
        let at = format!("breaks at \"{}\" (level {})", stage.name, stage.level);
        let sustained =
            format!("; the most it sustained was {:.1} good answers/s at \"{}\"", best.goodput_rps, best.name);
        if failed > BROKEN_ERRORS {
            return format!("{at}: {failed:.1} % of the requests fail{sustained}");
        }
        if p95 > BROKEN_LATENCY * base {
            return format!("{at}: p95 is {:.1} times that of \"{}\"{sustained}", p95 / base, first.name);
        }
        if stage.goodput_rps > best.goodput_rps {
            best = stage;
        }
    }
    if !completed {
        return "not reached in the stages that were run; the run did not come to its end".into();
    }
    format!(
        "not reached: up to the last stage fewer than {BROKEN_ERRORS} % fail and p95 grows less than {BROKEN_LATENCY} times"
    )
}

fn breaker(server: Option<&ServerBody>) -> (bool, String) {
    let Some(server) = server else { return (false, "the server does not tell about its breaker".into()) };
    let grown = |name: &str| server.counted.get(name).copied().unwrap_or(0.0);
    let (opened, closed) = (grown("breaker_opened"), grown("breaker_closed"));
    let last = server.samples.last().and_then(|sample| sample.breaker.clone()).unwrap_or_else(|| "unknown".into());
    (opened >= 1.0 && closed >= 1.0, format!("opened {opened:.0} times, closed {closed:.0} times, {last} at last"))
}

fn memory(server: Option<&ServerBody>) -> (bool, String) {
    let seen: Vec<f64> = server.iter().flat_map(|s| &s.samples).filter_map(|sample| sample.memory_mb).collect();
    if seen.len() < 8 {
        return (false, "the server did not tell its memory often enough".into());
    }
    // The first half warms up; a leak goes on in the second.
    let quarter = |at: usize| {
        let part = &seen[seen.len() * at / 4..seen.len() * (at + 1) / 4];
        part.iter().sum::<f64>() / part.len() as f64
    };
    let (third, last) = (quarter(2), quarter(3));
    let grows = last - third;
    let met = grows <= LEAK.1 && grows <= LEAK.0 * third.max(1.0) || grows <= 0.0;
    (met, format!("from {third:.0} MiB in the third quarter to {last:.0} MiB in the last"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::result::Distribution;

    #[test]
    fn the_built_in_scenarios_are_what_they_say() {
        for (name, _) in BUILT_IN {
            let whole = Scenario::load(name, 1.0).unwrap();
            let small = Scenario::load(name, 0.1).unwrap();
            assert_eq!(whole.name, name);
            let ratio = whole.load.profile().length().as_secs_f64() / small.load.profile().length().as_secs_f64();
            assert!((ratio - 10.0).abs() < 0.01 && whole.load.connections() == small.load.connections(), "{name}");
            let sum: Duration = whole.stages.iter().map(|stage| stage.length).sum();
            assert_eq!(sum, whole.load.profile().length());
        }
        let users = |name| Scenario::load(name, 1.0).unwrap().load.connections();
        assert_eq!([users("normal"), users("spike"), users("stress"), users("soak")], [50, 200, 500, 100]);
        assert!(!Scenario::load("circuit-breaker", 1.0).unwrap().faults.is_empty());
    }

    #[test]
    fn a_scenario_that_cannot_be_says_why() {
        let parse = |text: &str| Scenario::parse("x.toml", text, 1.0).unwrap_err().to_string();
        for (text, wanted) in [
            ("name = \"x\"\nstage = []", "no stage has any load"),
            ("name = \"x\"\n[[stage]]\nname = \"a\"\nduration = \"fast\"\nlevel = 1", "no time like 30s"),
            ("name = \"x\"\n[[stage]]\nname = \"a\"\nduration = \"1s\"", "give level"),
            ("name = \"x\"\nspeed = 1\n[[stage]]\nname = \"a\"\nduration = \"1s\"\nlevel = 1", "unknown field"),
            ("name = \"x\"\nthresholds = [\"p95\"]\n[[stage]]\nname = \"a\"\nduration = \"1s\"\nlevel = 1", "no gate"),
            ("name = \"x\"\n[[stage]]\nname = \"a\"\nduration = \"1s\"\nlevel = -1", "levels are"),
        ] {
            let error = parse(text);
            assert!(error.contains(wanted), "{error}");
        }
        assert!(Scenario::load("no-such", 1.0).unwrap_err().to_string().contains("built-in ones are"));
    }

    fn stage(name: &str, level: f64, errors: u64, p95: f64, goodput_rps: f64) -> StageBody {
        let latency_ms = Some(Distribution { count: 1_000, p95, ..Distribution::default() });
        StageBody { name: name.into(), level, total: 1_000, errors, goodput_rps, latency_ms, ..StageBody::default() }
    }

    #[test]
    fn the_breaking_point_is_named() {
        let calm = stage("calm", 10.0, 0, 20.0, 100.0);
        let busy = stage("busy", 100.0, 10, 90.0, 500.0);
        let told = breaking_point(&[calm.clone(), busy.clone(), stage("full", 300.0, 200, 150.0, 400.0)], true);
        assert!(
            told.contains("breaks at \"full\"") && told.contains("20.0 %") && told.contains("500.0 good"),
            "{told}"
        );
        let told = breaking_point(&[calm.clone(), busy.clone(), stage("slow", 300.0, 0, 900.0, 510.0)], true);
        assert!(told.contains("breaks at \"slow\"") && told.contains("45.0 times"), "{told}");
        let never = StageBody { total: 0, latency_ms: None, ..busy.clone() };
        assert!(breaking_point(&[calm.clone(), never], false).contains("did not come to its end"));
        assert!(breaking_point(&[calm, busy], true).contains("not reached"));
    }

    #[test]
    fn memory_that_goes_on_growing_is_a_leak() {
        let server = |memory: &dyn Fn(usize) -> f64| ServerBody {
            samples: (0..40)
                .map(|at| super::super::result::ServerSample { memory_mb: Some(memory(at)), ..Default::default() })
                .collect(),
            ..ServerBody::default()
        };
        assert!(memory(Some(&server(&|at| 100.0 + (at.min(15) * 10) as f64))).0, "warming up is no leak");
        assert!(!memory(Some(&server(&|at| 100.0 + (at * 10) as f64))).0);
        assert!(!memory(None).0);
    }
}
