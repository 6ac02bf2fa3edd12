//! The report of replays, for people and programs.

use serde::Serialize;

use crate::cache::tune::{Measured, recommended};

/// Lines and columns of the plot.
const PLOT: (usize, usize) = (14, 60);

/// The measurements of several settings, and the recommendation.
#[derive(Debug, Serialize)]
pub struct TuneReport {
    /// The file of questions.
    pub file: String,
    /// Identity of the embedder.
    pub embedder: String,
    /// Largest share of questions that may get another question's answer.
    pub bound: f64,
    /// The setting that keeps the bound and hits most; `None`: none keeps it.
    pub recommended: Option<Measured>,
    /// Setting by setting.
    pub measured: Vec<Measured>,
    /// Two settings are compared, and none is recommended.
    #[serde(skip)]
    pub comparison: bool,
}

impl TuneReport {
    /// The fixed threshold with guards that keeps the bound and hits most.
    pub fn best_threshold(&self) -> Option<f32> {
        let fixed = self.measured.iter().filter(|m| m.threshold.is_some() && m.guards).cloned();
        recommended(&fixed.collect::<Vec<_>>(), self.bound)?.threshold
    }
}

/// The report as JSON.
///
/// # Errors
/// A number that JSON does not have.
pub fn json(report: &TuneReport) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

