//! What an ingestion over HTTP may read, and what it may cost: no way out of the document roots, nothing that hangs.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Server, Workplace};

/// Far more than an answer takes, far less than a request that hangs.
const PROMPTLY: Duration = Duration::from_secs(20);

async fn ingest(server: &Server, paths: Value) -> (StatusCode, Value) {
    let answer = server.post("/api/ingest", json!({ "paths": paths }));
    tokio::time::timeout(PROMPTLY, answer).await.expect("an answer")
}

fn nested(depth: usize) -> String {
    format!("docs/{}b{}", "{a,".repeat(depth), "}".repeat(depth))
}

#[tokio::test]
async fn paths_are_bounded_by_field() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    for (paths, says) in [
        (json!([]), "field \"paths\" is empty"),
        (json!(vec!["n"; 1_001]), "field \"paths\" must have 1 to 1000 entries, it has 1001"),
        (json!(["docs", ""]), "field \"paths[1]\" must have 1 to 4096 characters, it has 0"),
        (json!(["a".repeat(4_097)]), "field \"paths[0]\" must have 1 to 4096 characters, it has 4097"),
        (json!(["docs/\0.md"]), "field \"paths[0]\" has a NUL character"),
        (json!([nested(13_100)]), "field \"paths[0]\" must have 1 to 4096 characters"),
    ] {
        let (status, error) = ingest(&server, paths).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{says}: {error}");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
    let (status, error) = ingest(&server, json!(vec!["docs/nope.md"; 1_000])).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "1,000 are allowed: {error}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn names_of_any_bytes_are_documents_of_their_own() {
    use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt};

    use reqwest::Method;

    let workplace = Workplace::new();
    workplace.write("odd/~$report.docx", b"\x05Admin");
    for (name, animal) in [(b"b\xE4r.md".as_slice(), "walrus"), (b"b\xF6r.md", "heron")] {
        let path = workplace.path("odd").join(OsStr::from_bytes(name));
        fs::write(path, format!("# Mascot\n\nThe mascot of this harbour is a {animal}.\n")).unwrap();
    }
    let server = workplace.serve(&[]);
    let (status, report) = ingest(&server, json!(["odd"])).await;
    assert_eq!((status, &report["documents"]["added"]), (StatusCode::OK, &json!(2)), "{report}");
    assert_eq!(report["errors"], json!([]), "a lock file is no document");
    let (_, again) = ingest(&server, json!(["odd"])).await;
    assert_eq!(again["documents"]["unchanged"], 2, "their names are the same every time: {again}");

    let sources = ["odd/b\u{FFFD}E4r.md", "odd/b\u{FFFD}F6r.md"];
    let (_, deleted) = server.json(Method::DELETE, "/api/docs", Some(&json!({ "sources": [sources[0]] }))).await;
    assert_eq!(deleted["deleted_sources"], 1, "{deleted}");
    let (_, list) = server.get("/api/docs").await;
    let left: Vec<&str> = list["docs"].as_array().unwrap().iter().map(|doc| doc["source"].as_str().unwrap()).collect();
    assert_eq!(left, [sources[1]]);
}

