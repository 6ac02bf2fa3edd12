//! What the dashboard watches and how it shows it, and what the texts of its settings mean.

use std::{fmt, path::PathBuf, time::Duration};

use super::{
    keys::Keymap,
    source::WatchTarget,
    view::theme::{Palette, StyleRole, Theme},
};

/// What `monitor` watches, and how it shows it.
#[derive(Clone)]
pub struct MonitorSettings {
    /// Servers, as they were named: one of them may be no URL.
    pub targets: Vec<WatchTarget>,
    /// How often each is asked.
    pub interval: Duration,
    /// Rules of alerts beside the built-in ones.
    pub alerts: Option<PathBuf>,
    /// Whether a critical alert rings.
    pub bell: bool,
    /// What things look like where colours are wanted.
    pub theme: Theme,
    /// Which key does what.
    pub keys: Keymap,
    /// Whether times are shown in UTC.
    pub utc: bool,
    /// Where answers are written to.
    pub record: Option<PathBuf>,
    /// Most bytes of that.
    pub record_max_bytes: u64,
}

impl fmt::Debug for MonitorSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitorSettings")
            .field("targets", &self.targets)
            .field("interval", &self.interval)
            .field("alerts", &self.alerts)
            .finish_non_exhaustive()
    }
}

/// The theme that these texts name; `None` when one of them is no value.
pub fn theme(palette: &str, ascii: bool, colors: Option<&str>) -> Option<Theme> {
    let theme = Theme::new(palette.parse::<Palette>().ok()?).ascii(ascii);
    colors.map_or(Some(theme), |colors| theme.with_colors(colors).ok())
}

/// The keys with these bindings instead of their own; `None` when the text is no list of bindings.
pub fn keymap(bindings: Option<&str>) -> Option<Keymap> {
    bindings.map_or_else(|| Some(Keymap::default()), |bindings| Keymap::default().with(bindings).ok())
}

/// Names of the roles that colours are for.
pub fn color_roles() -> String {
    StyleRole::ALL.map(StyleRole::as_str).join(", ")
}

/// Names of the commands that keys are for.
pub fn commands() -> String {
    Keymap::commands().join(", ")
}