/// The measurements as CSV, a line for each setting.
///
/// # Errors
/// As the CSV writer.
pub fn csv(measured: &[Measured]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for measured in measured {
        writer.serialize(measured)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn name(measured: &Measured) -> String {
    let guards = if measured.guards { " + guards" } else { "" };
    match measured.threshold {
        Some(threshold) => format!("{threshold:.2}{guards}"),
        None => format!("verified{guards}"),
    }
}

/// The report as a table, with a plot and a recommendation; of two settings that are compared, with their difference.
pub fn table(report: &TuneReport) -> String {
    let percent = |share: Option<f64>| share.map_or("n/a".to_owned(), |share| format!("{:.2} %", 100.0 * share));
    let count = |n: Option<usize>| n.map_or("n/a".to_owned(), |n| n.to_string());
    let mut text = format!(
        "{} questions, embedded with {}\n\n{:18} {:>7} {:>9} {:>7} {:>7} {:>10} {:>11} {:>8}\n",
        report.measured.first().map_or(0, |measured| measured.questions),
        report.embedder,
        "setting",
        "hits",
        "hit rate",
        "right",
        "wrong",
        "false hits",
        "95 % limit",
        "refused"
    );
    for m in &report.measured {
        let mark = if report.recommended.as_ref() == Some(m) && !report.comparison { " <" } else { "" };
        text.push_str(&format!(
            "{:18} {:>7} {:>9} {:>7} {:>7} {:>10} {:>11} {:>8}{mark}\n",
            name(m),
            m.hits,
            percent(Some(m.hit_rate)),
            count(m.right),
            count(m.wrong),
            percent(m.false_hit_rate),
            percent(m.false_hit_limit),
            m.refused
        ));
    }
    if report.comparison {
        return text + &compared(report);
    }
    text.push_str(&plot(&report.measured));
    text.push_str(&match &report.recommended {
        Some(m) => format!(
            "\nRecommended for at most {:.2} % wrong: {}, which answers {:.2} % from the cache.\n",
            100.0 * report.bound,
            name(m),
            100.0 * m.hit_rate
        ),
        None if report.measured.iter().all(|m| m.wrong.is_none()) => {
            "\nThe log does not say which answers were right, so nothing can be recommended: add a column \"answer\".\n"
                .to_owned()
        }
        None => format!(
            "\nNo setting keeps {:.2} % with 95 % confidence on this file; more questions would tell more.\n",
            100.0 * report.bound
        ),
    });
    text
}

/// The difference between the second setting and the first.
fn compared(report: &TuneReport) -> String {
    let [a, b] = report.measured.as_slice() else { return String::new() };
    let points = |a: f64, b: f64| format!("{:+.2} points", 100.0 * (b - a));
    let mut text = format!("\n{} against {}: hit rate {}", name(b), name(a), points(a.hit_rate, b.hit_rate));
    if let (Some(of_a), Some(of_b)) = (a.false_hit_rate, b.false_hit_rate) {
        text.push_str(&format!(", false hits {}", points(of_a, of_b)));
        let better = report.recommended.as_ref();
        text.push_str(&match better {
            Some(better) => format!("; within {:.2} % wrong: {}", 100.0 * report.bound, name(better)),
            None => format!("; neither keeps {:.2} % with 95 % confidence", 100.0 * report.bound),
        });
    }
    text + "\n"
}

/// Hit rate upwards, false-hit rate to the right: `.` bare thresholds, `o` with guards, `V` verified.
fn plot(measured: &[Measured]) -> String {
    let (lines, columns) = PLOT;
    let points: Vec<(f64, f64, char)> = measured
        .iter()
        .filter_map(|m| {
            let mark = match (m.threshold, m.guards) {
                (None, _) => 'V',
                (_, true) => 'o',
                (_, false) => '.',
            };
            Some((m.false_hit_rate?, m.hit_rate, mark))
        })
        .collect();
    let most = |of: fn(&(f64, f64, char)) -> f64| points.iter().map(of).fold(0.0, f64::max);
    let (widest, highest) = (most(|point| point.0), most(|point| point.1));
    if widest <= 0.0 || highest <= 0.0 {
        return String::new();
    }
    let mut canvas = vec![vec![' '; columns + 1]; lines + 1];
    for (x, y, mark) in points {
        let at = |share: f64, of: usize| (share * of as f64).round() as usize;
        canvas[lines - at(y / highest, lines)][at(x / widest, columns)] = mark;
    }
    let mut text = "\nhit rate (. bare, o guards, V verified)\n".to_owned();
    for (number, row) in canvas.iter().enumerate() {
        let label = match number {
            0 => format!("{:>7.1} %", 100.0 * highest),
            number if number == lines => format!("{:>7.1} %", 0.0),
            _ => " ".repeat(9),
        };
        text.push_str(&format!("{label} |{}\n", row.iter().collect::<String>().trim_end()));
    }
    text.push_str(&format!(
        "{:9} +{}\n{:9}  0 %{:>width$.2} % false hits\n",
        "",
        "-".repeat(columns),
        "",
        100.0 * widest,
        width = columns - 5
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::tune;

    fn measured(threshold: Option<f32>, hits: usize, wrong: Option<usize>) -> Measured {
        Measured {
            mode: "threshold",
            threshold,
            guards: true,
            questions: 1_000,
            hits,
            right: wrong.map(|wrong| hits - wrong),
            wrong,
            hit_rate: hits as f64 / 1_000.0,
            false_hit_rate: wrong.map(|wrong| wrong as f64 / 1_000.0),
            false_hit_limit: wrong.map(|wrong| tune::upper_limit(wrong, 1_000)),
            refused: 3,
        }
    }

    fn report(measured: &[Measured], comparison: bool) -> String {
        let recommended = recommended(measured, 0.01).cloned();
        let (file, embedder, measured) = ("f".to_owned(), "e".to_owned(), measured.to_vec());
        table(&TuneReport { file, embedder, bound: 0.01, recommended, measured, comparison })
    }

    #[test]
    fn the_table_marks_what_it_recommends() {
        let text = report(&[measured(Some(0.95), 200, Some(1)), measured(Some(0.9), 400, Some(30))], false);
        assert!(text.contains("0.95 + guards          200   20.00 %     199       1     0.10 %"), "{text}");
        assert_eq!(text.lines().filter(|line| line.ends_with(" <")).count(), 1);
        assert!(
            text.contains("Recommended for at most 1.00 % wrong: 0.95 + guards, which answers 20.00 % from the cache.")
        );
        assert!(text.contains("hit rate (. bare") && text.contains("3.00 % false hits"), "{text}");
    }

    #[test]
    fn a_log_without_answers_recommends_nothing() {
        let text = report(&[measured(Some(0.95), 200, None)], false);
        assert!(text.contains("n/a") && text.contains("add a column \"answer\""), "{text}");
    }

    #[test]
    fn two_settings_are_compared() {
        let text = report(&[measured(Some(0.9), 400, Some(30)), measured(None, 300, Some(2))], true);
        assert!(
            text.contains("verified + guards against 0.90 + guards: hit rate -10.00 points, false hits -2.80 points"),
            "{text}"
        );
        assert!(text.contains("within 1.00 % wrong: verified + guards"), "{text}");
    }
}
