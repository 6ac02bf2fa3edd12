//! `ragctl bench ab`: two servers in turns.

use std::path::Path;

use anyhow::Context;

use super::parts;
use crate::{
    bench::{
        ab::{self, AbPlan, AbVerdict},
        progress,
        target::BenchTarget,
    },
    cli::{AbArgs, ExitStatus},
    commands::{UsageError, print, signals},
    util::terminal::tell,
};

pub(super) async fn run(args: AbArgs) -> anyhow::Result<ExitStatus> {
    let request = parts::request(&args.request)?;
    let (workload, _) = parts::workload(&args.request, &request, None)?;
    if args.max_rounds < args.rounds {
        let text = format!("--max-rounds {} is less than --rounds {}", args.max_rounds, args.rounds);
        return Err(UsageError(text).into());
    }
    let plan = AbPlan {
        a: BenchTarget::resolve(&args.a).await?,
        b: BenchTarget::resolve(&args.b).await?,
        request,
        workload,
        rounds: args.rounds,
        max_rounds: args.max_rounds,
        iterations: args.iterations,
        concurrency: args.concurrency as usize,
        rate: args.rate,
        warmup: args.warmup,
        margin: args.margin,
        timeout: args.request.timeout,
        seed: args.request.seed,
    };
    let bar = progress::of_rounds(args.max_rounds);
    let (interrupt, listening) = signals::interrupt();
    let report = ab::run_rounds(plan, &interrupt, || bar.inc(1)).await;
    bar.finish_and_clear();
    drop(listening);
    let report = report?;
    let json = serde_json::to_string_pretty(&report)? + "\n";
    if let Some(folder) = &args.output {
        save(&json, folder)?;
    }
    let printed = print(&if args.json { json } else { ab::text(&report) });
    // Where the terminal is gone, nothing can be printed.
    if !interrupt.is_cancelled() {
        printed?;
    }
    Ok(match report.verdict {
        _ if interrupt.is_cancelled() => ExitStatus::Interrupted,
        AbVerdict::Worse => ExitStatus::Regression,
        AbVerdict::NotWorse => ExitStatus::Success,
        // What cannot be told must not read as a pass.
        AbVerdict::Inconclusive => ExitStatus::Failure,
    })
}

fn save(json: &str, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join(format!("ab_{}.json", jiff::Zoned::now().strftime("%Y%m%d_%H%M%S")));
    std::fs::write(&path, json).with_context(|| format!("cannot write {}", path.display()))?;
    tell(format_args!("written: {}", path.display()));
    Ok(())
}
