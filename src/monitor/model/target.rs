//! One target: what it told last, what it told before, and how it is.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::{
    event::{Event, EventKind, state_word},
    history::{History, Row, millis},
    timeline::Timeline,
    upstreams::Upstreams,
};
use crate::util::{humanize::age, text::clean, time::UnixMillis};
use crate::{
    monitor::pace::longest_pause,
    observe::{Field, Growth, Histogram, Observation, Trouble},
    resilience::State,
};

/// Clocks that differ by less are taken for the same: an answer takes its time, too.
const SAME_CLOCK: i64 = 2_000;
/// Polls that may be missing before the time between counts as a gap.
const GAP: f64 = 2.5;
/// Breakers whose past is kept, and those that are told of now.
const BREAKERS: usize = 64;
/// How often a histogram is kept, and how many: an hour, to tell percentiles of the last minutes.
const LATENCY_EVERY: Duration = Duration::from_secs(30);
const LATENCIES: usize = 120;

/// The age of what is known of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing was heard yet.
    Awaited,
    /// As it should be.
    Fresh,
    /// Older than it should be.
    Stale,
    /// It does not tell.
    Silent,
}

/// One target.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its URL, without credentials.
    pub url: String,
    /// Its name on the screen: host and port.
    pub name: String,
    /// The time from poll to poll.
    pub interval: Duration,
    /// The last answer.
    pub latest: Option<Arc<Observation>>,
    /// The time of the last answer.
    pub last_success: Option<UnixMillis>,
    /// The time of the first answer.
    pub first_success: Option<UnixMillis>,
    /// The time of the last poll.
    pub polled: Option<UnixMillis>,
    /// The reason why the last poll failed; `None` when it did not.
    pub trouble: Option<Trouble>,
    /// Since when it has told nothing.
    pub silent_since: Option<UnixMillis>,
    /// Polls in a row without an answer.
    pub failed_polls: u32,
    /// All polls, and those without an answer.
    pub polls: [u64; 2],
    /// The number of restarts that were seen.
    pub restarts: u32,
    /// Its counts and gauges over time.
    pub history: History,
    /// The states of its breakers, over time.
    pub breakers: BTreeMap<String, Timeline>,
    /// Its upstreams, over time, where they are several.
    pub upstreams: Upstreams,
    /// Times to answers since the first look.
    pub total_latency: Histogram,
    latencies: VecDeque<(UnixMillis, Histogram)>,
    skew: i64,
    parse_notes: Vec<String>,
    /// The longest interval since the last poll: it may be due by that one still.
    paced: Duration,
}

impl Target {
    /// A target that was not heard of yet.
    pub fn new(url: &str, interval: Duration, rows: usize) -> Self {
        let name = url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/');
        Self {
            url: url.to_owned(),
            name: clean(name),
            interval,
            latest: None,
            last_success: None,
            first_success: None,
            polled: None,
            trouble: None,
            silent_since: None,
            failed_polls: 0,
            polls: [0; 2],
            restarts: 0,
            history: History::new(rows),
            breakers: BTreeMap::new(),
            upstreams: Upstreams::default(),
            total_latency: Histogram::default(),
            latencies: VecDeque::new(),
            skew: 0,
            parse_notes: Vec::new(),
            paced: interval,
        }
    }

    /// The age of what is known of it.
    pub fn freshness(&self, now: UnixMillis) -> Freshness {
        match (self.last_success, self.silent_since) {
            (_, Some(_)) => Freshness::Silent,
            (None, None) => Freshness::Awaited,
            (Some(told), None) if now.since(told) > self.gap() => Freshness::Stale,
            (Some(_), None) => Freshness::Fresh,
        }
    }

    /// Is asked so often from now on.
    pub fn pace(&mut self, interval: Duration) {
        self.paced = self.paced.max(interval);
        self.interval = interval;
    }

    /// The time without news from which on nothing is known.
    pub fn gap(&self) -> Duration {
        self.paced.max(self.interval).mul_f64(GAP) + Duration::from_secs(1)
    }

