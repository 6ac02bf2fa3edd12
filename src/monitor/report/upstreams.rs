//! The upstreams of a server over the whole time, where they are several: of one there is nothing to say that its breaker
//! does not.

use std::{fmt::Write, time::Duration};

use super::{
    Server,
    openings::{Opening, openings},
    sections::head,
};
use crate::{
    monitor::model::upstreams::{UpstreamLine, Upstreams},
    observe::{CountSource, Field, Metric},
    util::{
        humanize::{UNKNOWN, age, known, number, share},
        markdown::{plain, table},
        time::UnixMillis,
    },
};

/// An upstream over the whole time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamHistory {
    /// Its name.
    pub name: String,
    /// Its model, as it was told last.
    pub model: Option<String>,
    /// The time in which it was there.
    pub there: Duration,
    /// The time in which it was away.
    pub away: Duration,
    /// How often it was away.
    pub times: usize,
    /// The longest time for which it was away.
    pub longest: Option<Duration>,
}

impl UpstreamHistory {
    pub(super) fn new(upstream: &UpstreamLine, from: UnixMillis, to: UnixMillis) -> Self {
        let [there, away, _] = upstream.line.shares(from, to);
        let outages = openings(&upstream.line, from, to);
        Self {
            name: upstream.name.clone(),
            model: upstream.model.clone(),
            there,
            away,
            times: outages.len(),
            longest: outages.iter().map(Opening::lasted).max(),
        }
    }

    /// Share of the time that is known in which it was there; `None` when nothing is known.
    pub fn availability(&self) -> Option<f64> {
        let known = self.there + self.away;
        (!known.is_zero()).then(|| self.there.as_secs_f64() / known.as_secs_f64())
    }
}

/// Share of the time that is known of any upstream in which none was there; `None` without several.
pub(super) fn share_without(upstreams: &Upstreams, from: UnixMillis, to: UnixMillis) -> Option<f64> {
    let known = |upstream: &UpstreamLine| upstream.line.shares(from, to).iter().sum();
    let known: Duration = upstreams.iter().map(known).max()?;
    let without = upstreams.all_away(from, to);
    (!known.is_zero()).then(|| (without.as_secs_f64() / known.as_secs_f64()).min(1.0))
}

/// Who was there and for how long, and how often others took over.
pub(super) fn section(out: &mut String, server: &Server, level: usize) {
    if server.upstreams.is_empty() {
        return;
    }
    head(out, level, "Upstreams");
    let whole = server.lasted();
    let rows = server.upstreams.iter().map(|upstream| {
        let unknown = whole.saturating_sub(upstream.there + upstream.away);
        [
            plain(&upstream.name),
            upstream.model.as_deref().map_or_else(|| UNKNOWN.to_owned(), plain),
            known(upstream.availability().map(share)),
            share(unknown.as_secs_f64() / whole.as_secs_f64().max(0.001)),
            number(upstream.times as f64),
            upstream.longest.map_or_else(|| "–".to_owned(), age),
        ]
    });
    table(out, ["upstream", "model", "there", "not known", "times away", "longest away"], rows);
    let of_answers = server.counts.share(Field::Failovers, &[Field::Questions]);
    let of_answers = of_answers.map(|part| format!(", {} of the questions", share(part))).unwrap_or_default();
    let a_minute = Metric::FailoversPerMinute.of_counts(&server.counts);
    let a_minute = a_minute.map(|rate| format!(", {} a minute", number(rate))).unwrap_or_default();
    let taken_over =
        server.counts.get(Field::Failovers).map(|count| format!("{}{a_minute}{of_answers}", number(count)));
    let without = known(server.without_upstream.map(share));
    let _ = writeln!(
        out,
        "Answers that another upstream took over: {}. None was there for {without} of the known time.\n",
        known(taken_over)
    );
}
