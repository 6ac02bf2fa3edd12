//! Where messages come from: servers that are asked, or a recording of what they told.

mod clock;
mod poll;
mod replay;

pub use clock::MonitorClock;
pub use poll::{Poller, WatchTarget, Web, ask, scraper};
pub use replay::{ReplayError, replay};
