//! What belongs together, in one line of words.

mod upstreams;

use std::time::Duration;

use super::{
    history::Row,
    reader::pool_use,
    target::{Freshness, Target},
};
use crate::observe::{CountSource, Field, Metric};
use crate::util::{
    humanize::{age, brief_share, interval, short, time},
    text::clean,
    time::UnixMillis,
};
use crate::{monitor::alerts::Severity, observe::Observation, resilience::State};

/// How far back the shares in the line reach: a few polls, but not less, or more, than this.
const POLLS: u32 = 4;
const LEAST: Duration = Duration::from_secs(20);
const MOST: Duration = Duration::from_secs(300);
/// Trips of a breaker within [`FLAPPING_WITHIN`] that are called flapping.
const FLAPPING: usize = 3;
const FLAPPING_WITHIN: Duration = Duration::from_secs(600);
/// A pool that is that full is full.
const FULL_POOL: f64 = 0.95;
/// A cache that is that full, and has so few hits while it evicts so many a minute, is too small.
const FULL_CACHE: f64 = 0.9;
const FEW_HITS: f64 = 0.5;
const MANY_EVICTIONS: f64 = 10.0;
/// Shares below are not worth a word.
const SOME: f64 = 0.01;
/// Shares from here on are worth a line of their own.
const MANY: f64 = 0.05;
/// Answers that take that many times as long as they did are slow, when they take at least [`LONG`] milliseconds.
const SLOWER: f64 = 4.0;
const LONG: f64 = 500.0;

/// Something that one should know about a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its severity.
    pub severity: Severity,
    /// One sentence.
    pub text: String,
}

impl Finding {
    fn new(severity: Severity, text: String) -> Self {
        Self { severity, text: clean(&text) }
    }
}

/// What is the matter with a target, the worst first; empty when all is well, or when nothing is known yet.
pub fn findings(target: &Target, now: UnixMillis) -> Vec<Finding> {
    if let Some(silence) = silence(target, now) {
        return vec![silence];
    }
    let Some(seen) = target.latest.as_deref() else { return Vec::new() };
    let lately = target.counted(settled_of(target, now), now);
    let (upstreams, breaker) = (upstreams::away(target, seen, now), breaker(target, seen, now));
    // Errors, slowness and bad health are what an open breaker means; its line tells of them.
    let others = match (&upstreams, &breaker) {
        (_, Some(_)) => [None, None, None, None],
        // What is degraded, and what it calls itself for want of an upstream, stands in the line about that.
        (Some(_), None) => [failing(lately.as_ref()), slow(target, now), without_db(seen), None],
        (None, None) => {
            [errors(lately.as_ref()), slow(target, now), unwell(seen), upstreams::taken_over(lately.as_ref())]
        }
    };
    let found = [upstreams, breaker, pool(target, now), cache(target, lately.as_ref(), now)];
    let mut found: Vec<Finding> = found.into_iter().chain(others).flatten().collect();
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}

/// The summary of a target without findings.
pub fn well(target: &Target, now: UnixMillis) -> String {
    if target.freshness(now) == Freshness::Awaited {
        return "waiting for the first answer".to_owned();
    }
    let window = lately_of(target);
    let lately = target.counted(window, now);
    let questions = lately.and_then(|row| row.rate(Field::Questions));
    let mut parts = Vec::new();
    match questions {
        Some(0.0) => parts.push("nobody asks".to_owned()),
        Some(rate) => parts.push(format!("{} questions/s", short(rate))),
        None => {}
    }
    if let Some(share) = lately.and_then(|row| Metric::HitRate.of_counts(&row)) {
        parts.push(format!("{} from the cache", brief_share(share)));
    }
    if let Some(p95) = target.latency(0.95, window, now).filter(|_| questions.is_some_and(|rate| rate > 0.0)) {
        parts.push(format!("p95 {}", time(p95)));
    }
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("all is well{parts}")
}

/// The window over which the shares in a finding are computed.
fn lately_of(target: &Target) -> Duration {
    target.interval.saturating_mul(POLLS).clamp(LEAST, MOST)
}

/// The same, but not beyond the last moment at which one of several upstreams went or came: what was before it is over.
fn settled_of(target: &Target, now: UnixMillis) -> Duration {
    let changes = target.upstreams.iter().filter_map(|upstream| upstream.line.since(now));
    changes.map(|change| now.since(change)).fold(lately_of(target), Duration::min)
}

