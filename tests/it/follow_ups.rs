//! Conversations: what a follow-up leaves out is looked up in what was said before.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Server, Workplace};

/// Asks one question after the other, each with the conversation until then; returns the answers.
async fn converse(server: &Server, questions: &[&str], more: &Value) -> Vec<Value> {
    let (mut history, mut answers) = (Vec::new(), Vec::new());
    for question in questions {
        let mut request = json!({ "query": question, "history": history });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, answer) = server.post("/query", request).await;
        assert_eq!(status, StatusCode::OK, "{answer:#}");
        history.push(json!({ "role": "user", "content": question }));
        history.push(json!({ "role": "assistant", "content": answer["answer"] }));
        answers.push(answer);
    }
    answers
}

const CONVERSATION: [&str; 4] = [
    "How long can a refund be asked for?",
    "Who may grant exceptions to it?",
    "And larger amounts?",
    "When does it arrive?",
];

#[tokio::test]
async fn three_follow_ups_find_their_document() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let answers = converse(&server, &CONVERSATION, &json!({})).await;
    for (answer, said) in answers.iter().zip(["45 days", "Mira Okafor", "Paul Lindqvist", "ten working days"]) {
        assert_eq!(answer["metadatas"][0]["source"], "docs/refund-policy.pdf", "{answer:#}");
        assert!(answer["answer"].as_str().unwrap().contains(said), "{said}: {}", answer["answer"]);
    }
    assert_eq!(answers[0].get("standalone_question"), None);
    let standalone = answers[1]["standalone_question"].as_str().unwrap();
    assert!(standalone.starts_with("Who may grant exceptions to it?") && standalone.contains("refund"), "{standalone}");

    let german = ["Wer richtet die Zugänge ein?", "Wann macht er das in der Regel?"];
    let answers = converse(&server, &german, &json!({})).await;
    assert!(answers[1]["answer"].as_str().unwrap().contains("10 Uhr"), "{}", answers[1]["answer"]);
}

#[tokio::test]
async fn a_follow_up_is_no_hit_for_the_same_words_elsewhere() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let about =
        |topic: &str| json!({ "query": "How long is it valid?", "history": [{ "role": "user", "content": topic }] });
    let token = server.post("/query", about("What is the join token for?")).await.1;
    let certificate = server.post("/query", about("What is a certificate of an agent?")).await.1;
    assert_ne!(token["answer"], certificate["answer"]);
    assert_eq!((&certificate["cache_hit"], &token["cache_hit"]), (&json!(false), &json!(false)));
    // What stands alone is shared, whatever was said before.
    let alone = "How often are certificates renewed?";
    server.ask(alone).await;
    let again = server.post("/query", json!({ "query": alone, "history": [{ "role": "user", "content": "Hello" }] }));
    assert_eq!(again.await.1["cache_hit"], true);
}

#[tokio::test]
async fn any_history_is_taken_or_refused_with_its_place() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let roles = ["assistant", "assistant", "system", "user"].into_iter().cycle();
    let history: Vec<Value> =
        roles.take(1_000).map(|role| json!({ "role": role, "content": "Đây là gì? 它？" })).collect();
    let (status, answer) = server.post("/query", json!({ "query": "And it?", "history": history })).await;
    assert_eq!(status, StatusCode::OK, "{answer:#}");
    for (history, place) in [
        (json!([{ "role": "tool", "content": "x" }]), "history[0].role"),
        (json!([{ "role": "user" }]), "history"),
        (json!("hello"), "history"),
        (json!(vec![json!({ "role": "user", "content": "x" }); 2_001]), "at most 2000 entries"),
    ] {
        let (status, body) = server.post("/query", json!({ "query": "And it?", "history": history })).await;
        assert!(status.is_client_error() && body.to_string().contains(place), "{status} {body}");
    }
}
