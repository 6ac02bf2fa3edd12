//! One connection, from its first byte to its last.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body as AnyBody,
    http::{Request, Response},
};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::Service,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{
    body::{AnswerBody, RequestBody},
    stream::ClientStream,
    tracked::{Evicted, Tracked, now},
};
use crate::telemetry::CloseReason;

type Answering = Pin<Box<dyn Future<Output = Result<Response<AnswerBody>, Infallible>> + Send>>;

/// Answers the requests of one connection, and says what happens to it.
struct Answerer<S> {
    service: S,
    tracked: Arc<Tracked>,
}

impl<S> Service<Request<Incoming>> for Answerer<S>
where
    S: tower::Service<Request<AnyBody>, Response = Response<AnyBody>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        let tracked = Arc::clone(&self.tracked);
        let has_body = !request.body().is_end_stream();
        tracked.update(|activity, now| activity.request_begun(has_body, now));
        let request = if has_body {
            request.map(|body| AnyBody::new(RequestBody::new(body, Arc::clone(&tracked))))
        } else {
            request.map(|_| AnyBody::empty())
        };
        let service = self.service.clone();
        Box::pin(async move {
            let response = service.oneshot(request).await?;
            Ok(response.map(|body| AnswerBody { body, tracked }))
        })
    }
}

/// How a connection ended.
enum End {
    /// By HTTP's rules, or because the client is gone.
    Done,
    /// By the server.
    Closed(CloseReason),
}

/// Serves a connection until its client, its limits, the lack of room or the signal to stop end it.
pub(super) async fn serve<S>(
    socket: TcpStream,
    service: S,
    tracked: Arc<Tracked>,
    mut evicted: Evicted,
    stopping: CancellationToken,
) where
    S: tower::Service<Request<AnyBody>, Response = Response<AnyBody>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    // Pieces of a stream are small, and each is to arrive when it is made.
    let _ = socket.set_nodelay(true);
    let stream = TokioIo::new(ClientStream::new(socket, Arc::clone(&tracked)));
    let answerer = Answerer { service, tracked: Arc::clone(&tracked) };
    let mut connection = http1::Builder::new().header_read_timeout(None).serve_connection(stream, answerer);
    let mut stop = pin!(stopping.cancelled());
    let mut stopped = false;
    let mut timer = pin!(sleep_until(Instant::now()));

    let end = poll_fn(|cx| {
        if !stopped && stop.as_mut().poll(cx).is_ready() {
            stopped = true;
            tracked.update(|activity, now| activity.stop(now));
            // It answers what it has begun, and says that it is the last.
            Pin::new(&mut connection).graceful_shutdown();
        }
        if let Poll::Ready(result) = Pin::new(&mut connection).poll(cx) {
            if let Err(error) = result {
                tracing::debug!(%error, "a connection ended in the middle");
            }
            return Poll::Ready(End::Done);
        }
        if let Poll::Ready(Ok(())) = Pin::new(&mut evicted).poll(cx) {
            return Poll::Ready(End::Closed(CloseReason::Evicted));
        }
        poll_deadline(&tracked, timer.as_mut(), cx).map(End::Closed)
    })
    .await;

    let stream = connection.into_parts().io.into_inner();
    let reason = match end {
        End::Done => None,
        End::Closed(reason) => {
            tracked.count(reason);
            Some(reason)
        }
    };
    match reason {
        Some(CloseReason::WriteTimeout) => stream.reset(),
        // Room is needed at once.
        Some(CloseReason::Evicted | CloseReason::Shutdown) => drop(stream),
        _ if stopping.is_cancelled() => drop(stream),
        _ => tokio::select! {
            () = stream.linger() => {}
            Ok(()) = evicted => {}
            () = stopping.cancelled() => {}
        },
    }
}

/// Ready when the connection must be closed. The timer goes off early rather than being set anew with every request.
fn poll_deadline(tracked: &Tracked, mut timer: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<CloseReason> {
    loop {
        let Some((at, reason)) = tracked.deadline() else { return Poll::Pending };
        if at <= now() {
            return Poll::Ready(reason);
        }
        let at = Instant::from_std(at);
        if timer.is_elapsed() || timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
    }
}
