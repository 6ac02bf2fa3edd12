//! Several writers, interrupted writers, disks and files that are gone, full, read-only or damaged: nothing hangs, nothing that
//! was acknowledged is lost, and what is wrong is said.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Server, Workplace, eventually, ragctl, text};

/// Longest time that one small ingestion may take on a busy machine.
const SOON: Duration = Duration::from_secs(20);

async fn ingest(server: &Server, path: &str) -> (StatusCode, Value) {
    let ingesting = server.post("/api/ingest", json!({ "paths": [path] }));
    tokio::time::timeout(SOON, ingesting).await.unwrap_or_else(|_| panic!("{path}: no answer within {SOON:?}"))
}

async fn finds(server: &Server, word: &str) -> bool {
    let body = json!({ "query": word, "k": 1, "method": "bm25", "cache": false });
    let (status, answer) = server.post("/query", body).await;
    status == 200 && answer["contexts"].as_array().unwrap().iter().any(|text| text.as_str().unwrap().contains(word))
}

/// Clients that ingest one small document after the other; each is to be found as soon as it is acknowledged.
async fn ingest_side_by_side(workplace: &Workplace, servers: &[&Server], clients: usize, each: usize) {
    let clients = (0..clients).map(|client| async move {
        let server = servers[client % servers.len()];
        for n in 0..each {
            let word = format!("tok{client}x{n}");
            workplace.write(&format!("side/{word}.md"), format!("# Paper\n\nThe word is {word}.\n"));
            let (status, report) = ingest(server, &format!("side/{word}.md")).await;
            assert_eq!(status, 200, "{report}");
            assert!(finds(server, &word).await, "{word} was acknowledged and is not found");
        }
    });
    futures::future::join_all(clients).await;
}

#[tokio::test]
async fn clients_that_ingest_at_the_same_time_neither_hang_nor_lose_anything() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    ingest_side_by_side(&workplace, &[&server], 6, 12).await;
    let (_, health) = server.get("/health").await;
    assert_eq!((&health["status"], &health["services"]["database"]["document_count"]), (&json!("healthy"), &json!(72)));
}

