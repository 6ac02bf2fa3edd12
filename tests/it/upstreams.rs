//! With an LLM server: the fake one of the crate, in both dialects. It runs in the test, so the test has several threads:
//! one may wait for the real server while another answers it.

use ragctl::mock::{Fault, MockUpstream, Operation};
use serde_json::json;

use crate::support::{Workplace, eventually};

const QUESTION: &str = "How long can a voyage be paused?";

/// Breakers and retries that do not make a test wait.
const QUICK: [(&str, &str); 2] = [("CIRCUIT_BREAKER_TIMEOUT", "0.1"), ("OLLAMA_RETRY_BACKOFF", "0.01")];

#[tokio::test(flavor = "multi_thread")]
async fn ollama_embeds_and_answers() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = workplace.serve_with(&["--docs", "docs"], &[("OLLAMA_BASE_URL", &mock.url())]);
    assert!(server.start_lines[0].contains("ollama (it answers and has the model)"), "{:?}", server.start_lines);

    let answer = server.ask(QUESTION).await;
    assert_eq!((&answer["provider"], &answer["degraded"]), (&json!("ollama"), &json!(false)));
    assert!(answer["answer"].as_str().unwrap().contains("72 hours"), "{answer:#}");
    assert!(answer["answer"].as_str().unwrap().contains('['), "{answer:#}");
    let (path, body) = mock.requests().pop().unwrap();
    assert_eq!((path.as_str(), &body["stream"]), ("/api/chat", &json!(true)));
    let prompt = body["messages"][1]["content"].as_str().unwrap();
    assert!(prompt.contains(QUESTION) && prompt.contains("\n[1] "), "{prompt}");
    eventually("Ollama is known to be healthy", || async { server.get("/health").await.1["ollama"] == true }).await;
    assert!(server.text("/metrics").await.contains("\nollama_rag_ollama_healthy 1\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_openai_compatible_server_embeds_and_answers() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let environment =
        [("PROVIDER", "openai"), ("OPENAI_BASE_URL", &mock.openai_url()), ("OPENAI_API_KEY", "sk-very-secret")];
    let server = workplace.serve_with(&["--docs", "docs"], &environment);
    let answer = server.ask(QUESTION).await;
    assert_eq!(answer["provider"], "openai");
    assert!(answer["answer"].as_str().unwrap().contains("72 hours"), "{answer:#}");
    let (_, stream) =
        (0, server.send(reqwest::Method::POST, "/api/stream_query", Some(&json!({ "query": QUESTION }))).await);
    assert!(stream.text().await.unwrap().contains("72 hours"));
    assert!(!server.start_lines.join("\n").contains("very-secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_llm_is_replaced_by_quotation_and_told() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = workplace.serve_with(&["--docs", "docs", "--provider", "ollama", "--ollama-url", &mock.url()], &QUICK);
    mock.fault(Operation::Generate, Some(Fault::Status { code: 500, retry_after: None }));
    let answer = server.ask(QUESTION).await;
    assert_eq!((&answer["degraded"], &answer["degraded_reason"]), (&json!(true), &json!("llm_unavailable")));
    assert_eq!(answer["provider"], "embedded");
    assert!(answer["answer"].as_str().unwrap().contains("72 hours"), "{answer:#}");

    mock.fault(Operation::Embed, Some(Fault::Malformed));
    let answer = server.ask(QUESTION).await;
    assert_eq!(answer["degraded"], true);
    assert!(!answer["contexts"].as_array().unwrap().is_empty(), "lexical search goes on");

    mock.fault(Operation::List, Some(Fault::Status { code: 500, retry_after: None }));
    eventually("the probe fails", || async { server.get("/health/ready").await.1["checks"]["ollama"] == json!(false) })
        .await;
    let (status, _) = server.get("/health/ready").await;
    assert_eq!(status.as_u16(), 200, "answers still come");
    assert_eq!(server.get("/health").await.1["status"], "degraded");
    let (_, detail) = server.get("/api/health").await;
    assert_eq!((&detail["overall_status"], &detail["suggestions"][0]), (&json!("warning"), &json!("ollama serve")));

    for operation in [Operation::Generate, Operation::Embed, Operation::List] {
        mock.fault(operation, None);
    }
    eventually("it recovers", || async { server.ask(QUESTION).await["degraded"] == false }).await;
    assert!(server.text("/metrics").await.contains(r#"ollama_rag_degraded_answers_total{reason="llm_unavailable"}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_embedder_nothing_is_stored() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = workplace.serve_with(&["--provider", "ollama", "--ollama-url", &mock.url()], &QUICK);
    mock.fault(Operation::Embed, Some(Fault::Status { code: 500, retry_after: None }));
    let (status, error) = server.post("/api/ingest", json!({ "paths": ["docs"] })).await;
    assert_eq!(status.as_u16(), 422, "{error:#}");
    assert_eq!(error["errors"].as_array().unwrap().len(), 8, "every file is named");
    assert!(error["message"].as_str().unwrap().contains("nothing of it was stored"), "{error:#}");
    assert_eq!(server.get("/api/docs").await.1["docs"], json!([]));

    mock.fault(Operation::Embed, None);
    eventually("the breaker lets documents in again", || async {
        server.post("/api/ingest", json!({ "paths": ["docs"] })).await.1["documents"]["failed"] == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_of_another_embedder_are_refused_with_the_remedy() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    drop(workplace.serve(&["--docs", "docs"]));
    let chosen = ["--provider", "ollama", "--ollama-url", &mock.url(), "--embedder", "ollama"];
    let server = workplace.serve_with(&chosen, &[]);
    let (status, error) = server.post("/query", json!({ "query": QUESTION, "method": "vector" })).await;
    assert_eq!(status.as_u16(), 409, "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("static:") && message.contains("ollama:nomic-embed-text") && message.contains("bm25"),
        "{message}"
    );
    let (status, _) = server.post("/query", json!({ "query": QUESTION, "method": "bm25" })).await;
    assert_eq!(status.as_u16(), 200, "lexical search needs no vectors");
    let (status, _) = server.post("/api/ingest", json!({ "paths": ["docs"] })).await;
    assert_eq!(status.as_u16(), 409);
    drop(server);

    // What `auto` chose today must not make yesterday's DB unusable.
    let auto = workplace.serve_with(&[], &[("OLLAMA_BASE_URL", &mock.url())]);
    let answer = auto.ask(QUESTION).await;
    assert_eq!((&answer["provider"], &answer["degraded"]), (&json!("ollama"), &json!(false)));
}
