//! Flags of `ragctl report`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{
    groups::put,
    settings::{
        Flags,
        keys::{long_help, short_help},
    },
};
use crate::monitor::alerts::Condition;

/// Write the deployment report: what recordings of `ragctl monitor` and results of `ragctl bench` say together.
///
/// Markdown on stdout: duration, configuration, time in each state, failures, pool, hit rate, latencies, errors and
/// incidents, each against its target, with a recommendation first.
#[derive(Debug, Clone, Default, Args)]
#[command(
    after_help = "Examples:\n  ragctl report week.ndjson > report.md\n  ragctl report week.ndjson --bench test_results/baseline/*.json --target \
                  'hit_rate>=30%' 'p95<2s'\n\nExit status: 0 done, 1 a file cannot be read, 2 wrong usage, 3 a --target was missed or is not known."
)]
pub struct ReportArgs {
    /// Recordings, and results of `ragctl bench`
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Results of `ragctl bench`
    #[arg(long, value_name = "FILE", num_args = 1.., value_hint = ValueHint::FilePath)]
    pub bench: Vec<PathBuf>,
    /// Targets to reach, like 'hit_rate>=30%' 'p95<2s'; each replaces the default target of its figure
    #[arg(long, value_name = "FIGURE<VALUE", num_args = 1..)]
    pub target: Vec<Condition>,
    /// Rules of alerts.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(help = short_help("monitor.alerts"), long_help = long_help("monitor.alerts"))]
    pub alerts: Option<String>,
    /// File for the report instead of stdout
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Times in UTC.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    #[arg(help = short_help("monitor.utc"), long_help = long_help("monitor.utc"))]
    pub utc: Option<String>,
}

impl ReportArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        put(&mut flags, "monitor.alerts", self.alerts.as_ref());
        put(&mut flags, "monitor.utc", self.utc.as_ref());
        flags
    }
}
