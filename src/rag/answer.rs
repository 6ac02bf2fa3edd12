//! From contexts to an answer: ask the LLM, and extract from the contexts when it cannot be asked.

use std::sync::Arc;

use async_stream::try_stream;
use futures::{StreamExt, stream};
use tokio::time::Instant;

use super::{
    Engine, RagError,
    cached::{CacheMiss, CacheOutcome, CacheSlot},
    prompt,
    question::{AnswerEvent, AnswerStream, Cached, DegradedReason, Outcome, Question, Retrieval, Timings},
};
use crate::{
    domain::SearchMode,
    providers::{GenerationEvent, GenerationRequest, GenerationStream, Generator, ProviderError, ProviderKind},
    resilience::CallContext,
    telemetry::{Generation, Metrics},
};

impl Engine {
    /// Finds contexts and starts an answer.
    ///
    /// An LLM that is unavailable before its first token is replaced by extraction from the contexts, and the answer
    /// marked; after the first token its failure ends the answer with an error.
    ///
    /// # Errors
    /// Unknown DB or provider, vectors of another embedder, a broken store; a misconfigured LLM (wrong key, unknown model).
    ///
    /// The call's deadline holds for everything up to the last token. An answer that another answerer gives when the LLM or
    /// the embedder takes too long comes before it.
    pub async fn ask(&self, question: &Question, call: &CallContext) -> Result<AnswerStream, RagError> {
        let generator = Arc::clone(self.models.generator(question.provider)?);
        let asked_of = generator.provider();
        let asked = self.start(generator, question, call).await;
        let method = question.method;
        match &asked {
            Ok(_) => self.metrics.query_started(method, asked_of.as_str(), &question.db),
            Err(error) => self.metrics.query_failed(method, asked_of.as_str(), error.kind()),
        }
        asked
    }

    async fn start(
        &self,
        generator: Arc<dyn Generator>,
        question: &Question,
        call: &CallContext,
    ) -> Result<AnswerStream, RagError> {
        let started = call.started();
        let CacheMiss { retrieval, place, cached } = match self.recall(&generator, question, call).await? {
            CacheOutcome::Hit(asked) => return Ok(asked),
            CacheOutcome::CacheMiss(missed) => missed,
        };
        if retrieval.contexts.is_empty() {
            return Ok(nothing_found(question, retrieval, generator.provider(), started));
        }
        let contexts: Vec<String> = retrieval.contexts.iter().map(|context| context.text.clone()).collect();
        let request = GenerationRequest {
            question: question.text.clone(),
            messages: prompt::messages(&question.text, &contexts, &question.history),
            contexts,
            call: call.clone(),
            stand_in: self.stand_in_for(generator.as_ref()).is_some(),
        };
        let generating = Instant::now();
        let (provider, model, answer, fell_back) = self.generate_or_extract(&generator, request).await?;
        let degraded = fell_back.or(retrieval.degraded);
        if let Some(reason) = degraded {
            self.metrics.degraded(reason.as_str());
        }
        let clock = Clock { started, generating, timings: retrieval.timings };
        let metrics = Arc::clone(&self.metrics);
        let kept = place.filter(|_| degraded.is_none()).map(|place| PendingAdmission {
            place,
            text: String::new(),
            retrieval: retrieval.clone(),
        });
        let (method, label) = (question.method, cached.as_str());
        let written = AnswerWriter { provider, model, degraded, clock, method, label, kept, metrics };
        Ok(AnswerStream { retrieval, events: written.events(answer).boxed(), cached })
    }

    /// Waits for the first event, because only before it another answerer may take over.
    async fn generate_or_extract(
        &self,
        generator: &Arc<dyn Generator>,
        request: GenerationRequest,
    ) -> Result<(ProviderKind, String, GenerationStream, Option<DegradedReason>), RagError> {
        let error = match first_event(generator, request.clone()).await {
            Ok(stream) => return Ok((generator.provider(), generator.model().to_owned(), stream, None)),
            Err(error) => error,
        };
        match self.stand_in_for(generator.as_ref()) {
            Some(fallback) if error.is_unavailable() => {
                // An open breaker has said so once, and a full pool is no news; hundreds of questions a second need not repeat it.
                match &error {
                    ProviderError::CircuitOpen { .. } | ProviderError::Busy { .. } => {
                        tracing::debug!(%error, "answering by extraction");
                    }
                    _ => {
                        tracing::warn!(provider = %generator.provider(), %error, "the LLM is unavailable: answering by extraction")
                    }
                }
                let stream = first_event(fallback, request).await?;
                Ok((fallback.provider(), fallback.model().to_owned(), stream, Some(DegradedReason::LlmUnavailable)))
            }
            _ => Err(error.into()),
        }
    }
}

