//! The HTTP contract, on the sample documents.

use futures::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Workplace, eventually};

#[tokio::test]
async fn a_question_is_answered_from_the_documents_with_citations() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let answer = server.ask("How long can a voyage be paused?").await;

    let text = answer["answer"].as_str().unwrap();
    assert!(text.contains("72 hours") && text.contains("[1]"), "{answer:#}");
    assert_eq!(answer["contexts"].as_array().unwrap().len(), answer["metadatas"].as_array().unwrap().len());
    assert_eq!(answer["metadatas"][0]["source"], "docs/release-notes.txt");
    assert_eq!(answer["metadatas"][0]["language"], "en");
    assert_eq!(answer["provider"], "embedded");
    assert_eq!(answer["method"], "hybrid");
    assert_eq!(answer["bm25_weight"], 0.6);
    assert_eq!(answer["degraded"], false);
    assert_eq!(answer["cache_hit"], false);
    assert!(answer["timings_ms"]["total"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn both_routes_and_both_field_names_ask_the_same() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let (_, short) = server.post("/query", json!({ "question": "Who may approve a voyage to production?" })).await;
    let (_, long) =
        server.post("/api/query", json!({ "query": "Who may approve a voyage to production?", "unknown": 1 })).await;
    assert_eq!(short["answer"], long["answer"]);
    let (_, both) =
        server.post("/query", json!({ "query": "How long can a voyage be paused?", "question": "else?" })).await;
    assert!(both["answer"].as_str().unwrap().contains("72 hours"));
}

#[tokio::test]
async fn parameters_shape_the_search() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    for method in ["vector", "bm25", "hybrid"] {
        let (status, answer) =
            server.post("/query", json!({ "query": "refund of yearly plans", "method": method, "k": 2 })).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(answer["method"], method);
        assert_eq!(answer["contexts"].as_array().unwrap().len(), 2, "{method}");
    }
    let (_, german) = server.post("/query", json!({ "query": "Harbor", "languages": ["de"] })).await;
    let languages: Vec<_> = german["metadatas"].as_array().unwrap().iter().map(|m| m["language"].clone()).collect();
    assert!(!languages.is_empty() && languages.iter().all(|l| l == "de"), "{languages:?}");
    let (_, nothing) = server.post("/query", json!({ "query": "Harbor", "versions": ["no such label"] })).await;
    assert_eq!(nothing["contexts"], json!([]));
    assert!(nothing["answer"].as_str().unwrap().contains("No document"));
}

#[tokio::test]
async fn an_answer_streams_as_plain_text_and_as_events() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let body = json!({ "query": "How long can a voyage be paused?" });

    let plain = server.send(Method::POST, "/api/stream_query", Some(&body)).await.text().await.unwrap();
    let (head, text) = plain.split_once('\n').unwrap();
    let head: serde_json::Value = serde_json::from_str(head.strip_prefix("[[CTXJSON]]").unwrap()).unwrap();
    assert_eq!(head["db"], "default");
    assert!(!head["contexts"].as_array().unwrap().is_empty());
    assert!(text.contains("72 hours"), "{text}");

    let request =
        server.client().post(format!("{}/api/stream_query", server.url)).header("accept", "text/event-stream");
    let mut stream = request.json(&body).send().await.unwrap().bytes_stream();
    let mut events = String::new();
    while let Some(piece) = stream.next().await {
        events.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
    }
    let names: Vec<&str> = events.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names.first(), Some(&"contexts"));
    assert!(names.contains(&"token"));
    assert_eq!(names.last(), Some(&"done"));
    let done = events.lines().rev().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let done: serde_json::Value = serde_json::from_str(done).unwrap();
    assert_eq!(done["degraded"], false);
    assert!(done.get("contexts").is_none());
}

#[tokio::test]
async fn documents_are_ingested_listed_and_removed() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let (status, report) = server.post("/api/ingest", json!({ "paths": ["docs"] })).await;
    assert_eq!(status, StatusCode::OK, "{report:#}");
    assert_eq!(report["documents"]["added"], 8);
    assert_eq!(report["errors"], json!([]));
    assert!(report["chunks_indexed"].as_u64().unwrap() >= 8);

    let (_, again) = server.post("/api/ingest", json!({ "paths": ["docs"] })).await;
    assert_eq!(again["documents"]["unchanged"], 8);
    assert_eq!(again["chunks_indexed"], 0);

    let (_, list) = server.get("/api/docs").await;
    let sources: Vec<&str> = list["docs"].as_array().unwrap().iter().map(|d| d["source"].as_str().unwrap()).collect();
    assert_eq!(sources.len(), 8);
    assert!(sources.is_sorted());

    let (_, filters) = server.get("/api/filters").await;
    assert!(filters["languages"].as_array().unwrap().contains(&json!("vi")), "{filters}");

    let gone = json!({ "sources": ["docs/release-notes.txt", "nowhere.txt"] });
    let (_, deleted) = server.json(Method::DELETE, "/api/docs", Some(&gone)).await;
    assert_eq!(deleted["deleted_sources"], 1);
    let answer = server.ask("How long can a voyage be paused?").await;
    assert!(answer["metadatas"].as_array().unwrap().iter().all(|m| m["source"] != "docs/release-notes.txt"));
}

