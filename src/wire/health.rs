//! Whether the server is well.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schema::ProviderName;

/// The overall state.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HealthResponse {
    /// `healthy`, `degraded` (the LLM is down, questions get extracted answers) or `unhealthy` (questions fail).
    pub status: String,
    /// Whether the DB can be read.
    pub database: bool,
    /// Whether Ollama answered the last probe.
    pub ollama: bool,
    /// Version of the server.
    pub version: String,
    /// RFC 3339, UTC.
    pub timestamp: String,
    /// Since the start.
    pub uptime_seconds: f64,
    /// Each part.
    pub services: Services,
    /// The machine.
    pub system: SystemHealth,
    /// Tasks in the background; one that is stuck makes the server `degraded`.
    #[serde(default)]
    pub background: Vec<BackgroundTask>,
}

/// A task in the background.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BackgroundTask {
    /// Its name.
    pub name: String,
    /// Seconds since it was last seen at work.
    pub last_beat_seconds: f64,
    /// That is longer than it may take.
    pub stuck: bool,
}

/// The parts that questions depend on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Services {
    /// The LLM server.
    pub ollama: OllamaHealth,
    /// The documents.
    pub database: DatabaseHealth,
    /// Stored conversations.
    pub chats: ChatsHealth,
    /// All LLM servers, in the order in which they are asked, then the rerank server.
    #[serde(default)]
    pub upstreams: Vec<UpstreamDetail>,
}

/// An LLM server, or the rerank server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UpstreamDetail {
    /// Its name.
    #[schema(example = "gpu1")]
    pub name: String,
    /// Its dialect.
    #[schema(example = "ollama")]
    pub provider: String,
    /// Where it is.
    pub url: String,
    /// Its model that answers.
    pub model: String,
    /// Whether it answered the last probe and has its models.
    pub healthy: bool,
    /// Whether its circuit breaker lets questions through.
    pub asked: bool,
    /// Whether questions that name no provider are sent there: those that are stand in for each other.
    pub default: bool,
    /// Why it did not answer.
    pub error: Option<String>,
    /// Models that it lacks.
    pub models_missing: Vec<String>,
}

/// The LLM server.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OllamaHealth {
    /// Whether it answered the last probe.
    pub healthy: bool,
    /// Where it is.
    pub url: String,
}

/// The current DB.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DatabaseHealth {
    /// Whether it can be read.
    pub healthy: bool,
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: String,
    /// Documents in it.
    pub document_count: u64,
    /// What is wrong with it, or what it cannot do just now; `null` when all is well.
    #[serde(default)]
    pub message: Option<String>,
}

/// Stored conversations.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChatsHealth {
    /// How many.
    pub count: u64,
}

/// The machine, sampled every few seconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
pub struct SystemHealth {
    /// Memory in use, 0 to 100.
    pub memory_used_percent: f64,
    /// Memory that is free, GiB.
    pub memory_available_gb: f64,
    /// All cores, 0 to 100.
    pub cpu_percent: f64,
    /// Disk of the data directory, 0 to 100.
    pub disk_used_percent: f64,
    /// Disk of the data directory, GiB.
    pub disk_free_gb: f64,
}

/// The process runs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LiveResponse {
    /// `alive`, or `stuck` when the server's threads take up no work within a second.
    pub status: String,
    /// Unix seconds.
    pub timestamp: f64,
}

/// Whether a question that is sent now gets an answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReadyResponse {
    /// `ready` or `not_ready`.
    pub status: String,
    /// RFC 3339, UTC.
    pub timestamp: String,
    /// Each part.
    pub checks: ReadyChecks,
}

/// The parts of readiness.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct ReadyChecks {
    /// Ollama answered the last probe.
    pub ollama: bool,
    /// The DB can be read.
    pub database: bool,
}

/// The providers in detail, with commands that mend what is wrong.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProviderHealthResponse {
    /// Provider of questions that name none.
    pub provider: String,
    /// DB of requests that name none.
    pub db: String,
    /// `ok`, `warning` or `error`.
    pub overall_status: String,
    /// In one sentence.
    pub message: String,
    /// Commands that a person can run.
    pub suggestions: Vec<String>,
    /// Ollama.
    pub ollama: OllamaDetail,
    /// The OpenAI-compatible server.
    pub openai: OpenAiDetail,
    /// All LLM servers, in the order in which they are asked.
    #[serde(default)]
    pub upstreams: Vec<UpstreamDetail>,
}

/// Ollama in detail.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct OllamaDetail {
    /// Where it is.
    pub base_url: String,
    /// Whether it answered the last probe.
    pub ok: bool,
    /// Why not.
    pub error: Option<String>,
    /// Its models.
    pub models: ModelsHealth,
}

/// Models of a server.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ModelsHealth {
    /// There.
    pub available: Vec<String>,
    /// Needed.
    pub required: Vec<String>,
    /// Needed and not there.
    pub missing: Vec<String>,
}

/// The OpenAI-compatible server in detail.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct OpenAiDetail {
    /// Whether it may be asked.
    pub configured: bool,
    /// Whether it answered the last probe.
    pub ok: bool,
    /// Why not.
    pub error: Option<String>,
}

/// The provider to use from now on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProviderRequest {
    /// `ollama`, `openai`, `embedded`, the name of an upstream, or `auto` for all of them.
    #[schema(value_type = ProviderName)]
    pub name: String,
}

/// The provider of questions that name none.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProviderResponse {
    /// Its name.
    pub provider: String,
    /// All that may be asked.
    pub available: Vec<String>,
}
