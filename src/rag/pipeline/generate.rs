//! From passages to an answer: ask the LLM, and extract from the passages when it cannot be asked.

use std::{mem, sync::Arc};

use async_stream::try_stream;
use futures::{Stream, StreamExt, future::BoxFuture, stream};
use tokio::time::Instant;

use super::{
    proof::{AnswerProof, ProofPiece},
    question::Question,
    segments::Segments,
};
use crate::{
    domain::SearchMode,
    providers::{Ending, GenerationEvent, GenerationRequest, GenerationStream, Generator, ProviderError, ProviderKind},
    rag::{
        AnswerEvent, AnswerStream, Cached, DegradedReason, Models, Outcome, RagError, Retrieval, Timings,
        UnsupportedPolicy,
    },
    telemetry::{Generation, Metrics},
};

/// An answer that has begun.
pub(in crate::rag) struct GeneratedAnswer {
    generator: Arc<dyn Generator>,
    events: GenerationStream,
    /// Set when another answerer took over.
    pub(in crate::rag) fell_back: Option<DegradedReason>,
}

impl GeneratedAnswer {
    /// Waits for the first event, because only before it another answerer may take over unseen.
    pub(in crate::rag) async fn start(
        models: &Models,
        generator: &Arc<dyn Generator>,
        request: GenerationRequest,
    ) -> Result<Self, RagError> {
        let error = match first_event(generator, request.clone()).await {
            Ok(events) => return Ok(Self { generator: Arc::clone(generator), events, fell_back: None }),
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
                tracing::warn!(provider = generator.name(), %error, "the LLM is unavailable: answering by extraction");
            }
        }
        let events = first_event(stand_in, request).await?;
        Ok(Self { generator: Arc::clone(stand_in), events, fell_back: Some(UNAVAILABLE) })
    }
}

const UNAVAILABLE: DegradedReason = DegradedReason::LlmUnavailable;

/// What answers when the LLM does not.
pub(in crate::rag) struct StandIn {
    pub(in crate::rag) generator: Arc<dyn Generator>,
    pub(in crate::rag) request: GenerationRequest,
}

/// Starts a generation and waits until it has said something, or failed.
pub(super) async fn first_event(
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
    /// What answers anew when the answer breaks off. Nobody reads along then: the text is passed on when it is whole.
    pub(in crate::rag) stand_in: Option<StandIn>,
    /// Whether nobody reads along.
    pub(in crate::rag) whole: bool,
    /// Holds each sentence against the passages.
    pub(in crate::rag) proof: AnswerProof,
    pub(in crate::rag) metrics: Arc<Metrics>,
}

