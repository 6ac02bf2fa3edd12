//! Can the load generator's numbers be trusted, and what do they cost? Prints tables; run with `cargo bench --bench load`.
//! `RAGCTL_BENCH` names one part: `truth`, `stall`, `rate`, `saturation`, `memory` or `ab`. Beside `oha` and `wrk` where
//! they are installed.

use std::{
    collections::BinaryHeap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use ragctl::bench::{
    ab::{self, AbVerdict, Arm, Round},
    live::Live,
    measures::{self, Timed},
    plan::{Load, RunPlan, Stage},
    request::RequestPlan,
    run::{self, RunData},
    schedule::{Arrivals, ENDLESS, Profile},
    summary::{self, About},
    target::BenchTarget,
    workload::Workload,
};
use tokio_util::sync::CancellationToken;

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!";

fn wanted(part: &str) -> bool {
    std::env::var("RAGCTL_BENCH").map_or(part != "memory", |only| only == part)
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Answers each request after a known delay, and keeps account of what the delay really was: that is the truth.
struct Truthful {
    address: SocketAddr,
    held: Arc<Mutex<Histogram<u64>>>,
    stalled: Arc<AtomicBool>,
}

/// An answer that is due.
struct DueAnswer {
    at: Instant,
    since: Instant,
    stream: Arc<TcpStream>,
}

impl PartialEq for DueAnswer {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}
impl Eq for DueAnswer {}
impl PartialOrd for DueAnswer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for DueAnswer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.at.cmp(&self.at)
    }
}

impl Truthful {
    fn start(delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let held = Arc::new(Mutex::new(measures::histogram()));
        let stalled = Arc::new(AtomicBool::new(false));
        let (due, answers) = mpsc::channel::<DueAnswer>();
        let account = Arc::clone(&held);
        std::thread::spawn(move || answer_in_time(&answers, &account));
        let (account, stops) = (Arc::clone(&held), Arc::clone(&stalled));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (due, account, stops) = (due.clone(), Arc::clone(&account), Arc::clone(&stops));
                std::thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    let stream = Arc::new(stream);
                    let mut buffer = [0; 4_096];
                    while (&*stream).read(&mut buffer).is_ok_and(|read| read > 0) {
                        let since = Instant::now();
                        while stops.load(Ordering::Relaxed) {
                            std::thread::sleep(Duration::from_micros(200));
                        }
                        if delay.is_zero() {
                            let _ = (&*stream).write_all(RESPONSE);
                            account.lock().saturating_record(since.elapsed().as_micros() as u64);
                        } else {
                            let _ = due.send(DueAnswer { at: since + delay, since, stream: Arc::clone(&stream) });
                        }
                    }
                });
            }
        });
        Self { address, held, stalled }
    }
}

fn answer_in_time(answers: &mpsc::Receiver<DueAnswer>, account: &Mutex<Histogram<u64>>) {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    let mut waiting = BinaryHeap::new();
    loop {
        let next = waiting.peek().map(|answer: &DueAnswer| answer.at.saturating_duration_since(Instant::now()));
        match answers.recv_timeout(next.unwrap_or(Duration::from_secs(1))) {
            Ok(answer) => waiting.push(answer),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        }
        while waiting.peek().is_some_and(|answer| answer.at <= Instant::now()) {
            if let Some(answer) = waiting.pop() {
                let _ = (&*answer.stream).write_all(RESPONSE);
                account.lock().saturating_record(answer.since.elapsed().as_micros() as u64);
            }
        }
    }
}

async fn plan(url: &str, load: Load, length: Duration, iterations: Option<u64>) -> RunPlan {
    let target = BenchTarget::resolve(&url.parse().expect("a URL")).await.expect("a server");
    RunPlan {
        name: "bench".into(),
        targets: vec![target],
        request: RequestPlan::other("GET", "/", None),
        workload: Arc::new(Workload::single()),
        threads: RunPlan::threads_for(load.connections()),
        load,
        stages: vec![Stage { name: "all".into(), length }],
        iterations,
        warmup: 200,
        timeout: Duration::from_secs(10),
        drain: Duration::from_secs(10),
        give_up_after: Duration::from_secs(5),
        seed: 1,
    }
}

