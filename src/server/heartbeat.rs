//! A server that hangs must say so: signs of life of its background tasks and of its threads.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::watch;

/// How long the threads for blocking work may take to take up something new.
const POOL_ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// When each background task was last seen at work.
#[derive(Debug, Default)]
pub(super) struct Heartbeats(Mutex<BTreeMap<&'static str, Beat>>);

#[derive(Debug, Clone, Copy)]
struct Beat {
    at: Instant,
    /// After so long without another it counts as stuck.
    patience: Duration,
}

/// A task as its last heartbeat shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TaskState {
    pub(super) name: &'static str,
    /// Since its last heartbeat.
    pub(super) silent: Duration,
    pub(super) stuck: bool,
}

impl Heartbeats {
    /// A task is alive now, and says so again within `patience`.
    pub(super) fn beat(&self, task: &'static str, patience: Duration, now: Instant) {
        self.0.lock().insert(task, Beat { at: now, patience });
    }

    /// The tasks that have ever said that they are alive, by name.
    pub(super) fn tasks(&self, now: Instant) -> Vec<TaskState> {
        let beats = self.0.lock();
        let state = |(name, beat): (&&'static str, &Beat)| {
            let silent = now.saturating_duration_since(beat.at);
            TaskState { name, silent, stuck: silent > beat.patience }
        };
        beats.iter().map(state).collect()
    }
}

/// Looks whether the threads for blocking work still take up work.
#[derive(Debug, Default)]
pub(super) struct Watchdog(Mutex<Option<Probe>>);

#[derive(Debug, Clone)]
struct Probe {
    since: tokio::time::Instant,
    answered: watch::Receiver<bool>,
}

impl Watchdog {
    /// Whether a thread takes up work within a second. However often this is asked, one probe is under way at a time.
    pub(super) async fn pool_answers(&self) -> bool {
        let mut probe = self.probe();
        let until = probe.since + POOL_ANSWERS_WITHIN;
        let answered = tokio::time::timeout_at(until, probe.answered.wait_for(|answered| *answered)).await;
        answered.is_ok_and(|answered| answered.is_ok())
    }

    fn probe(&self) -> Probe {
        let mut current = self.0.lock();
        if let Some(probe) = current.as_ref().filter(|probe| !*probe.answered.borrow()) {
            return probe.clone();
        }
        let (tell, answered) = watch::channel(false);
        tokio::task::spawn_blocking(move || tell.send_replace(true));
        current.insert(Probe { since: tokio::time::Instant::now(), answered }).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_stuck_when_it_is_silent_for_too_long() {
        let (beats, start) = (Heartbeats::default(), Instant::now());
        assert_eq!(beats.tasks(start), []);
        beats.beat("follow", Duration::from_secs(10), start);
        let at = |seconds| beats.tasks(start + Duration::from_secs(seconds))[0].clone();
        assert!(!at(10).stuck);
        assert_eq!(at(11), TaskState { name: "follow", silent: Duration::from_secs(11), stuck: true });
        beats.beat("follow", Duration::from_secs(10), start + Duration::from_secs(11));
        assert!(!at(12).stuck, "it came back");
    }

    #[test]
    fn a_pool_without_a_free_thread_is_noticed_and_so_is_its_return() {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let watchdog = Watchdog::default();
            assert!(watchdog.pool_answers().await);
            let (go, gate) = std::sync::mpsc::channel::<()>();
            let busy = tokio::task::spawn_blocking(move || gate.recv());
            assert!(!watchdog.pool_answers().await);
            assert!(!watchdog.pool_answers().await, "the same probe is asked again, at once");
            go.send(()).unwrap();
            busy.await.unwrap().unwrap();
            while !watchdog.pool_answers().await {}
        });
    }
}
