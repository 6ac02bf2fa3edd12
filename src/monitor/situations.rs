//! Models in situations that a person at the screen meets, for tests of the model and of its views. They are the same
//! every time: a simulated server, a simulated clock, and curves instead of chance.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;

use super::{
    alerts::Rules,
    model::{Message, Model},
};
use crate::util::time::UnixMillis;
use crate::{
    observe::{
        Breaker, Cache, EndpointMetrics, Health, Histogram, Observation, PercentilesMs, Pool, Process, StateTransition,
        Traffic, Trouble,
    },
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

/// What happens between two polls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Questions.
    pub questions: f64,
    /// Share of them that is looked up in the cache; the others are talk that no cache answers.
    pub looked_up: f64,
    /// Share of the look-ups that hit.
    pub hits: f64,
    /// Share of the questions whose answer is degraded.
    pub degraded: f64,
    /// Share of the questions that get an error.
    pub errors: f64,
    /// Share of the calls to the LLM that fail.
    pub failures: f64,
    /// Calls that the breaker does not let through, as a share of the questions.
    pub rejected: f64,
    /// Median time to an answer of the LLM, milliseconds.
    pub latency: f64,
    /// Calls in the pool at the poll.
    pub in_use: f64,
    /// Calls that wait for their turn at the poll.
    pub waiting: f64,
    /// Entries of the cache that make room.
    pub evictions: f64,
}

impl Step {
    /// What is usual, in slow and quick waves.
    pub fn usual(index: u32) -> Self {
        let wave = |period: f64, phase: f64| (f64::from(index) / period + phase).sin();
        Self {
            questions: (180.0 + 60.0 * wave(9.0, 0.0) + 18.0 * wave(1.7, 1.0)).round(),
            looked_up: 0.95,
            hits: 0.62 + 0.05 * wave(7.0, 2.0) + 0.02 * wave(1.3, 0.0),
            degraded: 0.0,
            errors: 0.0,
            failures: 0.0,
            rejected: 0.0,
            latency: 900.0 + 180.0 * wave(8.0, 0.5) + 60.0 * wave(1.9, 0.0),
            in_use: (3.0 + 1.6 * wave(9.0, 0.0) + 0.8 * wave(1.7, 1.0)).round().max(0.0),
            waiting: 0.0,
            evictions: 0.0,
        }
    }
}

/// A server that never was.
#[derive(Debug, Clone)]
pub struct Sim {
    /// What its clock says.
    pub now: UnixMillis,
    interval: Duration,
    started: UnixMillis,
    breakers: BTreeMap<&'static str, Breaker>,
    /// When an open breaker lets the next probe through.
    probe: Option<UnixMillis>,
    traffic: [f64; 3],
    times: [f64; BOUNDS.len()],
    cache: Cache,
    requests: [f64; 2],
    failed: f64,
    steps: f64,
}

impl Sim {
    /// A server that started three hours before `now`, and is asked every `interval`.
    pub fn new(now: UnixMillis, interval: Duration) -> Self {
        let mut sim = Self {
            now,
            interval,
            started: now - Duration::from_secs(3 * 3_600),
            breakers: BTreeMap::new(),
            probe: None,
            traffic: [0.0; 3],
            times: [0.0; BOUNDS.len()],
            cache: Cache::default(),
            requests: [0.0; 2],
            failed: 0.0,
            steps: 0.0,
        };
        sim.begin(6_000.0);
        // What it did before anybody looked.
        (0..300).for_each(|index| sim.count(&Step::usual(index)));
        sim
    }

    /// The process starts anew: its counters begin at zero, its cache is read from disk.
    pub fn restart(&mut self, at: UnixMillis) {
        self.started = at;
        let entries = self.cache.size.unwrap_or(0.0);
        self.begin(entries);
    }

