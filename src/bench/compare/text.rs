//! A comparison for people.

use std::fmt::Write;

use super::judge::{Comparison, ENOUGH};

/// A comparison as a table.
pub fn text(comparison: &Comparison) -> String {
    let mut out = format!("\n{} against {}\n", comparison.new, comparison.base);
    for reason in &comparison.refused {
        let _ = writeln!(out, "  NOT COMPARED: {reason}");
    }
    for note in &comparison.notes {
        let _ = writeln!(out, "  ! {note}");
    }
    if comparison.differences.is_empty() {
        return out;
    }
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
    let _ =
        writeln!(out, "  {:7} {:>10} {:>10} {:>9}  {:20} verdict", "figure", "base", "new", "change", "95 % interval");
    for d in &comparison.differences {
        let unit = if d.figure == "errors" { "pt" } else { "%" };
        let change = d.change.map_or("–".to_owned(), |change| format!("{change:+.1} {unit}"));
        let interval = d.interval.map_or(String::new(), |[low, high]| format!("{low:+.1} to {high:+.1} {unit}"));
        let why = d.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let _ = writeln!(
            out,
            "  {:7} {:>10} {:>10} {change:>9}  {interval:20} {}{why}",
            d.figure,
            number(d.base),
            number(d.new),
            d.verdict
        );
    }
    if comparison.advisory {
        let _ = writeln!(
            out,
            "  This is advice: what differs between any two runs is not in these intervals. {} or more baselines make a gate; \
             `ragctl bench ab` compares two servers in one run.",
            ENOUGH
        );
    }
    out
}
