//! How good and how fast is the semantic cache? `cargo bench --bench semantic_cache`
//!
//! Quality is measured on labelled pairs in `../shared/data/pairs` where that folder is there, and on the smaller set in
//! `fixtures/pairs`; how questions that are near but not the same are kept apart, on the sets in `fixtures/cache` with their
//! passages; speed on random vectors, and over HTTP against a bare handler that returns the same body.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use ragctl::util::time::UnixMillis;
use ragctl::{
    cache::{
        CacheDecision, CacheMode, CacheQuery, CacheSettings, Namespace, Rejection, SemanticCache, SimilarityPrior,
        StoredAnswer, Wording, mismatch,
        tune::ready,
        tune::{self, Embedded, Logged, Measured, Pair},
    },
    domain::SpecKey,
    providers::embedded::StaticEmbedder,
    telemetry::Metrics,
};

#[path = "../near_questions/mod.rs"]
mod near_questions;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/pairs");
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pairs");

fn main() {
    if let Ok(body) = std::env::var(BARE) {
        return http::serve_bare(body.into());
    }
    let embedder = StaticEmbedder::bundled().expect("the compiled-in model loads");
    match std::env::var("RAGCTL_BENCH").as_deref() {
        Ok("http") => return http::run(),
        Ok("near") => return near_sets(&embedder),
        _ => {}
    }
    near_sets(&embedder);
    quality(&embedder);
    speed();
    http::run();
}

/// Set for the process that serves a body and nothing else.
const BARE: &str = "RAGCTL_BENCH_BARE_BODY";

fn quality(embedder: &StaticEmbedder) {
    for (folder, name) in [(SHARED, "gptcache-999.csv"), (SHARED, "qqp-20k.csv"), (OWN, "labelled.csv")] {
        let path = Path::new(folder).join(name);
        let Some(pairs) = read(&path, embedder) else {
            println!("\n{name}: skipped, there is no {}", path.display());
            continue;
        };
        println!("\n## {name}: {} pairs, {} of them the same\n", pairs.len(), pairs.iter().filter(|p| p.same).count());
        if pairs.iter().all(|pair| pair.same) {
            crowded(&pairs);
        } else {
            one_by_one(&pairs);
        }
    }
}

/// Near questions and paraphrases with the passages of both, at each threshold and in verified mode.
fn near_sets(embedder: &StaticEmbedder) {
    for name in near_questions::SETS {
        let pairs = near_questions::read(name);
        let let_through: usize = near_questions::unrefused(&pairs).values().map(Vec::len).sum();
        let languages: std::collections::BTreeSet<&str> = pairs.iter().map(|pair| pair.language.as_str()).collect();
        let languages = languages.into_iter().collect::<Vec<_>>().join(", ");
        println!("\n## {name} ({languages}): {let_through} near questions are refused by their cosine alone\n");
        println!("| | leaks | of near questions | served | of paraphrases |\n|---|---|---|---|---|");
        let row = |name: &str, outcome: near_questions::Outcome| {
            let (leaks, served) = (100.0 * outcome.leak_rate(), 100.0 * outcome.served_rate());
            println!(
                "| {name} | {} | {} ({leaks:.1} %) | {} | {} ({served:.1} %) |",
                outcome.leaks, outcome.near, outcome.served, outcome.same
            );
        };
        for threshold in near_questions::THRESHOLDS {
            row(&format!("threshold {threshold:.2}"), near_questions::at_threshold(&pairs, threshold, embedder));
        }
        row("verified, δ = 1 %, knowing nothing before", near_questions::verified(&pairs, embedder, 1));
        cost(&pairs);
    }
}

/// What the checks take of a look-up: taking the question apart, comparing the words, comparing beside the passages.
fn cost(pairs: &[near_questions::QuestionPair]) {
    const ROUNDS: u32 = 20;
    let all = ROUNDS * pairs.len() as u32;
    let started = Instant::now();
    let refused = (0..ROUNDS).map(|_| pairs.iter().filter(|pair| pair.refusal().is_some()).count()).max();
    let micros = started.elapsed().as_secs_f64() * 1e6 / f64::from(all);
    println!("\nBoth questions taken apart and compared: {micros:.1} µs a pair ({refused:?} refused).");
}

