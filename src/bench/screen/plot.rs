//! The latency of a run over time, as a plot.

use crate::util::axis;
use std::collections::VecDeque;

use ratatui::{
    Frame,
    layout::{Alignment, Margin, Rect},
    style::{Modifier, Style},
    symbols::Marker,
    text::{Line, Span},
    widgets::{Axis, Block, Chart, Dataset, GraphType},
};

use crate::bench::live::LiveSecond;

/// Columns and rows of a border on each side.
const BORDER: Margin = Margin::new(1, 1);

/// Plots the median and the 99th percentile of each second, each in its style.
pub(super) fn latency(frame: &mut Frame, area: Rect, seconds: &VecDeque<LiveSecond>, [p50, p99]: [Style; 2]) {
    let mut title = Line::raw(" latency in ms: ");
    title.extend([Span::styled("p99", p99), Span::raw(" above "), Span::styled("p50", p50), Span::raw(" ")]);
    frame.render_widget(Block::bordered().title(title), area);
    let inner = area.inner(BORDER);
    // Braille has two dots in a column: no second shares its dot with another.
    let shown = usize::from(inner.width.saturating_sub(8)) * 2;
    let seconds: Vec<_> = seconds.iter().skip(seconds.len().saturating_sub(shown)).copied().collect();
    if seconds.iter().all(|second| second.ok == 0) {
        frame.render_widget(Line::styled("no answers", Modifier::DIM), inner);
        return;
    }
    let highest = seconds.iter().map(|second| second.p99).fold(0.0, f64::max);
    let lines = [(lines(&seconds, |second| second.p99), p99), (lines(&seconds, |second| second.p50), p50)];
    let dataset = |line, style| Dataset::default().data(line).style(style).marker(Marker::Braille);
    let datasets = lines
        .iter()
        .flat_map(|(lines, style)| lines.iter().map(|line| dataset(line, *style).graph_type(GraphType::Line)));
    let span = seconds.len().saturating_sub(1).max(10);
    let (top, labels) = ticks(highest, (inner.height / 3).clamp(1, 5));
    let x = Axis::default()
        .bounds([-(span as f64), 0.0])
        .labels([format!("{span} s ago"), "now".to_owned()])
        .labels_alignment(Alignment::Right)
        .style(Modifier::DIM);
    let y = Axis::default().bounds([0.0, top]).labels(labels).labels_alignment(Alignment::Right).style(Modifier::DIM);
    frame.render_widget(Chart::new(datasets.collect()).legend_position(None).x_axis(x).y_axis(y), inner);
}

/// The points of a figure over time, newest at 0; a second without an answer ends a line, as it has no latency.
fn lines(seconds: &[LiveSecond], of: fn(&LiveSecond) -> f64) -> Vec<Vec<(f64, f64)>> {
    let newest = seconds.len() as f64 - 1.0;
    let point = |(at, second): (usize, &LiveSecond)| (second.ok > 0).then(|| (at as f64 - newest, of(second)));
    let points: Vec<_> = seconds.iter().enumerate().map(point).collect();
    points
        .split(Option::is_none)
        .filter(|line| !line.is_empty())
        .map(|line| line.iter().copied().flatten().collect())
        .collect()
}

/// The upper end of an axis from 0 that holds a value, and its labels, at round numbers.
fn ticks(highest: f64, intervals: u16) -> (f64, Vec<String>) {
    let ticks = axis::ticks(highest.max(0.001), usize::from(intervals));
    let decimals = ticks.get(1).map_or(0, |step| (-step.log10().floor()).max(0.0) as usize);
    let labels = ticks.iter().map(|tick| format!("{tick:.decimals$}")).collect();
    (ticks.last().copied().unwrap_or(1.0), labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_without_an_answer_is_a_gap() {
        let second = |ok| LiveSecond { ok, failed: 1, p50: ok as f64, p99: 9.0 };
        let seconds = [0, 1, 2, 0, 3].map(second);
        assert_eq!(lines(&seconds, |second| second.p50), [vec![(-3.0, 1.0), (-2.0, 2.0)], vec![(0.0, 3.0)]]);
        assert!(lines(&[], |second| second.p50).is_empty());
    }

    #[test]
    fn ticks_are_at_round_numbers() {
        assert_eq!(ticks(87.0, 4), (100.0, ["0", "50", "100"].map(str::to_owned).to_vec()));
        assert_eq!(ticks(0.4, 4).1, ["0.0", "0.1", "0.2", "0.3", "0.4"]);
    }
}
