//! `ragctl eval`: how good is retrieval?

use std::sync::Arc;

use anyhow::Context;

use super::{parts, print, printer, serve};
use crate::{
    cli::{EvalArgs, EvalFormat, ExitStatus, settings::Settings},
    rag::eval::{Dataset, EvalOptions, Score, evaluate},
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
    let report = match args.format {
        EvalFormat::Table => table(&scores),
        EvalFormat::Json => serde_json::to_string_pretty(&scores)? + "\n",
        EvalFormat::Csv => csv(&scores)?,
    };
    match &args.output {
        Some(path) => {
            std::fs::write(path, report).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(ExitStatus::Success)
        }
        None => print(&report),
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

fn table(scores: &[Score]) -> String {
    let k = scores.first().map_or(10, |score| score.k);
    let name = scores.iter().map(|score| score.dataset.len()).chain([7]).max().unwrap_or(7);
    let mut text = format!(
        "{:name$}  {:6}  {:>7}  {:>8}  {:>10}  {:>7}  {:>9}\n",
        "dataset",
        "method",
        "queries",
        format!("nDCG@{k}"),
        format!("recall@{k}"),
        format!("MRR@{k}"),
        "median ms"
    );
    for s in scores {
        text.push_str(&format!(
            "{:name$}  {:6}  {:>7}  {:>8.4}  {:>10.4}  {:>7.4}  {:>9.3}\n",
            s.dataset, s.method, s.queries, s.ndcg, s.recall, s.mrr, s.median_ms
        ));
    }
    text
}

fn csv(scores: &[Score]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for score in scores {
        writer.serialize(score)?;
    }
    Ok(String::from_utf8(writer.into_inner().context("the CSV could not be finished")?)?)
}
