//! The command line: exit codes, streams, settings.

use serde_json::Value;

use crate::support::{Workplace, text};

#[test]
fn documents_are_ingested_and_asked_without_a_server() {
    let workplace = Workplace::new();
    let ingested = workplace.run(&["ingest", "docs", "--provider", "embedded"]);
    assert_eq!(ingested.status.code(), Some(0), "{}", text(&ingested.stderr));
    assert!(text(&ingested.stderr).contains("8 added"), "{}", text(&ingested.stderr));
    assert_eq!(text(&ingested.stdout), "", "data alone goes to stdout");

    let asked = workplace.run(&["query", "--provider", "embedded", "How long can a voyage be paused?"]);
    let answer = text(&asked.stdout);
    assert_eq!(asked.status.code(), Some(0), "{}", text(&asked.stderr));
    assert!(answer.contains("72 hours") && answer.contains("Sources\n  [1] docs/release-notes.txt"), "{answer}");
    assert!(!answer.contains('\u{1b}'), "a pipe gets no escape codes");

    let json =
        workplace.run(&["query", "--provider", "embedded", "--json", "-k", "2", "How long can a voyage be paused?"]);
    let answer: Value = serde_json::from_str(&text(&json.stdout)).unwrap();
    assert_eq!(answer["contexts"].as_array().unwrap().len(), 2);
}

#[test]
fn one_bad_file_counts_in_the_exit_code() {
    let workplace = Workplace::new();
    workplace.write("docs/empty.md", "");
    let ingested = workplace.run(&["ingest", "docs", "--provider", "embedded", "--json"]);
    assert_eq!(ingested.status.code(), Some(1));
    let report: Value = serde_json::from_str(&text(&ingested.stdout)).unwrap();
    assert_eq!((&report["documents"]["added"], &report["documents"]["failed"]), (&8.into(), &1.into()));
    assert!(text(&ingested.stderr).contains("docs/empty.md"), "{}", text(&ingested.stderr));
}

