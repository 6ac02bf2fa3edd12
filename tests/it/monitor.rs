//! `ragctl monitor`: the screen in a real terminal, and what is told without one.

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
    support::{PATIENCE, Workplace, ragctl, text},
    terminal::{COLUMNS, Terminal},
};
use ragctl::observe::record::Recording;
use ragctl::util::time::UnixMillis;

/// What stands on every screen that is large enough.
const PANELS: [&str; 6] = ["Breaker", "Cache", "Pool", "Answers", "System", "Log"];
/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:1";
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

/// Whether the shell has its terminal back as it was.
#[cfg(unix)]
fn is_given_back(screen: &Screen) -> bool {
    !screen.alternate_screen()
        && !screen.hide_cursor()
        && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        && screen.contents().starts_with("before")
        && !screen.contents().contains("Breaker")
}

#[test]
fn the_screen_shows_a_server_and_its_keys_and_is_left() {
    let (folder, server) = (folder(), Watched::start());
    let mut terminal = Terminal::run(&watch(&folder, &[&server.url()], &[]));
    terminal.shows(&PANELS);
    terminal.shows(&[&server.name(), "healthy", "all is well", "version 1.2.3", "50 of 100 entries", "quit"]);
    terminal.press("?");
    terminal.shows(&["hold the screen still", "write the incident to a Markdown file"]);
    terminal.press(ESCAPE);
    terminal.shows_no("hold the screen still");
    terminal.press("q");
    let status = terminal.end();
    assert_eq!(status.exit_code(), 0, "{status}");
}

