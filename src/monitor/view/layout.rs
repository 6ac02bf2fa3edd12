//! Where things are on the screen: for drawing, and for what the mouse points at.

use ratatui::layout::Rect;

/// Below this the screen has words only.
const LEAST_WIDTH: u16 = 60;
const LEAST_HEIGHT: u16 = 16;
/// From this width on, lists stand beside the plots.
const WIDE: u16 = 150;
/// Columns of the lists there.
const SIDEBAR: u16 = 58;
/// Most rows of a diagnosis.
const DIAGNOSIS: u16 = 3;
/// Rows for alerts and log from which on alerts have a heading.
const ROOMY: u16 = 7;
/// Rows of the list of targets where it stands above the plots.
const TARGETS: u16 = 6;

/// A panel of the stack that shares the time axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    /// The circuit breakers.
    Breaker,
    /// The cache.
    Cache,
    /// The connections to the LLM.
    Pool,
    /// Questions and answers.
    Answers,
    /// The server's machine.
    System,
}

/// The panels from the top down, with the rows that they need at least and would like to have.
const PANELS: [(Panel, u16, u16); 5] =
    [(Panel::Breaker, 2, 4), (Panel::Cache, 2, 4), (Panel::Pool, 2, 4), (Panel::Answers, 2, 5), (Panel::System, 1, 2)];

/// The areas of a screen; a part without room has an empty one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The header.
    pub header: Rect,
    /// The diagnosis.
    pub diagnosis: Rect,
    /// The targets, with a heading.
    pub targets: Rect,
    /// The panels, each with a heading of one row.
    pub panels: Vec<(Panel, Rect)>,
    /// The time axis, as wide as a panel.
    pub axis: Rect,
    /// Columns of the figures left of the plots.
    pub figures: u16,
    /// The alerts, with a heading where there is room for it.
    pub alerts: Rect,
    /// Whether the alerts have a heading.
    pub alerts_heading: bool,
    /// The log, with a heading.
    pub log: Rect,
    /// The keys.
    pub footer: Rect,
    /// Whether there is room for plots at all.
    pub plots: bool,
}

/// The content that the layout depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Targets that are watched.
    pub targets: usize,
    /// Breakers of the one that is shown.
    pub breakers: usize,
    /// Alerts that fire.
    pub alerts: usize,
    /// Letters of the diagnosis.
    pub diagnosis: usize,
}

impl Layout {
    /// Divides a screen.
    pub fn new(area: Rect, needs: Needs) -> Self {
        let mut layout = Self::default();
        let mut rest = area;
        layout.header = take_top(&mut rest, 1);
        layout.footer = if area.height > 3 { take_bottom(&mut rest, 1) } else { Rect::default() };
        let letters = u16::try_from(needs.diagnosis).unwrap_or(u16::MAX);
        let lines = letters.div_ceil(area.width.saturating_sub(3).max(1)).max(1);
        layout.diagnosis = take_top(&mut rest, lines.min(DIAGNOSIS).min(area.height / 8 + 1));
        layout.plots = area.width >= LEAST_WIDTH && area.height >= LEAST_HEIGHT;
        if !layout.plots {
            layout.compact(rest, needs);
            return layout;
        }
        let count = u16::try_from(needs.targets).unwrap_or(u16::MAX);
        if area.width >= WIDE {
            let side = take_right(&mut rest, SIDEBAR);
            layout.side(side, needs);
        } else {
            let most = TARGETS.min(rest.height / 6).max(1);
            layout.targets = if count > 1 { take_top(&mut rest, count.min(most) + 1) } else { Rect::default() };
            let alerts = u16::try_from(needs.alerts).unwrap_or(u16::MAX);
            let spare = rest.height.saturating_sub(stack_least() + 1);
            // As high whether something is wrong or not: panels that jump when an alert fires are hard to read.
            // What is wrong comes before the last panel.
            let below = (spare * 2 / 3).clamp(4, 14).min(rest.height);
            let mut below = take_bottom(&mut rest, below);
            // Where rows are dear, alerts have no heading: their marks say what they are.
            layout.alerts_heading = below.height >= ROOMY;
            let heading = u16::from(layout.alerts_heading);
            let alerts = alerts.min(below.height.saturating_sub(2 + heading));
            layout.alerts = if alerts > 0 { take_top(&mut below, alerts + heading) } else { Rect::default() };
            layout.log = below;
        }
        layout.axis = take_bottom(&mut rest, 1);
        layout.figures = (rest.width * 2 / 5).clamp(36, 44).min(rest.width / 2);
        layout.stack(rest, needs);
        layout
    }

    /// Words only: a line a panel, the rest for alerts and log.
    fn compact(&mut self, mut rest: Rect, needs: Needs) {
        let lines = rest.height.min(5);
        let panels = take_top(&mut rest, lines);
        self.panels = PANELS.iter().zip(panels.rows()).map(|((panel, ..), row)| (*panel, row)).collect();
        let alerts = u16::try_from(needs.alerts).unwrap_or(u16::MAX).min(rest.height / 2);
        self.alerts = take_top(&mut rest, alerts);
        self.log = rest;
    }

