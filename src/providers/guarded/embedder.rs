//! An embedder with retries, a breaker, and a clock on each attempt.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::{Instant, timeout};

use super::AttemptTimeouts;
use crate::{
    providers::{Embedder, EmbedderId, Phase, ProviderError, ProviderKind, Purpose, TextVector},
    resilience::{CallContext, CallOutcome, CallPolicy},
};

/// Calls an embedder through a [`CallPolicy`].
pub struct GuardedEmbedder {
    inner: Arc<dyn Embedder>,
    policy: CallPolicy,
    timeouts: AttemptTimeouts,
    provider: ProviderKind,
    url: String,
}

impl GuardedEmbedder {
    /// `url` is for messages, without credentials.
    pub fn new(
        inner: Arc<dyn Embedder>,
        provider: ProviderKind,
        policy: CallPolicy,
        timeouts: AttemptTimeouts,
        url: impl Into<String>,
    ) -> Self {
        Self { inner, policy, timeouts, provider, url: url.into() }
    }
}

#[async_trait]
impl Embedder for GuardedEmbedder {
    fn id(&self) -> &EmbedderId {
        self.inner.id()
    }

    fn batch_size(&self) -> usize {
        self.inner.batch_size()
    }

    async fn embed(
        &self,
        texts: &[String],
        purpose: Purpose,
        call: &CallContext,
    ) -> Result<Vec<TextVector>, ProviderError> {
        // A question has one limit for all attempts, because lexical search can do without; for documents each attempt may
        // take as long as a model needs to load, and there are only so many attempts.
        let late = |_| ProviderError::Timeout { provider: self.provider, url: self.url.clone(), phase: Phase::Read };
        let (limit, call) = match purpose {
            Purpose::Query => (self.timeouts.first_token, call.until(Instant::now() + self.timeouts.first_token)),
            Purpose::Passage => (self.timeouts.loading, call.clone()),
        };
        let attempt =
            |call| async move { timeout(limit, self.inner.embed(texts, purpose, &call)).await.map_err(late)? };
        let (vectors, open) = self.policy.call(&call, attempt).await?;
        open.settle(CallOutcome::Success);
        Ok(vectors)
    }
}
