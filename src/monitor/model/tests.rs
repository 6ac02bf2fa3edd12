//! What the model makes of messages.

mod property;
mod reader;
mod screen;
mod upstreams;
mod words;

use std::time::Duration;

use super::{Action, Effect, Message, Model, event::EventKind, history::Row, target::Freshness};
use crate::observe::{CountSource, Field, Metric};
use crate::util::time::UnixMillis;
use crate::{
    monitor::{
        alerts::Rules,
        situations::{BOUNDS, EMBEDDER, INTERVAL, LLM, START, Sim, Step, watching},
    },
    observe::{Breaker, Cache, Health, Observation, Pool, Process, StateTransition, Traffic, Trouble},
    resilience::State::{self, Closed, HalfOpen, Open},
};

const MINUTES: fn(u64) -> Duration = |minutes| Duration::from_secs(minutes * 60);

/// So many seconds after the beginning.
fn after(seconds: i64) -> UnixMillis {
    UnixMillis(START.0 + seconds * 1_000)
}

fn watch() -> Model {
    watching(&["http://a:1"])
}

/// A server without alerts: none of them gets into the log.
fn calm(urls: &[&str]) -> Model {
    Model::new(urls, INTERVAL, Rules::parse("builtin = false").unwrap(), START)
}

fn asked(questions: f64) -> Observation {
    let traffic = Traffic { questions: Some(questions), ..Traffic::default() };
    Observation { traffic: Some(traffic), ..Observation::default() }
}

fn breaker(state: State, history: &[(i64, State, State, &str)]) -> Observation {
    let turn = |(at, from, to, reason): &(i64, State, State, &str)| StateTransition {
        at: after(*at).0 as f64 / 1e3,
        from: *from,
        to: *to,
        reason: (*reason).to_owned(),
    };
    let history: Vec<StateTransition> = history.iter().map(turn).collect();
    let transitions = Some(history.len() as f64);
    let breaker = Breaker { state: Some(state), history, transitions, ..Breaker::default() };
    Observation { breakers: [(LLM.to_owned(), breaker)].into(), ..Observation::default() }
}

fn tell(model: &mut Model, target: usize, seconds: i64, seen: Observation) -> Vec<Effect> {
    let at = after(seconds);
    model.update(Message::Polled { target, at, result: Box::new(Ok(seen)) }, at)
}

fn fail(model: &mut Model, target: usize, seconds: i64) -> Vec<Effect> {
    let at = after(seconds);
    let trouble = Trouble::Unreachable("connection refused".to_owned());
    model.update(Message::Polled { target, at, result: Box::new(Err(trouble)) }, at)
}

fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    model.update(Message::Act(action), model.now())
}

fn last(model: &Model) -> Row {
    *model.targets[0].history.last().unwrap()
}

/// The log, oldest first.
fn texts(model: &Model) -> Vec<String> {
    model.log.events().map(|event| event.text.clone()).collect()
}

#[test]
fn counters_become_differences() {
    let mut model = watch();
    tell(&mut model, 0, 0, asked(1_000.0));
    assert_eq!(last(&model).get(Field::Questions), None, "nobody knows over how long the first was counted");
    tell(&mut model, 0, 30, asked(1_060.0));
    assert_eq!((last(&model).get(Field::Questions), last(&model).rate(Field::Questions)), (Some(60.0), Some(2.0)));
    tell(&mut model, 0, 60, asked(1_060.0));
    assert_eq!(last(&model).get(Field::Questions), Some(0.0));
    let total = super::history::sum(model.targets[0].history.rows()).unwrap();
    assert_eq!((total.get(Field::Questions), model.targets[0].polls), (Some(60.0), [3, 0]));
}

