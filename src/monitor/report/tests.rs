//! Little recordings whose numbers can be counted by hand: an hour, a poll every 30 s, 10 questions between two polls.

mod availability;
mod upstreams;

use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{goals::GoalStatus, *};
use crate::observe::record::{Header, Poll, SCHEMA};
use crate::util::time::UnixMillis;
use crate::{
    monitor::alerts::{Condition, Rules},
    observe::{Breaker, Cache, Field, Health, Histogram, Observation, Pool, Process, Traffic, Trouble},
    resilience::State,
};

/// 2026-11-21T15:00:00Z.
const START: i64 = 1_795_273_200_000;
const URL: &str = "http://a:8000";

/// When a poll is.
fn at(number: u32) -> UnixMillis {
    UnixMillis(START) + Duration::from_secs(30) * number
}

fn header(interval_seconds: f64) -> Header {
    Header {
        schema: SCHEMA,
        program: "ragctl".into(),
        version: "0.1.0".into(),
        started: UnixMillis(START),
        interval_seconds,
        targets: Vec::new(),
    }
}

/// What a server tells that has been well for so many polls.
fn well(polls: u32) -> Observation {
    let n = f64::from(polls);
    let breaker = Breaker {
        state: Some(State::Closed),
        calls: Some(6.0 * n),
        failures: Some(0.0),
        rejected: Some(0.0),
        consecutive_failures: Some(0.0),
        failure_threshold: Some(5.0),
        ..Breaker::default()
    };
    let latency = Histogram { buckets: vec![(0.5, 5.0 * n), (1.0, 9.0 * n), (2.0, 10.0 * n)], count: 10.0 * n };
    Observation {
        health: Some(Health { version: Some("1.0".into()), cpu_percent: Some(60.0), ..Health::default() }),
        breakers: [("llm".to_owned(), breaker)].into(),
        pool: Some(Pool {
            maxsize: Some(10.0),
            requests: Some(6.0 * n),
            opened: Some(f64::from(polls / 10)),
            in_use: Some(3.0),
            idle: Some(1.0),
            waiting: Some(0.0),
            ..Pool::default()
        }),
        cache: Some(Cache {
            hits: Some(4.0 * n),
            exact: Some(3.0 * n),
            semantic: Some(n),
            misses: Some(6.0 * n),
            refused: Some(n),
            evictions: Some(0.0),
            max_size: Some(1_000.0),
            fill: Some(0.25),
            ..Cache::default()
        }),
        traffic: Some(Traffic {
            questions: Some(10.0 * n),
            errors: Some(0.0),
            degraded: Some(0.0),
            latency: Some(latency),
            ..Traffic::default()
        }),
        ..Observation::default()
    }
}

fn breaker(seen: &mut Observation) -> &mut Breaker {
    seen.breakers.get_mut("llm").unwrap()
}

fn poll(number: u32, result: Result<Observation, Trouble>) -> Poll {
    Poll { at: at(number), target: URL.to_owned(), result }
}

fn hour(told: impl Fn(u32) -> Result<Observation, Trouble>) -> Vec<Poll> {
    (0..=120).map(|number| poll(number, told(number))).collect()
}

fn report_of(polls: &[Poll], given: &[&str]) -> DeploymentReport {
    let mut builder = ReportBuilder::new(Rules::builtin());
    builder.open("week.ndjson", &header(30.0));
    for poll in polls {
        builder.take(poll);
    }
    builder.close(false, 0);
    let given: Vec<Condition> = given.iter().map(|text| text.parse().unwrap()).collect();
    builder.finish(&given).unwrap()
}

fn page(report: &DeploymentReport) -> String {
    markdown(report, &[], &TimeZone::UTC)
}

#[track_caller]
fn assert_lines(page: &str, lines: &[&str]) {
    for line in lines {
        assert!(page.lines().any(|found| found == *line), "{line:?} is missing in\n{page}");
    }
}

