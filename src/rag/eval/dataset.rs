//! Questions with judgements, and the documents that are judged.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, de::DeserializeOwned};

/// Graded documents of one query.
pub type Judgements = HashMap<String, u32>;

/// A db with judgements.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Name of its folder.
    pub name: String,
    /// The documents.
    pub corpus: Corpus,
    /// Text and judgements of each query that has any.
    pub queries: Vec<(String, Judgements)>,
}

/// What is searched.
#[derive(Debug, Clone)]
pub enum Corpus {
    /// Documents of one chunk each.
    Documents(Vec<EvalDocument>),
    /// The files that are in the DB. What is judged are patterns of their names.
    Files(Vec<NamePattern>),
}

/// A document of a corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalDocument {
    /// Its id in the judgements.
    pub id: String,
    /// Its title; may be empty.
    pub title: String,
    /// Its text.
    pub text: String,
}

/// A judgement's pattern of file names.
#[derive(Debug, Clone)]
pub struct NamePattern {
    pattern: String,
    matcher: GlobMatcher,
}

impl Corpus {
    /// Documents, or patterns of files.
    pub fn len(&self) -> usize {
        match self {
            Self::Documents(documents) => documents.len(),
            Self::Files(patterns) => patterns.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name under which a document is stored. It says nothing: an id is no name that a question could mean.
    pub(super) fn source(n: usize) -> String {
        format!("document{n}")
    }

    /// What the judgements say of ranked sources: the ids of documents; of files, the pattern of each, once.
    pub fn judged<'a>(&'a self, ranked: &[&str], judgements: &Judgements) -> Vec<&'a str> {
        match self {
            Self::Documents(documents) => {
                let document = |source: &&str| documents.get(source.strip_prefix("document")?.parse::<usize>().ok()?);
                ranked.iter().map(|source| document(source).map_or("", |document| document.id.as_str())).collect()
            }
            Self::Files(patterns) => {
                let asked: Vec<&NamePattern> =
                    patterns.iter().filter(|pattern| judgements.contains_key(&pattern.pattern)).collect();
                let mut found = HashSet::new();
                let judged = ranked.iter().map(|source| {
                    let rooted = format!("/{source}");
                    let known = asked.iter().find(|pattern| pattern.matcher.is_match(&rooted));
                    known.map(|known| known.pattern.as_str()).filter(|pattern| found.insert(*pattern)).unwrap_or("")
                });
                judged.collect()
            }
        }
    }
}

/// A dataset that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file is missing or unreadable.
    #[error(
        "cannot read {path}: {source}; a dataset folder holds corpus.jsonl, queries.jsonl and qrels.tsv (BEIR layout)"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of answers is missing or broken.
    #[error("cannot read {path}: {source}; it holds a list of answers for each id of queries.jsonl")]
    Answers {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("{path}, line {line}: {detail}")]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        detail: String,
    },
    /// A judged document is no pattern of names.
    #[error("{path}: a document of qrels.tsv is no pattern of file names: {error}")]
    Pattern {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        error: String,
    },
    /// There is nothing to measure.
    #[error("{path}: no query has a judgement of a document in the corpus")]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

#[derive(Deserialize)]
struct JsonDocument {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

impl Dataset {
    /// Reads a folder. `qrels.tsv` may also be at `qrels/test.tsv`, as in the original collections.
    ///
    /// # Errors
    /// See [`DatasetError`].
    pub fn load(folder: &Path) -> Result<Self, DatasetError> {
        let documents = read_lines(&folder.join("corpus.jsonl"))?;
        let document = |JsonDocument { id, title, text }| {
            let (title, text) = (title.trim().to_owned(), text.trim().to_owned());
            // A document of a title alone says what its title says.
            if text.is_empty() {
                EvalDocument { id, text: title, title: text }
            } else {
                EvalDocument { id, title, text }
            }
        };
        let documents = documents.into_iter().map(document).filter(|document| !document.text.is_empty());
        Self::of(folder, Corpus::Documents(documents.collect()), read_judgements(folder)?)
    }

    /// Reads the judged questions of a folder, whose documents are in a DB already: their ids are sources there.
    ///
    /// # Errors
    /// See [`DatasetError`].
    pub fn load_questions(folder: &Path) -> Result<Vec<(String, Judgements)>, DatasetError> {
        let mut judgements = read_judgements(folder)?;
        let lines = read_lines(&folder.join("queries.jsonl"))?;
        let queries: Vec<_> =
            lines.into_iter().filter_map(|query| Some((query.text, judgements.remove(&query.id)?))).collect();
        if queries.is_empty() { Err(DatasetError::Empty { path: folder.to_owned() }) } else { Ok(queries) }
    }

    /// Reads the questions and judgements of a folder for files of any kind: the judgements' documents are patterns of their
    /// names, with a `/` before them; `*` stands for anything.
    ///
    /// # Errors
    /// See [`DatasetError`].
    pub fn of_files(folder: &Path) -> Result<Self, DatasetError> {
        let judgements = read_judgements(folder)?;
        let patterns: HashSet<&String> = judgements.values().flat_map(HashMap::keys).collect();
        let compiled = |pattern: &String| match Glob::new(pattern) {
            Ok(glob) => Ok(NamePattern { pattern: pattern.clone(), matcher: glob.compile_matcher() }),
            Err(error) => Err(DatasetError::Pattern { path: folder.to_owned(), error: error.to_string() }),
        };
        let patterns = patterns.into_iter().map(compiled).collect::<Result<_, _>>()?;
        Self::of(folder, Corpus::Files(patterns), judgements)
    }

