//! The incident as one Markdown file: what is to be seen on the screen, for those who were not there.

mod rows;

use std::{fmt::Write, time::Duration};

use jiff::tz::TimeZone;

use self::rows::PanelRows;
use super::model::{
    Model, diagnosis,
    event::{Event, state_word},
    history::{Row, worse},
    target::Target,
};
use crate::observe::{CountSource, Field, Metric};
use crate::util::{
    humanize::{UNKNOWN, age, brief_share, interval, known, many, number, short, time},
    markdown::{plain, table},
    time::{UnixMillis, stamp},
};
use crate::{observe::Observation, resilience::State};

/// Lines of the timeline at most.
const LINES: u32 = 30;
/// Events of the log at most.
const EVENTS: usize = 200;

/// What is to be seen of the model, as Markdown: figures as of [`Model::shown`], alerts and diagnosis as of
/// [`Model::present`]. Nothing that a server says breaks out of its place.
pub fn incident(model: &Model, zone: &TimeZone) -> String {
    let mut out = String::new();
    let Some(target) = model.target() else { return "# Incident: nothing is watched\n".to_owned() };
    let page = Page { model, zone, target, shown: model.shown(), present: model.present() };
    page.title(&mut out);
    page.diagnosis(&mut out);
    page.figures(&mut out);
    page.others(&mut out);
    page.alerts(&mut out);
    page.timeline(&mut out);
    page.log(&mut out);
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// The name of the file for an incident, like `incident_20261121_150420.md`.
pub fn file_name(moment: UnixMillis, zone: &TimeZone) -> String {
    moment.format("incident_%Y%m%d_%H%M%S.md", zone).replace('?', "incident_of_no_time.md")
}

/// The target and the moments that a page is about.
struct Page<'a> {
    model: &'a Model,
    zone: &'a TimeZone,
    target: &'a Target,
    shown: UnixMillis,
    present: UnixMillis,
}

/// The row that tells how a target was at a moment; `None` when that is too long after it.
fn row_at(target: &Target, moment: UnixMillis) -> Option<&Row> {
    target.history.at(moment).filter(|row| moment.since(row.at) <= target.gap())
}

