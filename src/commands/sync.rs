//! `ragctl sync`: a folder's state into a DB, once; and what `serve --watch` does about folders at its start.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::{parts, print, printer, serve, signals::Signals};
use crate::{
    cli::{ExitStatus, SyncArgs, settings::Settings},
    rag::{
        Engine,
        ingest::{DocumentRoots, SelectLimits},
        sync::{FileState, Mirror, MirrorSettings, Mirrors, SyncAction, SyncTotals},
    },
};

/// Files that failed and are told one by one.
const TOLD: usize = 20;

/// Which of these are folders, which are mirrored, and which are files and patterns. What is not there may be a folder that
/// comes back.
pub(super) fn split(docs: &[PathBuf]) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let is_pattern = |path: &Path| path.to_string_lossy().contains(['*', '?', '[', '{']);
    docs.iter().cloned().partition(|path| path.is_dir() || (!path.exists() && !is_pattern(path)))
}

/// Mirrors folders from now on, and waits until they have been brought in once.
pub(super) async fn mirror_folders(
    settings: &Settings,
    mirrors: &Arc<Mirrors>,
    folders: Vec<PathBuf>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let roots = serve::document_roots(settings)?;
    let mut located: Vec<PathBuf> = folders.iter().map(|folder| roots.locate(folder)).collect();
    located.sort_unstable();
    // What lies in another one is mirrored with it.
    located.dedup_by(|later, earlier| later.starts_with(earlier));
    for root in located {
        let mirror = MirrorSettings {
            db: settings.db.clone(),
            roots: roots.clone().with_root(&root),
            root,
            watch: true,
            rescan: Some(settings.server.rescan),
            allow_mass_delete: settings.server.allow_mass_delete,
            dry_run: false,
            journal: false,
            options: mirrors.options().clone(),
        };
        let mirror = mirrors.start(mirror).await?;
        wait(&mirror).await;
        tell(&mirror);
        eprintln!("{} in {:.1} s", summary(&mirror), started.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Waits until a folder has been brought in once, with a bar.
async fn wait(mirror: &Mirror) {
    let bar = printer::bar(0, "files");
    bar.set_message("reading");
    let progress = async {
        let mut tick = tokio::time::interval(Duration::from_millis(200));
        loop {
            tick.tick().await;
            let files = mirror.status().files;
            let done = files.done + files.failed;
            bar.set_length((done + files.queued + files.reading) as u64);
            bar.set_position(done as u64);
        }
    };
    tokio::select! {
        () = mirror.settled() => {}
        () = progress => {}
    }
    bar.finish_and_clear();
}

/// Tells what is not as it should be.
fn tell(mirror: &Mirror) {
    let status = mirror.status();
    let (failed, number) = mirror.files(Some(FileState::Failed), 0, TOLD);
    for file in &failed {
        let record = &file.record;
        eprintln!("not ingested: {}: {}", record.source, record.error.as_deref().unwrap_or_default());
    }
    for problem in &status.problems {
        eprintln!("not ingested: {problem}");
    }
    if number > failed.len() {
        eprintln!("not ingested: {} more", number - failed.len());
    }
    if let Some(message) = &status.message {
        eprintln!("{}: {message}", mirror.root().display());
    }
}

fn summary(mirror: &Mirror) -> String {
    let status = mirror.status();
    let SyncTotals { added, updated, renamed, removed, unchanged: _, chunks: _, failures: _ } = status.totals;
    let failed = status.files.failed + status.problems.len();
    let all = status.files.done;
    format!(
        "{}: {added} added, {updated} updated, {renamed} renamed, {removed} deleted, {failed} failed, {all} files",
        mirror.root().display()
    )
}

pub(super) async fn run(settings: Settings, args: SyncArgs) -> anyhow::Result<ExitStatus> {
    let started = Instant::now();
    let engine = Arc::new(parts::build(&settings).await?.engine);
    let stop = CancellationToken::new();
    let mirrors = Mirrors::new(Arc::clone(&engine), serve::options(&settings, &stop));
    let mut signals = Signals::new();
    let status = tokio::select! {
        done = once(&settings, &args, &engine, &mirrors) => done?,
        () = signals.next() => ExitStatus::Interrupted,
    };
    const PATIENCE: Duration = Duration::from_secs(30);
    mirrors.finish(PATIENCE).await;
    serve::finish(&engine).await;
    if status == ExitStatus::Interrupted {
        eprintln!("interrupted; what was finished is stored, and the next run goes on");
    } else if !args.dry_run {
        eprintln!("DB \"{}\" is as the folder is, after {:.1} s", settings.db, started.elapsed().as_secs_f64());
    }
    Ok(status)
}

async fn once(
    settings: &Settings,
    args: &SyncArgs,
    engine: &Arc<Engine>,
    mirrors: &Mirrors,
) -> anyhow::Result<ExitStatus> {
    let cwd = std::env::current_dir().context("the working directory cannot be read")?;
    let base = DocumentRoots::unrestricted(&cwd);
    let root = base.locate(&args.folder);
    if !args.dry_run {
        let db = settings.db.clone();
        engine.with_dbs(move |dbs| dbs.get_or_create(&db).map(drop)).await?;
    }
    let roots = DocumentRoots::new(&cwd, &[])?.with_root(&root).with_limits(SelectLimits::TERMINAL);
    let mirror = MirrorSettings {
        db: settings.db.clone(),
        root,
        roots,
        watch: false,
        rescan: None,
        allow_mass_delete: args.allow_mass_delete,
        dry_run: args.dry_run,
        journal: true,
        options: mirrors.options().clone(),
    };
    let mirror = mirrors.start(mirror).await?;
    let actions = if args.dry_run {
        mirror.compared().await;
        mirror.plan()
    } else {
        wait(&mirror).await;
        mirror.journal()
    };
    print(&lines(actions, args.dry_run))?;
    tell(&mirror);
    let status = mirror.status();
    if !args.dry_run {
        eprintln!("{}", summary(&mirror));
    }
    let is_well = status.files.failed == 0 && status.problems.is_empty() && !status.is_limited;
    Ok(if is_well { ExitStatus::Success } else { ExitStatus::Failure })
}

/// What was done or would be, a line each.
fn lines(mut actions: Vec<SyncAction>, would: bool) -> String {
    actions.sort();
    let mut lines = String::new();
    for action in actions {
        let word = |done: &'static str, planned: &'static str| if would { planned } else { done };
        let _ = match action {
            SyncAction::Added(source) => writeln!(lines, "{} {source}", word("added", "would add")),
            SyncAction::Updated(source) => writeln!(lines, "{} {source}", word("updated", "would update")),
            SyncAction::Renamed { from, to } => {
                writeln!(lines, "{} {from} to {to}", word("renamed", "would rename"))
            }
            SyncAction::Deleted(source) => writeln!(lines, "{} {source}", word("deleted", "would delete")),
        };
    }
    lines
}
