//! A run from its warm-up to its last answer.
//!
//! Load is made by threads with an event loop each, which share nothing but the number of the next request; every second
//! each hands its measures on. The thread that started them adds these up, watches for the end, and tells how it goes.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::{sync::Semaphore, task::LocalSet};
use tokio_util::sync::CancellationToken;

use super::{
    failure::Failures,
    pacer,
    plan::{Load, Plan, Stage},
    recorder::{Counts, Measures, Part, Recorder, Timed, Windows},
    schedule::Schedule,
    slices::{Slice, Slices},
    usage::Usage,
    worker::{Due, Pulse, Shared, WarmUp, Worker},
};

/// How often the run is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Why a run did not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A generator thread or its event loop.
    #[error("the load generator cannot start: {0}")]
    Start(#[from] io::Error),
    /// More connections than files may be open.
    #[error(
        "{wanted} connections need more open files than this process may have ({limit}); lower --concurrency, or raise `ulimit -n`"
    )]
    Files {
        /// Connections.
        wanted: usize,
        /// The limit.
        limit: u64,
    },
    /// Not one request of the warm-up got an answer.
    #[error("{base} accepts connections but answers nothing: {reason}; check the URL and the server's log")]
    Mute {
        /// The server.
        base: String,
        /// The last failure.
        reason: String,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// As planned.
    Completed,
    /// By the user.
    Interrupted,
    /// The server did not answer any more.
    ServerGone,
}

/// How it goes.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// Since the start of the measurement; `None` during the warm-up.
    pub elapsed: Option<Duration>,
    /// Requests that came to an end.
    pub finished: u64,
    /// Of these, such as failed.
    pub failed: u64,
    /// Requests that ended per second, of the last second.
    pub rate: f64,
    /// The stage.
    pub stage: usize,
    /// Whole seconds so far, the newest last; at most [`LIVE_SECONDS`].
    pub seconds: VecDeque<LiveSecond>,
    /// All latencies so far, in microseconds.
    pub latency: Option<Arc<Histogram<u64>>>,
    /// All counts so far.
    pub counts: Counts,
    /// All failures so far.
    pub failures: Failures,
}

/// Seconds that [`Live`] remembers.
pub const LIVE_SECONDS: usize = 300;

/// One second as it went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveSecond {
    /// Answers.
    pub ok: u64,
    /// Failures.
    pub failed: u64,
    /// Milliseconds; 0 without an answer.
    pub p50: f64,
    /// Milliseconds; 0 without an answer.
    pub p99: f64,
}

/// What a run has shown.
pub struct RunData {
    /// When the measurement began.
    pub started: Timestamp,
    /// How long it took, from the start to the last answer.
    pub took: Duration,
    /// How it ended.
    pub ended: Ended,
    /// Everything.
    pub total: Measures,
    /// By stage.
    pub stages: Vec<(Stage, Measures)>,
    /// Over time.
    pub slices: Vec<Slice>,
    /// Open loop: requests that were due and could not be sent.
    pub unsent: u64,
    /// Requests that were sent and whose answer was not waited for.
    pub unfinished: u64,
    /// What the generator used.
    pub usage: Usage,
    /// Threads that it had.
    pub threads: usize,
}

/// Runs a plan. `begin` is called between the warm-up and the measurement and may block, `interrupt` ends it early, `live`
/// is told how it goes.
///
/// # Errors
/// When it cannot begin; whatever happens later is in the data.
pub async fn run(
    plan: Plan,
    start_at: Option<Timestamp>,
    begin: impl FnOnce() + Send + 'static,
    interrupt: CancellationToken,
    live: impl Fn(Live) + Send + 'static,
) -> Result<RunData, RunError> {
    super::usage::allow_files(plan.load.connections())?;
    // Everything here waits by blocking, on a thread of its own: the runtime of the caller stays free.
    match tokio::task::spawn_blocking(move || conduct(plan, start_at, begin, &interrupt, &live)).await {
        Ok(done) => done,
        Err(error) => Err(RunError::Start(io::Error::other(error))),
    }
}

