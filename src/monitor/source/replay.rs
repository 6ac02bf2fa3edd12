//! Plays a recording back: the same messages at the same distances, faster or slower.

use std::{collections::HashMap, path::Path, time::Duration};

use tokio::sync::mpsc;

use super::clock::MonitorClock;
use crate::monitor::model::Message;
use crate::monitor::pace::longest_pause;
use crate::observe::record::{Header, Poll, RecordError, Recording};

/// Nobody was asked for more than so many intervals: a hole in the recording, in which nothing is to be seen.
const HOLE: f64 = 2.5;
/// Longest that a hole is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Polls that are read ahead.
const AHEAD: usize = 256;

/// An error that keeps a recording from being played.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] RecordError),
    /// It has no polls.
    #[error("{0} has no polls in it")]
    Nothing(String),
}

/// Opens a recording; what is returned plays it, and tells how it was recorded.
///
/// # Errors
/// A file that is no recording, or has nothing in it.
pub fn replay(
    path: &Path,
    speed: f64,
    tell: mpsc::Sender<Message>,
) -> Result<(Header, MonitorClock, impl Future<Output = ()> + Send + use<>), ReplayError> {
    let mut recording = Recording::open(path)?;
    let header = recording.header().clone();
    let first = recording.next().ok_or_else(|| ReplayError::Nothing(path.display().to_string()))??;
    let clock = MonitorClock::replay(first.at, speed);
    let (ahead, polls) = mpsc::channel(AHEAD);
    let interval = Duration::try_from_secs_f64(header.interval_seconds).unwrap_or_default();
    let hole = interval.mul_f64(HOLE).max(longest_pause(interval));
    let playing = play(polls, header.targets.clone(), hole, clock.clone(), tell);
    let reading = move || {
        for poll in std::iter::once(Ok(first)).chain(recording.by_ref()) {
            let (next, broken) = match poll {
                Ok(poll) => (Next::Poll(Box::new(poll)), false),
                Err(error) => (Next::Remark(error.to_string()), true),
            };
            if ahead.blocking_send(next).is_err() || broken {
                return;
            }
        }
        if recording.damaged > 0 || recording.truncated {
            let end = if recording.truncated { "; its end is missing" } else { "" };
            let remark = format!("{} damaged lines were passed over{end}", recording.damaged);
            // Nobody listens any more when the screen was left.
            let _ = ahead.blocking_send(Next::Remark(remark));
        }
    };
    let both = async move {
        // Reads files, so it has a thread of its own.
        let reader = tokio::task::spawn_blocking(reading);
        playing.await;
        drop(reader);
    };
    Ok((header, clock, both))
}

/// The next poll of a recording, or its end.
enum Next {
    /// A poll.
    Poll(Box<Poll>),
    /// Something about the recording itself.
    Remark(String),
}

/// How long to wait for a poll that came `after` the one before it, and whether the clock then jumps to it. `wait` is how
/// long it would take to play all of that.
fn pause(after: Duration, wait: Duration, hole: Duration) -> (Duration, bool) {
    let jumps = after > hole && wait > LONGEST_WAIT;
    (if jumps { LONGEST_WAIT } else { wait }, jumps)
}

async fn play(
    mut polls: mpsc::Receiver<Next>,
    targets: Vec<String>,
    hole: Duration,
    clock: MonitorClock,
    tell: mpsc::Sender<Message>,
) {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut last = clock.now();
    for target in targets {
        let number = numbers.len();
        numbers.entry(target.clone()).or_insert(number);
        if tell.send(Message::Watched(target)).await.is_err() {
            return;
        }
    }
    while let Some(next) = polls.recv().await {
        let poll = match next {
            Next::Poll(poll) => *poll,
            Next::Remark(text) => {
                let _ = tell.send(Message::Say(text)).await;
                continue;
            }
        };
        let (wait, jumps) = pause(poll.at.since(last), clock.until(poll.at), hole);
        tokio::time::sleep(wait).await;
        if jumps {
            clock.jump(poll.at);
        }
        last = last.max(poll.at);
        let known = numbers.len();
        let number = match numbers.get(&poll.target) {
            Some(number) => *number,
            None => {
                numbers.insert(poll.target.clone(), known);
                if tell.send(Message::Watched(poll.target)).await.is_err() {
                    return;
                }
                known
            }
        };
        let polled = Message::Polled { target: number, at: poll.at, result: Box::new(poll.result) };
        if tell.send(polled).await.is_err() {
            return;
        }
    }
    clock.stop(last);
    let _ = tell.send(Message::Say("the recording ends here".to_owned())).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::record::{Recorder, SCHEMA};
    use crate::util::time::UnixMillis;

    #[test]
    fn a_long_interval_is_waited_for_and_a_hole_is_not() {
        let seconds = Duration::from_secs;
        let hole = seconds(75);
        assert_eq!(pause(seconds(30), seconds(30), hole), (seconds(30), false));
        assert_eq!(pause(seconds(30), seconds(300), hole), (seconds(300), false), "slowly is what was asked for");
        assert_eq!(pause(seconds(3_600), seconds(3_600), hole), (LONGEST_WAIT, true));
        assert_eq!(pause(seconds(3_600), seconds(3), hole), (seconds(3), false));
    }

    #[test]
    fn what_has_no_polls_is_not_played() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording.ndjson");
        let targets = vec!["http://a:1".to_owned()];
        let (program, version, started) = ("ragctl".to_owned(), "0.1.0".to_owned(), UnixMillis(1_795_273_200_000));
        let header = Header { schema: SCHEMA, program, version, started, interval_seconds: 30.0, targets };
        drop(Recorder::create(&path, header, 1 << 20).unwrap());
        let error = replay(&path, 1.0, mpsc::channel(1).0).err().unwrap().to_string();
        assert!(error.contains("has no polls in it"), "{error}");
    }
}