#[tokio::test]
async fn no_glob_ends_the_process() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    for (glob, says) in [
        (nested(240), "nested more than 8 deep"),
        (nested(13_100), "4096 characters"),
        (format!("docs/{}", "{a,b}".repeat(800)), "more than 256 alternatives"),
        (format!("docs/{}x", "**/".repeat(1_300)), "more than 64 wildcards"),
        (format!("docs/{}", "?".repeat(4_000)), "more than 64 wildcards"),
        ("docs/[".into(), "not a glob"),
    ] {
        let (status, error) = ingest(&server, json!([glob])).await;
        assert!(status.is_client_error(), "{status} {error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    let (status, report) = ingest(&server, json!(["docs/{release,refund}-*.{txt,{pdf,md}}"])).await;
    assert_eq!((status, &report["documents"]["added"]), (StatusCode::OK, &json!(2)), "{report}");
    server.ask("How long can a voyage be paused?").await;
}

#[cfg(unix)]
mod unix {
    use std::{
        fs,
        os::unix::fs::symlink,
        process::Command,
        sync::atomic::{AtomicBool, Ordering},
    };

    use futures::future::join_all;

    use super::*;

    fn make_pipe(workplace: &Workplace, name: &str) {
        let made = Command::new("mkfifo").arg(workplace.path(name)).status().unwrap();
        assert!(made.success());
    }

    /// A pipe has no end of its own: whoever opened it to read waited for ever, and with him a thread of the server.
    #[tokio::test]
    async fn a_pipe_is_refused_and_six_hundred_requests_for_it_stop_nobody() {
        let workplace = Workplace::new();
        make_pipe(&workplace, "docs/pipe.md");
        let server = workplace.serve(&[]);
        let (status, report) = ingest(&server, json!(["docs"])).await;
        assert_eq!((status, &report["documents"]["added"]), (StatusCode::OK, &json!(8)), "{report:#}");
        assert_eq!(report["errors"][0]["file"], "docs/pipe.md");

        for (status, error) in join_all((0..600).map(|_| ingest(&server, json!(["docs/pipe.md"])))).await {
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{error}");
            assert!(error["errors"][0]["error"].as_str().unwrap().contains("not a regular file"), "{error}");
        }
        server.ask("How long can a voyage be paused?").await;
        assert_eq!(server.get("/health").await.0, StatusCode::OK);
        assert_eq!(server.terminate().code(), Some(0));
    }

    #[tokio::test]
    async fn a_linked_folder_outside_is_named_once_and_nothing_in_it() {
        let workplace = Workplace::new();
        for n in 0..50 {
            workplace.write(&format!("outside/deep/private-name-{n}.md"), "The password is swordfish.");
        }
        symlink(workplace.path("outside"), workplace.path("docs/out")).unwrap();
        let server = workplace.serve(&["--docs-root", "docs"]);
        for paths in [json!(["docs"]), json!(["docs/**/*.md"]), json!(["docs/out"]), json!(["docs/out/deep/*.md"])] {
            let (_, report) = ingest(&server, paths.clone()).await;
            let errors = report["errors"].as_array().unwrap();
            assert_eq!(errors.len(), 1, "{paths}: {report:#}");
            assert!(errors[0]["error"].as_str().unwrap().contains("document roots"), "{report:#}");
            assert!(!report.to_string().contains("private-name"), "{report:#}");
        }
        let (_, docs) = server.get("/api/docs").await;
        assert!(!docs.to_string().contains("private-name"));
    }

    #[tokio::test]
    async fn a_hard_link_is_not_read_for_a_request_but_for_a_person() {
        let workplace = Workplace::new();
        workplace.write("outside/secret.md", "The password is swordfish.");
        fs::hard_link(workplace.path("outside/secret.md"), workplace.path("docs/hard.md")).unwrap();
        let server = workplace.serve(&["--docs-root", "docs"]);
        let (status, error) = ingest(&server, json!(["docs/hard.md"])).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{error}");
        assert!(error["errors"][0]["error"].as_str().unwrap().contains("several hard links"), "{error}");
        drop(server);
        let output = workplace.run(&["ingest", "docs/hard.md", "--provider", "embedded"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }

    /// The name is a file when it is looked up, and a link when it is opened, or the other way round.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_name_that_changes_all_the_time_never_leads_out() {
        let workplace = Workplace::new();
        workplace.write("outside/secret.md", "The password is swordfish.");
        let server = workplace.serve(&["--docs-root", "docs"]);
        let (secret, name) = (workplace.path("outside/secret.md"), workplace.path("docs/race.md"));
        let (link, file) = (workplace.path("docs/.link"), workplace.path("docs/.file"));
        let stop = AtomicBool::new(false);
        let swap = || {
            while !stop.load(Ordering::Relaxed) {
                symlink(&secret, &link).unwrap();
                fs::rename(&link, &name).unwrap();
                fs::write(&file, "Nothing of interest.").unwrap();
                fs::rename(&file, &name).unwrap();
            }
        };
        let ask = || async {
            for _ in 0..400 {
                ingest(&server, json!(["docs/race.md"])).await;
                let question = json!({ "query": "swordfish", "method": "bm25", "cache": false });
                let (_, answer) = server.post("/query", question).await;
                if answer["contexts"].to_string().contains("swordfish") {
                    return false;
                }
            }
            true
        };
        let kept = std::thread::scope(|scope| {
            scope.spawn(swap);
            let kept = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(ask()));
            stop.store(true, Ordering::Relaxed);
            kept
        });
        assert!(kept, "the secret was read");
    }

    #[tokio::test]
    async fn errors_in_an_answer_are_bounded_and_all_counted() {
        let workplace = Workplace::new();
        for n in 0..1_100 {
            workplace.write(&format!("many/{n}.md"), "");
        }
        let server = workplace.serve(&[]);
        let (status, error) = ingest(&server, json!(["many"])).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(error["errors"].as_array().unwrap().len(), 1_000);
        assert!(error["message"].as_str().unwrap().contains("and 1099 more"), "{}", error["message"]);
        let (status, report) = ingest(&server, json!(["many", "docs"])).await;
        assert_eq!((status, &report["documents"]["failed"]), (StatusCode::OK, &json!(1_100)));
        assert_eq!(report["errors"].as_array().unwrap().len(), 1_000);
    }
}
