//! A run: from its flags to its report.

use std::{io::IsTerminal, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{compare, parts, progress};
use crate::{
    bench::{
        compare as comparing,
        plan::{Load, Plan, Stage},
        report,
        result::{GateBody, ResultFile},
        run::{self, Ended},
        scenario::Scenario,
        schedule::{ENDLESS, Profile},
        summary::{self, About},
        target::Target,
        watch::Watch,
    },
    cli::{ExitStatus, RunArgs},
    commands::{UsageError, print, serve},
    telemetry::ServiceUrl,
};

/// Requests of a run that says neither how many nor how long.
const REQUESTS: u64 = 100;

/// Requests at once, and connections of an open loop, when nothing is said.
const USERS: u32 = 10;
const CONNECTIONS: u32 = 100;

/// How long a server may be silent before it is taken for dead.
const GIVE_UP_AFTER: Duration = Duration::from_secs(5);

/// How often the server's metrics are looked at.
const LOOK: Duration = Duration::from_secs(2);

pub(super) async fn run(args: RunArgs, colors: Option<bool>) -> anyhow::Result<ExitStatus> {
    // Everything that can be wrong is found out before the first request.
    let scenario = args.scenario.as_deref().map(|name| Scenario::load(name, args.scale)).transpose();
    let scenario = scenario.map_err(|error| UsageError(error.to_string()))?;
    let request = parts::request(&args.request)?;
    let (workload, queries) = parts::workload(&args.request, &request, scenario.as_ref().and_then(|s| s.mix))?;
    let baselines = args.baseline.as_deref().map(|which| parts::stored(which, &args.output)).transpose()?;
    report::prepare(&args.output).context("the result could not be saved; choose another folder with --output")?;
    let targets = parts::targets(&args.url).await?;
    let (load, stages, iterations) = load(&args, scenario.as_ref());
    if load.connections() < targets.len() {
        return Err(UsageError(format!(
            "{} servers need at least as many requests at once (--concurrency)",
            targets.len()
        ))
        .into());
    }
    let plan = Plan {
        name: name(&args, scenario.as_ref()),
        threads: args
            .threads
            .map_or_else(|| Plan::threads_for(load.connections()), usize::from)
            .min(load.connections()),
        targets,
        request,
        workload: Arc::new(workload),
        load,
        stages,
        iterations,
        warmup: args.warmup,
        timeout: args.request.timeout,
        drain: args.drain.min(args.request.timeout),
        give_up_after: GIVE_UP_AFTER,
        seed: args.request.seed,
    };
    tell_of_addresses(&plan.targets);
    let mut gates = scenario.as_ref().map(|scenario| scenario.gates.clone()).unwrap_or_default();
    gates.extend(args.threshold.iter().cloned());
    let unset = scenario.as_ref().is_some_and(|scenario| !scenario.faults.is_empty() && args.mock.is_none());
    if unset {
        eprintln!("the scenario's faults are not set: name the fake upstream behind the server with --mock");
    }
    let faults = match (&args.mock, &scenario) {
        (Some(mock), Some(scenario)) => Some(Faults::prepare(mock, scenario.faults.clone()).await?),
        _ => None,
    };
    let target = plan.targets[0].clone();
    let every = plan.length().map_or(LOOK, |length| (length / 20).clamp(Duration::from_millis(100), LOOK));
    let meanwhile = Arc::new(Meanwhile { watch: Watch::new(target, every), faults });
    let (data, plan) = measure(&args, plan, &meanwhile, colors).await?;
    if let Some(faults) = &meanwhile.faults {
        faults.clear().await;
    }
    let about = About {
        queries,
        scenario: scenario.as_ref().map(|scenario| scenario.name.clone()),
        tags: args.tag.iter().cloned().collect(),
        server: meanwhile.watch.finish().await,
    };
    let mut result = summary::summarize(&plan, &data, about);
    if unset {
        result.warnings.push("The faults of the scenario were not set (no --mock): nothing failed on purpose.".into());
    }
    result.gates = gates.iter().map(|gate| gate.judge(&result)).collect();
    if let Some(scenario) = &scenario {
        for (what, met, finding) in scenario.expect.judge(&result) {
            match met {
                None => result.warnings.push(format!("{what}: {finding}")),
                Some(met) => result.gates.push(GateBody {
                    gate: what.into(),
                    verdict: if met { "met" } else { "missed" }.into(),
                    measured: finding,
                }),
            }
        }
    }
    finish(&args, &result, data.ended, baselines, colors)
}

/// Prints, saves and judges.
fn finish(
    args: &RunArgs,
    result: &ResultFile,
    ended: Ended,
    baselines: Option<Vec<(String, ResultFile)>>,
    colors: Option<bool>,
) -> anyhow::Result<ExitStatus> {
    let saved = parts::save(result, &args.output, &args.format);
    print(&report::text(result, colors.unwrap_or_else(|| std::io::stdout().is_terminal())))?;
    let comparison = baselines.map(|bases| comparing::compare(&bases, ("this run", result), &args.max_regression));
    if let Some(comparison) = &comparison {
        print(&compare::text(comparison))?;
    }
    saved?;
    let missed = result.gates.iter().any(|gate| gate.verdict != "met");
    let compared = comparison.as_ref().map(|comparison| compare::status(comparison, &args.max_regression));
    Ok(match ended {
        Ended::Interrupted => ExitStatus::Interrupted,
        Ended::ServerGone => ExitStatus::Failure,
        Ended::Completed if missed || compared == Some(ExitStatus::Regression) => ExitStatus::Regression,
        // A comparison that was asked for and cannot be made must not read as a pass.
        Ended::Completed if compared == Some(ExitStatus::Failure) => ExitStatus::Failure,
        Ended::Completed if result.metrics.successful_requests == 0 => ExitStatus::Failure,
        Ended::Completed => ExitStatus::Success,
    })
}

fn name(args: &RunArgs, scenario: Option<&Scenario>) -> String {
    let scenario = scenario.map(|scenario| scenario.name.clone());
    args.name.clone().or(scenario).unwrap_or_else(|| "baseline_measurement".into())
}

/// The load, its parts, and after how many requests it ends.
fn load(args: &RunArgs, scenario: Option<&Scenario>) -> (Load, Vec<Stage>, Option<u64>) {
    if let Some(scenario) = scenario {
        return (scenario.load.clone(), scenario.stages.clone(), None);
    }
    let iterations = args.duration.is_none().then(|| args.iterations.unwrap_or(REQUESTS));
    let length = args.duration.unwrap_or(ENDLESS);
    let level = args.rate.unwrap_or_else(|| f64::from(args.concurrency.unwrap_or(USERS)));
    let (mut profile, mut stages) = (Profile::new(), Vec::new());
    if let Some(ramp) = args.ramp {
        profile = profile.then(if args.rate.is_some() { 0.0 } else { 1.0 }, level, ramp);
        stages.push(Stage { name: "ramp".into(), length: ramp });
    }
    profile = profile.then(level, level, length);
    stages.push(Stage { name: "steady".into(), length });
    let load = match args.rate {
        None => Load::Users(profile),
        Some(_) => {
            let connections = args.concurrency.unwrap_or(CONNECTIONS) as usize;
            Load::Rate { profile, arrivals: args.arrivals, connections }
        }
    };
    (load, stages, iterations)
}

fn tell_of_addresses(targets: &[Target]) {
    for target in targets {
        for (address, took, result) in &target.resolution.tried {
            if let Err(reason) = result {
                let took = took.as_secs_f64() * 1_000.0;
                eprintln!(
                    "{}: {address} does not accept ({reason}, {took:.1} ms); using {}",
                    target.resolution.host, target.address
                );
            }
        }
    }
}

/// Runs the plan under a progress bar or the live screen; the first signal ends it with what there is.
async fn measure(
    args: &RunArgs,
    plan: Plan,
    meanwhile: &Arc<Meanwhile>,
    colors: Option<bool>,
) -> anyhow::Result<(run::RunData, Plan)> {
    let interrupt = CancellationToken::new();
    let on_signal = interrupt.clone();
    let signals = tokio::spawn(async move {
        serve::shutdown_signal().await;
        on_signal.cancel();
    });
    let kept = plan.clone();
    let (meanwhile, runtime) = (Arc::clone(meanwhile), Handle::current());
    let begin = move || {
        runtime.block_on(async {
            meanwhile.watch.begin().await;
            if let Some(faults) = &meanwhile.faults {
                faults.begin().await;
            }
        });
    };
    let data = if args.tui && std::io::stdout().is_terminal() {
        super::screen::measure(plan, args.start_at, begin, interrupt, colors != Some(false)).await
    } else {
        let (bar, tell) = progress::bar(&plan);
        let data = run::run(plan, args.start_at, begin, interrupt, tell).await;
        bar.finish_and_clear();
        data
    };
    signals.abort();
    Ok((data?, kept))
}

/// What goes on beside the load.
struct Meanwhile {
    watch: Watch,
    faults: Option<Faults>,
}

/// Faults of the fake upstream, for the time of a scenario.
struct Faults {
    http: reqwest::Client,
    url: ServiceUrl,
    rules: Vec<serde_json::Value>,
}

impl Faults {
    /// Makes sure that there is a fake upstream, and that it is well.
    async fn prepare(mock: &ServiceUrl, rules: Vec<serde_json::Value>) -> anyhow::Result<Self> {
        let url = mock.with_path("/mock/faults");
        let this = Self { http: reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?, url, rules };
        let cleared = this
            .http
            .delete(this.url.expose().clone())
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(reqwest::Error::without_url);
        cleared.with_context(|| format!("{} does not take faults; is `ragctl mock` running there?", this.url))?;
        Ok(this)
    }

    /// The times of the faults count from now on.
    async fn begin(&self) {
        let body = serde_json::json!({ "rules": self.rules });
        let set = self
            .http
            .post(self.url.expose().clone())
            .json(&body)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status);
        if let Err(error) = set {
            eprintln!("the faults could not be set at {}: {}", self.url, error.without_url());
        }
    }

    async fn clear(&self) {
        if let Err(error) = self.http.delete(self.url.expose().clone()).send().await {
            eprintln!("the faults of {} could not be cleared: {}", self.url, error.without_url());
        }
    }
}
