//! What the dashboard costs. Prints a table; run with `cargo bench --bench monitor`. `RAGCTL_BENCH` names one part: `many`,
//! `idle`, `start`, `week` or `draw`.

use std::{
    io::Read,
    net::SocketAddr,
    num::NonZeroU16,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, extract::State, routing::get};
use jiff::tz::TimeZone;
use parking_lot::Mutex;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use ragctl::util::time::UnixMillis;
use ragctl::{
    monitor::{
        alerts::Rules,
        keys::Keymap,
        model::{Message, Model},
        view::{
            self, Look,
            theme::{Palette, Theme},
        },
    },
    observe::{Breaker, Cache, EndpointMetrics, Health, Histogram, Observation, PercentilesMs, Pool, Process, Traffic},
};
use ratatui::{buffer::Buffer, layout::Rect};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// The terminal.
const ROWS: NonZeroU16 = NonZeroU16::new(50).expect("not zero");
const COLUMNS: NonZeroU16 = NonZeroU16::new(200).expect("not zero");

fn wanted(part: &str) -> bool {
    std::env::var("RAGCTL_BENCH").map_or(true, |only| only == part)
}

/// A server's metrics, with counters that grow with every look; as large as those of a real server.
struct Stub {
    looks: AtomicU64,
    last: Mutex<Option<Instant>>,
    exposition: String,
}

async fn breaker(State(stub): State<Arc<Stub>>) -> String {
    let n = stub.looks.fetch_add(1, Ordering::Relaxed);
    format!(
        r#"{{"timestamp":{},"circuit_breakers":{{"ollama_client":{{"name":"ollama_client","state":"closed","total_calls":{n},"success_calls":{n},"failure_calls":0,"rejected_calls":0,"consecutive_failures":0,"state_transitions":0,"retry_after_seconds":null,"config":{{"failure_threshold":5}},"history":[]}}}}}}"#,
        UnixMillis::now().0 as f64 / 1e3
    )
}

async fn pool(State(stub): State<Arc<Stub>>) -> String {
    let n = stub.looks.load(Ordering::Relaxed);
    format!(
        r#"{{"pool_maxsize":30,"connection_pool":{{"total_requests":{n},"connections_opened":3,"connections_open":3,"connections_in_use":{},"connections_idle":1,"reuse_rate":0.9,"waiting":0,"wait_ms":{{"p50":0,"p95":0,"p99":0}},"by_endpoint":{{"/api/chat":{{"requests":{n},"errors":0,"latency_ms":{{"p50":1,"p95":2,"p99":3}}}}}}}}}}"#,
        n % 7
    )
}

async fn cache(State(stub): State<Arc<Stub>>) -> String {
    let n = stub.looks.load(Ordering::Relaxed);
    format!(
        r#"{{"semantic_cache":{{"enabled":true,"hits":{n},"misses":{},"exact_hits":{n},"semantic_hits":0,"evictions":0,"size":10,"max_size":1000,"fill_ratio":0.01,"evictions_per_minute":0}}}}"#,
        n / 2
    )
}

async fn health(State(stub): State<Arc<Stub>>) -> String {
    let n = stub.looks.load(Ordering::Relaxed);
    format!(
        r#"{{"status":"healthy","version":"0.1.0","uptime_seconds":{n},"ollama":true,"database":true,"system":{{"cpu_percent":{},"memory_used_percent":30.0,"disk_used_percent":50.0}}}}"#,
        n % 100
    )
}

async fn exposition(State(stub): State<Arc<Stub>>) -> String {
    *stub.last.lock() = Some(Instant::now());
    let n = stub.looks.load(Ordering::Relaxed);
    stub.exposition.replace("@", &n.to_string())
}

