//! The learned sparse index: made in the background, kept, used where it is wanted.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Server, Workplace, eventually};

/// Chunks that have no sparse vector yet, as health tells; `None` where none are made.
async fn waiting(server: &Server) -> Option<u64> {
    server.get("/health").await.1["services"]["database"]["sparse_chunks_waiting"].as_u64()
}

async fn made(server: &Server) {
    eventually("every chunk has a sparse vector", || async { waiting(server).await == Some(0) }).await;
}

/// The scores of what is found, by source.
async fn scores(server: &Server, fields: Value) -> Vec<(String, f64)> {
    let mut body = json!({ "query": "How long can a refund be asked for?", "cache": false });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let (status, answer) = server.post("/api/query", body).await;
    assert_eq!(status, 200, "{answer:#}");
    let places = answer["metadatas"].as_array().unwrap();
    places
        .iter()
        .map(|place| (place["source"].as_str().unwrap().to_owned(), place["score"].as_f64().unwrap()))
        .collect()
}

fn kept(workplace: &Workplace) -> Vec<u8> {
    let mut folders = vec![workplace.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        if folder.ends_with(Path::new("index/sparse")) {
            return std::fs::read(folder.join("vectors")).unwrap_or_default();
        }
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        folders.extend(entries.filter(|path| path.is_dir()));
    }
    Vec::new()
}

/// A few short documents: without optimisation, and behind all other tests, each takes its time.
fn small() -> Workplace {
    let workplace = Workplace::new();
    std::fs::remove_dir_all(workplace.path("docs")).unwrap();
    workplace.write("docs/refund.md", "A refund can be asked for within 45 days.\n");
    workplace.write("docs/pause.md", "Voyages are paused for 72 hours at most.\n");
    workplace
}

#[tokio::test]
async fn vectors_are_made_behind_ingestion_used_and_kept() {
    let workplace = small();
    let server = workplace.serve(&["--docs", "docs"]);
    made(&server).await;
    eventually("the metrics say so", || async {
        server.text("/metrics").await.contains("\nollama_rag_sparse_chunks_waiting 0\n")
    })
    .await;
    let (auto, on, off) = (
        scores(&server, json!({})).await,
        scores(&server, json!({ "sparse": "on" })).await,
        scores(&server, json!({ "sparse": "off" })).await,
    );
    assert_eq!(auto, on, "an English question, by the embedded embedder");
    assert_ne!(auto, off);
    assert_eq!(auto[0].0, "docs/refund.md");
    let words = |sparse: &str| json!({ "sparse": sparse, "method": "bm25" });
    assert_eq!(scores(&server, words("on")).await, scores(&server, words("off")).await);
    let german = |sparse: &str| json!({ "query": "Wie lange werden die Reisen unterbrochen?", "sparse": sparse });
    assert_eq!(scores(&server, german("auto")).await, scores(&server, german("off")).await, "the model reads English");
    drop(server);
    let before = kept(&workplace);
    assert!(before.len() > 300, "{}", before.len());
    let server = workplace.serve(&[]);
    assert_eq!(waiting(&server).await, Some(0), "what was made is not made again");
    assert_eq!(scores(&server, json!({})).await, auto);
    // What comes later has one, too.
    workplace.write("docs/new.md", "A vessel is moored for nine nights.\n");
    let (status, _) = server.post("/api/ingest", json!({ "paths": ["docs/new.md"] })).await;
    assert_eq!(status, 200);
    eventually("the new chunk is kept", || async { kept(&workplace).len() > before.len() }).await;
    assert!(kept(&workplace).starts_with(&before));
}

#[tokio::test]
async fn without_the_index_nothing_is_made() {
    let workplace = small();
    let server = workplace.serve(&["--docs", "docs", "--sparse", "off"]);
    assert_eq!(waiting(&server).await, None);
    assert_eq!(scores(&server, json!({ "sparse": "on" })).await, scores(&server, json!({ "sparse": "off" })).await);
    assert!(kept(&workplace).is_empty());
}

#[tokio::test]
async fn other_words_than_auto_on_and_off_are_refused() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let (status, body) = server.post("/api/query", json!({ "query": "x", "sparse": "maybe" })).await;
    let message = body["message"].as_str().unwrap();
    assert!(status == 400 && message.contains("\"sparse\"") && message.contains("auto, on or off"), "{status} {body}");
}