impl Page<'_> {
    fn title(&self, out: &mut String) {
        let _ = writeln!(out, "# Incident: {}, {}\n", plain(&self.target.name), stamp(self.shown, self.zone));
        let (begin, end) = self.model.window.bounds(self.present);
        let how = if self.model.window.cursor().is_some() {
            format!("The cursor stands {} before the last news", age(self.present.since(self.shown)))
        } else if self.model.frozen.is_some() {
            "The screen is held still".to_owned()
        } else {
            "This is the present".to_owned()
        };
        let (begin, end) = (stamp(begin, self.zone), stamp(end, self.zone));
        let every = interval(self.target.interval);
        let _ = writeln!(
            out,
            "{how}. The window goes from {begin} to {end}. {} is asked every {every}.\n",
            plain(&self.target.url)
        );
    }

    fn diagnosis(&self, out: &mut String) {
        let _ = writeln!(out, "## What is the matter at {}\n", stamp(self.present, self.zone));
        let findings = diagnosis::findings(self.target, self.present);
        for finding in &findings {
            let _ = writeln!(out, "- **{}**: {}", finding.severity, plain(&finding.text));
        }
        if findings.is_empty() {
            let (severity, text) = self.model.diagnosis();
            let severity = severity.map(|severity| format!("**{severity}**: ")).unwrap_or_default();
            let _ = writeln!(out, "- as it seems: {severity}{}", plain(&text));
        }
        out.push('\n');
    }

    fn figures(&self, out: &mut String) {
        let _ = writeln!(out, "## Figures at {}\n", stamp(self.shown, self.zone));
        let row = row_at(self.target, self.shown);
        match row {
            None => out.push_str("Nothing is known about this moment.\n\n"),
            Some(row) if row.silent => out.push_str("There was no answer.\n\n"),
            Some(_) => {}
        }
        let row = row.filter(|row| !row.silent);
        let seen = self.model.seen(self.model.selected).filter(|_| row.is_some());
        let mut rows = self.breakers(row, seen);
        let figures = PanelRows { row, seen };
        rows.extend(figures.calls());
        rows.extend(figures.cache());
        rows.extend(figures.pool());
        rows.extend(figures.answers());
        rows.extend(self.upstreams(row));
        rows.extend(figures.system(self.present.since(self.target.last_success.unwrap_or(self.present))));
        table(out, ["panel", "figure", "value"], rows);
    }

    fn breakers(&self, row: Option<&Row>, seen: Option<&Observation>) -> Vec<[String; 3]> {
        let line = |(name, line): (&String, &super::model::timeline::Timeline)| {
            let state = row.and_then(|row| line.at(self.shown).or_else(|| line.at(row.at)));
            let mut words = match state {
                Some(State::Closed) => vec!["closed".to_owned()],
                Some(state) => vec![format!("**{}**", state_word(state))],
                None => vec![known(None)],
            };
            if let Some(since) = line.since(self.shown).filter(|_| state.is_some()) {
                words.push(format!("for {}, since {}", age(self.shown.since(since)), stamp(since, self.zone)));
            }
            words.push(many(line.trips(UnixMillis(0), self.shown) as u64, "trip"));
            let told = self.target.last_success.filter(|_| state == Some(State::Open));
            let left = told.zip(seen.and_then(|seen| seen.breakers.get(name)?.retry_after_seconds));
            if let Some((told, left)) = left {
                let left = left - self.shown.since(told).as_secs_f64();
                words.push(if left >= 1.0 { format!("next probe in {left:.0} s") } else { "a probe is due".into() });
            }
            ["breaker".to_owned(), plain(name), words.join(", ")]
        };
        self.target.breakers.iter().map(line).collect()
    }

    /// Of one upstream there is nothing to say that its breaker does not.
    fn upstreams(&self, row: Option<&Row>) -> Vec<[String; 3]> {
        let all = &self.target.upstreams;
        if all.is_empty() {
            return Vec::new();
        }
        let rate = row.and_then(|row| row.rate(Field::Failovers)).map(|rate| short(rate * 60.0));
        let mut rows = vec![["answers".to_owned(), "taken over a minute".to_owned(), known(rate)]];
        rows.extend(all.iter().map(|upstream| {
            let line = &upstream.line;
            let state = row.and_then(|row| line.at(self.shown).or_else(|| line.at(row.at)));
            let mut words = match state {
                Some(State::Closed) => vec!["there".to_owned()],
                Some(_) => vec!["**away**".to_owned()],
                None => vec![known(None)],
            };
            if let Some(since) = line.since(self.shown).filter(|_| state.is_some()) {
                words.push(format!("for {}, since {}", age(self.shown.since(since)), stamp(since, self.zone)));
            }
            words.extend(upstream.model.as_deref().map(|model| format!("model {}", plain(model))));
            let why =
                line.change(self.shown).filter(|_| state == Some(State::Open)).map(|change| plain(&change.reason));
            words.extend(why);
            ["upstream".to_owned(), plain(&upstream.name), words.join(", ")]
        }));
        rows
    }

    fn others(&self, out: &mut String) {
        let others = self.model.visible().iter().enumerate().filter(|(number, _)| *number != self.model.selected);
        let mut lines = others.map(|(_, other)| self.other(other)).peekable();
        if lines.peek().is_none() {
            return;
        }
        let _ = writeln!(out, "## Other targets at {}\n", stamp(self.shown, self.zone));
        for line in lines {
            let _ = writeln!(out, "- {line}");
        }
        out.push('\n');
    }

    /// One line about another target.
    fn other(&self, other: &Target) -> String {
        let said = match row_at(other, self.shown) {
            None => "nothing is known about this moment".to_owned(),
            Some(row) if row.silent => "no answer".to_owned(),
            Some(row) => {
                let state = other.state_at(self.shown).or(row.state).map(state_word);
                [
                    format!("breaker {}", state.unwrap_or(UNKNOWN)),
                    format!("{} questions/s", known(row.rate(Field::Questions).map(short))),
                    format!("{} degraded", known(Metric::DegradedRate.of_counts(row).map(brief_share))),
                    format!("{} cache hits", known(Metric::HitRate.of_counts(row).map(brief_share))),
                    format!("p95 {}", known(row.get(Field::P95).map(time))),
                    format!("{} waiting", known(row.get(Field::Waiting).map(number))),
                ]
                .join(", ")
            }
        };
        format!("**{}**: {said}", plain(&other.name))
    }

    fn alerts(&self, out: &mut String) {
        let _ = writeln!(out, "## Alerts that fire at {}\n", stamp(self.present, self.zone));
        let active = self.model.visible_alerts().active().into_iter().filter(|alert| alert.since <= self.present);
        let rows: Vec<_> = active
            .map(|alert| {
                let metric = alert.rule.when.metric();
                let of = self.model.visible().get(alert.target).map_or("", |target| target.name.as_str());
                let marks = [(alert.clearing, "about to clear"), (alert.acknowledged, "acknowledged")];
                let marks: Vec<_> = marks.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
                [
                    alert.rule.severity.to_string(),
                    plain(&alert.rule.name),
                    plain(of),
                    format!("{}, for {}", stamp(alert.since, self.zone), age(self.present.since(alert.since))),
                    format!("{} {}", plain(metric.as_str()), plain(&metric.show(alert.value))),
                    if marks.is_empty() { "new".to_owned() } else { marks.join(", ") },
                    plain(&alert.rule.text),
                ]
            })
            .collect();
        if rows.is_empty() {
            out.push_str("None.\n\n");
        }
        table(out, ["severity", "alert", "target", "since", "value", "note", "what it means"], rows);
    }

    /// Half a window before the moment that is shown and half a window after it, as far as the window goes.
    fn around(&self) -> (UnixMillis, UnixMillis) {
        let (begin, end) = self.model.window.bounds(self.present);
        let half = self.model.window.span() / 2;
        (begin.max(self.shown - half), end.min(self.shown + half).min(self.present))
    }

    fn timeline(&self, out: &mut String) {
        out.push_str("## Timeline around the cursor\n\n");
        let (from, to) = self.around();
        // A line is some whole intervals long: no poll is in two of them.
        let interval = self.target.interval.max(Duration::from_millis(1));
        let polls = (to.since(from).as_secs_f64() / f64::from(LINES) / interval.as_secs_f64()).ceil().max(1.0);
        let width = interval.mul_f64(polls);
        let count = (to.since(from).as_secs_f64() / width.as_secs_f64()).ceil().clamp(1.0, f64::from(LINES)) as u32;
        let from = to - width * count;
        let columns = self.target.history.columns(from, to, count as usize);
        let mut states = vec![None; columns.len()];
        for line in self.target.breakers.values() {
            for (worst, state) in states.iter_mut().zip(line.columns(from, to, count as usize)) {
                *worst = worse(*worst, state);
            }
        }
        let format =
            if self.model.window.span() >= Duration::from_secs(86_400) { "%m-%d %H:%M:%S" } else { "%H:%M:%S" };
        let rows = columns.iter().zip(states).zip(0u32..).map(|((column, state), index)| {
            let (begin, end) = (from + width * index, from + width * (index + 1));
            let here = begin < self.shown && self.shown <= end;
            let when = begin.format(format, self.zone);
            let when = if here { format!("**{when}** ◀") } else { when };
            line_of(when, column.as_ref(), state)
        });
        let _ = writeln!(out, "A line is what happened in {} from its time on.\n", age(width));
        let head = ["time", "breaker", "questions/s", "degraded", "hits", "p95", "in use", "waiting", "remark"];
        table(out, head, rows);
    }

    fn log(&self, out: &mut String) {
        out.push_str("## Log\n\n");
        let (begin, end) = self.model.window.bounds(self.present);
        let end = end.min(self.present);
        let all: Vec<&Event> = self.model.log.events().filter(|event| begin <= event.at && event.at <= end).collect();
        // Those nearest to the moment that is shown.
        let middle = all.partition_point(|event| event.at <= self.shown);
        let last = (middle + EVENTS / 2).max(EVENTS).min(all.len());
        let first = last.saturating_sub(EVENTS);
        let rows = all.get(first..last).unwrap_or_default().iter().map(|event| {
            let of = event.target.and_then(|target| self.model.visible().get(target));
            [stamp(event.at, self.zone), of.map_or_else(String::new, |of| plain(&of.name)), plain(&event.text)]
        });
        if all.is_empty() {
            out.push_str("Nothing happened within the window.\n\n");
        }
        table(out, ["time", "target", "what happened"], rows);
        if all.len() > EVENTS {
            let (before, after) = (first as u64, (all.len() - last) as u64);
            let _ =
                writeln!(out, "{} before and {} after are left out.\n", many(before, "event"), many(after, "event"));
        }
    }
}

