//! One user: waits for its turn, sends, reads, takes note, and again.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{
    answer::{AnswerReader, Observed},
    connection::{ConnectTimes, Connection},
    failure::{ErrorClass, RequestFailure},
    measures::{Instants, Timed},
    plan::{Load, RunPlan},
    recorder::MeasureRecorder,
    schedule::{NextSend, Schedule},
};

/// First wait after a connection was refused; it doubles up to [`LONGEST_WAIT`]. A user whose server is gone does not ask
/// ten thousand times a second.
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// State that all workers of all threads share.
pub(super) struct SharedRun {
    pub(super) plan: RunPlan,
    /// Bytes of the requests, by target and query.
    pub(super) requests: Vec<Vec<Box<[u8]>>>,
    /// The number of the next request.
    pub(super) next: AtomicU64,
    /// No further request is begun.
    pub(super) stop: CancellationToken,
    /// Open loop: what is due.
    pub(super) due: Option<Due>,
}

/// Requests of an open loop that are due: the pacer releases them, whoever is free takes the next.
pub(super) struct Due {
    pub(super) released: Semaphore,
    /// Instants of those that were not taken yet; the pacer has a copy of its own.
    pub(super) schedule: Mutex<Schedule>,
    pub(super) taken: AtomicU64,
}

/// Counters of one thread that the conductor reads during the run.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Pulse {
    /// Requests that were sent.
    pub(super) begun: AtomicU64,
    /// Requests that came to an end.
    pub(super) finished: AtomicU64,
    /// Of these, such as failed.
    pub(super) failed: AtomicU64,
    /// Of these, such as the server did not answer at all.
    pub(super) silent: AtomicU64,
}

/// A request that is to be sent.
struct DueRequest {
    number: u64,
    /// When it is due; `None`: now.
    due: Option<Instant>,
    /// It waited for a free connection.
    queued: bool,
}

/// Counts of the warm-up.
#[derive(Debug, Default)]
pub(super) struct WarmUp {
    /// Requests that were sent.
    asked: u64,
    /// Of these, such as the server answered, well or not.
    answered: u64,
    /// Connections that are open now.
    connected: u64,
    /// The last failure.
    failure: Option<RequestFailure>,
}

impl WarmUp {
    /// Adds what another worker has seen.
    pub(super) fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.answered += other.answered;
        self.connected += other.connected;
        self.failure = other.failure.or(self.failure.take());
    }

    /// Why there is no use in a run: nothing was answered, or, if nothing was asked, nothing accepts.
    pub(super) fn silence(self) -> Option<RequestFailure> {
        self.failure.filter(|_| if self.asked > 0 { self.answered == 0 } else { self.connected == 0 })
    }
}

pub(super) struct Worker {
    number: usize,
    shared: Arc<SharedRun>,
    pulse: Arc<Pulse>,
    reader: AnswerReader,
    connection: Option<Connection>,
    /// Connections that were opened and those found closed, not yet recorded.
    opened: Option<ConnectTimes>,
    stale: u64,
    wait: Duration,
    /// Whether a request is under way.
    busy: Rc<Cell<bool>>,
}

impl Worker {
    pub(super) fn new(number: usize, shared: Arc<SharedRun>, pulse: Arc<Pulse>, busy: Rc<Cell<bool>>) -> Self {
        let reader = AnswerReader::new(shared.plan.request.endpoint);
        let wait = FIRST_WAIT;
        Self { number, shared, pulse, reader, connection: None, opened: None, stale: 0, wait, busy }
    }

    /// Sends requests that are not measured, as long as `left` says so; opens the connection in any case when it is needed from
    /// the start.
    pub(super) async fn warm_up(&mut self, left: &AtomicU64) -> WarmUp {
        let mut seen = WarmUp::default();
        let first = match &self.shared.plan.load {
            Load::Users(profile) => profile.next_send(self.number, Duration::ZERO) == Some(NextSend::Now),
            Load::Rate { .. } => true,
        };
        while first && !self.shared.stop.is_cancelled() {
            let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            let Ok(number) = taken else { break };
            seen.asked += 1;
            let stop = self.shared.stop.clone();
            let answer = tokio::select! {
                answer = self.exchange(number) => answer,
                () = stop.cancelled() => break,
            };
            match answer {
                Ok(_) => seen.answered += 1,
                // Errors that the server sends are for the report.
                Err(failure) if failure.status.is_some() => seen.answered += 1,
                Err(failure) => seen.failure = Some(failure),
            }
        }
        if first && self.connection.is_none() && !self.shared.stop.is_cancelled() {
            let opening = Connection::open(&self.shared.plan.targets[self.target()]);
            match tokio::time::timeout(self.shared.plan.timeout, opening).await {
                Ok(Ok((connection, opened))) => (self.connection, self.opened) = (Some(connection), Some(opened)),
                Ok(Err(failure)) => seen.failure = Some(failure),
                Err(_) => seen.failure = Some(timed_out(self.shared.plan.timeout)),
            }
        }
        seen.connected += u64::from(self.connection.is_some());
        seen
    }

