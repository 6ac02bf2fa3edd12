//! What the monitor knows, and how it changes: pure, no terminal and no network in it.
//!
//! Everything that happens is a [`Message`]; [`Model::update`] takes it in and says what is to be done about it
//! ([`Effect`]). Views are functions of the model.

mod act;
pub mod diagnosis;
pub mod event;
pub mod figures;
pub mod history;
mod message;
pub mod target;
pub mod timeline;
pub mod window;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

pub use message::{Action, Effect, Message};

use self::{
    diagnosis::Finding,
    event::{Event, EventKind, Log},
    figures::Figures,
    target::Target,
    window::Window,
};
use super::{
    alerts::{Alerts, ChangeKind, Condition, Rules, Severity},
    figure::Figure,
    moment::Moment,
};
use crate::{
    model::words::age,
    scrape::{Observation, Trouble},
};

/// Rows of history over all targets: 30 MB.
const ROWS: usize = 262_144;
/// Rows that a target has at least, however many there are.
const LEAST_ROWS: usize = 1_024;

/// How long a word to the user stands.
const NOTICE: Duration = Duration::from_secs(5);

/// The screen is held still.
#[derive(Debug, Clone)]
pub struct Frozen {
    /// Since when.
    pub at: Moment,
    /// What each target had told last.
    pub latest: Vec<Option<Arc<Observation>>>,
    /// How many polls there were.
    pub polls: u64,
    /// What was the matter with each target, and how it was when nothing was.
    pub found: Vec<(Vec<Finding>, String)>,
}

/// What the monitor knows.
pub struct Model {
    /// What is watched.
    pub targets: Vec<Target>,
    /// The one that is shown.
    pub selected: usize,
    /// The time that is shown.
    pub window: Window,
    /// What is wrong.
    pub alerts: Alerts,
    /// What happened.
    pub log: Log,
    /// Only events with this text in them are shown.
    pub filter: String,
    /// Whether it is being typed.
    pub typing: bool,
    /// How many events the log is scrolled back by.
    pub scroll: usize,
    /// Whether the keys are shown.
    pub help: bool,
    /// Whether the screen is held still.
    pub frozen: Option<Frozen>,
    /// How often targets are asked.
    pub interval: Duration,
    /// All polls.
    pub polls: u64,
    now: Moment,
    notice: Option<(Moment, String)>,
    /// Whether alerts are judged by one look.
    once: bool,
    /// Whether this is a recording, which cannot be asked for more.
    replayed: bool,
}

