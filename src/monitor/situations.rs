//! Models in situations that a person at the screen meets, for tests of the model and of its views. They are the same
//! every time: a simulated server, a simulated clock, and curves instead of chance.

mod sim;

use std::time::Duration;

use serde_json::json;

pub use self::sim::{Sim, Step};

use super::{
    alerts::Rules,
    model::{Message, Model},
};
use crate::util::time::UnixMillis;
use crate::{
    observe::{Breaker, Observation, PoolClient, Trouble, Upstream},
    resilience::State,
};

/// When every situation begins.
pub const START: UnixMillis = UnixMillis(1_795_273_200_000);
/// How often targets are asked.
pub const INTERVAL: Duration = Duration::from_secs(30);
/// How many polls there are.
pub const POLLS: u32 = 72;
/// How long after the last poll somebody looks.
pub const GLANCE: Duration = Duration::from_secs(2);
/// The breaker of the LLM.
pub const LLM: &str = "ollama_client";
/// The breaker of the embedder.
pub const EMBEDDER: &str = "ollama_client_embed";

/// Upper bounds of the histogram of times to answers, seconds.
pub const BOUNDS: [f64; 18] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0];

/// Most calls at once.
const POOL: f64 = 8.0;
/// Most entries of the cache.
const ENTRIES: f64 = 10_000.0;
/// Three servers.
const THREE: [&str; 3] = ["http://rag-a:8000", "http://rag-b:8000", "http://rag-c:8000"];

/// A model that watches these servers by the built-in rules, and has heard of none.
pub fn watching(urls: &[&str]) -> Model {
    Model::new(urls, INTERVAL, Rules::builtin(), START)
}

/// A target has told, or not.
pub fn polled(model: &mut Model, target: usize, at: UnixMillis, result: Result<Observation, Trouble>) {
    model.update(Message::Polled { target, at, result: Box::new(result) }, at);
}

/// When poll number `index` comes back.
pub fn poll_at(index: u32) -> UnixMillis {
    START + INTERVAL * (index + 1)
}

/// When the last poll came back.
pub fn last_poll() -> UnixMillis {
    poll_at(POLLS - 1)
}

/// Somebody looks at the screen.
fn seen(mut model: Model) -> Model {
    model.update(Message::Tick, last_poll() + GLANCE);
    model
}

/// A server is asked [`POLLS`] times; `step` may turn its breaker before each.
fn one(mut step: impl FnMut(u32, &mut Sim) -> Step) -> Model {
    let mut model = watching(&["http://127.0.0.1:8000"]);
    let mut sim = Sim::new(START, INTERVAL);
    for index in 0..POLLS {
        let step = step(index, &mut sim);
        let told = sim.poll(&step);
        polled(&mut model, 0, sim.now, Ok(told));
    }
    seen(model)
}

/// Nothing is the matter.
pub fn healthy() -> Model {
    one(|index, _| Step::usual(index))
}

/// People chat, so the cache is seldom asked. Two minutes ago the LLM died: the breaker opened, and two probes failed.
pub fn breaker_open() -> Model {
    let before = |seconds| last_poll() - Duration::from_secs(seconds);
    let seconds = Duration::from_secs;
    one(|index, sim| {
        let chat = Step { looked_up: 0.1, ..Step::usual(index) };
        let dead = Step { degraded: 1.0, rejected: 1.0, in_use: 0.0, latency: 40.0, ..chat };
        match POLLS - index {
            4 => {
                sim.turn(before(112), State::Open, "5 consecutive failures", seconds(30));
                Step { rejected: 0.9, failures: 1.0, latency: 4_000.0, in_use: POOL, waiting: 5.0, ..dead }
            }
            3 => {
                sim.turn(before(82), State::HalfOpen, "30 s passed", Duration::ZERO);
                sim.turn(before(81), State::Open, "a probe failed", seconds(60));
                Step { waiting: 2.0, in_use: 5.0, ..dead }
            }
            2 => Step { waiting: 1.0, in_use: 2.0, ..dead },
            1 => {
                sim.turn(before(21), State::HalfOpen, "60 s passed", Duration::ZERO);
                sim.turn(before(20), State::Open, "a probe failed", seconds(120));
                dead
            }
            _ => chat,
        }
    })
}

/// Of two upstreams the first died two minutes ago: its breaker opened, and the second answers in its place.
pub fn upstream_away() -> Model {
    let mut taken_over = 0.0;
    let before = |seconds| last_poll() - Duration::from_secs(seconds);
    let mut model = watching(&["http://127.0.0.1:8000"]);
    let mut sim = Sim::new(START, INTERVAL);
    for index in 0..POLLS {
        let left = POLLS - index;
        let step = Step::usual(index);
        if left == 4 {
            sim.turn(before(112), State::Open, "5 consecutive failures", Duration::from_secs(180));
        }
        let away = left <= 4;
        taken_over += if away { 24.0 } else { 0.0 };
        polled(&mut model, 0, poll_at(index), Ok(of_two(sim.poll(&step), away, taken_over)));
    }
    seen(model)
}