/// Its LLM is down from 15:30:00 to 15:35:00: the breaker opens, half of the answers are degraded.
fn outage(number: u32) -> Result<Observation, Trouble> {
    let mut seen = well(number);
    // Polls 60 to 69 see it open; the ten rows that end with the polls 61 to 70 tell what came of it.
    let bad = f64::from(number.clamp(60, 70) - 60);
    let breaker = breaker(&mut seen);
    breaker.calls = breaker.calls.map(|calls| calls - 6.0 * bad);
    breaker.rejected = Some(6.0 * bad);
    breaker.failures = Some(if number >= 60 { 5.0 } else { 0.0 });
    if (60..70).contains(&number) {
        breaker.state = Some(State::Open);
        breaker.consecutive_failures = Some(5.0);
    }
    seen.traffic.as_mut().unwrap().degraded = Some(5.0 * bad);
    Ok(seen)
}

#[test]
fn a_healthy_hour_is_kept() {
    let report = report_of(&hour(|number| Ok(well(number))), &[]);
    let server = &report.servers[0];
    assert_eq!(server.polls, [121, 0]);
    assert_eq!(server.counts.get(Field::Questions), Some(1_200.0));
    assert_eq!(report.advice(&[]).what, Recommendation::Keep);
    assert!(report.missed().is_empty());
    assert_lines(
        &page(&report),
        &[
            "# Deployment report: a:8000",
            "**Recommendation: keep.** All targets that can be judged were met, and nothing went wrong in 1 h.",
            "| from | 2026-11-21 15:00:00 UTC |",
            "| to | 2026-11-21 16:00:00 UTC |",
            "| polls | 121, 121 answered |",
            "| time from poll to poll | 30 s |",
            "| time covered by answers | 100 % |",
            "| gaps without polls | none |",
            "| pool: most connections | 10 | – |",
            // The last poll stands for 30 s more.
            "| availability | ≥ 99.5 % | 100 % of 1 h | met |",
            "| breaker closed | ≥ 99 % of the time | 100 % of the known time | met |",
            "| errors | ≤ 1 % | 0 % of 1,200 questions | met |",
            "| cache hits | ≥ 20 %, from 50 look-ups on | 40.0 % of 1,200 look-ups | met |",
            // 5 of 10 up to 0.5 s, 9 up to 1 s, all up to 2 s; linear between.
            "| p95 | ≤ 30 s | 1.50 s | met |",
            "| waiting for the pool, at most | nobody | 0 | met |",
            "| llm | 100 % | 0 % | 0 % | 0 % | 0 | – |",
            "| calls to the LLM | 720 |",
            "| in use at most | 3 of 10 (30.0 %) |",
            "| connections opened | 12 |",
            "| reused | 98.3 % |",
            "| hits in known words | 360 (30.0 % of look-ups) |",
            "| near answers refused | 120 |",
            "| full at most | 25.0 % |",
            "| p50 | 500 ms |",
            "| p99 | 1.90 s |",
            "| answers | 1,200 |",
            "| questions a second | 0.33 |",
            "None.",
        ],
    );
}

