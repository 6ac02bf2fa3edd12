//! What servers expose for Prometheus, and how it goes together with what they tell as JSON.

use std::time::SystemTime;

use super::*;
use crate::telemetry::Metrics;

/// A server that has done a few things.
pub(super) fn metrics() -> Metrics {
    let metrics = Metrics::new();
    let db = "default".parse().unwrap();
    metrics.failovers().announce("gpu1");
    metrics.announce(&db, &["ollama"], &[("ollama", "m")], &["llm_unavailable"]);
    for (millis, cache) in [(1, "exact"), (40, "miss"), (700, "miss"), (4_000, "bypass")] {
        metrics.query_started(crate::domain::SearchMode::Hybrid, "ollama", &db);
        metrics.query_done(crate::domain::SearchMode::Hybrid, cache, Duration::from_millis(millis));
    }
    metrics.query_failed(crate::domain::SearchMode::Bm25, "ollama", "internal");
    metrics.degraded("llm_unavailable");
    let breaker = metrics.breaker("ollama_client");
    breaker.success.inc_by(100);
    breaker.failure.inc_by(20);
    breaker.rejected.inc_by(7);
    breaker.consecutive_failures.set(5);
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    breaker.changed("closed", "open", Open.code(), at(1_795_273_200));
    breaker.changed("open", "half_open", HalfOpen.code(), at(1_795_273_230));
    breaker.changed("half_open", "open", Open.code(), at(1_795_273_231));
    metrics.breaker("ollama_client_embed").success.inc_by(9);
    let client = metrics.client("ollama_client");
    client.sizes(4, 8);
    client.requests.inc_by(310);
    client.opened.inc_by(31);
    client.reused.inc_by(279);
    client.open.set(6);
    client.in_use.set(2);
    client.idle.set(4);
    client.retried("timeout");
    client.retried("connect");
    let cache = metrics.cache();
    cache.exact_hits.inc_by(45);
    cache.semantic_hits.inc_by(15);
    cache.misses.inc_by(40);
    cache.evictions.inc_by(9);
    cache.size.set(900);
    cache.fill_ratio.set(0.9);
    cache.rejected.with_label_values(&["numbers"]).inc_by(7);
    metrics
}

pub(super) fn exposed() -> (&'static str, Value) {
    ("/metrics", metrics().render().into())
}

#[test]
fn the_exposition_of_a_server_is_read() {
    let seen = Observation::of_bodies(&[exposed()]);
    let traffic = seen.traffic.unwrap();
    assert_eq!((traffic.questions, traffic.errors, traffic.degraded), (Some(4.0), Some(1.0), Some(1.0)));
    let latency = traffic.latency.unwrap();
    assert_eq!((latency.count, latency.buckets.len()), (4.0, 18));
    let upto = |bound: f64| latency.buckets.iter().find(|bucket| bucket.0 == bound).unwrap().1;
    assert_eq!([0.000_5, 0.001, 0.05, 1.0, 5.0, 600.0].map(upto), [0.0, 1.0, 2.0, 3.0, 4.0, 4.0]);
    assert!(seen.process.is_none() || seen.process.unwrap().started.is_some());
    assert_eq!((seen.health, seen.clock, seen.notes.len()), (None, None, 0));
}

/// The two ways of telling the same, but for what only one of them tells.
#[test]
fn exposition_and_json_tell_the_same() {
    let told = Observation::of_bodies(&[exposed()]);
    let json = read(BREAKERS, breakers());
    for (name, told) in &told.breakers {
        let json = &json.breakers[name];
        assert_eq!((told.state, told.calls, told.failures), (json.state, json.calls, json.failures));
        assert_eq!((told.rejected, told.consecutive_failures), (json.rejected, json.consecutive_failures));
        assert_eq!(told.transitions, json.transitions);
    }
    let llm = &told.breakers["ollama_client"];
    assert_eq!((llm.opened, llm.closed), (Some(2.0), Some(0.0)));
    assert_eq!(llm.since, json.breakers["ollama_client"].since);
    let pool = told.pool.unwrap();
    assert_eq!(
        pool,
        Pool {
            maxsize: Some(8.0),
            requests: Some(310.0),
            opened: Some(31.0),
            open: Some(6.0),
            in_use: Some(2.0),
            idle: Some(4.0),
            reuse_rate: Some(0.9),
            retries: Some(2.0),
            ..Pool::default()
        }
    );
    let cache = told.cache.unwrap();
    assert_eq!(
        cache,
        Cache {
            hits: Some(60.0),
            exact: Some(45.0),
            semantic: Some(15.0),
            misses: Some(40.0),
            refused: Some(7.0),
            evictions: Some(9.0),
            size: Some(900.0),
            fill: Some(0.9),
            ..Cache::default()
        }
    );
}

