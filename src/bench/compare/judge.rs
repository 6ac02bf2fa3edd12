//! The figures of two runs, or of a run and many baselines, and what their difference says.

use std::fmt;

use serde::Serialize;

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::margin::{FIGURES, Margin};
use crate::bench::{
    measures::Timed,
    quantile::{self, QUANTILES},
    result::{ResultFile, round},
    slices::{Slice, log_error},
};
use crate::util::statistics::TWO_SIDED_95;

/// Baselines from which a comparison is a gate.
pub const ENOUGH: usize = 20;

/// Chance of a false alarm of a gate, over all figures.
const ALPHA: f64 = 0.05;

/// The verdict over one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonVerdict {
    /// The new run is better.
    Better,
    /// The new run is worse by more than the margin.
    Worse,
    /// The data show no difference.
    NoDifference,
    /// It cannot be told.
    Unknown,
}

impl fmt::Display for ComparisonVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Better => "better",
            Self::Worse => "WORSE",
            Self::NoDifference => "no difference that the data can show",
            Self::Unknown => "cannot be told",
        })
    }
}

/// A figure of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// One of [`FIGURES`].
    pub figure: String,
    /// Of the baseline: milliseconds, per second, or percent.
    pub base: Option<f64>,
    /// Of the new run.
    pub new: Option<f64>,
    /// By how much it changed in percent; of failures in percentage points.
    pub change: Option<f64>,
    /// 95 % interval of that (of a gate: what chance allows).
    pub interval: Option<[f64; 2]>,
    /// The verdict.
    pub verdict: ComparisonVerdict,
    /// Why it cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A new run beside its baselines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The baselines.
    pub base: String,
    /// The new run.
    pub new: String,
    /// Why they are not compared at all.
    pub refused: Vec<String>,
    /// Whether the verdicts are advice, or a gate.
    pub advisory: bool,
    /// Remarks about the runs.
    pub notes: Vec<String>,
    /// Figure by figure.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Whether something became worse.
    pub fn is_worse(&self) -> bool {
        self.differences.iter().any(|difference| difference.verdict == ComparisonVerdict::Worse)
    }

    /// What the comparison means for CI. A single baseline is advice, unless a margin names what may not become worse.
    pub fn outcome(&self, margins: &[Margin]) -> ComparisonOutcome {
        let named = |difference: &Difference| margins.iter().any(|margin| margin.figure == difference.figure);
        let has = |verdict| self.differences.iter().filter(move |difference| difference.verdict == verdict);
        if has(ComparisonVerdict::Worse).any(|difference| !self.advisory || named(difference)) {
            ComparisonOutcome::Regressed
        } else if self.says_nothing() || has(ComparisonVerdict::Unknown).any(named) {
            ComparisonOutcome::Undecided
        } else {
            ComparisonOutcome::Passed
        }
    }

    /// Whether nothing was compared.
    pub fn says_nothing(&self) -> bool {
        !self.refused.is_empty()
            || self.differences.iter().filter(|d| d.figure != "errors").all(|d| d.verdict == ComparisonVerdict::Unknown)
    }
}

/// What a comparison means for CI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparisonOutcome {
    /// Nothing became worse.
    Passed,
    /// Something became worse than it may.
    Regressed,
    /// Nothing was compared, or a figure that a margin names cannot be told. It must not read as a pass.
    Undecided,
}

/// Compares a run with one baseline or many.
pub fn compare(bases: &[(String, ResultFile)], new: (&str, &ResultFile), margins: &[Margin]) -> Comparison {
    let (name, new) = new;
    let mut refused = Vec::new();
    let mut usable = Vec::new();
    for (base_name, base) in bases {
        let mut reasons = differing(base, new);
        if bases.len() > 1 {
            reasons.extend(base.soundness.reasons.iter().cloned());
            reasons.extend((base.ended != "completed").then(|| format!("it did not come to its end ({})", base.ended)));
        }
        if reasons.is_empty() {
            usable.push(base);
        } else if bases.len() == 1 {
            refused.push(format!("the runs were not made alike: {}", reasons.join("; ")));
        } else {
            refused.push(format!("{base_name} is left out: {}", reasons.join("; ")));
        }
    }
    let mut notes = Vec::new();
    if bases.len() > 1 && !usable.is_empty() {
        // Of many, those that were made alike are enough.
        notes.append(&mut refused);
    }
    for (which, run) in [("baseline", usable.first().copied()), ("new run", Some(new))] {
        let Some(run) = run else { continue };
        if !run.soundness.sound {
            refused.push(format!("the {which} is unsound: {}", run.soundness.reasons.join("; ")));
        }
        if run.ended != "completed" {
            refused.push(format!("the {which} did not come to its end ({})", run.ended));
        }
        notes.extend(suspicion(which, run));
    }
    let base = bases.first().map_or("nothing", |(name, _)| name.as_str());
    let base = if bases.len() > 1 { format!("{} runs like {base}", usable.len()) } else { base.to_owned() };
    let advisory = usable.len() < ENOUGH;
    let differences = if !refused.is_empty() || usable.is_empty() {
        Vec::new()
    } else {
        FIGURES.iter().map(|figure| difference(figure, &usable, new, margin(margins, figure))).collect()
    };
    if usable.is_empty() && refused.is_empty() {
        refused.push("there is no baseline".into());
    }
    Comparison { base, new: name.to_owned(), refused, advisory, notes, differences }
}