    /// The time after the last poll from which on polls are missing: a target that does not answer is asked less often.
    fn missing(&self) -> Duration {
        match self.silent_since {
            Some(_) => self.gap().max(longest_pause(self.interval)),
            None => self.gap(),
        }
    }

    /// The state of the breaker that is worst off, at a moment.
    pub fn state_at(&self, moment: UnixMillis) -> Option<State> {
        self.breakers.values().fold(None, |worst, line| super::history::worse(worst, line.at(moment)))
    }

    /// Takes in a poll that told nothing.
    pub fn record_failure(&mut self, index: usize, at: UnixMillis, trouble: Trouble) -> Vec<Event> {
        self.count_poll(at, false);
        let mut events = Vec::new();
        if self.trouble.as_ref() != Some(&trouble) {
            events.push(Event::new(at, index, EventKind::Silent, trouble.to_string()));
        }
        let width = self.width(at, self.missing());
        self.trouble = Some(trouble);
        self.failed_polls = self.failed_polls.saturating_add(1);
        self.silent_since = self.silent_since.or(Some(at));
        let mut row = Row::new(at, width);
        row.silent = true;
        self.history.push(row);
        self.paced = self.interval;
        events
    }

    /// Takes in what it told.
    pub fn record_answer(&mut self, index: usize, at: UnixMillis, seen: Observation) -> Vec<Event> {
        self.count_poll(at, true);
        let width = self.width(at, self.missing());
        let mut events = Vec::new();
        let mut say = |at, kind, text: String| events.push(Event::new(at, index, kind, text));
        if let Some(since) = self.silent_since.take() {
            let gone = age(at.since(since));
            say(at, EventKind::Back, format!("tells its metrics again, after {gone}"));
        }
        self.trouble = None;
        self.failed_polls = 0;
        let before = self.latest.take();
        let silence = self.last_success.filter(|told| at.since(*told) > self.gap());
        let restarted = before.as_ref().is_some_and(|before| self.restarted(before, &seen, at));
        if restarted {
            self.restarts += 1;
            let uptime = seen.health.as_ref().and_then(|health| health.uptime_seconds);
            let when = uptime.map(|up| format!(", {} ago", age(seconds(up))));
            say(
                at,
                EventKind::Restarted,
                format!("was restarted{}; its counters begin anew", when.unwrap_or_default()),
            );
            self.latencies.clear();
            // The new process began with none: everything that it tells came since.
            self.latencies.extend(self.last_success.map(|told| (told, Histogram::default())));
        }
        let skew = skew(at, &seen);
        if let Some(skew) =
            skew.filter(|skew| skew.saturating_sub(self.skew).saturating_abs() > SAME_CLOCK + took(&seen))
        {
            let ahead = if skew < 0 { "ahead of" } else { "behind" };
            let by = age(Duration::from_millis(skew.unsigned_abs()));
            let text = match skew {
                0 => "its clock is as ours again".to_owned(),
                _ => format!("its clock is {by} {ahead} ours; its times are shown in ours"),
            };
            say(at, EventKind::Note, text);
            self.skew = skew;
        }
        for note in &seen.notes {
            if !self.parse_notes.contains(note) {
                say(at, EventKind::Note, note.clone());
            }
        }
        self.parse_notes.clone_from(&seen.notes);
        let lost = silence.or(self.last_success.filter(|_| restarted));
        self.follow_breakers(index, at, before.as_deref().filter(|_| !restarted), &seen, lost, &mut events);
        let told = before.as_deref().filter(|_| !restarted).zip(self.last_success);
        events.extend(self.upstreams.follow(index, at, told, &seen, lost));
        let row = self.row(Row::new(at, width), before.as_deref(), &seen, restarted);
        self.history.push(row);
        self.follow_latency(at, before.as_deref(), &seen, restarted);
        self.first_success = self.first_success.or(Some(at));
        self.last_success = Some(at);
        self.latest = Some(Arc::new(seen));
        self.paced = self.interval;
        events
    }

