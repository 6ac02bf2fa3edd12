//! From passages to an answer: ask the LLM, and extract from the passages when it cannot be asked.

use std::sync::Arc;

use async_stream::try_stream;
use futures::{Stream, StreamExt, future::BoxFuture, stream};
use tokio::time::Instant;

use super::question::Question;
use crate::{
    domain::SearchMode,
    providers::{Ending, GenerationEvent, GenerationRequest, GenerationStream, Generator, ProviderError, ProviderKind},
    rag::{AnswerEvent, AnswerStream, Cached, DegradedReason, Models, Outcome, RagError, Retrieval, Timings},
    telemetry::{Generation, Metrics},
};

/// An answer that has begun.
pub(in crate::rag) struct GeneratedAnswer {
    provider: ProviderKind,
    model: String,
    events: GenerationStream,
    /// Set when another answerer took over.
    pub(in crate::rag) fell_back: Option<DegradedReason>,
}

impl GeneratedAnswer {
    /// Waits for the first event, because only before it another answerer may take over.
    pub(in crate::rag) async fn start(
        models: &Models,
        generator: &Arc<dyn Generator>,
        request: GenerationRequest,
    ) -> Result<Self, RagError> {
        let error = match first_event(generator, request.clone()).await {
            Ok(events) => return Ok(Self::of(generator.as_ref(), events, None)),
            Err(error) => error,
        };
        let Some(stand_in) = models.stand_in_for(generator.as_ref()).filter(|_| error.is_unavailable()) else {
            return Err(error.into());
        };
        // An open breaker has said so once, and a full pool is no news; hundreds of questions a second need not repeat it.
        match &error {
            ProviderError::CircuitOpen { .. } | ProviderError::Busy { .. } => {
                tracing::debug!(%error, "answering by extraction");
            }
            _ => {
                tracing::warn!(provider = %generator.provider(), %error, "the LLM is unavailable: answering by extraction");
            }
        }
        let events = first_event(stand_in, request).await?;
        Ok(Self::of(stand_in.as_ref(), events, Some(DegradedReason::LlmUnavailable)))
    }

    fn of(generator: &dyn Generator, events: GenerationStream, fell_back: Option<DegradedReason>) -> Self {
        Self { provider: generator.provider(), model: generator.model().to_owned(), events, fell_back }
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
pub(in crate::rag) struct AnswerClock {
    started: Instant,
    generating: Instant,
    timings: Timings,
}

impl AnswerClock {
    /// The generation starts now; `started` is when the question came, `timings` what it has taken since.
    pub(in crate::rag) fn start(started: Instant, timings: Timings) -> Self {
        Self { started, generating: Instant::now(), timings }
    }
}

/// Takes a whole answer: who wrote it, and its text.
pub(in crate::rag) type WhenWhole = Box<dyn FnOnce(ProviderKind, String) -> BoxFuture<'static, ()> + Send>;

/// What happens while an answer is written, and when it is done: clocks and counters.
pub(in crate::rag) struct AnswerWriter {
    pub(in crate::rag) mode: SearchMode,
    /// Whether the reasoning is passed on.
    pub(in crate::rag) reasoning: bool,
    /// Passages that the model is not shown.
    pub(in crate::rag) left_out: usize,
    /// What the cache had to do with it, as a metric label.
    pub(in crate::rag) cache_label: &'static str,
    pub(in crate::rag) degraded: Option<DegradedReason>,
    pub(in crate::rag) clock: AnswerClock,
    /// What is done with an answer that is whole, before its end is told.
    pub(in crate::rag) when_whole: Option<WhenWhole>,
    pub(in crate::rag) metrics: Arc<Metrics>,
}

impl AnswerWriter {
    /// The answer as it is written.
    pub(in crate::rag) fn events(
        self,
        answer: GeneratedAnswer,
    ) -> impl Stream<Item = Result<AnswerEvent, RagError>> + Send + 'static {
        try_stream! {
            let Self { mode, reasoning, left_out, cache_label, mut degraded, mut clock, when_whole, metrics } = self;
            let GeneratedAnswer { provider, model, mut events, .. } = answer;
            let mut text = String::new();
            let mut complete = None;
            while let Some(event) = events.next().await {
                let event = event.inspect_err(|error| {
                    metrics.query_failed(mode, provider.as_str(), error.kind());
                })?;
                match event {
                    GenerationEvent::Text(piece) => {
                        clock.timings.first_token.get_or_insert_with(|| clock.generating.elapsed());
                        if when_whole.is_some() {
                            text.push_str(&piece);
                        }
                        yield AnswerEvent::Text(piece);
                    }
                    GenerationEvent::Reasoning(piece) if reasoning => yield AnswerEvent::Reasoning(piece),
                    GenerationEvent::Reasoning(_) => {}
                    GenerationEvent::Restart => {
                        text.clear();
                        yield AnswerEvent::Restart;
                    }
                    GenerationEvent::Done(stats) => complete = Some(stats),
                }
            }
            let Some(stats) = complete else {
                metrics.query_failed(mode, provider.as_str(), "truncated_stream");
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
            metrics.query_done(mode, cache_label, clock.timings.total);
            if stats.ending == Ending::RanAway {
                tracing::warn!(%provider, %model, "the model repeated itself or left its part, and was stopped");
                let reason = *degraded.get_or_insert(DegradedReason::ModelRanAway);
                metrics.degraded(reason.as_str());
            }
            // Before the last event: who has seen the end can ask again, and finds it.
            if let Some(when_whole) = when_whole.filter(|_| stats.ending == Ending::Complete) {
                when_whole(provider, text).await;
            }
            yield AnswerEvent::Done(Outcome { provider, degraded, left_out, timings: clock.timings });
        }
    }
}

/// The honest answer when the search came back empty: no LLM is asked to make something up.
pub(in crate::rag) fn nothing_found(
    question: &Question,
    retrieval: Retrieval,
    provider: ProviderKind,
    started: Instant,
) -> AnswerStream {
    let text = format!("No document in the DB \"{}\" matches the question.", question.db);
    let timings = Timings { total: started.elapsed(), ..retrieval.timings };
    let outcome = Outcome { provider, degraded: retrieval.degraded, left_out: 0, timings };
    let events = stream::iter([Ok(AnswerEvent::Text(text)), Ok(AnswerEvent::Done(outcome))]).boxed();
    AnswerStream::underway(retrieval, events, Cached::Bypass)
}
