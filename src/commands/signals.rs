//! Requests to stop: Ctrl-C everywhere; SIGTERM and SIGHUP on Unix, what Windows sends for them there.
//!
//! A hang-up that is to be ignored (`nohup`) is ignored.

use std::{future::poll_fn, task::Poll};

use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// A token that the first request to stop cancels, for as long as the handle is kept.
pub(super) fn interrupt() -> (CancellationToken, AbortOnDropHandle<()>) {
    let token = CancellationToken::new();
    let cancelled = token.clone();
    // Listened for before anything else happens.
    let mut signals = Signals::new();
    let listening = tokio::spawn(async move {
        signals.next().await;
        cancelled.cancel();
    });
    (token, AbortOnDropHandle::new(listening))
}

#[cfg(unix)]
mod system {
    use std::task::{Context, Poll};

    use tokio::signal::unix::{Signal, SignalKind, signal};

    use crate::util::{process::ignores_hangups, terminal::is_attached};

    pub(super) struct Source(Signal);

    impl Source {
        pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
            // Without a handler the system's own way ends the process.
            if let Poll::Ready(Some(())) = self.0.poll_recv(context) { Poll::Ready(()) } else { Poll::Pending }
        }
    }

    fn sources(kinds: &[SignalKind]) -> Vec<Source> {
        kinds.iter().filter_map(|kind| signal(*kind).ok()).map(Source).collect()
    }

    pub(super) fn all() -> Vec<Source> {
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if !ignores_hangups() {
            kinds.push(SignalKind::hangup());
        }
        sources(&kinds)
    }

    /// Those of a server. Without a terminal nothing can hang up: then SIGHUP is the wish of an operator that settings be read
    /// again, and what a rotation of log files sends.
    pub(super) fn of_server() -> Vec<Source> {
        if ignores_hangups() || is_attached() {
            return all();
        }
        if let Ok(mut hangup) = signal(SignalKind::hangup()) {
            tokio::spawn(async move {
                while hangup.recv().await.is_some() {
                    tracing::info!(
                        "SIGHUP: nothing is read again while the server runs; restart it for other settings"
                    );
                }
            });
        }
        sources(&[SignalKind::interrupt(), SignalKind::terminate()])
    }
}

#[cfg(windows)]
mod system {
    use std::task::{Context, Poll};

    use tokio::signal::windows::{
        CtrlBreak, CtrlC, CtrlClose, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown,
    };

    pub(super) enum Source {
        C(CtrlC),
        Break(CtrlBreak),
        Close(CtrlClose),
        Shutdown(CtrlShutdown),
    }

    impl Source {
        pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
            let came = match self {
                Self::C(signal) => signal.poll_recv(context),
                Self::Break(signal) => signal.poll_recv(context),
                Self::Close(signal) => signal.poll_recv(context),
                Self::Shutdown(signal) => signal.poll_recv(context),
            };
            if let Poll::Ready(Some(())) = came { Poll::Ready(()) } else { Poll::Pending }
        }
    }

    pub(super) fn all() -> Vec<Source> {
        let sources = [
            ctrl_c().map(Source::C),
            ctrl_break().map(Source::Break),
            ctrl_close().map(Source::Close),
            ctrl_shutdown().map(Source::Shutdown),
        ];
        sources.into_iter().flatten().collect()
    }

    pub(super) fn of_server() -> Vec<Source> {
        all()
    }
}

/// Listens from when it is made, so that none is lost between two waits.
pub(super) struct Signals(Vec<system::Source>);

impl Signals {
    /// Listens for every request to stop.
    pub(super) fn new() -> Self {
        Self(system::all())
    }

    /// The same for a server: a hang-up is a request to stop only where there is a terminal that may hang up.
    pub(super) fn of_server() -> Self {
        Self(system::of_server())
    }

    /// Completes at the next request to stop.
    pub(super) async fn next(&mut self) {
        poll_fn(|context| {
            let came = self.0.iter_mut().any(|source| source.poll(context).is_ready());
            if came { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
