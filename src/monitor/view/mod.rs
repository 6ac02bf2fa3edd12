//! The screen: a pure function of the model, the looks and the size.
//!
//! The panels stand in a stack and share one time axis and one cursor, so that cause and effect line up.

pub mod layout;
mod lists;
mod panels;
pub mod plot;
pub mod theme;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::{
    Frame,
    buffer::Buffer,
    layout::{Alignment, Position, Rect},
    style::Modifier,
    text::{Line, Span},
    widgets::{Block, Clear, Paragraph, Widget},
};

use self::{
    layout::{Layout, Needs, Panel},
    lists::{fit, heading},
    panels::{Content, Facts, Series},
    plot::Plot,
    theme::{Role, Theme},
};
use super::{
    keys::{Command, Keymap},
    model::{Action, Model},
};
use crate::model::words::{age, interval};

/// What the screen looks like, whatever it shows.
#[derive(Debug, Clone)]
pub struct Look {
    /// Colours and letters.
    pub theme: Theme,
    /// The zone that times are shown in.
    pub zone: TimeZone,
    /// Which key does what.
    pub keys: Arc<Keymap>,
    /// What is shown instead of the present, like the name of a recording.
    pub replayed: Option<String>,
}

/// Where things are on a screen of this size.
pub fn layout(model: &Model, area: Rect) -> Layout {
    let needs = Needs {
        targets: model.targets.len(),
        breakers: model.target().map_or(0, |target| target.breakers.len()),
        alerts: model.alerts.active().len(),
        diagnosis: Span::raw(model.diagnosis().1).width(),
    };
    Layout::new(area, needs)
}

/// What a click means.
pub fn click(model: &Model, layout: &Layout, at: Position) -> Option<Action> {
    let plots = layout.plot_area();
    if plots.contains(at) {
        return Some(Action::Point((f64::from(at.x - plots.x) + 0.5) / f64::from(plots.width.max(1))));
    }
    if layout.targets.contains(at) && at.y > layout.targets.y {
        let rows = usize::from(layout.targets.height - 1);
        let first = (model.selected + 1).saturating_sub(rows).min(model.targets.len().saturating_sub(rows));
        let number = first + usize::from(at.y - layout.targets.y - 1);
        return (number < model.targets.len()).then_some(Action::Target(number));
    }
    if layout.alerts.contains(at) {
        return Some(Action::Acknowledge);
    }
    None
}

/// What turning the wheel means.
pub fn wheel(layout: &Layout, at: Position, up: bool) -> Option<Action> {
    if layout.plot_area().contains(at) {
        return Some(if up { Action::ZoomIn } else { Action::ZoomOut });
    }
    layout.log.contains(at).then_some(Action::Scroll(if up { 3 } else { -3 }))
}

/// Draws the screen.
pub fn draw(frame: &mut Frame<'_>, model: &Model, look: &Look) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    render(buffer, area, model, look);
}

/// Draws the screen into a buffer.
pub fn render(buffer: &mut Buffer, area: Rect, model: &Model, look: &Look) {
    if area.is_empty() {
        return;
    }
    let layout = layout(model, area);
    let screen = Screen { model, look, theme: &look.theme, layout: &layout };
    screen.header(buffer);
    screen.diagnosis(buffer);
    screen.targets(buffer);
    if let Some(facts) = Facts::gather(model, &look.theme, usize::from(layout.columns())) {
        screen.panels(buffer, &facts);
    }
    screen.alerts(buffer);
    screen.log(buffer);
    screen.footer(buffer);
    if model.help {
        screen.help(buffer, area);
    }
    look.theme.finish(buffer);
}

/// A screen that is being drawn.
struct Screen<'a> {
    model: &'a Model,
    look: &'a Look,
    theme: &'a Theme,
    layout: &'a Layout,
}

