use super::*;
use crate::{
    observe::Trouble,
    observe::record::{
        Recording,
        format::older,
        samples::{header, poll, read},
    },
};

fn name(path: &Path) -> String {
    path.display().to_string()
}

/// Records polls in a run of their own.
fn run(path: &Path, polls: impl IntoIterator<Item = i64>) {
    let mut recorder = Recorder::create(path, header(), 0).unwrap();
    polls.into_iter().for_each(|number| recorder.record(&poll(number)).unwrap());
}

/// Everything that can be read, and how many lines could not.
fn all(path: &Path) -> (Vec<Poll>, u64) {
    let mut recording = Recording::open(path).unwrap();
    (read(&mut recording), recording.damaged)
}

fn append(path: &Path, bytes: &[u8]) {
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn a_recording_is_gone_on_with_however_often_it_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    for (file, head) in [("out.ndjson", "{\"recording\""), ("out.csv", "schema,")] {
        let path = folder.path().join(file);
        fs::write(&path, "").unwrap();
        for number in 1..40 {
            run(&path, [number]);
        }
        assert!(!older(&path).exists());
        assert_eq!(all(&path), ((1..40).map(poll).collect(), 0), "{file}");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().filter(|line| line.starts_with(head)).count(), 39, "{file}");
    }
}

#[test]
fn a_start_without_a_poll_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["out.ndjson", "out.csv"] {
        let path = folder.path().join(file);
        run(&path, 1..3);
        let before = fs::read(&path).unwrap();
        (0..20).for_each(|_| run(&path, []));
        assert_eq!(fs::read(&path).unwrap(), before, "{file}");
        assert!(!older(&path).exists());
    }
}

#[test]
fn a_file_without_polls_does_not_take_the_place_of_one_with_polls() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ndjson");
    run(&older(&path), [1]);
    run(&path, []);
    let huge = Poll { result: Err(Trouble::Foreign("x".repeat(MIN_BYTES as usize))), ..poll(2) };
    Recorder::create(&path, header(), 0).unwrap().record(&huge).unwrap();
    assert_eq!(all(&path), (vec![poll(1), huge], 0));
}

#[test]
fn the_first_header_says_when_it_began() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ndjson");
    run(&path, [1]);
    let later = Header { started: poll(9).at, version: "9".into(), ..header() };
    Recorder::create(&path, later, 0).unwrap().record(&poll(9)).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap().matches("\"version\":\"9\"").count(), 1);
    assert_eq!(Recording::open(&path).unwrap().header(), &header());
    assert_eq!(all(&path), (vec![poll(1), poll(9)], 0));
}

#[test]
fn every_run_tells_the_turns_and_a_reader_hears_them_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ndjson");
    for number in 1..3 {
        let mut poll = poll(number);
        let history = (0..4).map(crate::observe::record::samples::transition).collect();
        poll.result.as_mut().unwrap().breakers.entry("llm".into()).or_default().history = history;
        Recorder::create(&path, header(), 0).unwrap().record(&poll).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap().matches("reason 3\\n").count(), 2);
    let (polls, _) = all(&path);
    let transitions = polls.iter().map(|poll| poll.result.as_ref().unwrap().breakers["llm"].history.len());
    assert_eq!(transitions.collect::<Vec<_>>(), [4, 0]);
}

#[test]
fn a_file_cut_anywhere_is_gone_on_with_and_no_part_of_a_line_passes_for_a_poll() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["out.ndjson", "out.csv"] {
        let path = folder.path().join(file);
        run(&path, 1..3);
        // The last cell is a figure that can lose its last digits.
        let mut last = poll(3);
        let process = crate::observe::Process { cpu_seconds: Some(1234.5), ..Default::default() };
        last.result.as_mut().unwrap().process = Some(process);
        Recorder::create(&path, header(), 0).unwrap().record(&last).unwrap();
        let told = [poll(1), poll(2), last, poll(4)];
        let whole = fs::read(&path).unwrap();
        let head = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for length in head..=whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            run(&path, [4]);
            let mut recording = Recording::open(&path).unwrap();
            let found = read(&mut recording);
            let kept = found.len() - 1;
            assert_eq!(found[..kept], told[..kept], "{file} cut at {length}");
            assert_eq!(found[kept], told[3], "{file} cut at {length}");
            let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count();
            // Of the lines after the first header the third is a header.
            let least = if lines <= 3 { lines - 1 } else { lines - 2 };
            assert!(kept == least || (kept == least + 1 && whole[length] == b'\n'), "{file} cut at {length}: {kept}");
            assert!(!recording.truncated && recording.damaged <= 1, "{file} cut at {length}");
        }
    }
}

