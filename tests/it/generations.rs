//! A DB that is embedded, or cut, otherwise while it answers: built, killed, swapped, tried, gone back on, dropped.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::StatusCode;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{Server, Workplace, end_of, eventually, ragctl, text};

/// Another embedder than the compiled-in one, as far as anybody can tell: the same table under another name.
const OTHER: [&str; 4] = ["--provider", "embedded", "--embed-model", "other-model"];
const BUNDLED: [&str; 2] = ["--provider", "embedded"];

fn workplace() -> Workplace {
    let workplace = Workplace::new();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/providers/embedded/model");
    for file in ["model.safetensors", "tokenizer.json", "config.json"] {
        workplace.write(&format!("other-model/{file}"), std::fs::read(model.join(file)).unwrap());
    }
    workplace
}

/// Runs a command that must succeed; what it said.
fn run(workplace: &Workplace, args: &[&[&str]]) -> String {
    let output = workplace.run(&args.concat());
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
    said
}

fn reindex(workplace: &Workplace) -> Command {
    let mut command = ragctl(workplace.folder.path());
    command.arg("reindex").args(OTHER).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn write_documents(workplace: &Workplace, number: usize) {
    for n in 0..number {
        let text: String = (0..12)
            .map(|p| format!("Paragraph {p} of document {n}. {}\n\n", "It has words that fill a chunk. ".repeat(22)))
            .collect();
        workplace.write(&format!("many/{n:04}.txt"), text);
    }
}

/// What a generation holds of each chunk: document, key, place, text and vector.
fn content(data: &Path, generation: i64) -> BTreeSet<(String, String, i64, String, Vec<u8>)> {
    let db = Connection::open(data.join("kb/default/store.db")).unwrap();
    let mut query = db
        .prepare(
            "SELECT d.source, c.key, p.ordinal, p.place || c.text || c.language || d.version, c.vector FROM chunks c
             JOIN documents d ON d.id = c.document_id JOIN places p ON p.chunk_id = c.id WHERE c.generation = ?1",
        )
        .unwrap();
    let rows = query
        .query_map([generation], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

async fn serving(server: &Server) -> i64 {
    let (status, body) = server.get("/api/reindex").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let generations = body["generations"].as_array().unwrap();
    generations.iter().find(|one| one["state"] == "serving").unwrap()["id"].as_i64().unwrap()
}

/// Whether a question in which the embedder takes part finds this.
async fn finds(server: &Server, method: &str, question: &str, source: &str) -> bool {
    let body = json!({ "query": question, "k": 50, "method": method, "cache": false });
    let (status, answer) = server.post("/query", body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["metadatas"].as_array().unwrap().iter().any(|hit| hit["source"] == source)
}

#[tokio::test]
async fn a_db_is_embedded_by_another_model_while_a_server_answers_and_back() {
    let workplace = workplace();
    run(&workplace, &[&["ingest", "docs"], &BUNDLED]);
    // This one has both embedders.
    let server = workplace.serve(&["--embed-model", "other-model"]);
    server.ask("How long is the notice period?").await;
    let documents = server.get("/api/docs").await.1["docs"].as_array().unwrap().len();

    let said = run(&workplace, &[&["reindex"], &OTHER]);
    assert!(said.contains("generation 2 answers now") && said.contains("reindex --back"), "{said}");
    eventually("the server follows", || async { serving(&server).await == 2 }).await;
    let again = run(&workplace, &[&["reindex"], &OTHER]);
    assert!(again.contains("nothing to do"), "{again}");

    // What is ingested goes into the new one; it cannot be missed by either search.
    workplace.write("docs/late.md", "# Late\n\nThe quokka sleeps under the wharf.\n");
    let (status, report) = server.post("/api/ingest", json!({ "paths": ["docs/late.md"] })).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    for method in ["bm25", "vector"] {
        assert!(finds(&server, method, "Where does the quokka sleep?", "docs/late.md").await, "{method}");
    }
    let listed = run(&workplace, &[&["reindex", "--list"]]);
    assert!(listed.contains("kept") && listed.contains("static:other-model@"), "{listed}");
    assert_eq!(server.get("/api/docs").await.1["docs"].as_array().unwrap().len(), documents + 1);

    // Back: the document that came since is made there first, by the embedder of that generation.
    let said = run(&workplace, &[&["reindex", "--back"], &OTHER]);
    assert!(said.contains("generation 1 answers now: 1 documents made"), "{said}");
    eventually("the server goes back", || async {
        finds(&server, "vector", "Where does the quokka sleep?", "docs/late.md").await && serving(&server).await == 1
    })
    .await;
    run(&workplace, &[&["reindex", "--drop"]]);
    let (_, body) = server.get("/api/reindex").await;
    assert_eq!((body["generations"].as_array().unwrap().len(), &body["documents"]), (1, &json!(documents + 1)));
    assert!(!workplace.path("data/kb/default/index-2").exists(), "its index is gone, too");
    assert!(finds(&server, "hybrid", "Where does the quokka sleep?", "docs/late.md").await);
}

#[tokio::test]
async fn a_server_without_the_new_embedder_goes_on_with_the_generation_before_and_says_so() {
    let workplace = workplace();
    run(&workplace, &[&["ingest", "docs"], &BUNDLED]);
    let server = workplace.serve(&[]);
    let ask = || server.ask("How long is the notice period?");
    ask().await;
    run(&workplace, &[&["reindex"], &OTHER]);
    let limited = || async {
        let health = server.get("/health").await.1;
        health.to_string().contains("generation 2 of the DB serves, embedded with static:other-model@")
    };
    eventually("it says so", limited).await;
    assert_eq!(ask().await["degraded"], json!(false), "the generation before answers as well as ever");
    workplace.write("docs/late.md", "# Late\n\nThe quokka sleeps under the wharf.\n");
    let (status, refused) = server.post("/api/ingest", json!({ "paths": ["docs/late.md"] })).await;
    assert_eq!((status, &refused["error"]), (StatusCode::CONFLICT, &json!("EmbedderMismatch")), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("ragctl reindex"), "{refused}");

    // What another process does is in what this server answers from, too.
    let source = server.get("/api/docs").await.1["docs"][0]["source"].as_str().unwrap().to_owned();
    run(&workplace, &[&["ingest", "docs/late.md"], &OTHER]);
    let removed = server.json(reqwest::Method::DELETE, "/api/docs", Some(&json!({ "sources": [source] }))).await;
    assert_eq!(removed.0, StatusCode::OK, "{removed:?}");
    assert!(!finds(&server, "bm25", "the", &source).await);

    run(&workplace, &[&["reindex", "--back"], &BUNDLED]);
    eventually("it is as it was", || async { !limited().await }).await;
    assert!(finds(&server, "vector", "Where does the quokka sleep?", "docs/late.md").await);
    assert_eq!(server.post("/api/ingest", json!({ "paths": ["docs/late.md"] })).await.0, StatusCode::OK);
}

#[test]
fn killed_at_any_moment_it_goes_on_and_comes_to_the_same() {
    let workplace = workplace();
    write_documents(&workplace, 120);
    run(&workplace, &[&["ingest", "many"], &BUNDLED]);
    // The same from the same, without interruption.
    let beside = self::workplace();
    copy_folder(&workplace.path("data"), &beside.path("data"));
    run(&beside, &[&["reindex"], &OTHER]);
    let expected = content(&beside.path("data"), 2);
    assert!(expected.len() >= 1_000, "{} chunks", expected.len());

    let mut partial = 0;
    for attempt in 0..12 {
        let mut child = reindex(&workplace).spawn().unwrap();
        let until = std::time::Instant::now() + Duration::from_millis(fastrand::u64(100..3_000));
        while std::time::Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let done = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        child.wait().unwrap();
        let made = content(&workplace.path("data"), 2);
        assert!(made.is_subset(&expected), "attempt {attempt}: something is there that should not be");
        partial += usize::from((1..expected.len()).contains(&made.len()));
        if done {
            break;
        }
    }
    assert!(end_of(&mut reindex(&workplace).spawn().unwrap()).success());
    assert!(content(&workplace.path("data"), 2) == expected, "it came to something else");
    assert_eq!(content(&workplace.path("data"), 1).len(), expected.len(), "the one before is whole");
    if partial == 0 {
        eprintln!("note: no kill fell between two batches on this machine");
    }
}

#[tokio::test]
async fn what_changes_meanwhile_is_in_the_new_generation() {
    let workplace = workplace();
    write_documents(&workplace, 60);
    run(&workplace, &[&["ingest", "many", "docs"], &BUNDLED]);
    let server = workplace.serve(&[]);
    let mut build = reindex(&workplace).spawn().unwrap();
    let mut rounds = 0;
    // Until it has swapped: this server cannot write any more then.
    while build.try_wait().unwrap().is_none() {
        workplace.write(&format!("new/{rounds}.md"), format!("# New\n\nThe word is tok{rounds}new.\n"));
        workplace.write("many/0001.txt", format!("The word is tok{rounds}changed.\n"));
        let paths = json!({ "paths": [format!("new/{rounds}.md"), "many/0001.txt"] });
        if server.post("/api/ingest", paths).await.0 != StatusCode::OK {
            break;
        }
        let gone = json!({ "sources": [format!("many/{:04}.txt", 2 + rounds)] });
        assert_eq!(server.json(reqwest::Method::DELETE, "/api/docs", Some(&gone)).await.0, StatusCode::OK);
        rounds += 1;
    }
    assert!(end_of(&mut build).success());
    drop(server);

    let (old, new) = (content(&workplace.path("data"), 1), content(&workplace.path("data"), 2));
    let keys = |rows: &BTreeSet<(String, String, i64, String, Vec<u8>)>| -> BTreeSet<(String, String)> {
        rows.iter().map(|(source, key, ..)| (source.clone(), key.clone())).collect()
    };
    let documents = |rows: &BTreeSet<(String, String, i64, String, Vec<u8>)>| -> BTreeSet<String> {
        rows.iter().map(|(source, ..)| source.clone()).collect()
    };
    assert!(rounds > 0);
    assert!((0..rounds).all(|n| documents(&new).contains(&format!("new/{n}.md"))), "{rounds} rounds");
    assert!((0..rounds).all(|n| !documents(&new).contains(&format!("many/{:04}.txt", 2 + n))), "{rounds} rounds");
    assert_eq!(keys(&old), keys(&new), "the same chunks at the swap, whatever has come and gone");
}

#[tokio::test]
async fn a_server_cuts_a_db_into_other_chunks_when_it_is_asked() {
    let workplace = workplace();
    let server = workplace.serve(&["--docs", "docs"]);
    let (status, refused) = server.post("/api/reindex", json!({ "chunk_size": 20 })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    assert_eq!(server.post("/api/reindex", json!({})).await.0, StatusCode::OK, "it is so already");
    let chunks = |body: &Value, at: usize| body["generations"][at]["chunks"].as_u64().unwrap();
    let (_, before) = server.get("/api/reindex").await;
    let (status, begun) = server.post("/api/reindex", json!({ "chunk_size": 200, "chunk_overlap": 0 })).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{begun}");
    eventually("it is swapped", || async { serving(&server).await == 2 }).await;
    let (_, after) = server.get("/api/reindex").await;
    assert!(chunks(&after, 1) > chunks(&before, 0), "{after}");
    assert_eq!((&after["generations"][1]["chunk_size"], &after["error"]), (&json!(200), &Value::Null));

    // The DB goes on with its own sizes, and a document that is the same is the same.
    let (_, report) = server.post("/api/ingest", json!({ "paths": ["docs"] })).await;
    assert_eq!((&report["documents"]["updated"], &report["chunks_indexed"]), (&json!(0), &json!(0)), "{report}");
    assert_eq!(server.get("/api/reindex?db=nope").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_an_older_version_has_read_is_read_again_in_the_background() {
    let workplace = workplace();
    run(&workplace, &[&["ingest", "docs"], &BUNDLED]);
    // As if an older version had done that, whose reader lost a word; one file is gone since.
    let db = Connection::open(workplace.path("data/kb/default/store.db")).unwrap();
    let sources: Vec<String> = db
        .prepare("SELECT source FROM documents WHERE source LIKE '%.md' ORDER BY source LIMIT 2")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let [changed, gone] = &sources[..] else { panic!("{sources:?}") };
    db.execute_batch("UPDATE documents SET read_by = 1; UPDATE generation_documents SET pipeline = 1").unwrap();
    drop(db);
    std::fs::remove_file(workplace.path(gone)).unwrap();
    let mut text = std::fs::read_to_string(workplace.path(changed)).unwrap();
    text.push_str("\n\nThe quokka sleeps under the wharf.\n");
    std::fs::write(workplace.path(changed), text).unwrap();

    let server = workplace.serve(&[]);
    eventually("it is read again", || finds(&server, "vector", "Where does the quokka sleep?", changed)).await;
    let count = |what: &str| -> u64 {
        let db = Connection::open(workplace.path("data/kb/default/store.db")).unwrap();
        db.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).unwrap()
    };
    eventually("nothing is left", || async { count("generation_documents WHERE pipeline = 1") == 0 }).await;
    assert_eq!(count("documents WHERE read_by = 1"), 1, "the file that is gone cannot be read again, and is kept");
    let listed = server.get("/api/docs").await.1.to_string();
    assert!(listed.contains(gone.as_str()), "{listed}");
}

#[test]
fn a_trial_says_what_would_become_of_the_questions() {
    let workplace = workplace();
    run(&workplace, &[&["ingest", "docs"], &BUNDLED]);
    let fails = |args: &[&str]| {
        let output = workplace.run(args);
        assert_eq!(output.status.code(), Some(1));
        self::text(&output.stderr)
    };
    let said = fails(&["try"]);
    assert!(said.contains("--questions"), "{said}");
    workplace.write("questions.txt", "How long is the notice period?\nWho pays for the train?\nWhere is the key?\n");
    let said = fails(&["try", "--questions", "questions.txt"]);
    assert!(said.contains("reindex --no-swap"), "{said}");

    let said = run(&workplace, &[&["reindex", "--no-swap"], &OTHER]);
    assert!(said.contains("reindex --swap"), "{said}");
    // The same table under another name finds the same.
    let trial = |questions: &str| -> Value {
        let args = ["try", "--format", "json", "--questions", questions];
        let output = workplace.run(&[&args[..], &OTHER].concat());
        assert!(output.status.success(), "{}", self::text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let agreement = trial("questions.txt");
    assert_eq!((&agreement["verdict"], &agreement["questions"]), (&json!("changed"), &json!(3)), "{agreement}");
    assert!(agreement["figures"].as_array().unwrap().iter().all(|figure| figure["other"] == 1.0), "{agreement}");

    let source = std::fs::read_dir(workplace.path("docs")).unwrap().next().unwrap().unwrap().file_name();
    let source = format!("docs/{}", source.to_str().unwrap());
    workplace.write(
        "judged/queries.jsonl",
        (0..5).map(|n| format!("{{\"_id\":\"{n}\",\"text\":\"How long is it, {n}?\"}}\n")).collect::<String>(),
    );
    workplace.write(
        "judged/qrels.tsv",
        (0..5).map(|n| format!("{n}\t{source}\t1\n")).fold("q\td\tg\n".to_owned(), |all, row| all + &row),
    );
    let judged = trial("judged");
    assert_eq!(
        (&judged["verdict"], &judged["figures"][0]["difference"]),
        (&json!("not_worse"), &json!(0.0)),
        "{judged}"
    );
    run(&workplace, &[&["reindex", "--swap"], &OTHER]);
    let listed = run(&workplace, &[&["reindex", "--list"]]);
    assert!(listed.lines().nth(2).is_some_and(|line| line.contains("serving")), "{listed}");
}

#[test]
fn ingesting_by_another_embedder_names_the_command_that_helps() {
    let workplace = workplace();
    run(
        &workplace,
        &[&["ingest", "docs"], &["--provider", "embedded", "--embedder", "embedded", "--embed-model", "other-model"]],
    );
    let output = workplace.run(&["ingest", "docs", "--provider", "embedded", "--embedder", "embedded"]);
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("ragctl reindex --db default"), "{said}");
    // And it does help.
    run(&workplace, &[&["reindex", "--provider", "embedded", "--embedder", "embedded"]]);
    run(&workplace, &[&["ingest", "docs", "--provider", "embedded", "--embedder", "embedded"]]);
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
