//! Threads for file system calls that may never return.
//!
//! A call to a network drive that is away cannot be interrupted, and its thread is lost until the drive is back. So such
//! calls run neither on the runtime's threads nor on its blocking pool, which questions need, but on threads of their
//! own. Whoever waits for one waits until a deadline; threads that are overdue are counted, and with too many of them
//! nothing more is started.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::{Builder, Runtime},
    sync::{Semaphore, SemaphorePermit},
};

/// More than all kinds of work may have together, waited for and overdue.
const MAX_THREADS: usize = 256;

/// A runtime of which only the blocking pool is used: it starts threads where there are too few and ends idle ones. It
/// is never dropped, so that the end of the process waits for none of them.
static POOL: LazyLock<Result<Runtime, String>> = LazyLock::new(|| {
    let mut builder = Builder::new_current_thread();
    builder.max_blocking_threads(MAX_THREADS).thread_name("file").build().map_err(|error| error.to_string())
});

/// Why file system work has no result.
#[derive(Debug, thiserror::Error)]
pub enum FileThreadError {
    /// It is still under way, and nobody waits for it any more.
    #[error(
        "the file system did not answer within {} s; is it on a network drive that is away? try again later",
        .0.as_secs_f32()
    )]
    TimedOut(Duration),
    /// Work that nobody waits for any more takes up all threads that are allowed for it.
    #[error("{0} earlier calls to the file system have not come back, e.g. from a network drive; try again later")]
    Stuck(usize),
    /// It panicked; the log says where.
    #[error("it was interrupted by an error in this program; its log says where")]
    Panicked,
    /// The operating system gives no further thread.
    #[error("no thread could be started for it: {0}; restart this program")]
    NoThread(String),
}

/// A bounded number of threads for one kind of file system work.
pub(super) struct FileThreads {
    /// Work that somebody waits for.
    turns: Semaphore,
    /// Work that is overdue: it gave its turn back, but its thread is still there.
    stuck: AtomicUsize,
    max_stuck: usize,
}

/// A turn, and how the work ended. While the turn is kept, as much less other work is started.
pub(super) struct Done<T> {
    pub(super) result: T,
    pub(super) turn: SemaphorePermit<'static>,
}

impl FileThreads {
    /// At most `max_waited_for` calls that somebody waits for; no new ones while `max_stuck` are overdue.
    pub(super) const fn new(max_waited_for: usize, max_stuck: usize) -> Self {
        Self { turns: Semaphore::const_new(max_waited_for), stuck: AtomicUsize::new(0), max_stuck }
    }

    /// Runs blocking work and waits for it at most for `limit`, after it has its turn.
    ///
    /// There is no deadline for the turn itself: turns are given in order, and each comes back, late work's as well.
    ///
    /// # Errors
    /// See [`FileThreadError`].
    pub(super) async fn run<T: Send + 'static>(
        &'static self,
        limit: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Done<T>, FileThreadError> {
        // Never closed.
        let turn = self.turns.acquire().await.map_err(|_| FileThreadError::Panicked)?;
        let stuck = self.stuck.load(Ordering::Relaxed);
        if stuck >= self.max_stuck {
            return Err(FileThreadError::Stuck(stuck));
        }
        let pool = POOL.as_ref().map_err(|error| FileThreadError::NoThread(error.clone()))?;
        let ended = Arc::new(AtomicBool::new(false));
        let waiter = Waiter { threads: self, ended: Arc::clone(&ended) };
        let call = pool.spawn_blocking(move || {
            // What the closure touched is dropped with it, so no broken invariant survives the unwinding.
            let result = panic::catch_unwind(AssertUnwindSafe(work));
            // Before the result is handed over, so that work in time is never taken for overdue.
            if ended.swap(true, Ordering::AcqRel) {
                self.stuck.fetch_sub(1, Ordering::Relaxed);
            }
            result
        });
        let returned = tokio::time::timeout(limit, call).await;
        drop(waiter);
        match returned {
            Ok(Ok(Ok(result))) => Ok(Done { result, turn }),
            Ok(_) => Err(FileThreadError::Panicked),
            Err(_) => Err(FileThreadError::TimedOut(limit)),
        }
    }
}

/// Whoever waits for a thread. Going away before the work ended makes the thread an overdue one.
struct Waiter {
    threads: &'static FileThreads,
    /// Set by both sides when they end; who finds it set does the accounting.
    ended: Arc<AtomicBool>,
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if self.ended.load(Ordering::Acquire) {
            return;
        }
        self.threads.stuck.fetch_add(1, Ordering::Relaxed);
        if self.ended.swap(true, Ordering::AcqRel) {
            self.threads.stuck.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const AT_ONCE: Duration = Duration::from_millis(10);
    const PLENTY: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn work_in_time_gives_its_result_and_counts_nothing() {
        static THREADS: FileThreads = FileThreads::new(2, 1);
        for n in 0..200 {
            assert_eq!(THREADS.run(PLENTY, move || n).await.unwrap().result, n);
            assert_eq!(THREADS.stuck.load(Ordering::Relaxed), 0);
        }
    }

    #[tokio::test]
    async fn work_that_does_not_return_is_left_behind_and_keeps_no_turn() {
        static THREADS: FileThreads = FileThreads::new(1, 2);
        let (release, hold) = mpsc::channel::<()>();
        let late = THREADS.run(AT_ONCE, move || hold.recv().is_ok()).await;
        assert!(matches!(late, Err(FileThreadError::TimedOut(_))));
        assert_eq!(THREADS.run(PLENTY, || 7).await.unwrap().result, 7, "the only turn came back");
        drop(release);
    }

    #[tokio::test]
    async fn too_many_overdue_threads_refuse_more_at_once_until_they_are_back() {
        static THREADS: FileThreads = FileThreads::new(8, 3);
        let (release, hold) = mpsc::channel::<()>();
        let hold = Arc::new(std::sync::Mutex::new(hold));
        for _ in 0..3 {
            let hold = Arc::clone(&hold);
            assert!(THREADS.run(AT_ONCE, move || drop(hold.lock().map(|hold| hold.recv()))).await.is_err());
        }
        let refused = THREADS.run(PLENTY, || ()).await;
        assert!(matches!(refused, Err(FileThreadError::Stuck(3))));
        drop(release);
        let back = async {
            while THREADS.stuck.load(Ordering::Relaxed) > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PLENTY, back).await.unwrap();
        assert!(THREADS.run(PLENTY, || ()).await.is_ok());
    }

    #[tokio::test]
    async fn a_waiter_that_goes_away_leaves_an_overdue_thread() {
        static THREADS: FileThreads = FileThreads::new(8, 1);
        let (release, hold) = mpsc::channel::<()>();
        let gone = tokio::time::timeout(AT_ONCE, THREADS.run(PLENTY, move || hold.recv().is_ok())).await;
        assert!(gone.is_err());
        assert!(matches!(THREADS.run(PLENTY, || ()).await, Err(FileThreadError::Stuck(1))));
        drop(release);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_keeps_nothing() {
        static THREADS: FileThreads = FileThreads::new(1, 1);
        let panicked = THREADS.run(PLENTY, || -> u8 { panic!("on purpose") }).await;
        assert!(matches!(panicked, Err(FileThreadError::Panicked)));
        assert!(THREADS.run(PLENTY, || ()).await.is_ok());
    }
}
