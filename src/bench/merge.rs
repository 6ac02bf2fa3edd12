//! Adding up the results of load generators that ran at the same time, without losing precision.

use std::{collections::BTreeMap, time::Duration};

use super::{
    failure::{ErrorClass, Tally},
    measures::{Measures, Timed},
    result::{LoadInfo, ResultFile, ServerBody, round},
    run::Ended,
    slices::Slice,
    summary::{self, Measured},
};

/// Why results cannot be added up.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A file of the predecessor has no histograms.
    #[error("{0} has no histograms: percentiles of two runs cannot be added up without them")]
    NoHistograms(String),
    /// They did not do the same.
    #[error("{one} and {other} did not do the same: {what}")]
    Differ {
        /// The first file.
        one: String,
        /// The file that differs.
        other: String,
        /// The setting in which they differ, with both values.
        what: String,
    },
    /// They were not at the same time.
    #[error("{one} and {other} did not run at the same time; line them up with --start-at")]
    Apart {
        /// The first file.
        one: String,
        /// The file that differs.
        other: String,
    },
}

/// The sum of results.
///
/// # Errors
/// Results that cannot be added up.
pub fn merge(files: &[(String, ResultFile)]) -> Result<ResultFile, MergeError> {
    let mut starts = Vec::new();
    let (first_name, first) = &files[0];
    for (name, file) in files {
        if file.schema_version == 0 || (file.metrics.successful_requests > 0 && file.histograms.is_empty()) {
            return Err(MergeError::NoHistograms(name.clone()));
        }
        if let Some(what) = unlike(first, file) {
            return Err(MergeError::Differ { one: first_name.clone(), other: name.clone(), what });
        }
        let start = file.metrics.timestamp.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond);
        starts.push(start as f64 / 1_000.0);
    }
    let origin = starts.iter().copied().fold(f64::INFINITY, f64::min);
    let mut end: f64 = 0.0;
    for ((name, file), start) in files.iter().zip(&starts) {
        let offset = start - origin;
        if offset > files.iter().map(|(_, file)| file.metrics.duration_seconds).fold(0.0, f64::max) {
            return Err(MergeError::Apart { one: first_name.clone(), other: name.clone() });
        }
        end = end.max(offset + file.metrics.duration_seconds);
    }
    let mut all = Measures::default();
    files.iter().for_each(|(_, file)| all.merge(&measures(file)));
    let offsets: Vec<f64> = starts.iter().map(|start| start - origin).collect();
    let slices = timeline(files, &offsets);
    let sum = |of: fn(&ResultFile) -> u64| files.iter().map(|(_, file)| of(file)).sum::<u64>();
    let more = |file: &ResultFile| file.metrics.more.clone().unwrap_or_default();
    let earliest = files.iter().zip(&starts).min_by(|a, b| a.1.total_cmp(b.1)).map_or(first, |((_, file), _)| file);
    let metrics = summary::metrics(Measured {
        started: earliest.metrics.timestamp.clone(),
        seconds: end,
        all: &all,
        slices: &slices,
        unsent: files.iter().map(|(_, file)| more(file).unsent).sum(),
        unfinished: files.iter().map(|(_, file)| more(file).unfinished).sum(),
        resolution: more(first).resolution,
    });
    let worst = files.iter().find(|(_, file)| file.ended != "completed").map_or(Ended::Completed, |(_, file)| {
        if file.ended == "interrupted" { Ended::Interrupted } else { Ended::ServerGone }
    });
    let mut merged = ResultFile {
        warnings: summary::warnings(worst, &metrics),
        metrics,
        timeline: slices.iter().map(summary::slice).collect(),
        histograms: summary::histograms(&all),
        stages: Vec::new(),
        gates: Vec::new(),
        server: server(files),
        ..first.clone()
    };
    merged.test_info.num_requests = sum(|file| file.test_info.num_requests);
    merged.test_info.concurrent_requests = sum(|file| file.test_info.concurrent_requests);
    if let Some(load) = &mut merged.test_info.load {
        let rates = files.iter().filter_map(|(_, file)| file.test_info.load.as_ref()?.rate);
        load.rate = load.rate.map(|_| rates.sum());
        load.tags.insert("generators".into(), files.len().to_string());
    }
    if let Some((_, file)) = files.iter().find(|(_, file)| file.ended != "completed") {
        merged.ended.clone_from(&file.ended);
    }
    for (name, file) in files.iter().filter(|(_, file)| !file.soundness.sound) {
        merged.soundness.sound = false;
        merged.soundness.reasons.extend(file.soundness.reasons.iter().map(|reason| format!("{name}: {reason}")));
    }
    Ok(merged)
}

