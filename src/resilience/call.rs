//! What goes with a call from the door to its last queue: until when somebody waits for it.

use std::{
    future::Future,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// Longest time that is kept for a stand-in, and the share of the whole time that it may be.
const LONGEST_RESERVE: Duration = Duration::from_millis(500);
const RESERVE_SHARE: u32 = 10;

/// Nobody waits for the call any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the deadline has passed")]
pub struct Expired;

/// Made at the door, passed down by reference, and asked by whoever waits for something.
///
/// The deadline is one point in time for the whole call: embedding, queueing, searching and writing share it.
#[derive(Debug, Clone)]
pub struct CallContext {
    started: Instant,
    deadline: Deadline,
    /// How much before the deadline this part of the call has to end.
    margin: Duration,
    /// When the current attempt got its turn at the upstream.
    turn: Option<Arc<OnceLock<Instant>>>,
}

/// Until when.
#[derive(Debug, Clone)]
enum Deadline {
    /// What is called has bounds of its own.
    Never,
    At(Instant),
    /// Several callers share the work; whoever comes later may extend it. `None`: no bound.
    Shared(watch::Receiver<Option<Instant>>),
}

impl CallContext {
    /// Starts now and may take this long.
    pub fn within(timeout: Duration) -> Self {
        let started = Instant::now();
        Self { started, deadline: Deadline::At(started + timeout), margin: Duration::ZERO, turn: None }
    }

    /// Starts now and has no deadline: for work that nobody waits for at a door, like ingestion. Every attempt that it
    /// makes is still bounded, by the timeouts of whoever makes it.
    pub fn without_deadline() -> Self {
        Self { started: Instant::now(), deadline: Deadline::Never, margin: Duration::ZERO, turn: None }
    }

    /// When it began.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// When it has to end, as far as is known now; shared work may get more time later, never less.
    pub fn deadline(&self) -> Option<Instant> {
        let end = match &self.deadline {
            Deadline::Never => None,
            Deadline::At(end) => Some(*end),
            Deadline::Shared(end) => *end.borrow(),
        };
        end.map(|end| end.checked_sub(self.margin).unwrap_or(end))
    }

    /// Whether the deadline has passed.
    pub fn is_expired(&self) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= Instant::now())
    }

    /// The same call, which has to end by `end` at the latest. Later extensions do not reach it.
    #[must_use]
    pub fn until(&self, end: Instant) -> Self {
        let end = self.deadline().map_or(end, |deadline| deadline.min(end));
        Self { deadline: Deadline::At(end), margin: Duration::ZERO, ..self.clone() }
    }

    /// The part of the call after which something may have to stand in for it: ends a little before the deadline (a tenth
    /// of the whole time, at most 0.5 s), so that the stand-in's answer still comes in time.
    #[must_use]
    pub fn before_reserve(&self) -> Self {
        let whole = self.deadline().map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(self.started));
        Self { margin: self.margin + (whole / RESERVE_SHARE).min(LONGEST_RESERVE), ..self.clone() }
    }

    /// Completes when the deadline has passed; extensions of shared work count.
    pub async fn expired(&self) {
        loop {
            match (self.deadline(), &self.deadline) {
                (Some(deadline), Deadline::Shared(_)) => {
                    sleep_until(deadline).await;
                    if self.is_expired() {
                        return;
                    }
                }
                (Some(deadline), _) => return sleep_until(deadline).await,
                // A bound that was lifted stays lifted.
                (None, _) => return std::future::pending().await,
            }
        }
    }

    /// Waits for something until the deadline. A result that is there at the deadline counts.
    ///
    /// # Errors
    /// [`Expired`]. What was waited for is dropped then.
    pub async fn wait<T>(&self, work: impl Future<Output = T>) -> Result<T, Expired> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = self.expired() => Err(Expired),
        }
    }

    /// The context of one attempt, which notes when it gets its turn.
    pub(super) fn attempt(&self) -> Self {
        Self { turn: Some(Arc::default()), ..self.clone() }
    }

    /// The attempt has its turn: from now on it is the upstream's time that passes, not the queue's.
    pub(super) fn takes_turn(&self) {
        if let Some(turn) = &self.turn {
            // A second turn is that of a connection that was stale: the attempt began with the first.
            let _ = turn.set(Instant::now());
        }
    }

    /// When the attempt got its turn.
    pub(super) fn turn(&self) -> Option<Instant> {
        self.turn.as_ref()?.get().copied()
    }
}