/// Serves `/t0`, `/t1`, … on one port, on a runtime of its own.
fn serve() -> (SocketAddr, Arc<Stub>) {
    let metrics = ragctl::telemetry::Metrics::new();
    let db: ragctl::domain::DbName = "default".parse().expect("a name");
    metrics.announce(
        &db,
        &["ollama", "embedded"],
        &[("ollama", "llama3.1:8b"), ("embedded", "extractive")],
        &["llm_unavailable"],
    );
    metrics.query_started(ragctl::domain::SearchMode::Hybrid, "ollama", &db);
    metrics.query_done(ragctl::domain::SearchMode::Hybrid, "miss", Duration::from_millis(300));
    // As long as that of a server under load; the counter of questions grows.
    let mut text = metrics.render();
    let filler = text.clone();
    while text.len() < 80_000 {
        text.extend(filler.lines().filter(|line| line.starts_with("http_")).flat_map(|line| [line, "\n"]));
        text.push_str("ollama_rag_llm_tokens_bucket{provider=\"x\",le=\"1\"} 0\n");
    }
    text.push_str("ollama_rag_queries_total{method=\"vector\",provider=\"grows\",db=\"default\"} @\n");
    let stub = Arc::new(Stub { looks: AtomicU64::new(0), last: Mutex::new(None), exposition: text });
    let state = Arc::clone(&stub);
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let routes = Router::new()
                .route("/{t}/api/circuit-breaker/metrics", get(breaker))
                .route("/{t}/api/connection-pool/metrics", get(pool))
                .route("/{t}/api/semantic-cache/metrics", get(cache))
                .route("/{t}/health", get(health))
                .route("/{t}/metrics", get(exposition))
                .with_state(state);
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            tell.send(listener.local_addr().expect("an address")).expect("somebody asks");
            axum::serve(listener, routes).await.expect("it serves");
        });
    });
    (told.recv().expect("an address"), stub)
}

/// The monitor in a terminal of 200×50.
struct Screen {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    text: Arc<Mutex<vt100::Parser>>,
}

impl Screen {
    fn start(address: SocketAddr, targets: usize, interval: &str) -> Self {
        let pty = native_pty_system()
            .openpty(PtySize { rows: ROWS.get(), cols: COLUMNS.get(), pixel_width: 0, pixel_height: 0 })
            .expect("a terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_ragctl"));
        command.args(["monitor", "--interval", interval]);
        for target in 0..targets {
            command.args(["--url", &format!("http://{address}/t{target}")]);
        }
        command.env("TERM", "xterm-256color");
        let child = pty.slave.spawn_command(command).expect("it starts");
        let mut reader = pty.master.try_clone_reader().expect("a reader");
        let text = Arc::new(Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0)));
        let parsed = Arc::clone(&text);
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                parsed.lock().process(&buffer[..read]);
            }
        });
        Self { child, _master: pty.master, text }
    }

    fn shows(&self, wanted: &str) -> bool {
        self.text.lock().screen().contents().contains(wanted)
    }

    /// Seconds of a core that the process has used, and its memory in bytes.
    fn usage(&self, system: &mut System) -> (f64, u64) {
        let pid = Pid::from_u32(self.child.process_id().expect("it runs"));
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
        let process = system.process(pid).expect("it runs");
        (process.accumulated_cpu_time() as f64 / 1e3, process.memory())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Share of a core over a time, and memory at its end.
fn share_of_a_core(targets: usize, interval: &str, warm: Duration, time: Duration) -> (f64, u64) {
    let (address, _stub) = serve();
    let screen = Screen::start(address, targets, interval);
    std::thread::sleep(warm);
    let mut system = System::new().expect("the system tells of itself");
    let (before, _) = screen.usage(&mut system);
    let started = Instant::now();
    std::thread::sleep(time);
    let (after, memory) = screen.usage(&mut system);
    assert!(screen.shows("healthy"), "{}", screen.text.lock().screen().contents());
    ((after - before) / started.elapsed().as_secs_f64(), memory)
}

/// From the last of the first answers to a screen that shows them.
fn start() -> Vec<f64> {
    (0..10)
        .map(|_| {
            let (address, stub) = serve();
            let started = Instant::now();
            let screen = Screen::start(address, 1, "30s");
            while !(screen.shows("healthy") && screen.shows("closed")) {
                assert!(started.elapsed() < Duration::from_secs(30), "{}", screen.text.lock().screen().contents());
                std::thread::sleep(Duration::from_micros(500));
            }
            let answered = stub.last.lock().expect("it was asked");
            answered.elapsed().as_secs_f64() * 1e3
        })
        .collect()
}

/// What a busy server tells after `n` polls.
fn observation(n: u64) -> Observation {
    let count = n as f64 * 40.0;
    let breaker = |failures: f64| Breaker {
        state: Some(ragctl::resilience::State::Closed),
        calls: Some(count),
        failures: Some(failures),
        rejected: Some(0.0),
        consecutive_failures: Some(0.0),
        transitions: Some(0.0),
        ..Breaker::default()
    };
    let buckets = (0..18).map(|bucket| (0.001 * f64::from(1 << bucket), count * f64::from(bucket) / 18.0)).collect();
    Observation {
        health: Some(Health {
            status: Some("healthy".into()),
            version: Some("0.1.0".into()),
            uptime_seconds: Some(n as f64 * 30.0),
            upstream: Some(true),
            database: Some(true),
            documents: Some(8.0),
            cpu_percent: Some((n % 100) as f64),
            memory_percent: Some(40.0),
            disk_percent: Some(50.0),
        }),
        breakers: [("ollama_client".into(), breaker(count / 50.0)), ("ollama_client_embed".into(), breaker(0.0))]
            .into(),
        pool: Some(Pool {
            maxsize: Some(30.0),
            requests: Some(count),
            opened: Some(count / 100.0),
            open: Some(5.0),
            in_use: Some((n % 30) as f64),
            idle: Some(2.0),
            waiting: Some(0.0),
            reuse_rate: Some(0.99),
            endpoints: [(
                "/api/chat".into(),
                EndpointMetrics {
                    requests: Some(count),
                    errors: Some(0.0),
                    latency_ms: PercentilesMs { p50: Some(1.0), p95: Some(2.0), p99: Some(3.0) },
                },
            )]
            .into(),
            ..Pool::default()
        }),
        cache: Some(Cache {
            enabled: Some(true),
            hits: Some(count * 0.6),
            exact: Some(count * 0.5),
            semantic: Some(count * 0.1),
            misses: Some(count * 0.4),
            refused: Some(count * 0.01),
            evictions: Some(0.0),
            size: Some(100.0),
            max_size: Some(1_000.0),
            fill: Some(0.1),
            ..Cache::default()
        }),
        traffic: Some(Traffic {
            questions: Some(count),
            errors: Some(0.0),
            degraded: Some(count / 100.0),
            latency: Some(Histogram { buckets, count }),
            ..Traffic::default()
        }),
        process: Some(Process { resident_bytes: Some(8e7), started: Some(1.7e9), ..Process::default() }),
        ..Observation::default()
    }
}

/// A week of 10 targets, asked every 30 s.
fn a_week() -> Model {
    let urls: Vec<String> = (0..10).map(|target| format!("http://server-{target}:8001")).collect();
    let begin = UnixMillis(1_795_000_000_000);
    let mut model = Model::new(&urls, Duration::from_secs(30), Rules::builtin(), begin);
    for poll in 0..20_160 {
        for target in 0..urls.len() {
            let at = begin + Duration::from_secs(30 * poll);
            let result = Box::new(Ok(observation(poll)));
            model.update(Message::Polled { target, at, result }, at);
        }
    }
    model
}

fn own_memory() -> u64 {
    let mut system = System::new().expect("the system tells of itself");
    let pid = Pid::from_u32(std::process::id());
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[pid]),
        true,
        ProcessRefreshKind::nothing().with_memory(),
    );
    system.process(pid).map_or(0, sysinfo::Process::memory)
}

