//! Whether the server is well. Upstreams are probed in the background; these routes only read what was found.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{Json, extract::State, http::StatusCode};

use super::now_rfc3339;
use crate::{
    providers::{Author, ProviderKind},
    server::{
        UpstreamHealth,
        health::{Reachable, ollama_answers, reranker_away},
        heartbeat::TaskState,
        state::AppState,
    },
    wire::{
        BackgroundTask, ChatsHealth, DatabaseHealth, HealthResponse, LiveResponse, ModelsHealth, OllamaDetail,
        OllamaHealth, OpenAiDetail, ProviderHealthResponse, ReadyChecks, ReadyResponse, Services, UpstreamDetail,
    },
};

/// How long a look at the DB may take.
const LOOK_WITHIN: Duration = Duration::from_secs(1);

/// How well questions would be answered now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// By the configured upstreams.
    Healthy,
    /// By some of them, or by extraction from the contexts.
    Degraded,
    /// Not at all.
    Unhealthy,
}

fn status(state: &AppState, database: &Database, reachable: &Reachable<'_>) -> Status {
    let models = state.engine.models();
    let stuck = || state.heartbeats.tasks(Instant::now()).iter().any(|task| task.stuck);
    if !database.is_well() || !reachable.any() && models.fallback_generator().is_none() {
        Status::Unhealthy
    } else if !reachable.no.is_empty() || database.limitation.is_some() || reranker_away(state).is_some() || stuck() {
        Status::Degraded
    } else {
        Status::Healthy
    }
}

/// The DB of requests that name none.
#[derive(Default)]
struct Database {
    documents: u64,
    /// Why it cannot be relied on.
    trouble: Option<String>,
    /// What it cannot do.
    limitation: Option<String>,
}

impl Database {
    fn is_well(&self) -> bool {
        self.trouble.is_none()
    }
}

/// Looks at the DB. One that was not made yet is empty, not broken; one that does not answer in time is not well.
async fn database(state: &AppState) -> Database {
    let db = state.current_db.read().clone();
    let look = async {
        // Few at a time: if the disk hangs, those who ask for health must not take all threads with them.
        let turn = Arc::clone(&state.health.looks).acquire_owned().await;
        let look = state.engine.with_dbs(move |dbs| {
            let _turn = turn;
            dbs.catalog().attached()?;
            if !dbs.catalog().exists(&db) {
                return Ok(Database::default());
            }
            let collection = dbs.get(&db)?;
            let documents = collection.store().counts()?.documents;
            Ok(Database { documents, trouble: collection.trouble(), limitation: collection.limitation() })
        });
        look.await
            .map(|database| Database { limitation: database.limitation.or_else(|| sync_limitation(state)), ..database })
    };
    let trouble = |message: String| Database { trouble: Some(message), ..Database::default() };
    match tokio::time::timeout(LOOK_WITHIN, look).await {
        Ok(Ok(database)) => database,
        Ok(Err(error)) => {
            tracing::debug!(%error, "the DB cannot be read");
            trouble(error.to_string())
        }
        Err(_) => trouble(format!("the DB does not answer within {} s", LOOK_WITHIN.as_secs())),
    }
}

/// What is not as it should be with a mirrored folder.
fn sync_limitation(state: &AppState) -> Option<String> {
    let limited = state.mirrors.of(None).into_iter().map(|mirror| mirror.status()).find(|status| status.is_limited)?;
    Some(format!("the folder {} of the DB \"{}\": {}", limited.root.display(), limited.db, limited.message?))
}

/// The overall state.
#[utoipa::path(get, path = "/health", tag = "system", responses((status = 200, description = "See `status`", body = HealthResponse)))]
pub async fn health(State(state): State<Arc<AppState>>) -> Json<HealthResponse> {
    let db = state.current_db.read().clone();
    let database = database(&state).await;
    let ollama = ollama_answers(&state);
    let status = match status(&state, &database, &Reachable::now(&state)) {
        Status::Healthy => "healthy",
        Status::Degraded => "degraded",
        Status::Unhealthy => "unhealthy",
    };
    Json(HealthResponse {
        status: status.into(),
        database: database.is_well(),
        ollama,
        version: env!("CARGO_PKG_VERSION").into(),
        timestamp: now_rfc3339(),
        uptime_seconds: state.started.elapsed().as_secs_f64(),
        services: Services {
            ollama: OllamaHealth { healthy: ollama, url: ollama_url(&state) },
            database: DatabaseHealth {
                healthy: database.is_well(),
                path: state.engine.dbs().catalog().location(&db),
                name: db.to_string(),
                document_count: database.documents,
                message: database.trouble.or(database.limitation),
            },
            chats: ChatsHealth { count: 0 },
            upstreams: state.upstreams.iter().map(|upstream| upstream_detail(&state, upstream)).collect(),
        },
        system: state.health.system(),
        background: state.heartbeats.tasks(Instant::now()).into_iter().map(background_task).collect(),
    })
}

fn background_task(task: TaskState) -> BackgroundTask {
    BackgroundTask { name: task.name.to_owned(), last_beat_seconds: task.silent.as_secs_f64(), stuck: task.stuck }
}

/// The process runs, and its threads take up work. Touches no disk and no upstream.
#[utoipa::path(
    get, path = "/health/live", tag = "system",
    responses(
        (status = 200, description = "Alive", body = LiveResponse),
        (status = 503, description = "Stuck: its threads have taken up no work for a second", body = LiveResponse),
    )
)]
pub async fn live(State(state): State<Arc<AppState>>) -> (StatusCode, Json<LiveResponse>) {
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let (code, status) = match state.watchdog.pool_answers().await {
        true => (StatusCode::OK, "alive"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "stuck"),
    };
    (code, Json(LiveResponse { status: status.into(), timestamp }))
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
    let database = database(&state).await;
    let ollama = ollama_answers(&state);
    let (code, status) = match status(&state, &database, &Reachable::now(&state)) {
        Status::Unhealthy => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
        Status::Healthy | Status::Degraded => (StatusCode::OK, "ready"),
    };
    let body = ReadyResponse {
        status: status.into(),
        timestamp: now_rfc3339(),
        checks: ReadyChecks { ollama, database: database.is_well() },
    };
    (code, Json(body))
}

