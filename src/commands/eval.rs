//! `ragctl eval`: how good is retrieval, how good are answers?

use std::sync::Arc;

use anyhow::{Context, bail};
use tokio_util::sync::CancellationToken;

use super::{
    parts::{self, Parts},
    print, printer, serve,
};

use crate::{
    cli::{EvalArgs, EvalFormat, EvalHalf, ExitStatus, settings::Settings},
    providers::embedded::StaticEmbedder,
    rag::{
        Models, RagError,
        eval::{
            Dataset, EvalObserver, EvalOptions, Score,
            answers::{AnswerDbs, AnswerHalf, AnswerOptions, AnswerSet, ask_all, fit_answerer, measure_answers},
            evaluate, report,
        },
        extract::Format,
        ingest::{DocumentRoots, select_files},
    },
};

pub(super) async fn run(settings: Settings, args: EvalArgs) -> anyhow::Result<ExitStatus> {
    if args.abstain {
        return abstain(&settings, &args).await;
    }
    if args.answers {
        return answers(&settings, &args).await;
    }
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
    report_to(&args, &text)
}

fn report_to(args: &EvalArgs, text: &str) -> anyhow::Result<ExitStatus> {
    match &args.output {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(ExitStatus::Success)
        }
        None => print(text),
    }
}

/// Measures answers.
async fn answers(settings: &Settings, args: &EvalArgs) -> anyhow::Result<ExitStatus> {
    let work = async {
        let options = answer_options(settings, args)?;
        let mut scores = Vec::new();
        for folder in &args.datasets {
            let set = AnswerSet::load(folder)?;
            let measured = with_dbs(settings, &set.name, async |dbs, models, observer| {
                measure_answers(&set, dbs, models, &options, observer).await
            });
            scores.push(measured.await?);
        }
        anyhow::Ok(scores)
    };
    let scores = tokio::select! {
        scores = work => scores?,
        () = serve::shutdown_signal() => return Ok(ExitStatus::Interrupted),
    };
    let text = match args.format {
        EvalFormat::Table => report::answers(&scores),
        EvalFormat::Json => serde_json::to_string_pretty(&scores)? + "\n",
        EvalFormat::Csv => report::csv(&scores)?,
    };
    report_to(args, &text)
}

/// Fits the answerer.
async fn abstain(settings: &Settings, args: &EvalArgs) -> anyhow::Result<ExitStatus> {
    let work = async {
        let options = answer_options(settings, args)?;
        let mut sets = Vec::new();
        for folder in &args.datasets {
            let set = AnswerSet::load(folder)?;
            sets.push(
                with_dbs(settings, &set.name, async |dbs, models, observer| {
                    ask_all(&set, dbs, models, &options, observer).await
                })
                .await?,
            );
        }
        let embedder = StaticEmbedder::bundled()?;
        anyhow::Ok(tokio::task::spawn_blocking(move || fit_answerer(&sets, &embedder)).await?)
    };
    let (fitted, scores) = tokio::select! {
        done = work => done?,
        () = serve::shutdown_signal() => return Ok(ExitStatus::Interrupted),
    };
    if let Some(path) = &args.weights {
        std::fs::write(path, fitted.source()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let text = match args.format {
        EvalFormat::Table => report::abstention(&scores, &fitted.thresholds()),
        EvalFormat::Json => serde_json::to_string_pretty(&scores)? + "\n",
        EvalFormat::Csv => report::csv(&scores)?,
    };
    report_to(args, &text)
}

/// Does something with empty DBs for a collection, and shows how far it is.
async fn with_dbs<T>(
    settings: &Settings,
    name: &str,
    work: impl AsyncFnOnce(&AnswerDbs, &Models, EvalObserver<'_>) -> Result<T, RagError>,
) -> anyhow::Result<T> {
    let scratch = tempfile::tempdir().context("no temporary folder for the index")?;
    let settings = Settings { data_dir: scratch.path().to_owned(), ..settings.clone() };
    let parts = parts::build(&settings).await?;
    let open = async |name: &str| -> anyhow::Result<_> {
        let (dbs, name) = (Arc::clone(parts.engine.dbs()), name.parse()?);
        Ok(tokio::task::spawn_blocking(move || dbs.get_or_create(&name)).await??)
    };
    let dbs = AnswerDbs { all: open("all").await?, first: open("first").await?, second: open("second").await? };
    let progress = printer::bar(0, "questions");
    progress.set_message(name.to_owned());
    let observer = |done: usize, total: usize| {
        progress.set_length(total as u64);
        progress.set_position(done as u64);
    };
    let done = work(&dbs, parts.engine.models(), &observer).await;
    progress.finish_and_clear();
    Ok(done?)
}

fn answer_options(settings: &Settings, args: &EvalArgs) -> anyhow::Result<AnswerOptions> {
    if !args.documents.is_empty() {
        bail!("answers are measured on a collection's own documents; leave --documents out");
    }
    let foreign = args.foreign.iter().map(|folder| AnswerSet::questions_of(folder));
    let foreign = foreign.collect::<Result<Vec<_>, _>>()?.concat();
    let half = match args.half {
        EvalHalf::All => AnswerHalf::All,
        EvalHalf::Fit => AnswerHalf::Fit,
        EvalHalf::Check => AnswerHalf::Check,
    };
    Ok(AnswerOptions { retrieval: settings.retrieval.clone(), half, foreign })
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
        hops: args.multihop.then_some(settings.hops),
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
