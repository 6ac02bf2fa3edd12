//! The screen: a pure function of the model, the looks and the size.
//!
//! The panels stand in a stack and share one time axis and one cursor, so that cause and effect line up.

mod chrome;
pub mod layout;
mod lists;
mod panel_data;
mod panels;
pub mod plot;
mod screen;
mod stack;
pub mod theme;
mod upstreams;

#[cfg(test)]
mod tests;

pub use screen::{Look, ScreenPlan};

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::{Position, Rect},
    text::{Line, Span},
};

use self::{
    layout::{Layout, Needs},
    lists::heading,
    panel_data::PanelData,
    screen::{Screen, put},
    theme::StyleRole,
};
use super::model::{Action, Model};

/// Plans a screen of this size.
pub fn plan(model: &Model, area: Rect) -> ScreenPlan {
    let diagnosis = model.diagnosis();
    let needs = Needs {
        targets: model.visible().len(),
        breakers: model.target().map_or(0, |target| target.breakers.len()),
        alerts: model.visible_alerts().active().len(),
        diagnosis: Span::raw(diagnosis.1.as_str()).width(),
    };
    ScreenPlan { layout: Layout::new(area, needs), diagnosis }
}

/// The action of a click.
pub fn click(model: &Model, layout: &Layout, at: Position) -> Option<Action> {
    let plots = layout.plot_area();
    if plots.contains(at) {
        return Some(Action::Point((f64::from(at.x - plots.x) + 0.5) / f64::from(plots.width.max(1))));
    }
    if layout.targets.contains(at) && at.y > layout.targets.y {
        let rows = usize::from(layout.targets.height - 1);
        let first = (model.selected + 1).saturating_sub(rows).min(model.visible().len().saturating_sub(rows));
        let number = first + usize::from(at.y - layout.targets.y - 1);
        return (number < model.visible().len()).then_some(Action::Target(number));
    }
    if layout.alerts.contains(at) {
        return Some(Action::Acknowledge);
    }
    None
}

/// The action of turning the wheel.
pub fn wheel(layout: &Layout, at: Position, up: bool) -> Option<Action> {
    if layout.plot_area().contains(at) {
        return Some(if up { Action::ZoomIn } else { Action::ZoomOut });
    }
    layout.log.contains(at).then_some(Action::Scroll(if up { 3 } else { -3 }))
}

/// Draws the screen as it was planned.
pub fn draw(frame: &mut Frame<'_>, model: &Model, look: &Look, plan: &ScreenPlan) {
    let area = frame.area();
    render(frame.buffer_mut(), area, model, look, plan);
}

/// Draws the screen into a buffer; what the plan has outside of it is cut.
pub fn render(buffer: &mut Buffer, area: Rect, model: &Model, look: &Look, plan: &ScreenPlan) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let layout = &plan.layout;
    let screen = Screen { model, look, theme: &look.theme, layout, diagnosis: &plan.diagnosis };
    screen.header(buffer);
    screen.diagnosis(buffer);
    screen.targets(buffer);
    if let Some(data) = PanelData::gather(model, &look.theme, usize::from(layout.columns())) {
        screen.panels(buffer, &data);
    }
    screen.alerts(buffer);
    screen.log(buffer);
    screen.footer(buffer);
    if model.help {
        screen.help(buffer, area);
    }
    look.theme.finish(buffer);
}

impl Screen<'_> {
    fn targets(&self, buffer: &mut Buffer) {
        let area = self.layout.targets;
        if area.is_empty() {
            return;
        }
        let silent = self.model.silent().len();
        let mut remarks = vec![Span::styled(self.model.visible().len().to_string(), self.theme.style(StyleRole::Dim))];
        if silent > 0 {
            remarks.push(Span::styled(format!("{silent} unreachable"), self.theme.style(StyleRole::Bad)));
        }
        put(buffer, area, 0, &heading(self.theme, area.width, "Targets", remarks));
        let rows = usize::from(area.height - 1);
        for (row, line) in (1..area.height).zip(lists::targets(self.model, self.look, area.width, rows)) {
            put(buffer, area, row, &line);
        }
    }

    fn alerts(&self, buffer: &mut Buffer) {
        let area = self.layout.alerts;
        if area.is_empty() {
            return;
        }
        let lines = lists::alerts(self.model, self.look);
        let from = if self.layout.alerts_heading {
            let role = self.model.visible_alerts().worst().map_or(StyleRole::Good, StyleRole::of);
            let said = match lines.len() {
                0 => "none".to_owned(),
                many => many.to_string(),
            };
            let unknown = self.model.visible_alerts().active().iter().filter(|alert| !alert.acknowledged).count();
            let mut remarks = vec![Span::styled(said, self.theme.style(role))];
            if unknown > 0 {
                let keys = self.look.keys.keys_of(&Action::Acknowledge).join(" ");
                remarks.push(Span::styled(format!("{keys}: acknowledge"), self.theme.style(StyleRole::Dim)));
            }
            put(buffer, area, 0, &heading(self.theme, area.width, "Alerts", remarks));
            1
        } else {
            0
        };
        let rows = usize::from(area.height - from);
        let hidden = lines.len().saturating_sub(rows);
        for (row, line) in (from..area.height).zip(lines) {
            put(buffer, area.inner_margin(), row, &line);
        }
        if hidden > 0 && rows > 0 {
            let text = format!(" +{hidden} more ");
            let width = u16::try_from(text.len()).unwrap_or(0).min(area.width);
            let corner = Rect { x: area.right() - width, width, ..area };
            put(buffer, corner, area.height - 1, &Line::from(Span::styled(text, self.theme.loud(StyleRole::Warn))));
        }
    }

    fn log(&self, buffer: &mut Buffer) {
        let area = self.layout.log;
        if area.is_empty() {
            return;
        }
        let mut remarks = Vec::new();
        if self.model.typing || !self.model.filter.is_empty() {
            let caret = if self.model.typing { "_" } else { "" };
            remarks.push(Span::styled(format!("/{}{caret}", self.model.filter), self.theme.style(StyleRole::Accent)));
        }
        if self.model.scroll > 0 {
            remarks.push(Span::styled(format!("{} newer above", self.model.scroll), self.theme.style(StyleRole::Warn)));
        }
        put(buffer, area, 0, &heading(self.theme, area.width, "Log", remarks));
        let rows = usize::from(area.height - 1);
        let lines = lists::log(self.model, self.look, rows);
        if lines.is_empty() {
            let nothing =
                if self.model.filter.is_empty() { "nothing has happened yet" } else { "nothing with this text" };
            put(buffer, area.inner_margin(), 1, &Line::from(Span::styled(nothing, self.theme.style(StyleRole::Dim))));
        }
        for (row, line) in (1..area.height).zip(lines) {
            put(buffer, area.inner_margin(), row, &line);
        }
    }
}

/// A list without the column at its left.
trait InnerMargin {
    fn inner_margin(self) -> Rect;
}

impl InnerMargin for Rect {
    fn inner_margin(self) -> Rect {
        let by = 1.min(self.width);
        Rect { x: self.x + by, width: self.width - by, ..self }
    }
}