struct Thread {
    pulse: Arc<Pulse>,
    handle: JoinHandle<io::Result<u64>>,
}

fn conduct(
    plan: Plan,
    start_at: Option<Timestamp>,
    begin: impl FnOnce(),
    interrupt: &CancellationToken,
    live: &dyn Fn(Live),
) -> Result<RunData, RunError> {
    let due = match &plan.load {
        Load::Users(_) => None,
        Load::Rate { profile, arrivals, .. } => Some(Due {
            released: Semaphore::new(0),
            schedule: Mutex::new(Schedule::new(profile.clone(), *arrivals, plan.seed)),
            taken: AtomicU64::new(0),
        }),
    };
    let requests = plan.targets.iter().map(|target| plan.request.render(target, &plan.workload)).collect();
    let stop = CancellationToken::new();
    let shared = Arc::new(Shared { plan, requests, next: AtomicU64::new(0), stop, due });
    let windows = Windows::new(shared.plan.stages.iter().map(|stage| stage.length));
    let (out, parts) = mpsc::channel();
    let (warm, warmed) = mpsc::channel();
    let abandon = CancellationToken::new();
    let mut starts = Vec::new();
    let mut threads = Vec::new();
    let left = Arc::new(AtomicU64::new(shared.plan.warmup));
    for number in 0..shared.plan.threads {
        let (start, started) = tokio::sync::oneshot::channel();
        let pulse = Arc::new(Pulse::default());
        let generator = Generator {
            number,
            shared: Arc::clone(&shared),
            pulse: Arc::clone(&pulse),
            left: Arc::clone(&left),
            warm: warm.clone(),
            started,
            windows: windows.clone(),
            out: out.clone(),
            abandon: abandon.clone(),
        };
        let handle = std::thread::Builder::new().name(format!("bench-{number}")).spawn(move || generate(generator))?;
        threads.push(Thread { pulse, handle });
        starts.push(start);
    }
    drop((out, warm));
    live(Live::default());
    if let Err(error) = warm_up(&shared, &warmed, interrupt) {
        shared.stop.cancel();
        abandon.cancel();
        return Err(error);
    }
    wait_until(start_at, interrupt);
    begin();
    let usage = Usage::start();
    let started = Timestamp::now();
    let start = Instant::now();
    for sender in starts {
        // A thread that is gone is found out when it is joined.
        let _ = sender.send(start);
    }
    let pacer = pacer::start(&shared, start)?;
    let mut conductor = Conductor {
        total: Measures::default(),
        stages: shared.plan.stages.iter().map(|stage| (stage.clone(), Measures::default())).collect(),
        slices: Slices::new(windows),
        live: Live::default(),
        told: (start, 0),
        latest: start,
    };
    let pulses: Vec<_> = threads.iter().map(|thread| Arc::clone(&thread.pulse)).collect();
    let ended = conductor.watch(&shared, &pulses, &parts, start, interrupt, live);
    let stopped = start.elapsed();
    shared.stop.cancel();
    let unsent = shared.due.as_ref().map_or(0, |due| {
        due.released.close();
        pacer::due(&shared.plan, start.elapsed()).saturating_sub(due.taken.load(Ordering::Relaxed))
    });
    // An interrupted run must end now, not after the longest timeout.
    let drain =
        if ended == Ended::Completed { shared.plan.drain } else { Duration::from_secs(1).min(shared.plan.drain) };
    let drained = Instant::now();
    while drained.elapsed() < drain && threads.iter().any(|thread| !thread.handle.is_finished()) {
        conductor.collect(&parts, Duration::from_millis(5));
    }
    abandon.cancel();
    let mut unfinished = 0;
    for thread in threads {
        unfinished += thread.handle.join().map_err(|_| io::Error::other("a generator thread has panicked"))??;
    }
    if let Some(pacer) = pacer {
        // It has nothing more to say.
        drop(pacer.join());
    }
    conductor.collect(&parts, Duration::ZERO);
    let usage = usage.finish();
    let took = match (ended, shared.plan.length()) {
        (Ended::Completed, Some(length)) => length,
        (Ended::Completed, None) => conductor.latest - start,
        // The time without answers before it was given up counts.
        (Ended::Interrupted | Ended::ServerGone, _) => stopped,
    };
    Ok(RunData {
        started,
        took,
        ended,
        total: conductor.total,
        stages: conductor.stages,
        slices: conductor.slices.finish(took),
        unsent,
        unfinished,
        usage,
        threads: shared.plan.threads,
    })
}

