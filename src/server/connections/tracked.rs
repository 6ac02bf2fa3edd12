//! One connection's activity, told to the registry.

use std::{sync::Arc, time::Instant};

use futures::{FutureExt, future::Fuse};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::{
    activity::{Activity, Limits},
    registry::{ConnectionId, Registry},
};
use crate::telemetry::{CloseReason, ConnectionMetrics};

/// Tells a connection that it is to make room.
pub(super) type Evict = oneshot::Sender<()>;

/// Hears that; never when the other end is gone.
pub(super) type Evicted = Fuse<oneshot::Receiver<()>>;

/// What all connections share.
pub(super) struct Shared {
    pub(super) registry: Mutex<Registry<Evict>>,
    pub(super) limits: Limits,
    pub(super) metrics: ConnectionMetrics,
}

/// One connection that is counted, listed and watched until this is dropped.
pub(super) struct Tracked {
    shared: Arc<Shared>,
    /// `None`: it takes no room that could be made.
    id: Option<ConnectionId>,
    activity: Mutex<Activity>,
}

impl Tracked {
    /// A client has connected; the other end tells when it is to make room.
    pub(super) fn listed(shared: Arc<Shared>) -> (Arc<Self>, Evicted) {
        let (evict, evicted) = oneshot::channel();
        let id = shared.registry.lock().add(evict, now());
        (Self::new(shared, Some(id)), evicted.fuse())
    }

    /// A client has connected, who takes no room that others could have.
    pub(super) fn unlisted(shared: Arc<Shared>) -> (Arc<Self>, Evicted) {
        (Self::new(shared, None), oneshot::channel().1.fuse())
    }

    fn new(shared: Arc<Shared>, id: Option<ConnectionId>) -> Arc<Self> {
        shared.metrics.opened();
        Arc::new(Self { shared, id, activity: Mutex::new(Activity::connected(now())) })
    }

    /// Something happened.
    pub(super) fn update(&self, change: impl FnOnce(&mut Activity, Instant)) {
        let mut activity = self.activity.lock();
        let before = activity.waiting_since();
        change(&mut activity, now());
        let after = activity.waiting_since();
        if let Some(id) = self.id.filter(|_| before != after) {
            self.shared.registry.lock().set_waiting(id, after);
        }
    }

    /// When the connection is to be closed if nothing changes, and why.
    pub(super) fn deadline(&self) -> Option<(Instant, CloseReason)> {
        self.activity.lock().deadline(&self.shared.limits)
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub(super) fn count(&self, reason: CloseReason) {
        self.shared.metrics.closed(reason);
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.shared.registry.lock().remove(id);
        }
        self.shared.metrics.gone();
    }
}

/// The runtime's clock, which timers go by.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
