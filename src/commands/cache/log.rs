//! Questions in files: lines, CSV, JSON lines; and labelled pairs.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use serde_json::Value;

/// Columns that hold a question.
const QUESTION: [&str; 3] = ["query", "question", "text"];

/// Columns that are equal where the right answer is.
const ANSWER: [&str; 3] = ["answer", "intent", "label"];

/// A question, and by any name its answer.
pub(super) struct Logged {
    pub(super) text: String,
    pub(super) answer: Option<String>,
}

/// Two questions, and whether they ask for the same.
pub(super) struct LabelledPair {
    pub(super) stored: String,
    pub(super) asked: String,
    pub(super) same: bool,
}

/// What a file held.
pub(super) enum Questions {
    Pairs(Vec<LabelledPair>),
    Log(Vec<Logged>),
}

/// Reads a file of any of the forms.
///
/// # Errors
/// A file that cannot be read, has no question, or has a label that is none.
pub(super) fn read(path: &Path) -> anyhow::Result<Questions> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let questions = if first.trim_start().starts_with('{') {
        Questions::Log(json_lines(&text).with_context(|| format!("{} looks like JSON lines", path.display()))?)
    } else {
        table(&text, path)?.unwrap_or_else(|| {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            Questions::Log(lines.map(|line| Logged { text: line.to_owned(), answer: None }).collect())
        })
    };
    let empty = match &questions {
        Questions::Pairs(pairs) => pairs.is_empty(),
        Questions::Log(log) => log.is_empty(),
    };
    if empty {
        bail!("{} holds no question", path.display());
    }
    Ok(questions)
}

/// The questions of a log; of pairs, all of them.
///
/// # Errors
/// As [`read`].
pub(super) fn questions(path: &Path) -> anyhow::Result<Vec<Logged>> {
    Ok(match read(path)? {
        Questions::Log(log) => log,
        Questions::Pairs(pairs) => {
            let both = pairs.into_iter().flat_map(|pair| [pair.stored, pair.asked]);
            both.map(|text| Logged { text, answer: None }).collect()
        }
    })
}

fn json_lines(text: &str) -> anyhow::Result<Vec<Logged>> {
    let mut log = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let value: Value = serde_json::from_str(line).with_context(|| format!("line {}", number + 1))?;
        let field = |names: &[&str]| {
            names.iter().find_map(|name| match value.get(name)? {
                Value::String(text) => Some(text.trim().to_owned()),
                Value::Null => None,
                other => Some(other.to_string()),
            })
        };
        let text = field(&QUESTION).filter(|text| !text.is_empty());
        let text = text.with_context(|| format!("line {}: no field {}", number + 1, QUESTION.join(", ")))?;
        log.push(Logged { text, answer: field(&ANSWER) });
    }
    Ok(log)
}

/// A CSV with a header that is known; `None` when there is none.
fn table(text: &str, path: &Path) -> anyhow::Result<Option<Questions>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().with_context(|| format!("{} is no text", path.display()))?.clone();
    let column =
        |names: &[&str]| header.iter().position(|name| names.iter().any(|known| name.eq_ignore_ascii_case(known)));
    let records = reader.records();
    if let (Some(one), Some(other), Some(label)) = (column(&["q1"]), column(&["q2"]), column(&["label"])) {
        let mut pairs = Vec::new();
        for (number, record) in records.enumerate() {
            let record = record.with_context(|| path.display().to_string())?;
            let same = match &record[label] {
                "1" | "true" => true,
                "0" | "false" => false,
                other => bail!("{}, pair {}: the label must be 0 or 1, it is {other:?}", path.display(), number + 1),
            };
            pairs.push(LabelledPair { stored: record[one].to_owned(), asked: record[other].to_owned(), same });
        }
        return Ok(Some(Questions::Pairs(pairs)));
    }
    let Some(question) = column(&QUESTION) else { return Ok(None) };
    let answer = column(&ANSWER);
    let mut log = Vec::new();
    for record in records {
        let record = record.with_context(|| path.display().to_string())?;
        if record[question].is_empty() {
            continue;
        }
        let answer = answer.map(|at| record[at].to_owned()).filter(|answer| !answer.is_empty());
        log.push(Logged { text: record[question].to_owned(), answer });
    }
    Ok(Some(Questions::Log(log)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> anyhow::Result<Questions> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, text).unwrap();
        read(&path)
    }

    fn log(text: &str) -> Vec<(String, Option<String>)> {
        match read_text(text).unwrap() {
            Questions::Log(log) => log.into_iter().map(|logged| (logged.text, logged.answer)).collect(),
            Questions::Pairs(_) => panic!("pairs"),
        }
    }

    #[test]
    fn logs_are_read_in_every_form() {
        let one = |text: &str, answer: Option<&str>| vec![(text.to_owned(), answer.map(str::to_owned))];
        assert_eq!(log("How long?\n\n"), one("How long?", None));
        assert_eq!(log("text,intent\n\"How, long?\",x\n"), one("How, long?", Some("x")));
        assert_eq!(log("id,Question\n7,How long?\n"), one("How long?", None));
        assert_eq!(log("{\"query\":\"How long?\",\"answer\":3}\n"), one("How long?", Some("3")));
        assert!(matches!(read_text("q1,q2,label\na,b,1\n").unwrap(), Questions::Pairs(pairs) if pairs[0].same));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let error = |text: &str| format!("{:#}", read_text(text).err().unwrap());
        assert!(error("").contains("holds no question"));
        assert!(error("q1,q2,label\na,b,maybe\n").contains("pair 1: the label must be 0 or 1"));
        assert!(error("{\"x\":1}").contains("line 1: no field query, question, text"));
        assert!(error("{\"query\":").contains("line 1"));
    }
}
