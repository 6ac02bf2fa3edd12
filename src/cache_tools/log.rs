//! Questions in files: lines, CSV, JSON lines; and labelled pairs.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::util::table::{Table, decode};

/// Columns that hold a question.
const QUESTION: [&str; 3] = ["query", "question", "text"];

/// Columns that are equal where the right answer is.
const ANSWER: [&str; 3] = ["answer", "intent", "label"];

/// Columns of two questions.
const PAIR: [&str; 2] = ["q1", "q2"];

/// Why a file of questions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum QuestionFileError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A line that is not as the first one promises.
    #[error("{} looks like JSON lines", path.display())]
    JsonLines {
        /// The file.
        path: PathBuf,
        /// The line and what is wrong with it.
        source: LineError,
    },
    /// A row that no CSV has.
    #[error("{} is no CSV", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// The row and what is wrong with it.
        source: csv::Error,
    },
    /// A pair that is neither alike nor different.
    #[error("{}, pair {pair}: the label must be 0 or 1, it is {label:?}", path.display())]
    Label {
        /// The file.
        path: PathBuf,
        /// From 1.
        pair: usize,
        /// The text in its place.
        label: String,
    },
    /// The file holds no question.
    #[error("{} holds no question", .0.display())]
    Empty(PathBuf),
}

/// A JSON line that holds no question.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is no JSON.
    #[error("line {line}")]
    Json {
        /// From 1.
        line: usize,
        /// The error of the parser.
        source: serde_json::Error,
    },
    /// It has no question.
    #[error("line {line}: no field {}", QUESTION.join(", "))]
    NoQuestion {
        /// From 1.
        line: usize,
    },
}

/// A question of a file.
pub struct QuestionLine {
    /// Its words.
    pub text: String,
    /// What the right answer is, by any name; `None`: the file does not tell.
    pub answer: Option<String>,
}

/// Two questions, and whether they ask for the same.
pub struct LabelledPair {
    /// The one that is stored.
    pub stored: String,
    /// The one that is asked.
    pub asked: String,
    /// Whether an answer to one answers the other.
    pub same: bool,
}

/// The questions of a file.
pub enum Questions {
    /// `q1,q2,label`.
    Pairs(Vec<LabelledPair>),
    /// A question a line.
    Log(Vec<QuestionLine>),
}

impl Questions {
    /// Number of texts; a pair has two.
    pub fn texts(&self) -> usize {
        match self {
            Self::Pairs(pairs) => 2 * pairs.len(),
            Self::Log(log) => log.len(),
        }
    }
}

/// Reads a file of any of the forms.
///
/// # Errors
/// A file that cannot be read, has no question, or has a label that is none.
pub fn read(path: &Path) -> Result<Questions, QuestionFileError> {
    let bytes = fs::read(path).map_err(|source| QuestionFileError::Read { path: path.to_owned(), source })?;
    let text = decode(&bytes);
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let questions = if first.trim_start().starts_with('{') {
        let json_lines = json_lines(&text);
        Questions::Log(json_lines.map_err(|source| QuestionFileError::JsonLines { path: path.to_owned(), source })?)
    } else {
        table(&text, path)?.unwrap_or_else(|| {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            Questions::Log(lines.map(|line| QuestionLine { text: line.to_owned(), answer: None }).collect())
        })
    };
    if questions.texts() == 0 {
        return Err(QuestionFileError::Empty(path.to_owned()));
    }
    Ok(questions)
}

/// The questions of a log; of pairs, all of them.
///
/// # Errors
/// As [`read`].
pub fn questions(path: &Path) -> Result<Vec<String>, QuestionFileError> {
    Ok(match read(path)? {
        Questions::Log(log) => log.into_iter().map(|line| line.text).collect(),
        Questions::Pairs(pairs) => pairs.into_iter().flat_map(|pair| [pair.stored, pair.asked]).collect(),
    })
}

fn json_lines(text: &str) -> Result<Vec<QuestionLine>, LineError> {
    let mut log = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let number = number + 1;
        let value: Value = serde_json::from_str(line).map_err(|source| LineError::Json { line: number, source })?;
        let field = |names: &[&str]| {
            names.iter().find_map(|name| match value.get(name)? {
                Value::String(text) => Some(text.trim().to_owned()),
                Value::Null => None,
                other => Some(other.to_string()),
            })
        };
        let text = field(&QUESTION).filter(|text| !text.is_empty());
        let text = text.ok_or(LineError::NoQuestion { line: number })?;
        log.push(QuestionLine { text, answer: field(&ANSWER) });
    }
    Ok(log)
}

/// A CSV with a header that is known; `None` when there is none.
fn table(text: &str, path: &Path) -> Result<Option<Questions>, QuestionFileError> {
    let malformed = |source| QuestionFileError::Csv { path: path.to_owned(), source };
    let columns = [&QUESTION[..], &ANSWER, &PAIR].concat();
    let table = Table::of(text, |name| columns.contains(&name));
    let mut reader = table.reader().from_reader(table.text.as_bytes());
    let header = reader.headers().map_err(malformed)?.clone();
    let column =
        |names: &[&str]| header.iter().position(|name| names.iter().any(|known| name.eq_ignore_ascii_case(known)));
    let records = reader.records();
    if let (Some(one), Some(other), Some(label)) = (column(&PAIR[..1]), column(&PAIR[1..]), column(&["label"])) {
        let mut pairs = Vec::new();
        for (number, record) in records.enumerate() {
            let record = record.map_err(malformed)?;
            let same = match &record[label] {
                "1" | "true" => true,
                "0" | "false" => false,
                other => {
                    let (path, label) = (path.to_owned(), other.to_owned());
                    return Err(QuestionFileError::Label { path, pair: number + 1, label });
                }
            };
            pairs.push(LabelledPair { stored: record[one].to_owned(), asked: record[other].to_owned(), same });
        }
        return Ok(Some(Questions::Pairs(pairs)));
    }
    let Some(question) = column(&QUESTION) else { return Ok(None) };
    let answer = column(&ANSWER);
    let mut log = Vec::new();
    for record in records {
        let record = record.map_err(malformed)?;
        if record[question].is_empty() {
            continue;
        }
        let answer = answer.map(|at| record[at].to_owned()).filter(|answer| !answer.is_empty());
        log.push(QuestionLine { text: record[question].to_owned(), answer });
    }
    Ok(Some(Questions::Log(log)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: impl AsRef<[u8]>) -> Result<Questions, QuestionFileError> {
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
        assert_eq!(log("\u{feff}text;intent\nHow, long?;x\n"), one("How, long?", Some("x")));
        assert!(
            matches!(read_text(b"q1;q2;label\r\nGr\xf6\xdfe?;b;1\r\n").unwrap(), Questions::Pairs(pairs) if pairs[0].stored == "Größe?")
        );
        assert!(matches!(read_text("q1,q2,label\na,b,1\n").unwrap(), Questions::Pairs(pairs) if pairs[0].same));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let error = |text: &str| format!("{:#}", anyhow::Error::new(read_text(text).err().unwrap()));
        assert!(error("").contains("holds no question"));
        assert!(error("q1,q2,label\na,b,maybe\n").contains("pair 1: the label must be 0 or 1"));
        assert!(error("{\"x\":1}").contains("line 1: no field query, question, text"));
        assert!(error("{\"query\":").contains("line 1"));
    }
}
