//! `ragctl eval`: how good is retrieval?

use std::sync::Arc;

use anyhow::{Context, bail};
use tokio_util::sync::CancellationToken;

use super::{
    parts::{self, Parts},
    print, printer, serve,
};

use crate::{
    cli::{EvalArgs, EvalFormat, ExitStatus, settings::Settings},
    rag::{
        eval::{Dataset, EvalOptions, Score, evaluate, report},
        extract::Format,
        ingest::{DocumentRoots, select_files},
    },
};

pub(super) async fn run(settings: Settings, args: EvalArgs) -> anyhow::Result<ExitStatus> {
    let work = async {
        let mut scores = Vec::new();
        for folder in &args.datasets {
            let is_of_files = !args.documents.is_empty();
            let dataset = if is_of_files { Dataset::of_files(folder) } else { Dataset::load(folder) }?;
            scores.extend(measure(&settings, &args, &dataset).await?);
        }
        anyhow::Ok(scores)
    };
    let scores = tokio::select! {
        scores = work => scores?,
        () = serve::shutdown_signal() => return Ok(ExitStatus::Interrupted),
    };
    let text = match args.format {
        EvalFormat::Table => report::table(&scores),
        EvalFormat::Json => serde_json::to_string_pretty(&scores)? + "\n",
        EvalFormat::Csv => report::csv(&scores)?,
    };
    match &args.output {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(ExitStatus::Success)
        }
        None => print(&text),
    }
}

async fn measure(settings: &Settings, args: &EvalArgs, dataset: &Dataset) -> anyhow::Result<Vec<Score>> {
    let scratch = tempfile::tempdir().context("no temporary folder for the index")?;
    let settings = Settings { data_dir: scratch.path().to_owned(), ..settings.clone() };
    let parts = parts::build(&settings).await?;
    if !args.documents.is_empty() {
        ingest(&parts, &settings, args).await?;
    }
    let (dbs, db) = (Arc::clone(parts.engine.dbs()), settings.db.clone());
    let db = tokio::task::spawn_blocking(move || dbs.get_or_create(&db)).await??;
    let options = EvalOptions {
        modes: args.methods.clone(),
        k: usize::from(args.depth),
        fusion: settings.retrieval.fusion,
        rerank: settings.retrieval.rerank,
        rerank_top_n: settings.retrieval.rerank_top_n,
    };
    let progress = printer::bar(0, "steps");
    progress.set_message(dataset.name.clone());
    let observer = |done: usize, total: usize| {
        progress.set_length(total as u64);
        progress.set_position(done as u64);
    };
    let scores = evaluate(dataset, &db, parts.engine.models(), &options, &observer).await;
    progress.finish_and_clear();
    Ok(scores?)
}

/// Reads the files that are to be searched.
async fn ingest(parts: &Parts, settings: &Settings, args: &EvalArgs) -> anyhow::Result<()> {
    let cwd = std::env::current_dir().context("the working directory cannot be read")?;
    let selection = select_files(DocumentRoots::unrestricted(&cwd), args.documents.clone()).await?;
    if selection.files.is_empty() {
        bail!("no document of a supported format ({}) in {}", Format::supported(), args.documents.join(", "));
    }
    let (progress, observer) = printer::ingestion();
    let options = serve::options(settings, &CancellationToken::new());
    let report = parts.engine.ingest(&settings.db, selection, options, &observer).await;
    progress.finish_and_clear();
    for error in &report?.errors {
        eprintln!("not ingested: {error}");
    }
    Ok(())
}
