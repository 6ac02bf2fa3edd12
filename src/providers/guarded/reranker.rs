//! A reranker with a retry, a breaker, and a clock on the whole call.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::{Instant, timeout_at};

use crate::{
    providers::{Phase, ProviderError, ProviderKind, Reranker},
    resilience::{CallContext, CallOutcome, CallPolicy},
};

/// What is left to the attempt's own clock, so that it ends before the call's: then it says something about the server.
const MARGIN: Duration = Duration::from_millis(2);

/// Calls a reranker through a [`CallPolicy`].
pub struct GuardedReranker {
    inner: Arc<dyn Reranker>,
    policy: CallPolicy,
    limit: Duration,
    url: String,
}

impl GuardedReranker {
    /// `limit` is that of all attempts together: a question can do without. `url` is for messages, without credentials.
    pub fn new(inner: Arc<dyn Reranker>, policy: CallPolicy, limit: Duration, url: impl Into<String>) -> Self {
        Self { inner, policy, limit, url: url.into() }
    }
}

#[async_trait]
impl Reranker for GuardedReranker {
    fn id(&self) -> &str {
        self.inner.id()
    }

    async fn rerank(&self, question: &str, texts: &[String], call: &CallContext) -> Result<Vec<f32>, ProviderError> {
        let end = Instant::now() + self.limit;
        let provider = ProviderKind::Rerank;
        let late = |_| ProviderError::Timeout { provider, url: self.url.clone(), phase: Phase::Read };
        let attempt =
            |call| async move { timeout_at(end, self.inner.rerank(question, texts, &call)).await.map_err(late)? };
        let (scores, open) = self.policy.call(&call.until(end + MARGIN), attempt).await?;
        open.settle(CallOutcome::Success);
        Ok(scores)
    }
}
