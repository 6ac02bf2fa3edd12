//! What the server counts while it is under load: its metrics before, during and after.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::Value;
use tokio_util::task::AbortOnDropHandle;

use super::{
    result::{ServerBody, ServerSample, round},
    target::Target,
};
use crate::telemetry::Exposition;

/// How long the server may take to tell.
const PATIENCE: Duration = Duration::from_secs(3);

/// Most samples; beyond that every other one is dropped and they come half as often.
const MOST: usize = 600;

/// Largest text that is read.
const LARGEST: usize = 8 << 20;

/// Looks at a server, in the background, from [`begin`](Self::begin) to [`finish`](Self::finish).
pub struct Watch {
    http: reqwest::Client,
    target: Target,
    every: Duration,
    before: Mutex<Option<Snapshot>>,
    samples: Arc<Mutex<Vec<ServerSample>>>,
    task: Mutex<Option<AbortOnDropHandle<()>>>,
}

/// What the server told at a moment, in the same words whichever way it tells them.
#[derive(Debug, Clone, Default)]
struct Snapshot {
    counters: BTreeMap<String, f64>,
    breaker: Option<&'static str>,
    cache_size: Option<f64>,
    memory: Option<f64>,
    in_use: Option<f64>,
}

/// Labels that a series must have.
type Labels = &'static [(&'static str, &'static str)];

/// Counters by the name that they have in a result, and where Prometheus has them.
const COUNTERS: [(&str, &str, Labels); 12] = [
    ("queries", "ollama_rag_queries_total", &[]),
    ("query_errors", "ollama_rag_query_errors_total", &[]),
    ("cache_exact_hits", "ollama_rag_semcache_hits_total", &[("type", "exact")]),
    ("cache_semantic_hits", "ollama_rag_semcache_hits_total", &[("type", "semantic")]),
    ("cache_misses", "ollama_rag_semcache_misses_total", &[]),
    ("cache_refused", "ollama_rag_semcache_rejected_total", &[]),
    ("degraded", "ollama_rag_degraded_answers_total", &[]),
    ("breaker_opened", "ollama_rag_circuit_breaker_transitions_total", &[("to_state", "open")]),
    ("breaker_closed", "ollama_rag_circuit_breaker_transitions_total", &[("to_state", "closed")]),
    ("upstream_requests", "ollama_rag_connection_pool_requests_total", &[]),
    ("connections_opened", "ollama_rag_connection_pool_opened_total", &[]),
    ("retries", "ollama_rag_retries_total", &[]),
];

impl Watch {
    /// Will look at a server every so often.
    pub fn new(target: Target, every: Duration) -> Self {
        // The address that the load goes to, not another one of the same name.
        let builder = reqwest::Client::builder().timeout(PATIENCE).resolve(&target.resolution.host, target.address);
        let http = builder.build().unwrap_or_default();
        let (before, samples, task) = (Mutex::default(), Arc::default(), Mutex::default());
        Self { http, target, every, before, samples, task }
    }

    /// Takes the first look. A server that tells nothing is not watched.
    pub async fn begin(&self) {
        let before = snapshot(&self.http, &self.target).await;
        if before.is_some() {
            let looking = look(self.http.clone(), self.target.clone(), self.every, Arc::clone(&self.samples));
            *self.task.lock() = Some(AbortOnDropHandle::new(tokio::spawn(looking)));
        }
        *self.before.lock() = before;
    }

    /// Takes the last look and says what happened meanwhile; `None` when the server tells nothing.
    pub async fn finish(&self) -> Option<ServerBody> {
        drop(self.task.lock().take());
        let before = self.before.lock().take()?;
        let samples = std::mem::take(&mut *self.samples.lock());
        let Some(after) = snapshot(&self.http, &self.target).await else {
            let story = vec!["it did not tell its metrics any more at the end".to_owned()];
            return Some(ServerBody { story, counted: BTreeMap::new(), samples });
        };
        let restarted =
            after.counters.iter().any(|(name, value)| before.counters.get(name).is_some_and(|old| value < old));
        let grown = |(name, value): (&String, &f64)| {
            let old = if restarted { 0.0 } else { before.counters.get(name).copied().unwrap_or(0.0) };
            (name.clone(), round(value - old))
        };
        let counted: BTreeMap<String, f64> = after.counters.iter().map(grown).collect();
        let mut story = story(&counted, &samples);
        if restarted {
            story.insert(0, "it was restarted during the run: what it counted before is lost".to_owned());
        }
        if let (Some(old), Some(new)) = (before.memory, after.memory) {
            let most = samples.iter().filter_map(|sample| sample.memory_mb).fold(old.max(new), f64::max);
            story.push(format!("its memory was {old:.0} MiB before, {most:.0} MiB at most, {new:.0} MiB after"));
        }
        Some(ServerBody { story, counted, samples })
    }
}

