//! What is to be seen of a little hour, counted by hand.

use std::time::Duration;

use super::*;
use crate::{
    monitor::{
        alerts::Rules,
        model::{Action, Message},
        report::tests::assert_whole,
    },
    observe::{Breaker, Cache, EndpointMetrics, Health, PercentilesMs, Pool, StateTransition, Traffic, Trouble},
};

/// 2026-11-21T15:00:00Z.
const START: i64 = 1_795_273_200_000;

fn at(second: u64) -> UnixMillis {
    UnixMillis(START) + Duration::from_secs(second)
}

/// What a server tells at a second: 2 questions a second, half of them from the cache.
fn seen(second: u64, name: &str, state: State) -> Observation {
    let n = second as f64;
    let open = state == State::Open;
    let turn = StateTransition {
        at: START as f64 / 1e3 + 600.0,
        from: State::Closed,
        to: State::Open,
        reason: name.to_owned(),
    };
    let breaker = Breaker {
        state: Some(state),
        calls: Some(n),
        failures: Some(0.0),
        rejected: Some(0.0),
        transitions: Some(if open { 1.0 } else { 0.0 }),
        consecutive_failures: Some(if open { 5.0 } else { 0.0 }),
        retry_after_seconds: open.then_some(12.0),
        history: if open { vec![turn] } else { Vec::new() },
        ..Breaker::default()
    };
    let times = PercentilesMs { p50: Some(100.0), p95: Some(900.0), p99: None };
    let endpoint = EndpointMetrics { requests: Some(n), errors: Some(0.0), latency_ms: times };
    Observation {
        health: Some(Health {
            status: Some("healthy".into()),
            version: Some(name.to_owned()),
            uptime_seconds: Some(n + 60.0),
            cpu_percent: Some(50.0),
            ..Health::default()
        }),
        breakers: [(name.to_owned(), breaker)].into(),
        pool: Some(Pool {
            maxsize: Some(10.0),
            requests: Some(n),
            opened: Some(0.0),
            in_use: Some(4.0),
            idle: Some(2.0),
            waiting: Some(0.0),
            endpoints: [(name.to_owned(), endpoint)].into(),
            ..Pool::default()
        }),
        cache: Some(Cache {
            hits: Some(n),
            exact: Some(n),
            semantic: Some(0.0),
            misses: Some(n),
            size: Some(500.0),
            max_size: Some(1_000.0),
            fill: Some(0.5),
            ..Cache::default()
        }),
        traffic: Some(Traffic {
            questions: Some(2.0 * n),
            errors: Some(0.0),
            degraded: Some(0.0),
            latency: None,
            ..Traffic::default()
        }),
        ..Observation::default()
    }
}

/// Ten minutes of peace, then its breaker is open for two, with three polls in between that get lost.
fn model(name: &str) -> Model {
    let urls = ["http://a:8000".to_owned(), format!("http://{name}:8000")];
    let mut model = Model::new(&urls, Duration::from_secs(10), Rules::builtin(), at(0));
    for second in (0..=720).step_by(10) {
        for (target, url) in urls.iter().enumerate() {
            let state = if second >= 600 && target == 0 { State::Open } else { State::Closed };
            let lost = (640..670).contains(&second) && target == 0;
            let result = match lost {
                true => Err(Trouble::Unreachable(format!("{url} refused"))),
                false => Ok(seen(second, name, state)),
            };
            model.update(Message::Polled { target, at: at(second), result: Box::new(result) }, at(second));
        }
    }
    model
}

fn page(model: &Model) -> String {
    incident(model, &TimeZone::UTC)
}

#[track_caller]
fn assert_lines(page: &str, lines: &[&str]) {
    for line in lines {
        assert!(page.lines().any(|found| found == *line), "{line:?} is missing in\n{page}");
    }
}

