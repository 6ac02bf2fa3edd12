//! `ragctl reindex`: builds, swaps, lists and drops the generations of a DB.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio_util::sync::CancellationToken;

use super::{
    embedders,
    ingest::until_stopped,
    parts::{self, Parts},
    print, printer, serve,
};
use crate::{
    cli::{ExitStatus, ReindexArgs, settings::Settings},
    rag::{
        RagError,
        reindex::{ReindexOptions, ReindexReport},
    },
    store::{Generation, GenerationId, GenerationState},
    util::process::lower_priority,
};

/// After so long, servers have noticed that another generation serves, and do not ask the one before any more.
const NOTICED_WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn run(settings: Settings, args: ReindexArgs) -> anyhow::Result<ExitStatus> {
    if args.list {
        let generations = generations(&settings).await?;
        return print(&table(&generations));
    }
    if args.drop {
        return drop_others(&settings).await;
    }
    // Questions of a server on this machine come first.
    lower_priority();
    let (parts, generation) = match wanted(&settings, &args).await? {
        Some(wanted) => wanted,
        None => {
            eprintln!("DB \"{}\" is made in just that way already: nothing to do", settings.db);
            return Ok(ExitStatus::Success);
        }
    };
    build(&settings, parts, generation, !args.no_swap).await
}

/// The generation that is to be made or to take over, with its embedder.
async fn wanted(settings: &Settings, args: &ReindexArgs) -> anyhow::Result<Option<(Parts, GenerationId)>> {
    if !(args.swap || args.back) {
        let parts = parts::build(settings).await?;
        let sizes = settings.chunking_said.then_some(settings.chunking);
        let begun = parts.engine.begin_reindex(&settings.db, sizes).await?;
        return Ok(begun.map(|generation| (parts, generation)));
    }
    let all = generations(settings).await?;
    let of = |state| all.iter().filter(move |generation| generation.state == state);
    let found = match args.back {
        true => of(GenerationState::Kept).max_by(|a, b| a.served.cmp(&b.served)),
        false => of(GenerationState::Building).next(),
    };
    let Some(found) = found else {
        bail!(if args.back {
            "there is no generation to go back to"
        } else {
            "no generation has been built; leave --swap out"
        });
    };
    // One that lacks nothing needs no embedder.
    let embedder = found.embedder.as_deref().filter(|_| found.missing > 0);
    Ok(Some((embedders::parts_with(settings, embedder).await?, found.id)))
}

async fn build(settings: &Settings, parts: Parts, generation: GenerationId, swap: bool) -> anyhow::Result<ExitStatus> {
    let started = Instant::now();
    let stop = CancellationToken::new();
    let options = ReindexOptions { parallelism: 2, rest: 0.5, stop: stop.clone() };
    let (progress, observer) = printer::reindexing();
    let work = async {
        let built = parts.engine.build(&settings.db, generation, swap, &options, &observer).await;
        anyhow::Ok(Some(built?))
    };
    let report = until_stopped(work, &stop).await;
    progress.finish_and_clear();
    serve::finish(&parts.engine).await;
    match report? {
        Some(report) if !report.stopped => {
            tell(settings, generation, swap, &report, started.elapsed().as_secs_f64()).await?;
            Ok(ExitStatus::Success)
        }
        _ => {
            eprintln!("interrupted; what was made is kept, and the same command goes on with it");
            Ok(ExitStatus::Interrupted)
        }
    }
}

async fn tell(
    settings: &Settings,
    generation: GenerationId,
    swapped: bool,
    report: &ReindexReport,
    seconds: f64,
) -> anyhow::Result<()> {
    let all = generations(settings).await?;
    let built = all.iter().find(|built| built.id == generation).context("the generation was dropped meanwhile")?;
    let embedder = built.embedder.as_deref().unwrap_or("no embedder");
    let ReindexReport { documents, taken_over, without_vectors, .. } = report;
    if *taken_over > 0 {
        eprintln!(
            "{taken_over} documents were ingested by a version that did not keep their texts: their chunks were taken over as they were; \
             ingest their files again"
        );
    }
    if *without_vectors > 0 {
        eprintln!("{without_vectors} chunks cannot be embedded by {embedder} and are found by their words alone");
    }
    let state = if swapped { "answers now" } else { "is ready; `ragctl reindex --swap` lets it answer" };
    eprintln!(
        "DB \"{}\": generation {generation} {state}: {documents} documents made in {seconds:.1} s, {} chunks by {embedder}",
        settings.db, built.chunks
    );
    if swapped && let Some(before) = all.iter().rfind(|other| other.state == GenerationState::Kept) {
        eprintln!(
            "generation {} is kept: `ragctl reindex --back` goes back to it, `ragctl reindex --drop` frees its room",
            before.id
        );
    }
    Ok(())
}

