//! The windows of time that a run is cut into.

use std::time::Duration;

/// The parts into which a run is cut: seconds, begun anew with every stage.
#[derive(Debug, Clone)]
pub struct Windows {
    /// Starts of the stages and the number of the first window of each.
    stages: Vec<(Duration, u64)>,
}

/// Length of a window.
pub const WINDOW: Duration = Duration::from_secs(1);

impl Windows {
    /// The windows of stages with these lengths.
    pub fn new(lengths: impl IntoIterator<Item = Duration>) -> Self {
        let (mut start, mut first) = (Duration::ZERO, 0);
        let mut stages = Vec::new();
        for length in lengths {
            stages.push((start, first));
            start += length;
            first += length.as_nanos().div_ceil(WINDOW.as_nanos()) as u64;
        }
        Self { stages }
    }

    /// Stage and number of the window at this moment of the run.
    pub fn at(&self, elapsed: Duration) -> (usize, u64) {
        let stage = self.stages.partition_point(|(start, _)| *start <= elapsed).saturating_sub(1);
        let Some((start, first)) = self.stages.get(stage) else { return (0, 0) };
        (stage, first + (elapsed - *start).as_secs())
    }

    /// The number of a stage's first window.
    pub fn first(&self, stage: usize) -> u64 {
        self.stages.get(stage).map_or(0, |(_, first)| *first)
    }

    /// When a window of a stage begins.
    pub fn start(&self, stage: usize, window: u64) -> Duration {
        self.stages.get(stage).map_or(Duration::ZERO, |(start, first)| *start + WINDOW * (window - first) as u32)
    }

    /// When the window that holds this moment ends.
    pub fn end(&self, elapsed: Duration) -> Duration {
        let (stage, window) = self.at(elapsed);
        let end = self.start(stage, window) + WINDOW;
        self.stages.get(stage + 1).map_or(end, |(next, _)| end.min(*next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn windows_begin_anew_with_every_stage() {
        let windows = Windows::new([ms(2_500), ms(1_000), ms(10_000)]);
        let at = |millis| windows.at(ms(millis));
        assert_eq!([at(0), at(999), at(1_000), at(2_499)], [(0, 0), (0, 0), (0, 1), (0, 2)]);
        assert_eq!([at(2_500), at(3_499), at(3_500), at(4_500)], [(1, 3), (1, 3), (2, 4), (2, 5)]);
        assert_eq!([windows.end(ms(2_400)), windows.end(ms(3_600))], [ms(2_500), ms(4_500)]);
        assert_eq!(windows.start(2, 5), ms(4_500));
    }
}
