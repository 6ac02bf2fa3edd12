//! MetricReader over windows, and from a single look.

use super::*;
use crate::observe::Histogram;

/// A server that has counted so much, the later the faster.
fn counted(n: f64) -> Observation {
    let mut seen = breaker(Closed, &[]);
    seen.breakers.values_mut().for_each(|breaker| {
        (breaker.calls, breaker.failures) = (Some(40.0 * n), Some(4.0 * n));
    });
    let traffic = Traffic {
        questions: Some(100.0 * n),
        errors: Some(5.0 * n),
        degraded: Some(20.0 * n),
        latency: Some(Histogram { buckets: vec![(0.1, 50.0 * n), (1.0, 100.0 * n)], count: 100.0 * n }),
        ..Traffic::default()
    };
    let cache = Cache {
        hits: Some(60.0 * n),
        misses: Some(40.0 * n),
        evictions: Some(15.0 * n),
        evictions_per_minute: Some(7.0),
        fill: Some(0.5),
        ..Cache::default()
    };
    let pool = Pool { in_use: Some(2.0), maxsize: Some(8.0), waiting: Some(1.0), requests: Some(n), ..Pool::default() };
    let health =
        Health { cpu_percent: Some(50.0), memory_percent: Some(25.0), disk_percent: Some(75.0), ..Health::default() };
    let process = Process { resident_bytes: Some(64.0 * 1_048_576.0), ..Process::default() };
    Observation {
        traffic: Some(traffic),
        cache: Some(cache),
        pool: Some(pool),
        health: Some(health),
        process: Some(process),
        ..seen
    }
}

fn metric(model: &Model, metric: Metric) -> Option<f64> {
    // What is held as f32 is compared as such.
    model.targets[0].metric(metric, MINUTES(5), model.now()).map(|value| (value * 1e6).round() / 1e6)
}

#[test]
fn a_single_look_tells_the_shares_of_the_whole_life() {
    let mut model = watch();
    tell(&mut model, 0, 0, counted(10.0));
    for (of, value) in [
        (Metric::HitRate, Some(0.6)),
        (Metric::Lookups, Some(1_000.0)),
        (Metric::Questions, Some(1_000.0)),
        (Metric::ErrorRate, Some(0.05)),
        (Metric::DegradedRate, Some(0.2)),
        (Metric::FailureRate, Some(0.1)),
        (Metric::P50, Some(100.0)),
        (Metric::P95, Some(910.0)),
        (Metric::EvictionsPerMinute, Some(7.0)),
        (Metric::QuestionsPerSecond, None),
        (Metric::PoolUse, Some(0.25)),
        (Metric::PoolWaiting, Some(1.0)),
        (Metric::CacheFill, Some(0.5)),
        (Metric::Cpu, Some(0.5)),
        (Metric::Memory, Some(0.25)),
        (Metric::Disk, Some(0.75)),
        (Metric::Resident, Some(64.0)),
        (Metric::BreakerOpen, Some(0.0)),
        (Metric::BreakerNotClosed, Some(0.0)),
        (Metric::BreakerTrips, Some(0.0)),
    ] {
        assert_eq!(metric(&model, of), value, "{of}");
    }
}

#[test]
fn a_window_tells_what_happened_in_it() {
    let mut model = watch();
    for poll in 0..=40 {
        let mut seen = counted(f64::from(poll));
        // In the last five minutes every look-up hits, and nothing fails.
        let late = f64::from((poll - 30).max(0));
        let (traffic, cache) = (seen.traffic.as_mut().unwrap(), seen.cache.as_mut().unwrap());
        traffic.errors = traffic.errors.map(|errors| errors - 5.0 * late);
        cache.hits = cache.hits.map(|hits| hits + 40.0 * late);
        cache.misses = cache.misses.map(|misses| misses - 40.0 * late);
        tell(&mut model, 0, i64::from(poll) * 30, seen);
    }
    assert_eq!((metric(&model, Metric::HitRate), metric(&model, Metric::ErrorRate)), (Some(1.0), Some(0.0)));
    assert_eq!((metric(&model, Metric::Questions), metric(&model, Metric::Lookups)), (Some(1_000.0), Some(1_000.0)));
    assert_eq!(metric(&model, Metric::QuestionsPerSecond), Some(3.333333));
    assert_eq!(metric(&model, Metric::EvictionsPerMinute), Some(30.0));
    let long = |of| model.targets[0].metric(of, MINUTES(20), model.now()).unwrap();
    assert!((long(Metric::HitRate) - 0.7).abs() < 1e-6 && (long(Metric::ErrorRate) - 0.0375).abs() < 1e-6);
}

