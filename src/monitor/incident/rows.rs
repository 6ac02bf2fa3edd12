//! The figures of the panels, one line each.

use std::time::Duration;

use crate::observe::{CountSource, Field, Metric};
use crate::util::{
    humanize::{age, brief_share, known, number, short, time},
    markdown::plain,
};
use crate::{monitor::model::history::Row, observe::Observation};

/// The figures of the panels.
pub(super) struct PanelRows<'a> {
    /// The row of the moment that is shown.
    pub row: Option<&'a Row>,
    /// The last answer; `None` while the past is shown.
    pub seen: Option<&'a Observation>,
}

impl PanelRows<'_> {
    fn get(&self, field: Field) -> Option<f64> {
        self.row?.get(field)
    }

    fn per_minute(&self, field: Field) -> Option<String> {
        Some(short(self.row?.rate(field)? * 60.0))
    }

    fn share(&self, metric: Metric) -> Option<String> {
        metric.of_counts(self.row?).map(brief_share)
    }

    fn line(panel: &str, name: &str, value: Option<String>) -> [String; 3] {
        [panel.to_owned(), name.to_owned(), known(value)]
    }

    pub fn calls(&self) -> Vec<[String; 3]> {
        let idle = self.get(Field::Calls) == Some(0.0);
        let rate = self.share(Metric::FailureRate).or_else(|| idle.then(|| "no calls".to_owned()));
        vec![
            Self::line("breaker", "failing calls", rate),
            Self::line("breaker", "calls a minute", self.per_minute(Field::Calls)),
            Self::line("breaker", "failures in a row", self.get(Field::ConsecutiveFailures).map(number)),
            Self::line("breaker", "rejected a minute", self.per_minute(Field::Rejected)),
        ]
    }

    pub fn cache(&self) -> Vec<[String; 3]> {
        let cache = self.seen.and_then(|seen| seen.cache.as_ref());
        let of = |field| self.row.and_then(|row| row.share(field, &[Field::Hits, Field::Misses])).map(brief_share);
        let looks = self.row.and_then(|row| Some((row.rate(Field::Hits)? + row.rate(Field::Misses)?) * 60.0));
        let idle = self.row.and_then(|row| Metric::Lookups.of_counts(row)) == Some(0.0);
        let hits = self.share(Metric::HitRate).or_else(|| idle.then(|| "no look-ups".to_owned()));
        let mut rows = vec![
            Self::line("cache", "hit rate", hits),
            Self::line("cache", "of it in known words", of(Field::Exact)),
            Self::line("cache", "of it in other words", of(Field::Semantic)),
            Self::line("cache", "look-ups a minute", looks.map(short)),
            Self::line("cache", "refused a minute", self.per_minute(Field::Refused)),
            Self::line("cache", "full", self.get(Field::Fill).map(brief_share)),
            Self::line("cache", "evictions a minute", self.per_minute(Field::Evictions)),
        ];
        if let Some((size, most)) = cache.and_then(|cache| cache.size.zip(cache.max_size)) {
            rows.push(Self::line("cache", "entries", Some(format!("{} of {}", number(size), number(most)))));
        }
        if cache.is_some_and(|cache| cache.enabled == Some(false)) {
            rows.push(Self::line("cache", "state", Some("off".to_owned())));
        }
        rows
    }

    pub fn pool(&self) -> Vec<[String; 3]> {
        let pool = self.seen.and_then(|seen| seen.pool.as_ref());
        let most = pool.and_then(|pool| pool.maxsize).map(|most| format!(" of {}", number(most))).unwrap_or_default();
        let reused = self.row.and_then(|row| row.reuse());
        let reused = reused.or(pool.and_then(|pool| pool.reuse_rate));
        let mut rows = vec![
            Self::line("pool", "in use", self.get(Field::InUse).map(|used| number(used) + &most)),
            Self::line("pool", "idle", self.get(Field::Idle).map(number)),
            Self::line("pool", "waiting", self.get(Field::Waiting).map(number)),
            Self::line("pool", "connections reused", reused.map(brief_share)),
        ];
        for (path, endpoint) in pool.map(|pool| &pool.endpoints).into_iter().flatten() {
            let times = &endpoint.latency_ms;
            let times = [("p50", times.p50), ("p95", times.p95), ("p99", times.p99)];
            let times = times.map(|(name, value)| format!("{name} {}", known(value.map(time)))).join(", ");
            let requests = endpoint.requests.map(|requests| format!("{} requests", number(requests)));
            let errors = endpoint.errors.map(|errors| format!("{} errors", number(errors)));
            let said: Vec<String> = requests.into_iter().chain(errors).chain([times]).collect();
            rows.push(Self::line("pool", &plain(path), Some(said.join(", "))));
        }
        let clients = pool.map(|pool| &pool.clients).filter(|clients| clients.len() > 1);
        for (name, client) in clients.into_iter().flatten() {
            let used = client.in_use.map(|used| match client.maxsize {
                Some(most) => format!("{} of {} in use", number(used), number(most)),
                None => format!("{} in use", number(used)),
            });
            let waiting = client.waiting.map(|waiting| format!("{} waiting", number(waiting)));
            let requests = client.requests.map(|requests| format!("{} requests", number(requests)));
            let said: Vec<String> = used.into_iter().chain(waiting).chain(requests).collect();
            rows.push(Self::line("pool", &plain(name), (!said.is_empty()).then(|| said.join(", "))));
        }
        rows
    }

    pub fn answers(&self) -> Vec<[String; 3]> {
        let times = |field| self.get(field).map(time);
        let idle = |what: &str| (self.get(Field::Questions) == Some(0.0)).then(|| what.to_owned());
        let errors = self.share(Metric::ErrorRate).filter(|_| self.get(Field::Questions).is_some());
        vec![
            Self::line("answers", "questions a second", self.row.and_then(|row| row.rate(Field::Questions)).map(short)),
            Self::line("answers", "p50", times(Field::P50).or_else(|| idle("no answers"))),
            Self::line("answers", "p95", times(Field::P95).or_else(|| idle("no answers"))),
            Self::line("answers", "p99", times(Field::P99).or_else(|| idle("no answers"))),
            Self::line("answers", "degraded", self.share(Metric::DegradedRate).or_else(|| idle("no answers"))),
            Self::line("answers", "errors", errors.or_else(|| idle("no questions"))),
        ]
    }

    /// `ago`: how long ago the server told what is seen.
    pub fn system(&self, ago: Duration) -> Vec<[String; 3]> {
        let health = self.seen.and_then(|seen| seen.health.as_ref());
        let share = |field| self.get(field).map(brief_share);
        let mut rows = vec![
            Self::line("system", "cpu", share(Field::Cpu)),
            Self::line("system", "memory", share(Field::Memory)),
            Self::line("system", "disk", share(Field::Disk)),
            Self::line("system", "process", self.get(Field::Resident).map(|mib| format!("{} MiB", short(mib)))),
        ];
        for (name, field) in [
            ("files queued", Field::SyncQueued),
            ("files failed", Field::SyncFailed),
            ("deletions held", Field::SyncHeld),
            ("documents to reindex", Field::ReindexDocuments),
        ] {
            if let Some(number) = self.get(field).filter(|number| *number > 0.0) {
                rows.push(Self::line("system", name, Some(short(number))));
            }
        }
        if let Some(status) = health.and_then(|health| health.status.as_deref()) {
            rows.push(Self::line("system", "calls itself", Some(plain(status))));
        }
        if let Some(version) = health.and_then(|health| health.version.as_deref()) {
            rows.push(Self::line("system", "version", Some(plain(version))));
        }
        if let Some(up) = health.and_then(|health| health.uptime_seconds).filter(|up| *up >= 0.0) {
            let up = Duration::from_secs_f64(up.min(1e10)) + ago;
            rows.push(Self::line("system", "up", Some(age(up))));
        }
        rows
    }
}
