//! What a screen is made of while it is drawn.

use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use super::{layout::Layout, theme::Theme};
use crate::monitor::{alerts::Severity, keys::Keymap, model::Model};

/// The appearance of the screen: colours, time zone and keys.
#[derive(Debug, Clone)]
pub struct Look {
    /// Colours and letters.
    pub theme: Theme,
    /// The zone that times are shown in.
    pub zone: TimeZone,
    /// The bindings of keys to commands.
    pub keys: Arc<Keymap>,
    /// What is shown instead of the present, like the name of a recording.
    pub replayed: Option<String>,
}

/// The layout and the diagnosis of one drawing.
#[derive(Debug, Clone, Default)]
pub struct ScreenPlan {
    /// The areas of the screen.
    pub layout: Layout,
    /// The diagnosis and its severity.
    pub(super) diagnosis: (Option<Severity>, String),
}

/// A screen that is being drawn.
pub(super) struct Screen<'a> {
    pub(super) model: &'a Model,
    pub(super) look: &'a Look,
    pub(super) theme: &'a Theme,
    pub(super) layout: &'a Layout,
    pub(super) diagnosis: &'a (Option<Severity>, String),
}

/// Writes a line into a row of an area; what does not fit is cut.
pub(super) fn put(buffer: &mut Buffer, area: Rect, row: u16, line: &Line<'_>) {
    let area = area.intersection(buffer.area);
    if row < area.height && area.width > 0 {
        buffer.set_line(area.x, area.y + row, line, area.width);
    }
}
