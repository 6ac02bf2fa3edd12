//! Recordings: written, replayed, judged.

use super::*;

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
    let command = monitor(folder.path(), &["--once", "--replay", "x", "--url", nowhere()]).output().unwrap();
    assert_eq!(command.status.code(), Some(2), "a recording or servers, not both");
    // What somebody else wrote is not recorded over.
    let kept = monitor(folder.path(), &["--record", "notes.ndjson", "--url", nowhere()]).output().unwrap();
    assert_eq!(kept.status.code(), Some(1));
    assert!(text(&kept.stderr).contains("notes.ndjson"), "{}", text(&kept.stderr));
}

#[test]
fn one_look_can_be_recorded_too() {
    let (folder, server) = (folder(), Watched::start());
    let looked = look(&folder, &["--record", "looks.ndjson", "--url", &server.url()]);
    assert_eq!(looked.status.code(), Some(0), "{}", text(&looked.stderr));
    let report = ragctl(folder.path()).args(["report", "looks.ndjson"]).output().unwrap();
    assert!(text(&report.stdout).contains("| polls | 1, 1 answered"), "{}", text(&report.stdout));
}