/// What is left of the time in which servers may still ask the generation before.
fn unnoticed(serving: &Generation) -> Duration {
    let since: Option<jiff::Timestamp> = serving.served.as_ref().and_then(|served| served.parse().ok());
    // A clock that was set back must not make anybody wait for ever.
    let since = since.and_then(|since| Duration::try_from(jiff::Timestamp::now().duration_since(since)).ok());
    since.map_or(Duration::ZERO, |since| NOTICED_WITHIN.saturating_sub(since))
}

async fn drop_others(settings: &Settings) -> anyhow::Result<ExitStatus> {
    let all = generations(settings).await?;
    let wait = all.iter().find(|one| one.state == GenerationState::Serving).map(unnoticed).unwrap_or_default();
    if all.len() > 1 && !wait.is_zero() {
        eprintln!("waiting {:.0} s for servers to notice the last swap", wait.as_secs_f64().ceil());
        tokio::time::sleep(wait).await;
    }
    let (dbs, db) = (parts::dbs(settings)?, settings.db.clone());
    let dropped = tokio::task::spawn_blocking(move || {
        let store = dbs.catalog().open(&db)?;
        let Some(_permit) = store.build_permit()? else { return Err(RagError::BeingReindexed(db.to_string())) };
        let mut dropped = Vec::new();
        for generation in store.generations()?.iter().filter(|one| one.state != GenerationState::Serving) {
            store.drop_generation(generation.id)?;
            dropped.push(generation.id.to_string());
        }
        store.sweep()?;
        Ok(dropped)
    });
    let dropped = dropped.await??;
    match &dropped[..] {
        [] => eprintln!("DB \"{}\" has no other generation than the one that answers", settings.db),
        dropped => eprintln!(
            "DB \"{}\": dropped generation {}; the DB's file stays as large, and its room is used again",
            settings.db,
            dropped.join(", ")
        ),
    }
    Ok(ExitStatus::Success)
}

/// The generations of the DB of the settings.
pub(super) async fn generations(settings: &Settings) -> anyhow::Result<Vec<Generation>> {
    let (dbs, db) = (parts::dbs(settings)?, settings.db.clone());
    Ok(tokio::task::spawn_blocking(move || dbs.catalog().open(&db)?.generations()).await??)
}

fn table(generations: &[Generation]) -> String {
    let embedder = |generation: &Generation| generation.embedder.clone().unwrap_or_else(|| "-".into());
    let width = generations.iter().map(|generation| embedder(generation).len()).chain([8]).max().unwrap_or(8);
    let mut text = format!(
        "{:>10}  {:8}  {:width$}  {:>11}  {:>9}  {:>9}  began to answer\n",
        "generation", "state", "embedder", "chunk sizes", "chunks", "to make"
    );
    for generation in generations {
        let sizes = generation.sizes.map_or("-".to_owned(), |sizes| format!("{}/{}", sizes.size, sizes.overlap));
        text.push_str(&format!(
            "{:>10}  {:8}  {:width$}  {sizes:>11}  {:>9}  {:>9}  {}\n",
            generation.id.0,
            generation.state.as_str(),
            embedder(generation),
            generation.chunks,
            generation.missing,
            generation.served.as_deref().unwrap_or("-"),
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ChunkSizes;

    fn serving() -> Generation {
        Generation {
            id: GenerationId(1),
            state: GenerationState::Serving,
            embedder: Some("static:minilm-256@0123abcd".into()),
            dimension: Some(256),
            sizes: None,
            chunks: 1_234,
            missing: 0,
            created: "2026-01-02T03:04:05Z".into(),
            served: None,
        }
    }

    #[test]
    fn a_generation_is_dropped_only_when_servers_know_that_another_one_serves() {
        let served = |seconds: i64| {
            let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
            unnoticed(&Generation { served: Some(at.to_string()), ..serving() })
        };
        assert_eq!((unnoticed(&serving()), served(-60), served(60)), (Duration::ZERO, Duration::ZERO, Duration::ZERO));
        assert!(served(-3) > Duration::from_secs(5) && served(-3) <= Duration::from_secs(7), "{:?}", served(-3));
    }

    #[test]
    fn a_list_shows_what_differs() {
        let one = serving();
        let two = Generation {
            id: GenerationId(2),
            state: GenerationState::Building,
            embedder: Some("ollama:bge-m3".into()),
            sizes: Some(ChunkSizes { size: 500, overlap: 50 }),
            missing: 17,
            ..one.clone()
        };
        insta::assert_snapshot!(table(&[one, two]));
    }
}
