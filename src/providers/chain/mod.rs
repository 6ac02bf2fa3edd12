//! Several LLM servers that answer as one.
//!
//! They are asked one after another until one begins to answer; each has what is left of the time in equal parts with those
//! after it. An answer that breaks off is continued by the next one from the same passages: it is shown what is there, and
//! every change of the writer is told ([`GenerationEvent::Author`]). When nobody is left, the stream ends with the error of
//! the one that broke off.

mod joint;
mod order;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_stream::try_stream;
use async_trait::async_trait;
use futures::{StreamExt, future::join_all};
use tokio::time::Instant;

use super::{
    Author, GenerationEvent, GenerationRequest, GenerationStream, Generator, Message, ProviderError, ProviderKind, Role,
};
use crate::{resilience::CallContext, telemetry::FailoverMetrics};
use joint::Joint;
pub use order::UpstreamOrder;

/// What a model is told that goes on with another's answer.
const GO_ON: &str = "Your answer broke off there. Go on exactly where it ends, in the same language and form, with the same \
                     numbering of the contexts. Repeat nothing of it and do not comment on the interruption.";

/// One upstream of a chain.
pub struct Link {
    /// Its name, dialect and model.
    pub author: Arc<Author>,
    /// Its share of first places where the order goes by weight.
    pub weight: u32,
    /// Asks it.
    pub generator: Arc<dyn Generator>,
}

/// Answers with the first of several generators that can.
pub struct ChainGenerator {
    name: String,
    model: String,
    links: Arc<[Link]>,
    order: UpstreamOrder,
    chance: fn() -> f64,
    metrics: FailoverMetrics,
}

impl ChainGenerator {
    /// `name` is what questions ask for it by; `chance` gives numbers uniform in 0..1. Without links every question fails.
    pub fn new(
        name: impl Into<String>,
        links: impl Into<Arc<[Link]>>,
        order: UpstreamOrder,
        chance: fn() -> f64,
        metrics: FailoverMetrics,
    ) -> Self {
        let links = links.into();
        let mut models: Vec<&str> = Vec::new();
        for link in links.iter() {
            if !models.contains(&link.author.model.as_str()) {
                models.push(&link.author.model);
            }
        }
        Self { name: name.into(), model: models.join(","), links, order, chance, metrics }
    }
}

#[async_trait]
impl Generator for ChainGenerator {
    fn name(&self) -> &str {
        &self.name
    }

    /// That of the first link.
    fn provider(&self) -> ProviderKind {
        self.links.first().map_or(ProviderKind::Embedded, |link| link.author.provider)
    }

    /// The models of all links.
    fn model(&self) -> &str {
        &self.model
    }

    async fn generate(&self, request: GenerationRequest) -> Result<GenerationStream, ProviderError> {
        let weights: Vec<u32> = self.links.iter().map(|link| link.weight).collect();
        let mut waiting = self.order.places(&weights, self.chance);
        waiting.reverse();
        let mut relay = Relay {
            links: Arc::clone(&self.links),
            waiting,
            request,
            finished: Vec::new(),
            current: String::new(),
            metrics: self.metrics.clone(),
        };
        let (mut author, mut events) = relay.next(None).await?;
        let events = try_stream! {
            yield GenerationEvent::Author(Arc::clone(&author));
            let mut joint = Joint::new("");
            loop {
                let error = match events.next().await {
                    Some(Ok(GenerationEvent::Text(text))) => {
                        if let Some(text) = joint.push(&text) {
                            relay.wrote(&text);
                            yield GenerationEvent::Text(text);
                        }
                        continue;
                    }
                    Some(Ok(GenerationEvent::Restart)) => {
                        // What others wrote before is no reasoning of this one.
                        yield GenerationEvent::Restart;
                        relay.current.clear();
                        for (author, text) in relay.finished.clone() {
                            yield GenerationEvent::Author(author);
                            yield GenerationEvent::Text(text);
                        }
                        yield GenerationEvent::Author(Arc::clone(&author));
                        joint = Joint::new(&relay.written());
                        continue;
                    }
                    Some(Ok(GenerationEvent::Done(stats))) => {
                        if let Some(text) = joint.end() {
                            yield GenerationEvent::Text(text);
                        }
                        yield GenerationEvent::Done(stats);
                        return;
                    }
                    Some(Ok(event)) => {
                        yield event;
                        continue;
                    }
                    Some(Err(error)) => error,
                    None => ProviderError::Truncated { provider: author.provider },
                };
                (author, events) = relay.next(Some((&author, error))).await?;
                joint = Joint::new(&relay.written());
                yield GenerationEvent::Author(Arc::clone(&author));
            }
        };
        Ok(events.boxed())
    }

