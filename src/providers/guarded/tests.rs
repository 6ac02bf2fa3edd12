//! Clocks, retries and breakers around a scripted provider, under paused time: every wait is exact, and none is real.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::StreamExt;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use super::*;
use crate::{
    domain::SpecKey,
    providers::{
        Embedder, EmbedderId, GenerationEvent, GenerationRequest, GenerationStats, GenerationStream, Generator, Phase,
        ProviderError, ProviderKind, Purpose, TextVector,
    },
    resilience::{
        Backoff, BreakerSettings, CallContext, CallPolicy, CircuitBreaker, ClientStats, PoolSettings, RetryBudget,
        RetrySettings, State,
    },
    telemetry::Metrics,
};

const SECOND: Duration = Duration::from_secs(1);
const TIMEOUTS: AttemptTimeouts = AttemptTimeouts {
    first_token: Duration::from_secs(30),
    loading: Duration::from_secs(300),
    idle: Duration::from_secs(20),
    stream: Duration::from_secs(600),
};

/// What one attempt does.
#[derive(Clone)]
enum Attempt {
    /// Fails after this time.
    Fail(Duration),
    /// Says a word after each of these times, then ends.
    Say(Vec<Duration>),
    /// Says a word after each such time, for ever.
    Forever(Duration),
}

/// A generator that does what it is told, attempt by attempt; the last one is repeated.
struct Scripted {
    attempts: Mutex<VecDeque<Attempt>>,
    calls: AtomicUsize,
    loading: bool,
}

impl Scripted {
    fn new(attempts: impl IntoIterator<Item = Attempt>) -> Self {
        Self { attempts: Mutex::new(attempts.into_iter().collect()), calls: AtomicUsize::new(0), loading: false }
    }
}

fn refused() -> ProviderError {
    ProviderError::Connect { provider: ProviderKind::Ollama, url: "http://x".into(), reason: "refused".into() }
}

#[async_trait::async_trait]
impl Generator for Scripted {
    fn provider(&self) -> ProviderKind {
        ProviderKind::Ollama
    }

    fn model(&self) -> &str {
        "scripted"
    }

    async fn generate(&self, _: GenerationRequest) -> Result<GenerationStream, ProviderError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let attempt = {
            let mut attempts = self.attempts.lock();
            let next = attempts.pop_front().unwrap();
            if attempts.is_empty() {
                attempts.push_back(next.clone());
            }
            next
        };
        let word = || Ok(GenerationEvent::Text("word ".into()));
        Ok(match attempt {
            Attempt::Fail(after) => {
                sleep(after).await;
                return Err(refused());
            }
            Attempt::Say(pauses) => {
                let done = Ok(GenerationEvent::Done(GenerationStats::default()));
                let words = futures::stream::iter(pauses).then(move |pause| async move {
                    sleep(pause).await;
                    word()
                });
                words.chain(futures::stream::iter([done])).boxed()
            }
            Attempt::Forever(pause) => futures::stream::repeat(())
                .then(move |()| async move {
                    sleep(pause).await;
                    word()
                })
                .boxed(),
        })
    }

    async fn is_loading(&self) -> bool {
        self.loading
    }
}

fn policy(retries: u32) -> (CallPolicy, Arc<CircuitBreaker>) {
    let metrics = Metrics::new();
    let settings = BreakerSettings { failure_threshold: 1, ..BreakerSettings::default() };
    let breaker = Arc::new(CircuitBreaker::new("test", settings, metrics.breaker("test"), || 0.0));
    let stats = Arc::new(ClientStats::new("test_client", PoolSettings::DEFAULT, metrics.client("test"), &["/chat"]));
    let budget = Arc::new(Mutex::new(RetryBudget::new(Instant::now())));
    let retry = RetrySettings { most: retries, backoff: Backoff { base: SECOND, cap: 10 * SECOND } };
    // Chance 1: each wait is as long as it can be.
    let breakers = (retries == 0).then(|| Arc::clone(&breaker));
    (CallPolicy::new(breakers, retry, budget, stats, "/chat", || 1.0), breaker)
}

fn request(call: CallContext) -> GenerationRequest {
    GenerationRequest {
        spec: SpecKey::new([]),
        question: "q".into(),
        passages: Arc::default(),
        messages: Arc::default(),
        call,
        stand_in: false,
        first_token_by: None,
        reasoning: false,
        most_tokens: None,
    }
}