    fn side(&mut self, mut side: Rect, needs: Needs) {
        let count = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let third = side.height / 3;
        self.alerts_heading = true;
        self.targets = take_top(&mut side, count(needs.targets).saturating_add(1).min(third));
        self.alerts = take_top(&mut side, count(needs.alerts).max(1).saturating_add(1).min(third));
        self.log = side;
    }

    /// Gives each panel what it needs, then what it would like, then shares the rest.
    fn stack(&mut self, mut rest: Rect, needs: Needs) {
        let mut rows: Vec<(Panel, u16)> = Vec::new();
        let mut left = rest.height;
        let breakers = u16::try_from(needs.breakers).unwrap_or(u16::MAX).min(6);
        let wanted = |panel: Panel, least: u16| if panel == Panel::Breaker { least.max(breakers + 1) } else { least };
        for (panel, least, _) in PANELS {
            let least = wanted(panel, least).min(least.max(rest.height / 5));
            if left > least {
                rows.push((panel, least));
                left -= least + 1;
            }
        }
        let mut most = [0u16; PANELS.len()];
        for (most, (_, _, likes)) in most.iter_mut().zip(PANELS) {
            *most = likes;
        }
        for limit in [false, true] {
            loop {
                let before = left;
                for (panel, have) in &mut rows {
                    let likes = PANELS.iter().find(|(known, ..)| known == panel).map_or(0, |(_, _, likes)| *likes);
                    let most = if limit { likes.saturating_mul(3) } else { wanted(*panel, likes) };
                    if left > 0 && *have < most {
                        *have += 1;
                        left -= 1;
                    }
                }
                if left == before {
                    break;
                }
            }
        }
        for (panel, rows) in rows {
            self.panels.push((panel, take_top(&mut rest, rows + 1)));
        }
        // The axis follows the last panel, and the log what is left.
        self.axis.y = rest.y;
    }

    /// Columns of the plots.
    pub fn columns(&self) -> u16 {
        if self.plots { self.axis.width.saturating_sub(self.figures + 1) } else { 0 }
    }

    /// The area of all plots.
    pub fn plot_area(&self) -> Rect {
        let Some((_, first)) = self.panels.first().filter(|_| self.plots) else { return Rect::default() };
        let height = self.axis.bottom().saturating_sub(first.y);
        Rect { x: first.x + self.figures + 1, y: first.y, width: self.columns(), height }
    }
}

/// Rows that the panels need at least, their headings counted.
fn stack_least() -> u16 {
    PANELS.iter().map(|(_, least, _)| least + 1).sum()
}

fn take_top(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    let taken = Rect { height: rows, ..*rest };
    (rest.y, rest.height) = (rest.y + rows, rest.height - rows);
    taken
}

fn take_bottom(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    rest.height -= rows;
    Rect { y: rest.bottom(), height: rows, ..*rest }
}

fn take_right(rest: &mut Rect, columns: u16) -> Rect {
    let columns = columns.min(rest.width);
    // One column stays free between both.
    rest.width = rest.width.saturating_sub(columns + 1);
    Rect { x: rest.right() + 1, width: columns, ..*rest }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NEEDS: Needs = Needs { targets: 1, breakers: 2, alerts: 2, diagnosis: 60 };

    #[test]
    fn an_ordinary_terminal_has_room_for_every_panel() {
        for (width, height) in [(80, 24), (100, 30), (200, 50)] {
            let layout = Layout::new(Rect::new(0, 0, width, height), NEEDS);
            assert!(layout.panels.len() == 5, "{width}×{height}");
            assert!(layout.log.height >= 2, "{width}×{height}: {layout:#?}");
            assert!(layout.columns() >= 40, "{width}×{height}");
        }
        assert!(!Layout::new(Rect::new(0, 0, 40, 12), NEEDS).plots);
    }

    proptest! {
        #[test]
        fn nothing_is_outside_or_over_something_else(
            width in 0u16..260, height in 0u16..90, targets in 0usize..200, breakers in 0usize..9,
            alerts in 0usize..50, diagnosis in 0usize..900,
        ) {
            let area = Rect::new(0, 0, width, height);
            let layout = Layout::new(area, Needs { targets, breakers, alerts, diagnosis });
            let panels = layout.panels.iter().map(|(_, panel)| *panel);
            let all: Vec<Rect> = panels
                .chain([layout.header, layout.diagnosis, layout.targets, layout.axis, layout.alerts, layout.log, layout.footer])
                .filter(|part| !part.is_empty())
                .collect();
            for (index, part) in all.iter().enumerate() {
                prop_assert_eq!(area.intersection(*part), *part);
                for other in &all[..index] {
                    prop_assert!(!part.intersects(*other), "{:?} {:?} {:#?}", part, other, layout);
                }
            }
        }
    }
}