    fn begin(&mut self, entries: f64) {
        let breaker = || Breaker {
            state: Some(State::Closed),
            calls: Some(0.0),
            failures: Some(0.0),
            rejected: Some(0.0),
            consecutive_failures: Some(0.0),
            failure_threshold: Some(5.0),
            transitions: Some(0.0),
            opened: Some(0.0),
            closed: Some(0.0),
            ..Breaker::default()
        };
        self.breakers = [(LLM, breaker()), (EMBEDDER, breaker())].into();
        self.probe = None;
        (self.traffic, self.times, self.requests) = ([0.0; 3], [0.0; BOUNDS.len()], [0.0; 2]);
        (self.failed, self.steps) = (0.0, 0.0);
        self.cache = Cache {
            enabled: Some(true),
            hits: Some(0.0),
            exact: Some(0.0),
            semantic: Some(0.0),
            misses: Some(0.0),
            refused: Some(0.0),
            evictions: Some(0.0),
            size: Some(entries),
            max_size: Some(ENTRIES),
            ..Cache::default()
        };
    }

    /// The breaker of the LLM changes its state; an open one lets a probe through after `timeout`.
    pub fn turn(&mut self, at: UnixMillis, to: State, reason: &str, timeout: Duration) {
        let Some(breaker) = self.breakers.get_mut(LLM) else { return };
        let from = breaker.state.replace(to).unwrap_or(State::Closed);
        let seconds = at.0 as f64 / 1e3;
        breaker.history.push(StateTransition { at: seconds, from, to, reason: reason.to_owned() });
        breaker.since = Some(seconds);
        add(&mut breaker.transitions, 1.0);
        match to {
            State::Open => add(&mut breaker.opened, 1.0),
            State::Closed => add(&mut breaker.closed, 1.0),
            State::HalfOpen => {}
        }
        self.probe = (to == State::Open).then_some(at + timeout);
        breaker.consecutive_failures = Some(if to == State::Closed { 0.0 } else { 5.0 });
    }

    /// An interval passes; what it tells then.
    pub fn poll(&mut self, step: &Step) -> Observation {
        self.now = self.now + self.interval;
        self.count(step);
        self.observe(step)
    }

    fn count(&mut self, step: &Step) {
        self.steps += 1.0;
        let lookups = (step.questions * step.looked_up).round();
        let hits = (lookups * step.hits).round();
        let exact = (hits * 0.7).round();
        let asked = step.questions - hits;
        let degraded = (step.questions * step.degraded).round().min(asked);
        let errors = (step.questions * step.errors).round().min(asked - degraded);
        for (sum, more) in self.traffic.iter_mut().zip([step.questions, errors, degraded]) {
            *sum += more;
        }
        // Log-logistic: a closed form with a long tail.
        let upto = |bound: f64, median: f64| 1.0 / (1.0 + (median / bound).powf(2.5));
        for (sum, bound) in self.times.iter_mut().zip(BOUNDS) {
            *sum += hits * upto(bound, 0.001_2) + asked * upto(bound, step.latency / 1e3);
        }
        let rejected = (step.questions * step.rejected).round().min(asked);
        let calls = asked - rejected;
        let failures = (calls * step.failures).round();
        for (name, calls, failures, rejected) in
            [(LLM, calls, failures, rejected), (EMBEDDER, step.questions - exact, 0.0, 0.0)]
        {
            let Some(breaker) = self.breakers.get_mut(name) else { continue };
            add(&mut breaker.calls, calls);
            add(&mut breaker.failures, failures);
            add(&mut breaker.rejected, rejected);
        }
        self.requests = [self.requests[0] + calls, self.requests[1] + step.questions - exact];
        self.failed += failures;
        let cache = &mut self.cache;
        add(&mut cache.hits, hits);
        add(&mut cache.exact, exact);
        add(&mut cache.semantic, hits - exact);
        add(&mut cache.misses, lookups - hits);
        add(&mut cache.refused, (hits * 0.04).round());
        add(&mut cache.evictions, step.evictions);
        // Few of the answers are new: entries become too old, too.
        let kept = ((lookups - hits) * 0.25).round() * (1.0 - step.degraded);
        cache.size = cache.size.map(|size| (size + kept.round() - (lookups * 0.08).round()).clamp(0.0, ENTRIES));
        cache.evictions_per_minute = Some(step.evictions * 60.0 / self.interval.as_secs_f64());
    }

