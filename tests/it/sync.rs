//! Folders that are mirrored: what is new, changed, renamed and deleted in them, and what keeps them from being emptied.

use std::{fs, path::Path, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Server, Workplace, eventually, text};

/// A server that mirrors `docs`, without an embedder that takes its time. Comparisons are far apart: what is seen is seen by
/// events.
fn serve(workplace: &Workplace) -> Server {
    workplace.serve(&["--docs", "docs", "--watch", "--rescan", "1h"])
}

/// A folder with some documents that have nothing to do with each other.
fn workplace(count: usize) -> Workplace {
    let workplace = Workplace { folder: tempfile::tempdir().unwrap() };
    for n in 0..count {
        workplace
            .write(&format!("docs/file{n:02}.md"), format!("# File {n}\n\nThe word of number {n} is quux{n}zz.\n"));
    }
    workplace
}

async fn sources(server: &Server) -> Vec<String> {
    let (_, body) = server.get("/api/docs").await;
    body["docs"].as_array().unwrap().iter().map(|doc| doc["source"].as_str().unwrap().to_owned()).collect()
}

/// Whether an answer to a question is made of this document.
async fn finds(server: &Server, words: &str, source: &str) -> bool {
    let (_, answer) = server.post("/query", json!({ "query": words, "method": "bm25" })).await;
    answer["metadatas"].as_array().is_some_and(|all| all.iter().any(|passage| passage["source"] == source))
}

async fn folder(server: &Server) -> Value {
    let (status, body) = server.get("/api/sync").await;
    assert_eq!(status, StatusCode::OK, "{body:#}");
    body["folders"][0].clone()
}

