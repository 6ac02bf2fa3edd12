//! Metadata of documents and filters on it, from the file to the answer.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Server, Workplace, text};

/// A document on one subject, with front matter.
fn note(matter: &str, subject: &str) -> String {
    format!("---\n{matter}\n---\nThe {subject} of the harbour is open from nine to five on working days.\n")
}

/// Documents that a question cannot tell apart.
fn workplace() -> Workplace {
    let workplace = Workplace { folder: tempfile::tempdir().unwrap() };
    workplace.write("notes/a.md", note("team: legal\nyear: 2024\ntags: [x, y]\ndue: 2026-03-01", "office"));
    workplace.write("notes/b.md", note("team: sales\nyear: 2025\ndraft: true", "shop"));
    workplace.write("notes/c.md", note("team: legal\nyear: 2026", "museum"));
    workplace.write("plain.txt", "The library of the harbour is open from nine to five on working days.");
    workplace
}

const RULES: &str = "[[metadata]]\npath = 'notes/*'\nfields = { kind = 'note', team = 'nobody' }\n\
                     [[metadata]]\npath = '*/b.md'\nfields = { team = 'market', since = 2026-01-31 }\n";

async fn documents(server: &Server, filter: Value) -> Vec<String> {
    let docs = listed(server, filter).await;
    docs.iter().map(|doc| doc["source"].as_str().unwrap().to_owned()).collect()
}

async fn listed(server: &Server, filter: Value) -> Vec<Value> {
    let url = reqwest::Url::parse_with_params(&format!("{}/api/docs", server.url), [("filter", filter.to_string())]);
    let response = server.client().get(url.unwrap()).send().await.unwrap();
    let (status, body): (_, Value) = (response.status(), response.json().await.unwrap());
    assert_eq!(status, StatusCode::OK, "{body:#}");
    assert_eq!(body["total"].as_u64().unwrap() as usize, body["docs"].as_array().unwrap().len());
    body["docs"].as_array().unwrap().clone()
}

async fn metadata(server: &Server, source: &str) -> Value {
    let docs = listed(server, eq("source", source)).await;
    docs[0]["metadata"].clone()
}

/// Sources of the passages of an answer.
async fn asked(server: &Server, method: &str, filter: Value) -> BTreeSet<String> {
    let body =
        json!({"query": "When is the harbour open?", "method": method, "k": 20, "filter": filter, "cache": false});
    let (status, answer) = server.post("/api/query", body).await;
    assert_eq!(status, StatusCode::OK, "{answer:#}");
    let metadatas = answer["metadatas"].as_array().unwrap();
    metadatas.iter().map(|passage| passage["source"].as_str().unwrap().to_owned()).collect()
}

fn eq(key: &str, value: impl Into<Value>) -> Value {
    json!({"type": "eq", "key": key, "value": value.into()})
}

#[tokio::test]
async fn both_searches_and_lists_are_narrowed_to_what_a_filter_means() {
    let workplace = workplace();
    let server = workplace.serve(&["--docs", "notes", "plain.txt"]);
    for (filter, expected) in [
        (eq("team", "legal"), "notes/a.md notes/c.md"),
        (json!({"type": "ne", "key": "team", "value": "legal"}), "notes/b.md plain.txt"),
        (json!({"type": "gte", "key": "year", "value": 2025}), "notes/b.md notes/c.md"),
        (json!({"type": "lt", "key": "year", "value": 2025.5}), "notes/a.md notes/b.md"),
        (json!({"type": "in", "key": "tags", "value": ["y", "z"]}), "notes/a.md"),
        (eq("draft", true), "notes/b.md"),
        (json!({"type": "lte", "key": "due", "value": "2026-03-01"}), "notes/a.md"),
        (eq("format", "text"), "plain.txt"),
        (json!({"type": "like", "key": "source", "value": "notes/[bc]*"}), "notes/b.md notes/c.md"),
        (
            json!({"type": "and", "filters": [eq("team", "legal"), json!({"type": "gt", "key": "year", "value": 2024})]}),
            "notes/c.md",
        ),
        (json!({"type": "or", "filters": [eq("draft", true), eq("format", "text")]}), "notes/b.md plain.txt"),
        (json!({"type": "gt", "key": "modified", "value": 1_000_000}), "notes/a.md notes/b.md notes/c.md plain.txt"),
        (json!({"type": "lt", "key": "ingested", "value": "2020-01-01"}), ""),
        (eq("no such field", 1), ""),
    ] {
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(documents(&server, filter.clone()).await, expected, "{filter}");
        for method in ["vector", "bm25", "hybrid"] {
            let found = asked(&server, method, filter.clone()).await;
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{method} {filter}");
        }
    }
    // The other name, a stream, and the fields that there were before.
    let body = json!({"query": "When is the harbour open?", "filters": eq("team", "sales"), "languages": ["en"]});
    let plain = server.send(Method::POST, "/api/stream_query", Some(&body)).await.text().await.unwrap();
    assert!(plain.contains("notes/b.md") && !plain.contains("notes/a.md"), "{plain}");
    let (_, nothing) =
        server.post("/query", json!({"query": "When?", "filter": eq("team", "sales"), "languages": ["de"]})).await;
    assert_eq!(nothing["contexts"], json!([]));
}

