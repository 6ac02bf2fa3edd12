//! `ragctl report`: recordings and results of load tests, summed up.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use jiff::tz::TimeZone;

use super::{UsageError, monitor, print};
use crate::observe::record::{Recording, is_recording};
use crate::util::files::write_whole;
use crate::util::text::clean;
use crate::{
    bench::result::ResultFile,
    cli::{ExitStatus, ReportArgs, settings::Settings},
    monitor::{
        alerts::Rules,
        report::{self, LoadTest, ReportBuilder},
    },
};

pub(super) async fn run(settings: Settings, args: ReportArgs) -> anyhow::Result<ExitStatus> {
    let rules = monitor::rules(&settings.monitor)?;
    let zone = if settings.monitor.utc { TimeZone::UTC } else { TimeZone::system() };
    // A week of many servers is seconds of work.
    tokio::task::spawn_blocking(move || write(&args, rules, &zone)).await?
}

fn write(args: &ReportArgs, rules: Rules, zone: &TimeZone) -> anyhow::Result<ExitStatus> {
    if let Some(output) = &args.output {
        check_output(output, args)?;
    }
    let (recordings, results): (Vec<&PathBuf>, Vec<&PathBuf>) = args.files.iter().partition(|path| is_recording(path));
    let mut opened: Vec<(String, Recording)> = Vec::new();
    for path in recordings {
        opened.push((path.display().to_string(), Recording::open(path)?));
    }
    if opened.is_empty() {
        // The reader says best what is wrong with the first file.
        if let Some(Err(error)) = args.files.first().map(|path| Recording::open(path)) {
            return Err(error.into());
        }
    }
    opened.sort_by_key(|(_, recording)| recording.header().started);
    let bench: Vec<LoadTest> =
        results.into_iter().chain(&args.bench).map(|path| load_test(path)).collect::<anyhow::Result<_>>()?;
    let mut builder = ReportBuilder::new(rules);
    for (name, mut recording) in opened {
        builder.open(&name, recording.header());
        for poll in recording.by_ref() {
            builder.take(&poll?);
        }
        builder.close(recording.truncated, recording.damaged);
    }
    let report = builder.finish(&args.target)?;
    let text = report::markdown(&report, &bench, zone);
    match &args.output {
        Some(path) => {
            write_whole(path, text.as_bytes()).with_context(|| format!("{} cannot be written", path.display()))?;
            eprintln!("the report is in {}", path.display());
        }
        None => drop(print(&text)?),
    }
    let missed = report.missed();
    for missed in &missed {
        let line = format!("{}: {} is {}, {}", missed.server, missed.target, missed.measured, missed.status.as_str());
        eprintln!("ragctl: {}", clean(&line));
    }
    Ok(if missed.is_empty() { ExitStatus::Success } else { ExitStatus::Regression })
}

/// Refuses to write over what the report is made of, and over whatever was recorded.
fn check_output(output: &Path, args: &ReportArgs) -> Result<(), UsageError> {
    // Where nothing is, nothing is lost.
    let Ok(place) = fs::canonicalize(output) else { return Ok(()) };
    let is_there = |input: &PathBuf| fs::canonicalize(input).is_ok_and(|input| input == place);
    let shown = output.display();
    if args.files.iter().chain(&args.bench).any(is_there) {
        return Err(UsageError(format!(
            "the report is made of {shown} and would replace it; give another file with --output"
        )));
    }
    if is_recording(&place) {
        return Err(UsageError(format!(
            "{shown} is a recording, which the report would replace; give another file with --output"
        )));
    }
    Ok(())
}

/// Reads the result of a load test for a report.
fn load_test(path: &Path) -> anyhow::Result<LoadTest> {
    let result = ResultFile::load(path)?;
    let (info, metrics) = (&result.test_info, &result.metrics);
    let times = &metrics.response_times_ms;
    // A figure that the data cannot hold is in the file for old readers only.
    let withheld = |name: &str| metrics.more.as_ref().is_some_and(|more| more.withheld.contains_key(name));
    let told = |name: &str, value: f64| (!withheld(name) && metrics.successful_requests > 0).then_some(value);
    Ok(LoadTest {
        name: info.test_name.clone(),
        url: info.base_url.clone(),
        when: metrics.timestamp.clone(),
        requests: metrics.total_requests,
        errors_percent: metrics.error_rate_percent,
        rps: metrics.more.as_ref().map_or(metrics.throughput_rps, |more| more.success_rps),
        p50: told("p50", times.p50),
        p95: told("p95", times.p95),
        p99: told("p99", times.p99),
        verdicts: result.gates.iter().map(|gate| (gate.gate.clone(), gate.verdict.clone())).collect(),
        notes: result.warnings.clone(),
    })
}