async fn open(url: &str, rate: f64, seconds: u64, connections: usize) -> (RunPlan, RunData) {
    let length = Duration::from_secs(seconds);
    let load = Load::Rate { profile: Profile::constant(rate, length), arrivals: Arrivals::Constant, connections };
    let plan = plan(url, load, length, None).await;
    let data = run::run(plan.clone(), None, || {}, CancellationToken::new(), |_| {}).await.expect("a run");
    (plan, data)
}

fn p(data: &RunData, of: Timed, quantile: f64) -> f64 {
    data.total.times(of).map_or(f64::NAN, |times| times.value_at_quantile(quantile) as f64 / 1_000.0)
}

async fn truth() {
    println!("\n## A known delay, 1,000 requests/s, open loop\n");
    println!("| delay | true p50 | reported p50 | off by | wanted | reported p99 | sent late, p99 |");
    println!("|---|---|---|---|---|---|---|");
    for delay in [0, 1, 10, 100] {
        let server = Truthful::start(Duration::from_millis(delay));
        let (_, data) = open(&format!("http://{}", server.address), 1_000.0, 10, 200).await;
        let truth = server.held.lock().value_at_quantile(0.5) as f64 / 1_000.0;
        let told = p(&data, Timed::Latency, 0.5);
        println!(
            "| {delay} ms | {truth:.3} ms | {told:.3} ms | {:.0} µs | ≤ 150 µs | {:.3} ms | {:.3} ms |",
            1_000.0 * (told - truth),
            p(&data, Timed::Latency, 0.99),
            p(&data, Timed::Lag, 0.99)
        );
    }
}

async fn stall() {
    println!("\n## A stall of 1 s every 10 s, 1,000 requests/s, open loop, 30 s\n");
    println!("| connections | reported p99 | by hand | off by | wanted | p99 from when they were sent |");
    println!("|---|---|---|---|---|---|");
    for connections in [50, 2_000] {
        let server = Truthful::start(Duration::ZERO);
        let stalled = Arc::clone(&server.stalled);
        let over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&over);
        let stalling = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(4));
            while !ends.load(Ordering::Relaxed) {
                stalled.store(true, Ordering::Relaxed);
                std::thread::sleep(Duration::from_secs(1));
                stalled.store(false, Ordering::Relaxed);
                std::thread::sleep(Duration::from_secs(9));
            }
        });
        let (_, data) = open(&format!("http://{}", server.address), 1_000.0, 30, connections).await;
        over.store(true, Ordering::Relaxed);
        let told = p(&data, Timed::Latency, 0.99);
        // A tenth of the requests is due during a stall, evenly: the slowest hundredth of all waits 0.9 s or more.
        println!(
            "| {connections} | {told:.1} ms | 900 ms | {:+.1} % | ±5 % | {:.1} ms |",
            100.0 * (told / 900.0 - 1.0),
            p(&data, Timed::Service, 0.99)
        );
        drop(stalling);
    }
}

/// This program again, as a bare server in a process of its own.
struct Bare {
    child: std::process::Child,
    url: String,
}

impl Bare {
    fn start() -> Self {
        let own = std::env::current_exe().expect("a path");
        let mut child =
            Command::new(own).env("RAGCTL_BARE_SERVER", "1").stdout(Stdio::piped()).spawn().expect("a server");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("stdout")).read_line(&mut line).expect("an address");
        let url = line.trim().to_owned();
        Self { child, url }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve_bare() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("http://{}", listener.local_addr().expect("an address"));
        let router = axum::Router::new().route("/", axum::routing::get(async || "Hello, world!"));
        let _ =
            axum::serve(axum::serve::ListenerExt::tap_io(listener, |tcp| drop(tcp.set_nodelay(true))), router).await;
    });
}