fn read(path: &Path, embedder: &StaticEmbedder) -> Option<Vec<Pair>> {
    let mut reader = csv::Reader::from_path(path).ok()?;
    let embedded = |text: &str| Embedded::new(text.to_owned(), embedder.embed_sync(text));
    let rows = reader.records().filter_map(Result::ok);
    Some(rows.map(|row| Pair { stored: embedded(&row[0]), asked: embedded(&row[1]), same: &row[2] == "1" }).collect())
}

fn settings(threshold: f32, guards: bool) -> CacheSettings {
    CacheSettings { threshold, guards, ..CacheSettings::default() }
}

fn verified() -> CacheSettings {
    CacheSettings { mode: CacheMode::Verified, delta: 0.01, ..CacheSettings::default() }
}

fn head() {
    println!("| | hits | right | wrong | wrong of all | 95 % limit |");
    println!("|---|---|---|---|---|---|");
}

fn line(name: &str, m: &Measured) {
    let count = |n: Option<usize>| n.map_or("?".to_owned(), |n| n.to_string());
    let percent = |share: Option<f64>| share.map_or("?".to_owned(), |share| format!("{:.2} %", 100.0 * share));
    println!(
        "| {name} | {} | {} | {} | {} | {} |",
        m.hits,
        count(m.right),
        count(m.wrong),
        percent(m.false_hit_rate),
        percent(m.false_hit_limit)
    );
}

/// All first questions in one cache, asked the second ones: right is the own origin.
fn crowded(pairs: &[Pair]) {
    let stored: Vec<Logged> =
        pairs.iter().map(|pair| Logged { question: pair.stored.clone(), answer: Some(origin(pair)) }).collect();
    let asked: Vec<Logged> =
        pairs.iter().map(|pair| Logged { question: pair.asked.clone(), answer: Some(origin(pair)) }).collect();
    let run = |settings: &CacheSettings, seed| {
        tune::replay_log(&stored, &asked, settings, &SimilarityPrior::default(), false, seed)
    };
    reasons(pairs, 0.75);
    println!();
    head();
    for threshold in [0.75, 0.78, 0.80, 0.85, 0.90, 0.95] {
        for guards in [false, true] {
            let name = format!("threshold {threshold:.2}{}", if guards { ", guards" } else { "" });
            line(&name, &run(&settings(threshold, guards), 0));
        }
    }
    let fixed: Vec<Measured> = (0..300).map(|n| run(&settings(0.70 + n as f32 * 0.001, false), 0)).collect();
    bounded(&fixed, |seed| run(&verified(), seed));
}

/// Verified mode against the best threshold that meets the same bound.
fn bounded(fixed: &[Measured], verified: impl Fn(u64) -> Measured) {
    const RUNS: u64 = 20;
    println!("\nδ = 1 %; a fixed threshold meets it when the upper 95 % limit of its wrong answers does:\n");
    head();
    let best = tune::recommended(fixed, 0.01);
    if let Some(best) = best {
        line(&format!("best fixed threshold, {:.3}", best.threshold.unwrap_or_default()), best);
    }
    let runs: Vec<Measured> = (0..RUNS).map(verified).collect();
    line("verified, knowing nothing before (first of 20 runs)", &runs[0]);
    let mean = |figure: fn(&Measured) -> f64| runs.iter().map(figure).sum::<f64>() / RUNS as f64;
    let within = runs.iter().filter(|m| m.false_hit_rate.is_some_and(|rate| rate <= 0.01)).count();
    let limit_within = runs.iter().filter(|m| m.false_hit_limit.is_some_and(|limit| limit <= 0.01)).count();
    println!(
        "\nVerified, mean of {RUNS} runs: {:.0} hits, {:.1} wrong ({:.2} % of all); {within} runs within 1 %, {limit_within} with \
         their 95 % limit, too; {:.2} times the hits of the best fixed threshold.",
        mean(|m| m.hits as f64),
        mean(|m| m.wrong.unwrap_or(0) as f64),
        100.0 * mean(|m| m.false_hit_rate.unwrap_or(0.0)),
        mean(|m| m.hits as f64) / best.map_or(1, |best| best.hits) as f64
    );
}

