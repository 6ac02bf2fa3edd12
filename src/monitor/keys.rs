//! Which key does what; every binding can be changed.

use std::fmt;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::model::Action;

/// Every command with its name in settings, its keys, and what help says.
const COMMANDS: [(Action, &str, &str, &str); 25] = [
    (Action::Help, "help", "? f1", "these keys"),
    (Action::Quit, "quit", "q ctrl-c", "leave"),
    (Action::Refresh, "refresh", "r", "ask all targets now"),
    (Action::Freeze, "freeze", "p space", "hold the screen still; collection goes on"),
    (Action::Slower, "longer", "+", "ask less often"),
    (Action::Faster, "shorter", "-", "ask more often"),
    (Action::NextTarget, "next", "tab", "next target; 1 to 9 choose one"),
    (Action::PreviousTarget, "previous", "shift-tab", "target before"),
    (Action::Step(-1), "left", "left", "cursor back in time"),
    (Action::Step(1), "right", "right", "cursor on in time"),
    (Action::Step(-FAR), "far-left", "shift-left", "ten columns back"),
    (Action::Step(FAR), "far-right", "shift-right", "ten columns on"),
    (Action::Jump { forward: false }, "earlier", "N", "cursor to the event before"),
    (Action::Jump { forward: true }, "later", "n", "cursor to the event after"),
    (Action::Follow, "present", "end", "back to the present"),
    (Action::ZoomOut, "zoom-out", "[", "show more time"),
    (Action::ZoomIn, "zoom-in", "]", "show less time"),
    (Action::Filter, "filter", "/", "filter the log"),
    (Action::Scroll(1), "up", "up k", "log: newer"),
    (Action::Scroll(-1), "down", "down j", "log: older"),
    (Action::Scroll(FAR), "page-up", "pgup", "log: ten newer"),
    (Action::Scroll(-FAR), "page-down", "pgdn", "log: ten older"),
    (Action::Acknowledge, "acknowledge", "a", "all alerts are known"),
    (Action::Export, "export", "e", "write the incident to a Markdown file"),
    (Action::Escape, "escape", "esc", "give up: help, cursor, filter, freeze"),
];

/// Columns and lines of a big step.
const FAR: i64 = 10;

/// A key with what is held down beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Names of keys that are no letters.
const NAMES: [(&str, KeyCode); 16] = [
    ("space", KeyCode::Char(' ')),
    ("tab", KeyCode::Tab),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("backtab", KeyCode::BackTab),
];

impl Key {
    fn parse(text: &str) -> Option<Self> {
        let (mut modifiers, mut rest) = (KeyModifiers::NONE, text);
        // A lone "-" is a key, not a sign between two.
        while let Some((held, key)) = rest.split_once('-').filter(|(held, key)| !held.is_empty() && !key.is_empty()) {
            modifiers |= match held.to_ascii_lowercase().as_str() {
                "ctrl" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => return None,
            };
            rest = key;
        }
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(letter), None) => KeyCode::Char(letter),
            (Some('f' | 'F'), Some(_)) if rest[1..].parse::<u8>().is_ok_and(|n| (1..=24).contains(&n)) => {
                KeyCode::F(rest[1..].parse().ok()?)
            }
            _ => NAMES.iter().find(|(name, _)| rest.eq_ignore_ascii_case(name))?.1,
        };
        Some(Self { code, modifiers }.normal())
    }

    /// The same key however the terminal tells of it: letters carry their shift, and shift-tab has a code of its own.
    fn normal(mut self) -> Self {
        self.modifiers &= KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        match self.code {
            KeyCode::Char(_) => self.modifiers -= KeyModifiers::SHIFT,
            KeyCode::BackTab => self = Self { code: KeyCode::Tab, modifiers: self.modifiers | KeyModifiers::SHIFT },
            _ => {}
        }
        self
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")];
        for (_, name) in held.into_iter().filter(|(held, _)| self.modifiers.contains(*held)) {
            f.write_str(name)?;
        }
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(letter)) => write!(f, "{letter}"),
            (None, KeyCode::F(number)) => write!(f, "f{number}"),
            (None, other) => write!(f, "{other}"),
        }
    }
}

/// The bindings of keys to commands.
#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    keys: Vec<(Key, Action)>,
}

impl Default for Keymap {
    fn default() -> Self {
        let mut keys = Vec::new();
        for (command, _, names, _) in COMMANDS {
            keys.extend(names.split(' ').filter_map(Key::parse).map(|key| (key, command.clone())));
        }
        Self { keys }
    }
}

