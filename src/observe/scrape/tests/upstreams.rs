//! Several upstreams, as health and exposition tell of them.

use super::*;
use crate::{telemetry::Metrics, wire::UpstreamDetail};

fn detail(name: &str) -> UpstreamDetail {
    UpstreamDetail {
        name: name.into(),
        provider: "ollama".into(),
        url: "http://gpu1:11434".into(),
        model: "llama3.1:8b".into(),
        healthy: true,
        asked: true,
        default: true,
        ..UpstreamDetail::default()
    }
}

fn told(upstreams: Vec<UpstreamDetail>) -> Value {
    let mut health = health();
    health.services.upstreams = upstreams;
    body(health)
}

fn upstream(name: &str, healthy: Option<bool>, error: Option<&str>) -> Upstream {
    Upstream {
        name: name.into(),
        model: Some("llama3.1:8b".into()),
        healthy,
        asked: Some(true),
        error: error.map(str::to_owned),
    }
}

#[test]
fn health_tells_of_all_in_the_order_in_which_they_are_asked() {
    let away = UpstreamDetail { healthy: false, error: Some("connection refused".into()), ..detail("small") };
    let lacks = UpstreamDetail { healthy: false, models_missing: vec!["a".into(), "b".into()], ..detail("c") };
    let unprobed = UpstreamDetail { healthy: false, ..detail("d") };
    let other = UpstreamDetail { default: false, ..detail("only when named") };
    let seen = read(HEALTH, told(vec![detail("small2"), away, lacks, unprobed, other]));
    assert_eq!(
        seen.upstreams,
        [
            upstream("small2", Some(true), None),
            upstream("small", Some(false), Some("connection refused")),
            upstream("c", Some(false), Some("it lacks a, b")),
            upstream("d", None, None),
        ]
    );
    assert_eq!((seen.chain().len(), seen.notes.len()), (4, 0));
}

#[test]
fn an_upstream_alone_has_nobody_to_stand_in_for_it() {
    let seen = read(HEALTH, told(vec![detail("ollama"), UpstreamDetail { default: false, ..detail("openai") }]));
    assert_eq!((seen.upstreams.len(), seen.chain().len()), (1, 0));
    assert_eq!(read(HEALTH, health()).upstreams, []);
}

#[test]
fn what_is_odd_about_an_upstream_costs_only_itself() {
    let mut odd = told(vec![detail("a"), detail("b")]);
    let upstreams = odd["services"]["upstreams"].as_array_mut().unwrap();
    upstreams[0]["healthy"] = json!("yes");
    upstreams[0]["models_missing"] = json!(7);
    upstreams[1]["name"] = json!(5);
    upstreams.push(json!([]));
    upstreams.push(json!({ "name": "new" }));
    let seen = read(HEALTH, odd);
    let new = Upstream { name: "new".into(), ..Upstream::default() };
    assert_eq!(seen.upstreams, [upstream("a", None, None), new]);
    assert_eq!(seen.notes, ["upstream a.healthy is a text, true or false is wanted"]);
    assert_eq!(read(HEALTH, json!({ "status": "healthy", "services": { "upstreams": 3 } })).upstreams, []);
}

#[test]
fn the_exposition_tells_of_those_that_stand_in_for_each_other() {
    let metrics = Metrics::new();
    let chain = ["small", "big"];
    chain.iter().for_each(|name| metrics.failovers().announce(name));
    for (name, healthy) in [("big", false), ("small", true), ("only when named", false)] {
        metrics.upstream_healthy(name, healthy);
        metrics.breaker(&format!("{name}_client"));
    }
    metrics.breaker("small_client").changed("closed", "open", Open.code(), std::time::SystemTime::now());
    metrics.query_started(crate::domain::SearchMode::Hybrid, "auto", &"default".parse().unwrap());
    metrics.failovers().failed_over("big", "start");
    metrics.failovers().failed_over("big", "middle");
    let exposition = ("/metrics", metrics.render().into());
    let seen = Observation::of_bodies(std::slice::from_ref(&exposition));
    let upstream = |name: &str, healthy, asked| Upstream {
        name: name.into(),
        healthy: Some(healthy),
        asked: Some(asked),
        ..Upstream::default()
    };
    assert_eq!(seen.upstreams, [upstream("big", false, true), upstream("small", true, false)]);
    assert_eq!((seen.traffic.as_ref().and_then(|traffic| traffic.failovers), seen.chain().len()), (Some(2.0), 2));
    // Health says more, and in their order.
    let both = Observation::of_bodies(&[(HEALTH, told(vec![detail("small"), detail("big")])), exposition]);
    let names: Vec<_> = both.upstreams.iter().map(|upstream| (upstream.name.as_str(), upstream.healthy)).collect();
    assert_eq!(names, [("small", Some(true)), ("big", Some(true))]);
}
