use std::io::Write;

use tempfile::TempDir;

use super::*;
use crate::observe::record::{
    Recorder,
    samples::{self, START, header, poll},
};

fn recorded(file: &str, polls: std::ops::Range<i64>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    let mut recorder = Recorder::create(&path, header(), u64::MAX).unwrap();
    polls.for_each(|number| recorder.record(&poll(number)).unwrap());
    (folder, path)
}

fn read(path: &Path) -> (Vec<Poll>, bool, u64) {
    let mut recording = Recording::open(path).unwrap();
    let polls = samples::read(&mut recording);
    (polls, recording.truncated, recording.damaged)
}

fn refusal(path: &Path) -> String {
    Recording::open(path).unwrap_err().to_string().replace(&path.display().to_string(), "FILE")
}

#[test]
fn damage_costs_only_the_lines_that_have_it() {
    for file in ["out.ndjson", "out.csv"] {
        let (_folder, path) = recorded(file, 1..5);
        let text = fs::read_to_string(&path).unwrap();
        let mut lines: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
        lines[2] = b"\xff\0\"{damage".to_vec();
        lines.insert(4, Vec::new());
        fs::write(&path, [lines.join(&b'\n'), b"\r\n".to_vec()].concat()).unwrap();
        assert_eq!(read(&path), (vec![poll(1), poll(3), poll(4)], false, 1), "{file}");
    }
}

#[test]
fn a_line_without_end_is_passed_over() {
    let (_folder, path) = recorded("out.ndjson", 1..2);
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(&vec![b' '; MAX_LINE + 5]).unwrap();
    file.write_all(b"\n").unwrap();
    file.write_all(&lines::write_poll(&poll(2)).unwrap()).unwrap();
    assert_eq!(read(&path), (vec![poll(1), poll(2)], false, 1));
    file.write_all(&vec![b'x'; MAX_LINE + 5]).unwrap();
    assert_eq!(read(&path), (vec![poll(1), poll(2)], false, 2));
    fs::write(&path, vec![b'x'; MAX_LINE + 5]).unwrap();
    assert!(!is_recording(&path));
}

#[test]
fn the_content_tells_the_format_whatever_the_name() {
    for (file, other) in [("a.ndjson", "b.csv"), ("a.csv", "b.ndjson")] {
        let (folder, path) = recorded(file, 1..3);
        let other = folder.path().join(other);
        fs::write(&other, [b"\xef\xbb\xbf\r\n  ", fs::read(path).unwrap().as_slice()].concat()).unwrap();
        assert_eq!(read(&other).0, [poll(1), poll(2)], "{file}");
        assert!(is_recording(&other));
    }
}

#[test]
fn polls_come_in_the_order_of_the_file() {
    let (_folder, path) = recorded("out.ndjson", 0..0);
    let mut recorder = Recorder::create(&path, header(), u64::MAX).unwrap();
    for number in [3, 1, 2] {
        recorder.record(&poll(number)).unwrap();
    }
    assert_eq!(read(&path).0, [poll(3), poll(1), poll(2)]);
}

#[test]
fn joined_files_are_one_recording() {
    for file in ["out.ndjson", "out.csv"] {
        let (_folder, path) = recorded(file, 1..3);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [whole.as_slice(), &whole].concat()).unwrap();
        assert_eq!(read(&path), (vec![poll(1), poll(2), poll(1), poll(2)], false, 0), "{file}");
    }
}

#[test]
fn the_older_part_comes_first_if_it_is_one() {
    let (_folder, path) = recorded("out.ndjson", 5..7);
    let before = |seconds: i64, polls: &[i64]| {
        let head = Header { started: UnixMillis(START - seconds * 1000), ..header() };
        let mut content = lines::write_header(&head).unwrap();
        polls.iter().for_each(|number| content.extend(lines::write_poll(&poll(*number)).unwrap()));
        content.extend(b"{\"at");
        content
    };
    fs::write(older(&path), before(60, &[1, 2])).unwrap();
    assert_eq!(read(&path), (vec![poll(1), poll(2), poll(5), poll(6)], true, 0));
    assert_eq!(Recording::open(&path).unwrap().header().started, UnixMillis(START - 60_000));
    fs::write(older(&path), before(-60, &[1, 2])).unwrap();
    assert_eq!(read(&path), (vec![poll(5), poll(6)], false, 0));
    for other in ["", "something else"] {
        fs::write(older(&path), other).unwrap();
        assert_eq!(read(&path).0, [poll(5), poll(6)]);
    }
}

#[test]
fn a_csv_says_when_it_began_and_no_more() {
    let (_folder, path) = recorded("out.csv", 3..5);
    let recording = Recording::open(&path).unwrap();
    assert_eq!(recording.header(), &Header { started: poll(3).at, ..unknown_header() });
    let (_folder, path) = recorded("none.csv", 0..0);
    assert_eq!(Recording::open(&path).unwrap().header(), &unknown_header());
}

#[test]
fn what_is_no_recording_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for content in [
        "{\n  \"metrics\": {\"total_requests\": 5}\n}\n",
        "{\"schema\":1,\"at\":\"2026-11-21T15:04:27Z\"}\n",
        "{\"recording\":\"else\",\"schema\":2}\n",
        "{\"recording\":\"ragctl-monitor\",\"schema\":1}\n",
        "schema,name\n1,2\n",
        "at,target\n",
        "%PDF-1.7 \u{0}",
    ] {
        fs::write(&path, content).unwrap();
        assert_eq!(refusal(&path), "FILE is no recording; give a file that `ragctl monitor` recorded", "{content}");
        assert!(!is_recording(&path));
    }
}

#[test]
fn what_comes_from_later_asks_for_an_update() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for content in ["{\"recording\":\"ragctl-monitor\",\"schema\":2,\"of\":[]}\n", "schema,at,target\n2,now,here\n"] {
        fs::write(&path, content).unwrap();
        assert_eq!(refusal(&path), "FILE was recorded by a newer ragctl (schema 2); update ragctl to read it");
        assert!(is_recording(&path));
    }
}

#[test]
fn nothing_is_said_to_be_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for content in ["", " \n\n"] {
        fs::write(&path, content).unwrap();
        assert_eq!(refusal(&path), "the recording FILE is empty: nothing was recorded; give another file");
        assert!(!is_recording(&path));
    }
    fs::remove_file(&path).unwrap();
    let text = refusal(&path);
    assert!(text.starts_with("the recording FILE cannot be read: "), "{text}");
    assert!(text.ends_with("; check the path and its permissions"), "{text}");
    let text = Recording::open(folder.path()).unwrap_err().to_string();
    assert!(text.ends_with(" is not a regular file; give the path of a file"), "{text}");
    assert!(!is_recording(folder.path()) && !is_recording(&path));
}