#[test]
fn a_csv_of_other_columns_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    fs::write(&path, "schema,target,at\n1,http://a:8000,2026-11-21T15:04:27Z\n1,http://a:8000,2026-11-21T15:0")
        .unwrap();
    run(&path, 1..3);
    assert_eq!(all(&path), ((0..3).map(poll).collect(), 1));
}

#[test]
fn a_recording_that_is_large_is_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    for (file, blank, moved) in [("a.ndjson", MIN_BYTES / 2, true), ("b.csv", MIN_BYTES / 2, true), ("c.csv", 9, false)]
    {
        let path = folder.path().join(file);
        run(&path, [1]);
        append(&path, &vec![b'\n'; blank as usize]);
        run(&path, [2]);
        assert_eq!(older(&path).exists(), moved, "{file}");
        assert_eq!(name(&older(&path)), name(&path) + ".1");
        assert_eq!(all(&path), (vec![poll(1), poll(2)], 0), "{file}");
    }
}

#[test]
fn a_recording_of_another_format_or_a_later_version_is_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    let (csv, ndjson) = (folder.path().join("out.csv"), folder.path().join("out.ndjson"));
    run(&csv, [1]);
    run(&ndjson, [1]);
    let newer = b"{\"recording\":\"ragctl-monitor\",\"schema\":2}\n".to_vec();
    let contents = [(fs::read(&csv).unwrap(), "a.ndjson"), (fs::read(&ndjson).unwrap(), "a.csv"), (newer, "b.ndjson")];
    for (content, file) in contents {
        let path = folder.path().join(file);
        fs::write(&path, &content).unwrap();
        run(&path, [2]);
        assert_eq!(fs::read(older(&path)).unwrap(), content, "{file}");
        assert!(all(&path).0.ends_with(&[poll(2)]), "{file}");
    }
}

#[test]
fn two_do_not_record_to_one_file() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["out.ndjson", "out.csv"] {
        let path = folder.path().join(file);
        let mut recorder = Recorder::create(&path, header(), 0).unwrap();
        let mut number = 1;
        // The next file is as much this recorder's as the first.
        while !older(&path).exists() {
            recorder.record(&poll(number)).unwrap();
            number += 1;
        }
        let before = fs::read(&path).unwrap();
        let text = Recorder::create(&path, header(), 0).unwrap_err().to_string();
        let told = "another process records to FILE; record to another file, or end that process";
        assert_eq!(text.replace(&name(&path), "FILE"), told);
        assert_eq!(fs::read(&path).unwrap(), before, "{file}");
        recorder.record(&poll(number)).unwrap();
        drop(recorder);
        run(&path, [number + 1]);
        assert_eq!(all(&path), ((1..number + 2).map(poll).collect(), 0), "{file}");
    }
}

#[test]
#[cfg(unix)]
fn a_recorder_whose_file_was_taken_away_leaves_the_next_one_to_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ndjson");
    let mut first = Recorder::create(&path, header(), 0).unwrap();
    fs::rename(&path, folder.path().join("mine")).unwrap();
    let mut second = Recorder::create(&path, header(), 0).unwrap();
    second.record(&poll(1)).unwrap();
    let error = (2..).find_map(|number| first.record(&poll(number)).err()).unwrap();
    assert!(matches!(error, RecordError::Taken(_)), "{error}");
    second.record(&poll(2)).unwrap();
    assert_eq!(all(&path), (vec![poll(1), poll(2)], 0));
    // What is no recording is nobody's to move.
    drop(second);
    fs::write(&path, "dear diary").unwrap();
    assert!(matches!(first.record(&poll(3)), Err(RecordError::Occupied(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "dear diary");
}

#[test]
fn nothing_but_a_recording_is_moved_aside_or_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes");
    for taken in [path.clone(), older(&path)] {
        fs::write(&taken, "dear diary").unwrap();
        let error = Recorder::create(&path, header(), 0).unwrap_err();
        let text =
            format!("{} exists and is no recording; record to another file, or move that one away", name(&taken));
        assert_eq!(error.to_string(), text);
        assert_eq!(fs::read_to_string(&taken).unwrap(), "dear diary");
        fs::remove_file(&taken).unwrap();
    }
}

#[test]
fn a_recording_needs_a_folder_and_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let error = Recorder::create(&missing.join("out.ndjson"), header(), 0).unwrap_err();
    let text = format!("the folder {} does not exist; create it, or record to another one", name(&missing));
    assert_eq!(error.to_string(), text);
    for path in [folder.path(), Path::new(""), Path::new("/")] {
        let text = Recorder::create(path, header(), 0).unwrap_err().to_string();
        assert_eq!(text, format!("{} is not a regular file; give the path of a file", name(path)));
    }
}

#[test]
fn the_ending_of_the_path_chooses_the_format() {
    let folder = tempfile::tempdir().unwrap();
    for (file, csv) in [("a.csv", true), ("a.CSV", true), ("a.ndjson", false), ("csv", false), ("a.csv.txt", false)] {
        let path = folder.path().join(file);
        Recorder::create(&path, header(), 0).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap().starts_with("schema,"), csv, "{file}");
    }
}

