//! Embedding a question.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::plan::Plan;
use crate::{
    providers::{ProviderError, Purpose},
    rag::{Models, RagError},
    resilience::CallContext,
};

/// A question's vector, or why there is none.
#[derive(Debug)]
pub struct QueryVector {
    /// Unit length; `None` when nobody asked for one.
    pub vector: Result<Option<Arc<[f32]>>, RagError>,
    /// How long it took.
    pub took: Duration,
}

impl QueryVector {
    /// A vector that was not asked for.
    pub const fn unwanted() -> Self {
        Self { vector: Ok(None), took: Duration::ZERO }
    }

    /// A vector that was known before.
    pub fn known(vector: Arc<[f32]>) -> Self {
        Self { vector: Ok(Some(vector)), took: Duration::ZERO }
    }

    /// Embeds a plan's question with the embedder of the DB's vectors. Where words alone can do without, the embedder is
    /// waited for only as long as there is time left for that.
    pub async fn embed(plan: &Plan, models: &Models, call: &CallContext) -> Self {
        let started = Instant::now();
        let call = if models.falls_back() { call.before_reserve() } else { call.clone() };
        let vector = async {
            let embedder = models.embedder_for(plan.db.name(), plan.db.embedder().as_ref())?;
            let mut vectors = embedder.embed(&[plan.text.to_string()], Purpose::Query, &call).await?;
            match vectors.pop().transpose() {
                Ok(vector) => Ok::<_, RagError>(vector.map(Arc::from)),
                // Its words can still be searched for.
                Err(error) => Err(ProviderError::Unembeddable { embedder: embedder.id().to_string(), error }.into()),
            }
        };
        Self { vector: vector.await, took: started.elapsed() }
    }

    /// The vector, if there is one.
    pub fn get(&self) -> Option<&Arc<[f32]>> {
        self.vector.as_ref().ok().and_then(Option::as_ref)
    }

    /// Whether there is none because the embedder is unavailable.
    pub fn is_unavailable(&self) -> bool {
        matches!(&self.vector, Err(RagError::Provider(error)) if error.is_unavailable())
    }
}