#[test]
fn the_present_is_told_as_the_panels_show_it() {
    let page = page(&model("llm"));
    assert_lines(
        &page,
        &[
            "# Incident: a:8000, 2026-11-21 15:12:00 UTC",
            "| breaker | llm | **open**, for 2 min, since 2026-11-21 15:10:00 UTC, 1 trip, next probe in 12 s |",
            "| cache | hit rate | 50 % |",
            "| cache | look-ups a minute | 120 |",
            "| cache | entries | 500 of 1,000 |",
            "| cache | evictions a minute | n/a |",
            "| pool | in use | 4 of 10 |",
            "| pool | llm | 720 requests, 0 errors, p50 100 ms, p95 900 ms, p99 n/a |",
            "| answers | questions a second | 2 |",
            "| answers | p95 | n/a |",
            "| system | cpu | 50 % |",
            "| system | up | 13 min |",
            "- **llm:8000**: breaker closed, 2 questions/s, 0 % degraded, 50 % cache hits, p95 n/a, 0 waiting",
            "| **15:11:50** ◀ | open | 2 | 0 % | 50 % | n/a | 4 | 0 |  |",
            "| 15:10:40 | – | – | – | – | – | – | – | no answer |",
        ],
    );
    assert!(page.contains("| 2026-11-21 15:10:00 UTC | a:8000 | breaker: closed → open: llm |"), "{page}");
    insta::assert_snapshot!("incident", page);
}

#[test]
fn the_cursor_says_of_which_moment_the_figures_are() {
    let mut model = model("llm");
    model.update(Message::Columns(60), at(720));
    // A window of ten minutes: a column is ten seconds.
    model.update(Message::Act(Action::Step(-30)), at(720));
    let page = page(&model);
    assert_lines(
        &page,
        &[
            "# Incident: a:8000, 2026-11-21 15:07:00 UTC",
            "## Figures at 2026-11-21 15:07:00 UTC",
            "| breaker | llm | closed, for 7 min, since 2026-11-21 15:00:00 UTC, 0 trips |",
            "| pool | in use | 4 |",
            "## Alerts that fire at 2026-11-21 15:12:00 UTC",
        ],
    );
    assert!(page.contains("The cursor stands 5 min before the last news."), "{page}");
    assert!(page.contains("** ◀ | closed | 2 |"), "{page}");
}

#[test]
fn what_is_not_known_and_what_got_lost_is_called_so() {
    let mut model = model("llm");
    model.update(Message::Act(Action::Step(0)), at(720));
    for (second, said) in [(650, "There was no answer."), (720, "| system | cpu | 50 % |")] {
        model.window.put(at(second), at(720));
        assert!(page(&model).contains(said), "{said}");
    }
    model.update(Message::Tick, at(5_000));
    model.window.follow();
    assert!(page(&model).contains("Nothing is known about this moment."));
    let none = Model::new(&[] as &[&str], Duration::from_secs(1), Rules::builtin(), at(0));
    assert_eq!(page(&none), "# Incident: nothing is watched\n");
}

#[test]
fn a_restart_and_a_gap_are_marked() {
    let mut model = Model::new(&["http://a"], Duration::from_secs(10), Rules::builtin(), at(0));
    for second in [400, 410, 420, 500, 510, 520] {
        let mut told = seen(second, "llm", State::Closed);
        if second >= 510 {
            told = seen(second - 500, "llm", State::Closed);
        }
        model.update(Message::Polled { target: 0, at: at(second), result: Box::new(Ok(told)) }, at(second));
    }
    let page = page(&model);
    assert!(page.lines().any(|line| line.starts_with("| 15:08:20 |") && line.ends_with("| restarted |")), "{page}");
    assert_lines(&page, &["| 15:07:30 | – | – | – | – | – | – | – | not asked |"]);
}

#[test]
fn of_a_long_log_the_nearest_events_are_shown() {
    let mut model = model("llm");
    for number in 0..500 {
        model.log.add(Event::own(at(300) + Duration::from_millis(number), "x"));
    }
    let page = page(&model);
    assert_eq!(page.lines().filter(|line| line.starts_with("| 2026-")).count(), EVENTS);
    assert!(page.contains("0 events after are left out."), "{page}");
}

#[test]
fn a_hostile_server_does_not_break_out() {
    let evil = "# EVIL | a |\n# EVIL `x` <script>alert(1)</script> ![x](http://y) \\| \u{202e}\u{1b}[2J @all";
    let mut model = model(evil);
    for _ in 0..2 {
        let page = page(&model);
        assert!(page.contains("EVIL"));
        assert_whole(&page);
        model.update(Message::Act(Action::NextTarget), at(720));
    }
}

#[test]
fn the_file_is_named_by_its_moment() {
    assert_eq!(file_name(at(260), &TimeZone::UTC), "incident_20261121_150420.md");
    assert_eq!(file_name(UnixMillis(i64::MAX), &TimeZone::UTC), "incident_of_no_time.md");
}
