//! The HTTP API: routes, validation, error statuses, health. What happens behind a route is [`rag`](crate::rag)'s business.
//!
//! `router` is the whole route table. Handlers are thin: a request type of [`wire`](crate::wire) in, the engine
//! called, a response type out. The listener and the shutdown signal are handed in, so tests use port 0.

mod connections;
mod error;
mod handlers;
mod health;
mod hosts;
mod json;
mod middleware;
mod openapi;
mod router;
mod state;

use std::{future::Future, io, sync::Arc, time::Duration};

use tokio::net::TcpListener;

use crate::cache::Moment;

pub use connections::connection_limit;
pub use handlers::ask::response as answer_body;
pub use openapi::document as openapi_document;
pub use state::{AppState, ServerSettings, Upstream};

/// How often the cache is tended.
const TEND_EVERY: Duration = Duration::from_secs(5);

/// How often DBs that are open are checked for changes by other processes.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

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
        tasks.spawn(follow_other_processes(Arc::clone(state)));
        tasks.spawn(tend_cache(Arc::clone(state)));
        Self(tasks)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort_all();
    }
}

/// Removes cached answers that are too old, and keeps the cache's file from growing without end.
async fn tend_cache(state: Arc<AppState>) {
    let Some(cache) = state.engine.cache().cloned() else { return };
    let mut tick = tokio::time::interval(TEND_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let cache = Arc::clone(&cache);
        // A panic in there is logged by the runtime's hook; the next pass tries again.
        drop(tokio::task::spawn_blocking(move || cache.tend(Moment::now())).await);
    }
}

/// Notices what other processes ingest into DBs that are open here.
async fn follow_other_processes(state: Arc<AppState>) {
    let mut tick = tokio::time::interval(FOLLOW_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let (collections, metrics) = (Arc::clone(state.engine.collections()), Arc::clone(state.engine.metrics()));
        let pass = tokio::task::spawn_blocking(move || {
            for collection in collections.all_opened() {
                match collection.is_current() {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(error) => {
                        tracing::debug!(db = %collection.name(), %error, "DB cannot be read");
                        continue;
                    }
                }
                if let Err(error) = collection.follow() {
                    tracing::warn!(db = %collection.name(), %error, "the search could not catch up; trying again");
                }
                if let Ok(counts) = collection.store().counts() {
                    metrics.database(collection.name().as_str(), counts.documents, counts.bytes);
                }
            }
        });
        // A panic in there is logged by the runtime's hook; the next pass tries again.
        drop(pass.await);
    }
}
