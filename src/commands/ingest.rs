//! `ragctl ingest`: into the local data directory, or through a server.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::{parts, print, printer, serve, signals::Signals};
use crate::{
    cli::{ExitStatus, IngestArgs, MetadataText, settings::Settings},
    client::Client,
    rag::{
        extract::Format,
        ingest::{DocumentRoots, select_files},
    },
    telemetry::ServiceUrl,
    wire::{DocumentCounts, IngestRequest, IngestResponse},
};

pub(super) async fn run(settings: Settings, args: IngestArgs) -> anyhow::Result<ExitStatus> {
    let started = Instant::now();
    let stop = CancellationToken::new();
    let work = async {
        match &args.url {
            Some(url) => remote(&settings, &args, url, &stop).await,
            None => local(&settings, &args, &stop).await.map(Some),
        }
    };
    let Some(report) = until_stopped(work, &stop).await? else {
        eprintln!("interrupted; the documents that were finished are stored");
        return Ok(ExitStatus::Interrupted);
    };
    if args.json {
        print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
    }
    tell(&report, started.elapsed().as_secs_f64());
    if stop.is_cancelled() {
        eprintln!("interrupted; the documents that were finished are stored");
        return Ok(ExitStatus::Interrupted);
    }
    Ok(if report.errors.is_empty() { ExitStatus::Success } else { ExitStatus::Failure })
}

/// Does the work to its end, or, once a signal asks to stop, what belongs to an end in order: what was read is stored and can
/// be searched. A second signal, or half a minute, ends it at once; whatever that leaves, the next run mends.
pub(super) async fn until_stopped<T>(
    work: impl Future<Output = anyhow::Result<Option<T>>>,
    stop: &CancellationToken,
) -> anyhow::Result<Option<T>> {
    const PATIENCE: Duration = Duration::from_secs(30);
    let mut work = std::pin::pin!(work);
    // One listener from the beginning to the end: a signal between two of them would be lost.
    let mut signals = Signals::new();
    tokio::select! {
        done = &mut work => return done,
        () = signals.next() => stop.cancel(),
    }
    eprintln!("stopping: what is finished is being stored; once more to stop at once");
    tokio::select! {
        done = &mut work => done,
        () = signals.next() => Ok(None),
        () = tokio::time::sleep(PATIENCE) => Ok(None),
    }
}

async fn local(settings: &Settings, args: &IngestArgs, stop: &CancellationToken) -> anyhow::Result<IngestResponse> {
    let parts = parts::build(settings).await?;
    let cwd = std::env::current_dir().context("the working directory cannot be read")?;
    let paths = args.paths.clone();
    let selection = select_files(DocumentRoots::unrestricted(&cwd), paths).await?;
    if selection.files.is_empty() && selection.errors.is_empty() {
        bail!("no document of a supported format ({}) in {}", Format::supported(), args.paths.join(", "));
    }
    let mut options = serve::options(settings, stop);
    options.version.clone_from(&args.label);
    options.metadata = crate::api::metadata(metadata(&args.metadata)?.as_ref())?;
    let (progress, observer) = printer::ingestion();
    let report = parts.engine.ingest(&settings.db, selection, options, &observer).await;
    progress.finish_and_clear();
    serve::finish(&parts.engine).await;
    Ok(crate::api::ingested(&settings.db, &report?))
}

/// `None` when it was stopped: the server goes on.
async fn remote(
    settings: &Settings,
    args: &IngestArgs,
    url: &ServiceUrl,
    stop: &CancellationToken,
) -> anyhow::Result<Option<IngestResponse>> {
    let request = IngestRequest {
        paths: args.paths.clone(),
        // The server's current DB, unless one was named here.
        db: args.store.db.as_ref().map(|_| settings.db.to_string()),
        version: args.label.clone(),
        metadata: metadata(&args.metadata)?,
    };
    let client = Client::new(url, settings.provider.timeouts.connect)?;
    tokio::select! {
        report = client.ingest(&request) => report.map(Some),
        () = stop.cancelled() => Ok(None),
    }
}

/// The metadata that was given, all of it together; `None` when there was none.
fn metadata(given: &[MetadataText]) -> anyhow::Result<Option<Map<String, Value>>> {
    let fields: Map<String, Value> = given.iter().flat_map(|given| given.0.clone()).collect();
    // The bounds hold for the whole.
    crate::api::metadata(Some(&fields))?;
    Ok((!given.is_empty()).then_some(fields))
}

fn tell(report: &IngestResponse, seconds: f64) {
    for error in &report.errors {
        eprintln!("not ingested: {}: {}", error.file, error.error);
    }
    if report.documents.failed > report.errors.len() {
        eprintln!("not ingested: {} more", report.documents.failed - report.errors.len());
    }
    for warning in &report.warnings {
        eprintln!("ingested, but {}: {}", warning.file, warning.error);
    }
    let DocumentCounts { added, updated, unchanged, failed, skipped } = report.documents;
    let skipped = if skipped > 0 { format!(", {skipped} of other formats skipped") } else { String::new() };
    eprintln!(
        "DB \"{}\": {added} added, {updated} updated, {unchanged} unchanged, {failed} failed{skipped}; {} chunks in {seconds:.1} s",
        report.db, report.chunks_indexed
    );
}
