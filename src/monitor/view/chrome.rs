//! What stands above and below the panels: the header, the diagnosis, the keys.

use ratatui::{
    buffer::Buffer,
    layout::{Alignment, Rect},
    text::{Line, Span},
    widgets::{Block, Clear, Paragraph, Widget},
};

use super::{
    lists::{self, fit},
    screen::{Screen, put},
    theme::StyleRole,
};
use crate::monitor::model::Action;
use crate::util::humanize::{age, interval};

impl Screen<'_> {
    pub(super) fn header(&self, buffer: &mut Buffer) {
        let area = self.layout.header;
        let now = self.model.present();
        let mut left = vec![Span::styled(" ragctl monitor ", self.theme.loud(StyleRole::Plain)), Span::raw(" ")];
        if let Some(target) = self.model.target() {
            let (condition, role) = lists::condition(self.model, target);
            left.push(Span::styled(target.name.clone(), self.theme.style(StyleRole::Title)));
            left.push(Span::raw(" "));
            left.push(Span::styled(condition, self.theme.style(role)));
            let told = target.last_success.map(|told| format!(", last answer {} ago", age(now.since(told))));
            left.push(Span::styled(told.unwrap_or_default(), self.theme.style(StyleRole::Dim)));
        }
        let mut right = Vec::new();
        if let Some(frozen) = &self.model.frozen {
            let more = self.model.polls - frozen.polls;
            right.push(Span::styled(format!(" FROZEN, {more} polls since "), self.theme.loud(StyleRole::Warn)));
            // What is held still must not hide what is bad now.
            let worse = self.model.alerts.worst() > frozen.alerts.worst();
            if let Some(severity) = self.model.alerts.worst().filter(|_| worse) {
                right.push(Span::styled(
                    format!(" {severity} alert meanwhile "),
                    self.theme.loud(StyleRole::of(severity)),
                ));
            }
            right.push(Span::raw(" "));
        }
        if let Some(cursor) = self.model.window.cursor() {
            let back = age(self.model.present().since(cursor));
            right.push(Span::styled(format!(" {back} back "), self.theme.loud(StyleRole::Accent)));
            right.push(Span::raw(" "));
        }
        if self.model.unrecorded.is_some() {
            right.push(Span::styled(" NOT RECORDED ", self.theme.loud(StyleRole::Bad)));
            right.push(Span::raw(" "));
        }
        if let Some(replayed) = &self.look.replayed {
            right.push(Span::styled(format!("replay of {replayed} "), self.theme.style(StyleRole::Accent)));
        }
        right.push(Span::styled(format!("every {} ", interval(self.model.interval)), self.theme.style(StyleRole::Dim)));
        right.push(Span::raw(self.model.shown().format("%H:%M:%S %Z ", &self.look.zone)));
        let right = Line::from(right);
        let room = usize::from(area.width).saturating_sub(right.width() + 1);
        let mut left = Line::from(left);
        if left.width() > room {
            // The words before the age are the first to go, then the age, then the name of the program.
            if let Some(answer) = left.spans.last_mut() {
                answer.content = answer.content.replace("last answer ", "").into();
            }
            if left.width() > room {
                left.spans.pop();
            }
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

    pub(super) fn diagnosis(&self, buffer: &mut Buffer) {
        let area = self.layout.diagnosis;
        let (severity, text) = self.diagnosis;
        let role = severity.map_or(StyleRole::Good, StyleRole::of);
        put(
            buffer,
            area,
            0,
            &Line::from(Span::styled(format!(" {} ", lists::mark(*severity)), self.theme.style(role))),
        );
        let inside = Rect { x: area.x + 3.min(area.width), width: area.width.saturating_sub(3), ..area };
        let mut lines = wrapped(text, usize::from(inside.width));
        if lines.len() > usize::from(inside.height) && inside.height > 0 {
            let rest = lines.split_off(usize::from(inside.height) - 1).join(" ");
            lines.push(fit(&rest, usize::from(inside.width)));
        }
        for (row, line) in (0..inside.height).zip(lines) {
            put(buffer, inside, row, &Line::from(Span::styled(line, self.theme.style(role))));
        }
    }

    pub(super) fn footer(&self, buffer: &mut Buffer) {
        let area = self.layout.footer;
        if let Some(notice) = self.model.notice() {
            put(buffer, area, 0, &Line::from(Span::styled(format!(" {notice} "), self.theme.loud(StyleRole::Plain))));
            return;
        }
        let wanted: &[(Action, &str)] = if self.model.typing {
            &[]
        } else {
            &[
                (Action::Help, "help"),
                (Action::Quit, "quit"),
                (Action::Step(-1), "cursor"),
                (Action::ZoomOut, "zoom out"),
                (Action::ZoomIn, "in"),
                (Action::Freeze, "freeze"),
                (Action::Refresh, "refresh"),
                (Action::Filter, "filter"),
                (Action::Jump { forward: true }, "next event"),
                (Action::Acknowledge, "acknowledge"),
                (Action::Export, "export"),
            ]
        };
        let mut line = vec![Span::raw(" ")];
        if self.model.typing {
            line.push(Span::styled(
                "type to filter the log; enter keeps it, esc drops it",
                self.theme.style(StyleRole::Dim),
            ));
        }
        for (command, what) in wanted {
            let Some(key) = self.look.keys.keys_of(command).into_iter().next() else { continue };
            let key = key.replace("left", "←");
            let part = [
                Span::styled(key, self.theme.style(StyleRole::Title)),
                Span::styled(format!(" {what}  "), self.theme.style(StyleRole::Dim)),
            ];
            let after: usize = line.iter().chain(&part).map(Span::width).sum();
            if after <= usize::from(area.width) {
                line.extend(part);
            }
        }
        put(buffer, area, 0, &Line::from(line));
    }

    pub(super) fn help(&self, buffer: &mut Buffer, area: Rect) {
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
                Span::styled(format!("{keys:>widest$}  "), self.theme.style(StyleRole::Title)),
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

/// A text in lines of a width, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    // A number and its per cent sign stay together.
    let text = text.replace(" %", "\u{a0}%");
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
    lines.iter().map(|line| line.replace('\u{a0}', " ")).collect()
}
