//! What is said of several upstreams.

use super::*;
use crate::{
    monitor::{
        alerts::Severity,
        situations::{last_poll, upstream_away},
    },
    observe::Upstream,
};

fn firing(model: &Model) -> Vec<&str> {
    model.alerts.active().into_iter().map(|alert| alert.rule.name.as_str()).collect()
}

/// A server with `big` and `small`, each there or away, and breakers by name; so many questions, degraded answers and
/// answers that were taken over.
fn told(there: [bool; 2], breakers: &[(&str, State)], counts: [f64; 3]) -> Observation {
    let upstream = |(name, there): (&str, bool)| Upstream {
        name: name.to_owned(),
        healthy: Some(there),
        asked: Some(true),
        error: (!there).then(|| "connection refused".to_owned()),
        ..Upstream::default()
    };
    let breaker = |(name, state): &(&str, State)| {
        let breaker = Breaker { state: Some(*state), calls: Some(9.0), ..Breaker::default() };
        ((*name).to_owned(), breaker)
    };
    let [questions, degraded, failovers] = counts.map(Some);
    Observation {
        upstreams: ["big", "small"].into_iter().zip(there).map(upstream).collect(),
        breakers: breakers.iter().map(breaker).collect(),
        traffic: Some(Traffic { questions, degraded, failovers, errors: Some(0.0), ..Traffic::default() }),
        health: Some(Health { status: Some("degraded".to_owned()), upstream: Some(false), ..Health::default() }),
        ..Observation::default()
    }
}

const CLOSED: [(&str, State); 2] = [("big_client", Closed), ("small_client", Closed)];

/// All was well; since a minute it is like this.
fn since_a_minute(there: [bool; 2], breakers: &[(&str, State)], counts: [f64; 3]) -> Model {
    let mut model = watch();
    let well = |questions| Observation { health: None, ..told([true; 2], &CLOSED, [questions, 0.0, 0.0]) };
    tell(&mut model, 0, 0, well(0.0));
    tell(&mut model, 0, 30, well(100.0));
    for seconds in [60, 90, 120] {
        let counts = counts.map(|count| count * (seconds - 30) as f64 / 30.0);
        tell(&mut model, 0, seconds, told(there, breakers, [100.0 + counts[0], counts[1], counts[2]]));
    }
    model
}

#[test]
fn one_that_is_away_while_another_answers_is_a_warning() {
    let model = upstream_away();
    let since = (last_poll() + Duration::from_secs(2)).since(last_poll() - Duration::from_secs(90));
    assert_eq!(since.as_secs(), 92);
    assert_eq!(model.diagnosis(), (Some(Severity::Warning), "big is away for 1 min 32 s: small answers".to_owned()));
    assert_eq!(firing(&model), ["upstream-away", "consecutive-failures"]);
    assert!(texts(&model).contains(&"upstream big is away: connection refused".to_owned()));
    // What the same looks like where there is nobody else.
    let metric = |metric| model.targets[0].metric(metric, MINUTES(1), model.now());
    assert_eq!([Metric::BreakerOpen, Metric::BreakerNotClosed].map(metric), [Some(0.0); 2]);
    assert_eq!([Metric::UpstreamsAway, Metric::UpstreamsThere].map(metric), [Some(1.0); 2]);
    assert_eq!(metric(Metric::Failovers), Some(48.0), "24 every half minute");
    assert_eq!(metric(Metric::FailoversPerMinute), Some(48.0));
}

#[test]
fn what_users_notice_of_it_is_told_with_its_reason() {
    let open = [("big_client", Open), ("big_client_embed", Open), ("small_client", Closed)];
    let model = since_a_minute([false, true], &open, [100.0, 100.0, 0.0]);
    let words = "big is away for 1 min: small answers, but big embeds, too → ";
    let (severity, text) = model.diagnosis();
    assert_eq!(severity, Some(Severity::Warning));
    assert_eq!(text, format!("{words}100 % of answers degraded"), "what was before is over");
    assert!(firing(&model).contains(&"breaker-open"), "nobody embeds in its place: {:?}", firing(&model));
    // Degraded for another reason, which is not known.
    let model = since_a_minute([false, true], &[("big_client", Open), ("small_client", Closed)], [100.0, 50.0, 0.0]);
    let (_, text) = model.diagnosis();
    assert_eq!(text, "big is away for 1 min: small answers → 50 % of answers degraded");
}

#[test]
fn what_was_while_one_was_away_is_over_when_it_is_back() {
    let mut model = since_a_minute([false, true], &CLOSED, [100.0, 100.0, 100.0]);
    let back = |questions| Observation { health: None, ..told([true; 2], &CLOSED, [questions, 300.0, 300.0]) };
    for seconds in [150, 180] {
        tell(&mut model, 0, seconds, back(100.0 + 10.0 * seconds as f64));
        assert_eq!(model.diagnosis().0, None, "{}", model.diagnosis().1);
    }
    assert_eq!(texts(&model).last().map(String::as_str), Some("upstream-away is over after 1 min"));
    assert!(texts(&model).contains(&"upstream big is back after 1 min 30 s".to_owned()));
}

#[test]
fn none_that_answers_is_critical() {
    let open = [("big_client", Open), ("small_client", Open)];
    let model = since_a_minute([false; 2], &open, [100.0, 100.0, 0.0]);
    let (severity, text) = model.diagnosis();
    assert_eq!(severity, Some(Severity::Critical));
    assert_eq!(text, "none of the 2 upstreams answers for 1 min (big and small) → 100 % of answers degraded");
    assert_eq!(firing(&model)[..2], ["breaker-open", "no-upstream"]);
}

#[test]
fn answers_that_others_take_over_again_and_again_are_told_although_all_are_there() {
    let mut model = since_a_minute([true; 2], &CLOSED, [100.0, 0.0, 20.0]);
    let (severity, text) = model.diagnosis();
    assert_eq!(severity, Some(Severity::Warning));
    assert!(
        text.contains("15 % of the answers are taken over by another upstream: one refuses or breaks off"),
        "{text}"
    );
    let seen = told([true; 2], &[("big_client", Open), ("small_client", Closed)], [500.0, 0.0, 60.0]);
    tell(&mut model, 0, 150, Observation { health: None, ..seen });
    let found = super::super::diagnosis::findings(&model.targets[0], model.now());
    assert_eq!((found[0].severity, &*found[0].text), (Severity::Warning, "breaker big_client open for 0 s"));
}

#[test]
fn several_are_told_by_name_and_many_by_their_number() {
    let upstream =
        |(name, there): (&str, bool)| Upstream { name: name.to_owned(), healthy: Some(there), ..Upstream::default() };
    let say = |upstreams: &[(&str, bool)]| {
        let mut model = calm(&["http://a"]);
        let upstreams = upstreams.iter().copied().map(upstream).collect();
        tell(&mut model, 0, 0, Observation { upstreams, ..Observation::default() });
        model.diagnosis().1
    };
    assert_eq!(say(&[("a", false), ("b", false), ("c", true), ("d", true)]), "a and b are away: c and d answer");
    let many = [("a", false), ("b", false), ("c", false), ("d", true)];
    assert_eq!(say(&many), "3 upstreams are away: d answers");
    assert_eq!(say(&[("a", false)]), "all is well");
}
