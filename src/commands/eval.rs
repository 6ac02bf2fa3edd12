//! `ragctl eval`: how good is retrieval?

use std::sync::Arc;

use anyhow::Context;

use super::{parts, print, printer, serve};

use crate::{
    cli::{EvalArgs, EvalFormat, ExitStatus, settings::Settings},
    rag::eval::{Dataset, EvalOptions, Score, evaluate, report},
};

pub(super) async fn run(settings: Settings, args: EvalArgs) -> anyhow::Result<ExitStatus> {
    let work = async {
        let mut scores = Vec::new();
        for folder in &args.datasets {
            let dataset = Dataset::load(folder)?;
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
    let (dbs, db) = (Arc::clone(parts.engine.dbs()), settings.db.clone());
    let db = tokio::task::spawn_blocking(move || dbs.get_or_create(&db)).await??;
    let options =
        EvalOptions { modes: args.methods.clone(), k: usize::from(args.depth), fusion: settings.retrieval.fusion };
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
