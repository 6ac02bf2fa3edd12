//! A terminal for a program to run in, and eyes to read it with.

use std::{
    io::{Read, Write},
    num::NonZeroU16,
    process::Command,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use vt100::{Parser, Screen};

use crate::support::PATIENCE;

/// The size that a terminal has at first.
pub const COLUMNS: u16 = 100;
pub const ROWS: u16 = 30;

/// A terminal with a program in it; dropping it ends both.
pub struct Terminal {
    seen: Arc<Seen>,
    /// None after it was hung up.
    #[cfg_attr(windows, allow(dead_code, reason = "dropping it closes the terminal"))]
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Writer,
    child: Box<dyn Child + Send + Sync>,
}

type Writer = Arc<Mutex<Option<Box<dyn Write + Send>>>>;

/// What was written to the terminal.
struct Seen {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: Parser,
    bytes: Vec<u8>,
    /// Nobody looks any more.
    hung_up: bool,
    /// Nothing more will be written.
    over: bool,
    /// Nothing is read, and whether that is so already.
    looks_away: bool,
    looked_away: bool,
}

impl Terminal {
    /// Runs a program as the only one in a terminal.
    pub fn run(command: &Command) -> Self {
        Self::start(builder(command))
    }

    /// Runs a program in a terminal that does not send it signals, neither of its size nor of its end.
    #[cfg(unix)]
    pub fn run_without_signals(command: &Command) -> Self {
        let mut builder = builder(command);
        builder.set_controlling_tty(false);
        Self::start(builder)
    }

    /// Runs a program as a shell does, so that the terminal lives on after it. `before` is there before it, `left with
    /// STATUS` after it, and its process id is in the file `pid`.
    #[cfg(unix)]
    pub fn run_in_shell(command: &Command) -> Self {
        let mut shell = Command::new("/bin/sh");
        let script = r#"echo before; sh -c 'echo $$ > pid; exec "$@"' sh "$@"; echo "left with $?"; read nothing"#;
        shell.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args());
        Self::start(builder_like(&shell, command))
    }

    fn start(command: CommandBuilder) -> Self {
        let pair = native_pty_system().openpty(size(COLUMNS, ROWS)).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        // While we held it, reading would never end.
        drop(pair.slave);
        let reader = pair.master.try_clone_reader().unwrap();
        let writer: Writer = Arc::new(Mutex::new(Some(pair.master.take_writer().unwrap())));
        let parser = Parser::new(at_least_one(ROWS), at_least_one(COLUMNS), 0);
        let state =
            State { parser, bytes: Vec::new(), hung_up: false, over: false, looks_away: false, looked_away: false };
        let seen = Arc::new(Seen { state: Mutex::new(state), changed: Condvar::new() });
        let (eyes, answers) = (Arc::clone(&seen), Arc::clone(&writer));
        std::thread::spawn(move || eyes.read(reader, &answers));
        Self { seen, master: Some(pair.master), writer, child }
    }

    /// Types.
    pub fn press(&self, keys: &str) {
        let mut writer = self.writer.lock().unwrap();
        let writer = writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush()).unwrap();
    }

    /// Waits until something can be read from the screen.
    pub fn wait<T>(&self, what: &str, find: impl Fn(&Screen) -> Option<T>) -> T {
        self.wait_in(what, |state| find(state.parser.screen()))
    }

    /// Waits until the screen is so.
    pub fn wait_for(&self, what: &str, so: impl Fn(&Screen) -> bool) {
        self.wait(what, |screen| so(screen).then_some(()));
    }

    /// Waits until the screen shows all of this.
    pub fn shows(&self, texts: &[&str]) {
        self.wait_for(&format!("{texts:?}"), |screen| texts.iter().all(|text| screen.contents().contains(text)));
    }

    /// Waits until the screen does not show this.
    pub fn shows_no(&self, text: &str) {
        self.wait_for(&format!("no {text:?}"), |screen| !screen.contents().contains(text));
    }

    /// The screen as it is now.
    pub fn screen(&self) -> Screen {
        self.seen.state().parser.screen().clone()
    }

    /// Everything that was written, with all that commands the terminal.
    pub fn written(&self) -> String {
        String::from_utf8_lossy(&self.seen.state().bytes).into_owned()
    }

    /// Makes it larger or smaller, and waits until the program has cleared the screen for that.
    #[cfg(unix)]
    pub fn resize(&self, columns: u16, rows: u16) {
        let mut state = self.seen.state();
        state.parser.set_size(at_least_one(rows), at_least_one(columns));
        let before = state.bytes.len();
        self.master.as_ref().unwrap().resize(size(columns, rows)).unwrap();
        drop(state);
        self.wait_in(&format!("clear for {columns}×{rows}"), |state| {
            state.bytes[before..].windows(4).any(|bytes| bytes == b"\x1b[2J").then_some(())
        });
    }

    /// Reads nothing more, and fills the terminal up, so that whoever writes to it has to wait.
    #[cfg(unix)]
    pub fn look_away(&self) {
        use rustix::fs::{Mode, OFlags};
        self.seen.state().looks_away = true;
        let tty =
            rustix::fs::open(self.tty(), OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK, Mode::empty()).unwrap();
        // The reader is in the middle of reading; afterwards it looks away.
        rustix::io::write(&tty, b".").unwrap();
        self.wait_in("looking away", |state| state.looked_away.then_some(()));
        while rustix::io::write(&tty, &[b'.'; 256]).is_ok() {}
    }

    /// Reads again.
    #[cfg(unix)]
    pub fn look_again(&self) {
        self.seen.state().looks_away = false;
        self.seen.changed.notify_all();
    }

    #[cfg(unix)]
    fn tty(&self) -> std::path::PathBuf {
        self.master.as_ref().unwrap().tty_name().unwrap()
    }

    /// Whether lines can be edited and are echoed, as shells want it.
    #[cfg(unix)]
    pub fn is_cooked(&self) -> bool {
        use rustix::{
            fs::{Mode, OFlags},
            termios::{LocalModes, tcgetattr},
        };
        let tty = rustix::fs::open(self.tty(), OFlags::RDONLY | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcgetattr(tty).unwrap().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Takes the terminal away, as closing its window does.
    #[cfg(unix)]
    pub fn hang_up(&mut self) {
        // The reader has the terminal open, too; whatever is written next ends it.
        self.seen.state().hung_up = true;
        self.writer.lock().unwrap().take();
        self.master = None;
    }

    /// Waits until the program has ended.
    pub fn end(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < PATIENCE, "never ended:\n{}", self.screen().contents());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn wait_in<T>(&self, what: &str, find: impl Fn(&State) -> Option<T>) -> T {
        let begin = Instant::now();
        let mut state = self.seen.state();
        loop {
            if let Some(found) = find(&state) {
                return found;
            }
            let left = PATIENCE.saturating_sub(begin.elapsed());
            let contents = || state.parser.screen().contents();
            assert!(!state.over, "it ended, and this was never seen: {what}\n{}", contents());
            assert!(!left.is_zero(), "never seen: {what}\n{}", contents());
            state = self.seen.changed.wait_timeout(state, left).unwrap().0;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let mut state = self.seen.state();
        (state.hung_up, state.looks_away) = (true, false);
        drop(state);
        self.seen.changed.notify_all();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Seen {
    /// A test that failed while it looked does not blind the others' eyes.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, mut from: Box<dyn Read + Send>, answers: &Writer) {
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut part) {
            let mut state = self.state();
            while state.looks_away {
                state.looked_away = true;
                self.changed.notify_all();
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.hung_up {
                return;
            }
            state.parser.process(&part[..length]);
            state.bytes.extend_from_slice(&part[..length]);
            drop(state);
            self.changed.notify_all();
            // Windows' own asks where the cursor is before it begins. Programs must do without an answer: not every
            // terminal gives one, and none at once.
            if cfg!(windows)
                && part[..length].windows(4).any(|bytes| bytes == b"\x1b[6n")
                && let Some(writer) = answers.lock().unwrap().as_mut()
            {
                let _ = writer.write_all(b"\x1b[1;1R").and_then(|()| writer.flush());
            }
        }
        self.state().over = true;
        self.changed.notify_all();
    }
}

fn builder(command: &Command) -> CommandBuilder {
    builder_like(command, command)
}

/// A command with the environment and the folder of another.
fn builder_like(command: &Command, other: &Command) -> CommandBuilder {
    let mut builder = CommandBuilder::new(command.get_program());
    builder.args(command.get_args());
    builder.env_clear();
    for (name, value) in other.get_envs() {
        if let Some(value) = value {
            builder.env(name, value);
        }
    }
    builder.env("TERM", "xterm-256color");
    builder.cwd(other.get_current_dir().unwrap());
    builder
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn at_least_one(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN)
}
