//! `ragctl ingest`: into the local data directory, or through a server.

use std::time::Instant;

use anyhow::{Context, bail};

use super::{parts, print, printer, serve};
use crate::{
    cli::{ExitStatus, IngestArgs, settings::Settings},
    client::Client,
    rag::ingest::{DocumentRoots, select_files},
    wire::{DocumentCounts, FileErrorBody, IngestRequest, IngestResponse},
};

pub(super) async fn run(settings: Settings, args: IngestArgs) -> anyhow::Result<ExitStatus> {
    let started = Instant::now();
    let work = async {
        match &args.url {
            Some(url) => remote(&settings, &args, url).await,
            None => local(&settings, &args).await,
        }
    };
    let report = tokio::select! {
        report = work => report?,
        // What was written until now is whole documents; the rest comes with the next ingestion.
        () = serve::shutdown_signal() => {
            eprintln!("interrupted; the documents that were finished are stored");
            return Ok(ExitStatus::Interrupted);
        }
    };
    if args.json {
        print(&(serde_json::to_string_pretty(&report)? + "\n"))?;
    }
    tell(&report, started.elapsed().as_secs_f64());
    Ok(if report.errors.is_empty() { ExitStatus::Success } else { ExitStatus::Failure })
}

async fn local(settings: &Settings, args: &IngestArgs) -> anyhow::Result<IngestResponse> {
    let parts = parts::build(settings).await?;
    let cwd = std::env::current_dir().context("the working directory cannot be read")?;
    let paths = args.paths.clone();
    let selection = select_files(DocumentRoots::unrestricted(&cwd), paths).await?;
    if selection.files.is_empty() && selection.errors.is_empty() {
        bail!("no document of a supported format (.txt .md .html .pdf .docx) in {}", args.paths.join(", "));
    }
    let mut options = serve::options(settings);
    options.version.clone_from(&args.label);
    let (progress, observer) = printer::ingestion();
    let report = parts.engine.ingest(&settings.db, selection, options, &observer).await;
    progress.finish_and_clear();
    let report = report?;
    let bodies = |errors: &[crate::rag::ingest::FileError]| {
        errors.iter().map(|e| FileErrorBody { file: e.file.clone(), error: e.error.clone() }).collect()
    };
    Ok(IngestResponse {
        status: "ok".into(),
        chunks_indexed: report.chunks_indexed,
        documents: DocumentCounts {
            added: report.added,
            updated: report.updated,
            unchanged: report.unchanged,
            failed: report.failed(),
            skipped: report.skipped,
        },
        errors: bodies(&report.errors),
        warnings: bodies(&report.warnings),
        db: settings.db.to_string(),
    })
}

async fn remote(
    settings: &Settings,
    args: &IngestArgs,
    url: &crate::telemetry::ServiceUrl,
) -> anyhow::Result<IngestResponse> {
    let request = IngestRequest {
        paths: args.paths.clone(),
        // The server's current DB, unless one was named here.
        db: args.store.db.as_ref().map(|_| settings.db.to_string()),
        version: args.label.clone(),
    };
    Client::new(url, settings.provider.connect_timeout)?.ingest(&request).await
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
