//! What the monitor knows, and how it changes: pure, no terminal and no network in it.
//!
//! Everything that happens is a [`Message`]; [`Model::update`] takes it in and says what is to be done about it
//! ([`Effect`]). Views are functions of the model.

mod actions;
pub mod diagnosis;
pub mod event;
pub mod history;
mod message;
pub mod reader;
pub mod target;
pub mod timeline;
pub mod upstreams;
pub mod window;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, time::Duration};

pub use message::{Action, Effect, Message};

use self::{
    diagnosis::Finding,
    event::{Event, EventKind, EventLog},
    reader::MetricReader,
    target::Target,
    window::TimeWindow,
};
use super::alerts::{Alerts, ChangeKind, Rules, Severity};
use crate::observe::Metric;
use crate::observe::{Observation, Trouble};
use crate::util::{humanize::age, text::clean, time::UnixMillis};

/// Rows of history over all targets: 30 MB.
const ROWS: usize = 262_144;
/// Rows that a target has at least, however many there are.
const LEAST_ROWS: usize = 1_024;

/// The time that a message to the user is shown.
const NOTICE: Duration = Duration::from_secs(5);

/// The screen is held still: everything that it shows, as it was.
#[derive(Debug, Clone)]
pub struct Frozen {
    /// Since when.
    pub at: UnixMillis,
    /// The number of polls until then.
    pub polls: u64,
    /// The targets.
    pub targets: Vec<Target>,
    /// The alerts.
    pub alerts: Alerts,
}

/// The state of the monitor.
pub struct Model {
    /// The targets.
    pub targets: Vec<Target>,
    /// The one that is shown.
    pub selected: usize,
    /// The time that is shown.
    pub window: TimeWindow,
    /// The states of the alert rules.
    pub alerts: Alerts,
    /// The event log.
    pub log: EventLog,
    /// Only events with this text in them are shown.
    pub filter: String,
    /// Whether the user is typing the filter.
    pub typing: bool,
    /// The number of events that the log is scrolled back by.
    pub scroll: usize,
    /// Whether the help is shown.
    pub help: bool,
    /// Whether the screen is held still.
    pub frozen: Option<Frozen>,
    /// The time from poll to poll.
    pub interval: Duration,
    /// All polls.
    pub polls: u64,
    /// Why answers are not recorded, though they are to be.
    pub unrecorded: Option<String>,
    now: UnixMillis,
    notice: Option<(UnixMillis, String)>,
    /// Whether alerts fire on one poll, without their hold-off.
    once: bool,
    /// Whether this is a recording, which cannot be asked for more.
    replayed: bool,
}

impl Model {
    /// Watches targets that were not heard of yet.
    pub fn new<S: AsRef<str>>(urls: &[S], interval: Duration, rules: Rules, now: UnixMillis) -> Self {
        let rows = (ROWS / urls.len().max(1)).max(LEAST_ROWS);
        let targets = urls.iter().map(|url| Target::new(url.as_ref(), interval, rows)).collect();
        Self {
            targets,
            selected: 0,
            window: TimeWindow::new(interval),
            alerts: Alerts::new(rules),
            log: EventLog::default(),
            filter: String::new(),
            typing: false,
            scroll: 0,
            help: false,
            frozen: None,
            interval,
            polls: 0,
            unrecorded: None,
            now,
            notice: None,
            once: false,
            replayed: false,
        }
    }

    /// Shows a recording: what was asked when cannot be changed any more.
    pub fn replayed(mut self) -> Self {
        self.replayed = true;
        self
    }

    /// Judges alerts by one look: what would have to last counts at once.
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// The time, as was told last.
    pub fn now(&self) -> UnixMillis {
        self.now
    }

