//! Connections to one upstream: how many calls may be under way, who waits, which connection is used again.
//!
//! A slot is a client that has at most one connection and serves one call at a time, so that what is counted is what
//! happens: the connector tells when a connection stands ([`ConnectionWatch::opened`]), and a slot that is let go closes
//! it. Of one thing nobody tells: an upstream that closes an idle connection. It is noticed when the slot is used again
//! or expires; and when a call finds the upstream gone, all idle slots are dropped.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{
    CallContext, ClientStats,
    turns::{Number, TurnEstimator},
};

/// While a caller waits, it looks again whether its turn can still come: after this share of the time that it has left,
/// but not more often than that.
const LOOK_SHARE: u32 = 8;
const LOOK_AT_MOST_EVERY: Duration = Duration::from_millis(50);

/// How large a pool may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// Shown in the metrics, for those who know it from elsewhere; connections are opened when they are needed.
    pub connections: usize,
    /// Most calls under way, at least 1.
    pub maxsize: usize,
    /// Whether calls beyond that wait; else they are refused.
    pub block: bool,
    /// Most calls that wait.
    pub queue: usize,
    /// Most idle connections.
    pub max_keepalive: usize,
    /// Longest rest of an idle connection.
    pub keepalive_expiry: Duration,
}

impl PoolSettings {
    /// What holds unless something else is said.
    pub const DEFAULT: Self = Self {
        connections: 15,
        maxsize: 30,
        block: true,
        queue: 1_000,
        max_keepalive: 30,
        keepalive_expiry: Duration::from_secs(30),
    };
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Why no slot was to be had. All of these are local: the upstream was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolRefusal {
    /// All slots are taken, and calls do not wait.
    Full {
        /// How long until one is free, as far as is known.
        wait: Duration,
    },
    /// As many calls wait as may.
    QueueFull {
        /// How long the wait for a turn would be, as far as is known.
        wait: Duration,
    },
    /// The call's deadline came first.
    Deadline,
    /// The call's deadline would come first.
    NoTurnInTime {
        /// How long the wait for a turn would be, as far as is known.
        wait: Duration,
    },
}

impl PoolRefusal {
    /// How long the wait for a turn would have been, as far as is known.
    pub fn wait(self) -> Duration {
        match self {
            Self::Full { wait } | Self::QueueFull { wait } | Self::NoTurnInTime { wait } => wait,
            Self::Deadline => Duration::ZERO,
        }
    }
}

/// What the connector of a slot tells.
pub struct ConnectionWatch {
    stats: Arc<ClientStats>,
    opened: AtomicU64,
    open: AtomicBool,
    endpoint: Mutex<Option<&'static str>>,
}

impl ConnectionWatch {
    /// The slot's client has a new connection. It had at most one, so an earlier one is gone.
    pub fn opened(&self, took: Duration) {
        self.opened.fetch_add(1, Ordering::Relaxed);
        let replaced = self.open.swap(true, Ordering::Relaxed);
        self.stats.opened(took, *self.endpoint.lock(), replaced);
    }
}

struct Slot<C> {
    client: C,
    watch: Arc<ConnectionWatch>,
    idle: bool,
    since: Instant,
}

impl<C> Drop for Slot<C> {
    fn drop(&mut self) {
        if self.watch.open.swap(false, Ordering::Relaxed) {
            self.watch.stats.closed(self.idle);
        }
    }
}

/// Makes the client of a slot, whose connector must tell the watch.
type MakeClient<C> = Box<dyn Fn(Arc<ConnectionWatch>) -> C + Send + Sync>;

struct Inner<C> {
    settings: PoolSettings,
    make: MakeClient<C>,
    /// The one that rested last is used first, so that the others can expire.
    idle: Mutex<Vec<Slot<C>>>,
    turns: Arc<Semaphore>,
    /// Who holds and who waits for them.
    estimator: Mutex<TurnEstimator>,
    stats: Arc<ClientStats>,
    swept: AtomicBool,
}

/// A slot's turn, from the moment that a call has it.
struct HeldTurn<C> {
    pool: Arc<Inner<C>>,
    number: Number,
    _permit: OwnedSemaphorePermit,
}

impl<C> Drop for HeldTurn<C> {
    fn drop(&mut self) {
        self.pool.estimator.lock().end(self.number, Instant::now());
    }
}

/// A call's place in the queue; dropping it leaves the queue.
struct QueuePlace<C> {
    pool: Arc<Inner<C>>,
    number: Number,
}

impl<C> Drop for QueuePlace<C> {
    fn drop(&mut self) {
        self.pool.estimator.lock().leave(self.number);
    }
}

/// Slots for the calls to one upstream.
pub struct Pool<C> {
    inner: Arc<Inner<C>>,
}

impl<C> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<C: Send + 'static> Pool<C> {
    /// Opens nothing yet.
    pub fn new(
        settings: PoolSettings,
        stats: Arc<ClientStats>,
        make: impl Fn(Arc<ConnectionWatch>) -> C + Send + Sync + 'static,
    ) -> Self {
        let turns = Arc::new(Semaphore::new(settings.maxsize.max(1)));
        let estimator = Mutex::new(TurnEstimator::new(settings.maxsize));
        let (idle, swept) = (Mutex::default(), AtomicBool::new(false));
        Self { inner: Arc::new(Inner { settings, make: Box::new(make), idle, turns, estimator, stats, swept }) }
    }

