//! Without a terminal: a line for each look.

use super::{once, session::MonitorSession};
use crate::observe::{CountSource, Field, Metric};
use crate::util::{
    humanize::{age, brief_share, known, short, time},
    text::clean,
};
use crate::{
    cli::ExitStatus,
    commands::{print, signals::Signals},
    monitor::model::{Message, Model, event::state_word},
};

/// Tells a session until a signal comes, or the recording ends.
pub(super) async fn run(mut session: MonitorSession, json: bool) -> anyhow::Result<ExitStatus> {
    let mut signals = Signals::new();
    let mut ended = std::pin::pin!(signals.next());
    loop {
        tokio::select! {
            biased;
            () = &mut ended => return Ok(ExitStatus::Interrupted),
            message = session.messages.recv() => {
                let Some(message) = message else { return Ok(ExitStatus::Success) };
                let told = match &message {
                    Message::Polled { target, .. } => Some(*target),
                    Message::Say(text) => {
                        eprintln!("ragctl: {text}");
                        None
                    }
                    _ => None,
                };
                let unrecorded = session.model.unrecorded.clone();
                session.take(message);
                if let Some(why) = session.model.unrecorded.as_ref().filter(|why| Some(*why) != unrecorded.as_ref()) {
                    eprintln!("ragctl: not recorded: {why}");
                }
                let Some(target) = told else { continue };
                let text = if json {
                    once::harmless(&once::target_json(&session.model, target).to_string()) + "\n"
                } else {
                    line(&session, target)
                };
                // Nobody reads any more: `ragctl monitor | head`.
                if !say(&text)? {
                    return Ok(ExitStatus::Success);
                }
            }
        }
    }
}

/// Prints a text; `false` when nobody reads the standard output any more.
fn say(text: &str) -> anyhow::Result<bool> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(_) => print(text).map(|_| true),
        Ok(()) => Ok(true),
    }
}

/// One look in one line.
fn line(session: &MonitorSession, target: usize) -> String {
    let model = &session.model;
    let Some(of) = model.targets.get(target) else { return String::new() };
    let at = of.polled.unwrap_or(model.now()).format("%F %T", &session.look.zone);
    if let Some(trouble) = &of.trouble {
        let since = of.silent_since.map(|since| age(model.now().since(since))).unwrap_or_default();
        return format!(
            "{at} {} unreachable for {since}: {}{}\n",
            of.name,
            clean(&trouble.to_string()),
            alerts(model, target)
        );
    }
    let row = of.history.last();
    let (_, diagnosis) = model.diagnosis_of(target);
    let figures = [
        ("breaker", row.and_then(|row| row.state).map(|state| state_word(state).to_owned())),
        ("hits", row.and_then(|row| Metric::HitRate.of_counts(row)).map(brief_share)),
        ("questions/s", row.and_then(|row| row.rate(Field::Questions)).map(short)),
        ("p95", row.and_then(|row| row.get(Field::P95)).map(time)),
        ("in use", row.and_then(|row| row.get(Field::InUse)).map(|used| format!("{used:.0}"))),
        ("waiting", row.and_then(|row| row.get(Field::Waiting)).map(|waiting| format!("{waiting:.0}"))),
    ];
    let figures = figures.map(|(name, value)| format!("{name} {}", known(value)));
    format!("{at} {} {}: {diagnosis}{}\n", of.name, figures.join(", "), alerts(model, target))
}

fn alerts(model: &Model, target: usize) -> String {
    let active = model.alerts.active();
    let names: Vec<&str> =
        active.iter().filter(|alert| alert.target == target).map(|alert| alert.rule.name.as_str()).collect();
    if names.is_empty() { String::new() } else { format!(" [{}]", names.join(", ")) }
}
