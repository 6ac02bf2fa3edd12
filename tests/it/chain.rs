//! More than one LLM server: who answers, who takes over, and what is told of it.

use ragctl::mock::{Fault, MockUpstream, Operation};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Server, Workplace, eventually, nowhere, text};

const QUESTION: &str = "How long can a voyage be paused?";

/// A table of an upstream in a config file.
fn table(name: &str, dialect: &str, url: &str, more: &str) -> String {
    format!(
        "[[upstream]]\nname = \"{name}\"\ndialect = \"{dialect}\"\nurl = \"{url}\"\nmodel = \"llama3.1:8b\"\n{more}\n\n"
    )
}

/// A server with these upstreams, which embeds by itself.
fn serve(workplace: &Workplace, tables: &[String], more: &[&str]) -> Server {
    workplace.write("ragctl.toml", tables.concat());
    workplace
        .serve_with(&[&["--docs", "docs", "--embedder", "embedded", "--retry-backoff", "0.01"], more].concat(), &[])
}

/// A big server in Ollama's dialect and a small one in OpenAI's.
async fn two(workplace: &Workplace, more: &[&str]) -> (MockUpstream, MockUpstream, Server) {
    let (big, small) = (MockUpstream::start().await.unwrap(), MockUpstream::start().await.unwrap());
    let tables = [table("big", "ollama", &big.url(), ""), table("small", "openai", &small.openai_url(), "")];
    let server = serve(workplace, &tables, more);
    (big, small, server)
}

/// The events of a streamed answer: their names and data.
async fn stream(server: &Server) -> Vec<(String, Value)> {
    let body = json!({ "query": QUESTION, "cache": false });
    let request =
        server.client().post(format!("{}/api/stream_query", server.url)).header("accept", "text/event-stream");
    let text = request.json(&body).send().await.unwrap().text().await.unwrap();
    let event = |event: &str| {
        let (name, data) = event.split_once('\n')?;
        let (name, data) = (name.strip_prefix("event: ")?, data.strip_prefix("data: ")?);
        Some((name.to_owned(), serde_json::from_str(data).unwrap()))
    };
    text.split("\n\n").filter_map(event).collect()
}

/// The text of the tokens, and the name and data of the last event.
fn told(events: &[(String, Value)]) -> (String, &str, &Value) {
    let tokens = events.iter().filter(|(name, _)| name == "token").map(|(_, data)| data["text"].as_str().unwrap());
    let (name, data) = events.last().unwrap();
    (tokens.collect(), name, data)
}

