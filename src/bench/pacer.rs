//! Releases the requests of an open loop at their instants.
//!
//! Timers of the event loop round up to a millisecond, which at a thousand requests a second would be measured as the
//! server's latency. A thread of its own sleeps until shortly before the next instant and spins for the rest; at high
//! rates it sleeps from time to time and releases everything that has become due meanwhile.

use std::{
    io,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    plan::{Load, RunPlan},
    schedule::Schedule,
    worker::SharedRun,
};

/// Most by which a sleep ends late on a quiet machine.
const SPIN: Duration = Duration::from_micros(60);

/// Requests that are nearer to each other than this are released together, that much late at most: to meet each of them would
/// cost a core, which the server may need.
const DENSE: Duration = Duration::from_micros(150);

/// Longest sleep: so soon the end of a run is noticed.
const NAP: Duration = Duration::from_millis(50);

/// Starts the pacer, if the load is an open loop.
pub(super) fn start(shared: &Arc<SharedRun>, start: Instant) -> io::Result<Option<JoinHandle<()>>> {
    let Load::Rate { profile, arrivals, .. } = &shared.plan.load else { return Ok(None) };
    let schedule = Schedule::new(profile.clone(), *arrivals, shared.plan.seed);
    let limit = shared.plan.iterations.map_or(usize::MAX, |limit| limit as usize);
    let shared = Arc::clone(shared);
    let pace = move || {
        sleep_precisely();
        let Some(due) = &shared.due else { return };
        let mut instants = schedule.take(limit).peekable();
        while let Some(next) = instants.peek().map(|at| start + *at) {
            if shared.stop.is_cancelled() {
                return;
            }
            if next < Instant::now() + DENSE {
                std::thread::sleep(DENSE);
            }
            if !wait(next, || shared.stop.is_cancelled() || due.released.is_closed()) {
                return;
            }
            let mut released = 0;
            let now = Instant::now();
            while instants.next_if(|at| start + *at <= now).is_some() {
                released += 1;
            }
            due.released.add_permits(released);
        }
        // With a number of requests the run ends when these are answered: whoever waits for another need not.
        if limit != usize::MAX {
            while due.taken.load(std::sync::atomic::Ordering::Relaxed) < limit as u64 && !shared.stop.is_cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
            due.released.close();
        }
    };
    std::thread::Builder::new().name("bench-pacer".into()).spawn(pace).map(Some)
}

/// Requests that are due until then.
pub(super) fn due(plan: &RunPlan, until: Duration) -> u64 {
    let Load::Rate { profile, arrivals, .. } = &plan.load else { return 0 };
    let all = Schedule::new(profile.clone(), *arrivals, plan.seed).take_while(|at| *at <= until).count() as u64;
    all.min(plan.iterations.unwrap_or(u64::MAX))
}

/// Waits; `false` when it is to end before.
fn wait(until: Instant, over: impl Fn() -> bool) -> bool {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        if over() {
            return false;
        }
        if left > SPIN {
            std::thread::sleep((left - SPIN).min(NAP));
        } else {
            std::hint::spin_loop();
        }
    }
}

/// Linux lets a sleep be 50 µs late, to save power; not this thread's.
fn sleep_precisely() {
    #[cfg(target_os = "linux")]
    {
        // Without it sleeps are less precise, which the dispatch lag shows.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    }
}
