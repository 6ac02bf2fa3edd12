//! Alert rules and dashboard: they name what the server exports, and Prometheus understands them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Workplace, nowhere};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/monitoring")
}

/// Words that look like our metrics, without the suffixes that histograms add.
fn metrics_in(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| ["ollama_rag_", "http_re", "process_"].iter().any(|prefix| word.starts_with(prefix)))
        .map(|word| {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| word.strip_suffix(suffix));
            base.unwrap_or(word).to_owned()
        })
        .collect()
}

#[tokio::test]
async fn rules_and_dashboard_name_what_the_server_exports() {
    let workplace = Workplace::new();
    let upstream = |name| format!("name={name},dialect=ollama,url={},model=m", nowhere());
    let server = workplace.serve(&["--upstream", &upstream("a"), "--upstream", &upstream("b")]);
    // Routes show up once they were asked for.
    server.get("/health").await;
    let scrape = server.text("/metrics").await;
    let exported: BTreeSet<&str> =
        scrape.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_whitespace().next()).collect();
    for file in ["rules.yml", "grafana-dashboard.json"] {
        let text = std::fs::read_to_string(folder().join(file)).unwrap();
        let named = metrics_in(&text);
        assert!(named.len() >= 7, "{file} names hardly anything: {named:?}");
        for metric in named {
            if cfg!(not(target_os = "linux")) && metric.starts_with("process_") {
                continue;
            }
            assert!(exported.contains(metric.as_str()), "{file} names {metric}, which the server does not export");
        }
    }
}

#[test]
fn the_dashboard_is_one() {
    let text = std::fs::read_to_string(folder().join("grafana-dashboard.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "every panel has an id of its own");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{}", panel["title"]);
    }
}

/// What Prometheus itself says, where its tool is installed.
#[tokio::test]
async fn promtool_accepts_rules_and_metrics() {
    if Command::new("promtool").arg("--version").output().is_err() {
        crate::support::skipped("promtool is not installed (Debian package prometheus)");
        return;
    }
    for arguments in [["check", "rules", "rules.yml"], ["test", "rules", "rules_test.yml"]] {
        let output = Command::new("promtool").args(arguments).current_dir(folder()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    }
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    server.ask("How long can a voyage be paused?").await;
    workplace.write("scrape.txt", server.text("/metrics").await);
    let scrape = std::fs::File::open(workplace.path("scrape.txt")).unwrap();
    let output = Command::new("promtool").args(["check", "metrics"]).stdin(scrape).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}