    /// What is counted.
    pub fn stats(&self) -> &Arc<ClientStats> {
        &self.inner.stats
    }

    /// Waits for a turn and takes a slot.
    ///
    /// # Errors
    /// See [`PoolRefusal`]. Cancellation-safe: a caller that stops waiting leaves the queue.
    pub async fn acquire(&self, endpoint: &'static str, call: &CallContext) -> Result<Lease<C>, PoolRefusal> {
        let permit = match Arc::clone(&self.inner.turns).try_acquire_owned() {
            Ok(permit) => {
                self.inner.stats.waited(Duration::ZERO);
                permit
            }
            Err(_) if !self.inner.settings.block => return Err(PoolRefusal::Full { wait: self.wait_of_a_newcomer() }),
            Err(_) => self.wait(endpoint, call).await?,
        };
        let number = self.inner.estimator.lock().begin(endpoint, Instant::now());
        let turn = HeldTurn { pool: Arc::clone(&self.inner), number, _permit: permit };
        call.takes_turn();
        self.sweep_from_now_on();
        let rested = self.inner.idle.lock().pop();
        let slot = match rested {
            Some(mut slot) => {
                slot.idle = false;
                self.inner.stats.taken();
                slot
            }
            None => self.fresh(),
        };
        *slot.watch.endpoint.lock() = Some(endpoint);
        let opened_before = slot.watch.opened.load(Ordering::Relaxed);
        Ok(Lease { slot: Some(slot), pool: self.clone(), opened_before, _turn: turn })
    }

    async fn wait(&self, endpoint: &'static str, call: &CallContext) -> Result<OwnedSemaphorePermit, PoolRefusal> {
        let (ahead, _queued) = self.inner.stats.queue();
        if ahead >= self.inner.settings.queue {
            return Err(PoolRefusal::QueueFull { wait: self.wait_of_a_newcomer() });
        }
        let number = self.inner.estimator.lock().join(endpoint);
        let place = QueuePlace { pool: Arc::clone(&self.inner), number };
        let started = Instant::now();
        let turn = Arc::clone(&self.inner.turns).acquire_owned();
        tokio::pin!(turn);
        let turn = loop {
            let look_again = place.look(call)?;
            tokio::select! {
                biased;
                turn = &mut turn => break turn,
                () = call.expired() => return Err(PoolRefusal::Deadline),
                () = look_again => {}
            }
        };
        self.inner.stats.waited(started.elapsed());
        // Nobody closes the semaphore.
        turn.map_err(|_| PoolRefusal::Full { wait: Duration::ZERO })
    }

    fn wait_of_a_newcomer(&self) -> Duration {
        self.inner.estimator.lock().wait_of_a_newcomer(Instant::now())
    }

    fn fresh(&self) -> Slot<C> {
        let watch = Arc::new(ConnectionWatch {
            stats: Arc::clone(&self.inner.stats),
            opened: AtomicU64::new(0),
            open: AtomicBool::new(false),
            endpoint: Mutex::new(None),
        });
        Slot { client: (self.inner.make)(Arc::clone(&watch)), watch, idle: false, since: Instant::now() }
    }

    /// Drops all idle slots: the upstream is not there, so neither are they.
    pub fn forget_idle(&self) {
        let idle = std::mem::take(&mut *self.inner.idle.lock());
        drop(idle);
    }

    /// Starts the task that drops expired slots, when the pool is used for the first time.
    fn sweep_from_now_on(&self) {
        if !self.inner.swept.swap(true, Ordering::Relaxed) {
            tokio::spawn(sweep(Arc::downgrade(&self.inner), self.inner.settings.keepalive_expiry));
        }
    }
}

async fn sweep<C: Send + 'static>(pool: Weak<Inner<C>>, expiry: Duration) {
    let every = (expiry / 4).max(Duration::from_millis(10));
    loop {
        tokio::time::sleep(every).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle.lock();
        let (expired, fresh) = std::mem::take(&mut *idle).into_iter().partition(|slot| slot.since.elapsed() >= expiry);
        *idle = fresh;
        drop(idle);
        // Closing is not done under the lock.
        let expired: Vec<Slot<C>> = expired;
        drop(expired);
    }
}

