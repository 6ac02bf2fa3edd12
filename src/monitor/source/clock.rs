//! What time it is: now, or in a recording.

use std::{sync::Arc, time::Duration};

use crate::util::time::UnixMillis;
use parking_lot::Mutex;
use tokio::time::Instant;

/// What time it is. Clones tell the same time.
#[derive(Debug, Clone)]
pub enum MonitorClock {
    /// The system's time.
    Live,
    /// The time of a recording, which goes faster or slower.
    Replay(Arc<Mutex<Anchor>>),
}

/// A moment of a recording, and when it was here.
#[derive(Debug, Clone, Copy)]
pub struct Anchor {
    moment: UnixMillis,
    at: Instant,
    speed: f64,
    last: Option<UnixMillis>,
}

impl MonitorClock {
    /// The time of a recording, from `begin` on, so many times as fast as ours.
    pub fn replay(begin: UnixMillis, speed: f64) -> Self {
        Self::Replay(Arc::new(Mutex::new(Anchor { moment: begin, at: Instant::now(), speed, last: None })))
    }

    /// The present time.
    pub fn now(&self) -> UnixMillis {
        match self {
            Self::Live => UnixMillis::now(),
            Self::Replay(anchor) => {
                let anchor = *anchor.lock();
                let now = anchor.moment
                    + Duration::from_secs_f64((anchor.at.elapsed().as_secs_f64() * anchor.speed).min(1e9));
                anchor.last.map_or(now, |last| now.min(last))
            }
        }
    }

    /// How long it is until a moment of the recording; nothing when it is past, or when time is the system's.
    pub fn until(&self, moment: UnixMillis) -> Duration {
        match self {
            Self::Live => moment.since(UnixMillis::now()),
            Self::Replay(anchor) => {
                let speed = anchor.lock().speed;
                Duration::from_secs_f64((moment.since(self.now()).as_secs_f64() / speed).min(1e9))
            }
        }
    }

    /// Goes on from a moment of the recording.
    pub fn jump(&self, moment: UnixMillis) {
        if let Self::Replay(anchor) = self {
            let mut anchor = anchor.lock();
            (anchor.moment, anchor.at) = (moment, Instant::now());
        }
    }

    /// Stands still at the end of the recording.
    pub fn stop(&self, last: UnixMillis) {
        if let Self::Replay(anchor) = self {
            anchor.lock().last = Some(last);
        }
    }
}
