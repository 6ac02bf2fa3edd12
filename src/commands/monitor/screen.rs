//! The screen: one owner of the model, one `select!`.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    path::PathBuf,
    pin::Pin,
    time::Duration,
};

use crossterm::event::{Event, MouseButton, MouseEventKind};
use ratatui::layout::{Position, Rect};
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until},
};

use super::session::{LEAVING, MonitorSession};
use crate::util::terminal::{Terminal, is_gone, read_events};
use crate::{
    cli::ExitStatus,
    commands::signals::Signals,
    monitor::{
        incident,
        model::{Action, Effect, Message},
        view::{self, layout::Layout},
    },
};

/// Shortest time between two drawings.
const DRAW: Duration = Duration::from_millis(100);
/// The time after which ages are drawn anew.
const TICK: Duration = Duration::from_secs(1);
/// Keys that may wait to be taken in.
const TYPED: usize = 64;
/// Messages that are taken in before anything else happens.
const AT_ONCE: usize = 256;

/// The reason why the screen was left.
enum Left {
    /// The user wanted to.
    Quit,
    /// A signal came, or the terminal went away.
    Ended,
}

/// Shows a session until the user leaves, a signal comes, or the terminal is gone.
pub(super) async fn show(mut session: MonitorSession) -> anyhow::Result<ExitStatus> {
    // Listened for before the terminal is taken: none may come between.
    let mut signals = Signals::new();
    let shown = ShownScreen::new(Terminal::take()?.with_mouse()?)?;
    let left = keep_showing(&mut session, shown, signals.next()).await;
    match left {
        Ok(Left::Quit) => Ok(ExitStatus::Success),
        Ok(Left::Ended) => Ok(ExitStatus::Interrupted),
        // A terminal that is gone cannot be drawn on; that is no failure of ours.
        Err(_) if is_gone() => Ok(ExitStatus::Interrupted),
        Err(error) => Err(anyhow::Error::new(error).context("the terminal cannot show the monitor")),
    }
}

/// A page that is being written: where it is, or why it is not.
type Export = tokio::task::JoinHandle<Result<PathBuf, (PathBuf, io::Error)>>;

/// The terminal with its events and timers.
struct ShownScreen {
    terminal: Terminal,
    layout: Layout,
    columns: u16,
    events: mpsc::Receiver<io::Result<Event>>,
    tick: Interval,
    /// The time of the next drawing; `None` when nothing is new.
    draw_at: Option<Instant>,
    drawn: Option<Instant>,
    /// Whether there may be more messages.
    telling: bool,
    export: Option<Export>,
}

/// Something that the screen has to do with.
enum Happened {
    /// The process is to end.
    Ended,
    /// Somebody did something at the terminal; `None`: nobody will any more.
    Input(Option<io::Result<Event>>),
    /// The incident was written, or not.
    Written(String),
    /// It is time to draw.
    Drawing,
    /// A message came; `None`: no more will.
    Told(Option<Message>),
    /// A second went by.
    Ticked,
}

async fn keep_showing(
    session: &mut MonitorSession,
    mut shown: ShownScreen,
    ended: impl Future<Output = ()>,
) -> io::Result<Left> {
    let mut ended = std::pin::pin!(ended);
    loop {
        let happened = shown.next(session, ended.as_mut()).await;
        let effects = match shown.take(session, happened)? {
            ControlFlow::Break(left) => return Ok(left),
            ControlFlow::Continue(effects) => effects,
        };
        if shown.act(session, effects)? {
            // A page that is being written is to be whole.
            if let Some(export) = shown.export.take() {
                let _ = tokio::time::timeout(LEAVING, export).await;
            }
            return Ok(Left::Quit);
        }
    }
}

/// What happens at the terminal.
fn events() -> io::Result<mpsc::Receiver<io::Result<Event>>> {
    let (tell, events) = mpsc::channel(TYPED);
    read_events(move |event| tell.blocking_send(event).is_ok())?;
    Ok(events)
}