    /// The least that any of them may have: who will answer is not known yet.
    async fn prompt_tokens(&self, messages: &[Message], call: &CallContext) -> Option<usize> {
        let asked = self.links.iter().map(|link| link.generator.prompt_tokens(messages, call));
        join_all(asked).await.into_iter().flatten().min()
    }

    async fn is_loading(&self) -> bool {
        join_all(self.links.iter().map(|link| link.generator.is_loading())).await.into_iter().any(|loading| loading)
    }
}

/// One answer on its way through the links.
struct Relay {
    links: Arc<[Link]>,
    /// Places of the links that were not asked yet; the next one is the last.
    waiting: Vec<usize>,
    request: GenerationRequest,
    /// What those wrote that broke off.
    finished: Vec<(Arc<Author>, String)>,
    /// What the current one has written, as long as another may have to go on with it.
    current: String,
    metrics: FailoverMetrics,
}

impl Relay {
    fn wrote(&mut self, text: &str) {
        if !self.waiting.is_empty() {
            self.current.push_str(text);
        }
    }

    /// The answer so far.
    fn written(&self) -> String {
        self.finished.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// The next link that begins to write; `broke_off`: who was writing, and why it did not end.
    ///
    /// # Errors
    /// When nobody is left, or nobody waits any longer: why the answer broke off; before its first word, the error that says
    /// most.
    async fn next(
        &mut self,
        broke_off: Option<(&Arc<Author>, ProviderError)>,
    ) -> Result<(Arc<Author>, GenerationStream), ProviderError> {
        let mut errors = Vec::new();
        let cut = broke_off.map(|(author, error)| {
            if !self.current.is_empty() {
                self.finished.push((Arc::clone(author), std::mem::take(&mut self.current)));
            }
            self.tell(author, &error, "middle");
            error
        });
        while let Some(place) = self.waiting.pop() {
            if self.request.call.is_expired() {
                break;
            }
            let (links, request) = (Arc::clone(&self.links), self.request_for_next());
            let Link { author, generator, .. } = &links[place];
            match generator.generate(request).await {
                Ok(events) => return Ok((Arc::clone(author), events)),
                Err(error) => {
                    self.tell(author, &error, "start");
                    errors.push(error);
                }
            }
        }
        Err(cut.or_else(|| most_telling(errors)).unwrap_or(ProviderError::Deadline))
    }

    /// Counts that another link takes over, and says so once.
    fn tell(&self, author: &Author, error: &ProviderError, at: &'static str) {
        let Some(next) = self.waiting.last().map(|place| &self.links[*place].author) else { return };
        self.metrics.failed_over(&author.name, at);
        match error {
            // A breaker has said so when it opened, and a full pool is no news.
            ProviderError::CircuitOpen { .. } | ProviderError::Busy { .. } => {
                tracing::debug!(upstream = author.name, next = next.name, %error, "another upstream is asked");
            }
            _ => tracing::warn!(upstream = author.name, next = next.name, at, %error, "another upstream is asked"),
        }
    }

    /// What the next link is asked, while others still wait behind it.
    fn request_for_next(&self) -> GenerationRequest {
        let mut request = self.request.clone();
        let behind = u32::try_from(self.waiting.len()).unwrap_or(u32::MAX);
        if behind > 0 {
            let now = Instant::now();
            let end = request.first_token_call().deadline();
            request.first_token_by = end.map(|end| now + end.saturating_duration_since(now) / (behind + 1));
        }
        let written = self.written();
        if !written.is_empty() {
            let more = [(Role::Assistant, written), (Role::User, GO_ON.to_owned())];
            let more = more.map(|(role, content)| Message { role, content });
            request.messages = request.messages.iter().cloned().chain(more).collect();
        }
        request
    }
}

/// Of the errors of all that were asked, the one to pass on: what is wrong with a server before that it was not asked, and
/// that one is away before that one is misconfigured, because something may stand in for it.
fn most_telling(errors: Vec<ProviderError>) -> Option<ProviderError> {
    let rank = |error: &ProviderError| match error {
        ProviderError::CircuitOpen { .. } | ProviderError::Busy { .. } => 1,
        error if error.is_unavailable() => 2,
        _ => 0,
    };
    // The last one of equals has had the last word.
    errors.into_iter().max_by_key(rank)
}
