//! A server that never was, and what it tells.

use std::{collections::BTreeMap, time::Duration};

use super::{BOUNDS, EMBEDDER, ENTRIES, LLM, POOL};
use crate::{
    observe::{
        Breaker, Cache, EndpointMetrics, Health, Histogram, Observation, PercentilesMs, Pool, Process, StateTransition,
        Traffic,
    },
    resilience::State,
    util::time::UnixMillis,
};

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
            upstreams: Vec::new(),
            breakers,
            pool: Some(self.pool(step)),
            cache: Some(Cache { fill: self.cache.size.map(|size| size / ENTRIES), ..self.cache.clone() }),
            traffic: Some(Traffic { questions, errors, degraded, latency: Some(latency), ..Traffic::default() }),
            process: Some(Process {
                resident_bytes: Some((180.0 + 12.0 * wave) * f64::from(1 << 20)),
                cpu_seconds: Some(self.steps * 1.3),
                open_fds: Some(40.0 + step.in_use),
                started: Some(self.started.0 as f64 / 1e3),
            }),
            sync: None,
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
            clients: BTreeMap::new(),
        }
    }
}

fn add(sum: &mut Option<f64>, more: f64) {
    *sum = sum.map(|sum| sum + more);
}