/// Waits until every thread is warm.
fn warm_up(shared: &Shared, warmed: &mpsc::Receiver<WarmUp>, interrupt: &CancellationToken) -> Result<(), RunError> {
    let (mut waiting, mut seen) = (shared.plan.threads, WarmUp::default());
    while waiting > 0 {
        match warmed.recv_timeout(LOOK) {
            Ok(warm) => {
                waiting -= 1;
                seen.add(warm);
            }
            Err(mpsc::RecvTimeoutError::Timeout) if interrupt.is_cancelled() => shared.stop.cancel(),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(RunError::Start(io::Error::other("a generator thread could not begin")));
            }
        }
    }
    match seen.silence() {
        Some(failure) if !interrupt.is_cancelled() => {
            let base = shared.plan.targets.first().map_or_else(String::new, |target| target.base.clone());
            Err(RunError::Mute { base, reason: failure.message })
        }
        _ => Ok(()),
    }
}

fn wait_until(start_at: Option<Timestamp>, interrupt: &CancellationToken) {
    let Some(at) = start_at else { return };
    loop {
        let left = at.duration_since(Timestamp::now());
        if !left.is_positive() || interrupt.is_cancelled() {
            return;
        }
        std::thread::sleep(left.unsigned_abs().min(LOOK));
    }
}

/// What a generator thread needs.
struct Generator {
    number: usize,
    shared: Arc<Shared>,
    pulse: Arc<Pulse>,
    left: Arc<AtomicU64>,
    warm: mpsc::Sender<WarmUp>,
    started: tokio::sync::oneshot::Receiver<Instant>,
    windows: Windows,
    out: mpsc::Sender<Part>,
    abandon: CancellationToken,
}

/// A generator thread: its share of the users. Returns how many requests were left unfinished.
fn generate(it: Generator) -> io::Result<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async move {
        let Generator { number, shared, pulse, left, warm, started, windows, out, abandon } = it;
        let busy: Vec<Rc<Cell<bool>>> = (number..shared.plan.load.connections())
            .step_by(shared.plan.threads)
            .map(|_| Rc::new(Cell::new(false)))
            .collect();
        let mut warming = Vec::new();
        for (at, busy) in busy.iter().enumerate() {
            let user = number + at * shared.plan.threads;
            let mut worker = Worker::new(user, Arc::clone(&shared), Arc::clone(&pulse), Rc::clone(busy));
            let left = Arc::clone(&left);
            warming.push(tokio::task::spawn_local(async move {
                let warm = worker.warm_up(&left).await;
                (worker, warm)
            }));
        }
        let (mut workers, mut seen) = (Vec::new(), WarmUp::default());
        for task in warming {
            let (worker, warm) = task.await.map_err(io::Error::other)?;
            workers.push(worker);
            seen.add(warm);
        }
        drop(warm.send(seen));
        // Whoever waits must notice when a thread is gone that never sent.
        drop(warm);
        let Ok(start) = started.await else { return Ok(0) };
        let recorder = Rc::new(RefCell::new(Recorder::new(start, windows, out)));
        let tasks: Vec<_> = workers
            .into_iter()
            .map(|worker| tokio::task::spawn_local(worker.run(start, Rc::clone(&recorder))))
            .collect();
        let ticking = Rc::clone(&recorder);
        let tick = async move {
            let mut tick = tokio::time::interval(LOOK);
            loop {
                tick.tick().await;
                // Hands on what is of an older window although nothing new comes.
                ticking.borrow_mut().roll(Instant::now());
            }
        };
        let all = async {
            for task in tasks {
                // A worker that panics is a bug: what it had measured is recorded, and the others go on.
                drop(task.await);
            }
        };
        tokio::select! {
            () = all => {}
            () = tick => {}
            () = abandon.cancelled() => {}
        }
        recorder.borrow_mut().hand_on();
        Ok(busy.iter().filter(|busy| busy.get()).count() as u64)
    })
}

