//! Whether the numbers of a run are those of the server, and what a reader must know before any of them.

use crate::bench::{
    measures::Timed,
    plan::{Load, RunPlan},
    result::{Metrics, Soundness, ms},
    run::{Ended, RunData},
};

/// Dispatch lag of the generator itself, in microseconds at the 99th percentile, beyond which it distorts what it measures.
const MOST_LAG: u64 = 1_000;

/// Share of the median latency below which a lag does not matter.
const MATTERS: f64 = 0.05;

/// Share of its threads' time that a generator may use before it is the bottleneck.
const MOST_CPU: f64 = 0.9;

/// Share of failures from which they are what a report is about.
const MOSTLY: f64 = 50.0;

/// Seconds lost on addresses that do not accept from which a warning is due.
const DETOUR: f64 = 0.02;

/// Whether the numbers of a run are those of the server.
pub fn soundness(plan: &RunPlan, data: &RunData) -> Soundness {
    let mut reasons = Vec::new();
    let threads = data.threads as f64;
    if data.usage.own_cores > MOST_CPU * threads {
        reasons.push(format!(
            "the load generator used {:.0} % of the {threads} core(s) it may use: it was the bottleneck; raise --threads, or run \
             it on a machine of its own",
            100.0 * data.usage.own_cores / threads
        ));
    }
    if let Some(lag) = data.total.times(Timed::OwnLag).filter(|lag| lag.len() >= 100) {
        let p99 = lag.value_at_quantile(0.99);
        let median = data.total.times(Timed::Latency).map_or(0, |latency| latency.value_at_quantile(0.5));
        if p99 > MOST_LAG && p99 as f64 > MATTERS * median as f64 {
            reasons.push(format!(
                "requests were sent late: 1 % of them {:.1} ms or more after they were due, although a connection was free; the \
                 machine has no room for this rate",
                ms(p99)
            ));
        }
    }
    if let Load::Rate { .. } = plan.load {
        let due = data.total.counts.sent + data.unsent + data.unfinished;
        if data.unsent as f64 > 0.01 * due as f64 {
            reasons.push(format!(
                "{} of {due} requests that were due could not be sent: all {} connections were busy; raise --concurrency, or \
                 lower --rate",
                data.unsent,
                plan.load.connections()
            ));
        }
    }
    Soundness { sound: reasons.is_empty(), reasons }
}

pub(in crate::bench) fn warnings(ended: Ended, metrics: &Metrics) -> Vec<String> {
    let mut warnings = Vec::new();
    let more = metrics.more.as_ref();
    if metrics.total_requests == 0 {
        warnings.push("NOT ONE REQUEST CAME TO AN END: there is nothing to report.".to_owned());
    } else if metrics.error_rate_percent >= MOSTLY {
        let worst = more.and_then(|more| more.errors.iter().max_by_key(|(_, count)| **count));
        let worst = worst.map(|(class, count)| format!(", {count} of them {class}")).unwrap_or_default();
        warnings.push(format!(
            "MOST REQUESTS FAILED: {} of {} ({:.1} %){worst}. The latencies below are those of the few that did not, and say \
             nothing about the server under this load.",
            metrics.error_count, metrics.total_requests, metrics.error_rate_percent
        ));
    }
    match ended {
        Ended::Completed => {}
        Ended::Interrupted => warnings.push("The run was interrupted; this is what was measured until then.".into()),
        Ended::ServerGone => warnings.push(
            "THE SERVER STOPPED ANSWERING: connections were refused or broken until the run was given up. Look at its log."
                .into(),
        ),
    }
    if let Some(unfinished) = more.map(|more| more.unfinished).filter(|unfinished| *unfinished > 0) {
        warnings.push(format!(
            "{unfinished} requests had no answer yet when the run ended: their latencies are missing, and they are the long ones."
        ));
    }
    for lost in more.iter().flat_map(|more| &more.resolution).filter(|r| r.detour_ms >= DETOUR * 1_000.0) {
        warnings.push(format!(
            "\"{}\" leads to {} first, which does not accept: a client that tries addresses in order loses {:.0} ms with each \
             connection. This is not in the latencies below; give the server's address ({}) as --url.",
            lost.host, lost.refused[0].address, lost.detour_ms, lost.address
        ));
    }
    if more.is_some_and(|more| more.degraded_percent >= 10.0) {
        let share = more.map_or(0.0, |more| more.degraded_percent);
        warnings.push(format!("{share:.1} % of the answers were degraded: they came without the LLM."));
    }
    warnings
}
