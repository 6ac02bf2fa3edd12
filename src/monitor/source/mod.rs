//! Where messages come from: servers that are asked, or a recording of what they told.

mod clock;
mod poll;
mod replay;

pub use clock::Clock;
pub use poll::{PATIENCE, Pace, Poller, SELDOM, Web, ask, scraper};
pub use replay::{ReplayError, replay};