fn margin(margins: &[Margin], figure: &str) -> Option<f64> {
    margins.iter().find(|margin| margin.figure == figure).map(|margin| margin.share)
}

/// In what two runs were made differently.
fn differing(base: &ResultFile, new: &ResultFile) -> Vec<String> {
    let (one, other) = (&base.test_info, &new.test_info);
    let mut reasons = Vec::new();
    let mut differ = |what: &str, base: String, new: String| {
        if base != new {
            reasons.push(format!("{what} {base} and {new}"));
        }
    };
    differ("concurrency", one.concurrent_requests.to_string(), other.concurrent_requests.to_string());
    for (run, name) in [(base, "baseline"), (new, "new run")] {
        if run.schema_version > 0 && run.test_info.load.is_none() {
            return vec![format!("the {name} does not say how it was made")];
        }
    }
    if let (Some(a), Some(b)) = (&one.load, &other.load) {
        differ("load", a.profile.clone(), b.profile.clone());
        differ("servers", a.urls.len().to_string(), b.urls.len().to_string());
        if a.asked_seconds.is_none() {
            differ("requests", one.num_requests.to_string(), other.num_requests.to_string());
        }
        differ("loop", a.loop_kind.clone(), b.loop_kind.clone());
        differ("arrivals", format!("{:?}", a.arrivals), format!("{:?}", b.arrivals));
        differ("rate", format!("{:?}", a.rate), format!("{:?}", b.rate));
        differ("endpoint", a.endpoint.clone(), b.endpoint.clone());
        differ("request", a.request.clone(), b.request.clone());
        differ("queries", a.queries_fingerprint.clone(), b.queries_fingerprint.clone());
        differ("mix", a.mix.clone(), b.mix.clone());
        differ("scenario", format!("{:?}", a.scenario), format!("{:?}", b.scenario));
        differ("timeout", a.timeout_seconds.to_string(), b.timeout_seconds.to_string());
    }
    let (a, b) = (&base.environment, &new.environment);
    if !a.cpu.is_empty() && !b.cpu.is_empty() {
        differ("processor", format!("{} × {}", a.cores, a.cpu), format!("{} × {}", b.cores, b.cpu));
    }
    reasons
}

/// A remark when a run's latencies look like a fixed wait.
fn suspicion(which: &str, run: &ResultFile) -> Option<String> {
    let times = &run.metrics.response_times_ms;
    let waits = run.schema_version == 0 && times.min > 1_500.0 && (times.max - times.min) < 0.15 * times.min;
    waits.then(|| {
        format!(
            "in the {which} every answer took {:.0} to {:.0} ms: that looks like a fixed wait (such as `localhost` tried over IPv6 \
             first, 2 s on Windows), not like a server",
            times.min, times.max
        )
    })
}

fn difference(figure: &str, bases: &[&ResultFile], new: &ResultFile, margin: Option<f64>) -> Difference {
    // Of many, any that has the figure stands for them.
    let base = bases.iter().find(|base| value(figure, base).is_ok()).unwrap_or(&bases[0]);
    let told = (value(figure, base), value(figure, new));
    let (old, now) = match told {
        (Ok(old), Ok(now)) => (old, now),
        (old, now) => {
            let why = [old.as_ref().err(), now.as_ref().err()].into_iter().flatten().next().cloned();
            return Difference {
                figure: figure.into(),
                base: old.ok(),
                new: now.ok(),
                change: None,
                interval: None,
                verdict: ComparisonVerdict::Unknown,
                why,
            };
        }
    };
    let judged = if bases.len() > 1 { predicted(figure, bases, now) } else { within(figure, base, new, old, now) };
    let Some(JudgedChange { base: old, change, low, high, outside }) = judged else {
        let why = Some("the results do not tell how much it varies".to_owned());
        let change = Some(round(100.0 * (now / old - 1.0))).filter(|change| change.is_finite());
        let figure = figure.into();
        return Difference {
            figure,
            base: Some(old),
            new: Some(now),
            change,
            interval: None,
            verdict: ComparisonVerdict::Unknown,
            why,
        };
    };
    // More is better of answers per second, less of everything else.
    let worse = if figure == "rps" { change < 0.0 } else { change > 0.0 };
    let allowed = margin.map_or(0.0, |margin| 100.0 * margin);
    let verdict = match (outside, worse) {
        (true, true) if change.abs() > allowed => ComparisonVerdict::Worse,
        (true, false) => ComparisonVerdict::Better,
        _ => ComparisonVerdict::NoDifference,
    };
    Difference {
        figure: figure.into(),
        base: Some(round(old)),
        new: Some(round(now)),
        change: Some(round(change)),
        interval: Some([round(low), round(high)]),
        verdict,
        why: None,
    }
}