impl Screen<'_> {
    fn header(&self, buffer: &mut Buffer) {
        let area = self.layout.header;
        let now = self.model.present();
        let mut left = vec![Span::styled(" ragctl monitor ", self.theme.loud(Role::Plain)), Span::raw(" ")];
        if let Some(target) = self.model.target() {
            let (condition, role) = lists::condition(self.model, target);
            left.push(Span::styled(target.name.clone(), self.theme.style(Role::Title)));
            left.push(Span::raw(" "));
            left.push(Span::styled(condition, self.theme.style(role)));
            let told = target.told.map(|told| format!(", told {} ago", age(now.since(told))));
            left.push(Span::styled(told.unwrap_or_default(), self.theme.style(Role::Dim)));
        }
        let mut right = Vec::new();
        if let Some(frozen) = &self.model.frozen {
            let more = self.model.polls - frozen.polls;
            right.push(Span::styled(format!(" FROZEN, {more} polls since "), self.theme.loud(Role::Warn)));
            right.push(Span::raw(" "));
        }
        if let Some(cursor) = self.model.window.cursor() {
            let back = age(self.model.present().since(cursor));
            right.push(Span::styled(format!(" {back} back "), self.theme.loud(Role::Accent)));
            right.push(Span::raw(" "));
        }
        if let Some(replayed) = &self.look.replayed {
            right.push(Span::styled(format!("replay of {replayed} "), self.theme.style(Role::Accent)));
        }
        right.push(Span::styled(format!("every {} ", interval(self.model.interval)), self.theme.style(Role::Dim)));
        right.push(Span::raw(self.model.shown().format("%H:%M:%S %Z ", &self.look.zone)));
        let right = Line::from(right);
        let room = usize::from(area.width).saturating_sub(right.width() + 1);
        let mut left = Line::from(left);
        if left.width() > room {
            // What was told when is the first to go, then the name of the program.
            left.spans.pop();
            if left.width() > room {
                left.spans.drain(..left.spans.len().min(2));
            }
        }
        put(buffer, area, 0, &left);
        if left.width() <= room {
            let x = area.right().saturating_sub(u16::try_from(right.width()).unwrap_or(u16::MAX));
            put(buffer, Rect { x, width: area.right() - x, ..area }, 0, &right);
        }
    }

    fn diagnosis(&self, buffer: &mut Buffer) {
        let area = self.layout.diagnosis;
        let (severity, text) = self.model.diagnosis();
        let role = severity.map_or(Role::Good, Role::of);
        put(buffer, area, 0, &Line::from(Span::styled(format!(" {} ", lists::mark(severity)), self.theme.style(role))));
        let inside = Rect { x: area.x + 3.min(area.width), width: area.width.saturating_sub(3), ..area };
        let mut lines = wrapped(&text, usize::from(inside.width));
        if lines.len() > usize::from(inside.height) && inside.height > 0 {
            let rest = lines.split_off(usize::from(inside.height) - 1).join(" ");
            lines.push(fit(&rest, usize::from(inside.width)));
        }
        for (row, line) in (0..inside.height).zip(lines) {
            put(buffer, inside, row, &Line::from(Span::styled(line, self.theme.style(role))));
        }
    }

    fn targets(&self, buffer: &mut Buffer) {
        let area = self.layout.targets;
        if area.is_empty() {
            return;
        }
        let silent = self.model.silent().len();
        let mut remarks = vec![Span::styled(self.model.targets.len().to_string(), self.theme.style(Role::Dim))];
        if silent > 0 {
            remarks.push(Span::styled(format!("{silent} unreachable"), self.theme.style(Role::Bad)));
        }
        put(buffer, area, 0, &heading(self.theme, area.width, "Targets", remarks));
        let rows = usize::from(area.height - 1);
        for (row, line) in (1..area.height).zip(lists::targets(self.model, self.look, area.width, rows)) {
            put(buffer, area, row, &line);
        }
    }

    fn panels(&self, buffer: &mut Buffer, facts: &Facts<'_>) {
        for (panel, area) in &self.layout.panels {
            let content = facts.content(*panel);
            if self.layout.plots {
                self.panel(buffer, *area, content);
            } else {
                self.panel_line(buffer, *area, *panel, content);
            }
        }
        if self.layout.plots {
            self.axis(buffer, facts);
        }
    }

    /// A panel where there is room for words only: its gist.
    fn panel_line(&self, buffer: &mut Buffer, area: Rect, panel: Panel, content: Content) {
        let mut line = vec![Span::styled(fit(content.title, 8), self.theme.style(Role::Title))];
        // Of the breakers the one that is worst off; else the first two things.
        let words: Vec<Line<'static>> = content.series.into_iter().map(|series| series.words).collect();
        let wanted = if panel == Panel::Breaker { words.len() } else { 2 };
        let mut words: Vec<Line<'static>> = words.into_iter().take(wanted).collect();
        if panel == Panel::Breaker {
            words.sort_by_key(|line| {
                !line.spans.iter().any(|span| span.style.add_modifier.contains(Modifier::REVERSED))
            });
        }
        for words in words {
            line.extend(words.spans);
            line.push(Span::raw("  "));
        }
        put(buffer, area, 0, &Line::from(line));
    }

    fn panel(&self, buffer: &mut Buffer, area: Rect, content: Content) {
        put(buffer, area, 0, &heading(self.theme, area.width, content.title, content.remarks));
        let rows = area.height.saturating_sub(1);
        let mut y = 1;
        for (series, rows) in share_rows(&content.series, rows) {
            let part = Rect { y: area.y + y, height: rows, ..area };
            self.series(buffer, part, series);
            y += rows;
        }
    }

    fn series(&self, buffer: &mut Buffer, area: Rect, series: &Series) {
        let figures = Rect { width: self.layout.figures, ..area };
        put(buffer, Rect { x: area.x + 1, width: figures.width.saturating_sub(2), ..area }, 0, &series.words);
        for (row, line) in (1..area.height).zip(&series.more) {
            put(buffer, Rect { x: area.x + 1, width: figures.width.saturating_sub(2), ..area }, row, line);
        }
        let plot = Rect { x: figures.right() + 1, width: self.layout.columns(), ..area };
        let dim = self.theme.style(Role::Dim);
        for y in area.top()..area.bottom() {
            buffer.set_string(figures.right(), y, "│", dim);
        }
        // Only where the words leave room for it.
        if let Some(scale) = &series.scale {
            let width = u16::try_from(Span::raw(scale).width()).unwrap_or(u16::MAX);
            let used = u16::try_from(series.words.width()).unwrap_or(u16::MAX).saturating_add(2);
            if used.saturating_add(width) < figures.width && series.plot.top().is_some() {
                buffer.set_string(figures.right() - width, area.y, scale, dim);
            }
        }
        series.plot.draw(plot, buffer, self.theme, self.cursor_column());
    }

    /// The column of the cursor.
    fn cursor_column(&self) -> Option<u16> {
        let cursor = self.model.window.cursor()?;
        let (begin, end) = self.model.window.bounds(self.model.present());
        let share = cursor.since(begin).as_secs_f64() / end.since(begin).as_secs_f64().max(1e-3);
        let columns = f64::from(self.layout.columns());
        Some((share * columns).min(columns - 1.0).max(0.0) as u16)
    }

    fn axis(&self, buffer: &mut Buffer, facts: &Facts<'_>) {
        let area =
            Rect { x: self.layout.axis.x + self.layout.figures + 1, width: self.layout.columns(), ..self.layout.axis };
        let (begin, end) = facts.bounds;
        let span = end.since(begin);
        let format = match span.as_secs() {
            0..=900 => "%H:%M:%S",
            901..=172_800 => "%H:%M",
            _ => "%m-%d %H:%M",
        };
        let dim = self.theme.style(Role::Dim);
        put(
            buffer,
            Rect { width: self.layout.figures, ..self.layout.axis },
            0,
            &Line::from(Span::styled(format!(" {} on this axis", age(span)), dim)),
        );
        let mut taken: Vec<(u16, u16)> = Vec::new();
        let mut label = |text: &str, middle: u16, style| {
            let width = u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX);
            if width > area.width {
                return;
            }
            let x = middle.saturating_sub(width / 2).min(area.width - width);
            if taken.iter().all(|(from, to)| x + width < *from || x > *to) {
                buffer.set_string(area.x + x, area.y, text, style);
                taken.push((x, x + width));
            }
        };
        if let (Some(column), Some(cursor)) = (self.cursor_column(), self.model.window.cursor()) {
            label(&cursor.format("%H:%M:%S", &self.look.zone), column, self.theme.loud(Role::Accent));
        }
        label(&end.format(format, &self.look.zone), area.width, dim);
        label(&begin.format(format, &self.look.zone), 0, dim);
        for (column, row) in (0..area.width).zip(&facts.columns) {
            if row.is_some_and(|row| row.restarted) {
                label("↻ restarted", column, self.theme.style(Role::Warn));
            }
        }
        label(&(begin + span / 2).format(format, &self.look.zone), area.width / 2, dim);
    }

    fn alerts(&self, buffer: &mut Buffer) {
        let area = self.layout.alerts;
        if area.is_empty() {
            return;
        }
        let lines = lists::alerts(self.model, self.look);
        let from = if self.layout.alerts_heading {
            let role = self.model.alerts.worst().map_or(Role::Good, Role::of);
            let said = match lines.len() {
                0 => "none".to_owned(),
                many => many.to_string(),
            };
            let unknown = self.model.alerts.active().iter().filter(|alert| !alert.acknowledged).count();
            let mut remarks = vec![Span::styled(said, self.theme.style(role))];
            if unknown > 0 {
                let keys = self.look.keys.keys_of(Command::Acknowledge).join(" ");
                remarks.push(Span::styled(format!("{keys}: acknowledge"), self.theme.style(Role::Dim)));
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
            put(buffer, corner, area.height - 1, &Line::from(Span::styled(text, self.theme.loud(Role::Warn))));
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
            remarks.push(Span::styled(format!("/{}{caret}", self.model.filter), self.theme.style(Role::Accent)));
        }
        if self.model.scroll > 0 {
            remarks.push(Span::styled(format!("{} newer above", self.model.scroll), self.theme.style(Role::Warn)));
        }
        put(buffer, area, 0, &heading(self.theme, area.width, "Log", remarks));
        let rows = usize::from(area.height - 1);
        let lines = lists::log(self.model, self.look, rows);
        if lines.is_empty() {
            let nothing =
                if self.model.filter.is_empty() { "nothing has happened yet" } else { "nothing with this text" };
            put(buffer, area.inner_margin(), 1, &Line::from(Span::styled(nothing, self.theme.style(Role::Dim))));
        }
        for (row, line) in (1..area.height).zip(lines) {
            put(buffer, area.inner_margin(), row, &line);
        }
    }

    fn footer(&self, buffer: &mut Buffer) {
        let area = self.layout.footer;
        if let Some(notice) = self.model.notice() {
            put(buffer, area, 0, &Line::from(Span::styled(format!(" {notice} "), self.theme.loud(Role::Plain))));
            return;
        }
        let wanted: &[(Command, &str)] = if self.model.typing {
            &[]
        } else {
            &[
                (Command::Help, "help"),
                (Command::Quit, "quit"),
                (Command::Left, "cursor"),
                (Command::ZoomOut, "zoom out"),
                (Command::ZoomIn, "in"),
                (Command::Freeze, "freeze"),
                (Command::Refresh, "refresh"),
                (Command::Filter, "filter"),
                (Command::Later, "next event"),
                (Command::Acknowledge, "acknowledge"),
                (Command::Export, "export"),
            ]
        };
        let mut line = vec![Span::raw(" ")];
        if self.model.typing {
            line.push(Span::styled(
                "type to filter the log; enter keeps it, esc drops it",
                self.theme.style(Role::Dim),
            ));
        }
        for (command, what) in wanted {
            let Some(key) = self.look.keys.keys_of(*command).into_iter().next() else { continue };
            let key = key.replace("left", "←");
            let part = [
                Span::styled(key, self.theme.style(Role::Title)),
                Span::styled(format!(" {what}  "), self.theme.style(Role::Dim)),
            ];
            let after: usize = line.iter().chain(&part).map(Span::width).sum();
            if after <= usize::from(area.width) {
                line.extend(part);
            }
        }
        put(buffer, area, 0, &Line::from(line));
    }

    fn help(&self, buffer: &mut Buffer, area: Rect) {
        let keys = self.look.keys.help();
        let widest = keys.iter().map(|(keys, _)| Span::raw(keys.as_str()).width()).max().unwrap_or(0);
        // Border, margin and the line on the mouse; side by side where one column is too high.
        let rows = usize::from(area.height.saturating_sub(4)).max(1);
        let columns = keys.len().div_ceil(rows).clamp(1, 3);
        let rows = keys.len().div_ceil(columns);
        let width = (78 * columns).min(usize::from(area.width));
        let each = width.saturating_sub(2) / columns;
        let room = each.saturating_sub(widest + 3);
        let mut lines = vec![Line::default(); rows];
        for (number, (keys, help)) in keys.iter().enumerate() {
            lines[number % rows].spans.extend([
                Span::styled(format!("{keys:>widest$}  "), self.theme.style(Role::Title)),
                Span::raw(format!("{} ", fit(help, room))),
            ]);
        }
        lines.push(Line::default());
        lines.push(Line::from("mouse: click a moment, a target or the alerts; the wheel zooms and scrolls"));
        let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
        let width = u16::try_from(width).unwrap_or(area.width);
        let place = Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
        Clear.render(place, buffer);
        let block = Block::bordered().title(" keys ").title_alignment(Alignment::Center);
        let block = if self.theme.is_ascii() { block.border_set(ASCII_BORDER) } else { block };
        Paragraph::new(lines).block(block).render(place, buffer);
    }
}

