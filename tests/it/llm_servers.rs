//! LLM servers as they are: what they refuse, leave out, write wrongly, and what a model does that is no answer.

use std::{
    io::Write,
    net::TcpStream,
    sync::{Arc, Mutex},
    time::Duration,
};

use ragctl::mock::{Fault, MockUpstream, Operation};
use serde_json::{Value, json};

use crate::{
    stub::{Stub, respond},
    support::{Server, Workplace},
};

const QUESTION: &str = "How long can a voyage be paused?";
const SAID: &str = "A voyage can be paused for 72 hours [1].";

/// What a server was asked for.
type Asked = Arc<Mutex<Vec<(String, Value)>>>;

/// A server whose answers a test makes itself; what is not answered is not found.
fn stub(answer: impl Fn(&str, &Value, &mut TcpStream) -> Option<bool> + Send + Sync + 'static) -> (Stub, Asked) {
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    let stub = Stub::start_plain(move |path, body, stream| {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        seen.lock().unwrap().push((path.to_owned(), body.clone()));
        answer(path, &body, stream).unwrap_or_else(|| respond(stream, 404, r#"{"error":"not found"}"#))
    });
    (stub, asked)
}

/// A response that ends with its connection.
fn whole(stream: &mut TcpStream, kind: &str, body: &str) -> Option<bool> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
    Some(stream.write_all((head + body).as_bytes()).is_ok())
}

fn events(stream: &mut TcpStream, objects: &[Value]) -> Option<bool> {
    let body: String = objects.iter().map(|object| format!("data: {object}\n\n")).collect();
    whole(stream, "text/event-stream", &(body + "data: [DONE]\n\n"))
}

fn delta(delta: Value) -> Value {
    json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": null }], "usage": null })
}

fn finish() -> Value {
    json!({ "choices": [{ "delta": null, "finish_reason": "stop" }], "usage": { "completion_tokens": 9.0 } })
}

/// A server that answers with the stub and embeds by itself.
fn serve(workplace: &Workplace, base: &str, more: &[&str]) -> Server {
    let args = [
        "--docs",
        "docs",
        "--provider",
        "openai",
        "--openai-base-url",
        base,
        "--embedder",
        "embedded",
        "--retry-backoff",
        "0.01",
    ];
    workplace.serve_with(&[&args, more].concat(), &[])
}

/// The answer to a question that a stub gives in OpenAI's dialect.
async fn answer_of(chat: impl Fn(&Value, &mut TcpStream) -> Option<bool> + Send + Sync + 'static) -> Value {
    let (stub, _) =
        stub(move |path, body, stream| (path == "/v1/chat/completions").then(|| chat(body, stream)).flatten());
    let workplace = Workplace::new();
    let server = serve(&workplace, &format!("{}/v1", stub.url()), &[]);
    server.ask(QUESTION).await
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_read_in_whatever_form_they_come() {
    let forms: [fn(&mut TcpStream) -> Option<bool>; 6] = [
        // Null, absent and float fields.
        |stream| {
            events(
                stream,
                &[delta(json!({ "role": "assistant", "content": null })), delta(json!({ "content": SAID })), finish()],
            )
        },
        // Content in parts, with reasoning among them.
        |stream| {
            let parts =
                json!([{ "type": "thinking", "thinking": [{ "text": "hm" }] }, { "type": "text", "text": SAID }]);
            events(stream, &[delta(json!({ "content": parts })), finish()])
        },
        // A whole answer where a stream was asked for, laid out in lines.
        |stream| {
            let message = json!({ "choices": [{ "message": { "content": SAID }, "finish_reason": "stop" }] });
            whole(stream, "application/json", &serde_json::to_string_pretty(&message).unwrap())
        },
        // A stream that claims to be something else.
        |stream| {
            whole(stream, "text/plain", &format!("data: {}\n\ndata: [DONE]\n\n", delta(json!({ "content": SAID }))))
        },
        // A completion's text.
        |stream| events(stream, &[json!({ "choices": [{ "text": SAID, "finish_reason": "stop" }] })]),
        // No [DONE].
        |stream| {
            whole(
                stream,
                "text/event-stream",
                &format!("data: {}\n\ndata: {}\n\n", delta(json!({ "content": SAID })), finish()),
            )
        },
    ];
    for (n, form) in forms.into_iter().enumerate() {
        let answer = answer_of(move |_, stream| form(stream)).await;
        assert_eq!((&answer["answer"], &answer["degraded"]), (&json!(SAID), &json!(false)), "form {n}: {answer:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_refuses_is_left_out_from_then_on() {
    let chat = |body: &Value, stream: &mut TcpStream| {
        if body.get("stream_options").is_some() {
            return Some(respond(
                stream,
                422,
                r#"{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs"}]}"#,
            ));
        }
        if body.get("max_tokens").is_some() {
            let error = "'max_tokens' is not supported. Use 'max_completion_tokens' instead.";
            return Some(respond(stream, 400, &json!({ "error": { "message": error } }).to_string()));
        }
        events(stream, &[delta(json!({ "content": SAID })), finish()])
    };
    let (stub, asked) =
        stub(move |path, body, stream| (path == "/v1/chat/completions").then(|| chat(body, stream)).flatten());
    let workplace = Workplace::new();
    let server = serve(&workplace, &format!("{}/v1", stub.url()), &["--cache", "false"]);
    for n in 0..2 {
        let answer = server.ask(QUESTION).await;
        assert_eq!((&answer["answer"], &answer["degraded"]), (&json!(SAID), &json!(false)), "{answer:#}");
        let chats = asked.lock().unwrap().iter().filter(|(path, _)| path.ends_with("completions")).count();
        assert_eq!(chats, 3 + n, "each refusal costs one call, once");
    }
    let asked = asked.lock().unwrap();
    let last = &asked.last().unwrap().1;
    assert_eq!((&last["max_completion_tokens"], last.get("stream_options")), (&json!(1_024), None), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_text_is_asked_for_again_and_never_given_or_kept() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock.openai_url(), &[]);
    mock.fault(Operation::Generate, Some(Fault::Empty));
    let answer = server.ask(QUESTION).await;
    assert_eq!((&answer["degraded"], &answer["degraded_reason"]), (&json!(true), &json!("llm_unavailable")));
    assert!(answer["answer"].as_str().is_some_and(|text| text.contains("72 hours")), "quoted instead: {answer:#}");
    let tries = mock.requests().iter().filter(|(path, _)| path.ends_with("completions")).count();
    assert!(tries > 1, "{tries}");
    mock.fault(Operation::Generate, None);
    let answer = server.ask(QUESTION).await;
    assert_eq!((&answer["degraded"], &answer["cache_hit"]), (&json!(false), &json!(false)), "{answer:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reasoning_is_no_part_of_an_answer_and_told_to_those_who_ask() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock.openai_url(), &["--cache", "false"]);
    mock.fault(Operation::Generate, Some(Fault::Think));
    let (_, plain) = server.post("/api/query", json!({ "query": QUESTION })).await;
    assert_eq!((plain.get("reasoning"), &plain["degraded"]), (None, &json!(false)), "{plain:#}");
    let (_, told) = server.post("/api/query", json!({ "query": QUESTION, "reasoning": true })).await;
    assert!(told["reasoning"].as_str().is_some_and(|text| text.contains("I look there")), "{told:#}");
    assert_eq!(told["answer"], plain["answer"]);
    assert!(plain["answer"].as_str().is_some_and(|text| !text.contains("think") && !text.contains("I look there")));

    let streamed = async |reasoning: bool| {
        let asked = server
            .client()
            .post(format!("{}/api/stream_query", server.url))
            .header("Accept", "text/event-stream")
            .json(&json!({ "query": QUESTION, "reasoning": reasoning }));
        asked.send().await.unwrap().text().await.unwrap()
    };
    let (silent, telling) = (streamed(false).await, streamed(true).await);
    assert!(!silent.contains("look there") && !silent.contains("event: reasoning"), "{silent}");
    assert!(telling.contains("event: reasoning") && telling.contains("event: token"), "{telling}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_runs_away_is_stopped_and_marked_and_its_answer_not_kept() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve(&workplace, &mock.openai_url(), &[]);
    mock.fault(Operation::Generate, Some(Fault::Repeat));
    for _ in 0..2 {
        let answer = server.ask(QUESTION).await;
        let length = answer["answer"].as_str().map_or(0, str::len);
        assert!((1..4_000).contains(&length), "{length}");
        assert_eq!(
            (&answer["degraded_reason"], &answer["cache_hit"]),
            (&json!("model_ran_away"), &json!(false)),
            "{answer:#}"
        );
    }
    let metrics = server.text("/metrics").await;
    assert!(metrics.contains(r#"ollama_rag_degraded_answers_total{reason="model_ran_away"} 2"#), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reasoning_keeps_the_clock_of_the_first_token_from_running_out_and_silence_does_not() {
    let slow = |reasoning: bool| {
        move |_: &Value, stream: &mut TcpStream| {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
                .ok()?;
            let objects = (0..8).map(|n| match reasoning {
                true => delta(json!({ "reasoning_content": format!("step {n} ") })),
                false => delta(json!({ "content": "" })),
            });
            for object in objects.chain([delta(json!({ "content": SAID })), finish()]) {
                stream.write_all(format!("data: {object}\n\n").as_bytes()).ok()?;
                // The server's model takes its time; nothing here waits for luck.
                std::thread::sleep(Duration::from_millis(150));
            }
            Some(false)
        }
    };
    for (reasoning, degraded) in [(true, false), (false, true)] {
        let chat = slow(reasoning);
        let (stub, _) =
            stub(move |path, body, stream| (path == "/v1/chat/completions").then(|| chat(body, stream)).flatten());
        let workplace = Workplace::new();
        let limits = ["--first-token-timeout", "0.6", "--max-retries", "0"];
        let server = serve(&workplace, &format!("{}/v1", stub.url()), &limits);
        let answer = server.ask(QUESTION).await;
        assert_eq!(answer["degraded"], degraded, "reasoning {reasoning}: {answer:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_url_without_version_is_found_and_a_wrong_one_is_explained() {
    let (stub, _) = stub(|path, _, stream| match path {
        "/v1/models" => Some(respond(stream, 200, r#"{"data":[{"id":"m"}]}"#)),
        "/v1/chat/completions" => events(stream, &[delta(json!({ "content": SAID })), finish()]),
        // As LM Studio has it.
        _ => Some(respond(stream, 200, r#"{"error":"Unexpected endpoint or method."}"#)),
    });
    let address = stub.url();
    let workplace = Workplace::new();
    for base in [address.clone(), format!("{address}/"), address.replace("http://", ""), format!("{address}/v1/")] {
        let server = serve(&workplace, &base, &["--cache", "false"]);
        let answer = server.ask(QUESTION).await;
        assert_eq!((&answer["answer"], &answer["degraded"]), (&json!(SAID), &json!(false)), "{base}: {answer:#}");
        drop(server);
    }
    let server = serve(&workplace, &format!("{address}/v2"), &["--no-fallback", "--max-retries", "0"]);
    let (_, error) = server.post("/api/query", json!({ "query": QUESTION })).await;
    let message = error["detail"].as_str().unwrap_or_default();
    assert!(message.contains("Unexpected endpoint"), "what the server said is passed on: {error:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_only_chats_needs_no_further_setting() {
    let (stub, asked) = stub(|path, _, stream| match path {
        "/v1/chat/completions" => events(stream, &[delta(json!({ "content": SAID })), finish()]),
        "/v1/embeddings" => Some(respond(stream, 404, r#"{"error":{"message":"Unknown request URL"}}"#)),
        _ => None,
    });
    let workplace = Workplace::new();
    let base = format!("{}/v1", stub.url());
    let server = workplace.serve_with(&["--docs", "docs", "--provider", "openai", "--openai-base-url", &base], &[]);
    let answer = server.ask(QUESTION).await;
    assert_eq!((&answer["answer"], &answer["degraded"]), (&json!(SAID), &json!(false)), "{answer:#}");
    let log = server.start_lines.join("\n");
    assert!(log.contains("embedding with static:") && log.contains("openai cannot"), "{log}");
    let embeddings = asked.lock().unwrap().iter().filter(|(path, _)| path.ends_with("embeddings")).count();
    assert_eq!(embeddings, 1, "asked once, at the start");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_embeds_is_a_choice_of_its_own() {
    let mock = MockUpstream::start().await.unwrap();
    let (stub, asked) = stub(|path, _, stream| {
        (path == "/v1/chat/completions")
            .then(|| events(stream, &[delta(json!({ "content": SAID })), finish()]))
            .flatten()
    });
    let workplace = Workplace::new();
    let base = format!("{}/v1", stub.url());
    let args = ["--docs", "docs", "--provider", "openai", "--openai-base-url", &base, "--embedder", "openai"];
    let env = [("EMBED_BASE_URL", mock.openai_url()), ("EMBED_MODEL", "small".into()), ("EMBED_API_KEY", "k".into())];
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = workplace.serve_with(&args, &env);
    assert_eq!(server.ask(QUESTION).await["degraded"], false);
    assert!(asked.lock().unwrap().iter().all(|(path, _)| !path.contains("embed")));
    let embedded = mock.requests();
    assert!(
        embedded.iter().any(|(path, body)| path.ends_with("embeddings") && body["model"] == "small"),
        "{embedded:?}"
    );
    let log = server.start_lines.join("\n");
    assert!(log.contains("embedding with openai:small"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_cannot_be_embedded_costs_nothing_but_its_own_vector() {
    let (stub, _) = stub(|path, body, stream| match path {
        "/v1/embeddings" => {
            let texts: Vec<&str> = body["input"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            if texts.iter().any(|text| text.contains("zyzzyva")) {
                return Some(respond(stream, 500, r#"{"error":"json: unsupported value: NaN"}"#));
            }
            let data: Vec<Value> = texts.iter().map(|text| json!({ "embedding": [text.len(), 1.0, 2.0] })).collect();
            whole(stream, "application/json", &json!({ "data": data }).to_string())
        }
        "/v1/chat/completions" => events(stream, &[delta(json!({ "content": SAID })), finish()]),
        _ => None,
    });
    let workplace = Workplace::new();
    for n in 0..8 {
        workplace.write(&format!("docs/bad{n}.txt"), format!("The zyzzyva number {n} sleeps in harbour {n}."));
    }
    let base = format!("{}/v1", stub.url());
    let args = ["--provider", "openai", "--openai-base-url", &base, "--retry-backoff", "0.01"];
    let server = workplace.serve_with(&args, &[]);
    let (status, report) = server.post("/api/ingest", json!({ "paths": ["docs"] })).await;
    assert_eq!((status.as_u16(), &report["documents"]["failed"]), (200, &json!(0)), "{report:#}");
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("found by their words alone") && warnings.contains("NaN"), "{report:#}");
    let (_, found) = server.post("/api/query", json!({ "query": "zyzzyva number 5", "method": "bm25" })).await;
    assert!(found["contexts"].to_string().contains("zyzzyva"), "{found:#}");
    let (_, breakers) = server.get("/metrics/circuit-breaker").await;
    assert_eq!(breakers["circuit_breakers"]["openai_client_embed"]["state"], "closed", "{breakers:#}");
    let (_, unknown) = server.post("/api/query", json!({ "query": "what is a zyzzyva?" })).await;
    assert_eq!(unknown["degraded_reason"], "embedding_unavailable", "words alone answer: {unknown:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_generation_reach_the_server_in_its_words() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let (url, model) = (mock.url(), concat!(env!("CARGO_MANIFEST_DIR"), "/src/providers/embedded/model"));
    let args = ["--docs", "docs", "--provider", "ollama", "--ollama-url", &url, "--embed-model", model];
    let more = ["--temperature", "0.2", "--stop", "END", "--extra", r#"{"format":"json"}"#];
    let env = [("OLLAMA_NUM_CTX", "2048"), ("OLLAMA_NUM_THREAD", "3"), ("OLLAMA_NUM_GPU", "0")];
    let server = workplace.serve_with(&[&args[..], &more].concat(), &env);
    let (_, answer) = server.post("/api/query", json!({ "query": QUESTION, "k": 50 })).await;
    assert_eq!(answer["degraded"], false, "{answer:#}");
    let requests = mock.requests();
    let (_, chat) = requests.iter().find(|(path, _)| path == "/api/chat").unwrap();
    let wanted = json!({
        "num_predict": 1_024, "temperature": 0.2, "stop": ["END"], "num_ctx": 2_048, "num_thread": 3, "num_gpu": 0
    });
    assert_eq!((&chat["options"], &chat["format"]), (&wanted, &json!("json")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_fits_the_window_and_what_was_left_out_is_told() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let text: String =
        (0..120).map(|n| format!("Rule {n}. {}\n\n", "Every ship pays its dues in the harbour. ".repeat(12))).collect();
    workplace.write("docs/long.txt", &text);
    let (url, model) = (mock.url(), concat!(env!("CARGO_MANIFEST_DIR"), "/src/providers/embedded/model"));
    let args = ["--docs", "docs", "--provider", "ollama", "--ollama-url", &url, "--embed-model", model];
    let asked = json!({ "query": "Which dues does a ship pay?", "k": 50, "method": "bm25", "cache": false });
    let last_chat = || mock.requests().into_iter().rev().find(|(path, _)| path == "/api/chat").unwrap().1;
    let length = |chat: &Value| chat["messages"].to_string().len();

    let server = workplace.serve_with(&args, &[]);
    let (_, all) = server.post("/api/query", asked.clone()).await;
    let chat = last_chat();
    let window = chat["options"]["num_ctx"].as_u64().unwrap_or_default() as usize;
    assert!(window > length(&chat) / 4 && all.get("contexts_left_out").is_none(), "{window}: {}", length(&chat));
    drop(server);

    let server = workplace.serve_with(&[&args[..], &["--num-ctx", "2048"]].concat(), &[]);
    let (_, some) = server.post("/api/query", asked.clone()).await;
    let chat = last_chat();
    assert!(length(&chat) < 4 * 2_048 && chat["messages"].to_string().contains("Use only the numbered contexts"));
    let (shown, left_out) = (some["contexts"].as_array().unwrap().len(), some["contexts_left_out"].as_u64().unwrap());
    assert!(left_out > 0 && (left_out as usize) < shown, "{left_out} of {shown}");
}
