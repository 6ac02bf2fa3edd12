//! What went wrong: openings of breakers, silence, alerts and restarts, together where they overlap.

use std::{collections::BTreeMap, time::Duration};

use super::openings::{Opening, openings};
use crate::observe::{Field, Metric};
use crate::util::time::UnixMillis;
use crate::{
    monitor::{
        alerts::{Active, Severity},
        model::{
            diagnosis,
            history::{self, Row},
            target::Target,
        },
    },
    observe::Upstream,
};

/// IncidentParts of incidents that are kept.
const PIECES: usize = 10_000;

/// An alert during an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentAlert {
    /// Its rule.
    pub name: String,
    /// Its severity.
    pub severity: Severity,
    /// The time at which it fired first.
    pub begin: UnixMillis,
    /// For how long in all.
    pub lasted: Duration,
    /// The number of times that it fired.
    pub times: u64,
    /// The metric of the rule.
    pub metric: Metric,
    /// The value that was farthest from what is allowed.
    pub peak: f64,
    /// The text of the rule.
    pub text: String,
    /// The first finding of the dashboard when it fired.
    pub said: Option<String>,
    allowed: f64,
}

/// Openings of a breaker during an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentOpening {
    /// Its name.
    pub breaker: String,
    /// The number of openings.
    pub times: u64,
    /// For how long in all.
    pub lasted: Duration,
    /// The reason of the first, as the server says.
    pub reason: String,
}

/// Times without an upstream of several during an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentUpstream {
    /// Its name.
    pub upstream: String,
    /// How often it went away.
    pub times: u64,
    /// For how long in all.
    pub lasted: Duration,
    /// The reason of the first time, as the server says.
    pub reason: String,
    /// Whether another upstream was there all the time.
    pub replaced: bool,
}

/// Times without an answer during an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentSilence {
    /// The number of silences.
    pub times: u64,
    /// For how long in all, from the first poll without an answer to the next with one.
    pub lasted: Duration,
    /// Polls without an answer.
    pub polls: u64,
    /// The reason of the first.
    pub trouble: String,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// Its beginning.
    pub begin: UnixMillis,
    /// Its end, or the time at which it was seen last.
    pub end: UnixMillis,
    /// Whether it went on at the end.
    pub ongoing: bool,
    /// Its severity.
    pub severity: Severity,
    /// Upstreams that were away.
    pub upstreams: Vec<IncidentUpstream>,
    /// Breakers that opened.
    pub openings: Vec<IncidentOpening>,
    /// Silence.
    pub silence: Option<IncidentSilence>,
    /// Alerts.
    pub alerts: Vec<IncidentAlert>,
    /// The times at which restarts were seen.
    pub restarts: Vec<UnixMillis>,
    /// What was counted meanwhile, and the highest values.
    pub meanwhile: Option<Row>,
}

impl Incident {
    /// Its length.
    pub fn lasted(&self) -> Duration {
        self.end.since(self.begin)
    }

    /// Share of the questions that got an error meanwhile; of a server that does not count them, of the calls.
    pub fn errors(&self) -> Option<f64> {
        Metric::ErrorRate.of_counts(&self.meanwhile?)
    }

