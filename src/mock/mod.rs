//! A fake LLM upstream that speaks Ollama's and OpenAI's dialects, and both dialects of reranking, so that tests and CI need no model.
//!
//! Its answers and vectors are deterministic and mean something: it quotes the context that fits the question best, with
//! its number, and similar texts get similar vectors. Faults are set while it runs, by [`MockUpstream::fault`] or
//! `POST /mock/faults`; what it saw is told by [`MockUpstream::stats`] or `GET /mock/stats`.

mod delay;
mod fake_llm;
mod faults;
mod listener;
mod ollama;
mod openai;
mod rerank;
mod respond;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

pub use delay::Delay;
pub use fake_llm::embedding;
pub use faults::{Fault, FaultRule, Operation};

use listener::{ConnectionHandle, CountingListener};

/// Requests that are remembered.
const REMEMBERED: usize = 200;

/// Delays, faults and seed of the fake upstream.
#[derive(Debug, Clone)]
pub struct MockSettings {
    /// Until the first token of a streamed answer.
    pub first_token: Delay,
    /// Tokens per second after it; `None`: all at once.
    pub token_rate: Option<f64>,
    /// Until an answer that is not streamed: vectors, lists.
    pub latency: Delay,
    /// Faults from the start on.
    pub faults: Vec<FaultRule>,
    /// Seed of the random choices.
    pub seed: u64,
}

impl Default for MockSettings {
    fn default() -> Self {
        Self { first_token: Delay::NONE, token_rate: None, latency: Delay::NONE, faults: Vec::new(), seed: 1 }
    }
}

/// A running fake upstream. Dropping it closes its port and all its connections.
pub struct MockUpstream {
    address: SocketAddr,
    state: Arc<MockState>,
    _task: AbortOnDropHandle<()>,
}

/// Counters of the fake upstream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Requests for generation.
    pub generations: u64,
    /// Requests for embeddings.
    pub embeddings: u64,
    /// Requests for lists of models.
    pub listings: u64,
    /// Requests for scores of texts.
    #[serde(default)]
    pub reranks: u64,
    /// Requests that the client left before their answer was complete.
    pub closed_early: u64,
    /// Connections since the start.
    pub connections_accepted: u64,
    /// Connections now.
    pub connections_open: u64,
}

struct MockState {
    settings: MockSettings,
    random: Mutex<fastrand::Rng>,
    stats: Mutex<Stats>,
    faults: Mutex<faults::FaultRules>,
    /// Path and body of each request, the newest last.
    requests: Mutex<Vec<(String, Value)>>,
}

impl MockUpstream {
    /// Starts on a free port of the loopback interface.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::on(TcpListener::bind(("127.0.0.1", 0)).await?, MockSettings::default())
    }

    /// Starts on this listener, with these settings.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn on(listener: TcpListener, settings: MockSettings) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let state = Arc::new(MockState::new(settings));
        let router = router(Arc::clone(&state)).into_make_service_with_connect_info::<ConnectionHandle>();
        let listener = CountingListener { inner: listener, state: Arc::clone(&state) };
        let task = tokio::spawn(async move {
            // Ends when the handle is dropped; an error would mean that the listener is gone, which ends it, too.
            drop(axum::serve(listener, router).await);
        });
        Ok(Self { address, state, _task: AbortOnDropHandle::new(task) })
    }

    /// Where it is, as Ollama would be.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it is, as an OpenAI-compatible server would be.
    pub fn openai_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Makes an operation fail from now on, or (`None`) work again.
    pub fn fault(&self, operation: Operation, fault: Option<Fault>) {
        self.state.faults.lock().set(operation, fault);
    }

    /// Its counters.
    pub fn stats(&self) -> Stats {
        *self.state.stats.lock()
    }

    /// Path and body of the newest requests, oldest first.
    pub fn requests(&self) -> Vec<(String, Value)> {
        self.state.requests.lock().clone()
    }
}

fn router(state: Arc<MockState>) -> Router {
    Router::new()
        .route("/api/version", get(ollama::version))
        .route("/api/tags", get(ollama::tags))
        .route("/api/ps", get(ollama::tags))
        .route("/api/chat", post(ollama::chat))
        .route("/api/generate", post(ollama::generate))
        .route("/api/embed", post(ollama::embed))
        .route("/api/embeddings", post(ollama::embeddings))
        .route("/v1/models", get(openai::models))
        .route("/v1/chat/completions", post(openai::chat))
        .route("/v1/embeddings", post(openai::embeddings))
        .route("/v1/rerank", post(rerank::rerank))
        .route("/rerank", post(rerank::rerank))
        .route("/mock/faults", get(faults).post(set_faults).delete(clear_faults))
        .route("/mock/stats", get(stats))
        .with_state(state)
}

/// Body of `POST /mock/faults`: all rules, or one operation's fault.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum SetFaults {
    Rules { rules: Vec<FaultRule> },
    One { operation: Operation, fault: Option<Fault> },
}

async fn faults(State(state): State<Arc<MockState>>) -> Json<Value> {
    Json(serde_json::json!({ "rules": state.faults.lock().rules() }))
}

async fn set_faults(State(state): State<Arc<MockState>>, Json(set): Json<SetFaults>) -> Json<Value> {
    match set {
        SetFaults::Rules { rules } => state.faults.lock().replace(rules),
        SetFaults::One { operation, fault } => state.faults.lock().set(operation, fault),
    }
    Json(serde_json::json!({ "status": "ok" }))
}

async fn clear_faults(State(state): State<Arc<MockState>>) -> Json<Value> {
    state.faults.lock().replace(Vec::new());
    Json(serde_json::json!({ "status": "ok" }))
}

async fn stats(State(state): State<Arc<MockState>>) -> Json<Stats> {
    Json(*state.stats.lock())
}

impl MockState {
    fn new(settings: MockSettings) -> Self {
        let faults = faults::FaultRules::new(settings.faults.clone(), settings.seed);
        Self {
            random: Mutex::new(fastrand::Rng::with_seed(settings.seed)),
            settings,
            stats: Mutex::default(),
            faults: Mutex::new(faults),
            requests: Mutex::default(),
        }
    }

    fn first_token(&self) -> Duration {
        self.settings.first_token.sample(&mut self.random.lock())
    }

    fn latency(&self) -> Duration {
        self.settings.latency.sample(&mut self.random.lock())
    }

    /// Between two tokens.
    fn pause(&self) -> Duration {
        self.settings.token_rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate.max(0.001)))
    }

    /// Counts a request and chooses the fault that happens to it.
    fn received(&self, path: &str, operation: Operation, body: &Value) -> Option<Fault> {
        let mut requests = self.requests.lock();
        if requests.len() == REMEMBERED {
            requests.remove(0);
        }
        requests.push((path.to_owned(), body.clone()));
        drop(requests);
        let mut stats = self.stats.lock();
        match operation {
            Operation::Generate => stats.generations += 1,
            Operation::Embed => stats.embeddings += 1,
            Operation::List => stats.listings += 1,
            Operation::Rerank => stats.reranks += 1,
        }
        drop(stats);
        self.faults.lock().next(operation)
    }
}
