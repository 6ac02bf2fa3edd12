//! `--once`: one look at each server, or at a whole recording, with the exit status that CI wants.

use std::{fmt::Write, path::Path, time::Duration};

use anyhow::Context;
use futures::future::join_all;
use serde_json::{Value, json};

use super::session::{names, recorded_interval, recorder};
use crate::observe::record::{Poll, Recording};
use crate::observe::{Field, Metric};
use crate::util::{
    humanize::{age, brief_share, known, short, time},
    text::clean,
    time::UnixMillis,
};
use crate::{
    cli::{ExitStatus, MonitorArgs, settings::MonitorSettings},
    commands::print,
    monitor::{
        alerts::{Rules, Severity},
        model::{Message, Model, event::EventKind, target::Freshness},
        pace::Pace,
        source::{WatchTarget, Web, ask, scraper},
        view::Look,
    },
};

/// A server that tells nothing is asked once more after this time, so that one lost packet does not wake anybody.
const SECOND_CHANCE: Duration = Duration::from_secs(1);

/// The time over which figures are told.
const LATELY: Duration = Duration::from_secs(300);

pub(super) async fn poll(
    web: &Web,
    servers: &[WatchTarget],
    settings: &MonitorSettings,
    rules: Rules,
    args: &MonitorArgs,
    look: &Look,
) -> anyhow::Result<ExitStatus> {
    let shown = names(servers);
    let mut model = Model::new(&shown, settings.interval, rules, UnixMillis::now()).once();
    let patience = Pace { interval: settings.interval, refresh: 0 }.patience();
    let mut recorder = recorder(settings, &shown)?;
    let asked = servers.iter().map(|server| async move {
        let scraper = scraper(web, server);
        let first = ask(&scraper, patience).await;
        let mut answers = vec![(UnixMillis::now(), first)];
        if matches!(answers[..], [(_, Err(_))]) {
            if scraper.is_ok() {
                tokio::time::sleep(SECOND_CHANCE).await;
            }
            let second = ask(&scraper, patience).await;
            answers.push((UnixMillis::now(), second));
        }
        answers
    });
    for (target, answers) in join_all(asked).await.into_iter().enumerate() {
        for (at, result) in answers {
            if let (Some(recorder), Some(target)) = (&mut recorder, shown.get(target)) {
                recorder.record(&Poll { at, target: target.clone(), result: result.clone() })?;
            }
            model.update(Message::Polled { target, at, result: Box::new(result) }, at);
        }
    }
    tell(&model, None, args, look)?;
    if model.alerts.worst() >= args.fail_on {
        return Ok(ExitStatus::Alert);
    }
    let told = model.targets.iter().any(|target| target.last_success.is_some());
    Ok(if told { ExitStatus::Success } else { ExitStatus::Failure })
}

pub(super) async fn replay(path: &Path, rules: Rules, args: &MonitorArgs, look: &Look) -> anyhow::Result<ExitStatus> {
    let path = path.to_owned();
    let read = move || -> anyhow::Result<(UnixMillis, Model)> {
        let mut recording = Recording::open(&path)?;
        let interval = recorded_interval(recording.header());
        let mut model = Model::new(&recording.header().targets, interval, rules, UnixMillis::default());
        let mut first = None;
        for poll in recording.by_ref() {
            let poll = poll?;
            first.get_or_insert(poll.at);
            let target = model.number_of(&poll.target);
            model.update(Message::Polled { target, at: poll.at, result: Box::new(poll.result) }, poll.at);
        }
        let first = first.with_context(|| format!("{} has no polls in it", path.display()))?;
        if recording.damaged > 0 {
            eprintln!("ragctl: {} damaged lines of {} were passed over", recording.damaged, path.display());
        }
        Ok((first, model))
    };
    // A week of many servers is seconds of work.
    let (first, model) = tokio::task::spawn_blocking(read).await??;
    tell(&model, Some(first), args, look)?;
    Ok(if model.alerts.worst_ever() >= args.fail_on { ExitStatus::Alert } else { ExitStatus::Success })
}

/// `recorded`: when a recording began.
fn tell(model: &Model, recorded: Option<UnixMillis>, args: &MonitorArgs, look: &Look) -> anyhow::Result<()> {
    let text =
        if args.json {
            let mut all = json!({
                "timestamp": model.now(),
                "worst": model.alerts.worst(),
                "targets": (0..model.targets.len()).map(|target| target_json(model, target)).collect::<Vec<_>>(),
            });
            if recorded.is_some() {
                all["worst_ever"] = json!(model.alerts.worst_ever());
                all["log"] = model.log.events().map(|event| json!({
                "at": event.at,
                "target": event.target.and_then(|target| model.targets.get(target)).map(|target| &target.url),
                "text": event.text,
            })).collect();
            }
            harmless(&serde_json::to_string_pretty(&all)?) + "\n"
        } else {
            table(model, look, recorded)
        };
    print(&text).map(drop)
}