/// Borders of letters that every terminal has.
const ASCII_BORDER: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

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

/// Writes a line into a row of an area; what does not fit is cut.
fn put(buffer: &mut Buffer, area: Rect, row: u16, line: &Line<'_>) {
    let area = area.intersection(buffer.area);
    if row < area.height && area.width > 0 {
        buffer.set_line(area.x, area.y + row, line, area.width);
    }
}

/// How the rows of a panel go to its series: one each, then more words where there are some, then higher plots in turn.
fn share_rows(series: &[Series], rows: u16) -> Vec<(&Series, u16)> {
    let mut shared: Vec<(&Series, u16)> = Vec::new();
    let mut left = rows;
    for series in series {
        if left > 0 {
            shared.push((series, 1));
            left -= 1;
        }
    }
    while left > 0 {
        let grows = |(series, _): &&mut (&Series, u16)| series.plot.grows() || series.plot == Plot::Nothing;
        // The lowest grows first, and of equals the first: it is the more important one.
        let Some(lowest) = shared.iter_mut().filter(grows).min_by_key(|(series, rows)| {
            let words = u16::try_from(series.more.len()).unwrap_or(u16::MAX);
            rows.saturating_sub(words.min(2))
        }) else {
            break;
        };
        lowest.1 += 1;
        left -= 1;
    }
    shared
}

/// A text in lines of a width, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        let wide = Span::raw(line.as_str()).width() + 1 + Span::raw(word).width();
        if line.is_empty() {
            line.push_str(word);
        } else if wide <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