#[tokio::test]
async fn metadata_comes_from_file_rules_and_request_and_changes_by_itself() {
    let workplace = workplace();
    workplace.write("ragctl.toml", RULES);
    let server = workplace.serve(&[]);
    let ingest = |metadata: Option<Value>| {
        let mut body = json!({"paths": ["notes"]});
        if let Some(metadata) = metadata {
            body["metadata"] = metadata;
        }
        server.post("/api/ingest", body)
    };
    let (_, report) = ingest(None).await;
    assert_eq!(report["documents"]["added"], 3, "{report:#}");
    assert_eq!(
        metadata(&server, "notes/b.md").await,
        json!({"team": "market", "kind": "note", "year": 2025, "draft": true, "since": "2026-01-31"})
    );
    assert_eq!(metadata(&server, "notes/a.md").await["team"], "nobody");

    let question = json!({"query": "When is the harbour open?", "filter": eq("status", "new")});
    let (_, nothing) = server.post("/query", question.clone()).await;
    assert_eq!(nothing["contexts"], json!([]));
    let (_, report) = ingest(Some(json!({"status": "new", "team": "mine"}))).await;
    assert_eq!((&report["documents"]["updated"], &report["chunks_indexed"]), (&json!(3), &json!(0)), "{report:#}");
    assert_eq!(metadata(&server, "notes/a.md").await["team"], "mine");
    let (_, found) = server.post("/query", question.clone()).await;
    assert_eq!(found["contexts"].as_array().unwrap().len(), 3, "the answer of before is not given again");
    let (_, again) = server.post("/query", question.clone()).await;
    assert_eq!(again["cache_hit"], true, "{again:#}");
    // Another filter is another question, and another order of the same is not.
    let both = |first: Value, second: Value| json!({"query": "When is the harbour open?", "filter": {"type": "and", "filters": [first, second]}});
    let (status, year) = (eq("status", "new"), json!({"type": "gte", "key": "year", "value": 2026}));
    let (_, narrower) = server.post("/query", both(status.clone(), year.clone())).await;
    assert_eq!((&narrower["cache_hit"], narrower["contexts"].as_array().unwrap().len()), (&json!(false), 1));
    let (_, turned) = server.post("/query", both(year, status)).await;
    assert_eq!(turned["cache_hit"], true);

    // Without metadata in the request, that of before stays; with none in it, it goes.
    let (_, report) = ingest(None).await;
    assert_eq!(report["documents"]["unchanged"], 3, "{report:#}");
    // A changed file has its new metadata, and that which a request gave.
    workplace.write("notes/a.md", note("team: other\nyear: 2030", "office"));
    ingest(None).await;
    let of_a = metadata(&server, "notes/a.md").await;
    assert_eq!((&of_a["year"], &of_a["status"], of_a.get("tags")), (&json!(2030), &json!("new"), None));
    ingest(Some(json!({}))).await;
    let (_, gone) = server.post("/query", question).await;
    assert_eq!((&gone["contexts"], &gone["cache_hit"]), (&json!([]), &json!(false)), "not even from the cache");
    assert_eq!(metadata(&server, "notes/a.md").await, json!({"team": "nobody", "kind": "note", "year": 2030}));

    // In detail as in lists; and what is removed is not found any more.
    let docs = listed(&server, eq("kind", "note")).await;
    let (_, detail) = server.get(&format!("/api/docs/{}", docs[0]["id"].as_str().unwrap())).await;
    assert_eq!(detail["metadata"], docs[0]["metadata"]);
    let sources = json!({"sources": ["notes/a.md", "notes/b.md"]});
    server.send(Method::DELETE, "/api/docs", Some(&sources)).await;
    assert_eq!(documents(&server, eq("kind", "note")).await, ["notes/c.md"]);
    assert_eq!(asked(&server, "hybrid", eq("kind", "note")).await.into_iter().collect::<Vec<_>>(), ["notes/c.md"]);
}

#[tokio::test]
async fn facets_say_what_filters_can_ask_for() {
    let workplace = workplace();
    let server = workplace.serve(&["--docs", "notes", "plain.txt"]);
    let (status, filters) = server.get("/api/filters").await;
    assert_eq!((status, filters["languages"].is_array()), (StatusCode::OK, true));
    let key = |name: &str| filters["keys"].as_array().unwrap().iter().find(|key| key["key"] == name).unwrap().clone();
    assert_eq!(
        key("team"),
        json!({"key": "team", "type": "string", "documents": 3, "distinct": 2,
        "values": [{"value": "legal", "documents": 2}, {"value": "sales", "documents": 1}]})
    );
    assert_eq!(
        (&key("year")["type"], &key("year")["min"], &key("year")["max"]),
        (&json!("number"), &json!(2024), &json!(2026))
    );
    assert_eq!(
        (&key("draft")["type"], &key("due")["type"], &key("due")["min"]),
        (&json!("boolean"), &json!("date"), &json!("2026-03-01T00:00:00Z"))
    );
    assert_eq!((&key("format")["documents"], &key("modified")["type"]), (&json!(4), &json!("date")));
}

