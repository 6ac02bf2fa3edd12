//! Makes the vectors of the learned sparse index, behind everything else: on threads to which all others are preferred.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::time::MissedTickBehavior;

use super::state::AppState;
use crate::{rag::Dbs, util::process::at_low_priority};

/// How often DBs that are open are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// How long one DB is worked at until the others have their turn, the task shows that it is alive, and the number of chunks that
/// wait is told.
const TURN: Duration = Duration::from_secs(2);

/// How long the task may not be seen at work: all DBs may have a turn in between, and threads of low priority may wait long.
const PATIENCE: Duration = Duration::from_secs(600);

/// Looks after the sparse vectors of the DBs, again and again.
pub(super) async fn follow_sparse(state: Arc<AppState>) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let cancelled = Cancelled(Arc::default());
    loop {
        tick.tick().await;
        let mut more = true;
        while more {
            state.heartbeats.beat("follow_sparse", PATIENCE, Instant::now());
            let (dbs, stop) = (Arc::clone(state.engine.dbs()), Arc::clone(&cancelled.0));
            // A panic in there is logged by the runtime's hook; the next tick tries again.
            let pass = tokio::task::spawn_blocking(move || pass(&dbs, &stop)).await.unwrap_or_default();
            state.engine.metrics().sync().sparse_chunks.set(i64::try_from(pass.waiting).unwrap_or(i64::MAX));
            more = pass.more;
        }
    }
}

/// Ends the work when the server does.
struct Cancelled(Arc<AtomicBool>);

impl Drop for Cancelled {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What one look has found.
#[derive(Default)]
struct Pass {
    /// Chunks that have no sparse vector yet.
    waiting: u64,
    /// Whether work was left that can be gone on with at once.
    more: bool,
}

fn pass(dbs: &Dbs, cancelled: &AtomicBool) -> Pass {
    let mut all = Pass::default();
    for db in dbs.all_opened() {
        let before = db.sparse_waiting();
        if before.is_none_or(|waiting| waiting.is_current) {
            continue;
        }
        let begun = Instant::now();
        let stop = || cancelled.load(Ordering::Relaxed) || begun.elapsed() >= TURN;
        let followed = at_low_priority(|| db.follow_sparse(&stop));
        let after = db.sparse_waiting();
        all.waiting += after.map_or(0, |waiting| waiting.chunks);
        match followed {
            // Whoever else is at it needs no help.
            Ok(_) => all.more |= after.map(|waiting| waiting.chunks) < before.map(|waiting| waiting.chunks),
            Err(error) => tracing::debug!(db = %db.name(), %error, "no sparse vectors can be made"),
        }
    }
    all.more &= all.waiting > 0 && !cancelled.load(Ordering::Relaxed);
    all
}
