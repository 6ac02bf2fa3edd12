//! The run in the whole terminal.

use std::{
    io,
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use ratatui::crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::view::{Total, View, draw};
use crate::bench::{
    live::Live,
    plan::RunPlan,
    run::{self, RunData, RunError},
};
use crate::util::terminal::{Terminal, abandon, is_gone, read_events, tell};

/// How often keys are looked for, and the least time between two drawings.
const LOOK: Duration = Duration::from_millis(50);
const DRAW: Duration = Duration::from_millis(250);

/// How long the screen may take to be left: a terminal may take nothing more, and writing to it wait for ever.
const LEAVING: Duration = Duration::from_secs(2);

/// Runs a plan and draws what is measured so far; `q`, Escape, Ctrl-C and a terminal that goes away end the run, with its
/// report.
///
/// # Errors
/// As [`run::run`].
pub async fn run(
    plan: RunPlan,
    start_at: Option<Timestamp>,
    begin: impl FnOnce() + Send + 'static,
    interrupt: CancellationToken,
    colors: bool,
) -> Result<RunData, RunError> {
    let (send, updates) = watch::channel(Live::default());
    let shown = TerminalScreen {
        name: plan.name.clone(),
        url: plan.targets.first().map_or_else(String::new, |target| target.base.clone()),
        total: match (plan.iterations, plan.length()) {
            (Some(requests), _) => Total::Requests(requests),
            (None, length) => Total::Time(length.unwrap_or_default()),
        },
        stages: plan.stages.iter().map(|stage| stage.name.clone()).collect(),
        colors,
    };
    let over = CancellationToken::new();
    let (ends, stops) = (over.clone(), interrupt.clone());
    let mut screen = tokio::task::spawn_blocking(move || -> io::Result<()> {
        let drawn = shown.keep_drawing(&mut Terminal::take()?, &updates, &stops, &ends);
        if is_gone() {
            // Nobody watches any more: what was measured is to be kept, and the load to end.
            stops.cancel();
            return Ok(());
        }
        drawn
    });
    let data = run::run(plan, start_at, begin, interrupt, move |live| drop(send.send_replace(live))).await;
    over.cancel();
    match tokio::time::timeout(LEAVING, &mut screen).await {
        Ok(Ok(Err(error))) => tell(format_args!("the terminal cannot show the run: {error}")),
        Ok(_) => {}
        Err(_) => abandon(),
    }
    data
}

/// The parts of the view that do not change during a run.
struct TerminalScreen {
    name: String,
    url: String,
    total: Total,
    stages: Vec<String>,
    colors: bool,
}

impl TerminalScreen {
    fn keep_drawing(
        &self,
        terminal: &mut Terminal,
        updates: &watch::Receiver<Live>,
        interrupt: &CancellationToken,
        over: &CancellationToken,
    ) -> io::Result<()> {
        let (send, events) = mpsc::channel();
        read_events(move |event| send.send(event).is_ok())?;
        let mut drawn: Option<Instant> = None;
        while !over.is_cancelled() && !is_gone() {
            if drawn.is_none_or(|drawn| drawn.elapsed() >= DRAW) {
                let live = updates.borrow().clone();
                let (name, url, stages) = (self.name.as_str(), self.url.as_str(), self.stages.as_slice());
                let view = View { name, url, live: &live, total: self.total, stages, colors: self.colors };
                terminal.draw(|frame| draw(frame, &view))?;
                drawn = Some(Instant::now());
            }
            let event = match events.recv_timeout(LOOK) {
                Ok(event) => event?,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            match event {
                Event::Key(key) if key.kind != KeyEventKind::Release => {
                    let control_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                    if control_c || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc) {
                        interrupt.cancel();
                    }
                }
                Event::Resize(..) => drawn = None,
                _ => {}
            }
        }
        Ok(())
    }
}
