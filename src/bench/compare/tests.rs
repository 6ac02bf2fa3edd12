use super::{judge::*, margin::*};
use crate::bench::{
    failure::{ErrorClass, RequestFailure},
    measures::{Measures, Timed},
    result::{LoadInfo, MoreMetrics, ResponseTimes, ResultFile, Soundness, TestInfo},
    run::Ended,
    summary::{self, Measured},
};
use std::time::Duration;

/// A run of `n` requests around `median_ms`, with a tail, of which `errors` fail.
fn run(median_ms: f64, n: u64, errors: u64, seed: u64) -> ResultFile {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut all = Measures::default();
    for _ in 0..n {
        let latency = median_ms * (0.5 * (random.f64() + random.f64() + random.f64() - 1.5)).exp();
        all.record(Timed::Latency, Duration::from_secs_f64(latency / 1_000.0));
        all.counts.ok += 1;
    }
    for _ in 0..errors {
        all.failures.add(RequestFailure::new(ErrorClass::Timeout, "late"));
    }
    let metrics = summary::metrics(Measured {
        started: "2026-01-01T00:00:00Z".into(),
        seconds: n as f64 * median_ms / 10_000.0,
        all: &all,
        slices: &[],
        unsent: 0,
        unfinished: 0,
        resolution: Vec::new(),
    });
    ResultFile {
        schema_version: 1,
        test_info: TestInfo { concurrent_requests: 10, load: Some(LoadInfo::default()), ..TestInfo::default() },
        warnings: summary::warnings(Ended::Completed, &metrics),
        metrics,
        resource_usage: Default::default(),
        ended: "completed".into(),
        soundness: Soundness::default(),
        gates: Vec::new(),
        stages: Vec::new(),
        server: None,
        environment: Default::default(),
        timeline: Vec::new(),
        histograms: summary::histograms(&all),
    }
}

fn legacy(ok: u64, errors: u64, p50: f64) -> ResultFile {
    let mut run = run(1.0, 10, 0, 1);
    run.schema_version = 0;
    run.test_info.load = None;
    run.histograms.clear();
    let m = &mut run.metrics;
    (m.total_requests, m.successful_requests, m.error_count, m.more) = (ok + errors, ok, errors, None);
    m.response_times_ms = ResponseTimes {
        p50,
        p95: p50 + 30.0,
        p99: p50 + 40.0,
        mean: p50,
        min: p50 - 40.0,
        max: p50 + 45.0,
        ..Default::default()
    };
    run
}

fn verdict(comparison: &Comparison, figure: &str) -> ComparisonVerdict {
    comparison.differences.iter().find(|difference| difference.figure == figure).unwrap().verdict
}

fn against(base: ResultFile, new: &ResultFile, margins: &[Margin]) -> Comparison {
    compare(&[("base".to_owned(), base)], ("new", new), margins)
}

#[test]
fn a_difference_is_told_with_its_interval_and_none_is_none() {
    let base = run(100.0, 2_000, 0, 1);
    let same = against(base.clone(), &run(100.0, 2_000, 0, 2), &[]);
    assert!(same.refused.is_empty() && same.advisory && !same.is_worse(), "{same:?}");
    let slower = against(base.clone(), &run(110.0, 2_000, 0, 2), &[]);
    assert_eq!(
        (verdict(&slower, "p50"), verdict(&slower, "p95")),
        (ComparisonVerdict::Worse, ComparisonVerdict::Worse)
    );
    let p50 = &slower.differences[0];
    let [low, high] = p50.interval.unwrap();
    assert!(low < 10.0 && 10.0 < high && high - low < 8.0, "{p50:?}");
    assert_eq!(verdict(&against(base, &run(85.0, 2_000, 0, 2), &[]), "p50"), ComparisonVerdict::Better);
}

#[test]
fn what_is_allowed_is_not_worse() {
    let base = run(100.0, 2_000, 0, 1);
    let slower = run(110.0, 2_000, 0, 2);
    let margins = ["p50:20%".parse().unwrap(), "p95:0.2".parse().unwrap()];
    let comparison = against(base, &slower, &margins);
    assert_eq!(
        (verdict(&comparison, "p50"), verdict(&comparison, "p95")),
        (ComparisonVerdict::NoDifference, ComparisonVerdict::NoDifference)
    );
    assert!(
        "p42:1%".parse::<Margin>().is_err() && "p95".parse::<Margin>().is_err() && "p95:x".parse::<Margin>().is_err()
    );
}

#[test]
fn runs_that_were_made_differently_or_are_unsound_are_refused() {
    let base = run(100.0, 500, 0, 1);
    let mut other = run(100.0, 500, 0, 2);
    other.test_info.concurrent_requests = 20;
    let refused = against(base.clone(), &other, &[]);
    assert!(refused.says_nothing() && refused.refused[0].contains("concurrency 10 and 20"), "{refused:?}");
    let mut unsound = run(100.0, 500, 0, 2);
    unsound.soundness = Soundness { sound: false, reasons: vec!["slow".into()] };
    assert!(against(base.clone(), &unsound, &[]).says_nothing());
    let mut cut = run(100.0, 500, 0, 2);
    cut.ended = "interrupted".into();
    assert!(against(base, &cut, &[]).says_nothing());
}

#[test]
fn too_little_is_not_a_pass() {
    let comparison = against(run(100.0, 60, 0, 1), &run(100.0, 60, 0, 2), &[]);
    assert_eq!(verdict(&comparison, "p95"), ComparisonVerdict::Unknown);
    assert!(comparison.differences[1].why.as_ref().unwrap().contains("needs 72"), "{comparison:?}");
    assert_ne!(verdict(&comparison, "p50"), ComparisonVerdict::Unknown);
}

#[test]
fn the_predecessors_boasts_are_refused() {
    let comparison = against(legacy(25, 75, 2_107.0), &legacy(50, 50, 2_091.0), &[]);
    assert_eq!(verdict(&comparison, "p50"), ComparisonVerdict::Unknown);
    assert!(comparison.differences[0].why.as_ref().unwrap().contains("75 of 100 requests failed"));
    assert_eq!(verdict(&comparison, "errors"), ComparisonVerdict::Better);
    assert!(comparison.notes.iter().any(|note| note.contains("fixed wait")), "{:?}", comparison.notes);
    assert!(comparison.says_nothing());
}

#[test]
fn many_baselines_are_a_gate() {
    let bases: Vec<_> =
        (0..24).map(|n| (format!("b{n}"), run(100.0 * (0.02 * (n % 7) as f64).exp(), 400, 0, n))).collect();
    let same = compare(&bases, ("new", &run(106.0, 400, 0, 99)), &[]);
    assert!(!same.advisory && !same.is_worse(), "{same:?}");
    let slower = compare(&bases, ("new", &run(140.0, 400, 0, 99)), &[]);
    assert_eq!(verdict(&slower, "p50"), ComparisonVerdict::Worse);
    let failing = compare(&bases, ("new", &run(106.0, 400, 20, 99)), &[]);
    assert_eq!(verdict(&failing, "errors"), ComparisonVerdict::Worse);
}

#[test]
fn more_metrics_of_an_old_file_are_absent_not_zero() {
    let old = MoreMetrics::default();
    assert!(old.cache.is_none() && old.withheld.is_empty());
}