impl<C> QueuePlace<C> {
    /// Whether the turn can come before the deadline; if so, what to wait for before looking again.
    fn look(&self, call: &CallContext) -> Result<impl Future<Output = ()> + use<C>, PoolRefusal> {
        let now = Instant::now();
        let left = call.deadline().map(|deadline| deadline.saturating_duration_since(now));
        if let Some(left) = left {
            let wait = self.pool.estimator.lock().wait(self.number, now);
            if wait > left {
                return Err(PoolRefusal::NoTurnInTime { wait });
            }
        }
        Ok(async move {
            match left {
                Some(left) => tokio::time::sleep((left / LOOK_SHARE).max(LOOK_AT_MOST_EVERY)).await,
                None => std::future::pending().await,
            }
        })
    }
}

/// A slot that one call has. Dropping it closes its connection, and so ends the call upstream.
pub struct Lease<C: Send + 'static> {
    slot: Option<Slot<C>>,
    pool: Pool<C>,
    opened_before: u64,
    _turn: HeldTurn<C>,
}

impl<C: Send + 'static> Lease<C> {
    /// The slot's client.
    pub fn client(&self) -> &C {
        &self.slot.as_ref().expect("a lease has its slot until it is given back").client
    }

    /// Whether the call went over a connection that was there before.
    pub fn is_reused(&self) -> bool {
        self.slot.as_ref().is_some_and(|slot| {
            slot.watch.open.load(Ordering::Relaxed) && slot.watch.opened.load(Ordering::Relaxed) == self.opened_before
        })
    }

    /// Counts whether the connection was there before; called once the head of the response is here.
    pub fn answered(&self) {
        if self.is_reused() {
            self.pool.inner.stats.reused();
        }
    }

    /// The response was read to its end: the connection can be used again.
    pub fn give_back(mut self) {
        let Some(mut slot) = self.slot.take() else { return };
        if !slot.watch.open.load(Ordering::Relaxed) {
            return;
        }
        let mut idle = self.pool.inner.idle.lock();
        if idle.len() < self.pool.inner.settings.max_keepalive {
            slot.idle = true;
            slot.since = Instant::now();
            self.pool.inner.stats.rested();
            idle.push(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Metrics;

    const CHAT: &str = "/api/chat";
    const HELD: Duration = Duration::from_millis(100);

    fn pool() -> Pool<()> {
        let settings = PoolSettings { maxsize: 1, ..PoolSettings::DEFAULT };
        let stats = Arc::new(ClientStats::new("test", settings, Metrics::new().client("test"), &[CHAT]));
        Pool::new(settings, stats, |_| ())
    }

    async fn refusal(pool: &Pool<()>, call: CallContext) -> PoolRefusal {
        pool.acquire(CHAT, &call).await.map(drop).unwrap_err()
    }

    #[tokio::test(start_paused = true)]
    async fn who_knows_nothing_waits_until_the_deadline() {
        let pool = pool();
        let _lease = pool.acquire(CHAT, &CallContext::without_deadline()).await.unwrap();
        assert_eq!(refusal(&pool, CallContext::within(HELD)).await, PoolRefusal::Deadline);
        assert_eq!(pool.stats().snapshot().waiting, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_cannot_come_in_time_is_not_waited_for() {
        let pool = pool();
        let lease = pool.acquire(CHAT, &CallContext::without_deadline()).await.unwrap();
        tokio::time::sleep(HELD).await;
        drop(lease);
        let _lease = pool.acquire(CHAT, &CallContext::without_deadline()).await.unwrap();
        let ahead = tokio::spawn({
            let pool = pool.clone();
            async move { pool.acquire(CHAT, &CallContext::without_deadline()).await.map(drop) }
        });
        while pool.stats().snapshot().waiting == 0 {
            tokio::task::yield_now().await;
        }
        // One call is under way and one waits; each takes as long as the first did.
        let PoolRefusal::NoTurnInTime { wait } = refusal(&pool, CallContext::within(HELD / 2)).await else {
            panic!("it waited")
        };
        assert!(wait >= HELD, "{wait:?}");
        ahead.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_waits_is_refused_once_its_turn_cannot_come_any_more() {
        let pool = pool();
        let _hung = pool.acquire(CHAT, &CallContext::without_deadline()).await.unwrap();
        let _ahead = tokio::spawn({
            let pool = pool.clone();
            async move { pool.acquire(CHAT, &CallContext::without_deadline()).await.map(drop) }
        });
        while pool.stats().snapshot().waiting == 0 {
            tokio::task::yield_now().await;
        }
        let call = CallContext::within(HELD * 10);
        let refused = refusal(&pool, call.clone()).await;
        assert!(matches!(refused, PoolRefusal::NoTurnInTime { .. }) && !call.is_expired(), "{refused:?}");
    }
}
