//! Reads what others expose in the Prometheus text format, version 0.0.4.

use std::borrow::Cow;

/// One series and its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample<'a> {
    /// Name of the metric.
    pub name: &'a str,
    /// The labels: the text between the braces.
    labels: &'a str,
    /// The value; may be NaN or infinite.
    pub value: f64,
}

impl<'a> Sample<'a> {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<Cow<'a, str>> {
        LabelIter(self.labels).find(|(label, _)| *label == name).map(|(_, value)| match value.contains('\\') {
            true => Cow::Owned(unescaped(value)),
            false => Cow::Borrowed(value),
        })
    }

    /// Whether all these labels have these values.
    fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels.iter().all(|(label, wanted)| self.label(label).is_some_and(|value| value == *wanted))
    }
}

/// The series of an exposition.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exposition<'a>(Vec<Sample<'a>>);

impl<'a> Exposition<'a> {
    /// Reads a text. Lines that are none of the format are passed over: one odd series must not hide the others.
    pub fn parse(text: &'a str) -> Self {
        Self::parse_only(text, |_| true)
    }

    /// Reads the metrics whose names are wanted; the others cost next to nothing.
    pub fn parse_only(text: &'a str, wanted: impl Fn(&str) -> bool) -> Self {
        Self(text.lines().filter_map(|line| sample(line, &wanted)).collect())
    }

    /// All series of a metric.
    pub fn of<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Sample<'a>> {
        self.0.iter().filter(move |sample| sample.name == name)
    }

    /// All series.
    pub fn samples(&self) -> &[Sample<'a>] {
        &self.0
    }

    /// The sum of a metric's series with these labels; `None` when there is none, or when it is no number.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut values = self.of(name).filter(|sample| sample.has(labels)).map(|sample| sample.value).peekable();
        values.peek()?;
        Some(values.sum()).filter(|sum: &f64| sum.is_finite())
    }

    /// The first of a metric's series with these labels, when it is a number.
    pub fn first(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.of(name).find(|sample| sample.has(labels)).map(|sample| sample.value).filter(|value| value.is_finite())
    }

    /// As [`sum`](Self::sum), but zero when the metric has other series: those with these labels have not happened yet.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.sum(name, labels).or_else(|| self.sum(name, &[]).map(|_| 0.0))
    }
}

/// `name{label="value",…} value [timestamp]`.
fn sample<'a>(line: &'a str, wanted: &impl Fn(&str) -> bool) -> Option<Sample<'a>> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at(end);
    if !wanted(name) {
        return None;
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => inside.split_at(closing_brace(inside)?),
        None => ("", rest),
    };
    let rest = rest.strip_prefix('}').unwrap_or(rest);
    let value = match rest.split_whitespace().next()? {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        number => number.parse().ok()?,
    };
    Some(Sample { name, labels, value })
}

/// LabelIter as they come, their values still escaped. They are looked at one by one: a server exposes thousands, and few
/// matter.
struct LabelIter<'a>(&'a str);

impl<'a> Iterator for LabelIter<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, after) = self.0.trim_start_matches([' ', ',']).split_once('=')?;
        let text = after.trim_start().strip_prefix('"')?;
        let end = closing_quote(text)?;
        self.0 = text.get(end + 1..)?;
        Some((name.trim(), text.get(..end)?))
    }
}

/// Where the labels end; `None` when one of them is none.
fn closing_brace(inside: &str) -> Option<usize> {
    let mut labels = LabelIter(inside);
    loop {
        let rest = labels.0.trim_start_matches([' ', ',']);
        if rest.starts_with('}') {
            return Some(inside.len() - rest.len());
        }
        labels.next()?;
    }
}

/// The place of the quote that ends a value.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => text.push('\n'),
                other => text.extend(other),
            },
            (c, false) => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_line_is_read() {
        let read = Exposition::parse(
            "# HELP a Something.\n# TYPE a counter\na 1\na{x=\"1\"} 2.5e3 1700000000\na{x=\"q\\\"\\\\\\n}\",y=\"2\",} NaN\nb_bucket{le=\"+Inf\"} +Inf\n",
        );
        assert_eq!(read.samples().len(), 4);
        assert_eq!(read.sum("a", &[("x", "1")]), Some(2_500.0));
        assert_eq!(read.samples()[2].label("x").as_deref(), Some("q\"\\\n}"));
        assert!(read.samples()[2].value.is_nan());
        assert_eq!(read.samples()[3].value, f64::INFINITY);
        assert_eq!(read.sum("c", &[]), None);
        assert_eq!(read.sum("a", &[]), None, "a sum with NaN in it is no number");
    }

    #[test]
    fn an_odd_line_costs_only_itself() {
        let read = Exposition::parse("<html>\na{x=\"1} 2\na{x} 3\nno\na 4 5\n\u{0}{\n");
        assert_eq!(read.sum("a", &[]), Some(4.0));
        assert_eq!(read.samples().len(), 1);
    }

    #[test]
    fn a_series_that_has_not_begun_counts_nothing() {
        let read = Exposition::parse("a{x=\"1\"} 2\n");
        assert_eq!((read.count("a", &[("x", "2")]), read.count("b", &[])), (Some(0.0), None));
    }

    #[test]
    fn what_this_server_exposes_is_read_whole() {
        let metrics = crate::telemetry::Metrics::new();
        metrics.ollama_healthy(true);
        let text = metrics.render();
        let read = Exposition::parse(&text);
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
        assert_eq!((read.samples().len(), read.sum("ollama_rag_ollama_healthy", &[])), (lines, Some(1.0)));
        assert_eq!(Exposition::parse_only(&text, |name| name == "ollama_rag_ollama_healthy").samples().len(), 1);
    }
}
