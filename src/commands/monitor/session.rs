//! What goes on while servers are watched, or a recording is played.

use std::time::Duration;

use anyhow::Context;
use tokio::sync::{mpsc, watch};

use crate::{
    cli::settings::MonitorSettings,
    monitor::{
        model::{Effect, Message, Model},
        pace::Pace,
        source::{MonitorClock, WatchTarget},
        view::Look,
    },
    observe::record::{Header, Poll, Recorder, SCHEMA},
    util::time::UnixMillis,
};

/// How long the screen may take to be left after a signal.
pub(super) const LEAVING: Duration = Duration::from_secs(2);
/// The interval of a recording that does not tell its own.
pub(super) const UNKNOWN_INTERVAL: Duration = Duration::from_secs(30);

/// The servers' names as they may be shown.
pub(super) fn names(servers: &[WatchTarget]) -> Vec<String> {
    servers.iter().map(|server| server.shown().to_owned()).collect()
}

/// The model with its clock, its messages and its recorder.
pub(super) struct MonitorSession {
    pub(super) model: Model,
    pub(super) clock: MonitorClock,
    pub(super) messages: mpsc::Receiver<Message>,
    pub(super) pace: Option<watch::Sender<Pace>>,
    pub(super) recorder: Option<Recorder>,
    pub(super) bell: bool,
    pub(super) look: Look,
}

impl MonitorSession {
    /// Takes in what happened: writes it down, and changes the model. What is left to do is returned.
    pub(super) fn take(&mut self, message: Message) -> Vec<Effect> {
        let now = self.clock.now();
        if let (Some(recorder), Message::Polled { target, at, result }) = (&mut self.recorder, &message)
            && let Some(target) = self.model.targets.get(*target)
        {
            let poll = Poll { at: *at, target: target.url.clone(), result: Result::clone(result) };
            let recorded = recorder.record(&poll).map_err(|error| error.to_string());
            self.model.update(Message::Recorded(recorded), now);
        }
        let effects = self.model.update(message, now);
        effects.into_iter().filter(|effect| !self.paced(effect)).collect()
    }

    /// Does what is the pollers' to do.
    fn paced(&self, effect: &Effect) -> bool {
        let Some(pace) = &self.pace else { return matches!(effect, Effect::Interval(_) | Effect::Refresh) };
        match effect {
            Effect::Refresh => pace.send_modify(|pace| pace.refresh += 1),
            Effect::Interval(interval) => pace.send_modify(|pace| pace.interval = *interval),
            _ => return false,
        }
        true
    }
}

/// The recorder of `--record`; `None` without it.
pub(super) fn recorder(settings: &MonitorSettings, targets: &[String]) -> anyhow::Result<Option<Recorder>> {
    let Some(path) = &settings.record else { return Ok(None) };
    let header = Header {
        schema: SCHEMA,
        program: "ragctl".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: UnixMillis::now(),
        interval_seconds: settings.interval.as_secs_f64(),
        targets: targets.to_vec(),
    };
    let recorder = Recorder::create(path, header, settings.record_max_bytes);
    recorder.map(Some).context("nothing can be recorded; choose another file with --record")
}

/// The time from poll to poll of a recording.
pub(super) fn recorded_interval(header: &Header) -> Duration {
    let told = Duration::try_from_secs_f64(header.interval_seconds).unwrap_or_default();
    if told.is_zero() { UNKNOWN_INTERVAL } else { told }
}