    fn observe(&self, step: &Step) -> Observation {
        let seconds = self.now.0 as f64 / 1e3;
        let mut breakers: BTreeMap<String, Breaker> =
            self.breakers.iter().map(|(name, breaker)| ((*name).to_owned(), breaker.clone())).collect();
        let probe = self.probe.map(|probe| probe.since(self.now).as_secs_f64());
        let mut open = false;
        if let Some(breaker) = breakers.get_mut(LLM) {
            breaker.retry_after_seconds = probe;
            open = breaker.state == Some(State::Open);
        }
        let wave = (self.steps / 6.0).sin();
        let [questions, errors, degraded] = self.traffic.map(Some);
        let latency =
            Histogram { buckets: BOUNDS.into_iter().zip(self.times.map(f64::round)).collect(), count: self.traffic[0] };
        Observation {
            health: Some(Health {
                status: Some(if open { "degraded" } else { "healthy" }.to_owned()),
                version: Some("0.1.0".to_owned()),
                uptime_seconds: Some(self.now.since(self.started).as_secs_f64()),
                upstream: Some(!open),
                database: Some(true),
                documents: Some(1_240.0),
                cpu_percent: Some(22.0 + step.in_use * 4.0 + 3.0 * wave),
                memory_percent: Some(61.0 + 2.0 * wave),
                disk_percent: Some(48.0),
            }),
            breakers,
            pool: Some(self.pool(step)),
            cache: Some(Cache { fill: self.cache.size.map(|size| size / ENTRIES), ..self.cache.clone() }),
            traffic: Some(Traffic { questions, errors, degraded, failovers: None, latency: Some(latency) }),
            process: Some(Process {
                resident_bytes: Some((180.0 + 12.0 * wave) * f64::from(1 << 20)),
                cpu_seconds: Some(self.steps * 1.3),
                open_fds: Some(40.0 + step.in_use),
                started: Some(self.started.0 as f64 / 1e3),
            }),
            clock: Some(seconds),
            took_ms: Some(4.0 + wave),
            notes: Vec::new(),
        }
    }

    fn pool(&self, step: &Step) -> Pool {
        let times = |p50: f64| PercentilesMs { p50: Some(p50), p95: Some(p50 * 2.6), p99: Some(p50 * 4.1) };
        let endpoint = |requests: f64, errors: f64, p50: f64| EndpointMetrics {
            requests: Some(requests),
            errors: Some(errors),
            latency_ms: times(p50),
        };
        let endpoints = [
            ("/api/chat".to_owned(), endpoint(self.requests[0], self.failed, step.latency)),
            ("/api/embed".to_owned(), endpoint(self.requests[1], 0.0, 14.0)),
        ];
        let requests = self.requests[0] + self.requests[1];
        Pool {
            maxsize: Some(POOL),
            requests: Some(requests),
            opened: Some((requests / 90.0).round()),
            open: Some(POOL),
            in_use: Some(step.in_use),
            idle: Some(POOL - step.in_use),
            waiting: Some(step.waiting),
            reuse_rate: Some(0.989),
            wait_ms: times(0.2 + 40.0 * step.waiting),
            retries: Some((self.failed * 0.2).round()),
            endpoints: endpoints.into(),
        }
    }
}

fn add(sum: &mut Option<f64>, more: f64) {
    *sum = sum.map(|sum| sum + more);
}

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
pub fn all() -> [(&'static str, Model); 7] {
    [
        ("healthy", healthy()),
        ("breaker_open", breaker_open()),
        ("flapping", flapping()),
        ("one_stale", one_stale()),
        ("all_unreachable", all_unreachable()),
        ("predecessor", predecessor()),
        ("empty", empty()),
    ]
}
