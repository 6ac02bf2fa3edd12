//! How fast is the whole program? Ingests 20,000 chunks with the real binary, then asks a real server with 10 clients at
//! once, and prints a table. `RAGCTL_BENCH_DOCUMENTS` and `RAGCTL_BENCH_QUERIES` change the sizes.
//!
//! Run with `cargo bench --bench engine`. Memory figures are read from /proc, so they are there on Linux only.

mod support;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use support::{Random, setting};

/// Words of ordinary text; rarer ones are made of syllables.
const COMMON: &str = "the of and to in is a that for it on was with as be by at this from or are which not have an but all they \
     were when there can more if no one has do time will each about how up out them then she many some so these would other \
     into her make like him two see could people than first water been call who oil now find long down day did get come made \
     may part server network deploy release backup policy office travel expense account customer engine pressure patient";

const SYLLABLES: [&str; 24] = [
    "ra", "to", "mi", "sel", "kan", "dor", "pre", "lis", "ven", "tar", "gon", "phi", "mer", "cal", "ost", "in", "der",
    "bru", "nav", "ex", "tion", "ing", "ate", "ous",
];

/// Makes texts.
struct Writer(Random);

impl Writer {
    fn word(&mut self, common: &[&str]) -> String {
        if self.0.below(100) < 60 {
            return common[self.0.below(common.len())].to_owned();
        }
        let number = 2 + self.0.below(3);
        // Two draws: the product favours small numbers, as rare words are not all equally rare.
        let rank = self.0.below(200) * self.0.below(200);
        let mut word = String::new();
        let mut n = rank;
        for _ in 0..number {
            word.push_str(SYLLABLES[n % SYLLABLES.len()]);
            n /= SYLLABLES.len();
        }
        word
    }

    fn sentence(&mut self, common: &[&str]) -> String {
        let words: Vec<String> = (0..6 + self.0.below(14)).map(|_| self.word(common)).collect();
        let mut text = words.join(" ");
        text[..1].make_ascii_uppercase();
        text + ". "
    }
}

/// Writes documents of about ten chunks; returns how many bytes.
fn write_documents(folder: &Path, number: usize) -> u64 {
    let common: Vec<&str> = COMMON.split_whitespace().collect();
    let mut random = Writer(Random(7));
    let mut bytes = 0;
    fs::create_dir_all(folder).expect("a folder for the documents");
    for n in 0..number {
        let mut text = format!("# Document {n}\n\n");
        while text.len() < 6_600 {
            for _ in 0..5 {
                text.push_str(&random.sentence(&common));
            }
            text.push_str("\n\n");
        }
        bytes += text.len() as u64;
        fs::write(folder.join(format!("{n:05}.md")), text).expect("a document");
    }
    bytes
}

fn questions(number: usize) -> Vec<String> {
    let common: Vec<&str> = COMMON.split_whitespace().collect();
    let mut random = Writer(Random(99));
    (0..number).map(|_| (0..7).map(|_| random.word(&common)).collect::<Vec<_>>().join(" ") + "?").collect()
}

/// A figure of /proc/PID/status in MiB.
fn memory(child: &Child, name: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}

/// Processor time that a process has used, in seconds.
fn processor_time(child: &Child) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    // After the name, which is in parentheses: user and system time are the 12th and 13th, in hundredths.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / 100.0)
}

fn ragctl(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ragctl"));
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).env("PROVIDER", "embedded");
    command
}