fn silence(target: &Target, now: UnixMillis) -> Option<Finding> {
    match (target.freshness(now), &target.trouble) {
        (Freshness::Silent, Some(trouble)) => {
            let since = target.silent_since.map(|since| age(now.since(since))).unwrap_or_default();
            let last = target
                .last_success
                .map(|told| format!("; last answer {} ago", age(now.since(told))))
                .unwrap_or_default();
            let first = target.failed_polls < 2
                || target.silent_since.is_none_or(|since| now.since(since) < Duration::from_secs(2));
            let since = if first { String::new() } else { format!(", for {since}") };
            let severity = if target.failed_polls < 2 { Severity::Warning } else { Severity::Critical };
            Some(Finding::new(severity, format!("{} {trouble}{since}{last}", target.name)))
        }
        (Freshness::Stale, _) => {
            let told = target.last_success.map(|told| age(now.since(told))).unwrap_or_default();
            let text =
                format!("{} was last heard {told} ago, it is asked every {}", target.name, interval(target.interval));
            Some(Finding::new(Severity::Warning, text))
        }
        _ => None,
    }
}

fn breaker(target: &Target, seen: &Observation, now: UnixMillis) -> Option<Finding> {
    let changes = target.breakers.iter().map(|(name, line)| (name, line.trips(now - FLAPPING_WITHIN, now)));
    // Of equals the one that nothing stands in for.
    let worst = changes.max_by_key(|(name, trips)| (*trips, !seen.stands_in(name)));
    if let Some((name, trips)) = worst.filter(|(_, trips)| *trips >= FLAPPING) {
        let within = age(FLAPPING_WITHIN);
        let effect = effects(target.counted(lately_of(target), now).as_ref());
        let text = format!(
            "breaker {name} flaps: it tripped {trips} times in {within}, the LLM comes back and fails again{effect}"
        );
        let severity = if seen.stands_in(name) { Severity::Warning } else { Severity::Critical };
        return Some(Finding::new(severity, text));
    }
    let untold = seen.breakers.iter().filter(|(name, _)| !upstreams::tells_of(seen, name));
    let known = untold.filter_map(|(name, breaker)| Some((name, breaker, breaker.state?)));
    let worst = known.filter(|(_, _, state)| *state != State::Closed);
    // Of equals the one that nothing stands in for, and of these the first.
    let (name, breaker, worst) =
        worst.rev().max_by_key(|(name, _, state)| (state.severity(), !seen.stands_in(name)))?;
    let since = target.breakers.get(name).and_then(|line| match worst {
        State::Open => line.outage(now),
        _ => line.since(now),
    });
    let since = since.map(|since| now.since(since));
    // What came of it is what happened since, not what happened before.
    let lately = target.counted(since.map_or(MOST, |since| since.min(MOST).max(target.interval)), now);
    let lately = lately.as_ref();
    let since = since.map(|since| format!(" for {}", age(since))).unwrap_or_default();
    if worst == State::HalfOpen {
        let text = format!("breaker {name} half-open{since}: probes decide whether the LLM is back{}", effects(lately));
        return Some(Finding::new(Severity::Warning, text));
    }
    let probe = probe(target, breaker.retry_after_seconds, now);
    let severity = if seen.stands_in(name) { Severity::Warning } else { Severity::Critical };
    Some(Finding::new(severity, format!("breaker {name} open{since}{}{probe}", effects(lately))))
}

/// When the next probe comes, as the end of a sentence; `left`: seconds until it, as the target told last.
fn probe(target: &Target, left: Option<f64>, now: UnixMillis) -> String {
    let told = target.last_success.unwrap_or(now);
    match left.map(|left| left - now.since(told).as_secs_f64()) {
        Some(left) if left >= 1.0 => format!("; next probe in {left:.0} s"),
        Some(_) => "; a probe is due".to_owned(),
        None => String::new(),
    }
}

/// The effect of an open breaker on questions, as the end of a sentence.
fn effects(lately: Option<&Row>) -> String {
    let share = |metric: Metric| lately.and_then(|row| metric.of_counts(row));
    let asked = lately.and_then(|row| row.get(Field::Questions));
    let mut parts = Vec::new();
    if let Some((degraded, what)) = lately.and_then(degraded_of).filter(|(share, _)| *share >= SOME) {
        parts.push(format!("{} of {what} degraded", brief_share(degraded)));
    }
    if let Some(errors) = share(Metric::ErrorRate).filter(|share| *share >= SOME && asked.is_some()) {
        parts.push(format!("{} of questions fail", brief_share(errors)));
    }
    let hits = share(Metric::HitRate).filter(|share| *share >= SOME);
    let effect = match (parts.is_empty(), asked) {
        (false, _) => format!(" → {}", parts.join(", ")),
        (true, Some(0.0)) => " → nobody asks at the moment".to_owned(),
        (true, _) => String::new(),
    };
    let cache = hits.map(|hits| format!("; cache still serves {}", brief_share(hits))).unwrap_or_default();
    effect + &cache
}