    fn take_in(&mut self, piece: IncidentPart) {
        let lasted = piece.end.since(piece.begin);
        self.end = self.end.max(piece.end);
        self.ongoing |= piece.ongoing;
        self.severity = self.severity.max(piece.severity());
        match piece.what {
            What::Away { upstream, reason, replaced } => {
                match self.upstreams.iter_mut().find(|known| known.upstream == upstream) {
                    Some(known) => {
                        (known.times, known.lasted) = (known.times + 1, known.lasted + lasted);
                        known.replaced &= replaced;
                    }
                    None => self.upstreams.push(IncidentUpstream { upstream, times: 1, lasted, reason, replaced }),
                }
            }
            What::Opening { breaker, reason, .. } => {
                match self.openings.iter_mut().find(|known| known.breaker == breaker) {
                    Some(known) => (known.times, known.lasted) = (known.times + 1, known.lasted + lasted),
                    None => self.openings.push(IncidentOpening { breaker, times: 1, lasted, reason }),
                }
            }
            What::Silence { polls, trouble } => match &mut self.silence {
                Some(known) => {
                    known.times += 1;
                    known.lasted += lasted;
                    known.polls += polls;
                }
                None => self.silence = Some(IncidentSilence { times: 1, lasted, polls, trouble }),
            },
            What::Alert(alert) => match self.alerts.iter_mut().find(|known| known.name == alert.name) {
                Some(known) => {
                    known.times += 1;
                    known.lasted += lasted;
                    known.rise(alert.peak);
                }
                None => self.alerts.push(IncidentAlert { lasted, ..*alert }),
            },
            What::Restart => self.restarts.push(piece.begin),
        }
    }
}

impl IncidentAlert {
    fn new(alert: &Active<'_>, at: UnixMillis, said: Option<String>) -> Self {
        Self {
            name: alert.rule.name.clone(),
            severity: alert.rule.severity,
            begin: at,
            lasted: Duration::ZERO,
            times: 1,
            metric: alert.rule.when.metric(),
            peak: alert.value,
            text: alert.rule.text.clone(),
            said,
            allowed: alert.rule.when.value(),
        }
    }

    /// Alerts are about too much and about too little: the worst is the farthest from what is allowed.
    fn rise(&mut self, value: f64) {
        if (value - self.allowed).abs() > (self.peak - self.allowed).abs() {
            self.peak = value;
        }
    }
}

/// A part of an incident.
#[derive(Debug)]
struct IncidentPart {
    begin: UnixMillis,
    end: UnixMillis,
    ongoing: bool,
    what: What,
}

#[derive(Debug)]
enum What {
    /// `replaced`: another upstream was there all the time.
    Opening {
        breaker: String,
        reason: String,
        replaced: bool,
    },
    Away {
        upstream: String,
        reason: String,
        replaced: bool,
    },
    Silence {
        polls: u64,
        trouble: String,
    },
    Alert(Box<IncidentAlert>),
    Restart,
}

impl IncidentPart {
    fn severity(&self) -> Severity {
        match &self.what {
            What::Opening { replaced: true, .. } | What::Away { replaced: true, .. } => Severity::Warning,
            What::Opening { .. } | What::Away { .. } => Severity::Critical,
            // One poll that got lost says little.
            What::Silence { polls: 0..=1, .. } | What::Restart => Severity::Info,
            What::Silence { .. } => Severity::Critical,
            What::Alert(alert) => alert.severity,
        }
    }
}

/// The parts of incidents of a server that were seen so far.
#[derive(Debug, Default)]
pub(super) struct IncidentParts {
    done: Vec<IncidentPart>,
    /// Alerts that fire, by rule.
    firing: BTreeMap<usize, IncidentAlert>,
    /// Since when nothing is told, polls without an answer, and why.
    silent: Option<(UnixMillis, u64, String)>,
    restarts: u32,
    /// The number of parts that were dropped, because there were too many.
    lost: u64,
}

