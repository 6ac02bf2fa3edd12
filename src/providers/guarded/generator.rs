//! A generator with retries before its first token, a breaker, and clocks on its stream.

use std::{sync::Arc, time::Duration};

use async_stream::try_stream;
use async_trait::async_trait;
use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use super::AttemptTimeouts;
use crate::{
    providers::{
        GenerationEvent, GenerationRequest, GenerationStream, Generator, Message, Phase, ProviderError, ProviderKind,
    },
    resilience::{CallContext, CallOutcome, CallPolicy, Failure, InFlightCall},
};

/// Calls a generator through a [`CallPolicy`].
pub struct GuardedGenerator {
    inner: Arc<dyn Generator>,
    policy: CallPolicy,
    timeouts: AttemptTimeouts,
    url: String,
}

impl GuardedGenerator {
    /// `url` is for messages, without credentials.
    pub fn new(
        inner: Arc<dyn Generator>,
        policy: CallPolicy,
        timeouts: AttemptTimeouts,
        url: impl Into<String>,
    ) -> Self {
        Self { inner, policy, timeouts, url: url.into() }
    }

    /// One attempt: up to its first word, because only before it another attempt may follow. Reasoning is a sign of life; it
    /// is the first word for those who want to see it.
    async fn attempt(&self, request: GenerationRequest) -> Result<(GenerationEvent, GenerationStream), ProviderError> {
        let shows_reasoning = request.reasoning;
        let mut ends = Instant::now() + self.timeouts.first_token;
        let mut events = self.in_time(ends, self.inner.generate(request)).await??;
        loop {
            let next = self.in_time(ends, events.next()).await?;
            match next.unwrap_or(Err(ProviderError::Truncated { provider: self.inner.provider() }))? {
                GenerationEvent::Reasoning(_) | GenerationEvent::Restart if !shows_reasoning => {
                    ends = Instant::now() + self.timeouts.first_token;
                }
                first => return Ok((first, events)),
            }
        }
    }

    /// Waits for something until then, or for as long as the model may take to load when it is being loaded.
    async fn in_time<T>(&self, ends: Instant, work: impl Future<Output = T>) -> Result<T, ProviderError> {
        tokio::pin!(work);
        match timeout_at(ends, &mut work).await {
            Ok(done) => Ok(done),
            Err(_) if self.inner.is_loading().await => {
                let rest = self.timeouts.loading.saturating_sub(self.timeouts.first_token);
                timeout(rest, work).await.map_err(|_| self.too_slow(Phase::FirstToken))
            }
            Err(_) => Err(self.too_slow(Phase::FirstToken)),
        }
    }

    fn too_slow(&self, phase: Phase) -> ProviderError {
        ProviderError::Timeout { provider: self.inner.provider(), url: self.url.clone(), phase }
    }
}

#[async_trait]
impl Generator for GuardedGenerator {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn provider(&self) -> ProviderKind {
        self.inner.provider()
    }

    fn model(&self) -> &str {
        self.inner.model()
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream, ProviderError> {
        let first_token = request.first_token_call();
        let attempt = |call| self.attempt(GenerationRequest { call, ..request.clone() });
        let ((first, events), open) = self.policy.call(&first_token, attempt).await?;
        let clock = StreamClock {
            idle: self.timeouts.idle,
            call: request.call,
            ends: Instant::now() + self.timeouts.stream,
            endless: self.too_slow(Phase::Stream),
            idled: self.too_slow(Phase::Idle),
        };
        Ok(watched(stream::iter([Ok(first)]).chain(events).boxed(), clock, open, self.provider()))
    }

    async fn prompt_tokens(&self, messages: &[Message], call: &CallContext) -> Option<usize> {
        self.inner.prompt_tokens(messages, call).await
    }

    async fn is_loading(&self) -> bool {
        self.inner.is_loading().await
    }
}

/// When a stream has taken too long, and what to call it.
struct StreamClock {
    idle: Duration,
    /// Until when somebody reads it.
    call: CallContext,
    ends: Instant,
    endless: ProviderError,
    idled: ProviderError,
}

/// Passes events on and tells the breaker how the stream ended.
fn watched(
    mut events: GenerationStream,
    clock: StreamClock,
    open: InFlightCall,
    provider: ProviderKind,
) -> GenerationStream {
    let mut open = Some(open);
    try_stream! {
        loop {
            let next = tokio::select! {
                biased;
                next = events.next() => next.unwrap_or(Err(ProviderError::Truncated { provider })),
                () = clock.call.expired() => Err(ProviderError::Deadline),
                () = sleep_until(clock.ends) => Err(clock.endless.clone()),
                () = sleep(clock.idle) => Err(clock.idled.clone()),
            };
            let settled = match &next {
                Ok(GenerationEvent::Done(_)) => Some(CallOutcome::Success),
                Ok(_) => None,
                Err(error) => Some(error.outcome()),
            };
            if let (Some(verdict), Some(open)) = (settled, if settled.is_some() { open.take() } else { None }) {
                open.settle(verdict);
            }
            yield next?;
            if settled.is_some() {
                return;
            }
        }
    }
    .boxed()
}
