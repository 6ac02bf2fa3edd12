//! The report as a page of Markdown.

use std::fmt::Write;

use jiff::tz::TimeZone;

use super::{
    goals::{GoalResult, GoalStatus},
    measure::measure,
    sections::{self, head},
    server::Server,
    summary::{DeploymentReport, LoadTest, ReportSource},
    upstreams,
};
use crate::observe::Metric;
use crate::util::{
    humanize::{UNKNOWN, age, known, many, number, share, time},
    markdown::{code, plain, table},
    time::stamp,
};

/// The report as Markdown: the recommendation first, then what it rests on. `bench` are load tests of the same
/// deployment. Nothing that a server says breaks out of its place.
pub fn markdown(report: &DeploymentReport, bench: &[LoadTest], zone: &TimeZone) -> String {
    let mut out = String::new();
    let title = match report.servers.as_slice() {
        [only] => plain(&only.name),
        all => many(all.len() as u64, "server"),
    };
    head(&mut out, 1, &format!("Deployment report: {title}"));
    let advice = report.advice(bench);
    let reasons: Vec<String> = advice.reasons.iter().map(|reason| plain_reason(reason)).collect();
    let _ = writeln!(out, "**Recommendation: {}.** {}\n", advice.what.as_str(), reasons.join(" "));
    match report.servers.as_slice() {
        [only] => {
            head(&mut out, 2, "What was watched");
            watched(&mut out, report, only, zone);
            about(&mut out, only, 2, zone, bench);
        }
        all => {
            overall(&mut out, report, zone);
            load_tests(&mut out, 2, bench);
            for server in all {
                head(&mut out, 2, &plain(&server.name));
                let advice = server.advice();
                let reasons = plain_reason(&advice.reasons.join(" "));
                let _ = writeln!(out, "**{}**: {reasons}\n", advice.what.as_str());
                head(&mut out, 3, "What was watched");
                watched(&mut out, report, server, zone);
                about(&mut out, server, 3, zone, &[]);
            }
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// A reason is longer than what a server may say at once.
fn plain_reason(reason: &str) -> String {
    let chars: Vec<char> = reason.chars().collect();
    chars.chunks(400).map(|part| plain_part(&part.iter().collect::<String>())).collect()
}

/// As [`plain`], which trims.
fn plain_part(part: &str) -> String {
    let (before, after) = (part.starts_with(' '), part.ends_with(' '));
    format!("{}{}{}", if before { " " } else { "" }, plain(part), if after { " " } else { "" })
}

/// All that there is to say about one server.
fn about(out: &mut String, server: &Server, level: usize, zone: &TimeZone, bench: &[LoadTest]) {
    sections::configuration(out, server, level, zone);
    head(out, level, "Targets");
    goals(out, &server.goals);
    sections::states(out, server, level);
    upstreams::section(out, server, level);
    sections::failures(out, server, level);
    sections::pool(out, server, level);
    sections::cache(out, server, level);
    sections::latencies(out, server, level, zone);
    sections::errors(out, server, level);
    load_tests(out, level, bench);
    sections::incidents(out, server, level, zone);
}

/// All servers at a glance.
fn overall(out: &mut String, report: &DeploymentReport, zone: &TimeZone) {
    head(out, 2, "Overall");
    let (first, last) = report.span;
    let (from, to, lasted) = (stamp(first, zone), stamp(last, zone), age(last.since(first)));
    let _ = writeln!(out, "From {from} to {to}, {lasted}.{}\n", read(&report.sources));
    let rows = report.servers.iter().map(|server| {
        let of = |metric, show: fn(f64) -> String| known(measure(server, metric).map(show));
        let missed = server.goals.iter().filter(|goal| goal.status == GoalStatus::Missed).count();
        let trips: usize = server.breakers.iter().map(|breaker| breaker.trips).sum();
        [
            plain(&server.name),
            server.advice().what.as_str().to_owned(),
            of(Metric::Unreachable, |value| share(1.0 - value)),
            of(Metric::Questions, number),
            of(Metric::ErrorRate, share),
            of(Metric::DegradedRate, share),
            of(Metric::HitRate, share),
            of(Metric::P95, time),
            if server.breakers.is_empty() { UNKNOWN.to_owned() } else { number(trips as f64) },
            number(server.incidents.len() as f64),
            format!("{missed} of {}", server.goals.len()),
        ]
    });
    let head = [
        "server",
        "recommendation",
        "availability",
        "questions",
        "errors",
        "degraded",
        "hits",
        "p95",
        "trips",
        "incidents",
        "targets missed",
    ];
    table(out, head, rows);
}

/// What there is to know about how the server was watched.
fn watched(out: &mut String, report: &DeploymentReport, server: &Server, zone: &TimeZone) {
    let [polls, failed] = server.polls;
    let answered = polls.saturating_sub(failed);
    let (gaps, all, longest) = server.gaps;
    let gaps = match gaps {
        0 => "none".to_owned(),
        1 => format!("1, of {}", age(longest)),
        count => format!("{}, {} in all, the longest {}", number(count as f64), age(all), age(longest)),
    };
    let versions = server.settings.get("version").map(|setting| {
        let before = setting.changes.iter().map(|(_, from, _)| from);
        let mut versions: Vec<&String> = before.chain([&setting.value]).collect();
        versions.dedup();
        versions.into_iter().map(|version| plain(version)).collect::<Vec<_>>().join(", then ")
    });
    let every = server.interval.map(|interval| {
        let whole = if interval.as_secs() >= 2 { interval + std::time::Duration::from_millis(500) } else { interval };
        if whole.as_secs() >= 2 { age(whole) } else { time(interval.as_secs_f64() * 1e3) }
    });
    let rows = [
        ("server", plain(&server.url)),
        ("version", known(versions)),
        ("from", stamp(server.first, zone)),
        ("to", stamp(server.last, zone)),
        ("duration", age(server.lasted())),
        (
            "polls",
            // Their share is no availability: who does not answer is asked less often.
            format!("{}, {} answered", number(polls as f64), number(answered as f64)),
        ),
        ("time from poll to poll", known(every)),
        ("time covered by answers", share(server.coverage())),
        ("gaps without polls", gaps),
        ("restarts", number(f64::from(server.restarts))),
    ];
    table(out, ["", ""], rows.map(|(name, value)| [name.to_owned(), value]));
    if let [_] = report.servers.as_slice() {
        let read = read(&report.sources);
        if !read.is_empty() {
            let _ = writeln!(out, "{}\n", read.trim_start());
        }
    }
}

/// The recordings that were read, and the lines in them that were not used.
fn read(sources: &[ReportSource]) -> String {
    let mut out = String::new();
    for source in sources {
        let _ = write!(out, " Read {}: {}", plain(&source.name), many(source.polls, "poll"));
        if source.damaged > 0 {
            let _ = write!(out, ", {} could not be read", many(source.damaged, "damaged line"));
        }
        if source.truncated {
            out.push_str(", it ends within a line, as after a crash");
        }
        if source.passed_over > 0 {
            let _ = write!(out, ", {} passed over, as not later than what was known", many(source.passed_over, "poll"));
        }
        out.push('.');
    }
    out
}

fn goals(out: &mut String, goals: &[GoalResult]) {
    let rows = goals.iter().map(|goal| {
        let status = goal.status.as_str();
        let target = if goal.given { code(&goal.target) } else { goal.target.clone() };
        [
            goal.metric.to_owned(),
            target,
            goal.measured.clone(),
            if goal.status == GoalStatus::Missed { format!("**{status}**") } else { status.to_owned() },
        ]
    });
    table(out, ["figure", "target", "measured", "verdict"], rows);
}

/// The results of load tests.
fn load_tests(out: &mut String, level: usize, bench: &[LoadTest]) {
    if bench.is_empty() {
        return;
    }
    head(out, level, "Load test");
    let rows = bench.iter().map(|bench| {
        [
            plain(&bench.name),
            plain(&bench.url),
            plain(&bench.when),
            number(bench.requests as f64),
            share(bench.errors_percent / 100.0),
            number(bench.rps),
            known(bench.p50.map(time)),
            known(bench.p95.map(time)),
            known(bench.p99.map(time)),
        ]
    });
    table(out, ["test", "server", "when", "requests", "errors", "answers/s", "p50", "p95", "p99"], rows);
    let gates = bench.iter().flat_map(|bench| {
        bench.verdicts.iter().map(|(gate, verdict)| {
            let shown = plain(verdict);
            [plain(&bench.name), plain(gate), if verdict == "met" { shown } else { format!("**{shown}**") }]
        })
    });
    table(out, ["test", "gate", "verdict"], gates);
    for bench in bench {
        for note in &bench.notes {
            let _ = writeln!(out, "- about {}: {}", plain(&bench.name), plain(note));
        }
    }
    if bench.iter().any(|bench| !bench.notes.is_empty()) {
        out.push('\n');
    }
}