/// What the guards refuse, by reason.
fn reasons(pairs: &[Pair], threshold: f32) {
    println!("\nRefused at {threshold:.2}:\n\n| | right | wrong |\n|---|---|---|");
    let near =
        |pair: &&Pair| pair.stored.vector.iter().zip(&*pair.asked.vector).map(|(a, b)| a * b).sum::<f32>() >= threshold;
    for reason in Rejection::ALL {
        let refused: Vec<&Pair> = pairs
            .iter()
            .filter(near)
            .filter(|pair| mismatch::refuse(&pair.stored.wording, &pair.asked.wording) == Some(reason))
            .collect();
        let right = refused.iter().filter(|pair| pair.same).count();
        if !refused.is_empty() {
            println!("| {reason} | {right} | {} |", refused.len() - right);
        }
        if std::env::var("RAGCTL_SHOW_REFUSED").is_ok_and(|shown| shown == reason.as_str()) {
            for pair in refused {
                println!("{} {} || {}", u8::from(pair.same), pair.stored.text, pair.asked.text);
            }
        }
    }
}

/// The name of a pair's answer.
fn origin(pair: &Pair) -> String {
    let hash: u64 = pair.stored.text.bytes().fold(0, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    format!("answer {hash}")
}

fn one_by_one(pairs: &[Pair]) {
    let run =
        |settings: &CacheSettings, seed| tune::replay_pairs(pairs, settings, &mut SimilarityPrior::default(), seed);
    head();
    for threshold in [0.80, 0.85, 0.90, 0.95] {
        let (bare, guarded) = (run(&settings(threshold, false), 0), run(&settings(threshold, true), 0));
        line(&format!("threshold {threshold:.2}"), &bare);
        line(&format!("threshold {threshold:.2}, guards"), &guarded);
        let less =
            |a: Option<usize>, b: Option<usize>| 100.0 * (1.0 - a.unwrap_or(0) as f64 / b.unwrap_or(0).max(1) as f64);
        let (right, wrong) = (less(guarded.right, bare.right), less(guarded.wrong, bare.wrong));
        println!("| what the guards take away | | {right:.1} % | {wrong:.1} % | | |");
    }
    reasons(pairs, 0.9);
    let fixed: Vec<Measured> = (0..300).map(|n| run(&settings(0.70 + n as f32 * 0.001, false), 0)).collect();
    bounded(&fixed, |seed| run(&verified(), seed));
}

fn unit(random: &mut fastrand::Rng) -> Vec<f32> {
    let vector: Vec<f32> = (0..256).map(|_| random.f32() - 0.5).collect();
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(|x| x / length).collect()
}

/// A vector with a cosine of about 0.95 to another.
fn near(vector: &[f32], random: &mut fastrand::Rng) -> Vec<f32> {
    let noise = unit(random);
    let sum: Vec<f32> = vector.iter().zip(&noise).map(|(a, b)| a + 0.33 * b).collect();
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
    sum.iter().map(|x| x / length).collect()
}

fn speed() {
    println!("\n## Speed, 256 dimensions\n\n| | median | p99 | wanted |\n|---|---|---|---|");
    let namespace = Namespace::new(&"bench".parse().expect("a name"), SpecKey::new([]));
    for (size, wanted) in [(1_000, "< 50 µs"), (10_000, ""), (100_000, "p99 < 1 ms")] {
        let mut random = fastrand::Rng::with_seed(9);
        let all = CacheSettings { max_size: size, max_bytes: usize::MAX, threshold: 0.9, ..CacheSettings::default() };
        let cache = Arc::new(SemanticCache::new(all, Metrics::new().cache()));
        let vectors: Vec<Vec<f32>> = (0..size).map(|_| unit(&mut random)).collect();
        for (at, vector) in vectors.iter().enumerate() {
            let answer = StoredAnswer {
                text: format!("answer {at}"),
                passages: [].into(),
                provider: "x".into(),
                bm25_weight: 0.5,
            };
            let text = format!("what is the retention of backup number {at}?");
            let query = CacheQuery { namespace: &namespace, text: &text };
            ready(cache.keep(query, answer, Some(vector), None, UnixMillis(0))).expect("kept");
        }
        let mut found = 0;
        let mut took: Vec<Duration> = (0..2_000)
            .map(|n| {
                let at = random.usize(..size);
                let asked = near(&vectors[at], &mut random);
                let text = format!("how long is backup {at} retained, {n}?");
                let started = Instant::now();
                let wording = Wording::of(&text);
                let verdict = ready(cache.nearest(
                    CacheQuery { namespace: &namespace, text: &text },
                    &wording,
                    &asked,
                    UnixMillis(1),
                    0.5,
                ));
                let took = started.elapsed();
                found += usize::from(!matches!(verdict, CacheDecision::Miss));
                took
            })
            .collect();
        report(&format!("semantic lookup among {size} (finds {found} of 2000)"), &mut took, wanted);
        let mut took: Vec<Duration> = (0..20_000)
            .map(|_| {
                let text = format!("what is the retention of backup number {}?", random.usize(..size));
                let started = Instant::now();
                let hit = ready(cache.exact(CacheQuery { namespace: &namespace, text: &text }, UnixMillis(1)))
                    .expect("stored");
                cache.given(&hit);
                started.elapsed()
            })
            .collect();
        report(&format!("exact lookup among {size}"), &mut took, "< 100 µs");
        let one = rate(&cache, &namespace, size, 1);
        let two = rate(&cache, &namespace, size, 2);
        println!(
            "| exact lookups per second among {size}, 1 thread / 2 threads | {:.2} M | {:.2} M | ×{:.2} |",
            one / 1e6,
            two / 1e6,
            two / one
        );
    }
}

fn rate(cache: &Arc<SemanticCache>, namespace: &Namespace, size: usize, threads: usize) -> f64 {
    const EACH: usize = 300_000;
    let started = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(thread as u64);
                for _ in 0..EACH {
                    let text = format!("what is the retention of backup number {}?", random.usize(..size));
                    let hit = ready(cache.exact(CacheQuery { namespace, text: &text }, UnixMillis(1))).expect("stored");
                    cache.given(&hit);
                }
            });
        }
    });
    (threads * EACH) as f64 / started.elapsed().as_secs_f64()
}