impl Model {
    /// Watches targets that were not heard of yet.
    pub fn new<S: AsRef<str>>(urls: &[S], interval: Duration, rules: Rules, now: Moment) -> Self {
        let rows = (ROWS / urls.len().max(1)).max(LEAST_ROWS);
        let targets = urls.iter().map(|url| Target::new(url.as_ref(), interval, rows)).collect();
        Self {
            targets,
            selected: 0,
            window: Window::new(interval),
            alerts: Alerts::new(rules),
            log: Log::default(),
            filter: String::new(),
            typing: false,
            scroll: 0,
            help: false,
            frozen: None,
            interval,
            polls: 0,
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
    pub fn now(&self) -> Moment {
        self.now
    }

    /// What the user is to be told at the moment.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_ref().filter(|(until, _)| self.now < *until).map(|(_, text)| text.as_str())
    }

    /// The moment up to which the screen shows what happened.
    pub fn present(&self) -> Moment {
        self.frozen.as_ref().map_or(self.now, |frozen| frozen.at)
    }

    /// The moment that figures are shown of.
    pub fn shown(&self) -> Moment {
        self.window.cursor().unwrap_or_else(|| self.present())
    }

    /// The target that is shown.
    pub fn target(&self) -> Option<&Target> {
        self.targets.get(self.selected)
    }

    /// What a target told last, as far as the screen shows it; `None` while the cursor is in the past.
    pub fn seen(&self, target: usize) -> Option<&Observation> {
        if self.window.cursor().is_some() {
            return None;
        }
        match &self.frozen {
            Some(frozen) => frozen.latest.get(target)?.as_deref(),
            None => self.targets.get(target)?.latest.as_deref(),
        }
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
    pub fn update(&mut self, message: Message, now: Moment) -> Vec<Effect> {
        self.now = self.now.max(now);
        let effects = self.take(message);
        // Filter, cursor and freezing show fewer lines than there were when it was scrolled.
        if self.scroll > 0 {
            self.scroll = self.scroll.min(self.last_line());
        }
        effects
    }

    fn take(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Polled { target, at, result } => self.polled(target, at, *result),
            Message::Due { target, at } => {
                if let Some(target) = self.targets.get_mut(target) {
                    target.next = Some(at);
                }
                Vec::new()
            }
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
            Message::Columns(columns) => {
                self.window.set_columns(columns);
                Vec::new()
            }
        }
    }

    fn polled(&mut self, index: usize, at: Moment, result: Result<Observation, Trouble>) -> Vec<Effect> {
        let Some(target) = self.targets.get_mut(index) else { return Vec::new() };
        self.polls += 1;
        self.now = self.now.max(at);
        let events = match result {
            Ok(seen) => target.told(index, at, seen),
            Err(trouble) => target.fell_silent(index, at, trouble),
        };
        for event in events {
            self.note(event);
        }
        self.look(index, at)
    }

    /// Looks whether something is wrong with a target.
    fn look(&mut self, index: usize, at: Moment) -> Vec<Effect> {
        let Some(target) = self.targets.get(index) else { return Vec::new() };
        let figures = Figures::new(target, at);
        let figure = |figure: Figure, window: Duration| figures.get(figure, window);
        let changes = match self.once {
            true => self.alerts.look_once(index, at, &figure),
            false => self.alerts.look(index, at, &figure),
        };
        let mut ring = false;
        for change in changes {
            let Some(rule) = self.alerts.rules().get(change.rule) else { continue };
            let (kind, text) = match change.kind {
                ChangeKind::Fired => {
                    ring |= rule.severity == Severity::Critical;
                    let value = Condition::show(rule.when.figure(), change.value);
                    (
                        EventKind::Fired(rule.severity),
                        format!("{} fires ({} is {value})", rule.name, rule.when.figure()),
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

    /// Who reads the log in the past keeps the place.
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
        self.notice = Some((self.now + NOTICE, event::clean(&text)));
    }

    /// How far the log can be scrolled back.
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

    /// What is the matter with a target, in words.
    pub fn diagnosis_of(&self, target: usize) -> (Option<Severity>, String) {
        let Some((found, well)) = self.found(target) else { return (None, "nothing is watched".to_owned()) };
        match found.first() {
            None => (None, well),
            Some(worst) => {
                let texts: Vec<&str> = found.iter().map(|finding| finding.text.as_str()).collect();
                (Some(worst.severity), texts.join(" · "))
            }
        }
    }

    /// What is the matter, in words: with the target that is shown, else with the worst other.
    pub fn diagnosis(&self) -> (Option<Severity>, String) {
        let own = self.diagnosis_of(self.selected);
        let silent = self.silent().len();
        if own.0.is_some() {
            // One server that is away is a server's matter; several are the network's, or ours.
            let many = format!(" · {silent} of {} targets do not answer", self.targets.len());
            return (own.0, if silent > 1 { own.1 + &many } else { own.1 });
        }
        let others = self.targets.iter().enumerate().filter(|(index, _)| *index != self.selected);
        let others = others.filter_map(|(index, other)| Some((other, self.worst_of(index)?)));
        match others.max_by_key(|(_, finding)| finding.severity) {
            Some((other, finding)) if finding.text.starts_with(&other.name) => (Some(finding.severity), finding.text),
            Some((other, finding)) => (Some(finding.severity), format!("{}: {}", other.name, finding.text)),
            None => own,
        }
    }

    /// What is the matter with a target, and how it is when nothing is: as the screen shows it, so as it was when the
    /// screen was frozen.
    fn found(&self, index: usize) -> Option<(Vec<Finding>, String)> {
        if let Some(frozen) = &self.frozen {
            return frozen.found.get(index).cloned();
        }
        let target = self.targets.get(index)?;
        Some((diagnosis::findings(target, self.now), diagnosis::well(target, self.now)))
    }

    /// The worst finding about a target, if there is any.
    pub fn worst_of(&self, index: usize) -> Option<Finding> {
        match &self.frozen {
            Some(frozen) => frozen.found.get(index)?.0.first().cloned(),
            None => diagnosis::findings(self.targets.get(index)?, self.now).into_iter().next(),
        }
    }

    /// Targets that do not tell, by number.
    pub fn silent(&self) -> BTreeSet<usize> {
        let silent = |(index, target): (usize, &Target)| target.silent_since.is_some().then_some(index);
        self.targets.iter().enumerate().filter_map(silent).collect()
    }
}
