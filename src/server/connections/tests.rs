use std::{convert::Infallible, net::SocketAddr};

use axum::{
    body::to_bytes,
    routing::{get, post},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::oneshot,
    task::JoinHandle,
};

use super::*;
use crate::telemetry::Metrics;

#[test]
fn some_files_are_kept_for_everything_else() {
    for (wanted, files, most) in [
        (None, None, 10_000),
        (None, Some(1 << 20), 10_000),
        (None, Some(1_024), 896),
        (None, Some(256), 192),
        (None, Some(64), 8),
        (None, Some(0), 8),
        (Some(50_000), None, 50_000),
        (Some(50_000), Some(1_024), 896),
        (Some(50_000), Some(1 << 20), 50_000),
        (Some(1), Some(1_024), 1),
    ] {
        assert_eq!(connection_limit(wanted, files), most, "{wanted:?} wanted, {files:?} files");
    }
}

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Longer than any of the limits of [`hasty`].
const LONG: Duration = Duration::from_millis(1_500);

/// Limits that a test can wait for.
fn hasty() -> Limits {
    let short = Duration::from_millis(400);
    Limits {
        head: short,
        idle: short,
        body_idle: short,
        body_total: short,
        write: short,
        linger: short,
        ..Limits::default()
    }
}

struct Running {
    address: SocketAddr,
    metrics: Metrics,
    /// Has a permit for each request for `/held` that has arrived.
    held: Arc<Semaphore>,
    /// Lets `/held` answer.
    release: Arc<Semaphore>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Running {
    async fn start(most: usize, limits: Limits, grace: Duration) -> Self {
        let release = Arc::new(Semaphore::new(0));
        let held = Arc::new(Semaphore::new(0));
        let hold = (Arc::clone(&held), Arc::clone(&release));
        let router = Router::new()
            .route("/", get(async || "here"))
            .route(
                "/held",
                get(async move || {
                    hold.0.add_permits(1);
                    hold.1.acquire().await.map_or("", |permit| {
                        permit.forget();
                        "released"
                    })
                }),
            )
            .route("/large", get(async || vec![b'x'; 64 << 20]))
            .route(
                "/slow",
                get(async || {
                    Body::from_stream(async_stream::stream! {
                        yield Ok::<_, Infallible>("first ");
                        tokio::time::sleep(LONG).await;
                        yield Ok("last");
                    })
                }),
            )
            .route(
                "/body",
                post(async |body: Body| match to_bytes(body, usize::MAX).await {
                    Ok(bytes) => Ok(bytes.len().to_string()),
                    Err(error) => {
                        Err((ApiError::slow_body().status, format!("timeout: {}", BodyTimeout::caused(&error))))
                    }
                }),
            );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = Metrics::new();
        let acceptor = Acceptor::new(router, metrics.connections(), most, limits);
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(acceptor.run(listener, async { drop(stopped.await) }, grace));
        Self { address, metrics, held, release, stop, server }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection on which this was sent.
    async fn send(&self, text: &str) -> TcpStream {
        let mut client = self.connect().await;
        client.write_all(text.as_bytes()).await.unwrap();
        client
    }

    async fn one_is_held(&self) {
        tokio::time::timeout(PATIENCE, self.held.acquire()).await.expect("it arrives").unwrap().forget();
    }

    async fn eventually(&self, line: &str) {
        let shown = async {
            while !self.metrics.render().lines().any(|l| l == line) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let shown = tokio::time::timeout(PATIENCE, shown).await;
        assert!(shown.is_ok(), "{line} is missing in\n{}", self.metrics.render());
    }

    async fn closed(&self, reason: CloseReason, times: u64) {
        self.eventually(&format!("http_connections_closed_total{{reason=\"{}\"}} {times}", reason.as_str())).await;
    }
}

/// A request after which the connection is kept.
fn ask(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// A request after which the connection is closed.
fn ask_last(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

/// All that comes until the server closes; a reset ends it, too.
async fn rest(client: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, client.read_to_end(&mut bytes)).await.expect("the server closes");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What comes until `end` does.
async fn until(client: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let mut piece = [0; 1_024];
        let read = tokio::time::timeout(PATIENCE, client.read(&mut piece)).await.expect("the server answers").unwrap();
        assert_ne!(read, 0, "closed after {text:?}");
        text.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    text
}

#[tokio::test]
async fn a_head_that_drips_is_not_waited_for() {
    let server = Running::start(10, hasty(), PATIENCE).await;
    let (mut reads, mut writes) = server.send("GET / HTTP/1.1\r\n").await.into_split();
    let dripping = async {
        // Until the server has closed.
        while writes.write_all(b"X-A: b\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut bytes = Vec::new();
    let closed = async { reads.read_to_end(&mut bytes).await };
    let both = tokio::time::timeout(PATIENCE, async { tokio::join!(dripping, closed) }).await;
    assert!(both.is_ok(), "the server closes");
    server.closed(CloseReason::HeadTimeout, 1).await;
    server.eventually("http_connections_open 0").await;
}

#[tokio::test]
async fn a_connection_that_is_kept_for_nothing_is_closed() {
    let server = Running::start(10, hasty(), PATIENCE).await;
    let mut client = server.send(&ask("/")).await;
    assert!(rest(&mut client).await.ends_with("\r\n\r\nhere"));
    server.closed(CloseReason::IdleTimeout, 1).await;
    let mut silent = server.connect().await;
    assert_eq!(rest(&mut silent).await, "");
    server.closed(CloseReason::HeadTimeout, 1).await;
}

#[tokio::test]
async fn a_body_that_stops_or_drips_gets_an_error() {
    let server = Running::start(10, hasty(), PATIENCE).await;
    let head = "POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n";
    let mut silent = server.send(&format!("{head}some")).await;
    let answer = rest(&mut silent).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.ends_with("timeout: true"), "{answer}");
    let (mut reads, mut writes) = server.send(head).await.into_split();
    let mut bytes = Vec::new();
    let dripping = async {
        while writes.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ =
        tokio::time::timeout(PATIENCE, async { tokio::join!(dripping, reads.read_to_end(&mut bytes)) }).await.unwrap();
    assert!(bytes.starts_with(b"HTTP/1.1 408"), "the answer arrives although the client goes on sending");
    server.closed(CloseReason::BodyTimeout, 2).await;
    let mut whole = server.send("POST /body HTTP/1.0\r\nContent-Length: 4\r\n\r\nsome").await;
    assert!(rest(&mut whole).await.ends_with("\r\n\r\n4"));
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_given_up() {
    let server = Running::start(10, hasty(), PATIENCE).await;
    let mut client = server.send(&ask("/large")).await;
    server.closed(CloseReason::WriteTimeout, 1).await;
    assert!(rest(&mut client).await.len() < 64 << 20);
    // Answers that fit into the buffers of the system are thrown away with them when nothing more is asked.
    let pipelined = server.send(&ask("/").repeat(100)).await;
    server.closed(CloseReason::IdleTimeout, 1).await;
    drop(pipelined);
}

#[tokio::test]
async fn an_answer_may_be_silent_for_long() {
    let server = Running::start(10, hasty(), PATIENCE).await;
    let mut client = server.send(&ask_last("/slow")).await;
    let answer = rest(&mut client).await;
    assert!(answer.contains("first ") && answer.contains("last"), "{answer}");
}

#[tokio::test]
async fn the_one_that_is_idle_for_longest_makes_room() {
    let server = Running::start(2, Limits::default(), PATIENCE).await;
    let mut idle = server.connect().await;
    let mut busy = server.send(&ask_last("/held")).await;
    server.one_is_held().await;
    let mut first = server.send(&ask("/")).await;
    assert!(until(&mut first, "here").await.starts_with("HTTP/1.1 200"));
    assert_eq!(rest(&mut idle).await, "");
    server.closed(CloseReason::Evicted, 1).await;
    let mut second = server.send(&ask("/")).await;
    assert!(until(&mut second, "here").await.starts_with("HTTP/1.1 200"));
    assert_eq!(rest(&mut first).await, "", "it is the only one that waits");
    server.release.add_permits(1);
    assert!(rest(&mut busy).await.ends_with("released"), "who is being answered is left alone");
}

#[tokio::test]
async fn who_finds_everybody_busy_is_told_to_come_back() {
    let server = Running::start(1, Limits::default(), PATIENCE).await;
    let mut busy = server.send(&ask("/held")).await;
    server.one_is_held().await;
    let mut refused = server.send(&ask("/")).await;
    let answer = rest(&mut refused).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    for header in ["retry-after: 1", "connection: close", "x-content-type-options: nosniff"] {
        assert!(answer.contains(header), "{answer}");
    }
    assert!(answer.contains("\"error\":\"Unavailable\"") && answer.contains("\"request_id\":"), "{answer}");
    server.closed(CloseReason::Refused, 1).await;
    server.release.add_permits(1);
    assert!(until(&mut busy, "released").await.starts_with("HTTP/1.1 200"));
    let mut next = server.send(&ask_last("/")).await;
    assert!(rest(&mut next).await.ends_with("here"));
}

#[tokio::test]
async fn the_signal_to_stop_ends_what_waits_and_lets_the_rest_finish() {
    let server = Running::start(10, Limits::default(), PATIENCE).await;
    let mut silent = server.connect().await;
    let mut kept = server.send(&ask("/")).await;
    until(&mut kept, "here").await;
    let mut half = server.send("GET / HT").await;
    let mut busy = server.send(&ask("/held")).await;
    server.one_is_held().await;
    server.stop.send(()).unwrap();
    for waiting in [&mut silent, &mut kept, &mut half] {
        assert_eq!(rest(waiting).await, "");
    }
    assert!(!server.server.is_finished(), "one request is under way");
    server.release.add_permits(1);
    assert!(rest(&mut busy).await.ends_with("released"));
    tokio::time::timeout(PATIENCE, server.server).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_not_done_when_the_grace_ends_is_dropped() {
    let server = Running::start(10, Limits::default(), Duration::from_millis(200)).await;
    let mut busy = server.send(&ask("/held")).await;
    server.one_is_held().await;
    server.stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, server.server).await.unwrap().unwrap();
    assert_eq!(rest(&mut busy).await, "");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens");
}
