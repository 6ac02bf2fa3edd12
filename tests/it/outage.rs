//! An LLM that is dead, slow or flapping, as those who ask and those who operate meet it.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, future::join_all, stream};
use ragctl::mock::{Delay, Fault, FaultRule, MockSettings, MockUpstream, Operation};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{PATIENCE, Server, Workplace, eventually};

const QUESTION: &str = "How long can a voyage be paused?";

/// A server in front of the mock that embeds by itself, so that only answers go upstream.
fn serve(workplace: &Workplace, mock: &MockUpstream, more: &[&str]) -> Server {
    let url = mock.url();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/src/providers/embedded/model");
    let args =
        ["--docs", "docs", "--provider", "ollama", "--ollama-url", &url, "--embed-model", model, "--cache", "false"];
    workplace.serve_with(&[&args, more].concat(), &[])
}

async fn breaker(server: &Server) -> Value {
    server.get("/metrics/circuit-breaker").await.1["circuit_breakers"]["ollama_client"].clone()
}

/// Requests that were sent again because the upstream had closed the connection before any byte: no attempt of their own.
async fn sent_again(server: &Server) -> u64 {
    let metrics = server.text("/metrics").await;
    let series = r#"ollama_rag_retries_total{client_name="ollama_client",reason="stale_connection"} "#;
    metrics.lines().find_map(|line| line.strip_prefix(series)).unwrap().parse().unwrap()
}

