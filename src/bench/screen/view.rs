//! The view: a pure function of what is measured so far.

use std::{iter, time::Duration};

use ratatui::{
    Frame,
    layout::{
        Constraint::{Fill, Length},
        Layout, Margin, Rect,
    },
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, Paragraph, RenderDirection, Sparkline},
};

use super::{
    plot,
    text::{UNKNOWN, clock, fit, share, short, width_of},
};
use crate::bench::{failure::Failures, live::Live, measures::RequestCounts, quantile};

/// Columns from which the plot has room beside the figures.
const WIDE: u16 = 52;

/// Columns of the panel of figures.
const PANEL: u16 = 28;

/// Rows of that panel with everything in it.
const PANEL_ROWS: u16 = 13;

/// Columns of a figure where there is no panel.
const FIGURE: u16 = 20;

/// Columns and rows of a border on each side.
const BORDER: Margin = Margin::new(1, 1);

/// The percentiles that are shown.
const PERCENTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)];

/// The requests or the time after which the run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// So many requests.
    Requests(u64),
    /// So much time.
    Time(Duration),
}

/// Everything that is drawn.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Name of the run.
    pub name: &'a str,
    /// URL of the server.
    pub url: &'a str,
    /// What is measured so far.
    pub live: &'a Live,
    /// When the run ends.
    pub total: Total,
    /// Names of the stages, in order.
    pub stages: &'a [String],
    /// Whether colours are wanted.
    pub colors: bool,
}

impl View<'_> {
    /// A colour, or what stands for it where none are wanted.
    fn style(&self, color: Color, plain: Modifier) -> Style {
        if self.colors { Style::new().fg(color) } else { Style::new().add_modifier(plain) }
    }
}

/// Draws the screen; whatever finds no room is left out, the least important first.
pub fn draw(frame: &mut Frame, view: &View) {
    let [top, bar, rest] = Layout::vertical([Length(1), Length(1), Fill(1)]).areas(frame.area());
    header(frame, top, view);
    progress(frame, bar, view);
    if rest.width >= WIDE && rest.height > PANEL_ROWS {
        wide(frame, rest, view);
    } else {
        figures(frame, rest, view);
    }
}

fn wide(frame: &mut Frame, area: Rect, view: &View) {
    let spare = area.height - PANEL_ROWS - 1;
    let below = if spare < 4 { 0 } else { spare.min(area.height / 3) };
    let [middle, below, last] = Layout::vertical([Fill(1), Length(below), Length(1)]).areas(area);
    let [left, right] = Layout::horizontal([Fill(1), Length(PANEL)]).areas(middle);
    let styles = [Color::Green, Color::Yellow].map(|color| view.style(color, Modifier::empty()));
    plot::latency(frame, left, &view.live.seconds, styles);
    frame.render_widget(Block::bordered().title(" so far "), right);
    figures(frame, right.inner(BORDER), view);
    if !below.is_empty() {
        // Messages need the room more than bars do.
        let [left, right] = Layout::horizontal([Fill(2), Fill(3)]).areas(below);
        throughput(frame, left, view);
        errors(frame, right, view, &view.live.failures);
    }
    footer(frame, last);
}

fn header(frame: &mut Frame, area: Rect, view: &View) {
    let short = format!("{} · running", clock(view.live.elapsed.unwrap_or_default()));
    let (at, of) = (view.live.stage + 1, view.stages.len());
    let tails = match (view.live.elapsed, view.stages.get(view.live.stage)) {
        (None, _) => vec!["warming up".to_owned()],
        (_, None) => vec![short, "running".to_owned()],
        (_, Some(stage)) => vec![
            format!("stage {at}/{of} {} · {short}", fit(stage, 16)),
            format!("stage {at}/{of} · {short}"),
            short,
            "running".to_owned(),
        ],
    };
    // The longest that leaves a quarter to the name.
    let room = usize::from(area.width) * 3 / 4;
    let tail = tails.iter().find(|tail| width_of(tail) <= room).or(tails.last()).map_or("", String::as_str);
    let left = usize::from(area.width).saturating_sub(width_of(tail) + 1);
    let name = fit(view.name, left);
    let url = fit(view.url, left.saturating_sub(width_of(&name) + 2));
    let start = vec![Span::styled(name, Modifier::BOLD), Span::raw("  "), Span::styled(url, Modifier::DIM)];
    let [left, right] = Layout::horizontal([Fill(1), Length(width_of(tail) as u16)]).areas(area);
    frame.render_widget(Line::from(start), left);
    frame.render_widget(Line::styled(tail, view.style(Color::Cyan, Modifier::BOLD)), right);
}

fn progress(frame: &mut Frame, area: Rect, view: &View) {
    let elapsed = view.live.elapsed.unwrap_or_default();
    let finished = view.live.finished;
    let (reached, whole, told) = match view.total {
        Total::Requests(total) => (finished as f64, total as f64, format!("{finished} of {total} requests")),
        Total::Time(total) => {
            (elapsed.as_secs_f64(), total.as_secs_f64(), format!("{} of {}", clock(elapsed), clock(total)))
        }
    };
    let warming = view.live.elapsed.is_none();
    let ratio = if warming || whole <= 0.0 { 0.0 } else { (reached / whole).clamp(0.0, 1.0) };
    // Rounded down: 100 % is for a run that is over.
    let label = if warming { "warming up".to_owned() } else { format!("{:.0} %  {told}", (ratio * 100.0).floor()) };
    let width = area.width.saturating_sub(2);
    frame.render_widget(Line::raw(format!("[{label:^width$}]", width = usize::from(width))), area);
    let filled = Rect { x: area.x.saturating_add(1), width: (f64::from(width) * ratio) as u16, ..area };
    let style = view.style(Color::Green, Modifier::empty()).add_modifier(Modifier::REVERSED);
    frame.buffer_mut().set_style(filled.intersection(area), style);
}

