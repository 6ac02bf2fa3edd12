//! The settings of the tools and of the process.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{error::SettingsError, values::Values};
use crate::{
    cli::global::{ColorChoice, LogFormat},
    monitor::{
        settings::{self, MonitorSettings},
        source::WatchTarget,
    },
};

/// The log on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// Least important lines.
    pub level: LogLevel,
    /// Their form.
    pub format: LogFormat,
    /// When they are coloured.
    pub color: ColorChoice,
}

/// The least important lines that are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LogLevel {
    /// Warnings and errors.
    Warn,
    /// What happens, too.
    Info,
    /// Why it happens, too.
    Debug,
    /// Everything.
    Trace,
}

pub(super) fn monitor(values: &Values<'_>) -> Result<MonitorSettings, SettingsError> {
    let truth = |key| Ok::<_, SettingsError>(values.truth(key)?.unwrap_or_default());
    let (palette, ascii) = (values.text("monitor.theme")?, truth("monitor.ascii")?);
    let colors = values.optional("monitor.colors");
    let theme = settings::theme(&palette, ascii, colors).ok_or_else(|| values.refused("monitor.colors"))?;
    let keys = settings::keymap(values.optional("monitor.keys")).ok_or_else(|| values.refused("monitor.keys"))?;
    Ok(MonitorSettings {
        targets: values.texts("monitor.url").iter().map(|name| WatchTarget::new(name)).collect(),
        interval: values.duration("monitor.interval")?,
        alerts: values.optional("monitor.alerts").map(PathBuf::from),
        bell: truth("monitor.bell")?,
        theme,
        keys,
        utc: truth("monitor.utc")?,
        record: values.optional("monitor.record").map(PathBuf::from),
        record_max_bytes: values.parsed("monitor.record_max_bytes")?,
    })
}

pub(super) fn log(values: &Values<'_>) -> Result<LogSettings, SettingsError> {
    Ok(LogSettings {
        level: choice(values, "log.level")?,
        format: choice(values, "log.format")?,
        color: choice(values, "log.color")?,
    })
}

fn choice<T: ValueEnum>(values: &Values<'_>, key: &'static str) -> Result<T, SettingsError> {
    values.with(key, |text| T::from_str(text, false).ok())
}
