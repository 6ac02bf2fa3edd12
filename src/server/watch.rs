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
    rag::{Db, Dbs},
    telemetry::Metrics,
};

/// How often DBs that are open are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// How long a pass may take: building an index again is part of one.
const PATIENCE: Duration = Duration::from_secs(120);

/// A DB that nobody has asked for this long is closed.
const UNUSED: Duration = Duration::from_secs(600);

/// How often it is tried whether a DB can be written again, and counted what generations lack that are being built.
const LOOK_CLOSELY_EVERY: Duration = Duration::from_secs(5);

/// Looks after the DBs, again and again.
pub(super) async fn watch_stores(state: Arc<AppState>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut looked, mut known) = (Instant::now(), None);
    let cancelled = Cancelled(Arc::default());
    loop {
        tick.tick().await;
        state.heartbeats.beat("watch_stores", PATIENCE, Instant::now());
        let look_closely = looked.elapsed() >= LOOK_CLOSELY_EVERY;
        if look_closely {
            looked = Instant::now();
        }
        let (dbs, metrics) = (Arc::clone(state.engine.dbs()), Arc::clone(state.engine.metrics()));
        let pass = tokio::task::spawn_blocking(move || pass(&dbs, &metrics, look_closely));
        // A panic in there is logged by the runtime's hook; the next pass tries again.
        let Ok(Pass { data_dir, unverified }) = pass.await else { continue };
        note_data_dir(&mut known, data_dir);
        if let Some(db) = unverified {
            // Once a DB, on a thread of its own: it may take minutes.
            let cancelled = Arc::clone(&cancelled.0);
            tokio::task::spawn_blocking(move || db.verify(cancelled));
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
    unverified: Option<Arc<Db>>,
}

fn pass(dbs: &Dbs, metrics: &Metrics, look_closely: bool) -> Pass {
    let data_dir = dbs.catalog().attached().err().map(|error| error.to_string());
    let mut unbuilt = 0;
    for db in dbs.all_opened() {
        // While the whole directory is gone, questions are answered from what is still open.
        if data_dir.is_none()
            && let Err(error) = db.store().attached()
        {
            tracing::warn!(db = %db.name(), %error, "the DB is closed");
            dbs.forget(&db);
            continue;
        }
        if look_closely && db.store().read_only().is_some() && can_be_written(dbs, &db) {
            tracing::info!(db = %db.name(), "the DB can be written again");
            dbs.forget(&db);
            continue;
        }
        match dbs.renew(&db) {
            // The one that answers now is followed from the next look on.
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::debug!(db = %db.name(), %error, "the DB's generations cannot be read"),
        }
        if look_closely {
            unbuilt += db.store().unbuilt().unwrap_or(0);
        }
        follow(&db, metrics);
        db.search().rest();
    }
    if look_closely {
        metrics.sync().reindex_documents.set(i64::try_from(unbuilt).unwrap_or(i64::MAX));
    }
    dbs.close_unused(UNUSED, 1);
    let unverified = dbs.all_opened().into_iter().find(|db| !db.is_verified());
    Pass { data_dir, unverified }
}

fn can_be_written(dbs: &Dbs, db: &Db) -> bool {
    dbs.catalog().open(db.name()).is_ok_and(|store| store.read_only().is_none())
}

fn follow(db: &Db, metrics: &Metrics) {
    match db.is_current() {
        Ok(true) if !db.is_behind() => return,
        Ok(_) => {}
        Err(error) => {
            tracing::debug!(db = %db.name(), %error, "DB cannot be read");
            return;
        }
    }
    // A failure is logged once, by the db, and shown in health.
    let followed = db.follow();
    if followed.is_ok()
        && let Ok(counts) = db.store().counts()
    {
        metrics.database(db.name().as_str(), counts.documents, counts.bytes);
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
