//! The report of a comparison for people.

use std::fmt::Write;

use super::{rounds::AbReport, statistics::AbVerdict};

/// The report as a table, with the verdict in its last line.
pub fn text(report: &AbReport) -> String {
    let mut out = format!(
        "A  {} ({:.2} % failed)\nB  {} ({:.2} % failed)\n{} rounds, margin {:.1} %\n\n",
        report.a,
        report.failed_percent[0],
        report.b,
        report.failed_percent[1],
        report.rounds.len(),
        100.0 * report.margin
    );
    let _ = writeln!(
        out,
        "  {:7} {:>12} {:>22} {:>9} {:>9}  verdict on B",
        "figure", "B is worse by", "between (95 % each)", "p (t)", "p (flips)"
    );
    for effect in &report.effects {
        let unit = if effect.figure == "errors" { "pt" } else { "%" };
        let [low, high] = effect.bounds;
        let _ = writeln!(
            out,
            "  {:7} {:>12} {:>22} {:>9.4} {:>9.4}  {}",
            effect.figure,
            format!("{:+.2} {unit}", effect.change),
            format!("{low:+.2} and {high:+.2} {unit}"),
            effect.p,
            effect.p_flips,
            effect.verdict.as_str()
        );
    }
    if report.generator_busy {
        out.push_str(
            "\nThe load generator was the bottleneck: lower --concurrency, or run it on a machine of its own.\n",
        );
    }
    let _ = writeln!(
        out,
        "\nB is {}",
        match report.verdict {
            AbVerdict::Worse => "WORSE than A",
            AbVerdict::NotWorse => "not worse than A",
            AbVerdict::Inconclusive =>
                "neither shown to be worse nor shown not to be: raise --max-rounds or --iterations",
        }
    );
    out
}
