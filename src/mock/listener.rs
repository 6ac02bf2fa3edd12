//! The fake upstream's side of its connections: counted, and reset on demand.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use futures::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

use super::MockState;

/// A listener that counts.
pub(super) struct CountingListener {
    pub(super) inner: TcpListener,
    pub(super) state: Arc<MockState>,
}

impl Listener for CountingListener {
    type Io = CountedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let wait = self.state.faults.lock().slow_accept();
            if let Some(ms) = wait {
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
            match self.inner.accept().await {
                Ok((stream, address)) => {
                    // Answers are many small writes.
                    let _ = stream.set_nodelay(true);
                    let mut stats = self.state.stats.lock();
                    stats.connections_accepted += 1;
                    stats.connections_open += 1;
                    drop(stats);
                    let end = Arc::new(ResetSignal::default());
                    return (CountedStream { inner: stream, end, state: Arc::clone(&self.state) }, address);
                }
                // Too many open files, or a client that left at once: neither ends the server.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}

/// Ends a connection from outside.
#[derive(Default)]
struct ResetSignal {
    reset: AtomicBool,
    waker: AtomicWaker,
}

/// The connection of a request.
#[derive(Clone)]
pub(super) struct ConnectionHandle(Arc<ResetSignal>);

impl ConnectionHandle {
    /// Closes it with a reset, as a crashed server's host does.
    pub(super) fn reset(&self) {
        self.0.reset.store(true, Ordering::SeqCst);
        self.0.waker.wake();
    }
}

impl Connected<IncomingStream<'_, CountingListener>> for ConnectionHandle {
    fn connect_info(stream: IncomingStream<'_, CountingListener>) -> Self {
        Self(Arc::clone(&stream.io().end))
    }
}

/// A connection that is counted for as long as it is open.
pub(super) struct CountedStream {
    inner: TcpStream,
    end: Arc<ResetSignal>,
    state: Arc<MockState>,
}

impl CountedStream {
    fn check(&self, cx: &Context<'_>) -> io::Result<()> {
        self.end.waker.register(cx.waker());
        if self.end.reset.load(Ordering::SeqCst) {
            // Dropping unsent data with no time to linger is what sends a reset.
            let _ = self.inner.set_zero_linger();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl Drop for CountedStream {
    fn drop(&mut self) {
        self.state.stats.lock().connections_open -= 1;
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.inner).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
