//! What happens, what users want, and what is to be done about it.

use std::time::Duration;

use crate::observe::{Observation, Trouble};
use crate::util::time::UnixMillis;

/// Something happened.
#[derive(Debug, Clone)]
pub enum Message {
    /// A target was asked.
    Polled {
        /// The index of the target.
        target: usize,
        /// The time of the answer.
        at: UnixMillis,
        /// The answer, or the reason why there is none.
        result: Box<Result<Observation, Trouble>>,
    },
    /// A target is watched that was not known, or is known already: a recording tells of them as it goes.
    Watched(String),
    /// Time went on.
    Tick,
    /// The user wants something.
    Act(Action),
    /// The user is to be told something.
    Say(String),
    /// The last answer was recorded, or the reason why it was not.
    Recorded(Result<(), String>),
    /// The time has so many columns on the screen.
    Columns(u16),
}

/// A command of the user.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Leave.
    Quit,
    /// See the keys, or not any more.
    Help,
    /// Ask all targets now.
    Refresh,
    /// Hold the screen still, or let it go on.
    Freeze,
    /// Ask more often.
    Faster,
    /// Ask less often.
    Slower,
    /// See the next target.
    NextTarget,
    /// See the one before.
    PreviousTarget,
    /// See the target with this number.
    Target(usize),
    /// Move the cursor by so many columns.
    Step(i64),
    /// Put the cursor there, 0 to 1 of the time that is shown.
    Point(f64),
    /// Put the cursor on the event before it, or after it.
    Jump {
        /// Later, not earlier.
        forward: bool,
    },
    /// Go back to the present.
    Follow,
    /// See less time.
    ZoomIn,
    /// See more time.
    ZoomOut,
    /// Begin to type a filter of the log.
    Filter,
    /// Type.
    Type(char),
    /// Take back what was typed.
    Erase,
    /// Enough typed.
    Enter,
    /// Give up what is going on: help, filter, cursor.
    Escape,
    /// Scroll the log, towards the past when negative.
    Scroll(i64),
    /// All alerts are known.
    Acknowledge,
    /// Write down what is to be seen.
    Export,
}

/// A side effect that the shell carries out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask all targets now.
    Refresh,
    /// Ask every so often.
    Interval(Duration),
    /// Ring the bell.
    Bell,
    /// Write the incident.
    Export,
    /// Leave.
    Quit,
}