/// A figure of a result, or why it has none.
fn value(figure: &str, of: &ResultFile) -> Result<f64, String> {
    let metrics = &of.metrics;
    if metrics.total_requests == 0 {
        return Err("no request came to an end".into());
    }
    if figure == "errors" {
        return Ok(100.0 * metrics.error_count as f64 / metrics.total_requests as f64);
    }
    metrics.mostly_answered()?;
    if figure == "rps" {
        return Ok(metrics.success_rate());
    }
    let needed = QUANTILES.iter().find(|(name, _)| *name == figure).map_or(1, |(_, q)| quantile::needed(*q));
    if metrics.successful_requests < needed {
        return Err(format!("{figure} needs {needed} answers, a run has {}", metrics.successful_requests));
    }
    metrics.response_times_ms.get(figure).ok_or_else(|| format!("there is no {figure}"))
}

/// A change in percent with its interval, and whether it is more than chance.
struct JudgedChange {
    base: f64,
    change: f64,
    low: f64,
    high: f64,
    outside: bool,
}

/// By how much requests and seconds vary within the two runs.
fn within(figure: &str, base: &ResultFile, new: &ResultFile, old: f64, now: f64) -> Option<JudgedChange> {
    if figure == "errors" {
        let shares = [base, new].map(|run| quantile::share(run.metrics.error_count, run.metrics.total_requests));
        let [a, b] = shares;
        // Newcombe's interval for a difference of shares.
        let change = b.value - a.value;
        let low = change - ((b.value - b.low).powi(2) + (a.high - a.value).powi(2)).sqrt();
        let high = change + ((b.high - b.value).powi(2) + (a.value - a.low).powi(2)).sqrt();
        let outside = low > 0.0 || high < 0.0;
        return Some(JudgedChange { base: old, change: 100.0 * change, low: 100.0 * low, high: 100.0 * high, outside });
    }
    let error = |run: &ResultFile| {
        let slices = slices(run);
        if figure == "rps" { rate_error(run, &slices) } else { quantile_error(figure, run, &slices) }
    };
    let error = (error(base)?.powi(2) + error(new)?.powi(2)).sqrt();
    let log = (now / old).ln();
    let percent = |log: f64| 100.0 * (log.exp() - 1.0);
    let (low, high) = (log - TWO_SIDED_95 * error, log + TWO_SIDED_95 * error);
    Some(JudgedChange {
        base: old,
        change: percent(log),
        low: percent(low),
        high: percent(high),
        outside: low > 0.0 || high < 0.0,
    })
}

/// By how much runs vary: where a further run of the same system is to be expected.
fn predicted(figure: &str, bases: &[&ResultFile], now: f64) -> Option<JudgedChange> {
    let log = |value: f64| if figure == "errors" { value / 100.0 } else { value.max(1e-9).ln() };
    let logs: Vec<f64> = bases.iter().filter_map(|base| value(figure, base).ok()).map(log).collect();
    let n = logs.len() as f64;
    if logs.len() < 3 {
        return None;
    }
    let (mean, deviation) = quantile::spread(&logs);
    let t = StudentsT::new(0.0, 1.0, n - 1.0).ok()?.inverse_cdf(1.0 - ALPHA / FIGURES.len() as f64);
    let reach = t * deviation * (1.0 + 1.0 / n).sqrt();
    let off = log(now) - mean;
    let percent = |log: f64| if figure == "errors" { 100.0 * log } else { 100.0 * (log.exp() - 1.0) };
    let base = if figure == "errors" { 100.0 * mean } else { mean.exp() };
    // Runs that never fail leave no room at all: one failure more is still no difference.
    let reach = if figure == "errors" { reach.max(0.001) } else { reach };
    Some(JudgedChange {
        base,
        change: percent(off),
        low: percent(-reach),
        high: percent(reach),
        outside: off.abs() > reach,
    })
}

fn slices(run: &ResultFile) -> Vec<Slice> {
    run.timeline.iter().map(Slice::from_body).collect()
}

fn quantile_error(figure: &str, run: &ResultFile, slices: &[Slice]) -> Option<f64> {
    let quantile = QUANTILES.iter().find(|(name, _)| *name == figure)?.1;
    log_error(&run.histogram(Timed::Latency.as_str())?, slices, quantile)
}

/// Standard error of the logarithm of the answers per second.
fn rate_error(run: &ResultFile, slices: &[Slice]) -> Option<f64> {
    // The last one is seldom whole.
    let whole: Vec<f64> = slices
        .iter()
        .take(slices.len().saturating_sub(1))
        .map(|slice| slice.ok as f64 / slice.length.as_secs_f64().max(1e-3))
        .collect();
    if whole.len() >= 10 {
        let (mean, deviation) = quantile::spread(&whole);
        return (mean > 0.0).then(|| (deviation / mean / (whole.len() as f64).sqrt()).max(1e-4));
    }
    // Of a closed loop it follows from the mean latency.
    let times = &run.metrics.response_times_ms;
    let deviation = times.stddev.filter(|_| times.mean > 0.0)?;
    Some(deviation / times.mean / (run.metrics.successful_requests as f64).sqrt())
}
