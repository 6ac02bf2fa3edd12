//! Clients that are slow, silent or many: they are closed, and the others are answered.

use std::time::Duration;

use reqwest::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{PATIENCE, Server, Workplace};

/// A client that sends this and then nothing.
async fn send(server: &Server, text: &str) -> TcpStream {
    let address = server.url.strip_prefix("http://").unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(text.as_bytes()).await.unwrap();
    client
}

async fn idle(server: &Server, many: usize) -> Vec<TcpStream> {
    let mut clients = Vec::new();
    for _ in 0..many {
        clients.push(send(server, "").await);
    }
    clients
}

/// All that comes until the server closes.
async fn rest(client: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, client.read_to_end(&mut bytes)).await.expect("the server closes");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn clients_that_never_finish_a_request_are_closed() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let mut silent = send(&server, "").await;
    let mut head = send(&server, "POST /api/query HTTP/1.1\r\nHost: localhost\r\n").await;
    let mut body = send(
        &server,
        "POST /api/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n{\"que",
    )
    .await;
    let (silent, head, answer) = tokio::join!(rest(&mut silent), rest(&mut head), rest(&mut body));
    assert_eq!((silent.as_str(), head.as_str()), ("", ""));
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    for part in
        ["connection: close", "x-content-type-options: nosniff", "\"error\":\"RequestTimeout\"", "\"request_id\":"]
    {
        assert!(answer.contains(part), "{part} is missing in {answer}");
    }
    let metrics = server.text("/metrics").await;
    for line in [
        "http_connections_closed_total{reason=\"head_timeout\"} 2",
        "http_connections_closed_total{reason=\"body_timeout\"} 1",
        "http_connections_closed_total{reason=\"refused\"} 0",
    ] {
        assert!(metrics.lines().any(|l| l == line), "{line} is missing in\n{metrics}");
    }
}

#[tokio::test]
async fn idle_clients_make_room_for_those_who_ask() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--max-connections", "8", "--docs", "docs"]);
    let mut clients = idle(&server, 20).await;
    assert_eq!(server.ask("How long can a voyage be paused?").await["degraded"], false);
    for first in clients.drain(..13) {
        assert_eq!(rest(&mut { first }).await, "", "the eldest are closed");
    }
    let metrics = server.text("/metrics").await;
    let open = metrics.lines().find_map(|line| line.strip_prefix("http_connections_open ")).unwrap();
    assert!(open.parse::<usize>().unwrap() <= 8, "{open} are open");
}

#[cfg(unix)]
#[tokio::test]
async fn more_idle_clients_than_files_keep_nobody_out() {
    let workplace = Workplace::new();
    for files in ["64", "160"] {
        let server = workplace.serve_below(files);
        let clients = idle(&server, 200).await;
        for _ in 0..5 {
            let fresh = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
            let live = fresh.get(format!("{}/health/live", server.url)).send().await.unwrap();
            assert_eq!(live.status(), StatusCode::OK, "{files} files");
        }
        drop(clients);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_to_stop_does_not_wait_for_idle_clients() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--shutdown-grace", "10min"]);
    let clients = idle(&server, 20).await;
    let half = send(&server, "POST /api/query HTTP/1.1\r\nHost: localhost\r\n").await;
    assert_eq!(server.get("/health/live").await.0, StatusCode::OK);
    let status = server.terminate();
    assert!(status.success(), "{status}");
    drop((clients, half));
}
