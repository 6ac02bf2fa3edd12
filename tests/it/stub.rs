//! A server that behaves as a test wants, byte by byte, on threads of its own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// How to answer request number `n` (from 0, over all connections): path and body are given. `false` closes the connection.
pub type Answer = dyn Fn(u64, &str, &str, &mut TcpStream) -> bool + Send + Sync;

/// A running stub.
pub struct Stub {
    pub address: SocketAddr,
    pub connections: Arc<AtomicU64>,
    pub requests: Arc<AtomicU64>,
}

impl Stub {
    pub fn start(answer: impl Fn(u64, &str, &str, &mut TcpStream) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stub =
            Self { address: listener.local_addr().unwrap(), connections: Arc::default(), requests: Arc::default() };
        let (connections, requests) = (Arc::clone(&stub.connections), Arc::clone(&stub.requests));
        let answer: Arc<Answer> = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::Relaxed);
                let (answer, requests) = (Arc::clone(&answer), Arc::clone(&requests));
                std::thread::spawn(move || converse(stream, &requests, &*answer));
            }
        });
        stub
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn converse(stream: TcpStream, requests: &AtomicU64, answer: &Answer) {
    stream.set_nodelay(true).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        // What is asked about the server itself is no request of the load.
        let metrics = path.contains("metrics");
        let number = if metrics { u64::MAX } else { requests.fetch_add(1, Ordering::Relaxed) };
        if metrics {
            if respond(&mut writer, 404, "") {
                continue;
            }
            return;
        }
        if !answer(number, &path, &String::from_utf8_lossy(&body), &mut writer) {
            return;
        }
    }
}

/// A whole response; `true`, so that the connection stays.
pub fn respond(stream: &mut TcpStream, status: u16, body: &str) -> bool {
    let text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).is_ok()
}