/// How many words came, how it ended, when, and the breaker's state then.
async fn run(inner: Scripted, call: CallContext) -> (usize, Result<(), ProviderError>, Duration, State) {
    let (policy, breaker) = policy(0);
    let guarded = GuardedGenerator::new(Arc::new(inner), policy, TIMEOUTS, "http://x");
    let (started, mut words) = (Instant::now(), 0);
    let end = async {
        let mut events = guarded.generate(request(call)).await?;
        while let Some(event) = events.next().await {
            match event? {
                GenerationEvent::Done(_) => return Ok(()),
                _ => words += 1,
            }
        }
        panic!("a stream ended without a word about it")
    };
    let end = end.await;
    (words, end, started.elapsed(), breaker.state())
}

fn phase(end: &Result<(), ProviderError>) -> Option<Phase> {
    match end {
        Err(ProviderError::Timeout { phase, .. }) => Some(*phase),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_says_nothing_is_given_up_at_the_first_token_clock() {
    let hung = Scripted::new([Attempt::Say(vec![1_000 * SECOND])]);
    let (words, end, took, state) = run(hung, CallContext::without_deadline()).await;
    assert_eq!((words, phase(&end), took, state), (0, Some(Phase::FirstToken), TIMEOUTS.first_token, State::Open));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_being_loaded_has_longer() {
    let slow = Scripted { loading: true, ..Scripted::new([Attempt::Say(vec![299 * SECOND])]) };
    let (words, end, took, state) = run(slow, CallContext::without_deadline()).await;
    assert_eq!((words, end.is_ok(), took, state), (1, true, 299 * SECOND, State::Closed));
    let never = Scripted { loading: true, ..Scripted::new([Attempt::Say(vec![1_000 * SECOND])]) };
    let (_, end, took, state) = run(never, CallContext::without_deadline()).await;
    assert_eq!((phase(&end), took, state), (Some(Phase::FirstToken), TIMEOUTS.loading, State::Open));
}

#[tokio::test(start_paused = true)]
async fn a_pause_between_tokens_has_a_limit() {
    let stalled = Scripted::new([Attempt::Say(vec![SECOND, 19 * SECOND, 21 * SECOND])]);
    let (words, end, took, state) = run(stalled, CallContext::without_deadline()).await;
    assert_eq!((words, phase(&end), took, state), (2, Some(Phase::Idle), 40 * SECOND, State::Open));
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_an_end_is_ended() {
    let endless = Scripted::new([Attempt::Forever(10 * SECOND)]);
    let (words, end, took, state) = run(endless, CallContext::without_deadline()).await;
    // The clock of the stream begins with the first word.
    assert_eq!((phase(&end), took, state), (Some(Phase::Stream), 10 * SECOND + TIMEOUTS.stream, State::Open));
    assert!((59..=61).contains(&words), "{words}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_an_answer_wherever_it_is() {
    for (attempt, words) in [(Attempt::Say(vec![100 * SECOND]), 0), (Attempt::Forever(2 * SECOND), 2)] {
        let (said, end, took, _) = run(Scripted::new([attempt]), CallContext::within(5 * SECOND)).await;
        assert!(matches!(end, Err(ProviderError::Deadline)), "{end:?}");
        assert_eq!((said, took), (words, 5 * SECOND));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stand_in_gets_its_time_before_the_deadline() {
    let (policy, _) = policy(0);
    let hung = Scripted::new([Attempt::Say(vec![100 * SECOND])]);
    let guarded = GuardedGenerator::new(Arc::new(hung), policy, TIMEOUTS, "http://x");
    let started = Instant::now();
    let request = GenerationRequest { stand_in: true, ..request(CallContext::within(4 * SECOND)) };
    assert!(matches!(guarded.generate(request).await.map(drop), Err(ProviderError::Deadline)));
    // A tenth of the time is kept.
    assert_eq!(started.elapsed(), Duration::from_millis(3_600));
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_is_made_again_after_a_wait_that_doubles() {
    let (policy, _) = policy(3);
    let inner = Arc::new(Scripted::new([Attempt::Fail(SECOND), Attempt::Fail(SECOND), Attempt::Say(vec![SECOND])]));
    let guarded = GuardedGenerator::new(Arc::clone(&inner) as _, policy, TIMEOUTS, "http://x");
    let started = Instant::now();
    let mut events = guarded.generate(request(CallContext::without_deadline())).await.unwrap();
    assert!(matches!(events.next().await, Some(Ok(GenerationEvent::Text(_)))));
    assert_eq!((inner.calls.load(Ordering::SeqCst), started.elapsed()), (3, (1 + 1 + 1 + 2 + 1) * SECOND));
}

#[tokio::test(start_paused = true)]
async fn no_retry_is_waited_for_that_would_come_after_the_deadline() {
    let (policy, _) = policy(3);
    let inner = Arc::new(Scripted::new([Attempt::Fail(SECOND)]));
    let guarded = GuardedGenerator::new(Arc::clone(&inner) as _, policy, TIMEOUTS, "http://x");
    let started = Instant::now();
    let end = guarded.generate(request(CallContext::within(4 * SECOND))).await.map(drop);
    // Attempt, wait of 1 s, attempt; the wait of 2 s would end at the deadline.
    assert!(matches!(end, Err(ProviderError::Connect { .. })), "{end:?}");
    assert_eq!((inner.calls.load(Ordering::SeqCst), started.elapsed()), (2, 3 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_says_which_upstream_and_operation() {
    let (policy, breaker) = policy(0);
    let inner = Arc::new(Scripted::new([Attempt::Fail(SECOND)]));
    let guarded = GuardedGenerator::new(Arc::clone(&inner) as _, policy, TIMEOUTS, "http://x");
    let ask = || guarded.generate(request(CallContext::without_deadline()));
    drop(ask().await);
    assert_eq!(breaker.state(), State::Open);
    let error = ask().await.map(drop).unwrap_err();
    assert!(matches!(error, ProviderError::CircuitOpen { .. }), "{error:?}");
    assert!(error.to_string().contains("test failed too often (/chat)"), "{error}");
    assert_eq!(inner.calls.load(Ordering::SeqCst), 1);
}

/// An embedder that never answers.
struct HungEmbedder(EmbedderId);

#[async_trait::async_trait]
impl Embedder for HungEmbedder {
    fn id(&self) -> &EmbedderId {
        &self.0
    }

    fn batch_size(&self) -> usize {
        1
    }

    async fn embed(&self, _: &[String], _: Purpose, _: &CallContext) -> Result<Vec<TextVector>, ProviderError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_hung_embedder_is_given_up_and_a_question_sooner_than_a_document() {
    let limits = [
        (Purpose::Query, None, TIMEOUTS.first_token),
        (Purpose::Passage, None, TIMEOUTS.loading),
        (Purpose::Query, Some(3 * SECOND), 3 * SECOND),
        (Purpose::Passage, Some(3 * SECOND), 3 * SECOND),
    ];
    for (purpose, deadline, limit) in limits {
        let call = deadline.map_or_else(CallContext::without_deadline, CallContext::within);
        let (policy, _) = policy(0);
        let hung = Arc::new(HungEmbedder(EmbedderId::new("hung")));
        let guarded = GuardedEmbedder::new(hung, ProviderKind::Ollama, policy, TIMEOUTS, "http://x");
        let started = Instant::now();
        let error = guarded.embed(&["text".to_owned()], purpose, &call).await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert_eq!(started.elapsed(), limit, "{purpose:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_reader_of_a_shared_answer_has_its_own_deadline() {
    let slow = Scripted::new([Attempt::Say(vec![2 * SECOND; 5])]);
    let (policy, _) = policy(0);
    let guarded = Arc::new(GuardedGenerator::new(Arc::new(slow), policy, TIMEOUTS, "http://x"));
    let shared = CoalescingGenerator::new(guarded);
    let read = async |within: Duration| {
        let mut events = shared.generate(request(CallContext::within(within))).await.unwrap();
        let mut words = 0;
        loop {
            match events.next().await.unwrap() {
                Ok(GenerationEvent::Done(_)) => return (words, Instant::now(), true),
                Ok(_) => words += 1,
                Err(error) => {
                    assert!(matches!(error, ProviderError::Deadline), "{error}");
                    return (words, Instant::now(), false);
                }
            }
        }
    };
    let started = Instant::now();
    // The one who asked first has the least time: the work goes on for the other, and nobody waits longer than he may.
    let (first, second) = tokio::join!(read(5 * SECOND), read(60 * SECOND));
    assert_eq!((first.0, first.1 - started, first.2), (2, 5 * SECOND, false));
    assert_eq!((second.0, second.1 - started, second.2), (5, 10 * SECOND, true));
}
