//! `ragctl bench`: what it reports is what happened.

mod compare;
#[cfg(unix)]
mod leaving;
mod run;
mod trouble;

use std::{
    io::Write,
    net::TcpListener,
    process::{Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::sleep,
    time::Duration,
};

use serde_json::Value;

use crate::{
    stub::{Stub, respond},
    support::{Workplace, ragctl, text},
};

const ANSWER: &str =
    r#"{"answer":"yes","metadatas":[{"source":"docs/installation.md"}],"cache_hit":false,"degraded":false}"#;

fn bench(workplace: &Workplace, url: &str, args: &[&str]) -> Output {
    workplace.run(&[&["bench", "--url", url, "--output", "out"], args].concat())
}

/// The newest result, with what was printed when there is none.
fn result(workplace: &Workplace, output: &Output) -> Value {
    let newest = std::fs::read_dir(workplace.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .max_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
    let path = newest.unwrap_or_else(|| panic!("no result: {}", text(&output.stderr)));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