fn report(name: &str, took: &mut [Duration], wanted: &str) {
    took.sort_unstable();
    let micros = |d: Duration| format!("{:.1} µs", d.as_nanos() as f64 / 1_000.0);
    println!("| {name} | {} | {} | {wanted} |", micros(took[took.len() / 2]), micros(took[took.len() * 99 / 100]));
}

/// Exact hits over HTTP, against a handler that does nothing but return the same body.
mod http {
    use std::{
        io::{BufRead, BufReader, Read, Write},
        net::{SocketAddr, TcpStream},
        process::{Child, Command, Stdio},
        sync::atomic::{AtomicU64, Ordering},
        time::{Duration, Instant},
    };

    use axum::{Router, body::Bytes, http::header, routing::post};

    /// Connections that ask one question after the other.
    const CONNECTIONS: usize = 16;
    /// Length of a measurement.
    const FOR: Duration = Duration::from_secs(4);
    /// Measurements of each, taking turns.
    const ROUNDS: usize = 3;
    /// What the predecessor serves a second on a machine like this.
    const PREDECESSOR: f64 = 380.0;

    struct Running(Child, SocketAddr);

    impl Drop for Running {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// Starts a server and waits for its `listening on http://…`.
    fn start(command: &mut Command) -> Running {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let address = loop {
            let line = lines.next().expect("it says where it listens").expect("text");
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.parse().expect("an address");
            }
        };
        // Read to the end, or the pipe fills up.
        std::thread::spawn(move || lines.for_each(drop));
        Running(child, address)
    }

