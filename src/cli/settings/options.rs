//! Options of commands as settings: each gets its environment variable and its key in the config file from where it is.
//!
//! What several commands share, or a server needs, is in the table of [`keys`](super::keys). Every other option belongs to one
//! command, and clap's definition of it says already what it takes: `--rounds` of `ragctl bench ab` is `bench.ab.rounds` in
//! the file and `RAGCTL_BENCH_AB_ROUNDS` in the environment. Such a value becomes the option's default for this run.

use std::{error::Error, sync::LazyLock};

use clap::{
    Arg, ArgAction, Command,
    builder::BoolishValueParser,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{
    error::SettingsError,
    keys::{Fallback, SettingKey},
    kind::SettingKind,
    layers::Resolved,
};

/// Commands whose options are no settings: they show settings, or what does not depend on any.
pub(in crate::cli) const WITHOUT: [&str; 4] = ["config", "completions", "man", "help"];

/// Options that are no settings, and why.
pub(in crate::cli) const EXCEPTIONS: [(&str, &str); 10] = [
    ("help", "asks for help"),
    ("version", "asks for the version"),
    ("config", "names the file that would set it; RAGCTL_CONFIG stands for it"),
    ("quiet", "is log.level, as --verbose is, whose help tells key and variable"),
    ("no_fallback", "is resilience.fallback = false"),
    ("swap", "is a step that is taken once"),
    ("back", "is a step that is taken once"),
    ("drop", "is a step that is taken once"),
    ("replace", "is a step that is taken once"),
    ("list", "is a step that is taken once"),
];

/// Options whose values may hold commas: in the environment, semicolons separate them.
const WITH_COMMAS: [&str; 5] = ["fault", "header", "metadata", "tag", "where"];

/// What values of options without a default look like, by the option or by the name of its value.
const SAMPLES: &[(&str, &str)] = &[
    ("start_at", "2026-11-21T15:00:00Z"),
    ("http_method", "POST"),
    ("endpoint", "query"),
    ("provider", "embedded"),
    ("output", "report.json"),
    ("language", "en"),
    ("filter", "{\"type\": \"eq\", \"key\": \"team\", \"value\": \"legal\"}"),
    ("metadata", "team=legal"),
    ("where", "team=legal"),
    ("DIR", "results"),
    ("FACTOR", "2"),
    ("FAULT", "hang,30s-60s"),
    ("FIGURE:SHARE", "p95:10%"),
    ("FIGURE<VALUE", "hit_rate>=30%"),
    ("FILE", "file.csv"),
    ("FILE|latest|best", "latest"),
    ("GATE", "p95<500ms"),
    ("JSON|@FILE", "@body.json"),
    ("KEY=VALUE", "team=search"),
    ("METHOD", "hybrid"),
    ("MIX", "zipf:1.1"),
    ("N", "10"),
    ("NAME", "name"),
    ("NAME: VALUE", "X-Team: search"),
    ("NAME|FILE", "spike"),
    ("R/s", "100/s"),
    ("THRESHOLD", "0.9"),
    ("TIME", "30s"),
    ("URL", "http://localhost:8001"),
];

/// An option of a command that is a setting.
struct CommandOption {
    /// The words that lead to the command.
    path: Vec<&'static str>,
    /// The option's name in the command.
    id: &'static str,
    key: SettingKey,
}

static OPTIONS: LazyLock<Vec<CommandOption>> = LazyLock::new(|| {
    let mut found = Vec::new();
    collect(&definition(), &mut Vec::new(), &mut found);
    found
});

/// The settings that options of commands are, in the order of the commands.
pub(super) fn keys() -> impl Iterator<Item = &'static SettingKey> {
    OPTIONS.iter().map(|option| &option.key)
}

/// Whether the command that these words lead to has options that are settings.
pub(in crate::cli) fn has_any(path: &[&str]) -> bool {
    OPTIONS.iter().any(|option| option.path == path)
}

/// The command line with what every option needs to be a setting.
pub(in crate::cli) fn command() -> Command {
    let mut command = definition();
    for option in OPTIONS.iter() {
        command = with_option(command, &option.path, option.id, &|arg| documented(arg, &option.key));
    }
    command
}

