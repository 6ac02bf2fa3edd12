//! The dashboard: polls servers, remembers what they told, says what is the matter, and shows it.
//!
//! [`source`] asks targets, or replays a recording; what comes of it are messages. [`model`] takes them in; it knows nothing
//! of terminals, clocks or networks. [`view`] draws it, [`alerts`] judges it, [`observe::record`](crate::observe::record) keeps it, [`report`] sums it up.

pub mod alerts;
pub mod incident;
pub mod keys;
pub mod model;
pub mod pace;
pub mod report;
pub mod settings;
#[cfg(test)]
pub mod situations;
pub mod source;
pub mod view;