async fn look(http: reqwest::Client, target: Target, mut every: Duration, samples: Arc<Mutex<Vec<ServerSample>>>) {
    let started = Instant::now();
    loop {
        tokio::time::sleep(every).await;
        let Some(seen) = snapshot(&http, &target).await else { continue };
        let sample = ServerSample {
            at: round(started.elapsed().as_secs_f64()),
            breaker: seen.breaker.map(str::to_owned),
            cache_size: seen.cache_size,
            memory_mb: seen.memory.map(round),
            pool_in_use: seen.in_use,
        };
        let mut samples = samples.lock();
        samples.push(sample);
        if samples.len() >= MOST {
            let mut keep = false;
            samples.retain(|_| {
                keep = !keep;
                keep
            });
            every *= 2;
        }
    }
}

/// `/metrics`, or, of a server without it, the JSON metrics.
async fn snapshot(http: &reqwest::Client, target: &Target) -> Option<Snapshot> {
    let exposed = get(http, target, "/metrics").await.map(|text| Exposition::parse(&text));
    if let Some(exposed) = exposed.filter(|exposed| exposed.samples().iter().any(|s| s.name.starts_with("ollama_rag_")))
    {
        return Some(of_exposition(&exposed));
    }
    let mut bodies = Vec::new();
    for path in ["/api/circuit-breaker/metrics", "/api/semantic-cache/metrics", "/api/connection-pool/metrics"] {
        let body = get(http, target, path).await.and_then(|text| serde_json::from_str::<Value>(&text).ok());
        bodies.push(body.unwrap_or(Value::Null));
    }
    bodies.iter().any(Value::is_object).then(|| of_json(&bodies[0], &bodies[1], &bodies[2]))
}

async fn get(http: &reqwest::Client, target: &Target, path: &str) -> Option<String> {
    let mut request = http.get(format!("{}{}{path}", target.base, target.prefix));
    if let Some(authorization) = &target.authorization {
        request = request.header("authorization", authorization);
    }
    let mut response = request.send().await.ok().filter(|response| response.status().is_success())?;
    let mut text = Vec::new();
    while let Some(part) = response.chunk().await.ok()? {
        text.extend_from_slice(&part);
        if text.len() > LARGEST {
            return None;
        }
    }
    String::from_utf8(text).ok()
}

fn of_exposition(exposed: &Exposition) -> Snapshot {
    let counters = COUNTERS.iter().filter_map(|(name, series, labels)| {
        Some(((*name).to_owned(), exposed.sum(series, labels).or_else(|| exposed.sum(series, &[]).map(|_| 0.0))?))
    });
    Snapshot {
        counters: counters.collect(),
        breaker: exposed.highest("ollama_rag_circuit_breaker_state").map(|_| {
            let states: Vec<f64> = exposed.of("ollama_rag_circuit_breaker_state").map(|sample| sample.value).collect();
            // 1 is open, 2 is half open.
            if states.contains(&1.0) {
                "open"
            } else if states.contains(&2.0) {
                "half_open"
            } else {
                "closed"
            }
        }),
        cache_size: exposed.sum("ollama_rag_semcache_size", &[]),
        memory: exposed.sum("process_resident_memory_bytes", &[]).map(|bytes| bytes / f64::from(1 << 20)),
        in_use: exposed.sum("ollama_rag_connection_pool_connections", &[("state", "in_use")]),
    }
}

