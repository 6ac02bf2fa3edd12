//! However the monitor ends, its terminal is the shell's again; whatever holds it up, it ends.

use super::*;
#[cfg(unix)]
use crate::support::{end_of, wait_until};

/// Whether the shell has its terminal back as it was.
#[cfg(unix)]
fn is_given_back(screen: &Screen) -> bool {
    !screen.alternate_screen()
        && !screen.hide_cursor()
        && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        && screen.contents().starts_with("before")
        && !screen.contents().contains("Breaker")
}

/// However it is left, the shell's terminal is as it was.
#[cfg(unix)]
#[test]
fn the_terminal_is_given_back() {
    use rustix::process::{Pid, Signal, kill_process};
    let server = Watched::start();
    let left = |way: &str, leave: &dyn Fn(&Terminal, Pid)| {
        let folder = folder();
        let terminal = Terminal::run_in_shell(&watch(&folder, &[&server.url()], &[]));
        terminal.shows(&PANELS);
        let screen = terminal.screen();
        assert!(screen.alternate_screen() && screen.hide_cursor() && !terminal.is_cooked(), "{way}");
        let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
        leave(&terminal, Pid::from_raw(pid.trim().parse().unwrap()).unwrap());
        terminal.wait_for(&format!("the shell after {way}"), |screen| {
            is_given_back(screen) && screen.contents().contains("left with")
        });
        assert!(terminal.is_cooked(), "{way}");
        terminal.screen().contents().lines().last().unwrap().to_owned()
    };
    assert_eq!(left("q", &|terminal, _| terminal.press("q")), "left with 0");
    assert_eq!(left("ctrl-c", &|terminal, _| terminal.press("\u{3}")), "left with 0");
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let status = left(&format!("{signal:?}"), &|_, pid| kill_process(pid, signal).unwrap());
        assert_eq!(status, "left with 130", "{signal:?}");
    }
}

/// Nobody reads what it draws, as behind a connection that hangs: a signal ends it all the same.
#[cfg(unix)]
#[test]
fn a_terminal_that_takes_nothing_more_does_not_keep_it() {
    use rustix::process::{Pid, Signal, kill_process};
    let (folder, server) = (folder(), Watched::start());
    let terminal = Terminal::run_in_shell(&watch(&folder, &[&server.url()], &[]));
    terminal.shows(&PANELS);
    terminal.look_away();
    let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap().trim().parse().unwrap();
    let pid = Pid::from_raw(pid).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    // The shell waits for its child, so there is none of that number any more.
    wait_until("the end", || rustix::process::test_kill_process(pid).is_err());
    terminal.look_again();
    terminal.shows(&["left with 130"]);
    assert!(terminal.is_cooked());
}

/// A terminal that goes away while keys come and its size changes.
#[cfg(unix)]
#[test]
fn it_ends_with_its_terminal_in_the_middle_of_typing() {
    let (folder, server) = (folder(), Watched::start());
    let command = watch(&folder, &[&server.url()], &[]);
    let start = |_| {
        let terminal = Terminal::run(&command);
        terminal.shows(&["all is well"]);
        terminal
    };
    for mut terminal in (0..6).map(start) {
        terminal.press("jjjjjjjjjjjjjjj");
        terminal.resize(90, 20);
        terminal.press("jjjjjjj");
        terminal.hang_up();
        assert_eq!(terminal.end().exit_code(), 130);
    }
}

/// Takes the terminal and panics; what is left of it the other test sees.
#[test]
#[ignore = "runs in a terminal of its own, see a_panic_gives_the_terminal_back"]
fn panics() {
    let Ok(thread) = std::env::var("RAGCTL_TEST_PANICS_IN") else { return };
    let mut terminal = ragctl::util::terminal::Terminal::take().unwrap();
    terminal.draw(|frame| frame.render_widget("drawn", frame.area())).unwrap();
    std::io::Read::read(&mut std::io::stdin(), &mut [0]).unwrap();
    if thread == "this" {
        panic!("what is wrong");
    }
    assert!(std::thread::spawn(|| panic!("what is wrong")).join().is_err());
    assert!(terminal.draw(|_| unreachable!("the terminal is the shell's")).is_err());
}

#[cfg(unix)]
#[test]
fn a_panic_gives_the_terminal_back() {
    for (thread, status) in [("this", 101), ("another", 0)] {
        let folder = folder();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "monitor::leaving::panics", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("RAGCTL_TEST_PANICS_IN", thread).env("RUST_BACKTRACE", "0").current_dir(folder.path());
        let terminal = Terminal::run_in_shell(&command);
        terminal.wait_for("a drawing", |screen| screen.contents().contains("drawn") && screen.alternate_screen());
        assert!(!terminal.is_cooked());
        terminal.press("x");
        let left = format!("left with {status}");
        terminal.wait_for("the message", |screen| {
            is_given_back(screen) && ["what is wrong", &left].iter().all(|text| screen.contents().contains(text))
        });
        assert!(terminal.is_cooked(), "{thread}");
    }
}

#[cfg(unix)]
#[test]
fn it_ends_with_its_terminal() {
    let (folder, server) = (folder(), Watched::start());
    let command = watch(&folder, &[&server.url()], &[]);
    let mut deaf = Command::new("/bin/sh");
    deaf.args(["-c", r#"trap "" HUP; exec "$@""#, "sh"]).arg(command.get_program()).args(command.get_args());
    deaf.env_clear().current_dir(folder.path());
    let ways = [
        ("a signal tells", Terminal::run(&command)),
        ("signals are ignored", Terminal::run(&deaf)),
        ("no signal comes", Terminal::run_without_signals(&command)),
    ];
    for (way, mut terminal) in ways {
        terminal.shows(&PANELS);
        terminal.hang_up();
        let status = terminal.end();
        assert_eq!((status.exit_code(), status.signal()), (130, None), "{way}");
    }
}

/// `nohup ragctl monitor --record week.ndjson &`: the terminal goes, the recording goes on.
#[cfg(unix)]
#[test]
fn a_hang_up_that_is_to_be_ignored_is_ignored() {
    use rustix::process::{Pid, Signal, kill_process};

    let (folder, server) = (folder(), Watched::start());
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_ragctl"), "monitor"]);
    command.args(["--interval", "200ms", "--url", &server.url()]).current_dir(folder.path()).env("HOME", folder.path());
    let told = Told::start(command);
    told.line();
    kill_process(Pid::from_child(&told.child), Signal::HUP).unwrap();
    server.change(|telling| telling.breaker = "open");
    told.until("what happened after the hang-up", |line| line.contains("breaker open"));
    assert_eq!(told.stop(), Some(130));
}

/// A pager that waits, a pipe that is full: what cannot be told must not keep it from ending.
#[cfg(unix)]
#[test]
fn a_reader_that_does_not_read_does_not_keep_it() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    use crate::stub::{Stub, respond};

    /// Each look at ten servers is far above what a pipe holds.
    const ENOUGH: u64 = 10 * 6 * 30;

    let asked = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&asked);
    let stub = Stub::start_plain(move |path, _, stream| {
        counted.fetch_add(1, Ordering::Relaxed);
        let health = path.ends_with("/health");
        respond(stream, if health { 200 } else { 404 }, r#"{"status":"healthy"}"#)
    });
    let folder = folder();
    let mut command = monitor(folder.path(), &["--json", "--interval", "100ms"]);
    for number in 0..10 {
        command.args(["--url", &format!("{}/{number}", stub.url())]);
    }
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    wait_until("it asks", || asked.load(Ordering::Relaxed) >= ENOUGH);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(end_of(&mut child).code(), Some(130));
}
