//! The live screen of a run: a pure view, drawn from what the run tells. The terminal is somebody else's matter.

use std::{iter, time::Duration};

use ratatui::{
    Frame,
    layout::{
        Alignment,
        Constraint::{Fill, Length},
        Layout, Margin, Rect,
    },
    style::{Color, Modifier, Style},
    symbols::Marker,
    text::{Line, Span},
    widgets::{Axis, Block, Chart, Dataset, GraphType, Paragraph, RenderDirection, Sparkline},
};

use super::{
    failure::Failures,
    quantile,
    recorder::Counts,
    run::{Live, LiveSecond},
};
use crate::util::axis;

/// Columns from which the plot has room beside the figures.
const WIDE: u16 = 52;
/// Columns of the panel of figures.
const PANEL: u16 = 28;
/// Rows of that panel with everything in it.
const PANEL_ROWS: u16 = 13;
/// Columns of a figure where there is no panel.
const FIGURE: u16 = 20;
/// What a border takes on each side.
const BORDER: Margin = Margin::new(1, 1);
/// What stands for a figure that cannot be told.
const UNKNOWN: &str = "–";
/// The percentiles that are shown.
const PERCENTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)];

/// What the run is to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// So many requests.
    Requests(u64),
    /// So much time.
    Time(Duration),
}

/// What the screen shows.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Name of the run.
    pub name: &'a str,
    /// What is measured.
    pub url: &'a str,
    /// How it goes.
    pub live: &'a Live,
    /// What it is to reach.
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
    latency(frame, left, view);
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

fn latency(frame: &mut Frame, area: Rect, view: &View) {
    let p50 = view.style(Color::Green, Modifier::empty());
    let p99 = view.style(Color::Yellow, Modifier::empty());
    let mut title = Line::raw(" latency in ms: ");
    title.extend([Span::styled("p99", p99), Span::raw(" above "), Span::styled("p50", p50), Span::raw(" ")]);
    frame.render_widget(Block::bordered().title(title), area);
    let inner = area.inner(BORDER);
    // Braille has two dots in a column: no second shares its dot with another.
    let shown = usize::from(inner.width.saturating_sub(8)) * 2;
    let seconds = &view.live.seconds;
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
    let Counts { ok, degraded, exact, semantic, misses, .. } = live.counts;
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

/// Microseconds with three significant digits.
fn short(micros: u64) -> String {
    // Rounded before the unit is chosen, or 999.9 ms would become 1000 ms.
    let step = 10_u64.pow(micros.max(1).ilog10().saturating_sub(2));
    let rounded = micros.saturating_add(step / 2) / step * step;
    let (value, unit) = match rounded {
        0..1_000 => return format!("{rounded} µs"),
        1_000..1_000_000 => (rounded as f64 / 1e3, "ms"),
        _ => (rounded as f64 / 1e6, "s"),
    };
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {unit}")
}

/// A share in percent; only what is nothing or everything reads as such.
fn share(count: u64, of: u64) -> String {
    let percent = 100.0 * count as f64 / of as f64;
    match percent {
        _ if of == 0 => UNKNOWN.to_owned(),
        _ if count > 0 && percent < 0.1 => "<0.1 %".to_owned(),
        _ if count < of && percent > 99.9 => ">99.9 %".to_owned(),
        _ => format!("{percent:.1} %"),
    }
}

/// A duration as a clock shows it, a short one with tenths.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        // Cut, not rounded: 59.96 s are not 60.0 s.
        0..60 => format!("{seconds}.{} s", time.subsec_millis() / 100),
        60..3_600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
    }
}

/// Columns that a text takes.
fn width_of(text: &str) -> usize {
    Span::raw(text).width()
}

