//! Calls of the last minute.

use tokio::time::Instant;

/// Length of the window, in slots of a second.
const SLOTS: usize = 60;

/// Counts by the second: a minute costs as much memory at one call a second as at ten thousand.
#[derive(Debug)]
pub(super) struct Window {
    origin: Instant,
    /// Second, calls, failures; a slot of another minute is stale.
    slots: [(u64, u32, u32); SLOTS],
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self { origin: now, slots: [(0, 0, 0); SLOTS] }
    }

    pub(super) fn add(&mut self, now: Instant, failed: bool) {
        let second = self.second(now);
        let slot = &mut self.slots[(second % SLOTS as u64) as usize];
        if slot.0 != second {
            *slot = (second, 0, 0);
        }
        slot.1 = slot.1.saturating_add(1);
        slot.2 = slot.2.saturating_add(u32::from(failed));
    }

    /// Calls and failures of the last minute.
    pub(super) fn count(&self, now: Instant) -> (u32, u32) {
        let second = self.second(now);
        let fresh = self.slots.iter().filter(|slot| slot.0 <= second && slot.0 + SLOTS as u64 > second);
        fresh.fold((0, 0), |(calls, failures), slot| (calls.saturating_add(slot.1), failures.saturating_add(slot.2)))
    }

    pub(super) fn clear(&mut self) {
        self.slots = [(0, 0, 0); SLOTS];
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.origin).as_secs()
    }
}
