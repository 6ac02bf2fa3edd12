//! What the panels are made from: the target that is shown, at the moment that is shown, and its time in columns.

use std::time::Duration;

use ratatui::text::{Line, Span};

use super::{
    plot::Plot,
    theme::{StyleRole, Theme},
};
use crate::observe::{CountSource, Field, Metric};
use crate::util::{humanize::UNKNOWN, time::UnixMillis};
use crate::{
    monitor::model::{Model, history::Row, target::Target},
    observe::Observation,
};

/// The values that all panels show.
pub struct PanelData<'a> {
    /// Colours and letters.
    pub theme: &'a Theme,
    /// The target.
    pub target: &'a Target,
    /// Its last answer; `None` while the past is shown.
    pub seen: Option<&'a Observation>,
    /// Its row at the moment that is shown.
    pub row: Option<Row>,
    /// The moment that is shown.
    pub shown: UnixMillis,
    /// The time that is shown, in columns.
    pub columns: Vec<Option<Row>>,
    /// The beginning and the end of the time axis.
    pub bounds: (UnixMillis, UnixMillis),
}

impl<'a> PanelData<'a> {
    /// Gathers what the panels of the target that is shown are made from.
    pub fn gather(model: &'a Model, theme: &'a Theme, columns: usize) -> Option<Self> {
        let target = model.target()?;
        let (shown, present) = (model.shown(), model.present());
        let (begin, end) = model.window.bounds(present);
        let fresh = target.gap();
        let row = target.history.at(shown).filter(|row| !row.silent && shown.since(row.at) <= fresh).copied();
        let mut all = target.history.columns(begin, end.min(present), 0);
        if columns > 0 {
            all = columns_until(target, (begin, end), present, columns, fresh);
        }
        Some(Self {
            theme,
            target,
            seen: model.seen(model.selected).filter(|_| row.is_some()),
            row,
            shown,
            columns: all,
            bounds: (begin, end),
        })
    }

    pub(super) fn get(&self, field: Field) -> Option<f64> {
        self.row?.get(field)
    }

    pub(super) fn share(&self, metric: Metric) -> Option<f64> {
        metric.of_counts(&self.row?)
    }

    pub(super) fn per_minute(&self, field: Field) -> Option<f64> {
        Some(self.row?.rate(field)? * 60.0)
    }

    pub(super) fn bars(&self, value: impl Fn(&Row) -> Option<f64>) -> Vec<Option<f64>> {
        self.columns.iter().map(|row| value(row.as_ref().filter(|row| !row.silent)?)).collect()
    }

    pub(super) fn gauge(&self, field: Field) -> Vec<Option<f64>> {
        self.bars(|row| row.get(field))
    }

    pub(super) fn metric(&self, metric: Metric) -> Vec<Option<f64>> {
        self.bars(|row| metric.of_counts(row))
    }

    /// A plot of something that is made of these fields: a server that offers none of them has no plot.
    pub(super) fn offered(&self, fields: &[Field], plot: impl FnOnce() -> Plot) -> Plot {
        let told = |row: &&Row| !row.silent;
        let offers = |row: &Row| fields.iter().all(|field| row.get(*field).is_some());
        // The first row has no counts yet; that is no reason to call them n/a.
        let mut rows = self.columns.iter().flatten().filter(told).peekable();
        if rows.peek().is_none() || rows.any(offers) || self.target.polls[0] < 2 { plot() } else { Plot::Unknown }
    }

    pub(super) fn dim(&self, text: impl Into<String>) -> Span<'static> {
        Span::styled(text.into(), self.theme.style(StyleRole::Dim))
    }

    pub(super) fn say(&self, text: impl Into<String>, role: StyleRole) -> Span<'static> {
        Span::styled(text.into(), self.theme.style(role))
    }

    /// `name value`, where what is not known is called so.
    pub(super) fn pair(&self, name: &str, value: Option<String>, role: StyleRole) -> Vec<Span<'static>> {
        let value = match value {
            Some(value) => self.say(value, role),
            None => self.dim(UNKNOWN),
        };
        vec![self.dim(format!("{name} ")), value]
    }

    pub(super) fn pairs(&self, pairs: Vec<(&str, Option<String>)>) -> Line<'static> {
        let mut spans = Vec::new();
        for (name, value) in pairs {
            if !spans.is_empty() {
                spans.push(Span::raw("  "));
            }
            spans.extend(self.pair(name, value, StyleRole::Plain));
        }
        Line::from(spans)
    }
}

/// The history in columns; until the next poll what was told last goes on.
fn columns_until(
    target: &Target,
    bounds: (UnixMillis, UnixMillis),
    present: UnixMillis,
    count: usize,
    fresh: Duration,
) -> Vec<Option<Row>> {
    let (begin, end) = bounds;
    let mut columns = target.history.columns(begin, end, count);
    let Some(last) = target.history.at(present).filter(|last| present.since(last.at) <= fresh) else { return columns };
    let width = (end.since(begin).as_millis() as i64 / count as i64).max(1);
    for (index, column) in columns.iter_mut().enumerate().rev() {
        let start = begin.0 + index as i64 * width;
        if start > present.0 {
            // The future; and what came after the screen was held still.
            *column = None;
        } else if start >= last.at.0 && column.is_none() {
            *column = Some(*last);
        } else {
            break;
        }
    }
    columns
}
