//! The sections about one server.

use std::fmt::Write;

use jiff::tz::TimeZone;

use super::{Server, incidents::Incident, measure::measure, server::Setting};
use crate::observe::{CountSource, Field, Metric};
use crate::util::{
    humanize::{age, known, many, number, share, time},
    markdown::{plain, table},
    time::stamp,
};

/// Incidents that are told.
const INCIDENTS: usize = 50;
/// Restarts of an incident that are told with their time.
const RESTARTS: usize = 5;

/// Heads of sections that a page may need.
pub(super) fn head(out: &mut String, level: usize, title: &str) {
    let _ = writeln!(out, "{} {title}\n", "#".repeat(level));
}

/// Whether anything is known about counts.
fn any(server: &Server, fields: &[Field]) -> bool {
    fields.iter().any(|field| server.counts.get(*field).is_some())
}

/// A table of names and values, or that nothing is told of it.
fn pairs<const N: usize>(out: &mut String, known: bool, rows: [(&str, String); N]) {
    if known {
        table(out, ["figure", "value"], rows.map(|(name, value)| [name.to_owned(), value]));
    } else {
        out.push_str("The server does not tell.\n\n");
    }
}

/// The settings of the server and their changes.
pub(super) fn configuration(out: &mut String, server: &Server, level: usize, zone: &TimeZone) {
    head(out, level, "Configuration");
    if server.settings.is_empty() {
        out.push_str("The server does not tell.\n\n");
    }
    let change = |setting: &Setting| {
        let mut told: Vec<String> = setting
            .changes
            .iter()
            .map(|(at, from, to)| format!("from {} to {} at {}", plain(from), plain(to), stamp(*at, zone)))
            .collect();
        let more = setting.changed - told.len() as u64;
        if more > 0 {
            told.push(format!("and {}", many(more, "more change")));
        }
        if told.is_empty() { "–".to_owned() } else { format!("**{}**", told.join("; ")) }
    };
    let rows = server.settings.iter().map(|(name, setting)| [plain(name), plain(&setting.value), change(setting)]);
    table(out, ["setting", "at the end", "changed"], rows);
}

/// The time of each breaker in each state.
pub(super) fn states(out: &mut String, server: &Server, level: usize) {
    head(out, level, "State shares");
    if server.breakers.is_empty() {
        out.push_str("The server does not tell of any breaker.\n\n");
    }
    let whole = server.lasted().as_secs_f64().max(0.001);
    let of = |part: std::time::Duration| share(part.as_secs_f64() / whole);
    let rows = server.breakers.iter().map(|breaker| {
        let [closed, open, half_open] = breaker.held.map(of);
        let longest = breaker.longest.map_or_else(|| "–".to_owned(), age);
        let trips = number(breaker.trips as f64);
        [plain(&breaker.name), closed, open, half_open, of(breaker.unknown), trips, longest]
    });
    let titles = ["breaker", "closed", "open", "half-open", "not known", "trips", "longest until closed again"];
    table(out, titles, rows);
}

/// Calls to the LLM.
pub(super) fn failures(out: &mut String, server: &Server, level: usize) {
    head(out, level, "Failures");
    let count = |field| known(server.counts.get(field).map(number));
    pairs(
        out,
        any(server, &[Field::Calls, Field::Failures, Field::Rejected])
            || server.peaks.get(Field::ConsecutiveFailures).is_some(),
        [
            ("calls to the LLM", count(Field::Calls)),
            ("failed", count(Field::Failures)),
            ("failure rate", known(measure(server, Metric::FailureRate).map(share))),
            ("rejected by breakers", count(Field::Rejected)),
            ("most failures in a row", known(server.peaks.get(Field::ConsecutiveFailures).map(number))),
        ],
    );
}