/// The values that go before the defaults of a command's options. `given` are the options of its command line.
///
/// # Errors
/// A value that its option does not take; two of one layer that exclude each other.
pub(in crate::cli) fn defaults(
    command: &Command,
    path: &[&str],
    given: &[String],
    resolved: &[Resolved],
) -> Result<Vec<(&'static str, Vec<String>)>, SettingsError> {
    let conflicts = conflicts(below(command, path));
    let exclude = |a: &str, b: &str| conflicts.iter().any(|(x, y)| (x == a && y == b) || (x == b && y == a));
    let mut said: Vec<(&CommandOption, &Resolved)> = OPTIONS
        .iter()
        .filter(|option| option.path == path && !given.iter().any(|id| id == option.id))
        .filter_map(|option| Some((option, resolved.iter().find(|value| value.key == option.key.name)?)))
        .filter(|(_, value)| value.origin.layer().is_some() && !value.values.is_empty())
        .collect();
    said.sort_by_key(|(_, value)| value.origin.layer());
    let mut taken: Vec<(&CommandOption, &Resolved)> = Vec::new();
    for (option, value) in said {
        if given.iter().any(|id| exclude(id, option.id)) {
            continue;
        }
        if let Some((other, of_other)) = taken.iter().find(|(other, _)| exclude(other.id, option.id)) {
            // What a higher layer says counts more than what excludes it.
            if of_other.origin.layer() == value.origin.layer() {
                return Err(SettingsError::Exclusive {
                    origin: of_other.origin.clone(),
                    key: other.key.name,
                    other_origin: value.origin.clone(),
                    other: option.key.name,
                });
            }
            continue;
        }
        check(value)?;
        taken.push((option, value));
    }
    Ok(taken.into_iter().map(|(option, value)| (option.id, value.values.clone())).collect())
}

/// The command line where these values are the defaults of a command's options.
pub(in crate::cli) fn with_defaults(
    mut command: Command,
    path: &[&str],
    defaults: Vec<(&'static str, Vec<String>)>,
) -> Command {
    for (id, values) in defaults {
        // Of required options, too.
        command = with_option(command, path, id, &|arg| arg.required(false).default_values(leaked_all(&values)));
    }
    command
}

/// Whether an option takes its value, by its own parser.
///
/// # Errors
/// When it does not.
pub(super) fn check(value: &Resolved) -> Result<(), SettingsError> {
    let Some(option) = OPTIONS.iter().find(|option| option.key.name == value.key) else { return Ok(()) };
    let command = definition();
    let command = below(&command, &option.path).clone().no_binary_name(true);
    let words = value.values.iter().map(|text| format!("{}={text}", option.key.flag));
    let is_switch =
        below(&definition(), &option.path).get_arguments().any(|arg| arg.get_id() == option.id && is_switch(arg));
    let error = match is_switch {
        true => value
            .values
            .iter()
            .any(|text| super::kind::truth(text).is_none())
            .then(|| "true or false is wanted".to_owned()),
        false => command.try_get_matches_from(words).err().and_then(refusal),
    };
    match error {
        None => Ok(()),
        Some(detail) => Err(SettingsError::Refused {
            origin: value.origin.clone(),
            key: option.key.name,
            value: value.shown(),
            detail,
        }),
    }
}

/// Why a value is refused; `None` when it is something else that is wrong, which is to be expected of one option alone.
fn refusal(error: clap::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::InvalidValue => {
            let Some(ContextValue::Strings(words)) = error.get(ContextKind::ValidValue) else {
                return Some("a value is wanted".into());
            };
            Some(format!("it must be one of {}", words.join(", ")))
        }
        ErrorKind::ValueValidation => {
            Some(error.source().map_or_else(|| "it is no such value".into(), ToString::to_string))
        }
        ErrorKind::ArgumentConflict if error.get(ContextKind::PriorArg).is_none() => Some("it takes one value".into()),
        _ => None,
    }
}

/// The command line as its types define it.
fn definition() -> Command {
    <crate::cli::Cli as clap::CommandFactory>::command()
}

