//! What the server counts while it is under load: its metrics before, during and after.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio_util::task::AbortOnDropHandle;

use super::{
    result::{ServerBody, ServerSample, round},
    target::BenchTarget,
};
use crate::{
    observe::{Observation, Scraper},
    resilience::State,
};

/// Longest that the server may take to answer with its metrics.
const PATIENCE: Duration = Duration::from_secs(3);

/// Most samples; beyond that every other one is dropped and they come half as often.
const MOST: usize = 600;

/// Looks at a server, in the background, from [`begin`](Self::begin) to [`finish`](Self::finish).
pub struct ServerWatch {
    scraper: Arc<Scraper>,
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

/// Counters by the name that they have in a result.
fn counters(seen: &Observation) -> BTreeMap<String, f64> {
    let told = Observation::entries().filter_map(|entry| Some((entry.result?.to_owned(), (entry.get)(seen)?)));
    let mut counters: BTreeMap<String, f64> = told.collect();
    // A server that does not tell hits apart tells only all of them; one that tells openings need not tell all changes.
    if let Some(hits) = seen.cache.as_ref().and_then(|cache| cache.hits) {
        counters.entry("cache_exact_hits".to_owned()).or_insert(hits);
    }
    if counters.contains_key("breaker_opened") {
        counters.remove("breaker_transitions");
    }
    counters
}

impl ServerWatch {
    /// Will look at a server every so often.
    pub fn new(target: BenchTarget, every: Duration) -> Self {
        // The address that the load goes to, not another one of the same name.
        let builder =
            reqwest::Client::builder().no_proxy().timeout(PATIENCE).resolve(&target.resolution.host, target.address);
        let http = builder.build().unwrap_or_default();
        let scraper = Scraper::with(http, format!("{}{}", target.base, target.prefix), target.authorization);
        let (before, samples, task) = (Mutex::default(), Arc::default(), Mutex::default());
        Self { scraper: Arc::new(scraper), every, before, samples, task }
    }

    /// Takes the first look. A server that tells nothing is not watched.
    pub async fn begin(&self) {
        let before = snapshot(&self.scraper).await;
        if before.is_some() {
            let polling = poll(Arc::clone(&self.scraper), self.every, Arc::clone(&self.samples));
            *self.task.lock() = Some(AbortOnDropHandle::new(tokio::spawn(polling)));
        }
        *self.before.lock() = before;
    }

    /// Takes the last look and says what happened meanwhile; `None` when the server tells nothing.
    pub async fn finish(&self) -> Option<ServerBody> {
        drop(self.task.lock().take());
        let before = self.before.lock().take()?;
        let samples = std::mem::take(&mut *self.samples.lock());
        let Some(after) = snapshot(&self.scraper).await else {
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

async fn poll(scraper: Arc<Scraper>, mut every: Duration, samples: Arc<Mutex<Vec<ServerSample>>>) {
    let started = Instant::now();
    loop {
        tokio::time::sleep(every).await;
        let Some(seen) = snapshot(&scraper).await else { continue };
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

async fn snapshot(scraper: &Scraper) -> Option<Snapshot> {
    let seen = scraper.scrape_counters().await?;
    Some(Snapshot {
        counters: counters(&seen),
        breaker: seen.worst().map(State::as_str),
        cache_size: seen.cache.as_ref().and_then(|cache| cache.size),
        memory: seen.process.and_then(|process| process.resident_bytes).map(|bytes| bytes / f64::from(1 << 20)),
        in_use: seen.pool.as_ref().and_then(|pool| pool.in_use),
    })
}

/// The counts in words.
fn story(counted: &BTreeMap<String, f64>, samples: &[ServerSample]) -> Vec<String> {
    let grown = |name: &str| counted.get(name).copied();
    let whole = |value: f64| crate::util::humanize::count(value.max(0.0) as u64);
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