/// What a server tells that asks `big` and, where that is away, `small`; it embeds by itself.
pub fn of_two(mut told: Observation, away: bool, taken_over: f64) -> Observation {
    let upstream = |name: &str, model: &str, there: bool| Upstream {
        name: name.to_owned(),
        model: Some(model.to_owned()),
        healthy: Some(there),
        asked: Some(there),
        error: (!there).then(|| "connection refused".to_owned()),
    };
    told.upstreams = vec![upstream("big", "llama3.1:8b", !away), upstream("small", "qwen2.5:3b", true)];
    let calls = |share: f64, breaker: &Breaker| breaker.calls.map(|calls| (calls * share).round());
    if let Some(big) = told.breakers.remove(LLM) {
        let small = Breaker { state: Some(State::Closed), calls: calls(0.1, &big), ..Breaker::default() };
        told.breakers = [("big_client".to_owned(), big), ("small_client".to_owned(), small)].into();
    }
    if let Some(pool) = &mut told.pool {
        let client = |in_use| PoolClient {
            requests: pool.requests,
            maxsize: Some(POOL / 2.0),
            in_use,
            idle: Some(1.0),
            waiting: Some(0.0),
        };
        let used = if away { [Some(0.0), pool.in_use] } else { [pool.in_use, Some(0.0)] };
        pool.clients = ["big_client", "small_client"].into_iter().map(str::to_owned).zip(used.map(client)).collect();
    }
    if let Some(health) = &mut told.health {
        health.status = Some(if away { "degraded" } else { "healthy" }.to_owned());
    }
    if let Some(traffic) = &mut told.traffic {
        traffic.failovers = Some(taken_over);
    }
    told
}

/// The LLM comes back and fails again, every two and a half minutes of the last twenty.
pub fn flapping() -> Model {
    one(|index, sim| {
        let usual = Step::usual(index);
        let left = POLLS - index;
        if left > 40 {
            return usual;
        }
        let bad = Step { degraded: 0.25, failures: 0.3, rejected: 0.1, latency: 1_900.0, ..usual };
        let after = |seconds| poll_at(index) - INTERVAL + Duration::from_secs(seconds);
        match left % 5 {
            4 => {
                sim.turn(after(20), State::Open, "5 consecutive failures", INTERVAL);
                bad
            }
            3 => {
                sim.turn(after(20), State::HalfOpen, "30 s passed", Duration::ZERO);
                sim.turn(after(22), State::Closed, "2 successful probes", Duration::ZERO);
                bad
            }
            _ => Step { degraded: 0.02, ..usual },
        }
    })
}

/// Three servers are asked, each with its own traffic; `told` says what comes of a poll, `None` that nothing comes.
fn three(told: impl Fn(u32, usize, Observation) -> Option<Result<Observation, Trouble>>) -> Model {
    let mut model = watching(&THREE);
    let mut sims = [0_u64, 1, 2].map(|target| Sim::new(START + Duration::from_millis(target * 120), INTERVAL));
    for index in 0..POLLS {
        for (target, sim) in sims.iter_mut().enumerate() {
            let step = Step::usual(index + 13 * target as u32);
            let step = Step { questions: (step.questions * (1.0 - 0.25 * target as f64)).round(), ..step };
            let seen = sim.poll(&step);
            if let Some(result) = told(index, target, seen) {
                polled(&mut model, target, sim.now, result);
            }
        }
    }
    seen(model)
}

/// Of three servers the second has not been heard of for six polls; nobody knows why.
pub fn one_stale() -> Model {
    three(|index, target, told| (target != 1 || index < POLLS - 6).then_some(Ok(told)))
}

/// Three servers refuse connections since ten polls.
pub fn all_unreachable() -> Model {
    three(|index, _, told| {
        let refused = || Trouble::Unreachable("connection refused".to_owned());
        Some(if index < POLLS - 10 { Ok(told) } else { Err(refused()) })
    })
}

/// A server of the short dialect: three JSON bodies with a few counters in each.
pub fn predecessor() -> Model {
    let mut model = watching(&["http://127.0.0.1:8000"]);
    let mut sim = Sim::new(START, INTERVAL);
    for index in 0..POLLS {
        let told = sim.poll(&Step { failures: 0.01, ..Step::usual(index) });
        let breaker = told.breakers.get(LLM).unwrap();
        let (pool, cache) = (told.pool.as_ref().unwrap(), told.cache.as_ref().unwrap());
        let short = Observation::of_bodies(&[
            (
                "/metrics/circuit-breaker",
                json!({ "state": "CLOSED", "total_calls": breaker.calls, "failure_count": breaker.failures }),
            ),
            (
                "/metrics/connection-pool",
                json!({ "pool_connections": 10, "pool_maxsize": 20, "total_requests": pool.requests }),
            ),
            (
                "/metrics/semantic-cache",
                json!({ "hits": cache.hits, "misses": cache.misses, "size": cache.size, "max_size": ENTRIES }),
            ),
        ]);
        polled(&mut model, 0, sim.now, Ok(Observation { took_ms: told.took_ms, ..short }));
    }
    seen(model)
}

/// A target that was asked for the first time, and has not answered yet.
pub fn empty() -> Model {
    let mut model = watching(&["http://127.0.0.1:8000"]);
    model.update(Message::Tick, START + GLANCE);
    model
}

/// Every situation by its name.
pub fn all() -> [(&'static str, Model); 8] {
    [
        ("healthy", healthy()),
        ("breaker_open", breaker_open()),
        ("upstream_away", upstream_away()),
        ("flapping", flapping()),
        ("one_stale", one_stale()),
        ("all_unreachable", all_unreachable()),
        ("predecessor", predecessor()),
        ("empty", empty()),
    ]
}
