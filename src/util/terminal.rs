//! The terminal, taken and given back.

use std::{
    fmt,
    io::{self, IsTerminal, Stdout, Write},
    mem::ManuallyDrop,
    panic,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use crossterm::{
    cursor, event, execute,
    terminal::{self, EnterAlternateScreen, LeaveAlternateScreen},
};
use ratatui::{Terminal as Ratatui, backend::CrosstermBackend, layout::Rect};

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether something panicked while it was.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// The whole terminal. However it is left, by dropping it or by a panic anywhere in the process, it is as it was before.
pub struct Terminal {
    /// Never dropped: dropping it shows the cursor, which was done before, and panics when that fails and stderr is
    /// gone with the terminal.
    inner: ManuallyDrop<Ratatui<CrosstermBackend<Stdout>>>,
}

impl Terminal {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it cannot be set up; then it is as it was.
    pub fn take() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let others = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                // The message has to be seen, so it comes when the screen is the shell's again.
                if give_back() {
                    PANICKED.store(true, Ordering::SeqCst);
                }
                others(info);
            }));
        });
        TAKEN.store(true, Ordering::SeqCst);
        let taken = terminal::enable_raw_mode()
            .and_then(|()| execute!(io::stdout(), EnterAlternateScreen, cursor::Hide))
            .and_then(|()| Ratatui::new(CrosstermBackend::new(io::stdout())));
        match taken {
            Ok(inner) => Ok(Self { inner: ManuallyDrop::new(inner) }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Takes the mouse, too: clicks and the wheel become events.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn with_mouse(self) -> io::Result<Self> {
        execute!(io::stdout(), event::EnableMouseCapture)?;
        Ok(self)
    }

    /// Draws a screen, unless something panicked: then the terminal is not ours any more.
    ///
    /// # Errors
    /// When the terminal is gone, or was given back by a panic.
    pub fn draw(&mut self, render: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<()> {
        if panicked() {
            return Err(io::Error::other("the program has a bug; its message is above"));
        }
        self.inner.draw(render).map(drop)
    }

    /// Forgets what was drawn, so that the next drawing is whole.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn clear(&mut self) -> io::Result<()> {
        // Its own way to clear asks the terminal where the cursor is, and fails when no answer comes within 2 s.
        let size = self.inner.size()?;
        self.inner.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// How large it is.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn size(&self) -> io::Result<ratatui::layout::Size> {
        self.inner.size()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

/// Whether something panicked while the terminal was taken.
fn panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
}

/// Whether any of the standard streams is a terminal.
pub fn is_attached() -> bool {
    io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal()
}

/// Whether the terminal that was drawn on is there no more. After a hang-up reads and writes may just do nothing, for ever.
pub fn is_gone() -> bool {
    !io::stdout().is_terminal()
}

/// Hands over keys, clicks and new sizes, until `tell` returns `false` or there is an error. They are read by a thread of its
/// own: on a terminal that is gone, reading goes round in circles for ever.
///
/// # Errors
/// When the thread cannot be started.
pub fn read_events(tell: impl Fn(io::Result<event::Event>) -> bool + Send + 'static) -> io::Result<()> {
    let read = move || {
        loop {
            let event = event::read();
            let broken = event.is_err();
            if !tell(event) || broken {
                return;
            }
        }
    };
    std::thread::Builder::new().name("keys".to_owned()).spawn(read).map(drop)
}

/// Writes a line to stderr. Unlike `eprintln!` it does not panic when stderr is gone, with the terminal that it was.
pub fn tell(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Gives back of the terminal what can be without writing to it: one that takes nothing more would be waited for, for
/// ever.
pub fn abandon() {
    TAKEN.store(false, Ordering::SeqCst);
    let _ = terminal::disable_raw_mode();
}

/// Makes the terminal as it was; `false` when it was so already. Errors mean that there is none any more.
fn give_back() -> bool {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return false;
    }
    let _ = execute!(io::stdout(), event::DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
    true
}
