//! Questions whose answers are known, and questions that the documents do not answer.

use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::super::dataset::{Corpus, Dataset, DatasetError, EvalDocument, read_json_lines, read_judgements};

/// A question with its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredQuestion {
    /// The question.
    pub text: String,
    /// Position of a document that answers it.
    pub document: usize,
    /// The words of the answer; any of these will do.
    pub gold: Vec<String>,
}

/// A question that no document answers, although it looks as if.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnanswerableQuestion {
    /// The question.
    pub text: String,
    /// Position of the document that it seems to be about, where that is known.
    pub near: Option<usize>,
}

/// A collection with answers: a BEIR folder with `answers.json` and, where it has one, `unanswerable.jsonl`.
#[derive(Debug, Clone)]
pub struct AnswerSet {
    /// Name of the folder.
    pub name: String,
    /// What is searched.
    pub documents: Vec<EvalDocument>,
    /// Questions with answers.
    pub questions: Vec<AnsweredQuestion>,
    /// Questions without.
    pub unanswerable: Vec<UnanswerableQuestion>,
}

/// The documents whose questions are measured. Half of the questions is about each half; documents of one subject stand
/// together in a collection, so that the halves share at most one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerHalf {
    /// All.
    All,
    /// The first half: weights and thresholds are fitted to it.
    Fit,
    /// The second half, which nothing was fitted to.
    Check,
}

impl AnswerHalf {
    /// Whether a document belongs to it; `middle` is the first one of the second half.
    pub fn holds(self, document: usize, middle: usize) -> bool {
        match self {
            Self::All => true,
            Self::Fit => document < middle,
            Self::Check => document >= middle,
        }
    }
}

#[derive(Deserialize)]
struct JsonQuestion {
    #[serde(rename = "_id")]
    id: String,
    text: String,
}

#[derive(Deserialize)]
struct JsonUnanswerable {
    text: String,
    near_passage: Option<String>,
}

impl AnswerSet {
    /// Reads a folder.
    ///
    /// # Errors
    /// See [`DatasetError`]: a file that is missing or broken, or no question with an answer and a document.
    pub fn load(folder: &Path) -> Result<Self, DatasetError> {
        let Dataset { name, corpus, .. } = Dataset::load(folder)?;
        let Corpus::Documents(documents) = corpus else { return Err(DatasetError::Empty { path: folder.to_owned() }) };
        let places: HashMap<&str, usize> =
            documents.iter().enumerate().map(|(place, document)| (document.id.as_str(), place)).collect();
        let mut answers = read_answers(&folder.join("answers.json"))?;
        let judgements = read_judgements(folder)?;
        let mut questions = Vec::new();
        for JsonQuestion { id, text } in read_json_lines(&folder.join("queries.jsonl"))? {
            let judged = judgements.get(&id).into_iter().flat_map(HashMap::keys);
            let document = judged.filter_map(|document| places.get(document.as_str())).min();
            let gold = answers.remove(&id).unwrap_or_default();
            if let (Some(&document), false) = (document, gold.is_empty()) {
                questions.push(AnsweredQuestion { text, document, gold });
            }
        }
        if questions.is_empty() {
            return Err(DatasetError::Empty { path: folder.join("answers.json") });
        }
        let unanswerable = folder.join("unanswerable.jsonl");
        let unanswerable = if unanswerable.exists() { read_json_lines(&unanswerable)? } else { Vec::new() };
        let unanswerable = unanswerable.into_iter().map(|JsonUnanswerable { text, near_passage }| {
            let near = near_passage.and_then(|id| places.get(id.as_str()).copied());
            UnanswerableQuestion { text, near }
        });
        let unanswerable = unanswerable.collect();
        Ok(Self { name, documents, questions, unanswerable })
    }

    /// The first document of the second half.
    pub fn middle(&self) -> usize {
        let mut documents: Vec<usize> = self.questions.iter().map(|question| question.document).collect();
        documents.sort_unstable();
        documents.get(documents.len() / 2).copied().unwrap_or(0)
    }

    /// Reads the questions of a folder, whatever else is in it.
    ///
    /// # Errors
    /// See [`DatasetError`].
    pub fn questions_of(folder: &Path) -> Result<Vec<String>, DatasetError> {
        let questions: Vec<JsonQuestion> = read_json_lines(&folder.join("queries.jsonl"))?;
        Ok(questions.into_iter().map(|question| question.text).collect())
    }
}

fn read_answers(path: &Path) -> Result<HashMap<String, Vec<String>>, DatasetError> {
    let fail = |source| DatasetError::Answers { path: PathBuf::from(path), source };
    let file = File::open(path).map_err(fail)?;
    serde_json::from_reader(std::io::BufReader::new(file)).map_err(|error| fail(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_answers_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("corpus.jsonl", "{\"_id\":\"d1\",\"text\":\"Ann built it.\"}\n{\"_id\":\"d2\",\"text\":\"two\"}\n");
        write("queries.jsonl", "{\"_id\":\"q1\",\"text\":\"Who?\"}\n{\"_id\":\"q2\",\"text\":\"no answer known\"}\n");
        write("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n");
        let missing = AnswerSet::load(folder.path()).unwrap_err().to_string();
        assert!(missing.contains("answers.json") && missing.contains("list of answers"), "{missing}");

        write("answers.json", "{\"q1\": [\"Ann\"]}");
        let set = AnswerSet::load(folder.path()).unwrap();
        let question = AnsweredQuestion { text: "Who?".into(), document: 0, gold: vec!["Ann".into()] };
        assert_eq!((set.questions, set.unanswerable), (vec![question], Vec::new()));

        write(
            "unanswerable.jsonl",
            "{\"_id\":\"u\",\"text\":\"Why?\",\"near_passage\":\"d2\"}\n{\"text\":\"When?\"}\n",
        );
        let near: Vec<_> =
            AnswerSet::load(folder.path()).unwrap().unanswerable.into_iter().map(|question| question.near).collect();
        assert_eq!(near, [Some(1), None]);
    }

    #[test]
    fn a_document_is_in_one_half() {
        let about = |document| AnsweredQuestion { text: String::new(), document, gold: Vec::new() };
        let set = AnswerSet {
            name: String::new(),
            documents: Vec::new(),
            questions: [3, 0, 0, 1].map(about).into(),
            unanswerable: Vec::new(),
        };
        assert_eq!(set.middle(), 1);
        for (document, half) in [(0, AnswerHalf::Fit), (1, AnswerHalf::Check), (3, AnswerHalf::Check)] {
            for other in [AnswerHalf::Fit, AnswerHalf::Check] {
                assert_eq!(other.holds(document, 1), other == half);
            }
            assert!(AnswerHalf::All.holds(document, 1));
        }
    }
}
