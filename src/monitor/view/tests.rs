//! Whole screens, glyphs and styles, in every situation, size and theme; and that any size can be drawn.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Duration};

use jiff::tz::TimeZone;
use proptest::prelude::*;
use ratatui::{
    Terminal,
    backend::TestBackend,
    style::{Color, Modifier, Style},
};

use super::{
    theme::{Palette, Theme},
    *,
};
use crate::monitor::{
    keys::Keymap,
    model::Message,
    situations::{self, all},
};

const SIZES: [(u16, u16); 3] = [(40, 12), (80, 24), (200, 50)];

fn looks() -> [(&'static str, Theme); 4] {
    [
        ("dark", Theme::new(Palette::Dark)),
        ("light", Theme::new(Palette::Light)),
        ("plain", Theme::new(Palette::Plain)),
        ("ascii", Theme::new(Palette::Dark).ascii(true)),
    ]
}

fn look(theme: Theme) -> Look {
    Look { theme, zone: TimeZone::UTC, keys: Arc::new(Keymap::default()), replayed: None }
}

/// The screen as a terminal gets it.
fn screen(model: &mut Model, look: &Look, width: u16, height: u16) -> Buffer {
    let columns = plan(model, Rect::new(0, 0, width, height)).layout.columns();
    let now = model.now();
    if columns > 0 {
        model.update(Message::Columns(columns), now);
    }
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let plan = plan(model, Rect::new(0, 0, width, height));
    terminal.draw(|frame| draw(frame, model, look, &plan)).unwrap();
    terminal.backend().buffer().clone()
}

fn glyphs(buffer: &Buffer) -> String {
    let rows = buffer.content.chunks(usize::from(buffer.area.width));
    rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned() + "\n").collect()
}

/// The styles beside the glyphs: a letter a cell, and what each letter stands for.
fn styles(buffer: &Buffer) -> String {
    let mut letters: BTreeMap<String, char> = BTreeMap::new();
    let mut out = String::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width)) {
        let mut line = String::new();
        for cell in row {
            let name = named(cell.style());
            let next = (b'a' + u8::try_from(letters.len()).unwrap()) as char;
            line.push(if name.is_empty() { '.' } else { *letters.entry(name).or_insert(next) });
        }
        let _ = writeln!(out, "{}", line.trim_end_matches('.'));
    }
    let mut legend: Vec<(char, String)> = letters.into_iter().map(|(name, letter)| (letter, name)).collect();
    legend.sort();
    legend.into_iter().fold(out, |mut out, (letter, name)| {
        let _ = writeln!(out, "{letter}: {name}");
        out
    })
}

fn named(style: Style) -> String {
    let mut parts = Vec::new();
    if let Some(color) = style.fg.filter(|color| *color != Color::Reset) {
        parts.push(format!("{color}"));
    }
    if let Some(color) = style.bg.filter(|color| *color != Color::Reset) {
        parts.push(format!("on {color}"));
    }
    for (modifier, name) in [(Modifier::BOLD, "bold"), (Modifier::DIM, "dim"), (Modifier::REVERSED, "reversed")] {
        if style.add_modifier.contains(modifier) {
            parts.push(name.to_owned());
        }
    }
    parts.join(" ")
}

#[test]
fn screens_are_as_they_were() {
    for (situation, mut model) in all() {
        for (width, height) in SIZES {
            for (name, theme) in looks() {
                let buffer = screen(&mut model, &look(theme), width, height);
                let whole = format!("{}\n{}", glyphs(&buffer), styles(&buffer));
                insta::assert_snapshot!(format!("{situation}_{width}x{height}_{name}"), whole);
            }
        }
    }
}

#[test]
fn only_ascii_is_only_ascii_and_no_colours_are_no_colours() {
    for (situation, mut model) in all() {
        for help in [false, true] {
            model.help = help;
            for (width, height) in SIZES {
                let ascii = screen(&mut model, &look(Theme::new(Palette::Dark).ascii(true)), width, height);
                assert!(ascii.content.iter().all(|cell| cell.symbol().is_ascii()), "{situation}");
                assert!(!glyphs(&ascii).contains("??"), "{situation}: a letter has no stand-in\n{}", glyphs(&ascii));
                let plain = screen(&mut model, &look(Theme::new(Palette::Plain)), width, height);
                assert!(plain.content.iter().all(|cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset)));
                let loud = Modifier::REVERSED | Modifier::BOLD;
                assert!(plain.content.iter().any(|cell| cell.modifier.intersects(loud)), "{situation}");
            }
        }
    }
}

