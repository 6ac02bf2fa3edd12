//! Passwords and keys come out nowhere, whatever an upstream repeats.

use std::{fs::File, process::Child, sync::Arc};

use parking_lot::Mutex;
use ragctl::providers::install_tls;
use serde_json::json;

use crate::{
    stub::{Stub, respond},
    support::{PATIENCE, Workplace, eventually, ragctl, text},
};

const PASSWORD: &str = "pw:zq/5512";
const ENCODED: &str = "pw%3Azq%2F5512";
const KEY: &str = "sk-KEYzq7731&more";

/// Base64 of `user:` and the password.
const BASIC: &str = "dXNlcjpwdzp6cS81NTEy";

/// All that must not be seen. What is left of the password after its first sign would be seen, too.
const SECRETS: [&str; 7] = [PASSWORD, ENCODED, "pw%3azq%2f5512", "zq/5512", KEY, "KEYzq7731", BASIC];

fn secrets_in(text: &str) -> Vec<&'static str> {
    SECRETS.into_iter().filter(|secret| text.contains(secret)).collect()
}

/// How the upstream says no: each repeats what it got, in some form.
fn echoes() -> Vec<(u16, String)> {
    let all = format!(
        "Bearer {KEY}; Basic {BASIC}; http://user:{ENCODED}@host/; user:{PASSWORD}; ?key={}; {}",
        "sk%2DKEYzq7731%26more", "sk-KEYzq7731&amp;more"
    );
    let at_the_cut = |secret: &str| format!("{}{secret} and more", "x".repeat(195));
    vec![
        (400, json!({ "error": { "message": all } }).to_string()),
        (400, json!({ "error": all }).to_string()),
        (400, json!({ "error": { "code": all } }).to_string()),
        (500, all.clone()),
        (500, at_the_cut(KEY)),
        (500, at_the_cut(PASSWORD)),
        (200, json!({ "error": all }).to_string()),
        (200, format!("<html>{all}</html>")),
        (200, json!({ "message": all }).to_string()),
    ]
}

/// A server whose log goes to a file.
struct Logged {
    child: Child,
    url: String,
}

impl Logged {
    async fn start(workplace: &Workplace, args: &[&str], environment: &[(&str, &str)]) -> Self {
        let log = File::create(workplace.path("log")).unwrap();
        let mut command = ragctl(workplace.folder.path());
        command.args(["serve", "--port", "0", "-vv", "--docs", "docs", "--max-retries", "0", "--breaker", "false"]);
        let child = command.args(args).envs(environment.iter().copied()).stderr(log).spawn().unwrap();
        let url = Mutex::default();
        eventually("it listens", || async {
            let log = std::fs::read_to_string(workplace.path("log")).unwrap();
            *url.lock() = log.lines().find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
            url.lock().is_some()
        })
        .await;
        Self { child, url: url.into_inner().unwrap() }
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything that the server says while the upstream answers in all these ways.
async fn everything(provider: &str, path: &str, environment: impl Fn(&str) -> Vec<(&'static str, String)>) -> String {
    let answer: Arc<Mutex<(u16, String)>> = Arc::new(Mutex::new((500, String::new())));
    let current = Arc::clone(&answer);
    let stub = Stub::start_plain(move |_, _, stream| {
        let (status, body) = current.lock().clone();
        respond(stream, status, &body)
    });
    let workplace = Workplace::new();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/src/providers/embedded/model");
    let url = format!("http://user:{ENCODED}@{}{path}", stub.address);
    let environment = environment(&url);
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    // First it is only asked for answers, then for vectors, too.
    let mut seen = String::new();
    for args in [vec!["--embed-model", model, "--no-fallback"], vec!["--db", "other"]] {
        let args = [vec!["--provider", provider], args].concat();
        *answer.lock() = echoes().remove(0);
        let server = Logged::start(&workplace, &args, &environment).await;
        install_tls();
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        for (n, echo) in echoes().into_iter().enumerate() {
            *answer.lock() = echo;
            let question = json!({ "query": format!("How long can voyage {n} be paused?") });
            for (route, accept) in [("/query", "*/*"), ("/api/stream_query", "text/event-stream")] {
                let request = client.post(format!("{}{route}", server.url)).header("accept", accept).json(&question);
                seen += &request.send().await.unwrap().text().await.unwrap();
            }
            workplace.write(&format!("docs/{n}.md"), format!("text {n}"));
            let ingest = client.post(format!("{}/api/ingest", server.url)).json(&json!({ "paths": ["docs"] }));
            seen += &ingest.send().await.unwrap().text().await.unwrap();
        }
        for route in ["/health", "/api/health", "/health/ready", "/metrics", "/metrics/connection-pool"] {
            seen += &client.get(format!("{}{route}", server.url)).send().await.unwrap().text().await.unwrap();
        }
        drop(server);
        seen += &std::fs::read_to_string(workplace.path("log")).unwrap();
    }
    assert!(seen.contains("answered HTTP 400"), "the upstream's refusals were seen: {seen}");
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_ollama_repeats_is_not_passed_on() {
    let seen =
        everything("ollama", "", |url| vec![("OLLAMA_BASE_URL", url.to_owned()), ("OPENAI_API_KEY", KEY.to_owned())]);
    let seen = seen.await;
    assert!(seen.contains("\"base_url\":\"http://127.0.0.1:"), "the address itself is shown");
    // Its key belongs to another upstream: only the log, which knows all, cleans it.
    let seen: String = seen.replace("Bearer sk-KEYzq7731&more", "").replace("KEYzq7731", "");
    assert_eq!(secrets_in(&seen), [""; 0], "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_openai_server_repeats_is_not_passed_on() {
    let seen = everything("openai", "/v1", |url| {
        vec![("OPENAI_BASE_URL", url.to_owned()), ("OPENAI_API_KEY", KEY.to_owned())]
    });
    let seen = seen.await;
    assert_eq!(secrets_in(&seen), [""; 0], "{seen}");
}

#[test]
fn wrong_urls_are_told_without_their_passwords() {
    let workplace = Workplace::new();
    let wrong =
        ["ftp://user:pw%3Azq%2F5512@host", "http://user:pw%3Azq%2F5512@host:99999999/", "user:pw%3Azq%2F5512@h"];
    for url in wrong {
        for args in [
            vec!["query", "--url", url, "x?"],
            vec!["ingest", "--url", url, "docs"],
            vec!["cache", "stats", "--url", url],
            vec!["bench", "--url", url],
            vec!["monitor", "--once", "--url", url],
            vec!["serve", "--ollama-url", url],
            vec!["serve", "--openai-base-url", url],
        ] {
            let output = workplace.run(&args);
            let said = text(&output.stdout) + &text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
            assert_eq!(secrets_in(&said), [""; 0], "{args:?}: {said}");
        }
    }
}

#[test]
fn keys_in_the_query_of_a_url_are_not_shown() {
    let workplace = Workplace::new();
    let url = format!("http://host/v1?key={KEY}");
    let output =
        ragctl(workplace.folder.path()).args(["config", "show"]).env("OPENAI_BASE_URL", &url).output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(said.contains("http://host/v1?…"), "{said}");
    assert_eq!(secrets_in(&said), [""; 0], "{said}");
}
