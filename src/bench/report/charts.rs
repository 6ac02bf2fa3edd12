//! What the plots of a result's page show: the run over time, and its latencies by percentile.

use hdrhistogram::Histogram;

use super::super::{
    quantile::needed,
    result::{ResultFile, SliceBody},
};
use super::plot::{Measure, SvgLine, SvgPlot};
use crate::util::{axis::ticks, humanize::trimmed};

/// Steps in which the percentile plot walks through a factor of ten.
const STEPS_PER_NINE: u32 = 25;

/// Most steps between the ticks of the axis of time.
const STEPS: usize = 5;

/// Names of the ticks of the percentile plot, a factor of ten apart.
const NINES: [&str; 5] = ["0 %", "90 %", "99 %", "99.9 %", "99.99 %"];

/// Places on the axis of time: the middle of each slice, and where a time without slices begins and ends.
fn moments(timeline: &[SliceBody]) -> Vec<(f64, Option<&SliceBody>)> {
    let mut moments = Vec::new();
    let mut last: Option<&SliceBody> = None;
    for slice in timeline.iter().filter(|slice| slice.seconds > 0.0 && slice.start >= 0.0) {
        if let Some(last) = last {
            let (from, width) = (last.start + last.seconds, last.seconds);
            if slice.start - from > width / 2.0 {
                let inset = width.min(slice.start - from) / 2.0;
                moments.extend([(from + inset, None), (slice.start - inset, None)]);
            }
        }
        moments.push((slice.start + slice.seconds / 2.0, Some(slice)));
        last = Some(slice);
    }
    moments
}

/// Latencies, and answers and errors a second, over time; nothing without a timeline.
pub fn over_time(result: &ResultFile) -> String {
    let end = result.timeline.iter().map(|slice| slice.start + slice.seconds).fold(0.0, f64::max);
    let (size, unit) = match end {
        end if end < 180.0 => (1.0, "s"),
        end if end < 10_800.0 => (60.0, "min"),
        _ => (3_600.0, "h"),
    };
    let moments = moments(&result.timeline);
    let named = |at: f64| format!("{}\u{a0}{unit}", trimmed(at / size));
    let line = |name, class, value: fn(Option<&SliceBody>) -> Option<f64>| SvgLine {
        name,
        class,
        points: moments.iter().map(|(at, slice)| (*at, value(*slice))).collect(),
    };
    let latencies = SvgPlot {
        title: "Latency over time".into(),
        measure: Measure::Time,
        end,
        ticks: ticks(end / size, STEPS)
            .into_iter()
            .map(|at| at * size)
            .filter(|at| *at <= end)
            .map(|at| (at, named(at)))
            .collect(),
        places: moments.iter().map(|(at, _)| named(*at)).collect(),
        borders: result.stages.iter().filter(|s| s.start < end).map(|s| (s.start, s.name.clone())).collect(),
        lines: vec![line("p50", "calm", |slice| slice?.p50), line("p99", "warm", |slice| slice?.p99)],
    };
    // Without a slice nothing came to an end: no latency, but a rate, which is 0.
    let rates = vec![
        line("answers", "calm", |slice| Some(slice.map_or(0.0, |slice| slice.ok as f64 / slice.seconds))),
        line("errors", "bad", |slice| Some(slice.map_or(0.0, |slice| slice.errors as f64 / slice.seconds))),
    ];
    let rates = SvgPlot {
        title: "Answers and errors over time".into(),
        measure: Measure::Rate,
        lines: rates,
        ..latencies.clone()
    };
    latencies.svg() + &rates.svg()
}

/// Steps up to the greatest percentile that the sample can hold: beyond, none has an interval.
fn steps_held(histogram: &Histogram<u64>) -> u32 {
    let held = |steps: &u32| share_at(*steps) < 0.5 || histogram.len() >= needed(share_at(*steps));
    (0..=(NINES.len() as u32 - 1) * STEPS_PER_NINE).take_while(held).last().unwrap_or(0)
}

fn share_at(steps: u32) -> f64 {
    1.0 - 10_f64.powf(-f64::from(steps) / f64::from(STEPS_PER_NINE))
}

/// Latencies by percentile, in an open loop also without the time that requests waited; nothing without a histogram.
pub fn by_percentile(result: &ResultFile) -> String {
    let open = result.test_info.load.as_ref().is_some_and(|load| load.loop_kind == "open");
    let get = |name: &str| result.histogram(name).filter(|histogram| histogram.len() >= needed(0.5));
    let Some(latency) = get("latency") else { return String::new() };
    let last = steps_held(&latency);
    let line = |name, class, histogram: &Histogram<u64>| {
        let at = |steps| histogram.value_at_quantile(share_at(steps)) as f64 / 1_000.0;
        SvgLine { name, class, points: (0..=last).map(|steps| (f64::from(steps), Some(at(steps)))).collect() }
    };
    let mut lines = vec![line("from when it was due", "calm", &latency)];
    if let Some(service) = get("service").filter(|_| open) {
        lines.push(line("from when it was sent", "warm", &service));
    }
    let end = f64::from(last.max(1));
    let ticks = NINES.iter().enumerate().map(|(nine, name)| ((nine as u32 * STEPS_PER_NINE).into(), (*name).into()));
    let plot = SvgPlot {
        title: "Latency by percentile".into(),
        measure: Measure::Time,
        end,
        ticks: ticks.filter(|(at, _)| *at <= end).collect(),
        places: (0..=last).map(|steps| percent_place(share_at(steps) * 100.0)).collect(),
        borders: Vec::new(),
        lines,
    };
    plot.svg()
}

fn percent_place(percent: f64) -> String {
    format!("{percent:.*}\u{a0}%", if percent < 99.0 { 1 } else { 3 })
}
