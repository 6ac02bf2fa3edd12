//! What durable ingestion costs: `cargo bench --bench ingest`, tables to stdout.
//!
//! With `RAGCTL_BASE=/path/to/another/ragctl` each measurement is made with both programs in turns, and the table has the ratio.
//! `RAGCTL_DOCUMENTS=10000` sets the number of small documents (default 2,000).

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};

/// Rounds of the large folder, for each program.
const ROUNDS: usize = 3;

/// Small documents that one client ingests one after the other.
const SINGLE: usize = 200;

const CLIENTS: usize = 8;

struct Server {
    child: Child,
    url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is over either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() {
    let this = PathBuf::from(env!("CARGO_BIN_EXE_ragctl"));
    let base = std::env::var_os("RAGCTL_BASE").map(PathBuf::from);
    let programs: Vec<(&str, PathBuf)> =
        std::iter::once(("this", this)).chain(base.map(|path| ("base", path))).collect();
    let documents = std::env::var("RAGCTL_DOCUMENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    ragctl::providers::install_tls();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    large_folder(&programs);
    runtime.block_on(single_documents(&programs));
    runtime.block_on(side_by_side(&programs, documents));
}

fn words(seed: usize, number: usize) -> String {
    const WORDS: [&str; 12] = [
        "harbour", "voyage", "cargo", "crane", "tide", "anchor", "pilot", "mooring", "berth", "quay", "ballast",
        "winch",
    ];
    let mut state = seed as u64 * 2_654_435_761 + 1;
    let mut text = String::new();
    for _ in 0..number {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(WORDS[(state >> 33) as usize % WORDS.len()]);
        text.push(' ');
    }
    text
}

/// 2,500 documents of 10 chunks each, by `ragctl ingest` into an empty data directory.
fn large_folder(programs: &[(&str, PathBuf)]) {
    let folder = tempfile::tempdir().expect("a folder");
    for n in 0..2_500 {
        let text: String =
            (0..10).map(|part| format!("## Part {part} of {n}\n\n{}\n\n", words(n * 10 + part, 105))).collect();
        let path = folder.path().join(format!("docs/{}/{n}.md", n / 250));
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a document");
    }
    println!("one large folder: 2,500 documents, {ROUNDS} rounds");
    let mut times = vec![Vec::new(); programs.len()];
    for _ in 0..ROUNDS {
        for ((_, program), times) in programs.iter().zip(&mut times) {
            let data = tempfile::tempdir().expect("a folder");
            let started = Instant::now();
            let done = command(program, folder.path())
                .args(["ingest", "docs", "--provider", "embedded", "--data-dir"])
                .arg(data.path())
                .output()
                .expect("it runs");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            times.push(started.elapsed());
        }
    }
    table(
        programs,
        &times.into_iter().map(|mut times| format!("{:.2} s", median(&mut times).as_secs_f64())).collect::<Vec<_>>(),
    );
}

fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().env("HOME", folder).stdin(Stdio::null());
    command
}

fn serve(program: &Path, folder: &Path) -> Server {
    let mut child = command(program, folder)
        .args(["serve", "--port", "0", "--provider", "embedded", "--data-dir", "kb"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let stderr = BufReader::new(child.stderr.take().expect("it was piped"));
    let (lines, said) = std::sync::mpsc::channel();
    std::thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|line| drop(lines.send(line))));
    let url = loop {
        let line = said.recv_timeout(Duration::from_secs(30)).expect("it listens");
        if let Some(url) = line.strip_prefix("listening on ") {
            break url.to_owned();
        }
    };
    Server { child, url }
}

/// Ingests one small document; returns how long that took, `None` when it failed or took longer than 20 s.
async fn ingest(client: &Client, server: &str, folder: &Path, name: &str) -> Option<Duration> {
    fs::write(folder.join(format!("{name}.md")), format!("# {name}\n\nThe word is tok{name}. {}\n", words(7, 60)))
        .ok()?;
    let started = Instant::now();
    let body = json!({ "paths": [format!("{name}.md")] });
    let sent = client.post(format!("{server}/api/ingest")).json(&body).timeout(Duration::from_secs(20)).send().await;
    sent.is_ok_and(|response| response.status() == 200).then(|| started.elapsed())
}

async fn single_documents(programs: &[(&str, PathBuf)]) {
    println!("\none client, {SINGLE} small documents, one after the other");
    let client = Client::new();
    let folders: Vec<_> = programs.iter().map(|_| tempfile::tempdir().expect("a folder")).collect();
    let servers: Vec<_> = programs.iter().zip(&folders).map(|((_, p), folder)| serve(p, folder.path())).collect();
    let mut times = vec![Vec::new(); programs.len()];
    for n in 0..SINGLE {
        for ((server, folder), times) in servers.iter().zip(&folders).zip(&mut times) {
            times.extend(ingest(&client, &server.url, folder.path(), &format!("d{n}")).await);
        }
    }
    let rows = times.into_iter().map(|mut times| {
        let middle = median(&mut times);
        let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        format!("median {:.1} ms, p99 {:.1} ms", ms(middle), ms(p99))
    });
    table(programs, &rows.collect::<Vec<_>>());
}

/// Every twentieth document is asked for as soon as it is acknowledged.
async fn side_by_side(programs: &[(&str, PathBuf)], documents: usize) {
    println!("\n{CLIENTS} clients at the same time, {documents} small documents");
    let mut rows = Vec::new();
    for (_, program) in programs {
        let folder = tempfile::tempdir().expect("a folder");
        let server = serve(program, folder.path());
        let client = Client::new();
        let started = Instant::now();
        let clients = (0..CLIENTS).map(|c| {
            let (client, server, folder) = (&client, &server.url, folder.path());
            async move {
                let (mut done, mut lost) = (0, 0);
                for n in (c..documents).step_by(CLIENTS) {
                    if ingest(client, server, folder, &format!("c{n}")).await.is_none() {
                        return (done, lost, true);
                    }
                    done += 1;
                    if n % 20 == c {
                        lost += usize::from(!finds(client, server, &format!("tokc{n}")).await);
                    }
                }
                (done, lost, false)
            }
        });
        let results = join_all(clients).await;
        let (done, seconds) = (results.iter().map(|r| r.0).sum::<usize>(), started.elapsed().as_secs_f64());
        let (lost, gave_up) = (results.iter().map(|r| r.1).sum::<usize>(), results.iter().filter(|r| r.2).count());
        rows.push(format!(
            "{done} in {seconds:.1} s, {:.0}/s; acknowledged and not found {lost}; clients without an answer {gave_up}",
            done as f64 / seconds
        ));
    }
    table(programs, &rows);
}

async fn finds(client: &Client, server: &str, word: &str) -> bool {
    let body = json!({ "query": word, "k": 1, "method": "bm25", "cache": false });
    let Ok(response) = client.post(format!("{server}/query")).json(&body).send().await else { return false };
    let answer: Value = response.json().await.unwrap_or_default();
    answer["contexts"][0].as_str().is_some_and(|text| text.contains(word))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn table(programs: &[(&str, PathBuf)], rows: &[String]) {
    for ((name, _), row) in programs.iter().zip(rows) {
        println!("  {name:5} {row}");
    }
}
