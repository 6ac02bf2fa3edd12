//! The connections of clients: how many there may be, how long they may take, and how they end.
//!
//! `activity` says what one connection does and how long it may, `registry` who goes when there are too many; both are
//! plain state with the clock handed in. `stream` and `body` watch what clients do, `connection` acts on it, and the loop
//! here accepts.

mod activity;
mod body;
mod connection;
mod registry;
mod stream;
mod tracked;

#[cfg(test)]
mod tests;

use std::{future::Future, io, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request};
use parking_lot::Mutex;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use self::{
    activity::Limits,
    registry::Registry,
    tracked::{Shared, Tracked},
};
use super::{error::ApiError, middleware};
use crate::telemetry::{CloseReason, ConnectionMetrics};

pub use body::BodyTimeout;

/// Most connections, where neither a setting nor the limit of open files says less.
const MOST: usize = 10_000;

/// Fewest connections, however few files may be open.
const FEWEST: usize = 8;

/// Files that are kept for the store, the indexes and upstreams: so many, or this share of all if that is more.
const RESERVED_FILES: u64 = 64;
const RESERVED_SHARE: u64 = 8;

/// Most clients at once that are told that there is no room. Others are just closed.
const MOST_REFUSALS: usize = 16;

/// How long a client may take to hear that there is no room.
const REFUSAL: Duration = Duration::from_secs(2);

/// Longest wait for a connection that was told to make room.
const ROOM: Duration = Duration::from_secs(1);

/// How long nothing is accepted after the system refused to.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// Most connections at once: as many as are wanted, or 10,000, if so many files may be open beside those that the server
/// needs. No limit of `files` is `None`.
pub fn connection_limit(wanted: Option<usize>, files: Option<u64>) -> usize {
    let wanted = wanted.unwrap_or(MOST).max(1);
    let Some(files) = files else { return wanted };
    let reserved = RESERVED_FILES.max(files / RESERVED_SHARE);
    let possible = usize::try_from(files.saturating_sub(reserved)).unwrap_or(wanted);
    wanted.min(possible.max(FEWEST))
}

/// Serves `router` until `shutdown` completes. Then connections without a request in service are closed, and the others
/// when they have answered, or after `grace`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    metrics: ConnectionMetrics,
    most: usize,
    shutdown: impl Future<Output = ()>,
    grace: Duration,
) {
    Acceptor::new(router, metrics, most, Limits::default()).run(listener, shutdown, grace).await;
}

/// Takes connections in.
struct Acceptor {
    router: Router,
    shared: Arc<Shared>,
    room: Arc<Semaphore>,
    /// Room for those that are told that there is none.
    refusals: Arc<Semaphore>,
    stopping: CancellationToken,
    tasks: JoinSet<()>,
    /// Whether the system refused the last time.
    failing: bool,
}

impl Acceptor {
    fn new(router: Router, metrics: ConnectionMetrics, most: usize, limits: Limits) -> Self {
        Self {
            router,
            shared: Arc::new(Shared { registry: Mutex::new(Registry::default()), limits, metrics }),
            room: Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS))),
            refusals: Arc::new(Semaphore::new(MOST_REFUSALS)),
            stopping: CancellationToken::new(),
            tasks: JoinSet::new(),
            failing: false,
        }
    }

    async fn run(mut self, listener: TcpListener, shutdown: impl Future<Output = ()>, grace: Duration) {
        let accepting = async {
            loop {
                tokio::select! {
                    accepted = listener.accept() => self.accepted(accepted.map(|(socket, _)| socket)).await,
                    // Those that are done are forgotten.
                    Some(_) = self.tasks.join_next() => {}
                }
            }
        };
        tokio::select! {
            () = shutdown => {}
            () = accepting => {}
        }
        drop(listener);
        self.stopping.cancel();
        let done = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, done).await.is_err() {
            tracing::warn!(?grace, "requests were still under way when the shutdown grace ended");
        }
    }

    async fn accepted(&mut self, accepted: io::Result<TcpStream>) {
        match accepted {
            Ok(socket) => {
                if std::mem::take(&mut self.failing) {
                    tracing::info!("connections are accepted again");
                }
                self.admit(socket).await;
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(%error, "no connection can be accepted; trying again until one can");
                }
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }

    async fn admit(&mut self, socket: TcpStream) {
        match self.find_room().await {
            Some(permit) => self.spawn(socket, self.router.clone(), permit),
            None => self.refuse(socket),
        }
    }

    /// Room for one more, if need be that of the connection that waits for longest.
    async fn find_room(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() {
            return Some(permit);
        }
        // Its task may have ended by itself: then there is room, too.
        let _ = self.shared.registry.lock().evict()?.send(());
        tokio::time::timeout(ROOM, Arc::clone(&self.room).acquire_owned()).await.ok()?.ok()
    }

    fn spawn(&mut self, socket: TcpStream, router: Router, permit: OwnedSemaphorePermit) {
        let (tracked, evicted) = Tracked::listed(Arc::clone(&self.shared));
        let stopping = self.stopping.child_token();
        self.tasks.spawn(async move {
            connection::serve(socket, router, tracked, evicted, stopping).await;
            // Not before the socket is closed: that is what there is no room for.
            drop(permit);
        });
    }

    /// Tells a client that there is no room, if there is time for that.
    fn refuse(&mut self, socket: TcpStream) {
        self.shared.metrics.closed(CloseReason::Refused);
        let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() else { return };
        let (tracked, evicted) = Tracked::unlisted(Arc::clone(&self.shared));
        let stopping = self.stopping.child_token();
        self.tasks.spawn(async move {
            let service = tower::service_fn(async |request: Request<Body>| {
                Ok(middleware::refusal(ApiError::no_room(), request.headers()))
            });
            drop(tokio::time::timeout(REFUSAL, connection::serve(socket, service, tracked, evicted, stopping)).await);
            drop(permit);
        });
    }
}

/// Whether a connection was gone before it was accepted.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