    /// The body and nothing else, until the process is killed.
    pub fn serve_bare(body: Bytes) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let answer = move |_: Bytes| async move { ([(header::CONTENT_TYPE, "application/json")], body) };
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
            eprintln!("listening on http://{}", listener.local_addr().expect("an address"));
            axum::serve(listener, Router::new().route("/query", post(answer))).await.expect("it serves");
        });
    }

    fn request() -> Vec<u8> {
        let body = r#"{"query":"How long can a voyage be paused?"}"#;
        let length = body.len();
        format!("POST /query HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
            .into_bytes()
    }

    /// Sends the request and reads the whole response; returns where its body begins.
    fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> usize {
        stream.write_all(request).expect("sent");
        buffer.clear();
        let mut part = [0u8; 16 * 1024];
        loop {
            let read = stream.read(&mut part).expect("received");
            assert!(read > 0, "the server closed");
            buffer.extend_from_slice(&part[..read]);
            let Some(end) = buffer.windows(4).position(|at| at == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&buffer[..end]).expect("a head");
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
            if buffer.len() >= end + 4 + length.parse::<usize>().expect("a number") {
                return end + 4;
            }
        }
    }

    /// Requests a second.
    fn rate(address: SocketAddr) -> f64 {
        let (count, started) = (AtomicU64::new(0), Instant::now());
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let mut stream = TcpStream::connect(address).expect("connected");
                    stream.set_nodelay(true).expect("no delay");
                    let (request, mut buffer) = (request(), Vec::new());
                    while started.elapsed() < FOR {
                        exchange(&mut stream, &request, &mut buffer);
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        count.into_inner() as f64 / started.elapsed().as_secs_f64()
    }

    pub fn run() {
        let folder = tempfile::tempdir().expect("a folder");
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/docs");
        let mut command = Command::new(env!("CARGO_BIN_EXE_ragctl"));
        command.current_dir(folder.path()).args([
            "serve",
            "--port",
            "0",
            "--provider",
            "embedded",
            "-q",
            "--docs",
            docs,
        ]);
        let ragctl = start(&mut command);
        let mut stream = TcpStream::connect(ragctl.1).expect("connected");
        let mut buffer = Vec::new();
        let mut body = String::new();
        for _ in 0..3 {
            let start = exchange(&mut stream, &request(), &mut buffer);
            body = String::from_utf8(buffer[start..].to_vec()).expect("text");
        }
        assert!(body.contains(r#""cache_type":"exact""#), "{body}");
        let executable = std::env::current_exe().expect("this program");
        let bare = start(Command::new(executable).env(super::BARE, &body));
        let (mut hits, mut bound) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            hits.push(rate(ragctl.1));
            bound.push(rate(bare.1));
        }
        let median = |rates: &mut Vec<f64>| {
            rates.sort_by(f64::total_cmp);
            rates[rates.len() / 2]
        };
        let (hits, bound) = (median(&mut hits), median(&mut bound));
        println!("\n## Over HTTP, {CONNECTIONS} connections, clients on the same machine, {} bytes\n", body.len());
        println!("| | per second | wanted |\n|---|---|---|");
        println!("| a bare axum handler with the same body | {bound:.0} | |");
        println!("| exact hits | {hits:.0} | |");
        println!("| of the bare handler | {:.0} % | > 60 % |", 100.0 * hits / bound);
        println!("| against the predecessor ({PREDECESSOR:.0} a second) | ×{:.0} | ≥ ×100 |", hits / PREDECESSOR);
    }
}