/// The providers in detail, with commands that mend what is wrong.
#[utoipa::path(get, path = "/api/health", tag = "system", responses((status = 200, description = "See `overall_status`", body = ProviderHealthResponse)))]
pub async fn providers(State(state): State<Arc<AppState>>) -> Json<ProviderHealthResponse> {
    let provider = state.engine.models().default_name();
    let database = database(&state).await;
    let reachable = Reachable::now(&state);
    let ollama = ollama_detail(&state);
    let openai = openai_detail(&state);
    let suggestions = suggestions(&state);
    let (away, there) = (reachable.no.join(", "), reachable.yes.join(", "));
    let (overall_status, message) = match status(&state, &database, &reachable) {
        Status::Healthy if reachable.yes.is_empty() => ("ok", format!("questions are answered by {provider}")),
        Status::Healthy => ("ok", format!("questions are answered by {there}")),
        Status::Degraded if reachable.no.is_empty() => (
            "warning",
            database.limitation.clone().unwrap_or_else(|| match reranker_away(&state) {
                Some(_) => "rerank cannot be asked: passages keep the order of the search".to_owned(),
                None => "a background task is stuck, see /health".to_owned(),
            }),
        ),
        Status::Degraded if reachable.any() => {
            ("warning", format!("{away} cannot be asked: questions are answered by {there}"))
        }
        Status::Degraded => ("warning", format!("{away} cannot be asked: answers are extracted from the documents")),
        Status::Unhealthy if !database.is_well() => ("error", "the DB cannot be read".to_owned()),
        Status::Unhealthy => ("error", format!("{away} cannot be asked: questions fail")),
    };
    let db = state.current_db.read().to_string();
    Json(ProviderHealthResponse {
        provider,
        db,
        overall_status: overall_status.into(),
        message,
        suggestions,
        ollama,
        openai,
        upstreams: state.upstreams.iter().map(|upstream| upstream_detail(&state, upstream)).collect(),
    })
}

/// The first upstream of a dialect.
fn of_dialect(state: &AppState, dialect: ProviderKind) -> Option<&UpstreamHealth> {
    state.upstreams.iter().find(|upstream| upstream.author.provider == dialect)
}

/// Where Ollama is: the upstream that speaks its dialect, else what the settings say.
fn ollama_url(state: &AppState) -> String {
    of_dialect(state, ProviderKind::Ollama)
        .map_or_else(|| state.settings.ollama_url.to_string(), |upstream| upstream.url.clone())
}

fn upstream_detail(state: &AppState, upstream: &UpstreamHealth) -> UpstreamDetail {
    let Author { name, provider, model } = upstream.author.as_ref();
    let status = state.health.upstream(name).unwrap_or_default();
    UpstreamDetail {
        name: name.clone(),
        provider: provider.to_string(),
        url: upstream.url.clone(),
        model: model.clone(),
        healthy: status.is_usable(),
        asked: upstream.is_asked(),
        default: state.engine.models().default_upstreams().contains(name),
        error: status.error,
        models_missing: status.models_missing,
    }
}

fn ollama_detail(state: &AppState) -> OllamaDetail {
    let Some(upstream) = of_dialect(state, ProviderKind::Ollama) else {
        return OllamaDetail {
            base_url: ollama_url(state),
            error: Some("not asked: this server does not use Ollama".into()),
            ..OllamaDetail::default()
        };
    };
    let status = state.health.upstream(&upstream.author.name).unwrap_or_default();
    OllamaDetail {
        base_url: ollama_url(state),
        ok: status.ok,
        error: status.error,
        models: ModelsHealth {
            available: status.models_available,
            required: status.models_required,
            missing: status.models_missing,
        },
    }
}

fn openai_detail(state: &AppState) -> OpenAiDetail {
    let upstream = of_dialect(state, ProviderKind::OpenAi);
    let status = upstream.and_then(|upstream| state.health.upstream(&upstream.author.name));
    OpenAiDetail {
        configured: upstream.is_some(),
        ok: status.as_ref().is_some_and(|status| status.ok),
        error: status.and_then(|status| status.error),
    }
}

/// Commands for what is wrong with the upstreams that this server uses.
fn suggestions(state: &AppState) -> Vec<String> {
    let mut commands = Vec::new();
    for upstream in &state.upstreams {
        let Author { name, provider, .. } = upstream.author.as_ref();
        let Some(status) = state.health.upstream(name) else { continue };
        match provider {
            ProviderKind::Ollama => {
                if !status.ok && status.models_missing.is_empty() {
                    let at = if name == provider.as_str() { String::new() } else { format!("  # at {}", upstream.url) };
                    commands.push(format!("ollama serve{at}"));
                }
                commands.extend(status.models_missing.iter().map(|model| format!("ollama pull {model}")));
            }
            _ if status.ok => {}
            ProviderKind::Rerank => {
                commands.push("ragctl config show  # check rerank_url and rerank_api_key".to_owned());
            }
            _ if name == provider.as_str() => {
                commands.push("ragctl config show  # check openai_base_url and openai_api_key".to_owned());
            }
            _ => commands.push(format!("ragctl config show  # check url and api_key of the upstream {name}")),
        }
    }
    commands.dedup();
    commands
}
