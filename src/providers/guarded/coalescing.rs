//! Identical questions in flight share one generation.
//!
//! "Identical" means the same spec and the same prompt, so that the same passages were found, too. A task of its own reads
//! the upstream and writes down what comes; everybody who asked reads along from the beginning. When the last of them
//! leaves, the task ends, and with it the call upstream. The task has time until the last reader's deadline; each reader
//! stops at its own.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use async_stream::try_stream;
use async_trait::async_trait;
use futures::StreamExt;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    providers::{
        GenerationEvent, GenerationRequest, GenerationStream, Generator, Message, ProviderError, ProviderKind,
    },
    resilience::{CallContext, SharedDeadline},
};

/// How long a reader whose time is over waits for the writer, whose time is over as well, to say why it has nothing.
const LAST_WORD: Duration = Duration::from_millis(100);

/// What shapes an answer, and the prompt, hashed.
type Key = [u8; 32];

/// A generator whose equal calls become one.
pub struct CoalescingGenerator {
    inner: Arc<dyn Generator>,
    flights: Arc<Mutex<HashMap<Key, Weak<Flight>>>>,
}

/// What has come so far; `ended` once nothing more will.
#[derive(Default)]
struct Log {
    events: Vec<Result<GenerationEvent, ProviderError>>,
    ended: bool,
}

/// A generation that is under way.
struct Flight {
    log: Arc<Mutex<Log>>,
    /// Changes whenever the log does.
    grown: watch::Receiver<()>,
    /// The latest of the readers' deadlines.
    deadline: SharedDeadline,
    key: Key,
    flights: Arc<Mutex<HashMap<Key, Weak<Self>>>>,
    /// Dropped with the last reader.
    _task: AbortOnDropHandle<()>,
}

impl Flight {
    /// Waits until more has come, or the reader's time for it is over. A writer that does not work for another reader any
    /// longer ends now as well, and has the last word: it knows whether a model hung or a queue was too long, and tells
    /// the breaker.
    async fn grows(
        &self,
        grown: &mut watch::Receiver<()>,
        until: &CallContext,
        reader: &CallContext,
    ) -> Result<Result<(), watch::error::RecvError>, ProviderError> {
        if let Ok(grew) = until.wait(grown.changed()).await {
            return Ok(grew);
        }
        if self.deadline.outlasts(reader) {
            return Err(ProviderError::Deadline);
        }
        tokio::time::timeout(LAST_WORD, grown.changed()).await.map_err(|_| ProviderError::Deadline)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut flights = self.flights.lock();
        // A newer flight may have taken the place already.
        if flights.get(&self.key).is_some_and(|flight| flight.strong_count() == 0) {
            flights.remove(&self.key);
        }
    }
}

impl CoalescingGenerator {
    /// Shares the calls to this generator.
    pub fn new(inner: Arc<dyn Generator>) -> Self {
        Self { inner, flights: Arc::default() }
    }

    /// The flight of this request, started if there is none. One that has ended is not joined: what it left may be an
    /// error, and a new question deserves a new try.
    fn join(&self, request: GenerationRequest) -> Arc<Flight> {
        let key = self.key(&request);
        let mut flights = self.flights.lock();
        // Dropped after the lock is released: the last reader of a flight takes it out of the map.
        let stale = match flights.get(&key).and_then(Weak::upgrade) {
            Some(flight) if !flight.log.lock().ended => {
                flight.deadline.extend(&request.call);
                return flight;
            }
            stale => stale,
        };
        let log = Arc::new(Mutex::new(Log::default()));
        let (grow, grown) = watch::channel(());
        let (deadline, call) = SharedDeadline::new(&request.call);
        let request = GenerationRequest { call, ..request };
        let task = tokio::spawn(write_down(Arc::clone(&self.inner), request, Arc::clone(&log), grow));
        let flights_again = Arc::clone(&self.flights);
        let task = AbortOnDropHandle::new(task);
        let flight = Arc::new(Flight { log, grown, deadline, key, flights: flights_again, _task: task });
        flights.insert(key, Arc::downgrade(&flight));
        drop(flights);
        drop(stale);
        flight
    }

    fn key(&self, request: &GenerationRequest) -> Key {
        let mut hasher = blake3::Hasher::new();
        hasher.update(request.spec.as_bytes());
        let mut add = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        add(self.inner.name());
        add(self.inner.model());
        add(if request.reasoning { "reasoning" } else { "" });
        add(&request.most_tokens.map(|tokens| tokens.to_string()).unwrap_or_default());
        for message in request.messages.iter() {
            add(message.role.as_str());
            add(&message.content);
        }
        *hasher.finalize().as_bytes()
    }
}

/// Runs a generation to its end.
async fn write_down(
    generator: Arc<dyn Generator>,
    request: GenerationRequest,
    log: Arc<Mutex<Log>>,
    grow: watch::Sender<()>,
) {
    let add = |event, ended| {
        let mut log = log.lock();
        log.events.extend(event);
        log.ended |= ended;
        drop(log);
        // Without a reader the task is about to end, too.
        grow.send_replace(());
    };
    match generator.generate(request).await {
        Err(error) => add(Some(Err(error)), true),
        Ok(mut events) => {
            while let Some(event) = events.next().await {
                add(Some(event), false);
            }
            add(None, true);
        }
    }
}