#[test]
fn every_poll_is_in_the_file_when_it_was_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ndjson");
    let mut recorder = Recorder::create(&path, header(), 0).unwrap();
    for number in 0..3 {
        recorder.record(&poll(number)).unwrap();
        assert_eq!(read(&mut Recording::open(&path).unwrap()).len() as i64, number + 1);
    }
}

#[test]
fn a_poll_that_could_not_be_written_costs_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    for (file, torn) in [("out.ndjson", ""), ("torn.ndjson", "{\"at\":\"20")] {
        let path = folder.path().join(file);
        let mut recorder = Recorder::create(&path, header(), 0).unwrap();
        recorder.record(&poll(1)).unwrap();
        // A handle that may not write fails as a full disk does, and can not be mended either.
        let works = recorder.file.replace(File::open(&path).unwrap());
        let text = recorder.record(&poll(2)).unwrap_err().to_string();
        assert!(text.starts_with(&format!("the recording {} cannot be written: ", name(&path))), "{text}");
        assert!(text.ends_with("; make room there, or record to another file"), "{text}");
        recorder.file = works;
        recorder.file.as_mut().unwrap().write_all(torn.as_bytes()).unwrap();
        recorder.record(&poll(3)).unwrap();
        recorder.record(&poll(4)).unwrap();
        let mut recording = Recording::open(&path).unwrap();
        assert_eq!(read(&mut recording), [poll(1), poll(3), poll(4)]);
        assert_eq!(recording.damaged, u64::from(!torn.is_empty()));
    }
}

#[test]
fn turns_that_could_not_be_written_are_told_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ndjson");
    let mut recorder = Recorder::create(&path, header(), 0).unwrap();
    let mut poll = poll(1);
    let transition = crate::observe::record::samples::transition(1);
    poll.result.as_mut().unwrap().breakers.entry("llm".into()).or_default().history = vec![transition];
    let works = recorder.file.replace(File::open(&path).unwrap());
    recorder.record(&poll).unwrap_err();
    recorder.file = works;
    recorder.record(&poll).unwrap();
    assert_eq!(read(&mut Recording::open(&path).unwrap()), [poll]);
}

#[test]
fn a_file_that_was_taken_away_is_begun_anew_when_it_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ndjson");
    let mut recorder = Recorder::create(&path, header(), 0).unwrap();
    recorder.record(&poll(1)).unwrap();
    fs::rename(&path, folder.path().join("mine")).unwrap();
    let mut number = 2;
    while !path.exists() {
        recorder.record(&poll(number)).unwrap();
        number += 1;
    }
    assert_eq!(read(&mut Recording::open(&path).unwrap()), [poll(number - 1)]);
}

#[test]
fn a_file_that_cannot_be_moved_is_an_error_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ndjson");
    let mut recorder = Recorder::create(&path, header(), 0).unwrap();
    fs::create_dir(older(&path)).unwrap();
    let (mut number, mut error) = (0, None);
    while error.is_none() {
        number += 1;
        error = recorder.record(&poll(number)).err();
    }
    let text = error.unwrap().to_string();
    assert!(text.starts_with(&format!("the recording {} cannot be moved to {}: ", name(&path), name(&older(&path)))));
    assert!(text.ends_with("; close whatever uses these files"), "{text}");
    recorder.record(&poll(number)).unwrap_err();
    fs::remove_dir(older(&path)).unwrap();
    recorder.record(&poll(number)).unwrap();
    assert_eq!(read(&mut Recording::open(&path).unwrap()).len() as i64, number);
}

#[test]
fn a_poll_that_nobody_could_read_again_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ndjson");
    let mut recorder = Recorder::create(&path, header(), u64::MAX).unwrap();
    let huge = Poll { result: Err(Trouble::Foreign("x".repeat(MAX_LINE))), ..poll(1) };
    let text = "the poll of http://a:8000 is larger than 16 MiB and was not recorded; look at what that server answers";
    assert_eq!(recorder.record(&huge).unwrap_err().to_string(), text);
    recorder.record(&poll(2)).unwrap();
    assert_eq!(read(&mut Recording::open(&path).unwrap()), [poll(2)]);
}

#[test]
fn a_header_that_came_to_nothing_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ndjson");
    let mut recorder = Recorder::create(&path, header(), 0).unwrap();
    fs::write(&path, "{\"recor").unwrap();
    (recorder.file, recorder.unfinished) = (None, true);
    recorder.record(&poll(1)).unwrap();
    assert_eq!(read(&mut Recording::open(&path).unwrap()), [poll(1)]);
    assert!(!older(&path).exists());
}