async fn pool(server: &Server) -> Value {
    server.get("/api/connection-pool/metrics").await.1["connection_pool"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_server_shows_its_breakers_and_pools() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let (_, metrics) = server.get("/api/circuit-breaker/metrics").await;
    assert_eq!((&metrics["state"], &metrics["summary"]["open_circuits"]), (&json!("CLOSED"), &json!(0)));
    assert_eq!(metrics["circuit_breakers"]["ollama_client"]["config"]["failure_threshold"], 5);
    assert_eq!(metrics["circuit_breakers"]["ollama_client_embed"]["state"], "closed");
    let (_, metrics) = server.get("/metrics/connection-pool").await;
    assert_eq!((&metrics["pool_maxsize"], &metrics["connection_pool"]["total_requests"]), (&json!(30), &json!(0)));
    assert_eq!(metrics["connection_pool"]["by_endpoint"]["/api/chat"]["requests"], 0);
    let text = server.text("/metrics").await;
    for series in [
        r#"ollama_rag_circuit_breaker_state{breaker_name="ollama_client"} 0"#,
        r#"ollama_rag_circuit_breaker_calls_total{breaker_name="ollama_client",status="rejected"} 0"#,
        r#"ollama_rag_circuit_breaker_transitions_total{breaker_name="ollama_client",from_state="closed",to_state="open"} 0"#,
        r#"ollama_rag_circuit_breaker_consecutive_failures{breaker_name="ollama_client_embed"} 0"#,
        r#"ollama_rag_connection_pool_requests_total{client_name="ollama_client"} 0"#,
        r#"ollama_rag_connection_pool_size{client_name="ollama_client",pool_type="maxsize"} 30"#,
        r#"ollama_rag_connection_pool_connections{client_name="ollama_client",state="in_use"} 0"#,
        r#"ollama_rag_retries_total{client_name="ollama_client",reason="timeout"} 0"#,
        r#"ollama_rag_upstream_request_seconds_count{client_name="ollama_client",endpoint="/api/chat",outcome="cancelled"} 0"#,
    ] {
        assert!(text.lines().any(|line| line == series), "{series} is missing");
    }
    assert!(text.contains("ollama_rag_circuit_breaker_last_state_change_timestamp{breaker_name=\"ollama_client\"} 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_llm_opens_the_breaker_and_a_living_one_closes_it() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let quick = ["--retry-backoff", "0.01", "--breaker-timeout", "0.3"];
    let server = serve(&workplace, &mock, &quick);
    assert_eq!(server.ask(QUESTION).await["degraded"], false);
    mock.fault(Operation::Generate, Some(Fault::Reset));
    eventually("the breaker opens", || async {
        let answer = server.ask(QUESTION).await;
        assert_eq!(answer["degraded"], true, "{answer:#}");
        breaker(&server).await["state"] == "open"
    })
    .await;

    let answers = join_all((0..100).map(|_| server.ask(QUESTION))).await;
    assert!(answers.iter().all(|answer| answer["degraded"] == true && answer["degraded_reason"] == "llm_unavailable"));
    let open = breaker(&server).await;
    assert!(open["rejected_calls"].as_u64().unwrap() > 0, "{open:#}");
    assert_eq!(open["history"][0]["reason"], "5 consecutive failures");
    assert!(open["opened_at"].is_string() && open["last_failure_time"].is_string());
    let seen = mock.stats().generations;
    assert!(seen < 20, "{seen} calls to a dead LLM");
    // Its list of models is still there, so that a probe finds nothing.
    eventually("health says degraded although the probe is answered", || async {
        server.ask(QUESTION).await;
        let (_, health) = server.get("/health").await;
        (&health["status"], &health["ollama"]) == (&json!("degraded"), &json!(true))
    })
    .await;

    mock.fault(Operation::Generate, None);
    eventually("answers are good again", || async { server.ask(QUESTION).await["degraded"] == false }).await;
    eventually("the breaker closes", || async {
        server.ask(QUESTION).await;
        breaker(&server).await["state"] == "closed"
    })
    .await;
    let closed = breaker(&server).await;
    let sum = closed["success_calls"].as_u64().unwrap() + closed["failure_calls"].as_u64().unwrap();
    assert_eq!(closed["total_calls"], sum);
    let pool = pool(&server).await;
    assert_eq!(pool["by_endpoint"]["/api/chat"]["requests"], mock.stats().generations, "attempts are what was seen");
    assert_eq!(pool["total_requests"], sum + sent_again(&server).await, "each attempt was judged");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_fallback_an_open_breaker_is_a_503_with_retry_after() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(
        &workplace,
        &mock,
        &["--no-fallback", "--max-retries", "0", "--breaker-failures", "1", "--breaker-timeout", "7"],
    );
    mock.fault(Operation::Generate, Some(Fault::Status { code: 500, retry_after: None }));
    let ask = || server.send(reqwest::Method::POST, "/query", None);
    drop(ask().await);
    let first = server.post("/query", json!({ "query": QUESTION })).await;
    assert_eq!(first.0.as_u16(), 503, "{}", first.1);
    let body = json!({ "query": QUESTION });
    let response = server.send(reqwest::Method::POST, "/query", Some(&body)).await;
    assert_eq!(response.status().as_u16(), 503);
    let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=8).contains(&wait), "{wait}");
    let error: Value = response.json().await.unwrap();
    assert!(error["message"].as_str().unwrap().contains("left alone"), "{error:#}");
    assert_eq!(server.get("/health").await.0.as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breaker_that_is_switched_off_is_not_there() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock, &["--breaker", "false", "--max-retries", "0"]);
    mock.fault(Operation::Generate, Some(Fault::Status { code: 500, retry_after: None }));
    for _ in 0..12 {
        server.ask(QUESTION).await;
    }
    assert_eq!(mock.stats().generations, 12, "every question is tried");
    assert_eq!(server.get("/api/circuit-breaker/metrics").await.1["circuit_breakers"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_counted_as_the_upstream_counts_them() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock, &["--pool-keepalive-expiry", "1"]);
    let probes = mock.stats().connections_accepted;
    for n in 0..20 {
        server.ask(&format!("{QUESTION} {n}")).await;
    }
    let after = pool(&server).await;
    assert_eq!((&after["connections_opened"], &after["connections_open"]), (&json!(1), &json!(1)), "{after:#}");
    assert_eq!((&after["connections_idle"], &after["connections_in_use"]), (&json!(1), &json!(0)));
    assert_eq!(after["reuse_rate"], 19.0 / 20.0);
    assert!(mock.stats().connections_accepted <= probes + 2, "one for questions, perhaps one more for probes");
    assert!(after["by_endpoint"]["/api/chat"]["ttfb_ms"]["p50"].as_f64().unwrap() > 0.0);
    assert!(after["by_endpoint"]["/api/chat"]["connect_ms"]["p50"].as_f64().unwrap() > 0.0);

    join_all(
        (0..8).map(|n| async move { n }).map(|n| async { server.ask(&format!("Who approves {}?", n.await)).await }),
    )
    .await;
    let busy = pool(&server).await;
    let opened = busy["connections_opened"].as_u64().unwrap();
    assert!((1..=8).contains(&opened));
    assert_eq!(busy["connections_open"], busy["connections_idle"]);
    eventually("idle connections expire", || async { pool(&server).await["connections_open"] == 0 }).await;
    eventually("the upstream sees them close", || async { mock.stats().connections_open <= 1 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_before_the_first_token_ends_the_call_upstream() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock, &[]);
    mock.fault(Operation::Generate, Some(Fault::Hang));
    let url = format!("{}/query", server.url);
    let client = server.client().clone();
    let asking = tokio::spawn(async move { client.post(url).json(&json!({ "query": QUESTION })).send().await });
    eventually("the question is upstream", || async { mock.stats().generations == 1 }).await;
    asking.abort();
    eventually("the upstream sees the close", || async { mock.stats().closed_early == 1 }).await;
    eventually("nothing is in use", || async { pool(&server).await["connections_in_use"] == 0 }).await;
    assert_eq!(breaker(&server).await["total_calls"], 0, "who leaves says nothing about the upstream");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_asked_by_many_is_one_call() {
    let settings = MockSettings { first_token: Delay::Fixed(Duration::from_millis(500)), ..MockSettings::default() };
    let mock = MockUpstream::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), settings).unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock, &[]);
    let answers = join_all((0..30).map(|_| server.ask(QUESTION))).await;
    assert_eq!(mock.stats().generations, 1);
    assert!(answers.iter().all(|answer| answer["answer"] == answers[0]["answer"]));
    assert!(answers[0]["answer"].as_str().unwrap().contains("72 hours"));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_beyond_the_pool_wait_or_are_refused() {
    let settings = MockSettings { first_token: Delay::Fixed(Duration::from_millis(150)), ..MockSettings::default() };
    let mock = MockUpstream::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), settings).unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock, &["--pool-maxsize", "2"]);
    let answers = join_all(
        (0..8)
            .map(|n| async move { n })
            .map(|n| async { server.ask(&format!("How long can voyage {} be paused?", n.await)).await }),
    )
    .await;
    assert!(answers.iter().all(|answer| answer["degraded"] == false));
    let pool = pool(&server).await;
    assert!(pool["connections_open"].as_u64().unwrap() <= 2, "{pool:#}");
    assert!(pool["connections_opened"].as_u64().unwrap() < 8, "{pool:#}");
    assert!(pool["wait_ms"]["p99"].as_f64().unwrap() > 100.0, "{pool:#}");
    drop(server);

    let server = serve(&workplace, &mock, &["--pool-maxsize", "1", "--pool-block", "false", "--no-fallback"]);
    let statuses = join_all((0..4).map(|n| async move { n }).map(|n| async {
        server
            .post("/query", json!({ "query": format!("How long can voyage {} be paused?", n.await) }))
            .await
            .0
            .as_u16()
    }))
    .await;
    assert!(statuses.contains(&200) && statuses.contains(&503), "{statuses:?}");
    assert_eq!(breaker(&server).await["failure_calls"], 0, "a local refusal is not the upstream's failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_does_not_wait_for_a_hung_upstream() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock, &[]);
    for operation in [Operation::Generate, Operation::List, Operation::Embed] {
        mock.fault(operation, Some(Fault::Hang));
    }
    let hung = server.client().post(format!("{}/query", server.url)).json(&json!({ "query": QUESTION })).send();
    let hung = tokio::spawn(hung);
    eventually("the question is upstream", || async { mock.stats().generations == 1 }).await;
    let healthy = tokio::time::timeout(PATIENCE, join_all((0..50).map(|_| server.get("/health")))).await;
    assert!(healthy.unwrap().iter().all(|(status, _)| status.as_u16() == 200));
    hung.abort();
}

