//! Acknowledging at once what an upstream sends.
//!
//! A server that does not set `TCP_NODELAY` holds back a small segment until the one before it is acknowledged, and Linux
//! waits up to 40 ms before it acknowledges: each answer then takes 44 ms instead of 2. `TCP_QUICKACK` acknowledges at once; it
//! wears off, so that it is set again with each piece. The HTTP client keeps its sockets to itself, but says which addresses
//! a connection has; the socket is the one with the same.

use reqwest::Response;

#[cfg(target_os = "linux")]
pub(super) use linux::{QuickAck, QuickAcks};
#[cfg(not(target_os = "linux"))]
pub(super) use none::{QuickAck, QuickAcks};

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        collections::HashMap,
        net::SocketAddr,
        os::fd::{BorrowedFd, RawFd},
        sync::Arc,
    };

    use hyper_util::client::legacy::connect::HttpInfo;
    use parking_lot::Mutex;
    use socket2::SockRef;

    use super::Response;

    /// Connections that are remembered; more than a pool has.
    const MOST: usize = 1_024;

    /// The sockets of an upstream's connections. Cheap to clone.
    #[derive(Debug, Clone, Default)]
    pub(in super::super) struct QuickAcks(Arc<Mutex<HashMap<SocketAddr, RawFd>>>);

    impl QuickAcks {
        /// The socket that a response comes through.
        pub(in super::super) fn of(&self, response: &Response) -> QuickAck {
            let Some(info) = response.extensions().get::<HttpInfo>() else { return QuickAck(None) };
            let local = info.local_addr();
            let known = self.0.lock().get(&local).copied().filter(|fd| is_bound_to(*fd, local));
            let found = known.or_else(|| open_files().find(|fd| is_bound_to(*fd, local)));
            if let (None, Some(fd)) = (known, found) {
                let mut sockets = self.0.lock();
                if sockets.len() >= MOST {
                    sockets.clear();
                }
                sockets.insert(local, fd);
            }
            let ack = QuickAck(found);
            ack.now();
            ack
        }
    }

    /// Acknowledges what came through a socket.
    #[derive(Debug, Clone, Copy)]
    pub(in super::super) struct QuickAck(Option<RawFd>);

    impl QuickAck {
        /// Now, and for a while from now on.
        pub(in super::super) fn now(self) {
            let Some(fd) = self.0 else { return };
            // What is refused costs time, and nothing else.
            let _ = with(fd, |socket| socket.set_tcp_quickack(true));
        }
    }

    fn open_files() -> impl Iterator<Item = RawFd> {
        let files = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
        files.filter_map(|file| file.file_name().to_str()?.parse().ok())
    }

    fn is_bound_to(fd: RawFd, local: SocketAddr) -> bool {
        with(fd, |socket| socket.local_addr()).is_ok_and(|address| address.as_socket() == Some(local))
    }

    /// Whether what comes is acknowledged at once.
    #[cfg(test)]
    pub(super) fn is_quick(ack: QuickAck) -> bool {
        ack.0.is_some_and(|fd| with(fd, |socket| socket.tcp_quickack()).is_ok_and(|quick| quick))
    }

    fn with<T>(fd: RawFd, call: impl FnOnce(SockRef<'_>) -> std::io::Result<T>) -> std::io::Result<T> {
        // SAFETY: the descriptor is only handed to calls that read an address or set an option. One that was closed
        // meanwhile makes them fail; one that another socket has taken gets an option that makes it acknowledge sooner.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        call(SockRef::from(&borrowed))
    }
}

#[cfg(not(target_os = "linux"))]
mod none {
    use super::Response;

    /// Other systems acknowledge as they see fit.
    #[derive(Debug, Clone, Default)]
    pub(in super::super) struct QuickAcks;

    impl QuickAcks {
        pub(in super::super) fn of(&self, _: &Response) -> QuickAck {
            QuickAck
        }
    }

    #[derive(Debug, Clone, Copy)]
    pub(in super::super) struct QuickAck;

    impl QuickAck {
        pub(in super::super) fn now(self) {}
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[tokio::test]
    async fn the_socket_of_a_response_is_found_and_made_to_acknowledge_at_once() {
        crate::providers::install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // Another connection to the same server must not be taken for the one that is meant.
        let _other = TcpStream::connect(address).await.unwrap();
        let server = async {
            let _other = listener.accept().await.unwrap();
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4_096];
            while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            }
        };
        let asking = async {
            let (client, acks) = (reqwest::Client::builder().no_proxy().build().unwrap(), QuickAcks::default());
            for _ in 0..6 {
                let response = client.get(format!("http://{address}/")).send().await.unwrap();
                let ack = acks.of(&response);
                assert!(linux::is_quick(ack), "{ack:?}");
                assert_eq!(response.text().await.unwrap(), "ok");
            }
        };
        tokio::select! {
            () = server => {}
            () = asking => {}
        }
    }
}
