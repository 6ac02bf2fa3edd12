//! However a run is ended, what was measured is saved; its terminal is the shell's again, if there still is one.

use std::{path::Path, process::Command};

use rustix::process::{Pid, Signal, kill_process};

use super::*;
use crate::{
    support::{end_of, wait_until},
    terminal::Terminal,
};

/// A run that would go on for a minute.
fn long_run(folder: &Path, url: &str, args: &[&str]) -> Command {
    let mut command = ragctl(folder);
    command.args(["bench", "--url", url, "--duration", "60s", "--rate", "20", "--output", "out"]).args(args);
    command
}

fn quick() -> Stub {
    Stub::start(|_, _, _, stream| respond(stream, 200, ANSWER))
}

/// The figures of the only result.
fn saved(workplace: &Workplace) -> Value {
    let files: Vec<_> = std::fs::read_dir(workplace.path("out")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("one result, not {files:?}") };
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn is_some_way_on(stub: &Stub) {
    wait_until("some requests", || stub.requests.load(Ordering::Relaxed) > 15);
}

#[test]
fn a_run_on_a_screen_ends_with_its_terminal_and_is_saved() {
    for way in ["a signal tells", "signals are ignored", "no signal comes"] {
        let (workplace, stub) = (Workplace::new(), quick());
        let command = long_run(&workplace.path(""), &stub.url(), &["--tui"]);
        let mut terminal = match way {
            "a signal tells" => Terminal::run(&command),
            "no signal comes" => Terminal::run_without_signals(&command),
            _ => {
                let mut deaf = Command::new("/bin/sh");
                deaf.args(["-c", r#"trap "" HUP; exec "$@""#, "sh"])
                    .arg(command.get_program())
                    .args(command.get_args());
                deaf.env_clear().current_dir(workplace.path(""));
                Terminal::run(&deaf)
            }
        };
        terminal.wait_for("the screen", vt100::Screen::alternate_screen);
        is_some_way_on(&stub);
        terminal.hang_up();
        let status = terminal.end();
        assert_eq!((status.exit_code(), status.signal()), (130, None), "{way}");
        assert!(saved(&workplace)["metrics"]["successful_requests"].as_u64().unwrap() > 0, "{way}");
    }
}

#[test]
fn a_run_on_a_screen_gives_the_terminal_back_at_every_signal() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let (workplace, stub) = (Workplace::new(), quick());
        let terminal = Terminal::run_in_shell(&long_run(&workplace.path(""), &stub.url(), &["--tui"]));
        terminal.wait_for("the screen", vt100::Screen::alternate_screen);
        is_some_way_on(&stub);
        let pid = std::fs::read_to_string(workplace.path("pid")).unwrap();
        kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), signal).unwrap();
        terminal.wait_for("the shell", |screen| {
            screen.contents().contains("left with 130") && !screen.alternate_screen() && !screen.hide_cursor()
        });
        assert!(terminal.is_cooked(), "{signal:?}");
        assert!(saved(&workplace)["metrics"]["successful_requests"].as_u64().unwrap() > 0, "{signal:?}");
    }
}

#[test]
fn a_hang_up_ends_a_run_without_a_screen_in_order_and_nohup_is_respected() {
    let (workplace, stub) = (Workplace::new(), quick());
    let mut run = long_run(&workplace.path(""), &stub.url(), &[]);
    let mut child = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    is_some_way_on(&stub);
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    assert_eq!(end_of(&mut child).code(), Some(130));
    assert!(saved(&workplace)["metrics"]["successful_requests"].as_u64().unwrap() > 0);

    let (workplace, stub) = (Workplace::new(), quick());
    let mut deaf = Command::new("/bin/sh");
    let run = long_run(&workplace.path(""), &stub.url(), &[]);
    deaf.args(["-c", r#"trap "" HUP; exec "$@""#, "sh"]).arg(run.get_program()).args(run.get_args());
    deaf.current_dir(workplace.path("")).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = deaf.spawn().unwrap();
    is_some_way_on(&stub);
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    let then = stub.requests.load(Ordering::Relaxed);
    wait_until("more requests", || stub.requests.load(Ordering::Relaxed) > then + 30);
    assert!(child.try_wait().unwrap().is_none(), "it goes on");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(end_of(&mut child).code(), Some(130));
}

/// Nothing hangs up where there is no terminal: then the signal is no reason for a server to stop.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_terminal_goes_on_at_a_hang_up_and_one_in_a_terminal_ends_in_order() {
    let workplace = Workplace::new();
    let server = workplace.serve(&[]);
    kill_process(Pid::from_child(&server.child), Signal::HUP).unwrap();
    for _ in 0..5 {
        assert_eq!(server.get("/health/live").await.0, 200);
    }
    assert!(server.terminate().success());

    let workplace = Workplace::new();
    let mut command = ragctl(&workplace.path(""));
    command.args(["serve", "--port", "0", "--provider", "embedded"]);
    let terminal = Terminal::run_in_shell(&command);
    terminal.shows(&["listening on http://"]);
    let pid = std::fs::read_to_string(workplace.path("pid")).unwrap();
    kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), Signal::HUP).unwrap();
    terminal.shows(&["stopped", "left with 0"]);
}
