//! What is made of servers that answer oddly, or not at all.

use std::{
    future::pending,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use futures::stream;

use super::*;

/// Long enough for whoever answers at all.
const PATIENCE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn client() -> reqwest::Client {
    // An error means that another test was first.
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::new()
}

fn scraper(address: SocketAddr) -> Scraper {
    Scraper::new(client(), &format!("http://{address}/").parse().unwrap())
}

async fn scrape(router: Router) -> Result<Observation, Trouble> {
    scraper(serve(router).await).scrape(PATIENCE).await
}

fn all(answer: impl Fn() -> Response + Clone + Send + std::marker::Sync + 'static) -> Router {
    Router::new().fallback(move || async move { answer() })
}

fn telling(route: &str, value: impl serde::Serialize) -> Router {
    let text = body(value).to_string();
    Router::new().route(route, get(move || async move { text }))
}

#[tokio::test]
async fn a_server_is_read_whole() {
    let router = telling(BREAKERS, breakers())
        .merge(telling(HEALTH, health()))
        .merge(telling(CACHE, json!({ "enabled": false })))
        .merge(telling(POOL, json!({ "total_requests": 5 })))
        .route("/metrics", get(|| async { exposition::metrics().render() }));
    let seen = scrape(router).await.unwrap();
    assert_eq!(seen.notes, [""; 0]);
    assert!(seen.traffic.is_some() && seen.pool.is_some() && seen.health.is_some() && seen.breakers.len() == 2);
    assert_eq!(seen.cache.and_then(|cache| cache.enabled), Some(false));
    assert!(seen.took_ms.is_some_and(|took| took > 0.0));
}

#[tokio::test]
async fn a_web_page_is_not_taken_for_metrics() {
    let trouble = scrape(all(|| Html("<!doctype html><p>Infinity").into_response())).await.unwrap_err();
    assert_eq!(trouble.to_string(), "answers a web page instead of metrics; is it a ragctl server?");
    for (text, what) in [("", "nothing"), ("hello", "no JSON"), ("{\"a\": ", "broken JSON (line 1, column 6)")] {
        let trouble = scrape(all(move || text.into_response())).await.unwrap_err();
        assert_eq!(trouble, Trouble::Foreign(what.to_owned()));
    }
    let trouble = scrape(all(|| vec![0xff, 0xfe].into_response())).await.unwrap_err();
    assert_eq!(trouble, Trouble::Foreign("something that is no text".to_owned()));
    let trouble = scrape(all(|| "[]".into_response())).await.unwrap_err();
    assert_eq!(trouble, Trouble::Foreign("something else".to_owned()));
}

#[tokio::test]
async fn a_server_that_refuses_is_told_with_what_to_do() {
    let trouble = scrape(all(|| StatusCode::UNAUTHORIZED.into_response())).await.unwrap_err();
    assert_eq!(trouble.to_string(), "answers HTTP 401: put credentials into the URL (http://user:password@host)");
    let trouble = scrape(Router::new()).await.unwrap_err();
    assert_eq!(trouble.to_string(), "answers HTTP 404: it has none of the metrics routes; is it a ragctl server?");
    assert!(!trouble.is_silence());
}

#[tokio::test]
async fn credentials_of_the_url_are_sent_and_never_shown() {
    let asks = |headers: HeaderMap| async move {
        let given = headers.get("authorization").and_then(|value| value.to_str().ok());
        match given == Some("Basic bWU6YTpiQGM=") {
            true => body(health()).to_string().into_response(),
            false => StatusCode::UNAUTHORIZED.into_response(),
        }
    };
    let address = serve(Router::new().fallback(asks)).await;
    rustls::crypto::ring::default_provider().install_default().ok();
    let url: crate::telemetry::ServiceUrl = format!("http://me:a%3Ab%40c@{address}").parse().unwrap();
    let scraper = Scraper::new(client(), &url);
    assert_eq!(scraper.base(), format!("http://{address}"));
    assert!(scraper.scrape(PATIENCE).await.unwrap().health.is_some());
}

/// Never ends, and counts what it could send.
fn endless(sent: &Arc<AtomicU64>) -> Router {
    let sent = Arc::clone(sent);
    let part = Bytes::from(vec![b' '; 1 << 16]);
    let answer = move || {
        let (sent, part) = (Arc::clone(&sent), part.clone());
        let parts = stream::repeat_with(move || {
            sent.fetch_add(part.len() as u64, Ordering::Relaxed);
            Ok::<_, std::convert::Infallible>(part.clone())
        });
        async move { Body::from_stream(parts) }
    };
    Router::new().route(CACHE, get(answer))
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let sent = Arc::default();
    let trouble = scrape(endless(&sent)).await.unwrap_err();
    assert_eq!(trouble, Trouble::TooLarge(8));
    // What lies in the buffers of two sockets is sent, too.
    let mib = sent.load(Ordering::Relaxed) >> 20;
    assert!((8..40).contains(&mib), "{mib} MiB");
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let hanging = || Router::new().fallback(|| async { pending::<()>().await });
    let trouble = scraper(serve(hanging()).await).scrape(SHORT).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Late(_)) && trouble.is_silence(), "{trouble:?}");
    assert_eq!(trouble.to_string(), "gives no answer within 200 ms");
}

