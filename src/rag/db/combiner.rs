//! Work that is done for several callers at once.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Blocking work on a batch: a result for each item, in their order.
type Work<T, R> = Box<dyn Fn(Vec<T>) -> Vec<R> + Send + Sync>;

/// Most items of one batch.
const MOST: usize = 256;

/// What comes while a batch is worked on becomes the next batch: a wait for the disk then serves everybody who waits for it.
/// Callers wait without a thread; one blocking thread works while there is work, and ends with it.
pub(super) struct Combiner<T, R> {
    shared: Arc<Shared<T, R>>,
}

struct Shared<T, R> {
    work: Work<T, R>,
    queue: Mutex<Queue<T, R>>,
}

struct Queue<T, R> {
    waiting: VecDeque<(T, oneshot::Sender<R>)>,
    running: bool,
}

impl<T: Send + 'static, R: Send + 'static> Combiner<T, R> {
    pub(super) fn new(work: impl Fn(Vec<T>) -> Vec<R> + Send + Sync + 'static) -> Self {
        let queue = Mutex::new(Queue { waiting: VecDeque::new(), running: false });
        Self { shared: Arc::new(Shared { work: Box::new(work), queue }) }
    }

    /// Hands in an item and waits for its result; `None` when the work panicked. A caller that stops waiting takes nothing
    /// back: the item is worked on all the same.
    pub(super) async fn submit(&self, item: T) -> Option<R> {
        let (done, result) = oneshot::channel();
        let start = {
            let mut queue = self.shared.queue.lock();
            queue.waiting.push_back((item, done));
            !std::mem::replace(&mut queue.running, true)
        };
        if start {
            let shared = Arc::clone(&self.shared);
            tokio::task::spawn_blocking(move || shared.drain());
        }
        result.await.ok()
    }
}

impl<T, R> Shared<T, R> {
    fn drain(&self) {
        loop {
            let batch: Vec<_> = {
                let mut queue = self.queue.lock();
                let number = queue.waiting.len().min(MOST);
                if number == 0 {
                    queue.running = false;
                    return;
                }
                queue.waiting.drain(..number).collect()
            };
            let (items, waiting): (Vec<T>, Vec<_>) = batch.into_iter().unzip();
            // A panic has been told by its hook; those who wait learn of it by getting nothing.
            let results = catch_unwind(AssertUnwindSafe(|| (self.work)(items))).unwrap_or_default();
            for (result, done) in results.into_iter().zip(waiting) {
                // Who stopped waiting wants no result.
                let _ = done.send(result);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_comes_during_a_batch_is_one_batch() {
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let batches = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&batches);
        let combiner = Arc::new(Combiner::new(move |items: Vec<u32>| {
            gate.lock().recv().unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            items.iter().map(|n| n * 2).collect()
        }));
        let submit = |n| {
            let combiner = Arc::clone(&combiner);
            tokio::spawn(async move { combiner.submit(n).await })
        };
        let first = submit(1);
        // The first batch has been taken when the queue is empty and somebody works.
        while {
            let queue = combiner.shared.queue.lock();
            !queue.running || !queue.waiting.is_empty()
        } {
            tokio::task::yield_now().await;
        }
        let rest: Vec<_> = (2..50).map(submit).collect();
        while combiner.shared.queue.lock().waiting.len() < 48 {
            tokio::task::yield_now().await;
        }
        go.send(()).unwrap();
        go.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Some(2));
        for (task, n) in rest.into_iter().zip(2..) {
            assert_eq!(task.await.unwrap(), Some(n * 2), "each gets its own result");
        }
        assert_eq!(batches.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_panic_reaches_those_who_wait_and_nobody_else() {
        let combiner = Combiner::new(|items: Vec<bool>| {
            assert!(!items.contains(&true), "as asked");
            items
        });
        assert_eq!(combiner.submit(true).await, None);
        assert_eq!(combiner.submit(false).await, Some(false));
    }
}
