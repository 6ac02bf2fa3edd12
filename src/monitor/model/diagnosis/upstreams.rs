//! What is to be said of several upstreams: who of them is away, who answers instead, and what users notice of it.

use std::time::Duration;

use super::{Finding, MANY, MOST, SOME, degraded_of, effects, lately_of, probe};
use crate::{
    monitor::{
        alerts::Severity,
        model::{history::Row, target::Target},
    },
    observe::{CountSource, Field, Observation, Upstream},
    resilience::State,
    util::{
        humanize::{age, brief_share},
        time::UnixMillis,
    },
};

/// Names of upstreams that are told; of more only the number is.
const NAMES: usize = 2;

/// Upstreams are away: a warning while others answer in their place.
pub(super) fn away(target: &Target, seen: &Observation, now: UnixMillis) -> Option<Finding> {
    let (away, there): (Vec<&Upstream>, Vec<&Upstream>) = seen.chain().iter().partition(|upstream| upstream.is_away());
    if away.is_empty() {
        return None;
    }
    let outages = away.iter().filter_map(|upstream| target.upstreams.get(&upstream.name)?.line.outage(now));
    if there.is_empty() {
        // Since the last of them went.
        let since = outages.max().map(|since| now.since(since));
        let lately = target.counted(since.map_or(MOST, |since| since.min(MOST).max(target.interval)), now);
        let left = seen.breakers.iter().filter(|(name, _)| away.iter().any(|upstream| upstream.answers_behind(name)));
        let left = left.filter_map(|(_, breaker)| breaker.retry_after_seconds).reduce(f64::min);
        let since = lasting(since);
        let (names, effects, probe) = (names(&away), effects(lately.as_ref()), probe(target, left, now));
        let text = format!("none of the {} upstreams answers{since} ({names}){effects}{probe}", away.len());
        return Some(Finding::new(Severity::Critical, text));
    }
    // Since the first of them went.
    let since = outages.min().map(|since| now.since(since));
    let window = since.map_or(lately_of(target), |since| since.min(MOST).max(target.interval));
    let since = lasting(since);
    let is = if away.len() == 1 { "is" } else { "are" };
    let answer = if there.len() == 1 { "answers" } else { "answer" };
    let lately = target.counted(window, now);
    let noticed = noticed(seen, &away, lately.as_ref());
    let text = format!("{} {is} away{since}: {} {answer}{noticed}", names(&away), names(&there));
    Some(Finding::new(Severity::Warning, text))
}

/// For how long, as a part of a sentence. Of what the first look saw nobody knows for how long.
fn lasting(since: Option<Duration>) -> String {
    let since = since.filter(|since| since.as_secs() > 0);
    since.map(|since| format!(" for {}", age(since))).unwrap_or_default()
}

/// What users notice although others answer.
fn noticed(seen: &Observation, away: &[&Upstream], lately: Option<&Row>) -> String {
    let embeds = away.iter().find(|upstream| fails_to_embed(seen, upstream));
    let degraded = lately.and_then(degraded_of).filter(|(share, _)| *share >= SOME);
    let degraded = degraded.map(|(share, what)| format!("{} of {what} degraded", brief_share(share)));
    match (embeds, degraded) {
        (Some(upstream), Some(degraded)) => format!(", but {} embeds, too → {degraded}", upstream.name),
        (Some(upstream), None) => format!(", but {} embeds, too", upstream.name),
        (None, Some(degraded)) => format!(" → {degraded}"),
        (None, None) => String::new(),
    }
}

/// Whether an upstream that is away is asked to embed, too, as far as is known, and cannot.
fn fails_to_embed(seen: &Observation, upstream: &Upstream) -> bool {
    let Some((_, breaker)) = seen.breakers.iter().find(|(name, _)| upstream.embeds_behind(name)) else { return false };
    let is = |count: Option<f64>| count.is_some_and(|count| count > 0.0);
    let closed = breaker.state.is_none_or(|state| state == State::Closed);
    !closed || is(breaker.calls) && (is(breaker.consecutive_failures) || upstream.healthy == Some(false))
}

/// Whether the line about upstreams that are away tells what a breaker of this name would.
pub(super) fn tells_of(seen: &Observation, breaker: &str) -> bool {
    let mut away = seen.chain().iter().filter(|upstream| upstream.is_away());
    away.any(|upstream| upstream.answers_behind(breaker) || upstream.embeds_behind(breaker))
}

/// All upstreams are there, but others take over so many answers that one of them cannot be well.
pub(super) fn taken_over(lately: Option<&Row>) -> Option<Finding> {
    let share = lately?.share(Field::Failovers, &[Field::Questions]).filter(|share| *share >= MANY)?;
    let text =
        format!("{} of the answers are taken over by another upstream: one refuses or breaks off", brief_share(share));
    Some(Finding::new(Severity::Warning, text))
}

/// Upstreams by name: `big`, `big and small`, `3 upstreams`.
fn names(upstreams: &[&Upstream]) -> String {
    match upstreams {
        many if many.len() > NAMES => format!("{} upstreams", many.len()),
        few => few.iter().map(|upstream| upstream.name.as_str()).collect::<Vec<_>>().join(" and "),
    }
}
