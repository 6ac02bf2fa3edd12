//! What outlives a process, and what another process does meanwhile.

use serde_json::json;

use crate::support::{Workplace, eventually, text};

#[tokio::test]
async fn a_second_start_ingests_nothing_again() {
    let workplace = Workplace::new();
    let first = workplace.serve(&["--docs", "docs"]);
    assert!(first.start_lines.iter().any(|line| line.contains("8 added")), "{:?}", first.start_lines);
    let before = first.ask("How long can a voyage be paused?").await;
    drop(first);
    let second = workplace.serve(&["--docs", "docs"]);
    assert!(second.start_lines.iter().any(|line| line.contains("8 unchanged")), "{:?}", second.start_lines);
    let after = second.ask("How long can a voyage be paused?").await;
    assert_eq!((&before["answer"], &before["metadatas"]), (&after["answer"], &after["metadatas"]));
}

#[tokio::test]
async fn a_running_server_notices_what_another_process_ingests() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    workplace.write("later.md", "The lighthouse keeper is called Ottoline.");
    let ingested = workplace.run(&["ingest", "later.md", "--provider", "embedded"]);
    assert_eq!(ingested.status.code(), Some(0), "{}", text(&ingested.stderr));
    eventually("the server finds the new document", || async {
        server.ask("What is the lighthouse keeper called?").await["answer"].as_str().unwrap().contains("Ottoline")
    })
    .await;
}

#[tokio::test]
async fn indexes_come_back_when_they_are_lost_or_damaged() {
    let workplace = Workplace::new();
    drop(workplace.serve(&["--docs", "docs"]));
    let index = workplace.path("data/kb/default/index");
    for damage in ["lost", "damaged", "emptied"] {
        match damage {
            "lost" => std::fs::remove_dir_all(&index).unwrap(),
            "damaged" => std::fs::write(index.join("lexical/meta.json"), "{ not json").unwrap(),
            _ => {
                for entry in std::fs::read_dir(index.join("lexical")).unwrap() {
                    let path = entry.unwrap().path();
                    if path.extension().is_some_and(|e| e != "json" && e != "lock") {
                        std::fs::write(path, "").unwrap();
                    }
                }
            }
        }
        let server = workplace.serve(&[]);
        for method in ["bm25", "hybrid"] {
            let (status, answer) =
                server.post("/query", json!({ "query": "How long can a voyage be paused?", "method": method })).await;
            assert_eq!(status, 200, "{damage}: {answer}");
            assert!(answer["answer"].as_str().unwrap().contains("72 hours"), "{damage}, {method}: {answer:#}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_to_stop_ends_the_server_gracefully() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    assert_eq!(server.terminate().code(), Some(0));
}
