//! `ragctl bench compare` and `merge`.

use std::{fmt::Write, io::IsTerminal};

use super::parts;
use crate::{
    bench::{
        compare::{self, Comparison, Difference, Margin},
        merge, report as reports,
        result::ResultFile,
    },
    cli::{CompareArgs, ExitStatus, MergeArgs},
    commands::print,
};

pub(super) fn compare(args: &CompareArgs) -> anyhow::Result<ExitStatus> {
    let bases = parts::stored(&args.base, std::path::Path::new("test_results/baseline"))?;
    let mut comparisons = Vec::new();
    for path in &args.new {
        let new = ResultFile::load(path)?;
        // A pattern of baselines may hold the new result, too: it is none of its own.
        let same = |name: &str| std::fs::canonicalize(name).ok() == std::fs::canonicalize(path).ok();
        let others: Vec<_> = bases.iter().filter(|(name, _)| bases.len() == 1 || !same(name)).cloned().collect();
        comparisons.push(compare::compare(&others, (&path.display().to_string(), &new), &args.max_regression));
    }
    if args.json {
        print(&(serde_json::to_string_pretty(&comparisons)? + "\n"))?;
    } else {
        for comparison in &comparisons {
            print(&text(comparison))?;
        }
    }
    let statuses: Vec<ExitStatus> = comparisons.iter().map(|c| status(c, &args.max_regression)).collect();
    let worst = [ExitStatus::Regression, ExitStatus::Failure].into_iter().find(|status| statuses.contains(status));
    Ok(worst.unwrap_or(ExitStatus::Success))
}

/// What a comparison means for CI. A single baseline is advice, unless it was said what may not become worse.
pub(super) fn status(comparison: &Comparison, margins: &[Margin]) -> ExitStatus {
    let gates = |difference: &Difference| {
        difference.verdict == compare::Verdict::Worse
            && (!comparison.advisory || margins.iter().any(|margin| margin.figure == difference.figure))
    };
    if comparison.differences.iter().any(gates) {
        return ExitStatus::Regression;
    }
    let asked = |margin: &Margin| {
        comparison.differences.iter().any(|d| d.figure == margin.figure && d.verdict == compare::Verdict::Unknown)
    };
    if comparison.says_nothing() || margins.iter().any(asked) { ExitStatus::Failure } else { ExitStatus::Success }
}

pub(super) fn text(comparison: &Comparison) -> String {
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
            compare::ENOUGH
        );
    }
    out
}

pub(super) fn merge(args: &MergeArgs, colors: Option<bool>) -> anyhow::Result<ExitStatus> {
    let load = |path: &std::path::PathBuf| anyhow::Ok((path.display().to_string(), ResultFile::load(path)?));
    let files: Vec<(String, ResultFile)> = args.files.iter().map(load).collect::<anyhow::Result<_>>()?;
    let merged = merge::merge(&files)?;
    reports::prepare(&args.output)?;
    let saved = parts::save(&merged, &args.output, &args.format);
    print(&reports::text(&merged, colors.unwrap_or_else(|| std::io::stdout().is_terminal())))?;
    saved?;
    Ok(ExitStatus::Success)
}
