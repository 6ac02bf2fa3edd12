//! Flags of `ragctl monitor`.

use std::path::PathBuf;

use clap::{Args, ValueHint, builder::PossibleValuesParser};

use super::{
    groups::{put, put_list},
    settings::{
        Flags,
        keys::{choices, long_help, short_help},
    },
};
use crate::monitor::alerts::Severity;

/// Watch servers in the terminal: breaker, cache, pool, answers, alerts, and what is the matter.
///
/// Works against any server that speaks the API, the predecessor included; what a server does not offer shows as n/a.
/// Without a terminal it prints a line for each look. Press ? for the keys.
#[derive(Debug, Clone, Default, Args)]
#[command(
    next_help_heading = "Monitor",
    after_help = "Examples:\n  ragctl monitor\n  ragctl monitor --url http://a:8001 --url http://b:8001 --interval 5s --record week.ndjson\n  \
                  ragctl monitor --once --json\n  ragctl monitor --replay week.ndjson --speed 60\n  ragctl monitor --replay week.ndjson --once \
                  --alerts rules.toml\n\nExit status: 0 done, 1 no server told anything, 2 wrong usage, 4 with --once: a critical alert fires (with \
                  --replay: fired at any time), 130 interrupted."
)]
pub struct MonitorArgs {
    /// URLs of servers.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    #[arg(help = short_help("monitor.url"), long_help = long_help("monitor.url"))]
    pub url: Vec<String>,
    /// Time between two polls of a server.
    #[arg(short, long, value_name = "DURATION")]
    #[arg(help = short_help("monitor.interval"), long_help = long_help("monitor.interval"))]
    pub interval: Option<String>,
    /// Ask once, print a table, and tell by the exit status whether an alert fires
    #[arg(long)]
    pub once: bool,
    /// With --once one JSON object, else one a look
    #[arg(long)]
    pub json: bool,
    /// What the exit status of --once tells of
    #[arg(long, value_name = "SEVERITY", default_value = "critical", value_parser = severity)]
    pub fail_on: Option<Severity>,
    /// Rules of alerts.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(help = short_help("monitor.alerts"), long_help = long_help("monitor.alerts"))]
    pub alerts: Option<String>,
    /// Whether a critical alert rings.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    #[arg(help = short_help("monitor.bell"), long_help = long_help("monitor.bell"))]
    pub bell: Option<String>,
    /// Where answers are written to.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Recordings", conflicts_with = "replay")]
    #[arg(help = short_help("monitor.record"), long_help = long_help("monitor.record"))]
    pub record: Option<String>,
    /// Most bytes of it.
    #[arg(long, value_name = "BYTES", help_heading = "Recordings")]
    #[arg(help = short_help("monitor.record_max_bytes"), long_help = long_help("monitor.record_max_bytes"))]
    pub record_max_bytes: Option<String>,
    /// Show a recording instead of servers
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Recordings", conflicts_with = "url")]
    pub replay: Option<PathBuf>,
    /// How many times as fast as it was recorded
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = speed, requires = "replay", help_heading = "Recordings")]
    pub speed: Option<f64>,
    /// Background that colours are for.
    #[arg(long, value_name = "THEME", value_parser = PossibleValuesParser::new(choices("monitor.theme")), help_heading = "Screen")]
    #[arg(help = short_help("monitor.theme"), long_help = long_help("monitor.theme"))]
    pub theme: Option<String>,
    /// ASCII only.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", help_heading = "Screen")]
    #[arg(help = short_help("monitor.ascii"), long_help = long_help("monitor.ascii"))]
    pub ascii: Option<String>,
    /// Other colours.
    #[arg(long, value_name = "ROLE=COLOR …", help_heading = "Screen")]
    #[arg(help = short_help("monitor.colors"), long_help = long_help("monitor.colors"))]
    pub colors: Option<String>,
    /// Other keys.
    #[arg(long, value_name = "COMMAND=KEY …", help_heading = "Screen")]
    #[arg(help = short_help("monitor.keys"), long_help = long_help("monitor.keys"))]
    pub keys: Option<String>,
    /// Times in UTC.
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", help_heading = "Screen")]
    #[arg(help = short_help("monitor.utc"), long_help = long_help("monitor.utc"))]
    pub utc: Option<String>,
}

impl MonitorArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        put_list(&mut flags, "monitor.url", &self.url);
        put(&mut flags, "monitor.interval", self.interval.as_ref());
        put(&mut flags, "monitor.alerts", self.alerts.as_ref());
        put(&mut flags, "monitor.bell", self.bell.as_ref());
        put(&mut flags, "monitor.theme", self.theme.as_ref());
        put(&mut flags, "monitor.ascii", self.ascii.as_ref());
        put(&mut flags, "monitor.colors", self.colors.as_ref());
        put(&mut flags, "monitor.keys", self.keys.as_ref());
        put(&mut flags, "monitor.utc", self.utc.as_ref());
        put(&mut flags, "monitor.record", self.record.as_ref());
        put(&mut flags, "monitor.record_max_bytes", self.record_max_bytes.as_ref());
        flags
    }
}

fn severity(text: &str) -> Result<Severity, &'static str> {
    match text {
        "critical" => Ok(Severity::Critical),
        "warning" => Ok(Severity::Warning),
        _ => Err("critical or warning is wanted"),
    }
}

fn speed(text: &str) -> Result<f64, &'static str> {
    text.parse().ok().filter(|speed| (0.01..=1e6).contains(speed)).ok_or("a number from 0.01 to 1000000 is wanted")
}
