//! Targets, alerts and the log: lines of words.

use std::time::Duration;

use ratatui::text::{Line, Span};

use super::{
    screen::Look,
    theme::{StyleRole, Theme},
};
use crate::monitor::{
    alerts::Severity,
    model::{
        Model,
        event::{Event, EventKind, state_word},
        target::{Freshness, Target},
    },
};
use crate::observe::{CountSource, Field, Metric};
use crate::util::{
    humanize::{age, brief_share, short},
    text::clean,
};

/// The mark of a severity.
pub const fn mark(severity: Option<Severity>) -> &'static str {
    match severity {
        Some(Severity::Critical) => "✖",
        Some(Severity::Warning) => "▲",
        Some(Severity::Info) => "●",
        None => "✔",
    }
}

/// The condition of a target in one word, and its style.
pub fn condition(model: &Model, target: &Target) -> (String, StyleRole) {
    let now = model.present();
    match target.freshness(now) {
        Freshness::Awaited => ("awaited".to_owned(), StyleRole::Dim),
        Freshness::Silent => ("unreachable".to_owned(), StyleRole::Bad),
        Freshness::Stale => ("stale".to_owned(), StyleRole::Warn),
        Freshness::Fresh => {
            let status = target.latest.as_ref().and_then(|seen| seen.health.as_ref()?.status.clone());
            match status.as_deref() {
                Some("healthy" | "ok" | "alive") => ("healthy".to_owned(), StyleRole::Good),
                Some("unhealthy" | "error") => ("unhealthy".to_owned(), StyleRole::Bad),
                Some(other) => (clean(other), StyleRole::Warn),
                None => ("answers".to_owned(), StyleRole::Good),
            }
        }
    }
}

/// One line a target: number, name, condition, age, and a few figures.
pub fn targets(model: &Model, look: &Look, width: u16, rows: usize) -> Vec<Line<'static>> {
    // The one that is shown is always in sight.
    let first = (model.selected + 1).saturating_sub(rows).min(model.visible().len().saturating_sub(rows));
    let all = model.visible().iter().enumerate().skip(first).take(rows);
    all.map(|(number, target)| line_of_target(model, look, width, number, target)).collect()
}

fn line_of_target(model: &Model, look: &Look, width: u16, number: usize, target: &Target) -> Line<'static> {
    let theme = &look.theme;
    let (now, shown) = (model.present(), number == model.selected);
    let (condition, role) = condition(model, target);
    let state = target.latest.as_ref().filter(|_| target.silent_since.is_none()).and_then(|seen| seen.worst());
    let worst = model.worst_of(number).map(|finding| finding.severity);
    let name_width = usize::from(width.saturating_sub(51)).clamp(10, 40);
    let base = if shown { theme.loud(StyleRole::Plain) } else { theme.style(StyleRole::Plain) };
    let told = target.last_success.map_or("never".to_owned(), |told| coarse(now.since(told)));
    let row = target.history.last().filter(|row| !row.silent);
    let rate =
        row.and_then(|row| row.rate(Field::Questions)).map_or("n/a".to_owned(), |rate| format!("{}/s", short(rate)));
    let hits = row.and_then(|row| Metric::HitRate.of_counts(row)).map_or("n/a".to_owned(), brief_share);
    let mut line = vec![
        Span::styled(format!("{:>2} ", number + 1), theme.style(StyleRole::Dim)),
        Span::styled(
            mark(worst),
            theme.style(
                worst.map_or(if role == StyleRole::Dim { StyleRole::Dim } else { StyleRole::Good }, StyleRole::of),
            ),
        ),
        Span::styled(format!(" {} ", fit(&target.name, name_width)), base),
        Span::styled(format!("{} ", fit(&condition, 11)), theme.style(role)),
        Span::styled(
            format!("{told:>7} "),
            theme.style(if role == StyleRole::Warn || role == StyleRole::Bad { role } else { StyleRole::Dim }),
        ),
    ];
    if let Some(state) = state {
        line.push(Span::styled(format!("{} ", fit(state_word(state), 9)), theme.style(StyleRole::of_state(state))));
        line.push(Span::styled(format!("{rate:>7} {hits:>5}"), theme.style(StyleRole::Plain)));
    }
    Line::from(line)
}