/// Connections to the LLM.
pub(super) fn pool(out: &mut String, server: &Server, level: usize) {
    head(out, level, "Pool");
    let peaks = &server.peaks;
    let most = server.settings.get("pool: most connections").map(|setting| format!(" of {}", setting.value));
    let use_of = peaks.pool_use.map(|used| format!(" ({})", share(used))).unwrap_or_default();
    let used = peaks.get(Field::InUse).map(|used| format!("{}{}{use_of}", number(used), most.unwrap_or_default()));
    let reuse = server.counts.reuse().map(share);
    let reuse = reuse.or_else(|| server.reuse_told.map(|told| format!("{} since its start", share(told))));
    let count = |field| known(server.counts.get(field).map(number));
    pairs(
        out,
        used.is_some() || peaks.get(Field::Waiting).is_some() || any(server, &[Field::Requests, Field::Opened]),
        [
            ("in use at most", known(used)),
            ("waiting at most", known(peaks.get(Field::Waiting).map(number))),
            ("requests", count(Field::Requests)),
            ("connections opened", count(Field::Opened)),
            ("reused", known(reuse)),
        ],
    );
}

/// The cache.
pub(super) fn cache(out: &mut String, server: &Server, level: usize) {
    head(out, level, "Cache");
    let lookups = Metric::Lookups.of_counts(&server.counts);
    let count = |field| known(server.counts.get(field).map(number));
    let of_lookups = |field| match server.counts.share_of(field, lookups) {
        Some(part) => format!("{} ({} of look-ups)", count(field), share(part)),
        None => count(field),
    };
    let rate = measure(server, Metric::HitRate).map(share);
    pairs(
        out,
        lookups.is_some() || server.peaks.get(Field::Fill).is_some(),
        [
            ("look-ups", known(lookups.map(number))),
            ("hit rate", known(rate.or_else(|| (lookups == Some(0.0)).then(|| "no look-ups".to_owned())))),
            ("hits in known words", of_lookups(Field::Exact)),
            ("hits in other words", of_lookups(Field::Semantic)),
            ("near answers refused", count(Field::Refused)),
            ("entries that made room", count(Field::Evictions)),
            ("full at most", known(server.peaks.get(Field::Fill).map(share))),
        ],
    );
}

/// Times to answers.
pub(super) fn latencies(out: &mut String, server: &Server, level: usize, zone: &TimeZone) {
    head(out, level, "Latencies");
    let [p50, p95, p99] = server.latency.map(|value| known(value.map(time)));
    let worst = server.worst_p95.map(|(value, at)| format!("{}, up to {}", time(value), stamp(at, zone)));
    pairs(
        out,
        server.latency.iter().any(Option::is_some),
        [
            ("p50", p50),
            ("p95", p95),
            ("p99", p99),
            ("answers", number(server.answers)),
            ("worst p95 of 5 min", known(worst)),
        ],
    );
}

/// Questions and what became of them.
pub(super) fn errors(out: &mut String, server: &Server, level: usize) {
    head(out, level, "Errors");
    let count = |field| known(server.counts.get(field).map(number));
    let rate = known(server.counts.rate(Field::Questions).map(number));
    pairs(
        out,
        any(server, &[Field::Questions, Field::Errors, Field::Degraded]),
        [
            ("questions", count(Field::Questions)),
            ("questions a second", rate),
            ("errors", count(Field::Errors)),
            ("error rate", known(measure(server, Metric::ErrorRate).map(share))),
            ("degraded answers", count(Field::Degraded)),
            ("degraded rate", known(measure(server, Metric::DegradedRate).map(share))),
            ("sentences in the documents", known(measure(server, Metric::SupportedRate).map(share))),
            ("answers that nothing supports", count(Field::Unsupported)),
        ],
    );
}

/// The incidents; of too many the worst.
pub(super) fn incidents(out: &mut String, server: &Server, level: usize, zone: &TimeZone) {
    head(out, level, "Incidents");
    if server.incidents.is_empty() {
        out.push_str("None.\n\n");
        return;
    }
    let mut told: Vec<&Incident> = server.incidents.iter().collect();
    told.sort_by_key(|incident| std::cmp::Reverse((incident.severity, incident.lasted())));
    told.truncate(INCIDENTS);
    told.sort_by_key(|incident| incident.begin);
    for incident in &told {
        one(out, incident, zone);
    }
    out.push('\n');
    let more = server.incidents.len() - told.len();
    if more > 0 {
        let _ = writeln!(out, "… and {more} more, none of them worse than these.\n");
    }
    if server.more_incidents > 0 {
        let _ = writeln!(out, "So much went wrong that {} of it were not kept.\n", many(server.more_incidents, "part"));
    }
}

