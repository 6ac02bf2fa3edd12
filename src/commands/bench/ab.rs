//! `ragctl bench ab`: two servers in turns.

use std::{fmt::Write, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::parts;
use crate::{
    bench::{
        ab::{self, AbVerdict, Arm, Effect, Round},
        plan::{Load, Plan, Stage},
        run::{self, Ended},
        schedule::{Arrivals, ENDLESS, Profile},
        summary,
        target::Target,
        workload::Workload,
    },
    cli::{AbArgs, ExitStatus},
    commands::{UsageError, print, serve},
};

/// Share of arms whose load generator was the bottleneck, from which nothing can be said.
const UNSOUND: f64 = 0.2;

/// Share of failures in percent from which nothing can be said.
const MOSTLY: f64 = 50.0;

/// What is reported.
#[derive(Serialize)]
struct Report<'a> {
    a: &'a str,
    b: &'a str,
    margin: f64,
    failed_percent: [f64; 2],
    verdict: AbVerdict,
    effects: &'a [Effect],
    rounds: &'a [Round],
}

pub(super) async fn run(args: AbArgs) -> anyhow::Result<ExitStatus> {
    let request = parts::request(&args.request)?;
    let (workload, _) = parts::workload(&args.request, &request, None)?;
    if args.max_rounds < args.rounds {
        let text = format!("--max-rounds {} is less than --rounds {}", args.max_rounds, args.rounds);
        return Err(UsageError(text).into());
    }
    let [a, b] = [Target::resolve(&args.a).await?, Target::resolve(&args.b).await?];
    let interrupt = CancellationToken::new();
    let on_signal = interrupt.clone();
    let signals = tokio::spawn(async move {
        serve::shutdown_signal().await;
        on_signal.cancel();
    });
    let looks = ab::looks(args.rounds, args.max_rounds);
    let bar = ProgressBar::with_draw_target(Some(u64::from(args.max_rounds)), ProgressDrawTarget::stderr());
    bar.set_message("rounds");
    let (mut rounds, mut effects, mut unsound) = (Vec::new(), Vec::new(), 0);
    for look in &looks {
        while rounds.len() < *look as usize && !interrupt.is_cancelled() {
            let number = rounds.len() as u64;
            let arm = |target: &Target, warm: u64| plan(&args, target, &request, &workload, number, warm);
            let warm = if number == 0 { args.warmup } else { args.warmup.div_ceil(10) };
            // A B, B A, A B, …: a drift hits both alike.
            let order = if number.is_multiple_of(2) { [&a, &b] } else { [&b, &a] };
            let mut arms = Vec::new();
            for target in order {
                let plan = arm(target, warm);
                let data = run::run(plan.clone(), None, || {}, interrupt.clone(), |_| {}).await?;
                if data.ended == Ended::ServerGone {
                    bail!("{} stopped answering in round {}", target.base, number + 1);
                }
                unsound += usize::from(!summary::soundness(&plan, &data).sound);
                arms.push(Arm::of(&data));
            }
            if interrupt.is_cancelled() {
                break;
            }
            let (first, second) = (arms[0], arms[1]);
            let (a, b) = if number.is_multiple_of(2) { (first, second) } else { (second, first) };
            rounds.push(Round { a, b });
            bar.inc(1);
        }
        effects = ab::judge(&rounds, args.margin, ab::alpha(looks.len()));
        if interrupt.is_cancelled() || ab::overall(&effects) != AbVerdict::Inconclusive {
            break;
        }
    }
    bar.finish_and_clear();
    signals.abort();
    if rounds.iter().all(|round| round.a.p50.is_none() || round.b.p50.is_none()) && !rounds.is_empty() {
        let errors = rounds.iter().map(|round| round.a.errors.max(round.b.errors)).fold(0.0, f64::max);
        bail!("no round has enough answers to compare ({:.0} % of the requests failed at worst)", 100.0 * errors);
    }
    let [failed_a, failed_b] = [|round: &Round| round.a.errors, |round: &Round| round.b.errors]
        .map(|of| 100.0 * rounds.iter().map(of).sum::<f64>() / rounds.len().max(1) as f64);
    if failed_a >= MOSTLY || failed_b >= MOSTLY {
        bail!(
            "most requests failed (A: {failed_a:.1} %, B: {failed_b:.1} %): the rest says nothing about either server"
        );
    }
    let busy = unsound as f64 > UNSOUND * 2.0 * rounds.len() as f64;
    let verdict = if busy || interrupt.is_cancelled() { AbVerdict::Inconclusive } else { ab::overall(&effects) };
    let report = Report {
        a: &a.base,
        b: &b.base,
        margin: args.margin,
        failed_percent: [failed_a, failed_b],
        verdict,
        effects: &effects,
        rounds: &rounds,
    };
    let json = serde_json::to_string_pretty(&report)? + "\n";
    if let Some(folder) = &args.output {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let path = folder.join(format!("ab_{}.json", jiff::Zoned::now().strftime("%Y%m%d_%H%M%S")));
        std::fs::write(&path, &json).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("written: {}", path.display());
    }
    if args.json {
        print(&json)?
    } else {
        print(&text(&report, busy))?
    };
    Ok(match verdict {
        _ if interrupt.is_cancelled() => ExitStatus::Interrupted,
        AbVerdict::Worse => ExitStatus::Regression,
        AbVerdict::NotWorse => ExitStatus::Success,
        // What cannot be told must not read as a pass.
        AbVerdict::Inconclusive => ExitStatus::Failure,
    })
}

/// One arm of a round: both arms of a round ask the same.
fn plan(
    args: &AbArgs,
    target: &Target,
    request: &crate::bench::request::RequestPlan,
    workload: &Workload,
    round: u64,
    warmup: u64,
) -> Plan {
    let seed = args.request.seed.wrapping_add(round);
    let users = args.concurrency as usize;
    let load = match args.rate {
        None => Load::Users(Profile::constant(users as f64, ENDLESS)),
        Some(rate) => {
            Load::Rate { profile: Profile::constant(rate, ENDLESS), arrivals: Arrivals::Constant, connections: users }
        }
    };
    Plan {
        name: "ab".into(),
        targets: vec![target.clone()],
        request: request.clone(),
        workload: Arc::new(workload.clone().with_seed(seed)),
        threads: Plan::threads_for(users),
        load,
        stages: vec![Stage { name: "round".into(), length: ENDLESS }],
        iterations: Some(args.iterations),
        warmup,
        timeout: args.request.timeout,
        drain: args.request.timeout,
        give_up_after: Duration::from_secs(5),
        seed,
    }
}

fn text(report: &Report<'_>, busy: bool) -> String {
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
    for effect in report.effects {
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
    if busy {
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