    /// Sends requests until there are no more.
    pub(super) async fn run(mut self, start: Instant, recorder: Rc<RefCell<MeasureRecorder>>) {
        let ends = self.shared.plan.length().map(|length| start + length);
        while let Some(slot) = self.next_slot(start).await {
            let sent = Instant::now();
            let due = slot.due.unwrap_or(sent);
            self.busy.set(true);
            self.pulse.begun.fetch_add(1, Ordering::Relaxed);
            let answer = self.exchange(slot.number).await;
            let at = Instants { due, sent, end: Instant::now() };
            self.busy.set(false);
            self.pulse.finished.fetch_add(1, Ordering::Relaxed);
            let silent = {
                let mut recorder = recorder.borrow_mut();
                let measures = recorder.at(at.end);
                measures.counts.sent += 1;
                let in_time = ends.is_none_or(|ends| at.end <= ends);
                measures.counts.stale += std::mem::take(&mut self.stale);
                if let Some(opened) = self.opened.take() {
                    measures.opened(opened);
                }
                if slot.due.is_some() {
                    let lag = sent.saturating_duration_since(due);
                    measures.record(Timed::Lag, lag);
                    if slot.queued {
                        measures.counts.queued += 1;
                    } else {
                        measures.record(Timed::OwnLag, lag);
                    }
                }
                match answer {
                    Ok((first_byte, bytes, seen)) => {
                        measures.succeeded(&at, first_byte, bytes, &seen);
                        measures.counts.in_time += u64::from(in_time);
                        false
                    }
                    Err(failure) => {
                        let silent = failure.class.is_silence();
                        self.pulse.failed.fetch_add(1, Ordering::Relaxed);
                        self.pulse.silent.fetch_add(u64::from(silent), Ordering::Relaxed);
                        measures.failed(&at, failure);
                        measures.counts.failed_in_time += u64::from(in_time);
                        silent
                    }
                }
            };
            self.pause(silent).await;
        }
    }

    async fn pause(&mut self, silent: bool) {
        if !silent {
            self.wait = FIRST_WAIT;
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(self.wait) => {}
            () = self.shared.stop.cancelled() => {}
        }
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
    }

    /// Waits for the next request.
    async fn next_slot(&mut self, start: Instant) -> Option<DueRequest> {
        let shared = Arc::clone(&self.shared);
        if let Some(due) = &shared.due {
            let queued = match due.released.try_acquire() {
                Ok(permit) => {
                    permit.forget();
                    true
                }
                Err(_) => {
                    due.released.acquire().await.ok()?.forget();
                    false
                }
            };
            if shared.stop.is_cancelled() {
                return None;
            }
            let at = due.schedule.lock().next()?;
            due.taken.fetch_add(1, Ordering::Relaxed);
            let number = shared.next.fetch_add(1, Ordering::Relaxed);
            return Some(DueRequest { number, due: Some(start + at), queued });
        }
        loop {
            if shared.stop.is_cancelled() {
                return None;
            }
            match shared.plan.load.profile().next_send(self.number, start.elapsed())? {
                NextSend::Now => break,
                NextSend::At(at) => tokio::select! {
                    () = tokio::time::sleep_until((start + at).into()) => {}
                    () = shared.stop.cancelled() => return None,
                },
            }
        }
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        if shared.plan.iterations.is_some_and(|limit| number >= limit) {
            return None;
        }
        Some(DueRequest { number, due: None, queued: false })
    }

    /// Users are dealt out to the targets, not requests: a connection stays with its target.
    fn target(&self) -> usize {
        self.number % self.shared.plan.targets.len()
    }

    /// One request and its answer: when its first byte came, its bytes, and what it says about itself.
    async fn exchange(&mut self, number: u64) -> Result<(Instant, u64, Observed), RequestFailure> {
        let shared = Arc::clone(&self.shared);
        let limit = shared.plan.timeout;
        match tokio::time::timeout(limit, self.attempt(&shared, number)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(failure)) => {
                if self.connection.as_ref().is_some_and(|connection| !connection.is_reusable()) {
                    self.connection = None;
                }
                Err(failure)
            }
            Err(_) => {
                self.connection = None;
                Err(timed_out(limit))
            }
        }
    }

    async fn attempt(&mut self, shared: &SharedRun, number: u64) -> Result<(Instant, u64, Observed), RequestFailure> {
        let target = self.target();
        let query = shared.plan.workload.pick(number);
        let bytes = &shared.requests[target][query];
        let head = shared.plan.request.method == "HEAD";
        loop {
            let mut fresh = false;
            let connection = match self.connection.take().filter(Connection::is_reusable) {
                Some(connection) => self.connection.insert(connection),
                None => {
                    let (connection, opened) = Connection::open(&shared.plan.targets[target]).await?;
                    self.opened = Some(opened);
                    fresh = true;
                    self.connection.insert(connection)
                }
            };
            match connection.exchange(bytes, head, &mut self.reader).await {
                Ok(response) => {
                    let seen = self.reader.judge(&shared.plan.workload.queries()[query])?;
                    return Ok((response.first_byte, response.body, seen));
                }
                // The server may close a connection that is idle at any time: every client tries again on a new one.
                Err(failure) if !fresh && failure.class == ErrorClass::Reset => {
                    self.connection = None;
                    self.stale += 1;
                }
                Err(failure) => return Err(failure),
            }
        }
    }
}

fn timed_out(limit: Duration) -> RequestFailure {
    RequestFailure::new(ErrorClass::Timeout, format!("no complete answer within {}", humantime::format_duration(limit)))
}
