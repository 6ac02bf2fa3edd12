//! Reads what others expose in the Prometheus text format, version 0.0.4.

use std::collections::BTreeMap;

/// One series and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name of the metric.
    pub name: String,
    /// Labels by name.
    pub labels: BTreeMap<String, String>,
    /// The value; may be NaN or infinite.
    pub value: f64,
}

/// What was exposed at a moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exposition(Vec<Sample>);

impl Exposition {
    /// Reads a text. Lines that are none of the format are passed over: one odd series must not hide the others.
    pub fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(sample).collect())
    }

    /// All series of a metric.
    pub fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.0.iter().filter(move |sample| sample.name == name)
    }

    /// All series.
    pub fn samples(&self) -> &[Sample] {
        &self.0
    }

    /// The sum of a metric's series with these labels; `None` when there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |sample: &&Sample| {
            labels.iter().all(|(label, wanted)| sample.labels.get(*label).is_some_and(|value| value == wanted))
        };
        let values: Vec<f64> = self.of(name).filter(has).map(|sample| sample.value).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }

    /// The largest value of a metric's series; `None` when there is none.
    pub fn highest(&self, name: &str) -> Option<f64> {
        self.of(name)
            .map(|sample| sample.value)
            .fold(None, |highest, value| Some(highest.map_or(value, |h: f64| h.max(value))))
    }
}

/// `name{label="value",…} value [timestamp]`.
fn sample(line: &str) -> Option<Sample> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    let value = rest.split_whitespace().next()?;
    let value = match value {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        number => number.parse().ok()?,
    };
    Some(Sample { name: name.to_owned(), labels, value })
}

/// Labels and what follows their closing brace.
fn labels(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = rest.split_once('=')?;
        let mut value = String::new();
        let mut chars = after.trim_start().strip_prefix('"')?.char_indices();
        let text = after.trim_start().strip_prefix('"')?;
        loop {
            match chars.next()? {
                (at, '"') => {
                    rest = &text[at + 1..];
                    break;
                }
                (_, '\\') => match chars.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, c) => value.push(c),
            }
        }
        labels.insert(name.trim().to_owned(), value);
    }
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
        assert_eq!(read.samples()[2].labels["x"], "q\"\\\n}");
        assert!(read.samples()[2].value.is_nan());
        assert_eq!(read.highest("b_bucket"), Some(f64::INFINITY));
        assert_eq!(read.sum("c", &[]), None);
    }

    #[test]
    fn an_odd_line_costs_only_itself() {
        let read = Exposition::parse("<html>\na{x=\"1} 2\na{x} 3\nno\na 4 5\n\u{0}{\n");
        assert_eq!(read.sum("a", &[]), Some(4.0));
        assert_eq!(read.samples().len(), 1);
    }

    #[test]
    fn what_this_server_exposes_is_read_whole() {
        let metrics = crate::telemetry::Metrics::new();
        metrics.ollama_healthy(true);
        let text = metrics.render();
        let read = Exposition::parse(&text);
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
        assert_eq!((read.samples().len(), read.sum("ollama_rag_ollama_healthy", &[])), (lines, Some(1.0)));
    }
}