impl ShownScreen {
    fn new(terminal: Terminal) -> io::Result<Self> {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            terminal,
            layout: Layout::default(),
            columns: 0,
            events: events()?,
            tick,
            draw_at: Some(Instant::now()),
            drawn: None,
            telling: true,
            export: None,
        })
    }

    /// Waits for what happens next. Nothing is lost when it is given up.
    async fn next(&mut self, session: &mut MonitorSession, ended: Pin<&mut impl Future<Output = ()>>) -> Happened {
        let drawing = async {
            match self.draw_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let written = async {
            match &mut self.export {
                Some(export) => export.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = ended => Happened::Ended,
            event = self.events.recv() => Happened::Input(event),
            written = written => Happened::Written(match written {
                Ok(Ok(path)) => format!("the incident is in {}", path.display()),
                Ok(Err((path, error))) => format!("{} cannot be written: {error}", path.display()),
                Err(_) => "the incident could not be written".to_owned(),
            }),
            () = drawing => Happened::Drawing,
            message = session.messages.recv(), if self.telling => Happened::Told(message),
            _ = self.tick.tick() => Happened::Ticked,
        }
    }

    /// Takes in what happened. What is left to do is returned, or why the screen is left.
    fn take(&mut self, session: &mut MonitorSession, happened: Happened) -> io::Result<ControlFlow<Left, Vec<Effect>>> {
        if matches!(happened, Happened::Drawing) {
            (self.draw_at, self.drawn) = (None, Some(Instant::now()));
            self.draw(session)?;
            return Ok(ControlFlow::Continue(Vec::new()));
        }
        self.draw_at = self.draw_at.or_else(|| Some(self.drawn.map_or_else(Instant::now, |drawn| drawn + DRAW)));
        Ok(ControlFlow::Continue(match happened {
            Happened::Ended | Happened::Input(None) => return Ok(ControlFlow::Break(Left::Ended)),
            Happened::Ticked if is_gone() => return Ok(ControlFlow::Break(Left::Ended)),
            Happened::Ticked => session.take(Message::Tick),
            Happened::Input(Some(event)) => {
                let event = event?;
                if matches!(event, Event::Resize(..)) {
                    self.terminal.clear()?;
                }
                let action = meaning(session, &self.layout, &event);
                action.map(|action| session.take(Message::Act(action))).unwrap_or_default()
            }
            Happened::Written(text) => {
                self.export = None;
                session.take(Message::Say(text))
            }
            Happened::Told(None) => {
                self.telling = false;
                Vec::new()
            }
            Happened::Told(Some(message)) => {
                let mut effects = session.take(message);
                for _ in 0..AT_ONCE {
                    let Ok(message) = session.messages.try_recv() else { break };
                    effects.extend(session.take(message));
                }
                effects
            }
            Happened::Drawing => Vec::new(),
        }))
    }

    fn draw(&mut self, session: &mut MonitorSession) -> io::Result<()> {
        let size = self.terminal.size()?;
        let area = Rect::new(0, 0, size.width, size.height);
        let plan = view::plan(&session.model, area);
        let columns = plan.layout.columns();
        if columns > 0 && columns != self.columns {
            self.columns = columns;
            session.take(Message::Columns(columns));
        }
        let (model, look) = (&session.model, &session.look);
        self.terminal.draw(|frame| view::draw(frame, model, look, &plan))?;
        self.layout = plan.layout;
        Ok(())
    }

    /// Does what the model wants done; `true`: leave.
    fn act(&mut self, session: &MonitorSession, effects: Vec<Effect>) -> io::Result<bool> {
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(true),
                Effect::Bell if session.bell => {
                    let mut out = io::stdout();
                    out.write_all(b"\x07")?;
                    out.flush()?;
                }
                Effect::Export if self.export.is_none() => {
                    let text = incident::incident(&session.model, &session.look.zone);
                    let path = PathBuf::from(incident::file_name(session.model.now(), &session.look.zone));
                    self.export = Some(tokio::task::spawn_blocking(move || write_new(path, &text)));
                }
                Effect::Bell | Effect::Export | Effect::Refresh | Effect::Interval(_) => {}
            }
        }
        Ok(false)
    }
}

/// Writes a file that was not there yet; when there is one, the next number that is free goes into the name.
fn write_new(path: PathBuf, text: &str) -> Result<PathBuf, (PathBuf, io::Error)> {
    let stem = path.with_extension("");
    let numbered = (2..100).map(|number| PathBuf::from(format!("{}_{number}.md", stem.display())));
    let mut result = Err((path.clone(), io::Error::from(io::ErrorKind::AlreadyExists)));
    for path in std::iter::once(path).chain(numbered) {
        match std::fs::File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes())) {
            Ok(()) => return Ok(path),
            Err(error) => {
                let taken = error.kind() == io::ErrorKind::AlreadyExists;
                result = Err((path, error));
                if !taken {
                    break;
                }
            }
        }
    }
    result
}

fn meaning(session: &MonitorSession, layout: &Layout, event: &Event) -> Option<Action> {
    match event {
        Event::Key(key) => session.look.keys.action(key, session.model.typing),
        Event::Mouse(mouse) => {
            let at = Position::new(mouse.column, mouse.row);
            match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) | MouseEventKind::Drag(MouseButton::Left) => {
                    view::click(&session.model, layout, at)
                }
                MouseEventKind::ScrollUp => view::wheel(layout, at, true),
                MouseEventKind::ScrollDown => view::wheel(layout, at, false),
                _ => None,
            }
        }
        _ => None,
    }
}
