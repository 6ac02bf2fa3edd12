//! Time from left to right, in cells of a terminal.

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::theme::{StyleRole, Theme};
use crate::{
    resilience::State,
    util::{axis, humanize::UNKNOWN},
};

/// Bars from an eighth of a cell to a whole one.
const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The letter of a zero; a gap is empty.
const ZERO: char = '_';
/// The letter of a poll without an answer.
pub const SILENT: char = '×';

/// A plot in cells of a terminal, one value a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Plot {
    /// Nothing.
    Nothing,
    /// The server does not offer the metric.
    Unknown,
    /// A bar each, up to `top`.
    Bars {
        /// The values; `None` is a gap.
        values: Vec<Option<f64>>,
        /// The value of a bar that fills the height.
        top: f64,
        /// The style of the bars.
        role: StyleRole,
        /// From which value on it looks bad.
        alarm: Option<f64>,
    },
    /// A state each.
    States {
        /// The states; `None` is a gap.
        states: Vec<Option<State>>,
        /// Whether the poll of a column failed.
        silent: Vec<bool>,
    },
}

impl Plot {
    /// Bars whose top is the highest value, rounded up to a number that can be told.
    pub fn scaled(values: Vec<Option<f64>>, role: StyleRole) -> Self {
        let highest = values.iter().flatten().copied().fold(0.0, f64::max);
        Self::Bars { values, top: axis::top(highest), role, alarm: None }
    }

    /// Bars of shares, 0..=1.
    pub fn shares(values: Vec<Option<f64>>, role: StyleRole) -> Self {
        Self::Bars { values, top: 1.0, role, alarm: None }
    }

    /// Whether the plot uses more than one row.
    pub fn grows(&self) -> bool {
        matches!(self, Self::Bars { .. })
    }

    /// The value of a bar that fills the height.
    pub fn top(&self) -> Option<f64> {
        match self {
            // A scale of nothing but zeros says nothing.
            Self::Bars { top, values, .. } if values.iter().flatten().any(|value| *value > 0.0) => Some(*top),
            _ => None,
        }
    }

    /// Draws it; `cursor` is a column of `area`.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, theme: &Theme, cursor: Option<u16>) {
        if area.is_empty() {
            return;
        }
        match self {
            Self::Nothing => {}
            Self::Unknown => {
                buffer.set_stringn(area.x, area.y, UNKNOWN, usize::from(area.width), theme.style(StyleRole::Dim));
            }
            Self::Bars { values, top, role, alarm } => {
                for (x, value) in (area.left()..area.right()).zip(values) {
                    let Some(value) = value else { continue };
                    let role = if alarm.is_some_and(|alarm| *value >= alarm) { StyleRole::Bad } else { *role };
                    bar(*value / top, x, area, buffer, theme, role);
                }
            }
            Self::States { states, silent } => {
                for ((x, state), silent) in (area.left()..area.right()).zip(states).zip(silent) {
                    let (letter, role) = match state {
                        Some(State::Closed) => ('▁', StyleRole::Good),
                        Some(State::HalfOpen) => ('▄', StyleRole::Warn),
                        Some(State::Open) => ('█', StyleRole::Bad),
                        None if *silent => (SILENT, StyleRole::Dim),
                        None => continue,
                    };
                    if let Some(cell) = buffer.cell_mut((x, area.y)) {
                        cell.set_char(letter).set_style(theme.style(role).remove_modifier(Modifier::BOLD));
                    }
                }
            }
        }
        if let Some(x) = cursor.filter(|x| *x < area.width) {
            for y in area.top()..area.bottom() {
                if let Some(cell) = buffer.cell_mut((area.x + x, y)) {
                    cell.modifier.insert(Modifier::REVERSED);
                }
            }
        }
    }
}

/// One bar, `share` of the height.
fn bar(share: f64, x: u16, area: Rect, buffer: &mut Buffer, theme: &Theme, role: StyleRole) {
    let whole = f64::from(area.height) * 8.0;
    // Whatever there is, is seen.
    let eighths = if share > 0.0 { (share * whole).round().clamp(1.0, whole) as u16 } else { 0 };
    let mut put = |row: u16, letter: char, role: StyleRole| {
        if let Some(cell) = buffer.cell_mut((x, area.bottom() - 1 - row)) {
            cell.set_char(letter).set_style(theme.style(role).remove_modifier(Modifier::BOLD));
        }
    };
    if eighths == 0 {
        put(0, ZERO, StyleRole::Dim);
    }
    for row in 0..area.height {
        match eighths.saturating_sub(row * 8) {
            0 => break,
            rest => put(row, EIGHTHS[usize::from(rest.min(8)) - 1], role),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::theme::Palette;
    use super::*;

    fn drawn(plot: &Plot, width: u16, height: u16) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        plot.draw(area, &mut buffer, &Theme::new(Palette::Dark), None);
        (0..height).map(|y| (0..width).map(|x| buffer[(x, y)].symbol().to_owned()).collect()).collect()
    }

    #[test]
    fn a_gap_is_empty_and_zero_is_not() {
        let values = vec![Some(0.0), None, Some(0.001), Some(0.5), Some(1.0)];
        assert_eq!(drawn(&Plot::shares(values, StyleRole::Good), 5, 2), ["    █", "_ ▁██"]);
        assert_eq!(drawn(&Plot::shares(vec![None; 5], StyleRole::Good), 5, 1), ["     "]);
        assert_eq!(drawn(&Plot::Unknown, 5, 1), ["n/a  "]);
    }

    #[test]
    fn states_have_heights_of_their_own() {
        let states = vec![Some(State::Closed), Some(State::Open), Some(State::HalfOpen), None, None];
        let plot = Plot::States { states, silent: vec![false, false, false, true, false] };
        assert_eq!(drawn(&plot, 5, 1), ["▁█▄× "]);
    }

    proptest! {
        #[test]
        fn anything_can_be_drawn(
            values in prop::collection::vec(prop::option::of(any::<f64>()), 0..40), width in 0u16..50, height in 0u16..6,
        ) {
            drawn(&Plot::scaled(values, StyleRole::Accent), width, height);
        }
    }
}