    fn of(folder: &Path, corpus: Corpus, mut judgements: HashMap<String, Judgements>) -> Result<Self, DatasetError> {
        let queries: Vec<_> = read_lines(&folder.join("queries.jsonl"))?
            .into_iter()
            .filter_map(|query| Some((query.text, judgements.remove(&query.id)?)))
            .collect();
        if queries.is_empty() || corpus.is_empty() {
            return Err(DatasetError::Empty { path: folder.to_owned() });
        }
        let name = folder.canonicalize().ok().and_then(|f| Some(f.file_name()?.to_string_lossy().into_owned()));
        Ok(Self { name: name.unwrap_or_else(|| folder.display().to_string()), corpus, queries })
    }
}

fn read_lines(path: &Path) -> Result<Vec<JsonDocument>, DatasetError> {
    read_json_lines(path)
}

/// One value a line; empty lines are passed over.
pub(super) fn read_json_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, DatasetError> {
    let fail = |source| DatasetError::Io { path: path.to_owned(), source };
    let mut items = Vec::new();
    for (n, line) in BufReader::new(File::open(path).map_err(fail)?).lines().enumerate() {
        let line = line.map_err(fail)?;
        if line.trim().is_empty() {
            continue;
        }
        items.push(serde_json::from_str(&line).map_err(|error| DatasetError::Line {
            path: path.to_owned(),
            line: n + 1,
            detail: error.to_string(),
        })?);
    }
    Ok(items)
}

pub(super) fn read_judgements(folder: &Path) -> Result<HashMap<String, Judgements>, DatasetError> {
    let plain = folder.join("qrels.tsv");
    let path = if plain.exists() { plain } else { folder.join("qrels").join("test.tsv") };
    let file = File::open(&path).map_err(|source| DatasetError::Io { path: path.clone(), source })?;
    let mut judgements: HashMap<String, Judgements> = HashMap::new();
    let mut rows = csv::ReaderBuilder::new().delimiter(b'\t').has_headers(true).from_reader(file);
    for (n, row) in rows.deserialize().enumerate() {
        // By position: the header's names differ between collections.
        let (query, document, grade): (String, String, i64) =
            row.map_err(|error| DatasetError::Line { path: path.clone(), line: n + 2, detail: error.to_string() })?;
        if let Ok(grade @ 1..) = u32::try_from(grade) {
            judgements.entry(query).or_default().insert(document, grade);
        }
    }
    Ok(judgements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_and_errors_name_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let missing = Dataset::load(folder.path()).unwrap_err().to_string();
        assert!(missing.contains("corpus.jsonl"), "{missing}");

        write(
            "corpus.jsonl",
            "{\"_id\":\"d1\",\"title\":\"T\",\"text\":\"one\"}\n\n{\"_id\":\"d2\",\"text\":\"two\"}\n",
        );
        write("queries.jsonl", "{\"_id\":\"q1\",\"text\":\"which?\"}\n{\"_id\":\"q2\",\"text\":\"unjudged\"}\n");
        write("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td2\t1\nq1\td1\t0\n");
        let dataset = Dataset::load(folder.path()).unwrap();
        let Corpus::Documents(documents) = &dataset.corpus else { panic!("no documents") };
        assert_eq!((documents[0].title.as_str(), documents[0].text.as_str()), ("T", "one"));
        assert_eq!(dataset.corpus.judged(&["document1", "else", "document0"], &Judgements::new()), ["d2", "", "d1"]);
        assert_eq!(dataset.queries, [("which?".to_owned(), Judgements::from([("d2".to_owned(), 1)]))]);

        write("corpus.jsonl", "{\"_id\":\"d1\",\"text\":\"one\"}\nnot json\n");
        let broken = Dataset::load(folder.path()).unwrap_err().to_string();
        assert!(broken.contains("line 2"), "{broken}");
    }

    #[test]
    fn files_are_judged_by_patterns_of_their_names_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("queries.jsonl", "{\"_id\":\"q\",\"text\":\"which?\"}\n");
        write("qrels.tsv", "query-id\tcorpus-id\tscore\nq\t*/ring-[0-9]*\t1\nother\t*\t1\n");
        let dataset = Dataset::of_files(folder.path()).unwrap();
        let ranked = ["a/ring.md", "ring-0.17/LICENSE", "/x/ring-0.16/README.md", "string-1.0/README.md"];
        let judged = dataset.corpus.judged(&ranked, &dataset.queries[0].1);
        assert_eq!(judged, ["", "*/ring-[0-9]*", "", ""]);

        write("qrels.tsv", "query-id\tcorpus-id\tscore\nq\t[\t1\n");
        let broken = Dataset::of_files(folder.path()).unwrap_err().to_string();
        assert!(broken.contains("no pattern"), "{broken}");
    }
}
