//! Tells a slot of the pool when its client opens a connection.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use tower::{Layer, Service};

use crate::resilience::ConnectionWatch;

/// Puts [`WatchedConnector`] around reqwest's connector.
#[derive(Clone)]
pub(super) struct Watched {
    watch: Arc<ConnectionWatch>,
}

impl Watched {
    pub(super) fn new(watch: Arc<ConnectionWatch>) -> Self {
        Self { watch }
    }
}

impl<S> Layer<S> for Watched {
    type Service = WatchedConnector<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WatchedConnector { inner, watch: Arc::clone(&self.watch) }
    }
}

/// A connector that is watched: names, TCP and TLS all count as connecting.
#[derive(Clone)]
pub(super) struct WatchedConnector<S> {
    inner: S,
    watch: Arc<ConnectionWatch>,
}

impl<S, R> Service<R> for WatchedConnector<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let connecting = self.inner.call(destination);
        let watch = Arc::clone(&self.watch);
        Box::pin(async move {
            let started = Instant::now();
            let connection = connecting.await?;
            watch.opened(started.elapsed());
            Ok(connection)
        })
    }
}
