//! Generations that the server itself makes: what was asked for over HTTP, and what a new version makes otherwise.

use std::{
    collections::{BTreeMap, HashMap},
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::time::MissedTickBehavior;

use super::state::AppState;
use crate::{
    domain::{ChunkSizes, DbName, Stamp},
    rag::{
        Db, RagError,
        ingest::IngestOptions,
        reindex::{ReindexObserver, ReindexOptions},
    },
    store::GenerationId,
};

/// How often it is looked whether a DB that is open has something of an older version.
const EVERY: Duration = Duration::from_secs(2);

/// How long this task may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// After so long it is tried again, where it failed, or where an earlier generation is open.
const AGAIN: Duration = Duration::from_secs(60);

/// Share of the time that is left to questions.
const REST: f32 = 0.5;

/// What was asked for over HTTP: the DBs that are being reindexed, and why others were not to the end.
#[derive(Debug, Default)]
pub(super) struct Reindexing(Mutex<BTreeMap<DbName, Job>>);

#[derive(Debug, Clone)]
enum Job {
    Running,
    Failed(String),
}

impl Reindexing {
    /// Whether the DB is being reindexed by this server.
    pub(super) fn is_running(&self, db: &DbName) -> bool {
        matches!(self.0.lock().get(db), Some(Job::Running))
    }

    /// Why it was not done to its end the last time.
    pub(super) fn failure(&self, db: &DbName) -> Option<String> {
        match self.0.lock().get(db) {
            Some(Job::Failed(why)) => Some(why.clone()),
            _ => None,
        }
    }
}

/// Begins to reindex a DB, in the background, by the server's embedder. Returns whether there is something to do.
///
/// # Errors
/// [`RagError::BeingReindexed`]; an unknown DB; a store that cannot be written.
pub(super) async fn start(
    state: &Arc<AppState>,
    db: DbName,
    sizes: Option<ChunkSizes>,
    swap: bool,
) -> Result<bool, RagError> {
    if matches!(state.reindexing.0.lock().insert(db.clone(), Job::Running), Some(Job::Running)) {
        return Err(RagError::BeingReindexed(db.to_string()));
    }
    let begun = state.engine.begin_reindex(&db, sizes).await;
    let Ok(Some(generation)) = begun else {
        state.reindexing.0.lock().remove(&db);
        return begun.map(|_| false);
    };
    let state = Arc::clone(state);
    tokio::spawn(async move {
        let built = state.engine.build(&db, generation, swap, &options(&state), &unobserved()).await;
        let mut jobs = state.reindexing.0.lock();
        match built {
            Ok(report) => {
                tracing::info!(%db, %generation, documents = report.documents, stopped = report.stopped, "a generation was built");
                jobs.remove(&db);
            }
            Err(error) => {
                tracing::warn!(%db, %generation, %error, "a generation could not be built to its end");
                jobs.insert(db, Job::Failed(error.to_string()));
            }
        }
    });
    Ok(true)
}

fn options(state: &AppState) -> ReindexOptions {
    ReindexOptions { parallelism: 1, rest: REST, stop: state.stopping.clone() }
}

fn unobserved() -> ReindexObserver {
    Arc::new(|_| {})
}

/// What a DB was when it was last looked at.
struct Looked {
    at: (GenerationId, Option<Stamp>),
    when: Instant,
    failed: bool,
}

/// Brings DBs that are open up to date, one after the other, while they answer from what they have.
pub(super) async fn upgrade_stores(state: Arc<AppState>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looked: HashMap<DbName, Looked> = HashMap::new();
    let beat = || state.heartbeats.beat("upgrade_stores", PATIENCE, Instant::now());
    loop {
        tick.tick().await;
        beat();
        let open = state.engine.dbs().all_opened();
        looked.retain(|name, _| open.iter().any(|db| db.name() == name));
        for db in open {
            let at = (db.generation(), db.stamp());
            let due = looked.get(db.name()).is_none_or(|last| {
                last.at != at || ((last.failed || db.is_superseded()) && last.when.elapsed() > AGAIN)
            });
            if !due {
                continue;
            }
            let mut work = pin!(upgrade(&state, &db));
            let done = loop {
                tokio::select! {
                    done = &mut work => break done,
                    _ = tick.tick() => beat(),
                }
            };
            let last = Looked { at: (db.generation(), db.stamp()), when: Instant::now(), failed: !done };
            looked.insert(db.name().clone(), last);
        }
    }
}

/// Returns whether it was done to its end.
async fn upgrade(state: &AppState, db: &Db) -> bool {
    let settings = &state.settings;
    let how = IngestOptions {
        chunking: settings.chunking,
        limits: settings.limits.clone(),
        version: None,
        parallelism: 1,
        stop: state.stopping.clone(),
        ocr: settings.ocr.clone(),
        metadata: None,
        rules: settings.metadata.clone(),
        chunking_said: settings.chunking_said,
    };
    let files = (&settings.roots, &how);
    match state.engine.upgrade(db.name(), files, &options(state), &unobserved()).await {
        Ok(report) => {
            if report.documents > 0 {
                tracing::info!(db = %db.name(), documents = report.documents, "documents were made anew");
            }
            !report.stopped
        }
        // Said elsewhere, at every question.
        Err(error @ (RagError::EmbedderMismatch { .. } | RagError::BeingReindexed(_))) => {
            tracing::debug!(db = %db.name(), %error, "the DB is not brought up to date now");
            false
        }
        Err(error) => {
            tracing::warn!(db = %db.name(), %error, "the DB could not be brought up to date; trying again");
            false
        }
    }
}