#[test]
fn five_minutes_without_the_llm_are_told_with_all_that_came_of_them() {
    let report = report_of(&hour(outage), &[]);
    let page = page(&report);
    assert_eq!(report.advice(&[]).what, Recommendation::RollBack);
    assert_lines(
        &page,
        &[
            "| breaker closed | ≥ 99 % of the time | 91.7 % of the known time | **missed** |",
            "| degraded answers | ≤ 5 % | 4.17 % of 1,200 questions | met |",
            "| llm | 91.7 % | 8.33 % | 0 % | 0 % | 1 | 5 min |",
            "| calls to the LLM | 660 |",
            "| failed | 5 |",
            "| failure rate | 0.76 % |",
            "| rejected by breakers | 60 |",
            "| most failures in a row | 5 |",
            "| degraded answers | 50 |",
            // From the opening until the share of degraded answers in 5 minutes is below 10 %: 15:39:30.
            "- **2026-11-21 15:30:00 UTC** (critical): 9 min 30 s",
            "  - breaker llm was open for 5 min",
            "  - meanwhile: 200 questions, 0 % errors, 25.0 % degraded, 40.0 % cache hits, p95 at most 1.50 s",
        ],
    );
    assert!(page.contains(
        "alert breaker-open (critical) from 2026-11-21 15:30:00 UTC for 5 min, at worst breaker_open 1: a circuit"
    ));
    // 25 of 100 questions of the last 5 minutes at 15:32:30, 50 at 15:35:00, 5 at 15:39:30.
    assert!(page.contains(
        "alert degraded (warning) from 2026-11-21 15:32:30 UTC for 7 min, at worst degraded_rate 50 %: many"
    ));
    assert_eq!(report.servers[0].incidents.len(), 1);
    insta::assert_snapshot!("report", page);
}

#[test]
fn five_minutes_without_an_answer_are_unavailability_and_no_lost_counts() {
    let report = report_of(
        &hour(|number| if (60..70).contains(&number) { Err(Trouble::Late("2s".into())) } else { Ok(well(number)) }),
        &[],
    );
    let page = page(&report);
    assert_eq!(report.advice(&[]).what, Recommendation::RollBack);
    assert_lines(
        &page,
        &[
            "| polls | 121, 111 answered |",
            "| time covered by answers | 91.7 % |",
            // All but 300 of 3,630 s.
            "| availability | ≥ 99.5 % | 91.7 % of 1 h | **missed** |",
            "| errors | ≤ 1 % | 0 % of 1,200 questions | met |",
            // From the last answer at 15:29:30 to the next at 15:35:00 nobody knows.
            "| llm | 90.8 % | 0 % | 0 % | 9.17 % | 0 | – |",
            "- **2026-11-21 15:30:00 UTC** (critical): 5 min",
            "  - unreachable for 5 min (10 polls without an answer): gives no answer within 2s",
        ],
    );
    assert!(page.contains(
        "alert unreachable (critical) from 2026-11-21 15:30:30 UTC for 4 min 30 s, at worst failed_polls 10: "
    ));
}

#[test]
fn a_gap_is_no_outage_but_not_known() {
    let polls: Vec<Poll> = hour(|number| Ok(well(number)));
    let polls: Vec<Poll> = polls.into_iter().filter(|poll| poll.at < at(60) || poll.at >= at(80)).collect();
    let report = report_of(&polls, &[]);
    assert_lines(
        &page(&report),
        &[
            "| polls | 101, 101 answered |",
            "| gaps without polls | 1, of 10 min 30 s |",
            // 60 polls before it and 41 after it, each for 30 s: when nobody asked, nothing was watched.
            "| availability | ≥ 99.5 % | 100 % of 50 min 30 s | met |",
            "| time covered by answers | 82.5 % |",
            "| llm | 82.5 % | 0 % | 0 % | 17.5 % | 0 | – |",
            "| breaker closed | ≥ 99 % of the time | 100 % of the known time | met |",
            "| questions | 1,200 |",
            "None.",
        ],
    );
    assert_eq!(report.advice(&[]).what, Recommendation::Keep);
}

#[test]
fn a_restart_loses_no_counts_and_tells_the_new_version() {
    let report = report_of(
        &hour(|number| {
            let new = number >= 60;
            let mut seen = well(if new { number - 59 } else { number });
            seen.process = Some(Process { started: Some(if new { 5_000.0 } else { 1_000.0 }), ..Process::default() });
            seen.health.as_mut().unwrap().version = Some(if new { "1.1" } else { "1.0" }.into());
            Ok(seen)
        }),
        &[],
    );
    assert_lines(
        &page(&report),
        &[
            "| version | 1.0, then 1.1 |",
            "| restarts | 1 |",
            "| version | 1.1 | **from 1.0 to 1.1 at 2026-11-21 15:30:00 UTC** |",
            "| questions | 1,200 |",
            "| calls to the LLM | 720 |",
            "| answers | 1,200 |",
            "- **2026-11-21 15:30:00 UTC** (info): at once over",
            "  - started anew, seen at 2026-11-21 15:30:00 UTC",
        ],
    );
    assert_eq!(report.advice(&[]).what, Recommendation::Keep, "to be started anew is what a deployment does");
}