#[test]
fn what_the_json_does_not_tell_the_exposition_fills_in() {
    let seen = Observation::of_bodies(&[
        (BREAKERS, body(breakers())),
        (POOL, json!({ "connection_pool": { "total_requests": 311, "waiting": 3 } })),
        (CACHE, json!({ "enabled": true, "hits": 61, "misses": 41 })),
        exposed(),
    ]);
    let llm = &seen.breakers["ollama_client"];
    assert_eq!((llm.history.len(), llm.calls, llm.opened, llm.closed), (3, Some(120.0), Some(2.0), Some(0.0)));
    let pool = seen.pool.unwrap();
    assert_eq!((pool.requests, pool.waiting, pool.retries), (Some(311.0), Some(3.0), Some(2.0)));
    assert_eq!(seen.cache.unwrap().hits, Some(61.0));
}

#[test]
fn a_server_that_counts_requests_only_is_read_by_them() {
    let text = "ollama_rag_app_info 1\n\
        http_requests_total{handler=\"/query\",status=\"200\"} 90\n\
        http_requests_total{handler=\"/query\",status=\"503\"} 10\n\
        http_requests_total{handler=\"/health\",status=\"500\"} 1000\n\
        http_request_duration_seconds_bucket{handler=\"/query\",le=\"0.1\"} 60\n\
        http_request_duration_seconds_bucket{handler=\"/query\",le=\"1\"} 100\n\
        http_request_duration_seconds_bucket{handler=\"/query\",le=\"+Inf\"} 100\n\
        http_request_duration_seconds_bucket{handler=\"/health\",le=\"0.1\"} 1000\n\
        http_request_duration_seconds_bucket{handler=\"/health\",le=\"+Inf\"} 1000\n";
    let seen = Observation::of_bodies(&[("/metrics", text.into())]);
    let latency = Some(Histogram { buckets: vec![(0.1, 60.0), (1.0, 100.0)], count: 100.0 });
    assert_eq!(
        seen.traffic,
        Some(Traffic { questions: Some(100.0), errors: Some(10.0), latency, ..Traffic::default() })
    );
    let strange = Observation::of_bodies(&[("/metrics", "node_cpu_seconds_total 5\nprocess_open_fds 9\n".into())]);
    assert!(strange.is_empty(), "the metrics of something else");
    let text =
        "ollama_rag_connection_pool_requests_total 5\nollama_rag_connection_pool_size{pool_type=\"maxsize\"} NaN\n";
    let pool = Observation::of_bodies(&[("/metrics", text.into())]).pool.unwrap();
    assert_eq!((pool.requests, pool.maxsize), (Some(5.0), None), "what is no number is not known");
}

#[test]
fn this_server_exposes_every_metric_of_the_catalogue() {
    fn names<G: super::super::super::observation::Group>() -> impl Iterator<Item = &'static str> {
        G::PLACES.iter().filter_map(|found| Some(found.exposed?.name))
    }
    let metrics = metrics();
    let _ = (metrics.breaker("llm"), metrics.client("llm"));
    let text = metrics.render();
    let groups = names::<Breaker>().chain(names::<Pool>()).chain(names::<Cache>()).chain(names::<Traffic>());
    for name in groups {
        assert!(text.contains(&format!("# TYPE {name} ")), "{name}");
    }
}
