//! What servers tell, in either dialect, and what is made of what is odd.

mod exposition;
mod server;
mod upstreams;

use std::time::Duration;

use serde_json::{Value, json};

use super::{super::*, *};
use crate::{
    resilience::State::{Closed, HalfOpen, Open},
    wire::{
        BreakerBody, BreakerConfig, BreakerMetricsResponse, BreakerTransition, CacheBody, CacheFigures,
        CacheMetricsResponse, ChatsHealth, DatabaseHealth, EndpointBody, HealthResponse, OllamaHealth, PercentilesBody,
        PoolBody, PoolClientBody, PoolConfig, PoolMetricsResponse, Services, SystemHealth,
    },
};

const BREAKERS: &str = "/api/circuit-breaker/metrics";
const POOL: &str = "/api/connection-pool/metrics";
const CACHE: &str = "/api/semantic-cache/metrics";
const HEALTH: &str = "/health";

fn body(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn read(route: &str, value: impl serde::Serialize) -> Observation {
    Observation::of_bodies(&[(route, body(value))])
}

/// A server that does both.
fn breakers() -> BreakerMetricsResponse {
    let turn = |at: &str, from: &str, to: &str, reason: &str| BreakerTransition {
        at: at.into(),
        from: from.into(),
        to: to.into(),
        reason: reason.into(),
    };
    let open = BreakerBody {
        name: "ollama_client".into(),
        state: "open".into(),
        total_calls: 120,
        success_calls: 100,
        failure_calls: 20,
        rejected_calls: 7,
        consecutive_failures: 5,
        state_transitions: 3,
        opened_at: Some("2026-11-21T15:00:00Z".into()),
        retry_after_seconds: Some(12.5),
        config: BreakerConfig { failure_threshold: 5, timeout: 30.0, ..BreakerConfig::default() },
        history: vec![
            turn("2026-11-21T15:00:00.25Z", "closed", "open", "5 consecutive failures"),
            turn("2026-11-21T15:00:30Z", "open", "half_open", "30 s passed"),
            turn("2026-11-21T15:00:31Z", "half_open", "open", "a probe failed"),
        ],
        ..BreakerBody::default()
    };
    let closed = BreakerBody { state: "closed".into(), total_calls: 9, ..BreakerBody::default() };
    BreakerMetricsResponse {
        timestamp: 1_795_273_260.5,
        state: "OPEN".into(),
        failure_count: 20,
        total_calls: 129,
        circuit_breakers: [("ollama_client".into(), open), ("ollama_client_embed".into(), closed)].into(),
        ..BreakerMetricsResponse::default()
    }
}

#[test]
fn breakers_are_read_whole() {
    let seen = read(BREAKERS, breakers());
    let turn = |at: f64, from, to, reason: &str| StateTransition { at, from, to, reason: reason.into() };
    let open = Breaker {
        state: Some(Open),
        calls: Some(120.0),
        failures: Some(20.0),
        rejected: Some(7.0),
        consecutive_failures: Some(5.0),
        failure_threshold: Some(5.0),
        transitions: Some(3.0),
        opened: None,
        closed: None,
        retry_after_seconds: Some(12.5),
        since: Some(1_795_273_231.0),
        history: vec![
            turn(1_795_273_200.25, Closed, Open, "5 consecutive failures"),
            turn(1_795_273_230.0, Open, HalfOpen, "30 s passed"),
            turn(1_795_273_231.0, HalfOpen, Open, "a probe failed"),
        ],
    };
    assert_eq!(seen.breakers["ollama_client"], open);
    assert_eq!((seen.breakers["ollama_client_embed"].state, seen.breakers.len()), (Some(Closed), 2));
    assert_eq!((seen.worst(), seen.clock), (Some(Open), Some(1_795_273_260.5)));
    assert_eq!(seen.notes, [""; 0]);
}

#[test]
fn the_pool_is_read_whole() {
    let times = |p50| PercentilesBody { p50, p95: p50 * 2.0, p99: p50 * 3.0 };
    let told = |p50| PercentilesMs { p50: Some(p50), p95: Some(p50 * 2.0), p99: Some(p50 * 3.0) };
    let endpoint = EndpointBody { requests: 300, errors: 4, latency_ms: times(900.0), ..EndpointBody::default() };
    let client = PoolClientBody {
        total_requests: 300,
        pool_maxsize: 8,
        connections_in_use: 2,
        connections_idle: 3,
        waiting: 1,
        ..PoolClientBody::default()
    };
    let seen = read(
        POOL,
        PoolMetricsResponse {
            timestamp: 1_795_273_260.0,
            pool_maxsize: 8,
            connection_pool: PoolBody {
                total_requests: 310,
                pool_config: PoolConfig { pool_connections: 4, pool_maxsize: 8, pool_block: true },
                connections_opened: 11,
                connections_open: 6,
                connections_in_use: 2,
                connections_idle: 4,
                reuse_rate: 0.96,
                waiting: 3,
                wait_ms: times(1.5),
                clients: [("big_client".into(), client)].into(),
                by_endpoint: [("/api/chat".into(), endpoint)].into(),
            },
            ..PoolMetricsResponse::default()
        },
    );
    let endpoint = EndpointMetrics { requests: Some(300.0), errors: Some(4.0), latency_ms: told(900.0) };
    let client = PoolClient {
        requests: Some(300.0),
        maxsize: Some(8.0),
        in_use: Some(2.0),
        idle: Some(3.0),
        waiting: Some(1.0),
    };
    assert_eq!(
        seen.pool,
        Some(Pool {
            maxsize: Some(8.0),
            requests: Some(310.0),
            opened: Some(11.0),
            open: Some(6.0),
            in_use: Some(2.0),
            idle: Some(4.0),
            waiting: Some(3.0),
            reuse_rate: Some(0.96),
            wait_ms: told(1.5),
            retries: None,
            endpoints: [("/api/chat".to_owned(), endpoint)].into(),
            clients: [("big_client".to_owned(), client)].into(),
        })
    );
    assert_eq!((seen.clock, seen.notes.len()), (Some(1_795_273_260.0), 0));
}

#[test]
fn the_cache_is_read_whole_and_so_is_one_that_is_off() {
    let figures = CacheFigures {
        hits: 60,
        misses: 40,
        exact_hits: 45,
        semantic_hits: 15,
        evictions: 9,
        size: 900,
        cache_size: 900,
        max_size: 1_000,
        fill_ratio: 0.9,
        evictions_per_minute: 2.5,
        rejected: [("numbers".to_owned(), 3), ("negation".to_owned(), 4)].into(),
        ..CacheFigures::default()
    };
    let on = CacheMetricsResponse {
        timestamp: 1_795_273_260.0,
        enabled: true,
        hits: Some(60),
        misses: Some(40),
        cache_size: Some(900),
        semantic_cache: CacheBody { enabled: true, figures: Some(figures) },
        ..CacheMetricsResponse::default()
    };
    let seen = read(CACHE, on);
    assert_eq!(
        seen.cache,
        Some(Cache {
            enabled: Some(true),
            hits: Some(60.0),
            exact: Some(45.0),
            semantic: Some(15.0),
            misses: Some(40.0),
            refused: Some(7.0),
            evictions: Some(9.0),
            evictions_per_minute: Some(2.5),
            size: Some(900.0),
            max_size: Some(1_000.0),
            fill: Some(0.9),
        })
    );
    assert_eq!(seen.notes, [""; 0]);
    let off = read(CACHE, CacheMetricsResponse { message: Some("off".into()), ..CacheMetricsResponse::default() });
    assert_eq!(off.cache, Some(Cache { enabled: Some(false), ..Cache::default() }));
    assert_eq!(off.notes, [""; 0]);
}

fn health() -> HealthResponse {
    HealthResponse {
        status: "degraded".into(),
        database: true,
        ollama: false,
        version: "0.1.0".into(),
        timestamp: "2026-11-21T15:01:00Z".into(),
        uptime_seconds: 3_600.5,
        services: Services {
            ollama: OllamaHealth { healthy: false, url: "http://127.0.0.1:11434".into() },
            database: DatabaseHealth {
                healthy: true,
                name: "default".into(),
                path: "/x".into(),
                document_count: 12,
                message: None,
                sparse_chunks_waiting: Some(3),
            },
            chats: ChatsHealth { count: 1 },
            upstreams: Vec::new(),
        },
        background: Vec::new(),
        system: SystemHealth {
            memory_used_percent: 61.5,
            memory_available_gb: 3.0,
            cpu_percent: 12.5,
            disk_used_percent: 48.0,
            disk_free_gb: 100.0,
        },
    }
}

#[test]
fn health_is_read_whole() {
    let seen = read(HEALTH, health());
    assert_eq!(
        seen.health,
        Some(Health {
            status: Some("degraded".into()),
            version: Some("0.1.0".into()),
            uptime_seconds: Some(3_600.5),
            upstream: Some(false),
            database: Some(true),
            documents: Some(12.0),
            cpu_percent: Some(12.5),
            memory_percent: Some(61.5),
            disk_percent: Some(48.0),
        })
    );
    assert_eq!(seen.notes, [""; 0]);
}

#[test]
fn the_short_dialect_is_read() {
    let seen = Observation::of_bodies(&[
        (
            "/metrics/circuit-breaker",
            json!({ "state": "HALF_OPEN", "failure_count": 3, "success_count": 97, "total_calls": 100, "last_failure_time": null }),
        ),
        (
            "/metrics/connection-pool",
            json!({ "connection_pool": { "total_requests": 250, "pool_config": { "pool_connections": 10, "pool_maxsize": 20 } } }),
        ),
        ("/metrics/semantic-cache", json!({ "enabled": true, "hits": 6, "misses": 4, "size": 5, "max_size": 10 })),
        (
            "/api/health",
            json!({ "overall_status": "healthy", "uptime": 12, "services": { "ollama": { "healthy": true } } }),
        ),
    ]);
    let breaker = &seen.breakers["breaker"];
    assert_eq!((breaker.state, breaker.calls, breaker.failures), (Some(HalfOpen), Some(100.0), Some(3.0)));
    assert_eq!((breaker.rejected, breaker.transitions, breaker.history.len()), (None, None, 0));
    let pool = seen.pool.unwrap();
    assert_eq!((pool.requests, pool.maxsize, pool.waiting, pool.in_use), (Some(250.0), Some(20.0), None, None));
    let cache = seen.cache.unwrap();
    assert_eq!((cache.hits, cache.misses, cache.size, cache.fill), (Some(6.0), Some(4.0), Some(5.0), Some(0.5)));
    assert_eq!((cache.exact, cache.evictions), (None, None));
    let health = seen.health.unwrap();
    assert_eq!((health.status.as_deref(), health.uptime_seconds), (Some("healthy"), Some(12.0)));
    assert_eq!((health.upstream, health.database, health.documents), (Some(true), None, None));
    assert_eq!((seen.traffic, seen.process, seen.clock, seen.notes.len()), (None, None, None, 0));
    let flat = read(POOL, json!({ "pool_maxsize": 20, "total_requests": 7 }));
    assert_eq!(flat.pool.map(|pool| (pool.requests, pool.maxsize)), Some((Some(7.0), Some(20.0))));
}

#[test]
fn numbers_that_are_none_are_read_as_python_writes_them() {
    let text =
        "{\"hits\": 6, \"misses\": NaN, \"size\": Infinity, \"max_size\": -Infinity, \"note\": \"NaN \\\" Infinity\"}";
    let seen = Observation::of_bodies(&[(CACHE, text.into())]);
    let cache = Cache { hits: Some(6.0), ..Cache::default() };
    assert_eq!((seen.cache, seen.notes), (Some(cache), Vec::new()));
    assert_eq!(json::parse(text).unwrap()["note"], "NaN \" Infinity");
    assert!(json::parse("{\"a\": NaN").is_err() && json::parse("Infinit").is_err());
}

#[test]
fn what_is_of_another_type_costs_only_itself_and_is_noted() {
    let mut odd = body(breakers());
    let one = &mut odd["circuit_breakers"]["ollama_client"];
    one["total_calls"] = json!("many");
    one["state"] = json!("ajar");
    one["rejected_calls"] = Value::Null;
    one["history"][1] = json!(7);
    odd["timestamp"] = json!([]);
    let seen =
        Observation::of_bodies(&[(BREAKERS, odd), (HEALTH, json!({ "status": 5 })), (CACHE, json!({ "hits": [] }))]);
    let breaker = &seen.breakers["ollama_client"];
    assert_eq!((breaker.state, breaker.calls, breaker.rejected), (None, None, None));
    assert_eq!((breaker.failures, breaker.history.len()), (Some(20.0), 2));
    assert_eq!((seen.health, seen.clock), (None, None));
    assert_eq!(seen.cache, Some(Cache::default()).filter(|_| seen.notes.iter().any(|note| note.contains("hits"))));
    assert_eq!(
        seen.notes,
        [
            "circuit-breaker.timestamp is a list, a time is wanted",
            "ollama_client.state is a text, closed, open or half_open is wanted",
            "ollama_client.total_calls is a text, a number is wanted",
            "semantic-cache.hits is a list, a number is wanted",
            "health.status is a number, a text is wanted",
        ]
    );
}

#[test]
fn a_server_that_gets_everything_wrong_says_so_in_a_few_lines() {
    let wrong: serde_json::Map<String, Value> =
        (0..50).map(|n| (format!("b{n}"), json!({ "total_calls": "x", "state": 1 }))).collect();
    assert_eq!(read(BREAKERS, json!({ "circuit_breakers": wrong })).notes.len(), 8);
}

#[test]
fn bodies_of_any_other_shape_tell_nothing() {
    for value in [json!(null), json!(1), json!("x"), json!([]), json!({}), json!({ "detail": "Not MetricPlace" })] {
        for route in [BREAKERS, POOL, CACHE, HEALTH] {
            assert!(read(route, value.clone()).is_empty(), "{route} {value}");
        }
    }
}

fn histogram(buckets: &[(f64, f64)], count: f64) -> Histogram {
    Histogram { buckets: buckets.to_vec(), count }
}

#[test]
fn quantiles_are_linear_within_a_bucket() {
    let times = histogram(&[(0.1, 10.0), (0.5, 10.0), (1.0, 90.0), (5.0, 95.0)], 100.0);
    let near = |q, wanted: f64| {
        let found = times.quantile(q).unwrap();
        assert!((found - wanted).abs() < 1e-9, "{q}: {found}, {wanted} is right");
    };
    // 5 of 10 in 0..=0.1; then 40 of 80, and 80 of 80, in 0.5..=1; then 3 of 5 in 1..=5.
    near(0.05, 0.05);
    near(0.1, 0.1);
    near(0.5, 0.75);
    near(0.9, 1.0);
    near(0.93, 3.4);
    near(0.99, 5.0);
    near(1.0, 5.0);
    assert_eq!(histogram(&[(0.1, 0.0)], 0.0).quantile(0.5), None);
    assert_eq!(histogram(&[], 5.0).quantile(0.5), None);
}

#[test]
fn histograms_are_subtracted_and_added() {
    let (old, new) = (histogram(&[(0.1, 4.0), (1.0, 6.0)], 7.0), histogram(&[(0.1, 5.0), (1.0, 9.0)], 12.0));
    assert_eq!(new.since(&old), histogram(&[(0.1, 1.0), (1.0, 3.0)], 5.0));
    assert_eq!(old.since(&new), old, "it was reset");
    assert_eq!(new.since(&histogram(&[(0.2, 4.0), (1.0, 6.0)], 7.0)), new, "other bounds");
    assert_eq!(new.since(&Histogram::default()), new);
    let mut sum = Histogram::default();
    sum.add(&old);
    sum.add(&new.since(&old));
    assert_eq!(sum, new);
    sum.add(&histogram(&[(0.2, 1.0)], 1.0));
    assert_eq!(sum, histogram(&[(0.2, 1.0)], 1.0), "what has other bounds cannot be added");
}

#[test]
fn an_observation_survives_a_recording() {
    let mut seen =
        Observation::of_bodies(&[(BREAKERS, body(breakers())), (HEALTH, body(health())), exposition::exposed()]);
    // The one number of 17 digits, the clock's, may lose its last on the way.
    for breaker in seen.breakers.values_mut() {
        breaker.since = breaker.since.map(f64::trunc);
    }
    let text = serde_json::to_string(&seen).unwrap();
    assert_eq!(serde_json::from_str::<Observation>(&text).unwrap(), seen);
    assert_eq!(serde_json::from_str::<Observation>("{\"new\":1}").unwrap(), Observation::default());
}