#[tokio::test]
async fn a_route_that_hangs_costs_only_itself() {
    let router = telling(BREAKERS, breakers()).route(HEALTH, get(|| async { pending::<()>().await }));
    let seen = scraper(serve(router).await).scrape(SHORT * 5).await.unwrap();
    assert_eq!((seen.breakers.len(), seen.health), (2, None));
    assert_eq!(seen.notes, ["/health gives no answer within 1 s"]);
}

#[tokio::test]
async fn names_without_end_are_bounded() {
    let many: serde_json::Map<String, serde_json::Value> =
        (0..5_000).map(|n| (format!("b{n:04}"), json!({ "state": "closed" }))).collect();
    let seen = scrape(telling(BREAKERS, json!({ "circuit_breakers": many }))).await.unwrap();
    assert_eq!(seen.breakers.len(), 64);
    assert_eq!(seen.notes, ["it has 5000 breakers; the first 64 are looked at"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let trouble = scraper(address).scrape(PATIENCE).await.unwrap_err();
    assert_eq!(trouble.to_string(), "does not answer (connection refused)");
    assert!(trouble.is_silence());
}

#[tokio::test]
async fn one_route_that_fails_is_noted_and_costs_only_itself() {
    let router = telling(HEALTH, health())
        .route(BREAKERS, get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route(CACHE, get(|| async { Html("<html>") }));
    let seen = scrape(router).await.unwrap();
    assert!(seen.health.is_some() && seen.breakers.is_empty() && seen.cache.is_none());
    assert_eq!(
        seen.notes,
        [
            "/api/circuit-breaker/metrics answers HTTP 500",
            "/api/semantic-cache/metrics answers a web page instead of metrics; is it a ragctl server?",
        ],
        "what it does not offer is no trouble"
    );
}

#[tokio::test]
async fn the_other_dialect_is_found_and_remembered() {
    let missed: Arc<AtomicU64> = Arc::default();
    let count = Arc::clone(&missed);
    let router = telling("/metrics/circuit-breaker", json!({ "state": "OPEN", "total_calls": 5 }))
        .merge(telling("/metrics/connection-pool", json!({ "total_requests": 7 })))
        .merge(telling("/metrics/semantic-cache", json!({ "hits": 1, "misses": 1 })))
        .merge(telling("/api/health", json!({ "status": "healthy" })))
        .fallback(move || {
            count.fetch_add(1, Ordering::Relaxed);
            async { StatusCode::NOT_FOUND }
        });
    let scraper = scraper(serve(router).await);
    let seen = scraper.scrape(PATIENCE).await.unwrap();
    assert_eq!((seen.worst(), seen.pool.and_then(|pool| pool.requests)), (Some(Open), Some(7.0)));
    assert!(seen.cache.is_some() && seen.health.is_some());
    assert_eq!(missed.swap(0, Ordering::Relaxed), 5, "four routes, and /metrics");
    assert!(scraper.scrape(PATIENCE).await.unwrap().health.is_some());
    assert_eq!(missed.load(Ordering::Relaxed), 1, "only /metrics is asked for in vain");
    let counters = scraper.scrape_counters().await.unwrap();
    assert!(counters.pool.is_some() && counters.cache.is_some() && counters.health.is_none());
}

#[tokio::test]
async fn a_server_that_says_that_it_is_unwell_is_heard() {
    let text = body(health()).to_string();
    let router = Router::new()
        .route(HEALTH, get(|| async move { (StatusCode::SERVICE_UNAVAILABLE, text) }))
        .route(CACHE, get(|| async { (StatusCode::SERVICE_UNAVAILABLE, "{\"hits\": 1}") }));
    let seen = scrape(router).await.unwrap();
    assert_eq!(seen.health.and_then(|health| health.status).as_deref(), Some("degraded"));
    assert_eq!((seen.cache, &seen.notes[..]), (None, &["/api/semantic-cache/metrics answers HTTP 503".to_owned()][..]));
}

#[tokio::test]
async fn redirects_are_followed_but_not_for_ever() {
    let router = telling("/there", health()).route(HEALTH, get(|| async { Redirect::temporary("/there") }));
    assert!(scrape(router).await.unwrap().health.is_some());
    let trouble = scrape(all(|| Redirect::temporary("/health").into_response())).await.unwrap_err();
    assert_eq!(trouble, Trouble::Foreign("one redirect after another".to_owned()));
    let login = Router::new().route("/login", get(|| async { Html("<html>") }));
    let login = login.fallback(|| async { Redirect::temporary("/login") });
    assert_eq!(scrape(login).await.unwrap_err(), Trouble::Foreign("a web page".to_owned()));
}
