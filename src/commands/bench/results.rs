//! `ragctl bench compare` and `merge`: stored results.

use std::{io::IsTerminal, path::Path};

use anyhow::Context;

use crate::{
    bench::{
        compare::{self, ComparisonOutcome},
        merge, report,
        result::ResultFile,
        stored,
    },
    cli::{CompareArgs, ExitStatus, MergeArgs, ResultFormat},
    commands::print,
    util::terminal::tell,
};

pub(super) fn compare(args: &CompareArgs) -> anyhow::Result<ExitStatus> {
    let bases = stored::find(&args.base, Path::new("test_results/baseline"))?;
    let mut comparisons = Vec::new();
    for path in &args.new {
        let (name, new) = stored::load(path)?;
        // A pattern of baselines may hold the new result, too: it is none of its own.
        let same = |name: &str| std::fs::canonicalize(name).ok() == std::fs::canonicalize(path).ok();
        let others: Vec<_> = bases.iter().filter(|(name, _)| bases.len() == 1 || !same(name)).cloned().collect();
        comparisons.push(compare::compare(&others, (&name, &new), &args.max_regression));
    }
    if args.json {
        print(&(serde_json::to_string_pretty(&comparisons)? + "\n"))?;
    } else {
        print(&comparisons.iter().map(compare::text).collect::<String>())?;
    }
    let outcomes: Vec<_> = comparisons.iter().map(|comparison| comparison.outcome(&args.max_regression)).collect();
    Ok(if outcomes.contains(&ComparisonOutcome::Regressed) {
        ExitStatus::Regression
    } else if outcomes.contains(&ComparisonOutcome::Undecided) {
        ExitStatus::Failure
    } else {
        ExitStatus::Success
    })
}

pub(super) fn merge(args: &MergeArgs, colors: Option<bool>) -> anyhow::Result<ExitStatus> {
    let files = args.files.iter().map(|path| stored::load(path)).collect::<Result<Vec<_>, _>>()?;
    let merged = merge::merge(&files)?;
    report::prepare(&args.output)?;
    let saved = save(&merged, &args.output, &args.format);
    print(&report::text(&merged, colors.unwrap_or_else(|| std::io::stdout().is_terminal())))?;
    saved?;
    Ok(ExitStatus::Success)
}

/// Writes a result and prints where.
pub(super) fn save(result: &ResultFile, folder: &Path, formats: &[ResultFormat]) -> anyhow::Result<()> {
    let formats: Vec<_> = formats.iter().map(|format| form(*format)).collect();
    for path in report::save(result, folder, &formats).context("cannot write the result")? {
        tell(format_args!("written: {}", path.display()));
    }
    Ok(())
}

const fn form(format: ResultFormat) -> report::Format {
    match format {
        ResultFormat::Json => report::Format::Json,
        ResultFormat::Csv => report::Format::Csv,
        ResultFormat::Md => report::Format::Markdown,
        ResultFormat::Html => report::Format::Html,
        ResultFormat::Junit => report::Format::Junit,
        ResultFormat::Hgrm => report::Format::Hgrm,
    }
}
