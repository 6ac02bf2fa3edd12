//! Lines over an axis as SVG.
//!
//! A plot fills the width that it is given; its texts keep their size, so that it is as legible on a phone as on paper.

use std::fmt::Write as _;

use crate::util::{
    axis::{MEANT, ticks},
    humanize::{duration, significant, time_unit, trimmed},
};

/// Side of the drawn area in its own units; the page stretches it.
const SIDE: f64 = 1_000.0;

/// Most steps between the ticks of an axis.
const STEPS: usize = 5;

/// Text as it may stand in markup, in an attribute, too.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(character),
            // HTML has no form in which these could be written.
            _ if character.is_control() => safe.push(char::REPLACEMENT_CHARACTER),
            _ => safe.push(character),
        }
    }
    safe
}

/// The unit of the values of a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Times in milliseconds.
    Time,
    /// A number a second.
    Rate,
}

impl Measure {
    fn words(self, value: f64) -> String {
        match self {
            Self::Time => duration(value),
            Self::Rate => format!("{}/s", significant(value)),
        }
    }

    /// All ticks of an axis are in the unit of the greatest.
    fn tick(self, value: f64, top: f64) -> String {
        match self {
            Self::Time => {
                let (size, unit) = time_unit(top);
                format!("{}\u{a0}{unit}", trimmed(value / size))
            }
            Self::Rate => format!("{}/s", trimmed(value)),
        }
    }
}

/// A line of a plot.
#[derive(Debug, Clone, PartialEq)]
pub struct SvgLine {
    /// Its name in the key.
    pub name: &'static str,
    /// Its class in the style sheet.
    pub class: &'static str,
    /// Values by place on the x axis; where there is none, the line has a gap.
    pub points: Vec<(f64, Option<f64>)>,
}

/// Lines over a common axis that begins at 0.
#[derive(Debug, Clone, PartialEq)]
pub struct SvgPlot {
    /// Its title; plain text.
    pub title: String,
    /// The unit of its values.
    pub measure: Measure,
    /// The end of the x axis.
    pub end: f64,
    /// Places on the x axis and their names.
    pub ticks: Vec<(f64, String)>,
    /// What each place of the lines is called, in their order.
    pub places: Vec<String>,
    /// Borders: where a part begins on the x axis, and its name.
    pub borders: Vec<(f64, String)>,
    /// The lines; all have values at the same places.
    pub lines: Vec<SvgLine>,
}

fn meant(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite() && *value >= 0.0)
}

impl SvgPlot {
    /// A figure with the plot; nothing when there is no value to show.
    pub fn svg(&self) -> String {
        let values = || self.lines.iter().flat_map(|line| &line.points).filter_map(|(_, value)| meant(*value));
        if values().next().is_none() || !MEANT.contains(&self.end) {
            return String::new();
        }
        let steps = ticks(values().fold(0.0, f64::max), STEPS);
        let top = steps.last().copied().unwrap_or(1.0);
        let title = escape(&self.title);
        let keys = self.lines.iter().fold(String::new(), |mut keys, line| {
            let _ = write!(keys, "<span class=\"key {}\">{}</span>", line.class, escape(line.name));
            keys
        });
        let lines: String = self.lines.iter().map(|line| self.line(line, top)).collect();
        format!(
            "<figure><figcaption><b>{title}</b>{keys}</figcaption>\n\
             <svg class=\"plot\" role=\"img\" aria-label=\"{title}\">\n{}{}\
             <svg width=\"100%\" height=\"100%\" viewBox=\"0 0 {SIDE} {SIDE}\" preserveAspectRatio=\"none\">\n{lines}</svg>\n\
             <g class=\"bands\" fill-opacity=\"0\">\n{}</g></svg></figure>\n",
            self.grid(&steps, top),
            self.parts(),
            self.bands(),
        )
    }

    fn percent(&self, place: f64) -> f64 {
        let percent = place / self.end * 100.0;
        if percent.is_nan() { 0.0 } else { percent.clamp(0.0, 100.0) }
    }

    fn grid(&self, steps: &[f64], top: f64) -> String {
        let mut svg = String::from("<g class=\"grid\">\n");
        for step in steps {
            let height = 100.0 - step / top * 100.0;
            let name = self.measure.tick(*step, top);
            let _ = writeln!(
                svg,
                "<line x2=\"100%\" y1=\"{height:.2}%\" y2=\"{height:.2}%\"/>\
                 <text text-anchor=\"end\" x=\"-8\" y=\"{height:.2}%\" dy=\".32em\">{name}</text>"
            );
        }
        for (place, name) in &self.ticks {
            let (at, name) = (self.percent(*place), escape(name));
            let _ = writeln!(svg, "<text text-anchor=\"middle\" x=\"{at:.2}%\" y=\"100%\" dy=\"1.6em\">{name}</text>");
        }
        svg + "</g>\n"
    }

