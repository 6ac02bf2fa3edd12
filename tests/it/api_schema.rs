//! Answers are as the description of the API says, and what it allows in a request is what the server takes.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use ragctl::mock::{Fault, MockUpstream, Operation};
use reqwest::{Method, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::support::{Server, Workplace};

/// Keywords that say nothing about which values are valid. A pattern may need more than Rust's expressions have.
const UNCHECKED: [&str; 7] = ["description", "example", "examples", "default", "format", "pattern", "title"];

/// A server's description of its API.
struct Description(Value);

impl Description {
    async fn of(server: &Server) -> Self {
        Self(server.get("/openapi.json").await.1)
    }

    fn operation(&self, method: &Method, path: &str) -> &Value {
        let path = path.split('?').next().unwrap();
        let pattern = if path.starts_with("/api/dbs/") && method == Method::DELETE { "/api/dbs/{name}" } else { path };
        let operation = &self.0["paths"][pattern][method.as_str().to_lowercase()];
        assert!(operation.is_object(), "{method} {path} is not described");
        operation
    }

    /// What is wrong with a value, if anything is.
    fn check(&self, schema: &Value, value: &Value) -> Result<(), String> {
        if let Value::Bool(anything) = schema {
            return if *anything { Ok(()) } else { Err("must not be there".into()) };
        }
        for (keyword, expected) in schema.as_object().unwrap() {
            let fits = match keyword.as_str() {
                "$ref" => {
                    let name = expected.as_str().unwrap().trim_start_matches('#');
                    self.check(self.0.pointer(name).unwrap_or_else(|| panic!("{name} is missing")), value)?;
                    true
                }
                "allOf" | "anyOf" | "oneOf" => self.check_several(keyword, expected, value)?,
                "properties" | "additionalProperties" | "items" | "propertyNames" => {
                    self.check_parts(keyword, schema, value)?;
                    true
                }
                keyword => fits(keyword, expected, value),
            };
            if !fits {
                let value: String = value.to_string().chars().take(200).collect();
                return Err(format!("{value} does not fit \"{keyword}\": {expected}"));
            }
        }
        Ok(())
    }

    fn check_several(&self, keyword: &str, schemas: &Value, value: &Value) -> Result<bool, String> {
        let results: Vec<_> = schemas.as_array().unwrap().iter().map(|schema| self.check(schema, value)).collect();
        let fitting = results.iter().filter(|result| result.is_ok()).count();
        match keyword {
            "allOf" => results.into_iter().collect::<Result<(), _>>().map(|()| true),
            "anyOf" => Ok(fitting > 0),
            _ => Ok(fitting == 1),
        }
    }

    fn check_parts(&self, keyword: &str, schema: &Value, value: &Value) -> Result<(), String> {
        let within = |name: &str, result: Result<(), String>| result.map_err(|error| format!("{name}: {error}"));
        if keyword == "items" {
            for entry in value.as_array().into_iter().flatten() {
                within("entry", self.check(&schema[keyword], entry))?;
            }
        }
        for (name, field) in value.as_object().into_iter().flatten() {
            let described = schema["properties"].get(name);
            match keyword {
                "properties" => described.map_or(Ok(()), |schema| within(name, self.check(schema, field)))?,
                "additionalProperties" if described.is_none() => within(name, self.check(&schema[keyword], field))?,
                "propertyNames" => within(name, self.check(&schema[keyword], &json!(name)))?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Sends a request and checks that its answer is described. Returns it.
    async fn exchange(&self, server: &Server, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let response = server.send(method.clone(), path, body.as_ref()).await;
        let (status, kind) = (response.status(), response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned());
        let text = response.text().await.unwrap();
        let described = &self.operation(&method, path)["responses"][status.as_str()];
        assert!(described.is_object(), "{method} {path}: {status} is not described: {text}");
        let kind = kind.split(';').next().unwrap();
        let schema = &described["content"][kind]["schema"];
        assert!(schema.is_object(), "{method} {path}: {status} is not described as {kind}: {text}");
        let value = if kind == "application/json" { serde_json::from_str(&text).unwrap() } else { json!(text) };
        if let Err(error) = self.check(schema, &value) {
            panic!("{method} {path}: the answer {status} is not as described: {error}\n{value:#}");
        }
        (status, value)
    }
}

/// Whether a value fits a keyword that looks at nothing but the value.
fn fits(keyword: &str, expected: &Value, value: &Value) -> bool {
    let at = |number: Option<f64>, holds: fn(&f64, &f64) -> bool| {
        number.is_none_or(|number| holds(&number, &expected.as_f64().unwrap()))
    };
    let chars = || value.as_str().map(|text| text.chars().count() as f64);
    let entries = || value.as_array().map(|list| list.len() as f64);
    match keyword {
        "type" => match expected {
            Value::Array(types) => types.iter().any(|name| has_type(value, name.as_str().unwrap())),
            name => has_type(value, name.as_str().unwrap()),
        },
        "enum" => expected.as_array().unwrap().contains(value),
        "required" => value.as_object().is_none_or(|object| {
            expected.as_array().unwrap().iter().all(|name| object.contains_key(name.as_str().unwrap()))
        }),
        "minLength" => at(chars(), f64::ge),
        "maxLength" => at(chars(), f64::le),
        "minItems" => at(entries(), f64::ge),
        "maxItems" => at(entries(), f64::le),
        "minimum" => at(value.as_f64(), f64::ge),
        "maximum" => at(value.as_f64(), f64::le),
        other => {
            assert!(UNCHECKED.contains(&other), "this test does not know the keyword \"{other}\"");
            true
        }
    }
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        other => panic!("this test does not know the type \"{other}\""),
    }
}

/// Reads everything that takes no more than a path.
async fn read_all(description: &Description, server: &Server) {
    for (path, item) in description.0["paths"].as_object().unwrap() {
        if item["get"].is_object() {
            description.exchange(server, Method::GET, path, None).await;
        }
    }
}

#[tokio::test]
async fn answers_are_as_described() {
    let workplace = Workplace::new();
    workplace.write("more/empty.md", "");
    workplace.write("more/tide.md", "The tide turns at noon.");
    let server = workplace.serve(&["--docs", "docs"]);
    let description = Description::of(&server).await;
    read_all(&description, &server).await;
    let question = "How long can a voyage be paused?";
    let steps = [
        (Method::POST, "/api/query", json!({ "query": question }), 200),
        (Method::POST, "/query", json!({ "question": question }), 200),
        (Method::POST, "/query", json!({ "query": question, "cache": false, "languages": ["xx"] }), 200),
        (Method::POST, "/query", json!({ "query": question, "db": "nope" }), 404),
        (Method::POST, "/query", json!({ "query": "" }), 400),
        (Method::POST, "/api/stream_query", json!({ "query": question }), 200),
        (Method::POST, "/api/stream_query", json!({ "query": question, "k": 0 }), 400),
        (Method::POST, "/api/ingest", json!({ "paths": ["more"], "db": "more" }), 200),
        (Method::POST, "/api/ingest", json!({ "paths": ["nowhere"] }), 422),
        (Method::GET, "/api/docs?db=more", Value::Null, 200),
        (Method::GET, "/api/docs?db=nope", Value::Null, 404),
        (Method::GET, "/api/filters?db=a%20b", Value::Null, 400),
        (Method::DELETE, "/api/docs", json!({ "sources": ["more/tide.md", "?"], "db": "more" }), 200),
        (Method::GET, "/api/sync", Value::Null, 200),
        (Method::GET, "/api/sync?db=a%20b", Value::Null, 400),
        (Method::POST, "/api/sync", json!({}), 404),
        (Method::POST, "/api/sync", json!({ "confirm": "yes" }), 400),
        (Method::POST, "/api/dbs/create", json!({ "name": "other" }), 200),
        (Method::POST, "/api/dbs/create", json!({ "name": "other" }), 409),
        (Method::POST, "/api/dbs/use", json!({ "name": "other" }), 200),
        (Method::POST, "/api/dbs/use", json!({ "name": "nope" }), 404),
        (Method::DELETE, "/api/dbs/other", Value::Null, 200),
        (Method::DELETE, "/api/dbs/other", Value::Null, 404),
        (Method::POST, "/api/provider", json!({ "name": "embedded" }), 200),
        (Method::POST, "/api/provider", json!({ "name": "ollama" }), 400),
        (Method::POST, "/api/cache/config", json!({ "ttl": 60, "max_size": 5.0 }), 200),
        (Method::POST, "/api/cache/clear", json!({}), 200),
        (Method::POST, "/api/cache/config", json!({ "enabled": false }), 200),
    ];
    for (method, path, body, expected) in steps {
        let body = Some(body).filter(|body| !body.is_null());
        let (status, answer) = description.exchange(&server, method.clone(), path, body.clone()).await;
        assert_eq!(status.as_u16(), expected, "{method} {path} {body:?}: {answer:#}");
    }
    // The cache is off now, and a DB is gone.
    read_all(&description, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_the_llm_are_as_described() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let url = mock.url();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/src/providers/embedded/model");
    let ollama = ["--docs", "docs", "--provider", "ollama", "--ollama-url", &url, "--embed-model", model];
    let breaker = ["--no-fallback", "--max-retries", "0", "--breaker-failures", "2"];
    let server = workplace.serve_with(&[&ollama[..], &breaker[..]].concat(), &[]);
    let description = Description::of(&server).await;
    let ask = || Some(json!({ "query": "How long can a voyage be paused?", "cache": false }));
    let (status, answer) = description.exchange(&server, Method::POST, "/query", ask()).await;
    assert_eq!(status, StatusCode::OK, "{answer:#}");

    mock.fault(Operation::Generate, Some(Fault::Status { code: 500, retry_after: None }));
    for path in ["/query", "/api/stream_query", "/api/query"] {
        let (status, answer) = description.exchange(&server, Method::POST, path, ask()).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}: {answer:#}");
    }
    read_all(&description, &server).await;
    let (_, metrics) = server.get("/metrics/circuit-breaker").await;
    assert_eq!(metrics["state"], "OPEN", "a breaker with a history was read: {metrics:#}");

    let nobody = ["--provider", "ollama", "--ollama-url", "http://127.0.0.1:9", "--no-fallback"];
    let server = workplace.serve_with(&nobody, &[]);
    let description = Description::of(&server).await;
    let (status, _) = description.exchange(&server, Method::GET, "/health/ready", None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    read_all(&description, &server).await;
}

#[tokio::test]
async fn what_is_described_is_what_is_taken() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let description = Description::of(&server).await;
    let long = |chars: usize| "ü".repeat(chars);
    let query = |field: &str, value: Value| (Method::POST, "/api/query", json!({ "query": "x", field: value }));
    let delete = |sources: Value| (Method::DELETE, "/api/docs", json!({ "sources": sources }));
    let of = |kind: &str, value: Value| json!({ "type": kind, "key": "a", "value": value });
    let all = |filters: Value| json!({ "type": "and", "filters": filters });
    let ingest = |metadata: Value| (Method::POST, "/api/ingest", json!({ "paths": ["docs"], "metadata": metadata }));
    // What is allowed, and the nearest that is not.
    let pairs = [
        (query("languages", json!(vec!["en"; 100])), query("languages", json!(vec!["en"; 101]))),
        (query("languages", json!([long(64)])), query("languages", json!(["en", long(65)]))),
        (query("versions", json!(vec!["1"; 100])), query("versions", json!(vec!["1"; 101]))),
        (query("versions", json!([long(64)])), query("versions", json!([long(65)]))),
        (query("k", json!(50)), query("k", json!(51))),
        (query("rrf_k", json!(1000)), query("rrf_k", json!(1001))),
        (query("bm25_weight", json!(1)), query("bm25_weight", json!(1.000_001))),
        (query("cache", Value::Null), query("cache", json!("no"))),
        (query("unknown", json!([1])), query("languages", json!([1]))),
        (query("filter", Value::Null), query("filter", json!("team=legal"))),
        (query("filter", of("eq", json!(1))), query("filter", of("equals", json!(1)))),
        (query("filter", of("eq", json!(long(4_096)))), query("filter", of("eq", json!(long(4_097))))),
        (query("filter", of("in", json!([1, "a", true]))), query("filter", of("in", json!([[1]])))),
        (query("filter", of("in", json!([]))), query("filter", of("in", json!("a")))),
        (query("filter", all(json!([of("ne", json!("a"))]))), query("filter", all(json!([])))),
        (query("filter", all(json!([of("lt", json!(1))]))), query("filter", all(json!([{"type": "eq", "key": "a"}])))),
        (query("filter", all(json!([all(json!([of("gt", json!(1))]))]))), query("filter", all(json!({})))),
        (ingest(json!({"a": [1, "x"]})), ingest(json!({"a": [[1]]}))),
        (ingest(json!({"a": long(1_024)})), ingest(json!({"a": long(1_025)}))),
        (ingest(json!({})), ingest(json!({"a": null}))),
        (delete(json!(vec!["x"; 10_000])), delete(json!(vec!["x"; 10_001]))),
        (delete(json!([long(4_096)])), delete(json!([long(4_097)]))),
        (
            (Method::POST, "/api/cache/clear", json!({ "all": true })),
            (Method::POST, "/api/cache/clear", json!({ "all": true, "db": "default" })),
        ),
        ((Method::POST, "/api/cache/clear", json!({})), (Method::POST, "/api/cache/clear", json!([true]))),
        ((Method::POST, "/api/cache/config", json!({})), (Method::POST, "/api/cache/config", json!([]))),
    ];
    for (allowed, refused) in pairs {
        for ((method, path, body), valid) in [(allowed, true), (refused, false)] {
            let schema = &description.operation(&method, path)["requestBody"]["content"]["application/json"]["schema"];
            let text: String = body.to_string().chars().take(100).collect();
            assert_eq!(description.check(schema, &body).is_ok(), valid, "{path} describes {text} otherwise");
            let (status, answer) = description.exchange(&server, method, path, Some(body)).await;
            let expected = if valid { StatusCode::OK } else { StatusCode::BAD_REQUEST };
            assert_eq!(status, expected, "{path} {text}: {answer}");
        }
    }
}

#[tokio::test]
async fn an_entry_that_is_too_long_is_named() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let long = "x".repeat(1_000_000);
    for (method, path, body, says) in [
        (Method::POST, "/query", json!({ "query": "x", "languages": ["en", long] }), "\"languages[1]\" must have"),
        (Method::POST, "/query", json!({ "query": "x", "versions": [long] }), "\"versions[0]\" must have"),
        (Method::DELETE, "/api/docs", json!({ "sources": [long] }), "\"sources[0]\" must have"),
    ] {
        let (status, error) = server.json(method, path, Some(&body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{error}");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
}

/// The status of the answer to a request that no client would send.
fn status_line(server: &Server, request: &str) -> u16 {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    // The server answers and closes before it has read everything.
    let _ = stream.write_all(request.as_bytes());
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    std::str::from_utf8(&start[9..]).unwrap().parse().unwrap()
}

#[tokio::test]
async fn statuses_of_the_connection_and_of_a_full_disk_are_described() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let description = Description::of(&server).await;
    let long = "x".repeat(70_000);
    assert_eq!(status_line(&server, &format!("GET /api/docs?db={long} HTTP/1.1\r\nHost: localhost\r\n\r\n")), 414);
    let headers = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
    assert_eq!(status_line(&server, &format!("GET /api/docs HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")), 431);
    for (path, item) in description.0["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for status in ["414", "431"] {
                let answer = &operation["responses"][status];
                assert!(answer.is_object() && answer["content"].is_null(), "{method} {path} {status}: {answer}");
            }
        }
    }
    for path in ["/api/docs", "/api/filters"] {
        assert!(description.operation(&Method::GET, path)["responses"]["507"].is_object(), "{path}");
    }
}