    fn count_poll(&mut self, at: UnixMillis, answered: bool) {
        self.polled = Some(at);
        self.polls[0] += 1;
        self.polls[1] += u64::from(!answered);
    }

    /// How far back a row reaches: to the last one, unless polls are missing.
    fn width(&self, at: UnixMillis, missing: Duration) -> u32 {
        let interval = millis(self.interval.as_millis().try_into().unwrap_or(i64::MAX));
        let since = self.history.last().map(|last| at.since(last.at));
        match since {
            Some(since) if since <= missing => millis(since.as_millis().try_into().unwrap_or(i64::MAX)),
            _ => interval.max(1),
        }
    }

    fn restarted(&self, before: &Observation, now: &Observation, at: UnixMillis) -> bool {
        let started = |seen: &Observation| seen.process.and_then(|process| process.started);
        if let (Some(old), Some(new)) = (started(before), started(now)) {
            return (new - old).abs() > 1.5;
        }
        let uptime = |seen: &Observation| seen.health.as_ref().and_then(|health| health.uptime_seconds);
        if let (Some(old), Some(new), Some(told)) = (uptime(before), uptime(now), self.last_success) {
            // A little is lost between telling and hearing.
            return new + 2.0 < old + at.since(told).as_secs_f64() * 0.5 && new < old;
        }
        let fewer =
            |count: fn(&Observation) -> Option<f64>| count(before).zip(count(now)).is_some_and(|(old, new)| new < old);
        let fewer_calls = now.breakers.iter().any(|(name, breaker)| {
            let old = before.breakers.get(name).and_then(|breaker| breaker.calls);
            old.zip(breaker.calls).is_some_and(|(old, new)| new < old)
        });
        fewer_calls || fewer(|seen| seen.pool.as_ref()?.requests) || fewer(|seen| seen.traffic.as_ref()?.questions)
    }

    /// `lost`: when it was heard last, if what happened since may have been missed.
    fn follow_breakers(
        &mut self,
        index: usize,
        at: UnixMillis,
        before: Option<&Observation>,
        seen: &Observation,
        lost: Option<UnixMillis>,
        events: &mut Vec<Event>,
    ) {
        // Names that are gone make room for new ones.
        if self.breakers.len() > BREAKERS {
            self.breakers.retain(|name, _| seen.breakers.contains_key(name));
        }
        let many = seen.breakers.len() > 1 || self.breakers.len() > 1;
        for (name, breaker) in &seen.breakers {
            let line = self.breakers.entry(name.clone()).or_default();
            // The same process fills the gap when it counted no change, or tells of those that it counted.
            let counted = before.and_then(|before| before.breakers.get(name)?.transitions).zip(breaker.transitions);
            let told = counted.is_some_and(|(old, new)| old == new || !breaker.history.is_empty());
            if let Some(lost) = lost.filter(|_| !told) {
                line.lose(lost);
            }
            // By its own clock: what we take its clock to be off by may change from look to look.
            let known = before.and_then(|before| before.breakers.get(name)).map_or(&[][..], |known| &known.history);
            let who = if many { format!("{name}: ") } else { "breaker: ".to_owned() };
            for turn in breaker.history.iter().filter(|turn| !known.contains(turn)) {
                let when = UnixMillis::from_seconds(turn.at) + Duration::from_millis(self.skew.max(0).unsigned_abs())
                    - Duration::from_millis(self.skew.min(0).unsigned_abs());
                // Nobody can tell of what is still to come.
                let when = when.min(at);
                if line.remember(when, turn.from, turn.to, &turn.reason) {
                    let (from, to) = (state_word(turn.from), state_word(turn.to));
                    let text = format!("{who}{from} → {to}: {}", turn.reason);
                    events.push(Event::new(when, index, EventKind::Breaker(turn.to), text));
                }
            }
            let Some(state) = breaker.state else { continue };
            let before = line.changes().next_back().and_then(|change| change.to);
            if line.see(at, state)
                && let Some(before) = before
            {
                let text = format!("{who}{} → {}", state_word(before), state_word(state));
                events.push(Event::new(at, index, EventKind::Breaker(state), text));
            }
        }
    }