#[async_trait]
impl Generator for CoalescingGenerator {
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
        let (first, whole) = (request.first_token_call(), request.call.clone());
        let flight = self.join(request);
        let provider = self.inner.provider();
        let events = try_stream! {
            let (mut grown, mut read) = (flight.grown.clone(), 0);
            loop {
                grown.borrow_and_update();
                let (fresh, ended) = {
                    let log = flight.log.lock();
                    (log.events[read..].to_vec(), log.ended)
                };
                read += fresh.len();
                for event in fresh {
                    yield event?;
                }
                if ended {
                    return;
                }
                let until = if read == 0 { &first } else { &whole };
                let grew = flight.grows(&mut grown, until, &whole).await?;
                // The writer is gone before the log ended: it panicked.
                grew.map_err(|_| ProviderError::Truncated { provider })?;
            }
        };
        Ok(events.boxed())
    }

    async fn prompt_tokens(&self, messages: &[Message], call: &CallContext) -> Option<usize> {
        self.inner.prompt_tokens(messages, call).await
    }

    async fn is_loading(&self) -> bool {
        self.inner.is_loading().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;
    use crate::domain::SpecKey;
    use crate::providers::{GenerationStats, Message, Role};

    /// Says one word for each permit that it gets, then ends.
    struct Scripted {
        calls: AtomicUsize,
        cancelled: Arc<AtomicUsize>,
        permits: Arc<Semaphore>,
    }

    struct OnDrop(Arc<AtomicUsize>);

    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[async_trait]
    impl Generator for Scripted {
        fn provider(&self) -> ProviderKind {
            ProviderKind::Ollama
        }

        fn model(&self) -> &str {
            "scripted"
        }

        async fn generate(&self, _: GenerationRequest) -> Result<GenerationStream, ProviderError> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            let (permits, cancelled) = (Arc::clone(&self.permits), OnDrop(Arc::clone(&self.cancelled)));
            let events = try_stream! {
                let _cancelled = cancelled;
                for word in ["one ", "two "] {
                    permits.acquire().await.unwrap().forget();
                    yield GenerationEvent::Text(word.into());
                }
                yield GenerationEvent::Done(GenerationStats::default());
            };
            Ok(events.boxed())
        }
    }

    fn request(question: &str) -> GenerationRequest {
        let messages = [Message { role: Role::User, content: question.into() }].into();
        GenerationRequest {
            question: question.into(),
            spec: SpecKey::new([]),
            passages: Arc::default(),
            messages,
            call: CallContext::without_deadline(),
            stand_in: false,
            first_token_by: None,
            reasoning: false,
            most_tokens: None,
        }
    }

    fn scripted() -> (Arc<Scripted>, CoalescingGenerator) {
        let permits = Arc::new(Semaphore::new(0));
        let inner = Arc::new(Scripted { calls: AtomicUsize::new(0), cancelled: Arc::default(), permits });
        (Arc::clone(&inner), CoalescingGenerator::new(inner))
    }

    async fn text(mut stream: GenerationStream) -> String {
        let mut text = String::new();
        while let Some(event) = stream.next().await {
            if let GenerationEvent::Text(more) = event.unwrap() {
                text += &more;
            }
        }
        text
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_joiner_gets_everything_and_no_second_call_is_made() {
        let (inner, generator) = scripted();
        let mut first = generator.generate(request("q")).await.unwrap();
        inner.permits.add_permits(1);
        assert!(matches!(first.next().await, Some(Ok(GenerationEvent::Text(word))) if word == "one "));
        let late = generator.generate(request("q")).await.unwrap();
        let other = generator.generate(request("another")).await.unwrap();
        inner.permits.add_permits(3);
        assert_eq!(text(late).await, "one two ");
        assert_eq!(text(first).await, "two ");
        assert_eq!(text(other).await, "one two ");
        assert_eq!(inner.calls.load(Ordering::SeqCst), 2);
        assert!(generator.flights.lock().is_empty());
    }

    fn within(call: CallContext) -> GenerationRequest {
        GenerationRequest { call, ..request("q") }
    }

    #[tokio::test(start_paused = true)]
    async fn each_reader_stops_at_its_own_deadline_and_the_work_goes_on_until_the_last() {
        let (inner, generator) = scripted();
        let mut first = generator.generate(within(CallContext::within(Duration::from_millis(20)))).await.unwrap();
        let late = generator.generate(within(CallContext::within(Duration::from_secs(600)))).await.unwrap();
        assert!(matches!(first.next().await, Some(Err(ProviderError::Deadline))));
        assert!(first.next().await.is_none());
        inner.permits.add_permits(2);
        assert_eq!(text(late).await, "one two ");
        assert_eq!(inner.calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_is_not_held_by_a_generator_that_knows_no_deadline() {
        let (_inner, generator) = scripted();
        let mut only = generator.generate(within(CallContext::within(Duration::from_millis(20)))).await.unwrap();
        assert!(matches!(only.next().await, Some(Err(ProviderError::Deadline))));
    }

    #[tokio::test(start_paused = true)]
    async fn the_call_ends_when_the_last_reader_leaves_and_not_before() {
        let (inner, generator) = scripted();
        let mut a = generator.generate(request("q")).await.unwrap();
        let b = generator.generate(request("q")).await.unwrap();
        inner.permits.add_permits(1);
        a.next().await.unwrap().unwrap();
        drop(b);
        tokio::task::yield_now().await;
        assert_eq!(inner.cancelled.load(Ordering::SeqCst), 0);
        drop(a);
        while inner.cancelled.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(inner.calls.load(Ordering::SeqCst), 1);
        assert!(generator.flights.lock().is_empty());
    }
}