#[tokio::test]
async fn a_changed_document_is_found_by_its_new_text_only() {
    let workplace = Workplace::new();
    workplace.write("docs/fact.md", "# Mascot\n\nThe mascot of Harbor is a walrus named Gerta.\n");
    let server = workplace.serve(&["--docs", "docs"]);
    assert!(server.ask("Which animal is the mascot?").await["answer"].as_str().unwrap().contains("walrus"));

    workplace.write("docs/fact.md", "# Mascot\n\nThe mascot of Harbor is an otter named Gerta.\n");
    let (_, report) = server.post("/api/ingest", json!({ "paths": ["docs/fact.md"] })).await;
    assert_eq!(report["documents"]["updated"], 1, "{report}");
    let answer = server.ask("Which animal is the mascot?").await.to_string();
    assert!(answer.contains("otter") && !answer.contains("walrus"), "{answer}");
}

#[tokio::test]
async fn dbs_are_apart_and_named_per_request() {
    let workplace = Workplace::new();
    workplace.write("docs/one.md", "The answer of the first DB is forty-two.");
    workplace.write("docs/two.md", "The answer of the second DB is seventeen.");
    let server = workplace.serve(&[]);
    server.post("/api/ingest", json!({ "paths": ["docs/one.md"] })).await;
    let (status, _) = server.post("/api/dbs/create", json!({ "name": "second" })).await;
    assert_eq!(status, StatusCode::OK);
    server.post("/api/ingest", json!({ "paths": ["docs/two.md"], "db": "second" })).await;

    let question = "What is the answer?";
    let (_, second) = server.post("/query", json!({ "query": question, "db": "second" })).await;
    assert!(second["answer"].as_str().unwrap().contains("seventeen"));
    // A request that names its DB changes nothing for the next one.
    assert!(server.ask(question).await["answer"].as_str().unwrap().contains("forty-two"));

    let (_, used) = server.post("/api/dbs/use", json!({ "name": "second" })).await;
    assert_eq!(used["current"], "second");
    assert!(server.ask(question).await["answer"].as_str().unwrap().contains("seventeen"));

    let (status, _) = server.post("/api/dbs/create", json!({ "name": "second" })).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let (status, dbs) = server.json(Method::DELETE, "/api/dbs/second", None).await;
    assert_eq!((status, &dbs["dbs"], &dbs["current"]), (StatusCode::OK, &json!(["default"]), &json!("default")));
}

#[tokio::test]
async fn health_and_readiness_are_told() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let (status, health) = server.get("/health").await;
    assert_eq!((status, &health["status"]), (StatusCode::OK, &json!("healthy")));
    assert_eq!(health["services"]["database"]["document_count"], 8);
    let (status, live) = server.get("/health/live").await;
    assert_eq!((status, &live["status"]), (StatusCode::OK, &json!("alive")));
    let (status, ready) = server.get("/health/ready").await;
    assert_eq!((status, &ready["status"]), (StatusCode::OK, &json!("ready")));
    let (_, providers) = server.get("/api/health").await;
    assert_eq!(providers["overall_status"], "ok");
    let (_, provider) = server.get("/api/provider").await;
    assert_eq!(provider["provider"], "embedded");
    eventually("the machine is sampled", || async {
        server.get("/health").await.1["system"]["memory_available_gb"].as_f64().unwrap() > 0.0
    })
    .await;
}

#[tokio::test]
async fn every_response_has_an_id_and_a_time() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let request = server.client().get(format!("{}/nowhere", server.url)).header("x-request-id", "my-id-1");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "my-id-1");
    let seconds: f64 = response.headers()["x-process-time"].to_str().unwrap().parse().unwrap();
    assert!(seconds >= 0.0);
    let error: serde_json::Value = response.json().await.unwrap();
    assert_eq!((&error["error"], &error["request_id"]), (&json!("NotFound"), &json!("my-id-1")));
    assert_eq!(error["message"], error["detail"]);

    let hostile = server.client().get(format!("{}/health/live", server.url)).header("x-request-id", "a b\"c");
    let given = hostile.send().await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(given.len(), 36, "a fresh UUID: {given}");
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let idle = server.text("/metrics").await;
    assert!(idle.contains(r#"ollama_rag_queries_total{db="default",method="hybrid",provider="embedded"} 0"#), "{idle}");
    assert!(idle.contains(r#"ollama_rag_degraded_answers_total{reason="llm_unavailable"} 0"#));
    assert!(idle.contains(r#"ollama_rag_database_documents{db="default"} 8"#));

    server.ask("How long can a voyage be paused?").await;
    server.post("/query", json!({ "query": "x", "k": 0 })).await;
    let after = server.text("/metrics").await;
    for line in [
        r#"ollama_rag_queries_total{db="default",method="hybrid",provider="embedded"} 1"#,
        r#"http_requests_total{handler="/query",method="POST",status="200"} 1"#,
        r#"http_requests_total{handler="/query",method="POST",status="400"} 1"#,
    ] {
        assert!(after.lines().any(|l| l == line), "{line} is missing in\n{after}");
    }
}

#[tokio::test]
async fn the_api_describes_itself_without_the_network() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let (_, document) = server.get("/openapi.json").await;
    assert!(document["paths"]["/query"]["post"].is_object() && document["paths"]["/api/query"]["post"].is_object());
    let page = server.text("/docs/").await;
    assert!(page.contains("swagger-ui"), "{page}");
    assert!(!page.contains("https://"), "the page loads nothing from elsewhere");
}