#[test]
fn a_restart_is_noticed_by_any_sign_of_it() {
    let with = |questions, started: Option<f64>, uptime_seconds| Observation {
        process: started.map(|at| Process { started: Some(at), ..Process::default() }),
        health: Some(Health { uptime_seconds, ..Health::default() }),
        ..asked(questions)
    };
    let pairs = [
        (with(5_000.0, Some(1e9), None), with(40.0, Some(2e9), None)),
        (with(5_000.0, None, Some(900.0)), with(40.0, None, Some(12.0))),
        (with(5_000.0, None, None), with(40.0, None, None)),
        // It counts more than the old process did: only its start tells that it is another one.
        (with(30.0, Some(1e9), Some(10.0)), with(40.0, Some(2e9), Some(12.0))),
    ];
    for (before, now) in pairs {
        let mut model = watch();
        let uptime = now.health.as_ref().and_then(|health| health.uptime_seconds);
        tell(&mut model, 0, 0, before);
        tell(&mut model, 0, 30, now);
        let row = last(&model);
        assert_eq!((row.restarted, row.get(Field::Questions), model.targets[0].restarts), (true, Some(40.0), 1));
        let ago = if uptime.is_some() { ", 12 s ago" } else { "" };
        assert_eq!(texts(&model), [format!("was restarted{ago}; its counters begin anew")]);
        let rate = if uptime.is_some() { 40.0 / 12.0 } else { 40.0 / 30.0 };
        assert!((row.rate(Field::Questions).unwrap() - rate).abs() < 1e-3, "counted since it started");
    }
}

#[test]
fn a_counter_that_goes_back_alone_is_no_restart() {
    let cache = |hits| {
        let told = Cache { hits: Some(hits), misses: Some(10.0), ..Cache::default() };
        Observation { cache: Some(told), ..asked(5.0) }
    };
    let mut model = watch();
    tell(&mut model, 0, 0, cache(1_000.0));
    tell(&mut model, 0, 30, cache(7.0));
    assert_eq!((last(&model).restarted, last(&model).get(Field::Hits)), (false, Some(7.0)));
}

#[test]
fn a_server_that_runs_on_was_not_restarted() {
    let mut model = watch();
    let mut sim = Sim::new(START, INTERVAL);
    for index in 0..40 {
        let told = sim.poll(&Step::usual(index));
        model.update(Message::Polled { target: 0, at: sim.now, result: Box::new(Ok(told)) }, sim.now);
    }
    assert_eq!((model.targets[0].restarts, model.log.events().len()), (0, 0));
    sim.restart(sim.now + Duration::from_secs(20));
    let told = sim.poll(&Step { questions: 50.0, ..Step::usual(40) });
    model.update(Message::Polled { target: 0, at: sim.now, result: Box::new(Ok(told)) }, sim.now);
    assert_eq!((model.targets[0].restarts, last(&model).get(Field::Questions)), (1, Some(50.0)));
    assert_eq!(last(&model).covered, 10_000);
    assert_eq!(texts(&model), ["was restarted, 10 s ago; its counters begin anew"]);
}

#[test]
fn a_time_without_answers_is_a_gap_and_what_came_of_it_is_spread_over_it() {
    let mut model = watch();
    for poll in 0..4 {
        tell(&mut model, 0, poll * 30, asked(poll as f64 * 30.0));
    }
    for poll in 4..8 {
        fail(&mut model, 0, poll * 30);
    }
    assert_eq!((model.targets[0].freshness(model.now()), model.targets[0].failed_polls), (Freshness::Silent, 4));
    assert_eq!(model.silent().into_iter().collect::<Vec<_>>(), [0]);
    tell(&mut model, 0, 240, asked(240.0));
    let columns = model.targets[0].history.columns(after(0), after(240), 8);
    let told: Vec<bool> = columns.iter().map(|column| column.is_some_and(|row| !row.silent)).collect();
    assert_eq!(told, [true, true, true, false, false, false, false, true]);
    assert_eq!(last(&model).rate(Field::Questions), Some(1.0), "150 of 150 seconds, not of 30");
    assert_eq!(model.targets[0].polls, [9, 4]);
    let [silent, critical, back, over] = &texts(&model)[..] else { panic!("{:?}", texts(&model)) };
    assert_eq!(silent, "does not answer (connection refused)", "said once, not with every poll");
    assert!(critical.starts_with("unreachable fires"), "{critical}");
    assert_eq!(
        (back.as_str(), over.as_str()),
        ("tells its metrics again, after 2 min", "unreachable is over after 1 min 30 s")
    );
}