    fn row(&self, mut row: Row, before: Option<&Observation>, seen: &Observation, restarted: bool) -> Row {
        let at = row.at;
        row.state = seen.worst();
        row.restarted = restarted;
        // A counter that went back was reset: what it shows now came since.
        let grown = |old: f64, new: f64| if !restarted && new >= old { new - old } else { new };
        for field in Field::ALL {
            match (field.growth(), before) {
                (Growth::Counter, Some(before)) => row.set(field, seen.grown(field, before, grown)),
                (Growth::Counter, None) => {}
                (Growth::Gauge, _) => row.set(field, seen.value(field)),
            }
        }
        if let (Some(_), Some(told)) = (before, self.last_success) {
            let elapsed = at.since(told);
            let up = seen.health.as_ref().and_then(|health| health.uptime_seconds).filter(|_| restarted);
            let covered = up.map_or(elapsed, |up| elapsed.min(seconds(up.max(0.001))));
            row.covered = millis(covered.as_millis().try_into().unwrap_or(i64::MAX));
        }
        if let Some(times) = latency_between(before, seen, restarted) {
            for (field, q) in [(Field::P50, 0.5), (Field::P95, 0.95), (Field::P99, 0.99)] {
                row.set(field, times.quantile(q).map(|seconds| seconds * 1e3));
            }
        }
        row
    }

    fn follow_latency(&mut self, at: UnixMillis, before: Option<&Observation>, seen: &Observation, restarted: bool) {
        if let Some(times) = latency_between(before, seen, restarted).filter(|_| before.is_some()) {
            self.total_latency.add(&times);
        }
        let Some(now) = seen.traffic.as_ref().and_then(|traffic| traffic.latency.as_ref()) else { return };
        if self.latencies.back().is_none_or(|(last, _)| at.since(*last) >= LATENCY_EVERY) {
            self.latencies.push_back((at, now.clone()));
            if self.latencies.len() > LATENCIES {
                self.latencies.pop_front();
            }
        }
    }

    /// A quantile of the times to answers of the last `window`, milliseconds; as far back as is known.
    pub fn latency(&self, q: f64, window: Duration, now: UnixMillis) -> Option<f64> {
        let latest = self.latest.as_ref()?.traffic.as_ref()?.latency.as_ref()?;
        let begin = now - window;
        let older = self.latencies.iter().rev().find(|(at, _)| *at <= begin).or(self.latencies.front());
        let times = match older {
            Some((_, older)) if self.polls[0] - self.polls[1] > 1 => latest.since(older),
            _ => latest.clone(),
        };
        times.quantile(q).map(|seconds| seconds * 1e3)
    }
}

/// By how much our clock is ahead of its, milliseconds; 0 when that is not worth telling, `None` when it tells no time.
fn skew(at: UnixMillis, seen: &Observation) -> Option<i64> {
    let clock = seen.clock.filter(|clock| *clock > 1e9 && *clock < 1e11)?;
    let skew = at.0.saturating_sub((clock * 1e3) as i64);
    Some(if skew.saturating_abs() > SAME_CLOCK + took(seen) { skew } else { 0 })
}

/// How long an answer took, milliseconds: so much older than its arrival may what it tells be.
fn took(seen: &Observation) -> i64 {
    seen.took_ms.map_or(0, |took| took.clamp(0.0, 3.6e6) as i64)
}

/// What a server calls seconds; what is no time is none.
fn seconds(told: f64) -> Duration {
    Duration::try_from_secs_f64(told.clamp(0.0, 1e9)).unwrap_or_default()
}

/// Times to the answers between two looks; to all answers when there was no look before.
fn latency_between(before: Option<&Observation>, seen: &Observation, restarted: bool) -> Option<Histogram> {
    let times = |seen: &Observation| seen.traffic.as_ref()?.latency.clone();
    let now = times(seen)?;
    Some(match before.filter(|_| !restarted).and_then(times) {
        Some(before) => now.since(&before),
        None => now,
    })
}
