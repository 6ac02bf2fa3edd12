//! Reads what a server exposes for Prometheus.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{
    exposition::{Exposition, Sample},
    observation::{Breaker, Cache, Histogram, Observation, Pool, Process, Traffic},
};
use crate::resilience::State;

/// Beginnings of the metrics that are read; a server exposes many others.
const WANTED: [&str; 11] = [
    "ollama_rag_circuit_breaker_",
    "ollama_rag_connection_pool_requests",
    "ollama_rag_connection_pool_connections",
    "ollama_rag_connection_pool_opened",
    "ollama_rag_connection_pool_reused",
    "ollama_rag_connection_pool_size",
    "ollama_rag_degraded_answers",
    "ollama_rag_quer",
    "ollama_rag_retries",
    "ollama_rag_semcache_",
    "process_",
];

/// Routes that ask a question, for servers that count HTTP requests only.
const ASKING: [&str; 4] = ["/query", "/api/query", "/api/stream_query", "/v1/chat/completions"];

impl Observation {
    pub(super) fn read_exposition(&mut self, text: &str) {
        let exposed = Exposition::parse_only(text, |name| WANTED.iter().any(|wanted| name.starts_with(wanted)));
        // Any of its metrics tells that it is such a server, also one that is not read.
        if !text.lines().any(|line| line.starts_with("ollama_rag_")) {
            return;
        }
        breakers(&exposed, &mut self.breakers);
        match (&mut self.pool, pool(&exposed)) {
            (Some(told), Some(exposed)) => told.retries = told.retries.or(exposed.retries),
            (told, exposed) => *told = told.take().or(exposed),
        }
        self.cache = self.cache.take().or_else(|| cache(&exposed));
        // Of HTTP requests there are most series; they matter only for servers that count nothing else.
        self.traffic = traffic(&exposed).or_else(|| {
            let requests = Exposition::parse_only(text, |name| name.starts_with("http_request"));
            requested(&requests, exposed.sum("ollama_rag_degraded_answers_total", &[]))
        });
        self.process = process(&exposed);
    }
}

fn breakers(exposed: &Exposition<'_>, all: &mut BTreeMap<String, Breaker>) {
    for sample in exposed.of("ollama_rag_circuit_breaker_state") {
        let Some(name) = sample.label("breaker_name") else { continue };
        let name = &*name;
        let of = |label: &'static str, value: &'static str| [("breaker_name", name), (label, value)];
        let calls = |status| exposed.count("ollama_rag_circuit_breaker_calls_total", &of("status", status));
        let turned = |to| exposed.count("ollama_rag_circuit_breaker_transitions_total", &of("to_state", to));
        let this = [("breaker_name", name)];
        let changed = exposed.sum("ollama_rag_circuit_breaker_last_state_change_timestamp", &this);
        let failures = calls("failure");
        let breaker = Breaker {
            state: State::ALL.into_iter().find(|state| f64::from(state.code()) == sample.value),
            calls: calls("success").zip(failures).map(|(good, bad)| good + bad),
            failures,
            rejected: calls("rejected"),
            consecutive_failures: exposed.sum("ollama_rag_circuit_breaker_consecutive_failures", &this),
            transitions: exposed.count("ollama_rag_circuit_breaker_transitions_total", &this),
            opened: turned("open"),
            closed: turned("closed"),
            since: changed.filter(|at| *at > 0.0),
            ..Breaker::default()
        };
        match all.entry(name.to_owned()) {
            Entry::Vacant(entry) => drop(entry.insert(breaker)),
            // What was told in more words stays.
            Entry::Occupied(mut entry) => {
                let told = entry.get_mut();
                told.opened = told.opened.or(breaker.opened);
                told.closed = told.closed.or(breaker.closed);
                told.rejected = told.rejected.or(breaker.rejected);
                told.consecutive_failures = told.consecutive_failures.or(breaker.consecutive_failures);
                told.since = told.since.or(breaker.since);
            }
        }
    }
}