impl IncidentParts {
    /// Looks at a server after a poll.
    pub fn see(&mut self, target: &Target, at: UnixMillis, active: &[Active<'_>]) {
        if target.restarts > self.restarts {
            self.restarts = target.restarts;
            self.add(at, at, false, What::Restart);
        }
        match (&target.trouble, &mut self.silent) {
            (Some(_), Some((_, polls, _))) => *polls += 1,
            (Some(trouble), none) => *none = Some((at, 1, trouble.to_string())),
            (None, silent) => {
                if let Some((begin, polls, trouble)) = silent.take() {
                    self.add(begin, at, false, What::Silence { polls, trouble });
                }
            }
        }
        self.follow_alerts(target, at, active);
    }

    fn follow_alerts(&mut self, target: &Target, at: UnixMillis, active: &[Active<'_>]) {
        if self.firing.is_empty() && active.is_empty() {
            return;
        }
        let over = |rule: &usize| active.iter().all(|alert| alert.rule_index != *rule);
        let over: Vec<usize> = self.firing.keys().copied().filter(over).collect();
        for rule in over {
            if let Some(alert) = self.firing.remove(&rule) {
                self.add(alert.begin, at, false, What::Alert(Box::new(alert)));
            }
        }
        for alert in active {
            let facts = self.firing.entry(alert.rule_index).or_insert_with(|| {
                let said = diagnosis::findings(target, at).into_iter().next().map(|finding| finding.text);
                IncidentAlert::new(alert, at, said)
            });
            // On its way back the value is a good one.
            if alert.rule.when.holds(alert.value) {
                facts.rise(alert.value);
            }
        }
    }

    fn add(&mut self, begin: UnixMillis, end: UnixMillis, ongoing: bool, what: What) {
        if self.done.len() < PIECES {
            self.done.push(IncidentPart { begin, end, ongoing, what });
        } else {
            self.lost += 1;
        }
    }

    /// The incidents in the order of time, and how many parts of them were too many to be kept.
    pub fn finish(mut self, target: &Target, first: UnixMillis, last: UnixMillis) -> (Vec<Incident>, u64) {
        for alert in std::mem::take(&mut self.firing).into_values() {
            self.add(alert.begin, last, true, What::Alert(Box::new(alert)));
        }
        if let Some((begin, polls, trouble)) = self.silent.take() {
            self.add(begin, last, true, What::Silence { polls, trouble });
        }
        // Nobody knows how a breaker is that does not tell any more.
        let heard = target.last_success.unwrap_or(first);
        let replaced = |begin: UnixMillis, end: UnixMillis| target.upstreams.all_away(begin, end).is_zero();
        for (name, line) in &target.breakers {
            let one_of_several = Upstream::of_breaker(name).is_some_and(|name| target.upstreams.get(name).is_some());
            for Opening { begin, end, ongoing, reason } in openings(line, first, heard) {
                let replaced = one_of_several && replaced(begin, end);
                self.add(begin, end, ongoing, What::Opening { breaker: name.clone(), reason, replaced });
            }
        }
        for upstream in target.upstreams.iter() {
            for Opening { begin, end, ongoing, reason } in openings(&upstream.line, first, heard) {
                let replaced = replaced(begin, end);
                self.add(begin, end, ongoing, What::Away { upstream: upstream.name.clone(), reason, replaced });
            }
        }
        (merge(self.done, target), self.lost)
    }
}

/// Puts together what overlaps.
fn merge(mut pieces: Vec<IncidentPart>, target: &Target) -> Vec<Incident> {
    pieces.sort_by_key(|piece| (piece.begin, piece.end));
    let mut incidents: Vec<Incident> = Vec::new();
    for piece in pieces {
        match incidents.last_mut().filter(|incident| piece.begin <= incident.end) {
            Some(incident) => incident.take_in(piece),
            None => {
                let mut incident = Incident {
                    begin: piece.begin,
                    end: piece.end,
                    ongoing: false,
                    severity: Severity::Info,
                    upstreams: Vec::new(),
                    openings: Vec::new(),
                    silence: None,
                    alerts: Vec::new(),
                    restarts: Vec::new(),
                    meanwhile: None,
                };
                incident.take_in(piece);
                incidents.push(incident);
            }
        }
    }
    for incident in &mut incidents {
        incident.alerts.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
        // The row that ends with the first moment tells what led to it.
        let rows = target.history.between(incident.begin - Duration::from_millis(1), incident.end);
        incident.meanwhile = history::sum(rows).filter(|row| row.covered > 0 || row.get(Field::P95).is_some());
    }
    incidents
}
