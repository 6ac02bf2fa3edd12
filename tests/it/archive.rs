//! A DB in one file: written while a server writes, read elsewhere, refused when it is not what was written.

use std::{fs, process::Output};

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Server, Workplace, eventually, text};

fn run(workplace: &Workplace, args: &[&str]) -> Output {
    workplace.run(args)
}

fn succeeds(workplace: &Workplace, args: &[&str]) -> String {
    let output = run(workplace, args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    text(&output.stderr)
}

fn fails(workplace: &Workplace, args: &[&str]) -> String {
    let output = run(workplace, args);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {}", text(&output.stderr));
    text(&output.stderr)
}

async fn documents(server: &Server, db: &str) -> Vec<String> {
    let (status, body) = server.get(&format!("/api/docs?db={db}")).await;
    if status != StatusCode::OK {
        return Vec::new();
    }
    let documents = body["docs"].as_array().unwrap();
    documents.iter().map(|document| document["source"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_db_is_carried_elsewhere_whole_while_its_server_writes() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let writing = async {
        for n in 0..30 {
            workplace.write(&format!("more/{n}.md"), format!("# More\n\nThe word is tok{n}.\n"));
            let ingested = server.post("/api/ingest", json!({ "paths": [format!("more/{n}.md")] })).await;
            assert_eq!(ingested.0, StatusCode::OK, "{}", ingested.1);
        }
    };
    let exporting = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let mut command = crate::support::ragctl(workplace.folder.path());
        command.args(["export", "db.ragctl"]);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    let ((), exported) = tokio::join!(writing, exporting);
    assert!(exported.status.success(), "{}", text(&exported.stderr));

    let elsewhere = Workplace::new();
    fs::copy(workplace.path("db.ragctl"), elsewhere.path("db.ragctl")).unwrap();
    let said = succeeds(&elsewhere, &["import", "db.ragctl", "--db", "copy"]);
    assert!(said.contains("DB \"copy\" is made of db.ragctl"), "{said}");
    let other = elsewhere.serve(&["--db", "copy"]);
    let (here, there) = (documents(&server, "default").await, documents(&other, "copy").await);
    // A whole number of ingestions, in their order.
    let more = there.len() - 8;
    assert!(here.len() == 38 && (0..more).all(|n| there.contains(&format!("more/{n}.md"))), "{there:?}");
    let nearest = json!({ "query": "How long is the notice period?", "method": "vector", "k": 1 });
    let (one, two) = (server.post("/query", nearest.clone()).await.1, other.post("/query", nearest).await.1);
    assert_eq!(one["contexts"], two["contexts"], "by the same vectors");
    // It goes on like any other.
    elsewhere.write("docs/late.md", "# Late\n\nThe quokka sleeps under the wharf.\n");
    assert_eq!(other.post("/api/ingest", json!({ "paths": ["docs/late.md"] })).await.0, StatusCode::OK);
}

#[test]
fn a_file_that_is_not_what_was_written_is_refused_and_makes_nothing() {
    let workplace = Workplace::new();
    succeeds(&workplace, &["ingest", "docs", "--provider", "embedded"]);
    succeeds(&workplace, &["export", "db.ragctl"]);
    let whole = fs::read(workplace.path("db.ragctl")).unwrap();
    let mut wrong = vec![(b"no export".to_vec(), "is no export"), (Vec::new(), "is no export")];
    for length in [whole.len() - 1, whole.len() - 66, whole.len() / 2, 300] {
        wrong.push((whole[..length].to_vec(), "was not written or copied to its end"));
    }
    wrong.push(([whole.clone(), b"x".to_vec()].concat(), "was not written or copied to its end"));
    // One bit anywhere: in the head, in the content, in the checksum.
    for at in [40, 600, whole.len() / 3, whole.len() / 2, whole.len() - 70, whole.len() - 10] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        wrong.push((changed, ""));
    }
    for (bytes, why) in wrong {
        workplace.write("wrong.ragctl", &bytes);
        let said = fails(&workplace, &["import", "wrong.ragctl", "--db", "copy"]);
        assert!(said.contains(why), "{said}");
        let left: Vec<_> =
            fs::read_dir(workplace.path("data/kb")).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("copy")), "{left:?}");
    }
    let said = fails(&workplace, &["export", "db.ragctl"]);
    assert!(said.contains("is there already"), "{said}");
    let said = fails(&workplace, &["import", "db.ragctl"]);
    assert!(said.contains("there is already a DB \"default\""), "{said}");
    let said = fails(&workplace, &["export", "x.ragctl", "--db", "nope"]);
    assert!(said.contains("there is no DB \"nope\"") && !workplace.path("x.ragctl").exists(), "{said}");
    assert_eq!(fs::read(workplace.path("db.ragctl")).unwrap(), whole);
}

#[tokio::test]
async fn a_running_server_answers_from_the_db_that_was_imported_in_the_place_of_its_own() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    succeeds(&workplace, &["export", "before.ragctl"]);
    workplace.write("more/late.md", "# Late\n\nThe quokka sleeps under the wharf.\n");
    assert_eq!(server.post("/api/ingest", json!({ "paths": ["more/late.md"] })).await.0, StatusCode::OK);
    server.ask("Where does the quokka sleep?").await;
    succeeds(&workplace, &["import", "before.ragctl", "--replace"]);
    eventually("it is the one before", || async { documents(&server, "default").await.len() == 8 }).await;
    let answer = server.ask("Where does the quokka sleep?").await;
    assert!(!answer["metadatas"].to_string().contains("late.md"), "cached or not: {answer}");
    assert_eq!(server.post("/api/ingest", json!({ "paths": ["more/late.md"] })).await.0, StatusCode::OK);
    assert_eq!(documents(&server, "default").await.len(), 9);
}
