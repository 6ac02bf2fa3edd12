//! What goes into a recording comes out of it.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use proptest::prelude::*;

use super::{
    Recorder,
    format::{MIN_BYTES, Poll, RecordError, older},
    reader::Recording,
    samples::{self, header, poll, read},
};

fn record(path: &Path, polls: &[Poll]) {
    let mut recorder = Recorder::create(path, header(), u64::MAX).unwrap();
    for poll in polls {
        recorder.record(poll).unwrap();
    }
}

/// Every transition where it was told first.
fn told_once(polls: &[Poll]) -> Vec<Poll> {
    let mut told = HashSet::new();
    let mut polls = polls.to_vec();
    for poll in &mut polls {
        let Ok(observation) = &mut poll.result else { continue };
        for (name, breaker) in &mut observation.breakers {
            breaker
                .history
                .retain(|transition| told.insert((poll.target.clone(), name.clone(), transition.reason.clone())));
        }
    }
    polls
}

/// Whether two values are the same, but for the last bits of their numbers.
fn are_close(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    use serde_json::Value;
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            // Halves, or their difference might be more than there are numbers.
            (a / 2.0 - b / 2.0).abs() <= 1e-15 * a.abs() + f64::MIN_POSITIVE
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| are_close(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| are_close(a, b)))
        }
        _ => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn what_was_recorded_is_what_is_read(polls in samples::polls(samples::figure().boxed())) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.ndjson");
        record(&path, &polls);
        let mut recording = Recording::open(&path).unwrap();
        prop_assert_eq!(recording.header(), &header());
        prop_assert_eq!(read(&mut recording), told_once(&polls));
        prop_assert_eq!((recording.truncated, recording.damaged), (false, 0));
        for line in fs::read_to_string(&path).unwrap().lines() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(line).is_ok());
        }
    }

    #[test]
    fn no_figure_is_too_odd(polls in samples::polls(any::<f64>().prop_filter("finite", |n| n.is_finite()).boxed())) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.ndjson");
        record(&path, &polls);
        let mut recording = Recording::open(&path).unwrap();
        let found = read(&mut recording);
        prop_assert_eq!(recording.damaged, 0);
        let value = |polls: &[Poll]| -> serde_json::Value {
            polls.iter().map(|poll| serde_json::to_value(poll.result.as_ref().ok()).unwrap()).collect()
        };
        // Without its feature `float_roundtrip`, serde_json may be off by the last bit of a number of 16 digits.
        prop_assert!(are_close(&value(&told_once(&polls)), &value(&found)));
    }

    #[test]
    fn csv_takes_whatever_a_server_tells(polls in samples::polls(any::<f64>().boxed())) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.CSV");
        record(&path, &polls);
        let mut recording = Recording::open(&path).unwrap();
        let found = read(&mut recording);
        prop_assert_eq!((recording.truncated, recording.damaged, found.len()), (false, 0, polls.len()));
        for (found, poll) in found.iter().zip(&polls) {
            let outline = |poll: &Poll| (poll.at, poll.target.clone(), poll.result.clone().err());
            prop_assert_eq!(outline(found), outline(poll));
        }
    }
}

#[test]
fn a_file_cut_anywhere_gives_the_polls_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let told: Vec<Poll> = (0..4).map(poll).collect();
    for name in ["out.ndjson", "out.csv"] {
        let path = folder.path().join(name);
        record(&path, &told);
        let whole = fs::read(&path).unwrap();
        let head = whole.iter().position(|byte| *byte == b'\n').unwrap();
        for length in 0..=whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let mut recording = match Recording::open(&path) {
                Ok(recording) => recording,
                Err(RecordError::Empty(_)) if length == 0 => continue,
                Err(RecordError::NotARecording(_)) if length < head => continue,
                Err(error) => panic!("{name} cut at {length}: {error}"),
            };
            let found = read(&mut recording);
            let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count().saturating_sub(1);
            // A line of NDJSON is whole without its end.
            assert!(found.len() == lines || (found.len() == lines + 1 && whole[length] == b'\n'), "{name} at {length}");
            assert_eq!(found, told[..found.len()], "{name} cut at {length}");
            let rest = length > head && whole[length - 1] != b'\n' && found.len() == lines;
            assert_eq!((recording.truncated, recording.damaged), (rest && length > head + 1, 0), "{name} at {length}");
        }
    }
}

fn bytes(path: &Path) -> u64 {
    [path.to_owned(), older(path)].iter().map(|path| fs::metadata(path).map_or(0, |file| file.len())).sum()
}

#[test]
fn a_recording_keeps_within_its_bound_and_keeps_at_least_the_last_half() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bound) in [("out.ndjson", 0), ("out.csv", 0), ("larger.ndjson", 3 * MIN_BYTES)] {
        let path = folder.path().join(name);
        let max = MIN_BYTES.max(bound);
        let told: Vec<Poll> = (0..3000).map(poll).collect();
        let mut recorder = Recorder::create(&path, header(), bound).unwrap();
        let mut transitions = 0;
        for poll in &told {
            let before = bytes(&path);
            recorder.record(poll).unwrap();
            let after = bytes(&path);
            assert!(after <= max, "{name}: {after}");
            transitions += usize::from(after < before);
        }
        assert!(transitions > 1, "{name}: {transitions}");
        assert!(bytes(&path) > max / 2 - 512, "{name}: {}", bytes(&path));
        let mut recording = Recording::open(&path).unwrap();
        let found = read(&mut recording);
        assert_eq!(found, told[told.len() - found.len()..], "{name}");
        assert!(fs::metadata(older(&path)).unwrap().len() > max / 2 - 512);
    }
}

#[test]
fn every_file_tells_the_turns_once_and_a_reader_hears_them_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ndjson");
    let mut recorder = Recorder::create(&path, header(), MIN_BYTES).unwrap();
    let mut number = 0;
    while !older(&path).exists() {
        let mut poll = poll(number + 1);
        let history = (0..40).map(samples::transition).collect();
        poll.result.as_mut().unwrap().breakers.entry("llm".into()).or_default().history = history;
        recorder.record(&poll).unwrap();
        number += 1;
    }
    for path in [path.clone(), older(&path)] {
        assert_eq!(fs::read_to_string(path).unwrap().matches("reason 7\\n").count(), 1);
    }
    let found = read(&mut Recording::open(&path).unwrap());
    assert_eq!(found.len() as i64, number);
    let transitions: Vec<_> =
        found.iter().flat_map(|poll| &poll.result.as_ref().unwrap().breakers["llm"].history).collect();
    assert_eq!(transitions.len(), 40);
}

#[test]
#[cfg(unix)]
fn reading_goes_on_while_the_file_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("out.ndjson");
    let mut recorder = Recorder::create(&path, header(), MIN_BYTES).unwrap();
    (0..10).for_each(|number| recorder.record(&poll(number)).unwrap());
    let mut recording = Recording::open(&path).unwrap();
    assert_eq!(recording.next().unwrap().unwrap(), poll(0));
    let mut number = 10;
    while !older(&path).exists() {
        recorder.record(&poll(number)).unwrap();
        number += 1;
    }
    // What is in the new file was not there when reading began.
    let found = read(&mut recording);
    assert_eq!(found.len() as i64, number - 2);
    assert_eq!(found.last(), Some(&poll(number - 2)));
}
