//! Wrong input of every kind: a clear error that names the thing, and the server lives on.

use std::fs;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Server, Workplace};

async fn refused(server: &Server, body: Value, status: StatusCode, says: &str) {
    let (got, error) = server.post("/query", body.clone()).await;
    assert_eq!(got, status, "{body}: {error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(says), "{body}: {message:?} does not say {says:?}");
    assert_eq!(error["message"], error["detail"]);
    assert!(error["request_id"].is_string());
}

#[tokio::test]
async fn wrong_questions_are_refused_by_field() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let bad = StatusCode::BAD_REQUEST;
    refused(&server, json!({}), bad, "\"query\" is missing").await;
    refused(&server, json!({ "query": "   \n" }), bad, "1 to 8000 characters").await;
    refused(&server, json!({ "query": "x".repeat(8_001) }), bad, "it has 8001").await;
    refused(&server, json!({ "query": 7 }), bad, "field \"query\"").await;
    refused(&server, json!({ "query": "x", "k": 0 }), bad, "\"k\" must be from 1 to 50, it is 0").await;
    refused(&server, json!({ "query": "x", "k": 10_000 }), bad, "it is 10000").await;
    refused(&server, json!({ "query": "x", "k": "five" }), bad, "field \"k\"").await;
    refused(&server, json!({ "query": "x", "method": "magic" }), bad, "use vector, bm25 or hybrid").await;
    refused(&server, json!({ "query": "x", "bm25_weight": 1.5 }), bad, "\"bm25_weight\" must be from 0 to 1").await;
    refused(&server, json!({ "query": "x", "rrf_k": 0 }), bad, "\"rrf_k\"").await;
    refused(&server, json!({ "query": "x", "provider": "skynet" }), bad, "use one of these: embedded").await;
    refused(&server, json!({ "query": "x", "provider": "ollama" }), bad, "not configured on this server").await;
    refused(&server, json!({ "query": "x", "languages": "en" }), bad, "field \"languages\"").await;
    refused(&server, json!({ "query": "x", "db": "../x" }), bad, "is not a DB name").await;
    refused(&server, json!({ "query": "x", "db": "nope" }), StatusCode::NOT_FOUND, "no DB \"nope\"").await;
    refused(&server, json!("just text"), bad, "not the JSON").await;
    assert_eq!(server.ask("How long can a voyage be paused?").await["degraded"], false, "the server lives on");
}