#[test]
fn polls_that_are_missing_are_a_gap_too() {
    let mut model = watch();
    for seconds in [0, 30, 60, 300, 330] {
        tell(&mut model, 0, seconds, asked(seconds as f64));
    }
    let columns = model.targets[0].history.columns(after(0), after(330), 11);
    let known: Vec<usize> = (0..11).filter(|at| columns[*at].is_some()).collect();
    assert_eq!(known, [0, 1, 9, 10]);
    assert!(columns.iter().flatten().all(|row| row.rate(Field::Questions) == Some(1.0)));
}

#[test]
fn a_target_grows_stale_when_it_is_not_heard() {
    let mut model = watch();
    assert_eq!(model.targets[0].freshness(START), Freshness::Awaited);
    tell(&mut model, 0, 0, asked(1.0));
    let fresh = |seconds| model.targets[0].freshness(after(seconds));
    assert_eq!([0, 60, 76, 77].map(fresh), [Freshness::Fresh, Freshness::Fresh, Freshness::Fresh, Freshness::Stale]);
}

#[test]
fn what_a_server_does_not_tell_stays_unknown() {
    let mut model = watch();
    for poll in 0..3 {
        let pool = Pool { requests: Some(f64::from(poll)), ..Pool::default() };
        let seen = Observation { pool: Some(pool), ..Observation::default() };
        tell(&mut model, 0, i64::from(poll) * 30, seen);
    }
    let row = last(&model);
    assert_eq!(row.get(Field::Requests), Some(1.0));
    for field in [Field::Questions, Field::Hits, Field::Waiting, Field::InUse, Field::Fill, Field::P95, Field::Cpu] {
        assert_eq!((row.get(field), row.rate(field)), (None, None), "{field:?}");
    }
    let target = &model.targets[0];
    for metric in Metric::ALL.iter().copied() {
        let known = matches!(metric, Metric::Unreachable | Metric::FailedPolls);
        let told = target.metric(metric, MINUTES(5), model.now());
        assert_eq!(told, known.then_some(0.0), "{metric}");
    }
}

#[test]
fn a_field_that_comes_late_does_not_come_all_at_once() {
    let mut model = watch();
    tell(&mut model, 0, 0, Observation { traffic: None, ..asked(0.0) });
    tell(&mut model, 0, 30, asked(1_000_000.0));
    assert_eq!(last(&model).get(Field::Questions), None);
    tell(&mut model, 0, 60, asked(1_000_006.0));
    assert_eq!(last(&model).get(Field::Questions), Some(6.0));
}

#[test]
fn the_clock_of_a_server_is_corrected() {
    let mut model = calm(&["http://a:1"]);
    // An hour ahead: what happened there at 3620 happened here at 20.
    let told = |clock: i64, seen: Observation| Observation { clock: Some(after(clock).0 as f64 / 1e3), ..seen };
    tell(&mut model, 0, 0, told(3_600, breaker(Closed, &[])));
    tell(&mut model, 0, 30, told(3_630, breaker(Open, &[(3_620, Closed, Open, "why")])));
    assert_eq!(
        texts(&model),
        ["its clock is 1 h ahead of ours; its times are shown in ours", "breaker: closed → open: why"]
    );
    assert_eq!(model.log.events().next_back().unwrap().at, after(20));
    assert_eq!(model.targets[0].breakers[LLM].since(after(30)), Some(after(20)));
    // Its clock is set right: what was told before is not told again at another time.
    tell(&mut model, 0, 60, told(60, breaker(Open, &[(3_620, Closed, Open, "why")])));
    assert_eq!(texts(&model)[2..], ["its clock is as ours again"]);
    assert_eq!(model.targets[0].breakers[LLM].changes().count(), 2);
}

#[test]
fn a_slow_answer_is_not_a_slow_clock() {
    let mut model = calm(&["http://a:1"]);
    let history = [(-100, Closed, Open, "why"), (-70, Open, HalfOpen, "30 s passed")];
    for (seconds, took) in [(0, 5.0), (30, 4_500.0), (60, 5.0)] {
        let clock = Some((after(seconds).0 as f64 - took) / 1e3);
        tell(&mut model, 0, seconds, Observation { clock, took_ms: Some(took), ..breaker(HalfOpen, &history) });
    }
    assert_eq!(texts(&model), ["breaker: closed → open: why", "breaker: open → half-open: 30 s passed"]);
}