    /// Borders with the names of what they begin, each cut off where the next one begins.
    fn parts(&self) -> String {
        let mut svg = String::new();
        for (index, (start, name)) in self.borders.iter().enumerate() {
            let end = self.borders.get(index + 1).map_or(self.end, |(next, _)| *next);
            let (left, right, name) = (self.percent(*start), self.percent(end), escape(name));
            let _ = writeln!(
                svg,
                "<line class=\"border\" x1=\"{left:.2}%\" x2=\"{left:.2}%\" y1=\"-18\" y2=\"100%\"/>\
                 <svg class=\"part\" x=\"{left:.2}%\" y=\"-18\" width=\"{:.2}%\" height=\"18\">\
                 <text x=\"5\" y=\"11\">{name}<title>{name}</title></text></svg>",
                (right - left).max(0.0)
            );
        }
        svg
    }

    fn line(&self, line: &SvgLine, top: f64) -> String {
        let mut path = String::new();
        for run in line.points.split(|(_, value)| meant(*value).is_none()) {
            for (index, (place, value)) in run.iter().enumerate() {
                let across = self.percent(*place) / 100.0 * SIDE;
                let down = SIDE - value.unwrap_or(0.0) / top * SIDE;
                let _ = write!(path, "{}{across:.1} {down:.1}", if index == 0 { 'M' } else { 'L' });
            }
            // A lone value would not be seen: the round ends of a line without length are a dot.
            path.push_str(if run.len() == 1 { "h0" } else { "" });
        }
        format!("<path class=\"{}\" fill=\"none\" d=\"{path}\"/>\n", line.class)
    }

    /// What can be pointed at: a band around each place, which tells its values.
    fn bands(&self) -> String {
        let Some(first) = self.lines.first() else { return String::new() };
        let middle = |index: usize, other: usize| match (first.points.get(index), first.points.get(other)) {
            (Some((one, _)), Some((next, _))) => Some(f64::midpoint(*one, *next)),
            _ => None,
        };
        let mut svg = String::new();
        for (index, place) in self.places.iter().enumerate() {
            let left = self.percent(index.checked_sub(1).and_then(|last| middle(last, index)).unwrap_or(0.0));
            let right = self.percent(middle(index, index + 1).unwrap_or(self.end));
            let mut words = escape(place);
            for line in &self.lines {
                let value = line.points.get(index).and_then(|(_, value)| meant(*value));
                let value = value.map_or_else(|| "–".into(), |value| self.measure.words(value));
                let _ = write!(words, "\n{}: {value}", escape(line.name));
            }
            let width = (right - left).max(0.0);
            let _ = writeln!(
                svg,
                "<rect x=\"{left:.2}%\" width=\"{width:.2}%\" height=\"100%\"><title>{words}</title></rect>"
            );
        }
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(values: &[Option<f64>]) -> SvgPlot {
        let points: Vec<_> = values.iter().enumerate().map(|(index, value)| (index as f64 + 0.5, *value)).collect();
        SvgPlot {
            title: "Latency <b>".into(),
            measure: Measure::Time,
            end: values.len() as f64,
            ticks: vec![(0.0, "0 s".into())],
            places: (0..values.len()).map(|index| format!("{index} s")).collect(),
            borders: vec![(0.0, "ramp & \"up\"".into())],
            lines: vec![SvgLine { name: "p50", class: "calm", points }],
        }
    }

    #[test]
    fn hostile_text_is_only_text() {
        assert_eq!(
            escape("<script>\"a\" & 'b'</script>\u{0}"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;\u{fffd}"
        );
        let svg = plot(&[Some(1.0), Some(2.0)]).svg();
        assert!(svg.contains("Latency &lt;b&gt;") && svg.contains("ramp &amp; &quot;up&quot;"));
    }

    #[test]
    fn a_gap_parts_the_line() {
        let svg = plot(&[Some(10.0), Some(20.0), None, Some(30.0), Some(25.0)]).svg();
        let path = svg.split("<path").nth(1).and_then(|rest| rest.split("/>").next()).unwrap_or_default();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 2), "{path}");
        assert!(!path.contains("1000.0"), "what is not there is not zero: {path}");
        assert!(svg.contains("2 s\np50: –"));
    }

    #[test]
    fn little_data_and_nonsense_are_survived() {
        assert_eq!(plot(&[]).svg(), "");
        assert_eq!(plot(&[None, Some(f64::NAN), Some(-1.0)]).svg(), "");
        assert!(plot(&[Some(5.0)]).svg().contains("h0"));
        let odd = plot(&[Some(f64::INFINITY), Some(0.0), Some(f64::NAN), Some(4.0)]).svg();
        assert!(!odd.contains("NaN") && !odd.contains("inf"), "{odd}");
        let huge = SvgPlot { end: f64::INFINITY, ..plot(&[Some(1.0)]) };
        assert_eq!(huge.svg(), "");
    }
}
