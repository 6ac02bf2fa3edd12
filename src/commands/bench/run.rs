//! `ragctl bench`: one run.

use std::{io::IsTerminal, sync::Arc, time::Duration};

use anyhow::Context;

use super::{parts, results};
use crate::{
    bench::{
        compare::{self, ComparisonOutcome},
        plan::{Load, RunPlan, Stage},
        report,
        result::ResultFile,
        run::Ended,
        scenario::Scenario,
        schedule::{ENDLESS, Profile},
        session::{BenchSession, Display},
        stored,
        target::BenchTarget,
    },
    cli::{ExitStatus, RunArgs},
    commands::{UsageError, print, signals},
    util::terminal::tell,
};

/// Requests of a run that says neither how many nor how long.
const REQUESTS: u64 = 100;

/// Requests under way at once, and connections of an open loop, when --concurrency is not given.
const USERS: u32 = 10;
const CONNECTIONS: u32 = 100;

/// Time without any answer after which the server is taken for dead.
const GIVE_UP_AFTER: Duration = Duration::from_secs(5);

pub(super) async fn run(args: RunArgs, colors: Option<bool>) -> anyhow::Result<ExitStatus> {
    // Everything that can be wrong is found out before the first request.
    let scenario = args.scenario.as_deref().map(|name| Scenario::load(name, args.scale)).transpose();
    let scenario = scenario.map_err(|error| UsageError(error.to_string()))?;
    let request = parts::request(&args.request)?;
    let (workload, queries) = parts::workload(&args.request, &request, scenario.as_ref().and_then(|s| s.mix))?;
    let baselines = args.baseline.as_deref().map(|which| stored::find(which, &args.output)).transpose()?;
    report::prepare(&args.output).context("the result could not be saved; choose another folder with --output")?;
    let targets = BenchTarget::resolve_all(&args.url).await?;
    let (load, stages, iterations) = load(&args, scenario.as_ref());
    if load.connections() < targets.len() {
        let text = format!("{} servers need at least as many requests at once (--concurrency)", targets.len());
        return Err(UsageError(text).into());
    }
    targets.iter().flat_map(BenchTarget::refusals).for_each(|refusal| tell(format_args!("{refusal}")));
    let threads = args.threads.map_or_else(|| RunPlan::threads_for(load.connections()), usize::from);
    let plan = RunPlan {
        name: name(&args, scenario.as_ref()),
        threads: threads.min(load.connections()),
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
    let session = BenchSession {
        plan,
        start_at: args.start_at,
        scenario,
        mock: args.mock.clone(),
        gates: args.threshold.clone(),
        queries,
        tags: args.tag.iter().cloned().collect(),
        display: match args.tui && std::io::stdout().is_terminal() {
            true => Display::Screen { colors: colors != Some(false) },
            false => Display::Bar,
        },
    };
    let (interrupt, _listening) = signals::interrupt();
    let (result, ended) = session.run(interrupt).await?;
    finish(&args, &result, ended, baselines, colors)
}

/// Prints, saves and judges.
fn finish(
    args: &RunArgs,
    result: &ResultFile,
    ended: Ended,
    baselines: Option<Vec<(String, ResultFile)>>,
    colors: Option<bool>,
) -> anyhow::Result<ExitStatus> {
    let saved = results::save(result, &args.output, &args.format);
    let comparison = baselines.map(|bases| compare::compare(&bases, ("this run", result), &args.max_regression));
    let mut text = report::text(result, colors.unwrap_or_else(|| std::io::stdout().is_terminal()));
    text.extend(comparison.as_ref().map(compare::text));
    let printed = print(&text);
    saved?;
    // Where the terminal is gone, nothing can be printed; what counts is saved.
    if ended != Ended::Interrupted {
        printed?;
    }
    let missed = result.gates.iter().any(|gate| gate.verdict != "met");
    let compared = comparison.map(|comparison| comparison.outcome(&args.max_regression));
    Ok(match ended {
        Ended::Interrupted => ExitStatus::Interrupted,
        Ended::ServerGone => ExitStatus::Failure,
        Ended::Completed if missed || compared == Some(ComparisonOutcome::Regressed) => ExitStatus::Regression,
        Ended::Completed if compared == Some(ComparisonOutcome::Undecided) => ExitStatus::Failure,
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