/// A line of the timeline.
fn line_of(when: String, column: Option<&Row>, state: Option<State>) -> [String; 9] {
    let mut remarks = Vec::new();
    if column.is_some_and(|row| row.restarted) {
        remarks.push("restarted");
    }
    let row = column.filter(|row| !row.silent);
    match column {
        None => remarks.push("not asked"),
        Some(row) if row.silent => remarks.push("no answer"),
        Some(_) => {}
    }
    let value = |shown: Option<String>| match row {
        Some(_) => known(shown),
        None => "–".to_owned(),
    };
    let of = |metric: Metric, show: fn(f64) -> String| row.and_then(|row| metric.of_counts(row)).map(show);
    let gauge = |field, show: fn(f64) -> String| row.and_then(|row| row.get(field)).map(show);
    let state = state.or(row.and_then(|row| row.state)).filter(|_| row.is_some());
    // Without questions there is no share of them: that is another thing than not to know.
    let idle = row.and_then(|row| row.get(Field::Questions)) == Some(0.0);
    let none = || idle.then(|| "–".to_owned());
    let unlooked = row.and_then(|row| Metric::Lookups.of_counts(row)) == Some(0.0);
    [
        when,
        value(state.map(|state| state_word(state).to_owned())),
        value(row.and_then(|row| row.rate(Field::Questions)).map(short)),
        value(of(Metric::DegradedRate, brief_share).or_else(none)),
        value(of(Metric::HitRate, brief_share).or_else(|| unlooked.then(|| "–".to_owned()))),
        value(gauge(Field::P95, time).or_else(none)),
        value(gauge(Field::InUse, number)),
        value(gauge(Field::Waiting, number)),
        remarks.join(", "),
    ]
}

#[cfg(test)]
mod tests;
