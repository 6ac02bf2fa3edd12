//! Metrics: for Prometheus, and as the JSON that dashboards of both dialects read.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{Json, extract::State, http::header, response::IntoResponse};

use crate::{
    resilience::{BreakerSnapshot, ClientSnapshot, EndpointSnapshot, Percentiles, State as BreakerState},
    server::state::AppState,
    util::time::UnixMillis,
    wire::{
        BreakerBody, BreakerConfig, BreakerMetricsResponse, BreakerSummary, BreakerTransition, EndpointBody,
        PercentilesBody, PoolBody, PoolClientBody, PoolConfig, PoolMetricsResponse,
    },
};

/// All metrics in the Prometheus text format.
#[utoipa::path(
    get, path = "/metrics", tag = "metrics",
    responses((status = 200, description = "Text exposition, version 0.0.4", body = String, content_type = "text/plain"))
)]
pub async fn prometheus(State(state): State<Arc<AppState>>) -> impl IntoResponse {
    let sync = state.engine.metrics().sync();
    let (mut queued, mut failed, mut held, mut oldest) = (0, 0, 0, None);
    for status in state.mirrors.of(None).iter().map(|mirror| mirror.status()) {
        queued += status.files.queued + status.files.reading;
        failed += status.files.failed;
        held += status.held;
        oldest = oldest.into_iter().chain(status.oldest).min();
    }
    let as_gauge = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    sync.queued.set(as_gauge(queued));
    sync.failed.set(as_gauge(failed));
    sync.held.set(as_gauge(held));
    sync.oldest.set(oldest.map_or(0.0, |at| UnixMillis::now().since(at).as_secs_f64()));
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.engine.metrics().render())
}

/// The circuit breakers. Also at `/metrics/circuit-breaker`.
#[utoipa::path(
    get, path = "/api/circuit-breaker/metrics", tag = "metrics",
    responses((status = 200, description = "All breakers and their sum", body = BreakerMetricsResponse))
)]
pub async fn circuit_breaker(State(state): State<Arc<AppState>>) -> Json<BreakerMetricsResponse> {
    let snapshots: Vec<BreakerSnapshot> = state.resilience.breakers.iter().map(|breaker| breaker.snapshot()).collect();
    let sum = |field: fn(&BreakerSnapshot) -> u64| snapshots.iter().map(field).sum::<u64>();
    let in_state = |wanted| snapshots.iter().filter(|snapshot| snapshot.state == wanted).count();
    let (open, half_open) = (in_state(BreakerState::Open), in_state(BreakerState::HalfOpen));
    let worst = match (open, half_open) {
        (0, 0) => BreakerState::Closed,
        (0, _) => BreakerState::HalfOpen,
        _ => BreakerState::Open,
    };
    Json(BreakerMetricsResponse {
        timestamp: now_seconds(),
        state: worst.as_str().to_uppercase(),
        failure_count: sum(|breaker| breaker.failures),
        success_count: sum(|breaker| breaker.successes),
        total_calls: sum(|breaker| breaker.failures + breaker.successes),
        last_failure_time: snapshots.iter().filter_map(|snapshot| snapshot.last_failure).max().map(rfc3339),
        summary: BreakerSummary { total_circuits: snapshots.len(), open_circuits: open, half_open_circuits: half_open },
        circuit_breakers: snapshots.into_iter().map(|snapshot| (snapshot.name.clone(), breaker(snapshot))).collect(),
    })
}

fn breaker(snapshot: BreakerSnapshot) -> BreakerBody {
    let total = snapshot.successes + snapshot.failures;
    let percent = |part: u64| if total == 0 { 0.0 } else { 100.0 * part as f64 / total as f64 };
    let settings = snapshot.settings;
    BreakerBody {
        state: snapshot.state.as_str().to_owned(),
        total_calls: total,
        success_calls: snapshot.successes,
        failure_calls: snapshot.failures,
        rejected_calls: snapshot.rejected,
        consecutive_failures: snapshot.consecutive_failures,
        consecutive_successes: snapshot.consecutive_successes,
        error_rate_percent: percent(snapshot.failures),
        success_rate_percent: percent(snapshot.successes),
        state_transitions: snapshot.transitions,
        last_failure_time: snapshot.last_failure.map(rfc3339),
        last_success_time: snapshot.last_success.map(rfc3339),
        opened_at: snapshot.opened_at.map(rfc3339),
        retry_after_seconds: snapshot.retry_after.map(|wait| wait.as_secs_f64()),
        config: BreakerConfig {
            failure_threshold: settings.failure_threshold,
            timeout: settings.timeout.as_secs_f64(),
            success_threshold: settings.success_threshold,
            window_size: settings.window_size,
            half_open_max_calls: settings.half_open_max_calls,
        },
        history: snapshot
            .history
            .into_iter()
            .map(|change| BreakerTransition {
                at: rfc3339(change.at),
                from: change.from.as_str().to_owned(),
                to: change.to.as_str().to_owned(),
                reason: change.reason,
            })
            .collect(),
        name: snapshot.name,
    }
}