async fn document_id(server: &Server, source: &str) -> Option<String> {
    let (_, body) = server.get("/api/docs").await;
    let docs = body["docs"].as_array().unwrap();
    docs.iter().find(|doc| doc["source"] == source).map(|doc| doc["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn what_happens_in_a_mirrored_folder_happens_in_the_db() {
    let workplace = workplace(4);
    let server = serve(&workplace);
    assert_eq!(sources(&server).await.len(), 4, "all are there before it listens");
    assert_eq!(folder(&server).await["state"], "watching");

    workplace.write("docs/sub/new.md", "# New\n\nThe wombat digs at night.\n");
    eventually("the new file is found", async || finds(&server, "wombat", "docs/sub/new.md").await).await;
    workplace.write("docs/sub/new.md", "# New\n\nThe pangolin rolls up.\n");
    eventually("the change is found", async || finds(&server, "pangolin", "docs/sub/new.md").await).await;
    let answer = server.ask("wombat").await;
    assert!(!answer.to_string().contains("wombat digs"), "{answer:#}");

    // Hidden and temporary files are none.
    for name in ["docs/.hidden.md", "docs/new.md~", "docs/~$new.docx", "docs/.git/x.md", "docs/picture.png"] {
        workplace.write(name, "The wombat digs at night.");
    }
    let id = document_id(&server, "docs/sub/new.md").await.unwrap();
    let before = folder(&server).await["done"].clone();
    fs::rename(workplace.path("docs/sub"), workplace.path("docs/other")).unwrap();
    eventually("the renamed file is found", async || finds(&server, "pangolin", "docs/other/new.md").await).await;
    eventually("the old name is gone", async || !sources(&server).await.contains(&"docs/sub/new.md".to_owned())).await;
    let after = folder(&server).await["done"].clone();
    assert_eq!(document_id(&server, "docs/other/new.md").await, Some(id), "it is the same document");
    assert_eq!((&after["added"], &after["updated"]), (&before["added"], &before["updated"]), "it was not read again");
    assert_eq!(after["renamed"], 1);

    fs::remove_file(workplace.path("docs/other/new.md")).unwrap();
    eventually("the deleted file is gone", async || sources(&server).await.len() == 4).await;
    eventually("it is found no more", async || !finds(&server, "pangolin", "docs/other/new.md").await).await;
}

/// A mail with these attachments: names and texts.
fn mail(attachments: &[(&str, &str)]) -> String {
    let mut mail = "Subject: Harbour\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
                    --b\nContent-Type: text/plain\n\nThe harbour opens at seven.\n"
        .to_owned();
    for (name, text) in attachments {
        let head = format!("Content-Type: text/plain\nContent-Disposition: attachment; filename={name}");
        mail.push_str(&format!("--b\n{head}\n\n{text}\n"));
    }
    mail + "--b--\n"
}

#[tokio::test]
async fn what_is_attached_to_a_mail_comes_and_goes_with_it() {
    let workplace = workplace(3);
    workplace
        .write("docs/a.eml", mail(&[("wombat.txt", "The wombat digs at night."), ("crane.txt", "The crane lifts.")]));
    let server = serve(&workplace);
    assert!(finds(&server, "wombat", "docs/a.eml/wombat.txt").await);
    assert!(finds(&server, "harbour", "docs/a.eml").await);
    let id = document_id(&server, "docs/a.eml/crane.txt").await.unwrap();
    let (_, crane) = server.get(&format!("/api/docs/{id}")).await;
    assert_eq!((&crane["part_of"], &crane["format"]), (&json!("docs/a.eml"), &json!("text")), "{crane:#}");

    fs::rename(workplace.path("docs/a.eml"), workplace.path("docs/b.eml")).unwrap();
    eventually("it is found under its new name", async || finds(&server, "crane", "docs/b.eml/crane.txt").await).await;
    assert_eq!(document_id(&server, "docs/b.eml/crane.txt").await, Some(id), "it is the same document");
    assert_eq!(sources(&server).await.len(), 6);

    workplace.write("docs/b.eml", mail(&[("crane.txt", "The crane is broken.")]));
    eventually("what is attached no more is gone", async || sources(&server).await.len() == 5).await;
    assert!(!finds(&server, "wombat", "docs/b.eml/wombat.txt").await);
    fs::remove_file(workplace.path("docs/b.eml")).unwrap();
    eventually("all of it is gone", async || sources(&server).await.len() == 3).await;
}

#[tokio::test]
async fn no_answer_comes_from_what_is_gone_cached_or_not() {
    let workplace = workplace(3);
    workplace.write("docs/rates.md", "# Rates\n\nA berth costs 40 florins a night.\n");
    let server = serve(&workplace);
    let question = "What does a berth cost a night?";
    assert!(server.ask(question).await["answer"].as_str().unwrap().contains("40 florins"));
    assert_eq!(server.ask(question).await["cache_hit"], true);
    workplace.write("docs/rates.md", "# Rates\n\nA berth costs 55 florins a night.\n");
    eventually("the new rate is told", async || {
        server.ask(question).await["answer"].as_str().unwrap().contains("55 florins")
    })
    .await;
    assert_eq!(server.ask(question).await["cache_hit"], true);
    fs::remove_file(workplace.path("docs/rates.md")).unwrap();
    eventually("no rate is told", async || !server.ask(question).await["answer"].as_str().unwrap().contains("florins"))
        .await;
    for _ in 0..3 {
        let answer = server.ask(question).await;
        assert!(!answer.to_string().contains("florins"), "{answer:#}");
    }
}

#[tokio::test]
async fn most_of_a_folder_is_not_deleted_before_it_is_confirmed() {
    let workplace = workplace(12);
    let server = serve(&workplace);
    // A few may go.
    fs::remove_file(workplace.path("docs/file00.md")).unwrap();
    eventually("one is deleted", async || sources(&server).await.len() == 11).await;
    for n in 1..10 {
        fs::remove_file(workplace.path(&format!("docs/file{n:02}.md"))).unwrap();
    }
    eventually("the deletions are held", async || folder(&server).await["state"] == "held").await;
    assert_eq!(folder(&server).await["held_deletions"], 9);
    assert_eq!(sources(&server).await.len(), 11);
    let (_, health) = server.get("/health").await;
    assert_eq!(health["status"], "degraded");
    assert!(health["services"]["database"]["message"].as_str().unwrap().contains("POST /api/sync"), "{health:#}");
    assert!(server.text("/metrics").await.contains("ollama_rag_sync_held_deletions 9\n"));

    let (status, _) = server.post("/api/sync", json!({})).await;
    assert_eq!(status, StatusCode::OK);
    eventually("it was compared again", async || folder(&server).await["state"] == "held").await;
    assert_eq!(sources(&server).await.len(), 11, "only looking confirms nothing");
    let (status, started) = server.post("/api/sync", json!({ "confirm": true })).await;
    assert_eq!((status, &started["folders"][0]["held_deletions"]), (StatusCode::OK, &json!(9)));
    eventually("they are deleted", async || sources(&server).await.len() == 2).await;
    eventually("all is well", async || server.get("/health").await.1["status"] == "healthy").await;
    assert_eq!(server.post("/api/sync", json!({ "root": "/nowhere" })).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_folder_that_disappears_and_comes_back_loses_nothing() {
    let workplace = workplace(3);
    let server = serve(&workplace);
    fs::rename(workplace.path("docs"), workplace.path("away")).unwrap();
    eventually("it is noticed", async || folder(&server).await["state"] == "gone").await;
    assert_eq!(sources(&server).await.len(), 3);
    assert!(finds(&server, "quux1zz", "docs/file01.md").await, "its documents stay");
    workplace.write("away/late.md", "# Late\n\nThe ibis wades.\n");
    fs::rename(workplace.path("away"), workplace.path("docs")).unwrap();
    eventually("it is there again", async || finds(&server, "ibis", "docs/late.md").await).await;
    assert_eq!((folder(&server).await["state"].clone(), sources(&server).await.len()), (json!("watching"), 4));
    // Another one in its place, with less in it, deletes nothing either.
    fs::rename(workplace.path("docs"), workplace.path("away")).unwrap();
    fs::create_dir(workplace.path("docs")).unwrap();
    workplace.write("docs/file00.md", "# File 0\n\nThe word of number 0 is quux0zz.\n");
    eventually("it is another one", async || {
        server.post("/api/sync", json!({})).await;
        folder(&server).await["state"] == "replaced"
    })
    .await;
    assert_eq!(sources(&server).await.len(), 4);
    #[cfg(unix)]
    {
        fs::remove_dir_all(workplace.path("docs")).unwrap();
        std::os::unix::fs::symlink(workplace.path("away"), workplace.path("docs")).unwrap();
        eventually("a link is none", async || {
            server.post("/api/sync", json!({})).await;
            folder(&server).await["state"] == "gone"
        })
        .await;
        assert_eq!(sources(&server).await.len(), 4);
    }
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let workplace = workplace(6);
    let mut server = serve(&workplace);
    server.child.kill().unwrap();
    drop(server);
    fs::remove_file(workplace.path("docs/file00.md")).unwrap();
    fs::rename(workplace.path("docs/file01.md"), workplace.path("docs/renamed.md")).unwrap();
    workplace.write("docs/file02.md", "# File 2\n\nThe okapi hides.\n");
    let server = serve(&workplace);
    let all = sources(&server).await;
    assert_eq!(all, ["docs/file02.md", "docs/file03.md", "docs/file04.md", "docs/file05.md", "docs/renamed.md"]);
    assert!(finds(&server, "okapi", "docs/file02.md").await);
    let done = folder(&server).await["done"].clone();
    assert_eq!((&done["updated"], &done["deleted"]), (&json!(1), &json!(1)), "{done}");
    // Killed while there is much to do, the next one does the rest.
    drop(server);
    for n in 0..300 {
        workplace.write(&format!("docs/many/{n:03}.md"), format!("# Many\n\nNumber {n} of many is plugh{n}x.\n"));
    }
    let mut command = crate::support::ragctl(workplace.folder.path());
    let mut child =
        command.args(["serve", "--port", "0", "--provider", "embedded", "--docs", "docs", "--watch"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(400));
    child.kill().unwrap();
    child.wait().unwrap();
    let server = serve(&workplace);
    assert_eq!(sources(&server).await.len(), 305);
    let counts = folder(&server).await["files"].clone();
    assert_eq!(counts, json!({ "queued": 0, "reading": 0, "failed": 0, "gone": 0, "done": 305 }));
}

#[tokio::test]
async fn two_servers_that_mirror_one_folder_do_not_fight() {
    let workplace = workplace(4);
    let one = serve(&workplace);
    let two = serve(&workplace);
    workplace.write("docs/both.md", "# Both\n\nThe tapir swims.\n");
    for server in [&one, &two] {
        eventually("both answer", async || finds(server, "tapir", "docs/both.md").await).await;
        eventually("both are done", async || folder(server).await["files"]["done"] == 5).await;
    }
    let id = document_id(&one, "docs/both.md").await;
    fs::rename(workplace.path("docs/both.md"), workplace.path("docs/again.md")).unwrap();
    for server in [&one, &two] {
        eventually("both know the new name", async || finds(server, "tapir", "docs/again.md").await).await;
        eventually("both are done", async || folder(server).await["files"]["done"] == 5).await;
        assert_eq!(sources(server).await.len(), 5);
    }
    assert_eq!(document_id(&two, "docs/again.md").await, id);
    for n in 0..4 {
        fs::remove_file(workplace.path(&format!("docs/file{n:02}.md"))).unwrap();
    }
    for server in [&one, &two] {
        eventually("both forget them", async || sources(server).await == ["docs/again.md"]).await;
        eventually("both are done", async || folder(server).await["files"]["done"] == 1).await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_listed_and_read_when_it_can() {
    let workplace = workplace(2);
    workplace.write("docs/broken.pdf", "%PDF-1.4 nothing of a document");
    let server = serve(&workplace);
    let (_, body) = server.get("/api/sync?state=failed").await;
    let file = &body["files"][0];
    assert_eq!(
        (&file["source"], &file["state"], &body["total"]),
        (&json!("docs/broken.pdf"), &json!("failed"), &json!(1))
    );
    assert!(file["error"].is_string() && file["attempts"].as_u64() > Some(0), "{file:#}");
    assert!(server.text("/metrics").await.contains("ollama_rag_sync_failed 1\n"));
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/docs/security.txt"), workplace.path("docs/x.txt"))
        .ok();
    fs::remove_file(workplace.path("docs/broken.pdf")).unwrap();
    eventually("it is forgotten", async || folder(&server).await["files"]["failed"] == 0).await;
    for (query, status) in
        [("state=lost", 400), ("limit=10001", 400), ("db=..", 400), ("state=done&limit=1&offset=1", 200)]
    {
        assert_eq!(server.get(&format!("/api/sync?{query}")).await.0, status, "{query}");
    }
    let (_, page) = server.get("/api/sync?limit=1&offset=1").await;
    assert_eq!(page["files"][0]["source"], "docs/file01.md");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_name_in_another_unicode_form_is_no_second_document() {
    let workplace = workplace(1);
    workplace.write("docs/Gr\u{f6}\u{df}e.md", "# Size\n\nThe quokka is small.\n");
    let server = serve(&workplace);
    let (composed, decomposed) =
        (workplace.path("docs/Gr\u{f6}\u{df}e.md"), workplace.path("docs/Gro\u{308}\u{df}e.md"));
    fs::rename(&composed, &decomposed).unwrap();
    fs::write(&decomposed, "# Size\n\nThe numbat is smaller.\n").unwrap();
    eventually("the copy is read", async || finds(&server, "numbat", "docs/Gr\u{f6}\u{df}e.md").await).await;
    assert_eq!(sources(&server).await, ["docs/Gr\u{f6}\u{df}e.md", "docs/file00.md"]);
}

#[tokio::test]
async fn a_folder_is_brought_in_once() {
    let workplace = workplace(3);
    let sync = |args: &[&str]| {
        let output = workplace.run(&[&["sync", "docs", "--provider", "embedded"], args].concat());
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (status, said, _) = sync(&["--dry-run"]);
    assert_eq!(
        (status, said.as_str()),
        (Some(0), "would add docs/file00.md\nwould add docs/file01.md\nwould add docs/file02.md\n")
    );
    let (status, said, told) = sync(&[]);
    assert_eq!(
        (status, said.as_str()),
        (Some(0), "added docs/file00.md\nadded docs/file01.md\nadded docs/file02.md\n"),
        "{told}"
    );
    // What came otherwise stays, whatever becomes of its file.
    workplace.write("else/kept.md", "# Kept\n\nThe dugong grazes.\n");
    assert!(workplace.run(&["ingest", "else", "--provider", "embedded"]).status.success());
    fs::remove_dir_all(workplace.path("else")).unwrap();
    fs::rename(workplace.path("docs/file00.md"), workplace.path("docs/new.md")).unwrap();
    fs::remove_file(workplace.path("docs/file01.md")).unwrap();
    workplace.write("docs/file02.md", "# File 2\n\nAnother word.\n");
    let planned = sync(&["--dry-run"]);
    let expected = "updated docs/file02.md\nrenamed docs/file00.md to docs/new.md\ndeleted docs/file01.md\n";
    let would = expected
        .replace("updated", "would update")
        .replace("renamed", "would rename")
        .replace("deleted", "would delete");
    assert_eq!(planned.1, would, "{}", planned.2);
    assert_eq!(sync(&[]).1, expected);
    assert_eq!(sync(&[]).1, "");

    for n in 0..10 {
        workplace.write(&format!("docs/more{n}.md"), format!("# More {n}\n\nMore of {n}.\n"));
    }
    assert_eq!(sync(&[]).0, Some(0));
    fs::rename(workplace.path("docs"), workplace.path("away")).unwrap();
    let (status, said, told) = sync(&[]);
    assert_eq!((status, said.as_str()), (Some(1), ""), "{told}");
    assert!(told.contains("--allow-mass-delete"), "{told}");
    fs::create_dir(workplace.path("docs")).unwrap();
    assert_eq!(sync(&[]).0, Some(1), "an empty folder in its place is held as well");
    let (status, said, _) = sync(&["--allow-mass-delete"]);
    assert_eq!((status, said.lines().count()), (Some(0), 12));
    let server = workplace.serve(&[]);
    assert_eq!(sources(&server).await, ["else/kept.md"]);
    assert_eq!(server.send(Method::GET, "/api/sync", None).await.status(), StatusCode::OK);
}
