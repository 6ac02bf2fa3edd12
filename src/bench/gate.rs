//! Gates: conditions on a result, like `p95<500ms`.

use super::{
    failure::ErrorClass,
    quantile::{self, QUANTILES},
    result::{Distribution, GateBody, Metrics, ResultFile},
};
use crate::observe::{Observation, Threshold, Unit, threshold::NamedMetric};

/// A condition on a result.
pub type Gate = Threshold<ResultMetric>;

/// A metric of a result that a gate is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ResultMetric {
    /// A statistic of a time in milliseconds: of all answers, or of a phase.
    Time {
        /// The phase; `None`: the whole answer.
        phase: Option<&'static str>,
        /// A percentile, `mean`, `min` or `max`.
        statistic: &'static str,
    },
    /// Share of failures in percent, of a class or of all.
    Errors(Option<&'static str>),
    /// Answers per second.
    Rps,
    /// Good answers per second.
    Goodput,
    /// Share of degraded answers in percent.
    Degraded,
    /// Share of sentences that the documents say in percent.
    Supported,
    /// Share of answers from the cache in percent.
    CacheHits,
    /// Share of expected sources, 0..=1.
    Recall,
    /// By how much a counter of the server grew during the run, by its name in results: each of the catalogue is a gate.
    Server(&'static str),
}

const PHASES: [&str; 6] = ["service", "connect", "ttfb", "ttft", "inter_token", "lag"];
const STATISTICS: [&str; 10] = ["p50", "p75", "p90", "p95", "p99", "p999", "p9999", "mean", "min", "max"];

impl NamedMetric for ResultMetric {
    const THRESHOLD: &'static str = "gate";
    const USAGE: &'static str = "FIGURE<VALUE is wanted, with <, <=, >, >=, == or !=, like p95<500ms, errors<1%, rps>100, \
                                 degraded==0; figures: p50 p75 p90 p95 p99 p999 p9999 mean min max (also of a phase: \
                                 ttfb.p95, ttft, inter_token, connect, service, lag), errors, errors.CLASS, rps, goodput, \
                                 degraded, supported, cache_hits, recall, server.COUNTER (what the server counted during the run, as \
                                 in a result: server.retries, server.cache_misses)";

    /// The usage names them all.
    fn named(name: &str) -> Result<Self, Option<String>> {
        Self::parse(name).ok_or(None)
    }

    fn unit(self) -> Unit {
        match self {
            Self::Time { .. } => Unit::Milliseconds,
            Self::Errors(_) | Self::Degraded | Self::Supported | Self::CacheHits => Unit::Percent,
            Self::Rps | Self::Goodput => Unit::Rate,
            Self::Recall => Unit::Fraction,
            Self::Server(_) => Unit::Number,
        }
    }
}

impl ResultMetric {
    fn parse(name: &str) -> Option<Self> {
        let known = |names: &[&'static str], name: &str| names.iter().copied().find(|known| *known == name);
        if let Some(statistic) = known(&STATISTICS, name) {
            return Some(Self::Time { phase: None, statistic });
        }
        Some(match name.split_once('.') {
            Some(("errors", class)) => {
                let class = ErrorClass::ALL.iter().map(|class| class.as_str()).find(|known| *known == class)?;
                Self::Errors(Some(class))
            }
            Some(("server", name)) => {
                Self::Server(Observation::entries().filter_map(|entry| entry.result).find(|known| *known == name)?)
            }
            Some((phase, statistic)) => {
                Self::Time { phase: Some(known(&PHASES, phase)?), statistic: known(&STATISTICS, statistic)? }
            }
            None => match name {
                "errors" | "error_rate" => Self::Errors(None),
                "rps" => Self::Rps,
                "goodput" => Self::Goodput,
                "degraded" => Self::Degraded,
                "supported" => Self::Supported,
                "cache_hits" => Self::CacheHits,
                "recall" => Self::Recall,
                _ => return None,
            },
        })
    }

    /// The value in a result, or why there is none.
    fn of(self, result: &ResultFile) -> Result<f64, String> {
        let metrics = &result.metrics;
        let more = metrics.more.as_ref();
        let absent = || "the result does not say".to_owned();
        if metrics.total_requests == 0 {
            return Err("no request came to an end".into());
        }
        let answered = |value: Option<f64>| match value {
            Some(_) if metrics.successful_requests == 0 => Err("no request succeeded".to_owned()),
            Some(value) => Ok(value),
            None => Err(absent()),
        };
        match self {
            Self::Time { phase: None, statistic } => {
                held(statistic, metrics.successful_requests)?;
                survived(statistic, metrics)?;
                answered(metrics.response_times_ms.get(statistic))
            }
            Self::Time { phase: Some(phase), statistic } => {
                let more = more.ok_or_else(absent)?;
                let of = match phase {
                    "service" => more.service_ms,
                    "connect" => more.connect_ms,
                    "ttfb" => more.ttfb_ms,
                    "ttft" => more.ttft_ms,
                    "inter_token" => more.inter_token_ms,
                    _ => more.dispatch_lag_ms,
                };
                let of: Distribution = of.ok_or_else(|| format!("no {phase} was measured"))?;
                held(statistic, of.count)?;
                match statistic {
                    "p50" => Ok(of.p50),
                    "p95" => Ok(of.p95),
                    "p99" => Ok(of.p99),
                    "mean" => Ok(of.mean),
                    "min" => Ok(of.min),
                    "max" => Ok(of.max),
                    other => {
                        Err(format!("{other} of a phase is not in a result; p50, p95, p99, mean, min and max are"))
                    }
                }
            }
            // From the counts: a rounded share of a million would hide a failure.
            Self::Errors(None) => Ok(100.0 * metrics.error_count as f64 / metrics.total_requests as f64),
            Self::Errors(Some(class)) => {
                let count = more.ok_or_else(absent)?.errors.get(class).copied().unwrap_or(0);
                Ok(100.0 * count as f64 / metrics.total_requests as f64)
            }
            Self::Rps => answered(Some(metrics.success_rate())),
            Self::Goodput => answered(more.map(|more| more.goodput_rps)),
            Self::Degraded => answered(
                more.map(|more| 100.0 * more.degraded_count as f64 / metrics.successful_requests.max(1) as f64),
            ),
            Self::Supported => answered(more.and_then(|more| more.supported_percent)),
            Self::CacheHits => answered(more.and_then(|more| more.cache).map(|cache| cache.hit_percent)),
            Self::Recall => answered(more.and_then(|more| more.recall)),
            Self::Server(name) => {
                let counted = result.server.as_ref().and_then(|server| server.counted.get(name).copied());
                counted.ok_or_else(|| format!("the server did not tell its {name}"))
            }
        }
    }
}

/// A quantile that the data cannot hold must not pass a gate.
fn held(statistic: &str, count: u64) -> Result<(), String> {
    let quantile = QUANTILES.iter().find(|(name, _)| *name == statistic).map(|(_, quantile)| *quantile);
    match quantile.map(quantile::needed).filter(|needed| count < *needed) {
        Some(needed) => {
            Err(format!("{statistic} needs {needed} successes, there are {count}; raise --iterations or --duration"))
        }
        None => Ok(()),
    }
}

/// The latencies of a few survivors, or without those that were still to come, must not pass a gate.
fn survived(statistic: &str, metrics: &Metrics) -> Result<(), String> {
    metrics.mostly_answered()?;
    let all = metrics.total_requests;
    let open = metrics.more.as_ref().map_or(0, |more| more.unsent + more.unfinished);
    let quantile = QUANTILES.iter().find(|(name, _)| *name == statistic).map(|(_, quantile)| *quantile);
    // Each of them may be longer than all others.
    let allowed = quantile.map_or(0.0, |quantile| 1.0 - quantile);
    if open as f64 > allowed * (all + open) as f64 && statistic != "min" {
        return Err(format!("{open} requests were not sent or not answered: theirs would be the longest"));
    }
    Ok(())
}

impl Gate {
    /// Whether a result meets it.
    pub fn judge(&self, result: &ResultFile) -> GateBody {
        let (verdict, measured) = match self.metric().of(result) {
            Err(reason) => ("unknown", reason),
            Ok(measured) => {
                let unit = match self.metric().unit() {
                    Unit::Milliseconds => " ms",
                    Unit::Percent => " %",
                    Unit::Rate => "/s",
                    _ => "",
                };
                (if self.holds(measured) { "met" } else { "missed" }, format!("{measured:.3}{unit}"))
            }
        };
        GateBody { gate: self.to_string(), verdict: verdict.into(), measured }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::result::{MoreMetrics, ResponseTimes, ServerBody, TestInfo};

    fn result(ok: u64, errors: u64) -> ResultFile {
        let times = ResponseTimes { p50: 100.0, p95: 480.0, p99: 900.0, mean: 150.0, ..ResponseTimes::default() };
        let errors_by_class = [("http_429".to_owned(), errors)].into();
        let more = MoreMetrics { errors: errors_by_class, success_rps: ok as f64 / 2.0, ..MoreMetrics::default() };
        ResultFile {
            schema_version: 1,
            test_info: TestInfo::default(),
            metrics: Metrics {
                total_requests: ok + errors,
                successful_requests: ok,
                error_count: errors,
                error_rate_percent: 100.0 * errors as f64 / (ok + errors) as f64,
                response_times_ms: times,
                duration_seconds: 2.0,
                more: Some(more),
                ..Metrics::default()
            },
            resource_usage: Default::default(),
            ended: "completed".into(),
            soundness: Default::default(),
            warnings: Vec::new(),
            gates: Vec::new(),
            stages: Vec::new(),
            server: None,
            environment: Default::default(),
            timeline: Vec::new(),
            histograms: Default::default(),
        }
    }

    fn verdict(gate: &str, of: &ResultFile) -> String {
        gate.parse::<Gate>().unwrap().judge(of).verdict
    }

    #[test]
    fn gates_are_judged_in_their_units() {
        let good = result(500, 0);
        for (gate, wanted) in [
            ("p95<500ms", "met"),
            ("p95 < 0.4s", "missed"),
            ("p50<=100", "met"),
            ("mean<150000us", "missed"),
            ("errors<1%", "met"),
            ("errors == 0", "met"),
            ("rps>249", "met"),
            ("rps>250/s", "missed"),
            ("degraded==0", "met"),
            ("errors.http_429<=0", "met"),
            ("errors != 0", "missed"),
            ("p95 < 500 ms", "met"),
            ("p95 < 1 min", "met"),
            ("rps > 2e2", "met"),
        ] {
            assert_eq!(verdict(gate, &good), wanted, "{gate}");
        }
        assert_eq!(verdict("errors.http_429<1%", &result(500, 100)), "missed");
    }

    #[test]
    fn what_cannot_be_told_is_not_met() {
        assert_eq!(verdict("p95<500ms", &result(50, 0)), "unknown");
        assert_eq!(verdict("p99<5s", &result(300, 0)), "unknown");
        assert_eq!(verdict("recall>0.5", &result(500, 0)), "unknown");
        assert_eq!(verdict("p50<1s", &result(0, 100)), "unknown");
        assert_eq!(verdict("ttft.p95<1s", &result(500, 0)), "unknown");
    }

    #[test]
    fn what_the_server_counted_is_a_gate() {
        let mut told = result(500, 0);
        assert_eq!(verdict("server.retries==0", &told), "unknown");
        let counted = [("retries".to_owned(), 3.0)].into();
        told.server = Some(ServerBody { counted, ..ServerBody::default() });
        assert_eq!(verdict("server.retries<3", &told), "missed");
        assert_eq!(verdict("server.retries<=3", &told), "met");
        assert_eq!(verdict("server.query_errors==0", &told), "unknown");
    }

    #[test]
    fn survivors_do_not_pass_for_all() {
        assert_eq!(verdict("p95<500ms", &result(500, 500)), "unknown");
        let mut hung = result(500, 0);
        hung.metrics.more = Some(MoreMetrics { unsent: 90, unfinished: 10, ..MoreMetrics::default() });
        assert_eq!((verdict("p95<500ms", &hung), verdict("p50<500ms", &hung)), ("unknown".into(), "met".into()));
        assert_eq!(verdict("max<50s", &hung), "unknown");
        let mut two = result(1_000_000, 2);
        two.metrics.error_rate_percent = 0.0;
        assert_eq!(verdict("errors==0", &two), "missed");
    }

    #[test]
    fn nonsense_is_told_before_anything_is_sent() {
        for text in [
            "",
            "p95",
            "p95<",
            "p95<fast",
            "p42<1s",
            "errors<200%",
            "rps>-1",
            "p95=<1s",
            "errors.http_999<1",
            "ttfb.p42<1s",
            "server.nothing<1",
        ] {
            let error = text.parse::<Gate>().unwrap_err();
            assert!(error.contains("wanted"), "{text}: {error}");
        }
    }
}