/// As much of a text as fits, on one line; a server's message may hold anything.
fn fit(text: &str, width: usize) -> String {
    let printable = |c: char| if c.is_whitespace() || c.is_control() { ' ' } else { c };
    let mut cut: String = text.chars().take(width + 1).map(printable).collect();
    if cut.chars().count() <= width && width_of(&cut) <= width {
        return cut;
    }
    while width_of(&cut) >= width {
        if cut.pop().is_none() {
            return cut;
        }
    }
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hdrhistogram::Histogram;
    use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};

    use super::{
        super::failure::{ErrorClass, Failure},
        *,
    };

    fn running() -> Live {
        let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000, 3).unwrap();
        (1..=100).for_each(|n| histogram.record(n * 1_000).unwrap());
        let mut live =
            Live { elapsed: Some(Duration::from_millis(12_340)), finished: 110, failed: 10, ..Live::default() };
        (live.rate, live.stage, live.latency) = (87.5, 1, Some(Arc::new(histogram)));
        live.counts = Counts { ok: 100, degraded: 2, exact: 20, semantic: 5, misses: 75, ..Counts::default() };
        live.failures.add(Failure::new(ErrorClass::Http5xx, "the model\r\n\u{1b}[31mis away, as ".repeat(9)));
        let second = |n: u64| LiveSecond { ok: n % 7 * 5, failed: 1, p50: 40.0 + n as f64, p99: 90.0 };
        live.seconds = (1..=20).map(second).collect();
        live
    }

    fn buffer(live: &Live, colors: bool, width: u16, height: u16) -> Buffer {
        let stages = ["calm".to_owned(), "rise".to_owned()];
        let total = Total::Requests(200);
        let view = View { name: "nightly", url: "http://127.0.0.1:8080", live, total, stages: &stages, colors };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, &view)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// What a screen without colours says, and that it says all this, whatever the space between words.
    fn text(live: &Live, width: u16, height: u16, wanted: &str) -> String {
        let buffer = buffer(live, false, width, height);
        let rows = buffer.content.chunks(usize::from(width.max(1)));
        let text: String = rows.flat_map(|row| row.iter().map(|cell| cell.symbol()).chain(["\n"])).collect();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in wanted.split(", ") {
            assert!(words.contains(part), "{part} is not in\n{text}");
        }
        text
    }

    #[test]
    fn a_running_view_shows_the_key_figures() {
        let wanted = "nightly http://127.0.0.1:8080 stage 2/2 rise · 12.3 s · running, 55 % 110 of 200 requests, \
             rate/s 87.5│, ok 100│, failed 10 (9.1 %)│, p50 50.0 ms│, p90 90.0 ms│, p95 95.0 ms│, p99 –│, max 100 ms│, \
             cache hits 25.0 %│, degraded 2.0 %│, latency in ms: p99 above p50, │100│, 19 s ago now│, peak 30, \
             1 http_5xx the model [31mis away, …│, q stop and report";
        text(&running(), 80, 24, wanted);
    }

    #[test]
    fn a_warm_up_has_nothing_to_tell() {
        let wanted = "http://127.0.0.1:8080 warming up [ warming up ], no answers, failed 0 (–), none";
        let screen = text(&Live::default(), 80, 24, wanted);
        assert!(!screen.contains("stage") && !screen.contains('%'), "{screen}");
    }

    #[test]
    fn a_small_screen_has_only_header_progress_and_figures() {
        let wanted = "nightly, stage 2/2 · 12.3 s · running, 55 %, 10 (9.1 %), 50.0 ms, 100 ms, 2.0 %";
        let screen = text(&running(), 40, 12, wanted);
        assert!(!screen.contains('│') && !screen.contains("http_5xx"), "{screen}");
    }

    #[test]
    fn no_size_is_too_small_and_no_colour_comes_unasked() {
        for (live, colors) in [(running(), false), (Live::default(), true)] {
            for (width, height) in (0..=60).flat_map(|width| (0..=20).map(move |height| (width, height))) {
                let buffer = buffer(&live, colors, width, height);
                let colored = buffer.content.iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset);
                assert!(!colored || colors);
            }
        }
    }

    #[test]
    fn many_failures_stand_out() {
        let mut live = running();
        let red = |live: &Live| buffer(live, true, 40, 12).content.iter().any(|cell| cell.fg == Color::Red);
        assert!(red(&live));
        (live.failed, live.finished) = (5, 100);
        assert!(!red(&live));
    }

    #[test]
    fn a_second_without_an_answer_is_a_gap() {
        let second = |ok| LiveSecond { ok, failed: 1, p50: ok as f64, p99: 9.0 };
        let seconds = [0, 1, 2, 0, 3].map(second);
        assert_eq!(lines(&seconds, |second| second.p50), [vec![(-3.0, 1.0), (-2.0, 2.0)], vec![(0.0, 3.0)]]);
        assert!(lines(&[], |second| second.p50).is_empty());
    }

    #[test]
    fn a_percentile_waits_for_its_data() {
        let mut live = running();
        let mut unknown = |count| {
            let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000, 3).unwrap();
            histogram.record_n(5, count).unwrap();
            live.latency = Some(Arc::new(histogram));
            text(&live, 80, 24, "").matches(" –│").count()
        };
        assert_eq!([0, 5, 6, 35, 36, 71, 72, 367, 368].map(&mut unknown), [5, 4, 3, 3, 2, 2, 1, 1, 0]);
    }

    #[test]
    fn numbers_are_short_and_round() {
        let micros = [0, 999, 1_234, 9_996, 999_400, 999_600, 12_345_678, 3_600_000_000];
        let wanted = ["0 µs", "999 µs", "1.23 ms", "10.0 ms", "999 ms", "1.00 s", "12.3 s", "3600 s"];
        assert_eq!(micros.map(short), wanted);
        let shares = [(0, 0), (0, 9), (1, 9_999), (9_998, 9_999), (9, 9)].map(|(count, of)| share(count, of));
        assert_eq!(shares, ["–", "0.0 %", "<0.1 %", ">99.9 %", "100.0 %"]);
        let clocks = [59_960, 61_000, 3_661_000].map(|ms| clock(Duration::from_millis(ms)));
        assert_eq!(clocks, ["59.9 s", "1:01", "1:01:01"]);
        assert_eq!(ticks(87.0, 4), (100.0, ["0", "50", "100"].map(str::to_owned).to_vec()));
        assert_eq!(ticks(0.4, 4).1, ["0.0", "0.1", "0.2", "0.3", "0.4"]);
        let cut = [("日本語", 6), ("日本語", 5), ("ab\ncd", 4), ("x", 0)].map(|(text, width)| fit(text, width));
        assert_eq!(cut, ["日本語", "日本…", "ab …", ""]);
    }
}
