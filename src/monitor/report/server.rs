//! One server, summed up poll by poll.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;

use super::{
    goals::GoalResult,
    incidents::{Incident, IncidentParts},
    openings::openings,
    presence::Presence,
    upstreams::{UpstreamHistory, share_without},
};
use crate::observe::record::Poll;
use crate::util::{humanize::number, text::clean, time::UnixMillis};
use crate::{
    monitor::{
        alerts::Active,
        model::{target::Target, timeline::Timeline},
    },
    observe::{CountSource, Field, Growth, Observation, Upstream},
};

/// The window of the worst 95th percentile.
const LATELY: Duration = Duration::from_secs(300);
/// The longest time between two polls that is told apart from longer ones: a month in milliseconds.
const LONGEST: u64 = 31 * 86_400_000;
/// Changes of a setting that are kept.
const CHANGES: usize = 10;

/// What was counted. Rows hold their counts in few digits, and so would their sum: these are exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TotalCounts {
    sums: [Option<f64>; Field::ALL.len()],
    /// Over how long, milliseconds.
    covered: f64,
}

impl Default for TotalCounts {
    fn default() -> Self {
        Self { sums: [None; Field::ALL.len()], covered: 0.0 }
    }
}

impl TotalCounts {
    /// How often something was counted; `None` when it is not known, or is no count.
    pub fn get(&self, field: Field) -> Option<f64> {
        self.sums.get(field as usize).copied().flatten()
    }

    /// A count's share of a number; `None` without any.
    pub fn share_of(&self, part: Field, of: Option<f64>) -> Option<f64> {
        let of = of.filter(|of| *of > 0.0)?;
        Some((self.get(part)? / of).min(1.0))
    }

    fn add(&mut self, target: &Target, at: UnixMillis) {
        let Some(row) = target.history.last().filter(|row| row.at == at && !row.silent) else { return };
        self.covered += f64::from(row.covered);
        for (sum, field) in self.sums.iter_mut().zip(Field::ALL) {
            if let Some(count) = row.get(field).filter(|_| field.growth() == Growth::Counter) {
                *sum = Some(sum.unwrap_or(0.0) + count);
            }
        }
    }
}

impl CountSource for TotalCounts {
    fn get(&self, field: Field) -> Option<f64> {
        self.get(field)
    }

    fn covered(&self) -> f64 {
        self.covered
    }
}

/// The highest values that polls saw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peaks {
    gauges: [Option<f64>; Field::ALL.len()],
    /// Share of the pool in use, 0..=1.
    pub pool_use: Option<f64>,
    /// Polls in a row without an answer.
    pub failed_polls: u32,
    /// Upstreams of several that were away.
    pub upstreams_away: Option<f64>,
    /// Upstreams of several that were there: the fewest.
    pub upstreams_there: Option<f64>,
}

impl Default for Peaks {
    fn default() -> Self {
        Self {
            gauges: [None; Field::ALL.len()],
            pool_use: None,
            failed_polls: 0,
            upstreams_away: None,
            upstreams_there: None,
        }
    }
}

impl Peaks {
    /// The highest value of a gauge; `None` when it is not known, or is no gauge.
    pub fn get(&self, field: Field) -> Option<f64> {
        self.gauges.get(field as usize).copied().flatten()
    }

    fn see(&mut self, seen: &Observation) {
        let rise = |peak: &mut Option<f64>, value: Option<f64>| {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                *peak = Some(peak.map_or(value, |peak| peak.max(value)));
            }
        };
        for (peak, field) in self.gauges.iter_mut().zip(Field::ALL) {
            if field.growth() == Growth::Gauge {
                rise(peak, seen.value(field));
            }
        }
        let chain = seen.chain();
        if !chain.is_empty() {
            let away = chain.iter().filter(|upstream| upstream.is_away()).count();
            rise(&mut self.upstreams_away, Some(away as f64));
            let there = (chain.len() - away) as f64;
            self.upstreams_there = Some(self.upstreams_there.map_or(there, |fewest| fewest.min(there)));
        }
        if let Some(pool) = &seen.pool {
            let most = pool.maxsize.filter(|most| *most > 0.0);
            rise(&mut self.pool_use, pool.in_use.zip(most).map(|(used, most)| used / most));
        }
    }
}

/// Something that the server was told to be, as far as it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The value at the end.
    pub value: String,
    /// When it became another, from what and to what: the first ones.
    pub changes: Vec<(UnixMillis, String, String)>,
    /// The number of all changes.
    pub changed: u64,
}

