//! One run: what it sends, what it reports, what it refuses before the first request.

use super::*;
use crate::support::{nowhere, skipped};

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
fn what_cannot_work_is_told_before_the_first_request() {
    let stub = Stub::start(|_, _, _, stream| respond(stream, 200, ANSWER));
    let workplace = Workplace::new();
    workplace.write("empty.txt", "\n");
    workplace.write("no-baseline.json", "{\"a\":1}");
    workplace.write("a-file", "x");
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
        (nowhere(), &[], 1, "start the server"),
    ];
    for (url, args, code, wanted) in cases {
        if args.contains(&"100000") && !has_few_files() {
            skipped("this process may open more files than the test asks for");
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
