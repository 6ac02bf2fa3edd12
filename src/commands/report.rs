//! `ragctl report`: recordings and results of load tests, summed up.

use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::tz::TimeZone;

use super::{monitor, print};
use crate::{
    bench::result::ResultFile,
    cli::{ExitStatus, ReportArgs, settings::Settings},
    monitor::{
        alerts::Rules,
        model::event::clean,
        record::{Recording, is_recording},
        report::{self, BenchFacts, Facts},
    },
};

pub(super) async fn run(settings: Settings, args: ReportArgs) -> anyhow::Result<ExitStatus> {
    let rules = monitor::rules(&settings.monitor)?;
    let zone = if settings.monitor.utc { TimeZone::UTC } else { TimeZone::system() };
    // A week of many servers is seconds of work.
    tokio::task::spawn_blocking(move || write(&args, rules, &zone)).await?
}

fn write(args: &ReportArgs, rules: Rules, zone: &TimeZone) -> anyhow::Result<ExitStatus> {
    let (recordings, results): (Vec<&PathBuf>, Vec<&PathBuf>) = args.files.iter().partition(|path| is_recording(path));
    let mut opened: Vec<(String, Recording)> = Vec::new();
    for path in recordings {
        opened.push((path.display().to_string(), Recording::open(path)?));
    }
    if opened.is_empty() {
        // The reader says best what is wrong with the first file.
        if let Some(Err(error)) = args.files.first().map(|path| Recording::open(path)) {
            return Err(error.into());
        }
    }
    opened.sort_by_key(|(_, recording)| recording.header().started);
    let bench: Vec<BenchFacts> =
        results.into_iter().chain(&args.bench).map(|path| bench_facts(path)).collect::<anyhow::Result<_>>()?;
    let mut facts = Facts::new(rules);
    for (name, mut recording) in opened {
        facts.open(&name, recording.header());
        for poll in recording.by_ref() {
            facts.take(&poll?);
        }
        facts.close(recording.truncated, recording.damaged);
    }
    let report = facts.finish(&args.target)?;
    let text = report::markdown(&report, &bench, zone);
    match &args.output {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
            eprintln!("the report is in {}", path.display());
        }
        None => drop(print(&text)?),
    }
    let missed = report.missed();
    for missed in &missed {
        let line = format!("{}: {} is {}, {}", missed.server, missed.target, missed.measured, missed.verdict.as_str());
        eprintln!("ragctl: {}", clean(&line));
    }
    Ok(if missed.is_empty() { ExitStatus::Success } else { ExitStatus::Regression })
}

/// What a report says of a load test.
fn bench_facts(path: &Path) -> anyhow::Result<BenchFacts> {
    let result = ResultFile::load(path)?;
    let (info, metrics) = (&result.test_info, &result.metrics);
    let times = &metrics.response_times_ms;
    // A figure that the data cannot hold is in the file for old readers only.
    let withheld = |name: &str| metrics.more.as_ref().is_some_and(|more| more.withheld.contains_key(name));
    let told = |name: &str, value: f64| (!withheld(name) && metrics.successful_requests > 0).then_some(value);
    Ok(BenchFacts {
        name: info.test_name.clone(),
        url: info.base_url.clone(),
        when: metrics.timestamp.clone(),
        requests: metrics.total_requests,
        errors_percent: metrics.error_rate_percent,
        rps: metrics.more.as_ref().map_or(metrics.throughput_rps, |more| more.success_rps),
        p50: told("p50", times.p50),
        p95: told("p95", times.p95),
        p99: told("p99", times.p99),
        verdicts: result.gates.iter().map(|gate| (gate.gate.clone(), gate.verdict.clone())).collect(),
        notes: result.warnings.clone(),
    })
}
