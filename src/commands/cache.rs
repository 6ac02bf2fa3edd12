//! `ragctl cache`: the semantic cache of a running server, and how to set it.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;

use super::{parts, print, printer, serve};
use crate::{
    cache::{Calibration, Calibrations, tune::recommended},
    cache_tools::{
        log, replay,
        report::{self, TuneReport},
        stats::describe,
        warm::warm as ask_all,
    },
    cli::{
        CacheCandidate, CacheClearArgs, CacheStatsArgs, CacheTuneArgs, CacheWarmArgs, ExitStatus, TuneFormat,
        settings::Settings,
    },
    client::Client,
    wire::CacheClearRequest,
};

/// Longest wait for a connection to the server.
const CONNECT: Duration = Duration::from_secs(5);

pub(super) async fn stats(args: CacheStatsArgs) -> anyhow::Result<ExitStatus> {
    let client = Client::new(&args.url, CONNECT)?;
    let stats = client.cache_metrics().await?;
    if args.json {
        return print(&(serde_json::to_string_pretty(&stats)? + "\n"));
    }
    print(&describe(&stats))
}

pub(super) async fn clear(args: CacheClearArgs) -> anyhow::Result<ExitStatus> {
    let client = Client::new(&args.url, CONNECT)?;
    let request = CacheClearRequest { all: args.all.then_some(true), namespace: args.namespace, db: args.db };
    let cleared = client.clear_cache(&request).await?;
    print(&format!("{} removed, {} left\n", cleared.removed, cleared.size))
}

pub(super) async fn warm(args: CacheWarmArgs) -> anyhow::Result<ExitStatus> {
    let questions = log::questions(&args.file)?;
    let client = Client::new(&args.url, CONNECT)?;
    let progress = printer::bar(questions.len() as u64, "questions");
    let report = tokio::select! {
        report = ask_all(&client, questions, args.db.as_deref(), args.concurrency.into(), || progress.inc(1)) => report,
        () = serve::shutdown_signal() => return Ok(ExitStatus::Interrupted),
    };
    progress.finish_and_clear();
    for (question, error) in &report.failed {
        eprintln!("not answered: {question}: {error}");
    }
    print(&format!(
        "{} questions: {} answered and kept, {} known already, {} degraded (not kept), {} failed\n",
        report.asked,
        report.kept(),
        report.known,
        report.degraded,
        report.failed.len()
    ))?;
    let complete = report.failed.is_empty() && report.degraded == 0;
    Ok(if complete { ExitStatus::Success } else { ExitStatus::Failure })
}

pub(super) async fn tune(settings: Settings, args: CacheTuneArgs) -> anyhow::Result<ExitStatus> {
    if let Some(path) = args.output.iter().find(|path| !(is(path, "csv") || is(path, "json"))) {
        eprintln!("ragctl: --output {}: the name must end in .csv or .json", path.display());
        return Ok(ExitStatus::Usage);
    }
    let questions = log::read(&args.file)?;
    let parts = parts::build(&settings).await?;
    let embedder = Arc::clone(parts.engine.models().embedder());
    let progress = printer::bar(questions.texts() as u64, "questions");
    let replay = tokio::select! {
        replay = replay::embed(questions, embedder.as_ref(), |n| progress.inc(n)) => replay?,
        () = serve::shutdown_signal() => return Ok(ExitStatus::Interrupted),
    };
    progress.finish_and_clear();
    let bound = args.bound;
    let candidate = |candidate| match candidate {
        CacheCandidate::Threshold(threshold) => replay::fixed(threshold),
        CacheCandidate::Verified => replay::verified(bound),
    };
    let chosen = match (args.a, args.b) {
        (Some(a), Some(b)) => [a, b].map(candidate).to_vec(),
        _ => replay::grid(bound),
    };
    let (measured, experience) = tokio::task::spawn_blocking(move || replay::measure(&replay, &chosen)).await?;
    let report = TuneReport {
        file: args.file.display().to_string(),
        embedder: embedder.id().to_string(),
        bound,
        recommended: recommended(&measured, bound).cloned(),
        measured,
        comparison: args.a.is_some(),
    };
    for path in &args.output {
        let text = if is(path, "csv") { report::csv(&report.measured)? } else { report::json(&report)? };
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    print(&match args.format {
        TuneFormat::Table => report::table(&report),
        TuneFormat::Json => report::json(&report)?,
        TuneFormat::Csv => report::csv(&report.measured)?,
    })?;
    if args.save {
        let calibration = Calibration { threshold: report.best_threshold(), experience };
        save(&settings.data_dir, report.embedder, calibration)?;
    }
    Ok(ExitStatus::Success)
}

fn save(data_dir: &Path, embedder: String, calibration: Calibration) -> anyhow::Result<()> {
    let path = data_dir.join(serve::CALIBRATION_FILE);
    let mut all = Calibrations::load(&path)?;
    let threshold =
        calibration.threshold.map_or("no threshold keeps the bound".to_owned(), |t| format!("threshold {t:.2}"));
    eprintln!("kept for {embedder}: {threshold}, and what verified mode starts from, in {}", path.display());
    all.set(embedder, calibration);
    Ok(all.save(&path)?)
}

fn is(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}