fn one(out: &mut String, incident: &Incident, zone: &TimeZone) {
    let lasted = match (incident.lasted(), incident.ongoing) {
        (lasted, true) => format!("{}, not over at the end", age(lasted)),
        (lasted, false) if lasted.is_zero() => "at once over".to_owned(),
        (lasted, false) => age(lasted),
    };
    let _ = writeln!(out, "- **{}** ({}): {lasted}", stamp(incident.begin, zone), incident.severity);
    for away in &incident.upstreams {
        let (name, lasted) = (plain(&away.upstream), age(away.lasted));
        let how = if away.times == 1 { String::new() } else { format!(" {} times,", away.times) };
        let others = if away.replaced { ", others answered" } else { "" };
        let why = if away.reason.is_empty() { String::new() } else { format!(": {}", plain(&away.reason)) };
        let _ = writeln!(out, "  - upstream {name} was away{how} for {lasted}{others}{why}");
    }
    for opening in &incident.openings {
        let (name, lasted) = (plain(&opening.breaker), age(opening.lasted));
        let how = if opening.times == 1 { String::new() } else { format!(" {} times,", opening.times) };
        let why = if opening.reason.is_empty() { String::new() } else { format!(": {}", plain(&opening.reason)) };
        let _ = writeln!(out, "  - breaker {name} was open{how} for {lasted}{why}");
    }
    if let Some(silence) = &incident.silence {
        let times = if silence.times == 1 { String::new() } else { format!(", {} times", silence.times) };
        let (lasted, polls) = (age(silence.lasted), many(silence.polls, "poll"));
        let trouble = plain(&silence.trouble);
        let _ = writeln!(out, "  - unreachable for {lasted} ({polls} without an answer{times}): {trouble}");
    }
    if !incident.restarts.is_empty() {
        let mut when: Vec<String> = incident.restarts.iter().take(RESTARTS).map(|at| stamp(*at, zone)).collect();
        if incident.restarts.len() > RESTARTS {
            when.push(format!("and {} more", incident.restarts.len() - RESTARTS));
        }
        let _ = writeln!(out, "  - started anew, seen at {}", when.join(", "));
    }
    for alert in &incident.alerts {
        let times = if alert.times == 1 { String::new() } else { format!(" {} times,", alert.times) };
        let (since, lasted) = (stamp(alert.begin, zone), age(alert.lasted));
        let (name, severity) = (plain(&alert.name), alert.severity);
        let peak = format!("{} {}", alert.metric, plain(&alert.metric.show(alert.peak)));
        let text = plain(&alert.text);
        let _ =
            writeln!(out, "  - alert {name} ({severity}){times} from {since} for {lasted}, at worst {peak}: {text}");
    }
    let mut all_said: Vec<&String> = Vec::new();
    for said in incident.alerts.iter().filter_map(|alert| alert.said.as_ref()) {
        if all_said.contains(&said) {
            continue;
        }
        all_said.push(said);
        let _ = writeln!(out, "  - the dashboard said: {}", plain(said));
    }
    if let Some(meanwhile) = meanwhile(incident) {
        let _ = writeln!(out, "  - meanwhile: {meanwhile}");
    }
}

/// The figures of its time, those that are known.
fn meanwhile(incident: &Incident) -> Option<String> {
    let row = incident.meanwhile?;
    let of = |metric: Metric, name: &str| metric.of_counts(&row).map(|value| format!("{} {name}", share(value)));
    let questions = row.get(Field::Questions).map(|count| many(count as u64, "question"));
    let parts = [
        questions,
        incident.errors().map(|errors| format!("{} errors", share(errors))),
        of(Metric::DegradedRate, "degraded"),
        of(Metric::HitRate, "cache hits"),
        row.get(Field::P95).map(|p95| format!("p95 at most {}", time(p95))),
        row.get(Field::Waiting)
            .filter(|waiting| *waiting > 0.0)
            .map(|waiting| format!("{} waiting at most", number(waiting))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
