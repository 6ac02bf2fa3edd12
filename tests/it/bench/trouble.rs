//! Servers that stall, hang, or die, and runs that are interrupted.

use ragctl::bench::{
    plan::{Load, RunPlan, Stage},
    request::RequestPlan,
    run::{Ended, run},
    schedule::{ENDLESS, Profile},
    target::BenchTarget,
    workload::Workload,
};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    stub::hang,
    support::{self, Server, end_of, eventually, wait_until},
};

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
    assert!(max >= 1_000.0, "{max}");
    // From when they were sent, only one was slow.
    assert!(metrics["service_ms"]["p95"].as_f64().unwrap() < p95 / 2.0, "{metrics}");
    assert!(metrics["queued"].as_u64().unwrap() > 50, "{metrics}");
}

#[test]
fn what_was_not_sent_or_not_answered_is_told() {
    let stub = Stub::start(|n, _, _, stream| {
        if n >= 20 {
            hang();
        }
        respond(stream, 200, ANSWER)
    });
    let workplace = Workplace::new();
    let args = ["--rate", "50", "-d", "2s", "-c", "4", "--warmup", "0", "--drain", "200ms"];
    let output = bench(&workplace, &stub.url(), &args);
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
            hang();
        }
        respond(stream, 200, ANSWER)
    });
    let workplace = Workplace::new();
    let output = bench(&workplace, &stub.url(), &["-n", "10", "-c", "1", "--warmup", "0", "--timeout", "1s"]);
    let read = result(&workplace, &output);
    assert_eq!(read["metrics"]["errors"]["timeout"], 5, "{}", text(&output.stdout));
}

/// Questions that the server has answered.
async fn answered(server: &Server) -> f64 {
    let metrics = server.text("/metrics").await;
    let series = metrics.lines().filter(|line| line.starts_with("ollama_rag_queries_total{"));
    series.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

#[tokio::test]
async fn a_server_that_dies_ends_the_run_with_what_there_is() {
    let workplace = Workplace::new();
    let mut server = workplace.serve(&["--docs", "docs"]);
    let mut command = ragctl(workplace.folder.path());
    command.args(["bench", "--url", &server.url, "-d", "60s", "-c", "2", "--output", "out"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // More than the warm-up asks: the measurement has begun.
    eventually("answers are measured", || async { answered(&server).await >= 50.0 }).await;
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
    wait_until("requests come", || stub.requests.load(Ordering::Relaxed) >= 50);
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
    let mut child = command.args(["--output", "out"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("requests come", || stub.requests.load(Ordering::Relaxed) >= 200);
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    // Ten minutes of load are left.
    end_of(&mut child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    assert_eq!(result(&workplace, &output)["ended"], "interrupted");
}

#[tokio::test]
async fn one_broken_connection_is_no_dead_server() {
    const PATIENCE: Duration = Duration::from_millis(300);
    // One reset at the beginning, and answers that take three times as long as a silent server is given.
    let stub = Stub::start(|n, _, _, stream| {
        if n == 0 {
            return false;
        }
        sleep(3 * PATIENCE);
        respond(stream, 200, ANSWER)
    });
    let load = Load::Users(Profile::constant(3.0, ENDLESS));
    let plan = RunPlan {
        name: "reset".into(),
        targets: vec![BenchTarget::resolve(&stub.url().parse().unwrap()).await.unwrap()],
        request: RequestPlan::other("GET", "/", None),
        workload: Arc::new(Workload::single()),
        threads: 1,
        load,
        stages: vec![Stage { name: "all".into(), length: ENDLESS }],
        iterations: Some(4),
        warmup: 0,
        timeout: support::PATIENCE,
        drain: support::PATIENCE,
        give_up_after: PATIENCE,
        seed: 1,
    };
    let data = run(plan, None, || {}, CancellationToken::new(), |_| {}).await.unwrap();
    assert_eq!(data.ended, Ended::Completed);
    assert!(data.total.counts.ok >= 3, "{:?}", data.total.counts);
}
