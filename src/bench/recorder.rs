//! Each generator thread has one [`MeasureRecorder`]; nothing on the way of a request is shared with another thread. A recorder
//! hands its measures on once a second (at the borders of windows), and begins anew.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use super::{measures::Measures, windows::Windows};

/// Measures of one window of one thread.
pub struct WindowPart {
    /// The stage.
    pub stage: usize,
    /// The window.
    pub window: u64,
    /// The measures.
    pub measures: Measures,
    /// When the last of it came to its end.
    pub latest: Instant,
}

/// Collects on one thread.
pub struct MeasureRecorder {
    start: Instant,
    windows: Windows,
    current: (usize, u64),
    ends: Instant,
    measures: Measures,
    latest: Instant,
    out: mpsc::Sender<WindowPart>,
}

impl MeasureRecorder {
    /// Collects from `start` on and hands on to `out`.
    pub fn new(start: Instant, windows: Windows, out: mpsc::Sender<WindowPart>) -> Self {
        let ends = start + windows.end(Duration::ZERO);
        Self { start, windows, current: (0, 0), ends, measures: Measures::default(), latest: start, out }
    }

    /// The measures of the window in which something ended at `now`.
    pub fn at(&mut self, now: Instant) -> &mut Measures {
        self.roll(now);
        self.latest = now;
        &mut self.measures
    }

    /// Hands on what is of a window before the one that holds `now`.
    pub fn roll(&mut self, now: Instant) {
        if now >= self.ends {
            self.hand_on();
            let elapsed = now.saturating_duration_since(self.start);
            self.current = self.windows.at(elapsed);
            self.ends = self.start + self.windows.end(elapsed);
        }
    }

    /// Hands on what there is.
    pub fn hand_on(&mut self) {
        let measures = std::mem::take(&mut self.measures);
        if measures.counts.sent > 0 || measures.finished() > 0 || measures.counts.opened > 0 {
            let (stage, window) = self.current;
            // Nobody listens any more only when the run was given up.
            drop(self.out.send(WindowPart { stage, window, measures, latest: self.latest }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{answer::Observed, measures::Instants};

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn each_window_is_handed_on_once_and_nothing_is_lost() {
        let start = Instant::now();
        let (out, parts) = mpsc::channel();
        let mut recorder = MeasureRecorder::new(start, Windows::new([ms(3_000)]), out);
        for millis in [0, 500, 1_200, 2_900, 2_950] {
            let at = Instants { due: start, sent: start, end: start + ms(millis) };
            let measures = recorder.at(at.end);
            measures.counts.sent += 1;
            measures.succeeded(&at, at.end, 10, &Observed::default());
        }
        recorder.hand_on();
        drop(recorder);
        let parts: Vec<_> = parts.iter().map(|part| (part.window, part.measures.counts.ok)).collect();
        assert_eq!(parts, [(0, 2), (1, 1), (2, 2)]);
    }
}
