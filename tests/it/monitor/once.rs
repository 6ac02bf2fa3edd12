//! One poll with an exit status, and lines without a terminal.

use super::*;

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
    let down = look(&folder, &["--url", nowhere()]);
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
    let nothing = look(&folder, &["--alerts", "rules.toml", "--url", nowhere()]);
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
    let mut args = vec!["--json", "--interval", "2s", "--url", nowhere()];
    args.extend(urls.iter().flat_map(|url| ["--url", url]));
    let output = look(&folder(), &args);
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

#[test]
fn a_wrong_rule_is_told_with_its_file_and_its_name() {
    let folder = folder();
    let rule = "[[alert]]\nname = \"mine\"\nseverity = \"critical\"\nwhen = \"hit_rat < 3\"\ntext = \"x\"\n";
    std::fs::write(folder.path().join("rules.toml"), rule).unwrap();
    let output = look(&folder, &["--url", nowhere(), "--alerts", "rules.toml"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(["rules.toml", "mine", "hit_rat"].iter().all(|wanted| said.contains(wanted)), "{said}");
    assert_eq!(look(&folder, &["--url", nowhere(), "--alerts", "missing.toml"]).status.code(), Some(2));
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
    for wrong in [
        of(nowhere().trim_start_matches("http://")),
        of("127.0.0.1:99999"),
        of("a b"),
        "somebody:s3cret@127.0.0.1".to_owned(),
    ] {
        let output = look(&folder, &["--url", &wrong, "--url", &server.url()]);
        keeps(&text(&output.stdout));
        let output = look(&folder, &["--json", "--url", &wrong]);
        keeps(&text(&output.stdout));
        keeps(&text(&output.stderr));
    }
}
