//! Takes in recordings poll by poll, through the same model that the dashboard shows.

use std::{collections::HashMap, time::Duration};

use super::{
    measure::judge,
    server::{Server, ServerWatch},
    summary::{DeploymentReport, ReportError, ReportSource},
};
use crate::monitor::{
    alerts::{Condition, Rules},
    model::{Message, Model},
};
use crate::observe::record::{Header, Poll};
use crate::util::{humanize::many, time::UnixMillis};

/// Polls that are looked at to tell how often servers are asked, when a recording does not say.
const SAMPLE: usize = 64;
/// The assumed time from poll to poll where a recording does not tell it.
const INTERVAL: Duration = Duration::from_secs(30);
/// The longest interval that is believed, seconds.
const LONGEST: f64 = 604_800.0;

/// Gathers what recordings tell, in memory that does not grow with them. For each recording: [`ReportBuilder::open`],
/// [`ReportBuilder::take`] for its polls, [`ReportBuilder::close`]. Recordings come in the order of time.
pub struct ReportBuilder {
    model: Model,
    watches: Vec<ServerWatch>,
    sources: Vec<ReportSource>,
    /// Whether the time from poll to poll is known.
    paced: bool,
    /// The first polls, until it is.
    sample: Vec<Poll>,
}

impl ReportBuilder {
    /// Nothing yet. `rules` say what an alert is.
    pub fn new(rules: Rules) -> Self {
        Self {
            model: Model::new(&[] as &[&str], INTERVAL, rules, UnixMillis::default()),
            watches: Vec::new(),
            sources: Vec::new(),
            paced: false,
            sample: Vec::new(),
        }
    }

    /// A recording begins.
    pub fn open(&mut self, name: &str, header: &Header) {
        self.settle();
        let seconds = header.interval_seconds;
        self.paced = seconds.is_finite() && seconds > 0.0;
        if self.paced {
            self.pace(Duration::from_secs_f64(seconds.clamp(0.001, LONGEST)));
        }
        let name = name.to_owned();
        self.sources.push(ReportSource { name, polls: 0, truncated: false, damaged: 0, passed_over: 0 });
    }

    /// Takes in a poll. One that is not later than the last of its server is passed over.
    pub fn take(&mut self, poll: &Poll) {
        if let Some(source) = self.sources.last_mut() {
            source.polls += 1;
        }
        if self.paced {
            self.feed(poll);
            return;
        }
        self.sample.push(poll.clone());
        if self.sample.len() >= SAMPLE {
            self.settle();
        }
    }

    /// The recording is at its end; whether it ended within a line, and how many of its lines could not be read.
    pub fn close(&mut self, truncated: bool, damaged: u64) {
        self.settle();
        if let Some(source) = self.sources.last_mut() {
            (source.truncated, source.damaged) = (truncated, damaged);
        }
    }

    /// Sums it up and holds it against targets: those given, and the usual ones for other figures.
    ///
    /// # Errors
    /// When there was no poll.
    pub fn finish(mut self, given: &[Condition]) -> Result<DeploymentReport, ReportError> {
        self.settle();
        let span = self.watches.iter().map(|watch| (watch.first(), watch.last()));
        let span = span.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let Some(span) = span else { return Err(ReportError::Empty(self.what_was_read())) };
        let servers = self.watches.into_iter().zip(&self.model.targets);
        let servers = servers.map(|(watch, target)| {
            let server = watch.finish(target);
            Server { goals: judge(&server, given), ..server }
        });
        let servers = servers.collect();
        Ok(DeploymentReport { sources: self.sources, span, servers })
    }

    fn what_was_read(&self) -> String {
        let damaged: u64 = self.sources.iter().map(|source| source.damaged).sum();
        let damaged = if damaged > 0 { format!(" ({} damaged)", many(damaged, "line")) } else { String::new() };
        match self.sources.as_slice() {
            [only] => format!("{} is a recording{damaged}", only.name),
            all => format!("these are {}{damaged}", many(all.len() as u64, "recording")),
        }
    }

    fn pace(&mut self, interval: Duration) {
        self.model.interval = interval;
        for target in &mut self.model.targets {
            target.interval = interval;
        }
    }

    /// Takes in what waited for the interval to be known.
    fn settle(&mut self) {
        if self.sample.is_empty() {
            return;
        }
        let sample = std::mem::take(&mut self.sample);
        self.pace(median_distance(&sample).unwrap_or(self.model.interval));
        self.paced = true;
        for poll in &sample {
            self.feed(poll);
        }
    }

    fn feed(&mut self, poll: &Poll) {
        let known = self.watches.len();
        let index = self.model.number_of(&poll.target);
        if index >= known {
            let Some(watch) = ServerWatch::new(poll.at) else { return };
            self.watches.push(watch);
        }
        let Some(watch) = self.watches.get_mut(index) else { return };
        if index < known && poll.at <= watch.last() {
            if let Some(source) = self.sources.last_mut() {
                source.passed_over += 1;
            }
            return;
        }
        let result = Box::new(poll.result.clone());
        self.model.update(Message::Polled { target: index, at: poll.at, result }, poll.at);
        let Some(target) = self.model.targets.get(index) else { return };
        let mut active = self.model.alerts.active();
        active.retain(|alert| alert.target == index);
        watch.see(target, poll, &active);
    }
}

/// The median time between two polls of a server.
fn median_distance(polls: &[Poll]) -> Option<Duration> {
    let mut last: HashMap<&str, UnixMillis> = HashMap::new();
    let mut distances: Vec<Duration> = polls
        .iter()
        .filter_map(|poll| Some(poll.at.since(last.insert(&poll.target, poll.at)?)))
        .filter(|distance| !distance.is_zero())
        .collect();
    distances.sort_unstable();
    distances.get(distances.len() / 2).copied()
}