/// What the predecessor tells.
fn of_json(breaker: &Value, cache: &Value, pool: &Value) -> Snapshot {
    let mut counters = BTreeMap::new();
    let mut add = |name: &str, value: Option<f64>| {
        if let Some(value) = value {
            counters.insert(name.to_owned(), value);
        }
    };
    let cached = |name: &str| {
        let inner = cache.get("semantic_cache").unwrap_or(cache);
        inner.get(name).or_else(|| cache.get(name)).and_then(Value::as_f64)
    };
    add("cache_exact_hits", cached("exact_hits").or_else(|| cached("hits")));
    add("cache_semantic_hits", cached("semantic_hits"));
    add("cache_misses", cached("misses"));
    let breakers = breaker.get("circuit_breakers").and_then(Value::as_object);
    let sum = |name: &str| breakers.map(|all| all.values().filter_map(|b| b.get(name)?.as_f64()).sum());
    add("breaker_transitions", sum("state_transitions"));
    let pool = pool.get("connection_pool").unwrap_or(pool);
    add("upstream_requests", pool.get("total_requests").and_then(Value::as_f64));
    add("connections_opened", pool.get("connections_opened").and_then(Value::as_f64));
    let states: Vec<&str> = breakers
        .map(|all| all.values().filter_map(|b| b.get("state")?.as_str()).collect())
        .unwrap_or_else(|| breaker.get("state").and_then(Value::as_str).into_iter().collect());
    let state = match () {
        () if states.is_empty() => None,
        () if states.iter().any(|state| state.eq_ignore_ascii_case("open")) => Some("open"),
        () if states.iter().any(|state| state.to_lowercase().starts_with("half")) => Some("half_open"),
        () => Some("closed"),
    };
    Snapshot {
        counters,
        breaker: state,
        cache_size: cached("size").or_else(|| cached("cache_size")),
        memory: None,
        in_use: None,
    }
}

/// The counts in words.
fn story(counted: &BTreeMap<String, f64>, samples: &[ServerSample]) -> Vec<String> {
    let grown = |name: &str| counted.get(name).copied();
    let whole = |value: f64| super::report::count(value.max(0.0) as u64);
    let mut story = Vec::new();
    if let (Some(exact), Some(misses)) = (grown("cache_exact_hits"), grown("cache_misses")) {
        let semantic = grown("cache_semantic_hits").unwrap_or(0.0);
        let (hits, all) = (exact + semantic, exact + semantic + misses);
        if all > 0.0 {
            let refused = match grown("cache_refused").filter(|refused| *refused > 0.0) {
                Some(refused) => format!("; {} near answers were refused", whole(refused)),
                None => String::new(),
            };
            story.push(format!(
                "{:.0} % of {} look-ups came from the cache ({} in the same words, {} in others){refused}",
                100.0 * hits / all,
                whole(all),
                whole(exact),
                whole(semantic)
            ));
        }
    }
    if let Some(degraded) = grown("degraded").filter(|degraded| *degraded > 0.0) {
        story.push(format!("{} answers were degraded", whole(degraded)));
    }
    let opened = grown("breaker_opened");
    let worst = samples.iter().filter_map(|sample| sample.breaker.as_deref()).find(|state| *state != "closed");
    match (opened, grown("breaker_closed")) {
        (Some(opened), closed) if opened > 0.0 => {
            let times = if opened == 1.0 { "once".to_owned() } else { format!("{} times", whole(opened)) };
            let closed = closed.unwrap_or(0.0);
            let closed = if closed >= 1.0 { "and closed again" } else { "and had not closed again at the end" };
            story.push(format!("the circuit breaker opened {times} {closed}"));
        }
        (Some(_), _) if worst.is_some() => story.push("the circuit breaker was open before the run began".to_owned()),
        (Some(_), _) => story.push("the circuit breaker stayed closed".to_owned()),
        (None, _) => {
            if let Some(transitions) = grown("breaker_transitions") {
                story.push(format!("the circuit breaker changed its state {} times", whole(transitions)));
            }
        }
    }
    if let (Some(requests), Some(connections)) = (grown("upstream_requests"), grown("connections_opened"))
        && requests > 0.0
    {
        let retries = match grown("retries").filter(|retries| *retries > 0.0) {
            Some(retries) => format!(", {} of them retries", whole(retries)),
            None => String::new(),
        };
        story.push(format!(
            "{} new connections to the LLM for {} requests{retries}",
            whole(connections),
            whole(requests)
        ));
    }
    story
}
