//! Sends an answer as slowly, or as wrongly, as it was told to.

use std::{sync::Arc, time::Duration};

use async_stream::stream;
use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{Fault, MockState, listener::ConnectionHandle};

/// A response of these pieces, with the fault applied. `kind` is its content type.
pub(super) async fn respond(
    state: Arc<MockState>,
    connection: ConnectionHandle,
    fault: Option<Fault>,
    kind: &'static str,
    pieces: Vec<String>,
) -> Response {
    // Counts the request as left from here on, should its client leave.
    let mut complete = Complete { state: Arc::clone(&state), done: false };
    let mut stop = None;
    match fault {
        None | Some(Fault::SlowAccept { .. } | Fault::Empty | Fault::Think | Fault::Repeat | Fault::Lie) => {}
        Some(Fault::Status { code, retry_after }) => {
            complete.done = true;
            return status(code, retry_after);
        }
        Some(Fault::Reset) => {
            complete.done = true;
            connection.reset();
            return std::future::pending().await;
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Delay { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(Fault::Malformed) => {
            complete.done = true;
            return whole(kind, "<html>this is no JSON</html>\n\n".into());
        }
        Some(Fault::Reported) => {
            complete.done = true;
            let body = r#"{"error":"the model runner has stopped"}"#;
            let framed = if kind == "text/event-stream" { format!("data: {body}\n\n") } else { format!("{body}\n") };
            return whole(kind, framed);
        }
        Some(Fault::Stall { after }) => stop = Some((after, true)),
        Some(Fault::Truncate { after }) => stop = Some((after, false)),
    }
    let streamed = pieces.len() > 1;
    let before = if streamed { state.first_token() } else { state.latency() };
    if !before.is_zero() {
        tokio::time::sleep(before).await;
    }
    let pause = if streamed { state.pause() } else { Duration::ZERO };
    let body = stream! {
        // The whole of it, not only the field that is written.
        let mut complete = complete;
        for (n, piece) in pieces.into_iter().enumerate() {
            match stop {
                Some((after, stall)) if n == after => {
                    if stall {
                        std::future::pending::<()>().await;
                    }
                    complete.done = true;
                    return;
                }
                _ => {
                    if n > 0 && !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                    yield Ok::<_, std::io::Error>(Bytes::from(piece));
                }
            }
        }
        complete.done = true;
    };
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(body)).into_response()
}

/// Counts a response that was dropped before its end: its client went away.
struct Complete {
    state: Arc<MockState>,
    done: bool,
}

impl Drop for Complete {
    fn drop(&mut self) {
        if !self.done {
            self.state.stats.lock().closed_early += 1;
        }
    }
}

fn whole(kind: &'static str, text: String) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn status(code: u16, retry_after: Option<u64>) -> Response {
    let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (code, r#"{"error":"the mock was told to fail"}"#).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
