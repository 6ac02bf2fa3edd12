//! Servers that stall, hang, or die, and runs that are interrupted.

use super::*;

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