#[test]
fn what_happened_between_polls_is_told_once_and_in_its_place() {
    let mut model = calm(&["http://a:1"]);
    tell(&mut model, 0, 0, breaker(Closed, &[]));
    let history = [
        (4, Closed, Open, "5 consecutive failures"),
        (10, Open, HalfOpen, "6 s passed"),
        (10, HalfOpen, Closed, "2 successful probes"),
    ];
    for seconds in [30, 60, 90] {
        tell(&mut model, 0, seconds, breaker(Closed, &history));
    }
    assert_eq!(
        texts(&model),
        [
            "breaker: closed → open: 5 consecutive failures",
            "breaker: open → half-open: 6 s passed",
            "breaker: half-open → closed: 2 successful probes",
        ]
    );
    let events: Vec<_> = model.log.events().map(|event| (event.at, event.kind)).collect();
    assert_eq!(
        events,
        [
            (after(4), EventKind::Breaker(Open)),
            (after(10), EventKind::Breaker(HalfOpen)),
            (after(10), EventKind::Breaker(Closed)),
        ]
    );
    let state = |seconds| model.targets[0].state_at(after(seconds));
    assert_eq!([3, 5, 11, 90, 91].map(state), [Some(Closed), Some(Open), Some(Closed), Some(Closed), None]);
}

#[test]
fn a_server_without_history_shows_what_polls_saw() {
    let mut model = calm(&["http://a:1"]);
    let plain = |state| {
        let mut seen = breaker(state, &[]);
        seen.breakers.values_mut().for_each(|breaker| breaker.transitions = None);
        seen.breakers.insert(EMBEDDER.to_owned(), Breaker { state: Some(Closed), ..Breaker::default() });
        seen
    };
    for (poll, state) in [Closed, Open, Open, HalfOpen, Closed].into_iter().enumerate() {
        tell(&mut model, 0, poll as i64 * 30, plain(state));
    }
    assert_eq!(
        texts(&model),
        ["ollama_client: closed → open", "ollama_client: open → half-open", "ollama_client: half-open → closed"]
    );
    // What happened while nobody looked is not made up.
    tell(&mut model, 0, 600, plain(Open));
    assert_eq!(model.targets[0].state_at(after(300)), None);
    assert_eq!(texts(&model).len(), 3);
}

#[test]
fn a_breaker_of_another_process_is_another_breaker() {
    let mut model = calm(&["http://a:1"]);
    let of =
        |started, seen| Observation { process: Some(Process { started: Some(started), ..Process::default() }), ..seen };
    tell(&mut model, 0, 0, of(1e9, breaker(Open, &[(-5, Closed, Open, "old")])));
    tell(&mut model, 0, 30, of(2e9, breaker(Open, &[(25, Closed, Open, "new")])));
    let state = |seconds| model.targets[0].state_at(after(seconds));
    assert_eq!([0, 10, 26].map(state), [None, None, Some(Open)], "when it ended is not known");
    assert_eq!(
        texts(&model),
        ["breaker: closed → open: old", "breaker: closed → open: new", "was restarted; its counters begin anew"]
    );
}

#[test]
fn a_server_cannot_command_the_terminal() {
    let mut model = calm(&["http://a:1\u{7}"]);
    let evil = "\u{1b}]0;owned\u{7}\u{9b}2J\r\n";
    let mut seen = breaker(Open, &[(-5, Closed, Open, evil)]);
    seen.breakers.insert(evil.to_owned(), Breaker { state: Some(Open), ..Breaker::default() });
    seen.health = Some(Health { status: Some(evil.to_owned()), ..Health::default() });
    seen.notes.push(evil.to_owned());
    tell(&mut model, 0, 0, seen.clone());
    model.update(Message::Say(evil.to_owned()), model.now());
    let notice = model.notice().unwrap().to_owned();
    let (_, open) = model.diagnosis();
    seen.breakers.clear();
    tell(&mut model, 0, 30, seen);
    let (_, unwell) = model.diagnosis();
    fail(&mut model, 0, 60);
    let (_, silent) = model.diagnosis();
    for text in texts(&model).iter().chain([&notice, &open, &unwell, &silent]) {
        assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
    }
}