/// JSON that cannot command a terminal: control characters beyond ASCII are escaped, too.
pub(super) fn harmless(json: &str) -> String {
    if !json.contains(|c: char| c.is_control() && !c.is_ascii()) {
        return json.to_owned();
    }
    let escaped = |c: char| match c {
        c if c.is_control() && !c.is_ascii() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    json.chars().map(escaped).collect()
}

/// A target as JSON: condition, diagnosis, alerts, metrics and the last answer.
pub(super) fn target_json(model: &Model, target: usize) -> Value {
    let Some(of) = model.targets.get(target) else { return Value::Null };
    let now = model.now();
    let figures: serde_json::Map<String, Value> = Metric::ALL
        .iter()
        .copied()
        .map(|metric| (metric.as_str().to_owned(), json!(of.metric(metric, LATELY, now))))
        .collect();
    let alerts: Vec<Value> = model
        .alerts
        .active()
        .iter()
        .filter(|alert| alert.target == target)
        .map(|alert| {
            json!({
                "name": alert.rule.name, "severity": alert.rule.severity, "since": alert.since, "value": alert.value,
                "text": alert.rule.text,
            })
        })
        .collect();
    let (severity, diagnosis) = model.diagnosis_of(target);
    json!({
        "url": of.url, "at": of.polled, "condition": condition(model, target), "trouble": of.trouble.as_ref().map(|trouble| clean(&trouble.to_string())),
        "severity": severity, "diagnosis": diagnosis, "alerts": alerts, "figures": figures,
        "observation": of.latest.as_deref().filter(|_| of.silent_since.is_none()),
    })
}

fn condition(model: &Model, target: usize) -> String {
    let Some(of) = model.targets.get(target) else { return String::new() };
    if of.freshness(model.now()) == Freshness::Silent {
        return "unreachable".to_owned();
    }
    let status = of.latest.as_ref().and_then(|seen| seen.health.as_ref()?.status.clone());
    clean(&known(status))
}

fn table(model: &Model, look: &Look, recorded: Option<UnixMillis>) -> String {
    let mut out = String::new();
    let width = model.targets.iter().map(|target| target.name.chars().count()).max().unwrap_or(6).max(6);
    let mut line = |[name, condition, breaker, failures, hits, lookups, questions, p95, used, errors]: [&str; 10]| {
        let start = format!("{name:width$}  {condition:11}  {breaker:9}  {failures:>8}  {hits:>6}  {lookups:>8}");
        let _ = writeln!(out, "{start}  {questions:>9}  {p95:>7}  {used:>7}  {errors:>6}");
    };
    line(["target", "condition", "breaker", "failures", "hits", "look-ups", "questions", "p95", "in use", "errors"]);
    let now = model.now();
    for (number, target) in model.targets.iter().enumerate() {
        let metric = |metric| target.metric(metric, LATELY, now);
        let share = |of: Metric| known(metric(of).map(brief_share));
        let number_of = |of: Metric| known(metric(of).map(short));
        let seen = target.latest.as_deref().filter(|_| target.silent_since.is_none());
        let breaker = known(seen.and_then(|seen| seen.worst()).map(|state| state.as_str().replace('_', "-")));
        let used = target.history.last().and_then(|row| row.get(Field::InUse)).map(|used| format!("{used:.0}"));
        let most = seen.and_then(|seen| seen.pool.as_ref()?.maxsize);
        let used = match (used, most) {
            (Some(used), Some(most)) => format!("{used}/{most:.0}"),
            (used, _) => known(used),
        };
        line([
            &target.name,
            &condition(model, number),
            &breaker,
            &share(Metric::FailureRate),
            &share(Metric::HitRate),
            &number_of(Metric::Lookups),
            &number_of(Metric::Questions),
            &known(metric(Metric::P95).map(time)),
            &used,
            &share(Metric::ErrorRate),
        ]);
    }
    for number in 0..model.targets.len() {
        let (severity, diagnosis) = model.diagnosis_of(number);
        let name = model.targets.get(number).map_or("", |target| &target.name);
        let severity = severity.map(|severity| format!("{severity}: ")).unwrap_or_default();
        let _ = writeln!(out, "{name}: {severity}{diagnosis}");
    }
    if let Some(first) = recorded {
        past(&mut out, model, first, look);
    } else {
        for alert in model.alerts.active() {
            let name = model.targets.get(alert.target).map_or("", |target| &target.name);
            let value = alert.rule.when.metric().show(alert.value);
            let _ = writeln!(
                out,
                "ALERT {} {} at {name}: {} is {value}; {}",
                alert.rule.severity,
                alert.rule.name,
                alert.rule.when.metric(),
                alert.rule.text
            );
        }
    }
    out
}

/// The alerts of a recording.
fn past(out: &mut String, model: &Model, first: UnixMillis, look: &Look) {
    let alerts = model.log.events().filter(|event| matches!(event.kind, EventKind::Fired(_) | EventKind::Cleared));
    let mut any = false;
    for event in alerts {
        any = true;
        let name = event.target.and_then(|target| model.targets.get(target)).map_or("", |target| &target.name);
        let severity: Option<Severity> = match event.kind {
            EventKind::Fired(severity) => Some(severity),
            _ => None,
        };
        let kind = severity.map_or("over".to_owned(), |severity| format!("ALERT {severity}"));
        let _ = writeln!(out, "{} {kind} {name}: {}", event.at.format("%F %T", &look.zone), event.text);
    }
    if !any {
        let _ = writeln!(out, "no alert fired in {} polls, {}", model.polls, age(model.now().since(first)));
    }
}