/// What all screens of a situation must say, at every size.
fn says(model: &mut Model, wanted: &[&str]) {
    for (width, height) in SIZES {
        let text = glyphs(&screen(model, &look(Theme::new(Palette::Dark)), width, height));
        for wanted in wanted {
            assert!(text.contains(wanted), "{wanted:?} at {width}×{height}:\n{text}");
        }
    }
}

#[test]
fn what_matters_most_is_on_every_screen() {
    says(&mut situations::healthy(), &["✔", "all is well", "closed"]);
    says(&mut situations::breaker_open(), &["✖", "ollama_client open for", "OPEN"]);
    says(&mut situations::upstream_away(), &["▲", "big is away for", "answers"]);
    says(&mut situations::flapping(), &["✖", "flaps"]);
    says(&mut situations::all_unreachable(), &["✖", "does not answer"]);
    says(&mut situations::predecessor(), &["n/a"]);
    says(&mut situations::empty(), &["waiting for the first answer"]);
}

#[test]
fn the_cursor_goes_through_all_panels_at_the_same_column() {
    let mut model = situations::breaker_open();
    let now = model.now();
    screen(&mut model, &look(Theme::new(Palette::Dark)), 100, 30);
    model.update(Message::Act(Action::Step(-20)), now);
    let buffer = screen(&mut model, &look(Theme::new(Palette::Plain)), 100, 30);
    let places = plan(&model, buffer.area).layout;
    let plots = places.plot_area();
    let columns: Vec<Vec<u16>> = places
        .panels
        .iter()
        .map(|(_, panel)| {
            let y = panel.y + 1;
            (plots.left()..plots.right()).filter(|x| buffer[(*x, y)].modifier.contains(Modifier::REVERSED)).collect()
        })
        .collect();
    assert_eq!(columns[0].len(), 1, "{}", glyphs(&buffer));
    assert!(columns.iter().all(|column| *column == columns[0]), "{columns:?}");
    // A click there is the same moment.
    let at = model.window.cursor();
    let click = click(&model, &places, Position::new(columns[0][0], plots.y + 1)).unwrap();
    model.update(Message::Act(click), now);
    let off = model.window.cursor().unwrap().0.abs_diff(at.unwrap().0);
    assert!(off <= model.window.span().as_millis() as u64 / u64::from(plots.width), "{off} ms");
}

#[test]
fn the_mouse_points_at_what_is_there() {
    let model = situations::one_stale();
    let places = plan(&model, Rect::new(0, 0, 100, 30)).layout;
    let second = Position::new(5, places.targets.y + 2);
    assert_eq!(click(&model, &places, second), Some(Action::Target(1)));
    assert_eq!(click(&model, &places, Position::new(5, 0)), None);
    let log = Position::new(5, places.log.y);
    assert_eq!(wheel(&places, log, true), Some(Action::Scroll(3)));
    assert_eq!(wheel(&places, Position::new(places.plot_area().x, places.plot_area().y), true), Some(Action::ZoomIn));
}

#[test]
fn a_frozen_screen_does_not_change() {
    let mut model = situations::breaker_open();
    let now = model.now();
    model.update(Message::Act(Action::Freeze), now);
    let theme = look(Theme::new(Palette::Plain));
    let before = glyphs(&screen(&mut model, &theme, 100, 30));
    model.update(Message::Tick, now + Duration::from_secs(90));
    let after = glyphs(&screen(&mut model, &theme, 100, 30));
    assert!(before.contains("FROZEN"));
    let panels = |text: &str| text.lines().take(21).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(panels(&before), panels(&after));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_size_can_be_drawn(
        width in 0u16..230, height in 0u16..70, situation in 0usize..8, steps in prop::collection::vec(0u8..8, 0..12),
    ) {
        let (_, mut model) = all().into_iter().nth(situation).unwrap();
        let now = model.now();
        for step in steps {
            let action = match step {
                0 => Action::Help,
                1 => Action::Freeze,
                2 => Action::Step(-7),
                3 => Action::ZoomOut,
                4 => Action::ZoomIn,
                5 => Action::NextTarget,
                6 => Action::Scroll(-3),
                _ => Action::Filter,
            };
            model.update(Message::Act(action), now);
        }
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        for (_, theme) in looks() {
            render(&mut buffer, area, &model, &look(theme), &plan(&model, area));
        }
        let places = plan(&model, area).layout;
        for (x, y) in [(0, 0), (width / 2, height / 2), (width.saturating_sub(1), height.saturating_sub(1))] {
            click(&model, &places, Position::new(x, y));
            wheel(&places, Position::new(x, y), true);
        }
    }
}