/// The share of answers that were degraded, and of which: what the cache answers says nothing about the LLM.
fn degraded_of(row: &Row) -> Option<(f64, &'static str)> {
    let (degraded, asked) = (row.get(Field::Degraded)?, row.get(Field::Questions)?);
    let (fresh, what) = match row.get(Field::Hits).filter(|hits| *hits > 0.0) {
        Some(hits) if asked - hits >= degraded => (asked - hits, "uncached answers"),
        _ => (asked, "answers"),
    };
    (fresh > 0.0).then(|| ((degraded / fresh).min(1.0), what))
}

fn pool(target: &Target, now: UnixMillis) -> Option<Finding> {
    let pool = target.latest.as_ref()?.pool.as_ref()?;
    let waiting = pool.waiting.unwrap_or(0.0);
    let full = pool_use(target).is_some_and(|share| share >= FULL_POOL);
    if waiting < 1.0 && !full {
        return None;
    }
    let size = pool.in_use.zip(pool.maxsize).map(|(used, most)| format!(" ({used:.0} of {most:.0})"));
    let size = size.unwrap_or_default();
    let queue = match (full, waiting >= 1.0) {
        (true, true) => format!("the pool is full{size} and {waiting:.0} wait"),
        (true, false) => format!("the pool is full{size}"),
        (false, _) => format!("{waiting:.0} wait for their turn in the pool{size}"),
    };
    let p95 = target.latency(0.95, lately_of(target), now);
    let p95 = p95.map(|p95| format!(", p95 {}", time(p95))).unwrap_or_default();
    let severity = if waiting >= 1.0 { Severity::Warning } else { Severity::Info };
    let text = format!("{queue}: the LLM is the bottleneck{p95}");
    Some(Finding::new(severity, text))
}

fn cache(target: &Target, lately: Option<&Row>, now: UnixMillis) -> Option<Finding> {
    let fill = target.metric(Metric::CacheFill, MOST, now)?;
    let evictions = target.metric(Metric::EvictionsPerMinute, MOST, now)?;
    let hits = lately.and_then(|row| Metric::HitRate.of_counts(row))?;
    let thrashing = fill >= FULL_CACHE && evictions >= MANY_EVICTIONS && hits < FEW_HITS;
    thrashing.then(|| {
        let (evictions, hits) = (short(evictions), brief_share(hits));
        let text = format!(
            "the cache thrashes: full, {evictions} evictions/min, {hits} hits; it is too small for these questions"
        );
        Finding::new(Severity::Warning, text)
    })
}

fn failing(lately: Option<&Row>) -> Option<Finding> {
    let errors = Metric::ErrorRate.of_counts(lately?).filter(|share| *share >= MANY)?;
    Some(Finding::new(Severity::Warning, format!("{} of the questions fail", brief_share(errors))))
}

fn errors(lately: Option<&Row>) -> Option<Finding> {
    if let Some(failing) = failing(lately) {
        return Some(failing);
    }
    let degraded = Metric::DegradedRate.of_counts(lately?).filter(|share| *share >= MANY)?;
    let text = format!("{} of the answers are degraded: the LLM does not answer all calls", brief_share(degraded));
    Some(Finding::new(Severity::Warning, text))
}

/// Answers take much longer than they did.
fn slow(target: &Target, now: UnixMillis) -> Option<Finding> {
    let before = target.latency(0.95, Duration::from_secs(3_600), now)?;
    let lately = target.latency(0.95, Duration::from_secs(120), now)?;
    let slow = lately >= LONG && lately >= SLOWER * before;
    slow.then(|| {
        let (lately, before) = (time(lately), time(before));
        Finding::new(Severity::Warning, format!("answers are slow: p95 {lately}, it was {before} over the last hour"))
    })
}

/// It says that its DB cannot be read, whatever else may be wrong with it.
fn without_db(seen: &Observation) -> Option<Finding> {
    unwell(seen).filter(|_| seen.health.as_ref().is_some_and(|health| health.database == Some(false)))
}

fn unwell(seen: &Observation) -> Option<Finding> {
    let health = seen.health.as_ref()?;
    let status = health.status.as_deref().filter(|status| !["healthy", "ok", "alive"].contains(status))?;
    let why = match (health.database, health.upstream) {
        (Some(false), _) => ": its DB cannot be read",
        (_, Some(false)) => ": its LLM does not answer",
        _ => "",
    };
    let severity = if status == "unhealthy" { Severity::Critical } else { Severity::Warning };
    Some(Finding::new(severity, format!("it calls itself {status}{why}")))
}
