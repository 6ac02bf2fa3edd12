//! `ragctl cache tune`: which settings keep a bound, and what they hit.

use std::{path::Path, sync::Arc};

use anyhow::{Context, bail};
use serde::Serialize;

use super::log::{self, Questions};
use crate::{
    cache::{
        CacheMode, CacheSettings, Calibration, Calibrations, SimilarityPrior,
        tune::{self, Embedded, Logged, Measured, Pair},
    },
    cli::{CacheTuneArgs, Candidate, ExitStatus, TuneFormat, settings::Settings},
    commands::{parts, print, printer, serve},
    providers::{Embedder, Purpose},
    resilience::CallContext,
};

/// Seed of verified mode's draws, so that a report can be made again.
const SEED: u64 = 1;

/// Lines and columns of the plot.
const PLOT: (usize, usize) = (14, 60);

/// The whole report.
#[derive(Serialize)]
struct Report<'a> {
    file: String,
    embedder: String,
    bound: f64,
    recommended: Option<&'a Measured>,
    measured: &'a [Measured],
}

/// Questions with their vectors.
enum Replay {
    Pairs(Vec<Pair>),
    Log(Vec<Logged>),
}

impl Replay {
    fn run(&self, settings: &CacheSettings) -> Measured {
        match self {
            Self::Pairs(pairs) => tune::replay_pairs(pairs, settings, &mut SimilarityPrior::default(), SEED),
            Self::Log(log) => tune::replay_log(&[], log, settings, &SimilarityPrior::default(), true, SEED),
        }
    }

    fn teach(&self) -> SimilarityPrior {
        match self {
            Self::Pairs(pairs) => tune::teach_pairs(pairs),
            Self::Log(log) => tune::teach_log(&[], log),
        }
    }
}