fn collect(command: &Command, path: &mut Vec<&'static str>, found: &mut Vec<CommandOption>) {
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        // Settings of the table tell their key in their help.
        let known = arg.get_long_help().is_some_and(|help| help.to_string().contains("[config: "));
        let (Some(long), false) =
            (arg.get_long(), known || EXCEPTIONS.iter().any(|(name, _)| *name == id) || arg.is_global_set())
        else {
            continue;
        };
        if !path.is_empty() {
            let (path, id) = (path.clone(), leaked(id));
            found.push(CommandOption { key: key(arg, long, &path, id), path, id });
        }
    }
    for below in command.get_subcommands().filter(|below| !WITHOUT.contains(&below.get_name())) {
        path.push(leaked(below.get_name()));
        collect(below, path, found);
        path.pop();
    }
}

fn key(arg: &Arg, long: &str, path: &[&str], id: &str) -> SettingKey {
    let name = [path, &[id]].concat().join(".");
    let list = matches!(arg.get_action(), ArgAction::Append);
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|text| text.to_string_lossy().into_owned()).collect();
    let default = match (is_switch(arg), defaults.is_empty()) {
        (true, _) => Fallback::Is("false"),
        (false, true) => Fallback::Open("none"),
        (false, false) => Fallback::Is(leaked(&defaults.join(","))),
    };
    let value_name = arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    let sample = [id, value_name].into_iter().find_map(|name| SAMPLES.iter().find(|(of, _)| *of == name));
    let env: &'static [&'static str] = Box::leak(Box::new([leaked(&variable(&name))]));
    SettingKey {
        env,
        name: leaked(&name),
        flag: leaked(&format!("--{long}")),
        default,
        kind: SettingKind::OfCommand {
            separator: list.then_some(if WITH_COMMAS.contains(&id) { ';' } else { ',' }),
            sample: sample.map_or("…", |(_, sample)| sample),
        },
        help: leaked(&arg.get_help().map(ToString::to_string).unwrap_or_default()),
        // Such as `Authorization`.
        secret: id == "header",
    }
}

/// The environment variable of a key.
fn variable(key: &str) -> String {
    format!("RAGCTL_{}", key.replace(['.', '-'], "_").to_uppercase())
}

/// The option with its variable and key in its help; a switch takes a value, too, so that it can be switched off again.
fn documented(arg: Arg, key: &SettingKey) -> Arg {
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let separated = match key.kind {
        SettingKind::OfCommand { separator: Some(';'), .. } => ", separated by ;",
        _ => "",
    };
    let help = format!("{help}\n\n[env: {}{separated}] [config: {}]", key.env.join(", "), key.name);
    let arg = arg.long_help(help);
    if !is_switch(&arg) {
        return arg;
    }
    arg.action(ArgAction::Set)
        .value_parser(BoolishValueParser::new())
        .value_name("true|false")
        .num_args(0..=1)
        .require_equals(true)
        .default_value("false")
        .default_missing_value("true")
        .hide_default_value(true)
        .hide_possible_values(true)
}

fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// The command that these words lead to.
fn below<'c>(command: &'c Command, path: &[&str]) -> &'c Command {
    path.iter().fold(command, |command, name| command.find_subcommand(name).unwrap_or(command))
}

fn with_option(command: Command, path: &[&str], id: &str, change: &dyn Fn(Arg) -> Arg) -> Command {
    match path.split_first() {
        None => command.mut_arg(id, change),
        Some((first, rest)) => command.mut_subcommand(first, |below| with_option(below, rest, id, change)),
    }
}

/// Options of a command of which only one may be given.
fn conflicts(command: &Command) -> Vec<(String, String)> {
    let of = |arg: &Arg| -> Vec<(String, String)> {
        let others = command.get_arg_conflicts_with(arg);
        others.into_iter().map(|other| (arg.get_id().to_string(), other.get_id().to_string())).collect()
    };
    command.get_arguments().flat_map(of).collect()
}

/// Lives as long as the process: the table of settings is made once.
fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn leaked_all(texts: &[String]) -> Vec<&'static str> {
    texts.iter().map(|text| leaked(text)).collect()
}