/// Thousands of questions while a fifth of all calls fails in mixed ways: every one gets an answer or a clear error, none
/// hangs, and the counters add up. `RAGCTL_CHAOS_QUESTIONS` asks more.
#[tokio::test(flavor = "multi_thread")]
async fn in_the_chaos_every_question_is_answered_and_every_call_counted() {
    let number: usize = std::env::var("RAGCTL_CHAOS_QUESTIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_500);
    let faults = ["status=500", "reset", "malformed", "reported", "truncate=1", "stall=1", "hang", "status=429/1"];
    // Each rule sees what the ones before it let through.
    let rates = (0..faults.len()).map(|n| 0.025 / (1.0 - 0.025 * n as f64));
    let faults: Vec<FaultRule> =
        faults.iter().zip(rates).map(|(fault, rate)| format!("{fault}:generate@{rate}").parse().unwrap()).collect();
    let settings = MockSettings { faults, ..MockSettings::default() };
    let mock = MockUpstream::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), settings).unwrap();
    let workplace = Workplace::new();
    let quick = [
        "--first-token-timeout",
        "0.3",
        "--idle-timeout",
        "0.3",
        "--retry-backoff",
        "0.05",
        "--breaker-timeout",
        "0.1",
    ];
    let server = Arc::new(serve(&workplace, &mock, &quick));

    let outcomes: Vec<(u16, Value)> = stream::iter(0..number)
        .map(|n| {
            let server = Arc::clone(&server);
            async move { server.post("/query", json!({ "query": format!("How long can voyage {n} be paused?") })).await }
        })
        .buffer_unordered(20)
        .map(|(status, body)| (status.as_u16(), body))
        .collect()
        .await;
    assert_eq!(outcomes.len(), number);
    let good = outcomes.iter().filter(|(status, body)| *status == 200 && body["degraded"] == false).count();
    for (status, body) in &outcomes {
        match status {
            200 => assert!(!body["answer"].as_str().unwrap().is_empty()),
            // The stream broke after its first token: too late for another answerer.
            502..=504 => assert!(!body["message"].as_str().unwrap().is_empty(), "{body:#}"),
            other => panic!("{other}: {body:#}"),
        }
    }
    assert!(good > number / 20, "{good} good answers");

    eventually("all calls have ended", || async { pool(&server).await["connections_in_use"] == 0 }).await;
    let (breaker, pool, seen) = (breaker(&server).await, pool(&server).await, mock.stats());
    assert_eq!(pool["total_requests"], seen.generations, "{pool:#} {seen:?}");
    let (success, failure) = (breaker["success_calls"].as_u64().unwrap(), breaker["failure_calls"].as_u64().unwrap());
    assert_eq!(breaker["total_calls"], success + failure);
    let judged = success + failure + sent_again(&server).await;
    assert_eq!(judged, seen.generations, "each attempt was judged: {breaker:#}");
    assert!(pool["connections_open"].as_u64().unwrap() <= 30, "{pool:#}");
    // Probes have a client of their own.
    eventually("no connection leaks", || async {
        let open = server.get("/api/connection-pool/metrics").await.1["connection_pool"]["connections_open"].as_u64();
        let open = open.unwrap();
        (open..=open + 1).contains(&mock.stats().connections_open)
    })
    .await;
    println!(
        "{number} questions: {good} good, {} degraded or refused, {} upstream calls",
        number - good,
        seen.generations
    );
}
