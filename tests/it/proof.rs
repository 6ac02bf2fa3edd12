//! A model that lies about a number is caught, and marked in the answer, the stream, the terminal and the metrics.

use ragctl::mock::{Fault, MockUpstream, Operation};
use serde_json::{Value, json};

use crate::support::{Server, Workplace, text};

const QUESTION: &str = "How long can a voyage be paused?";

/// A server whose model tells other numbers than the documents have.
async fn lying(workplace: &Workplace, more: &[&str]) -> (MockUpstream, Server) {
    let mock = MockUpstream::start().await.unwrap();
    mock.fault(Operation::Generate, Some(Fault::Lie));
    let url = mock.url();
    let args = ["--docs", "docs", "--provider", "ollama", "--ollama-url", &url, "--embedder", "embedded"];
    let server = workplace.serve_with(&[&args, more].concat(), &[]);
    (mock, server)
}

async fn stream(server: &Server, accept: &str) -> String {
    let request = server.client().post(format!("{}/api/stream_query", server.url)).header("accept", accept);
    let body = json!({ "query": QUESTION, "cache": false });
    request.json(&body).send().await.unwrap().text().await.unwrap()
}

/// The data of the events of a name.
fn events(stream: &str, name: &str) -> Vec<Value> {
    let event = |event: &str| {
        let (head, data) = event.split_once('\n')?;
        (head == format!("event: {name}")).then(|| serde_json::from_str(data.strip_prefix("data: ")?).ok())?
    };
    stream.split("\n\n").filter_map(event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lie_about_a_number_is_marked_everywhere() {
    let workplace = Workplace::new();
    let (mock, server) = lying(&workplace, &[]).await;

    let answer = server.ask(QUESTION).await;
    assert!(answer["answer"].as_str().unwrap().contains("82 hours"), "{answer:#}");
    let lie = &answer["proof"]["unsupported"][0];
    assert_eq!((&lie["reason"], &answer["proof"]["supported"]), (&json!("number"), &json!(0)), "{answer:#}");
    let said: String =
        answer["answer"].as_str().unwrap().chars().skip(lie["start"].as_u64().unwrap() as usize).collect();
    assert!(said.starts_with(lie["text"].as_str().unwrap()));
    let citation = &answer["citations"][0];
    assert_eq!((&citation["supported"], &citation["cited"]), (&json!(false), &json!(true)));
    assert!(citation["quote"].as_str().unwrap().contains("72 hours"), "what the document says: {citation:#}");
    assert_eq!((&answer["degraded"], &answer["degraded_reason"]), (&json!(true), &json!("unsupported")));
    assert_eq!(server.ask(QUESTION).await["cache_hit"], false, "such an answer is not kept");

    let told = stream(&server, "text/event-stream").await;
    let proofs = events(&told, "proof");
    assert_eq!(
        (proofs.len(), &proofs[0]["supported"], &proofs[0]["reason"]),
        (1, &json!(false), &json!("number")),
        "{told}"
    );
    assert!(events(&told, "done")[0]["proof"]["unsupported"][0]["text"].as_str().unwrap().contains("82 hours"));
    let plain = stream(&server, "text/plain").await;
    assert!(plain.trim_end().ends_with("[unsupported]"), "{plain}");

    for args in [&["query", "--url", &server.url, QUESTION][..], &["query", "--url", &server.url, "--json", QUESTION]] {
        let output = workplace.run(args);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let marked = out.contains("82 hours")
            && (out.contains("[unsupported: number]") || out.contains("\"reason\": \"number\""));
        assert!(output.status.success() && marked, "{out}\n{err}");
    }

    let metrics = server.text("/metrics").await;
    for line in [
        "ollama_rag_answer_sentences_total{supported=\"false\"} 6\n",
        "ollama_rag_answer_sentences_total{supported=\"true\"} 0\n",
        "ollama_rag_unsupported_answers_total{action=\"mark\"} 6\n",
        "ollama_rag_degraded_answers_total{reason=\"unsupported\"} 6\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }

    // An honest model is not marked, and its answer is kept.
    mock.fault(Operation::Generate, None);
    let answer = server.ask(QUESTION).await;
    assert_eq!((&answer["degraded"], &answer["proof"]["unsupported"]), (&json!(false), &json!([])), "{answer:#}");
    let again = server.ask(QUESTION).await;
    assert_eq!(
        (&again["cache_hit"], &again["citations"], &again["proof"]),
        (&json!(true), &answer["citations"], &answer["proof"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_place_of_a_lie_the_documents_are_quoted_or_nothing_is_said() {
    for (action, expected, provider) in [("quote", "72 hours", "embedded"), ("refuse", "withheld", "ollama")] {
        let workplace = Workplace::new();
        let (_mock, server) = lying(&workplace, &["--unsupported", action]).await;
        let answer = server.ask(QUESTION).await;
        let said = answer["answer"].as_str().unwrap();
        assert!(said.contains(expected) && !said.contains("82"), "{action}: {answer:#}");
        assert_eq!(
            (&answer["degraded_reason"], &answer["provider"]),
            (&json!("unsupported"), &json!(provider)),
            "{action}"
        );
        for accept in ["text/event-stream", "text/plain"] {
            let told = stream(&server, accept).await;
            assert!(told.contains(expected) && !told.contains("82 hours"), "{action}: {told}");
        }
        let metrics = server.text("/metrics").await;
        assert!(
            metrics.contains(&format!("ollama_rag_unsupported_answers_total{{action=\"{action}\"}} 3\n")),
            "{metrics}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_answer_is_verified_against_the_documents_as_they_are() {
    let workplace = Workplace::new();
    let server = workplace.serve_with(&["--docs", "docs"], &[]);
    let answer = workplace.run(&["query", "--url", &server.url, "--json", QUESTION]);
    workplace.write("answer.json", &answer.stdout);
    let verify = |more: &[&str]| {
        let output = workplace.run(&[&["verify", "answer.json"], more].concat());
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    for more in [&[][..], &["--url", server.url.as_str()][..]] {
        let (code, said) = verify(more);
        assert!(code == Some(0) && said.contains("holds") && said.contains("all as they were cited"), "{said}");
    }
    let cited: Value = serde_json::from_slice(&answer.stdout).unwrap();
    let source = cited["citations"][0]["source"].as_str().unwrap();
    let before = std::fs::read_to_string(workplace.path(source)).unwrap();
    let ingest = |text: String| {
        workplace.write(source, text);
        assert!(workplace.run(&["ingest", "docs"]).status.success());
    };

    ingest(format!("A new beginning.\n\n{before}"));
    let (code, said) = verify(&[]);
    assert!(code == Some(0) && said.contains("moved") && said.contains("has changed since"), "{said}");

    ingest(before.replace("72", "48"));
    let (code, said) = verify(&["--json"]);
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (code, &json["verified"], &json["quotes"][0]["status"]),
        (Some(1), &json!(false), &json!("changed")),
        "{said}"
    );

    workplace.write("no.json", "{}");
    let output = workplace.run(&["verify", "no.json"]);
    assert!(output.status.code() == Some(1) && text(&output.stderr).contains("is not the JSON of an answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_hit_is_dropped_with_one_call_and_kept_for_tuning() {
    let workplace = Workplace::new();
    let server = workplace.serve_with(&["--docs", "docs", "--cache-guards", "false", "--cache-threshold", "0.5"], &[]);
    server.ask(QUESTION).await;
    let near = "How long can voyages be paused?";
    let hit = server.ask(near).await;
    assert_eq!(
        (&hit["cache_hit"], &hit["cache_metadata"]["cache_type"]),
        (&json!(true), &json!("semantic")),
        "{hit:#}"
    );

    let wrong = json!({ "request_id": hit["request_id"], "wrong": true });
    let (status, said) = server.post("/api/feedback", wrong.clone()).await;
    assert_eq!((status.as_u16(), &said["dropped"], &said["kept"]), (200, &json!(true), &json!(true)), "{said:#}");
    assert_eq!(said["original_query"], QUESTION);
    assert_eq!(server.post("/api/feedback", wrong).await.0.as_u16(), 404, "each is judged once");
    for (body, status) in [
        (json!({ "wrong": true }), 400),
        (json!({ "request_id": "x" }), 400),
        (json!({ "request_id": "x", "wrong": true }), 404),
    ] {
        assert_eq!(server.post("/api/feedback", body.clone()).await.0.as_u16(), status, "{body}");
    }

    assert_eq!(server.ask(near).await["cache_hit"], false, "the entry is gone");
    assert!(server.text("/metrics").await.contains("ollama_rag_semcache_wrong_hits_total 1\n"));
    let pairs = std::fs::read_to_string(workplace.path("data/kb/wrong-hits.csv")).unwrap();
    assert_eq!(pairs, format!("q1,q2,label\n{QUESTION},{near},0\n"));
}
