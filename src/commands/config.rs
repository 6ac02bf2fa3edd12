//! `ragctl config`.

use super::print;
use crate::cli::{
    ConfigShowArgs, ExitStatus, GlobalArgs,
    settings::{self, Settings, load, report},
};

pub(super) fn show(global: &GlobalArgs, args: &ConfigShowArgs) -> anyhow::Result<ExitStatus> {
    let resolved = load(global.config.as_deref(), global.flags())?.resolve()?;
    let rows = report(&resolved);
    if args.json {
        print(&(serde_json::to_string_pretty(&rows)? + "\n"))?;
    } else {
        print(&settings::report_table(&rows))?;
    }
    // Shown first, so that the wrong value can be seen; then said.
    Settings::new(&resolved)?;
    Ok(ExitStatus::Success)
}

pub(super) fn check(global: &GlobalArgs) -> anyhow::Result<ExitStatus> {
    let layers = load(global.config.as_deref(), global.flags())?;
    Settings::new(&layers.resolve()?)?;
    match &layers.file {
        Some((path, _)) => eprintln!("{}: ok", path.display()),
        None => eprintln!("no config file; environment and defaults: ok"),
    }
    Ok(ExitStatus::Success)
}
