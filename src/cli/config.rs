//! Flags of `ragctl config`.

use clap::{Args, Subcommand};

/// The commands of `ragctl config`.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigAction {
    /// Print every setting, its value and where it comes from
    Show(ConfigShowArgs),
    /// Check the settings and say what is wrong
    ///
    /// The exit status is 0 when all is well and 2 when not.
    Check,
    /// Print a config file with every setting and its default
    #[command(after_help = "Example:\n  ragctl config example > ragctl.toml")]
    Example,
}

/// `config show`.
#[derive(Debug, Clone, Default, Args)]
pub struct ConfigShowArgs {
    /// Print the settings as JSON
    #[arg(long)]
    pub json: bool,
}
