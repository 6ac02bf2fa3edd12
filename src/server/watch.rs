//! Watches the data directory: follows what other processes ingest, notices files that are deleted, replaced or damaged, closes
//! what is not used.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::time::MissedTickBehavior;

use super::state::AppState;
use crate::{
    rag::{Collection, Collections},
    telemetry::Metrics,
};

/// How often DBs that are open are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// How long a pass may take: building an index again is part of one.
const PATIENCE: Duration = Duration::from_secs(120);

/// A DB that nobody has asked for this long is closed.
const UNUSED: Duration = Duration::from_secs(600);

/// How often it is tried whether a DB can be written again.
const TRY_TO_WRITE_EVERY: Duration = Duration::from_secs(5);

/// Looks after the DBs, again and again.
pub(super) async fn watch_stores(state: Arc<AppState>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut tried, mut known) = (Instant::now(), None);
    let cancelled = Cancelled(Arc::default());
    loop {
        tick.tick().await;
        state.heartbeats.beat("watch_stores", PATIENCE, Instant::now());
        let try_to_write = tried.elapsed() >= TRY_TO_WRITE_EVERY;
        if try_to_write {
            tried = Instant::now();
        }
        let (collections, metrics) = (Arc::clone(state.engine.collections()), Arc::clone(state.engine.metrics()));
        let pass = tokio::task::spawn_blocking(move || pass(&collections, &metrics, try_to_write));
        // A panic in there is logged by the runtime's hook; the next pass tries again.
        let Ok(Pass { data_dir, unverified }) = pass.await else { continue };
        note_data_dir(&mut known, data_dir);
        if let Some(collection) = unverified {
            // Once a DB, on a thread of its own: it may take minutes.
            let cancelled = Arc::clone(&cancelled.0);
            tokio::task::spawn_blocking(move || collection.verify(cancelled));
        }
    }
}

/// Ends checks of DBs when the server does.
struct Cancelled(Arc<AtomicBool>);

impl Drop for Cancelled {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What one look has found.
struct Pass {
    /// What is wrong with the data directory.
    data_dir: Option<String>,
    /// A DB that nobody has looked through for damage yet.
    unverified: Option<Arc<Collection>>,
}

fn pass(collections: &Collections, metrics: &Metrics, try_to_write: bool) -> Pass {
    let data_dir = collections.catalog().attached().err().map(|error| error.to_string());
    for collection in collections.all_opened() {
        // While the whole directory is gone, questions are answered from what is still open.
        if data_dir.is_none()
            && let Err(error) = collection.store().attached()
        {
            tracing::warn!(db = %collection.name(), %error, "the DB is closed");
            collections.forget(&collection);
            continue;
        }
        if try_to_write && collection.store().read_only().is_some() && can_be_written(collections, &collection) {
            tracing::info!(db = %collection.name(), "the DB can be written again");
            collections.forget(&collection);
            continue;
        }
        follow(&collection, metrics);
        collection.search().rest();
    }
    collections.close_unused(UNUSED, 1);
    let unverified = collections.all_opened().into_iter().find(|collection| !collection.is_verified());
    Pass { data_dir, unverified }
}

fn can_be_written(collections: &Collections, collection: &Collection) -> bool {
    collections.catalog().open(collection.name()).is_ok_and(|store| store.read_only().is_none())
}

fn follow(collection: &Collection, metrics: &Metrics) {
    match collection.is_current() {
        Ok(true) if !collection.is_behind() => return,
        Ok(_) => {}
        Err(error) => {
            tracing::debug!(db = %collection.name(), %error, "DB cannot be read");
            return;
        }
    }
    // A failure is logged once, by the collection, and shown in health.
    let followed = collection.follow();
    if followed.is_ok()
        && let Ok(counts) = collection.store().counts()
    {
        metrics.database(collection.name().as_str(), counts.documents, counts.bytes);
    }
}

/// Says that the data directory is gone, or there again, once each.
fn note_data_dir(known: &mut Option<String>, trouble: Option<String>) {
    if *known == trouble {
        return;
    }
    match &trouble {
        Some(error) => tracing::error!(%error, "nothing can be stored"),
        None => tracing::info!("the data directory is there again"),
    }
    *known = trouble;
}
