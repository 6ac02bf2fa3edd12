//! What does it cost to be safe, and what does an outage cost? Prints a table; run with `cargo bench --bench resilience`.
//! `RAGCTL_OUTAGE_SECONDS` (30) is how long the upstream stays dead, `RAGCTL_OUTAGE_RATE` (200) the questions per second.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use parking_lot::Mutex;
use ragctl::{
    mock::{Fault, MockSettings, MockUpstream, Operation},
    providers::{
        GenerationRequest, Generator, HttpSettings, Message, ProviderKind, Role, UpstreamClient,
        guarded::{AttemptTimeouts, GuardedGenerator},
        ollama::OllamaGenerator,
    },
    resilience::{BreakerSettings, CallContext, CallPolicy, CircuitBreaker, PoolSettings, RetryBudget, RetrySettings},
    telemetry::Metrics,
};
use serde_json::{Value, json};

const CALLS: usize = 4_000;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn at(times: &mut [f64], share: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    times[((times.len() as f64 * share) as usize).min(times.len() - 1)]
}

/// The same chat, by a bare client and through the whole chain, taking turns so that the machine's moods hit both.
async fn overhead() {
    let mock = MockUpstream::start().await.expect("a mock");
    let metrics = Metrics::new();
    let http = HttpSettings {
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(30),
        pool: PoolSettings::DEFAULT,
    };
    let url = mock.url().parse().expect("a URL");
    let upstream = UpstreamClient::new("bench".into(), ProviderKind::Ollama, url, None, http, metrics.client("bench"))
        .expect("an upstream");
    let breaker = CircuitBreaker::new("bench", BreakerSettings::default(), metrics.breaker("bench"), fastrand::f64);
    let guard = CallPolicy::new(
        Some(Arc::new(breaker)),
        RetrySettings::default(),
        Arc::new(Mutex::new(RetryBudget::new(tokio::time::Instant::now()))),
        Arc::clone(upstream.stats()),
        "/api/chat",
        fastrand::f64,
    );
    let bare = OllamaGenerator::new(upstream.clone(), "llama3.1:8b", Default::default());
    let chain = GuardedGenerator::new(Arc::new(bare), guard, AttemptTimeouts::default(), mock.url());
    let client = reqwest::Client::new();
    let messages = vec![Message { role: Role::User, content: "Ships sail.".into() }];
    let request = GenerationRequest {
        question: "?".into(),
        spec: ragctl::domain::SpecKey::new([]),
        passages: [].into(),
        messages: messages.clone().into(),
        call: CallContext::without_deadline(),
        stand_in: false,
        first_token_by: None,
        reasoning: false,
        most_tokens: None,
    };
    let body = json!({ "model": "llama3.1:8b", "messages": messages, "stream": true });
    let (mut by_client, mut by_chain) = (Vec::new(), Vec::new());
    for n in 0..CALLS + 200 {
        let started = Instant::now();
        let response = client.post(format!("{}/api/chat", mock.url())).json(&body).send().await.expect("an answer");
        let text = response.text().await.expect("a body");
        let pieces = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).count();
        let bare = started.elapsed();
        let started = Instant::now();
        let mut events = chain.generate(request.clone()).await.expect("an answer");
        let mut got = 0;
        while let Some(event) = events.next().await {
            got += usize::from(event.is_ok());
        }
        let guarded = started.elapsed();
        assert_eq!(pieces, got);
        if n >= 200 {
            by_client.push(bare.as_secs_f64() * 1e6);
            by_chain.push(guarded.as_secs_f64() * 1e6);
        }
    }
    let (bare, guarded) = (at(&mut by_client, 0.5), at(&mut by_chain, 0.5));
    println!("| a call by a bare client, median | {bare:.0} µs | |");
    println!("| the same through breaker, retry, pool, timeouts, median | {guarded:.0} µs | |");
    println!("| overhead of the chain | {:.0} µs | < 60 µs |", guarded - bare);
}

/// A real server, its upstream dead for a while, questions at a fixed rate.
async fn outage() {
    let seconds = setting("RAGCTL_OUTAGE_SECONDS", 30);
    let rate = setting("RAGCTL_OUTAGE_RATE", 200);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mock = MockUpstream::on(listener, MockSettings::default()).expect("a mock");
    let folder = tempfile::tempdir().expect("a folder");
    let root = env!("CARGO_MANIFEST_DIR");
    let mut server = Command::new(env!("CARGO_BIN_EXE_ragctl"))
        .current_dir(folder.path())
        .args(["serve", "--port", "0", "--provider", "ollama", "--ollama-url", &mock.url(), "-q"])
        .args(["--docs", &format!("{root}/fixtures/docs")])
        .args(["--embed-model", &format!("{root}/src/providers/embedded/model")])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a server");
    let mut lines = BufReader::new(server.stderr.take().expect("it was piped")).lines();
    let url = loop {
        let line = lines.next().expect("it says where it listens").expect("text");
        if let Some(url) = line.strip_prefix("listening on ") {
            break url.to_owned();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    let client = reqwest::Client::new();
    let ask = |n: u64| {
        let (client, url) = (client.clone(), url.clone());
        async move {
            let sent = Instant::now();
            let body = json!({ "query": format!("How long can voyage {n} be paused?") });
            let answer: Value = match client.post(format!("{url}/query")).json(&body).send().await {
                Ok(response) => response.json().await.unwrap_or_default(),
                Err(_) => Value::Null,
            };
            (sent, sent.elapsed().as_secs_f64() * 1e3, answer["degraded"].as_bool())
        }
    };
    ask(0).await;
    for operation in [Operation::Generate, Operation::List] {
        mock.fault(operation, Some(Fault::Reset));
    }
    let before = mock.stats();
    let (started, mut tick) = (Instant::now(), tokio::time::interval(Duration::from_micros(1_000_000 / rate)));
    let mut asked = Vec::new();
    for n in 0..seconds * rate {
        tick.tick().await;
        asked.push(tokio::spawn(ask(n)));
    }
    let (mut opening, mut open, mut unanswered) = (Vec::new(), Vec::new(), 0);
    for question in asked {
        let (sent, took, degraded) = question.await.expect("a question ends");
        unanswered += usize::from(degraded != Some(true));
        if sent.duration_since(started) < Duration::from_secs(2) { opening.push(took) } else { open.push(took) }
    }
    let seen = mock.stats();
    let calls = seen.generations - before.generations;
    println!("| {seconds} s of a dead upstream at {rate} questions/s: not answered (degraded) | {unanswered} | 0 |");
    println!("| while the breaker opens (first 2 s), slowest | {:.1} ms | its deadline |", at(&mut opening, 1.0));
    println!("| after it opened, median | {:.1} ms | |", at(&mut open, 0.5));
    println!("| after it opened, p99 | {:.1} ms | < 20 ms |", at(&mut open, 0.99));
    println!("| calls that the upstream saw meanwhile | {calls} | ≤ 60 in 10 minutes |");
    println!("| health probes that it saw meanwhile | {} | |", seen.listings - before.listings);
    for operation in [Operation::Generate, Operation::List] {
        mock.fault(operation, None);
    }
    let healed = Instant::now();
    while ask(1).await.2 != Some(false) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("| back to good answers after | {:.1} s | one probe interval (20 s) |", healed.elapsed().as_secs_f64());
    server.kill().expect("it can be stopped");
    server.wait().expect("it ends");
}

fn main() {
    ragctl::providers::install_tls();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("| | measured | wanted |");
    println!("|---|---|---|");
    runtime.block_on(overhead());
    runtime.block_on(outage());
}
