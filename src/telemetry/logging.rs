//! Log lines: to stderr, as text for people or as JSON for collectors.

use std::{
    io::{self, IsTerminal, Write},
    sync::Arc,
};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, fmt};

use super::KnownSecrets;

/// What log lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Writes lines without secrets. Each line is written at once.
struct Masked<W> {
    secrets: Arc<KnownSecrets>,
    out: W,
}

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(line) {
            Ok(text) if !self.secrets.is_empty() => self.out.write_all(self.secrets.clean(text).as_bytes())?,
            _ => self.out.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Starts logging to stderr; data goes to stdout, so that pipes stay clean. `RUST_LOG` overrides the level. Whatever a line
/// says, `secrets` are not in it: that is the second net, below the one where texts of others come in.
///
/// Only the first call of a process has an effect.
pub fn init(level: LevelFilter, format: LogFormat, color: Option<bool>, secrets: KnownSecrets) {
    let secrets = Arc::new(secrets);
    // Libraries are only heard when they warn: their debug lines are not about the user's work.
    let quiet_libraries = format!("warn,ragctl={level}");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        EnvFilter::new(if level < LevelFilter::WARN { level.to_string() } else { quiet_libraries })
    });
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(move || Masked { secrets: Arc::clone(&secrets), out: io::stderr() })
        .with_target(false);
    let started = match format {
        LogFormat::Text => lines.with_ansi(color.unwrap_or_else(|| std::io::stderr().is_terminal())).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    // An error means that logging is on already, e.g. in a test process.
    drop(started);
}
