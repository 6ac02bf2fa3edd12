//! What the panels say of several upstreams. Of one there is nothing to say that its breaker does not.

use ratatui::text::{Line, Span};

use super::{panel_data::PanelData, panels::Series, plot::Plot, theme::StyleRole};
use crate::{
    monitor::model::{history::Row, upstreams::UpstreamLine},
    observe::{CountSource as _, Field},
    resilience::State,
    util::{
        humanize::{UNKNOWN, age, short},
        text::clean,
        time::UnixMillis,
    },
};

/// Letters of a name that are shown.
const NAME: usize = 16;
/// Upstreams that have a row each.
const STRIPS: usize = 4;
/// Upstreams that are there by name beside those that are away.
const NAMED: usize = 3;

impl PanelData<'_> {
    /// How an upstream is at the moment that is shown; `None`: not known.
    fn state_of(&self, upstream: &UpstreamLine) -> Option<State> {
        // Between the last poll and now nothing else is known.
        let last = self.target.last_success.filter(|told| *told <= self.shown);
        self.row.and_then(|_| upstream.line.at(self.shown).or_else(|| upstream.line.at(last?)))
    }

    /// Those of a state, with the time since which they are away.
    fn in_state(&self, wanted: State) -> Vec<(&UpstreamLine, Option<UnixMillis>)> {
        let all = self.target.upstreams.iter().filter(|upstream| self.state_of(upstream) == Some(wanted));
        all.map(|upstream| (upstream, upstream.line.outage(self.shown))).collect()
    }

    /// Answers that another upstream took over, a minute.
    fn taken_over(&self) -> Option<f64> {
        self.per_minute(Field::Failovers).filter(|_| !self.target.upstreams.is_empty())
    }

    /// Who is away, who is there, and how often others took over: the most important first.
    pub(super) fn upstream_remarks(&self) -> Vec<Span<'static>> {
        let (away, there) = (self.in_state(State::Open), self.in_state(State::Closed));
        let mut remarks: Vec<Span<'static>> =
            away.iter().map(|(upstream, since)| self.away(upstream, *since)).collect();
        if let Some(rate) = self.taken_over().filter(|rate| *rate > 0.0) {
            remarks.push(self.say(format!("{} taken over/min", short(rate)), StyleRole::Warn));
        }
        let named = there.iter().take(NAMED).map(|(upstream, _)| name(&upstream.name));
        let named = match there.len() {
            0 => return remarks,
            many if many > NAMED => format!("✔ {many} upstreams"),
            _ => format!("✔ {}", named.collect::<Vec<_>>().join(", ")),
        };
        remarks.push(self.say(named, if away.is_empty() { StyleRole::Dim } else { StyleRole::Good }));
        remarks
    }

    fn away(&self, upstream: &UpstreamLine, since: Option<UnixMillis>) -> Span<'static> {
        let since = since.map(|since| format!(" {}", age(self.shown.since(since)))).unwrap_or_default();
        self.say(format!("✖ {} away{since}", name(&upstream.name)), StyleRole::Bad)
    }

    /// The upstreams over time, each by itself while they are few, and how often others took over.
    pub(super) fn upstreams(&self) -> Vec<Series> {
        let all = &self.target.upstreams;
        if all.is_empty() {
            return Vec::new();
        }
        let (begin, end) = self.bounds;
        let count = self.columns.len();
        let mut series: Vec<Series> = Vec::new();
        if all.iter().count() > STRIPS {
            let (away, there) = (self.in_state(State::Open).len(), self.in_state(State::Closed).len());
            let said = (away + there > 0).then(|| format!("{there} of {} there", away + there));
            let role = if away > 0 { StyleRole::Warn } else { StyleRole::Plain };
            let words = Line::from(self.pair("upstreams", said, role));
            series.push(self.strip(words, all.columns(begin, end, count), |at| all.state_at(at)));
        } else {
            series.extend(all.iter().map(|upstream| {
                let states = upstream.line.columns(begin, end, count);
                self.strip(self.words_of(upstream), states, |at| upstream.line.at(at))
            }));
        }
        let bars = self.bars(|row| Some(row.rate(Field::Failovers)? * 60.0));
        let plot = self.offered(&[Field::Failovers], || Plot::scaled(bars, StyleRole::Warn));
        let said = self.taken_over().map(short);
        let role = if self.taken_over().is_some_and(|rate| rate > 0.0) { StyleRole::Warn } else { StyleRole::Plain };
        series.push(Series {
            words: Line::from(self.pair("taken over/min", said, role)),
            more: Vec::new(),
            scale: plot.top().map(short),
            plot,
        });
        series
    }

    /// States over time; until the next poll what was told last goes on.
    fn strip(
        &self,
        words: Line<'static>,
        states: Vec<Option<State>>,
        at: impl Fn(UnixMillis) -> Option<State>,
    ) -> Series {
        let known = |(state, row): (Option<State>, &Option<Row>)| state.or(row.and_then(|row| at(row.at)));
        let states = states.into_iter().zip(&self.columns).map(known).collect();
        let silent = self.columns.iter().map(|row| row.is_some_and(|row| row.silent)).collect();
        Series { words, more: Vec::new(), plot: Plot::States { states, silent }, scale: None }
    }

    fn words_of(&self, upstream: &UpstreamLine) -> Line<'static> {
        let state = self.state_of(upstream);
        let since = match state {
            Some(State::Open) => upstream.line.outage(self.shown),
            Some(_) => upstream.line.since(self.shown),
            None => None,
        };
        let mut words = vec![self.say(format!("{} ", name(&upstream.name)), StyleRole::Plain)];
        words.push(match state {
            Some(State::Closed) => self.say("there", StyleRole::Good),
            Some(_) => Span::styled(" AWAY ", self.theme.loud(StyleRole::Bad)),
            None => self.dim(UNKNOWN),
        });
        words.extend(since.map(|since| self.dim(format!(" {}", age(self.shown.since(since))))));
        words.extend(upstream.model.as_deref().map(|model| self.dim(format!("  {}", clean(model)))));
        Line::from(words)
    }

    /// The connections to each of several upstreams that were asked.
    pub(super) fn clients(&self) -> Vec<Line<'static>> {
        let clients = self.seen.and_then(|seen| seen.pool.as_ref()).map(|pool| &pool.clients);
        let asked = clients.into_iter().flatten().filter(|(_, client)| client.requests != Some(0.0));
        let lines: Vec<Line<'static>> = asked
            .map(|(client, figures)| {
                let whole = |value: Option<f64>| value.map(|value| format!("{value:.0}"));
                let used = whole(figures.in_use).map(|used| match whole(figures.maxsize) {
                    Some(most) => format!("{used}/{most}"),
                    None => used,
                });
                let mut line = vec![self.say(format!("{} ", name(client)), StyleRole::Plain)];
                line.extend(self.pair("in use", used, StyleRole::Plain));
                if let Some(waiting) = figures.waiting.filter(|waiting| *waiting >= 1.0) {
                    line.push(self.say(format!(", {waiting:.0} wait"), StyleRole::Warn));
                }
                Line::from(line)
            })
            .collect();
        if lines.len() > 1 { lines } else { Vec::new() }
    }
}

/// A name in few letters.
fn name(name: &str) -> String {
    let name = clean(name);
    match name.char_indices().nth(NAME) {
        Some(_) => name.chars().take(NAME - 1).chain(['…']).collect(),
        None => name,
    }
}