async fn rate() {
    println!("\n## 20,000 requests/s asked for, open loop, 10 s, 100 connections, the server on the same machine\n");
    println!("| delivered | off by | wanted | sent late by the generator, p99 | wanted | by anything, p99 | marked |");
    println!("|---|---|---|---|---|---|---|");
    // Three times, because a neighbour on the machine may take its room away; then more than it can ever do.
    for asked in [20_000.0, 20_000.0, 20_000.0, 400_000.0] {
        let server = Bare::start();
        let (plan, data) = open(&server.url, asked, 10, 100).await;
        let delivered = data.total.counts.sent as f64 / 10.0;
        let result = summary::summarize(&plan, &data, About::default());
        println!(
            "| {delivered:.0}/s of {asked:.0}/s | {:+.2} % | ±1 % | {:.3} ms | < 1 ms | {:.3} ms | {} |",
            100.0 * (delivered / asked - 1.0),
            p(&data, Timed::OwnLag, 0.99),
            p(&data, Timed::Lag, 0.99),
            if result.soundness.sound { "sound" } else { "unsound" }
        );
    }
}

/// Runs a program; its output and the CPU seconds that it used.
fn timed(program: &str, args: &[String]) -> Option<(String, f64)> {
    let line = format!("TIMEFORMAT='%U %S'; time {program} {}", args.join(" "));
    let output = Command::new("bash").args(["-c", &line]).output().ok().filter(|output| output.status.success())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let cpu: f64 = said.lines().last()?.split(' ').filter_map(|seconds| seconds.parse::<f64>().ok()).sum();
    Some((String::from_utf8_lossy(&output.stdout).into_owned(), cpu))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn saturation() {
    let (rounds, seconds, users) = (setting("RAGCTL_ROUNDS", 5), 4, 50);
    println!("\n## Saturation: {users} connections, closed loop, {seconds} s each, {rounds} rounds in turns\n");
    let server = Bare::start();
    let ragctl = env!("CARGO_BIN_EXE_ragctl");
    let folder = tempfile::tempdir().expect("a folder");
    let own = |threads: u32| -> Vec<String> {
        let rest =
            format!("bench --url {} --endpoint / -c {users} -d {seconds}s --warmup 50 --threads {threads}", server.url);
        rest.split(' ').map(str::to_owned).chain(["--output".into(), folder.path().display().to_string()]).collect()
    };
    let of = |text: &str, before: &str| -> Option<f64> {
        let rest = text.split(before).nth(1)?.trim_start();
        rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?.parse().ok()
    };
    type Rate = Box<dyn Fn(&str) -> Option<f64>>;
    let programs: Vec<(&str, String, Vec<String>, Rate)> = vec![
        ("ragctl bench, 1 thread", ragctl.into(), own(1), Box::new(move |text| of(text, "throughput"))),
        ("ragctl bench, 2 threads", ragctl.into(), own(2), Box::new(move |text| of(text, "throughput"))),
        (
            "wrk, 1 thread",
            "wrk".into(),
            vec!["-t1".into(), format!("-c{users}"), format!("-d{seconds}s"), "--latency".into(), server.url.clone()],
            Box::new(move |text| of(text, "Requests/sec:")),
        ),
        (
            "oha",
            "oha".into(),
            vec![
                "--no-tui".into(),
                "-c".into(),
                users.to_string(),
                "-z".into(),
                format!("{seconds}s"),
                server.url.clone(),
            ],
            Box::new(move |text| of(text, "Requests/sec:")),
        ),
    ];
    let mut seen = vec![Vec::new(); programs.len()];
    for _ in 0..rounds {
        for (at, (_, program, args, rate)) in programs.iter().enumerate() {
            if let Some((text, cpu)) = timed(program, args)
                && let Some(rate) = rate(&text)
            {
                seen[at].push((rate, rate * f64::from(seconds) / cpu.max(0.01)));
            }
        }
    }
    println!("| program | requests/s | requests per CPU second | of wrk |");
    println!("|---|---|---|---|");
    let per_cpu = |at: usize| median(seen[at].iter().map(|(_, per_cpu)| *per_cpu).collect());
    for (at, (name, ..)) in programs.iter().enumerate() {
        if seen[at].is_empty() {
            println!("| {name} | not installed | | |");
            continue;
        }
        let rate = median(seen[at].iter().map(|(rate, _)| *rate).collect());
        println!("| {name} | {rate:.0} | {:.0} | {:.0} % |", per_cpu(at), 100.0 * per_cpu(at) / per_cpu(2));
    }
    println!("\nWanted: at least oha's requests per CPU second, and 80 % of wrk's.");
}

async fn memory() {
    let requests = setting("RAGCTL_REQUESTS", 10_000_000);
    println!("\n## Memory over {requests} requests\n\n| requests | resident memory |\n|---|---|");
    let server = Bare::start();
    let load = Load::Users(Profile::constant(50.0, ENDLESS));
    let plan = plan(&server.url, load, ENDLESS, Some(requests)).await;
    let next = Mutex::new(0);
    let look = move |live: Live| {
        let mut next = next.lock();
        if live.finished >= *next {
            let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
            let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or(" unknown").trim();
            println!("| {} | {resident} |", live.finished);
            *next += requests / 10;
        }
    };
    let data = run::run(plan, None, || {}, CancellationToken::new(), look).await.expect("a run");
    println!("\n{} answers in {:.0} s", data.total.counts.ok, data.took.as_secs_f64());
}

/// The fake upstream with a latency, in a process of its own.
fn mock(latency: &str) -> (std::process::Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ragctl"));
    command.args(["mock", "--port", "0", "--latency", latency]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a mock");
    let mut line = String::new();
    BufReader::new(child.stderr.as_mut().expect("stderr")).read_line(&mut line).expect("an address");
    let url = line.split(' ').nth(2).expect("an address").to_owned();
    (child, url)
}

async fn arm(url: &str, seed: u64) -> Arm {
    let load = Load::Users(Profile::constant(10.0, ENDLESS));
    let mut plan = plan(url, load, ENDLESS, Some(100)).await;
    plan.request = RequestPlan::other("GET", "/api/tags", None);
    (plan.seed, plan.warmup) = (seed, 5);
    let data = run::run(plan, None, || {}, CancellationToken::new(), |_| {}).await.expect("a run");
    Arm::of(&data)
}

async fn ab_rates() {
    let repetitions = setting("RAGCTL_REPETITIONS", 100);
    println!("\n## `bench ab`, {repetitions} repetitions, up to 20 rounds of 100 requests against `ragctl mock`\n");
    println!("| arms | worse | not worse | inconclusive | wanted |");
    println!("|---|---|---|---|---|");
    let (mut a, url_a) = mock("lognormal:10ms,0.2");
    for (name, latency, wanted) in
        [("the same", "lognormal:10ms,0.2", "≤ 5 % worse"), ("B 10 % slower", "lognormal:11ms,0.2", "≥ 80 % worse")]
    {
        let (mut b, url_b) = mock(latency);
        let mut verdicts = [0u64; 3];
        for repetition in 0..repetitions {
            let looks = ab::looks(10, 20);
            let (mut rounds, mut verdict) = (Vec::new(), AbVerdict::Inconclusive);
            for look in &looks {
                while rounds.len() < *look as usize {
                    let seed = repetition * 100 + rounds.len() as u64;
                    let (a, b) = if rounds.len().is_multiple_of(2) {
                        let a = arm(&url_a, seed).await;
                        (a, arm(&url_b, seed).await)
                    } else {
                        let b = arm(&url_b, seed).await;
                        (arm(&url_a, seed).await, b)
                    };
                    rounds.push(Round { a, b });
                }
                verdict = ab::overall(&ab::judge(&rounds, 0.05, ab::alpha(looks.len())));
                if verdict != AbVerdict::Inconclusive {
                    break;
                }
            }
            verdicts[verdict as usize] += 1;
        }
        let [worse, not_worse, inconclusive] = verdicts.map(|n| 100.0 * n as f64 / repetitions as f64);
        println!("| {name} | {worse:.0} % | {not_worse:.0} % | {inconclusive:.0} % | {wanted} |");
        let _ = b.kill();
        let _ = b.wait();
    }
    let _ = a.kill();
    let _ = a.wait();
}

fn main() {
    if std::env::var_os("RAGCTL_BARE_SERVER").is_some() {
        return serve_bare();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("# The load generator");
    if wanted("truth") {
        runtime.block_on(truth());
    }
    if wanted("stall") {
        runtime.block_on(stall());
    }
    if wanted("rate") {
        runtime.block_on(rate());
    }
    if wanted("saturation") {
        saturation();
    }
    if wanted("memory") {
        runtime.block_on(memory());
    }
    if wanted("ab") {
        runtime.block_on(ab_rates());
    }
}
