//! The percentile table that HdrHistogram's plotter reads.

use std::fmt::Write;

use crate::bench::{measures::Timed, result::ResultFile};

/// Values in milliseconds by percentile, five steps to each halving of the distance to 100 %.
pub(super) fn hgrm(result: &ResultFile) -> String {
    let histogram = result.histogram(Timed::Latency.as_str()).unwrap_or_else(crate::bench::measures::histogram);
    let mut out = format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut seen = 0;
    for at in histogram.iter_quantiles(5) {
        seen += at.count_since_last_iteration();
        let (value, quantile) = (at.value_iterated_to() as f64 / 1_000.0, at.quantile_iterated_to());
        let _ = if quantile < 1.0 {
            writeln!(out, "{value:12.3} {quantile:2.12} {seen:10} {:14.2}", 1.0 / (1.0 - quantile))
        } else {
            writeln!(out, "{value:12.3} {quantile:2.12} {seen:10}")
        };
    }
    let (mean, deviation) = (histogram.mean() / 1_000.0, histogram.stdev() / 1_000.0);
    let _ = writeln!(out, "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]");
    let _ = writeln!(
        out,
        "#[Max     = {:12.3}, Total count    = {:12}]",
        histogram.max() as f64 / 1_000.0,
        histogram.len()
    );
    let _ = writeln!(out, "#[Buckets = {:12}, SubBuckets     = {:12}]", histogram.buckets(), 2_048);
    out
}
