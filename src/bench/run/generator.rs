//! The generator threads: an event loop each, and in it a share of the users.

use std::{
    cell::{Cell, RefCell},
    io,
    rc::Rc,
    sync::{Arc, atomic::AtomicU64, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::{sync::oneshot, task::LocalSet};
use tokio_util::sync::CancellationToken;

use crate::bench::{
    recorder::{MeasureRecorder, WindowPart},
    windows::Windows,
    worker::{Pulse, SharedRun, WarmUp, Worker},
};

/// How often a thread hands on what is of a window that is over.
const POLL: Duration = Duration::from_millis(100);

/// All generator threads of a run, and what comes from them.
pub(super) struct Generators {
    threads: Vec<Thread>,
    starts: Vec<oneshot::Sender<Instant>>,
    /// The counts of each thread's warm-up.
    pub(super) warmed: mpsc::Receiver<WarmUp>,
    /// Measures, window by window.
    pub(super) parts: mpsc::Receiver<WindowPart>,
    /// Ends the threads although requests are under way.
    pub(super) abandon: CancellationToken,
}

struct Thread {
    pulse: Arc<Pulse>,
    handle: JoinHandle<io::Result<u64>>,
}

impl Generators {
    /// Starts the threads, which begin with their warm-up.
    pub(super) fn spawn(shared: &Arc<SharedRun>, windows: &Windows) -> io::Result<Self> {
        let (out, parts) = mpsc::channel();
        let (warm, warmed) = mpsc::channel();
        let abandon = CancellationToken::new();
        let left = Arc::new(AtomicU64::new(shared.plan.warmup));
        let (mut threads, mut starts) = (Vec::new(), Vec::new());
        for number in 0..shared.plan.threads {
            let (start, started) = oneshot::channel();
            let pulse = Arc::new(Pulse::default());
            let generator = GeneratorThread {
                number,
                shared: Arc::clone(shared),
                pulse: Arc::clone(&pulse),
                left: Arc::clone(&left),
                warm: warm.clone(),
                started,
                windows: windows.clone(),
                out: out.clone(),
                abandon: abandon.clone(),
            };
            let builder = std::thread::Builder::new().name(format!("bench-{number}"));
            threads.push(Thread { pulse, handle: builder.spawn(move || generate(generator))? });
            starts.push(start);
        }
        Ok(Self { threads, starts, warmed, parts, abandon })
    }

    /// Begins the measurement.
    pub(super) fn start(&mut self, at: Instant) {
        for sender in self.starts.drain(..) {
            // A thread that is gone is found out when it is joined.
            let _ = sender.send(at);
        }
    }

    /// The counters of the threads, to be read while they run.
    pub(super) fn pulses(&self) -> Vec<Arc<Pulse>> {
        self.threads.iter().map(|thread| Arc::clone(&thread.pulse)).collect()
    }

    /// Whether all threads have ended.
    pub(super) fn are_done(&self) -> bool {
        self.threads.iter().all(|thread| thread.handle.is_finished())
    }

    /// Waits for the threads; how many requests they left unfinished.
    pub(super) fn join(&mut self) -> io::Result<u64> {
        let mut unfinished = 0;
        for thread in self.threads.drain(..) {
            unfinished += thread.handle.join().map_err(|_| io::Error::other("a generator thread has panicked"))??;
        }
        Ok(unfinished)
    }
}

/// The arguments of one generator thread.
struct GeneratorThread {
    number: usize,
    shared: Arc<SharedRun>,
    pulse: Arc<Pulse>,
    left: Arc<AtomicU64>,
    warm: mpsc::Sender<WarmUp>,
    started: tokio::sync::oneshot::Receiver<Instant>,
    windows: Windows,
    out: mpsc::Sender<WindowPart>,
    abandon: CancellationToken,
}

/// A generator thread: its share of the users. Returns how many requests were left unfinished.
fn generate(it: GeneratorThread) -> io::Result<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async move {
        let GeneratorThread { number, shared, pulse, left, warm, started, windows, out, abandon } = it;
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
        let recorder = Rc::new(RefCell::new(MeasureRecorder::new(start, windows, out)));
        let tasks: Vec<_> = workers
            .into_iter()
            .map(|worker| tokio::task::spawn_local(worker.run(start, Rc::clone(&recorder))))
            .collect();
        let ticking = Rc::clone(&recorder);
        let tick = async move {
            let mut tick = tokio::time::interval(POLL);
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