#[tokio::test]
async fn the_real_server_is_watched() {
    let workplace = Workplace::new();
    let server = workplace.serve(&["--docs", "docs"]);
    let terminal = Terminal::run(&watch(&folder(), &[&server.url], &[]));
    terminal.shows(&PANELS);
    terminal.shows(&["nobody asks", "version 0."]);
    server.ask("How long can a voyage be paused?").await;
    terminal.wait_for("a question", |screen| diagnosis(screen).contains("questions/s"));
    drop(terminal);
    let output = look(&folder(), &["--json", "--url", &server.url]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let told = &json(&output)["targets"][0];
    assert_eq!(told["trouble"], Value::Null, "{told:#}");
    assert_eq!(told["figures"]["questions"], 1.0, "{told:#}");
    assert_eq!(told["observation"]["notes"], serde_json::json!([]), "what we tell we can read");
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
    let begin = Instant::now();
    // The shell waits for its child, so there is none of that number any more.
    while rustix::process::test_kill_process(pid).is_ok() {
        assert!(begin.elapsed() < PATIENCE, "never ended");
        std::thread::sleep(Duration::from_millis(10));
    }
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
        command.args(["--exact", "monitor::panics", "--ignored", "--nocapture", "--test-threads=1"]);
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

#[cfg(unix)]
#[test]
fn every_size_is_drawn() {
    let (folder, server) = (folder(), Watched::start());
    let mut terminal = Terminal::run(&watch(&folder, &[&server.url()], &[]));
    terminal.shows(&PANELS);
    for (columns, rows) in [(1, 1), (0, 0), (40, 12), (200, 60), (3, 200)] {
        terminal.resize(columns, rows);
    }
    terminal.resize(40, 12);
    terminal.shows(&PANELS);
    terminal.resize(100, 30);
    terminal.shows(&PANELS);
    terminal.shows(&["on this axis", "quit", "all is well", &server.name()]);
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn keys_hold_the_screen_still_and_change_the_pace() {
    let (folder, server) = (folder(), Watched::start());
    let terminal = Terminal::run(&watch(&folder, &[&server.url()], &[]));
    terminal.shows(&["all is well"]);
    let more = |screen: &Screen| {
        let header = row(screen, 0);
        header.split_once("FROZEN, ")?.1.split_once(" polls since")?.0.parse::<u32>().ok()
    };
    terminal.press("p");
    let first = terminal.wait("a frozen screen", more);
    terminal.wait_for("more polls", |screen| more(screen).is_some_and(|polls| polls > first + 1));
    terminal.press(" ");
    terminal.shows_no("FROZEN");

    terminal.press("+");
    terminal.wait_for("a longer interval", |screen| row(screen, 0).contains("every 2 s"));
    terminal.press("-");
    terminal.wait_for("a shorter interval", |screen| row(screen, 0).contains("every 1 s"));
    terminal.press("-");
    terminal.shows(&["every 1 s is the shortest"]);
    terminal.press("r");
    terminal.shows(&["asking all targets"]);
}

#[test]
fn keys_move_through_time_and_targets() {
    let (folder, one, two) = (folder(), Watched::start(), Watched::start());
    let terminal = Terminal::run(&watch(&folder, &[&one.url(), &two.url()], &[]));
    let names = [one.name(), two.name()];
    terminal.shows(&[&names[0], &names[1], "Targets"]);
    terminal.wait_for("the first target", |screen| row(screen, 0).contains(&names[0]));
    for name in [&names[1], &names[0]] {
        terminal.press("\t");
        terminal.wait_for("the other target", |screen| row(screen, 0).contains(name));
    }
    terminal.press("2");
    terminal.wait_for("the second target", |screen| row(screen, 0).contains(&names[1]));

    terminal.shows(&["1 min on this axis"]);
    terminal.press("[");
    terminal.shows(&["2 min on this axis"]);
    terminal.press("]]");
    terminal.shows(&["30 s on this axis"]);

    terminal.press(LEFT);
    terminal.wait_for("a cursor", |screen| row(screen, 0).contains(" s back "));
    terminal.press(END);
    terminal.wait_for("the present", |screen| !row(screen, 0).contains(" back "));
}

#[test]
fn a_breaker_that_opens_is_told_acknowledged_and_written_down() {
    let (folder, server) = (folder(), Watched::start());
    let terminal = Terminal::run(&watch(&folder, &[&server.url()], &[]));
    terminal.wait_for("calm", |screen| diagnosis(screen).contains("all is well"));
    server.change(|telling| telling.breaker = "open");
    terminal.wait_for("a diagnosis", |screen| diagnosis(screen).contains("breaker llm open"));
    terminal.shows(&["OPEN", "breaker-open fires", "a: acknowledge", "closed → open"]);
    terminal.press("a");
    terminal.shows(&["known: a circuit breaker is open", "1 alert acknowledged"]);

    terminal.press("e");
    let name = terminal.wait("the incident", |screen| {
        let notice = screen.contents();
        Some(notice.split_once("the incident is in ")?.1.split_whitespace().next()?.to_owned())
    });
    assert!(name.starts_with("incident_") && name.ends_with(".md"), "{name}");
    assert!(std::fs::read_to_string(folder.path().join(&name)).unwrap().contains("Incident"));

    server.change(|telling| telling.breaker = "closed");
    terminal.wait_for("calm again", |screen| diagnosis(screen).contains("all is well"));
    terminal.shows(&["closed → open", "open → closed", "breaker-open is over"]);
    terminal.press("/fires");
    terminal.shows(&["/fires_", "type to filter the log"]);
    terminal.shows_no("closed → open");
    terminal.press("\r");
    terminal.shows_no("/fires_");
    terminal.shows(&["/fires", "breaker-open fires"]);
    terminal.press(ESCAPE);
    terminal.shows(&["closed → open"]);
}

#[test]
fn colours_and_letters_are_what_the_terminal_can_show() {
    let (folder, server) = (folder(), Watched::telling(Telling { breaker: "open", ..well() }));
    let command = |args: &[&str], colourless: &str| {
        let mut command = watch(&folder, &[&server.url()], args);
        command.env("NO_COLOR", colourless);
        command
    };
    let screen = |command: &Command| {
        let terminal = Terminal::run(command);
        terminal.shows(&PANELS);
        terminal.shows(&["breaker-open"]);
        terminal.press("p");
        terminal.shows(&["FROZEN"]);
        terminal.screen()
    };
    let (colours, plain) = (screen(&command(&[], "")), screen(&command(&[], "1")));
    let letters = screen(&command(&["--ascii"], ""));
    let cells = |screen: &Screen| -> Vec<vt100::Cell> {
        let places = (0..30).flat_map(|row| (0..COLUMNS).map(move |column| (row, column)));
        places.filter_map(|(row, column)| screen.cell(row, column).cloned()).collect()
    };
    let coloured = |cell: &vt100::Cell| [cell.fgcolor(), cell.bgcolor()] != [vt100::Color::Default; 2];
    assert!(cells(&colours).iter().any(coloured));
    assert!(!cells(&plain).iter().any(coloured), "{}", plain.contents());
    let loud = cells(&plain).into_iter().filter(|cell| cell.bold() && cell.inverse());
    let loud: String = loud.map(|cell| cell.contents().to_owned()).collect();
    assert!(loud.contains("OPEN") && loud.contains("FROZEN"), "{loud}");
    assert!(!colours.contents().is_ascii());
    assert!(letters.contents().is_ascii(), "{}", letters.contents());
}

fn well() -> Telling {
    Telling { manner: Manner::Well, breaker: "closed", entries: "50", hits: "60" }
}

#[test]
fn one_look_is_a_table_or_json_with_an_exit_status() {
    let (folder, server) = (folder(), Watched::start());
    let url = server.url();
    let table = look(&folder, &["--url", &url]);
    let said = text(&table.stdout);
    assert_eq!(table.status.code(), Some(0), "{said}{}", text(&table.stderr));
    for wanted in ["condition", &server.name(), "healthy", "closed", "60 %", "2/10"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let told = json(&look(&folder, &["--json", "--url", &url]));
    assert_eq!(told["targets"][0]["figures"]["cache_fill"], 0.5, "{told:#}");
    assert_eq!(told["worst"], Value::Null);

    server.change(|telling| telling.entries = "95");
    let warned = look(&folder, &["--url", &url]);
    assert_eq!(warned.status.code(), Some(0), "a warning is no failure unless asked for");
    assert!(text(&warned.stdout).contains("ALERT warning cache-full"), "{}", text(&warned.stdout));
    assert_eq!(look(&folder, &["--fail-on", "warning", "--url", &url]).status.code(), Some(4));

    server.change(|telling| telling.breaker = "open");
    let open = look(&folder, &["--json", "--url", &url]);
    assert_eq!(open.status.code(), Some(4));
    let told = json(&open);
    assert_eq!((&told["worst"], &told["targets"][0]["figures"]["breaker_open"]), (&"critical".into(), &1.0.into()));
    assert!(text(&look(&folder, &["--url", &url]).stdout).contains("ALERT critical breaker-open"));
}

#[test]
fn who_cannot_be_asked_is_told() {
    let (folder, server) = (folder(), Watched::start());
    let down = look(&folder, &["--url", NOWHERE]);
    assert_eq!(down.status.code(), Some(4), "{}", text(&down.stderr));
    assert!(text(&down.stdout).contains("unreachable"), "{}", text(&down.stdout));

    let wrong = look(&folder, &["--url", "not a url"]);
    assert_eq!((wrong.status.code(), text(&wrong.stdout).as_str()), (Some(2), ""));
    assert!(text(&wrong.stderr).contains("\"not a url\" is no URL"), "{}", text(&wrong.stderr));

    let both = look(&folder, &["--url", "not a url", "--url", &server.url()]);
    let said = text(&both.stdout);
    assert_eq!(both.status.code(), Some(4), "{said}");
    assert!(said.contains("not a url is no URL") && said.contains(&server.name()), "{said}");

    // Whatever a server answers instead of its metrics: it is not watched, and CI has to know.
    for manner in [Manner::Status(404), Manner::Status(502), Manner::Page] {
        let other = Watched::answering(manner);
        let both = look(&folder, &["--url", &other.url(), "--url", &server.url()]);
        let said = text(&both.stdout);
        assert_eq!(both.status.code(), Some(4), "{said}");
        assert!(said.contains("ALERT critical unreachable"), "{said}");
    }
    std::fs::write(folder.path().join("rules.toml"), "builtin = false\n").unwrap();
    let nothing = look(&folder, &["--alerts", "rules.toml", "--url", NOWHERE]);
    assert_eq!(nothing.status.code(), Some(1), "no server told anything: {}", text(&nothing.stdout));
}

#[test]
fn bad_servers_do_no_harm_to_the_others() {
    let telling = |hits| Watched::telling(Telling { hits, ..well() });
    let bad = [
        (Watched::answering(Manner::Page), "a web page instead of metrics"),
        (Watched::answering(Manner::Status(401)), "put credentials into the URL"),
        (Watched::answering(Manner::Status(404)), "it has none of the metrics routes"),
        (Watched::answering(Manner::Status(500)), "answers HTTP 500"),
        (Watched::answering(Manner::Hang), "no answer within 2 s"),
        (Watched::answering(Manner::Huge), "more than 8 MiB"),
    ];
    let good = [
        telling("60"),
        telling("NaN"),
        telling("\"many\""),
        Watched::answering(Manner::Slow(Duration::from_millis(300))),
    ];
    let urls: Vec<String> = bad.iter().map(|(server, _)| server).chain(&good).map(Watched::url).collect();
    let mut args = vec!["--json", "--interval", "2s", "--url", NOWHERE];
    args.extend(urls.iter().flat_map(|url| ["--url", url]));
    let begin = Instant::now();
    let output = look(&folder(), &args);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    let told = json(&output);
    let targets = told["targets"].as_array().unwrap();
    assert_eq!((output.status.code(), targets.len()), (Some(4), 11));
    // Windows takes its time to say that nobody listens.
    let trouble = |number: usize| targets[number]["trouble"].as_str().unwrap_or_default();
    assert!(trouble(0).contains("does not answer") || trouble(0).contains("no answer within"), "{}", trouble(0));
    for (number, (_, wanted)) in bad.iter().enumerate() {
        assert!(trouble(number + 1).contains(wanted), "{wanted}: {}", trouble(number + 1));
        assert_eq!(targets[number + 1]["condition"], "unreachable");
    }
    for target in &targets[7..] {
        assert_eq!((&target["trouble"], &target["condition"]), (&Value::Null, &"healthy".into()), "{target:#}");
        assert_eq!(target["figures"]["cache_fill"], 0.5, "{target:#}");
    }
    let hits: Vec<&Value> = targets[7..].iter().map(|target| &target["figures"]["hit_rate"]).collect();
    assert_eq!(hits, [&0.6.into(), &Value::Null, &Value::Null, &0.6.into()]);
    let notes: Vec<String> = targets[7..].iter().map(|target| target["observation"]["notes"].to_string()).collect();
    assert_eq!(notes, ["[]", "[]", r#"["semantic-cache.hits is a text, a number is wanted"]"#, "[]"]);
}

#[test]
fn a_server_that_hangs_is_not_waited_for_longer_than_the_interval() {
    let (folder, hangs, well) = (folder(), Watched::answering(Manner::Hang), Watched::start());
    let args = ["--interval", "500ms", "--url", &hangs.url(), "--url", &well.url()];
    let told = Told::start(monitor(folder.path(), &args));
    told.until("who hangs", |line| line.contains(&hangs.name()) && line.contains("no answer within 500 ms"));
    told.until("who is well", |line| line.contains(&well.name()) && line.contains("all is well"));
    hangs.change(|telling| telling.manner = Manner::Well);
    told.until("who is back", |line| line.contains(&hangs.name()) && line.contains("all is well"));
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

#[test]
fn without_a_terminal_every_look_is_a_line() {
    let (folder, server) = (folder(), Watched::start());
    let args = ["--interval", "200ms", "--url", &server.url()];
    let told = Told::start(monitor(folder.path(), &args));
    for line in [told.line(), told.line()] {
        assert!(line.contains(&server.name()) && line.contains("breaker closed"), "{line}");
    }
    let told = Told::start(monitor(folder.path(), &[&args[..], &["--json"]].concat()));
    for line in [told.line(), told.line()] {
        let told: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&told["url"], &told["figures"]["cache_fill"]), (&server.url().into(), &0.5.into()));
    }
}

/// Records a breaker that opens and closes again.
fn record(folder: &TempDir, file: &str) -> Watched {
    let server = Watched::start();
    let args = ["--interval", "200ms", "--record", file, "--url", &server.url()];
    let told = Told::start(monitor(folder.path(), &args));
    for state in ["closed", "open", "closed"] {
        server.change(|telling| telling.breaker = state);
        told.until(state, |line| line.contains(&format!("breaker {state}, ")));
    }
    let status = told.stop();
    if cfg!(unix) {
        assert_eq!(status, Some(130));
    }
    server
}

#[test]
fn a_recording_tells_its_story_and_whether_an_alert_fired() {
    let folder = folder();
    for file in ["out.ndjson", "out.csv"] {
        let server = record(&folder, file);
        let story = look(&folder, &["--replay", file]);
        let said = text(&story.stdout);
        assert_eq!(story.status.code(), Some(4), "{file}: {said}{}", text(&story.stderr));
        let fired = said.find("ALERT critical").unwrap_or_else(|| panic!("{file}: {said}"));
        let over = said.find("breaker-open is over").unwrap_or_else(|| panic!("{file}: {said}"));
        assert!(fired < over && said.contains("breaker-open fires") && said.contains(&server.name()), "{said}");
        let told = json(&look(&folder, &["--json", "--replay", file]));
        assert_eq!((&told["worst"], &told["worst_ever"]), (&Value::Null, &"critical".into()), "{told:#}");

        // Rules can be tried on what was.
        std::fs::write(folder.path().join("rules.toml"), "builtin = false\n").unwrap();
        let quiet = look(&folder, &["--replay", file, "--alerts", "rules.toml"]);
        assert_eq!(quiet.status.code(), Some(0), "{}", text(&quiet.stdout));
        assert!(text(&quiet.stdout).contains("no alert fired in"), "{}", text(&quiet.stdout));
        let rule = "name = \"own\"\nseverity = \"critical\"\nwhen = \"cache_fill > 40%\"\ntext = \"x\"\n";
        let own = format!("builtin = false\n[[alert]]\n{rule}");
        std::fs::write(folder.path().join("rules.toml"), own).unwrap();
        let own = look(&folder, &["--replay", file, "--alerts", "rules.toml"]);
        assert_eq!(own.status.code(), Some(4), "{}", text(&own.stdout));
        assert!(text(&own.stdout).contains("own fires"), "{}", text(&own.stdout));

        // A crash costs the line that was being written.
        let bytes = std::fs::read(folder.path().join(file)).unwrap();
        std::fs::write(folder.path().join(file), &bytes[..bytes.len() - 20]).unwrap();
        let cut = look(&folder, &["--replay", file]);
        assert_eq!(cut.status.code(), Some(4), "{file}: {}{}", text(&cut.stdout), text(&cut.stderr));
    }
}

#[test]
fn a_recording_without_alerts_tells_how_long_it_is() {
    let folder = folder();
    record(&folder, "out.ndjson");
    let recorded = std::fs::read_to_string(folder.path().join("out.ndjson")).unwrap();
    let mut lines = recorded.lines();
    let (header, poll) = (lines.next().unwrap(), lines.next().unwrap());
    let mut poll: Value = serde_json::from_str(poll).unwrap();
    let mut calm = header.to_owned();
    for at in ["2026-01-01T00:00:00Z", "2026-01-01T00:02:05Z"] {
        poll["at"] = at.into();
        calm += &format!("\n{poll}");
    }
    std::fs::write(folder.path().join("calm.ndjson"), calm + "\n").unwrap();
    let output = look(&folder, &["--replay", "calm.ndjson"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("no alert fired in 2 polls, 2 min 5 s"), "{}", text(&output.stdout));
}

#[test]
fn a_recording_is_played_on_the_screen() {
    let folder = folder();
    let server = record(&folder, "out.ndjson");
    let command = monitor(folder.path(), &["--replay", "out.ndjson", "--speed", "100"]);
    let mut terminal = Terminal::run(&command);
    terminal.shows(&PANELS);
    terminal.shows(&["replay of out.ndjson", &server.name(), "the recording ends here", "closed → open"]);
    terminal.press("r");
    terminal.shows(&["this is a recording"]);
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn what_is_no_recording_is_told() {
    let folder = folder();
    std::fs::write(folder.path().join("notes.ndjson"), "{\"dear\": \"diary\"}\n").unwrap();
    std::fs::write(folder.path().join("notes.csv"), "dear,diary\n1,2\n").unwrap();
    std::fs::write(folder.path().join("empty.ndjson"), "").unwrap();
    for file in ["notes.ndjson", "notes.csv", "empty.ndjson", "missing.ndjson"] {
        for args in [&["--once"][..], &[]] {
            let output = monitor(folder.path(), &[args, &["--replay", file]].concat()).output().unwrap();
            assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""), "{file}");
            assert!(text(&output.stderr).contains(file), "{}", text(&output.stderr));
        }
    }
    let command = monitor(folder.path(), &["--once", "--replay", "x", "--url", NOWHERE]).output().unwrap();
    assert_eq!(command.status.code(), Some(2), "a recording or servers, not both");
    // What somebody else wrote is not recorded over.
    let kept = monitor(folder.path(), &["--record", "notes.ndjson", "--url", NOWHERE]).output().unwrap();
    assert_eq!(kept.status.code(), Some(1));
    assert!(text(&kept.stderr).contains("notes.ndjson"), "{}", text(&kept.stderr));
}

#[test]
fn a_wrong_rule_is_told_with_its_file_and_its_name() {
    let folder = folder();
    let rule = "[[alert]]\nname = \"mine\"\nseverity = \"critical\"\nwhen = \"hit_rat < 3\"\ntext = \"x\"\n";
    std::fs::write(folder.path().join("rules.toml"), rule).unwrap();
    let output = look(&folder, &["--url", NOWHERE, "--alerts", "rules.toml"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(["rules.toml", "mine", "hit_rat"].iter().all(|wanted| said.contains(wanted)), "{said}");
    assert_eq!(look(&folder, &["--url", NOWHERE, "--alerts", "missing.toml"]).status.code(), Some(2));
}

#[test]
fn credentials_are_used_and_never_shown() {
    const SECRETS: [&str; 3] = ["s3cret", "somebody", "c29tZWJvZHk6czNjcmV0"];
    let keeps = |text: &str| assert!(!SECRETS.iter().any(|secret| text.contains(secret)), "{text}");
    let (folder, server) = (folder(), Watched::start());
    let of = |place: &str| format!("http://somebody:s3cret@{place}");
    let url = of(&server.name());
    for args in [&["--url", &url][..], &["--json", "--url", &url]] {
        let output = look(&folder, args);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        keeps(&text(&output.stdout));
        keeps(&text(&output.stderr));
    }
    assert_eq!(server.stub.authorizations.lock().unwrap().first().unwrap(), "Basic c29tZWJvZHk6czNjcmV0");

    let mut terminal = Terminal::run(&watch(&folder, &[&url], &["--record", "out.ndjson"]));
    terminal.shows(&[&server.name(), "all is well"]);
    terminal.press("e");
    terminal.shows(&["the incident is in "]);
    terminal.press("q");
    assert_eq!(terminal.end().exit_code(), 0);
    keeps(&terminal.written());
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        keeps(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    // Not even when they are all that can be said.
    for wrong in [of("127.0.0.1:1"), of("127.0.0.1:99999"), of("a b"), "somebody:s3cret@127.0.0.1".to_owned()] {
        let output = look(&folder, &["--url", &wrong, "--url", &server.url()]);
        keeps(&text(&output.stdout));
        let output = look(&folder, &["--json", "--url", &wrong]);
        keeps(&text(&output.stdout));
        keeps(&text(&output.stderr));
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
    let begin = Instant::now();
    while asked.load(Ordering::Relaxed) < ENOUGH {
        assert!(begin.elapsed() < PATIENCE, "it does not ask");
        std::thread::sleep(Duration::from_millis(20));
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn one_look_can_be_recorded_too() {
    let (folder, server) = (folder(), Watched::start());
    let looked = look(&folder, &["--record", "looks.ndjson", "--url", &server.url()]);
    assert_eq!(looked.status.code(), Some(0), "{}", text(&looked.stderr));
    let report = ragctl(folder.path()).args(["report", "looks.ndjson"]).output().unwrap();
    assert!(text(&report.stdout).contains("| polls | 1, 1 answered"), "{}", text(&report.stdout));
}

/// The screen of the README: `fixtures/recordings/outage.ndjson`, recorded while its four commands ran, half a minute into
/// the outage.
#[test]
fn the_picture_in_the_readme_is_what_the_recording_shows() {
    use std::sync::Arc;

    use jiff::tz::TimeZone;
    use ragctl::monitor::{
        alerts::Rules,
        keys::Keymap,
        model::{Message, Model},
        view::{
            self, Look,
            theme::{Palette, Theme},
        },
    };
    use ratatui::{buffer::Buffer, layout::Rect};

    /// From the first poll to the picture.
    const INTO: Duration = Duration::from_millis(94_450);
    const AREA: Rect = Rect { x: 0, y: 0, width: 100, height: 30 };

    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut recording = Recording::open(&root.join("fixtures/recordings/outage.ndjson")).unwrap();
    let interval = Duration::from_secs_f64(recording.header().interval_seconds);
    let targets = recording.header().targets.clone();
    let mut model = Model::new(&targets, interval, Rules::builtin(), UnixMillis(0));
    let mut until: Option<UnixMillis> = None;
    for poll in recording.by_ref().map(Result::unwrap) {
        let until = *until.get_or_insert(poll.at + INTO);
        if poll.at > until {
            break;
        }
        let target = model.number_of(&poll.target);
        model.update(Message::Polled { target, at: poll.at, result: Box::new(poll.result) }, poll.at);
    }
    let now = until.unwrap();
    model.update(Message::Columns(view::plan(&model, AREA).layout.columns()), now);
    let look = Look {
        theme: Theme::new(Palette::Plain),
        zone: TimeZone::UTC,
        keys: Arc::new(Keymap::default()),
        replayed: None,
    };
    let mut buffer = Buffer::empty(AREA);
    view::render(&mut buffer, AREA, &model, &look, &view::plan(&model, AREA));
    let rows = buffer.content.chunks(usize::from(AREA.width));
    let picture: String =
        rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned() + "\n").collect();
    let readme = text(&std::fs::read(root.join("README.md")).unwrap());
    assert!(readme.contains(&format!("```text\n{picture}```\n")), "the README's picture is to be\n\n{picture}");
}