/// The states of a breaker over the whole time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerHistory {
    /// Its name.
    pub name: String,
    /// The time in the closed, open and half-open state.
    pub held: [Duration; 3],
    /// The time for which the state is not known.
    pub unknown: Duration,
    /// The number of times that it opened.
    pub trips: usize,
    /// The longest time from opening until it was closed again.
    pub longest: Option<Duration>,
    /// Whether it is that of an upstream's answers, and there are others that stand in for it.
    pub one_of_several: bool,
}

impl BreakerHistory {
    fn new(name: &str, line: &Timeline, one_of_several: bool, from: UnixMillis, to: UnixMillis) -> Self {
        let held = line.shares(from, to);
        let longest = openings(line, from, to).iter().map(|opening| opening.lasted()).max();
        Self {
            name: name.to_owned(),
            held,
            unknown: to.since(from).saturating_sub(held.iter().sum()),
            trips: line.trips(from, to),
            longest,
            one_of_several,
        }
    }

    /// A part's share of the time that is known.
    pub fn share_of_known(&self, part: Duration) -> Option<f64> {
        let known: Duration = self.held.iter().sum();
        (!known.is_zero()).then(|| part.as_secs_f64() / known.as_secs_f64())
    }
}

/// One server, summed up.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Its URL.
    pub url: String,
    /// Host and port.
    pub name: String,
    /// All polls, and those without an answer.
    pub polls: [u64; 2],
    /// The first poll.
    pub first: UnixMillis,
    /// The last.
    pub last: UnixMillis,
    /// Time up to a poll with an answer, gaps left out.
    pub covered: Duration,
    /// Times between polls that were so long that polls are missing, how long in all, and the longest. That a server
    /// which does not answer is asked less often makes no gap.
    pub gaps: (u64, Duration, Duration),
    /// Time in which it was watched: from the first poll until an interval after the last, gaps left out.
    pub watched: Duration,
    /// Time of that in which it gave no answer: from a poll without one to the next with one.
    pub unreachable: Duration,
    /// The median time between two polls; `None` with one.
    pub interval: Option<Duration>,
    /// The number of restarts that were seen.
    pub restarts: u32,
    /// Its settings by name.
    pub settings: BTreeMap<String, Setting>,
    /// Its breakers.
    pub breakers: Vec<BreakerHistory>,
    /// Its upstreams, where they are several.
    pub upstreams: Vec<UpstreamHistory>,
    /// Share of the time that is known in which none of them was there.
    pub without_upstream: Option<f64>,
    /// Its counts.
    pub counts: TotalCounts,
    /// The highest values.
    pub peaks: Peaks,
    /// Share of requests that found a connection ready since the server's start, as it told last.
    pub reuse_told: Option<f64>,
    /// Times to answers over the whole time: median, 95th and 99th percentile, milliseconds.
    pub latency: [Option<f64>; 3],
    /// Answers that these are of.
    pub answers: f64,
    /// The highest 95th percentile of five minutes, milliseconds, and when they ended.
    pub worst_p95: Option<(f64, UnixMillis)>,
    /// The targets and whether it met them.
    pub goals: Vec<GoalResult>,
    /// Its incidents in the order of time.
    pub incidents: Vec<Incident>,
    /// Incidents that were too many to be kept.
    pub more_incidents: u64,
}

/// What is gathered about a server while it is polled.
#[derive(Debug)]
pub(super) struct ServerWatch {
    first: UnixMillis,
    last: UnixMillis,
    covered: Duration,
    gaps: (u64, Duration, Duration),
    presence: Presence,
    distances: Histogram<u64>,
    settings: BTreeMap<String, Setting>,
    counts: TotalCounts,
    peaks: Peaks,
    reuse_told: Option<f64>,
    worst_p95: Option<(f64, UnixMillis)>,
    pieces: IncidentParts,
}

impl ServerWatch {
    /// The first poll will be at `first`. `None` when there is no room for it.
    pub fn new(first: UnixMillis) -> Option<Self> {
        Some(Self {
            first,
            last: first,
            covered: Duration::ZERO,
            gaps: Default::default(),
            presence: Presence::default(),
            distances: Histogram::new_with_bounds(1, LONGEST, 3).ok()?,
            settings: BTreeMap::new(),
            counts: TotalCounts::default(),
            peaks: Peaks::default(),
            reuse_told: None,
            worst_p95: None,
            pieces: IncidentParts::default(),
        })
    }

    /// The time of the first poll.
    pub fn first(&self) -> UnixMillis {
        self.first
    }

    /// The time of the last poll.
    pub fn last(&self) -> UnixMillis {
        self.last
    }

