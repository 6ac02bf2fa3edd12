//! The time that a question has holds for everything that is done for it.

use std::time::Duration;

use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use ragctl::mock::{Delay, Fault, MockSettings, MockUpstream, Operation};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Server, Workplace, eventually};

const QUESTION: &str = "How long can a voyage be paused?";

/// A server that embeds and answers with the mock.
fn serve(workplace: &Workplace, mock: &MockUpstream, more: &[&str]) -> Server {
    let url = mock.url();
    workplace.serve_with(&[&["--docs", "docs", "--provider", "ollama", "--ollama-url", &url], more].concat(), &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_embedder_does_not_hold_a_question_longer_than_its_time() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock, &["--request-timeout", "4"]);
    mock.fault(Operation::Embed, Some(Fault::Hang));
    let streamed = json!({ "query": format!("{QUESTION} Streamed?") });
    let answers = [
        server.post("/query", json!({ "query": QUESTION })),
        server.post("/query", json!({ "query": format!("{QUESTION} No cache?"), "cache": false })),
    ];
    let stream = async { server.send(Method::POST, "/api/stream_query", Some(&streamed)).await.text().await.unwrap() };
    let (answers, text) = tokio::join!(join_all(answers), stream);
    // At its deadline a question without an answer gets an error: an answer is one in time.
    for (status, answer) in answers {
        assert_eq!(status.as_u16(), 200, "{answer:#}");
        assert_eq!(answer["degraded"], true);
        assert!(answer["answer"].as_str().unwrap().contains("72 hours"), "{answer:#}");
    }
    assert!(text.contains("72 hours"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_fallback_a_hung_embedder_is_a_504_at_the_deadline() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock, &["--request-timeout", "1", "--no-fallback"]);
    mock.fault(Operation::Embed, Some(Fault::Hang));
    let (status, error) = server.post("/query", json!({ "query": QUESTION })).await;
    assert_eq!(status.as_u16(), 504, "{error:#}");
    assert!(error["message"].as_str().unwrap().contains("--request-timeout"), "{error:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quotation_that_stands_in_for_a_hung_llm_comes_before_the_deadline() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock, &["--request-timeout", "5", "--breaker-failures", "1"]);
    mock.fault(Operation::Generate, Some(Fault::Hang));
    let answer = server.ask(QUESTION).await;
    assert_eq!(answer["degraded_reason"], "llm_unavailable", "{answer:#}");
    let breakers = server.get("/metrics/circuit-breaker").await.1;
    assert_eq!(breakers["circuit_breakers"]["ollama_client"]["state"], "open", "the hung LLM was noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_cannot_come_in_time_is_refused_at_once_and_says_when_to_ask_again() {
    let settings = MockSettings { first_token: Delay::Fixed(Duration::from_secs(3)), ..MockSettings::default() };
    let mock = MockUpstream::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), settings).unwrap();
    let workplace = Workplace::new();
    let limits = ["--request-timeout", "6.5", "--pool-maxsize", "1", "--cache", "false"];
    let server = serve(&workplace, &mock, &[&limits[..], &["--no-fallback"]].concat());
    server.ask("How long does it take?").await;
    let ask = async |n: usize| {
        let body = json!({ "query": format!("How long can voyage {n} be paused?"), "method": "bm25" });
        let response = server.send(Method::POST, "/query", Some(&body)).await;
        let retry_after: Option<u64> =
            response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
        let status = response.status().as_u16();
        (status, retry_after, response.json::<Value>().await.unwrap())
    };
    let outcomes = join_all((0..6).map(ask)).await;
    // Those that wait in vain get a 504 at the deadline.
    let refused: Vec<_> = outcomes.iter().filter(|(status, ..)| *status == 503).collect();
    assert!(refused.len() >= 2, "the fourth and later ones have no turn within 6.5 s: {outcomes:#?}");
    for (_, retry_after, body) in &refused {
        assert!((8..=20).contains(&retry_after.unwrap()), "{retry_after:?}: {body:#}");
    }
    assert!(outcomes.iter().any(|(status, ..)| *status == 200));
    let breakers = server.get("/metrics/circuit-breaker").await.1;
    assert_eq!(breakers["circuit_breakers"]["ollama_client"]["failure_calls"], 0, "a queue is not the LLM's failure");
    drop(server);

    let server = serve(&workplace, &mock, &limits);
    server.ask("How long does it take?").await;
    // In the order in which the answers come: the quotations of those that no turn can reach are before all others'.
    // By words: an embedding would wait for the same slot, behind another question's generation.
    let ask = async |n: usize| {
        let body = json!({ "query": format!("How long can voyage {n} be paused?"), "method": "bm25" });
        server.send(Method::POST, "/query", Some(&body)).await.json::<Value>().await.unwrap()
    };
    let answers: Vec<Value> = (0..6).map(ask).collect::<FuturesUnordered<_>>().collect().await;
    let first = answers.iter().take_while(|answer| answer["degraded"] == true);
    assert!(first.count() >= 2, "the quotation comes at once where no turn can come: {answers:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_comes_to_a_running_generation_has_its_own_time() {
    let settings = MockSettings { first_token: Delay::Fixed(Duration::from_secs(5)), ..MockSettings::default() };
    let mock = MockUpstream::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), settings).unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock, &["--request-timeout", "4", "--cache", "false"]);
    let late = async {
        eventually("the first question is upstream", || async { mock.stats().generations == 1 }).await;
        // Asked in the middle between 1 s and 3.5 s: the answer comes after the first one's time is over, and before this
        // one's is. The server's clock is what is tested, so there is no event to wait for.
        tokio::time::sleep(Duration::from_millis(2_250)).await;
        server.ask(QUESTION).await
    };
    let (first, late) = tokio::join!(server.ask(QUESTION), late);
    assert_eq!((&first["degraded"], &late["degraded"]), (&json!(true), &json!(false)), "{first:#} {late:#}");
    assert_eq!(mock.stats().generations, 1, "it is one generation");
}
