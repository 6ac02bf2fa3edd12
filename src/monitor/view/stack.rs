//! The panels in their stack, with the time axis below.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
};

use super::{
    layout::Panel,
    lists::{fit, heading},
    panel_data::PanelData,
    panels::{Content, Series},
    plot::Plot,
    screen::{Screen, put},
    theme::StyleRole,
};
use crate::util::humanize::age;

impl Screen<'_> {
    pub(super) fn panels(&self, buffer: &mut Buffer, data: &PanelData<'_>) {
        for (panel, area) in &self.layout.panels {
            let content = data.content(*panel);
            if self.layout.plots {
                self.panel(buffer, *area, content);
            } else {
                self.panel_line(buffer, *area, *panel, content);
            }
        }
        if self.layout.plots {
            self.axis(buffer, data);
        }
    }

    /// A panel where there is room for words only: its gist.
    fn panel_line(&self, buffer: &mut Buffer, area: Rect, panel: Panel, content: Content) {
        let mut line = vec![Span::styled(fit(content.title, 8), self.theme.style(StyleRole::Title))];
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
        let dim = self.theme.style(StyleRole::Dim);
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

    fn axis(&self, buffer: &mut Buffer, data: &PanelData<'_>) {
        let area =
            Rect { x: self.layout.axis.x + self.layout.figures + 1, width: self.layout.columns(), ..self.layout.axis };
        let (begin, end) = data.bounds;
        let span = end.since(begin);
        let format = match span.as_secs() {
            0..=900 => "%H:%M:%S",
            901..=172_800 => "%H:%M",
            _ => "%m-%d %H:%M",
        };
        let dim = self.theme.style(StyleRole::Dim);
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
            label(&cursor.format("%H:%M:%S", &self.look.zone), column, self.theme.loud(StyleRole::Accent));
        }
        label(&end.format(format, &self.look.zone), area.width, dim);
        label(&begin.format(format, &self.look.zone), 0, dim);
        for (column, row) in (0..area.width).zip(&data.columns) {
            if row.is_some_and(|row| row.restarted) {
                label("↻ restarted", column, self.theme.style(StyleRole::Warn));
            }
        }
        label(&(begin + span / 2).format(format, &self.look.zone), area.width / 2, dim);
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
