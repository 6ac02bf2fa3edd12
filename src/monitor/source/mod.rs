//! Where messages come from: servers that are asked, or a recording of what they told.

mod clock;
mod poll;
mod replay;

pub use clock::MonitorClock;
pub use poll::{Pace, Poller, WatchTarget, Web, ask, longest_pause, scraper};
pub use replay::{ReplayError, replay};
