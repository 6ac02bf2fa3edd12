//! Reranking by a server.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{context_of, reorder};
use crate::{
    domain::{Passage, RerankMethod},
    providers::{ProviderError, Reranker},
    rag::{
        DegradedReason, RagError, context,
        pipeline::stage::{Findings, ModelStage, Query},
    },
    resilience::CallContext,
};

/// Asks a rerank server for the order of the best passages. When it is away, answers nonsense or is late, their order stays as
/// it was, and the findings are marked.
pub(in crate::rag::pipeline) struct AskReranker(pub(in crate::rag::pipeline) Arc<dyn Reranker>);

#[async_trait]
impl ModelStage for AskReranker {
    fn name(&self) -> &'static str {
        "rerank-http"
    }

    fn applies(&self, query: &Query) -> bool {
        query.options.reranking() == RerankMethod::Http
    }

    async fn run(&self, query: &Query, findings: &mut Findings, call: &CallContext) -> Result<(), RagError> {
        let begun = Instant::now();
        // One passage has one order.
        if findings.passages.len() > 1 {
            let in_context = |passage: &Passage| context::in_context(&context_of(passage), &passage.text);
            let texts: Vec<String> = findings.passages.iter().map(in_context).collect();
            match self.0.rerank(&query.text, &texts, &call.before_reserve()).await {
                Ok(scores) => reorder(query, findings, &scores),
                Err(error) => keep_order(query, findings, &error),
            }
        }
        findings.passages.truncate(query.options.k);
        findings.rerank_took = begun.elapsed();
        Ok(())
    }
}

fn keep_order(query: &Query, findings: &mut Findings, error: &ProviderError) {
    // An open breaker has said so once, and hundreds of questions a second need not repeat it.
    match error {
        ProviderError::CircuitOpen { .. } | ProviderError::Busy { .. } => {
            tracing::debug!(%error, "the order of the passages stays as it was");
        }
        _ => tracing::warn!(%error, "the reranker is unavailable: the order of the passages stays as it was"),
    }
    findings.degraded = Some(DegradedReason::RerankUnavailable);
    findings.tell(query, |_| format!("nothing: the order stays as it was, because {error}"));
}
