//! What happened, one line each.

use std::collections::VecDeque;

use crate::util::{text::clean, time::UnixMillis};
use crate::{monitor::alerts::Severity, resilience::State};

/// Most events that are kept.
const MOST: usize = 10_000;

/// A breaker's state as people say it.
pub const fn state_word(state: State) -> &'static str {
    match state {
        State::Closed => "closed",
        State::Open => "open",
        State::HalfOpen => "half-open",
    }
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A breaker came into this state.
    Breaker(State),
    /// An upstream of several went away or came back.
    Upstream {
        /// Whether it is there now.
        there: bool,
        /// Whether any of them is.
        left: bool,
    },
    /// A target does not tell its metrics.
    Silent,
    /// It tells them again.
    Back,
    /// It was started anew.
    Restarted,
    /// An alert fires.
    Fired(Severity),
    /// An alert does not fire any more.
    Cleared,
    /// Something that one should know.
    Note,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its time.
    pub at: UnixMillis,
    /// To which target; `None`: to the monitor itself.
    pub target: Option<usize>,
    /// Its kind.
    pub kind: EventKind,
    /// One line of text.
    pub text: String,
}

impl Event {
    /// Something that happened to a target. Whatever a server says is stripped of control characters.
    pub fn new(at: UnixMillis, target: usize, kind: EventKind, text: String) -> Self {
        Self { at, target: Some(target), kind, text: clean(&text) }
    }

    /// Something that happened to the monitor.
    pub fn own(at: UnixMillis, text: &str) -> Self {
        Self { at, target: None, kind: EventKind::Note, text: clean(text) }
    }
}

/// Events in the order of time.
#[derive(Debug, Clone, Default)]
pub struct EventLog {
    events: VecDeque<Event>,
}

impl EventLog {
    /// Adds an event where it belongs: a server may tell late what happened before.
    pub fn add(&mut self, event: Event) {
        let place = self.events.partition_point(|other| other.at <= event.at);
        self.events.insert(place, event);
        if self.events.len() > MOST {
            self.events.pop_front();
        }
    }

    /// All events, oldest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> + ExactSizeIterator {
        self.events.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_late_is_put_where_it_belongs() {
        let mut log = EventLog::default();
        for at in [5, 1, 3, 3] {
            log.add(Event::own(UnixMillis(at), "x"));
        }
        assert_eq!(log.events().map(|event| event.at.0).collect::<Vec<_>>(), [1, 3, 3, 5]);
    }

    #[test]
    fn a_server_cannot_command_the_terminal() {
        assert_eq!(Event::own(UnixMillis(0), "\u{1b}[2Jhi\nyou\u{9b}").text, " [2Jhi you ");
    }
}
