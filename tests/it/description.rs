//! The description of the API says what the server takes and answers, and errors have one form.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Server, Workplace};

async fn description(server: &Server) -> Value {
    server.get("/openapi.json").await.1
}

fn schema<'a>(description: &'a Value, name: &str) -> &'a Value {
    let schema = &description["components"]["schemas"][name];
    assert!(schema.is_object(), "{name} is not described");
    schema
}

fn is_error(body: &Value) {
    for field in ["error", "message", "detail", "request_id"] {
        assert!(body[field].is_string(), "{field} is missing in {body}");
    }
}

#[tokio::test]
async fn every_route_describes_what_it_may_answer() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let description = description(&server).await;
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let mut statuses = vec!["400", "421", "500", "503"];
            if operation["requestBody"].is_object() {
                statuses.extend(["408", "413", "415"]);
            }
            for status in statuses {
                let schema = &operation["responses"][status]["content"]["application/json"]["schema"];
                assert!(schema.to_string().contains("ErrorBody"), "{method} {path} {status}: {schema}");
            }
        }
    }
    let ready = &description["paths"]["/health/ready"]["get"]["responses"]["503"]["content"]["application/json"];
    assert!(ready.to_string().contains("ReadyResponse"), "its own answer is described as well: {ready}");
    let stream = &description["paths"]["/api/stream_query"]["post"]["responses"]["200"]["content"];
    assert!(stream["text/plain"].is_object() && stream["text/event-stream"].is_object(), "{stream}");
}

#[tokio::test]
async fn parameters_that_cannot_be_read_are_errors_in_the_one_form() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    for (method, path, status) in [
        (Method::GET, "/api/docs?db=a&db=b", StatusCode::BAD_REQUEST),
        (Method::GET, "/api/filters?db=a&db=b", StatusCode::BAD_REQUEST),
        (Method::DELETE, "/api/dbs/%ff%fe", StatusCode::BAD_REQUEST),
        (Method::GET, "/docs/no-such-file.js", StatusCode::NOT_FOUND),
    ] {
        let (got, body) = server.json(method, path, None).await;
        assert_eq!(got, status, "{path}: {body}");
        is_error(&body);
    }
}

#[tokio::test]
async fn bounds_that_are_described_are_those_that_are_enforced() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let description = description(&server).await;
    let number = |value: &Value| value.as_u64().unwrap() as usize;

    let longest = number(&schema(&description, "QuestionText")["maxLength"]);
    let path = schema(&description, "PathText");
    let ingest = &schema(&description, "IngestRequest")["properties"];
    let (paths, path, version) =
        (number(&ingest["paths"]["maxItems"]), number(&path["maxLength"]), number(&ingest["version"]["maxLength"]));
    assert_eq!((longest, paths, path, version), (8_000, 1_000, 4_096, 64));
    let cases = [
        ("/api/query", json!({ "query": "x".repeat(longest) }), json!({ "query": "x".repeat(longest + 1) })),
        ("/api/ingest", json!({ "paths": vec!["n"; paths] }), json!({ "paths": vec!["n"; paths + 1] })),
        ("/api/ingest", json!({ "paths": ["n".repeat(path)] }), json!({ "paths": ["n".repeat(path + 1)] })),
        (
            "/api/ingest",
            json!({ "paths": ["n"], "version": "v".repeat(version) }),
            json!({ "paths": ["n"], "version": "v".repeat(version + 1) }),
        ),
    ];
    for (route, within, beyond) in cases {
        let (status, _) = server.post(route, within).await;
        assert_ne!(status, StatusCode::BAD_REQUEST, "{route}: the bound is allowed");
        let (status, error) = server.post(route, beyond).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{route}: {error}");
    }

    let config = &schema(&description, "CacheConfigRequest")["properties"];
    for field in ["similarity_threshold", "ttl", "max_size"] {
        let (least, most) = (&config[field]["minimum"], &config[field]["maximum"]);
        for (value, status) in [
            (least.clone(), StatusCode::OK),
            (most.clone(), StatusCode::OK),
            (json!(least.as_f64().unwrap() / 2.0), StatusCode::BAD_REQUEST),
            (json!(most.as_f64().unwrap() * 2.0), StatusCode::BAD_REQUEST),
        ] {
            let (got, answer) = server.post("/api/cache/config", json!({ field: value })).await;
            assert_eq!(got, status, "{field}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_whole_number_may_be_written_with_a_point() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let ask = |k: Value| server.post("/query", json!({ "query": "refund of yearly plans", "k": k }));
    let (status, answer) = ask(json!(2.0)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["contexts"].as_array().unwrap().len(), 2);
    let (status, error) = ask(json!(1.5)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(error["message"].as_str().unwrap().starts_with("field \"k\": "), "{error}");
}

#[tokio::test]
async fn requests_for_one_thing_are_described_as_such() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let description = description(&server).await;
    assert_eq!(schema(&description, "ProviderName")["enum"], json!(["embedded"]), "only what this server has");

    let clear = schema(&description, "CacheClearRequest")["anyOf"].as_array().unwrap();
    assert_eq!(clear.len(), 3, "everything, a namespace, or a DB");
    for several in [json!({ "all": true, "db": "x" }), json!({ "namespace": "n", "db": "x" })] {
        assert_eq!(server.post("/api/cache/clear", several).await.0, StatusCode::BAD_REQUEST);
    }

    let either = schema(&description, "AskBody")["allOf"][1]["anyOf"].as_array().unwrap();
    let required: Vec<&Value> = either.iter().map(|one| &one["required"][0]).collect();
    assert_eq!(required, ["query", "question"]);
    for name in ["query", "question"] {
        assert_eq!(server.post("/query", json!({ name: "why?" })).await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn the_figures_of_a_cache_that_is_off_are_described() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let description = description(&server).await;
    server.post("/api/cache/config", json!({ "enabled": false })).await;
    let (_, metrics) = server.get("/api/semantic-cache/metrics").await;
    assert_eq!(metrics["semantic_cache"], json!({ "enabled": false }));
    let states = schema(&description, "CacheBody")["oneOf"].as_array().unwrap();
    let off = states.iter().find(|state| state["properties"]["enabled"]["enum"] == json!([false])).unwrap();
    assert_eq!(off["required"], json!(["enabled"]), "nothing else has to be there");
}
