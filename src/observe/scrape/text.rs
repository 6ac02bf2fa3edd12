//! Reads what a server exposes for Prometheus.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet, btree_map::Entry},
    sync::LazyLock,
};

use super::{
    super::{
        observation::{Breaker, Cache, FileSync, Group, Health, Observation, Pool, Process, Traffic},
        upstream::Upstream,
        values::Histogram,
    },
    exposition::{Exposition, Sample},
};
use crate::{
    resilience::State,
    telemetry::{BREAKER_STATE, Exposed, POOL_REUSED, QUERY_SECONDS, Reading, UPSTREAM_HEALTHY},
};

/// The metrics that are read; a server exposes many others.
static WANTED: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    fn names<G: Group>() -> impl Iterator<Item = &'static str> {
        G::PLACES.iter().filter_map(|found| Some(found.exposed?.name))
    }
    let others = [BREAKER_STATE, POOL_REUSED, UPSTREAM_HEALTHY, FAILOVERS, "ollama_rag_query_seconds_bucket"];
    let all = names::<Health>().chain(names::<Breaker>()).chain(names::<Pool>()).chain(names::<Cache>());
    all.chain(names::<Traffic>()).chain(names::<Process>()).chain(names::<FileSync>()).chain(others).collect()
});

/// Answers that another upstream took over; its series are those of the upstreams that stand in for each other.
const FAILOVERS: &str = "ollama_rag_failovers_total";

/// Routes that ask a question, for servers that count HTTP requests only.
const ASKING: [&str; 4] = ["/query", "/api/query", "/api/stream_query", "/v1/chat/completions"];

impl Observation {
    pub(super) fn read_exposition(&mut self, text: &str) {
        let exposed = Exposition::parse_only(text, |name| WANTED.contains(name));
        // Any of its metrics tells that it is such a server, also one that is not read.
        if !text.lines().any(|line| line.starts_with("ollama_rag_")) {
            return;
        }
        breakers(&exposed, &mut self.breakers);
        if self.upstreams.is_empty() {
            self.upstreams = upstreams(&exposed, &self.breakers);
        }
        match (&mut self.pool, pool(&exposed)) {
            (Some(told), Some(exposed)) => told.retries = told.retries.or(exposed.retries),
            (told, exposed) => *told = told.take().or(exposed),
        }
        let cache = || Some(group(&exposed, None)).filter(|cache: &Cache| cache.hits.is_some());
        self.cache = self.cache.take().or_else(cache);
        // Of HTTP requests there are most series; they matter only for servers that count nothing else.
        self.traffic = traffic(&exposed).or_else(|| {
            let requests = Exposition::parse_only(text, |name| name.starts_with("http_request"));
            requested(&requests, group::<Traffic>(&exposed, None).degraded)
        });
        self.process = Some(group(&exposed, None)).filter(|process| *process != Process::default());
        self.sync = Some(group(&exposed, None)).filter(|sync| *sync != FileSync::default());
    }
}

/// The metrics of a group; `breaker`: only the series of this one.
fn group<G: Group>(exposition: &Exposition<'_>, breaker: Option<&str>) -> G {
    let mut group = G::default();
    for found in G::PLACES {
        if let Some(exposed) = found.exposed {
            *(found.slot)(&mut group) = value(exposition, exposed, breaker);
        }
    }
    group
}

fn value(exposition: &Exposition<'_>, exposed: Exposed, breaker: Option<&str>) -> Option<f64> {
    let read = |own: &[(&str, &str)]| {
        let labels: Vec<_> =
            breaker.map(|name| ("breaker_name", name)).into_iter().chain(own.iter().copied()).collect();
        match exposed.reading {
            Reading::Sum => exposition.sum(exposed.name, &labels),
            Reading::Count => exposition.count(exposed.name, &labels),
            Reading::First => exposition.first(exposed.name, &labels),
        }
    };
    match exposed.labels {
        [(label, either)] => either.split('|').map(|value| read(&[(label, value)])).sum(),
        labels => read(labels),
    }
}

fn breakers(exposed: &Exposition<'_>, all: &mut BTreeMap<String, Breaker>) {
    for sample in exposed.of(BREAKER_STATE) {
        let Some(name) = sample.label("breaker_name") else { continue };
        let mut breaker: Breaker = group(exposed, Some(&name));
        breaker.state = State::ALL.into_iter().find(|state| f64::from(state.code()) == sample.value);
        breaker.since = breaker.since.filter(|at| *at > 0.0);
        match all.entry(name.into_owned()) {
            Entry::Vacant(entry) => drop(entry.insert(breaker)),
            // What was told in more words stays.
            Entry::Occupied(mut entry) => {
                for found in Breaker::PLACES {
                    let (told, exposed) = ((found.slot)(entry.get_mut()), (found.slot)(&mut breaker));
                    *told = told.or(*exposed);
                }
            }
        }
    }
}

/// The upstreams that stand in for each other, by name: in which order they are asked is not exposed.
fn upstreams(exposed: &Exposition<'_>, breakers: &BTreeMap<String, Breaker>) -> Vec<Upstream> {
    let mut all: Vec<Upstream> = Vec::new();
    for sample in exposed.of(UPSTREAM_HEALTHY) {
        let Some(name) = sample.label("upstream").map(Cow::into_owned) else { continue };
        if exposed.sum(FAILOVERS, &[("upstream", &name)]).is_none() {
            continue;
        }
        let healthy = sample.value.is_finite().then_some(sample.value > 0.0);
        let mut upstream = Upstream { name, healthy, ..Upstream::default() };
        let state = breakers.get(&upstream.client()).and_then(|breaker| breaker.state);
        upstream.asked = state.map(|state| state == State::Closed);
        all.push(upstream);
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn pool(exposed: &Exposition<'_>) -> Option<Pool> {
    let mut pool: Pool = group(exposed, None);
    let requests = pool.requests?;
    pool.reuse_rate = exposed.sum(POOL_REUSED, &[]).filter(|_| requests > 0.0).map(|reused| reused / requests);
    Some(pool)
}

fn traffic(exposed: &Exposition<'_>) -> Option<Traffic> {
    let traffic = Traffic { latency: histogram(exposed, QUERY_SECONDS, |_| true), ..group(exposed, None) };
    (traffic.questions.is_some() || traffic.latency.is_some()).then_some(traffic)
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
        ..Traffic::default()
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
