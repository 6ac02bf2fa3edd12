//! How passages were found: in answers, in searches, and in the terminal.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Server, Workplace, text};

const QUESTION: &str = "How long can a refund be asked for?";

fn stages(explained: &Value) -> Vec<&str> {
    let stages = explained["explanation"].as_array().unwrap_or_else(|| panic!("no explanation: {explained:#}"));
    stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect()
}

/// The rank that a method gives a context.
fn rank(context: &Value, method: &str) -> Option<u64> {
    let scores = context["scores"].as_array().unwrap();
    scores.iter().find(|score| score["method"] == method)?["rank"].as_u64()
}

async fn search(server: &Server, request: Value) -> Value {
    let (status, found) = server.post("/api/search", request).await;
    assert_eq!(status, StatusCode::OK, "{found:#}");
    found
}

#[tokio::test]
async fn an_answer_tells_what_each_stage_did_and_each_method_says_when_it_is_asked_to() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let plain = server.post("/query", json!({ "query": QUESTION, "cache": false })).await.1;
    assert!(plain.get("explanation").is_none() && plain["metadatas"][0].get("scores").is_none(), "{plain:#}");

    let request = json!({ "query": QUESTION, "cache": false, "explain": true });
    let explained = server.post("/query", request).await.1;
    assert_eq!(stages(&explained), ["retrieve", "fuse", "read", "merge"]);
    let first = &explained["explanation"][0];
    assert_eq!(first["got"], 0);
    assert!(first["found"].as_u64().unwrap() > 0 && first["changed"].as_str().unwrap().contains("by words"), "{first}");
    let best = &explained["metadatas"][0];
    assert_eq!(rank(best, "fusion"), Some(1), "{best:#}");
    assert!(best["why"].as_str().unwrap().contains("#1 of all candidates"), "{best:#}");
    assert_eq!(explained["metadatas"].as_array().unwrap().len(), explained["contexts"].as_array().unwrap().len());
}

/// A search finds what an answer is made from, asks no model and no cache, and explains itself unless that is not wanted.
#[tokio::test]
async fn a_search_finds_the_passages_of_the_answer() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let answer = server.ask(QUESTION).await;
    let found = search(&server, json!({ "query": QUESTION })).await;
    assert_eq!(found["contexts"], answer["contexts"]);
    assert!(found.get("answer").is_none() && found["timings_ms"]["generate"] == 0.0, "{found:#}");
    assert_eq!(stages(&found).len(), 4);
    assert!(search(&server, json!({ "query": QUESTION, "explain": false })).await.get("explanation").is_none());
    // With one search there is one list.
    for (mode, absent) in [("bm25", "vector"), ("vector", "bm25")] {
        let found = search(&server, json!({ "query": QUESTION, "method": mode })).await;
        let best = &found["metadatas"][0];
        assert_eq!((rank(best, mode), rank(best, absent)), (Some(1), None), "{best:#}");
    }
    let (status, refused) = server.post("/api/search", json!({ "query": "", "k": 3 })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    let (status, refused) = server.post("/api/search", json!({ "query": QUESTION, "db": "none" })).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{refused}");
}

#[tokio::test]
async fn the_terminal_shows_scores_and_stages_as_tables() {
    let workplace = Workplace::new();
    let embedded = ["--provider", "embedded"];
    assert!(workplace.run(&[&["ingest", "docs"][..], &embedded].concat()).status.success());
    let server = workplace.serve(&[]);
    let remote = ["--url", server.url.as_str()];
    for place in [&embedded[..], &remote] {
        let shown = text(&workplace.run(&[&["query", QUESTION, "--explain"], place].concat()).stdout);
        for part in ["Sources\n", "Scores (rank)\n", "bm25", "(#1)", "Stages\n", "retrieve", "merge", "generate"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let shown = text(&workplace.run(&[&["search", QUESTION, "-k", "2"], place].concat()).stdout);
        for part in ["[1] docs/refund-policy.pdf", "│ ", "of all candidates", "Scores (rank)\n", "Stages\n"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("[3]") && !shown.contains("generate"), "{shown}");
        let shown = text(&workplace.run(&[&["search", QUESTION, "--json"], place].concat()).stdout);
        let found: Value = serde_json::from_str(&shown).unwrap();
        assert!(found["metadatas"][0]["scores"].is_array(), "{found:#}");
    }
    let refused = workplace.run(&[&["search", "  "][..], &embedded].concat());
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
}
