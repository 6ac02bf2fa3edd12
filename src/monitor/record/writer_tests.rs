use super::*;
use crate::{
    monitor::record::{
        Recording, older,
        samples::{header, poll, read},
    },
    scrape::Trouble,
};

fn name(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn an_earlier_recording_is_moved_aside_and_an_empty_file_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    fs::write(&path, "").unwrap();
    Recorder::create(&path, header(), 0).unwrap().record(&poll(1)).unwrap();
    assert!(!older(&path).exists());
    Recorder::create(&path, header(), 0).unwrap().record(&poll(2)).unwrap();
    assert_eq!(name(&older(&path)), name(&path) + ".1");
    assert_eq!(read(&mut Recording::open(&older(&path)).unwrap()), [poll(1)]);
    assert_eq!(read(&mut Recording::open(&path).unwrap()), [poll(1), poll(2)]);
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
    let turn = crate::monitor::record::samples::turn(1);
    poll.result.as_mut().unwrap().breakers.entry("llm".into()).or_default().history = vec![turn];
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
