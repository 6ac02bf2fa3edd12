//! `ragctl try`: is the generation that was built as good as the one that answers?

use std::path::Path;

use anyhow::bail;

use super::{embedders, print, printer, reindex, serve};
use crate::{
    cache::{SealingKey, recorded_questions},
    cache_tools::log,
    cli::{ExitStatus, TryArgs, TryFormat, settings::Settings},
    domain::SearchFilter,
    rag::{
        RetrievalOptions,
        eval::Dataset,
        trial::{self, TrialQuestion, TrialVerdict},
    },
    store::{Generation, GenerationState},
};

/// Most recorded questions that are asked: the interval is narrow enough long before.
const MOST_RECORDED: usize = 2_000;

pub(super) async fn run(settings: Settings, args: TryArgs) -> anyhow::Result<ExitStatus> {
    let questions = questions(&settings, args.questions.as_deref()).await?;
    let all = reindex::generations(&settings).await?;
    let serving = all.iter().find(|generation| generation.state == GenerationState::Serving);
    let (Some(serving), Some(other)) = (serving, other(&all, args.generation)?) else {
        bail!("DB \"{}\" has one generation only; build another one with `ragctl reindex --no-swap`", settings.db)
    };
    if other.missing > 0 {
        eprintln!("generation {} lacks {} documents; the command that built it makes them", other.id, other.missing);
    }
    let options = RetrievalOptions {
        mode: args.method,
        k: usize::from(args.depth),
        fusion: settings.retrieval.fusion,
        filter: SearchFilter::default(),
        rerank: settings.retrieval.rerank,
        rerank_top_n: settings.retrieval.rerank_top_n,
    };
    let depth = usize::from(args.depth);
    let work = async {
        let base = ask(&settings, serving, &questions, &options, depth).await?;
        let new = ask(&settings, other, &questions, &options, depth).await?;
        anyhow::Ok(trial::compare(&questions, &base, &new, depth))
    };
    let trial = tokio::select! {
        trial = work => trial?,
        () = serve::shutdown_signal() => return Ok(ExitStatus::Interrupted),
    };
    print(&match args.format {
        TryFormat::Json => serde_json::to_string_pretty(&trial)? + "\n",
        TryFormat::Table => format!("{}\n{}", between(serving, other), trial.table()),
    })?;
    Ok(if trial.verdict == TrialVerdict::Worse { ExitStatus::Regression } else { ExitStatus::Success })
}

fn between(serving: &Generation, other: &Generation) -> String {
    let one = |generation: &Generation| {
        let sizes = generation.sizes.map_or("unknown".to_owned(), |sizes| format!("{}/{}", sizes.size, sizes.overlap));
        let embedder = generation.embedder.as_deref().unwrap_or("no embedder");
        format!("generation {} ({embedder}, chunks {sizes})", generation.id)
    };
    format!("serving: {}\nother:   {}\n", one(serving), one(other))
}

/// The generation that was asked for; else the one that was built, or the one kept last.
fn other(all: &[Generation], wanted: Option<u32>) -> anyhow::Result<Option<&Generation>> {
    if let Some(wanted) = wanted {
        let found = all.iter().find(|generation| generation.id.0 == i64::from(wanted));
        return match found {
            Some(found) if found.state != GenerationState::Serving => Ok(Some(found)),
            Some(_) => bail!("generation {wanted} is the one that answers; name another one"),
            None => bail!("there is no generation {wanted}; `ragctl reindex --list` shows those that there are"),
        };
    }
    let of = |state| all.iter().filter(move |generation| generation.state == state);
    let built = of(GenerationState::Building).next();
    Ok(built.or_else(|| of(GenerationState::Kept).max_by(|a, b| a.served.cmp(&b.served))))
}

/// What a generation finds.
async fn ask(
    settings: &Settings,
    generation: &Generation,
    questions: &[TrialQuestion],
    options: &RetrievalOptions,
    depth: usize,
) -> anyhow::Result<Vec<Vec<String>>> {
    // Words alone need no embedder.
    let embedder = generation.embedder.as_deref().filter(|_| options.mode.needs_embedding());
    let parts = embedders::parts_with(settings, embedder).await?;
    let (dbs, name, id) = (std::sync::Arc::clone(parts.engine.dbs()), settings.db.clone(), generation.id);
    let db = tokio::task::spawn_blocking(move || dbs.open_generation(&name, id)).await??;
    let progress = printer::bar(questions.len() as u64, "questions");
    progress.set_message(format!("generation {id}"));
    let observer = |done: usize, _: usize| progress.set_position(done as u64);
    let found = trial::ask(&db, parts.engine.models(), questions, options, depth, &observer).await;
    progress.finish_and_clear();
    Ok(found?)
}

async fn questions(settings: &Settings, given: Option<&Path>) -> anyhow::Result<Vec<TrialQuestion>> {
    let plain = |text| TrialQuestion { text, judgments: None };
    if let Some(folder) = given.filter(|path| path.is_dir()) {
        let judged = Dataset::load_questions(folder)?;
        let judged = judged.into_iter().map(|(text, grades)| TrialQuestion { text, judgments: Some(grades) });
        return Ok(judged.collect());
    }
    if let Some(file) = given {
        return Ok(log::questions(file)?.into_iter().map(plain).collect());
    }
    let path = settings.data_dir.join(serve::CACHE_FILE);
    let (db, key) = (settings.db.clone(), settings.cache.key.as_ref().and_then(SealingKey::new));
    let recorded = tokio::task::spawn_blocking(move || recorded_questions(&path, key.as_ref(), &db)).await??;
    if recorded.is_empty() {
        bail!(
            "no questions to DB \"{}\" are recorded (a server with a persistent semantic cache keeps them); name a file with \
             --questions",
            settings.db
        );
    }
    Ok(recorded.into_iter().take(MOST_RECORDED).map(plain).collect())
}