#[tokio::test]
async fn wrong_bodies_and_routes_are_refused() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let send = |body: Vec<u8>, kind: &'static str| {
        let request = server.client().post(format!("{}/query", server.url)).header("content-type", kind).body(body);
        async move {
            let response = request.send().await.unwrap();
            (response.status(), response.json::<Value>().await.unwrap())
        }
    };
    let (status, error) = send(b"{\"query\": \"x\"".to_vec(), "application/json").await;
    assert_eq!((status, &error["error"]), (StatusCode::BAD_REQUEST, &json!("InvalidRequest")));
    let (status, _) = send(b"query=x".to_vec(), "application/x-www-form-urlencoded").await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let huge = format!("{{\"query\":\"{}\"}}", "x".repeat(10 << 20));
    let (status, error) = send(huge.into_bytes(), "application/json").await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(error["message"].as_str().unwrap().contains("2097152 bytes"), "{error}");

    let (status, error) = server.get("/query").await;
    assert_eq!((status, &error["error"]), (StatusCode::METHOD_NOT_ALLOWED, &json!("MethodNotAllowed")));
    let (status, _) = server.post("/api/dbs/create", json!({ "name": ".." })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = server.json(Method::DELETE, "/api/dbs/nope", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = server.post("/api/dbs/use", json!({ "name": "nope" })).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = server.get("/api/docs?db=nope").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = server.post("/api/provider", json!({ "name": "skynet" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

/// Files that cannot be ingested, and what is said of each.
fn bad_files(workplace: &Workplace) -> Vec<(&'static str, &'static str)> {
    workplace.write("bad/empty.md", "");
    workplace.write("bad/junk.txt", (0..4_096u32).map(|n| (n * 7 % 256) as u8).collect::<Vec<_>>());
    workplace.write("bad/broken.docx", b"PK\x03\x04 not really a zip");
    let pdf = fs::read(workplace.path("docs/refund-policy.pdf")).unwrap();
    workplace.write("bad/truncated.pdf", &pdf[..pdf.len() / 3]);
    // Sparse: two gigabytes that take no room on the disk.
    fs::File::create(workplace.path("bad/huge.txt")).unwrap().set_len(2 << 30).unwrap();
    vec![("empty.md", "empty"), ("junk.txt", ""), ("broken.docx", ""), ("truncated.pdf", ""), ("huge.txt", "bytes")]
}

#[tokio::test]
async fn bad_files_do_not_stop_the_others_and_are_all_named() {
    let workplace = Workplace::new();
    let bad = bad_files(&workplace);
    workplace.write("bad/good.md", "The one good file says that the tide turns at noon.");
    workplace.write("bad/latin1.txt", b"Caf\xe9 opening hours are from eight to noon, every day of the week.");
    let server = workplace.serve(&[]);

    let (status, report) = server.post("/api/ingest", json!({ "paths": ["bad"] })).await;
    assert_eq!(status, StatusCode::OK, "{report:#}");
    assert_eq!(report["documents"]["added"], 2, "{report:#}");
    assert_eq!(report["documents"]["failed"], bad.len());
    let errors = report["errors"].as_array().unwrap();
    for (file, says) in bad {
        let error = errors.iter().find(|e| e["file"].as_str().unwrap().ends_with(file));
        let error = error.unwrap_or_else(|| panic!("{file} is not named: {report:#}"));
        assert!(error["error"].as_str().unwrap().contains(says), "{error}");
    }
    let lossy = &report["warnings"][0];
    assert!(lossy["file"].as_str().unwrap().ends_with("latin1.txt"), "{report:#}");
    assert!(server.ask("When does the tide turn?").await["answer"].as_str().unwrap().contains("noon"));
    let (_, list) = server.get("/api/docs").await;
    assert_eq!(list["docs"].as_array().unwrap().len(), 2, "nothing of the bad ones is stored");
}

#[tokio::test]
async fn nothing_outside_the_document_roots_is_read() {
    let workplace = Workplace::new();
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret.md");
    fs::write(&secret, "The password is swordfish.").unwrap();
    let server = workplace.serve(&["--docs-root", "docs"]);
    let mut paths = vec![secret.to_str().unwrap().to_owned(), "../secret.md".into(), "/etc/hostname".into()];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&secret, workplace.path("docs/leak.md")).unwrap();
        paths.push("docs/leak.md".into());
    }
    for path in paths {
        let (status, error) = server.post("/api/ingest", json!({ "paths": [path] })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {error}");
        assert!(error["errors"][0]["error"].as_str().unwrap().contains("document roots"), "{path}: {error}");
    }
    let (_, dbs) = server.get("/api/dbs").await;
    assert_eq!(dbs["dbs"], json!(["default"]), "no DB is made for nothing");
    let (status, _) = server.post("/api/ingest", json!({ "paths": [] })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_body_is_an_object_and_its_lists_are_bounded() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    // Serde fills a struct from an array, too: an empty one would have cleared the cache.
    for (path, body) in [
        ("/api/cache/clear", json!([true])),
        ("/api/cache/config", json!([])),
        ("/api/ingest", json!([["docs"]])),
        ("/query", json!(["x"])),
    ] {
        let (status, error) = server.post(path, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {error}");
        assert!(error["message"].as_str().unwrap().contains("must be an object"), "{path}: {error}");
    }
    let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    let bad = StatusCode::BAD_REQUEST;
    refused(&server, json!({ "query": "x", "languages": many }), bad, "\"languages\" must have at most 100").await;
    refused(&server, json!({ "query": "x", "versions": many }), bad, "\"versions\" must have at most 100").await;
    let sources: Vec<String> = (0..10_001).map(|n| n.to_string()).collect();
    let (status, error) = server.json(Method::DELETE, "/api/docs", Some(&json!({ "sources": sources }))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{error}");
}

#[test]
fn what_any_route_may_answer_is_described_for_each() {
    let described = serde_json::to_value(ragctl::server::openapi_document()).unwrap();
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap();
            let body: &[&str] = if operation["requestBody"].is_object() { &["408", "413", "415", "507"] } else { &[] };
            for status in ["400", "404", "405", "421", "500", "503"].iter().chain(body) {
                assert!(answers.contains_key(*status), "{method} {path} does not describe {status}");
            }
        }
    }
}

#[tokio::test]
async fn a_query_string_that_is_no_text_is_refused() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    for (query, says) in [
        ("db=default&x=%zz", "hexadecimal"),
        ("db=default&x=%", "hexadecimal"),
        ("x=%f&db=default", "hexadecimal"),
        ("db=default&x=%ff%fe", "not UTF-8"),
        ("db=%ff", "not UTF-8"),
        ("db=default&db=default", "`db`"),
    ] {
        for route in ["/api/docs", "/api/filters"] {
            let (status, error) = server.get(&format!("{route}?{query}")).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{route}?{query}: {error}");
            assert!(error["message"].as_str().unwrap().contains(says), "{query}: {error}");
            assert!(error["request_id"].is_string() && error["detail"] == error["message"], "{error}");
        }
    }
    for query in ["db=def%61ult", "x=100%25", "x=%C3%BC", ""] {
        assert_eq!(server.get(&format!("/api/docs?{query}")).await.0, StatusCode::OK, "{query}");
    }
}