pub(in crate::commands) async fn run(settings: Settings, args: CacheTuneArgs) -> anyhow::Result<ExitStatus> {
    if let Some(path) = args.output.iter().find(|path| !(is(path, "csv") || is(path, "json"))) {
        eprintln!("ragctl: --output {}: the name must end in .csv or .json", path.display());
        return Ok(ExitStatus::Usage);
    }
    let questions = log::read(&args.file)?;
    let parts = parts::build(&settings).await?;
    let embedder = Arc::clone(parts.engine.models().embedder());
    let replay = tokio::select! {
        replay = embedded(questions, embedder.as_ref()) => replay?,
        () = serve::shutdown_signal() => return Ok(ExitStatus::Interrupted),
    };
    let bound = args.bound;
    let chosen: Vec<CacheSettings> = match (args.a, args.b) {
        (Some(a), Some(b)) => [a, b].map(|candidate| candidate_settings(candidate, bound)).to_vec(),
        _ => grid(bound),
    };
    let (measured, experience) = tokio::task::spawn_blocking(move || {
        let measured: Vec<Measured> = chosen.iter().map(|settings| replay.run(settings)).collect();
        (measured, replay.teach())
    })
    .await?;
    let recommended = tune::recommended(&measured, bound);
    let report = Report {
        file: args.file.display().to_string(),
        embedder: embedder.id().to_string(),
        bound,
        recommended,
        measured: &measured,
    };
    for path in &args.output {
        let text = if is(path, "csv") { csv(&measured)? } else { json(&report)? };
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    match args.format {
        TuneFormat::Table => print(&table(&report, args.a.is_some()))?,
        TuneFormat::Json => print(&json(&report)?)?,
        TuneFormat::Csv => print(&csv(&measured)?)?,
    };
    if args.save {
        let fixed: Vec<Measured> = measured.iter().filter(|m| m.threshold.is_some() && m.guards).cloned().collect();
        let threshold = tune::recommended(&fixed, bound).and_then(|measured| measured.threshold);
        save(&settings.data_dir, embedder.id().to_string(), Calibration { threshold, experience })?;
    }
    Ok(ExitStatus::Success)
}

fn save(data_dir: &Path, embedder: String, calibration: Calibration) -> anyhow::Result<()> {
    let path = data_dir.join(serve::CALIBRATION_FILE);
    let mut all = Calibrations::load(&path)?;
    let threshold =
        calibration.threshold.map_or("no threshold keeps the bound".to_owned(), |t| format!("threshold {t:.2}"));
    eprintln!("kept for {embedder}: {threshold}, and what verified mode starts from, in {}", path.display());
    all.set(embedder, calibration);
    Ok(all.save(&path)?)
}

fn is(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// Thresholds with and without guards, then verified mode.
fn grid(bound: f64) -> Vec<CacheSettings> {
    let thresholds: Vec<f32> = tune::thresholds().collect();
    let fixed = [false, true].into_iter().flat_map(|guards| {
        thresholds.iter().map(move |threshold| CacheSettings {
            threshold: *threshold,
            guards,
            ..CacheSettings::default()
        })
    });
    fixed.chain([candidate_settings(Candidate::Verified, bound)]).collect()
}

fn candidate_settings(candidate: Candidate, delta: f64) -> CacheSettings {
    match candidate {
        Candidate::Threshold(threshold) => CacheSettings { threshold, ..CacheSettings::default() },
        Candidate::Verified => CacheSettings { mode: CacheMode::Verified, delta, ..CacheSettings::default() },
    }
}

async fn embedded(questions: Questions, embedder: &dyn Embedder) -> anyhow::Result<Replay> {
    let (texts, labels): (Vec<String>, Labels) = match questions {
        Questions::Pairs(pairs) => {
            let same = pairs.iter().map(|pair| pair.same).collect();
            (pairs.into_iter().flat_map(|pair| [pair.stored, pair.asked]).collect(), Labels::Pairs(same))
        }
        Questions::Log(log) => {
            let (texts, answers) = log.into_iter().map(|logged| (logged.text, logged.answer)).unzip();
            (texts, Labels::Log(answers))
        }
    };
    let progress = printer::bar(texts.len() as u64, "questions");
    let mut all = Vec::with_capacity(texts.len());
    for batch in texts.chunks(embedder.batch_size().max(1)) {
        let vectors = embedder
            .embed(batch, Purpose::Query, &CallContext::without_deadline())
            .await
            .context("the questions cannot be embedded")?;
        if vectors.len() != batch.len() {
            bail!("the embedder gave {} vectors for {} questions", vectors.len(), batch.len());
        }
        all.extend(batch.iter().zip(vectors).map(|(text, vector)| Embedded::new(text.clone(), vector)));
        progress.inc(batch.len() as u64);
    }
    progress.finish_and_clear();
    Ok(match labels {
        Labels::Pairs(same) => {
            let pairs = all.as_chunks::<2>().0.iter().zip(same);
            Replay::Pairs(
                pairs
                    .map(|([stored, asked], same)| Pair { stored: stored.clone(), asked: asked.clone(), same })
                    .collect(),
            )
        }
        Labels::Log(answers) => {
            Replay::Log(all.into_iter().zip(answers).map(|(question, answer)| Logged { question, answer }).collect())
        }
    })
}

enum Labels {
    Pairs(Vec<bool>),
    Log(Vec<Option<String>>),
}

fn json(report: &Report<'_>) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

fn csv(measured: &[Measured]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for measured in measured {
        writer.serialize(measured)?;
    }
    Ok(String::from_utf8(writer.into_inner().context("the CSV could not be finished")?)?)
}

fn name(measured: &Measured) -> String {
    let guards = if measured.guards { " + guards" } else { "" };
    match measured.threshold {
        Some(threshold) => format!("{threshold:.2}{guards}"),
        None => format!("verified{guards}"),
    }
}

fn table(report: &Report<'_>, comparison: bool) -> String {
    let percent = |share: Option<f64>| share.map_or("n/a".to_owned(), |share| format!("{:.2} %", 100.0 * share));
    let count = |n: Option<usize>| n.map_or("n/a".to_owned(), |n| n.to_string());
    let mut text = format!(
        "{} questions, embedded with {}\n\n{:18} {:>7} {:>9} {:>7} {:>7} {:>10} {:>11} {:>8}\n",
        report.measured.first().map_or(0, |measured| measured.questions),
        report.embedder,
        "setting",
        "hits",
        "hit rate",
        "right",
        "wrong",
        "false hits",
        "95 % limit",
        "refused"
    );
    for m in report.measured {
        let mark = if report.recommended == Some(m) && !comparison { " <" } else { "" };
        text.push_str(&format!(
            "{:18} {:>7} {:>9} {:>7} {:>7} {:>10} {:>11} {:>8}{mark}\n",
            name(m),
            m.hits,
            percent(Some(m.hit_rate)),
            count(m.right),
            count(m.wrong),
            percent(m.false_hit_rate),
            percent(m.false_hit_limit),
            m.refused
        ));
    }
    if comparison {
        return text + &compared(report);
    }
    text.push_str(&plot(report.measured));
    text.push_str(&match report.recommended {
        Some(m) => format!(
            "\nRecommended for at most {:.2} % wrong: {}, which answers {:.2} % from the cache.\n",
            100.0 * report.bound,
            name(m),
            100.0 * m.hit_rate
        ),
        None if report.measured.iter().all(|m| m.wrong.is_none()) => {
            "\nThe log does not say which answers were right, so nothing can be recommended: add a column \"answer\".\n"
                .to_owned()
        }
        None => format!(
            "\nNo setting keeps {:.2} % with 95 % confidence on this file; more questions would tell more.\n",
            100.0 * report.bound
        ),
    });
    text
}

/// What the second setting does that the first does not.
fn compared(report: &Report<'_>) -> String {
    let [a, b] = report.measured else { return String::new() };
    let points = |a: f64, b: f64| format!("{:+.2} points", 100.0 * (b - a));
    let mut text = format!("\n{} against {}: hit rate {}", name(b), name(a), points(a.hit_rate, b.hit_rate));
    if let (Some(of_a), Some(of_b)) = (a.false_hit_rate, b.false_hit_rate) {
        text.push_str(&format!(", false hits {}", points(of_a, of_b)));
        let better = tune::recommended(report.measured, report.bound);
        text.push_str(&match better {
            Some(better) => format!("; within {:.2} % wrong: {}", 100.0 * report.bound, name(better)),
            None => format!("; neither keeps {:.2} % with 95 % confidence", 100.0 * report.bound),
        });
    }
    text + "\n"
}

/// Hit rate upwards, false-hit rate to the right: `.` bare thresholds, `o` with guards, `V` verified.
fn plot(measured: &[Measured]) -> String {
    let (lines, columns) = PLOT;
    let points: Vec<(f64, f64, char)> = measured
        .iter()
        .filter_map(|m| {
            let mark = match (m.threshold, m.guards) {
                (None, _) => 'V',
                (_, true) => 'o',
                (_, false) => '.',
            };
            Some((m.false_hit_rate?, m.hit_rate, mark))
        })
        .collect();
    let most = |of: fn(&(f64, f64, char)) -> f64| points.iter().map(of).fold(0.0, f64::max);
    let (widest, highest) = (most(|point| point.0), most(|point| point.1));
    if widest <= 0.0 || highest <= 0.0 {
        return String::new();
    }
    let mut canvas = vec![vec![' '; columns + 1]; lines + 1];
    for (x, y, mark) in points {
        let at = |share: f64, of: usize| (share * of as f64).round() as usize;
        canvas[lines - at(y / highest, lines)][at(x / widest, columns)] = mark;
    }
    let mut text = "\nhit rate (. bare, o guards, V verified)\n".to_owned();
    for (number, row) in canvas.iter().enumerate() {
        let label = match number {
            0 => format!("{:>7.1} %", 100.0 * highest),
            number if number == lines => format!("{:>7.1} %", 0.0),
            _ => " ".repeat(9),
        };
        text.push_str(&format!("{label} |{}\n", row.iter().collect::<String>().trim_end()));
    }
    text.push_str(&format!(
        "{:9} +{}\n{:9}  0 %{:>width$.2} % false hits\n",
        "",
        "-".repeat(columns),
        "",
        100.0 * widest,
        width = columns - 5
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(threshold: Option<f32>, hits: usize, wrong: Option<usize>) -> Measured {
        Measured {
            mode: "threshold",
            threshold,
            guards: true,
            questions: 1_000,
            hits,
            right: wrong.map(|wrong| hits - wrong),
            wrong,
            hit_rate: hits as f64 / 1_000.0,
            false_hit_rate: wrong.map(|wrong| wrong as f64 / 1_000.0),
            false_hit_limit: wrong.map(|wrong| tune::upper_limit(wrong, 1_000)),
            refused: 3,
        }
    }

    fn report(measured: &[Measured], comparison: bool) -> String {
        let recommended = tune::recommended(measured, 0.01);
        let (file, embedder) = ("f".to_owned(), "e".to_owned());
        table(&Report { file, embedder, bound: 0.01, recommended, measured }, comparison)
    }

    #[test]
    fn the_table_marks_what_it_recommends() {
        let text = report(&[measured(Some(0.95), 200, Some(1)), measured(Some(0.9), 400, Some(30))], false);
        assert!(text.contains("0.95 + guards          200   20.00 %     199       1     0.10 %"), "{text}");
        assert_eq!(text.lines().filter(|line| line.ends_with(" <")).count(), 1);
        assert!(
            text.contains("Recommended for at most 1.00 % wrong: 0.95 + guards, which answers 20.00 % from the cache.")
        );
        assert!(text.contains("hit rate (. bare") && text.contains("3.00 % false hits"), "{text}");
    }

    #[test]
    fn a_log_without_answers_recommends_nothing() {
        let text = report(&[measured(Some(0.95), 200, None)], false);
        assert!(text.contains("n/a") && text.contains("add a column \"answer\""), "{text}");
    }

    #[test]
    fn two_settings_are_compared() {
        let text = report(&[measured(Some(0.9), 400, Some(30)), measured(None, 300, Some(2))], true);
        assert!(
            text.contains("verified + guards against 0.90 + guards: hit rate -10.00 points, false hits -2.80 points"),
            "{text}"
        );
        assert!(text.contains("within 1.00 % wrong: verified + guards"), "{text}");
    }
}