    /// Takes in a poll that the model knows already; `active` are the alerts of this server.
    pub fn see(&mut self, target: &Target, poll: &Poll, active: &[Active<'_>]) {
        let passed = poll.at.since(self.last);
        let gap = self.presence.see(target, poll.result.is_err(), passed);
        if poll.at > self.first {
            self.distances.saturating_record(passed.as_millis().try_into().unwrap_or(u64::MAX));
            if gap {
                let (count, all, longest) = self.gaps;
                self.gaps = (count + 1, all + passed, longest.max(passed));
            } else if poll.result.is_ok() {
                self.covered += passed;
            }
        }
        self.last = poll.at;
        self.peaks.failed_polls = self.peaks.failed_polls.max(target.failed_polls);
        if let Ok(seen) = &poll.result {
            self.counts.add(target, poll.at);
            self.peaks.see(seen);
            self.configure(poll.at, seen);
            if let Some(reuse) = seen.pool.as_ref().and_then(|pool| pool.reuse_rate) {
                self.reuse_told = Some(reuse);
            }
            // What the first look tells is of before the recording.
            if let Some(p95) = target.latency(0.95, LATELY, poll.at).filter(|_| target.first_success != Some(poll.at))
                && self.worst_p95.is_none_or(|(worst, _)| p95 > worst + 1e-6)
            {
                self.worst_p95 = Some((p95, poll.at));
            }
        }
        self.pieces.see(target, poll.at, active);
    }

    fn configure(&mut self, at: UnixMillis, seen: &Observation) {
        let number = |value: Option<f64>| value.map(number);
        let (pool, cache) = (seen.pool.as_ref(), seen.cache.as_ref());
        let version = seen.health.as_ref().and_then(|health| health.version.as_deref());
        self.set(at, "version", version.map(|version| clean(version).chars().take(80).collect()));
        self.set(at, "pool: most connections", number(pool.and_then(|pool| pool.maxsize)));
        self.set(at, "cache: most entries", number(cache.and_then(|cache| cache.max_size)));
        let enabled = cache.and_then(|cache| cache.enabled).map(|on| if on { "on" } else { "off" }.to_owned());
        self.set(at, "cache", enabled);
        for (name, breaker) in &seen.breakers {
            self.set(at, &format!("breaker {name}: failures that open it"), number(breaker.failure_threshold));
        }
    }

    fn set(&mut self, at: UnixMillis, name: &str, value: Option<String>) {
        let Some(value) = value else { return };
        match self.settings.get_mut(name) {
            Some(known) if known.value == value => {}
            Some(known) => {
                let before = std::mem::replace(&mut known.value, value.clone());
                known.changed += 1;
                if known.changes.len() < CHANGES {
                    known.changes.push((at, before, value));
                }
            }
            None => {
                self.settings.insert(name.to_owned(), Setting { value, changes: Vec::new(), changed: 0 });
            }
        }
    }

    /// Sums it up; its goals are judged by who knows them.
    pub fn finish(self, target: &Target) -> Server {
        let (first, last) = (self.first, self.last);
        let several =
            |breaker: &str| Upstream::of_breaker(breaker).is_some_and(|name| target.upstreams.get(name).is_some());
        let breakers = target.breakers.iter();
        let breakers =
            breakers.map(|(name, line)| BreakerHistory::new(name, line, several(name), first, last)).collect();
        let upstreams = target.upstreams.iter().map(|one| UpstreamHistory::new(one, first, last)).collect();
        let quantile = |q| target.total_latency.quantile(q).map(|seconds| seconds * 1e3);
        let (watched, unreachable) = self.presence.finish();
        let (incidents, more_incidents) = self.pieces.finish(target, first, last);
        Server {
            url: target.url.clone(),
            name: target.name.clone(),
            polls: target.polls,
            first,
            last,
            covered: self.covered,
            gaps: self.gaps,
            watched,
            unreachable,
            interval: (!self.distances.is_empty())
                .then(|| Duration::from_millis(self.distances.value_at_quantile(0.5))),
            restarts: target.restarts,
            settings: self.settings,
            breakers,
            upstreams,
            without_upstream: share_without(&target.upstreams, first, last),
            counts: self.counts,
            peaks: self.peaks,
            reuse_told: self.reuse_told,
            latency: [quantile(0.5), quantile(0.95), quantile(0.99)],
            answers: target.total_latency.count,
            worst_p95: self.worst_p95,
            goals: Vec::new(),
            incidents,
            more_incidents,
        }
    }
}
