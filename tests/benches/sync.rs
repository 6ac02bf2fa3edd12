//! How long does a change in a mirrored folder take until it is answered? Prints a table; run with `cargo bench --bench sync`.
//!
//! A server mirrors a folder of 10,000 files while 50 questions a second are asked. Files are changed, deleted and renamed one
//! after another, and each is asked about until the answer shows it. `FILES`, `QUESTIONS` and `CHANGES` set other numbers.

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::{Server, quantile, setting};

const PATIENCE: Duration = Duration::from_secs(30);

fn file(folder: &Path, n: usize) -> PathBuf {
    folder.join(format!("docs/part{:02}/file{n:05}.md", n % 97))
}

fn text(n: usize, word: &str) -> String {
    let topic = ["harbour", "ledger", "turbine", "orchard", "archive", "ferry", "kiln", "quarry"][n % 8];
    format!(
        "# The {topic} of section {n}\n\nSection {n} keeps its {topic} under the name {word}. It is looked after by crew {}.\n",
        n % 311
    )
}

async fn ask(client: &reqwest::Client, url: &str, body: Value) -> Value {
    let sent = client.post(format!("{url}/query")).json(&body).send().await;
    match sent {
        Ok(response) => response.json().await.unwrap_or_default(),
        Err(_) => Value::Null,
    }
}

/// Asks until the answer's sources are as wanted; how long that took.
async fn until(client: &reqwest::Client, url: &str, word: &str, wanted: impl Fn(&[&str]) -> bool) -> Duration {
    let begin = Instant::now();
    loop {
        let body = json!({ "query": word, "method": "bm25", "k": 3 });
        let answer = ask(client, url, body).await;
        if let Some(all) = answer["metadatas"].as_array() {
            let sources: Vec<&str> = all.iter().filter_map(|passage| passage["source"].as_str()).collect();
            if wanted(&sources) {
                return begin.elapsed();
            }
        }
        assert!(begin.elapsed() < PATIENCE, "{word} was never as it should be");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| quantile(&times, share);
    println!("| {what} | {} | {:.0} ms | {:.0} ms | {:.0} ms |", times.len(), at(0.5), at(0.99), at(1.0));
}

#[tokio::main]
async fn main() {
    let (files, rate, changes) = (setting("FILES", 10_000), setting("QUESTIONS", 50), setting("CHANGES", 100));
    let folder = tempfile::tempdir().expect("a folder");
    for n in 0..files {
        let path = file(folder.path(), n);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text(n, &format!("first{n}x"))).expect("a file");
    }
    let begin = Instant::now();
    let args = ["--provider", "embedded", "--docs", "docs", "--watch"];
    let server = Server::start(Path::new(env!("CARGO_BIN_EXE_ragctl")), folder.path(), &args);
    println!("{files} files are mirrored in {:.1} s", begin.elapsed().as_secs_f64());
    ragctl::providers::install_tls();
    let client = reqwest::Client::new();

    let (stop, asked, late) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let load = {
        let (client, url, stop) = (client.clone(), server.url.clone(), Arc::clone(&stop));
        let (asked, late) = (Arc::clone(&asked), Arc::clone(&late));
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_secs_f64(1.0 / rate.max(1) as f64));
            while !stop.load(Ordering::Relaxed) {
                tick.tick().await;
                let (client, url) = (client.clone(), url.clone());
                let (asked, late) = (Arc::clone(&asked), Arc::clone(&late));
                tokio::spawn(async move {
                    let n = asked.fetch_add(1, Ordering::Relaxed);
                    let begin = Instant::now();
                    let question = format!("Who looks after the harbour of section {}?", n * 7 % 9_973);
                    ask(&client, &url, json!({ "query": question })).await;
                    late.fetch_add((begin.elapsed() > Duration::from_secs(1)).into(), Ordering::Relaxed);
                });
            }
        })
    };

    let (mut changed, mut renamed, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..changes {
        let path = file(folder.path(), n * 3);
        let (word, source) = (format!("changed{n}y"), format!("docs/part{:02}/file{:05}.md", n * 3 % 97, n * 3));
        fs::write(&path, text(n * 3, &word)).expect("a file");
        changed.push(until(&client, &server.url, &word, |sources| sources.contains(&source.as_str())).await);
        let (to, new) = (path.with_extension("new.md"), source.replace(".md", ".new.md"));
        fs::rename(&path, &to).expect("a file");
        renamed.push(until(&client, &server.url, &word, |sources| sources.contains(&new.as_str())).await);
        fs::remove_file(&to).expect("a file");
        deleted.push(until(&client, &server.url, &word, |sources| !sources.contains(&new.as_str())).await);
    }
    stop.store(true, Ordering::Relaxed);
    load.await.expect("the load");
    println!(
        "{} questions were asked beside, {} of them took more than 1 s\n",
        asked.load(Ordering::Relaxed),
        late.load(Ordering::Relaxed)
    );
    println!("| change | times | median | p99 | longest |\n|---|---|---|---|---|");
    row("changed, until it is found", changed);
    row("renamed, until it has its new name", renamed);
    row("deleted, until it is told no more", deleted);
}
