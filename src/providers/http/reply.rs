//! A response: its head is here, its body comes.

use std::time::Duration;

use async_stream::stream;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use reqwest::{Client, Response, header::CONTENT_TYPE};

use super::quick_ack::QuickAck;
use crate::{
    providers::ProviderError,
    resilience::{CallTimer, Lease, RequestOutcome},
};

/// How long the end of a body may take after the last word of an answer.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// How often other tasks get a turn before a connection counts as free.
const YIELDS: usize = 4;

/// A response whose head is here, with the connection that its body comes over.
pub(in crate::providers) struct Reply {
    pub(super) response: Response,
    pub(super) call: Call,
    /// Acknowledges what comes.
    pub(super) ack: QuickAck,
}

impl Reply {
    /// Whether the body claims to be of this kind, e.g. `json`.
    pub(in crate::providers) fn is_of_kind(&self, kind: &str) -> bool {
        let told = self.response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        told.is_some_and(|told| told.split(';').next().unwrap_or_default().to_ascii_lowercase().contains(kind))
    }

    /// The body. Once it was read to its end the connection is given back; before, dropping it closes the connection.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, reqwest::Error>> + Send {
        let Self { response, call, ack } = self;
        let mut pieces = response.bytes_stream();
        let mut call = Some(call);
        stream! {
            while let Some(piece) = pieces.next().await {
                ack.now();
                if piece.is_err() && let Some(call) = call.take() {
                    call.failed();
                }
                yield piece;
            }
            // The client takes its connection back in a task of its own; a call that came before would open another one.
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
            if let Some(call) = call.take() {
                call.done(RequestOutcome::Success);
            }
        }
    }
}

/// A request under way: its connection, and what is counted about it.
pub(super) struct Call {
    pub(super) lease: Lease<Client>,
    pub(super) timer: CallTimer,
}

impl Call {
    /// The response was read to its end.
    pub(super) fn done(self, outcome: RequestOutcome) {
        self.timer.finish(outcome);
        self.lease.give_back();
    }

    pub(super) fn failed(self) {
        self.timer.finish(RequestOutcome::Error);
    }
}

/// A request that got no head of a response.
pub(super) struct Unsent {
    /// It went over a connection that the upstream had closed already.
    pub(super) stale: bool,
    pub(super) error: ProviderError,
}

/// A whole body; `Err(None)` when it is larger than `limit` bytes. `on_piece` is told of each piece.
pub(super) async fn collect(
    response: Response,
    limit: usize,
    on_piece: impl Fn(),
) -> Result<Vec<u8>, Option<reqwest::Error>> {
    let mut body = Vec::new();
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        on_piece();
        body.extend_from_slice(&piece.map_err(Some)?);
        if body.len() > limit {
            return Err(None);
        }
    }
    Ok(body)
}

/// Reads on after the last word, because a connection can be used again only when the body's end was seen. It usually
/// comes with the last word; an upstream that holds it back loses the connection.
pub(in crate::providers) async fn to_the_end<T>(rest: &mut (impl Stream<Item = T> + Unpin)) {
    // Timing out means to give up, as intended.
    let _ = tokio::time::timeout(END_TIMEOUT, async { while rest.next().await.is_some() {} }).await;
}
