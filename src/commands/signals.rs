//! Requests to stop: Ctrl-C everywhere, SIGTERM on Unix.

use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// A token that the first request to stop cancels, for as long as the handle is kept.
pub(super) fn interrupt() -> (CancellationToken, AbortOnDropHandle<()>) {
    let token = CancellationToken::new();
    let cancelled = token.clone();
    let listening = tokio::spawn(async move {
        Signals::new().next().await;
        cancelled.cancel();
    });
    (token, AbortOnDropHandle::new(listening))
}

/// Listens from when it is made, so that none is lost between two waits.
pub(super) struct Signals {
    #[cfg(unix)]
    interrupt: Option<tokio::signal::unix::Signal>,
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    #[cfg(unix)]
    pub(super) fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { interrupt: signal(SignalKind::interrupt()).ok(), terminate: signal(SignalKind::terminate()).ok() }
    }

    #[cfg(not(unix))]
    pub(super) fn new() -> Self {
        Self {}
    }

    /// Completes at the next request to stop.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
            if let Some(signal) = signal
                && signal.recv().await.is_some()
            {
                return;
            }
            // Without a handler the system's own way ends the process.
            std::future::pending().await
        }
        tokio::select! {
            () = next(&mut self.interrupt) => {}
            () = next(&mut self.terminate) => {}
        }
    }

    /// Completes at the next request to stop.
    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
