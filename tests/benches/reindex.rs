//! What questions notice of a DB that is made anew: `cargo bench --bench reindex`, a table to stdout.
//!
//! A server answers 50 questions a second, without its cache, while `ragctl reindex` cuts and embeds all documents otherwise and
//! lets the new generation answer. Times count from when a question was due. `CHUNKS`, `QUESTIONS` and `SECONDS` set other numbers;
//! with `RAGCTL_BASE=/path/to/another/ragctl` it is done with both programs.

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::json;
use support::{Random, Server, quantile, setting};
use tokio::{sync::mpsc, time::sleep};

/// Chunks that a document has, roughly.
const CHUNKS_OF_DOCUMENT: usize = 20;

/// How long the server may need to follow the swap, and to be as it was before.
const AFTER: Duration = Duration::from_secs(4);

fn main() {
    let base = std::env::var_os("RAGCTL_BASE").map(|path| ("base", PathBuf::from(path)));
    let programs = base.into_iter().chain([("this", PathBuf::from(env!("CARGO_BIN_EXE_ragctl")))]);
    ragctl::providers::install_tls();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("| program | phase | questions | median | p99 | longest |\n|---|---|---|---|---|---|");
    for (name, program) in programs {
        runtime.block_on(measure(name, &program));
    }
}

async fn measure(name: &str, program: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    write_documents(&folder.path().join("docs"), setting("CHUNKS", 50_000) / CHUNKS_OF_DOCUMENT);
    run(program, folder.path(), &["ingest", "docs", "--chunk-size", "800"]).await;
    let server = Server::start(program, folder.path(), &["--provider", "embedded", "--data-dir", "kb"]);
    let seconds = Duration::from_secs(setting("SECONDS", 20) as u64);
    ask_until(&server.url, sleep(seconds / 4)).await;
    let before = ask_until(&server.url, sleep(seconds)).await;
    let begin = Instant::now();
    let mut took = Duration::ZERO;
    let during = ask_until(&server.url, async {
        run(program, folder.path(), &["reindex", "--chunk-size", "500"]).await;
        took = begin.elapsed();
        sleep(AFTER).await;
    });
    let during = during.await;
    let after = ask_until(&server.url, sleep(seconds)).await;
    let row = |phase: &str, times: &[Duration]| {
        let [median, p99, longest] = [0.5, 0.99, 1.0].map(|share| quantile(times, share));
        println!("| {name} | {phase} | {} | {median:.1} ms | {p99:.1} ms | {longest:.1} ms |", times.len());
    };
    row("before", &before);
    row(&format!("while reindexing, {:.0} s, and swapping", took.as_secs_f64()), &during);
    row("after", &after);
    println!(
        "| {name} | p99 while reindexing ÷ before | | | {:.2} | |",
        quantile(&during, 0.99) / quantile(&before, 0.99)
    );
}

async fn run(program: &Path, folder: &Path, args: &[&str]) {
    let mut command = Command::new(program);
    command.current_dir(folder).args(args).args(["--provider", "embedded", "--data-dir", "kb"]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Asks at an even rate until something has happened; sorted times from when a question was due until its answer.
async fn ask_until(url: &str, end: impl Future<Output = ()>) -> Vec<Duration> {
    let rate = setting("QUESTIONS", 50);
    let (client, url) = (reqwest::Client::new(), format!("{url}/query"));
    let (times, mut answered) = mpsc::unbounded_channel();
    let asking = async {
        let mut due = Instant::now();
        let mut random = Random(7);
        loop {
            due += Duration::from_secs_f64(1.0 / rate as f64);
            sleep(due.saturating_duration_since(Instant::now())).await;
            let question =
                format!("Which {} of the {} is in {}?", word(&mut random), word(&mut random), word(&mut random));
            let request = client.post(&url).json(&json!({ "query": question, "cache": false }));
            let times = times.clone();
            tokio::spawn(async move {
                let response = request.send().await.expect("it answers");
                assert!(response.status().is_success(), "{}", response.status());
                response.bytes().await.expect("it answers whole");
                // Nobody listens any more once the phase has ended.
                let _ = times.send(due.elapsed());
            });
        }
    };
    tokio::select! { () = asking => {}, () = end => {} }
    drop(times);
    let mut all = Vec::new();
    while let Some(time) = answered.recv().await {
        all.push(time);
    }
    all.sort_unstable();
    all
}

fn word(random: &mut Random) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "za", "dor", "fen", "gal", "hip", "jur", "wex"];
    // The product favours small numbers, as words of a language are not equally frequent.
    let mut rank = random.below(220) * random.below(220);
    let mut word = String::new();
    while word.is_empty() || rank > 0 {
        word.push_str(SYLLABLES[rank % SYLLABLES.len()]);
        rank /= SYLLABLES.len();
    }
    word
}

fn write_documents(folder: &Path, number: usize) {
    fs::create_dir_all(folder).expect("a folder");
    let mut random = Random(1);
    for n in 0..number {
        let mut text = format!("# Record {n}\n");
        for section in 0..CHUNKS_OF_DOCUMENT {
            text.push_str(&format!("\n## {} {section}\n\n", word(&mut random)));
            // About 700 characters: one chunk before, two after.
            for _ in 0..10 {
                let words: Vec<String> = (0..12).map(|_| word(&mut random)).collect();
                text.push_str(&words.join(" "));
                text.push_str(". ");
            }
        }
        fs::write(folder.join(format!("record{n:05}.md")), text).expect("a file");
    }
}
