//! `ragctl monitor`: watches servers, in the whole terminal or line by line.

mod lines;
mod once;
mod screen;
mod session;

use std::{io::IsTerminal, path::Path};

use anyhow::Context;
use jiff::tz::TimeZone;
use tokio::sync::{mpsc, watch};

use self::session::{LEAVING, MonitorSession, names, recorded_interval, recorder};
use super::{UsageError, colors, signals::Signals};
use crate::util::{terminal, time::UnixMillis};
use crate::{
    cli::{
        ExitStatus, MonitorArgs,
        settings::{MonitorSettings, Settings},
    },
    monitor::{
        alerts::Rules,
        model::Model,
        pace::Pace,
        source::{self, MonitorClock, Poller, WatchTarget, Web, scraper},
        view::{
            Look,
            theme::{Palette, Theme},
        },
    },
    observe::Trouble,
};

/// Messages that may wait to be taken in.
const WAITING: usize = 1_024;

pub(super) async fn run(settings: Settings, args: MonitorArgs) -> anyhow::Result<ExitStatus> {
    crate::providers::install_tls();
    let rules = rules(&settings.monitor)?;
    let colors = colors(settings.log.color);
    let look = appearance(&settings.monitor, colors, args.replay.as_deref());
    if let Some(path) = &args.replay {
        if args.once {
            return once::replay(path, rules, &args, &look).await;
        }
        return play(path, args.speed.unwrap_or(1.0), rules, &args, look).await;
    }
    let web = Web::new().context("no HTTP client")?;
    let targets = targets(&web, &settings.monitor.targets)?;
    if args.once {
        return once::poll(&web, &targets, &settings.monitor, rules, &args, &look).await;
    }
    watch_live(&web, targets, settings.monitor, rules, &args, look).await
}

/// The rules of alerts; what is wrong with a file of them is wrong usage.
pub(super) fn rules(settings: &MonitorSettings) -> anyhow::Result<Rules> {
    match &settings.alerts {
        Some(path) => Rules::load(path).map_err(|error| UsageError(error.to_string()).into()),
        None => Ok(Rules::builtin()),
    }
}

/// The zone and the colours that this terminal and this user want.
fn appearance(settings: &MonitorSettings, colors: Option<bool>, replayed: Option<&Path>) -> Look {
    let ascii = settings.theme.is_ascii();
    let theme = if colors == Some(false) { Theme::new(Palette::Plain).ascii(ascii) } else { settings.theme };
    let zone = if settings.utc { TimeZone::UTC } else { TimeZone::system() };
    let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Look { theme, zone, keys: settings.keys.clone().into(), replayed: replayed.map(name) }
}

/// Each server once. One that is no URL is watched, too, and tells so; but not when there is no other.
fn targets(web: &Web, named: &[WatchTarget]) -> anyhow::Result<Vec<WatchTarget>> {
    let mut servers: Vec<WatchTarget> = Vec::new();
    for target in named {
        match servers.iter().find(|server| server.shown() == target.shown()) {
            None => servers.push(target.clone()),
            Some(server) if server != target => {
                eprintln!("ragctl: {} is watched once, with the credentials that were named first", target.shown());
            }
            Some(_) => {}
        }
    }
    if !servers.is_empty() && servers.iter().all(|server| scraper(web, server).err() == Some(Trouble::NoUrl)) {
        let names: Vec<_> = servers.iter().map(|server| format!("\"{}\"", server.shown())).collect();
        return Err(UsageError(format!("{} {}", names.join(", "), Trouble::NoUrl)).into());
    }
    Ok(servers)
}

async fn watch_live(
    web: &Web,
    servers: Vec<WatchTarget>,
    settings: MonitorSettings,
    rules: Rules,
    args: &MonitorArgs,
    look: Look,
) -> anyhow::Result<ExitStatus> {
    let shown = names(&servers);
    let recorder = recorder(&settings, &shown)?;
    let (tell, messages) = mpsc::channel(WAITING);
    let (pace, paced) = watch::channel(Pace { interval: settings.interval, refresh: 0 });
    let _poller = Poller::start(web, &servers, &paced, &tell, fastrand::u64(..));
    drop(tell);
    let model = Model::new(&shown, settings.interval, rules, UnixMillis::now());
    let session = MonitorSession {
        model,
        clock: MonitorClock::Live,
        messages,
        pace: Some(pace),
        recorder,
        bell: settings.bell,
        look,
    };
    show(session, args).await
}

async fn play(path: &Path, speed: f64, rules: Rules, args: &MonitorArgs, look: Look) -> anyhow::Result<ExitStatus> {
    let (tell, messages) = mpsc::channel(WAITING);
    let (header, clock, playing) = source::replay(path, speed, tell)?;
    let interval = recorded_interval(&header);
    let model = Model::new(&header.targets, interval, rules, clock.now()).replayed();
    let session = MonitorSession { model, clock, messages, pace: None, recorder: None, bell: false, look };
    let player = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(playing));
    let status = show(session, args).await;
    drop(player);
    status
}

/// Shows a session where there is a terminal, else tells it line by line.
async fn show(session: MonitorSession, args: &MonitorArgs) -> anyhow::Result<ExitStatus> {
    let terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal() && !args.json;
    let (runtime, json) = (tokio::runtime::Handle::current(), args.json);
    let mut signals = Signals::new();
    // Who reads what is drawn or told may take long, or for ever: that has a thread of its own.
    let mut shown = tokio::task::spawn_blocking(move || {
        runtime.block_on(async { if terminal { screen::show(session).await } else { lines::run(session, json).await } })
    });
    let overdue = async {
        signals.next().await;
        tokio::time::sleep(LEAVING).await;
    };
    tokio::select! {
        shown = &mut shown => shown.context("the screen broke off")?,
        () = overdue => {
            terminal::abandon();
            Ok(ExitStatus::Interrupted)
        }
    }
}
