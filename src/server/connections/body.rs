//! Bodies that tell how far they are: requests that come too slowly end with an error, answers say when they are whole.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{BoxError, body::Body as AnyBody};
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{
    activity::BodyProgress,
    tracked::{Tracked, now},
};
use crate::telemetry::CloseReason;

/// The body of a request did not come in time.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the body of the request did not come in time")]
pub struct BodyTimeout;

impl BodyTimeout {
    /// Whether this is why something could not be read.
    pub fn caused(error: &(dyn std::error::Error + 'static)) -> bool {
        let mut causes = std::iter::successors(Some(error), |error| error.source());
        causes.any(|error| error.is::<Self>())
    }
}

/// The body of a request, with a deadline that moves while it comes in.
pub(super) struct RequestBody {
    body: Incoming,
    tracked: Arc<Tracked>,
    /// From the moment on when it is asked for.
    progress: Option<BodyProgress>,
    /// Only bodies that are waited for need one.
    timer: Option<Pin<Box<Sleep>>>,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, tracked: Arc<Tracked>) -> Self {
        Self { body, tracked, progress: None, timer: None }
    }

    /// Whether it is too late for more.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let progress = self.progress.get_or_insert_with(|| BodyProgress::begin(now()));
        let deadline = Instant::from_std(progress.deadline(self.tracked.limits()));
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            ready!(self.poll_overdue(cx));
            self.tracked.count(CloseReason::BodyTimeout);
            return Poll::Ready(Some(Err(BodyTimeout.into())));
        };
        if let Some(Ok(frame)) = &frame {
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            self.progress.get_or_insert_with(|| BodyProgress::begin(now())).received(bytes, now());
        }
        if frame.is_none() || self.body.is_end_stream() {
            self.tracked.update(|activity, now| activity.body_ended(now));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer. It is dropped when all of it was handed over to be written.
pub(super) struct AnswerBody {
    pub(super) body: AnyBody,
    pub(super) tracked: Arc<Tracked>,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.tracked.update(|activity, now| activity.answered(now));
    }
}