impl Engine {
    /// Who answers when this generator is unavailable.
    fn stand_in_for(&self, generator: &dyn Generator) -> Option<&Arc<dyn Generator>> {
        self.models.fallback_generator().filter(|fallback| fallback.provider() != generator.provider())
    }
}

/// Starts a generation and waits until it has said something, or failed.
async fn first_event(
    generator: &Arc<dyn Generator>,
    request: GenerationRequest,
) -> Result<GenerationStream, ProviderError> {
    let mut events = generator.generate(request).await?;
    match events.next().await {
        Some(Ok(first)) => Ok(stream::iter([Ok(first)]).chain(events).boxed()),
        Some(Err(error)) => Err(error),
        None => Err(ProviderError::Truncated { provider: generator.provider() }),
    }
}

/// When things happened.
struct Clock {
    started: Instant,
    generating: Instant,
    timings: Timings,
}

/// An answer that the cache is to keep when it is whole.
struct PendingAdmission {
    place: CacheSlot,
    text: String,
    retrieval: Retrieval,
}

/// An answer that is being written, and what to say and count when it is done.
struct AnswerWriter {
    provider: ProviderKind,
    model: String,
    degraded: Option<DegradedReason>,
    clock: Clock,
    method: SearchMode,
    /// What the cache had to do with it.
    label: &'static str,
    kept: Option<PendingAdmission>,
    metrics: Arc<Metrics>,
}

impl AnswerWriter {
    fn events(
        self,
        mut answer: GenerationStream,
    ) -> impl futures::Stream<Item = Result<AnswerEvent, RagError>> + Send + 'static {
        try_stream! {
            let Self { provider, model, degraded, mut clock, method, label, mut kept, metrics } = self;
            let mut complete = None;
            while let Some(event) = answer.next().await {
                let event = event.inspect_err(|error| {
                    metrics.query_failed(method, provider.as_str(), error.kind());
                })?;
                match event {
                    GenerationEvent::Text(text) => {
                        clock.timings.first_token.get_or_insert_with(|| clock.generating.elapsed());
                        if let Some(kept) = &mut kept {
                            kept.text.push_str(&text);
                        }
                        yield AnswerEvent::Text(text);
                    }
                    GenerationEvent::Done(stats) => complete = Some(stats),
                }
            }
            let Some(stats) = complete else {
                metrics.query_failed(method, provider.as_str(), "truncated_stream");
                Err(ProviderError::Truncated { provider })?;
                return;
            };
            clock.timings.generate = clock.generating.elapsed();
            clock.timings.total = clock.started.elapsed();
            metrics.generated(&Generation {
                provider: provider.as_str(),
                model: &model,
                total: clock.timings.generate,
                first_token: clock.timings.first_token,
                tokens: stats.completion_tokens,
            });
            metrics.query_done(method, label, clock.timings.total);
            // Before the last event: who has seen the end can ask again, and finds it.
            if let Some(PendingAdmission { place, text, retrieval }) = kept.filter(|_| !stats.cut_short) {
                place.keep(provider, text, &retrieval);
            }
            yield AnswerEvent::Done(Outcome { provider, degraded, timings: clock.timings });
        }
    }
}

/// The honest answer when the search came back empty: no LLM is asked to make something up.
fn nothing_found(question: &Question, retrieval: Retrieval, provider: ProviderKind, started: Instant) -> AnswerStream {
    let text = format!("No document in the DB \"{}\" matches the question.", question.db);
    let timings = Timings { total: started.elapsed(), ..retrieval.timings };
    let outcome = Outcome { provider, degraded: retrieval.degraded, timings };
    let events = stream::iter([Ok(AnswerEvent::Text(text)), Ok(AnswerEvent::Done(outcome))]).boxed();
    AnswerStream { retrieval, events, cached: Cached::Bypass }
}
