//! Flags that every command takes.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum, ValueHint};

use super::settings::{
    Flags,
    keys::{long_help, short_help},
};

const CONFIG_HELP: &str = "Config file.\n\n\
    Its keys are those of `ragctl config example`.\n\n\
    [default: ./ragctl.toml, else ragctl/ragctl.toml in the user's config folder, else none] [env: RAGCTL_CONFIG]";

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Config file.
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(help = "Config file [default: ./ragctl.toml, else the user's]", long_help = CONFIG_HELP)]
    pub config: Option<PathBuf>,
    /// When to use colours.
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    #[arg(help = short_help("log.color"), long_help = long_help("log.color"))]
    pub color: Option<ColorChoice>,
    /// More log lines (-vv: even more).
    #[arg(short, long, global = true, action = ArgAction::Count)]
    #[arg(help = "More log lines (-vv: even more)", long_help = long_help("log.level"))]
    pub verbose: u8,
    /// Only warnings and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Form of log lines.
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    #[arg(help = short_help("log.format"), long_help = long_help("log.format"))]
    pub log_format: Option<LogFormat>,
}

/// When to use colours; `NO_COLOR` switches `auto` off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// When it goes to a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl GlobalArgs {
    /// The flags that were given, by setting.
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::new();
        let level = match (self.quiet, self.verbose) {
            (true, _) => Some("warn"),
            (false, 0) => None,
            (false, 1) => Some("debug"),
            (false, _) => Some("trace"),
        };
        let mut put = |key, word: Option<String>| word.and_then(|word| flags.insert(key, vec![word]));
        put("log.level", level.map(str::to_owned));
        put("log.color", self.color.and_then(word));
        put("log.format", self.log_format.and_then(word));
        flags
    }
}

fn word(value: impl ValueEnum) -> Option<String> {
    Some(value.to_possible_value()?.get_name().to_owned())
}