#[tokio::test]
async fn commands_can_work_through_a_server() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    let ingested = workplace.run(&["ingest", "docs", "--url", &server.url]);
    assert_eq!(ingested.status.code(), Some(0), "{}", text(&ingested.stderr));
    let asked = workplace.run(&["query", "--url", &server.url, "How long can a voyage be paused?"]);
    assert_eq!(asked.status.code(), Some(0), "{}", text(&asked.stderr));
    assert!(text(&asked.stdout).contains("72 hours"));
    let url = server.url.clone();
    drop(server);
    let nobody = workplace.run(&["query", "--url", &url, "Anybody?"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(text(&nobody.stderr).contains("is `ragctl serve` running there?"), "{}", text(&nobody.stderr));
}

#[test]
fn wrong_usage_is_told_apart_from_failure() {
    let workplace = Workplace::new();
    let cases: [(&[&str], i32, &str); 8] = [
        (&["serve", "--port", "eighty"], 2, "flag --port: server.port = \"eighty\""),
        (&["serve", "--chunk-size", "100", "--chunk-overlap", "90"], 2, "is more than half of chunking.size = 100"),
        (&["query", "--db", "../x", "why?"], 2, "flag --db"),
        (&["query", "   "], 2, "1 to 8000 characters"),
        (&["frobnicate"], 2, "unrecognized subcommand"),
        (&["query", "--provider", "embedded", "why?"], 1, "there is no DB \"default\""),
        (&["ingest", "--provider", "embedded", "nowhere"], 1, "no such file or folder"),
        (&["eval", "nowhere"], 1, "corpus.jsonl"),
    ];
    for (args, code, says) in cases {
        let output = workplace.run(args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(says), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
    }
}

#[test]
fn settings_are_shown_with_their_origin_and_without_secrets() {
    let workplace = Workplace::new();
    workplace.write("ragctl.toml", "[server]\nport = 9000\n[chunking]\nsize = 700\n");
    workplace.write(".env", "CHUNK_SIZE=600\nOPENAI_API_KEY=sk-very-secret\n");
    let shown = crate::support::ragctl(workplace.folder.path())
        .args(["config", "show"])
        .env("OLLAMA_BASE_URL", "http://gpu:11434")
        .output()
        .unwrap();
    let shown = text(&shown.stdout);
    let line = |key: &str| {
        shown.lines().find(|line| line.starts_with(key)).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("server.port"), "server.port 9000 file ragctl.toml");
    assert_eq!(line("chunking.size"), "chunking.size 600 .env CHUNK_SIZE");
    assert_eq!(line("provider.ollama_url"), "provider.ollama_url http://gpu:11434 environment OLLAMA_BASE_URL");
    assert_eq!(line("provider.openai_api_key"), "provider.openai_api_key *** .env OPENAI_API_KEY");
    assert_eq!(line("server.host"), "server.host 127.0.0.1 default");
    assert!(!shown.contains("very-secret"));
}

#[test]
fn a_config_file_is_checked_by_key() {
    let workplace = Workplace::new();
    let check = |config: &str| {
        workplace.write("some.toml", config);
        let output = workplace.run(&["config", "check", "--config", "some.toml"]);
        (output.status.code(), text(&output.stderr))
    };
    let (code, said) = check("[server]\nprot = 1\n");
    assert_eq!(code, Some(2));
    assert!(said.contains("some.toml") && said.contains("did you mean \"server.port\"?"), "{said}");
    let (code, said) = check("[server]\nport = 99999\n");
    assert_eq!(code, Some(2));
    assert!(said.contains("file some.toml: server.port = \"99999\"") && said.contains("0 to 65535"), "{said}");
    let (code, said) = check("[server\n");
    assert_eq!((code, said.contains("is not TOML")), (Some(2), true), "{said}");

    let example = text(&workplace.run(&["config", "example"]).stdout);
    assert_eq!(check(&example).0, Some(0));
    let switched_on = |line: &str| -> String {
        let setting = line.strip_prefix("# ").filter(|rest| {
            rest.split_once(" = ")
                .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        });
        format!("{}\n", setting.unwrap_or(line))
    };
    let all_on: String = example.lines().map(switched_on).collect();
    let (code, said) = check(&all_on);
    assert_eq!(code, Some(0), "the defaults that the example shows are accepted: {said}\n{all_on}");
}

#[test]
fn quality_is_measured_in_every_format() {
    let workplace = Workplace::new();
    workplace.write("set/corpus.jsonl", "{\"_id\":\"d1\",\"text\":\"the cat sat on the mat\"}\n{\"_id\":\"d2\",\"text\":\"stock markets fell sharply\"}\n");
    workplace.write("set/queries.jsonl", "{\"_id\":\"q1\",\"text\":\"where did the cat sit\"}\n");
    workplace.write("set/qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\n");
    let json = workplace.run(&["eval", "set", "--provider", "embedded", "--format", "json"]);
    assert_eq!(json.status.code(), Some(0), "{}", text(&json.stderr));
    let scores: Value = serde_json::from_str(&text(&json.stdout)).unwrap();
    assert_eq!(scores.as_array().unwrap().len(), 3);
    assert!(scores.as_array().unwrap().iter().all(|s| s["ndcg"] == 1.0 && s["recall"] == 1.0), "{scores}");
    let csv = workplace.run(&["eval", "set", "--provider", "embedded", "--format", "csv", "--methods", "bm25"]);
    assert!(
        text(&csv.stdout)
            .starts_with("dataset,method,k,queries,ndcg,recall,mrr,median_ms,first,five\nset,bm25,10,1,1.0,1.0,1.0,")
    );
    let table = workplace.run(&["eval", "set", "--provider", "embedded", "--output", "scores.txt"]);
    assert_eq!((table.status.code(), text(&table.stdout)), (Some(0), String::new()));
    assert!(std::fs::read_to_string(workplace.path("scores.txt")).unwrap().contains("nDCG@10"));
}

#[test]
fn answers_are_measured() {
    let workplace = Workplace::new();
    let documents =
        ["Ann Reed built the harbor in 1862.", "Stock markets fell sharply on Monday.", "The cat sleeps all day."];
    let corpus = documents.iter().enumerate().map(|(n, text)| format!("{{\"_id\":\"d{n}\",\"text\":\"{text}\"}}\n"));
    workplace.write("set/corpus.jsonl", corpus.collect::<String>());
    workplace.write(
        "set/queries.jsonl",
        "{\"_id\":\"q0\",\"text\":\"Who built the harbor?\"}\n{\"_id\":\"q1\",\"text\":\"When did stock markets fall sharply?\"}\n",
    );
    workplace.write("set/qrels.tsv", "query-id\tcorpus-id\tscore\nq0\td0\t1\nq1\td1\t1\n");
    workplace.write("set/answers.json", "{\"q0\":[\"Ann Reed\"],\"q1\":[\"never\",\"Tuesday\"]}");
    workplace.write("set/unanswerable.jsonl", "{\"_id\":\"u\",\"text\":\"Which wine goes well with oysters?\"}\n");
    let json =
        workplace.run(&["eval", "set", "--answers", "--provider", "embedded", "--foreign", "set", "--format", "json"]);
    assert_eq!(json.status.code(), Some(0), "{}", text(&json.stderr));
    let scores: Value = serde_json::from_str(&text(&json.stdout)).unwrap();
    let score = &scores[0];
    let counts = ["questions", "adversarial", "left_out", "foreign"].map(|name| score[name].as_u64().unwrap());
    assert_eq!(counts, [2, 1, 2, 2], "{score}");
    assert_eq!((&score["in_answer"], &score["in_passages"]), (&0.5.into(), &0.5.into()), "{score}");
    assert_eq!((&score["false_abstention"], &score["adversarial_abstention"]), (&0.0.into(), &1.0.into()), "{score}");
    assert_eq!((&score["left_out_abstention"], &score["foreign_abstention"]), (&1.0.into(), &0.0.into()), "{score}");

    let table = text(&workplace.run(&["eval", "set", "--answers", "--half", "check", "--provider", "embedded"]).stdout);
    assert!(table.contains("in passages") && table.lines().nth(1).is_some_and(|row| row.contains("  1  ")), "{table}");
    let fitted = workplace.run(&["eval", "set", "--abstain", "--provider", "embedded", "--weights", "weights.rs"]);
    let shown = text(&fitted.stdout);
    assert_eq!(fitted.status.code(), Some(0), "{}", text(&fitted.stderr));
    assert!(shown.contains("compiled in") && shown.contains("least evidence for an answer"), "{shown}");
    let weights = std::fs::read_to_string(workplace.path("weights.rs")).unwrap();
    assert!(weights.contains("const CLAUSES: &[f32]") && weights.contains("const THRESHOLDS: [f32; 4]"), "{weights}");

    let refused = workplace.run(&["eval", "set", "--answers", "--documents", "set", "--provider", "embedded"]);
    assert_eq!((refused.status.code(), text(&refused.stderr).contains("leave --documents out")), (Some(1), true));
}

#[test]
fn completions_are_as_committed() {
    let workplace = Workplace::new();
    for (shell, file) in
        [("bash", "ragctl.bash"), ("zsh", "_ragctl"), ("fish", "ragctl.fish"), ("powershell", "_ragctl.ps1")]
    {
        let script = text(&workplace.run(&["completions", shell]).stdout);
        let committed = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("completions").join(file);
        let committed = std::fs::read_to_string(committed).unwrap_or_default().replace("\r\n", "\n");
        assert!(script == committed, "run: ragctl completions {shell} > completions/{file}");
    }
    assert!(text(&workplace.run(&["man"]).stdout).contains(".TH ragctl 1"));
}

#[test]
fn a_label_that_no_question_could_name_is_refused() {
    let workplace = Workplace::new();
    for label in [String::new(), "x".repeat(65)] {
        let refused = workplace.run(&["ingest", "docs", "--label", &label, "--provider", "embedded"]);
        assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
        assert!(text(&refused.stderr).contains("1 to 64 characters"), "{}", text(&refused.stderr));
    }
}
