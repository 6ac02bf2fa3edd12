//! Pages of the web that let their name point to this machine get nothing, and no answer can be framed or sniffed.

use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::support::{Server, Workplace};

const ROUTES: [(Method, &str); 7] = [
    (Method::POST, "/api/query"),
    (Method::POST, "/api/dbs/create"),
    (Method::GET, "/api/docs"),
    (Method::DELETE, "/api/dbs/default"),
    (Method::GET, "/docs/"),
    (Method::GET, "/metrics"),
    (Method::GET, "/no-such-route"),
];

async fn with_host(server: &Server, method: Method, path: &str, host: &str) -> Response {
    let request = server.client().request(method, format!("{}{path}", server.url)).header(header::HOST, host);
    request.json(&json!({ "query": "How long can a voyage be paused?", "name": "rebound" })).send().await.unwrap()
}

#[tokio::test]
async fn a_foreign_host_is_refused_on_every_route_of_a_server_on_loopback() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    for (method, path) in ROUTES {
        let response = with_host(&server, method.clone(), path, "evil.example:8001").await;
        assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST, "{method} {path}");
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["error"], "UnknownHost", "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("\"evil.example\"") && message.contains("--allowed-hosts"), "{message}");
        assert!(error["request_id"].is_string(), "{error}");
    }
    let (_, dbs) = server.get("/api/dbs").await;
    assert_eq!(dbs["dbs"], json!(["default"]), "nothing was done");
    for host in ["localhost:1", "app.localhost", "127.1.2.3", "[::1]:8001"] {
        assert_eq!(with_host(&server, Method::POST, "/api/query", host).await.status(), StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn a_preflight_of_a_foreign_host_is_refused_too() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--cors-origins", "*"]);
    let preflight = |host: &'static str| {
        let request = server.client().request(Method::OPTIONS, format!("{}/api/query", server.url));
        let request = request.header(header::HOST, host).header(header::ORIGIN, "http://app.example");
        request.header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST").send()
    };
    let refused = preflight("evil.example").await.unwrap();
    assert_eq!(refused.status(), StatusCode::MISDIRECTED_REQUEST);
    assert!(!refused.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let allowed = preflight("localhost").await.unwrap();
    assert_eq!(
        (allowed.status(), &allowed.headers()["access-control-allow-origin"]),
        (StatusCode::OK, &"*".parse().unwrap())
    );
}

#[tokio::test]
async fn other_hosts_are_allowed_by_name_or_all() {
    let workplace = Workplace::new();
    let named = workplace.serve(&["--allowed-hosts", "rag.example.com,*.corp.example"]);
    for (host, status) in [
        ("rag.example.com:443", StatusCode::OK),
        ("a.corp.example", StatusCode::OK),
        ("localhost", StatusCode::OK),
        ("evil.example", StatusCode::MISDIRECTED_REQUEST),
    ] {
        assert_eq!(with_host(&named, Method::GET, "/api/dbs", host).await.status(), status, "{host}");
    }
    drop(named);
    let environment = [("RAGCTL_ALLOWED_HOSTS", "*")];
    let open = workplace.serve_with(&["--provider", "embedded"], &environment);
    assert_eq!(with_host(&open, Method::GET, "/api/dbs", "evil.example").await.status(), StatusCode::OK);
    drop(open);
    let mut outside = workplace.serve(&["--host", "0.0.0.0"]);
    outside.url = outside.url.replace("0.0.0.0", "127.0.0.1");
    assert_eq!(with_host(&outside, Method::GET, "/api/dbs", "rag.example.com").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn every_answer_forbids_sniffing_framing_and_referrers() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--max-body-bytes", "1024"]);
    let too_large = json!({ "query": "x".repeat(4_096) });
    for (method, path, body, status) in [
        (Method::GET, "/api/dbs", None, StatusCode::OK),
        (Method::GET, "/docs/", None, StatusCode::OK),
        (Method::GET, "/metrics", None, StatusCode::OK),
        (Method::GET, "/no-such-route", None, StatusCode::NOT_FOUND),
        (Method::GET, "/query", None, StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "/query", Some(&too_large), StatusCode::PAYLOAD_TOO_LARGE),
        (Method::POST, "/query", Some(&Value::Null), StatusCode::BAD_REQUEST),
    ] {
        let response = server.send(method, path, body).await;
        assert_eq!(response.status(), status, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("content-security-policy", "frame-ancestors 'none'"),
        ] {
            assert_eq!(
                response.headers().get(name).map(|value| value.to_str().unwrap()),
                Some(value),
                "{path}: {name}"
            );
        }
    }
    assert!(
        server.text("/docs/swagger-ui-bundle.js").await.len() > 100_000,
        "the page of the API still has its script"
    );
}
