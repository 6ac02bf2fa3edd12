//! How passages were found, as tables: the scores of each method, and what each stage did.

use crate::wire::{ContextMetadata, MethodScoreBody, StageExplanation, TimingsMs};

/// Scores and ranks of each passage, a column a method, and `with_why` the reason of its place; empty where no passage has
/// any.
pub(super) fn passages(metadatas: &[ContextMetadata], with_why: bool) -> String {
    let mut methods: Vec<&str> = Vec::new();
    for score in metadatas.iter().flat_map(|metadata| &metadata.scores) {
        if !methods.contains(&score.method.as_str()) {
            methods.push(&score.method);
        }
    }
    if methods.is_empty() {
        return String::new();
    }
    let header = std::iter::once("passage").chain(methods.iter().copied()).chain(with_why.then_some("why"));
    let mut rows = vec![header.map(str::to_owned).collect::<Vec<_>>()];
    for (n, metadata) in (1..).zip(metadatas) {
        let of = |method: &&str| metadata.scores.iter().find(|score| score.method == **method);
        let cells = methods.iter().map(|method| of(method).map_or_else(|| "-".to_owned(), cell));
        let why = with_why.then(|| metadata.why.clone().unwrap_or_default());
        rows.push(std::iter::once(format!("[{n}]")).chain(cells).chain(why).collect());
    }
    format!("\nScores (rank)\n{}", table(&rows))
}

/// What each stage did, and the time around them.
pub(super) fn stages(stages: &[StageExplanation], timings: &TimingsMs) -> String {
    if stages.is_empty() {
        return String::new();
    }
    let mut rows = vec![["stage", "ms", "got", "found", "changed"].map(str::to_owned).to_vec()];
    let mut row = |cells: [String; 5]| rows.push(cells.to_vec());
    let blank = String::new;
    if timings.embed > 0.0 {
        row([
            "embed".to_owned(),
            milliseconds(timings.embed),
            blank(),
            blank(),
            "the question became a vector".to_owned(),
        ]);
    }
    for StageExplanation { stage, took_ms, got, found, changed } in stages {
        let changed = changed.clone().unwrap_or_default();
        row([stage.clone(), milliseconds(*took_ms), got.to_string(), found.to_string(), changed]);
    }
    if timings.generate > 0.0 {
        row([
            "generate".to_owned(),
            milliseconds(timings.generate),
            blank(),
            blank(),
            "the answer was written".to_owned(),
        ]);
    }
    row(["all".to_owned(), milliseconds(timings.total), blank(), blank(), blank()]);
    format!("\nStages\n{}", table(&rows))
}

fn milliseconds(ms: f64) -> String {
    format!("{ms:.2}")
}

fn cell(score: &MethodScoreBody) -> String {
    let rank = score.rank.map_or_else(|| "-".to_owned(), |rank| format!("#{rank}"));
    format!("{:.3} ({rank})", score.score)
}

/// Columns as wide as their widest cell; the last as wide as it is. Numbers are to the right.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |n: usize| rows.iter().filter_map(|row| row.get(n)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::from("  ");
        for (n, cell) in row.iter().enumerate() {
            let width = widths[n];
            match n {
                0 => line.push_str(&format!("{cell:<width$}")),
                n if n + 1 == columns => line.push_str(cell),
                _ => line.push_str(&format!("{cell:>width$}")),
            }
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_is_a_column_and_each_stage_a_row() {
        let score = |method: &str, score, rank| MethodScoreBody { method: method.into(), score, rank };
        let metadata = |scores: Vec<MethodScoreBody>, why: &str| ContextMetadata {
            source: "a.md".into(),
            chunk: 0,
            version: String::new(),
            language: "en".into(),
            score: 1.0,
            document_id: None,
            title: None,
            page: None,
            pages: Vec::new(),
            heading: Vec::new(),
            start: None,
            end: None,
            modified: None,
            also_in: Vec::new(),
            scores,
            why: Some(why.into()),
        };
        let found = [
            metadata(vec![score("bm25", 12.25, Some(1)), score("vector", 0.5, None)], "by words"),
            metadata(vec![score("vector", 0.75, Some(1))], "by vectors"),
        ];
        let expected = "\nScores (rank)\n\
                        \x20 passage         bm25      vector  why\n\
                        \x20 [1]      12.250 (#1)   0.500 (-)  by words\n\
                        \x20 [2]                -  0.750 (#1)  by vectors\n";
        assert_eq!(passages(&found, true), expected);
        assert!(!passages(&found, false).contains("why"));
        let stage = |stage: &str, changed: Option<&str>| StageExplanation {
            stage: stage.into(),
            took_ms: 1.5,
            got: 9,
            found: 10,
            changed: changed.map(str::to_owned),
        };
        let times = TimingsMs { embed: 0.25, total: 3.0, ..TimingsMs::default() };
        let expected = "\nStages\n\
                        \x20 stage    ms  got  found  changed\n\
                        \x20 embed  0.25              the question became a vector\n\
                        \x20 fuse   1.50    9     10  a b\n\
                        \x20 read   1.50    9     10\n\
                        \x20 all    3.00\n";
        assert_eq!(stages(&[stage("fuse", Some("a b")), stage("read", None)], &times), expected);
        assert!(passages(&[], true).is_empty() && stages(&[], &times).is_empty());
    }
}
