use std::{sync::Arc, time::Duration};

use hdrhistogram::Histogram;
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer, style::Color};

use super::*;
use crate::bench::{
    failure::{ErrorClass, RequestFailure},
    live::{Live, LiveSecond},
    measures::RequestCounts,
};

fn running() -> Live {
    let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000, 3).unwrap();
    (1..=100).for_each(|n| histogram.record(n * 1_000).unwrap());
    let mut live = Live { elapsed: Some(Duration::from_millis(12_340)), finished: 110, failed: 10, ..Live::default() };
    (live.rate, live.stage, live.latency) = (87.5, 1, Some(Arc::new(histogram)));
    live.counts =
        RequestCounts { ok: 100, degraded: 2, exact: 20, semantic: 5, misses: 75, ..RequestCounts::default() };
    live.failures.add(RequestFailure::new(ErrorClass::Http5xx, "the model\r\n\u{1b}[31mis away, as ".repeat(9)));
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
