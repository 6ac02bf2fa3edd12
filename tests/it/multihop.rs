//! Questions that need several documents.

use ragctl::mock::{Fault, MockUpstream, Operation};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Server, Workplace, nowhere};

/// Who founded the press stands in one document, where that person lives in another that does not name the press. The others
/// are nearer to the question's words.
const DOCUMENTS: [(&str, &str); 7] = [
    ("press.md", "# Seagull Press\n\nThe Seagull Press was founded by Mira Okafor in an old warehouse.\n"),
    ("mira.md", "# Mira Okafor\n\nMira Okafor has a house with a garden in Stavanger.\n"),
    ("prices.md", "# Prices of the Seagull Press\n\nWhat the Seagull Press asks for a book is printed on the cover.\n"),
    ("live.md", "# Live readings\n\nReadings of the Seagull Press are live events, and a city is chosen for each.\n"),
    ("founder.md", "# Founder\n\nA founder of a press needs patience; the founder does not live from it.\n"),
    ("city.md", "# City\n\nIn which city a person does live is nobody's business.\n"),
    ("paper.md", "# Paper\n\nPaper for the press comes from the mill in the city.\n"),
];

const QUESTION: &str = "In which city does the founder of the Seagull Press live?";

fn workplace() -> Workplace {
    let workplace = Workplace::new();
    DOCUMENTS.iter().for_each(|(name, text)| workplace.write(&format!("press/{name}"), text));
    workplace
}

fn sources(answer: &Value) -> Vec<&str> {
    answer["metadatas"].as_array().unwrap().iter().map(|m| m["source"].as_str().unwrap()).collect()
}

async fn asked(server: &Server, more: Value) -> Value {
    let mut request = json!({ "query": QUESTION, "k": 4 });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, answer) = server.post("/api/multihop_query", request).await;
    assert_eq!(status, StatusCode::OK, "{answer:#}");
    answer
}

#[tokio::test]
async fn what_is_found_says_what_to_look_for_next_without_an_llm() {
    let workplace = workplace();
    let server = workplace.serve(&["--docs", "press"]);
    let plain = server.post("/query", json!({ "query": QUESTION, "k": 4 })).await.1;
    assert!(!sources(&plain).contains(&"press/mira.md"), "the example needs no second hop: {plain:#}");
    let answer = asked(&server, json!({ "explain": true })).await;
    assert!(sources(&answer).contains(&"press/mira.md"), "{answer:#}");
    assert_eq!(answer["contexts"].as_array().unwrap().len(), 4);
    assert_eq!((&answer["multihop"]["by"], &answer["multihop"]["reason"]), (&json!("rules"), &json!("no_llm")));
    let subquestions = answer["subquestions"].as_array().unwrap();
    assert!(subquestions.iter().any(|question| question.as_str().unwrap().contains("Mira Okafor")), "{answer:#}");
    assert!(answer["explanation"].to_string().contains("hop 2: looked for"), "{}", answer["explanation"]);
    assert_eq!((&answer["degraded"], &answer["cache_hit"]), (&json!(false), &json!(false)));
    // Bounds of the request: one round is the question alone.
    let one = asked(&server, json!({ "depth": 1 })).await;
    assert_eq!((&one["subquestions"], &one["multihop"]["hops"]), (&json!([]), &json!(1)));
    assert_eq!(sources(&one), sources(&plain));
    let narrow = asked(&server, json!({ "fanout": 1, "depth": 3 })).await;
    assert!(narrow["subquestions"].as_array().unwrap().len() <= 2, "{narrow:#}");
}

#[tokio::test]
async fn the_answer_streams_with_its_passages_first_and_its_subquestions_last() {
    let workplace = workplace();
    let server = workplace.serve(&["--docs", "press"]);
    let response = server
        .send(Method::POST, "/api/stream_multihop_query", Some(&json!({ "query": QUESTION, "k": 4 })))
        .await
        .text()
        .await
        .unwrap();
    let head: Value =
        serde_json::from_str(response.lines().next().unwrap().strip_prefix("[[CTXJSON]]").unwrap()).unwrap();
    assert!(sources(&head).contains(&"press/mira.md"), "{head:#}");
    let url = server.url.clone();
    let said = workplace.run(&["query", QUESTION, "--url", &url, "--multihop", "-k", "4"]);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(
        text.contains("Also looked for\n") && text.contains("\n  Mira Okafor") && text.contains("press/mira.md"),
        "{text}"
    );
}

#[tokio::test]
async fn an_llm_writes_the_subquestions_and_rules_go_on_without_it() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = workplace();
    let with = |url: &str| {
        let args = ["--docs", "press", "--provider", "ollama", "--embedder", "embedded", "--ollama-url", url];
        workplace.serve_with(&[&args[..], &["--request-timeout", "6"]].concat(), &[])
    };
    let server = with(&mock.url());
    let answer = asked(&server, json!({})).await;
    assert_eq!((&answer["multihop"]["by"], answer["multihop"].get("reason")), (&json!("llm"), None), "{answer:#}");
    assert!(answer["subquestions"].to_string().contains("Who or what is"), "{answer:#}");
    mock.fault(Operation::Generate, Some(Fault::Hang));
    let answer = asked(&server, json!({ "budget_ms": 500 })).await;
    assert_eq!((&answer["multihop"]["by"], &answer["multihop"]["reason"]), (&json!("rules"), &json!("llm_slow")));
    assert_eq!(answer["degraded_reason"], "llm_unavailable");
    drop(server);
    let answer = asked(&with(nowhere()), json!({})).await;
    assert_eq!(
        (&answer["multihop"]["by"], &answer["multihop"]["reason"]),
        (&json!("rules"), &json!("llm_unavailable"))
    );
    assert!(sources(&answer).contains(&"press/mira.md"), "{answer:#}");
}

#[tokio::test]
async fn bounds_are_refused_with_their_range() {
    let workplace = workplace();
    let server = workplace.serve(&["--docs", "press"]);
    for (field, value) in [("depth", 0), ("depth", 4), ("fanout", 9), ("fanout_first_hop", 0), ("budget_ms", 0)] {
        let (status, body) = server.post("/api/multihop_query", json!({ "query": "Who?", field: value })).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(body["message"].as_str().unwrap().contains(field), "{body}");
    }
}