#[test]
fn what_the_predecessor_does_not_tell_is_no_zero() {
    let report = report_of(
        &hour(|number| {
            let mut seen = well(number);
            (seen.traffic, seen.health, seen.process) = (None, None, None);
            seen.pool.as_mut().unwrap().opened = None;
            let cache = seen.cache.as_mut().unwrap();
            (cache.exact, cache.refused, cache.fill) = (None, None, None);
            Ok(seen)
        }),
        &["p95<=2s", "degraded_rate <= 1%"],
    );
    let page = page(&report);
    assert_lines(
        &page,
        &[
            "| version | n/a |",
            "| errors | ≤ 1 % | 0 % of 720 calls, questions are not counted | met |",
            "| p95 | `p95<=2s` | n/a | not known |",
            "| hit rate | 40.0 % |",
            "| hits in known words | n/a |",
            "| connections opened | n/a |",
            "| reused | n/a |",
        ],
    );
    assert_eq!(page.matches("The server does not tell.").count(), 2, "latencies and errors\n{page}");
    let missed = report.missed();
    assert_eq!(missed.len(), 2);
    assert_eq!((missed[0].target.as_str(), missed[0].status), ("p95<=2s", GoalStatus::Unknown));
    assert_eq!(report.advice(&[]).what, Recommendation::CannotBeTold);
}

#[test]
fn a_target_that_is_given_replaces_the_usual_one() {
    let report = report_of(&hour(outage), &["breaker_not_closed <= 0.1", "hit_rate>=50%", "questions >= 1000"]);
    assert_lines(
        &page(&report),
        &[
            "| breaker closed | `breaker_not_closed <= 0.1` | 91.7 % of the known time | met |",
            "| cache hits | `hit_rate>=50%` | 40.0 % of 1,200 look-ups | **missed** |",
            "| questions | `questions >= 1000` | 1,200 | met |",
        ],
    );
    let wanted = Missed {
        server: "a:8000".into(),
        target: "hit_rate>=50%".into(),
        measured: "40.0 % of 1,200 look-ups".into(),
        status: GoalStatus::Missed,
    };
    assert_eq!(report.missed(), [wanted]);
    assert!(!page(&report).contains("≥ 20 %, from 50"));
}

#[test]
fn without_a_poll_there_is_no_report() {
    let mut builder = ReportBuilder::new(Rules::builtin());
    builder.open("week.ndjson", &header(30.0));
    builder.close(true, 3);
    let error = builder.finish(&[]).unwrap_err().to_string();
    assert_eq!(
        error,
        "there is nothing to report: week.ndjson is a recording (3 lines damaged) without a single poll; record with \
         `ragctl monitor --record FILE` for a while first"
    );
}

#[test]
fn of_few_polls_and_of_little_time_nothing_is_said() {
    let few: Vec<Poll> = (0..9).map(|number| poll(number, Ok(well(number)))).collect();
    let advice = report_of(&few, &[]).advice(&[]);
    assert_eq!(advice.what, Recommendation::CannotBeTold);
    assert_eq!(advice.reasons, ["9 polls are too few, 10 are needed."]);
    let one = report_of(&few[..1], &[]);
    assert!(page(&one).contains("| duration | 0 s |"), "a single poll is a page, too");
    let gappy: Vec<Poll> = hour(|number| Ok(well(number))).into_iter().step_by(6).collect();
    let advice = report_of(&gappy, &[]).advice(&[]);
    assert_eq!(advice.reasons[0], "Answers cover 0 % of the time only: what happened in the rest is not known.");
}

