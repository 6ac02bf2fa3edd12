//! What each panel of the stack says and draws.

use std::time::Duration;

use ratatui::text::{Line, Span};

use super::{layout::Panel, panel_data::PanelData, plot::Plot, theme::StyleRole};
use crate::observe::{CountSource, Field, Metric};
use crate::util::{
    humanize::{UNKNOWN, age, brief_share, count, short, time},
    text::clean,
    time::UnixMillis,
};
use crate::{
    monitor::model::{event::state_word, history::Row, timeline::Timeline},
    resilience::State,
};

/// Something over time, with the words that belong to it.
pub struct Series {
    /// What it is, and how it is at the moment that is shown.
    pub words: Line<'static>,
    /// More about it, where there is room.
    pub more: Vec<Line<'static>>,
    /// Over time.
    pub plot: Plot,
    /// The value that the height of the plot stands for.
    pub scale: Option<String>,
}

/// A panel as it is to be drawn.
pub struct Content {
    /// Its name.
    pub title: &'static str,
    /// What stands beside the name, the most important first.
    pub remarks: Vec<Span<'static>>,
    /// The most important first.
    pub series: Vec<Series>,
}

impl PanelData<'_> {
    /// The panel.
    pub fn content(&self, panel: Panel) -> Content {
        match panel {
            Panel::Breaker => self.breaker(),
            Panel::Cache => self.cache(),
            Panel::Pool => self.pool(),
            Panel::Answers => self.answers(),
            Panel::System => self.system(),
        }
    }

    fn breaker(&self) -> Content {
        let mut remarks = Vec::new();
        let trips: usize = self.target.breakers.values().map(|line| line.trips(UnixMillis(0), self.shown)).sum();
        if !self.target.breakers.is_empty() {
            remarks.push(match trips {
                0 => self.dim("no trips"),
                1 => self.say("1 trip", StyleRole::Plain),
                many => self.say(format!("{} trips", count(many as u64)), StyleRole::Plain),
            });
        }
        if let Some(left) = self.probe_in() {
            remarks.push(
                self.say(
                    if left > 0 { format!("next probe in {left} s") } else { "probe due".into() },
                    StyleRole::Warn,
                ),
            );
        }
        if let Some(rejected) = self.per_minute(Field::Rejected).filter(|rejected| *rejected > 0.0) {
            remarks.push(self.dim(format!("{} rejected/min", short(rejected))));
        }
        let states = self.target.breakers.iter().map(|(name, line)| self.states(name, line));
        let mut series: Vec<Series> = states.collect();
        if series.is_empty() {
            series.push(Series {
                words: Line::from(self.pair("breaker", None, StyleRole::Plain)),
                more: Vec::new(),
                plot: Plot::Nothing,
                scale: None,
            });
        }
        let rate = self.share(Metric::FailureRate);
        let idle = self.get(Field::Calls) == Some(0.0);
        let said = rate.map(brief_share).or_else(|| idle.then(|| "no calls".to_owned()));
        let mut words = self.pair(
            "failing",
            said,
            if rate.is_some_and(|rate| rate >= 0.05) { StyleRole::Bad } else { StyleRole::Plain },
        );
        if let Some(row) = self.get(Field::ConsecutiveFailures).filter(|row| *row > 0.0) {
            words.push(self.say(format!(", {row:.0} in a row"), StyleRole::Warn));
        }
        let calls = self.pairs(vec![("calls/min", self.per_minute(Field::Calls).map(short))]);
        series.push(Series {
            words: Line::from(words),
            more: vec![calls],
            plot: self.offered(&[Field::Calls, Field::Failures], || {
                Plot::shares(self.metric(Metric::FailureRate), StyleRole::Bad)
            }),
            scale: Some("100 %".to_owned()),
        });
        Content { title: "Breaker", remarks, series }
    }

    /// One breaker: how it is, and how it was.
    fn states(&self, name: &str, line: &Timeline) -> Series {
        // Between the last poll and now nothing else is known.
        let last = self.target.last_success.filter(|told| *told <= self.shown);
        let state = self.row.and_then(|_| line.at(self.shown).or_else(|| line.at(last?)));
        // An outage lasts through its probes.
        let since = match state {
            Some(State::Open) => line.outage(self.shown),
            Some(_) => line.since(self.shown),
            None => None,
        };
        let mut words = vec![self.say(format!("{name} "), StyleRole::Plain)];
        words.push(match state {
            Some(State::Closed) => self.say(state_word(State::Closed), StyleRole::Good),
            Some(state) => {
                let text = format!(" {} ", state_word(state).to_uppercase());
                Span::styled(text, self.theme.loud(StyleRole::of_state(state)))
            }
            None => self.dim(UNKNOWN),
        });
        words.extend(since.map(|since| self.dim(format!(" {}", age(self.shown.since(since))))));
        let (begin, end) = self.bounds;
        let states = line.columns(begin, end, self.columns.len());
        let known = |(state, row): (&Option<State>, &Option<Row>)| state.or(row.and_then(|row| line.at(row.at)));
        let states = states.iter().zip(&self.columns).map(known).collect();
        let silent = self.columns.iter().map(|row| row.is_some_and(|row| row.silent)).collect();
        Series { words: Line::from(words), more: Vec::new(), plot: Plot::States { states, silent }, scale: None }
    }

    /// Seconds until the next probe.
    fn probe_in(&self) -> Option<u64> {
        let told = self.target.last_success?;
        let waits = self.seen?.breakers.values().filter(|breaker| breaker.state == Some(State::Open));
        let left = waits.filter_map(|breaker| breaker.retry_after_seconds).reduce(f64::min)?;
        Some((left - self.shown.since(told).as_secs_f64()).max(0.0).round() as u64)
    }

    fn cache(&self) -> Content {
        let cache = self.seen.and_then(|seen| seen.cache.as_ref());
        let mut remarks = Vec::new();
        if cache.is_some_and(|cache| cache.enabled == Some(false)) {
            remarks.push(self.say("off", StyleRole::Warn));
        }
        if let Some((size, most)) = cache.and_then(|cache| cache.size.zip(cache.max_size)) {
            remarks.push(self.dim(format!("{} of {} entries", short(size), short(most))));
        }
        if let Some(fill) = self.get(Field::Fill) {
            let role = if fill > 0.9 { StyleRole::Warn } else { StyleRole::Dim };
            remarks.push(self.say(format!("{} full", brief_share(fill)), role));
        }
        let told = cache.and_then(|cache| cache.evictions_per_minute);
        if let Some(evictions) = self.per_minute(Field::Evictions).or(told) {
            let role = if evictions > 10.0 { StyleRole::Warn } else { StyleRole::Dim };
            remarks.push(self.say(format!("{} evictions/min", short(evictions)), role));
        }
        let hits = self.share(Metric::HitRate);
        let lookups = self.share(Metric::Lookups);
        let of = |field| self.row.and_then(|row| row.share(field, &[Field::Hits, Field::Misses])).map(brief_share);
        let said = hits.map(brief_share).or_else(|| (lookups == Some(0.0)).then(|| "no look-ups".to_owned()));
        let kinds = self.pairs(vec![("exact", of(Field::Exact)), ("semantic", of(Field::Semantic))]);
        let volume = self.row.and_then(|row| Some((row.rate(Field::Hits)? + row.rate(Field::Misses)?) * 60.0));
        let rates = |row: &Row| Some((row.rate(Field::Hits)? + row.rate(Field::Misses)?) * 60.0);
        let looks = self.offered(&[Field::Hits, Field::Misses], || Plot::scaled(self.bars(rates), StyleRole::Second));
        Content {
            title: "Cache",
            remarks,
            series: vec![
                Series {
                    words: Line::from(self.pair("hits", said, StyleRole::Accent)),
                    more: vec![kinds],
                    plot: self.offered(&[Field::Hits, Field::Misses], || {
                        Plot::shares(self.metric(Metric::HitRate), StyleRole::Accent)
                    }),
                    scale: Some("100 %".to_owned()),
                },
                Series {
                    words: self.pairs(vec![
                        ("look-ups/min", volume.map(short)),
                        ("refused", self.per_minute(Field::Refused).map(short)),
                    ]),
                    more: Vec::new(),
                    scale: looks.top().map(short),
                    plot: looks,
                },
            ],
        }
    }

    fn pool(&self) -> Content {
        let pool = self.seen.and_then(|seen| seen.pool.as_ref());
        let most = self.target.latest.as_ref().and_then(|seen| seen.pool.as_ref()?.maxsize).filter(|most| *most > 0.0);
        let mut remarks = Vec::new();
        if let Some(most) = most {
            remarks.push(self.dim(format!("{most:.0} at most")));
        }
        let reused = self.row.and_then(|row| row.reuse());
        if let Some(reused) = reused.or(pool.and_then(|pool| pool.reuse_rate)) {
            remarks.push(self.dim(format!("{} reused", brief_share(reused))));
        }
        if let Some(requests) = self.per_minute(Field::Requests) {
            remarks.push(self.dim(format!("{} requests/min", short(requests))));
        }
        let whole = |field| self.get(field).map(|value| format!("{value:.0}"));
        let used = self.gauge(Field::InUse);
        let used = self.offered(&[Field::InUse], || match most {
            Some(top) => Plot::Bars { values: used, top, role: StyleRole::Accent, alarm: Some(top * 0.95) },
            None => Plot::scaled(used, StyleRole::Accent),
        });
        let waiting = self.get(Field::Waiting);
        let role = if waiting.is_some_and(|waiting| waiting >= 1.0) { StyleRole::Warn } else { StyleRole::Plain };
        let waits = self.offered(&[Field::Waiting], || Plot::scaled(self.gauge(Field::Waiting), StyleRole::Warn));
        let endpoints = pool.map(|pool| &pool.endpoints).into_iter().flatten();
        let endpoints = endpoints.filter(|(_, endpoint)| endpoint.requests != Some(0.0)).map(|(path, endpoint)| {
            let times = &endpoint.latency_ms;
            let mut line = vec![self.say(format!("{path} "), StyleRole::Plain)];
            for (name, value) in [("p50", times.p50), ("p95", times.p95)] {
                line.extend(self.pair(name, value.map(brief), StyleRole::Plain));
                line.push(Span::raw(" "));
            }
            Line::from(line)
        });
        Content {
            title: "Pool",
            remarks,
            series: vec![
                Series {
                    words: self.pairs(vec![("in use", whole(Field::InUse)), ("idle", whole(Field::Idle))]),
                    more: endpoints.collect(),
                    scale: used.top().map(short),
                    plot: used,
                },
                Series {
                    words: Line::from(self.pair("waiting", whole(Field::Waiting), role)),
                    more: self.clients(),
                    scale: waits.top().map(short),
                    plot: waits,
                },
            ],
        }
    }

    fn answers(&self) -> Content {
        let times = |field| self.get(field).map(brief);
        let traffic = self.target.latest.as_ref().is_some_and(|seen| seen.traffic.is_some());
        let mut remarks = Vec::new();
        if !traffic && self.target.latest.is_some() {
            remarks.push(self.dim("n/a: the server has no /metrics"));
        }
        remarks.extend(self.upstream_remarks());
        let errors = self.share(Metric::ErrorRate).filter(|_| self.get(Field::Questions).is_some());
        if let Some(errors) = errors {
            let role = if errors >= 0.05 { StyleRole::Bad } else { StyleRole::Dim };
            remarks.push(self.say(format!("{} errors", brief_share(errors)), role));
        }
        let traffic_plot = |plot| if traffic || self.target.latest.is_none() { plot } else { Plot::Unknown };
        if let Some(degraded) = self.share(Metric::DegradedRate).filter(|degraded| *degraded > 0.0) {
            let role = if degraded >= 0.05 { StyleRole::Warn } else { StyleRole::Dim };
            remarks.push(self.say(format!("{} degraded", brief_share(degraded)), role));
        }
        if let Some(supported) = self.share(Metric::SupportedRate).filter(|supported| *supported < 1.0) {
            let role = if supported < 0.8 { StyleRole::Warn } else { StyleRole::Dim };
            remarks.push(self.say(format!("{} supported", brief_share(supported)), role));
        }
        let slow = traffic_plot(Plot::scaled(self.gauge(Field::P95), StyleRole::Accent));
        let asked = traffic_plot(Plot::scaled(self.bars(|row| row.rate(Field::Questions)), StyleRole::Second));
        let rate = self.row.and_then(|row| row.rate(Field::Questions));
        let degraded = self.share(Metric::DegradedRate);
        let said = degraded.map(brief_share).or_else(|| (rate == Some(0.0)).then(|| "no answers".to_owned()));
        let role = if degraded.is_some_and(|share| share >= 0.05) { StyleRole::Warn } else { StyleRole::Plain };
        let quick = self.row.is_some_and(|row| row.get(Field::P50).is_none() && rate == Some(0.0));
        let latency = match quick {
            true => Line::from(self.pair("latency", Some("no answers".to_owned()), StyleRole::Plain)),
            false => {
                self.pairs(vec![("p50", times(Field::P50)), ("p95", times(Field::P95)), ("p99", times(Field::P99))])
            }
        };
        let mut content = Content {
            title: "Answers",
            remarks,
            series: vec![
                Series {
                    words: latency,
                    more: Vec::new(),
                    scale: slow.top().map(|top| format!("p95 {}", brief(top))),
                    plot: slow,
                },
                Series {
                    words: self.pairs(vec![("questions/s", rate.map(short))]),
                    more: Vec::new(),
                    scale: asked.top().map(short),
                    plot: asked,
                },
                Series {
                    words: Line::from(self.pair("degraded", said, role)),
                    more: Vec::new(),
                    plot: self.offered(&[Field::Questions, Field::Degraded], || {
                        Plot::shares(self.metric(Metric::DegradedRate), StyleRole::Warn)
                    }),
                    scale: Some("100 %".to_owned()),
                },
            ],
        };
        content.series.extend(self.upstreams());
        content
    }

    /// What is the matter with the work on documents, while something is.
    fn documents(&self) -> Vec<Span<'static>> {
        let number = |field| self.get(field).filter(|number| *number > 0.0);
        let one = |field, what: &str, role| number(field).map(|n| self.say(format!("{} files {what}", short(n)), role));
        let held = number(Field::SyncHeld)
            .map(|n| self.say(format!("{} deletions wait for POST /api/sync", short(n)), StyleRole::Bad));
        let queued = one(Field::SyncQueued, "queued", StyleRole::Plain);
        let failed = one(Field::SyncFailed, "failed", StyleRole::Warn);
        let reindex = number(Field::ReindexDocuments)
            .map(|n| self.say(format!("reindex: {} documents to make", short(n)), StyleRole::Plain));
        held.into_iter().chain(queued).chain(failed).chain(reindex).collect()
    }

    fn system(&self) -> Content {
        let health = self.seen.and_then(|seen| seen.health.as_ref());
        let mut remarks = Vec::new();
        if let Some(version) = health.and_then(|health| health.version.as_deref()) {
            remarks.push(self.dim(format!("version {}", clean(version))));
        }
        if let Some(up) = health.and_then(|health| health.uptime_seconds).filter(|up| *up >= 0.0) {
            remarks.push(self.dim(format!("up {}", age(Duration::from_secs_f64(up.min(1e10))))));
        }
        if let Some(resident) = self.get(Field::Resident) {
            remarks.push(self.dim(format!("{} MiB", short(resident))));
        }
        if let Some(disk) = self.get(Field::Disk) {
            let role = if disk > 0.9 { StyleRole::Warn } else { StyleRole::Dim };
            remarks.push(self.say(format!("disk {}", brief_share(disk)), role));
        }
        remarks.extend(self.documents());
        let share = |field| self.get(field).map(brief_share);
        let one = |name: &'static str, field| Series {
            words: Line::from(self.pair(name, share(field), StyleRole::Plain)),
            more: Vec::new(),
            plot: self.offered(&[field], || Plot::shares(self.gauge(field), StyleRole::Second)),
            scale: Some("100 %".to_owned()),
        };
        Content { title: "System", remarks, series: vec![one("cpu", Field::Cpu), one("memory", Field::Memory)] }
    }
}

/// A time in few letters.
fn brief(millis: f64) -> String {
    match millis {
        m if m < 9.95 => time(m).replace(".00", ""),
        m if m < 999.5 => format!("{m:.0} ms"),
        m if m < 99_950.0 => format!("{:.1} s", m / 1e3),
        m => time(m),
    }
}
