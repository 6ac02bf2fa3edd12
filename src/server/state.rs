//! What all requests share.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use axum::body::Bytes;
use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;

use super::{
    feedback::GivenHits,
    health::HealthBoard,
    heartbeat::{Heartbeats, Watchdog},
    reindex::Reindexing,
    rendered::RenderedAnswers,
};
use crate::{
    api::AskDefaults,
    domain::{ChunkSizes, DbName},
    providers::{Author, HealthProbe},
    rag::{
        Engine, RetrievalOptions,
        extract::Limits,
        ingest::{DocumentRoots, MetadataRules, Ocr},
        multihop::Hops,
        sync::Mirrors,
    },
    resilience::{CircuitBreaker, Resilience, State},
    telemetry::ServiceUrl,
};

/// Settings that handlers need, validated.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// DB of requests that name none, until `/api/dbs/use` changes it.
    pub db: DbName,
    /// Where documents may come from.
    pub roots: DocumentRoots,
    /// Chunk sizes.
    pub chunking: ChunkSizes,
    /// Bounds on what a document may cost.
    pub limits: Limits,
    /// What recognises text in scans.
    pub ocr: Ocr,
    /// What holds about passages for requests that do not say.
    pub retrieval: RetrievalOptions,
    /// Bounds of searches in several hops.
    pub hops: Hops,
    /// Longest time that a question may take.
    pub request_timeout: Duration,
    /// Largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Origins that browsers may call from; `*` for all; empty for none.
    pub cors_origins: Vec<String>,
    /// Hosts that requests may name beside those of loopback; `*` for all. Empty: on a loopback address none, else any.
    pub allowed_hosts: Vec<String>,
    /// Most connections at once; see [`connection_limit`](super::connection_limit).
    pub max_connections: usize,
    /// Where the DBs are (its disk is watched).
    pub data_dir: PathBuf,
    /// Where Ollama is, for people.
    pub ollama_url: ServiceUrl,
    /// Metadata by the names of documents.
    pub metadata: MetadataRules,
    /// Whether somebody said the sizes of chunks; if not, a DB goes on with its own.
    pub chunking_said: bool,
    /// Largest form of uploaded files, in bytes.
    pub max_upload_bytes: usize,
}

/// A service that questions depend on, and how to ask whether it is there.
pub struct UpstreamHealth {
    /// Its name, dialect and model.
    pub author: Arc<Author>,
    /// Where it is, without credentials.
    pub url: String,
    /// Asks it.
    pub probe: Arc<dyn HealthProbe>,
    /// Models that it must have.
    pub required: Vec<String>,
    /// Breakers that need not wait once a probe is answered. The first is that of answering.
    pub breakers: Vec<Arc<CircuitBreaker>>,
}

impl UpstreamHealth {
    /// Whether it may be asked for answers: a server can answer probes and fail at everything else.
    pub(super) fn is_asked(&self) -> bool {
        self.breakers.first().is_none_or(|breaker| match breaker.state() {
            State::Closed => true,
            State::HalfOpen => false,
            // When its time is over the next question is the trial; until there is one, the probe says what is known.
            State::Open => breaker.snapshot().retry_after.is_none_or(|rest| rest.is_zero()),
        })
    }
}

/// What all requests share.
pub struct AppState {
    pub(super) engine: Arc<Engine>,
    pub(super) settings: ServerSettings,
    pub(super) upstreams: Vec<UpstreamHealth>,
    pub(super) resilience: Resilience,
    pub(super) current_db: RwLock<DbName>,
    pub(super) health: HealthBoard,
    pub(super) rendered: RenderedAnswers,
    pub(super) given: GivenHits,
    pub(super) started: Instant,
    /// Cancelled when the server is asked to stop: long work ends in order.
    pub(super) stopping: CancellationToken,
    pub(super) heartbeats: Heartbeats,
    pub(super) watchdog: Watchdog,
    /// The description of the API, written when it is first asked for.
    pub(super) description: OnceLock<Bytes>,
    pub(super) reindexing: Reindexing,
    /// Mirrored folders and uploaded files.
    pub(super) mirrors: Arc<Mirrors>,
}

impl AppState {
    /// The state of a server that has just started.
    pub fn new(
        engine: Arc<Engine>,
        settings: ServerSettings,
        upstreams: Vec<UpstreamHealth>,
        resilience: Resilience,
        stopping: CancellationToken,
        mirrors: Arc<Mirrors>,
    ) -> Self {
        Self {
            engine,
            current_db: RwLock::new(settings.db.clone()),
            settings,
            upstreams,
            resilience,
            health: HealthBoard::default(),
            rendered: RenderedAnswers::default(),
            given: GivenHits::default(),
            started: Instant::now(),
            stopping,
            heartbeats: Heartbeats::default(),
            watchdog: Watchdog::default(),
            description: OnceLock::new(),
            reindexing: Reindexing::default(),
            mirrors,
        }
    }

    /// What holds for questions that do not say.
    pub(super) fn ask_defaults(&self) -> AskDefaults {
        AskDefaults {
            db: self.current_db.read().clone(),
            options: self.settings.retrieval.clone(),
            reranks: self.engine.models().reranker().is_some(),
            hops: self.settings.hops,
        }
    }

    /// The DB that a request means.
    pub(super) fn db(&self, named: Option<&str>) -> Result<DbName, crate::domain::InvalidDbName> {
        match named {
            Some(name) => name.parse(),
            None => Ok(self.current_db.read().clone()),
        }
    }
}