#[test]
fn an_idle_server_has_no_shares_but_zero_questions() {
    let mut model = watch();
    tell(&mut model, 0, 0, counted(10.0));
    tell(&mut model, 0, 30, counted(10.0));
    for of in [Metric::HitRate, Metric::ErrorRate, Metric::DegradedRate, Metric::FailureRate, Metric::P95] {
        assert_eq!(metric(&model, of), None, "{of}");
    }
    assert_eq!((metric(&model, Metric::Questions), metric(&model, Metric::Lookups)), (Some(0.0), Some(0.0)));
}

#[test]
fn a_silent_target_has_no_figures_but_those_of_its_silence() {
    let mut model = watch();
    tell(&mut model, 0, 0, counted(10.0));
    fail(&mut model, 0, 30);
    assert_eq!((metric(&model, Metric::Unreachable), metric(&model, Metric::FailedPolls)), (Some(1.0), Some(1.0)));
    for of in [Metric::HitRate, Metric::BreakerOpen, Metric::P95, Metric::PoolUse, Metric::Cpu] {
        assert_eq!(metric(&model, of), None, "{of}");
    }
}

#[test]
fn times_to_answers_are_those_of_the_window() {
    let mut model = watch();
    for poll in 0..=40 {
        let n = f64::from(poll);
        let late = (n - 30.0).max(0.0);
        let buckets = vec![(0.1, 100.0 * (n - late)), (1.0, 100.0 * (n - late)), (2.0, 100.0 * n)];
        let mut seen = asked(100.0 * n);
        seen.traffic.as_mut().unwrap().latency = Some(Histogram { buckets, count: 100.0 * n });
        tell(&mut model, 0, i64::from(poll) * 30, seen);
    }
    assert_eq!(metric(&model, Metric::P50), Some(1_500.0));
    let row = last(&model);
    assert_eq!((row.get(Field::P50), row.get(Field::P99)), (Some(1_500.0), Some(1_990.0)));
    assert_eq!(model.targets[0].metric(Metric::P50, MINUTES(20), model.now()), Some(66.0 + 2.0 / 3.0));
    assert_eq!(model.targets[0].total_latency.count, 4_000.0);
}

#[test]
fn times_are_known_after_a_poll_that_failed_and_after_a_restart() {
    let mut model = watch();
    fail(&mut model, 0, 0);
    tell(&mut model, 0, 30, counted(10.0));
    assert_eq!(metric(&model, Metric::P50), Some(100.0), "the first answer has to do");
    let mut anew = counted(1.0);
    anew.process = Some(Process { started: Some(2e9), ..Process::default() });
    let mut old = counted(11.0);
    old.process = Some(Process { started: Some(1e9), ..Process::default() });
    tell(&mut model, 0, 60, old);
    tell(&mut model, 0, 90, anew);
    assert_eq!(metric(&model, Metric::P50), Some(100.0), "those since it started");
}

#[test]
fn trips_of_a_breaker_are_those_of_the_window() {
    let mut model = watch();
    let history = [
        (-500, Closed, Open, "why"),
        (-200, Open, HalfOpen, "why"),
        (-199, HalfOpen, Open, "why"),
        (-100, Open, HalfOpen, "why"),
        (-99, HalfOpen, Closed, "why"),
        (-10, Closed, Open, "why"),
    ];
    tell(&mut model, 0, 0, breaker(Open, &history));
    assert_eq!(metric(&model, Metric::BreakerTrips), Some(1.0));
    assert_eq!(model.targets[0].metric(Metric::BreakerTrips, MINUTES(10), model.now()), Some(2.0));
    assert_eq!((metric(&model, Metric::BreakerOpen), metric(&model, Metric::BreakerNotClosed)), (Some(1.0), Some(1.0)));
}

#[test]
fn errors_are_never_more_than_all_of_the_questions() {
    let mut model = watch();
    let told = |questions, errors| {
        let traffic = Traffic { questions: Some(questions), errors: Some(errors), ..Traffic::default() };
        Observation { traffic: Some(traffic), ..Observation::default() }
    };
    tell(&mut model, 0, 0, told(0.0, 0.0));
    tell(&mut model, 0, 30, told(4.0, 8.0));
    assert_eq!(metric(&model, Metric::ErrorRate), Some(1.0));
}

#[test]
fn a_server_that_counts_no_questions_has_the_error_rate_of_its_calls() {
    let mut model = watch();
    let told = |n: f64| Observation { traffic: None, ..counted(n) };
    tell(&mut model, 0, 0, told(1.0));
    tell(&mut model, 0, 30, told(2.0));
    assert_eq!(metric(&model, Metric::ErrorRate), Some(0.1));
}