/// An age in its largest unit.
fn coarse(time: Duration) -> String {
    age(time).split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// One line an alert, the worst first.
pub fn alerts(model: &Model, look: &Look) -> Vec<Line<'static>> {
    let (now, many) = (model.present(), model.visible().len() > 1);
    let line = |alert: crate::monitor::alerts::Active<'_>| {
        let role = StyleRole::of(alert.rule.severity);
        let theme = &look.theme;
        let name = Span::styled(
            format!(" {} ", alert.rule.name),
            if alert.acknowledged { theme.style(StyleRole::Dim) } else { theme.style(role) },
        );
        let mark = if alert.acknowledged { "○" } else { mark(Some(alert.rule.severity)) };
        let metric = alert.rule.when.metric();
        // What is or is not needs no number.
        let value = match metric {
            Metric::BreakerOpen | Metric::BreakerNotClosed | Metric::Unreachable | Metric::UpstreamsThere => {
                String::new()
            }
            _ => format!("{metric} {}, ", metric.show(alert.value)),
        };
        let of = model.visible().get(alert.target).filter(|_| many).map(|target| format!("{} ", target.name));
        Line::from(vec![
            Span::styled(mark, theme.style(role)),
            name,
            Span::raw(of.unwrap_or_default()),
            Span::styled(format!("{} ", age(now.since(alert.since))), theme.style(StyleRole::Plain)),
            Span::styled(
                format!(
                    "{value}{}{}{}",
                    if alert.clearing { "clearing, " } else { "" },
                    if alert.acknowledged { "known: " } else { "" },
                    alert.rule.text
                ),
                theme.style(StyleRole::Dim),
            ),
        ])
    };
    model.visible_alerts().active().into_iter().map(line).collect()
}

/// One line an event, the newest first.
pub fn log(model: &Model, look: &Look, rows: usize) -> Vec<Line<'static>> {
    model.log_lines().skip(model.scroll).take(rows).map(|event| line_of_event(model, look, event)).collect()
}

fn line_of_event(model: &Model, look: &Look, event: &Event) -> Line<'static> {
    let theme = &look.theme;
    let role = match event.kind {
        EventKind::Breaker(state) => StyleRole::of_state(state),
        EventKind::Upstream { there: true, .. } => StyleRole::Good,
        EventKind::Upstream { left: true, .. } => StyleRole::Warn,
        EventKind::Upstream { .. } => StyleRole::Bad,
        EventKind::Silent => StyleRole::Bad,
        EventKind::Back | EventKind::Cleared => StyleRole::Good,
        EventKind::Restarted => StyleRole::Warn,
        EventKind::Fired(severity) => StyleRole::of(severity),
        EventKind::Note => StyleRole::Plain,
    };
    let today = event.at.format("%F", &look.zone) == model.now().format("%F", &look.zone);
    let time = event.at.format(if today { "%H:%M:%S" } else { "%m-%d %H:%M" }, &look.zone);
    let of = event.target.and_then(|target| model.visible().get(target)).filter(|_| model.visible().len() > 1);
    let of = of.map(|target| Span::styled(format!("{} ", target.name), theme.style(StyleRole::Dim)));
    let mut line = vec![Span::styled(format!("{time} "), theme.style(StyleRole::Dim))];
    line.extend(of);
    line.push(Span::styled(event.text.clone(), theme.style(role)));
    Line::from(line)
}

/// A heading with a rule behind it.
pub fn heading(theme: &Theme, width: u16, title: &str, remarks: Vec<Span<'static>>) -> Line<'static> {
    let rule = theme.style(StyleRole::Dim);
    let mut line = vec![
        Span::styled("── ", rule),
        Span::styled(title.to_owned(), theme.style(StyleRole::Title)),
        Span::styled(" ", rule),
    ];
    let width = usize::from(width);
    for remark in remarks {
        let after: usize = line.iter().map(Span::width).sum::<usize>() + remark.width() + 4;
        if after <= width {
            line.push(Span::styled("· ", rule));
            line.push(remark);
            line.push(Span::raw(" "));
        }
    }
    let used: usize = line.iter().map(Span::width).sum();
    line.push(Span::styled("─".repeat(width.saturating_sub(used)), rule));
    Line::from(line)
}

/// A text in exactly so many columns; what does not fit is cut, and says so.
pub fn fit(text: &str, width: usize) -> String {
    let whole = Span::raw(text).width();
    if whole <= width {
        return format!("{text}{}", " ".repeat(width - whole));
    }
    let mut cut = String::new();
    for c in text.chars() {
        cut.push(c);
        if Span::raw(cut.as_str()).width() >= width {
            cut.pop();
            break;
        }
    }
    let used = Span::raw(cut.as_str()).width();
    if width == 0 { String::new() } else { format!("{cut}…{}", " ".repeat(width.saturating_sub(used + 1))) }
}
