//! `ragctl monitor`: the screen in a real terminal, and what is told without one.

mod leaving;
mod once;
mod recording;
mod screen;

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
use vt100::Screen;

use crate::{
    stub::{Manner, Telling, Watched},
    support::{PATIENCE, Workplace, nowhere, ragctl, text},
    terminal::{COLUMNS, Terminal},
};
use ragctl::util::time::UnixMillis;

/// What stands on every screen that is large enough.
const PANELS: [&str; 6] = ["Breaker", "Cache", "Pool", "Answers", "System", "Log"];

const ESCAPE: &str = "\u{1b}";
const LEFT: &str = "\u{1b}[D";
const END: &str = "\u{1b}[F";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn monitor(folder: &Path, args: &[&str]) -> Command {
    let mut command = ragctl(folder);
    command.arg("monitor").args(args);
    command
}

/// Watches servers, each of them every second.
fn watch(folder: &TempDir, urls: &[&str], args: &[&str]) -> Command {
    let mut command = monitor(folder.path(), &["--interval", "1s"]);
    for url in urls {
        command.args(["--url", url]);
    }
    command.args(args);
    command
}

/// Looks once, with nobody at a terminal.
fn look(folder: &TempDir, args: &[&str]) -> Output {
    let output = monitor(folder.path(), &[&["--once"], args].concat()).output().unwrap();
    assert!(!text(&output.stdout).contains('\u{1b}'), "a pipe gets no escape codes");
    output
}

/// What a look tells as JSON.
fn json(output: &Output) -> Value {
    let said = text(&output.stdout);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{}", text(&output.stderr)))
}

fn row(screen: &Screen, number: usize) -> String {
    screen.rows(0, COLUMNS).nth(number).unwrap_or_default()
}

/// What the line of the diagnosis says.
fn diagnosis(screen: &Screen) -> String {
    row(screen, 1)
}

fn well() -> Telling {
    Telling { manner: Manner::Well, breaker: "closed", entries: "50", hits: "60" }
}

/// A program that tells a line for each look; dropping it kills it.
struct Told {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Told {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Self { child, lines }
    }

    fn line(&self) -> String {
        let line = self.lines.recv_timeout(PATIENCE).expect("no line came");
        assert!(!line.contains('\u{1b}'), "a pipe gets no escape codes: {line}");
        line
    }

    fn until(&self, what: &str, so: impl Fn(&str) -> bool) {
        let begin = Instant::now();
        let mut last = String::new();
        while !so(&last) {
            assert!(begin.elapsed() < PATIENCE, "never told: {what}; the last was {last}");
            last = self.line();
        }
    }

    /// Ends it as the system does, and tells its exit status where it has one then.
    fn stop(mut self) -> Option<i32> {
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process};
            kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        }
        #[cfg(windows)]
        self.child.kill().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
