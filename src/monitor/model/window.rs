//! The time that the screen shows, and the cursor in it. All panels share both.

use crate::util::time::UnixMillis;
use std::time::Duration;

/// Spans that can be chosen, seconds.
const SPANS: [u64; 17] = [
    30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800,
    2_419_200,
];

/// The number of polls that the screen shows at first.
const POLLS: u32 = 60;

/// The time that the screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWindow {
    span: usize,
    /// Its end; `None`: it follows the present.
    end: Option<UnixMillis>,
    /// The moment that figures are shown of; `None`: the present.
    cursor: Option<UnixMillis>,
    columns: u16,
}

impl TimeWindow {
    /// Shows the last polls of targets that are asked so often.
    pub fn new(interval: Duration) -> Self {
        let wanted = interval.saturating_mul(POLLS).as_secs();
        let span = SPANS.iter().position(|span| *span >= wanted).unwrap_or(SPANS.len() - 1);
        Self { span, end: None, cursor: None, columns: 60 }
    }

    /// Its length.
    pub fn span(&self) -> Duration {
        Duration::from_secs(SPANS[self.span])
    }

    /// From when to when it goes. While it follows the present it moves by whole columns, so that what is drawn stands still
    /// between; its end may be a part of a column in the future.
    pub fn bounds(&self, now: UnixMillis) -> (UnixMillis, UnixMillis) {
        let end = self.end.unwrap_or_else(|| {
            let column = self.column();
            UnixMillis(now.0.saturating_sub(1).div_euclid(column).saturating_add(1).saturating_mul(column))
        });
        (end - self.span(), end)
    }

    /// Milliseconds of a column.
    fn column(&self) -> i64 {
        (self.span().as_millis() as i64 / i64::from(self.columns)).max(1)
    }

    /// The cursor.
    pub fn cursor(&self) -> Option<UnixMillis> {
        self.cursor
    }

    /// Whether it follows the present.
    pub fn follows(&self) -> bool {
        self.end.is_none() && self.cursor.is_none()
    }

    /// Says how many columns the time has on the screen: the cursor moves by one.
    pub fn set_columns(&mut self, columns: u16) {
        self.columns = columns.max(1);
    }

    /// Moves the cursor by columns; beyond the present it is gone.
    pub fn step(&mut self, columns: i64, now: UnixMillis) {
        let column = self.column();
        let from = self.cursor.unwrap_or(now);
        self.put(UnixMillis(from.0.saturating_add(column.saturating_mul(columns))), now);
    }

    /// Puts the cursor somewhere, 0 to 1 of the window's length from its beginning.
    pub fn point(&mut self, share: f64, now: UnixMillis) {
        let (begin, _) = self.bounds(now);
        // What is no number is no place: an axis without columns.
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        self.put(begin + self.span().mul_f64(share), now);
    }

    /// Puts the cursor at a moment, and moves the window when it is outside.
    pub fn put(&mut self, at: UnixMillis, now: UnixMillis) {
        if at >= now {
            self.follow();
            return;
        }
        let (begin, end) = self.bounds(now);
        self.cursor = Some(at);
        // A window that moves under its cursor would make it slide.
        self.end = Some(if at < begin {
            at + self.span()
        } else if at > end {
            at
        } else {
            end
        });
    }

    /// No cursor; the window follows the present.
    pub fn follow(&mut self) {
        (self.cursor, self.end) = (None, None);
    }

    /// Shows less time, or more, around the cursor.
    pub fn zoom(&mut self, closer: bool, now: UnixMillis) {
        let (begin, end) = self.bounds(now);
        let share = self.cursor.map(|cursor| cursor.since(begin).as_secs_f64() / self.span().as_secs_f64());
        self.span = if closer { self.span.saturating_sub(1) } else { (self.span + 1).min(SPANS.len() - 1) };
        if let (Some(cursor), Some(share)) = (self.cursor, share) {
            let after = self.span().mul_f64((1.0 - share).clamp(0.0, 1.0));
            self.end = Some((cursor + after).min(now.max(end)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_795_273_467_000);

    #[test]
    fn it_begins_with_the_last_sixty_polls() {
        let span = |seconds| TimeWindow::new(Duration::from_secs(seconds)).span().as_secs();
        assert_eq!([1, 2, 30, 86_400].map(span), [60, 120, 1_800, 2_419_200]);
    }

    #[test]
    fn the_cursor_goes_back_and_is_gone_at_the_present() {
        let mut window = TimeWindow::new(Duration::from_secs(1));
        window.set_columns(60);
        window.step(-10, NOW);
        assert_eq!(window.cursor(), Some(NOW - Duration::from_secs(10)));
        let later = NOW + Duration::from_secs(5);
        assert_eq!(window.bounds(later).1, NOW, "it stands still under the cursor");
        window.step(-100, later);
        assert_eq!(window.bounds(later).0, window.cursor().unwrap(), "it goes along");
        window.step(1_000, later);
        assert!(window.follows());
    }

    #[test]
    fn zooming_keeps_the_cursor_where_it_is() {
        let mut window = TimeWindow::new(Duration::from_secs(30));
        window.point(0.25, NOW);
        let cursor = window.cursor();
        window.zoom(true, NOW);
        let (begin, end) = window.bounds(NOW);
        assert_eq!(window.cursor(), cursor);
        let share = cursor.unwrap().since(begin).as_secs_f64() / end.since(begin).as_secs_f64();
        assert!((share - 0.25).abs() < 0.01, "{share}");
    }

    proptest! {
        #[test]
        fn the_cursor_is_always_in_sight(moves in prop::collection::vec((0u8..4, -200i64..200), 0..40)) {
            let mut window = TimeWindow::new(Duration::from_secs(30));
            for (n, (kind, by)) in moves.into_iter().enumerate() {
                let now = NOW + Duration::from_secs(n as u64);
                match kind {
                    0 => window.step(by, now),
                    1 => window.zoom(by > 0, now),
                    2 => window.point(by as f64 / 200.0, now),
                    _ => window.set_columns(by.unsigned_abs() as u16),
                }
                let (begin, end) = window.bounds(now);
                // A part of a column is in the future, as wide as columns were when the window stopped.
                prop_assert!(begin < end && end.0 <= now.0 + window.span().as_millis() as i64);
                if let Some(cursor) = window.cursor() {
                    prop_assert!(begin <= cursor && cursor <= end, "{:?} {:?} {:?}", begin, cursor, end);
                }
            }
        }
    }
}
