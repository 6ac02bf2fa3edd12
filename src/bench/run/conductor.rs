//! Holds a run together: warm-up, start, adding up, the end, and what is still under way then.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{
    data::{Ended, RunData, RunError},
    generator::Generators,
};
use crate::bench::{
    live::Live,
    measures::{Measures, Timed},
    pacer,
    plan::{Load, RunPlan, Stage},
    recorder::WindowPart,
    schedule::Schedule,
    slices::Slices,
    usage::GeneratorUsage,
    windows::Windows,
    worker::{Due, Pulse, SharedRun, WarmUp},
};

/// How often the run is checked for its end.
const POLL: Duration = Duration::from_millis(100);

/// Runs a plan, blocking.
pub(super) fn conduct(
    plan: RunPlan,
    start_at: Option<Timestamp>,
    begin: impl FnOnce(),
    interrupt: &CancellationToken,
    live: &dyn Fn(Live),
) -> Result<RunData, RunError> {
    let shared = Arc::new(share(plan));
    let windows = Windows::new(shared.plan.stages.iter().map(|stage| stage.length));
    let mut generators = Generators::spawn(&shared, &windows)?;
    live(Live::default());
    if let Err(error) = warm_up(&shared, &generators.warmed, interrupt) {
        shared.stop.cancel();
        generators.abandon.cancel();
        return Err(error);
    }
    wait_until(start_at, interrupt);
    begin();
    let usage = GeneratorUsage::start();
    let started = Timestamp::now();
    let start = Instant::now();
    generators.start(start);
    let pacer = pacer::start(&shared, start)?;
    let mut conductor = Conductor::new(&shared.plan, windows, start);
    let ended = conductor.watch(&shared, &generators.pulses(), &generators.parts, start, interrupt, live);
    let stopped = start.elapsed();
    shared.stop.cancel();
    let unsent = shared.due.as_ref().map_or(0, |due| {
        due.released.close();
        pacer::due(&shared.plan, start.elapsed()).saturating_sub(due.taken.load(Ordering::Relaxed))
    });
    let unfinished = conductor.drain(&mut generators, &shared.plan, ended)?;
    if let Some(pacer) = pacer {
        // It has nothing more to say.
        drop(pacer.join());
    }
    conductor.collect(&generators.parts, Duration::ZERO);
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

/// Makes the state that the workers of all threads share.
fn share(plan: RunPlan) -> SharedRun {
    let due = match &plan.load {
        Load::Users(_) => None,
        Load::Rate { profile, arrivals, .. } => Some(Due {
            released: Semaphore::new(0),
            schedule: Mutex::new(Schedule::new(profile.clone(), *arrivals, plan.seed)),
            taken: AtomicU64::new(0),
        }),
    };
    let requests = plan.targets.iter().map(|target| plan.request.render(target, &plan.workload)).collect();
    SharedRun { plan, requests, next: AtomicU64::new(0), stop: CancellationToken::new(), due }
}

/// Waits until every thread is warm.
fn warm_up(shared: &SharedRun, warmed: &mpsc::Receiver<WarmUp>, interrupt: &CancellationToken) -> Result<(), RunError> {
    let (mut waiting, mut seen) = (shared.plan.threads, WarmUp::default());
    while waiting > 0 {
        match warmed.recv_timeout(POLL) {
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
        std::thread::sleep(left.unsigned_abs().min(POLL));
    }
}

/// Adds up what the threads measure.
struct Conductor {
    total: Measures,
    stages: Vec<(Stage, Measures)>,
    slices: Slices,
    live: Live,
    /// When the rate was last computed, and the requests until then.
    rated: (Instant, u64),
    /// When the last request came to its end.
    latest: Instant,
}

impl Conductor {
    fn new(plan: &RunPlan, windows: Windows, start: Instant) -> Self {
        Self {
            total: Measures::default(),
            stages: plan.stages.iter().map(|stage| (stage.clone(), Measures::default())).collect(),
            slices: Slices::new(windows),
            live: Live::default(),
            rated: (start, 0),
            latest: start,
        }
    }

    /// Adds up and reports until the run is over.
    fn watch(
        &mut self,
        shared: &SharedRun,
        pulses: &[Arc<Pulse>],
        parts: &mpsc::Receiver<WindowPart>,
        start: Instant,
        interrupt: &CancellationToken,
        live: &dyn Fn(Live),
    ) -> Ended {
        let sum = |of: fn(&Pulse) -> &AtomicU64| pulses.iter().map(|p| of(p).load(Ordering::Relaxed)).sum::<u64>();
        let length = shared.plan.length();
        // Answers so far, silences until the last of them, and since when there was nothing but silence.
        let (mut answered, mut silent_before, mut silent_since) = (0, 0, None);
        loop {
            let look = length.map_or(POLL, |length| length.saturating_sub(start.elapsed()).min(POLL));
            let over = !self.collect(parts, look);
            // In this order, so that no sum is ahead of one that it is a part of.
            let silent = sum(|p| &p.silent);
            let finished = sum(|p| &p.finished);
            let begun = sum(|p| &p.begun);
            self.publish(shared, finished, sum(|p| &p.failed), start, live);
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
    fn collect(&mut self, parts: &mpsc::Receiver<WindowPart>, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        loop {
            match parts.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(WindowPart { stage, window, measures, latest }) => {
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

    /// Hands out what is measured so far.
    fn publish(&mut self, shared: &SharedRun, finished: u64, failed: u64, start: Instant, live: &dyn Fn(Live)) {
        let now = Instant::now();
        let (at, before) = self.rated;
        if now - at >= Duration::from_secs(1) {
            self.live.rate = (finished - before) as f64 / (now - at).as_secs_f64();
            self.rated = (now, finished);
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

    /// Waits for what is under way when the load ends, as long as the plan allows; how many requests are left unfinished.
    fn drain(&mut self, generators: &mut Generators, plan: &RunPlan, ended: Ended) -> io::Result<u64> {
        // An interrupted run must end now, not after the longest timeout.
        let limit = if ended == Ended::Completed { plan.drain } else { Duration::from_secs(1).min(plan.drain) };
        let since = Instant::now();
        while since.elapsed() < limit && !generators.are_done() {
            self.collect(&generators.parts, Duration::from_millis(5));
        }
        generators.abandon.cancel();
        generators.join()
    }
}
