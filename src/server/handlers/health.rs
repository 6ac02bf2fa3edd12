//! Whether the server is well. Upstreams are probed in the background; these routes only read what was found.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{Json, extract::State, http::StatusCode};

use super::now_rfc3339;
use crate::{
    providers::ProviderKind,
    server::state::AppState,
    wire::{
        ChatsHealth, DatabaseHealth, HealthResponse, LiveResponse, ModelsHealth, OllamaDetail, OllamaHealth,
        OpenAiDetail, ProviderHealthResponse, ReadyChecks, ReadyResponse, Services,
    },
};

/// How well questions would be answered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// By the configured provider.
    Healthy,
    /// By extraction from the contexts.
    Degraded,
    /// Not at all.
    Unhealthy,
}

fn status(state: &AppState, database: bool) -> Status {
    let models = state.engine.models();
    if !database {
        Status::Unhealthy
    } else if state.health.answers(models.default_provider()) {
        Status::Healthy
    } else if models.fallback_generator().is_some() {
        Status::Degraded
    } else {
        Status::Unhealthy
    }
}

/// The documents that the DB of requests that name none holds; `None` when it cannot be read. A DB that was not made
/// yet is empty, not broken.
async fn documents(state: &AppState) -> Option<u64> {
    let db = state.current_db.read().clone();
    let count = state.engine.with_collections(move |collections| {
        if !collections.catalog().exists(&db) {
            return Ok(0);
        }
        Ok(collections.get(&db)?.store().counts()?.documents)
    });
    count.await.inspect_err(|error| tracing::warn!(%error, "the DB cannot be read")).ok()
}

/// The overall state.
#[utoipa::path(get, path = "/health", tag = "system", responses((status = 200, description = "See `status`", body = HealthResponse)))]
pub async fn health(State(state): State<Arc<AppState>>) -> Json<HealthResponse> {
    let db = state.current_db.read().clone();
    let count = documents(&state).await;
    let ollama = state.health.upstream(ProviderKind::Ollama).is_some_and(|upstream| upstream.ok);
    let status = match status(&state, count.is_some()) {
        Status::Healthy => "healthy",
        Status::Degraded => "degraded",
        Status::Unhealthy => "unhealthy",
    };
    Json(HealthResponse {
        status: status.into(),
        database: count.is_some(),
        ollama,
        version: env!("CARGO_PKG_VERSION").into(),
        timestamp: now_rfc3339(),
        uptime_seconds: state.started.elapsed().as_secs_f64(),
        services: Services {
            ollama: OllamaHealth { healthy: ollama, url: state.settings.ollama_url.to_string() },
            database: DatabaseHealth {
                healthy: count.is_some(),
                path: state.engine.collections().catalog().location(&db).display().to_string(),
                name: db.to_string(),
                document_count: count.unwrap_or(0),
            },
            chats: ChatsHealth { count: 0 },
        },
        system: state.health.system(),
    })
}

/// The process runs. Touches nothing else.
#[utoipa::path(get, path = "/health/live", tag = "system", responses((status = 200, description = "Alive", body = LiveResponse)))]
pub async fn live() -> Json<LiveResponse> {
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    Json(LiveResponse { status: "alive".into(), timestamp })
}

/// Whether a question that is sent now gets an answer, be it a degraded one.
#[utoipa::path(
    get, path = "/health/ready", tag = "system",
    responses(
        (status = 200, description = "Ready", body = ReadyResponse),
        (status = 503, description = "Not ready", body = ReadyResponse),
    )
)]
pub async fn ready(State(state): State<Arc<AppState>>) -> (StatusCode, Json<ReadyResponse>) {
    let database = documents(&state).await.is_some();
    let ollama = state.health.upstream(ProviderKind::Ollama).is_some_and(|upstream| upstream.ok);
    let (code, status) = match status(&state, database) {
        Status::Unhealthy => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
        Status::Healthy | Status::Degraded => (StatusCode::OK, "ready"),
    };
    let body =
        ReadyResponse { status: status.into(), timestamp: now_rfc3339(), checks: ReadyChecks { ollama, database } };
    (code, Json(body))
}

/// The providers in detail, with commands that mend what is wrong.
#[utoipa::path(get, path = "/api/health", tag = "system", responses((status = 200, description = "See `overall_status`", body = ProviderHealthResponse)))]
pub async fn providers(State(state): State<Arc<AppState>>) -> Json<ProviderHealthResponse> {
    let provider = state.engine.models().default_provider();
    let database = documents(&state).await.is_some();
    let ollama = ollama_detail(&state);
    let openai = openai_detail(&state);
    let suggestions = suggestions(&state, &ollama, &openai);
    let (overall_status, message) = match status(&state, database) {
        Status::Healthy => ("ok", format!("questions are answered by {provider}")),
        Status::Degraded => {
            ("warning", format!("{provider} cannot be asked: answers are extracted from the documents"))
        }
        Status::Unhealthy if !database => ("error", "the DB cannot be read".to_owned()),
        Status::Unhealthy => ("error", format!("{provider} cannot be asked: questions fail")),
    };
    let db = state.current_db.read().to_string();
    Json(ProviderHealthResponse {
        provider: provider.to_string(),
        db,
        overall_status: overall_status.into(),
        message,
        suggestions,
        ollama,
        openai,
    })
}

fn ollama_detail(state: &AppState) -> OllamaDetail {
    let base_url = state.settings.ollama_url.to_string();
    match state.health.upstream(ProviderKind::Ollama) {
        None => OllamaDetail {
            base_url,
            error: Some("not asked: this server does not use Ollama".into()),
            ..OllamaDetail::default()
        },
        Some(status) => OllamaDetail {
            base_url,
            ok: status.ok,
            error: status.error,
            models: ModelsHealth {
                available: status.models_available,
                required: status.models_required,
                missing: status.models_missing,
            },
        },
    }
}

fn openai_detail(state: &AppState) -> OpenAiDetail {
    let configured = state.engine.models().providers().any(|provider| provider == ProviderKind::OpenAi);
    let status = state.health.upstream(ProviderKind::OpenAi);
    OpenAiDetail {
        configured,
        ok: status.as_ref().is_some_and(|status| status.ok),
        error: status.and_then(|status| status.error),
    }
}

/// Commands for what is wrong with the providers that this server uses.
fn suggestions(state: &AppState, ollama: &OllamaDetail, openai: &OpenAiDetail) -> Vec<String> {
    let mut commands = Vec::new();
    if state.health.upstream(ProviderKind::Ollama).is_some() {
        if !ollama.ok && ollama.models.missing.is_empty() {
            commands.push("ollama serve".to_owned());
        }
        commands.extend(ollama.models.missing.iter().map(|model| format!("ollama pull {model}")));
    }
    if openai.configured && !openai.ok {
        commands.push("ragctl config show  # check openai_base_url and openai_api_key".to_owned());
    }
    commands
}