impl Keymap {
    /// Changes bindings as `quit=x,ctrl-q freeze=f` says; a command that is named loses its other keys, and a key what it
    /// did before.
    ///
    /// # Errors
    /// A command or a key that does not exist, or no key left to quit with.
    pub fn with(mut self, text: &str) -> Result<Self, String> {
        for part in text.split_whitespace() {
            let names = || Self::commands().join(", ");
            let (name, keys) = part.split_once('=').ok_or_else(|| {
                format!("\"{part}\" binds no key: COMMAND=KEY is wanted, like quit=x,ctrl-q; commands: {}", names())
            })?;
            let command = COMMANDS.iter().find(|(_, known, _, _)| *known == name).map(|(command, ..)| command.clone());
            let command = command.ok_or_else(|| format!("\"{name}\" is no command; commands: {}", names()))?;
            self.keys.retain(|(_, bound)| *bound != command);
            for key in keys.split(',').filter(|key| !key.is_empty()) {
                let key = Key::parse(key).ok_or_else(|| {
                    format!(
                        "\"{key}\" is no key: a letter, f1 to f24, {} is wanted, with ctrl-, alt- or shift- before it",
                        NAMES.map(|(name, _)| name).join(", ")
                    )
                })?;
                self.keys.retain(|(bound, _)| *bound != key);
                self.keys.push((key, command.clone()));
            }
        }
        if self.keys_of(&Action::Quit).is_empty() {
            return Err("no key is left to quit with; bind one, like quit=q".to_owned());
        }
        Ok(self)
    }

    /// What a key press means; `typing`: a filter is being typed.
    pub fn action(&self, event: &KeyEvent, typing: bool) -> Option<Action> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let key = Key { code: event.code, modifiers: event.modifiers }.normal();
        let control_c = Key { code: KeyCode::Char('c'), modifiers: KeyModifiers::CONTROL };
        if typing && key != control_c {
            return match key.code {
                KeyCode::Enter => Some(Action::Enter),
                KeyCode::Esc => Some(Action::Escape),
                KeyCode::Backspace => Some(Action::Erase),
                KeyCode::Char(letter) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
                    Some(Action::Type(letter))
                }
                _ => None,
            };
        }
        if let Some((_, command)) = self.keys.iter().find(|(bound, _)| *bound == key) {
            return Some(command.clone());
        }
        match key.code {
            // Raw mode takes its signal away, so it is always bound.
            _ if key == control_c => Some(Action::Quit),
            KeyCode::Char(digit @ '1'..='9') => Some(Action::Target(digit as usize - '1' as usize)),
            _ => None,
        }
    }

    /// The keys of a command as they are written.
    pub fn keys_of(&self, command: &Action) -> Vec<String> {
        self.keys.iter().filter(|(_, bound)| bound == command).map(|(key, _)| key.to_string()).collect()
    }

    /// The names of all commands.
    pub fn commands() -> [&'static str; COMMANDS.len()] {
        COMMANDS.map(|(_, name, _, _)| name)
    }

    /// Every command with its keys and what it does.
    pub fn help(&self) -> Vec<(String, &'static str)> {
        COMMANDS.iter().map(|(command, _, _, help)| (self.keys_of(command).join(" "), *help)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(map: &Keymap, text: &str) -> Option<Action> {
        let key = Key::parse(text).unwrap();
        map.action(&KeyEvent::new(key.code, key.modifiers), false)
    }

    #[test]
    fn every_command_has_a_key_and_no_key_two_commands() {
        let map = Keymap::default();
        assert!(map.help().iter().all(|(keys, _)| !keys.is_empty()));
        for (index, (key, _)) in map.keys.iter().enumerate() {
            assert!(map.keys[..index].iter().all(|(other, _)| other != key), "{key} does two things");
            assert_eq!(Key::parse(&key.to_string()), Some(*key));
        }
        assert_eq!(press(&map, "q"), Some(Action::Quit));
        assert_eq!(press(&map, "+"), Some(Action::Slower));
        assert_eq!(press(&map, "-"), Some(Action::Faster));
        assert_eq!(press(&map, "3"), Some(Action::Target(2)));
        assert_eq!(press(&map, "shift-tab"), Some(Action::PreviousTarget));
        let shifted = KeyEvent::new(KeyCode::Char('?'), KeyModifiers::SHIFT);
        assert_eq!(map.action(&shifted, false), Some(Action::Help));
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(map.action(&back, false), Some(Action::PreviousTarget));
        let release = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(map.action(&release, false), None);
    }

    #[test]
    fn keys_can_be_changed() {
        let map = Keymap::default().with("quit=x,ctrl-q freeze=q").unwrap();
        assert_eq!(press(&map, "x"), Some(Action::Quit));
        assert_eq!(press(&map, "q"), Some(Action::Freeze));
        assert_eq!(press(&map, "p"), None);
        assert_eq!(press(&map, "ctrl-c"), Some(Action::Quit), "there is always a way out");
        for (wrong, told) in [
            ("quit", "COMMAND=KEY"),
            ("leave=x", "\"leave\" is no command"),
            ("quit=xx", "\"xx\" is no key"),
            ("quit=hyper-x", "is no key"),
            ("quit=", "no key is left"),
            ("help=q,ctrl-c", "no key is left"),
        ] {
            let error = Keymap::default().with(wrong).unwrap_err();
            assert!(error.contains(told), "{wrong}: {error}");
        }
    }

    #[test]
    fn letters_are_typed_into_a_filter() {
        let map = Keymap::default();
        let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
        assert_eq!(map.action(&key(KeyCode::Char('q')), true), Some(Action::Type('q')));
        assert_eq!(map.action(&key(KeyCode::Enter), true), Some(Action::Enter));
        assert_eq!(map.action(&KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL), true), Some(Action::Quit));
    }
}