/// Adds up what the threads measure.
struct Conductor {
    total: Measures,
    stages: Vec<(Stage, Measures)>,
    slices: Slices,
    live: Live,
    /// When the rate was last told, and the requests until then.
    told: (Instant, u64),
    /// When the last request came to its end.
    latest: Instant,
}

impl Conductor {
    /// Looks on until the run is over.
    fn watch(
        &mut self,
        shared: &Shared,
        pulses: &[Arc<Pulse>],
        parts: &mpsc::Receiver<Part>,
        start: Instant,
        interrupt: &CancellationToken,
        live: &dyn Fn(Live),
    ) -> Ended {
        let sum = |of: fn(&Pulse) -> &AtomicU64| pulses.iter().map(|p| of(p).load(Ordering::Relaxed)).sum::<u64>();
        let length = shared.plan.length();
        // Answers so far, silences until the last of them, and since when there was nothing but silence.
        let (mut answered, mut silent_before, mut silent_since) = (0, 0, None);
        loop {
            let look = length.map_or(LOOK, |length| length.saturating_sub(start.elapsed()).min(LOOK));
            let over = !self.collect(parts, look);
            // In this order, so that no sum is ahead of one that it is a part of.
            let silent = sum(|p| &p.silent);
            let finished = sum(|p| &p.finished);
            let begun = sum(|p| &p.begun);
            self.tell(shared, finished, sum(|p| &p.failed), start, live);
            if interrupt.is_cancelled() {
                return Ended::Interrupted;
            }
            if finished.saturating_sub(silent) > answered {
                (answered, silent_before, silent_since) = (finished - silent, silent, None);
            } else if silent > silent_before {
                let since = silent_since.get_or_insert_with(Instant::now);
                // What is still under way may yet be answered; one broken connection is no death.
                if since.elapsed() >= shared.plan.give_up_after && begun == finished {
                    return Ended::ServerGone;
                }
            }
            // All threads are done, or the time is over.
            if over || length.is_some_and(|length| start.elapsed() >= length) {
                return Ended::Completed;
            }
        }
    }

    /// Takes what has come, and waits this long for it; `false` when nothing will come any more.
    fn collect(&mut self, parts: &mpsc::Receiver<Part>, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        loop {
            match parts.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Part { stage, window, measures, latest }) => {
                    self.latest = self.latest.max(latest);
                    self.total.merge(&measures);
                    if let Some((_, of_stage)) = self.stages.get_mut(stage) {
                        of_stage.merge(&measures);
                    }
                    self.slices.add(stage, window, &measures);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => return true,
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(until.saturating_duration_since(Instant::now()).min(Duration::from_millis(1)));
                    return false;
                }
            }
        }
    }

    fn tell(&mut self, shared: &Shared, finished: u64, failed: u64, start: Instant, live: &dyn Fn(Live)) {
        let now = Instant::now();
        let (at, before) = self.told;
        if now - at >= Duration::from_secs(1) {
            self.live.rate = (finished - before) as f64 / (now - at).as_secs_f64();
            self.told = (now, finished);
        }
        self.live.elapsed = Some(start.elapsed());
        (self.live.finished, self.live.failed) = (finished, failed);
        self.live.stage = self.slices.windows().at(start.elapsed()).0.min(shared.plan.stages.len().saturating_sub(1));
        let whole = self.slices.live();
        if whole.len() != self.live.seconds.len() || whole.back() != self.live.seconds.back() {
            self.live.seconds = whole;
            self.live.latency = self.total.times(Timed::Latency).map(|times| Arc::new(times.clone()));
            self.live.counts = self.total.counts;
            self.live.failures = self.total.failures.clone();
        }
        live(self.live.clone());
    }
}