#[cfg(test)]
mod tests {
    use crate::util::time::UnixMillis;
    use tempfile::TempDir;

    use super::*;
    use crate::{
        observe::Observation,
        observe::record::{Header, Poll, Recorder, SCHEMA},
    };

    fn recorded() -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("week.ndjson");
        let header = Header {
            schema: SCHEMA,
            program: "ragctl".into(),
            version: String::new(),
            started: UnixMillis(1_795_273_467_000),
            interval_seconds: 30.0,
            targets: vec!["http://a:8000".into()],
        };
        let mut recorder = Recorder::create(&path, header, 0).unwrap();
        for number in 0..3 {
            let at = UnixMillis(1_795_273_467_000 + number * 30_000);
            let poll = Poll { at, target: "http://a:8000".into(), result: Ok(Observation::default()) };
            recorder.record(&poll).unwrap();
        }
        (folder, path)
    }

    fn report(files: &[&Path], bench: &[&Path], output: &Path) -> anyhow::Result<ExitStatus> {
        let owned = |paths: &[&Path]| paths.iter().map(|path| path.to_path_buf()).collect();
        let args = ReportArgs {
            files: owned(files),
            bench: owned(bench),
            output: Some(output.to_owned()),
            ..ReportArgs::default()
        };
        write(&args, Rules::builtin(), &TimeZone::UTC)
    }

    #[test]
    fn a_report_is_not_written_over_what_it_is_made_of_nor_over_a_recording() {
        let (folder, path) = recorded();
        let (bench, copy) = (folder.path().join("bench.json"), folder.path().join("other.ndjson"));
        fs::write(&bench, "{}").unwrap();
        fs::copy(&path, &copy).unwrap();
        let around = folder.path().join(".").join("week.ndjson");
        for (output, why) in [
            (&path, "the report is made of FILE and would replace it; "),
            (&around, "the report is made of FILE and would replace it; "),
            (&bench, "the report is made of FILE and would replace it; "),
            (&copy, "FILE is a recording, which the report would replace; "),
        ] {
            let before = fs::read(output).unwrap();
            let error = report(&[&path], &[&bench], output).unwrap_err();
            assert!(error.is::<UsageError>(), "{error}");
            let text = error.to_string().replace(&output.display().to_string(), "FILE");
            assert_eq!(text, format!("{why}give another file with --output"));
            assert_eq!(fs::read(output).unwrap(), before);
        }
    }

    #[test]
    fn a_report_replaces_an_earlier_one_and_leaves_nothing_else() {
        let (folder, path) = recorded();
        let output = folder.path().join("report.md");
        for earlier in [None, Some("an earlier report, longer than ".repeat(1_000))] {
            if let Some(earlier) = earlier {
                fs::write(&output, earlier).unwrap();
            }
            report(&[&path], &[], &output).unwrap();
            let text = fs::read_to_string(&output).unwrap();
            assert!(text.starts_with("# ") && text.ends_with('\n') && !text.contains("earlier report"), "{text}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_report_goes_through_links_and_has_the_permissions_of_a_file() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (folder, path) = recorded();
        let (output, link) = (folder.path().join("report.md"), folder.path().join("link.md"));
        report(&[&path], &[], &output).unwrap();
        assert_eq!(mode(&output) & 0o600, 0o600);
        fs::set_permissions(&output, fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(&output, "").unwrap();
        std::os::unix::fs::symlink(&output, &link).unwrap();
        report(&[&path], &[], &link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(&output).unwrap().starts_with("# "));
        assert_eq!(mode(&output), 0o640);
        // A link to a recording leads to a recording.
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(report(&[&path], &[], &link).unwrap_err().is::<UsageError>());
        report(&[&path], &[], Path::new("/dev/null")).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