#[tokio::test]
async fn two_servers_on_one_data_directory_see_each_others_documents() {
    let workplace = Workplace::new();
    let first = workplace.serve(&["--cache-persist"]);
    let second = workplace.serve(&["--cache-persist"]);
    assert!(second.start_lines.iter().any(|line| line.contains("used by another server")), "{:?}", second.start_lines);
    ingest_side_by_side(&workplace, &[&first, &second], 4, 8).await;
    for server in [&first, &second] {
        for client in 0..4 {
            let word = format!("tok{client}x7");
            eventually("both find everything", || finds(server, &word)).await;
        }
    }
    // One deletes a DB and makes it anew; the other, which has it open, follows.
    let remote = json!({ "paths": ["docs"], "db": "shared" });
    assert_eq!(second.post("/api/ingest", remote.clone()).await.0, 200);
    assert_eq!(first.json(Method::DELETE, "/api/dbs/shared", None).await.0, 200);
    assert_eq!(first.post("/api/dbs/create", json!({ "name": "shared" })).await.0, 200);
    eventually("the other sees the new one", || async {
        second.get("/api/docs?db=shared").await.1["docs"].as_array().is_some_and(Vec::is_empty)
    })
    .await;
    assert_eq!(second.post("/api/ingest", remote).await.0, 200);
    assert_eq!(first.get("/api/docs?db=shared").await.1["docs"].as_array().unwrap().len(), 8);
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A kill between two files of a commit leaves one that the index does not know, with the name that the next commit gives.
#[tokio::test]
async fn what_a_kill_leaves_in_the_index_is_no_reason_not_to_start() {
    let workplace = Workplace::new();
    drop(workplace.serve(&["--docs", "docs"]));
    let (data, copy) = (workplace.path("data/kb"), workplace.path("copy"));
    copy_folder(&data, &copy);
    let names =
        fs::read_dir(workplace.path("docs")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let changed = format!("docs/{}", { names }.find(|name| name.ends_with(".md")).unwrap());
    workplace.write(&changed, "Something else altogether: tokchanged.\n");
    let done = workplace.run(&["ingest", &changed, "--data-dir", "copy", "--provider", "embedded"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let leftovers: Vec<_> = fs::read_dir(copy.join("default/index/lexical"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".del"))
        .collect();
    assert!(!leftovers.is_empty(), "the change deletes something");
    for name in &leftovers {
        fs::write(data.join("default/index/lexical").join(name), "").unwrap();
    }
    for _ in 0..2 {
        let server = workplace.serve(&[]);
        let (status, report) = ingest(&server, &changed).await;
        assert_eq!(status, 200, "{report}");
        assert!(finds(&server, "tokchanged").await);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupted_ingestion_ends_in_order() {
    let workplace = Workplace::new();
    for n in 0..600 {
        workplace.write(&format!("many/{n:03}.md"), format!("# Paper {n}\n\n{}", "harbour pilot tide ".repeat(250)));
    }
    let command = |data: &str| {
        let mut command = ragctl(workplace.folder.path());
        command
            .args(["ingest", "many", "--provider", "embedded", "--data-dir", data])
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    };
    for (signal, data) in [("-INT", "one"), ("-TERM", "two")] {
        let child = command(data).spawn().unwrap();
        let store = workplace.path(data).join("default/store.db");
        eventually("it has begun", || async { store.exists() }).await;
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let ended = child.wait_with_output().unwrap();
        let said = text(&ended.stderr);
        assert!(matches!(ended.status.code(), Some(130 | 0)), "{signal}: {:?} {said}", ended.status);
        let done = command(data).output().unwrap();
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        let server = workplace.serve(&["--data-dir", data]);
        assert_eq!(server.get("/health").await.1["services"]["database"]["document_count"], 600);
    }
}

#[tokio::test]
async fn dbs_may_be_called_like_the_servers_files() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--cache-persist"]);
    for name in ["semantic-cache.json", "semantic-cache.journal"] {
        assert_eq!(server.post("/api/dbs/create", json!({ "name": name })).await.0, 200);
        assert_eq!(server.post("/api/ingest", json!({ "paths": ["docs"], "db": name })).await.0, 200);
    }
    drop(server);
    let server = workplace.serve(&["--cache-persist"]);
    let dbs = server.get("/api/dbs").await.1["dbs"].clone();
    assert_eq!(dbs, json!(["default", "semantic-cache.journal", "semantic-cache.json"]));
    let asked = json!({ "query": "How long can a voyage be paused?", "db": "semantic-cache.json" });
    assert!(server.post("/query", asked).await.1["answer"].as_str().unwrap().contains("72 hours"));
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_acknowledged_once_the_data_directory_is_gone() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let (data, away) = (workplace.path("data/kb"), workplace.path("away"));
    fs::rename(&data, &away).unwrap();
    workplace.write("later.md", "The word is toklater.\n");
    for replaced in [false, true] {
        if replaced {
            copy_folder(&away, &data);
        }
        let (status, error) = ingest(&server, "later.md").await;
        assert_eq!(status, 503, "{error}");
        assert!(error["message"].as_str().unwrap().contains("deleted or replaced"), "{error}");
        let (_, health) = server.get("/health").await;
        assert_eq!((&health["status"], &health["database"]), (&json!("unhealthy"), &json!(false)), "{health}");
        assert!(
            health["services"]["database"]["message"].as_str().unwrap().contains("deleted or replaced"),
            "{health}"
        );
        assert_eq!(server.get("/health/ready").await.0, 503);
        server.ask("How long can a voyage be paused?").await;
    }
    fs::remove_dir_all(&data).unwrap();
    fs::rename(&away, &data).unwrap();
    assert_eq!(ingest(&server, "later.md").await.0, 200, "it is the old one again");
    assert_eq!(server.get("/health").await.1["status"], "healthy");
}

#[tokio::test]
async fn an_emptied_store_is_not_taken_for_a_new_one() {
    let workplace = Workplace::new();
    drop(workplace.serve(&["--docs", "docs"]));
    let store = workplace.path("data/kb/default/store.db");
    let _ = fs::remove_file(workplace.path("data/kb/default/store.db-wal"));
    for damage in ["emptied", "gone"] {
        if damage == "emptied" {
            fs::write(&store, "").unwrap()
        } else {
            fs::remove_file(&store).unwrap()
        }
        let ended = workplace.run(&["serve", "--port", "0", "--provider", "embedded"]);
        assert_eq!(ended.status.code(), Some(1), "{damage}");
        let said = text(&ended.stderr);
        assert!(said.contains("is damaged") && said.contains("restore a backup"), "{damage}: {said}");
    }
}

#[tokio::test]
async fn no_cache_file_is_a_reason_not_to_start() {
    let workplace = Workplace::new();
    drop(workplace.serve(&["--docs", "docs", "--cache-persist"]));
    let journal = workplace.path("data/kb/semantic-cache.journal");
    let start = |what: &str| {
        let server = workplace.serve(&["--cache-persist"]);
        let line = server.start_lines.iter().find(|line| line.starts_with("cache: ")).unwrap().clone();
        drop(server);
        assert!(line.contains("0 answers"), "{what}: {line}");
        line
    };
    fs::write(&journal, "no journal at all").unwrap();
    assert!(start("junk").contains("it was no cache file"));
    fs::remove_file(&journal).unwrap();
    fs::create_dir(&journal).unwrap();
    assert!(start("a folder").contains("lives in memory"));
    fs::write(workplace.path("data/kb/semantic-cache.json"), "{ junk").unwrap();
    drop(workplace.serve(&[]));
}

/// A user who may not write what root has made; `None` where this process is not root, and needs no other.
#[cfg(unix)]
fn somebody_else() -> Option<u32> {
    const NOBODY: u32 = 65_534;
    rustix::process::geteuid().is_root().then_some(NOBODY)
}

#[cfg(unix)]
fn set_modes(folder: &Path, file: u32, dir: u32) {
    use std::os::unix::fs::{PermissionsExt, chown};
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        if let Some(user) = somebody_else() {
            chown(path, Some(user), Some(user)).unwrap();
        }
    };
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() { set_modes(&entry.path(), file, dir) } else { set(&entry.path(), file) }
    }
    set(folder, dir);
}

#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_can_only_be_read_leaves_a_server_that_answers() {
    use std::os::unix::{fs::PermissionsExt, process::CommandExt};
    let workplace = Workplace::new();
    drop(workplace.serve(&["--docs", "docs"]));
    let data = workplace.path("data");
    set_modes(&data, 0o444, 0o555);
    fs::set_permissions(workplace.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for persist in ["--cache-persist=true", "--cache-persist=false"] {
        let mut command = ragctl(workplace.folder.path());
        command.args(["serve", "--port", "0", "--provider", "embedded", "--docs", "docs", persist]);
        if let Some(user) = somebody_else() {
            command.uid(user).gid(user);
        }
        let server = Server::start(command);
        let answer = server.ask("How long can a voyage be paused?").await;
        assert!(answer["answer"].as_str().unwrap().contains("72 hours"), "{answer}");
        let (_, health) = server.get("/health").await;
        let message = health["services"]["database"]["message"].as_str().unwrap_or_default();
        assert_eq!(health["status"], "degraded", "{health}");
        assert!(message.contains("can only be read"), "{message}");
        workplace.write("new.md", "Something new.\n");
        let (status, error) = ingest(&server, "new.md").await;
        assert_eq!(status, 503, "{error}");
        assert!(error["message"].as_str().unwrap().contains("nothing of this was stored"), "{error}");
        assert_eq!(server.post("/api/dbs/create", json!({ "name": "new" })).await.0, 503);
    }
    set_modes(&data, 0o600, 0o700);
}

/// A small disk of its own; unmounted when this is dropped.
#[cfg(target_os = "linux")]
struct SmallDisk(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount(at: std::path::PathBuf) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(&at).output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then_some(Self(at))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_said_and_what_was_acknowledged_is_there() {
    let workplace = Workplace::new();
    let Some(disk) = SmallDisk::mount(workplace.path("disk")) else {
        crate::support::skipped("only root may mount a small disk");
        return;
    };
    let server = workplace.serve(&["--data-dir", "disk/kb", "--docs", "docs", "--cache-persist"]);
    let ballast = disk.0.join("ballast");
    // Filled to the brim: not even a page is left.
    let fill = || {
        let mut file = fs::File::options().create(true).append(true).open(&ballast).unwrap();
        while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    };
    fill();
    workplace.write("new.md", format!("The word is toknew. {}", "harbour pilot tide ".repeat(2_000)));
    let (status, error) = ingest(&server, "new.md").await;
    assert_eq!(status, StatusCode::INSUFFICIENT_STORAGE, "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("nothing of this was stored") || message.contains("it is stored"), "{message}");
    server.ask("How long can a voyage be paused?").await;
    drop(server);
    fill();
    let server = workplace.serve(&["--data-dir", "disk/kb", "--docs", "docs", "--cache-persist"]);
    server.ask("How long can a voyage be paused?").await;
    fs::remove_file(&ballast).unwrap();
    eventually("it is stored when there is room again", || async { ingest(&server, "new.md").await.0 == 200 }).await;
    eventually("it is found", || finds(&server, "toknew")).await;
}

#[tokio::test]
async fn health_shows_that_the_servers_tasks_and_threads_are_at_work() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    eventually("the tasks have begun", || async {
        let (_, health) = server.get("/health").await;
        let tasks = health["background"].as_array().unwrap().clone();
        assert!(tasks.iter().all(|task| task["stuck"] == false), "{health}");
        ["watch_stores", "sample_system", "tend_cache"]
            .iter()
            .all(|name| tasks.iter().any(|task| task["name"] == *name))
    })
    .await;
    assert_eq!(server.get("/health/live").await.1["status"], "alive");
}