/// Label, figure and how it looks, the most important first.
fn rows(view: &View) -> Vec<(&'static str, String, Style)> {
    let live = view.live;
    let plain = Style::new();
    let rate = if live.rate < 100.0 { format!("{:.1}", live.rate) } else { format!("{:.0}", live.rate) };
    let failed = format!("{} ({})", live.failed, share(live.failed, live.finished));
    let many = u128::from(live.failed) * 20 > u128::from(live.finished);
    let alarm = view.style(Color::Red, Modifier::REVERSED).add_modifier(Modifier::BOLD);
    let mut rows = vec![
        ("requests", live.finished.to_string(), plain),
        ("rate/s", rate, plain.add_modifier(Modifier::BOLD)),
        ("ok", live.finished.saturating_sub(live.failed).to_string(), plain),
        ("failed", failed, if many { alarm } else { plain }),
    ];
    let histogram = live.latency.as_deref().filter(|histogram| !histogram.is_empty());
    rows.extend(PERCENTILES.map(|(name, of)| {
        let held = histogram.filter(|histogram| histogram.len() >= quantile::needed(of));
        (name, held.map_or(UNKNOWN.to_owned(), |histogram| short(histogram.value_at_quantile(of))), plain)
    }));
    rows.push(("max", histogram.map_or(UNKNOWN.to_owned(), |histogram| short(histogram.max())), plain));
    let RequestCounts { ok, degraded, exact, semantic, misses, .. } = live.counts;
    if exact + semantic + misses > 0 {
        rows.push(("cache hits", share(exact + semantic, exact + semantic + misses), plain));
    }
    if degraded > 0 {
        rows.push(("degraded", share(degraded, ok), view.style(Color::Yellow, Modifier::BOLD)));
    }
    rows
}

fn figures(frame: &mut Frame, area: Rect, view: &View) {
    let rows = rows(view);
    let columns = (area.width / FIGURE).max(1);
    let height = rows.len().div_ceil(usize::from(columns)).min(usize::from(area.height));
    if height == 0 {
        return;
    }
    let cells = Layout::horizontal(iter::repeat_n(Fill(1), usize::from(columns))).spacing(2).split(area);
    for (cell, rows) in cells.iter().zip(rows.chunks(height)) {
        let lines = rows.iter().map(|(label, figure, style)| {
            let width = usize::from(cell.width).saturating_sub(label.len());
            Line::from(vec![Span::styled(*label, Modifier::DIM), Span::styled(format!("{figure:>width$}"), *style)])
        });
        frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), *cell);
    }
}

fn throughput(frame: &mut Frame, area: Rect, view: &View) {
    let width = usize::from(area.width.saturating_sub(2));
    let newest_first: Vec<u64> = view.live.seconds.iter().rev().take(width).map(|second| second.ok).collect();
    let title = format!(" requests/s (ok), peak {} ", newest_first.iter().max().unwrap_or(&0));
    let bars = Sparkline::default()
        .block(Block::bordered().title(title))
        .direction(RenderDirection::RightToLeft)
        .data(&newest_first)
        .style(view.style(Color::Cyan, Modifier::empty()));
    frame.render_widget(bars, area);
}

fn errors(frame: &mut Frame, area: Rect, view: &View, failures: &Failures) {
    frame.render_widget(Block::bordered().title(" errors "), area);
    let inner = area.inner(BORDER);
    let mut classes: Vec<_> = failures.classes.iter().collect();
    classes.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.count));
    if classes.is_empty() {
        // Those of the current second are counted by class when it is over.
        let text = if view.live.failed == 0 { "none" } else { "" };
        frame.render_widget(Line::styled(text, Modifier::DIM), inner);
        return;
    }
    let height = usize::from(inner.height);
    let shown = if classes.len() > height { height.saturating_sub(1) } else { classes.len() };
    let digits = classes.first().map_or(0, |(_, tally)| tally.count.to_string().len());
    let widest = classes.iter().take(shown).map(|(class, _)| class.as_str().len()).max().unwrap_or(0);
    let room = usize::from(inner.width).saturating_sub(digits + widest + 2);
    let mut lines = Vec::new();
    for (class, tally) in classes.iter().take(shown) {
        lines.push(Line::from(vec![
            Span::styled(format!("{:>digits$} ", tally.count), view.style(Color::Red, Modifier::BOLD)),
            Span::raw(format!("{:widest$} ", class.as_str())),
            Span::styled(fit(&tally.sample, room), Modifier::DIM),
        ]));
    }
    if shown < classes.len() {
        lines.push(Line::styled(format!("and {} more kinds", classes.len() - shown), Modifier::DIM));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

fn footer(frame: &mut Frame, area: Rect) {
    let key = Span::styled("q", Modifier::BOLD);
    frame.render_widget(Line::from(vec![key, Span::styled(" stop and report", Modifier::DIM)]), area);
}
