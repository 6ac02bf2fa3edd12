//! A rerank server: used, away, wrong, and of either dialect.

use ragctl::mock::{Fault, MockUpstream, Operation};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    stub::{Stub, respond},
    support::{Server, Workplace, eventually, text},
};

const QUESTION: &str = "How long can a refund be asked for?";

/// A server whose questions are reranked at this address.
fn serve(workplace: &Workplace, url: &str, more: &[&str]) -> Server {
    let args = ["--docs", "docs", "--rerank", "http", "--rerank-url", url, "--retry-backoff", "0.01"];
    workplace.serve(&[&args, more].concat())
}

async fn ask(server: &Server, more: Value) -> Value {
    let mut request = json!({ "query": QUESTION });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, answer) = server.post("/query", request).await;
    assert_eq!(status, StatusCode::OK, "{answer:#}");
    answer
}

async fn breaker(server: &Server) -> Value {
    server.get("/metrics/circuit-breaker").await.1["circuit_breakers"]["rerank_client"].clone()
}

fn scores(answer: &Value) -> Vec<f64> {
    answer["metadatas"].as_array().unwrap().iter().map(|context| context["score"].as_f64().unwrap()).collect()
}

/// Scores texts by their length, the longest best, whatever is asked.
fn by_length(texts: &Value) -> Vec<Value> {
    let score = |(n, text): (usize, &Value)| json!({ "index": n, "relevance_score": text.as_str().unwrap().len() });
    texts.as_array().unwrap().iter().enumerate().map(score).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reranker_says_which_passages_an_answer_is_made_from() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock.openai_url(), &[]);
    let answer = ask(&server, json!({ "explain": true, "cache": false, "k": 3 })).await;
    assert_eq!((&answer["rerank"], &answer["rerank_enable"]), (&json!("http"), &json!(true)), "{answer:#}");
    assert_eq!((&answer["rerank_top_n"], &answer["degraded"]), (&json!(20), &json!(false)));
    assert!(answer["timings_ms"]["rerank"].as_f64().unwrap() > 0.0);
    let scores = scores(&answer);
    assert!(scores.len() == 3 && scores.windows(2).all(|pair| pair[0] >= pair[1]), "{scores:?}");
    let stage = answer["explanation"].as_array().unwrap().last().unwrap();
    assert_eq!((&stage["stage"], &stage["found"]), (&json!("rerank-http"), &json!(3)), "{stage}");
    assert!(stage["got"].as_u64().unwrap() > 3, "it chooses from more than are wanted: {stage}");
    let best = answer["metadatas"][0]["scores"].as_array().unwrap().last().unwrap();
    assert_eq!((&best["method"], &best["rank"]), (&json!("rerank"), &json!(1)), "{answer:#}");
    // What it is asked.
    let (path, body) = mock.requests().into_iter().rfind(|(path, _)| path.ends_with("rerank")).unwrap();
    assert_eq!((path.as_str(), &body["query"]), ("/v1/rerank", &json!(QUESTION)));
    assert_eq!(body["top_n"].as_u64().unwrap() as usize, body["documents"].as_array().unwrap().len());

    // A question chooses for itself.
    let asked = mock.stats().reranks;
    for plain in [json!({ "rerank": "none", "cache": false }), json!({ "rerank_enable": false, "cache": false })] {
        let plain = ask(&server, plain).await;
        assert_eq!((&plain["rerank"], &plain["rerank_enable"]), (&json!("none"), &json!(false)), "{plain:#}");
    }
    assert_eq!(mock.stats().reranks, asked);
    let (status, refused) = server.post("/query", json!({ "query": QUESTION, "rerank": "best" })).await;
    assert!(status == StatusCode::BAD_REQUEST && refused["message"].as_str().unwrap().contains("none"), "{refused}");

    // It is an upstream like the others.
    eventually("its probe is answered", || async {
        let health = server.get("/health").await.1;
        let upstreams = health["services"]["upstreams"].as_array().unwrap().clone();
        upstreams.iter().any(|upstream| upstream["name"] == "rerank" && upstream["healthy"] == true)
    })
    .await;
    assert_eq!(breaker(&server).await["state"], "closed");
    let metrics = server.text("/metrics").await;
    for series in [
        r#"ollama_rag_circuit_breaker_state{breaker_name="rerank_client"} 0"#,
        r#"ollama_rag_connection_pool_size{client_name="rerank_client",pool_type="maxsize"} 30"#,
        r#"ollama_rag_upstream_request_seconds_count{client_name="rerank_client",endpoint="/rerank",outcome="success"} 1"#,
    ] {
        assert!(metrics.lines().any(|line| line == series), "{series} is missing");
    }
    assert!(!metrics.contains("rerank_client_embed"), "it does not embed");
    // And in the terminal.
    let remote = ["search", QUESTION, "--url", &server.url, "--rerank", "http", "--rerank-top-n", "7"];
    let shown = text(&workplace.run(&remote).stdout);
    assert!(shown.contains("#1 by the reranker") && shown.contains("rerank-http"), "{shown}");
}