fn pool(exposed: &Exposition<'_>) -> Option<Pool> {
    let requests = exposed.sum("ollama_rag_connection_pool_requests_total", &[])?;
    let now = |state| exposed.sum("ollama_rag_connection_pool_connections", &[("state", state)]);
    let reused = exposed.sum("ollama_rag_connection_pool_reused_total", &[]);
    Some(Pool {
        maxsize: exposed
            .of("ollama_rag_connection_pool_size")
            .find(|sample| sample.label("pool_type").as_deref() == Some("maxsize"))
            .map(|sample| sample.value)
            .filter(|size| size.is_finite()),
        requests: Some(requests),
        opened: exposed.sum("ollama_rag_connection_pool_opened_total", &[]),
        open: now("open"),
        in_use: now("in_use"),
        idle: now("idle"),
        reuse_rate: reused.filter(|_| requests > 0.0).map(|reused| reused / requests),
        retries: exposed.sum("ollama_rag_retries_total", &[]),
        ..Pool::default()
    })
}

fn cache(exposed: &Exposition<'_>) -> Option<Cache> {
    let hits = exposed.sum("ollama_rag_semcache_hits_total", &[])?;
    let of = |kind| exposed.count("ollama_rag_semcache_hits_total", &[("type", kind)]);
    Some(Cache {
        hits: Some(hits),
        exact: of("exact"),
        semantic: of("semantic"),
        misses: exposed.sum("ollama_rag_semcache_misses_total", &[]),
        refused: exposed.sum("ollama_rag_semcache_rejected_total", &[]),
        evictions: exposed.sum("ollama_rag_semcache_evictions_total", &[]),
        size: exposed.sum("ollama_rag_semcache_size", &[]),
        fill: exposed.sum("ollama_rag_semcache_fill_ratio", &[]),
        ..Cache::default()
    })
}

fn traffic(exposed: &Exposition<'_>) -> Option<Traffic> {
    let questions = exposed.sum("ollama_rag_queries_total", &[]);
    let errors = exposed.sum("ollama_rag_query_errors_total", &[]);
    let degraded = exposed.sum("ollama_rag_degraded_answers_total", &[]);
    let latency = histogram(exposed, "ollama_rag_query_seconds", |_| true);
    (questions.is_some() || latency.is_some()).then_some(Traffic { questions, errors, degraded, latency })
}

/// The questions of a server that counts its HTTP requests and nothing else.
fn requested(exposed: &Exposition<'_>, degraded: Option<f64>) -> Option<Traffic> {
    let asking = |handler: Option<&str>| handler.is_some_and(|handler| ASKING.contains(&handler));
    let requests = || exposed.of("http_requests_total").filter(|sample| asking(sample.label("handler").as_deref()));
    requests().next()?;
    let failed = |sample: &&Sample<'_>| sample.label("status").is_some_and(|status| status.starts_with('5'));
    Some(Traffic {
        questions: Some(requests().map(|sample| sample.value).sum()),
        errors: Some(requests().filter(failed).map(|sample| sample.value).sum()),
        degraded,
        latency: histogram(exposed, "http_request_duration_seconds", asking),
    })
}

/// The sum of a histogram's series of some handlers.
fn histogram(exposed: &Exposition<'_>, name: &str, of: impl Fn(Option<&str>) -> bool) -> Option<Histogram> {
    let bucket = format!("{name}_bucket");
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    let mut count = 0.0;
    let mut any = false;
    for sample in
        exposed.of(&bucket).filter(|sample| of(sample.label("handler").as_deref()) && sample.value.is_finite())
    {
        any = true;
        let Some(bound) = sample.label("le") else { continue };
        match bound.parse::<f64>() {
            Ok(bound) if bound.is_finite() => match buckets.binary_search_by(|known| known.0.total_cmp(&bound)) {
                Ok(at) => buckets[at].1 += sample.value,
                Err(at) => buckets.insert(at, (bound, sample.value)),
            },
            _ => count += sample.value,
        }
    }
    any.then_some(Histogram { buckets, count })
}

fn process(exposed: &Exposition<'_>) -> Option<Process> {
    let process = Process {
        resident_bytes: exposed.sum("process_resident_memory_bytes", &[]),
        cpu_seconds: exposed.sum("process_cpu_seconds_total", &[]),
        open_fds: exposed.sum("process_open_fds", &[]),
        started: exposed.sum("process_start_time_seconds", &[]),
    };
    (process != Process::default()).then_some(process)
}