#[tokio::test]
async fn what_is_no_filter_and_no_metadata_is_refused_with_its_place() {
    let workplace = workplace();
    let server = workplace.serve(&["--docs", "notes"]);
    let mut deep = eq("a", 1);
    for _ in 0..30 {
        deep = json!({"type": "and", "filters": [deep]});
    }
    for (filter, words) in [
        (json!("team=legal"), "field \"filter\" must be an object"),
        (json!({"type": "eq", "key": "team"}), "field \"filter.value\" is missing"),
        (json!({"type": "about", "key": "a", "value": 1}), "field \"filter.type\" must be one of eq"),
        (eq("modified", "soon"), "field \"filter.value\" must be a date"),
        (eq("source", 5), "field \"filter.value\" must be a text for \"source\""),
        (deep, "is nested too deeply: at most 16"),
    ] {
        let (status, error) = server.post("/api/query", json!({"query": "When?", "filter": filter})).await;
        assert_eq!((status, &error["error"]), (StatusCode::BAD_REQUEST, &json!("InvalidRequest")));
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    }
    // As deep as no parser of JSON goes.
    let nested = format!("{}{}", "{\"type\":\"and\",\"filters\":[".repeat(1_000), "]}".repeat(1_000));
    let body = format!("{{\"query\":\"When?\",\"filter\":{nested}}}");
    let request = server.client().post(format!("{}/api/query", server.url)).header("content-type", "application/json");
    let response = request.body(body).send().await.unwrap();
    let (status, error): (_, Value) = (response.status(), response.json().await.unwrap());
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(error["message"].as_str().unwrap().contains("is nested too deeply"), "{error}");
    let url = reqwest::Url::parse_with_params(&format!("{}/api/docs", server.url), [("filter", nested)]).unwrap();
    let response = server.client().get(url).send().await.unwrap();
    let (status, error): (_, Value) = (response.status(), response.json().await.unwrap());
    assert_eq!(status, StatusCode::BAD_REQUEST, "{error}");
    assert!(error["message"].as_str().unwrap().contains("is nested too deeply"), "{error}");

    let both = json!({"query": "When?", "filter": eq("a", 1), "filters": eq("a", 2)});
    assert_eq!(server.post("/api/query", both).await.0, StatusCode::BAD_REQUEST);
    for (metadata, words) in [
        (json!({"a": {"b": 1}}), "field \"metadata.a\" must be a text"),
        (json!({"a": [null]}), "field \"metadata.a[0]\" must be"),
        (json!("a=b"), "field \"metadata\""),
        (json!({"a": "x".repeat(2_000)}), "at most 1024 characters"),
    ] {
        let (status, error) = server.post("/api/ingest", json!({"paths": ["notes"], "metadata": metadata})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
    }
}

#[test]
fn the_command_line_gives_metadata_and_filters() {
    let workplace = workplace();
    let given = [
        "ingest",
        "notes",
        "plain.txt",
        "--provider",
        "embedded",
        "--metadata",
        "status=new",
        "--metadata",
        "{\"level\": 3}",
    ];
    let output = workplace.run(&given);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let ask = |filters: &[&str]| {
        let question = ["query", "When is the harbour open?", "--provider", "embedded", "--json"];
        let output = workplace.run(&[&question, filters].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let sources = answer["metadatas"].as_array().unwrap().iter().map(|m| m["source"].as_str().unwrap().to_owned());
        sources.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(ask(&["--where", "team=legal"]), "notes/a.md notes/c.md");
    assert_eq!(ask(&["--where", "team=legal", "--where", "year>=2025", "--where", "level=3"]), "notes/c.md");
    assert_eq!(
        ask(&["--filter", "{\"type\":\"nin\",\"key\":\"team\",\"value\":[\"legal\"]}", "--where", "source~notes/*"]),
        "notes/b.md"
    );
    assert_eq!(ask(&["--where", "status!=new"]), "");
    for (arguments, words) in [
        (&["query", "x", "--where", "legal"][..], "write key=value"),
        (&["query", "x", "--filter", "{\"type\":\"eq\"}"], "\"filter.key\" is missing"),
        (&["ingest", "notes", "--metadata", "legal"], "write KEY=VALUE"),
        (&["ingest", "notes", "--metadata", "{\"a\":{}}"], "\"metadata.a\" must be"),
        (&["ingest", "notes", "--metadata-rule", "{\"path\":\"*\"}"], "fields is missing"),
    ] {
        let output = workplace.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(words), "{}", text(&output.stderr));
    }
}
