//! What things look like: colours where they are wanted, and where not, what stands for them.

use std::str::FromStr;

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier, Style},
};

use crate::{monitor::alerts::Severity, resilience::State};

/// The meaning of a text, from which its style follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StyleRole {
    /// Nothing special.
    Plain,
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Bad.
    Bad,
    /// Of less interest: lines, units, what is old.
    Dim,
    /// A measured value.
    Accent,
    /// A second measured value.
    Second,
    /// A name of a part of the screen.
    Title,
}

impl StyleRole {
    /// All, in the order of [`Theme`]'s colours.
    pub const ALL: [Self; 8] =
        [Self::Plain, Self::Good, Self::Warn, Self::Bad, Self::Dim, Self::Accent, Self::Second, Self::Title];

    /// Its name in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Dim => "dim",
            Self::Accent => "accent",
            Self::Second => "second",
            Self::Title => "title",
        }
    }

    /// The role of a severity.
    pub const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Critical => Self::Bad,
            Severity::Warning => Self::Warn,
            Severity::Info => Self::Accent,
        }
    }

    /// The role of a breaker's state.
    pub const fn of_state(state: State) -> Self {
        match state {
            State::Closed => Self::Good,
            State::HalfOpen => Self::Warn,
            State::Open => Self::Bad,
        }
    }
}

/// The background that colours are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// Light letters on dark ground.
    Dark,
    /// Dark letters on light ground.
    Light,
    /// No colours; bold, dim and reverse stay.
    Plain,
}

impl FromStr for Palette {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "dark" => Ok(Self::Dark),
            "light" => Ok(Self::Light),
            "plain" => Ok(Self::Plain),
            _ => Err(format!("\"{text}\" is no theme: dark, light or plain is wanted")),
        }
    }
}

/// Colours and letters of the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme {
    palette: Palette,
    colors: [Option<Color>; StyleRole::ALL.len()],
    ascii: bool,
}

impl Theme {
    /// The looks for a background.
    pub const fn new(palette: Palette) -> Self {
        // In the order of `StyleRole::ALL`. Palette indexes are readable on both black and grey grounds, or white and cream ones.
        let colors = match palette {
            Palette::Dark => [
                None,
                Some(Color::Green),
                Some(Color::Yellow),
                Some(Color::LightRed),
                Some(Color::Indexed(245)),
                Some(Color::Cyan),
                Some(Color::Indexed(75)),
                Some(Color::Indexed(250)),
            ],
            Palette::Light => [
                None,
                Some(Color::Indexed(28)),
                Some(Color::Indexed(130)),
                Some(Color::Indexed(160)),
                Some(Color::Indexed(243)),
                Some(Color::Indexed(25)),
                Some(Color::Indexed(61)),
                Some(Color::Indexed(238)),
            ],
            Palette::Plain => [None; StyleRole::ALL.len()],
        };
        Self { palette, colors, ascii: false }
    }

    /// Only ASCII on the screen.
    pub const fn ascii(mut self, ascii: bool) -> Self {
        self.ascii = ascii;
        self
    }

    /// Whether the screen has ASCII letters only.
    pub const fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// Another colour for a role, unless colours are off.
    pub fn with(mut self, role: StyleRole, color: Color) -> Self {
        if self.palette != Palette::Plain {
            self.colors[role as usize] = Some(color);
        }
        self
    }

    /// Reads changes like `bad=magenta accent=#5fafff`.
    ///
    /// # Errors
    /// A role or a colour that does not exist.
    pub fn with_colors(mut self, text: &str) -> Result<Self, String> {
        for part in text.split([' ', ',']).filter(|part| !part.is_empty()) {
            let wanted = || {
                format!(
                    "\"{part}\" is no colour of a role: bad=magenta or accent=#5fafff is wanted; roles: {}",
                    StyleRole::ALL.map(StyleRole::as_str).join(", ")
                )
            };
            let (role, color) = part.split_once('=').ok_or_else(wanted)?;
            let role = StyleRole::ALL.into_iter().find(|known| known.as_str() == role).ok_or_else(wanted)?;
            self = self.with(role, color.parse().map_err(|_| wanted())?);
        }
        Ok(self)
    }

    /// The style of a role.
    pub fn style(&self, role: StyleRole) -> Style {
        let mut style = Style::new();
        if let Some(color) = self.colors[role as usize] {
            style = style.fg(color);
        }
        match (role, self.palette) {
            (StyleRole::Bad | StyleRole::Title, _) | (StyleRole::Warn, Palette::Plain) => {
                style.add_modifier(Modifier::BOLD)
            }
            (StyleRole::Dim, Palette::Plain) => style.add_modifier(Modifier::DIM),
            _ => style,
        }
    }

    /// The style of a role where it must not be overlooked.
    pub fn loud(&self, role: StyleRole) -> Style {
        self.style(role).add_modifier(Modifier::BOLD | Modifier::REVERSED)
    }

    /// Makes a drawn screen what this terminal can show.
    pub fn finish(&self, buffer: &mut Buffer) {
        if !self.ascii {
            return;
        }
        for cell in &mut buffer.content {
            if !cell.symbol().is_ascii() {
                let letter = cell.symbol().chars().next().map_or(' ', ascii);
                cell.set_char(letter);
            }
        }
    }
}

/// What stands for a letter where there is only ASCII.
pub fn ascii(letter: char) -> char {
    match letter {
        c if c.is_ascii() => c,
        '─' | '–' | '—' => '-',
        '│' => '|',
        '┌' | '┐' | '└' | '┘' | '┬' | '┴' | '┼' => '+',
        '→' | '▸' => '>',
        '←' => '<',
        '↑' => '^',
        '↓' => 'v',
        '▁' => '.',
        '▂' => ':',
        '▃' => '-',
        '▄' => '=',
        '▅' => '+',
        '▆' => '*',
        '▇' => '%',
        '█' => '#',
        '✖' => 'X',
        '▲' => '!',
        '●' => '*',
        '○' | '✔' => 'o',
        '×' => 'x',
        '·' | '…' => '.',
        'µ' => 'u',
        '↻' => 'R',
        '≤' => '<',
        '\u{a0}' => ' ',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_without_colours_has_bold_and_reverse() {
        let theme = Theme::new(Palette::Plain).with(StyleRole::Bad, Color::Red);
        for role in StyleRole::ALL {
            assert_eq!((theme.style(role).fg, theme.style(role).bg), (None, None));
        }
        assert!(theme.style(StyleRole::Bad).add_modifier.contains(Modifier::BOLD));
        assert!(theme.loud(StyleRole::Bad).add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn colours_can_be_chosen() {
        let theme = Theme::new(Palette::Dark).with_colors("bad=magenta, accent=#5fafff").unwrap();
        assert_eq!(theme.style(StyleRole::Bad).fg, Some(Color::Magenta));
        assert_eq!(theme.style(StyleRole::Accent).fg, Some(Color::Rgb(0x5f, 0xaf, 0xff)));
        for wrong in ["bad", "worse=red", "bad=reddish"] {
            assert!(Theme::new(Palette::Dark).with_colors(wrong).unwrap_err().contains(wrong));
        }
    }
}