/// The deadline of work that several callers share: the latest of theirs.
#[derive(Debug)]
pub struct SharedDeadline(watch::Sender<Option<Instant>>);

impl SharedDeadline {
    /// The deadline of the first caller, and the context of the work.
    pub fn new(first: &CallContext) -> (Self, CallContext) {
        let (sender, receiver) = watch::channel(first.deadline());
        let shared = CallContext {
            started: first.started,
            deadline: Deadline::Shared(receiver),
            margin: Duration::ZERO,
            turn: None,
        };
        (Self(sender), shared)
    }

    /// Another caller joins: the work may go on until their deadline.
    pub fn extend(&self, caller: &CallContext) {
        let end = caller.deadline();
        self.0.send_if_modified(|shared| {
            let longer = matches!((*shared, end), (Some(shared), Some(end)) if end > shared)
                || (shared.is_some() && end.is_none());
            if longer {
                *shared = end;
            }
            longer
        });
    }

    /// Whether the work goes on after this caller's deadline.
    pub fn outlasts(&self, caller: &CallContext) -> bool {
        match (*self.0.borrow(), caller.deadline()) {
            (Some(shared), Some(end)) => shared > end,
            (None, end) => end.is_some(),
            (Some(_), None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(3_600);

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_at_the_deadline_and_a_result_at_it_counts() {
        let call = CallContext::within(SHORT);
        assert_eq!(call.wait(std::future::pending::<()>()).await, Err(Expired));
        assert!(call.started().elapsed() >= SHORT);
        assert!(call.is_expired());
        assert_eq!(call.wait(async { 7 }).await, Ok(7));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_deadline_nothing_expires() {
        let call = CallContext::without_deadline();
        assert_eq!((call.deadline(), call.is_expired()), (None, false));
        let bounded = call.until(Instant::now() + SHORT);
        bounded.expired().await;
        assert!(bounded.is_expired() && !call.is_expired());
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_is_shared_lives_until_the_last_deadline() {
        let first = CallContext::within(LONG);
        let (shared, work) = SharedDeadline::new(&first);
        let late = CallContext::within(2 * LONG);
        shared.extend(&late);
        assert!(shared.outlasts(&first) && !shared.outlasts(&late));
        // Who has less time left does not shorten it.
        shared.extend(&CallContext::within(SHORT));
        assert_eq!(work.deadline(), late.deadline());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_already_learns_of_the_later_deadline() {
        let first = CallContext::within(SHORT);
        let (shared, work) = SharedDeadline::new(&first);
        let late = first.started() + 4 * SHORT;
        let mut expired = Box::pin(work.expired());
        assert!(futures::poll!(&mut expired).is_pending());
        shared.extend(&CallContext::without_deadline().until(late));
        expired.await;
        assert!(Instant::now() >= late);
    }

    proptest! {
        /// The reserve is never more than a tenth, nor more than half a second, and ends with the deadline.
        #[test]
        fn what_stands_in_has_a_little_time(ms in 0u64..4_000_000) {
            let call = CallContext::within(Duration::from_millis(ms));
            let reserve = call.deadline().unwrap() - call.before_reserve().deadline().unwrap();
            prop_assert_eq!(reserve, (Duration::from_millis(ms) / 10).min(Duration::from_millis(500)));
            prop_assert!(call.before_reserve().deadline().unwrap() >= call.started());
        }

        /// A shared deadline is the latest of all that were given, in whatever order.
        #[test]
        fn the_latest_wins(seconds in prop::collection::vec(prop::option::of(0u64..1_000), 1..12)) {
            let start = Instant::now();
            let caller = |seconds: &Option<u64>| match seconds {
                Some(seconds) => CallContext::without_deadline().until(start + Duration::from_secs(*seconds)),
                None => CallContext::without_deadline(),
            };
            let (shared, work) = SharedDeadline::new(&caller(&seconds[0]));
            seconds.iter().for_each(|seconds| shared.extend(&caller(seconds)));
            let latest = seconds.iter().copied().reduce(|a, b| Some(a?.max(b?))).flatten();
            prop_assert_eq!(work.deadline(), latest.map(|seconds| start + Duration::from_secs(seconds)));
        }
    }
}