#[test]
fn two_servers_are_told_apart_with_the_worse_first() {
    let other = |number| Poll { target: "http://b:8000".into(), ..poll(number, Ok(well(number))) };
    let polls: Vec<Poll> = (0..=120).flat_map(|number| [poll(number, outage(number)), other(number)]).collect();
    let report = report_of(&polls, &[]);
    let page = page(&report);
    assert_lines(
        &page,
        &[
            "# Deployment report: 2 servers",
            "| a:8000 | roll back | 100 % | 1,200 | 0 % | 4.17 % | 40.0 % | 1.50 s | 1 | 1 | 1 of 7 |",
            "| b:8000 | keep | 100 % | 1,200 | 0 % | 0 % | 40.0 % | 1.50 s | 0 | 0 | 0 of 7 |",
            "## a:8000",
            "## b:8000",
            "**keep**: All targets that can be judged were met, and nothing went wrong in 1 h.",
        ],
    );
    assert!(page.contains("**Recommendation: roll back.** a:8000: Missed: breaker closed"), "{page}");
}

#[test]
fn damage_and_what_was_given_twice_are_mentioned_and_change_nothing() {
    let polls = hour(|number| Ok(well(number)));
    let mut builder = ReportBuilder::new(Rules::builtin());
    for (name, damaged) in [("one.ndjson", 2), ("again.ndjson", 0)] {
        builder.open(name, &header(30.0));
        polls.iter().for_each(|poll| builder.take(poll));
        builder.close(damaged > 0, damaged);
    }
    let report = builder.finish(&[]).unwrap();
    let page = page(&report);
    assert!(page.contains(
        "one.ndjson: 121 polls, 2 damaged lines could not be read, it ends within a line, as after a crash."
    ));
    assert!(page.contains("again.ndjson: 121 polls, 121 polls passed over, as not later than what was known."));
    assert_lines(&page, &["| polls | 121, 121 answered |", "| questions | 1,200 |"]);
}

#[test]
fn without_a_header_the_interval_is_the_median_distance() {
    let polls: Vec<Poll> = hour(|number| Ok(well(number))).into_iter().filter(|poll| poll.at != at(7)).collect();
    let mut builder = ReportBuilder::new(Rules::builtin());
    builder.open("week.csv", &header(0.0));
    polls.iter().for_each(|poll| builder.take(poll));
    builder.close(false, 0);
    let report = builder.finish(&[]).unwrap();
    assert_eq!(report.servers[0].gaps.0, 0, "one poll that is missing is no gap");
    assert_lines(&page(&report), &["| time from poll to poll | 30 s |", "| time covered by answers | 100 % |"]);
}

#[test]
fn a_load_test_that_failed_is_worth_a_look() {
    let report = report_of(&hour(|number| Ok(well(number))), &[]);
    let bench = LoadTest {
        name: "base|line".into(),
        url: URL.into(),
        when: "2026-11-21T14:00:00Z".into(),
        requests: 5_000,
        errors_percent: 0.5,
        rps: 123.4,
        p50: Some(250.0),
        p95: Some(1_250.0),
        p99: None,
        verdicts: vec![("p95<1s".into(), "missed".into()), ("errors<1%".into(), "met".into())],
        notes: vec!["the generator was the bottleneck".into()],
    };
    let page = markdown(&report, &[bench], &TimeZone::UTC);
    assert_lines(
        &page,
        &[
            "| base&#124;line | http&#58;//a:8000 | 2026-11-21T14:00:00Z | 5,000 | 0.50 % | 123 | 250 ms | 1.25 s | n/a |",
            "| base&#124;line | p95&lt;1s | **missed** |",
            "- about base&#124;line: the generator was the bottleneck",
        ],
    );
    assert!(page.contains("**Recommendation: watch.**"), "{page}");
    assert!(page.contains("The load test base&#124;line did not meet p95&lt;1s."), "{page}");
}

