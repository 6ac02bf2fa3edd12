//! Scores for people and programs.

use serde::Serialize;

use super::{
    Score,
    answers::{AbstentionScore, AnswerScore},
};

/// Scores as a table.
pub fn table(scores: &[Score]) -> String {
    let k = scores.first().map_or(10, |score| score.k);
    let name = scores.iter().map(|score| score.dataset.len()).chain([7]).max().unwrap_or(7);
    let mut text = format!(
        "{:name$}  {:6}  {:>7}  {:>8}  {:>10}  {:>7}  {:>9}  {:>6}  {:>6}\n",
        "dataset",
        "method",
        "queries",
        format!("nDCG@{k}"),
        format!("recall@{k}"),
        format!("MRR@{k}"),
        "median ms",
        "first",
        "five"
    );
    for s in scores {
        text.push_str(&format!(
            "{:name$}  {:6}  {:>7}  {:>8.4}  {:>10.4}  {:>7.4}  {:>9.3}  {:>6.4}  {:>6.4}\n",
            s.dataset, s.method, s.queries, s.ndcg, s.recall, s.mrr, s.median_ms, s.first, s.five
        ));
    }
    text
}

/// Scores of answers as a table; shares in %.
pub fn answers(scores: &[AnswerScore]) -> String {
    let name = scores.iter().map(|score| score.dataset.len()).chain([7]).max().unwrap_or(7);
    let mut text = format!(
        "{:name$}  lang  questions  in answer  in passages  characters | abstains: falsely  adversarial  left out  \
         foreign | median ms\n",
        "dataset"
    );
    let share = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}", share * 100.0));
    for s in scores {
        text.push_str(&format!(
            "{:name$}  {:4}  {:>9}  {:>9}  {:>11}  {:>10.0} | {:>17}  {:>11}  {:>8}  {:>7} | {:>9.3}\n",
            s.dataset,
            s.language,
            s.questions,
            share(Some(s.in_answer)),
            share(Some(s.in_passages)),
            s.characters,
            share(Some(s.false_abstention)),
            share(s.adversarial_abstention),
            share(s.left_out_abstention),
            share(s.foreign_abstention),
            s.median_ms
        ));
    }
    text
}

/// How often answerers abstain, as a table; shares in %.
pub fn abstention(scores: &[AbstentionScore], thresholds: &[(&str, f32)]) -> String {
    let name = scores.iter().map(|score| score.dataset.len()).chain([7]).max().unwrap_or(7);
    let mut text = format!(
        "{:name$}  lang  half   weights      in answer | abstains: falsely  adversarial  left out  foreign\n",
        "dataset"
    );
    let share = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}", share * 100.0));
    for s in scores {
        text.push_str(&format!(
            "{:name$}  {:4}  {:5}  {:11}  {:>9} | {:>17}  {:>11}  {:>8}  {:>7}\n",
            s.dataset,
            s.language,
            s.half,
            s.weights,
            share(s.in_answer),
            share(s.false_abstention),
            share(s.adversarial),
            share(s.left_out),
            share(s.foreign)
        ));
    }
    let thresholds: Vec<String> =
        thresholds.iter().map(|(language, threshold)| format!("{language} {threshold:.2}")).collect();
    text + &format!("least evidence for an answer (log-odds): {}\n", thresholds.join(", "))
}

/// Measurements as CSV, a line for each.
///
/// # Errors
/// As the CSV writer.
pub fn csv<S: Serialize>(scores: &[S]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for score in scores {
        writer.serialize(score)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
