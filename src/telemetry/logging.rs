//! Log lines: to stderr, as text for people or as JSON for collectors.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, fmt};

/// What log lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging to stderr; data goes to stdout, so that pipes stay clean. `RUST_LOG` overrides the level.
///
/// Only the first call of a process has an effect.
pub fn init(level: LevelFilter, format: LogFormat, color: Option<bool>) {
    // Libraries are only heard when they warn: their debug lines are not about the user's work.
    let quiet_libraries = format!("warn,ragctl={level}");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        EnvFilter::new(if level < LevelFilter::WARN { level.to_string() } else { quiet_libraries })
    });
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let started = match format {
        LogFormat::Text => lines.with_ansi(color.unwrap_or_else(|| std::io::stderr().is_terminal())).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    // An error means that logging is on already, e.g. in a test process.
    drop(started);
}