fn main() {
    if wanted("start") {
        let mut times = start();
        times.sort_by(f64::total_cmp);
        println!(
            "first answers to a full screen, 10 starts: median {:.0} ms, most {:.0} ms (300 ms)",
            times[5], times[9]
        );
    }
    if wanted("many") {
        let (share, memory) = share_of_a_core(100, "1s", Duration::from_secs(10), Duration::from_secs(30));
        let mib = memory as f64 / f64::from(1 << 20);
        println!("100 targets every second, 200×50: {:.1} % of a core (15 %), {mib:.0} MiB", share * 100.0);
    }
    if wanted("idle") {
        let (share, memory) = share_of_a_core(1, "30s", Duration::from_secs(5), Duration::from_secs(60));
        let mib = memory as f64 / f64::from(1 << 20);
        println!("one target every 30 s, 200×50: {:.2} % of a core (0.5 %), {mib:.0} MiB", share * 100.0);
    }
    if wanted("week") || wanted("draw") {
        let before = own_memory();
        let started = Instant::now();
        let mut model = a_week();
        let took = started.elapsed();
        let grown = own_memory().saturating_sub(before) as f64 / 1e6;
        let polls = model.polls;
        println!(
            "a week of 10 targets, {polls} polls: {grown:.0} MB more (100 MB), taken in at {:.1} µs a poll",
            took.as_secs_f64() * 1e6 / polls as f64
        );
        let look = Look {
            theme: Theme::new(Palette::Dark),
            zone: TimeZone::UTC,
            keys: Arc::new(Keymap::default()),
            replayed: None,
        };
        let area = Rect::new(0, 0, 200, 50);
        let mut buffer = Buffer::empty(area);
        for _ in 0..20 {
            model.update(Message::Act(ragctl::monitor::model::Action::ZoomOut), UnixMillis(0));
        }
        let started = Instant::now();
        for _ in 0..100 {
            buffer.reset();
            view::render(&mut buffer, area, &model, &look, &view::plan(&model, area));
        }
        println!("drawing the whole week, 200×50: {:.2} ms", started.elapsed().as_secs_f64() * 10.0);
    }
}
