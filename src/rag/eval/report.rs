//! Scores for people and programs.

use super::Score;

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

/// Scores as CSV, a line for each.
///
/// # Errors
/// As the CSV writer.
pub fn csv(scores: &[Score]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for score in scores {
        writer.serialize(score)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
