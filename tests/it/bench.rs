//! `ragctl bench`: what it reports is what happened.

use std::{
    io::Write,
    net::TcpListener,
    process::{Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    stub::{Stub, respond},
    support::{Workplace, ragctl, text},
};

const ANSWER: &str =
    r#"{"answer":"yes","metadatas":[{"source":"docs/installation.md"}],"cache_hit":false,"degraded":false}"#;

fn bench(workplace: &Workplace, url: &str, args: &[&str]) -> Output {
    workplace.run(&[&["bench", "--url", url, "--output", "out"], args].concat())
}

/// The newest result, with what was printed when there is none.
fn result(workplace: &Workplace, output: &Output) -> Value {
    let newest = std::fs::read_dir(workplace.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .max_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
    let path = newest.unwrap_or_else(|| panic!("no result: {}", text(&output.stderr)));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_run_against_the_real_server_is_reported_and_saved() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let output = bench(
        &workplace,
        &server.url,
        &["--iterations", "50", "--concurrency", "5", "--format", "json,csv,md,html,junit,hgrm"],
    );
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    assert!(said.contains("50 answered, 0 failed") && said.contains("closed loop, 5 at a time"), "{said}");
    assert!(said.contains("p95       –  (needs 72 answers)"), "{said}");
    assert!(!said.contains('\u{1b}'), "a pipe gets no escape codes");
    let read = result(&workplace, &output);
    // The keys that consumers of the predecessor's files read.
    assert_eq!(read["test_info"]["num_requests"], 50);
    assert_eq!(read["test_info"]["concurrent_requests"], 5);
    assert_eq!(read["metrics"]["total_requests"], 50);
    assert_eq!(read["metrics"]["successful_requests"], 50);
    for key in ["p50", "p95", "p99", "mean", "min", "max"] {
        assert!(read["metrics"]["response_times_ms"][key].as_f64().unwrap() > 0.0, "{key}");
    }
    for key in ["cpu_percent", "memory_percent", "memory_available_mb"] {
        assert!(read["resource_usage"][key].is_number(), "{key}");
    }
    let cache = &read["metrics"]["cache"];
    let hits = cache["exact"].as_u64().unwrap() + cache["semantic"].as_u64().unwrap();
    assert_eq!(hits + cache["misses"].as_u64().unwrap(), 50);
    assert!(read["metrics"]["recall"].as_f64().unwrap() > 0.7, "{}", read["metrics"]["recall"]);
    // What the server counted is what was measured, the warm-up left out.
    assert_eq!(read["server"]["counted"]["queries"], 50.0);
    assert_eq!(read["timeline"].as_array().unwrap().iter().map(|s| s["ok"].as_u64().unwrap()).sum::<u64>(), 50);
    let files: Vec<String> = std::fs::read_dir(workplace.path("out"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    for ending in ["json", "csv", "md", "html", "xml", "hgrm"] {
        assert!(files.iter().any(|file| file.ends_with(&format!(".{ending}"))), "{ending} in {files:?}");
    }
    let stream = bench(&workplace, &server.url, &["--endpoint", "stream", "-n", "20", "--no-cache"]);
    let read = result(&workplace, &stream);
    assert_eq!(read["metrics"]["successful_requests"], 20, "{}", text(&stream.stdout));
    assert_eq!(read["metrics"]["ttft_ms"]["count"], 20);
}

#[test]
fn failures_are_told_first_and_by_class() {
    let stub = Stub::start(|n, _, _, stream| match n % 10 {
        0 => respond(stream, 200, ANSWER),
        1..=6 => respond(stream, 429, r#"{"detail":"slow down <b>"}"#),
        7 => respond(stream, 503, "no"),
        8 => respond(stream, 200, "<html>not JSON</html>"),
        _ => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"answer\"");
            false
        }
    });
    let workplace = Workplace::new();
    let output = bench(&workplace, &stub.url(), &["-n", "100", "-c", "1", "--warmup", "0", "--format", "json,html,md"]);
    let said = text(&output.stdout);
    let warned = said.find("MOST REQUESTS FAILED: 90 of 100").unwrap_or_else(|| panic!("{said}"));
    assert!(warned < said.find("latency").unwrap(), "first the failures, then latencies: {said}");
    let read = result(&workplace, &output);
    let errors = &read["metrics"]["errors"];
    let of = |class: &str| errors[class].as_u64().unwrap_or(0);
    assert_eq!((of("http_429"), of("http_5xx"), of("body"), of("truncated")), (60, 10, 10, 10), "{errors}");
    assert_eq!(read["metrics"]["status_codes"]["503"], 10);
    assert!(read["metrics"]["error_samples"]["http_429"].as_str().unwrap().contains("slow down"));
    assert_eq!(read["metrics"]["latency"], Value::Null);
    // A latency is that of a success: ten of them, and the failures' own times beside them.
    assert_eq!(read["metrics"]["failed_ms"]["count"], 90);
    let mut html = std::fs::read_dir(workplace.path("out")).unwrap().map(|e| e.unwrap().path());
    let html = html.find(|path| path.extension().is_some_and(|e| e == "html")).unwrap();
    assert!(!std::fs::read_to_string(html).unwrap().contains("slow down <b>"), "what a server says is escaped");
}

#[test]
fn bodies_come_in_every_framing() {
    let stub = Stub::start(|n, _, _, stream| match n % 4 {
        0 => respond(stream, 200, ANSWER),
        1 => {
            let _ = stream.write_all(
                b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            );
            for byte in ANSWER.bytes() {
                let _ = stream.write_all(format!("1;ext=1\r\n{}\r\n", char::from(byte)).as_bytes());
            }
            stream.write_all(b"0\r\nTrailer: x\r\n\r\n").is_ok()
        }
        2 => {
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{ANSWER}").as_bytes());
            false
        }
        _ => {
            let _ = stream
                .write_all(format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{ANSWER}", ANSWER.len()).as_bytes());
            false
        }
    });
    let workplace = Workplace::new();
    let output = bench(&workplace, &stub.url(), &["-n", "80", "-c", "2", "--warmup", "0"]);
    let read = result(&workplace, &output);
    assert_eq!(read["metrics"]["successful_requests"], 80, "{}", text(&output.stdout));
    // Half of the answers end their connection.
    let opened = read["metrics"]["connections_opened"].as_u64().unwrap();
    assert!((38..=42).contains(&opened), "{opened}");
    assert_eq!(read["metrics"]["connections_stale"], 0);
}

#[test]
fn a_connection_that_was_closed_while_idle_is_opened_anew() {
    // Closes after each answer without saying so.
    let stub = Stub::start(|_, _, _, stream| {
        respond(stream, 200, ANSWER);
        false
    });
    let workplace = Workplace::new();
    let output = bench(&workplace, &stub.url(), &["-n", "30", "-c", "1", "--warmup", "0"]);
    let read = result(&workplace, &output);
    assert_eq!(read["metrics"]["successful_requests"], 30, "{}", text(&output.stdout));
    assert!(read["metrics"]["connections_stale"].as_u64().unwrap() >= 28, "{}", read["metrics"]);
}

#[test]
fn a_stall_is_in_the_latencies_of_an_open_loop_from_when_requests_were_due() {
    // One connection, 100 requests a second, and a second in which nothing is answered.
    let stub = Stub::start(|n, _, _, stream| {
        if n == 100 {
            sleep(Duration::from_secs(1));
        }
        respond(stream, 200, ANSWER)
    });
    let workplace = Workplace::new();
    let output = bench(&workplace, &stub.url(), &["--rate", "100", "-d", "4s", "-c", "1", "--warmup", "0"]);
    let read = result(&workplace, &output);
    assert_eq!(read["metrics"]["successful_requests"], 400, "{}", text(&output.stdout));
    let metrics = &read["metrics"];
    // A quarter of the requests was due during the stall; the earliest of them waited for all of it.
    let (p95, max) =
        (metrics["response_times_ms"]["p95"].as_f64().unwrap(), metrics["response_times_ms"]["max"].as_f64().unwrap());
    assert!(p95 > 600.0, "{metrics}");
    assert!((1_000.0..2_000.0).contains(&max), "{max}");
    // From when they were sent, only one was slow.
    assert!(metrics["service_ms"]["p95"].as_f64().unwrap() < 500.0, "{metrics}");
    assert!(metrics["queued"].as_u64().unwrap() > 50, "{metrics}");
}

#[test]
fn what_was_not_sent_or_not_answered_is_told() {
    let stub = Stub::start(|n, _, _, stream| {
        if n >= 20 {
            sleep(Duration::from_secs(30));
        }
        respond(stream, 200, ANSWER)
    });
    let workplace = Workplace::new();
    let began = Instant::now();
    let args = ["--rate", "50", "-d", "2s", "-c", "4", "--warmup", "0", "--drain", "200ms"];
    let output = bench(&workplace, &stub.url(), &args);
    assert!(began.elapsed() < Duration::from_secs(15), "it does not wait for what never comes");
    let read = result(&workplace, &output);
    let metrics = &read["metrics"];
    assert_eq!(metrics["unfinished"], 4, "{}", text(&output.stdout));
    let all = metrics["unsent"].as_u64().unwrap() + metrics["total_requests"].as_u64().unwrap() + 4;
    assert!((98..=101).contains(&all), "{all}: nothing is dropped");
    assert_eq!(read["soundness"]["sound"], false);
}

#[test]
fn a_slow_answer_is_a_timeout() {
    let stub = Stub::start(|n, _, _, stream| {
        if n % 2 == 1 {
            sleep(Duration::from_secs(5));
        }
        respond(stream, 200, ANSWER)
    });
    let workplace = Workplace::new();
    let output = bench(&workplace, &stub.url(), &["-n", "10", "-c", "1", "--warmup", "0", "--timeout", "200ms"]);
    let read = result(&workplace, &output);
    assert_eq!(read["metrics"]["errors"]["timeout"], 5, "{}", text(&output.stdout));
}

#[test]
fn a_server_that_dies_ends_the_run_with_what_there_is() {
    let workplace = Workplace::new();
    let mut server = workplace.serve(&["--docs", "docs"]);
    let mut command = ragctl(workplace.folder.path());
    command.args(["bench", "--url", &server.url, "-d", "60s", "-c", "2", "--output", "out"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !workplace.path("out").exists() && Instant::now() < deadline {
        sleep(Duration::from_millis(20));
    }
    sleep(Duration::from_millis(1_500));
    server.child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("THE SERVER STOPPED ANSWERING"), "{}", text(&output.stdout));
    let read = result(&workplace, &output);
    assert_eq!(read["ended"], "server_gone");
    assert!(read["metrics"]["successful_requests"].as_u64().unwrap() > 0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_reports_and_saves_what_was_measured() {
    let stub = Stub::start(|_, _, _, stream| respond(stream, 200, ANSWER));
    let workplace = Workplace::new();
    let mut command = ragctl(workplace.folder.path());
    command.args(["bench", "--url", &stub.url(), "-d", "60s", "--rate", "50", "--output", "out"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while stub.requests.load(Ordering::Relaxed) < 50 && Instant::now() < deadline {
        sleep(Duration::from_millis(20));
    }
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    let read = result(&workplace, &output);
    assert_eq!(read["ended"], "interrupted");
    assert!(read["metrics"]["successful_requests"].as_u64().unwrap() >= 30);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_dense_open_loop_at_once() {
    let stub = Stub::start(|_, _, _, stream| respond(stream, 200, ANSWER));
    let workplace = Workplace::new();
    let mut command = ragctl(workplace.folder.path());
    command.args(["bench", "--url", &stub.url(), "--endpoint", "/", "-d", "10min", "--rate", "20000", "-c", "4"]);
    let child = command.args(["--output", "out"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while stub.requests.load(Ordering::Relaxed) < 200 && Instant::now() < deadline {
        sleep(Duration::from_millis(20));
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let interrupted = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    assert!(interrupted.elapsed() < Duration::from_secs(20), "{:?}", interrupted.elapsed());
    assert_eq!(result(&workplace, &output)["ended"], "interrupted");
}

#[test]
fn one_broken_connection_is_no_dead_server() {
    // Slow answers, and one reset in the first second: for longer than the patience nothing else ends.
    let stub = Stub::start(|n, _, _, stream| {
        if n == 0 {
            return false;
        }
        sleep(Duration::from_millis(6_500));
        respond(stream, 200, ANSWER)
    });
    let workplace = Workplace::new();
    let output = bench(&workplace, &stub.url(), &["-n", "4", "-c", "3", "--warmup", "0"]);
    let read = result(&workplace, &output);
    assert_eq!(read["ended"], "completed", "{}", text(&output.stdout));
    assert!(read["metrics"]["successful_requests"].as_u64().unwrap() >= 3, "{}", read["metrics"]);
}

#[test]
fn two_servers_that_refuse_are_not_compared() {
    let stub = || Stub::start(|n, _, _, stream| respond(stream, if n % 5 == 0 { 200 } else { 429 }, ANSWER));
    let (a, b) = (stub(), stub());
    let workplace = Workplace::new();
    let output = workplace.run(&["bench", "ab", "--a", &a.url(), "--b", &b.url(), "-n", "50", "-c", "2"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("most requests failed"), "{}", text(&output.stderr));
}

#[test]
fn what_cannot_work_is_told_before_the_first_request() {
    let stub = Stub::start(|_, _, _, stream| respond(stream, 200, ANSWER));
    let workplace = Workplace::new();
    workplace.write("empty.txt", "\n");
    workplace.write("no-baseline.json", "{\"a\":1}");
    workplace.write("a-file", "x");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{free}");
    let url = stub.url();
    let cases: [(&str, &[&str], i32, &str); 12] = [
        (&url, &["--threshold", "p95<fast"], 2, "a time like 500ms"),
        (&url, &["--baseline", "no-baseline.json"], 1, "is no result of"),
        (&url, &["--baseline", "absent.json"], 1, "absent.json"),
        (&url, &["--baseline", "latest"], 1, "there is no result in out"),
        (&url, &["--output", "a-file/x"], 1, "choose another folder"),
        (&url, &["--queries", "empty.txt"], 1, "holds no query"),
        (&url, &["--rate", "0"], 2, "a rate above 0"),
        (&url, &["--iterations", "0"], 2, "--iterations"),
        (&url, &["--scenario", "absent"], 2, "built-in ones are"),
        (&url, &["--endpoint", "what"], 2, "query, stream, health or a /path"),
        (&url, &["--concurrency", "100000", "-n", "1"], 1, "open files"),
        (&nobody, &[], 1, "start the server"),
    ];
    for (url, args, code, wanted) in cases {
        if args.contains(&"100000") && !has_few_files() {
            eprintln!("skipped: this process may open more files than the test asks for");
            continue;
        }
        let folder: &[&str] = if args.contains(&"--output") { &[] } else { &["--output", "out"] };
        let output = workplace.run(&[&["bench", "--url", url][..], args, folder].concat());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(wanted), "{args:?}: {said}");
    }
    assert_eq!(stub.requests.load(Ordering::Relaxed), 0, "nothing was sent");
}

/// Whether the hard limit of open files is below what the test asks for.
fn has_few_files() -> bool {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(4).and_then(|hard| hard.parse::<u64>().ok()).is_some_and(|hard| hard < 100_000)
}

#[test]
fn any_api_can_be_measured_and_queries_go_into_its_body() {
    let stub = Stub::start(|_, path, body, stream| {
        let right =
            path == "/v1/ask?x=1" && body.starts_with("{\"q\":\"") && serde_json::from_str::<Value>(body).is_ok();
        respond(stream, if right { 201 } else { 400 }, "plain text")
    });
    let workplace = Workplace::new();
    workplace.write("q.txt", "one \"quoted\"\ntwo\n");
    let args = [
        "--endpoint",
        "/v1/ask?x=1",
        "--body",
        r#"{"q":"{query}"}"#,
        "--queries",
        "q.txt",
        "-n",
        "20",
        "--header",
        "X-A: b",
    ];
    let output = bench(&workplace, &stub.url(), &args);
    assert_eq!(result(&workplace, &output)["metrics"]["successful_requests"], 20, "{}", text(&output.stdout));
}

#[test]
fn gates_and_baselines_decide_the_exit_code() {
    let slow = Arc::new(AtomicU64::new(1));
    let delay = Arc::clone(&slow);
    let stub = Stub::start(move |_, _, _, stream| {
        sleep(Duration::from_millis(delay.load(Ordering::Relaxed)));
        respond(stream, 200, ANSWER)
    });
    let workplace = Workplace::new();
    let run = |args: &[&str]| bench(&workplace, &stub.url(), &[&["-n", "300", "-c", "4"], args].concat());
    let base = run(&["--threshold", "p95<2s", "errors==0", "degraded==0"]);
    assert_eq!(base.status.code(), Some(0), "{}", text(&base.stdout));
    assert_eq!(run(&["--threshold", "p50<1us"]).status.code(), Some(3));
    // Kept elsewhere: it is not made alike, and by chance it may be the best of all.
    let too_few = bench(&Workplace::new(), &stub.url(), &["-n", "50", "--threshold", "p95<10s"]);
    assert_eq!(too_few.status.code(), Some(3), "what cannot be told is no pass");
    assert!(text(&too_few.stdout).contains("needs 72 successes"), "{}", text(&too_few.stdout));
    slow.store(30, Ordering::Relaxed);
    let worse = run(&["--baseline", "best", "--max-regression", "p50:20%"]);
    assert_eq!(worse.status.code(), Some(3), "{}", text(&worse.stdout));
    assert!(text(&worse.stdout).contains("WORSE"), "{}", text(&worse.stdout));
    let other = bench(&workplace, &stub.url(), &["-n", "100", "-c", "8", "--baseline", "best"]);
    assert_eq!(other.status.code(), Some(1), "a comparison that is refused is no pass");
    assert!(text(&other.stdout).contains("NOT COMPARED"), "{}", text(&other.stdout));
}

#[test]
fn a_slowed_server_is_found_in_turns() {
    let stub = |ms: u64| {
        Stub::start(move |_, _, _, stream| {
            sleep(Duration::from_millis(ms));
            respond(stream, 200, ANSWER)
        })
    };
    let (a, b) = (stub(4), stub(8));
    let workplace = Workplace::new();
    let args = ["bench", "ab", "--a", &a.url(), "--b", &b.url(), "-n", "40", "-c", "4"];
    let output = workplace.run(&args);
    assert_eq!(output.status.code(), Some(3), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("B is WORSE than A"), "{}", text(&output.stdout));
    // Both arms were asked the same number of times.
    let sent = |stub: &Stub| stub.requests.load(Ordering::Relaxed);
    assert_eq!(sent(&a), sent(&b));
}

#[test]
fn results_of_several_generators_are_added_up_without_loss() {
    let stub = Stub::start(|n, _, _, stream| {
        sleep(Duration::from_millis(1 + n % 5));
        respond(stream, if n % 20 == 19 { 503 } else { 200 }, ANSWER)
    });
    let workplace = Workplace::new();
    let begin = (jiff::Timestamp::now() + Duration::from_secs(2)).to_string();
    let generators: Vec<_> = ["one", "two"]
        .into_iter()
        .map(|name| {
            let mut command = ragctl(workplace.folder.path());
            let url = stub.url();
            command.args([
                "bench",
                "--url",
                &url,
                "-n",
                "200",
                "-c",
                "2",
                "--start-at",
                &begin,
                "--output",
                name,
                "--warmup",
                "0",
            ]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut files = Vec::new();
    for (generator, name) in generators.into_iter().zip(["one", "two"]) {
        assert_eq!(generator.wait_with_output().unwrap().status.code(), Some(0));
        files.push(std::fs::read_dir(workplace.path(name)).unwrap().next().unwrap().unwrap().path());
    }
    let parts: Vec<Value> =
        files.iter().map(|file| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()).collect();
    let starts: Vec<jiff::Timestamp> =
        parts.iter().map(|part| part["metrics"]["timestamp"].as_str().unwrap().parse().unwrap()).collect();
    assert!((starts[0].as_millisecond() - starts[1].as_millisecond()).abs() < 500, "{starts:?} are lined up");
    let names: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    let output = workplace.run(&["bench", "merge", names[0], names[1], "--output", "out"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let merged = result(&workplace, &output);
    let sum = |path: &str| parts.iter().map(|part| part.pointer(path).unwrap().as_u64().unwrap()).sum::<u64>();
    for path in [
        "/metrics/total_requests",
        "/metrics/successful_requests",
        "/metrics/errors/http_5xx",
        "/test_info/concurrent_requests",
    ] {
        assert_eq!(merged.pointer(path).unwrap().as_u64().unwrap(), sum(path), "{path}");
    }
    let most = |part: &Value| part["metrics"]["response_times_ms"]["max"].as_f64().unwrap();
    assert_eq!(most(&merged), most(&parts[0]).max(most(&parts[1])));
    assert_eq!(merged["metrics"]["more"], Value::Null);
    let mut old = parts[0].clone();
    old["schema_version"] = 0.into();
    workplace.write("old.json", old.to_string());
    let refused = workplace.run(&["bench", "merge", names[0], "old.json"]);
    assert!(text(&refused.stderr).contains("has no histograms"), "{}", text(&refused.stderr));
}

#[test]
fn the_predecessors_files_are_compared_as_they_deserve() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/legacy-baselines");
    if !folder.exists() {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let names: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
    let workplace = Workplace::new();
    let output = workplace.run(&[&["bench", "compare"], &names[..]].concat());
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "no pass: {said}{}", text(&output.stderr));
    assert!(said.contains("75 of 100 requests failed") && said.contains("fixed wait"), "{said}");
    assert!(!said.contains("p50           2"), "latencies of a few survivors are not compared: {said}");
}

#[test]
fn a_breaker_scenario_switches_faults_and_checks_the_recovery() {
    let workplace = Workplace::new();
    let mut mock = ragctl(workplace.folder.path());
    let mut mock = mock.args(["mock", "--port", "0"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(mock.stderr.take().unwrap()), &mut line).unwrap();
    let upstream = line.split_whitespace().nth(2).unwrap().to_owned();
    let server = workplace.serve_with(
        &["--docs", "docs", "--provider", "ollama", "--ollama-url", &upstream, "--cache", "false"],
        &[("CIRCUIT_BREAKER_TIMEOUT", "1"), ("OLLAMA_RETRY_BACKOFF", "0.02")],
    );
    workplace.write(
        "outage.toml",
        "name = \"outage\"\n[expect]\nbreaker_recovers = true\n[[stage]]\nname = \"well\"\nduration = \"1s\"\nlevel = 4\n\
         [[stage]]\nname = \"down\"\nduration = \"3s\"\nlevel = 8\n[[stage]]\nname = \"again\"\nduration = \"6s\"\nlevel = 4\n\
         [[fault]]\nfault = { status = { code = 503 } }\noperation = \"generate\"\nfrom = \"1s\"\nuntil = \"4s\"\n",
    );
    let output = bench(&workplace, &server.url, &["--scenario", "outage.toml", "--mock", &upstream]);
    mock.kill().unwrap();
    mock.wait().unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    let read = result(&workplace, &output);
    assert_eq!(read["stages"].as_array().unwrap().len(), 3);
    assert_eq!(read["gates"][0]["verdict"], "met", "{}", read["gates"]);
    assert!(read["stages"][1]["degraded"].as_u64().unwrap() > 0, "{}", read["stages"]);
    assert!(said.contains("the circuit breaker opened"), "{said}");
    assert!(said.contains("degraded"), "{said}");
}

/// The scripts of the example workflow, without the one that installs.
#[cfg(unix)]
fn workflow() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ci/performance-gate.yml");
    let yaml = std::fs::read_to_string(path).unwrap();
    let steps: Vec<&str> = yaml.split("      - name: ").skip(1).filter(|step| !step.starts_with("install")).collect();
    assert_eq!(steps.len(), 3);
    let script = |step: &&str| {
        step.split_once("run: |\n").unwrap().1.lines().map(str::trim_start).collect::<Vec<_>>().join("\n")
    };
    steps.iter().map(script).collect::<Vec<_>>().join("\n")
}

#[cfg(unix)]
#[test]
fn the_example_workflow_passes_and_fails_as_it_should() {
    let workplace = Workplace::new();
    std::fs::create_dir(workplace.path("fixtures")).unwrap();
    std::fs::rename(workplace.path("docs"), workplace.path("fixtures/docs")).unwrap();
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_ragctl")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let script = format!("trap 'kill $(jobs -p)' EXIT\nset -e\n{}", workflow());
    for (gate, wanted) in [("p95<20s", 0), ("p95<1us", 3)] {
        let [mock, serve] = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = [&mock, &serve].map(|listener| listener.local_addr().unwrap().port().to_string());
        drop((mock, serve));
        let mut command = std::process::Command::new("bash");
        command.args(["-c", &script]).current_dir(workplace.folder.path()).env_clear().env("PATH", &path);
        command.env("HOME", workplace.folder.path()).env("GATE", gate).stdin(Stdio::null());
        let output = command.env("MOCK_PORT", &ports[0]).env("SERVE_PORT", &ports[1]).output().unwrap();
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(wanted), "{said}{}", text(&output.stderr));
        assert!(wanted != 0 || said.contains("### ragctl bench"), "the comment: {said}");
    }
}
