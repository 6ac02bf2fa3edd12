//! Conversations: what a follow-up leaves out is looked up in what was said before.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    stub::Stub,
    support::{Server, Workplace, nowhere},
};
use ragctl::mock::{Fault, MockUpstream, Operation};

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

/// Documents and their vectors here, answers from a server that speaks Ollama's dialect.
fn with_llm(url: &str, more: &[&str]) -> (Workplace, Server) {
    let workplace = Workplace::new();
    let args = ["--docs", "docs", "--provider", "ollama", "--embedder", "embedded", "--ollama-url", url];
    let server = workplace.serve_with(&[&args[..], more].concat(), &[]);
    (workplace, server)
}

#[tokio::test]
async fn three_follow_ups_find_their_document_with_an_llm() {
    let mock = MockUpstream::start().await.unwrap();
    let (_workplace, server) = with_llm(&mock.url(), &[]);
    let answers = converse(&server, &CONVERSATION, &json!({ "explain": true })).await;
    for answer in &answers {
        assert_eq!(answer["metadatas"][0]["source"], "docs/refund-policy.pdf", "{answer:#}");
        assert_eq!((&answer["provider"], &answer["degraded"]), (&json!("ollama"), &json!(false)));
    }
    for answer in &answers[1..] {
        assert_eq!(answer["standalone_by"], "llm", "{answer:#}");
        assert!(answer["standalone_question"].as_str().unwrap().contains("refund"), "{answer:#}");
        let first = &answer["explanation"][0];
        assert!(first["stage"] == "condense" && first["changed"].as_str().unwrap().contains("the LLM made"), "{first}");
    }
    assert_eq!(answers[0].get("standalone_by"), None);
    // Four answers, three questions written anew, each of these short and without chance.
    let requests = mock.requests();
    let asked: Vec<&Value> = requests.iter().filter(|(path, _)| path == "/api/chat").map(|(_, body)| body).collect();
    let (short, long): (Vec<_>, Vec<_>) = asked.into_iter().partition(|body| body.to_string().contains("<follow_up>"));
    assert_eq!((short.len(), long.len()), (3, 4));
    assert!(short.iter().all(|body| body["options"]["temperature"] == 0.0 && body["options"]["num_predict"] == 120));
    // What the LLM wrote stands alone: the answer to it is kept, and the conversation is not told again.
    assert!(long.iter().all(|body| body["messages"].as_array().unwrap().len() == 2), "{long:#?}");
    let again = converse(&server, &CONVERSATION, &json!({})).await;
    assert_eq!(again[1]["cache_hit"], true, "{:#}", again[1]);
}

#[tokio::test]
async fn without_its_llm_a_conversation_goes_on_by_rules_and_says_so() {
    let (_workplace, server) = with_llm(nowhere(), &[]);
    let answers = converse(&server, &CONVERSATION, &json!({})).await;
    for answer in &answers[1..] {
        assert_eq!(answer["metadatas"][0]["source"], "docs/refund-policy.pdf", "{answer:#}");
        let told = (&answer["standalone_by"], &answer["standalone_reason"]);
        assert_eq!(told, (&json!("rules"), &json!("llm_unavailable")));
    }
    let mock = MockUpstream::start().await.unwrap();
    let (_workplace, server) = with_llm(&mock.url(), &["--request-timeout", "4"]);
    mock.fault(Operation::Generate, Some(Fault::Hang));
    let follow_up = json!({ "query": CONVERSATION[1], "history": [{ "role": "user", "content": CONVERSATION[0] }] });
    let (status, answer) = server.post("/query", follow_up).await;
    assert_eq!(status, StatusCode::OK, "{answer:#}");
    assert_eq!((&answer["standalone_by"], &answer["standalone_reason"]), (&json!("rules"), &json!("llm_slow")));
    assert_eq!(answer["metadatas"][0]["source"], "docs/refund-policy.pdf", "{answer:#}");
}

#[tokio::test]
async fn an_llm_that_answers_instead_is_not_believed() {
    let stub = Stub::start(|_, path, _, stream| {
        let done = json!({ "message": { "role": "assistant", "content": "Ask Paul. He knows." }, "done": true });
        match path {
            "/api/chat" => crate::stub::respond(stream, 200, &done.to_string()),
            _ => crate::stub::respond(stream, 200, &json!({ "models": [{ "name": "llama3.1:8b" }] }).to_string()),
        }
    });
    let (_workplace, server) = with_llm(&stub.url(), &[]);
    let follow_up = json!({ "query": CONVERSATION[1], "history": [{ "role": "user", "content": CONVERSATION[0] }] });
    let (status, answer) = server.post("/query", follow_up.clone()).await;
    assert_eq!(status, StatusCode::OK, "{answer:#}");
    assert_eq!((&answer["standalone_by"], &answer["standalone_reason"]), (&json!("rules"), &json!("no_question")));
    assert!(answer["standalone_question"].as_str().unwrap().contains("refund"), "{answer:#}");
    let found = server.post("/api/search", follow_up).await.1;
    assert_eq!(found["standalone_by"], "rules", "{found:#}");
}

#[tokio::test]
async fn prompts_of_a_folder_are_what_the_llm_is_told() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    workplace.write("prompts/answer.en.txt", "Talk like a captain.\n---\n{question}\n\nPapers:\n{contexts}\n");
    let args = ["--provider", "ollama", "--embedder", "embedded", "--ollama-url", &mock.url()];
    let own = [&["--docs", "docs", "--prompts", "prompts"][..], &args[..]].concat();
    let server = workplace.serve_with(&own, &[]);
    let answer = server.ask("How long can a refund be asked for?").await;
    assert!(answer["answer"].as_str().unwrap().contains("[1]"), "{answer:#}");
    server.ask("Wer richtet die Zugänge für neue Mitarbeiter ein?").await;
    let asked = |word: &str| mock.requests().iter().any(|(_, body)| body.to_string().contains(word));
    assert!(asked("Talk like a captain.") && asked("Papers:") && asked("Auszüge:"));
    drop(server);
    workplace.write("prompts/answer.en.txt", "Talk.\n---\n{contexts}");
    let refused = workplace.run(&[&["query", "Who?", "--prompts", "prompts"][..], &args[..]].concat());
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("answer.en.txt lacks {question}"), "{said}");
}