/// Runs to the end; returns the time and the peak memory in MiB.
fn timed(mut command: Command) -> (Duration, Option<f64>) {
    let started = Instant::now();
    let mut child = command.stderr(Stdio::null()).spawn().expect("the binary starts");
    let mut peak = None;
    loop {
        peak = memory(&child, "VmHWM").or(peak);
        match child.try_wait().expect("the child can be waited for") {
            Some(status) => {
                assert!(status.success(), "{status}");
                return (started.elapsed(), peak);
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn serve(folder: &Path) -> (Child, String, Duration) {
    let started = Instant::now();
    let mut child =
        ragctl(folder).args(["serve", "--port", "0"]).stderr(Stdio::piped()).spawn().expect("the server starts");
    let mut lines = BufReader::new(child.stderr.take().expect("it was piped")).lines();
    let url = loop {
        let line = lines.next().expect("the server says where it listens").expect("it writes text");
        if let Some(url) = line.strip_prefix("listening on ") {
            break url.to_owned();
        }
    };
    let ready = started.elapsed();
    std::thread::spawn(move || lines.for_each(drop));
    (child, url, ready)
}

/// Latencies in milliseconds, sorted, and requests per second.
async fn ask(url: &str, questions: Vec<String>, clients: usize) -> (Vec<f64>, f64) {
    let (questions, next) = (Arc::new(questions), Arc::new(AtomicUsize::new(0)));
    let failed = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let workers: Vec<_> = (0..clients)
        .map(|_| {
            let (questions, next, failed) = (Arc::clone(&questions), Arc::clone(&next), Arc::clone(&failed));
            let (url, http) = (format!("{url}/query"), reqwest::Client::new());
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while let Some(question) = questions.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let sent = Instant::now();
                    let response = http.post(&url).json(&json!({ "query": question })).send().await;
                    let ok = match response {
                        Ok(response) => response.status().is_success() && response.bytes().await.is_ok(),
                        Err(_) => false,
                    };
                    failed.fetch_or(!ok, Ordering::Relaxed);
                    latencies.push(sent.elapsed().as_secs_f64() * 1e3);
                }
                latencies
            })
        })
        .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.expect("a client ends"));
    }
    assert!(!failed.load(Ordering::Relaxed), "a question got no answer");
    let rate = all.len() as f64 / started.elapsed().as_secs_f64();
    all.sort_by(f64::total_cmp);
    (all, rate)
}

fn at(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() as f64 * share) as usize).min(sorted.len() - 1)]
}

fn row(what: &str, figure: &str, wanted: &str) {
    println!("| {what} | {figure} | {wanted} |");
}

fn main() {
    let documents = setting("RAGCTL_BENCH_DOCUMENTS", 2_000);
    let queries = setting("RAGCTL_BENCH_QUERIES", 5_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bytes = write_documents(&folder.path().join("docs"), documents);
    ragctl::providers::install_tls();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mib = |figure: Option<f64>| figure.map_or("n/a".to_owned(), |mib| format!("{mib:.0} MiB"));

    let mut command = ragctl(folder.path());
    command.args(["ingest", "docs"]);
    let (took, peak) = timed(command);
    let (mut child, url, ready) = serve(folder.path());
    let idle = memory(&child, "VmRSS");
    let chunks = runtime.block_on(async {
        let list: serde_json::Value =
            reqwest::get(format!("{url}/api/docs")).await.expect("an answer").json().await.expect("JSON");
        list["docs"].as_array().map_or(0, |docs| docs.iter().filter_map(|d| d["chunks"].as_u64()).sum())
    });
    runtime.block_on(ask(&url, questions(500), 10));
    let before = processor_time(&child);
    let (loaded, rate) = runtime.block_on(ask(&url, questions(queries), 10));
    let spent = processor_time(&child).zip(before).map(|(after, before)| (after - before) / queries as f64 * 1e3);
    let (alone, _) = runtime.block_on(ask(&url, questions(queries / 5), 1));
    let busy = memory(&child, "VmHWM");
    child.kill().expect("the server can be stopped");
    child.wait().expect("the server ends");

    let mut command = ragctl(folder.path());
    command.args(["ingest", "docs"]);
    let (again, _) = timed(command);

    println!("| {chunks} chunks, {:.1} MB of text | measured | wanted |", bytes as f64 / 1e6);
    println!("|---|---|---|");
    row(
        "ingestion",
        &format!("{:.1} s ({:.0} chunks/s)", took.as_secs_f64(), chunks as f64 / took.as_secs_f64()),
        "< 10 s",
    );
    row("ingestion, peak memory", &mib(peak), "< 500 MB");
    row("the same again, nothing changed", &format!("{:.2} s", again.as_secs_f64()), "");
    row("server ready after", &format!("{:.2} s", ready.as_secs_f64()), "< 1 s");
    row("idle memory with these chunks", &mib(idle), "< 80 MB");
    row("hybrid query, 10 clients, median", &format!("{:.2} ms", at(&loaded, 0.5)), "< 10 ms");
    row("hybrid query, 10 clients, p99", &format!("{:.2} ms", at(&loaded, 0.99)), "< 25 ms");
    row("hybrid queries per second, 10 clients", &format!("{rate:.0}"), "");
    row("hybrid query, processor time of the server", &spent.map_or("n/a".to_owned(), |ms| format!("{ms:.2} ms")), "");
    row("hybrid query, 1 client, median", &format!("{:.2} ms", at(&alone, 0.5)), "");
    row("peak memory of the server", &mib(busy), "");
}
