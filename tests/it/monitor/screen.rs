//! The screen in a real terminal: panels, keys, colours, sizes.

use super::*;
use ragctl::observe::record::Recording;

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