#[test]
fn of_very_many_incidents_the_worst_are_told() {
    // Every fourth poll gets lost, and once two in a row.
    let lost = |number: u32| number % 4 == 1 || number == 1_002;
    let told = |number| if lost(number) { Err(Trouble::Status(503)) } else { Ok(well(number)) };
    let polls: Vec<Poll> = (0..=4_000).map(|number| poll(number, told(number))).collect();
    let report = report_of(&polls, &[]);
    assert_eq!(report.servers[0].incidents.len(), 1_000);
    let page = page(&report);
    assert_eq!(page.lines().filter(|line| line.starts_with("- **")).count(), 50);
    assert!(page.contains("… and 950 more, none of them worse than these."), "{page}");
    assert!(page.contains("unreachable for 1 min (2 polls without an answer): answers HTTP 503"), "{page}");
}

/// Every line of a table has as many cells as its head, nothing is markup but what is ours, and no line begins with what
/// a server said.
#[track_caller]
pub(in crate::monitor) fn assert_whole(page: &str) {
    let mut cells = None;
    for line in page.lines() {
        let code: Vec<&str> = line.split('`').collect();
        assert!(code.len() % 2 == 1, "{line}");
        if line.starts_with('|') {
            let found = line.matches('|').count();
            assert_eq!(*cells.get_or_insert(found), found, "{line}");
        } else {
            cells = None;
            assert!(!line.trim_start_matches(['-', ' ']).starts_with("# EVIL"), "{line}");
        }
        let text: String = code.iter().step_by(2).copied().collect();
        assert!(!text.contains(['<', '[', '\\', '@', '\u{1b}', '\u{202e}']), "{line}");
    }
}

#[test]
fn a_hostile_server_does_not_break_out() {
    let evil = "# EVIL | a |\n# EVIL `x` <script>alert(1)</script> ![x](http://y) \\| \u{202e}\u{1b}[2J @all";
    let told = |number: u32| {
        let mut seen = outage(number).ok()?;
        seen.health.as_mut()?.version = Some(format!("{evil}{}", number / 50));
        let mut breaker = seen.breakers.remove("llm")?;
        breaker.history = vec![crate::observe::StateTransition {
            at: (START / 1_000 + 1_795) as f64,
            from: State::Closed,
            to: State::Open,
            reason: evil.to_owned(),
        }];
        seen.breakers.insert(evil.to_owned(), breaker);
        seen.notes = vec![evil.to_owned()];
        Some(seen)
    };
    let told = |number| match told(number) {
        Some(seen) if !(90..95).contains(&number) => Ok(seen),
        _ => Err(Trouble::Foreign(evil.to_owned())),
    };
    let polls: Vec<Poll> =
        hour(told).into_iter().map(|poll| Poll { target: format!("http://{evil}"), ..poll }).collect();
    let report = report_of(&polls, &[]);
    let bench = LoadTest {
        name: evil.into(),
        url: evil.into(),
        when: evil.into(),
        verdicts: vec![(evil.into(), evil.into())],
        notes: vec![evil.into()],
        ..LoadTest::default()
    };
    let page = markdown(&report, &[bench], &TimeZone::UTC);
    assert!(page.contains("EVIL"));
    assert_whole(&page);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn any_recording_makes_a_page(
        polls in crate::observe::record::samples::polls(any::<f64>().boxed()), interval in any::<f64>(),
    ) {
        let mut builder = ReportBuilder::new(Rules::builtin());
        builder.open("any", &header(interval));
        polls.iter().for_each(|poll| builder.take(poll));
        builder.close(false, 0);
        if let Ok(report) = builder.finish(&[]) {
            assert_whole(&page(&report));
        }
    }
}