/// Whatever a reranker does wrong, the order is that of the search, the answer says so, and is not kept as if it were good.
#[tokio::test(flavor = "multi_thread")]
async fn a_reranker_that_is_away_or_wrong_leaves_the_order_as_it_was() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let patient = ["--rerank-timeout", "0.3", "--breaker-failures", "1000", "--breaker-window", "1000"];
    let server = serve(&workplace, &mock.url(), &patient);
    let plain = ask(&server, json!({ "rerank": "none", "cache": false })).await;
    for fault in [
        Fault::Hang,
        Fault::Reset,
        Fault::Status { code: 500, retry_after: None },
        Fault::Status { code: 401, retry_after: None },
        Fault::Status { code: 429, retry_after: Some(60) },
        Fault::Malformed,
        Fault::Reported,
        Fault::Truncate { after: 0 },
        Fault::Empty,
        Fault::Repeat,
        Fault::Delay { ms: 2_000 },
    ] {
        mock.fault(Operation::Rerank, Some(fault.clone()));
        for _ in 0..2 {
            let answer = ask(&server, json!({ "explain": true })).await;
            assert_eq!(answer["contexts"], plain["contexts"], "{fault:?}");
            assert_eq!((&answer["rerank"], &answer["rerank_enable"]), (&json!("http"), &json!(false)), "{fault:?}");
            assert_eq!((&answer["degraded"], &answer["degraded_reason"]), (&json!(true), &json!("rerank_unavailable")));
            assert_eq!(answer["cache_hit"], false, "{fault:?}: it was kept");
            let stage = answer["explanation"].as_array().unwrap().last().unwrap();
            assert!(
                stage["changed"].as_str().unwrap().starts_with("nothing: the order stays as it was, because"),
                "{stage}"
            );
        }
    }
    mock.fault(Operation::Rerank, None);
    // One that answers well again is used at once, and that answer is kept.
    let answer = ask(&server, json!({})).await;
    assert_eq!((&answer["rerank_enable"], &answer["degraded"]), (&json!(true), &json!(false)), "{answer:#}");
    let again = ask(&server, json!({})).await;
    assert_eq!((&again["rerank_enable"], &again["cache_hit"]), (&json!(true), &json!(true)), "{again:#}");
    assert_eq!(again["contexts"], answer["contexts"]);
    let metrics = server.text("/metrics").await;
    let degraded = metrics.lines().find(|line| line.contains(r#"reason="rerank_unavailable""#)).unwrap();
    assert!(degraded.ends_with(" 22"), "{degraded}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_reranker_opens_its_breaker_and_health_says_so() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock.openai_url(), &["--cache", "false", "--breaker-timeout", "0.3"]);
    mock.fault(Operation::Rerank, Some(Fault::Reset));
    eventually("the breaker opens", || async {
        assert_eq!(ask(&server, json!({})).await["degraded_reason"], "rerank_unavailable");
        breaker(&server).await["state"] == "open"
    })
    .await;
    let asked = mock.stats().reranks;
    let answer = ask(&server, json!({ "explain": true })).await;
    assert!(answer["explanation"].to_string().contains("left alone for"), "{:#}", answer["explanation"]);
    assert_eq!(mock.stats().reranks, asked, "an open breaker spares it");
    let health = server.get("/health").await.1;
    assert_eq!(health["status"], "degraded", "{health:#}");
    // It ranks nothing for those who do not ask it.
    assert_eq!(ask(&server, json!({ "rerank": "none" })).await["degraded"], false);
    mock.fault(Operation::Rerank, None);
    eventually("the breaker closes", || async {
        ask(&server, json!({})).await;
        breaker(&server).await["state"] == "closed"
    })
    .await;
}

/// Cohere's dialect below `/v1`, and that of Text Embeddings Inference without, which is found out by asking.
#[tokio::test]
async fn both_dialects_are_spoken_with_a_key() {
    let cohere = Stub::start_plain(|path, body, stream| match path {
        "/v1/models" => respond(stream, 200, r#"{"data":[{"id":"bge"}]}"#),
        "/v1/rerank" => {
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!(body["model"], "bge");
            respond(stream, 200, &json!({ "results": by_length(&body["documents"]) }).to_string())
        }
        _ => respond(stream, 404, r#"{"detail":"Not Found"}"#),
    });
    let tei = Stub::start_plain(|path, body, stream| match path {
        "/rerank" => {
            let body: Value = serde_json::from_str(body).unwrap();
            if !body["texts"].is_array() {
                return respond(
                    stream,
                    422,
                    "Failed to deserialize the JSON body into the target type: missing field `texts`",
                );
            }
            respond(stream, 200, &json!(by_length(&body["texts"])).to_string().replace("relevance_score", "score"))
        }
        _ => respond(stream, 404, ""),
    });
    let workplace = Workplace::new();
    for stub in [cohere, tei] {
        let server = serve(
            &workplace,
            &stub.url(),
            &["--rerank-model", "bge", "--rerank-api-key", "s3cret", "--cache", "false"],
        );
        for _ in 0..2 {
            let answer = ask(&server, json!({ "k": 5 })).await;
            assert_eq!(answer["rerank_enable"], true, "{answer:#}");
            let scores = scores(&answer);
            assert!(scores[0] > 100.0 && scores.windows(2).all(|pair| pair[0] >= pair[1]), "{scores:?}");
        }
        assert!(stub.authorizations.lock().unwrap().iter().all(|header| header == "Bearer s3cret"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_model_reorders_hybrid_search_without_any_server() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let features = json!({ "rerank": "features", "explain": true, "cache": false, "k": 3 });
    let answer = ask(&server, features.clone()).await;
    assert_eq!((&answer["rerank"], &answer["rerank_enable"]), (&json!("features"), &json!(true)), "{answer:#}");
    assert_eq!((&answer["rerank_top_n"], &answer["degraded"]), (&json!(20), &json!(false)));
    let reranked = scores(&answer);
    assert!(reranked.len() == 3 && reranked.windows(2).all(|pair| pair[0] >= pair[1]), "{reranked:?}");
    assert!(reranked.iter().all(|score| (0.0..=1.0).contains(score)), "{reranked:?}");
    let stage = answer["explanation"].as_array().unwrap().last().unwrap();
    assert_eq!((&stage["stage"], &stage["found"]), (&json!("rerank-features"), &json!(3)), "{stage}");
    assert!(stage["got"].as_u64().unwrap() > 3, "it chooses from more than are wanted: {stage}");

    // One search alone keeps its order, and says that nothing changed it.
    for method in ["bm25", "vector"] {
        let mut alone = features.clone();
        alone["method"] = json!(method);
        let alone = ask(&server, alone).await;
        assert_eq!((&alone["rerank_enable"], &alone["method"]), (&json!(false), &json!(method)), "{alone:#}");
        let plain = ask(&server, json!({ "rerank": "none", "method": method, "cache": false, "k": 3 })).await;
        assert_eq!(scores(&alone), scores(&plain));
    }

    // A kept answer is that of the same order.
    for hit in [false, true] {
        let answer = ask(&server, json!({ "rerank": "features" })).await;
        assert_eq!((&answer["rerank_enable"], &answer["cache_hit"]), (&json!(true), &json!(hit)), "{answer:#}");
    }
    assert_eq!(ask(&server, json!({ "rerank": "none" })).await["cache_hit"], false);
}

#[tokio::test]
async fn without_a_rerank_server_nobody_can_ask_one() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let (status, refused) = server.post("/query", json!({ "query": QUESTION, "rerank": "http" })).await;
    assert!(
        status == StatusCode::BAD_REQUEST && refused["message"].as_str().unwrap().contains("--rerank-url"),
        "{refused}"
    );
    let (status, refused) = server.post("/query", json!({ "query": QUESTION, "rerank_top_n": 101 })).await;
    assert!(
        status == StatusCode::BAD_REQUEST && refused["message"].as_str().unwrap().contains("rerank_top_n"),
        "{refused}"
    );
    // As clients of the predecessor ask.
    let answer = ask(&server, json!({ "rerank_enable": true })).await;
    assert_eq!((&answer["rerank"], &answer["degraded"]), (&json!("features"), &json!(false)), "{answer:#}");
    let refused = workplace.run(&["serve", "--port", "0", "--rerank", "http"]);
    assert!(
        refused.status.code() == Some(2) && text(&refused.stderr).contains("--rerank-url"),
        "{}",
        text(&refused.stderr)
    );
}
