//! Alerts: what is worth a look, since when, and what to do about it.
//!
//! Rules are data ([`Rules`], built in and from a file); [`Alerts`] is the state machine that holds them against the
//! figures of every target. It has no clock of its own and remembers nothing but its states.
//!
//! What keeps it from crying wolf:
//! - A rule fires after its condition held for a while, and clears after that was over for a while.
//! - Between the condition that fires and the one that clears there may be a band in which nothing changes.
//! - A figure that is not known proves nothing: it neither fires nor clears.
//! - A share of a handful is no share: a rule may ask for a number of questions or look-ups first.

pub mod engine;
pub mod rules;

pub use engine::{Active, AlertChange, Alerts, ChangeKind};
pub use rules::{Condition, Rule, Rules, RulesError, Severity};
