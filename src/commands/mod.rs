//! One file a command: it builds the parts, runs them, and says how it ended.

mod archive;
mod bench;
mod cache;
mod config;
mod docs;
mod embedders;
mod eval;
mod explained;
mod ingest;
mod mock;
mod models;
mod monitor;
mod parts;
mod printer;
mod query;
mod reindex;
mod report;
mod search;
mod serve;
mod signals;
mod sync;
mod trial;
mod verify;

use std::io::{IsTerminal, Write};

use anyhow::Context;
use clap_complete::generate;
use tracing::level_filters::LevelFilter;

use crate::{
    cli::{
        self, CacheAction, Cli, ColorChoice, Command, ConfigAction, ExitStatus, GlobalArgs, LogFormat,
        settings::{self, LogLevel},
    },
    telemetry::{KnownSecrets, logging},
};

/// What was asked for cannot be, whatever the world looks like.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

/// Runs a command to its end.
pub fn run(cli: Cli) -> ExitStatus {
    let Cli { command, global } = cli;
    let result = match command {
        Command::Serve(args) => settings_of(&global, args.flags()).and_then(|s| block_on(serve::run(s))),
        Command::Ingest(args) => settings_of(&global, args.flags()).and_then(|s| block_on(ingest::run(s, *args))),
        Command::Docs { action } => settings_of(&global, action.flags()).and_then(|s| block_on(docs::run(s, action))),
        Command::Sync(args) => settings_of(&global, args.flags()).and_then(|s| block_on(sync::run(s, *args))),
        Command::Query(args) => settings_of(&global, args.flags()).and_then(|s| block_on(query::run(s, *args))),
        Command::Search(args) => settings_of(&global, args.flags()).and_then(|s| block_on(search::run(s, *args))),
        Command::Reindex(args) => settings_of(&global, args.flags()).and_then(|s| block_on(reindex::run(s, *args))),
        Command::Try(args) => settings_of(&global, args.flags()).and_then(|s| block_on(trial::run(s, *args))),
        Command::Export(args) => settings_of(&global, args.flags()).and_then(|s| block_on(archive::export(s, args))),
        Command::Import(args) => settings_of(&global, args.flags()).and_then(|s| block_on(archive::import(s, args))),
        Command::Eval(args) => settings_of(&global, args.flags()).and_then(|s| block_on(eval::run(s, *args))),
        Command::Verify(args) => settings_of(&global, args.flags()).and_then(|s| block_on(verify::run(s, *args))),
        Command::Bench(args) => block_on(bench::run(*args, colors(global.color.unwrap_or(ColorChoice::Auto)))),
        Command::Monitor(args) => {
            let spoils = !args.once && std::io::stderr().is_terminal();
            let settings = if spoils { silent_settings_of } else { settings_of };
            settings(&global, args.flags()).and_then(|s| block_on(monitor::run(s, *args)))
        }
        Command::Report(args) => settings_of(&global, args.flags()).and_then(|s| block_on(report::run(s, *args))),
        Command::Mock(args) => block_on(mock::run(args)),
        Command::Cache { action: CacheAction::Stats(args) } => block_on(cache::stats(args)),
        Command::Cache { action: CacheAction::Clear(args) } => block_on(cache::clear(args)),
        Command::Cache { action: CacheAction::Warm(args) } => block_on(cache::warm(args)),
        Command::Cache { action: CacheAction::Tune(args) } => {
            settings_of(&global, args.flags()).and_then(|s| block_on(cache::tune(s, *args)))
        }
        Command::Config { action: ConfigAction::Show(args) } => config::show(&global, &args),
        Command::Config { action: ConfigAction::Check } => config::check(&global),
        Command::Config { action: ConfigAction::Example } => print(&settings::example()),
        Command::Completions { shell } => completions(shell),
        Command::Man => manual(),
    };
    result.unwrap_or_else(|error| {
        // After a hang-up there may be nobody to tell; that is no reason to panic.
        let _ = writeln!(std::io::stderr(), "ragctl: {error:#}");
        if error.is::<settings::SettingsError>() || error.is::<UsageError>() {
            ExitStatus::Usage
        } else {
            ExitStatus::Failure
        }
    })
}

fn start_logging(log: settings::LogSettings, secrets: KnownSecrets) {
    let level = match log.level {
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let format = match log.format {
        LogFormat::Text => logging::LogFormat::Text,
        LogFormat::Json => logging::LogFormat::Json,
    };
    logging::init(level, format, colors(log.color), secrets);
}

/// Whether to use colours; `None`: when it goes to a terminal.
fn colors(choice: ColorChoice) -> Option<bool> {
    match choice {
        ColorChoice::Always => Some(true),
        ColorChoice::Never => Some(false),
        // https://no-color.org: any value that is not empty.
        ColorChoice::Auto => std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()).then_some(false),
    }
}

/// The settings of a command, whose log lines start with them.
fn settings_of(global: &GlobalArgs, flags: settings::Flags) -> anyhow::Result<settings::Settings> {
    let settings = silent_settings_of(global, flags)?;
    start_logging(settings.log, settings.provider.secrets());
    Ok(settings)
}

/// The settings of a command whose screen log lines would spoil.
fn silent_settings_of(global: &GlobalArgs, flags: settings::Flags) -> anyhow::Result<settings::Settings> {
    let mut all = global.flags();
    all.extend(flags);
    Ok(settings::Settings::new(&settings::load(global.config.as_deref(), all)?.resolve()?)?)
}

fn block_on(work: impl Future<Output = anyhow::Result<ExitStatus>>) -> anyhow::Result<ExitStatus> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime could not be started")?;
    let result = runtime.block_on(work);
    // Blocking work that cannot be interrupted must not keep the process: the store is consistent at any time.
    runtime.shutdown_background();
    result
}

/// Writes data to stdout. A reader that has had enough (`| head`) is no failure.
fn print(text: &str) -> anyhow::Result<ExitStatus> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("cannot write to stdout"),
        _ => Ok(ExitStatus::Success),
    }
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<ExitStatus> {
    let mut script = Vec::new();
    generate(shell, &mut cli::command(), "ragctl", &mut script);
    print(&String::from_utf8_lossy(&script))
}

fn manual() -> anyhow::Result<ExitStatus> {
    let mut page = Vec::new();
    clap_mangen::Man::new(cli::command()).render(&mut page).context("cannot make the manual page")?;
    print(&String::from_utf8_lossy(&page))
}
