//! The semantic cache as those who ask and those who operate meet it.

use std::time::Duration;

use futures::future::join_all;
use ragctl::mock::{Delay, Fault, MockSettings, MockUpstream, Operation};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Server, Workplace, eventually, text};

const QUESTION: &str = "How long can a voyage be paused?";
const PARAPHRASE: &str = "For how long can you pause a voyage?";
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/providers/embedded/model");

/// A server that answers by itself, with a threshold that lets paraphrases hit.
fn serve(workplace: &Workplace, more: &[&str]) -> Server {
    workplace.serve(&[&["--docs", "docs", "--cache-threshold", "0.85"], more].concat())
}

/// A server in front of a mock that answers; it embeds by itself.
fn serve_mocked(workplace: &Workplace, mock: &MockUpstream, more: &[&str]) -> Server {
    let url = mock.url();
    let args = ["--docs", "docs", "--provider", "ollama", "--ollama-url", &url, "--embed-model", MODEL];
    workplace.serve_with(&[&args, more].concat(), &[])
}

async fn figures(server: &Server) -> Value {
    server.get("/metrics/semantic-cache").await.1["semantic_cache"].clone()
}

/// What is about the cache in an answer.
fn cached(answer: &Value) -> (bool, &Value, &Value) {
    let about = &answer["cache_metadata"];
    (answer["cache_hit"].as_bool().unwrap(), &about["cache_type"], &about["reason"])
}

#[tokio::test]
async fn asked_again_paraphrased_negated_and_after_an_edit() {
    let workplace = Workplace::new();
    let server = serve(&workplace, &[]);
    let first = server.ask(QUESTION).await;
    assert_eq!((cached(&first), first["cache_metadata"].is_null()), ((false, &Value::Null, &Value::Null), true));

    let again = server.ask("how long can a voyage be  paused").await;
    assert_eq!(cached(&again), (true, &json!("exact"), &Value::Null));
    for field in ["answer", "contexts", "metadatas", "provider", "bm25_weight", "degraded"] {
        assert_eq!(again[field], first[field], "{field}");
    }
    let about = &again["cache_metadata"];
    assert_eq!((&about["similarity"], &about["original_query"]), (&json!(1.0), &json!(QUESTION)));
    assert_eq!(about["access_count"], 1);
    assert!(about["namespace"].as_str().unwrap().starts_with("default:") && about["age_seconds"].is_number());

    let paraphrased = server.ask(PARAPHRASE).await;
    assert_eq!(cached(&paraphrased), (true, &json!("semantic"), &Value::Null), "{paraphrased:#}");
    assert_eq!(paraphrased["answer"], first["answer"]);
    assert!(paraphrased["cache_metadata"]["similarity"].as_f64().unwrap() > 0.85);

    let negated = server.ask("How long can a voyage not be paused?").await;
    assert_eq!(cached(&negated), (false, &Value::Null, &json!("negation")), "{negated:#}");
    assert_eq!(negated["cache_metadata"]["original_query"], QUESTION);

    workplace.write(
        "docs/release-notes.txt",
        "Harbor 9\n\nVoyages can be paused with \"harbor voyage pause\" and continued within 99 hours.\n",
    );
    let (status, ingested) = server.post("/api/ingest", json!({ "paths": ["docs"] })).await;
    assert_eq!((status, &ingested["documents"]["updated"]), (StatusCode::OK, &json!(1)), "{ingested:#}");
    let edited = server.ask(QUESTION).await;
    assert_eq!(cached(&edited), (false, &Value::Null, &json!("invalidated")), "{edited:#}");
    assert!(edited["answer"].as_str().unwrap().contains("99 hours"), "{edited:#}");
    assert_eq!(cached(&server.ask(QUESTION).await), (true, &json!("exact"), &Value::Null));

    let figures = figures(&server).await;
    assert_eq!(
        (&figures["exact_hits"], &figures["semantic_hits"], &figures["misses"]),
        (&json!(2), &json!(1), &json!(3))
    );
    assert_eq!((&figures["rejected"]["negation"], &figures["invalidations"]), (&json!(1), &json!(1)));
    let metrics = server.text("/metrics").await;
    for line in [
        r#"ollama_rag_semcache_hits_total{type="exact"} 2"#,
        r#"ollama_rag_semcache_hits_total{type="semantic"} 1"#,
        "ollama_rag_semcache_misses_total 3",
        r#"ollama_rag_semcache_rejected_total{reason="negation"} 1"#,
        "ollama_rag_semcache_invalidations_total 1",
        r#"ollama_rag_query_seconds_count{cache="semantic",method="hybrid"} 1"#,
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is missing");
    }
}