/// The connections to upstreams. Also at `/metrics/connection-pool`.
#[utoipa::path(
    get, path = "/api/connection-pool/metrics", tag = "metrics",
    responses((status = 200, description = "Counted by the connector", body = PoolMetricsResponse))
)]
pub async fn connection_pool(State(state): State<Arc<AppState>>) -> Json<PoolMetricsResponse> {
    let clients: Vec<ClientSnapshot> = state.resilience.clients.iter().map(|client| client.snapshot()).collect();
    let sum = |field: fn(&ClientSnapshot) -> u64| clients.iter().map(field).sum::<u64>();
    let settings = clients.first().map(|client| client.settings).unwrap_or_default();
    let requests = sum(|client| client.requests);
    // What can be in use at once: an upstream that nobody asks adds nothing.
    let asked = clients.iter().filter(|client| client.requests > 0);
    let in_use: usize = asked.map(|client| client.settings.maxsize).sum();
    // Waits of several upstreams cannot be added up; the busiest one is what an operator wants to see.
    let busiest = clients.iter().max_by_key(|client| client.requests);
    Json(PoolMetricsResponse {
        timestamp: now_seconds(),
        pool_connections: settings.connections,
        pool_maxsize: in_use.max(settings.maxsize),
        max_keepalive_connections: settings.max_keepalive,
        keepalive_expiry: settings.keepalive_expiry.as_secs_f64(),
        connection_pool: PoolBody {
            total_requests: requests,
            pool_config: PoolConfig {
                pool_connections: settings.connections,
                pool_maxsize: settings.maxsize,
                pool_block: settings.block,
            },
            connections_opened: sum(|client| client.opened),
            connections_open: sum(|client| client.open),
            connections_in_use: sum(|client| client.in_use),
            connections_idle: sum(|client| client.idle),
            reuse_rate: if requests == 0 { 0.0 } else { sum(|client| client.reused) as f64 / requests as f64 },
            waiting: sum(|client| client.waiting),
            wait_ms: busiest.map(|client| percentiles(client.wait)).unwrap_or_default(),
            by_endpoint: by_endpoint(&clients),
            clients: clients.iter().map(|client| (client.name.clone(), of_client(client))).collect(),
        },
    })
}

fn of_client(client: &ClientSnapshot) -> PoolClientBody {
    PoolClientBody {
        total_requests: client.requests,
        pool_maxsize: client.settings.maxsize,
        connections_opened: client.opened,
        connections_open: client.open,
        connections_in_use: client.in_use,
        connections_idle: client.idle,
        waiting: client.waiting,
        wait_ms: percentiles(client.wait),
    }
}

fn by_endpoint(clients: &[ClientSnapshot]) -> BTreeMap<String, EndpointBody> {
    let mut all: BTreeMap<String, EndpointBody> = BTreeMap::new();
    for (path, snapshot) in clients.iter().flat_map(|client| &client.endpoints) {
        let body = endpoint(snapshot);
        match all.entry((*path).to_owned()) {
            Entry::Vacant(entry) => {
                entry.insert(body);
            }
            Entry::Occupied(mut entry) if entry.get().requests < body.requests => {
                entry.insert(body);
            }
            Entry::Occupied(_) => {}
        }
    }
    all
}

fn endpoint(snapshot: &EndpointSnapshot) -> EndpointBody {
    EndpointBody {
        requests: snapshot.requests,
        errors: snapshot.errors,
        retries: snapshot.retries,
        latency_ms: percentiles(snapshot.latency),
        connect_ms: percentiles(snapshot.connect),
        ttfb_ms: percentiles(snapshot.first_byte),
    }
}

fn percentiles(times: Percentiles) -> PercentilesBody {
    PercentilesBody { p50: times.p50, p95: times.p95, p99: times.p99 }
}

pub(super) fn now_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn rfc3339(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map(|time| time.to_string()).unwrap_or_default()
}
