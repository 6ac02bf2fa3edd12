//! A client's socket, which tells what its client does.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

use super::tracked::Tracked;

/// Bytes that a client may still send after its connection is closed.
const LINGER_BYTES: usize = 1 << 20;

/// A client's socket.
pub(super) struct ClientStream {
    socket: TcpStream,
    tracked: Arc<Tracked>,
    /// Whether the client has closed its side.
    ended: bool,
}

impl ClientStream {
    pub(super) fn new(socket: TcpStream, tracked: Arc<Tracked>) -> Self {
        Self { socket, tracked, ended: false }
    }

    /// Closes this side, and waits a little for the client to close the other.
    ///
    /// A socket that is closed with unread bytes answers them with a reset, which can take the answer from the client
    /// before it has read it. A client that does not close is reset in the end: what it never read goes with it.
    pub(super) async fn linger(mut self) {
        if self.ended {
            return;
        }
        let limit = self.tracked.limits().linger;
        let closed = async {
            let mut scrap = [0; 4_096];
            let mut rest = LINGER_BYTES;
            self.socket.shutdown().await?;
            while rest > 0 {
                match self.socket.read(&mut scrap).await? {
                    0 => return Ok(true),
                    read => rest = rest.saturating_sub(read),
                }
            }
            io::Result::Ok(false)
        };
        if !matches!(tokio::time::timeout(limit, closed).await, Ok(Ok(true))) {
            self.reset();
        }
    }

    /// Closes at once, and throws away what is not sent yet.
    pub(super) fn reset(self) {
        // Should it fail, the socket is closed in the ordinary way.
        let _ = self.socket.set_zero_linger();
    }

    fn wrote<T>(&self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.tracked.update(|activity, now| activity.wrote(result.is_ready(), now));
        result
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (before, room) = (buf.filled().len(), buf.remaining());
        let result = Pin::new(&mut self.socket).poll_read(cx, buf);
        if let Poll::Ready(Ok(())) = result {
            if buf.filled().len() > before {
                self.tracked.update(|activity, now| activity.received(now));
            } else if room > 0 {
                self.ended = true;
            }
        }
        result
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write_vectored(cx, bytes);
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    /// Called when all that there was to write is written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.socket).poll_flush(cx);
        if let Poll::Ready(Ok(())) = result {
            self.tracked.update(|activity, now| activity.flushed(now));
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
