//! What the line of words says.

use super::*;
use crate::{
    monitor::{
        alerts::Severity,
        situations::{
            GLANCE, all, all_unreachable, breaker_open, empty, flapping, healthy, last_poll, one_stale, predecessor,
        },
    },
    observe::Histogram,
};

/// The number before a word, as `94` of `94 % of answers`.
fn number_before(text: &str, word: &str) -> f64 {
    let before = text.split(word).next().unwrap();
    before.rsplit(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{word:?} in {text:?}"))
}

fn firing(model: &Model) -> Vec<&str> {
    model.alerts.active().into_iter().map(|alert| alert.rule.name.as_str()).collect()
}

#[test]
fn nothing_is_the_matter() {
    let (severity, text) = healthy().diagnosis();
    assert_eq!(severity, None, "{text}");
    assert!(text.starts_with("all is well: ") && text.contains(" questions/s, "), "{text}");
    assert!((55.0..70.0).contains(&number_before(&text, " % from the cache, p95 ")), "{text}");
    assert_eq!(firing(&healthy()), [""; 0]);
}

#[test]
fn an_open_breaker_is_told_with_what_comes_of_it() {
    let model = breaker_open();
    let (severity, text) = model.diagnosis();
    assert_eq!(severity, Some(Severity::Critical));
    assert!(text.starts_with("breaker ollama_client open for 1 min 54 s → "), "{text}");
    assert!(text.ends_with(" %; next probe in 98 s"), "{text}");
    assert!(number_before(&text, " % of uncached answers degraded; cache still serves ") > 90.0, "{text}");
    assert!((50.0..70.0).contains(&number_before(&text, " %; next probe")), "{text}");
    assert_eq!(firing(&model)[0], "breaker-open");
    assert!(
        ["degraded", "consecutive-failures"].iter().all(|rule| firing(&model).contains(rule)),
        "{:?}",
        firing(&model)
    );
    assert!(!firing(&model).contains(&"breaker-flapping"), "probes that fail are no flapping");
}

#[test]
fn a_breaker_that_comes_and_goes_flaps() {
    let model = flapping();
    let (severity, text) = model.diagnosis();
    assert_eq!(severity, Some(Severity::Critical));
    assert!(text.starts_with(
        "breaker ollama_client flaps: it tripped 4 times in 10 min, the LLM comes back and fails again → "
    ));
    assert!(text.contains(" % of uncached answers degraded; cache still serves ") && text.ends_with(" %"), "{text}");
    assert!(firing(&model).contains(&"breaker-flapping"));
}

#[test]
fn an_upstream_that_stays_down_does_not_flap() {
    let mut model = watch();
    let mut history = vec![(0, Closed, Open, "5 consecutive failures")];
    for probe in [30, 90, 210, 450] {
        history.push((probe, Open, HalfOpen, "time passed"));
        history.push((probe + 1, HalfOpen, Open, "a probe failed"));
    }
    tell(&mut model, 0, 460, breaker(Open, &history));
    assert_eq!(model.diagnosis().1, "breaker ollama_client open for 7 min 40 s");
    assert_eq!(firing(&model), ["breaker-open"]);
}

#[test]
fn a_half_open_breaker_waits_for_its_probes() {
    let mut model = watch();
    tell(&mut model, 0, 0, breaker(HalfOpen, &[(-40, Closed, Open, "why"), (-10, Open, HalfOpen, "30 s passed")]));
    let (severity, text) = model.diagnosis();
    assert_eq!(severity, Some(Severity::Warning));
    assert_eq!(text, "breaker ollama_client half-open for 10 s: probes decide whether the LLM is back");
}

#[test]
fn a_probe_that_is_due_is_not_told_in_negative_seconds() {
    let mut model = watch();
    let mut seen = breaker(Open, &[]);
    seen.breakers.values_mut().for_each(|breaker| breaker.retry_after_seconds = Some(4.0));
    tell(&mut model, 0, 0, seen);
    assert!(model.diagnosis().1.ends_with("; next probe in 4 s"));
    model.update(Message::Tick, after(9));
    assert!(model.diagnosis().1.ends_with("; a probe is due"));
}

#[test]
fn one_that_is_not_heard_is_told_on_the_screen_of_another() {
    let mut model = one_stale();
    let (severity, text) = model.diagnosis();
    assert_eq!(severity, Some(Severity::Warning));
    assert_eq!(text, "rag-b:8000 was last heard 3 min 1 s ago, it is asked every 30 s");
    act(&mut model, Action::Target(1));
    assert_eq!(model.diagnosis().1, text);
    let freshness = |model: &Model| [0, 1, 2].map(|target: usize| model.targets[target].freshness(model.now()));
    assert_eq!(freshness(&model), [Freshness::Fresh, Freshness::Stale, Freshness::Fresh]);
}

#[test]
fn silence_is_told_with_its_cause_and_its_length() {
    let model = all_unreachable();
    let (severity, text) = model.diagnosis();
    assert_eq!(severity, Some(Severity::Critical));
    assert_eq!(
        text,
        "rag-a:8000 does not answer (connection refused), for 4 min 32 s; last answer 5 min 2 s ago · 3 of 3 targets do not answer"
    );
    assert_eq!((firing(&model), model.silent().len()), (vec!["unreachable"; 3], 3));
    let mut model = watch();
    fail(&mut model, 0, 0);
    assert_eq!(model.diagnosis(), (Some(Severity::Warning), "a:1 does not answer (connection refused)".to_owned()));
}

#[test]
fn a_server_that_tells_little_is_well_as_far_as_is_known() {
    let model = predecessor();
    let (severity, text) = model.diagnosis();
    assert_eq!(severity, None, "{text}");
    assert!(text.starts_with("all is well: ") && text.ends_with(" % from the cache"), "{text}");
    let seen = model.seen(0).unwrap();
    assert!(seen.traffic.is_none() && seen.health.is_none() && seen.process.is_none() && seen.notes.is_empty());
    let (pool, cache) = (seen.pool.as_ref().unwrap(), seen.cache.as_ref().unwrap());
    assert_eq!((pool.maxsize, pool.waiting, pool.in_use), (Some(20.0), None, None));
    assert!(cache.hits.is_some() && cache.fill.is_some() && cache.evictions.is_none());
    let breaker = seen.breakers.values().next().unwrap();
    assert!(breaker.calls.is_some() && breaker.failures.is_some() && breaker.history.is_empty());
    assert_eq!(firing(&model), [""; 0]);
}

#[test]
fn who_has_not_answered_yet_is_waited_for() {
    assert_eq!(empty().diagnosis(), (None, "waiting for the first answer".to_owned()));
}

#[test]
fn a_full_pool_is_the_bottleneck() {
    let pool = |in_use, waiting| {
        let pool = Pool { in_use: Some(in_use), maxsize: Some(8.0), waiting: Some(waiting), ..Pool::default() };
        Observation { pool: Some(pool), ..asked(1.0) }
    };
    let said = |in_use, waiting| {
        let mut model = watch();
        tell(&mut model, 0, 0, pool(in_use, waiting));
        model.diagnosis()
    };
    assert_eq!(
        said(8.0, 3.0),
        (Some(Severity::Warning), "the pool is full (8 of 8) and 3 wait: the LLM is the bottleneck".into())
    );
    assert_eq!(said(8.0, 0.0), (Some(Severity::Info), "the pool is full (8 of 8): the LLM is the bottleneck".into()));
    assert_eq!(said(5.0, 2.0).1, "2 wait for their turn in the pool (5 of 8): the LLM is the bottleneck");
    assert_eq!(said(7.0, 0.0).0, None);
}

#[test]
fn a_cache_that_only_makes_room_thrashes() {
    let mut model = watch();
    for poll in 0..5 {
        let n = f64::from(poll);
        let cache = Cache {
            hits: Some(10.0 * n),
            misses: Some(90.0 * n),
            evictions: Some(60.0 * n),
            fill: Some(0.99),
            ..Cache::default()
        };
        tell(&mut model, 0, i64::from(poll) * 30, Observation { cache: Some(cache), ..Observation::default() });
    }
    let text = "the cache thrashes: full, 120 evictions/min, 10 % hits; it is too small for these questions";
    assert_eq!(model.diagnosis(), (Some(Severity::Warning), text.to_owned()));
}

#[test]
fn errors_slowness_and_bad_health_are_told_when_no_breaker_tells_more() {
    let told = |questions: f64, errors, degraded| {
        let traffic = Traffic {
            questions: Some(questions),
            errors: Some(errors),
            degraded: Some(degraded),
            latency: None,
            ..Traffic::default()
        };
        Observation { traffic: Some(traffic), ..Observation::default() }
    };
    let said = |errors, degraded| {
        let mut model = watch();
        tell(&mut model, 0, 0, told(0.0, 0.0, 0.0));
        tell(&mut model, 0, 30, told(100.0, errors, degraded));
        model.diagnosis().1
    };
    assert_eq!(said(12.0, 50.0), "12 % of the questions fail");
    assert_eq!(said(0.0, 50.0), "50 % of the answers are degraded: the LLM does not answer all calls");
    assert_eq!(said(1.0, 1.0), "all is well: 3.3 questions/s");
    let mut model = watch();
    let health = |status: &str, database| Health {
        status: Some(status.to_owned()),
        database: Some(database),
        upstream: Some(false),
        ..Health::default()
    };
    tell(&mut model, 0, 0, Observation { health: Some(health("unhealthy", false)), ..Observation::default() });
    assert_eq!(
        model.diagnosis(),
        (Some(Severity::Critical), "it calls itself unhealthy: its DB cannot be read".into())
    );
    tell(&mut model, 0, 30, Observation { health: Some(health("degraded", true)), ..Observation::default() });
    assert_eq!(
        model.diagnosis(),
        (Some(Severity::Warning), "it calls itself degraded: its LLM does not answer".into())
    );
}

#[test]
fn answers_that_take_much_longer_than_they_did_are_slow() {
    let mut model = watch();
    let (mut fast, mut slow) = (0.0, 0.0);
    for poll in 0..60 {
        if poll < 56 {
            fast += 100.0
        } else {
            slow += 3.0
        }
        let buckets = vec![(0.1, fast), (5.0, fast + slow)];
        let latency = Some(Histogram { buckets, count: fast + slow });
        let traffic = Traffic { questions: Some(fast + slow), latency, ..Traffic::default() };
        tell(&mut model, 0, poll * 30, Observation { traffic: Some(traffic), ..Observation::default() });
    }
    let (severity, text) = model.diagnosis();
    assert_eq!(severity, Some(Severity::Warning));
    assert!(text.starts_with("answers are slow: p95 4.7") && text.ends_with(" over the last hour"), "{text}");
}

#[test]
fn several_findings_stand_in_one_line_the_worst_first() {
    let mut model = watch();
    let pool = Pool { in_use: Some(8.0), maxsize: Some(8.0), waiting: Some(2.0), ..Pool::default() };
    tell(&mut model, 0, 0, Observation { pool: Some(pool), ..breaker(Open, &[]) });
    let (severity, text) = model.diagnosis();
    assert_eq!(severity, Some(Severity::Critical));
    assert!(text.starts_with("breaker ollama_client open for 0 s · the pool is full"), "{text}");
}

#[test]
fn every_situation_is_the_same_every_time_and_alive() {
    for ((name, model), (_, again)) in all().into_iter().zip(all()) {
        assert_eq!(texts(&model), texts(&again), "{name}");
        for (target, other) in model.targets.iter().zip(&again.targets) {
            let rows: Vec<_> = target.history.rows().map(|row| format!("{row:?}")).collect();
            assert_eq!(rows, other.history.rows().map(|row| format!("{row:?}")).collect::<Vec<_>>(), "{name}");
            assert!(name == "empty" || rows.len() > 60, "{name} has {} rows", rows.len());
        }
        assert!(name == "empty" || model.now() == last_poll() + GLANCE, "{name}");
        let restarts: u32 = model.targets.iter().map(|target| target.restarts).sum();
        assert_eq!(restarts, 0, "{name}");
    }
}