    /// The message to the user, while it is shown.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_ref().filter(|(until, _)| self.now < *until).map(|(_, text)| text.as_str())
    }

    /// The moment up to which the screen shows what happened.
    pub fn present(&self) -> UnixMillis {
        self.frozen.as_ref().map_or(self.now, |frozen| frozen.at)
    }

    /// The moment that figures are shown of.
    pub fn shown(&self) -> UnixMillis {
        self.window.cursor().unwrap_or_else(|| self.present())
    }

    /// The targets as the screen shows them.
    pub fn visible(&self) -> &[Target] {
        self.frozen.as_ref().map_or(&self.targets, |frozen| &frozen.targets)
    }

    /// The alerts as the screen shows them.
    pub fn visible_alerts(&self) -> &Alerts {
        self.frozen.as_ref().map_or(&self.alerts, |frozen| &frozen.alerts)
    }

    /// The target that is shown.
    pub fn target(&self) -> Option<&Target> {
        self.visible().get(self.selected)
    }

    /// What a target told last, as far as the screen shows it; `None` while the cursor is in the past.
    pub fn seen(&self, target: usize) -> Option<&Observation> {
        let shown = self.visible().get(target).filter(|_| self.window.cursor().is_none())?;
        shown.latest.as_deref()
    }

    /// The number of a target, which is added when it is not known: recordings tell of them as they go.
    pub fn number_of(&mut self, url: &str) -> usize {
        let known = self.targets.iter().position(|target| target.url == url);
        known.unwrap_or_else(|| {
            let rows = (ROWS / (self.targets.len() + 1)).max(LEAST_ROWS);
            self.targets.push(Target::new(url, self.interval, rows));
            self.targets.len() - 1
        })
    }

    /// Takes in what happened. Time never goes backwards: an earlier `now` counts as the latest that was told.
    pub fn update(&mut self, message: Message, now: UnixMillis) -> Vec<Effect> {
        self.now = self.now.max(now);
        let acts = matches!(message, Message::Act(_));
        let effects = self.take(message);
        // Filter, cursor and freezing show fewer lines than there were when it was scrolled.
        if self.scroll > 0 && acts {
            self.scroll = self.scroll.min(self.last_line());
        }
        effects
    }

    fn take(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Polled { target, at, result } => self.polled(target, at, *result),
            Message::Watched(url) => {
                self.number_of(&url);
                Vec::new()
            }
            Message::Tick => Vec::new(),
            Message::Act(action) => self.act(action),
            Message::Say(text) => {
                self.say(text);
                Vec::new()
            }
            Message::Recorded(result) => {
                let why = result.err();
                if why != self.unrecorded {
                    let text = why.as_ref().map_or("recorded again".to_owned(), |why| format!("not recorded: {why}"));
                    self.note(Event::own(self.now, &text));
                    self.unrecorded = why;
                }
                Vec::new()
            }
            Message::Columns(columns) => {
                self.window.set_columns(columns);
                Vec::new()
            }
        }
    }

    fn polled(&mut self, index: usize, at: UnixMillis, result: Result<Observation, Trouble>) -> Vec<Effect> {
        let Some(target) = self.targets.get_mut(index) else { return Vec::new() };
        self.polls += 1;
        self.now = self.now.max(at);
        let events = match result {
            Ok(seen) => target.record_answer(index, at, seen),
            Err(trouble) => target.record_failure(index, at, trouble),
        };
        for event in events {
            self.note(event);
        }
        self.evaluate(index, at)
    }

    /// Looks whether something is wrong with a target.
    fn evaluate(&mut self, index: usize, at: UnixMillis) -> Vec<Effect> {
        let Some(target) = self.targets.get(index) else { return Vec::new() };
        let (figures, told) = (MetricReader::new(target, at), target.silent_since.is_none());
        let metric = |metric: Metric, window: Duration| figures.get(metric, window);
        let changes = match self.once {
            true => self.alerts.evaluate_once(index, at, told, &metric),
            false => self.alerts.evaluate(index, at, told, &metric),
        };
        let mut ring = false;
        for change in changes {
            let Some(rule) = self.alerts.rules().get(change.rule) else { continue };
            let (kind, text) = match change.kind {
                ChangeKind::Fired => {
                    ring |= rule.severity == Severity::Critical;
                    let value = rule.when.metric().show(change.value);
                    (
                        EventKind::Fired(rule.severity),
                        format!("{} fires ({} is {value})", rule.name, rule.when.metric()),
                    )
                }
                ChangeKind::Cleared => {
                    let lasted = change.lasted.map(|lasted| format!(" after {}", age(lasted))).unwrap_or_default();
                    (EventKind::Cleared, format!("{} is over{lasted}", rule.name))
                }
            };
            self.note(Event::new(change.at, index, kind, text));
        }
        if ring { vec![Effect::Bell] } else { Vec::new() }
    }

    /// Adds an event; a log that is scrolled back keeps its place.
    fn note(&mut self, event: Event) {
        // What is not shown, or is told late and belongs below, moves nothing.
        let above = |model: &Self| {
            let top = model.log_lines().nth(model.scroll).map(|top| top.at);
            event.at <= model.shown() && top.is_none_or(|top| event.at >= top) && model.matches(&event)
        };
        if self.scroll > 0 && above(self) {
            self.scroll += 1;
        }
        self.log.add(event);
    }

    fn say(&mut self, text: String) {
        self.notice = Some((self.now + NOTICE, clean(&text)));
    }

    /// The number of lines that the log can be scrolled back by.
    fn last_line(&self) -> usize {
        self.log_lines().count().saturating_sub(1)
    }

    fn matches(&self, event: &Event) -> bool {
        let wanted = self.filter.to_lowercase();
        wanted.is_empty() || event.text.to_lowercase().contains(&wanted) || {
            let name = event.target.and_then(|target| self.targets.get(target)).map_or("", |target| &target.name);
            name.to_lowercase().contains(&wanted)
        }
    }

    /// The events that the log shows, newest first.
    pub fn log_lines(&self) -> impl Iterator<Item = &Event> {
        let shown = self.shown();
        self.log.events().rev().filter(move |event| event.at <= shown && self.matches(event))
    }

    /// The findings about a target in one line, or its summary when there are none.
    pub fn diagnosis_of(&self, index: usize) -> (Option<Severity>, String) {
        let now = self.present();
        let Some(target) = self.visible().get(index) else { return (None, "nothing is watched".to_owned()) };
        let found = diagnosis::findings(target, now);
        match found.first() {
            None => (None, diagnosis::well(target, now)),
            Some(worst) => {
                let texts: Vec<&str> = found.iter().map(|finding| finding.text.as_str()).collect();
                (Some(worst.severity), texts.join(" · "))
            }
        }
    }

    /// The worst finding about a target, if there is any.
    pub fn worst_of(&self, index: usize) -> Option<Finding> {
        diagnosis::findings(self.visible().get(index)?, self.present()).into_iter().next()
    }

    /// What is the matter, in words: with the target that is shown, else with the worst other.
    pub fn diagnosis(&self) -> (Option<Severity>, String) {
        let own = self.diagnosis_of(self.selected);
        let (silent, all) = (self.silent().len(), self.visible());
        if own.0.is_some() {
            // One server that is away is a server's matter; several are the network's, or ours.
            let many = format!(" · {silent} of {} targets do not answer", all.len());
            return (own.0, if silent > 1 { own.1 + &many } else { own.1 });
        }
        let others = all.iter().enumerate().filter(|(index, _)| *index != self.selected);
        let others = others.filter_map(|(index, other)| Some((other, self.worst_of(index)?)));
        match others.max_by_key(|(_, finding)| finding.severity) {
            Some((other, finding)) if finding.text.starts_with(&other.name) => (Some(finding.severity), finding.text),
            Some((other, finding)) => (Some(finding.severity), format!("{}: {}", other.name, finding.text)),
            None => own,
        }
    }

    /// Targets that do not tell, by number.
    pub fn silent(&self) -> BTreeSet<usize> {
        let silent = |(index, target): (usize, &Target)| target.silent_since.is_some().then_some(index);
        self.visible().iter().enumerate().filter_map(silent).collect()
    }
}