/// In what two generators did not do the same; they may differ in how much they did.
fn unlike(one: &ResultFile, other: &ResultFile) -> Option<String> {
    let (Some(a), Some(b)) = (&one.test_info.load, &other.test_info.load) else {
        return Some("no configuration".into());
    };
    let of = |load: &LoadInfo| {
        [
            ("endpoint", load.endpoint.clone()),
            ("request", load.request.clone()),
            ("loop", load.loop_kind.clone()),
            ("arrivals", format!("{:?}", load.arrivals)),
            ("queries", load.queries_fingerprint.clone()),
            ("mix", load.mix.clone()),
        ]
    };
    let differ = of(a).into_iter().zip(of(b)).find(|(a, b)| a != b);
    differ.map(|((what, a), (_, b))| format!("{what} {a} and {b}"))
}

/// The measures of a file.
fn measures(file: &ResultFile) -> Measures {
    let mut all = Measures::default();
    let more = file.metrics.more.clone().unwrap_or_default();
    let cache = more.cache.unwrap_or_default();
    let counts = &mut all.counts;
    counts.sent = file.metrics.total_requests;
    counts.ok = file.metrics.successful_requests;
    counts.good = more.good;
    counts.in_time = (more.success_rps * file.metrics.duration_seconds).round() as u64;
    let ended = (file.metrics.throughput_rps * file.metrics.duration_seconds).round() as u64;
    counts.failed_in_time = ended.saturating_sub(counts.in_time);
    counts.degraded = more.degraded_count;
    (counts.exact, counts.semantic, counts.misses) = (cache.exact, cache.semantic, cache.misses);
    counts.recall = more.recall.unwrap_or(0.0) * more.recall_judged as f64;
    counts.judged = more.recall_judged;
    (counts.sentences, counts.supported) = (more.sentences, more.supported_sentences);
    counts.bytes = more.bytes;
    (counts.tokens, counts.pieces, counts.writing) = (more.stream_tokens, more.stream_pieces, more.stream_seconds);
    (counts.opened, counts.stale) = (more.connections_opened, more.connections_stale);
    (counts.saturated, counts.queued) = (more.saturated, more.queued);
    for class in ErrorClass::ALL {
        if let Some(count) = more.errors.get(class.as_str()) {
            let sample = more.error_samples.get(class.as_str()).cloned().unwrap_or_default();
            all.failures.classes.insert(class, Tally { count: *count, sample });
        }
    }
    for (status, count) in &more.status_codes {
        if let Ok(status) = status.parse() {
            all.failures.statuses.insert(status, *count);
        }
    }
    for of in Timed::ALL {
        if let Some(histogram) = file.histogram(of.as_str()) {
            all.add_times(of, &histogram);
        }
    }
    all
}

/// The slices of all, where they are in time.
fn timeline(files: &[(String, ResultFile)], offsets: &[f64]) -> Vec<Slice> {
    let bodies =
        || files.iter().zip(offsets).flat_map(|((_, file), offset)| file.timeline.iter().map(move |s| (s, *offset)));
    let width = bodies().map(|(slice, _)| slice.seconds).fold(1.0, f64::max);
    let mut merged: BTreeMap<u64, Slice> = BTreeMap::new();
    for (body, offset) in bodies() {
        let at = ((body.start + offset + body.seconds / 2.0) / width) as u64;
        let slice = Slice::from_body(body);
        merged.entry(at).and_modify(|known| known.add(&slice)).or_insert_with(|| Slice {
            start: Duration::from_secs_f64(round(at as f64 * width)),
            length: Duration::from_secs_f64(width),
            ..slice
        });
    }
    merged.into_values().collect()
}

/// One server was seen by each generator: what the first saw stands for all, when they say that it is the same.
fn server(files: &[(String, ResultFile)]) -> Option<ServerBody> {
    let same = files.iter().all(|(_, file)| file.test_info.base_url == files[0].1.test_info.base_url);
    same.then(|| files[0].1.server.clone()).flatten()
}
