//! A server that behaves as a test wants, byte by byte, on threads of its own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// How to answer a path and a body. `false` closes the connection.
type PlainAnswer = dyn Fn(&str, &str, &mut TcpStream) -> bool + Send + Sync;

/// A running stub.
pub struct Stub {
    pub address: SocketAddr,
    pub connections: Arc<AtomicU64>,
    pub requests: Arc<AtomicU64>,
    /// The `Authorization` headers that came.
    pub authorizations: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    /// How to answer request number `n` (from 0, over all connections): path and body are given. `false` closes the
    /// connection. What is asked about the server itself is not found, and no request of the load.
    pub fn start(answer: impl Fn(u64, &str, &str, &mut TcpStream) -> bool + Send + Sync + 'static) -> Self {
        let requests: Arc<AtomicU64> = Arc::default();
        let counter = Arc::clone(&requests);
        let answer = move |path: &str, body: &str, stream: &mut TcpStream| match path.contains("metrics") {
            true => respond(stream, 404, ""),
            false => answer(counter.fetch_add(1, Ordering::Relaxed), path, body, stream),
        };
        Self { requests, ..Self::start_plain(answer) }
    }

    /// Every request is the test's to answer.
    pub fn start_plain(answer: impl Fn(&str, &str, &mut TcpStream) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stub = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            requests: Arc::default(),
            authorizations: Arc::default(),
        };
        let (connections, authorizations) = (Arc::clone(&stub.connections), Arc::clone(&stub.authorizations));
        let answer: Arc<PlainAnswer> = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                connections.fetch_add(1, Ordering::Relaxed);
                let (answer, authorizations) = (Arc::clone(&answer), Arc::clone(&authorizations));
                std::thread::spawn(move || converse(stream, &authorizations, &*answer));
            }
        });
        stub
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn converse(stream: TcpStream, authorizations: &Mutex<Vec<String>>, answer: &PlainAnswer) {
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
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                    authorizations.lock().unwrap().push(value.trim().to_owned());
                }
                _ => {}
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        if !answer(&path, &String::from_utf8_lossy(&body), &mut writer) {
            return;
        }
    }
}

/// A whole response; `true`, so that the connection stays.
pub fn respond(stream: &mut TcpStream, status: u16, body: &str) -> bool {
    let text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).is_ok()
}

/// Never answers.
pub fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// How a watched server answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Manner {
    /// As it should.
    Well,
    /// Not at all, until that changes.
    Hang,
    /// As it should, but late.
    Slow(Duration),
    /// With this status, whatever is asked.
    Status(u16),
    /// With a web page.
    Page,
    /// With 50 MB.
    Huge,
}

/// What a watched server tells.
#[derive(Debug, Clone)]
pub struct Telling {
    pub manner: Manner,
    /// The state of its breaker.
    pub breaker: &'static str,
    /// Entries of its cache, of 100.
    pub entries: &'static str,
    /// Hits of its cache, as JSON.
    pub hits: &'static str,
}

/// A server to watch. What it tells can be changed while it runs.
pub struct Watched {
    pub stub: Stub,
    telling: Arc<(Mutex<Telling>, Condvar)>,
}

impl Watched {
    /// A server with which all is well.
    pub fn start() -> Self {
        Self::answering(Manner::Well)
    }

    pub fn answering(manner: Manner) -> Self {
        Self::telling(Telling { manner, breaker: "closed", entries: "50", hits: "60" })
    }

    pub fn telling(telling: Telling) -> Self {
        let telling = Arc::new((Mutex::new(telling), Condvar::new()));
        let shared = Arc::clone(&telling);
        Self { stub: Stub::start_plain(move |path, _, stream| tell(&shared, path, stream)), telling }
    }

    pub fn change(&self, change: impl FnOnce(&mut Telling)) {
        change(&mut self.telling.0.lock().unwrap());
        self.telling.1.notify_all();
    }

    pub fn url(&self) -> String {
        self.stub.url()
    }

    /// What it is called where it is watched.
    pub fn name(&self) -> String {
        self.stub.address.to_string()
    }
}

fn tell((telling, changed): &(Mutex<Telling>, Condvar), path: &str, stream: &mut TcpStream) -> bool {
    let now = telling.lock().unwrap().clone();
    match now.manner {
        Manner::Well => well(&now, path, stream),
        Manner::Slow(time) => {
            std::thread::sleep(time);
            well(&now, path, stream)
        }
        Manner::Hang => {
            drop(changed.wait_while(telling.lock().unwrap(), |now| now.manner == Manner::Hang));
            false
        }
        Manner::Status(status) => respond(stream, status, "no"),
        Manner::Page => respond(stream, 200, "<!doctype html><title>Welcome</title>"),
        // One route is enough: five of them would measure the machine.
        Manner::Huge if path == "/health" => {
            let part = [b' '; 64 << 10];
            let mut sent = write!(stream, "HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n", 50 << 20);
            for _ in 0..(50 << 20) / part.len() {
                sent = sent.and_then(|()| stream.write_all(&part));
            }
            sent.is_ok()
        }
        Manner::Huge => respond(stream, 404, ""),
    }
}

fn well(telling: &Telling, path: &str, stream: &mut TcpStream) -> bool {
    let Telling { breaker, entries, hits, .. } = telling;
    let body = match path {
        "/api/circuit-breaker/metrics" => {
            format!(r#"{{"circuit_breakers":{{"llm":{{"state":"{breaker}","total_calls":100,"failure_calls":2}}}}}}"#)
        }
        "/api/connection-pool/metrics" => {
            r#"{"connection_pool":{"pool_config":{"pool_maxsize":10},"total_requests":100,
            "connections_opened":3,"connections_in_use":2,"connections_idle":1,"waiting":0}}"#
                .to_owned()
        }
        "/api/semantic-cache/metrics" => format!(
            r#"{{"semantic_cache":{{"enabled":true,"hits":{hits},"misses":40,"size":{entries},"max_size":100}}}}"#
        ),
        "/health" => r#"{"status":"healthy","version":"1.2.3","uptime_seconds":1000}"#.to_owned(),
        "/metrics" => "ollama_rag_queries_total 100\nollama_rag_query_errors_total 0\n".to_owned(),
        _ => return respond(stream, 404, ""),
    };
    respond(stream, 200, &body)
}