#[tokio::test]
async fn what_the_documents_tell_apart_is_another_question() {
    let workplace = Workplace::new();
    workplace.write(
        "docs/parcels.md",
        "Lockers for parcels in size S cost 2 euros, in size M 5 euros. The sender pays for small lockers in the north hall, the \
         recipient pays for lockers in the south hall. Lockers are emptied before midnight; after midnight they are closed.",
    );
    let server = workplace.serve(&["--docs", "docs", "--cache-threshold", "0.75"]);
    for (stored, asked, reason) in [
        ("Who pays for the small lockers in the hall?", "Who pays for the closed lockers in the hall?", "substitution"),
        ("What does a locker in size S cost?", "What does a locker in size M cost?", "entities"),
        ("What happens to lockers before midnight?", "What happens to lockers after midnight?", "function_word"),
        ("Who pays for lockers in the north hall?", "Who pays for lockers in the south hall?", "antonyms"),
    ] {
        server.ask(stored).await;
        let answer = server.ask(asked).await;
        assert_eq!(cached(&answer), (false, &Value::Null, &json!(reason)), "{asked}: {answer:#}");
    }
    let same = server.ask("How much does a locker in size S cost?").await;
    assert_eq!(cached(&same), (true, &json!("semantic"), &Value::Null), "{same:#}");
    let figures = figures(&server).await;
    assert!(figures["rejected"]["substitution"].as_u64().unwrap() >= 1, "{figures:#}");
    assert_eq!((&figures["rejected"]["function_word"], &figures["rejected"]["entities"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn documents_that_do_not_concern_an_answer_leave_it_and_those_that_do_drop_it() {
    let workplace = Workplace::new();
    let server = serve(&workplace, &[]);
    server.ask(QUESTION).await;
    workplace.write("docs/cats.txt", "Cats sleep sixteen hours and dream of sardines.");
    server.post("/api/ingest", json!({ "paths": ["docs/cats.txt"] })).await;
    assert_eq!(cached(&server.ask(QUESTION).await), (true, &json!("exact"), &Value::Null), "same passages");
    workplace.write("docs/news.txt", "How long can a voyage be paused? A voyage can be paused for 5 hours only.");
    server.post("/api/ingest", json!({ "paths": ["docs/news.txt"] })).await;
    assert_eq!(
        cached(&server.ask(PARAPHRASE).await),
        (false, &Value::Null, &json!("invalidated")),
        "a better passage came"
    );
    server.ask(QUESTION).await;
    let removed = json!({ "sources": ["docs/news.txt"] });
    let (status, gone) = server.json(reqwest::Method::DELETE, "/api/docs", Some(&removed)).await;
    assert_eq!((status, &gone["deleted_sources"]), (StatusCode::OK, &json!(1)), "{gone:#}");
    assert_eq!(
        cached(&server.ask(QUESTION).await),
        (false, &Value::Null, &json!("invalidated")),
        "its passage is gone"
    );
}

#[tokio::test]
async fn everything_that_shapes_an_answer_keeps_questions_apart() {
    let workplace = Workplace::new();
    let server = serve(&workplace, &[]);
    server.ask(QUESTION).await;
    for more in [
        json!({ "k": 3 }),
        json!({ "method": "bm25" }),
        json!({ "method": "vector" }),
        json!({ "bm25_weight": 0.3 }),
        json!({ "rrf_enable": true }),
        json!({ "languages": ["en"] }),
        json!({ "cache": false }),
    ] {
        let mut request = json!({ "query": QUESTION });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (_, answer) = server.post("/query", request.clone()).await;
        assert!(!cached(&answer).0, "{more}");
        if more["cache"].is_null() {
            assert!(cached(&server.post("/query", request).await.1).0, "{more}");
        }
    }
    let figures = figures(&server).await;
    assert_eq!(figures["total_requests"], 13, "the bypassed question is not counted");
}

#[tokio::test]
async fn a_hit_is_streamed_in_the_same_form() {
    let workplace = Workplace::new();
    let server = serve(&workplace, &[]);
    let stream = async |accept: &str| {
        let request = server.client().post(format!("{}/api/stream_query", server.url)).header("accept", accept);
        request.json(&json!({ "query": QUESTION })).send().await.unwrap().text().await.unwrap()
    };
    let (first, again) = (stream("*/*").await, stream("*/*").await);
    assert!(first.starts_with("[[CTXJSON]]{") && first.contains("72 hours"));
    assert_eq!(first, again);
    let events = stream("text/event-stream").await;
    assert!(events.starts_with("event: contexts") && events.contains("event: token"), "{events}");
    let done = events.split("event: done\ndata: ").nth(1).unwrap().lines().next().unwrap();
    let done: Value = serde_json::from_str(done).unwrap();
    assert_eq!(cached(&done), (true, &json!("exact"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stampede_makes_one_call_upstream() {
    let slow = MockSettings { first_token: Delay::Fixed(Duration::from_millis(400)), ..MockSettings::default() };
    let mock = MockUpstream::on(tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap(), slow).unwrap();
    let workplace = Workplace::new();
    let server = serve_mocked(&workplace, &mock, &[]);
    let answers = join_all((0..30).map(|_| server.ask(QUESTION))).await;
    assert!(answers.iter().all(|answer| answer["answer"] == answers[0]["answer"] && answer["degraded"] == false));
    assert_eq!(mock.stats().generations, 1);
    assert_eq!(cached(&server.ask(QUESTION).await), (true, &json!("exact"), &Value::Null));
    let figures = figures(&server).await;
    assert_eq!((&figures["size"], &figures["total_requests"]), (&json!(1), &json!(31)));
}

#[tokio::test(flavor = "multi_thread")]
async fn degraded_and_partial_answers_are_not_kept() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let server = serve_mocked(&workplace, &mock, &["--max-retries", "0", "--breaker", "false"]);
    mock.fault(Operation::Generate, Some(Fault::Reset));
    let degraded = server.ask(QUESTION).await;
    assert_eq!((cached(&degraded).0, &degraded["degraded"]), (false, &json!(true)));
    mock.fault(Operation::Generate, Some(Fault::Truncate { after: 1 }));
    let partial = server.ask(QUESTION).await;
    assert_eq!((cached(&partial).0, &partial["degraded_reason"]), (false, &json!("llm_unavailable")));
    assert_eq!(figures(&server).await["size"], 0);
    mock.fault(Operation::Generate, None);
    let good = server.ask(QUESTION).await;
    assert_eq!((cached(&good).0, &good["degraded"]), (false, &json!(false)));
    // The cache stands outside: it answers while the upstream is dead.
    mock.fault(Operation::Generate, Some(Fault::Reset));
    let known = server.ask(QUESTION).await;
    assert_eq!((cached(&known).0, &known["degraded"], &known["answer"]), (true, &json!(false), &good["answer"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_embedder_is_a_miss_within_the_caches_own_time() {
    let mock = MockUpstream::start().await.unwrap();
    let workplace = Workplace::new();
    let url = mock.url();
    let server = workplace.serve_with(&["--docs", "docs", "--provider", "ollama", "--ollama-url", &url], &[]);
    mock.fault(Operation::Embed, Some(Fault::Hang));
    let (status, answer) = server.post("/query", json!({ "query": QUESTION, "method": "bm25" })).await;
    assert_eq!((status, cached(&answer).0), (StatusCode::OK, false), "{answer:#}");
    let (_, answer) = server.post("/query", json!({ "query": QUESTION, "method": "bm25" })).await;
    assert_eq!(cached(&answer), (true, &json!("exact"), &Value::Null), "the same words need no vector");
}

#[tokio::test]
async fn the_cache_is_configured_cleared_and_switched_off() {
    let workplace = Workplace::new();
    let server = serve(&workplace, &[]);
    for question in [QUESTION, "How are refunds made?", "Which port does the quay listen on?"] {
        server.ask(question).await;
    }
    let (_, config) = server.get("/api/cache/config").await;
    assert_eq!(config["current"], json!({ "similarity_threshold": 0.85, "ttl": 3600.0, "max_size": 1000, "size": 3 }));
    for (body, field) in [
        (json!({ "similarity_threshold": 1.5 }), "similarity_threshold"),
        (json!({ "similarity_threshold": 0 }), "similarity_threshold"),
        (json!({ "ttl": 0 }), "ttl"),
        (json!({ "ttl": -1 }), "ttl"),
        (json!({ "max_size": 0, "ttl": 5 }), "max_size"),
    ] {
        let (status, error) = server.post("/api/cache/config", body).await;
        assert_eq!((status, &error["error"]), (StatusCode::BAD_REQUEST, &json!("InvalidRequest")));
        assert!(error["message"].as_str().unwrap().contains(&format!("\"{field}\"")), "{error:#}");
    }
    let (status, changed) = server.post("/api/cache/config", json!({ "max_size": 1, "ttl": 60 })).await;
    assert_eq!((status, &changed["changed"]), (StatusCode::OK, &json!({ "max_size": 1, "ttl": 60.0 })));
    assert_eq!(changed["current"]["size"], 1, "the least recently used are gone");
    let shrunk = figures(&server).await;
    assert_eq!((&shrunk["evictions"], &shrunk["fill_ratio"], &shrunk["max_size"]), (&json!(2), &json!(1.0), &json!(1)));

    let (_, cleared) = server.post("/api/cache/clear", json!({ "db": "other" })).await;
    assert_eq!(cleared, json!({ "status": "ok", "removed": 0, "size": 1 }));
    let (_, cleared) = server.post("/api/cache/clear", json!({})).await;
    assert_eq!(cleared, json!({ "status": "ok", "removed": 1, "size": 0 }));
    let (status, _) = server.post("/api/cache/clear", json!({ "all": true, "db": "default" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);

    let (_, off) = server.post("/api/cache/config", json!({ "enabled": false })).await;
    assert_eq!(off["enabled"], false);
    let (_, metrics) = server.get("/api/semantic-cache/metrics").await;
    assert_eq!((&metrics["enabled"], &metrics["semantic_cache"]), (&json!(false), &json!({ "enabled": false })));
    assert!(metrics["message"].as_str().unwrap().contains("/api/cache/config"));
    assert_eq!(server.get("/api/cache-stats").await.1["semantic_cache"], Value::Null);
    server.ask(QUESTION).await;
    assert!(!cached(&server.ask(QUESTION).await).0);
    server.post("/api/cache/config", json!({ "enabled": true })).await;
    let (_, stats) = server.get("/api/cache-stats").await;
    assert_eq!(
        (&stats["semantic_cache"]["enabled"], &stats["database"]["current_db"]),
        (&json!(true), &json!("default"))
    );
}

#[tokio::test]
async fn environment_names_of_the_predecessor_are_understood() {
    let workplace = Workplace::new();
    let environment = [("USE_SEMANTIC_CACHE", "false"), ("SEMANTIC_CACHE_TTL", "60"), ("SEMANTIC_CACHE_MAX_SIZE", "7")];
    let server = workplace.serve_with(&["--docs", "docs", "--provider", "embedded"], &environment);
    let (_, config) = server.get("/api/cache/config").await;
    assert_eq!(config["enabled"], false);
    assert_eq!((&config["current"]["ttl"], &config["current"]["max_size"]), (&json!(60.0), &json!(7)));
}

#[tokio::test]
async fn answers_survive_a_kill_and_only_with_their_key() {
    let workplace = Workplace::new();
    let (key, other) = ("ab".repeat(32), "cd".repeat(32));
    let args = ["--docs", "docs", "--provider", "embedded", "--cache-persist"];
    let server = workplace.serve_with(&args, &[("SEMANTIC_CACHE_KEY", &key)]);
    server.ask(QUESTION).await;
    let journal = workplace.path("data/kb/semantic-cache.journal");
    let length = || std::fs::metadata(&journal).map_or(0, |file| file.len());
    eventually("the answer is written", || async { length() > 500 }).await;
    // Dropping a server kills it.
    drop(server);
    let sealed = std::fs::read(&journal).unwrap();
    assert!(!sealed.windows(6).any(|at| at == b"voyage"), "readable on disk");

    // A cache is never a reason not to start: with another key it is left alone.
    let server = workplace.serve_with(&args, &[("SEMANTIC_CACHE_KEY", &other)]);
    let line = server.start_lines.iter().find(|line| line.starts_with("cache: ")).unwrap();
    assert!(line.contains("encrypted with another key") && line.contains("lives in memory"), "{line}");
    assert!(!cached(&server.ask(QUESTION).await).0);
    drop(server);
    assert_eq!(std::fs::read(&journal).unwrap(), sealed, "it is as it was");
    let mut odd = crate::support::ragctl(workplace.folder.path());
    let refused = odd.args(["serve", "--port", "0"]).args(args).env("SEMANTIC_CACHE_KEY", "hunter2").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("64 hexadecimal digits") && !text(&refused.stderr).contains("hunter2"));

    let server = workplace.serve_with(&args, &[("SEMANTIC_CACHE_KEY", &key)]);
    assert!(server.start_lines.iter().any(|line| line.contains("cache: 1 answers")), "{:?}", server.start_lines);
    assert_eq!(cached(&server.ask(QUESTION).await), (true, &json!("exact"), &Value::Null));
    drop(server);

    let mut torn = std::fs::read(&journal).unwrap();
    torn.truncate(torn.len() - 5);
    std::fs::write(&journal, torn).unwrap();
    let server = workplace.serve_with(&args, &[("SEMANTIC_CACHE_KEY", &key)]);
    let line = server.start_lines.iter().find(|line| line.starts_with("cache: ")).unwrap();
    assert!(line.contains("1 damaged records were passed over"), "{line}");
}

#[tokio::test]
async fn the_commands_show_fill_and_clear() {
    let workplace = Workplace::new();
    let server = serve(&workplace, &[]);
    workplace.write("questions.csv", format!("text,intent\n{QUESTION},a\nHow are refunds made?,b\n"));
    let run = |args: &[&str]| {
        let done = workplace.run(&[&["cache"], args, &["--url", &server.url]].concat());
        (done.status.code(), text(&done.stdout) + &text(&done.stderr))
    };
    let (code, said) = run(&["warm", "questions.csv"]);
    assert_eq!(
        (code, said.as_str()),
        (Some(0), "2 questions: 2 answered and kept, 0 known already, 0 degraded (not kept), 0 failed\n")
    );
    assert!(cached(&server.ask(QUESTION).await).0);
    let (code, said) = run(&["stats"]);
    assert_eq!(code, Some(0));
    assert!(
        said.contains("3 of which 1 answered from the cache (33.3 %)") && said.contains("threshold 0.850, with guards"),
        "{said}"
    );
    assert!(run(&["stats", "--json"]).1.contains("\"exact_hits\": 1"));
    assert_eq!(run(&["clear"]).1, "2 removed, 0 left\n");
    assert_eq!(run(&["clear", "--all", "--db", "x"]).0, Some(2));
    drop(server);
    let away = workplace.run(&["cache", "stats", "--url", "http://127.0.0.1:9"]);
    assert_eq!(away.status.code(), Some(1));
    assert!(text(&away.stderr).contains("is `ragctl serve` running there?"));
}

#[test]
fn tune_recommends_compares_and_keeps_what_it_found() {
    let workplace = Workplace::new();
    let pairs = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pairs/labelled.csv");
    let run = |args: &[&str]| {
        let done = workplace.run(&[&["cache", "tune"], args].concat());
        (done.status.code(), text(&done.stdout), text(&done.stderr))
    };
    let (code, said, _) =
        run(&[pairs, "--bound", "0.1", "--provider", "embedded", "-o", "t.csv", "-o", "t.json", "--save"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("verified + guards") && said.contains("Recommended for at most 10.00 % wrong:"), "{said}");
    assert!(said.contains("hit rate (. bare, o guards, V verified)"));
    let report: Value = serde_json::from_str(&std::fs::read_to_string(workplace.path("t.json")).unwrap()).unwrap();
    let csv = std::fs::read_to_string(workplace.path("t.csv")).unwrap();
    assert_eq!(csv.lines().count() - 1, report["measured"].as_array().unwrap().len());
    assert!(csv.starts_with("mode,threshold,guards,questions,hits,right,wrong,hit_rate"), "{csv}");
    let kept = std::fs::read_to_string(workplace.path("data/kb/semantic-cache.json")).unwrap();
    assert!(kept.contains("static:minilm-256@") && kept.contains("\"threshold\": 0."), "{kept}");

    let (code, said, _) = run(&[pairs, "--a", "0.80", "--b", "verified", "--provider", "embedded"]);
    assert!(code == Some(0) && said.contains("verified + guards against 0.80 + guards: hit rate"), "{said}");
    for (args, complaint) in [
        (&[pairs, "--a", "0.8"][..], "--b"),
        (&[pairs, "--a", "2", "--b", "0.9"], "above 0 and below 1"),
        (&[pairs, "--bound", "0"], "above 0 and below 1"),
        (&[pairs, "-o", "t.txt"], ".csv or .json"),
    ] {
        let (code, _, error) = run(args);
        assert!(code == Some(2) && error.contains(complaint), "{args:?}: {error}");
    }
    let (code, _, error) = run(&["nowhere.csv", "--provider", "embedded"]);
    assert!(code == Some(1) && error.contains("cannot read nowhere.csv"), "{error}");
}

#[tokio::test]
async fn verified_mode_tests_what_it_does_not_know_and_says_so() {
    let workplace = Workplace::new();
    let server = serve(&workplace, &["--cache-mode", "verified", "--cache-delta", "0.05"]);
    server.ask(QUESTION).await;
    let explored = server.ask(PARAPHRASE).await;
    assert_eq!(cached(&explored), (false, &Value::Null, &json!("exploration")), "{explored:#}");
    // The answers agree, so that these words lead to the entry from now on.
    assert_eq!(cached(&server.ask(PARAPHRASE).await), (true, &json!("exact"), &Value::Null));
    let figures = figures(&server).await;
    assert_eq!((&figures["mode"], &figures["delta"], &figures["size"]), (&json!("verified"), &json!(0.05), &json!(1)));
    assert!(figures["false_hit_rate_upper"].is_number());
}
