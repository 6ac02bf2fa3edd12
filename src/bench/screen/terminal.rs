//! The run in the whole terminal.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::view::{Total, View, draw};
use crate::bench::{
    live::Live,
    plan::RunPlan,
    run::{self, RunData, RunError},
};
use crate::util::terminal::Terminal;

/// How often keys are looked for, and the least time between two drawings.
const LOOK: Duration = Duration::from_millis(50);
const DRAW: Duration = Duration::from_millis(250);

/// Runs a plan and draws what is measured so far; `q`, Escape or Ctrl-C end the run, with its report.
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
    let screen = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
        shown.keep_drawing(&mut Terminal::take()?, &updates, &stops, &ends)
    });
    let data = run::run(plan, start_at, begin, interrupt, move |live| drop(send.send_replace(live))).await;
    over.cancel();
    if let Ok(Err(error)) = screen.await {
        eprintln!("the terminal cannot show the run: {error}");
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
    ) -> std::io::Result<()> {
        let mut drawn: Option<Instant> = None;
        while !over.is_cancelled() {
            if drawn.is_none_or(|drawn| drawn.elapsed() >= DRAW) {
                let live = updates.borrow().clone();
                let (name, url, stages) = (self.name.as_str(), self.url.as_str(), self.stages.as_slice());
                let view = View { name, url, live: &live, total: self.total, stages, colors: self.colors };
                terminal.draw(|frame| draw(frame, &view))?;
                drawn = Some(Instant::now());
            }
            if !event::poll(LOOK)? {
                continue;
            }
            match event::read()? {
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