impl AnswerWriter {
    /// The answer as it is written.
    pub(in crate::rag) fn events(
        self,
        answer: GeneratedAnswer,
    ) -> impl Stream<Item = Result<AnswerEvent, RagError>> + Send + 'static {
        try_stream! {
            let Self {
                mode, reasoning, left_out, cache_label, mut degraded, mut clock, mut when_whole, mut stand_in, whole, mut proof, metrics,
            } = self;
            let GeneratedAnswer { generator, mut events, .. } = answer;
            let reads_along = stand_in.is_none() && !whole;
            let mut segments = Segments::by(generator.as_ref());
            let mut text = String::new();
            let stats = loop {
                let event = events.next().await.unwrap_or_else(|| Err(segments.truncated()));
                match event {
                    Ok(GenerationEvent::Author(author)) => {
                        if let Some(seam) = segments.author(author) {
                            yield AnswerEvent::Segment(seam);
                        }
                    }
                    Ok(GenerationEvent::Text(piece)) => {
                        clock.timings.first_token.get_or_insert_with(|| clock.generating.elapsed());
                        segments.wrote(&piece);
                        if reads_along {
                            for event in told(proof.push(&piece).await?) {
                                yield event;
                            }
                        } else {
                            text.push_str(&piece);
                        }
                    }
                    Ok(GenerationEvent::Reasoning(piece)) if reasoning => yield AnswerEvent::Reasoning(piece),
                    Ok(GenerationEvent::Reasoning(_)) => {}
                    Ok(GenerationEvent::Restart) => {
                        segments.restart();
                        proof.restart();
                        let written = mem::take(&mut text);
                        if reads_along {
                            yield AnswerEvent::Restart;
                        } else if reasoning {
                            yield AnswerEvent::Reasoning(written);
                        }
                    }
                    Ok(GenerationEvent::Done(stats)) => break stats,
                    Err(error) => {
                        let other = stand_in.take_if(|_| error.is_unavailable());
                        let Some(other) = other else {
                            metrics.query_failed(mode, segments.name(), error.kind());
                            Err(if segments.is_empty() { RagError::from(error) } else { RagError::CutOff(error) })?;
                            return;
                        };
                        tracing::warn!(upstream = segments.name(), %error, "the answer broke off: answering by extraction");
                        metrics.degraded(UNAVAILABLE.as_str());
                        (degraded, when_whole) = (Some(UNAVAILABLE), None);
                        segments = Segments::by(other.generator.as_ref());
                        text.clear();
                        events = first_event(&other.generator, other.request).await?;
                    }
                }
            };
            clock.timings.generate = clock.generating.elapsed();
            clock.timings.total = clock.started.elapsed();
            let author = segments.last();
            metrics.generated(&Generation {
                provider: &author.name,
                model: &author.model,
                total: clock.timings.generate,
                first_token: clock.timings.first_token,
                tokens: stats.completion_tokens,
            });
            metrics.query_done(mode, cache_label, clock.timings.total);
            if stats.ending == Ending::RanAway {
                let (upstream, model) = (&author.name, &author.model);
                tracing::warn!(upstream, model, "the model repeated itself or left its part, and was stopped");
                let reason = *degraded.get_or_insert(DegradedReason::ModelRanAway);
                metrics.degraded(reason.as_str());
            }
            let mut segments = segments.parts();
            let rest = if reads_along { proof.end().await? } else { proof.whole(mem::take(&mut text)).await? };
            for event in told(rest) {
                yield event;
            }
            // What the embedded answerer quotes is never the model's failure.
            let failed = author.provider != ProviderKind::Embedded && proof.has_failed();
            let mut author = author;
            let summary = proof.summary();
            metrics.proven(summary.sentences, summary.supported);
            if failed {
                let held = proof.is_held();
                tracing::warn!(upstream = author.name, model = author.model, "the passages support nothing of the answer");
                metrics.unsupported(if held { proof.unsupported.policy() } else { UnsupportedPolicy::Mark }.as_str());
                if degraded.is_none() {
                    metrics.degraded(DegradedReason::Unsupported.as_str());
                }
                degraded = degraded.or(Some(DegradedReason::Unsupported));
                if held {
                    segments = Vec::new();
                    author = proof.replace(author).await?;
                }
            }
            for event in told(proof.release()) {
                yield event;
            }
            // Before the last event: who has seen the end can ask again, and finds it. An answer with a seam is not kept.
            let is_whole = matches!(stats.ending, Ending::Complete | Ending::Unanswered);
            let is_good = is_whole && segments.is_empty() && !failed;
            if let Some(when_whole) = when_whole.filter(|_| is_good) {
                when_whole(author.provider, proof.text().to_owned()).await;
            }
            let proofs = Some(proof.proofs());
            let upstream = (author.provider != ProviderKind::Embedded).then_some(author.clone());
            let provider = author.provider;
            yield AnswerEvent::Done(Outcome { provider, upstream, segments, degraded, left_out, timings: clock.timings, proofs });
        }
    }
}

/// What is told of an answer, as events.
fn told(pieces: Vec<ProofPiece>) -> impl Iterator<Item = AnswerEvent> {
    pieces.into_iter().map(|piece| match piece {
        ProofPiece::Text(text) => AnswerEvent::Text(text),
        ProofPiece::Proof(sentence) => AnswerEvent::Proof(sentence),
    })
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
    let (degraded, segments) = (retrieval.degraded, Vec::new());
    let outcome =
        Outcome { provider, upstream: None, segments, degraded, left_out: 0, timings, proofs: Some(Arc::default()) };
    let events = stream::iter([Ok(AnswerEvent::Text(text)), Ok(AnswerEvent::Done(outcome))]).boxed();
    AnswerStream::underway(retrieval, events, Cached::Bypass)
}