#[test]
fn what_could_not_be_read_is_noted_once() {
    let mut model = calm(&["http://a:1"]);
    let noted = |note: &str| Observation { notes: vec![note.to_owned()], ..asked(1.0) };
    for (poll, note) in ["a is odd", "a is odd", "b is odd"].into_iter().enumerate() {
        tell(&mut model, 0, poll as i64 * 30, noted(note));
    }
    assert_eq!(texts(&model), ["a is odd", "b is odd"]);
}

#[test]
fn a_critical_alert_rings_and_others_do_not() {
    let mut model = watch();
    let failing = |failures| {
        let mut seen = breaker(Closed, &[]);
        seen.breakers.values_mut().for_each(|breaker| breaker.consecutive_failures = Some(failures));
        seen
    };
    assert_eq!(tell(&mut model, 0, 0, failing(5.0)), []);
    assert_eq!(texts(&model), ["consecutive-failures fires (consecutive_failures is 5)"]);
    assert_eq!(fail(&mut model, 0, 30), [], "once is chance");
    assert_eq!(fail(&mut model, 0, 60), [Effect::Bell]);
    assert_eq!(fail(&mut model, 0, 90), [], "it rings once");
    tell(&mut model, 0, 120, failing(0.0));
    assert_eq!(tell(&mut model, 0, 150, breaker(Open, &[(140, Closed, Open, "why")])), [Effect::Bell]);
    let of = |kind: fn(&EventKind) -> bool| model.log.events().filter(|event| kind(&event.kind)).count();
    assert_eq!((of(|kind| matches!(kind, EventKind::Fired(_))), of(|kind| *kind == EventKind::Cleared)), (3, 2));
}

#[test]
fn one_look_has_to_do_when_there_is_only_one() {
    let waiting = || Observation { pool: Some(Pool { waiting: Some(3.0), ..Pool::default() }), ..asked(1.0) };
    let mut patient = watch();
    tell(&mut patient, 0, 0, waiting());
    assert!(patient.alerts.active().is_empty());
    let mut once = watch().once();
    tell(&mut once, 0, 0, waiting());
    assert_eq!(once.alerts.active().len(), 1);
}

#[test]
fn a_message_about_a_target_that_is_not_there_changes_nothing() {
    let mut model = watch();
    assert_eq!(tell(&mut model, 7, 0, asked(1.0)), []);
    assert_eq!(tell(&mut model, usize::MAX, 0, asked(1.0)), []);
    assert_eq!((model.polls, model.log.events().len()), (0, 0));
    assert_eq!(
        (model.number_of("http://a:1"), model.number_of("http://b:1"), model.number_of("http://b:1")),
        (0, 1, 1)
    );
    tell(&mut model, 1, 30, asked(1.0));
    assert_eq!((model.targets[1].name.as_str(), model.targets[1].polls), ("b:1", [1, 0]));
}

#[test]
fn time_never_goes_backwards() {
    let mut model = watch();
    tell(&mut model, 0, 100, asked(100.0));
    tell(&mut model, 0, 40, asked(140.0));
    assert_eq!(model.now(), after(100));
    tell(&mut model, 0, 130, asked(170.0));
    assert_eq!((model.targets[0].history.rows().len(), last(&model).get(Field::Questions)), (2, Some(30.0)));
}

#[test]
fn the_simulated_histogram_has_the_bounds_of_a_real_server() {
    let metrics = crate::telemetry::Metrics::new();
    metrics.announce(&"default".parse().unwrap(), &["ollama"], &[("ollama", "m")], &["llm_unavailable"]);
    let seen = Observation::of_bodies(&[("/metrics", metrics.render().into())]);
    let bounds: Vec<f64> = seen.traffic.unwrap().latency.unwrap().buckets.iter().map(|bucket| bucket.0).collect();
    assert_eq!(bounds, BOUNDS);
}
