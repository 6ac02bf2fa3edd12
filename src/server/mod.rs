//! The HTTP API: routes, validation, error statuses, health. What happens behind a route is [`rag`](crate::rag)'s business.
//!
//! `router` is the whole route table. Handlers are thin: a request type of [`wire`](crate::wire) in, the engine
//! called, a response type out. The listener and the shutdown signal are handed in, so tests use port 0.

mod connections;
mod error;
mod feedback;
mod handlers;
mod health;
mod heartbeat;
mod hosts;
mod json;
mod middleware;
mod openapi;
mod params;
mod reindex;
mod rendered;
mod router;
mod sparse;
mod state;
mod watch;

use std::{
    future::Future,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::net::TcpListener;

use crate::util::time::UnixMillis;

pub use connections::connection_limit;
pub use openapi::document as openapi_document;
pub use state::{AppState, ServerSettings, UpstreamHealth};

/// How often the cache is tended.
const TEND_EVERY: Duration = Duration::from_secs(5);

/// How long that may take.
const TEND_PATIENCE: Duration = Duration::from_secs(60);

/// Serves until `shutdown` completes, then stops accepting, closes connections without a request in service, and lets what
/// is under way finish, for at most `grace`.
///
/// # Errors
/// When the listener has no address.
pub async fn serve(
    listener: TcpListener,
    state: Arc<AppState>,
    shutdown: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> io::Result<()> {
    let hosts = hosts::HostPolicy::new(listener.local_addr()?.ip(), &state.settings.allowed_hosts);
    let background = Background::start(&state);
    let ingestions = state.stopping.clone();
    let shutdown = async move {
        shutdown.await;
        // Long work ends in order, within the grace.
        ingestions.cancel();
    };
    let (metrics, most) = (state.engine.metrics().connections(), state.settings.max_connections);
    connections::serve(listener, router::router(state, hosts), metrics, most, shutdown, grace).await;
    drop(background);
    Ok(())
}

/// Tasks that live as long as the server.
struct Background(tokio::task::JoinSet<()>);

impl Background {
    fn start(state: &Arc<AppState>) -> Self {
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(health::probe(Arc::clone(state)));
        tasks.spawn(health::sample_system(Arc::clone(state)));
        tasks.spawn(watch::watch_stores(Arc::clone(state)));
        tasks.spawn(reindex::upgrade_stores(Arc::clone(state)));
        tasks.spawn(sparse::follow_sparse(Arc::clone(state)));
        tasks.spawn(tend_cache(Arc::clone(state)));
        tasks.spawn(watch_mirrors(Arc::clone(state)));
        Self(tasks)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort_all();
    }
}

/// How long a mirror may not be seen at work: it writes to the DB in between, and other processes may be at that.
const MIRROR_PATIENCE: Duration = Duration::from_secs(120);

/// Tells that the mirrors are alive while all of them are.
async fn watch_mirrors(state: Arc<AppState>) {
    let mut tick = tokio::time::interval(TEND_EVERY);
    loop {
        tick.tick().await;
        let mirrors = state.mirrors.of(None);
        let alive = mirrors.iter().all(|mirror| mirror.has_ended() || mirror.silent() < MIRROR_PATIENCE);
        if !mirrors.is_empty() && alive {
            state.heartbeats.beat("sync", MIRROR_PATIENCE, Instant::now());
        }
    }
}

/// Removes cached answers that are too old, and keeps the cache's file from growing without end.
async fn tend_cache(state: Arc<AppState>) {
    let Some(cache) = state.engine.cache().cloned() else { return };
    let mut tick = tokio::time::interval(TEND_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        state.heartbeats.beat("tend_cache", TEND_PATIENCE, Instant::now());
        cache.tend(UnixMillis::steady()).await;
    }
}