fn part(text: &str, segment: &Value) -> String {
    let place = |field: &str| segment[field].as_u64().unwrap() as usize;
    text.chars().skip(place("start")).take(place("end") - place("start")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_answers_while_the_first_is_away() {
    let workplace = Workplace::new();
    let small = MockUpstream::start().await.unwrap();
    let tables = [table("big", "ollama", nowhere(), ""), table("small", "openai", &small.openai_url(), "")];
    let server = serve(&workplace, &tables, &[]);
    let line =
        server.start_lines.iter().find(|line| line.contains("big: ollama, llama3.1:8b; then small: openai")).cloned();
    assert!(line.is_some(), "{:?}", server.start_lines);

    let answer = server.ask(QUESTION).await;
    assert_eq!((&answer["provider"], &answer["upstream"]), (&json!("openai"), &json!("small")), "{answer:#}");
    assert_eq!((&answer["degraded"], answer.get("segments")), (&json!(false), None));
    // It is a good answer, whoever gave it.
    assert_eq!(server.ask(QUESTION).await["cache_hit"], true);
    let metrics = server.text("/metrics").await;
    assert!(metrics.contains("ollama_rag_failovers_total{at=\"start\",upstream=\"big\"} 1\n"), "{metrics}");

    // Each has its own breaker and connections, and health knows them all.
    let breakers = server.get("/metrics/circuit-breaker").await.1["circuit_breakers"].clone();
    for name in ["big_client", "big_client_embed", "small_client", "small_client_embed"] {
        assert_eq!(breakers[name]["state"], "closed", "{breakers:#}");
    }
    let pool = server.get("/metrics/connection-pool").await.1["connection_pool"].clone();
    assert_eq!(pool["clients"]["small_client"]["total_requests"], 1, "{pool:#}");
    eventually("both were probed", || async {
        let health = server.get("/api/health").await.1;
        health["message"] == "big cannot be asked: questions are answered by small"
    })
    .await;
    let health = server.get("/health").await.1;
    assert_eq!(health["status"], "degraded");
    let upstreams = health["services"]["upstreams"].clone();
    assert_eq!((&upstreams[0]["name"], &upstreams[0]["healthy"]), (&json!("big"), &json!(false)), "{upstreams:#}");
    assert_eq!((&upstreams[1]["name"], &upstreams[1]["healthy"]), (&json!("small"), &json!(true)), "{upstreams:#}");
    assert!(server.text("/metrics").await.contains("ollama_rag_upstream_healthy{upstream=\"small\"} 1\n"));
    assert_eq!(server.get("/health/ready").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_continued_and_the_seam_is_told() {
    let workplace = Workplace::new();
    let (big, small, server) = two(&workplace, &[]).await;
    big.fault(Operation::Generate, Some(Fault::Truncate { after: 3 }));

    let answer = server.ask(QUESTION).await;
    let (text, segments) = (answer["answer"].as_str().unwrap(), &answer["segments"]);
    assert_eq!((&answer["upstream"], &answer["degraded"]), (&json!("small"), &json!(false)), "{answer:#}");
    let names = |segments: &Value| {
        let names = segments.as_array().unwrap().iter().map(|part| part["upstream"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(segments), ["big", "small"], "{answer:#}");
    let parts = [part(text, &segments[0]), part(text, &segments[1])];
    assert_eq!(parts.concat(), text);
    // It was shown the beginning, and the same passages.
    let (asked, first) = (small.requests().pop().unwrap().1, big.requests().pop().unwrap().1);
    assert_eq!(asked["messages"][0], first["messages"][0]);
    assert_eq!(asked["messages"][1], first["messages"][1]);
    assert_eq!(
        (&asked["messages"][2]["role"], &asked["messages"][2]["content"]),
        (&json!("assistant"), &json!(parts[0]))
    );
    // What has a seam is not kept.
    assert_eq!(server.ask(QUESTION).await["cache_hit"], false);

    let events = stream(&server).await;
    let (streamed, last, done) = told(&events);
    assert_eq!((streamed.as_str(), last), (text, "done"));
    assert_eq!(done["segments"], *segments);
    let seam = events.iter().position(|(name, _)| name == "segment").unwrap();
    assert_eq!(
        events[seam].1,
        json!({ "upstream": "small", "provider": "openai", "model": "llama3.1:8b", "start": segments[1]["start"] })
    );
    let before: String = events[..seam].iter().filter_map(|(_, data)| data["text"].as_str()).collect();
    assert_eq!(before, parts[0]);
    assert!(server.text("/metrics").await.contains("ollama_rag_failovers_total{at=\"middle\",upstream=\"big\"} 3\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_can_go_on_the_client_is_told_that_the_answer_is_cut() {
    let workplace = Workplace::new();
    let (big, small, server) = two(&workplace, &["--breaker", "false"]).await;
    for mock in [&big, &small] {
        mock.fault(Operation::Generate, Some(Fault::Truncate { after: 3 }));
    }
    let events = stream(&server).await;
    let (streamed, last, error) = told(&events);
    assert!(!streamed.is_empty());
    assert_eq!(last, "error");
    assert!(error["message"].as_str().unwrap().starts_with("the answer is cut off here: "), "{error:#}");
    assert_eq!(error["error"], "Unavailable");

    // Where nobody reads along, the documents are quoted instead.
    let answer = server.ask(QUESTION).await;
    assert_eq!((&answer["provider"], &answer["degraded_reason"]), (&json!("embedded"), &json!("llm_unavailable")));
    assert!(answer["answer"].as_str().unwrap().contains("72 hours"), "{answer:#}");
    assert_eq!(answer.get("segments"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_fallback_a_cut_answer_is_an_error() {
    let workplace = Workplace::new();
    let (big, small, server) = two(&workplace, &["--no-fallback", "--breaker", "false"]).await;
    for mock in [&big, &small] {
        mock.fault(Operation::Generate, Some(Fault::Truncate { after: 3 }));
    }
    let (status, error) = server.post("/query", json!({ "query": QUESTION })).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{error:#}");
    assert!(error["message"].as_str().unwrap().starts_with("the answer is cut off here: "), "{error:#}");
    big.fault(Operation::Generate, Some(Fault::Reset));
    small.fault(Operation::Generate, Some(Fault::Status { code: 503, retry_after: None }));
    let (status, error) = server.post("/query", json!({ "query": QUESTION })).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{error:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_hung_and_dead_servers_ends_in_quotation_in_time() {
    let workplace = Workplace::new();
    let (big, small, server) = two(&workplace, &["--request-timeout", "4"]).await;
    big.fault(Operation::Generate, Some(Fault::Hang));
    small.fault(Operation::Generate, Some(Fault::Hang));
    let asked = std::time::Instant::now();
    let answer = server.ask(QUESTION).await;
    assert!(asked.elapsed().as_secs_f64() < 4.0, "{:?}", asked.elapsed());
    assert_eq!((&answer["degraded_reason"], &answer["provider"]), (&json!("llm_unavailable"), &json!("embedded")));
    // One that hangs leaves time for the other.
    small.fault(Operation::Generate, None);
    assert_eq!(server.ask(QUESTION).await["upstream"], "small");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_may_name_an_upstream_a_dialect_or_nobody() {
    let workplace = Workplace::new();
    let (_big, _small, server) = two(&workplace, &[]).await;
    let ask = async |provider: &str| {
        let (status, answer) =
            server.post("/query", json!({ "query": QUESTION, "provider": provider, "cache": false })).await;
        (status, answer["upstream"].clone(), answer["message"].as_str().unwrap_or_default().to_owned())
    };
    for (name, upstream) in
        [("small", "small"), ("big", "big"), ("openai", "small"), ("ollama", "big"), ("auto", "big")]
    {
        assert_eq!(ask(name).await.1, upstream, "{name}");
    }
    assert_eq!(ask("embedded").await, (StatusCode::OK, Value::Null, String::new()));
    let (status, _, message) = ask("huge").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(message.contains("auto, big, embedded, ollama, openai, small"), "{message}");

    let (_, chosen) = server.post("/api/provider", json!({ "name": "small" })).await;
    assert_eq!(chosen["provider"], "small");
    assert_eq!(server.ask("How long does a voyage last?").await["upstream"], "small");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_weight_both_are_asked_and_a_reserve_only_when_others_fail() {
    let workplace = Workplace::new();
    let mocks = [
        MockUpstream::start().await.unwrap(),
        MockUpstream::start().await.unwrap(),
        MockUpstream::start().await.unwrap(),
    ];
    let tables: Vec<String> = ["a", "b", "reserve"]
        .iter()
        .zip(&mocks)
        .zip(["weight = 1", "weight = 1", "weight = 0"])
        .map(|((name, mock), weight)| table(name, "ollama", &mock.url(), weight))
        .collect();
    let server = serve(&workplace, &tables, &["--upstream-order", "weight"]);
    for _ in 0..30 {
        server.post("/query", json!({ "query": QUESTION, "cache": false })).await;
    }
    let asked = mocks.each_ref().map(|mock| mock.stats().generations);
    // That one of two is asked none of 30 times happens once in 5e8.
    assert!(asked[0] > 0 && asked[1] > 0 && asked[2] == 0 && asked.iter().sum::<u64>() == 30, "{asked:?}");
    mocks[0].fault(Operation::Generate, Some(Fault::Reset));
    mocks[1].fault(Operation::Generate, Some(Fault::Reset));
    assert_eq!(server.ask(QUESTION).await["upstream"], "reserve");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_upstreams_come_from_the_environment_and_show_nowhere() {
    let workplace = Workplace::new();
    let mock = MockUpstream::start().await.unwrap();
    let upstream = format!("name=cloud,dialect=openai,url={},model=m,api_key_env=CLOUD_KEY", mock.openai_url());
    let environment = [("RAGCTL_UPSTREAM", upstream.as_str()), ("CLOUD_KEY", "sk-a-very-secret-key")];
    let server = workplace.serve_with(&["--docs", "docs"], &environment);
    assert_eq!(server.ask(QUESTION).await["upstream"], "cloud");
    let shown = ragctl_in(&workplace, &environment, &["config", "show"]);
    assert!(shown.contains("name=cloud,dialect=openai") && shown.contains("api_key=***"), "{shown}");
    assert!(!shown.contains("sk-a-very"), "{shown}");
}

#[test]
fn tables_that_are_wrong_are_told_by_field() {
    let workplace = Workplace::new();
    for (tables, message) in [
        (table("a", "lmstudio", "http://x", ""), "dialect = \"lmstudio\", but it must be ollama or openai"),
        (table("a", "ollama", "http://x", "weigth = 2"), "unknown field \"weigth\"; the fields are name, dialect"),
        (table("a", "ollama", "http://x", "queue = -2"), "queue = \"-2\", but it must be a number"),
        (table("a b", "ollama", "http://x", ""), "name must be 1 to 40"),
        (table("openai", "ollama", "http://x", ""), "an upstream called openai must speak that dialect"),
        (table("a", "ollama", "http://x", "api_key_env = \"NOT_SET\""), "the environment has no variable \"NOT_SET\""),
        (table("a", "ollama", "ftp://x", "api_key = \"sk-secret\""), "url: "),
        ("[[upstream]]\nname = \"a\"\n".into(), "dialect is missing: give ollama or openai"),
        (
            table("a", "ollama", "http://x", "") + &table("a", "openai", "http://y", ""),
            "two upstreams are called \"a\"",
        ),
    ] {
        workplace.write("ragctl.toml", &tables);
        let checked = workplace.run(&["config", "check"]);
        let said = text(&checked.stderr) + &text(&checked.stdout);
        assert!(!checked.status.success() && said.contains(message), "{tables}{said}");
        assert!(!said.contains("sk-secret"), "{said}");
    }
    workplace.write("ragctl.toml", table("a", "openai", "http://x", ""));
    let started = workplace.run(&["serve", "--provider", "ollama", "--port", "0"]);
    assert!(text(&started.stderr).contains("asks for upstreams of that dialect"), "{}", text(&started.stderr));
}

fn ragctl_in(workplace: &Workplace, environment: &[(&str, &str)], args: &[&str]) -> String {
    let output =
        crate::support::ragctl(&workplace.path("")).envs(environment.iter().copied()).args(args).output().unwrap();
    text(&output.stdout)
}
