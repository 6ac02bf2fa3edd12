//! How the fake upstream fails.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_stream::stream;
use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use super::MockState;

/// Part of the API that can fail on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Chats and completions.
    Generate,
    /// Embeddings.
    Embed,
    /// Lists of models.
    List,
}

/// A way to fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Answers with this status, an error message, and perhaps `Retry-After` in seconds.
    Status {
        /// The status.
        code: u16,
        /// Seconds to wait.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Takes the request and never answers.
    Hang,
    /// Answers after so many milliseconds.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Sends so many pieces, then nothing more, without closing.
    Stall {
        /// Pieces.
        after: usize,
    },
    /// Sends so many pieces, then closes as if it were done.
    Truncate {
        /// Pieces.
        after: usize,
    },
    /// Sends something that is not JSON.
    Malformed,
    /// Sends an error object with status 200.
    Reported,
}

/// The faults that are on.
#[derive(Debug, Default)]
pub(super) struct Faults(HashMap<Operation, Fault>);

impl Faults {
    pub(super) fn set(&mut self, operation: Operation, fault: Option<Fault>) {
        match fault {
            Some(fault) => self.0.insert(operation, fault),
            None => self.0.remove(&operation),
        };
    }

    pub(super) fn get(&self, operation: Operation) -> Option<Fault> {
        self.0.get(&operation).cloned()
    }
}

/// A response of these pieces, with the fault applied. `kind` is its content type.
pub(super) async fn respond(
    state: Arc<MockState>,
    fault: Option<Fault>,
    kind: &'static str,
    pieces: Vec<String>,
) -> Response {
    let mut stop = None;
    match fault {
        None => {}
        Some(Fault::Status { code, retry_after }) => return status(code, retry_after),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Delay { ms }) => tokio::time::sleep(Duration::from_millis(ms)).await,
        Some(Fault::Malformed) => return whole(kind, "<html>this is no JSON</html>\n\n".into()),
        Some(Fault::Reported) => {
            let body = r#"{"error":"the model runner has stopped"}"#;
            let framed = if kind == "text/event-stream" { format!("data: {body}\n\n") } else { format!("{body}\n") };
            return whole(kind, framed);
        }
        Some(Fault::Stall { after }) => stop = Some((after, true)),
        Some(Fault::Truncate { after }) => stop = Some((after, false)),
    }
    let body = stream! {
        let mut complete = Complete { state, done: false };
        for (n, piece) in pieces.into_iter().enumerate() {
            match stop {
                Some((after, stall)) if n == after => {
                    if stall {
                        std::future::pending::<()>().await;
                    }
                    complete.done = true;
                    return;
                }
                _ => yield Ok::<_, std::io::Error>(Bytes::from(piece)),
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
